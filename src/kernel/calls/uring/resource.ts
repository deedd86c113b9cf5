// A use of a registered file or buffer, which several requests share. A ring is told of its end by a
// completion with the tag. man 3 io_uring_register_files_tags; Linux io_uring/rsrc.c io_free_rsrc_node().

/** The receiver of tags. */
interface Told {
  post(user: bigint, result: number): boolean;
}

/** One registered file or buffer. */
export class Resource {
  readonly #ring: Told;
  #tag: bigint;
  #uses = 1;
  /** `tag` 0: the end is not told. */
  constructor(ring: Told, tag: bigint) {
    this.#ring = ring;
    this.#tag = tag;
  }
  hold(): this {
    this.#uses++;
    return this;
  }
  /** Its end is not told: the registration has failed. Linux io_clear_table_tags(). */
  forget(): void {
    this.#tag = 0n;
  }
  drop(): void {
    if (--this.#uses === 0 && this.#tag !== 0n) this.#ring.post(this.#tag, 0);
  }
}
