// A use of a registered file or buffer, which several requests share. A ring is told of its end by a
// completion with the tag. man 3 io_uring_register_files_tags; Linux io_uring/rsrc.c io_free_rsrc_node().

/** The receiver of tags. */
interface Told {
  post(user: bigint, result: number): boolean;
}

/** One registered file or buffer. */
export class Resource {
  private readonly _ring: Told;
  private _tag: bigint;
  private _uses = 1;
  /** `tag` 0: the end is not told. */
  constructor(ring: Told, tag: bigint) {
    this._ring = ring;
    this._tag = tag;
  }
  hold(): this {
    this._uses++;
    return this;
  }
  /** Its end is not told: the registration has failed. Linux io_clear_table_tags(). */
  forget(): void {
    this._tag = 0n;
  }
  drop(): void {
    if (--this._uses === 0 && this._tag !== 0n) this._ring.post(this._tag, 0);
  }
}
