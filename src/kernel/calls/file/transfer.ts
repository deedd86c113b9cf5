// Copying between user memory and files: the loop of read, write and related calls, and their only waits.
// man 2 read, man 2 write; Linux fs/read_write.c vfs_read(), vfs_write().
import { E } from "../../../abi/errno.ts";
import { MAX_NON_LFS, O_APPEND, O_LARGEFILE, O_NONBLOCK } from "../../../abi/uapi/fcntl.ts";
import { access } from "../../../cpu/machine/mmu.ts";
import { PAGE_SIZE } from "../../../memory/frames.ts";
import { PIECE_BYTES } from "../../base/cost.ts";
import { RLIMIT } from "../../base/rlimit.ts";
import { again, type Wait, WaitQueue, wait } from "../../base/wait.ts";
import type { Result } from "../../core/result.ts";
import type { Task } from "../../core/task.ts";
import { MAX_FILE_SIZE } from "../../fs/files/regular.ts";
import { type FileDescription, POLLIN, POLLOUT } from "../../fs/vfs/file.ts";
import type { Or } from "../../fs/vfs/inode.ts";
import { askGroups, EVENT, isWatched, notifyFile } from "../../fs/vfs/notify.ts";
import { killPrivileges } from "../../fs/vfs/permission.ts";
import { sendToTask } from "../../signal/send.ts";
import { kernelSignal, userSignal } from "../../signal/state/info.ts";
import { SIG } from "../../signal/state/set.ts";
import { CHUNK, gather, lent, type Segment, scatter, totalLength } from "./iovec.ts";

/**
 * A call that copies in pieces. It holds the file's offset and the inode's write lock. Linux f_pos_lock,
 * i_rwsem.
 */
export class Transfer {
  readonly file: FileDescription;
  /** Calls that wait for the end of this one. */
  readonly over = new WaitQueue();
  constructor(file: FileDescription, ownOffset: boolean, writes: boolean) {
    this.file = file.hold();
    if (ownOffset) file.turn = this;
    if (writes) file.inode.turn = this;
  }
  drop(): void {
    const { file } = this;
    if (file.turn === this) file.turn = undefined;
    if (file.inode.turn === this) file.inode.turn = undefined;
    this.over.wake();
    file.drop();
  }
}

/**
 * The file of a call that may have waited: the file at its start, even if the descriptor was closed since.
 */
export const fileOf = (t: Task, fd: number): FileDescription | undefined => {
  const { held } = t.waited;
  return held instanceof Transfer ? held.file : ((held as FileDescription | undefined) ?? t.files.get(fd));
};

/** The end of a call: drops the resource that it held and returns its result. */
export const finish = (t: Task, result: number): number => {
  const { held } = t.waited;
  t.waited.held = undefined;
  held?.drop();
  return result;
};

/**
 * The wait of a call that cannot copy now, or -EAGAIN. `done`: bytes of earlier steps, the result if a signal
 * interrupts the call.
 */
export const block = (t: Task, file: FileDescription, events: number, done: number, nonblock: boolean): Result => {
  if (nonblock || file.flags & O_NONBLOCK) return finish(t, done > 0 ? done : -E.EAGAIN);
  const until = file.waitUntil(t, events);
  if (until !== undefined && t.waited.expired) return finish(t, done > 0 ? done : -E.EAGAIN);
  t.waited.held ??= file.hold();
  t.waited.data = { ...(t.waited.data as Progress | undefined), done };
  return wait(file.queues(events), { until, interrupted: done > 0 ? -done : file.interruptedWait(until) });
};
/** The progress of a copying call. Its start and its buffers are read once. */
interface Progress {
  readonly done: number;
  readonly start?: number;
  readonly segments?: readonly Segment[];
}
const progress = (t: Task): Progress => (t.waited.data as Progress | undefined) ?? { done: 0 };

/** The buffers of a call. They are read from user memory once. */
export const buffersOf = (t: Task, read: () => Or<readonly Segment[]>): Or<readonly Segment[]> => progress(t).segments ?? read();

/** The wait for another call that holds the offset or the write lock. */
const awaitTurn = (t: Task, file: FileDescription, ownOffset: boolean, writes: boolean): Wait | undefined => {
  const { held } = t.waited;
  const other = [ownOffset ? file.turn : undefined, writes ? file.inode.turn : undefined].find((turn) => turn && turn !== held);
  if (!other) return undefined;
  t.waited.held ??= file.hold();
  return wait([other.over], { killable: true });
};
/** The end of a piece. Regular files ignore signals; for others a signal ends the call with `done` bytes. */
const endPiece = (t: Task, file: FileDescription, now: Required<Progress>, ownOffset: boolean, writes: boolean): Wait => {
  const { held } = t.waited;
  if (!(held instanceof Transfer)) {
    t.waited.held = new Transfer(file, ownOffset && file.seekable, writes && file.inode.isFile);
    held?.drop();
  }
  t.waited.data = now;
  return again(file.seekable ? { killable: true } : { interrupted: -now.done });
};

/** The watchers of a file learn of a call that has copied bytes. */
const notified = (file: FileDescription, event: number, result: Result): Result => {
  if (typeof result === "number" && result > 0) notifyFile(file, event);
  return result;
};

/** Reads into user memory. `at` undefined: at the file's own offset. */
export const readInto = (t: Task, file: FileDescription, segments: readonly Segment[], at: number | undefined, nonblock = false): Result =>
  (t.mem.hasProviders && !file.seekable && !isServed(t, segments) ? -E.EFAULT : undefined) ??
  mayRead(t, file) ??
  notified(file, EVENT.ACCESS, readPieces(t, file, segments, at, nonblock));
/**
 * Pages of a buffer that are checked before a stream gives bytes, which would be lost otherwise. No stream
 * gives more at once.
 */
const MOST_TRIED = 256;
/** False if a provider has to serve a page of the buffers first. */
const isServed = (t: Task, segments: readonly Segment[]): boolean => {
  let tried = 0;
  t.mem.pendingFault = undefined;
  for (const { base, length } of segments) {
    for (let at = base; at < base + length && tried < MOST_TRIED; at += PAGE_SIZE - (at % PAGE_SIZE), tried++) {
      t.mem.translate(at, access.write);
      if (t.mem.pendingFault) return false;
    }
  }
  return true;
};
/** A read that a watcher has to allow first: the wait for its answer, or -EPERM. */
const mayRead = (t: Task, file: FileDescription): Result | undefined => {
  if ((!isWatched(file.path.dentry) && !t.waited.permissions) || file.isQuiet) return undefined;
  const asked = askGroups(t, file.path, [EVENT.ACCESS_PERM]);
  return asked === 0 ? undefined : asked;
};
const readPieces = (t: Task, file: FileDescription, segments: readonly Segment[], at: number | undefined, nonblock: boolean): Result => {
  const total = totalLength(segments);
  const turn = awaitTurn(t, file, at === undefined, false);
  if (turn) return turn;
  const before = progress(t);
  const start = before.start ?? at ?? file.offset;
  const step = file.divisible ? CHUNK : PIECE_BYTES;
  let { done } = before;
  do {
    if (done - before.done >= PIECE_BYTES) return endPiece(t, file, { done, start, segments }, at === undefined, false);
    const got = file.read(t, Math.min(total - done, step), start + done, lent());
    if (typeof got === "number") {
      if (got === -E.EAGAIN && done === 0) return block(t, file, POLLIN, 0, nonblock);
      return finish(t, done > 0 ? done : got);
    }
    const copied = scatter(t, segments, done, got);
    done += copied;
    if (file.seekable && at === undefined) file.offset = start + done;
    if (copied < got.length) return finish(t, done > 0 ? done : -E.EFAULT);
    if (got.length === 0 || got.length < step) break;
  } while (file.divisible && done < total);
  return finish(t, done);
};

/**
 * The number of bytes that RLIMIT_FSIZE, a missing O_LARGEFILE and the file system allow, or -errno. Linux
 * generic_write_check_limits().
 */
export const withinLimit = (t: Task, file: FileDescription, at: number, n: number): number => {
  if (!file.inode.isFile) return n;
  const limit = t.process.limit(RLIMIT.FSIZE);
  const most = Math.min(limit, file.flags & O_LARGEFILE ? MAX_FILE_SIZE : MAX_NON_LFS);
  if (n === 0 || at + n <= most) return n;
  if (at < most) return most - at;
  if (at >= limit) sendToTask(t, kernelSignal(SIG.SIGXFSZ));
  return -E.EFBIG;
};
const brokenPipe = (t: Task, file: FileDescription): void => {
  if (file.signalsPipe && !t.noPipeSignal) sendToTask(t, userSignal(SIG.SIGPIPE, t.tgid, t.cred.uid));
};

/** The number of steps of a write in one piece. */
const STEPS = 4;

/** Writes from user memory. `at` undefined: at the file's own offset. */
export const writeFrom = (t: Task, file: FileDescription, segments: readonly Segment[], at: number | undefined, nonblock = false): Result =>
  notified(file, EVENT.MODIFY, writePieces(t, file, segments, at, nonblock));
const writePieces = (t: Task, file: FileDescription, segments: readonly Segment[], at: number | undefined, nonblock: boolean): Result => {
  const total = totalLength(segments);
  if (file.discards) return finish(t, total);
  const turn = awaitTurn(t, file, at === undefined, file.inode.isFile);
  if (turn) return turn;
  const append = (file.flags & O_APPEND) !== 0 && file.seekable;
  const before = progress(t);
  const start = before.start ?? (append ? file.inode.size : (at ?? file.offset));
  let { done } = before;
  const step = Math.min(CHUNK, file.writeStep);
  if (file.inode.isFile && total > 0) killPrivileges(t.cred, file.inode);
  do {
    if (done - before.done >= Math.min(PIECE_BYTES, STEPS * step))
      return endPiece(t, file, { done, start, segments }, at === undefined, true);
    const want = withinLimit(t, file, start + done, Math.min(total - done, step));
    if (want < 0) return finish(t, done > 0 ? done : want);
    const bytes = gather(t, segments, done, want, file.copies ? lent() : undefined);
    if (bytes.length === 0 && want > 0) return finish(t, done > 0 ? done : -E.EFAULT);
    const n = file.write(t, bytes, start + done);
    if (n === -E.EAGAIN) return block(t, file, POLLOUT, done, nonblock);
    if (n === -E.EPIPE) brokenPipe(t, file);
    if (n < 0) return finish(t, done > 0 ? done : n);
    done += n;
    if (file.seekable && at === undefined) file.offset = start + done;
    if (bytes.length < want || (n < bytes.length && file.divisible)) break;
  } while (file.writesAll && done < total);
  return finish(t, done);
};
