// The requests of io_submit(2). As in Linux, reads and writes are done within the call and may wait there.
// Polls are done later. man 2 io_submit; Linux fs/aio.c io_submit_one().

import { type Abi, x64 } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import type { Values } from "../../../abi/struct.ts";
import { IOCB_CMD, IOCB_FLAG, IOCB_KEY, iocb as iocbStruct } from "../../../abi/uapi/aio.ts";
import { RWF_APPEND, RWF_NOWAIT, RWF_SUPPORTED } from "../../../abi/uapi/fs.ts";
import { cost } from "../../base/cost.ts";
import { again, endWaiting, type Held, type Sleeper, type Wait, type Waited } from "../../base/wait.ts";
import { importIovec, oneSegment } from "../../calls/file/iovec.ts";
import { readInto, writeFrom } from "../../calls/file/transfer.ts";
import { checkPriority } from "../../calls/process/ioprio.ts";
import type { Result } from "../../core/result.ts";
import type { Task } from "../../core/task.ts";
import { EventFile } from "../../fs/files/eventfd.ts";
import { RegularInode } from "../../fs/files/regular.ts";
import { type FileDescription, POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM } from "../../fs/vfs/file.ts";
import type { Timer } from "../../timer/timers.ts";
import { type AioContext, type Cancellable, contextsOf } from "./context.ts";
import { ownSizes } from "./sizes.ts";

type Iocb = Values<(typeof iocbStruct)["fields"]>;

/** A request with the files that it holds. */
export class AioRequest {
  readonly context: AioContext;
  readonly task: Task;
  readonly iocb: Iocb;
  readonly obj: bigint;
  readonly file: FileDescription;
  readonly eventfd: EventFile | undefined;
  constructor(context: AioContext, task: Task, iocb: Iocb, obj: number, file: FileDescription, eventfd: EventFile | undefined) {
    this.context = context;
    this.task = task;
    this.iocb = iocb;
    this.obj = BigInt(obj);
    this.file = file.hold();
    this.eventfd = eventfd?.hold() as EventFile | undefined;
  }
  complete(res: number): void {
    const { context, iocb, obj, eventfd } = this;
    if (!context.ended) context.complete({ data: iocb.data, obj, res }, eventfd);
    this.drop();
  }
  drop(): void {
    this.file.drop();
    this.eventfd?.drop();
  }
}

/** A read or write: the arguments of `readInto` and `writeFrom`. */
interface Move {
  readonly writes: boolean;
  readonly segments: Parameters<typeof readInto>[2];
  readonly offset: number | undefined;
  readonly nowait: boolean;
}
const isWait = (result: Result): result is Wait => typeof result === "object" && "on" in result;
/** A read or write that waits. The call waits for it, in a state of its own. */
export class AioTransfer implements Held {
  readonly request: AioRequest;
  private readonly _move: Move;
  private _waited: Waited = { expired: false };
  constructor(request: AioRequest, move: Move) {
    this.request = request;
    this._move = move;
  }
  /** Does some work with the waiting state of the transfer in place of the call's. */
  private _apart<T>(work: () => T): T {
    const { task } = this.request;
    const ofCall = task.waited;
    task.waited = this._waited;
    try {
      return work();
    } finally {
      this._waited = task.waited;
      task.waited = ofCall;
    }
  }
  /** Undefined: it is done. */
  step(): Wait | undefined {
    const { task, file } = this.request;
    const { writes, segments, offset, nowait } = this._move;
    this._waited.expired = task.waited.expired;
    const result = this._apart((): Result => {
      const moved = (writes ? writeFrom : readInto)(task, file, segments, offset, nowait);
      if (!isWait(moved)) endWaiting(task);
      return moved;
    });
    if (isWait(result)) return result;
    this.request.complete(typeof result === "number" ? result : 0);
    return undefined;
  }
  /** A signal interrupts it: it cannot be restarted, because others are done. Linux aio_rw_done(). */
  drop(): void {
    this._apart(() => endWaiting(this.request.task));
    this.request.complete(-E.EINTR);
  }
}

/** The events of a wake, which the result has unmasked. Linux aio_poll_wake(). */
const told = (events: number): number => events | (events & POLLIN ? POLLRDNORM : 0) | (events & POLLOUT ? POLLWRNORM : 0);
/** A poll that waits for its events. */
export class AioPoll implements Cancellable, Sleeper, Timer {
  private readonly _request: AioRequest;
  private readonly _events: number;
  constructor(request: AioRequest, events: number) {
    this._request = request;
    this._events = events;
    request.context.waiting.add(this);
    request.context.kernel.frames.account.force(ownSizes.aioRequest);
    for (const queue of request.file.queues(events)) queue.sleepers.add(this);
  }
  get obj(): bigint {
    return this._request.obj;
  }
  wake(): void {
    const { kernel } = this._request.context;
    kernel.timers.set(this, kernel.now);
  }
  fire(): void {
    const now = this._request.file.poll(this._request.task);
    if ((now & this._events) !== 0) this._end(now & told(this._events));
  }
  cancel(): void {
    this._end(0);
  }
  private _end(mask: number): void {
    const { context, file } = this._request;
    for (const queue of file.queues(this._events)) queue.sleepers.delete(this);
    context.kernel.timers.cancel(this);
    context.waiting.delete(this);
    context.kernel.frames.account.give(ownSizes.aioRequest);
    this._request.complete(mask);
  }
}

const transfer = (request: AioRequest, writes: boolean, vectored: boolean, abi: Abi): AioTransfer | number => {
  const { iocb, file, task } = request;
  const priority = (iocb.flags & IOCB_FLAG.IOPRIO) !== 0 ? checkPriority(task, iocb.reqprio & 0xffff) : 0;
  if (priority < 0) return priority;
  if (iocb.rw_flags & ~RWF_SUPPORTED || (iocb.rw_flags & RWF_APPEND && !writes)) return -E.EOPNOTSUPP;
  if (!(writes ? file.writable : file.readable)) return -E.EBADF;
  if (file.inode.isDir) return -E.EINVAL;
  const at = (iocb.buf < 2n ** 47n ? Number(iocb.buf) : -1) as VAddr;
  const n = Number(iocb.nbytes);
  const list = vectored ? importIovec(task, at, n, abi) : oneSegment(at, n, x64);
  if (typeof list === "number") return list;
  if (iocb.offset < 0n) return -E.EINVAL;
  const positioned = file.seekable || file.positioned;
  const appends = (iocb.rw_flags & RWF_APPEND) !== 0;
  const offset = positioned ? (appends ? file.inode.size : Number(iocb.offset)) : undefined;
  const nowait = (iocb.rw_flags & RWF_NOWAIT) !== 0;
  return new AioTransfer(request, { writes, segments: list, offset, nowait });
};
const sync = (request: AioRequest): number => {
  const { iocb, file } = request;
  if (iocb.buf !== 0n || iocb.offset !== 0n || iocb.nbytes !== 0n || iocb.rw_flags !== 0) return -E.EINVAL;
  if (!file.inode.isFile && !file.inode.isDir) return -E.EINVAL;
  if (file.inode instanceof RegularInode) file.inode.pages?.sync();
  request.complete(0);
  return 0;
};
const poll = (request: AioRequest): number => {
  const { iocb, file, task } = request;
  if (iocb.buf > 0xffffn || iocb.offset !== 0n || iocb.nbytes !== 0n || iocb.rw_flags !== 0) return -E.EINVAL;
  const events = Number(iocb.buf) | POLLERR | POLLHUP;
  const mask = file.poll(task) & events;
  if (mask !== 0) request.complete(mask);
  else if (file.queues(events).length === 0) return -E.EINVAL;
  else new AioPoll(request, events);
  return 0;
};
const begin = (request: AioRequest, abi: Abi): AioTransfer | number => {
  switch (request.iocb.opcode) {
    case IOCB_CMD.PREAD:
      return transfer(request, false, false, abi);
    case IOCB_CMD.PWRITE:
      return transfer(request, true, false, abi);
    case IOCB_CMD.PREADV:
      return transfer(request, false, true, abi);
    case IOCB_CMD.PWRITEV:
      return transfer(request, true, true, abi);
    case IOCB_CMD.FSYNC:
    case IOCB_CMD.FDSYNC:
      return sync(request);
    case IOCB_CMD.POLL:
      return poll(request);
    default:
      return -E.EINVAL;
  }
};

/** One request: a transfer that has to be done, 0, or -errno. */
const submitOne = (t: Task, context: AioContext, at: number, abi: Abi): AioTransfer | number => {
  t.kernel.charge(cost.call);
  const bytes = t.mem.read(at, iocbStruct.size(x64));
  if (!bytes) return -E.EFAULT;
  const iocb = iocbStruct.decode(bytes, x64);
  if (iocb.reserved2 !== 0n || iocb.nbytes >= 2n ** 63n) return -E.EINVAL;
  if (!context.take()) return -E.EAGAIN;
  const failed = prepare(t, context, at, iocb, abi);
  if (typeof failed === "number" && failed < 0) context.giveBack();
  return failed;
};
const prepare = (t: Task, context: AioContext, at: number, iocb: Iocb, abi: Abi): AioTransfer | number => {
  const file = t.files.get(iocb.fildes | 0);
  if (!file) return -E.EBADF;
  const eventfd = (iocb.flags & IOCB_FLAG.RESFD) !== 0 ? t.files.get(iocb.resfd | 0) : undefined;
  if ((iocb.flags & IOCB_FLAG.RESFD) !== 0 && !eventfd) return -E.EBADF;
  if (eventfd && !(eventfd instanceof EventFile)) return -E.EINVAL;
  if (!t.mem.setU32(at + IOCB_KEY, 0)) return -E.EFAULT;
  const request = new AioRequest(context, t, iocb, at, file, eventfd);
  const failed = begin(request, abi);
  if (typeof failed === "number" && failed < 0) request.drop();
  return failed;
};

/** A call that waits or has done a piece. */
interface Submitting {
  readonly context: AioContext;
  done: number;
  running: AioTransfer | undefined;
}
/** Requests between two looks at other tasks. */
const PIECE = 256;

/** io_submit(2): the number of requests, or -errno of the first one. */
export const submit = (t: Task, id: number, nr: number, list: VAddr, abi: Abi): Result => {
  const begun = t.waited.data as Submitting | undefined;
  if (nr < 0) return -E.EINVAL;
  const context = begun?.context ?? contextsOf(t).find(t.mem, id);
  if (!context) return -E.EINVAL;
  const state = begun ?? { context, done: 0, running: undefined };
  const count = Math.min(nr, context.places);
  for (let piece = 0; state.done < count; piece++, state.done++) {
    if (piece === PIECE) {
      t.waited.data = state;
      return again({ interrupted: -state.done });
    }
    const running = state.running ?? next(t, state, list, abi);
    if (typeof running === "number") {
      if (running < 0) return state.done > 0 ? state.done : running;
      continue;
    }
    state.running = running;
    const until = running.step();
    if (until) return suspend(t, state, running, until);
    state.running = undefined;
    t.waited.held = undefined;
  }
  return state.done;
};
const next = (t: Task, { context, done }: Submitting, list: VAddr, abi: Abi): AioTransfer | number => {
  const entry = list + done * abi.long;
  if (t.mem.u8(entry) < 0 || t.mem.u8(entry + abi.long - 1) < 0) return -E.EFAULT;
  return submitOne(t, context, t.mem.word(entry, abi.long), abi);
};
const suspend = (t: Task, state: Submitting, running: AioTransfer, until: Wait): Wait => {
  t.waited.data = state;
  t.waited.held = running;
  return { ...until, interrupted: -(state.done + 1) };
};
