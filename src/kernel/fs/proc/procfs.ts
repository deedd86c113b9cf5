// The proc file system. man 5 proc; Linux fs/proc/root.c.
import type { Kernel } from "../../kernel.ts";
import type { Task } from "../../task.ts";
import type { Dentry } from "../dentry.ts";
import { FileSystem } from "../inode.ts";
import { DT, fixedEntries, ProcDirNode, type ProcEntry, ProcLinkNode } from "./node.ts";
import { pidEntry } from "./pid.ts";
import { systemFiles } from "./system.ts";

const ROOT_INO = 1;

export class ProcFs extends FileSystem {
  override readonly type = "proc";
  override readonly magic = 0x9fa0;
  override readonly dynamic = true;
  override readonly growable = false;
  readonly kernel: Kernel;
  /** Sysctls that have been set. */
  readonly settings = new Map<string, number>();
  readonly #fixed: ProcEntry[];
  readonly #root: Dentry;

  constructor(dev: number, kernel: Kernel) {
    super(dev, kernel);
    this.kernel = kernel;
    let ino = ROOT_INO;
    this.#fixed = [...fixedEntries(this, systemFiles(kernel, this.settings), () => ++ino), ...this.#links(() => ++ino)];
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
    const link = (name: string, text: (task: Task) => string): ProcEntry => {
      const ino = next();
      return { name, ino, type: DT.link, make: () => new ProcLinkNode(this, ino, text) };
    };
    return [
      link("self", (task) => String(task.tgid)),
      link("thread-self", (task) => `${task.tgid}/task/${task.pid}`),
      link("mounts", () => "self/mounts"),
    ];
  }
  #list(): ProcEntry[] {
    const leaders = [...this.kernel.processes.values()].filter((p) => p.leader !== undefined).sort((a, b) => a.pid - b.pid);
    return [...this.#fixed, ...leaders.map((p) => pidEntry(this, p.leader))];
  }
  #find(name: string): ProcEntry | undefined {
    if (!/^[1-9][0-9]*$/.test(name)) return this.#fixed.find((e) => e.name === name);
    const task = this.kernel.tasks.get(Number(name)) ?? this.kernel.processes.get(Number(name))?.leader;
    return task && pidEntry(this, task);
  }
}
