// Pipes and FIFOs. man 7 pipe, man 7 fifo; Linux fs/pipe.c.
import { E } from "../../../abi/errno.ts";
import { O_ACCMODE, O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY } from "../../../abi/uapi/fcntl.ts";
import type { Frames } from "../../../memory/frames.ts";
import { Fifo } from "../../base/fifo.ts";
import { type Wait, WaitQueue, wait } from "../../base/wait.ts";
import type { Task } from "../../core/task.ts";
import { CAP, type Cred, capable } from "../../cred/cred.ts";
import type { Path } from "../vfs/dentry.ts";
import { FileDescription, POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM } from "../vfs/file.ts";
import type { Inode, Or } from "../vfs/inode.ts";

declare module "../vfs/inode.ts" {
  interface FifoPipe extends Pipe {}
}

/** The greatest atomic write in bytes. It is also the size of a page. */
export const PIPE_BUF = 4096;
/** The default capacity in bytes. */
export const PIPE_DEFAULT = 65536;
/** The capacity in bytes of a pipe of a user whose pipes have too many pages. Linux PIPE_MIN_DEF_BUFFERS. */
const PIPE_LEAST = 2 * PIPE_BUF;

/**
 * The rounded capacity for a size in bytes: a power of two pages, 0 for one that is too large. Linux
 * round_pipe_size().
 */
export const roundPipeSize = (size: number): number => {
  if (size > 2 ** 31) return 0;
  let capacity = PIPE_BUF;
  while (capacity < size) capacity *= 2;
  return capacity;
};

/** The limits in /proc/sys/fs of pipes, and the pages of each user's pipes. man 7 pipe. */
export class PipeLimits {
  /** pipe-max-size: of F_SETPIPE_SZ without CAP_SYS_RESOURCE, in bytes. */
  max = 1048576;
  /** pipe-user-pages-soft and pipe-user-pages-hard, in pages; 0 is no limit. */
  soft = 16384;
  hard = 0;
  private readonly _pages = new Map<number, number>();
  private _add(uid: number, pages: number): number {
    const now = (this._pages.get(uid) ?? 0) + pages;
    if (now === 0) this._pages.delete(uid);
    else this._pages.set(uid, now);
    return now;
  }
  /**
   * Charges the pages of a new pipe to a user: its capacity in bytes, or -ENFILE. Linux alloc_pipe_info().
   */
  begin(uid: number, isPrivileged: boolean): number {
    const isOver = (pages: number, limit: number): boolean => limit > 0 && pages > limit && !isPrivileged;
    let capacity = Math.min(PIPE_DEFAULT, this.max);
    if (isOver(this._add(uid, capacity / PIPE_BUF), this.soft)) {
      this._add(uid, (PIPE_LEAST - capacity) / PIPE_BUF);
      capacity = PIPE_LEAST;
    }
    if (!isOver(this._add(uid, 0), this.hard)) return capacity;
    this._add(uid, -capacity / PIPE_BUF);
    return -E.ENFILE;
  }
  /**
   * Changes a pipe's charge from one capacity to another: 0, or -EPERM over a limit. Linux pipe_set_size().
   */
  resize(uid: number, from: number, to: number, isPrivileged: boolean): number {
    const now = this._add(uid, (to - from) / PIPE_BUF);
    const isOver = (limit: number): boolean => limit > 0 && now > limit;
    if (to <= from || isPrivileged || !(isOver(this.hard) || isOver(this.soft))) return 0;
    this._add(uid, (from - to) / PIPE_BUF);
    return -E.EPERM;
  }
  end(uid: number, capacity: number): void {
    this._add(uid, -capacity / PIPE_BUF);
  }
}
/** f_type of pipefs. Linux uapi linux/magic.h */
export const PIPEFS_MAGIC = 0x50495045;

/** One page of a pipe, in a frame: bytes in [start, end), and space after them for small writes. */
interface Slot {
  readonly frame: number;
  start: number;
  end: number;
}

/** A pipe. Like on Linux, its capacity counts pages: a single byte occupies one until others join it. */
export class Pipe {
  private readonly _frames: Frames;
  private readonly _slots = new Fifo<Slot>();
  length = 0;
  capacity: number;
  readers = 0;
  writers = 0;
  /** The number of opens so far. The opener of a FIFO waits for a change of the other side's number. */
  readerOpens = 0;
  writerOpens = 0;
  readonly readQueue = new WaitQueue();
  readonly writeQueue = new WaitQueue();

  /** The limits that count its capacity, and the user that is charged. A socket's buffer has none. */
  private readonly _charge: { readonly limits: PipeLimits; readonly uid: number } | undefined;

  constructor(frames: Frames, capacity: number, charge?: { readonly limits: PipeLimits; readonly uid: number }) {
    this._frames = frames;
    this._charge = charge;
    this.capacity = capacity;
  }
  /** A pipe for a task, or -ENFILE. */
  static of({ kernel, cred }: Task): Or<Pipe> {
    const { pipes } = kernel.vfs;
    const capacity = pipes.begin(cred.uid, isPrivileged(cred));
    return capacity < 0 ? capacity : new Pipe(kernel.frames, capacity, { limits: pipes, uid: cred.uid });
  }
  /** F_SETPIPE_SZ: the new capacity in bytes, or -errno. */
  resize({ cred }: Task, size: number): number {
    const capacity = roundPipeSize(size);
    const charge = this._charge;
    if (capacity === 0 || !charge) return -E.EINVAL;
    const { limits, uid } = charge;
    if (capacity > this.capacity && capacity > limits.max && !capable(cred, CAP.SYS_RESOURCE)) return -E.EPERM;
    const charged = limits.resize(uid, this.capacity, capacity, isPrivileged(cred));
    if (charged < 0) return charged;
    if (this.slots * PIPE_BUF > capacity) {
      limits.resize(uid, capacity, this.capacity, true);
      return -E.EBUSY;
    }
    this.capacity = capacity;
    this.writeQueue.wake();
    return capacity;
  }
  get slots(): number {
    return this._slots.length;
  }
  get full(): boolean {
    return this._slots.length * PIPE_BUF >= this.capacity;
  }

  /**
   * Appends bytes. Returns the number of accepted bytes, or -ENOMEM without a frame for any. Linux
   * pipe_write().
   */
  put(bytes: Uint8Array): number {
    let done = this._join(bytes);
    let frame = -1;
    while (done < bytes.length && !this.full) {
      frame = this._frames.allocDirty();
      if (frame === 0) break;
      const page = bytes.subarray(done, done + PIPE_BUF);
      this._frames.u8.set(page, frame);
      // Earlier bytes of the frame depend on the host: a restored machine has other ones.
      if (page.length < PIPE_BUF) this._frames.clear(frame + page.length, frame + PIPE_BUF);
      this._slots.push({ frame, start: 0, end: page.length });
      done += page.length;
    }
    this.length += done;
    if (done > 0) this.readQueue.wake();
    return done === 0 && frame === 0 ? -E.ENOMEM : done;
  }
  /**
   * Appends the bytes of a write beyond whole pages to the last page, if all fit there. Returns their number.
   */
  private _join(bytes: Uint8Array): number {
    const rest = bytes.length % PIPE_BUF;
    const last = this._slots.last();
    if (rest === 0 || !last || last.end + rest > PIPE_BUF) return 0;
    this._frames.u8.set(rest === bytes.length ? bytes : bytes.subarray(0, rest), this._frames.use(last.frame) + last.end);
    this._frames.changed(last.frame);
    last.end += rest;
    return rest;
  }
  /** A copy of the first `n` bytes: in `into`, if it has the space. */
  peek(n: number, into?: Uint8Array): Uint8Array {
    const length = Math.min(n, this.length);
    const out = into && length <= into.length ? into.subarray(0, length) : new Uint8Array(length);
    let at = 0;
    for (const { frame, start, end } of this._slots) {
      if (at === out.length) break;
      const bytes = this._frames.u8.subarray(this._frames.use(frame) + start, frame + Math.min(end, start + out.length - at));
      out.set(bytes, at);
      at += bytes.length;
    }
    return out;
  }
  /** Removes up to `n` bytes and wakes writers. */
  take(n: number, into?: Uint8Array): Uint8Array {
    const out = this.peek(n, into);
    this.drop(out.length);
    return out;
  }
  /** Removes `n` bytes, of so many at least, and wakes writers. */
  drop(n: number): void {
    let remaining = n;
    while (remaining > 0) {
      const first = this._slots.at(0) as Slot;
      const step = Math.min(remaining, first.end - first.start);
      first.start += step;
      if (first.start === first.end) {
        this._slots.shift();
        this._frames.release(first.frame);
      }
      remaining -= step;
    }
    this.length -= n;
    if (n > 0) this.writeQueue.wake();
  }
  /** Frees the frames after the last close. */
  end(): void {
    this._charge?.limits.end(this._charge.uid, this.capacity);
    for (let slot = this._slots.shift(); slot; slot = this._slots.shift()) this._frames.release(slot.frame);
    this.length = 0;
  }
}

/** Linux pipe_is_unprivileged_user(), negated. */
const isPrivileged = (cred: Cred): boolean => capable(cred, CAP.SYS_RESOURCE) || capable(cred, CAP.SYS_ADMIN);

/** True for a pipe of pipe(2), which has no name except through /proc/PID/fd. Linux PIPEFS_MAGIC. */
const isPipe = (inode: Inode): boolean => inode.fs.magic === PIPEFS_MAGIC;

/** A file description of a pipe or FIFO, for reading, writing or both. */
export class PipeEnd extends FileDescription {
  readonly pipe: Pipe;
  /**
   * The number of writer opens before this open, or -1 with a writer present. Without a later writer POLLHUP
   * is not set.
   */
  readonly writersBefore: number;
  readonly readersBefore: number;

  override get waitingBytes(): number {
    return this.pipe.length;
  }
  constructor(inode: Inode, flags: number, path: Path) {
    super(inode, flags, path);
    const { pipe } = inode;
    if (!pipe) throw new Error("a pipe's end without a pipe");
    this.pipe = pipe;
    this.writersBefore = pipe.writers > 0 || isPipe(inode) ? -1 : pipe.writerOpens;
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

  override read(_task: Task, n: number, _at: number, into?: Uint8Array): Or<Uint8Array> {
    const { pipe } = this;
    if (n === 0 || pipe.length > 0) return pipe.take(n, into);
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

  override get copies(): boolean {
    return true;
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
}

/**
 * Opens a FIFO: a file description, -errno, or a wait for the other side. The waiting end already counts as
 * open. A pipe of pipe(2) has had both sides and waits for none. man 7 fifo; Linux fifo_open().
 */
export const openFifo = (task: Task, inode: Inode, flags: number, path: Path): Or<FileDescription> | Wait => {
  if ((flags & O_ACCMODE) === O_ACCMODE) return -E.EINVAL;
  const waiting = task.waited.held;
  const made = inode.pipe ?? Pipe.of(task);
  if (typeof made === "number") return made;
  inode.pipe = made;
  const end = waiting instanceof PipeEnd ? waiting : new PipeEnd(inode, flags, path);
  const { pipe } = end;
  const access = flags & O_ACCMODE;
  const connected =
    access === O_RDWR ||
    isPipe(inode) ||
    (access === O_RDONLY
      ? pipe.writers > 0 || pipe.writerOpens !== end.writersBefore || (flags & O_NONBLOCK) !== 0
      : pipe.readers > 0 || pipe.readerOpens !== end.readersBefore);
  if (connected) {
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
