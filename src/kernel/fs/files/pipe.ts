// Pipes and fifos. man 7 pipe, man 7 fifo; Linux fs/pipe.c.
import { E } from "../../../abi/errno.ts";
import type { Frames } from "../../../memory/frames.ts";
import { Fifo } from "../../base/fifo.ts";
import { type Wait, WaitQueue, wait } from "../../base/wait.ts";
import type { Task } from "../../task/task.ts";
import type { Path } from "../vfs/dentry.ts";
import { FileDescription, POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM } from "../vfs/file.ts";
import type { Inode, Or } from "../vfs/inode.ts";
import { O_ACCMODE, O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY } from "../vfs/open-flags.ts";

/** Writes of up to so many bytes are never torn; also the size of a page. */
export const PIPE_BUF = 4096;
export const PIPE_DEFAULT = 65536;
/** /proc/sys/fs/pipe-max-size: what F_SETPIPE_SZ gives to the unprivileged. */
export const PIPE_MAX = 1048576;

/** One page of a pipe, in a frame: bytes from `start`, and room behind them for small writes to join. */
interface Slot {
  readonly frame: number;
  start: number;
  end: number;
}

/** Room is counted in pages, as Linux does: a byte alone takes one until others join it. */
export class Pipe {
  readonly #frames: Frames;
  readonly #slots = new Fifo<Slot>();
  length = 0;
  capacity: number;
  readers = 0;
  writers = 0;
  /** Opens so far: a fifo's opener waits for the other side's count to move. */
  readerOpens = 0;
  writerOpens = 0;
  readonly readQueue = new WaitQueue();
  readonly writeQueue = new WaitQueue();

  constructor(frames: Frames, capacity = PIPE_DEFAULT) {
    this.#frames = frames;
    this.capacity = capacity;
  }
  get slots(): number {
    return this.#slots.length;
  }
  get full(): boolean {
    return this.#slots.length * PIPE_BUF >= this.capacity;
  }

  /** How many bytes there was room for; -ENOMEM if there was room for more, but no frame. Linux pipe_write(). */
  put(bytes: Uint8Array): number {
    let done = this.#join(bytes);
    let frame = -1;
    while (done < bytes.length && !this.full) {
      frame = this.#frames.allocDirty();
      if (frame === 0) break;
      const part = bytes.subarray(done, done + PIPE_BUF);
      this.#frames.u8.set(part, frame);
      this.#slots.push({ frame, start: 0, end: part.length });
      done += part.length;
    }
    this.length += done;
    if (done > 0) this.readQueue.wake();
    return done === 0 && frame === 0 ? -E.ENOMEM : done;
  }
  /** What is left of a write beyond whole pages joins the last page, if it fits there entirely. */
  #join(bytes: Uint8Array): number {
    const rest = bytes.length % PIPE_BUF;
    const last = this.#slots.last();
    if (rest === 0 || !last || last.end + rest > PIPE_BUF) return 0;
    this.#frames.u8.set(rest === bytes.length ? bytes : bytes.subarray(0, rest), last.frame + last.end);
    last.end += rest;
    return rest;
  }
  /** Up to n bytes, without taking them. */
  peek(n: number): Uint8Array {
    const out = new Uint8Array(Math.min(n, this.length));
    let at = 0;
    for (const { frame, start, end } of this.#slots) {
      if (at === out.length) break;
      const part = this.#frames.u8.subarray(frame + start, frame + Math.min(end, start + out.length - at));
      out.set(part, at);
      at += part.length;
    }
    return out;
  }
  take(n: number): Uint8Array {
    const out = this.peek(n);
    let left = out.length;
    while (left > 0) {
      const first = this.#slots.at(0) as Slot;
      const step = Math.min(left, first.end - first.start);
      first.start += step;
      if (first.start === first.end) {
        this.#slots.shift();
        this.#frames.release(first.frame);
      }
      left -= step;
    }
    this.length -= out.length;
    if (out.length > 0) this.writeQueue.wake();
    return out;
  }
  /** Nobody has it open any more. */
  end(): void {
    for (let slot = this.#slots.shift(); slot; slot = this.#slots.shift()) this.#frames.release(slot.frame);
    this.length = 0;
  }
}

export class PipeEnd extends FileDescription {
  readonly pipe: Pipe;
  /** Writers that had come before this end was opened: without any since, there is no hang-up to report. */
  readonly writersBefore: number;
  readonly readersBefore: number;

  constructor(inode: Inode, flags: number, path: Path) {
    super(inode, flags, path);
    inode.pipe ??= new Pipe(inode.fs.clock.frames);
    const { pipe } = inode;
    this.pipe = pipe;
    this.writersBefore = pipe.writers > 0 ? -1 : pipe.writerOpens;
    this.readersBefore = pipe.readerOpens;
    if (this.readable) {
      pipe.readers++;
      pipe.readerOpens++;
      pipe.writeQueue.wake();
    }
    if (this.writable) {
      pipe.writers++;
      pipe.writerOpens++;
      pipe.readQueue.wake();
    }
  }
  override get writesAll(): boolean {
    return true;
  }
  override get signalsPipe(): boolean {
    return true;
  }
  override release(): void {
    const { pipe } = this;
    if (this.readable && --pipe.readers === 0) pipe.writeQueue.wake();
    if (this.writable && --pipe.writers === 0) pipe.readQueue.wake();
    if (pipe.readers + pipe.writers > 0) return;
    pipe.end();
    this.inode.pipe = undefined;
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
    const n = pipe.put(bytes);
    if (n <= 0) return n === 0 ? -E.EAGAIN : n;
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
      if (!pipe.full) events |= POLLOUT | POLLWRNORM;
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
    if (this.pipe.slots * PIPE_BUF > capacity) return -E.EBUSY;
    this.pipe.capacity = capacity;
    this.pipe.writeQueue.wake();
    return capacity;
  }
}

/**
 * open(2) of a fifo waits for the other side, and counts as this side meanwhile. man 7 fifo.
 */
export const openFifo = (task: Task, inode: Inode, flags: number, path: Path): Or<FileDescription> | Wait => {
  if ((flags & O_ACCMODE) === O_ACCMODE) return -E.EINVAL;
  const waiting = task.waited.held;
  const end = waiting instanceof PipeEnd ? waiting : new PipeEnd(inode, flags, path);
  const { pipe } = end;
  const access = flags & O_ACCMODE;
  const met =
    access === O_RDWR ||
    (access === O_RDONLY
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
