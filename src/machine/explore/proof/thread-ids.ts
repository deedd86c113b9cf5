// The ids of threads in memory, which the kernel clears at their ends. man 2 set_tid_address. pthread_join
// reads one and waits on it: until that end another look changes nothing. Other reads see that a thread
// lives, such as that of pthread_tryjoin_np.
import { access } from "../../../cpu/machine/mmu.ts";
import type { Kernel } from "../../../kernel/core/kernel.ts";
import type { Task } from "../../../kernel/core/task.ts";
import type { PendingEvent } from "../strategy.ts";

/** What all runs have shown of instructions that read the ids of living threads. */
export class JoinFacts {
  /** The task then waits on the id. */
  readonly followed = new Set<number>();
  /** It goes on. */
  readonly looks = new Set<number>();

  get size(): number {
    return this.followed.size + this.looks.size;
  }
}
/** Reads of one id by a task, and since then no other event, in a library only reads. */
interface Looking {
  readonly address: number;
  readonly ips: Set<number>;
  readonly isLibrary: boolean;
}

/** The ids that a run has met. */
export class ThreadIds {
  private readonly _kernel: Kernel;
  private readonly _facts: JoinFacts;
  private readonly _ids = new Map<number, number>();
  private readonly _looking = new Map<number, Looking>();
  /** Threads whose ends a task has seen. */
  private readonly _joined = new Map<number, Set<number>>();

  constructor(kernel: Kernel, facts: JoinFacts) {
    this._kernel = kernel;
    this._facts = facts;
  }
  note({ clearChildTid, pid }: Task): void {
    if (clearChildTid !== 0) this._ids.set(clearChildTid, pid);
  }
  isId(address: number): boolean {
    return this._ids.has(address);
  }
  /** A task reads the id of another one. */
  isRead({ pid }: Task, address: number, how: number): boolean {
    if (how === access.write) return false;
    const of = this._ids.get(address);
    return of !== undefined && of !== pid;
  }
  /** The instruction, which reads such an id, waits for the end of the thread. */
  joins(ip: number): boolean {
    return this._facts.followed.has(ip) && !this._facts.looks.has(ip);
  }
  isOnPage(address: number): boolean {
    const page = Math.floor(address / 4096);
    for (const id of this._ids.keys()) if (Math.floor(id / 4096) === page) return true;
    return false;
  }
  /** The thread whose id the event reads lives. */
  waits(event: PendingEvent | undefined): boolean {
    if (!event?.joins) return false;
    for (const { mem } of this._kernel.tasks.values()) if (mem === event.space) return isAlive(mem, event.address);
    return false;
  }
  hasJoined(pid: number, other: number): boolean {
    return this._joined.get(pid)?.has(other) === true;
  }
  private _sees({ pid, mem }: Task, address: number): void {
    const of = this._ids.get(address);
    if (of === undefined || isAlive(mem, address)) return;
    const known = this._joined.get(pid);
    if (known) known.add(of);
    else this._joined.set(pid, new Set([of]));
  }
  executed(task: Task, { ip, address, reads, writes, call, isLibrary = false }: PendingEvent): void {
    const { pid } = task;
    if (call === undefined && reads && this.isRead(task, address, access.read)) this._sees(task, address);
    const known = this._looking.get(pid);
    const isLook = call === undefined && reads && this.isRead(task, address, access.read) && isAlive(task.mem, address);
    const goesOn = known !== undefined && call === undefined && !writes && isLibrary && known.isLibrary;
    if (isLook && (known === undefined || (known.address === address && known.isLibrary === isLibrary))) {
      if (known) known.ips.add(ip);
      else this._looking.set(pid, { address, ips: new Set([ip]), isLibrary });
    } else if (goesOn && address === known.address) {
      // The thread has ended in between: a library looks once more before it waits.
      this._looking.delete(pid);
    } else if (known && (isLook || !goesOn)) {
      const isWait = call?.startsWith("futex") === true && reads && address === known.address;
      for (const one of known.ips) (isWait ? this._facts.followed : this._facts.looks).add(one);
      this._looking.delete(pid);
      if (isLook) this._looking.set(pid, { address, ips: new Set([ip]), isLibrary });
    }
  }
}

const isAlive = (mem: Task["mem"], address: number): boolean => mem.read(address, 4)?.some((byte) => byte !== 0) === true;
