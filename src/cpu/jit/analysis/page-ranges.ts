// Page ranges of registers, for long loops over arrays in 64-bit code. A register of a loop mostly points
// into one area of consecutive direct-mapped pages (layout.ts).
// Such an access needs no page tag. One comparison with a range in the state page (`Tlb.showRange`) shows
// that it is inside. An access outside the range uses the slow path. Now and then it requests the range
// around it, because areas alternate and grow.
// In other code, ranges cost more than they save: an access often leaves the area of the previous one. In
// 32-bit code a tag is cheap anyway.

import { i32c, node, op, type WasmNode, wt } from "../../../wasm/encoder.ts";
import { as } from "../../codegen/expression.ts";
import { type Access, access } from "../../machine/mmu.ts";
import { at, pageRanges } from "../../machine/state.ts";

/** The page range of one register in a loop: the slot of its bounds, and the strictest access through it. */
export class PageRange {
  /**
   * Loops share slots, but reading and writing accesses have separate ones. A range that may be read does not
   * have to be writable.
   */
  readonly #slot: number;
  readonly #how: Access;
  constructor(slot: number, how: Access) {
    this.#slot = (slot % (pageRanges.slots / 2)) * 2 + how;
    this.#how = how;
  }
  /** True if all bytes from an address on are in the range, `pageRanges.reach` of them at most. */
  contains(first: WasmNode): WasmNode {
    const there = (field: number) => node(wt.i64, op.i64load, [i32c(0)], addressOf(this.#slot) + field);
    return node(wt.i32, op.i64ltU, [node(wt.i64, op.i64sub, [as(wt.i64, first), there(pageRanges.base)]), there(pageRanges.length)]);
  }
  /** The request for a new range after too many misses. */
  get request(): WasmNode {
    return i32c(this.#slot * 2 + this.#how);
  }
}
const addressOf = (slot: number): number => at.pageRanges + slot * pageRanges.size;

/** Upper bound of the registers of a loop scope that have a range. */
const maxRanges = 4;

/** An access to memory through a base register. */
export interface BaseUse {
  readonly register: number;
  readonly writes: boolean;
}
/**
 * The page ranges of a loop scope by base register. The head identifies the loop. Registers after the first
 * four have none.
 */
export const pageRangesOf = (head: number, bases: readonly BaseUse[]): ReadonlyMap<number, PageRange> => {
  const registers = [...new Set(bases.map(({ register }) => register))].slice(0, maxRanges);
  const written = new Set(bases.filter(({ writes }) => writes).map(({ register }) => register));
  const howOf = (r: number): Access => (written.has(r) ? access.write : access.read);
  return new Map(registers.map((r) => [r, new PageRange((head + 7 * r) & (pageRanges.slots - 1), howOf(r))]));
};
