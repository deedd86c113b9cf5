// Copying between files: sendfile, copy_file_range, splice, tee, vmsplice. Linux fs/read_write.c
// do_sendfile(), fs/splice.c.

import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { O_APPEND } from "../../../abi/uapi/fcntl.ts";
import { SPLICE_F_GIFT, SPLICE_F_MORE, SPLICE_F_MOVE, SPLICE_F_NONBLOCK } from "../../../abi/uapi/fs.ts";
import { cost, PIECE_BYTES } from "../../base/cost.ts";
import { again } from "../../base/wait.ts";
import type { Result } from "../../core/result.ts";
import type { Task } from "../../core/task.ts";
import { countTransfer } from "../../core/usage.ts";
import { PipeEnd } from "../../fs/files/pipe.ts";
import { StreamInode } from "../../fs/files/stream-file.ts";
import { AnonInode } from "../../fs/vfs/anon.ts";
import { type FileDescription, POLLIN, POLLOUT } from "../../fs/vfs/file.ts";
import type { Or } from "../../fs/vfs/inode.ts";
import { EVENT, notifyFile } from "../../fs/vfs/notify.ts";
import { isImmutable } from "../../fs/vfs/permission.ts";
import { Socket } from "../../net/socket.ts";
import { sendToTask } from "../../signal/send.ts";
import { kernelSignal } from "../../signal/state/info.ts";
import { SIG } from "../../signal/state/set.ts";
import { fd, ptr, size, uint, ulong } from "../../syscall/arg.ts";
import { flags } from "../../syscall/arg-flags.ts";
import { given } from "../../syscall/arg-struct.ts";
import { type Syscall, syscall } from "../../syscall/declaration.ts";
import { gather, importIovec, lent, MAX_RW_COUNT, type Segment, totalLength } from "./iovec.ts";
import { block, buffersOf, finish, readInto, withinLimit } from "./transfer.ts";

const CHUNK = 65536;

/** The position in one file: its own offset, or the caller's. */
export class CopyCursor {
  readonly file: FileDescription;
  private _at: number;
  private readonly _own: boolean;
  constructor(file: FileDescription, at: number | undefined) {
    this.file = file;
    this._own = at === undefined;
    this._at = at ?? file.offset;
  }
  get at(): number {
    return this._at;
  }
  advance(n: number): void {
    if (!this.file.seekable) return;
    this._at += n;
    if (this._own) this.file.offset = this._at;
  }
}

/**
 * Reads without consuming: bytes that cannot be written stay in a pipe, and are read again from other files.
 */
const peek = (t: Task, from: CopyCursor, n: number, into: Uint8Array | undefined): Or<Uint8Array> => {
  const { file } = from;
  if (file instanceof PipeEnd) return file.pipe.length > 0 || file.pipe.writers === 0 ? file.pipe.peek(n, into) : -E.EAGAIN;
  return file.read(t, n, from.at, into);
};
const consume = (from: CopyCursor, n: number): void => {
  if (from.file instanceof PipeEnd) from.file.pipe.drop(n);
  from.advance(n);
};

/** The state of a copying call between two calls of its handler. */
export class FileCopying {
  readonly from: CopyCursor;
  readonly to: CopyCursor;
  readonly count: number;
  readonly nonblock: boolean;
  done = 0;
  constructor(from: CopyCursor, to: CopyCursor, count: number, nonblock = false) {
    this.from = from;
    this.to = to;
    this.count = count;
    this.nonblock = nonblock;
    from.file.hold();
    to.file.hold();
  }
  drop(): void {
    this.from.file.drop();
    this.to.file.drop();
  }
}
const inProgress = (t: Task): FileCopying | undefined => (t.waited.held instanceof FileCopying ? t.waited.held : undefined);

/**
 * Copies up to `count` bytes and does not wait for more. Signals end it between pieces: Linux
 * splice_from_pipe_next().
 */
const copy = (t: Task, copying: FileCopying): Result => {
  const { from, to } = copying;
  const result = copyPieces(t, copying);
  if (typeof result === "number" && result > 0) {
    notifyFile(from.file, EVENT.ACCESS);
    notifyFile(to.file, EVENT.MODIFY);
  }
  return result;
};
const copyPieces = (t: Task, copying: FileCopying): Result => {
  t.waited.held = copying;
  const { from, to, count, nonblock, done: before } = copying;
  let done = before;
  while (done < count) {
    if (done - before >= PIECE_BYTES) {
      copying.done = done;
      return again({ interrupted: -done });
    }
    const bytes = peek(t, from, Math.min(count - done, CHUNK), to.file.copies ? lent() : undefined);
    if (typeof bytes === "number") {
      if (bytes === -E.EAGAIN && done === 0) return block(t, from.file, POLLIN, 0, nonblock);
      return finish(t, done > 0 ? done : bytes);
    }
    if (bytes.length === 0) break;
    const n = to.file.write(t, bytes, to.at);
    if (n === -E.EAGAIN && done === 0) return block(t, to.file, POLLOUT, 0, nonblock);
    if (n === -E.EPIPE && to.file.signalsPipe) sendToTask(t, kernelSignal(SIG.SIGPIPE));
    if (n < 0) return finish(t, done > 0 ? done : n);
    consume(from, n);
    to.advance(n);
    done += n;
    t.kernel.charge(n * cost.byte);
    if (n < bytes.length) break;
  }
  return finish(t, done);
};

/** The offset at a user address, a signed integer. Undefined for NULL, NaN for EFAULT. */
const offsetAt = (t: Task, at: VAddr, long: 4 | 8): number | undefined => {
  if (at === 0) return undefined;
  const low = t.mem.u32(at);
  const high = long === 8 ? t.mem.u32(at + 4) : 0;
  if (low < 0 || high < 0) return Number.NaN;
  return long === 8 ? (high | 0) * 2 ** 32 + low : low | 0;
};
/**
 * The result of a call after its position was stored: -EFAULT if it cannot be. A wait stores the position
 * too, for a signal may end the call there.
 */
const storeOffset = (t: Task, result: Result, at: VAddr, cursor: CopyCursor, long: 4 | 8): Result =>
  at === 0 || t.mem.setLong(at, cursor.at, long) || typeof result !== "number" ? result : -E.EFAULT;

const isAtEnd = (t: Task, file: FileDescription, at: number): boolean => {
  const bytes = file.read(t, 1, at);
  return typeof bytes !== "number" && bytes.length === 0;
};
const sendfile = (t: Task, outFd: number, inFd: number, at: VAddr, count: number, long: 4 | 8): Result => {
  const copying = inProgress(t);
  if (copying) return sendOn(t, copying, at, long);
  const start = offsetAt(t, at, long);
  if (Number.isNaN(start)) return -E.EFAULT;
  const [input, output] = [t.files.get(inFd), t.files.get(outFd)];
  if (!input?.readable) return -E.EBADF;
  if (start !== undefined && !input.seekable) return -E.ESPIPE;
  if (start !== undefined && start < 0) return -E.EINVAL;
  if (!output?.writable) return -E.EBADF;
  // Linux splice_direct_to_actor(): bytes of a stream would be lost, unless a pipe takes them.
  const rewinds = input.positioned || output instanceof PipeEnd;
  if (!isSource(input) || input instanceof PipeEnd || !rewinds || output.flags & O_APPEND) return -E.EINVAL;
  // The first byte meets the output. There may be none.
  if (!splices(output)) return count === 0 || isAtEnd(t, input, start ?? input.offset) ? 0 : -E.EINVAL;
  return sendOn(
    t,
    new FileCopying(new CopyCursor(input, start), new CopyCursor(output, undefined), Math.min(count, MAX_RW_COUNT)),
    at,
    long,
  );
};
const sendOn = (t: Task, copying: FileCopying, at: VAddr, long: 4 | 8): Result => {
  return storeOffset(t, copy(t, copying), at, copying.from, long);
};

const copyFileRange = (t: Task, inFd: number, inAt: VAddr, outFd: number, outAt: VAddr, count: number, how: number): Result => {
  const copying = inProgress(t);
  if (copying) return copyOn(t, copying, inAt, outAt);
  const [input, output] = [t.files.get(inFd), t.files.get(outFd)];
  if (!input || !output) return -E.EBADF;
  const [inStart, outStart] = [offsetAt(t, inAt, 8), offsetAt(t, outAt, 8)];
  if (Number.isNaN(inStart) || Number.isNaN(outStart)) return -E.EFAULT;
  if (how !== 0) return -E.EINVAL;
  if (input.inode.isDir || output.inode.isDir) return -E.EISDIR;
  if (!input.inode.isFile || !output.inode.isFile) return -E.EINVAL;
  if (!input.readable || !output.writable || output.flags & O_APPEND) return -E.EBADF;
  if (input.inode.fs !== output.inode.fs) return -E.EXDEV;
  const from = new CopyCursor(input, inStart);
  const to = new CopyCursor(output, outStart);
  if (isImmutable(output.inode)) return -E.EPERM;
  for (const { at } of [from, to]) if (at > 0 && at + count >= 2 ** 64) return -E.EOVERFLOW;
  const there = Math.min(count, Math.max(0, input.inode.size - from.at));
  // The limits count also for no bytes.
  const allowed = withinLimit(t, output, to.at, Math.max(1, there));
  if (allowed < 0) return allowed;
  const length = Math.min(allowed, there);
  if (input.inode === output.inode && from.at < to.at + length && to.at < from.at + length) return -E.EINVAL;
  return copyOn(t, new FileCopying(from, to, Math.min(length, MAX_RW_COUNT)), inAt, outAt);
};
const copyOn = (t: Task, copying: FileCopying, inAt: VAddr, outAt: VAddr): Result => {
  const result = copy(t, copying);
  return typeof result === "number" && result < 0
    ? result
    : storeOffset(t, storeOffset(t, result, inAt, copying.from, 8), outAt, copying.to, 8);
};

const spliceFlags = flags("unsigned int", { SPLICE_F_MOVE, SPLICE_F_NONBLOCK, SPLICE_F_MORE, SPLICE_F_GIFT }, "SPLICE_F_???");

/**
 * True for files with bytes: directories and most anonymous inodes have no splice_read or splice_write. Linux
 * do_splice_read(), do_splice_from().
 */
const splices = (file: FileDescription): boolean =>
  file instanceof PipeEnd || file instanceof Socket || !(file.inode.isDir || isAnonymous(file));
/** An eventfd, an epoll instance, …: the host's streams have an inode of their own. */
const isAnonymous = ({ inode }: FileDescription): boolean => inode instanceof AnonInode && !(inode instanceof StreamInode);
const isSource = (file: FileDescription): boolean => splices(file) && file.isSource;
/** The checks of both files: 0 or -errno. Linux do_splice(). */
const checkSplice = (input: FileDescription, inHasOffset: boolean, output: FileDescription, outHasOffset: boolean): number => {
  if (!input.readable || !output.writable) return -E.EBADF;
  const pipes = [input instanceof PipeEnd, output instanceof PipeEnd];
  if (!pipes[0] && !pipes[1]) return -E.EINVAL;
  if ((pipes[0] && inHasOffset) || (pipes[1] && outHasOffset)) return -E.ESPIPE;
  if (pipes[0] && pipes[1] && (input as PipeEnd).pipe === (output as PipeEnd).pipe) return -E.EINVAL;
  return output.flags & O_APPEND || !isSource(input) || !splices(output) ? -E.EINVAL : 0;
};
/** Splices `count` bytes at most between files. An offset undefined: the file's own. */
export const spliceFiles = (
  t: Task,
  from: { readonly file: FileDescription; readonly at: number | undefined },
  to: { readonly file: FileDescription; readonly at: number | undefined },
  count: number,
  nonblock: boolean,
): Result => {
  const copying = inProgress(t);
  if (copying) return copy(t, copying);
  const bad = checkSplice(from.file, from.at !== undefined, to.file, to.at !== undefined);
  if (bad < 0) return bad;
  return copy(t, new FileCopying(new CopyCursor(from.file, from.at), new CopyCursor(to.file, to.at), Math.min(count, CHUNK), nonblock));
};

const splice = (t: Task, inFd: number, inAt: VAddr, outFd: number, outAt: VAddr, count: number, how: number): Result => {
  if (how & ~15) return -E.EINVAL;
  if (count === 0) return 0;
  const copying = inProgress(t);
  if (copying) return copyOn(t, copying, inAt, outAt);
  const [input, output] = [t.files.get(inFd), t.files.get(outFd)];
  if (!input || !output) return -E.EBADF;
  const bad = checkSplice(input, inAt !== 0, output, outAt !== 0);
  if (bad < 0) return bad;
  const [inStart, outStart] = [offsetAt(t, inAt, 8), offsetAt(t, outAt, 8)];
  if (Number.isNaN(inStart) || Number.isNaN(outStart)) return -E.EFAULT;
  const from = new CopyCursor(input, inStart);
  const to = new CopyCursor(output, outStart);
  // One step, because splice copies the available bytes and does not wait for more.
  return copyOn(t, new FileCopying(from, to, Math.min(count, CHUNK), (how & SPLICE_F_NONBLOCK) !== 0), inAt, outAt);
};

/** Copies the content of one pipe to another without consuming it. */
const tee = (t: Task, inFd: number, outFd: number, count: number, how: number): Result => {
  if (how & ~15) return -E.EINVAL;
  if (count === 0) return 0;
  return teeFiles(t, t.files.get(inFd), t.files.get(outFd), count, (how & SPLICE_F_NONBLOCK) !== 0);
};
/** Copies bytes of a pipe that remain in it to another one: their number, -errno or a wait. */
export const teeFiles = (
  t: Task,
  input: FileDescription | undefined,
  output: FileDescription | undefined,
  count: number,
  nonblock: boolean,
): Result => {
  if (!input?.readable || !output?.writable) return -E.EBADF;
  if (!(input instanceof PipeEnd) || !(output instanceof PipeEnd) || input.pipe === output.pipe) return -E.EINVAL;
  if (input.pipe.length === 0) return input.pipe.writers === 0 ? finish(t, 0) : block(t, input, POLLIN, 0, nonblock);
  const n = output.write(t, input.pipe.peek(Math.min(count, PIECE_BYTES), lent()));
  return n === -E.EAGAIN ? block(t, output, POLLOUT, 0, nonblock) : finish(t, n);
};

/**
 * vmsplice(2) to a pipe: waits for space once, and takes as much as there is then. Linux vmsplice_to_pipe().
 */
const fill = (t: Task, file: PipeEnd, segments: readonly Segment[], nonblock: boolean): Result => {
  const total = totalLength(segments);
  let done = 0;
  for (let wanted = 1, taken = 1; taken === wanted && done < total; ) {
    const bytes = gather(t, segments, done, Math.min(total - done, PIECE_BYTES), lent());
    const n = bytes.length === 0 ? -E.EFAULT : file.write(t, bytes);
    if (n === -E.EAGAIN && done === 0) return block(t, file, POLLOUT, 0, nonblock);
    if (n === -E.EPIPE) sendToTask(t, kernelSignal(SIG.SIGPIPE));
    if (n < 0) return finish(t, done > 0 ? done : n);
    done += n;
    [wanted, taken] = [bytes.length, n];
  }
  return finish(t, done);
};

/** A copy counts as a read and a write. Linux do_sendfile(), vfs_copy_file_range(). */
const counted = (t: Task, result: Result): Result => {
  for (const way of ["in", "out"] as const) countTransfer(t.usage, way, result);
  return result;
};

const off_in = ptr;
const off_out = ptr;
/** Calls that copy between descriptors. man 2 sendfile, copy_file_range, splice, tee, vmsplice. */
export const copyCalls: readonly Syscall[] = [
  syscall("sendfile", { out_fd: fd, in_fd: fd, offset: given("offset"), count: size }, (t, a, abi) =>
    counted(t, sendfile(t, a.out_fd, a.in_fd, a.offset, a.count, abi.long)),
  ),
  syscall("sendfile64", { out_fd: fd, in_fd: fd, offset: given("offset"), count: size }, (t, a) =>
    counted(t, sendfile(t, a.out_fd, a.in_fd, a.offset, a.count, 8)),
  ),
  syscall("copy_file_range", { fd_in: fd, off_in, fd_out: fd, off_out, len: size, flags: uint }, (t, a) =>
    counted(t, copyFileRange(t, a.fd_in, a.off_in, a.fd_out, a.off_out, a.len, a.flags)),
  ),
  syscall("splice", { fd_in: fd, off_in, fd_out: fd, off_out, len: size, flags: spliceFlags }, (t, a) =>
    splice(t, a.fd_in, a.off_in, a.fd_out, a.off_out, a.len, a.flags),
  ),
  syscall("tee", { fd_in: fd, fd_out: fd, len: size, flags: spliceFlags }, (t, a) => tee(t, a.fd_in, a.fd_out, a.len, a.flags)),
  syscall(
    "vmsplice",
    { fd, iov: ptr, nr_segs: ulong, flags: spliceFlags },
    (t, a, abi) => {
      const file = t.files.get(a.fd);
      if (!(file instanceof PipeEnd)) return -E.EBADF;
      const segments = buffersOf(t, () => importIovec(t, a.iov, a.nr_segs, abi));
      if (typeof segments === "number") return segments;
      const nonblock = (a.flags & SPLICE_F_NONBLOCK) !== 0;
      return file.writable ? fill(t, file, segments, nonblock) : readInto(t, file, segments, undefined, nonblock);
    },
    { note: "copies the pages" },
  ),
];
