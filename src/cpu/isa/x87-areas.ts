// Memory operands that are transferred in parts: those of FNSTENV and FNSAVE, FXSAVE, XSAVE and their
// counterparts. SDM Vol. 1 8.1.10, 10.5.1, 13.4. With 32-bit addresses such an operand wraps to 0 between two
// transfers, as far pointers do (system/segment.ts). In 64-bit code a single transfer continues beyond 4 GiB,
// as every operand does. test/kernel/native/wrapped.c measures the transfers.
import type { HelperContext } from "../helpers/helpers.ts";
import type { Vendor } from "../machine/model.ts";

/** The transfers of an area, in the processor's order. */
type Transfers = readonly (readonly [at: number, bytes: number])[];
/** A range of bytes in an area: first byte, and one after the last. */
export type X87Range = readonly [from: number, to: number];
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
/** Control, status and pointers precede the registers. */
const fxIntel = [...inTurn(0, 4, 4, 8, 8, 4, 4), ...st, ...xmm];
const fxSaveAmd = [...inTurn(0, 2, 2, 2, 2, 8, 8, 4, 4), ...st, ...xmmOfAmd];
const fxRestoreAmd = [...xmmOfAmd, ...inTurn(0, ...repeated(8, 4)), ...st];
/** The transfers that all tested processors have in common. */
export const x87Transfers = {
  environment: { 16: inTurn(0, ...environment[16]), 32: inTurn(0, ...environment[32]) },
  all: { 16: inTurn(0, ...environment[16], ...registers), 32: inTurn(0, ...environment[32], ...registers) },
} as const;
/** The transfers of a Xeon with AMX and of an EPYC of family 19h. */
export const areaTransfers: Readonly<Record<Vendor, Readonly<Record<"fxsave" | "fxrstor" | "xsave" | "xrstor", Transfers>>>> = {
  amd: {
    fxsave: fxSaveAmd,
    fxrstor: fxRestoreAmd,
    xsave: [...fxSaveAmd, ...header, ...inTurn(576, ...repeated(8, 32)).toReversed()],
    xrstor: [...header, ...fxRestoreAmd, ...ymm.toReversed()],
  },
  intel: { fxsave: fxIntel, fxrstor: fxIntel, xsave: [...fxIntel, ...header, ...ymm], xrstor: [...fxIntel, ...header, ...ymm] },
};

/**
 * Bits of a helper's second argument that hold the operand's size. The number of bytes before address 0 is
 * above them, or 0 if the area does not wrap.
 */
export const sizeBits = 8;

/** An area of one instruction in guest memory. */
export class X87Area {
  readonly #m: HelperContext;
  readonly #first: number;
  readonly #transfers: Transfers;
  /** The number of bytes before addresses wrap. */
  readonly #room: number;
  /** The operand's size in bits. */
  readonly size: number;
  /** a, b: the arguments of a helper (x87-state.ts). */
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
  /** The transfers that start in a range. */
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
  /** Writes an image to the start of the area, limited to some ranges. */
  write(image: Uint8Array, ranges: readonly X87Range[] = [[0, image.length]]): void {
    const { state } = this.#m;
    if (this.#isWhole(0, image.length)) {
      const p = this.#m.writeLinear(this.#first, image.length);
      for (const [from, to] of ranges) state.u8.set(image.subarray(from, to), p + from);
      this.#m.commitLinear(p);
      return;
    }
    // The transfers before a missing page have been written.
    for (const [from, to] of ranges)
      for (const [at, bytes] of this.#startingIn(from, to)) {
        const p = this.#m.writeLinear(this.at(at), bytes);
        state.u8.set(image.subarray(at, at + bytes), p);
        this.#m.commitLinear(p);
      }
  }
}
