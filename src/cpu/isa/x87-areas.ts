// Memory operands that are moved in parts: what FNSTENV and FNSAVE, FXSAVE, XSAVE and their counterparts write and read. SDM Vol. 1 8.1.10, 10.5.1, 13.4.
// With addresses of 32 bits such an operand goes on at 0 part by part, as far pointers do (system/segment.ts). In 64-bit code a part itself goes on beyond
// 4 GiB, as every operand does. test/kernel/native/wrapped.c asks where the parts are.
import type { HelperContext } from "../helpers/helpers.ts";
import type { Vendor } from "../machine/model.ts";

/** Where each part is, in the order in which they are moved. */
type Transfers = readonly (readonly [at: number, bytes: number])[];
export type ByteRange = readonly [from: number, to: number];
const inTurn = (at: number, ...bytes: readonly number[]): Transfers => {
  let next = at;
  return bytes.map((n) => {
    const part = [next, n] as const;
    next += n;
    return part;
  });
};
const repeated = (n: number, ...bytes: readonly number[]): readonly number[] => Array.from({ length: n }, () => bytes).flat();

const environment = { 16: repeated(7, 2), 32: repeated(7, 4) } as const;
const registers = repeated(8, 8, 2);
const header = inTurn(512, ...repeated(8, 8));
const st = inTurn(32, ...repeated(16, 8));
const xmm = inTurn(160, ...repeated(16, 16));
const ymm = inTurn(576, ...repeated(16, 16));
const xmmOfAmd: Transfers = [...xmm.slice(0, 8).toReversed(), ...xmm.slice(8).toReversed()];
/** Before the registers there are control, status and pointers. */
const fxIntel = [...inTurn(0, 4, 4, 8, 8, 4, 4), ...st, ...xmm];
const fxSaveAmd = [...inTurn(0, 2, 2, 2, 2, 8, 8, 4, 4), ...st, ...xmmOfAmd];
const fxRestoreAmd = [...xmmOfAmd, ...inTurn(0, ...repeated(8, 4)), ...st];
/** What all processors do alike, as far as anybody has asked. */
export const x87Transfers = {
  environment: { 16: inTurn(0, ...environment[16]), 32: inTurn(0, ...environment[32]) },
  all: { 16: inTurn(0, ...environment[16], ...registers), 32: inTurn(0, ...environment[32], ...registers) },
} as const;
/** As a Xeon with AMX and an EPYC of family 19h move them. */
export const areaTransfers: Readonly<Record<Vendor, Readonly<Record<"fxsave" | "fxrstor" | "xsave" | "xrstor", Transfers>>>> = {
  amd: {
    fxsave: fxSaveAmd,
    fxrstor: fxRestoreAmd,
    xsave: [...fxSaveAmd, ...header, ...inTurn(576, ...repeated(8, 32)).toReversed()],
    xrstor: [...header, ...fxRestoreAmd, ...ymm.toReversed()],
  },
  intel: { fxsave: fxIntel, fxrstor: fxIntel, xsave: [...fxIntel, ...header, ...ymm], xrstor: [...fxIntel, ...header, ...ymm] },
};

/** Bits of an action's second operand that are the operand's size; how many bytes are before address 0 comes above them, 0 if it never does. */
export const sizeBits = 8;

export class Area {
  readonly #m: HelperContext;
  readonly #first: number;
  readonly #transfers: Transfers;
  /** Bytes before addresses begin again. */
  readonly #room: number;
  /** The operand's size in bits. */
  readonly size: number;
  /** a, b: an action's (x87-state.ts). */
  constructor(m: HelperContext, a: bigint, b: bigint, parts: (size: number) => Transfers) {
    this.#m = m;
    this.#first = Number(BigInt.asIntN(64, a));
    this.size = Number(BigInt.asUintN(sizeBits, b));
    this.#transfers = parts(this.size);
    const room = Number(b >> BigInt(sizeBits));
    this.#room = room > 0 ? room : Number.POSITIVE_INFINITY;
  }
  /** The linear address of a byte. */
  at(n: number): number {
    return this.#first + n - (n < this.#room ? 0 : 2 ** 32);
  }
  /** Parts that begin from a byte on, before another one. */
  #startingIn(from: number, to: number): Transfers {
    return this.#transfers.filter(([at]) => at >= from && at < to);
  }
  #isWhole(from: number, to: number): boolean {
    return to <= this.#room || from >= this.#room;
  }
  read(from: number, to: number): DataView {
    const { state } = this.#m;
    if (this.#isWhole(from, to)) return new DataView(state.memory.buffer, this.#m.readLinear(this.at(from), to - from), to - from);
    const image = new Uint8Array(to - from);
    for (const [at, bytes] of this.#startingIn(from, to)) {
      const p = this.#m.readLinear(this.at(at), bytes);
      image.set(state.u8.subarray(p, p + bytes), at - from);
    }
    return new DataView(image.buffer);
  }
  /** An image, from the first byte on: those stretches of it. */
  write(image: Uint8Array, ranges: readonly ByteRange[] = [[0, image.length]]): void {
    const { state } = this.#m;
    if (this.#isWhole(0, image.length)) {
      const p = this.#m.writeLinear(this.#first, image.length);
      for (const [from, to] of ranges) state.u8.set(image.subarray(from, to), p + from);
      this.#m.commitLinear(p);
      return;
    }
    // What comes before a part that is not there has been written.
    for (const [from, to] of ranges)
      for (const [at, bytes] of this.#startingIn(from, to)) {
        const p = this.#m.writeLinear(this.at(at), bytes);
        state.u8.set(image.subarray(at, at + bytes), p);
        this.#m.commitLinear(p);
      }
  }
}
