// The ids of threads in memory, which the kernel clears at their ends. man 2 set_tid_address. pthread_join
// reads one and waits on it: until that end another look changes nothing. Other reads see that a thread lives.
import { access } from "../../../cpu/machine/mmu.ts";
import type { Kernel } from "../../../kernel/core/kernel.ts";
import type { Task } from "../../../kernel/core/task.ts";
import type { PendingEvent } from "../strategy.ts";
import type { MutexFacts } from "./mutexes.ts";

/** Functions of C libraries that return when the thread has ended, pthread_tryjoin_np not among them. */
const JOINS = /^_*pthread_(join|clockjoin_ex|timedjoin_ex|timedjoin_np|clockjoin_np)(@|$)/;

/** What all runs have shown of a program's own instructions that read the ids of living threads. */
export class JoinFacts {
  /** By a wait on the id, which is the task's next event. */
  readonly followed = new Set<number>();
  /** By another event. */
  readonly looks = new Set<number>();

  get size(): number {
    return this.followed.size + this.looks.size;
  }
}

/** The ids that a run has met. */
export class ThreadIds {
  private readonly _kernel: Kernel;
  private readonly _facts: JoinFacts;
  private readonly _names: MutexFacts;
  private readonly _ids = new Map<number, number>();
  /** The last event of each task, if it has read the id of a living thread. */
  private readonly _read = new Map<number, PendingEvent>();

  constructor(kernel: Kernel, facts: JoinFacts, names: MutexFacts) {
    this._kernel = kernel;
    this._facts = facts;
    this._names = names;
  }
  note({ clearChildTid, pid }: Task): void {
    if (clearChildTid !== 0) this._ids.set(clearChildTid, pid);
  }
  /** A task reads the id of another one. */
  isRead({ pid }: Task, address: number, how: number): boolean {
    if (how === access.write) return false;
    const of = this._ids.get(address);
    return of !== undefined && of !== pid;
  }
  /** The instruction, which reads such an id, waits for the end of the thread. */
  joins(task: Task, ip: number, isLibrary: boolean): boolean {
    if (isLibrary) return JOINS.test(this._names.functionAt(task, ip));
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
  executed(task: Task, event: PendingEvent): void {
    const { pid } = task;
    const read = this._read.get(pid);
    this._read.delete(pid);
    if (read) {
      const isWait = event.call?.startsWith("futex") === true && event.reads && event.address === read.address;
      (isWait ? this._facts.followed : this._facts.looks).add(read.ip);
    }
    const isOwn = event.isLibrary !== true && event.call === undefined && event.reads;
    if (isOwn && this.isRead(task, event.address, access.read) && isAlive(task.mem, event.address)) this._read.set(pid, event);
  }
}

const isAlive = (mem: Task["mem"], address: number): boolean => mem.read(address, 4)?.some((byte) => byte !== 0) === true;
