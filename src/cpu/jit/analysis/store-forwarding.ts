// Store-to-load forwarding: the values last stored or loaded at addresses that differ by known distances.
// Compilers of 32-bit code keep half of a loop's values on the stack. Processors rename such slots only if
// the address uses the stack or frame pointer.
import { type Body, constant, localGet, type Origin, type WasmNode, type WasmType, wt } from "../../../wasm/encoder.ts";

/** A range of bytes in memory; without an origin its address is unknown. */
export interface MemoryRange {
  readonly origin: Origin | undefined;
  readonly bytes: number;
}
/** A value at a known distance from an origin. */
export interface KnownValue extends MemoryRange {
  readonly origin: Origin;
  /** A constant, or a local that is used for nothing else. */
  readonly value: WasmNode;
}
/** Upper bound of the known values at one point. */
const limit = 32;
const page = 4096;

/**
 * True if two accesses may overlap. Disjoint ranges less than a page apart do not overlap, even if their two
 * pages have the same frame.
 */
export const mayOverlap = (a: MemoryRange, b: MemoryRange): boolean =>
  a.origin === undefined || b.origin === undefined || a.origin.of !== b.origin.of || rangesOverlap(a.origin, a.bytes, b.origin, b.bytes);
const rangesOverlap = (a: Origin, aBytes: number, of: Origin, bytes: number): boolean => {
  const distance = (((of.plus - a.plus) % page) + page) % page;
  return distance < aBytes || distance > page - bytes;
};

/** The values known at the current point of the code. */
export class KnownValues {
  readonly #b: Body;
  readonly #locals: { readonly t: WasmType; readonly index: number }[] = [];
  list: readonly KnownValue[] = [];
  constructor(body: Body) {
    this.#b = body;
  }

  at(origin: Origin, bytes: number): WasmNode | undefined {
    return this.list.find((c) => c.origin.of === origin.of && c.origin.plus === origin.plus && c.bytes === bytes)?.value;
  }
  /** A store drops the values that it may have changed. */
  changed(origin: Origin | undefined, bytes: number): void {
    this.list = this.list.filter((c) => !mayOverlap(c, { origin, bytes }));
  }
  put(origin: Origin, bytes: number, value: WasmNode): void {
    const others = this.list.slice(this.list.length === limit ? 1 : 0);
    if (constant(value) !== undefined) {
      this.list = [...others, { origin, bytes, value }];
      return;
    }
    const taken = new Set(others.map((c) => c.value.k));
    let local = this.#locals.find(({ t, index }) => t === value.t && !taken.has(index));
    if (!local) this.#locals.push((local = { t: value.t, index: this.#b.keep(value.t) }));
    this.#b.set(local.index, value);
    this.list = [...others, { origin, bytes, value: localGet(value.t, local.index) }];
  }
}
/** True for an integer as wide as the access. Only such values are forwarded. */
export const isWhole = (t: WasmType, bits: number): boolean => (t === wt.i32 && bits === 32) || (t === wt.i64 && bits === 64);
