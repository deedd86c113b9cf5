// The proc file system. man 5 proc; Linux fs/proc/root.c.
import { E } from "../../../abi/errno.ts";
import type { Kernel } from "../../kernel.ts";
import type { PidNamespace } from "../../namespace/pid.ts";
import type { Task } from "../../task/task.ts";
import type { Dentry } from "../vfs/dentry.ts";
import { FileSystem, type Or } from "../vfs/inode.ts";
import { DT, fixedEntries, ProcDirNode, type ProcEntry, ProcLinkNode } from "./node.ts";
import { pidEntry } from "./pid.ts";
import { systemFiles } from "./system.ts";

const ROOT_INO = 1;

const shown = (number: number, text: (number: number) => string): Or<string> => (number < 0 ? number : text(number));

export class ProcFs extends FileSystem {
  override readonly type = "proc";
  override readonly magic = 0x9fa0;
  override readonly dynamic = true;
  override readonly growable = false;
  readonly kernel: Kernel;
  /** Whose numbers the names are. */
  readonly pidNs: PidNamespace;
  /** Sysctls that have been set. */
  readonly settings = new Map<string, number>();
  readonly #fixed: ReadonlyMap<string, ProcEntry>;
  readonly #root: Dentry;

  constructor(dev: number, kernel: Kernel, pidNs = kernel.pidNamespace) {
    super(dev, kernel);
    this.kernel = kernel;
    this.pidNs = pidNs;
    let ino = ROOT_INO;
    const fixed = [...fixedEntries(this, systemFiles(kernel, this.settings), () => ++ino), ...this.#links(() => ++ino)];
    this.#fixed = new Map(fixed.map((entry) => [entry.name, entry]));
    this.#root = this.makeRoot(
      new ProcDirNode(
        this,
        ROOT_INO,
        0o555,
        () => this.#list(),
        (name) => this.#find(name),
      ),
    );
  }
  override get root(): Dentry {
    return this.#root;
  }

  #links(next: () => number): ProcEntry[] {
    const own = (id: number): number => this.pidNs.numberOf(id) || -E.ENOENT;
    const link = (name: string, text: (task: Task) => Or<string>): ProcEntry => {
      const ino = next();
      let node: ProcLinkNode | undefined;
      return { name, ino, type: DT.link, make: () => (node ??= new ProcLinkNode(this, ino, text)) };
    };
    return [
      link("self", (task) => shown(own(task.tgid), String)),
      link("thread-self", (task) => shown(own(task.tgid), (tgid) => `${tgid}/task/${own(task.pid)}`)),
      link("mounts", () => "self/mounts"),
    ];
  }
  #list(): ProcEntry[] {
    const leaders = [...this.kernel.processes.values()]
      .filter((p) => p.leader !== undefined && this.pidNs.numberOf(p.pid) !== 0)
      .sort((a, b) => this.pidNs.numberOf(a.pid) - this.pidNs.numberOf(b.pid));
    return [...this.#fixed.values(), ...leaders.map((p) => pidEntry(this, p.leader))];
  }
  #find(name: string): ProcEntry | undefined {
    if (!/^[1-9][0-9]*$/.test(name)) return this.#fixed.get(name);
    const id = this.pidNs.idOf(Number(name));
    const task = this.kernel.tasks.get(id) ?? this.kernel.processes.get(id)?.leader;
    return task && pidEntry(this, task);
  }
}
