// The account of the host memory that a guest causes: page frames, and objects of the kernel in the host's
// heap. Linux mm/memcontrol.c: a memory cgroup that counts kernel memory (obj_cgroup_charge).
import type { Frames } from "./frames.ts";

const PAGE_SIZE = 4096;

/** The number of pages that are taken from the frames at a time, like Linux's MEMCG_CHARGE_BATCH. */
const BATCH = 16;

/** Objects are charged in bytes. Each charged page of bytes reduces the allocatable frames by one. */
export class Account {
  private readonly _frames: Frames;
  /** The charged bytes of all objects. */
  charged = 0;
  /** The bytes of the pages that are taken from the frames. */
  private _covered = 0;
  /** Called if memory is short for a charge that cannot be refused. The kernel ends a process. */
  killer: { outOfMemory(): void } | undefined = undefined;

  constructor(frames: Frames) {
    this._frames = frames;
  }

  /** Charges an object before it is made. False: memory is short, and nothing is charged. */
  take(bytes: number): boolean {
    if (this.charged + bytes > this._covered && !this._cover(bytes, false)) return false;
    this.charged += bytes;
    return true;
  }
  /** True if `take` would succeed. */
  canTake(bytes: number): boolean {
    if (!this.take(bytes)) return false;
    this.give(bytes);
    return true;
  }
  /** Charges an object where a failure cannot be reported (__GFP_NOFAIL). */
  force(bytes: number): void {
    if (this.charged + bytes > this._covered && !this._cover(bytes, true)) this.killer?.outOfMemory();
    this.charged += bytes;
  }
  /** Removes the charge of an object. */
  give(bytes: number): void {
    this.charged -= bytes;
    if (this._covered - this.charged <= 2 * BATCH * PAGE_SIZE) return;
    const pages = Math.floor((this._covered - this.charged) / PAGE_SIZE) - BATCH;
    this._covered -= pages * PAGE_SIZE;
    this._frames.givePages(pages);
  }
  /** Changes the charge of an object. False: memory is short for its growth, and nothing changes. */
  resize(from: number, to: number): boolean {
    if (to > from) return this.take(to - from);
    this.give(from - to);
    return true;
  }

  /**
   * Takes pages for so many charged bytes. False: memory is short; `always`: the pages are taken
   * nevertheless.
   */
  private _cover(bytes: number, always: boolean): boolean {
    const least = Math.ceil((this.charged + bytes - this._covered) / PAGE_SIZE);
    const batch = Math.max(least, Math.min(BATCH, this._frames.total >> 8));
    const pages = this._frames.takePages(batch) ? batch : this._frames.takePages(least) ? least : 0;
    if (pages === 0) {
      if (!always) return false;
      this._frames.takePages(least, true);
    }
    this._covered += (pages || least) * PAGE_SIZE;
    return pages > 0;
  }
}
