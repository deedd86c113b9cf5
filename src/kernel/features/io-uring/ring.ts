// An io_uring instance: its rings, completions, registered files and buffers, and requests in progress. man 7
// io_uring; Linux io_uring/io_uring.c.
import type { Abi } from "../../../abi/abi.ts";
import { E } from "../../../abi/errno.ts";
import { O_RDWR } from "../../../abi/uapi/fcntl.ts";
import { BUFFER_RING_SHIFT, CQ_EVENTFD_DISABLED, CQE_SIZE, OFFSET, SETUP, SQ_RING, SQE_SIZE } from "../../../abi/uapi/io-uring.ts";
import type { MappedFile } from "../../../memory/backing.ts";
import { OrderedMap } from "../../../memory/ordered-map.ts";
import { Fifo } from "../../base/fifo.ts";
import { RLIMIT } from "../../base/rlimit.ts";
import { WaitQueue } from "../../base/wait.ts";
import type { Kernel } from "../../core/kernel.ts";
import type { Task } from "../../core/task.ts";
import type { Cred } from "../../cred/cred.ts";
import { ByteQueue } from "../../fs/files/byte-queue.ts";
import type { EventFile } from "../../fs/files/eventfd.ts";
import { SharedPages } from "../../fs/files/shared-pages.ts";
import type { Path } from "../../fs/vfs/dentry.ts";
import { FileDescription, POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM } from "../../fs/vfs/file.ts";
import type { Or } from "../../fs/vfs/inode.ts";
import type { OffsetClock } from "../../task/time-namespace.ts";
import type { BufferGroups } from "./buffers.ts";
import type { FixedFiles } from "./fixed-files.ts";
import { ringsPart } from "./part.ts";
import type { Poller } from "./poller.ts";
import type { UringRequest } from "./request.ts";
import type { Resource } from "./resource.ts";
import { ownSizes } from "./sizes.ts";
import { Starting } from "./starting.ts";

/** Places in the ring's pages, in bytes: struct io_rings. */
// biome-ignore format: table
export const PLACE = {
  sqHead: 0, sqTail: 4, cqHead: 8, cqTail: 12, sqMask: 16, cqMask: 20, sqEntries: 24, cqEntries: 28, sqDropped: 32, sqFlags: 36,
  cqFlags: 40, cqOverflow: 44, cqes: 64,
} as const;
/** The name of its memory in /proc/PID/maps. */
export const RING_PATH = "anon_inode:[io_uring]";
const CACHE_LINE = 64;

/** The numbers of entries of both rings, and IORING_SETUP flags. */
export interface RingShape {
  readonly sq: number;
  readonly cq: number;
  readonly flags: number;
}
const cqeSize = ({ flags }: RingShape): number => ((flags & SETUP.CQE32) !== 0 ? 2 : 1) * CQE_SIZE;
/** Bytes of a submission entry. */
export const sqeSize = ({ flags }: RingShape): number => ((flags & SETUP.SQE128) !== 0 ? 2 : 1) * SQE_SIZE;
/** The place of the array of submissions' indexes. */
export const arrayPlace = (shape: RingShape): number => Math.ceil((PLACE.cqes + shape.cq * cqeSize(shape)) / CACHE_LINE) * CACHE_LINE;
const hasArray = ({ flags }: RingShape): boolean => (flags & SETUP.NO_SQARRAY) === 0;

/** A registered buffer: a range of the registering task's memory. */
export interface FixedBuffer {
  readonly at: number;
  readonly length: number;
  readonly resource: Resource;
}

/** Restrictions of a ring. Linux struct io_restriction. */
export interface Restrictions {
  readonly registers: ReadonlySet<number>;
  readonly operations: ReadonlySet<number>;
  readonly allowed: number;
  readonly required: number;
}

/** The greatest number of registered credentials. */
const MOST_PERSONALITIES = 0xffff;

/** A chain that is being read: its first and its last request, and if one of it was refused. */
export interface Chain {
  readonly head: UringRequest;
  tail: UringRequest;
  broken: boolean;
}

/** The file description of io_uring_setup(2). */
export class UringFile extends FileDescription {
  readonly kernel: Kernel;
  /** The ABI of structures that requests point to. */
  readonly abi: Abi;
  readonly shape: RingShape;
  readonly ring: SharedPages;
  readonly sqes: SharedPages;
  /** Woken by completions. */
  readonly completions = new WaitQueue();
  /** Woken when submissions were consumed. */
  readonly consumed = new WaitQueue();
  /** Requests that have begun and not ended, in order. */
  readonly requests = new Set<UringRequest>();
  private readonly _starting = new Starting(this);
  /** A chain whose last entry is not read yet: the rest comes with the next piece of the call. */
  reading: Chain | undefined = undefined;
  /** Requests that wait for the end of all before them: IOSQE_IO_DRAIN. */
  readonly drained = new Fifo<UringRequest>();
  /** The number of completions so far, for timeouts that count them. */
  completed = 0;
  /** Timeouts that count completions, by the count that ends them. */
  private readonly _counting = new OrderedMap<Set<UringRequest>>();
  disabled: boolean;
  /** A submission without a completion was seen, so the end of all before one is not known. */
  drainDisabled = false;
  /** IORING_REGISTER_CLOCK: the clock of times in io_uring_enter(2). */
  clock: OffsetClock = "monotonic";
  /** IORING_REGISTER_IOWQ_MAX_WORKERS: of bounded and of unbounded work. */
  workers: readonly [number, number];
  restrictions: Restrictions | undefined = undefined;
  files: FixedFiles | undefined = undefined;
  private _buffers: (FixedBuffer | undefined)[] | undefined = undefined;
  eventfd: { readonly file: EventFile; readonly async: boolean } | undefined = undefined;
  groups: BufferGroups | undefined = undefined;
  readonly personalities = new Map<number, Cred>();
  private _lastPersonality = 0;
  poller: Poller | undefined = undefined;
  /** The task that made or enabled the ring. */
  submitter: Task;
  /** Completions without a place in the ring, as they are in the ring. */
  private readonly _overflow = new ByteQueue();
  ended = false;

  constructor(task: Task, path: Path, shape: RingShape, abi: Abi) {
    super(path.dentry.inode, O_RDWR, path);
    const { frames } = task.kernel;
    this.kernel = task.kernel;
    this.submitter = task;
    this.abi = abi;
    this.shape = shape;
    this.workers = [Math.min(shape.sq, 4 * task.kernel.cpus), Math.min(0x7fff_ffff, task.process.limit(RLIMIT.NPROC))];
    this.disabled = (shape.flags & SETUP.R_DISABLED) !== 0;
    this.ring = new SharedPages(frames, arrayPlace(shape) + (hasArray(shape) ? 4 * shape.sq : 0), RING_PATH);
    this.sqes = new SharedPages(frames, shape.sq * sqeSize(shape), RING_PATH);
  }
  /** Makes the rings' memory. False: memory is short. */
  begin(): boolean {
    if (!this.ring.fill()) return false;
    if (!this.sqes.fill()) {
      this.ring.end();
      return false;
    }
    const { ring, shape } = this;
    ring.setU32(PLACE.sqMask, shape.sq - 1);
    ring.setU32(PLACE.cqMask, shape.cq - 1);
    ring.setU32(PLACE.sqEntries, shape.sq);
    ring.setU32(PLACE.cqEntries, shape.cq);
    return true;
  }

  /** Begins a request, or has it begin soon. */
  start(request: UringRequest): void {
    this.requests.add(request);
    this._starting.add(request);
  }
  /** Registered buffers. */
  get buffers(): (FixedBuffer | undefined)[] | undefined {
    return this._buffers;
  }
  /** Replaces them: 0 or -ENOMEM. */
  setBuffers(buffers: (FixedBuffer | undefined)[] | undefined): number {
    const weight = (list: typeof buffers): number => (list?.length ?? 0) * ownSizes.fixedBuffer;
    if (!this.kernel.frames.account.resize(weight(this._buffers), weight(buffers))) return -E.ENOMEM;
    this._buffers = buffers;
    return 0;
  }
  /** Registers credentials: their number, or -errno. */
  addPersonality(cred: Cred): number {
    if (this._lastPersonality >= MOST_PERSONALITIES) return -E.ENOSPC;
    if (!this.kernel.frames.account.take(ownSizes.personality)) return -E.ENOMEM;
    this.personalities.set(++this._lastPersonality, cred);
    return this._lastPersonality;
  }
  /** False: there is none of that number. */
  removePersonality(number: number): boolean {
    if (!this.personalities.delete(number)) return false;
    this.kernel.frames.account.give(ownSizes.personality);
    return true;
  }
  /** A timeout ends as soon as so many completions were posted. */
  count(request: UringRequest): void {
    const { target } = request;
    const others = this._counting.get(target);
    if (others) others.add(request);
    else this._counting.set(target, new Set([request]));
  }
  uncount(request: UringRequest): void {
    const others = this._counting.get(request.target);
    if (others?.delete(request) && others.size === 0) this._counting.delete(request.target);
  }
  /** Begins a submitted request, or keeps it until all before it have ended (IOSQE_IO_DRAIN). */
  submit(request: UringRequest): void {
    if (this.drained.length > 0 || (request.drains && this.requests.size > 0)) this.drained.push(request);
    else this.start(request);
  }
  /** A request has ended: requests that waited for it begin. */
  requestEnded(): void {
    for (let first = this.drained.at(0); first && !(first.drains && this.requests.size > 0); first = this.drained.at(0)) {
      this.drained.shift();
      this.start(first);
    }
  }

  /** True for a ring of another task alone: IORING_SETUP_SINGLE_ISSUER. */
  isClosedTo(task: Task): boolean {
    return (this.shape.flags & SETUP.SINGLE_ISSUER) !== 0 && !this.disabled && this.submitter !== task;
  }
  /** The value of the ring's clock at boot, as a task sees it: nanoseconds. */
  clockStart(task: Task): number {
    return task.namespaces.time.nanoseconds(this.clock);
  }
  /** Unregisters all buffers. */
  endBuffers(): void {
    for (const buffer of this._buffers ?? []) buffer?.resource.drop();
    this.setBuffers(undefined);
  }
  /** The number of submissions that wait in the ring. */
  get submissions(): number {
    return Math.min(this.shape.sq, (this.ring.u32(PLACE.sqTail) - this.ring.u32(PLACE.sqHead)) >>> 0);
  }
  /** Takes the next submission: its bytes, or undefined if its index is bad. Linux io_get_sqe(). */
  takeSubmission(): Uint8Array | undefined {
    const { ring, shape } = this;
    const head = ring.u32(PLACE.sqHead);
    let index = head & (shape.sq - 1);
    if (hasArray(shape)) index = ring.u32(arrayPlace(shape) + 4 * index);
    ring.setU32(PLACE.sqHead, (head + 1) >>> 0);
    if (index < shape.sq) return this.sqes.bytes(index * sqeSize(shape), SQE_SIZE);
    ring.setU32(PLACE.sqDropped, (ring.u32(PLACE.sqDropped) + 1) >>> 0);
    return undefined;
  }

  /** The number of completions that wait in the ring. */
  get waiting(): number {
    return (this.ring.u32(PLACE.cqTail) - this.ring.u32(PLACE.cqHead)) >>> 0;
  }
  /** Adds a completion. False: memory is short, so it is lost. Linux io_fill_cqe_aux(). */
  post(user: bigint, result: number, flags = 0, counts = true): boolean {
    if (this.ended) return false;
    const lost = this._overflow.length > 0 || !this._put(user, result, flags) ? !this._overflows(user, result, flags) : false;
    this._posted(counts);
    return !lost;
  }
  /** Adds a completion if the ring has a place for it. Linux io_req_post_cqe(). */
  postIfRoom(user: bigint, result: number, flags: number): boolean {
    if (this.ended || this._overflow.length > 0 || !this._put(user, result, flags)) return false;
    this._posted(true);
    return true;
  }
  private _posted(counts: boolean): void {
    if (counts) this.completed++;
    this._announce();
    for (let first = this._counting.from(0); first && this._counting.at <= this.completed; first = this._counting.from(0)) {
      const [request] = first;
      request?.counted();
    }
  }
  private _put(user: bigint, result: number, flags: number): boolean {
    const { ring, shape } = this;
    if (this.waiting >= shape.cq) return false;
    const tail = ring.u32(PLACE.cqTail);
    const at = PLACE.cqes + (tail & (shape.cq - 1)) * cqeSize(shape);
    ring.setU64(at, user);
    ring.setU32(at + 8, result >>> 0);
    ring.setU32(at + 12, flags);
    ring.setU32(PLACE.cqTail, (tail + 1) >>> 0);
    return true;
  }
  private _overflows(user: bigint, result: number, flags: number): boolean {
    const { ring } = this;
    if (!this.kernel.frames.account.take(ownSizes.completion)) {
      ring.setU32(PLACE.cqOverflow, (ring.u32(PLACE.cqOverflow) + 1) >>> 0);
      return false;
    }
    const entry = new DataView(new ArrayBuffer(CQE_SIZE));
    entry.setBigUint64(0, user);
    entry.setInt32(8, result);
    entry.setUint32(12, flags);
    this._overflow.put(new Uint8Array(entry.buffer));
    this._flag(SQ_RING.CQ_OVERFLOW, true);
    return true;
  }
  /** Moves completions into the ring that had no place before. */
  flushOverflow(): void {
    while (this._overflow.length > 0 && this.waiting < this.shape.cq) {
      const { buffer, byteOffset } = this._overflow.take(CQE_SIZE);
      const entry = new DataView(buffer, byteOffset);
      this._put(entry.getBigUint64(0), entry.getInt32(8), entry.getUint32(12));
      this.kernel.frames.account.give(ownSizes.completion);
    }
    if (this._overflow.length === 0) this._flag(SQ_RING.CQ_OVERFLOW, false);
  }
  get hasOverflow(): boolean {
    return this._overflow.length > 0;
  }
  /** Sets a bit of the submission ring's flags. */
  private _flag(bit: number, on: boolean): void {
    const flags = this.ring.u32(PLACE.sqFlags);
    const next = on ? flags | bit : flags & ~bit;
    if (next !== flags) this.ring.setU32(PLACE.sqFlags, next >>> 0);
  }
  needsWakeup(on: boolean): void {
    this._flag(SQ_RING.NEED_WAKEUP, on);
  }
  private _announce(): void {
    this.completions.wake();
    if (!this.eventfd || (this.ring.u32(PLACE.cqFlags) & CQ_EVENTFD_DISABLED) !== 0) return;
    this.eventfd.file.tell();
  }

  /** The part of the rings at an offset for mmap(2). Linux io_uring_validate_mmap_request(). */
  override mapping(_task: Task, offset = 0): Or<MappedFile> {
    const which = (offset & OFFSET.MASK) >>> 0;
    const part = which === OFFSET.SQ_RING || which === OFFSET.CQ_RING ? this.ring : which === OFFSET.SQES ? this.sqes : undefined;
    if (which === OFFSET.BUFFERS) {
      const file = this.groups?.mapping((offset - OFFSET.BUFFERS) / 2 ** BUFFER_RING_SHIFT);
      return file ? { ...file, begin: offset } : -E.ENOMEM;
    }
    // Linux io_uring_get_unmapped_area().
    if (!part) return -E.ENOMEM;
    return { ...part.file, begin: offset };
  }
  override poll(): number {
    const full = this.submissions === this.shape.sq;
    return (full ? 0 : POLLOUT | POLLWRNORM) | (this.waiting > 0 || this.hasOverflow ? POLLIN | POLLRDNORM : 0);
  }
  override queues(): readonly WaitQueue[] {
    return [this.completions];
  }
  /**
   * A task ends (only requests on rings end now), or it executes another program (`all` end). Linux
   * io_match_task().
   */
  leave(task: Task, all: boolean): void {
    if (this.reading?.head.task === task) this._unread();
    for (const request of [...this.requests]) {
      if (request.task !== task) continue;
      if (all || request.file instanceof UringFile) request.cancel();
      else request.orphaned = true;
    }
  }
  /** Cancels a chain that is not read to its end. */
  private _unread(): void {
    const { reading } = this;
    this.reading = undefined;
    if (!reading) return;
    this.requests.add(reading.head);
    reading.head.cancel();
  }
  override release(): void {
    this.ended = true;
    this.poller?.end();
    this._unread();
    while (this.personalities.size > 0) this.removePersonality(this.personalities.keys().next().value as number);
    for (const request of [...this.requests]) request.cancel();
    while (this.drained.length > 0) this.drained.shift()?.cancel();
    this.kernel.frames.account.give((this._overflow.length / CQE_SIZE) * ownSizes.completion);
    this._overflow.clear();
    this.files?.end();
    this.endBuffers();
    this.groups?.end();
    this.eventfd?.file.drop();
    this.ring.end();
    this.sqes.end();
    for (const user of this.kernel.tasks.values()) ringsPart.of(user)?.rings.delete(this);
  }
}
