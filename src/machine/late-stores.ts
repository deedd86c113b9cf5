// Follows a schedule with late stores. Its text says which stores are late, so nothing else is watched.
import type { Cpu } from "../cpu/cpu.ts";
import { ALL } from "../cpu/machine/access-watch.ts";
import { access } from "../cpu/machine/mmu.ts";
import type { Kernel } from "../kernel/core/kernel.ts";
import type { Task } from "../kernel/core/task.ts";
import { Instructions } from "./accessing-instructions.ts";
import { type Delay, type Departure, Follower, stopOf } from "./schedule.ts";
import { StoreBuffers } from "./store-buffers.ts";

/** A follower with store buffers. */
export class TsoFollower extends Follower {
  private readonly _delays: readonly Delay[];
  private readonly _kernel: Kernel;
  private readonly _cpu: Cpu;
  private readonly _instructions: Instructions;
  private readonly _buffers = new StoreBuffers();
  private _isWatching = false;

  constructor(
    departures: readonly Departure[],
    { delays, kernel, cpu }: { readonly delays: readonly Delay[]; readonly kernel: Kernel; readonly cpu: Cpu },
  ) {
    super(departures);
    this._delays = delays;
    this._kernel = kernel;
    this._cpu = cpu;
    this._instructions = new Instructions(cpu);
  }

  turn(task: Task): void {
    if (this._kernel.scheduler.current === task) this._buffers.switchTo(task);
  }
  protected override reached(place: string): void {
    for (const { store, until } of this._delays) if (until === place) this._leave(store);
  }
  /** A store leaves if it is in a buffer: those that it may not pass have left. */
  private _leave(store: string): void {
    const pid = Number.parseInt(store, 10);
    if (!this._buffers.placesOf(pid).includes(store)) return;
    while (!this._buffers.mayLeave(pid, store)) this._buffers.leave(pid);
    this._buffers.leave(pid, store);
  }
  override before(task: Task): number {
    const { pid } = task;
    const { user } = task.usage;
    const place = `${pid}@${user}`;
    if (this._isWatching) this._cpu.accessWatch = undefined;
    this._isWatching = false;
    this._buffers.done(pid);
    const departs = super.before(task);
    if (departs === 0) return 0;
    this.reached(place);
    let next = departs;
    for (const { store, until } of this._delays) {
      for (const at of [stopOf(store, task), stopOf(until, task)]) if (at !== undefined && at > user) next = Math.min(next, at - user);
    }
    const isLate = this._delays.some(({ store }) => store === place);
    if (!isLate && this._buffers.isEmpty(pid)) return next;
    const { isFence, isStoreFence, isNonTemporal } = this._instructions.at(task, this._cpu.state.rip);
    if (isFence) {
      this._buffers.drain(pid);
      return next;
    }
    if (isStoreFence) this._buffers.fence(pid);
    if (isLate) this._buffer(task, place, isNonTemporal);
    return 1;
  }
  /** The next instruction's store goes into the buffer. */
  private _buffer(task: Task, place: string, isNonTemporal: boolean): void {
    let isDone = false;
    this._isWatching = true;
    this._cpu.accessWatch = {
      cached: () => (isDone ? ALL : 0),
      holds: (address, bytes, how, record) => {
        if (how !== access.write || isDone) return false;
        // A compiled region leaves the store to the interpreter.
        if (record === 0 && !this._cpu.isEvaluating) return true;
        isDone = true;
        this._buffers.begin(task, { address, bytes, place }, isNonTemporal);
        return false;
      },
    };
  }
}
