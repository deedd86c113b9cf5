// A context of asynchronous I/O: its ring of completions, which the program can read itself, and waiting
// requests. man 2 io_setup; Linux fs/aio.c struct kioctx.
import { x64 } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { AIO_RING_MAGIC, aioRing, IO_EVENT_SIZE, ioEvent } from "../../../abi/uapi/aio.ts";
import { MAP, PROT } from "../../../abi/uapi/mman.ts";
import * as memory from "../../../memory/calls/index.ts";
import { PAGE_SIZE } from "../../../memory/frames.ts";
import type { AddressSpace } from "../../../memory/space.ts";
import { WaitQueue } from "../../base/wait.ts";
import { charged } from "../../core/charged.ts";
import type { Kernel } from "../../core/kernel.ts";
import type { Task } from "../../core/task.ts";
import type { EventFile } from "../../fs/files/eventfd.ts";
import { SharedPages } from "../../fs/files/shared-pages.ts";
import { ownSizes } from "./sizes.ts";
import { aioTotal } from "./total.ts";

/** A completion. */
export interface AioEvent {
  readonly data: bigint;
  /** The address of the request. */
  readonly obj: bigint;
  readonly res: number;
}
/** A request that io_cancel(2) can end. */
export interface Cancellable {
  readonly obj: bigint;
  cancel(): void;
}

const HEAD = aioRing.offset(x64, "head");
const TAIL = aioRing.offset(x64, "tail");
/** The head of the ring takes the place of one event. */
const FIRST = aioRing.size(x64);
/** Linux ioctx_alloc(): the events of rings may have so many bytes. */
const MOST_BYTES = 0x1000_0000;

/** A context: its ring in the program's memory, and requests that wait. */
export class AioContext {
  readonly kernel: Kernel;
  readonly id: number;
  /** The number that the program gave, which counts for aio-max-nr. */
  readonly wanted: number;
  /** The number of places of the ring, one of which is always free. */
  readonly places: number;
  private readonly _pages: SharedPages;
  /** The address of the ring, which is the name of the context. */
  at = 0;
  private _tail = 0;
  /** Requests that can begin; completions that the program has not read, as far as the kernel knows. */
  private _available: number;
  private _unread = 0;
  readonly completions = new WaitQueue();
  readonly waiting = new Set<Cancellable>();
  ended = false;

  constructor(kernel: Kernel, id: number, wanted: number, events: number) {
    this.kernel = kernel;
    this.id = id;
    this.wanted = wanted;
    this._pages = new SharedPages(kernel.frames, FIRST + (events + 2) * IO_EVENT_SIZE, "/[aio] (deleted)");
    this.places = (this._pages.size - FIRST) / IO_EVENT_SIZE;
    this._available = this.places - 1;
  }
  /** Makes the ring and maps it: 0 or -errno. Linux aio_setup_ring(). */
  map(t: Task, compat: boolean): number {
    if (!this._pages.fill()) return -E.ENOMEM;
    const head = { id: this.id, nr: this.places, head: 0, tail: 0, magic: AIO_RING_MAGIC, compat_features: 1, incompat_features: 0 };
    const bytes = aioRing.encode({ ...head, header_length: FIRST }, x64);
    const words = new DataView(bytes.buffer);
    for (let i = 0; i < FIRST; i += 4) this._pages.setU32(i, words.getUint32(i, true));
    const { file, size } = this._pages;
    const request = { at: 0, length: size, prot: PROT.READ | PROT.WRITE, flags: MAP.SHARED, file, offset: 0, compat };
    this.at = charged(this.kernel, t.mem, () => memory.mmap(t.mem, request));
    if (this.at < 0) this._pages.end();
    return Math.min(this.at, 0);
  }

  private _readHead(): number {
    return this._pages.u32(HEAD);
  }
  /** A place for the completion of a request. False: none is free. Linux get_reqs_available(). */
  take(): boolean {
    if (this._available === 0) this._refill();
    if (this._available === 0) return false;
    this._available--;
    return true;
  }
  /** After `take`, if the request was refused. */
  giveBack(): void {
    this._available++;
  }
  /** The program may have read completions without a call. Linux refill_reqs_available(). */
  private _refill(): void {
    const head = this._readHead() % this.places;
    const inRing = head <= this._tail ? this._tail - head : this.places - (head - this._tail);
    const read = Math.max(0, this._unread - inRing);
    this._unread -= read;
    this._available += read;
  }
  /** Adds a completion. Linux aio_complete(). */
  complete({ data, obj, res }: AioEvent, eventfd: EventFile | undefined): void {
    const bytes = ioEvent.encode({ data, obj, res: BigInt(res), res2: 0n }, x64);
    const words = new DataView(bytes.buffer);
    const at = FIRST + this._tail * IO_EVENT_SIZE;
    for (let i = 0; i < IO_EVENT_SIZE; i += 8) this._pages.setU64(at + i, words.getBigUint64(i, true));
    this._tail = this._tail + 1 >= this.places ? 0 : this._tail + 1;
    this._pages.setU32(TAIL, this._tail);
    this._unread++;
    if (this._unread > 1) this._refill();
    eventfd?.tell();
    this.completions.wake();
  }
  /** Moves completions to user memory: their number or -EFAULT. Linux aio_read_events_ring(). */
  read(t: Task, to: VAddr, most: number): number {
    let head = this._readHead();
    let tail = this._pages.u32(TAIL);
    if (head === tail) return 0;
    head %= this.places;
    tail %= this.places;
    let n = 0;
    for (; n < most && head !== tail; n++) {
      if (!t.mem.write(to + n * IO_EVENT_SIZE, this._pages.bytes(FIRST + head * IO_EVENT_SIZE, IO_EVENT_SIZE))) return -E.EFAULT;
      head = (head + 1) % this.places;
    }
    this._pages.setU32(HEAD, head);
    return n;
  }
  /** Ends the context and the requests that wait. Linux kill_ioctx(). */
  end(): void {
    if (this.ended) return;
    this.ended = true;
    for (const request of [...this.waiting]) request.cancel();
    this._pages.end();
    aioTotal(this.kernel).nr -= this.wanted;
    this.kernel.frames.account.give(ownSizes.aioContext);
    this.completions.wake();
  }
}

/** The contexts of an address space. They end with it. Linux mm->ioctx_table. */
export class AioContexts {
  private readonly _all: (AioContext | undefined)[] = [];

  /** A new context, mapped, or -errno. Linux ioctx_alloc(). */
  make(t: Task, wanted: number, compat: boolean): AioContext | number {
    const { kernel } = t;
    const { frames } = kernel;
    const aio = aioTotal(kernel);
    const events = 2 * Math.max(wanted, 4 * kernel.cpus);
    if (events > MOST_BYTES / IO_EVENT_SIZE) return -E.EINVAL;
    if (wanted > aio.max) return -E.EAGAIN;
    if (!frames.account.canTake(ownSizes.aioContext + events * IO_EVENT_SIZE)) return -E.ENOMEM;
    if (aio.nr + wanted > aio.max) return -E.EAGAIN;
    const free = this._all.indexOf(undefined);
    const context = new AioContext(kernel, free < 0 ? this._all.length : free, wanted, events);
    const failed = context.map(t, compat);
    if (failed < 0) return failed;
    frames.account.force(ownSizes.aioContext);
    aio.nr += wanted;
    this._all[context.id] = context;
    return context;
  }
  /** The context at an address. Its number is in the ring. Linux lookup_ioctx(). */
  find(mem: AddressSpace, at: number): AioContext | undefined {
    const id = at < 0 ? -1 : mem.u32(at);
    const context = id < 0 ? undefined : this._all[id];
    return context?.at === at ? context : undefined;
  }
  /** io_destroy(2). */
  remove(t: Task, context: AioContext): void {
    this._all[context.id] = undefined;
    const bytes = Math.ceil((FIRST + context.places * IO_EVENT_SIZE) / PAGE_SIZE) * PAGE_SIZE;
    charged(t.kernel, t.mem, () => memory.munmap(t.mem, context.at, bytes));
    context.end();
  }
  /** The address space has no task any more. */
  end(): void {
    for (const context of this._all) context?.end();
  }
}
/** The contexts of the task's address space. */
export const contextsOf = ({ mem }: Task): AioContexts => {
  mem.companion ??= new AioContexts();
  return mem.companion as AioContexts;
};
