// The blocks of one frame. Nearly all frames are mapped at one page, where the offset identifies a block. V8
// looks up a small integer in a map directly; a number beyond 31 bits costs a call and an object.

/** The blocks decoded from one frame. */
export class FrameBlocks {
  /** The page of the first block. */
  readonly #page: number;
  /** First records by offset in the page and context. */
  readonly #here = new Map<number, number>();
  /**
   * Blocks at other pages, by instruction pointer and context. Blocks that end in this frame, by ~ of their
   * instruction pointer.
   */
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
  /** Adds a block that begins on the previous page and ends here. */
  setCrossing(ip: number, head: number): void {
    (this.#others ??= new Map()).set(-1 - ip, head);
  }
  /**
   * Calls `forgets` for each block with its context, or -1 if it begins on the previous page. True removes
   * the block.
   */
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
