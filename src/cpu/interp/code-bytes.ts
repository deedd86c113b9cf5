// Which bytes of a frame something has been made of. A store to a page with code may leave all of that as it is: to what lies beside the code, of
// what is there already, to an immediate that is read where it lies (runtime/code-snapshot.ts). QEMU keeps such bitmaps (Bellard, "QEMU, a Fast and
// Portable Dynamic Translator", USENIX 2005).

/** What has been made of a byte: an immediate that a region reads, records of the interpreter's, what a region knows; of several the last. */
export const byteUse = { nothing: 0, immediate: 1, records: 2, region: 3 } as const;

/** A frame with code that compiled code has stored to. */
interface Frame {
  readonly uses: Uint8Array;
  isClassified: boolean;
  /** Stores that it did not bear, and that it did. */
  refused: number;
  absorbed: number;
}
/** Frames that are kept. */
const mostFrames = 256;
/** Stores to one before it is tried for the first time whether its code runs at all. */
const patience = 64;
/** After so many stores in vain there is hope again. */
const impatience = 64;
const isPower = (n: number): boolean => (n & (n - 1)) === 0;

export class CodeBytes {
  readonly #u8: Uint8Array;
  readonly #classify: (frame: number, uses: Uint8Array) => void;
  readonly #dropRecords: (frame: number, from: number, to: number) => void;
  readonly #frames = new Map<number, Frame>();
  /** `mark`: notes for each byte of a frame what has been made of it; `forget`: of some bytes there are to be no records. */
  constructor(
    u8: Uint8Array,
    classify: (frame: number, uses: Uint8Array) => void,
    dropRecords: (frame: number, from: number, to: number) => void,
  ) {
    this.#u8 = u8;
    this.#classify = classify;
    this.#dropRecords = dropRecords;
  }

  /**
   * May up to eight bytes become those of an integer, given in halves, and the regions that were made of their frame stay? Asked by a region, so
   * that no record is being executed.
   */
  absorbs(place: number, bytes: number, low: number, high: number): boolean {
    const from = place & 0xfff;
    const frame = this.#frameAt(place - from);
    if (!frame.isClassified) {
      // Where it was in vain so many times, it will be as often again.
      if (!isPower(frame.refused % impatience)) return this.#refuse(frame);
      this.#classify(place - from, frame.uses.fill(byteUse.nothing));
      frame.isClassified = true;
    }
    let made = 0;
    for (let n = 0; n < bytes; n++) {
      const byte = (n < 4 ? low >>> (n * 8) : high >>> (n * 8 - 32)) & 0xff;
      if (this.#u8[place + n] !== byte) made = Math.max(made, frame.uses[from + n] as number);
    }
    if (made === byteUse.region) return this.#refuse(frame);
    if (made === byteUse.records) {
      this.#dropRecords(place - from, from, from + bytes);
      frame.isClassified = false;
    }
    // If nothing of it runs, stores are cheaper once all of it is forgotten.
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
  /** Something else is made of a frame now. */
  changed(address: number): void {
    if (this.#frames.size === 0) return;
    const frame = this.#frames.get(address);
    if (frame) frame.isClassified = false;
  }
  clear(): void {
    this.#frames.clear();
  }
}
