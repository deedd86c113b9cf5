// An instance of userfaultfd(2): faults that wait, and requests that serve them. man 2 userfaultfd,
// ioctl_userfaultfd; Linux fs/userfaultfd.c.
import { x64 } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import type { Fields, Struct, Values } from "../../../abi/struct.ts";
import { O_NONBLOCK, O_RDWR } from "../../../abi/uapi/fcntl.ts";
import {
  API_IOCTLS,
  FAULT_FLAG,
  FEATURE,
  MODE,
  RANGE_IOCTLS,
  REGISTER_MODE,
  UFFD_API,
  UFFD_EVENT_PAGEFAULT,
  UFFDIO,
  uffdioApi,
  uffdioCopy,
  uffdioFill,
  uffdioRange,
  uffdioRegister,
  uffdioWriteprotect,
  uffdMessage,
} from "../../../abi/uapi/userfaultfd.ts";
import { PAGE_SIZE } from "../../../memory/frames.ts";
import type { AddressSpace } from "../../../memory/space.ts";
import { VM, type Vma } from "../../../memory/vma.ts";
import { cost } from "../../base/cost.ts";
import { sizes } from "../../base/sizes.ts";
import { type Sleeper, WaitQueue } from "../../base/wait.ts";
import type { Kernel } from "../../core/kernel.ts";
import type { Task } from "../../core/task.ts";
import { FileDescription, POLLERR, POLLIN } from "../../fs/vfs/file.ts";
import type { Or } from "../../fs/vfs/inode.ts";
import {
  type AskedFault,
  canWatch,
  continuePage,
  type FaultServer,
  FaultWatch,
  fillPage,
  movePage,
  poisonPage,
  protectPages,
  remains,
  splitAt,
  watchedAt,
  watchOf,
} from "./pages.ts";
import { ownSizes } from "./sizes.ts";

const ALL_FEATURES = BigInt(Object.values(FEATURE).reduce((a, b) => a | b, 0));
/** Pages that a request serves at most; then it returns EAGAIN with its progress, as Linux may. */
const MOST_PAGES = 4096;

/** A thread that waits for a page. Linux struct userfaultfd_wait_queue. */
interface Waiter {
  readonly task: Task;
  readonly asked: AskedFault;
  readonly served: WaitQueue;
  isRead: boolean;
}

/** The open file of an instance. man 2 userfaultfd. */
export class UserfaultFile extends FileDescription implements FaultServer {
  private readonly _kernel: Kernel;
  readonly mem: AddressSpace;
  readonly usersOnly: boolean;
  /** Undefined before UFFDIO_API. */
  private _features: number | undefined = undefined;
  private readonly _waiters = new Map<Task, Waiter>();
  private readonly _arrivals = new WaitQueue();
  private _charged = 0;
  override get weight(): number {
    return ownSizes.userfault;
  }

  constructor(task: Task, nonblock: boolean, usersOnly: boolean) {
    const path = task.kernel.vfs.anonymous(task, "[userfaultfd]");
    super(path.dentry.inode, O_RDWR | (nonblock ? O_NONBLOCK : 0), path);
    this._kernel = task.kernel;
    this.mem = task.mem;
    this.usersOnly = usersOnly;
  }

  /**
   * The queue for a fault of the task. Undefined: the task gets a signal, or EFAULT. Linux
   * handle_userfault().
   */
  ask(task: Task, asked: AskedFault, inKernel: boolean): WaitQueue | undefined {
    if (((this._features ?? 0) & FEATURE.SIGBUS) !== 0 || (inKernel && this.usersOnly)) return undefined;
    const served = new WaitQueue();
    this._waiters.set(task, { task, asked, served, isRead: false });
    this._arrivals.wake();
    return served;
  }
  /** Those that still wait. A signal or the end of a thread has ended others. */
  private *_waiting(): Generator<Waiter> {
    for (const waiter of this._waiters.values()) {
      if (waiter.served.sleepers.has(waiter.task as Sleeper)) yield waiter;
      else this._waiters.delete(waiter.task);
    }
  }
  private _wake(start: number, end: number): void {
    for (const waiter of [...this._waiting()]) {
      const { address } = waiter.asked;
      if (address < start || address >= end) continue;
      this._waiters.delete(waiter.task);
      waiter.served.wake();
    }
  }

  override read(task: Task, n: number): Or<Uint8Array> {
    if (this._features === undefined) return -E.EINVAL;
    const size = uffdMessage.size(x64);
    const messages: Uint8Array[] = [];
    for (const waiter of this._waiting()) {
      if ((messages.length + 1) * size > n) break;
      if (waiter.isRead) continue;
      waiter.isRead = true;
      messages.push(this._message(task, waiter));
    }
    if (messages.length === 0) return n < size ? -E.EINVAL : -E.EAGAIN;
    const out = new Uint8Array(messages.length * size);
    messages.forEach((message, i) => {
      out.set(message, i * size);
    });
    return out;
  }
  private _message(reader: Task, { task, asked }: Waiter): Uint8Array {
    const features = this._features ?? 0;
    const reason = { missing: 0, protected: FAULT_FLAG.WP, minor: FAULT_FLAG.MINOR }[asked.kind];
    const exact = (features & FEATURE.EXACT_ADDRESS) !== 0;
    return uffdMessage.encode(
      {
        event: UFFD_EVENT_PAGEFAULT,
        r1: 0,
        r2: 0,
        r3: 0,
        flags: BigInt(reason | (asked.isWrite ? FAULT_FLAG.WRITE : 0)),
        address: BigInt(exact ? asked.address : asked.address - (asked.address % PAGE_SIZE)),
        ptid: (features & FEATURE.THREAD_ID) !== 0 ? reader.pidNs.numberOf(task.pid) : 0,
        r4: 0,
      },
      x64,
    );
  }
  override poll(): number {
    if (this._features === undefined || (this.flags & O_NONBLOCK) === 0) return POLLERR;
    for (const waiter of this._waiting()) if (!waiter.isRead) return POLLIN;
    return 0;
  }
  override queues(): readonly WaitQueue[] {
    return [this._arrivals];
  }
  override get pollable(): boolean {
    return true;
  }
  override release(): void {
    const watched = [...this.mem.mappings()].filter((vma) => watchOf(vma)?.owner === this);
    for (const vma of watched) vma.provider = remains(watchOf(vma));
    this._wake(0, Number.POSITIVE_INFINITY);
    this._kernel.frames.account.give(this._charged);
  }
  /** Linux userfaultfd_show_fdinfo(). */
  override info(): string {
    const all = [...this._waiting()];
    const pending = all.filter((waiter) => !waiter.isRead).length;
    return `pending:\t${pending}\ntotal:\t${all.length}\nAPI:\t${UFFD_API.toString(16)}:${(this._features ?? 0).toString(16)}:${(API_IOCTLS | ALL_FEATURES).toString(16)}\n`;
  }

  override ioctl(task: Task, request: number, arg: VAddr): number {
    const code = request >>> 0;
    if (code === UFFDIO.API) return this._api(task, arg);
    if (this._features === undefined) return -E.EINVAL;
    return this._act(code, task, arg);
  }
  private _act(code: number, t: Task, at: VAddr): number {
    switch (code) {
      case UFFDIO.REGISTER:
        return this._register(t, at);
      case UFFDIO.UNREGISTER:
        return this._unregister(t, at);
      case UFFDIO.WAKE:
        return this._wakeRange(t, at);
      case UFFDIO.COPY:
        return this._copy(t, at, MODE.DONTWAKE | MODE.COPY_WP, (vma, page, from, mode) => this._copyPage(t, vma, page, from, mode));
      case UFFDIO.MOVE:
        return this._copy(t, at, MODE.DONTWAKE | MODE.MOVE_HOLES, (vma, page, from, mode) =>
          movePage(this.mem, from, vma, page, (mode & MODE.MOVE_HOLES) !== 0),
        );
      case UFFDIO.ZEROPAGE:
        return this._fill(t, at, MODE.DONTWAKE, (vma, page) => fillPage(this.mem, vma, page, undefined, false));
      case UFFDIO.CONTINUE:
        return this._fill(t, at, MODE.DONTWAKE | MODE.CONTINUE_WP, (vma, page) => continuePage(this.mem, vma, page));
      case UFFDIO.POISON:
        return this._fill(t, at, MODE.DONTWAKE, (vma, page) => this._poison(vma, page));
      case UFFDIO.WRITEPROTECT:
        return this._protect(t, at);
      default:
        return -E.EINVAL;
    }
  }

  private _api(t: Task, at: VAddr): number {
    const given = decode(t, uffdioApi, at);
    if (!given) return -E.EFAULT;
    const refused = given.api !== BigInt(UFFD_API) || (given.features & ~ALL_FEATURES) !== 0n || this._features !== undefined;
    if (refused) return t.mem.clear(at, uffdioApi.size(x64)) ? -E.EINVAL : -E.EFAULT;
    this._features = Number(given.features);
    return encode(t, uffdioApi, at, { api: given.api, features: ALL_FEATURES, ioctls: API_IOCTLS }) ? 0 : -E.EFAULT;
  }
  /** The range, or -EINVAL. Linux validate_range(). */
  private _range(start: bigint, len: bigint): { start: number; end: number } | number {
    const page = BigInt(PAGE_SIZE);
    const end = start + len;
    if (start % page !== 0n || len % page !== 0n || len === 0n || end > BigInt(this.mem.layout.taskSize)) return -E.EINVAL;
    return { start: Number(start), end: Number(end) };
  }
  /** The mappings of a range that can be served. Linux userfaultfd_register(). */
  private _mappings(start: number, end: number): Vma[] | number {
    const first = this.mem.areas.within(start, end);
    if (first.length === 0) return this.mem.areas.above(start) ? -E.EINVAL : -E.ENOMEM;
    for (const vma of first) {
      if (!canWatch(vma)) return -E.EINVAL;
      if ((vma.flags & VM.MAYWRITE) === 0) return -E.EPERM;
      if (vma.provider && watchOf(vma)?.owner !== this && watchOf(vma)?.owner !== undefined) return -E.EBUSY;
    }
    return splitAt(this.mem, start, end);
  }
  private _register(t: Task, at: VAddr): number {
    const given = decode(t, uffdioRegister, at);
    if (!given) return -E.EFAULT;
    const mode = Number(given.mode);
    if (given.mode === 0n || given.mode & ~7n) return -E.EINVAL;
    const range = this._range(given.start, given.len);
    if (typeof range === "number") return range;
    const list = this._mappings(range.start, range.end);
    if (typeof list === "number") return list;
    if (mode & REGISTER_MODE.MINOR && list.some((vma) => !vma.file)) return -E.EINVAL;
    if (!this._charge(sizes.watch)) return -E.ENOMEM;
    const has = (bit: number): boolean => (mode & bit) !== 0;
    const watch = new FaultWatch(this, {
      missing: has(REGISTER_MODE.MISSING),
      protects: has(REGISTER_MODE.WP),
      minor: has(REGISTER_MODE.MINOR),
    });
    for (const vma of list) {
      for (const page of watchOf(vma)?.protectedPages ?? []) watch.protectedPages.add(page);
      for (const page of watchOf(vma)?.poisoned ?? []) watch.poisoned.add(page);
      vma.provider = watch;
    }
    for (const vma of list) this.mem.areas.merge(vma);
    this.mem.hasProviders = true;
    const ioctls = RANGE_IOCTLS.BASE | (watch.protects ? RANGE_IOCTLS.WRITEPROTECT : 0) | (watch.minor ? RANGE_IOCTLS.CONTINUE : 0);
    return encode(t, uffdioRegister, at, { ...given, ioctls: BigInt(ioctls) }) ? 0 : -E.EFAULT;
  }
  private _unregister(t: Task, at: VAddr): number {
    const given = decode(t, uffdioRange, at);
    if (!given) return -E.EFAULT;
    const range = this._range(given.start, given.len);
    if (typeof range === "number") return range;
    const { start, end } = range;
    const list = this._mappings(start, end);
    if (typeof list === "number") return list === -E.EPERM || list === -E.EBUSY ? -E.EINVAL : list;
    for (const vma of list) vma.provider = remains(watchOf(vma));
    for (const vma of list) this.mem.areas.merge(vma);
    this._wake(start, end);
    return 0;
  }
  private _wakeRange(t: Task, at: VAddr): number {
    const given = decode(t, uffdioRange, at);
    if (!given) return -E.EFAULT;
    const range = this._range(given.start, given.len);
    if (typeof range === "number") return range;
    this._wake(range.start, range.end);
    return 0;
  }

  /** Serves page after page: the number of bytes, or -errno of the first page. */
  private _pages(start: number, end: number, one: (vma: Vma, page: number) => number): number {
    const last = Math.min(end, start + MOST_PAGES * PAGE_SIZE);
    for (let page = start; page < last; page += PAGE_SIZE) {
      this._kernel.charge(cost.page + PAGE_SIZE * cost.byte);
      const vma = watchedAt(this.mem, this, page);
      const failed = typeof vma === "number" ? vma : one(vma, page);
      if (failed < 0) return page === start ? failed : page - start;
    }
    return last - start;
  }
  /** The end of such a request: `done` is stored, waiting threads wake. */
  private _finish(t: Task, at: number, done: number, range: { start: number; end: number }, quiet: boolean): number {
    if (!t.mem.setLong(at, done, 8)) return -E.EFAULT;
    if (done < 0) return done;
    if (!quiet) this._wake(range.start, range.start + done);
    return done === range.end - range.start ? 0 : -E.EAGAIN;
  }
  private _copy(t: Task, at: VAddr, modes: number, one: (vma: Vma, page: number, from: number, mode: number) => number): number {
    const given = decode(t, uffdioCopy, at);
    if (!given) return -E.EFAULT;
    const range = this._range(given.dst, given.len);
    if (typeof range === "number") return range;
    const from = this._range(given.src, given.len);
    if (typeof from === "number" || given.mode & ~BigInt(modes)) return -E.EINVAL;
    const mode = Number(given.mode);
    const done = this._pages(range.start, range.end, (vma, page) => one(vma, page, from.start + (page - range.start), mode));
    return this._finish(t, at + uffdioCopy.offset(x64, "done"), done, range, (mode & MODE.DONTWAKE) !== 0);
  }
  private _copyPage(t: Task, vma: Vma, page: number, from: number, mode: number): number {
    const protects = (mode & MODE.COPY_WP) !== 0;
    if (protects && !watchOf(vma)?.protects) return -E.EINVAL;
    if (this.mem.table.get(page) !== 0) return -E.EEXIST;
    const bytes = t.mem.read(from, PAGE_SIZE);
    return bytes ? fillPage(this.mem, vma, page, bytes, protects) : -E.EFAULT;
  }
  private _fill(t: Task, at: VAddr, modes: number, one: (vma: Vma, page: number) => number): number {
    const given = decode(t, uffdioFill, at);
    if (!given) return -E.EFAULT;
    const range = this._range(given.start, given.len);
    if (typeof range === "number") return range;
    if (given.mode & ~BigInt(modes)) return -E.EINVAL;
    const done = this._pages(range.start, range.end, one);
    return this._finish(t, at + uffdioFill.offset(x64, "done"), done, range, (given.mode & BigInt(MODE.DONTWAKE)) !== 0n);
  }
  private _poison(vma: Vma, page: number): number {
    return this._charge(ownSizes.uffdPage) ? poisonPage(this.mem, vma, page) : -E.ENOMEM;
  }
  private _protect(t: Task, at: VAddr): number {
    const given = decode(t, uffdioWriteprotect, at);
    if (!given) return -E.EFAULT;
    const range = this._range(given.start, given.len);
    if (typeof range === "number") return range;
    const mode = Number(given.mode);
    const both = MODE.WP | MODE.WP_DONTWAKE;
    if (given.mode & ~BigInt(both) || (mode & both) === both) return -E.EINVAL;
    const { start, end } = range;
    const list = this.mem.areas.within(start, end);
    if (list.length === 0 || list.some((vma) => watchOf(vma)?.owner !== this || !watchOf(vma)?.protects)) return -E.ENOENT;
    const protects = (mode & MODE.WP) !== 0;
    if (protects && !this._charge(((end - start) / PAGE_SIZE) * ownSizes.uffdPage)) return -E.ENOMEM;
    for (const vma of list) protectPages(this.mem, vma, Math.max(start, vma.start), Math.min(end, vma.end), protects);
    if (!protects && (mode & MODE.WP_DONTWAKE) === 0) this._wake(start, end);
    return 0;
  }
  private _charge(bytes: number): boolean {
    if (!this._kernel.frames.account.take(bytes)) return false;
    this._charged += bytes;
    return true;
  }
}

const decode = <F extends Fields>(t: Task, type: Struct<F>, at: VAddr): Values<F> | undefined => {
  const bytes = t.mem.read(at, type.size(x64));
  return bytes && type.decode(bytes, x64);
};
const encode = <F extends Fields>(t: Task, type: Struct<F>, at: VAddr, value: Values<F>): boolean =>
  t.mem.write(at, type.encode(value, x64));
