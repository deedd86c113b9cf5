// The ids of threads in memory, which the kernel clears at their ends: a joiner reads them. man 2
// set_tid_address
import { access } from "../../../cpu/machine/mmu.ts";
import type { Kernel } from "../../../kernel/core/kernel.ts";
import type { Task } from "../../../kernel/core/task.ts";
import type { PendingEvent } from "../strategy.ts";

/** The ids that a run has met. */
export class ThreadIds {
  private readonly _kernel: Kernel;
  private readonly _ids = new Map<number, number>();
  constructor(kernel: Kernel) {
    this._kernel = kernel;
  }
  note({ clearChildTid, pid }: Task): void {
    if (clearChildTid !== 0) this._ids.set(clearChildTid, pid);
  }
  /** A task reads the id of another one. */
  isJoin({ pid }: Task, address: number, how: number): boolean {
    if (how === access.write) return false;
    const of = this._ids.get(address);
    return of !== undefined && of !== pid;
  }
  isOnPage(address: number): boolean {
    const page = Math.floor(address / 4096);
    for (const id of this._ids.keys()) if (Math.floor(id / 4096) === page) return true;
    return false;
  }
  /** The thread whose id the event reads lives. */
  waits(event: PendingEvent | undefined): boolean {
    if (!event?.joins) return false;
    for (const { mem } of this._kernel.tasks.values())
      if (mem === event.space) return mem.read(event.address, 4)?.some((byte) => byte !== 0) === true;
    return false;
  }
}
