// eventfd(2): a 64-bit counter as a file. Linux fs/eventfd.c.
import { E } from "../../../abi/errno.ts";
import { O_NONBLOCK, O_RDWR } from "../../../abi/uapi/fcntl.ts";
import type { LowestIds } from "../../base/lowest-ids.ts";
import { WaitQueue } from "../../base/wait.ts";
import type { Task } from "../../core/task.ts";
import { FileDescription, POLLERR, POLLIN, POLLOUT } from "../vfs/file.ts";
import type { Or } from "../vfs/inode.ts";

/** A flag of eventfd(2): each read takes 1 from the counter. */
export const EFD_SEMAPHORE = 1;
const MAX = 0xffff_ffff_ffff_fffen;

/**
 * An eventfd. A read takes the counter (1 with EFD_SEMAPHORE), a write adds to it; -EAGAIN where Linux would
 * block.
 */
export class EventFile extends FileDescription {
  count: bigint;
  readonly semaphore: boolean;
  readonly queue = new WaitQueue();
  /** Its number in /proc/PID/fdinfo, the lowest that no other eventfd has. */
  readonly id: number;
  private readonly _ids: LowestIds;

  constructor(task: Task, count: number, flags: number) {
    const { vfs } = task.kernel;
    const path = vfs.anonymous(task, "[eventfd]");
    super(path.dentry.inode, O_RDWR | (flags & O_NONBLOCK), path);
    this._ids = vfs.eventIds;
    this.id = this._ids.take();
    this.count = BigInt(count);
    this.semaphore = (flags & EFD_SEMAPHORE) !== 0;
  }
  override read(_task: Task, n: number): Or<Uint8Array> {
    if (n < 8) return -E.EINVAL;
    if (this.count === 0n) return -E.EAGAIN;
    const value = this.semaphore ? 1n : this.count;
    this.count -= value;
    this.queue.wake();
    return new Uint8Array(new BigUint64Array([value]).buffer);
  }
  override write(_task: Task, bytes: Uint8Array): number {
    if (bytes.length < 8) return -E.EINVAL;
    const value = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
    if (value > MAX) return -E.EINVAL;
    if (MAX - this.count < value) return -E.EAGAIN;
    this.count += value;
    this.queue.wake();
    return 8;
  }
  /** Adds 1 for an event of the kernel, up to the value that no write reaches. Linux eventfd_signal(). */
  tell(): void {
    if (this.count <= MAX) this.count++;
    this.queue.wake();
  }
  override poll(): number {
    return (this.count > 0n ? POLLIN : 0) | (this.count < MAX ? POLLOUT : 0) | (this.count > MAX ? POLLERR : 0);
  }
  override queues(): readonly WaitQueue[] {
    return [this.queue];
  }
  override release(): void {
    this._ids.give(this.id);
  }
  /** Linux eventfd_show_fdinfo(). */
  override info(): string {
    const { count, id, semaphore } = this;
    return `eventfd-count: ${count.toString(16).padStart(16)}\neventfd-id: ${id}\neventfd-semaphore: ${Number(semaphore)}\n`;
  }
}
