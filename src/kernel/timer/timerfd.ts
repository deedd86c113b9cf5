// A timer as a file; a read returns the number of expirations. man 2 timerfd_create; Linux fs/timerfd.c.
import { E } from "../../abi/errno.ts";
import { O_NONBLOCK, O_RDWR } from "../../abi/uapi/fcntl.ts";
import { WaitQueue } from "../base/wait.ts";
import type { Kernel } from "../core/kernel.ts";
import type { Task } from "../core/task.ts";
import type { Path } from "../fs/vfs/dentry.ts";
import { FileDescription, POLLIN } from "../fs/vfs/file.ts";
import type { Or } from "../fs/vfs/inode.ts";
import type { Itimer } from "./itimer.ts";
import { MIN_PERIOD, type Timer } from "./timers.ts";

/** The file of timerfd_create(2). */
export class TimerFile extends FileDescription implements Timer {
  readonly clock: number;
  private readonly _kernel: Kernel;
  private readonly _queue = new WaitQueue();
  private _expiry = Infinity;
  private _interval = 0;
  private _expirations = 0;
  private _how = 0;

  constructor(task: Task, path: Path, clock: number, flags: number) {
    super(path.dentry.inode, O_RDWR | (flags & O_NONBLOCK), path);
    this._kernel = task.kernel;
    this.clock = clock;
  }
  get(): Itimer {
    return { value: this._expiry === Infinity ? 0 : Math.max(1, this._expiry - this._kernel.now), interval: this._interval };
  }
  /**
   * Arms the timer. `expiry` is a monotonic time in nanoseconds; Infinity disarms. `how`: the flags of
   * timerfd_settime(2).
   */
  set(expiry: number, interval: number, how: number): void {
    this._how = how;
    this._expiry = expiry;
    this._interval = interval;
    this._expirations = 0;
    if (expiry === Infinity) this._kernel.timers.cancel(this);
    else this._kernel.timers.set(this, Math.max(expiry, this._kernel.now));
  }
  fire(now: number): void {
    const periods = this._interval === 0 ? 1 : 1 + Math.floor(Math.max(0, now - this._expiry) / this._interval);
    this._expirations += periods;
    this._expiry = this._interval === 0 ? Infinity : this._expiry + periods * this._interval;
    if (this._expiry !== Infinity) this._kernel.timers.set(this, Math.max(this._expiry, now + MIN_PERIOD));
    this._queue.wake();
  }
  override read(_task: Task, n: number): Or<Uint8Array> {
    if (n < 8) return -E.EINVAL;
    if (this._expirations === 0) return -E.EAGAIN;
    const out = new Uint8Array(new BigUint64Array([BigInt(this._expirations)]).buffer);
    this._expirations = 0;
    return out;
  }
  override poll(): number {
    return this._expirations > 0 ? POLLIN : 0;
  }
  override queues(): readonly WaitQueue[] {
    return [this._queue];
  }
  override release(): void {
    this._kernel.timers.cancel(this);
  }
  /** Linux timerfd_show(). */
  override info(): string {
    const { value, interval } = this.get();
    const time = (ns: number): string => `(${Math.floor(ns / 1e9)}, ${ns % 1e9})`;
    const lines = [`clockid: ${this.clock}`, `ticks: ${this._expirations}`, `settime flags: 0${this._how.toString(8)}`];
    return `${[...lines, `it_value: ${time(value)}`, `it_interval: ${time(interval)}`].join("\n")}\n`;
  }
}
