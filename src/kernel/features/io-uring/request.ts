// One request of a ring. It runs in the name of its submitter: at once if it does not block, else again when
// its queues wake. Linux struct io_kiocb, io_issue_sqe(), io_poll.

import { E } from "../../../abi/errno.ts";
import { RWF_NOWAIT } from "../../../abi/uapi/fs.ts";
import { ACCEPT, CQE_F, OP, SETUP, SQE_FLAG } from "../../../abi/uapi/io-uring.ts";
import { cost } from "../../base/cost.ts";
import { endWaiting, type Wait, type Waited, wait } from "../../base/wait.ts";
import type { Result } from "../../core/result.ts";
import type { Task } from "../../core/task.ts";
import { type FileDescription, POLLIN, POLLOUT } from "../../fs/vfs/file.ts";
import type { Timer } from "../../timer/timers.ts";
import type { UringOperation } from "./operation.ts";
import type { Resource } from "./resource.ts";
import type { UringFile } from "./ring.ts";
import { ownSizes } from "./sizes.ts";

/** The members of a submission, as numbers where they are exact. */
export interface Sqe {
  readonly opcode: number;
  readonly flags: number;
  readonly ioprio: number;
  readonly fd: number;
  readonly off: bigint;
  readonly addr: bigint;
  readonly len: number;
  readonly rw_flags: number;
  readonly user_data: bigint;
  readonly buf_index: number;
  readonly personality: number;
  readonly file_index: number;
  readonly addr3: bigint;
  readonly pad2: bigint;
}

/**
 * The submitter as handlers see it: an object over the task, with a state of waiting of its own, and woken
 * apart from it.
 */
const workerOf = (request: UringRequest, task: Task): Task => {
  const own = {
    waited: { expired: false } satisfies Waited,
    cred: task.cred,
    files: task.files,
    noPipeSignal: true,
    waker: request,
  };
  return Object.assign(Object.create(task) as Task, own);
};
/** Work for the submitter's return to user code that a handler has noted at its worker. */
const passOnWork = (worker: Task, task: Task): void => {
  if (!Object.hasOwn(worker, "exitWork")) return;
  task.exitWork |= worker.exitWork;
  Reflect.deleteProperty(worker, "exitWork");
};

const MSG_DONTWAIT = 0x40;
const isTransfer: ReadonlySet<number> = new Set([OP.READ, OP.WRITE, OP.READV, OP.WRITEV, OP.READ_FIXED, OP.WRITE_FIXED, OP.READ_MULTISHOT]);

/** A request from its submission to its completion. */
export class UringRequest implements Timer {
  readonly ring: UringFile;
  readonly sqe: Sqe;
  readonly task: Task;
  readonly worker: Task;
  readonly operation: UringOperation;
  /** The request that begins after this one has succeeded (a link). */
  next: UringRequest | undefined = undefined;
  /** A linked timeout of this request, and the request that it limits. */
  limit: UringRequest | undefined = undefined;
  limits: UringRequest | undefined = undefined;
  /** The file that the operation works on, held until the end. */
  file: FileDescription | undefined = undefined;
  /** A timeout: the number of completions that ends it. */
  target = Number.POSITIVE_INFINITY;
  /** The end of a timeout, in nanoseconds; the completions of a repeated one; the events of a poll. */
  deadline: number | undefined = undefined;
  shots = 0;
  events: number | undefined = undefined;
  user: bigint;
  /** The flags of its completion. */
  flags = 0;
  /** True for a timeout, which does not count as a completion of others. */
  isTimeout = false;
  /** A negative result does not break the chain. */
  succeeds = false;
  /** The submitter has ended: a request that wakes later is cancelled. Linux io_should_terminate_tw(). */
  orphaned = false;
  /** Cancelled with its chain: true without a completion, false with one. The flag does not count then. */
  private _silent: boolean | undefined = undefined;
  /** Uses of registered files and buffers, which end with the request. */
  private _resources: Resource[] = [];
  /** The result of a request that is to be cancelled soon. */
  private _cancelled = false;
  /** True if its result breaks a chain: a negative one, or a transfer that is not complete. */
  failed = false;
  done = false;
  /** The result of a submission that was refused. */
  refusal: number = -E.ECANCELED;
  private _begun = false;
  private _wait: Wait | undefined = undefined;
  private _woken = false;

  constructor(ring: UringFile, sqe: Sqe, task: Task, operation: UringOperation) {
    this.ring = ring;
    this.sqe = sqe;
    this.task = task;
    this.operation = operation;
    this.user = sqe.user_data;
    this.worker = workerOf(this, task);
    const personality = ring.personalities.get(sqe.personality);
    if (personality) this.worker.cred = personality;
    ring.kernel.frames.account.force(ownSizes.uringRequest);
  }

  /** IOSQE_IO_DRAIN of it or of a request that it is linked to. */
  get drains(): boolean {
    return (this.sqe.flags & SQE_FLAG.IO_DRAIN) !== 0;
  }

  /** Called by the ring. */
  begin(): void {
    if (this.done) return;
    const bad = this.operation.file ? this._findFile() : 0;
    if (bad < 0) return this.complete(bad);
    this._begun = true;
    if (this.limit) this.ring.start(this.limit);
    if (((this.sqe.flags & SQE_FLAG.ASYNC) !== 0 || this.operation.async) && !this.limits) this._soon();
    else this._run();
  }
  /** The file is found when the request begins: one before it in its chain may have opened it. */
  private _findFile(): number {
    const { sqe, ring, task } = this;
    const isFixed = (sqe.flags & SQE_FLAG.FIXED_FILE) !== 0;
    const file = isFixed ? ring.files?.get(sqe.fd) : task.files.get(sqe.fd);
    if (!file) return -E.EBADF;
    this.file = file.hold();
    if (isFixed) {
      this.uses(ring.files?.resource(sqe.fd));
    }
    return 0;
  }
  /** Holds a registered file or buffer until the end. */
  uses(resource: Resource | undefined): void {
    if (resource && !this._resources.includes(resource)) this._resources.push(resource.hold());
  }
  private _run(): void {
    if (this.done) return;
    if (this.orphaned && !this.isTimeout) {
      // Only the submitter would have run the work of such a ring.
      if ((this.ring.shape.flags & SETUP.DEFER_TASKRUN) === 0) this.complete(-E.ECANCELED);
      return;
    }
    const result = this._work();
    if (result === -E.EAGAIN && this.operation.polls && this.file && !this._mayNotWait()) {
      endWaiting(this.worker);
      this._sleep(wait(this.file.queues(this.operation.polls === "in" ? POLLIN : POLLOUT)));
    } else if (typeof result === "number") this.complete(result);
    else if ("on" in result) this._sleep(result);
  }
  /** A registered file has a number for the handler, as long as it works. */
  private _work(): Result {
    const { files } = this.worker;
    const { unnumbered } = files;
    const isFixed = (this.sqe.flags & SQE_FLAG.FIXED_FILE) !== 0;
    files.unnumbered = isFixed ? this.file : undefined;
    try {
      return this.operation.work(this);
    } finally {
      files.unnumbered = unnumbered;
      passOnWork(this.worker, this.task);
    }
  }
  /** RWF_NOWAIT, MSG_DONTWAIT, IORING_ACCEPT_DONTWAIT. */
  private _mayNotWait(): boolean {
    const { opcode, rw_flags, ioprio } = this.sqe;
    if (opcode === OP.ACCEPT) return (ioprio & ACCEPT.DONTWAIT) !== 0;
    return (rw_flags & (isTransfer.has(opcode) ? RWF_NOWAIT : MSG_DONTWAIT)) !== 0;
  }
  private _sleep(until: Wait): void {
    const { timers } = this.ring.kernel;
    this._wait = until;
    this._woken = false;
    for (const queue of until.on) queue.sleepers.add(this.worker);
    if (until.continues) this._soon();
    else if (until.until !== undefined) timers.set(this, until.until);
  }
  private _leaveQueues(): void {
    for (const queue of this._wait?.on ?? []) queue.sleepers.delete(this.worker);
    this._wait = undefined;
    this.ring.kernel.timers.cancel(this);
  }
  /** A queue has woken it: it runs at the next point at which timers do. */
  woken(): void {
    if (this.done || !this._begun || this._woken || this._cancelled) return;
    this._leaveQueues();
    this._woken = true;
    this._soon();
  }
  private _soon(): void {
    this.ring.kernel.timers.set(this, this.ring.kernel.now);
  }
  /** Enough completions were posted for a timeout that counts them. */
  counted(): void {
    this.complete(0);
  }
  fire(): void {
    this.ring.kernel.charge(cost.call);
    if (!this._woken && this._wait && !this._wait.continues) this.worker.waited.expired = true;
    this._woken = false;
    this._leaveQueues();
    if (this._cancelled) this.cancel();
    else this._run();
  }

  /** A completion before the last one. False: the ring is full, so the request ends. */
  more(result: number, flags = 0): boolean {
    return this.ring.postIfRoom(this.user, result, flags | CQE_F.MORE);
  }
  /** Ends the request. */
  complete(result: number): void {
    if (this.done) return;
    this._end();
    if (result < 0 && !this.succeeds) this.failed = true;
    // A linked timeout that has cancelled its request has not failed itself.
    const quiet = this._silent ?? (this.skips && (!this.failed || this.limits !== undefined));
    if (!quiet) this.ring.post(this.user, result, this.flags, !this.isTimeout);
    for (const resource of this._resources) resource.drop();
    this._resources = [];
    this._goOn();
  }
  /** IOSQE_CQE_SKIP_SUCCESS. */
  get skips(): boolean {
    return (this.sqe.flags & SQE_FLAG.CQE_SKIP_SUCCESS) !== 0;
  }
  private _end(): void {
    this.done = true;
    this._leaveQueues();
    endWaiting(this.worker);
    this.file?.drop();
    this.file = undefined;
    this.ring.requests.delete(this);
    this.ring.uncount(this);
    this.ring.kernel.frames.account.give(ownSizes.uringRequest);
  }
  /** Begins or cancels the rest of the chain. */
  private _goOn(): void {
    const { limit, next } = this;
    this.limit = this.next = undefined;
    if (limit && !limit.done) {
      limit._silent ??= limit.skips;
      limit.complete(-E.ECANCELED);
    }
    if (next) {
      if (this.failed && (this.sqe.flags & SQE_FLAG.IO_HARDLINK) === 0) next.cancelChain(this.skips);
      else this.ring.start(next);
    }
    this.ring.requestEnded();
  }
  /** A refused chain: its first request has a completion, and says if the others have one. */
  refuseChain(): void {
    this.cancelChain(this.skips);
    this._silent = false;
  }
  /**
   * A chain that does not begin: each of its requests is cancelled, in order. `silent`: without completions,
   * because the failed request before it asked for none. Linux io_fail_links().
   */
  cancelChain(silent: boolean): void {
    for (let each: UringRequest | undefined = this; each; ) {
      const { next, limit }: UringRequest = each;
      each.next = each.limit = undefined;
      for (const request of [each, limit]) {
        if (!request || request.done) continue;
        request._silent = silent;
        this.ring.requests.add(request);
        request.cancelSoon();
      }
      each = next;
    }
  }
  /** Cancels the request after the running one has completed. False: it is being cancelled already. */
  cancelSoon(): boolean {
    if (this._cancelled || this.done) return false;
    this._cancelled = true;
    this._leaveQueues();
    this._soon();
    return true;
  }
  /** Cancels the request, with its result ECANCELED. */
  cancel(): void {
    this.complete(this.refusal);
  }
}
