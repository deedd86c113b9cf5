// The blocks that were decoded from one frame. Nearly always a frame is mapped at one page, and the place in it tells blocks apart: V8 finds a small
// integer in a map at once, a number beyond 31 bits by a call and an object of its own.

export class FrameBlocks {
  /** The page where the first block of all was. */
  readonly #page: number;
  /** By place in the page and context. */
  readonly #here = new Map<number, number>();
  /** Those at other pages, by instruction pointer and context; and those that end in this frame, by ~ of their instruction pointers. */
  #others: Map<number, number> | undefined;
  constructor(ip: number) {
    this.#page = ip - (ip & 0xfff);
  }
  /** The first record of a block, 0 if there is none. */
  get(ip: number, context: number): number {
    const place = ip & 0xfff;
    return (ip - place === this.#page ? this.#here.get(place * 8 + context) : this.#others?.get(ip * 8 + context)) ?? 0;
  }
  set(ip: number, context: number, head: number): void {
    const place = ip & 0xfff;
    if (ip - place === this.#page) this.#here.set(place * 8 + context, head);
    else (this.#others ??= new Map()).set(ip * 8 + context, head);
  }
  /** A block begins on the page before and ends here. */
  setCrossing(ip: number, head: number): void {
    (this.#others ??= new Map()).set(-1 - ip, head);
  }
  /** Each with its context, -1 if it begins on the page before. What is to be forgotten is what `forgets`. */
  forEach(forgets: (head: number, context: number) => boolean): void {
    this.#forgetOf(this.#here, forgets);
    if (this.#others !== undefined) this.#forgetOf(this.#others, forgets);
  }
  #forgetOf(blocks: Map<number, number>, forgets: (head: number, context: number) => boolean): void {
    blocks.forEach((head, key) => {
      if (forgets(head, key < 0 ? -1 : key % 8)) blocks.delete(key);
    });
  }
}
