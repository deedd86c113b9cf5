// The code pages of the current address space: where each has its frame. By page for whoever comes to one, and as lists of numbers for
// questions about all of them, which are asked at every switch of address spaces.

export class CodePages {
  readonly #frames = new Map<number, number>();
  /** Page addresses, and the frames there. */
  readonly addresses: number[] = [];
  readonly frames: number[] = [];

  /** By page number. */
  get(page: number): number | undefined {
    return this.#frames.get(page);
  }
  /** A page that was not known. */
  add(page: number, frame: number): void {
    this.#frames.set(page, frame);
    this.addresses.push(page * 4096);
    this.frames.push(frame);
  }
  delete(page: number): void {
    const n = this.addresses.indexOf(page * 4096);
    this.#frames.delete(page);
    this.addresses.splice(n, 1);
    this.frames.splice(n, 1);
  }
  clear(): void {
    this.#frames.clear();
    this.addresses.length = this.frames.length = 0;
  }
}
