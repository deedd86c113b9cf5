// The end of a process for which memory is short. Linux mm/oom_kill.c.
import type { Kernel } from "./core/kernel.ts";
import { endProcess } from "./signal/send.ts";
import { SIG } from "./signal/state/set.ts";

const LOG_ERR = 3;

/** Called by the account of memory (src/memory/account.ts). */
export class OomKiller {
  private readonly _kernel: Kernel;
  constructor(kernel: Kernel) {
    this._kernel = kernel;
  }
  /** An indispensable object has no memory: the running process ends. Linux CONSTRAINT_MEMCG. */
  outOfMemory(): void {
    const { current } = this._kernel.scheduler;
    if (!current || current.process.exiting !== undefined) return;
    const { comm, process } = current;
    this._kernel.printk(LOG_ERR, `Memory cgroup out of memory: Killed process ${process.pid} (${comm})`);
    endProcess(process, SIG.SIGKILL);
  }
}
