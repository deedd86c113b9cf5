// The processors that guests see (`--cpus`). One task runs at a time, on the processor where it stands: the
// number that getcpu(2), RDPID, restartable sequences and /proc tell. A task changes its processor only by
// sched_setaffinity(2), so that runs stay deterministic and caches of programs by processor stay warm.
// Linux kernel/sched/core.c select_task_rq(), set_task_cpu().
import { exitWork } from "../base/pending-work.ts";
import type { ProcessorTimes } from "../core/scheduling.ts";
import type { Task } from "../core/task.ts";

const mayUse = ({ affinity }: Task, cpu: number): boolean => ((affinity >> BigInt(cpu)) & 1n) === 1n;
/** The return to user code writes the number of the processor into the area of rseq(2). */
const tell = (task: Task): void => {
  if (task.rseq) task.exitWork |= exitWork.rseq;
};

/** Where tasks stand, and how long each processor worked. */
export class Placement {
  private readonly _cpus: number;
  /** The processor of the newest task. */
  private _last = 0;
  /** User and system time of each processor until the last context switch. */
  private readonly _times: Float64Array;
  /** The task since the last context switch, which may have ended, and its times then. */
  private _running: Task | undefined = undefined;
  private _user = 0;
  private _system = 0;
  constructor(cpus: number) {
    this._cpus = cpus;
    this._times = new Float64Array(2 * cpus);
  }

  /** Gives a new task its processor: the allowed one after that of the newest task, so that tasks spread. */
  place(task: Task): void {
    let cpu = this._last;
    do cpu = (cpu + 1) % this._cpus;
    while (!mayUse(task, cpu));
    this._last = task.cpu = cpu;
    tell(task);
  }
  /** A task leaves a processor that is not in its new set for the first that is. True: it did. */
  settle(task: Task): boolean {
    if (mayUse(task, task.cpu)) return false;
    task.cpu = 0;
    while (!mayUse(task, task.cpu)) task.cpu++;
    tell(task);
    return true;
  }
  /** Counts the time of the task that ran until now, before another runs or this one moves. */
  switched(to: Task): void {
    if (this._running) this._count(this._running);
    this._running = to;
    this._user = to.usage.user;
    this._system = to.usage.system;
  }
  private _count({ cpu, usage }: Task): void {
    const at = 2 * cpu;
    this._times[at] = (this._times[at] as number) + usage.user - this._user;
    this._times[at + 1] = (this._times[at + 1] as number) + usage.system - this._system;
  }
  /** The times of a processor, with those of the running task. */
  times(cpu: number): ProcessorTimes {
    if (this._running) this.switched(this._running);
    return { user: this._times[2 * cpu] as number, system: this._times[2 * cpu + 1] as number };
  }
}
