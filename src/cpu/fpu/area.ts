// Memory operands that are moved in parts: what FNSTENV and FNSAVE, FXSAVE, XSAVE and their counterparts write and read. SDM Vol. 1 8.1.10, 10.5.1, 13.4.
import type { Machine } from "../act.ts";

/** Bytes of each part, from the first on; below 0: so many between them that nobody reads or writes. */
type Parts = readonly number[];
export type Stretch = readonly [from: number, to: number];
const repeated = (n: number, ...parts: Parts): Parts => Array.from({ length: n }, () => parts).flat();

const environment = { 16: repeated(7, 2), 32: repeated(7, 4) } as const;
const registers = repeated(8, 8, 2);
const fx: Parts = [4, 4, 8, 8, 4, 4, ...repeated(16, 8), ...repeated(16, 16)];
/** As a Xeon with AMX moves them: test/kernel/native/wrapped.c. */
export const partsOf = {
  environment,
  all: { 16: [...environment[16], ...registers], 32: [...environment[32], ...registers] },
  fx,
  x: [...fx, -96, ...repeated(8, 8), ...repeated(16, 16)],
} as const;

/** Bits of an action's second operand that are the operand's size; how many bytes are before address 0 comes above them, 0 if it never does. */
export const sizeBits = 8;

export class Area {
  readonly #m: Machine;
  readonly #first: number;
  readonly #parts: Parts;
  /** Bytes before addresses begin again. */
  readonly #room: number;
  /** The operand's size in bits. */
  readonly size: number;
  /** a, b: an action's (act.ts). */
  constructor(m: Machine, a: bigint, b: bigint, parts: (size: number) => Parts) {
    this.#m = m;
    this.#first = Number(BigInt.asIntN(64, a));
    this.size = Number(BigInt.asUintN(sizeBits, b));
    this.#parts = parts(this.size);
    const room = Number(b >> BigInt(sizeBits));
    this.#room = room > 0 && m.model.cutsParts ? room : Number.POSITIVE_INFINITY;
  }
  /** The linear address of a byte. */
  at(n: number): number {
    return this.#first + n - (n < this.#room ? 0 : 2 ** 32);
  }
  /** Parts that begin from a byte on, before another one. */
  *#within(from: number, to: number): Iterable<{ at: number; bytes: number }> {
    let at = 0;
    for (const bytes of this.#parts) {
      if (bytes > 0 && at >= from && at < to) yield { at, bytes };
      at += Math.abs(bytes);
    }
  }
  #isWhole(from: number, to: number): boolean {
    return to <= this.#room || from >= this.#room;
  }
  read(from: number, to: number): DataView {
    const { state } = this.#m;
    if (this.#isWhole(from, to)) return new DataView(state.memory.buffer, this.#m.readLinear(this.at(from), to - from), to - from);
    const image = new Uint8Array(to - from);
    for (const { at, bytes } of this.#within(from, to)) {
      const p = this.#m.readLinear(this.at(at), bytes);
      image.set(state.u8.subarray(p, p + bytes), at - from);
    }
    return new DataView(image.buffer);
  }
  /** An image, from the first byte on: those stretches of it. */
  write(image: Uint8Array, stretches: readonly Stretch[] = [[0, image.length]]): void {
    const { state } = this.#m;
    if (this.#isWhole(0, image.length)) {
      const p = this.#m.writeLinear(this.#first, image.length);
      for (const [from, to] of stretches) state.u8.set(image.subarray(from, to), p + from);
      this.#m.commitLinear(p);
      return;
    }
    // What comes before a part that is not there has been written.
    for (const [from, to] of stretches)
      for (const { at, bytes } of this.#within(from, to)) {
        const p = this.#m.writeLinear(this.at(at), bytes);
        state.u8.set(image.subarray(at, at + bytes), p);
        this.#m.commitLinear(p);
      }
  }
}
