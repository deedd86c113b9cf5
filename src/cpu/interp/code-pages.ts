// The code pages of the current address space with their frames: by page for lookups, and as lists for
// questions about all pages. Every switch of address spaces asks such a question.

import { codePages, layout } from "../machine/layout.ts";
import type { State } from "../machine/state.ts";

const { count, quick } = codePages;

/** The code pages of one address space. */
export class CodePages {
  readonly #frames = new Map<number, number>();
  /**
   * Pages that are found without the map, by the low bits of the page number: the page (0: none), and its
   * frame with the flag `quick`. Page 0 holds no code that is looked up often. They are in memory for
   * routines/blocks.ts.
   */
  readonly #cachedPages: Float64Array;
  readonly #cachedFrames: Uint32Array;
  readonly #isQuick: (frame: number, page: number) => boolean;
  /** The page addresses and their frames. */
  readonly addresses: number[] = [];
  readonly frames: number[] = [];

  /** `isQuick`: true for a frame whose blocks may be decoded without notice at this page. */
  constructor(state: State, isQuick: (frame: number, page: number) => boolean) {
    this.#cachedPages = new Float64Array(state.memory.buffer, layout.codePages, count);
    this.#cachedFrames = new Uint32Array(state.memory.buffer, layout.codePageFrames, count);
    this.#isQuick = isQuick;
    this.#cachedPages.fill(0);
  }

  /** The frame of a page, by page number. */
  get(page: number): number | undefined {
    const n = page & (count - 1);
    if (this.#cachedPages[n] === page && page !== 0) return ((this.#cachedFrames[n] as number) & ~quick) >>> 0;
    const frame = this.#frames.get(page);
    if (frame !== undefined) {
      this.#cachedPages[n] = page;
      this.#cachedFrames[n] = page !== 0 && this.#isQuick(frame, page) ? frame + quick : frame;
    }
    return frame;
  }
  /** Adds a page that is not yet in the list. */
  add(page: number, frame: number): void {
    this.#frames.set(page, frame);
    this.addresses.push(page * 4096);
    this.frames.push(frame);
  }
  delete(page: number): void {
    this.#cachedPages[page & (count - 1)] = 0;
    const n = this.addresses.indexOf(page * 4096);
    this.#frames.delete(page);
    this.addresses.splice(n, 1);
    this.frames.splice(n, 1);
  }
  clear(): void {
    this.#frames.clear();
    this.#cachedPages.fill(0);
    this.addresses.length = this.frames.length = 0;
  }
  /** From now on blocks of the frame may be decoded without notice, or may not. */
  quicken(page: number): void {
    const n = page & (count - 1);
    if (page !== 0 && this.#cachedPages[n] === page) this.#cachedFrames[n] = ((this.#cachedFrames[n] as number) | quick) >>> 0;
  }
  slow(frame: number): void {
    const cached = this.#cachedFrames;
    for (let n = cached.indexOf(frame + quick); n >= 0; n = cached.indexOf(frame + quick, n + 1)) cached[n] = frame;
  }
}
