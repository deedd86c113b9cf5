// The code pages of the current address space with their frames: by page for lookups, and as lists for
// questions about all pages. Every switch of address spaces asks such a question.

/** Pages that are found without the map. V8 calls a function for a map key beyond 31 bits. */
const cacheSize = 256;

/** The code pages of one address space. */
export class CodePages {
  readonly #frames = new Map<number, number>();
  /**
   * By the low bits of the page number: the page (0: none) and its frame. Page 0 holds no code that is looked
   * up often.
   */
  readonly #cacheSize = new Float64Array(cacheSize);
  readonly #cachedFrames = new Uint32Array(cacheSize);
  /** The page addresses and their frames. */
  readonly addresses: number[] = [];
  readonly frames: number[] = [];

  /** The frame of a page, by page number. */
  get(page: number): number | undefined {
    const n = page & (cacheSize - 1);
    if (this.#cacheSize[n] === page && page !== 0) return this.#cachedFrames[n];
    const frame = this.#frames.get(page);
    if (frame !== undefined) {
      this.#cacheSize[n] = page;
      this.#cachedFrames[n] = frame;
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
    this.#cacheSize[page & (cacheSize - 1)] = 0;
    const n = this.addresses.indexOf(page * 4096);
    this.#frames.delete(page);
    this.addresses.splice(n, 1);
    this.frames.splice(n, 1);
  }
  clear(): void {
    this.#frames.clear();
    this.#cacheSize.fill(0);
    this.addresses.length = this.frames.length = 0;
  }
}
