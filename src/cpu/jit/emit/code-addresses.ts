// The addresses of code in a region: constants, or sums of a constant and the address at which its file would
// begin, which the module imports. In the second case one module serves the code at any position.
// SDM Vol. 1 3.3.7: only targets of branches and RIP-relative operands depend on the position of code.
import { type Body, constant, i64c, localGet, node, noted, op, type WasmNode, wt } from "../../../wasm/encoder.ts";
import type { Decoded } from "../../decode/decoder.ts";

/** The origin of sums with the base (`Origin.of`). Origins of registers are positive. */
const ofBase = -1;
/** The greatest distance of a code address from the base, in either direction. */
const reach = 2n ** 33n;
/** Positions at which no address of positioned code is outside user space, or has 32 bits. */
export const positions = { from: 2 ** 34, to: 2 ** 47 - 2 ** 34 } as const;

/** True for an operand whose address is relative to the next instruction. SDM Vol. 2A 2.2.1.6 */
const isRipRelative = (d: Decoded): boolean => d.mode === 64 && d.isMemory && (d.modrm & 0xc7) === 5;

/** Code addresses for the emitter of one region. */
export class EmittedCodeAddresses {
  readonly #base: bigint | undefined;
  readonly #local: number | undefined;
  /** Some address needs constants: the region has to be emitted without a base. */
  get isFixed(): boolean {
    return this.#base !== undefined && this.#isFixed;
  }
  #isFixed = false;
  /** `base`: undefined for constants. */
  constructor(body: Body, base: number | undefined) {
    this.#base = base === undefined ? undefined : BigInt(base);
    this.#local = base === undefined ? undefined : body.keep(wt.i64);
  }
  /** Loads the base at the start of the function. It is global 0 of the module. */
  load(prologue: Body): void {
    if (this.#local !== undefined) prologue.set(this.#local, node(wt.i64, op.globalGet, [], 0));
  }
  /** An address as an expression. */
  at(address: number | bigint): WasmNode {
    if (this.#base === undefined) return i64c(BigInt(address));
    const distance = BigInt(address) - this.#base;
    if (distance <= -reach || distance >= reach) this.#isFixed = true;
    const sum = node(wt.i64, op.i64add, [localGet(wt.i64, this.#local as number), i64c(distance)]);
    return noted(sum, 47, { of: ofBase, plus: Number(distance) });
  }
  /** The address of the code or data at which an expression points for certain; undefined for others. */
  of(n: WasmNode): number | undefined {
    const value = constant(n);
    if (value !== undefined) return Number(value);
    return this.#base !== undefined && n.from?.of === ofBase ? Number(this.#base) + n.from.plus : undefined;
  }
  /** True for a sum with the base. Its value is below 2^47. */
  isSum(n: WasmNode): boolean {
    return constant(n) === undefined && this.of(n) !== undefined;
  }
  /** The displacement of a memory operand, or its address if it has neither base nor index. */
  displacement(d: Decoded): WasmNode {
    if (!isRipRelative(d)) return i64c(BigInt.asIntN(64, BigInt(d.disp)));
    if (d.addressSize !== 64) this.#isFixed = true;
    return this.at(d.disp);
  }
  /** The target of a direct branch. */
  target(d: Decoded): WasmNode {
    if (d.size === 16) this.#isFixed = true;
    return this.at(d.target);
  }
}
