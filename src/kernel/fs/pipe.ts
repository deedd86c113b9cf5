// Pipes and fifos. man 7 pipe, man 7 fifo; Linux fs/pipe.c.
import { E } from "../../abi/errno.ts";
import type { Task } from "../task.ts";
import { WaitQueue, type Wait, wait } from "../wait.ts";
import type { Path } from "./dentry.ts";
import { FileDescription, POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM } from "./file.ts";
import type { Inode, Or } from "./inode.ts";
import { O_ACCMODE, O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY } from "./open-flags.ts";

/** Writes of up to so many bytes are never torn. */
export const PIPE_BUF = 4096;
export const PIPE_DEFAULT = 65536;
/** /proc/sys/fs/pipe-max-size: what F_SETPIPE_SZ gives to the unprivileged. */
export const PIPE_MAX = 1048576;

export class Pipe {
  readonly #chunks: Uint8Array[] = [];
  length = 0;
  capacity = PIPE_DEFAULT;
  readers = 0;
  writers = 0;
  /** Opens so far: a fifo's opener waits for the other side's count to move. */
  readerOpens = 0;
  writerOpens = 0;
  readonly readQueue = new WaitQueue();
  readonly writeQueue = new WaitQueue();

  get room(): number { return this.capacity - this.length; }

  put(bytes: Uint8Array): void {
    const last = this.#chunks.at(-1);
    // Small writes share a page, so that a pipe full of single bytes does not cost an object for each.
    if (last && last.length + bytes.length <= PIPE_BUF) {
      const joined = new Uint8Array(last.length + bytes.length);
      joined.set(last);
      joined.set(bytes, last.length);
      this.#chunks[this.#chunks.length - 1] = joined;
    } else this.#chunks.push(bytes.slice());
    this.length += bytes.length;
    this.readQueue.wake();
  }
  /** Up to n bytes, without taking them. */
  peek(n: number): Uint8Array {
    const out = new Uint8Array(Math.min(n, this.length));
    let at = 0;
    for (const chunk of this.#chunks) {
      if (at === out.length) break;
      const part = chunk.subarray(0, out.length - at);
      out.set(part, at);
      at += part.length;
    }
    return out;
  }
  take(n: number): Uint8Array {
    const out = this.peek(n);
    let left = out.length;
    while (left > 0) {
      const first = this.#chunks[0] as Uint8Array;
      if (first.length > left) this.#chunks[0] = first.subarray(left);
      else this.#chunks.shift();
      left -= Math.min(left, first.length);
    }
    this.length -= out.length;
    if (out.length > 0) this.writeQueue.wake();
    return out;
  }
}

export class PipeEnd extends FileDescription {
  readonly pipe: Pipe;
  /** Writers that had come before this end was opened: without any since, there is no hang-up to report. */
  readonly writersBefore: number;
  readonly readersBefore: number;

  constructor(inode: Inode, flags: number, path: Path) {
    super(inode, flags, path);
    inode.pipe ??= new Pipe();
    const { pipe } = inode;
    this.pipe = pipe;
    this.writersBefore = pipe.writers > 0 ? -1 : pipe.writerOpens;
    this.readersBefore = pipe.readerOpens;
    if (this.readable) { pipe.readers++; pipe.readerOpens++; pipe.writeQueue.wake(); }
    if (this.writable) { pipe.writers++; pipe.writerOpens++; pipe.readQueue.wake(); }
  }
  override get writesAll(): boolean { return true; }
  override get signalsPipe(): boolean { return true; }
  override release(): void {
    const { pipe } = this;
    if (this.readable && --pipe.readers === 0) pipe.writeQueue.wake();
    if (this.writable && --pipe.writers === 0) pipe.readQueue.wake();
    if (pipe.readers + pipe.writers === 0) this.inode.pipe = undefined;
  }

  override read(_task: Task, n: number): Or<Uint8Array> {
    const { pipe } = this;
    if (n === 0 || pipe.length > 0) return pipe.take(n);
    return pipe.writers > 0 ? -E.EAGAIN : new Uint8Array(0);
  }
  override write(_task: Task, bytes: Uint8Array): number {
    const { pipe } = this;
    if (bytes.length === 0) return 0;
    if (pipe.readers === 0) return -E.EPIPE;
    if (bytes.length <= PIPE_BUF ? pipe.room < bytes.length : pipe.room <= 0) return -E.EAGAIN;
    const n = Math.min(bytes.length, pipe.room);
    pipe.put(bytes.subarray(0, n));
    this.inode.touch("modify");
    return n;
  }

  override poll(): number {
    const { pipe } = this;
    let events = 0;
    if (this.readable) {
      if (pipe.length > 0) events |= POLLIN | POLLRDNORM;
      if (pipe.writers === 0 && pipe.writerOpens !== this.writersBefore) events |= POLLHUP;
    }
    if (this.writable) {
      if (pipe.room >= Math.min(PIPE_BUF, pipe.capacity)) events |= POLLOUT | POLLWRNORM;
      if (pipe.readers === 0) events |= POLLERR;
    }
    return events;
  }
  override queues(events: number): readonly WaitQueue[] {
    const { readQueue, writeQueue } = this.pipe;
    return [...(events & POLLIN && this.readable ? [readQueue] : []), ...(events & POLLOUT && this.writable ? [writeQueue] : [])];
  }

  /** F_SETPIPE_SZ: the size granted, a power of two pages. */
  resize(size: number): number {
    if (size <= 0 || size > 2 ** 31) return -E.EINVAL;
    let capacity = 4096;
    while (capacity < size) capacity *= 2;
    if (this.pipe.length > capacity) return -E.EBUSY;
    this.pipe.capacity = capacity;
    this.pipe.writeQueue.wake();
    return capacity;
  }
}

/**
 * open(2) of a fifo waits for the other side, and counts as this side meanwhile. man 7 fifo.
 */
export const openFifo = (task: Task, inode: Inode, flags: number, path: Path): Or<FileDescription> | Wait => {
  const waiting = task.waited.held;
  const end = waiting instanceof PipeEnd ? waiting : new PipeEnd(inode, flags, path);
  const { pipe } = end;
  const access = flags & O_ACCMODE;
  const met = access === O_RDWR || (access === O_RDONLY
    ? pipe.writers > 0 || pipe.writerOpens !== end.writersBefore || (flags & O_NONBLOCK) !== 0
    : pipe.readers > 0 || pipe.readerOpens !== end.readersBefore);
  if (met) {
    task.waited.held = undefined;
    return waiting ? end.handOver() : end;
  }
  if (flags & O_NONBLOCK) {
    end.hold().drop();
    return -E.ENXIO;
  }
  if (!waiting) task.waited.held = end.hold();
  return wait([access === O_WRONLY ? pipe.writeQueue : pipe.readQueue]);
};
