// The proc file system. man 5 proc; Linux fs/proc/root.c.
import { E } from "../../../abi/errno.ts";
import { cost } from "../../base/cost.ts";
import type { Kernel } from "../../kernel.ts";
import type { PidNamespace } from "../../namespace/pid.ts";
import type { Task } from "../../task/task.ts";
import type { Dentry } from "../vfs/dentry.ts";
import { FileSystem, type Or } from "../vfs/inode.ts";
import { fixedEntries } from "./fixed-tree.ts";
import { DT, linksOf, ProcDirNode, type ProcEntry, ProcLinkNode } from "./node.ts";
import { pidEntry } from "./pid.ts";
import { systemFiles } from "./system.ts";

const ROOT_INO = 1;

/** The text for a number, or the number itself if it is an -errno. */
const shown = (number: number, text: (number: number) => string): Or<string> => (number < 0 ? number : text(number));

/** A proc file system. It shows the processes of one pid namespace by their numbers there. */
export class ProcFs extends FileSystem {
  override readonly type = "proc";
  override readonly magic = 0x9fa0;
  override readonly dynamic = true;
  override readonly growable = false;
  readonly kernel: Kernel;
  /** The namespace whose pids are the names of the directories. */
  readonly pidNs: PidNamespace;
  private readonly _links: readonly ProcEntry[];
  /** The files and directories of the system, which most programs never look for. */
  private _system: ReadonlyMap<string, ProcEntry> | undefined;
  private readonly _root: Dentry;

  constructor(dev: number, kernel: Kernel, pidNs = kernel.pidNamespace) {
    super(dev, kernel);
    this.kernel = kernel;
    this.pidNs = pidNs;
    // Drawn now: later numbers do not depend on a look at it.
    kernel.bootId ??= kernel.random.bytes(16);
    this._links = this._linksFrom(ROOT_INO + 1);
    const dir = new ProcDirNode(
      this,
      ROOT_INO,
      0o555,
      (_task, from) => this._list(from),
      (name) => this._find(name),
    );
    // Linux proc_root_getattr(): all processes, those of other namespaces too.
    dir.shape = { links: () => linksOf(this._fixed()) + kernel.processes.size };
    this._root = this.makeRoot(dir);
  }
  override get root(): Dentry {
    return this._root;
  }

  /** The entries of fixed names, in the order of the directory. */
  private _fixed(): ProcEntry[] {
    return [...this._systemEntries().values(), ...this._links];
  }
  private _systemEntries(): ReadonlyMap<string, ProcEntry> {
    if (this._system === undefined) {
      let ino = ROOT_INO + this._links.length;
      const entries = fixedEntries(this, systemFiles(this.kernel), () => ++ino);
      this._system = new Map(entries.map((entry) => [entry.name, entry]));
    }
    return this._system;
  }
  private _linksFrom(first: number): ProcEntry[] {
    let next = first;
    const own = (id: number): number => this.pidNs.numberOf(id) || -E.ENOENT;
    const link = (name: string, text: (task: Task) => Or<string>): ProcEntry => {
      const ino = next++;
      let node: ProcLinkNode | undefined;
      return { name, ino, type: DT.link, make: () => (node ??= new ProcLinkNode(this, ino, text)) };
    };
    return [
      link("self", (task) => shown(own(task.tgid), String)),
      link("thread-self", (task) => shown(own(task.tgid), (tgid) => `${tgid}/task/${own(task.pid)}`)),
      link("mounts", () => "self/mounts"),
      link("net", () => "self/net"),
    ];
  }
  /**
   * Entries from cookie `from` on. Fixed names come first. A process's cookie derives from its pid, so that a
   * later read continues at the same position. Linux next_tgid().
   */
  private *_list(from: number): Generator<ProcEntry> {
    let cookie = 0;
    for (const entry of this._fixed()) yield { ...entry, cookie: ++cookie };
    const ahead: { readonly number: number; readonly leader: Task }[] = [];
    for (const { leader, pid } of this.kernel.processes.values()) {
      const number = leader === undefined ? 0 : this.pidNs.numberOf(pid);
      if (number > 0 && number + cookie > from) ahead.push({ number, leader });
    }
    this.kernel.charge(this.kernel.processes.size * cost.entry);
    ahead.sort((a, b) => a.number - b.number);
    for (const { number, leader } of ahead) yield { ...pidEntry(this, leader), cookie: cookie + number };
  }
  private _find(name: string): ProcEntry | undefined {
    if (!isNumber.test(name)) return this._links.find((link) => link.name === name) ?? this._systemEntries().get(name);
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
