// Scheduling points between two reads of user memory by one call, as on a machine with several processors:
// there another task can write to the memory of a call's arguments after the kernel has read a part of them.
// A call reads before it changes anything, so it can be given up at a read and begun again later. It then
// gets what it had read before, from copies of the pages, and the rest from memory.
import { E } from "../../abi/errno.ts";
import { type Access, access } from "../../cpu/machine/mmu.ts";
import { howMuch, type KernelReads, PAGE_SIZE } from "../../memory/frames.ts";
import type { UserMemory } from "../../memory/user.ts";
import { again, type Wait } from "../base/wait.ts";
import type { Kernel } from "../core/kernel.ts";
import type { PendingFault } from "../core/pending-fault.ts";
import type { Result } from "../core/result.ts";
import type { CallReads } from "../core/scheduling.ts";
import type { Task } from "../core/task.ts";

/** The fault by which a call is given up. */
class GivenUp implements PendingFault {
  wait(): Wait {
    return again({ killable: true });
  }
}
const givenUp = new GivenUp();
const NONE: readonly Uint8Array[] = [];

/** The bytes of a read on its page: `bytes`, or a string of at most `how`. */
const lengthAt = ({ frames }: UserMemory, found: number, at: number, bytes: number, how: number): number => {
  const most = Math.min(how > 0 ? how : bytes, PAGE_SIZE - (at % PAGE_SIZE));
  if (how <= 0) return most;
  const from = found - (found & (PAGE_SIZE - 1)) + (at % PAGE_SIZE);
  const end = frames.u8.subarray(from, from + most).indexOf(0);
  return end < 0 ? most : end + 1;
};

/** Calls the handlers of one kernel, and asks its chooser before their reads. */
export class SplitReads implements CallReads, KernelReads {
  private readonly _kernel: Kernel;
  /** The task whose handler runs and may be given up. */
  private _task: Task | undefined = undefined;
  /** The pages of the handler's reads before it was given up, in their order. */
  private _known: readonly Uint8Array[] = NONE;
  /** The pages of all of its reads so far: addresses. */
  private readonly _pages: number[] = [];
  /** The handler has written to user memory, or was called once more because it cannot be given up there. */
  private _isOver = false;
  private _gaveWay = false;
  /** A frame for copies of pages; 0: none yet. */
  private _frame = 0;
  /** The page whose bytes it has. */
  private _held: Uint8Array | undefined = undefined;

  constructor(kernel: Kernel) {
    this._kernel = kernel;
    kernel.frames.kernelReads = this;
  }

  call(task: Task, handler: () => Result): Result {
    const { reads = NONE } = task.waited;
    this._known = reads;
    this._isOver = this._gaveWay = false;
    for (;;) {
      this._task = task;
      this._pages.length = 0;
      const result = handler();
      this._task = undefined;
      if (!this._gaveWay || result === -E.EFAULT || (typeof result === "number" && result > 0)) return result;
      // The handler did not take the fault for one: it has done nothing yet, and does not give way.
      task.mem.pendingFault = undefined;
      task.waited.reads = reads;
      this._gaveWay = false;
      this._isOver = true;
    }
  }

  file(): void {}
  memory(): void {}
  place(space: UserMemory, at: number, kind: Access, bytes: number, how: number): number {
    const task = this._task;
    if (!task || space !== task.mem) return 0;
    if (kind !== access.read) {
      this._isOver = true;
      return 0;
    }
    if (this._gaveWay) return -1;
    const found = space.translate(at, access.read);
    if (found < 0) return 0;
    const known = this._known[this._pages.length];
    this._pages.push(at - (at % PAGE_SIZE));
    if (known) return this._copy(known, at);
    // A call that has some bytes of its data would end with their number.
    if (how === howMuch.some) this._isOver = true;
    if (this._isOver) return 0;
    return this._asks(task, at, lengthAt(space, found, at, bytes, how)) ? this._giveUp(task) : 0;
  }
  private _asks(task: Task, at: number, bytes: number): boolean {
    const { scheduler } = this._kernel;
    const n = this._pages.length;
    // The first read follows the point before the call, and the task came here when it gave way.
    const mayGiveWay = n > 1 && n !== this._known.length + 1 && this._hasFrame();
    const hasPoint = scheduler.chooser?.reads?.(task, at, bytes, mayGiveWay) ?? mayGiveWay;
    return hasPoint && scheduler.givesWay(task, "read", n);
  }
  /** Without a frame for copies the call could not go on: it does not give way. */
  private _hasFrame(): boolean {
    this._frame ||= this._kernel.frames.alloc();
    return this._frame !== 0;
  }
  private _giveUp(task: Task): number {
    // No other task has run since the handler began: reads of one page have found the same bytes.
    const copies = new Map<number, Uint8Array>();
    task.waited.reads = this._pages.slice(0, -1).map((page, i) => {
      const bytes = this._known[i] ?? copies.get(page) ?? this._bytesOf(task.mem, page);
      if (i >= this._known.length) copies.set(page, bytes);
      return bytes;
    });
    task.mem.pendingFault = givenUp;
    this._kernel.scheduler.reschedule = true;
    this._isOver = this._gaveWay = true;
    return -1;
  }
  private _bytesOf(space: UserMemory, page: number): Uint8Array {
    const found = space.translate(page, access.read);
    const from = found - (found & (PAGE_SIZE - 1));
    return space.frames.u8.slice(from, from + PAGE_SIZE);
  }
  /** The position of a byte in a copy of its page. */
  private _copy(page: Uint8Array, at: number): number {
    const { frames } = this._kernel;
    if (this._held !== page) frames.u8.set(page, this._frame);
    this._held = page;
    return this._frame + (at % PAGE_SIZE);
  }
}
