// The bytes of a frame that have translations. A store to a page with code may invalidate nothing: it may hit
// other bytes, store equal bytes, or change an immediate that is read in place (runtime/code-snapshot.ts).
// QEMU keeps such bitmaps (Bellard, "QEMU, a Fast and Portable Dynamic Translator", USENIX 2005).

/**
 * The use of a byte: none, an immediate that a region reads in place, records of the interpreter, a region.
 * The highest use counts.
 */
export const byteUse = { nothing: 0, immediate: 1, records: 2, region: 3 } as const;

/** A frame with code that a program has stored to. */
interface Frame {
  readonly uses: Uint8Array;
  isClassified: boolean;
  /** Stores that it did not absorb, and stores that it absorbed. */
  refused: number;
  absorbed: number;
}
/** Bound of the frames in the cache. */
const mostFrames = 256;
/** Absorbed stores before the frame is dropped once, to find out if its code still runs. */
const patience = 64;
/** Refused stores before the frame is classified again. */
const impatience = 64;
const isPower = (n: number): boolean => (n & (n - 1)) === 0;

/** The classified frames of one processor. */
export class CodeBytes {
  readonly #u8: Uint8Array;
  readonly #classify: (frame: number, uses: Uint8Array) => void;
  readonly #dropRecords: (frame: number, from: number, to: number) => number;
  readonly #frames = new Map<number, Frame>();
  /**
   * `classify` writes the use of each byte of a frame. `dropRecords` removes the records of some bytes, and
   * returns the number of blocks that are left.
   */
  constructor(
    u8: Uint8Array,
    classify: (frame: number, uses: Uint8Array) => void,
    dropRecords: (frame: number, from: number, to: number) => number,
  ) {
    this.#u8 = u8;
    this.#classify = classify;
    this.#dropRecords = dropRecords;
  }

  /**
   * True if a store leaves all regions of its frame valid (an absorbed store). It is to `place`, which is not
   * yet changed, from `source` in memory, on one page. Records of changed bytes are dropped, also those that
   * are being executed: control leaves them at the next instruction.
   */
  absorbs(place: number, bytes: number, source: number): boolean {
    const from = place & 0xfff;
    const frame = this.#frameAt(place - from);
    if (!frame.isClassified) {
      // After this many refused stores another classification is unlikely to help.
      if (!isPower(frame.refused % impatience)) return this.#refuse(frame);
      this.#classify(place - from, frame.uses.fill(byteUse.nothing));
      frame.isClassified = true;
    }
    let made = 0;
    for (let n = 0; n < bytes; n++) {
      if (this.#u8[place + n] !== this.#u8[source + n]) made = Math.max(made, frame.uses[from + n] as number);
    }
    if (made === byteUse.region) return this.#refuse(frame);
    if (made === byteUse.records) {
      frame.isClassified = false;
      // Further stores to a page without code are faster if it is no page of code any more.
      if (this.#dropRecords(place - from, from, from + bytes) === 0) return false;
    }
    // If its code does not run, stores are cheaper after its translations are dropped.
    return ++frame.absorbed < patience || !isPower(frame.absorbed);
  }
  #refuse(frame: Frame): false {
    frame.refused++;
    return false;
  }
  #frameAt(address: number): Frame {
    let frame = this.#frames.get(address);
    if (!frame) {
      if (this.#frames.size === mostFrames) this.#frames.clear();
      frame = { uses: new Uint8Array(4096), isClassified: false, refused: 0, absorbed: 0 };
      this.#frames.set(address, frame);
    }
    return frame;
  }
  /** True for a frame that has been stored to. */
  has(address: number): boolean {
    return this.#frames.has(address);
  }
  /** The translations of a frame have changed. */
  changed(address: number): void {
    if (this.#frames.size === 0) return;
    const frame = this.#frames.get(address);
    if (frame) frame.isClassified = false;
  }
  clear(): void {
    this.#frames.clear();
  }
}
