// The code pages of the current address space: where each has its frame. By page for whoever comes to one, and as lists of numbers for
// questions about all of them, which are asked at every switch of address spaces.

/** Pages that are found without asking the map, which calls a function for a number beyond 31 bits. */
const cacheSize = 256;

export class CodePages {
  readonly #frames = new Map<number, number>();
  /** By the low bits of the page's number: the page, 0 if none, and its frame. No code is on page 0 that is looked for often. */
  readonly #cacheSize = new Float64Array(cacheSize);
  readonly #cachedFrames = new Uint32Array(cacheSize);
  /** Page addresses, and the frames there. */
  readonly addresses: number[] = [];
  readonly frames: number[] = [];

  /** By page number. */
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
  /** A page that was not known. */
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
