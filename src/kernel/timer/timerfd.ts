// A timer as a file; a read returns the number of expirations. man 2 timerfd_create; Linux fs/timerfd.c.
import { E } from "../../abi/errno.ts";
import { WaitQueue } from "../base/wait.ts";
import type { Path } from "../fs/vfs/dentry.ts";
import { FileDescription, POLLIN } from "../fs/vfs/file.ts";
import type { Or } from "../fs/vfs/inode.ts";
import { O_NONBLOCK, O_RDWR } from "../fs/vfs/open-flags.ts";
import type { Kernel } from "../kernel.ts";
import type { Task } from "../task/task.ts";
import type { Itimer } from "./itimer.ts";
import { MIN_PERIOD, type Timer } from "./timers.ts";

/** The file of timerfd_create(2). */
export class TimerFile extends FileDescription implements Timer {
  readonly clock: number;
  readonly #kernel: Kernel;
  readonly #queue = new WaitQueue();
  #expiry = Infinity;
  #interval = 0;
  #expirations = 0;
  #how = 0;

  constructor(task: Task, path: Path, clock: number, flags: number) {
    super(path.dentry.inode, O_RDWR | (flags & O_NONBLOCK), path);
    this.#kernel = task.kernel;
    this.clock = clock;
  }
  get(): Itimer {
    return { value: this.#expiry === Infinity ? 0 : Math.max(1, this.#expiry - this.#kernel.now), interval: this.#interval };
  }
  /**
   * Arms the timer. `expiry` is a monotonic time in nanoseconds; Infinity disarms. `how`: the flags of
   * timerfd_settime(2).
   */
  set(expiry: number, interval: number, how: number): void {
    this.#how = how;
    this.#expiry = expiry;
    this.#interval = interval;
    this.#expirations = 0;
    if (expiry === Infinity) this.#kernel.timers.cancel(this);
    else this.#kernel.timers.set(this, Math.max(expiry, this.#kernel.now));
  }
  fire(now: number): void {
    const periods = this.#interval === 0 ? 1 : 1 + Math.floor(Math.max(0, now - this.#expiry) / this.#interval);
    this.#expirations += periods;
    this.#expiry = this.#interval === 0 ? Infinity : this.#expiry + periods * this.#interval;
    if (this.#expiry !== Infinity) this.#kernel.timers.set(this, Math.max(this.#expiry, now + MIN_PERIOD));
    this.#queue.wake();
  }
  override read(_task: Task, n: number): Or<Uint8Array> {
    if (n < 8) return -E.EINVAL;
    if (this.#expirations === 0) return -E.EAGAIN;
    const out = new Uint8Array(new BigUint64Array([BigInt(this.#expirations)]).buffer);
    this.#expirations = 0;
    return out;
  }
  override poll(): number {
    return this.#expirations > 0 ? POLLIN : 0;
  }
  override queues(): readonly WaitQueue[] {
    return [this.#queue];
  }
  override release(): void {
    this.#kernel.timers.cancel(this);
  }
  /** Linux timerfd_show(). */
  override info(): string {
    const { value, interval } = this.get();
    const time = (ns: number): string => `(${Math.floor(ns / 1e9)}, ${ns % 1e9})`;
    const lines = [`clockid: ${this.clock}`, `ticks: ${this.#expirations}`, `settime flags: 0${this.#how.toString(8)}`];
    return `${[...lines, `it_value: ${time(value)}`, `it_interval: ${time(interval)}`].join("\n")}\n`;
  }
}
