// The account of what a guest makes the host keep: page frames, and objects of the kernel, which lie in the host's heap.
// Linux mm/memcontrol.c: a memory cgroup that counts kernel memory (obj_cgroup_charge).
import type { Frames } from "./frames.ts";

const PAGE_SIZE = 4096;

/** Pages that are taken from the frames at a time, as Linux's MEMCG_CHARGE_BATCH. */
const BATCH = 16;

/** Objects are charged in bytes. For each page of bytes, one frame fewer can be allocated. */
export class Account {
  readonly #frames: Frames;
  /** Bytes of all objects. */
  charged = 0;
  /** Bytes of the pages that were taken from the frames. */
  #covered = 0;
  /** A charge that cannot be refused has found no room: the kernel ends a process. */
  onShortage: (() => void) | undefined = undefined;

  constructor(frames: Frames) {
    this.#frames = frames;
  }

  /** Charge an object that is about to be made. False: there is no memory, and nothing is charged. */
  take(bytes: number): boolean {
    if (this.charged + bytes > this.#covered && !this.#cover(bytes, false)) return false;
    this.charged += bytes;
    return true;
  }
  /** Whether `take` would succeed. */
  canTake(bytes: number): boolean {
    if (!this.take(bytes)) return false;
    this.give(bytes);
    return true;
  }
  /** The same where nobody can be told that there is no memory (__GFP_NOFAIL). */
  force(bytes: number): void {
    if (this.charged + bytes > this.#covered && !this.#cover(bytes, true)) this.onShortage?.();
    this.charged += bytes;
  }
  /** An object has gone. */
  give(bytes: number): void {
    this.charged -= bytes;
    if (this.#covered - this.charged <= 2 * BATCH * PAGE_SIZE) return;
    const pages = Math.floor((this.#covered - this.charged) / PAGE_SIZE) - BATCH;
    this.#covered -= pages * PAGE_SIZE;
    this.#frames.giveBack(pages);
  }
  /** A change of an object's size. False: it cannot grow. */
  resize(from: number, to: number): boolean {
    if (to > from) return this.take(to - from);
    this.give(from - to);
    return true;
  }

  /** False: there was no room; the pages are taken nevertheless if `always`. */
  #cover(bytes: number, always: boolean): boolean {
    const least = Math.ceil((this.charged + bytes - this.#covered) / PAGE_SIZE);
    const batch = Math.max(least, Math.min(BATCH, this.#frames.total >> 8));
    const pages = this.#frames.takeAway(batch) ? batch : this.#frames.takeAway(least) ? least : 0;
    if (pages === 0) {
      if (!always) return false;
      this.#frames.takeAway(least, true);
    }
    this.#covered += (pages || least) * PAGE_SIZE;
    return pages > 0;
  }
}
