// What memory is known to hold: what was last stored there or loaded from there, by addresses that differ in a known way. Compilers of 32-bit
// code keep half of a loop's values on the stack, and processors rename such slots only if they are addressed by the stack or frame pointer.
import { type Body, constant, localGet, type Node, type Origin, type WasmType, wt } from "../../../wasm/encoder.ts";

/** Bytes somewhere in memory; undefined: nobody knows where. */
export interface ByteRange {
  readonly origin: Origin | undefined;
  readonly bytes: number;
}
export interface KnownValue extends ByteRange {
  readonly origin: Origin;
  /** A constant, or a local that nothing else is put into. */
  readonly value: Node;
}
/** Contents that are remembered at a time. */
const limit = 32;
const page = 4096;

/** May two accesses meet? Those that differ by less than a page do not, if they are apart: even if two pages are the same frame. */
export const mayOverlap = (a: ByteRange, b: ByteRange): boolean =>
  a.origin === undefined || b.origin === undefined || a.origin.of !== b.origin.of || overlap(a.origin, a.bytes, b.origin, b.bytes);
const overlap = (a: Origin, aBytes: number, of: Origin, bytes: number): boolean => {
  const distance = (((of.plus - a.plus) % page) + page) % page;
  return distance < aBytes || distance > page - bytes;
};

export class KnownValues {
  readonly #b: Body;
  readonly #locals: { readonly t: WasmType; readonly index: number }[] = [];
  known: readonly KnownValue[] = [];
  constructor(body: Body) {
    this.#b = body;
  }

  at(origin: Origin, bytes: number): Node | undefined {
    return this.known.find((c) => c.origin.of === origin.of && c.origin.plus === origin.plus && c.bytes === bytes)?.value;
  }
  /** A store: what it may have changed is known no more. */
  changed(origin: Origin | undefined, bytes: number): void {
    this.known = this.known.filter((c) => !mayOverlap(c, { origin, bytes }));
  }
  put(origin: Origin, bytes: number, value: Node): void {
    const others = this.known.slice(this.known.length === limit ? 1 : 0);
    if (constant(value) !== undefined) {
      this.known = [...others, { origin, bytes, value }];
      return;
    }
    const taken = new Set(others.map((c) => c.value.k));
    let local = this.#locals.find(({ t, index }) => t === value.t && !taken.has(index));
    if (!local) this.#locals.push((local = { t: value.t, index: this.#b.keep(value.t) }));
    this.#b.set(local.index, value);
    this.known = [...others, { origin, bytes, value: localGet(value.t, local.index) }];
  }
}
/** Is it worth remembering: an integer as wide as the access? */
export const isWhole = (t: WasmType, bits: number): boolean => (t === wt.i32 && bits === 32) || (t === wt.i64 && bits === 64);
