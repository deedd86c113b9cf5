// The proc file system. man 5 proc; Linux fs/proc/root.c.
import { E } from "../../../abi/errno.ts";
import { cost } from "../../base/cost.ts";
import type { Kernel } from "../../core/kernel.ts";
import type { Task } from "../../core/task.ts";
import type { PidNamespace } from "../../task/pid-namespace.ts";
import type { Dentry } from "../vfs/dentry.ts";
import { FileSystem, type Or } from "../vfs/inode.ts";
import { pidEntry } from "./pid.ts";
import { systemFiles } from "./system.ts";
import { recipe } from "./tree/derived.ts";
import { type FixedFileSystem, type FixedTree, fixedEntries } from "./tree/fixed-tree.ts";
import { DT, linksOf, ProcDirNode, type ProcEntry, type ProcFolder, ProcLinkNode, type ProcTarget } from "./tree/node.ts";

const ROOT_INO = 1;

/** The text for a number, or the number itself if it is an -errno. */
const shown = (number: number, text: (number: number) => string): Or<string> => (number < 0 ? number : text(number));

/** The number of a process or thread in the file system's namespace. */
const numberIn = (fs: ProcFs, id: number): number => fs.pidNs.numberOf(id) || -E.ENOENT;
/** The links at the root. */
const LINKS: readonly (readonly [name: string, text: (fs: ProcFs, task: Task) => Or<string>])[] = [
  ["self", (fs, task) => shown(numberIn(fs, task.tgid), String)],
  ["thread-self", (fs, task) => shown(numberIn(fs, task.tgid), (tgid) => `${tgid}/task/${numberIn(fs, task.pid)}`)],
  ["mounts", () => "self/mounts"],
  ["net", () => "self/net"],
];
const rootLink = recipe("proc root link", (fs: ProcFs, i: number): ProcTarget => ({ text: (task) => LINKS[i]?.[1](fs, task) ?? "" }));
const rootFolder = recipe(
  "proc root",
  (fs: ProcFs): ProcFolder => ({
    list: (_task, from) => fs.list(from),
    find: (name) => fs.find(name),
    // Linux proc_root_getattr(): all processes, those of other namespaces too.
    links: () => linksOf(fs.fixed()) + fs.kernel.processes.size,
  }),
);

/** A proc file system. It shows the processes of one pid namespace by their numbers there. */
export class ProcFs extends FileSystem implements FixedFileSystem {
  override readonly type = "proc";
  override readonly magic = 0x9fa0;
  override readonly dynamic = true;
  override readonly growable = false;
  readonly kernel: Kernel;
  /** The namespace whose pids are the names of the directories. */
  readonly pidNs: PidNamespace;
  /** The nodes of `LINKS` that were looked up. */
  private readonly _links: (ProcLinkNode | undefined)[] = [];
  private readonly _root: Dentry;

  constructor(dev: number, kernel: Kernel, pidNs = kernel.pidNamespace) {
    super(dev, kernel);
    this.kernel = kernel;
    this.pidNs = pidNs;
    // Drawn now: later numbers do not depend on a look at it.
    kernel.bootId ??= kernel.random.bytes(16);
    this._root = this.makeRoot(new ProcDirNode(this, ROOT_INO, 0o555, rootFolder(this)));
  }
  override get root(): Dentry {
    return this._root;
  }

  /** The files and directories of the system, which most programs never look for. */
  fixedTree(): { readonly tree: FixedTree; readonly before: number } {
    return { tree: systemFiles(this.kernel), before: ROOT_INO + LINKS.length };
  }
  /** The entries of fixed names, in the order of the directory. */
  fixed(): ProcEntry[] {
    return [...fixedEntries(this), ...LINKS.map((_, i) => this._link(i))];
  }
  private _link(i: number): ProcEntry {
    const ino = ROOT_INO + 1 + i;
    const make = (): ProcLinkNode => (this._links[i] ??= new ProcLinkNode(this, ino, rootLink(this, i)));
    return { name: LINKS[i]?.[0] as string, ino, type: DT.link, make };
  }
  /**
   * Entries from cookie `from` on. Fixed names come first. A process's cookie derives from its pid, so that a
   * later read continues at the same position. Linux next_tgid().
   */
  *list(from: number): Generator<ProcEntry> {
    let cookie = 0;
    for (const entry of this.fixed()) yield { ...entry, cookie: ++cookie };
    const ahead: { readonly number: number; readonly leader: Task }[] = [];
    for (const { leader, pid } of this.kernel.processes.values()) {
      const number = leader === undefined ? 0 : this.pidNs.numberOf(pid);
      if (number > 0 && number + cookie > from) ahead.push({ number, leader });
    }
    this.kernel.charge(this.kernel.processes.size * cost.entry);
    ahead.sort((a, b) => a.number - b.number);
    for (const { number, leader } of ahead) yield { ...pidEntry(this, leader), cookie: cookie + number };
  }
  find(name: string): ProcEntry | undefined {
    if (!isNumber.test(name)) {
      const link = LINKS.findIndex((row) => row[0] === name);
      return link >= 0 ? this._link(link) : fixedEntries(this).find((entry) => entry.name === name);
    }
    const id = this.pidNs.idOf(Number(name));
    const task = this.kernel.tasks.get(id) ?? this.kernel.processes.get(id)?.leader;
    return task && pidEntry(this, task);
  }
  /** The live thread with this number, if any. */
  taskNamed(name: string): Task | undefined {
    return isNumber.test(name) ? this.kernel.tasks.get(this.pidNs.idOf(Number(name))) : undefined;
  }
}

const isNumber = /^[1-9][0-9]*$/;
