// Page ranges of registers, for long loops over arrays in 64-bit code. A register of a loop mostly points
// into one area of consecutive direct-mapped pages (layout.ts).
// Such an access needs no page tag. One comparison with a range in the state page (`Tlb.showRange`) shows
// that it is inside. An access outside the range uses the slow path. Now and then it requests the range
// around it, because areas alternate and grow.
// In other code, ranges cost more than they save: an access often leaves the area of the previous one. In
// 32-bit code a tag is cheap anyway.

import { i32c, type Node, node, op, wt } from "../../../wasm/encoder.ts";
import { as } from "../../codegen/expression.ts";
import { type Access, access } from "../../machine/mmu.ts";
import { at, pageRanges } from "../../machine/state.ts";

/** The page range of one register. */
export class PageRange {
  readonly #slot: number;
  /** The strictest access of all instructions with this base register. */
  #how: Access = access.read;
  constructor(slot: number) {
    this.#slot = slot;
  }
  requires(how: Access): void {
    if (how === access.write) this.#how = how;
  }
  /**
   * Loops share slots, but reading and writing accesses have separate ones. A range that may be read does not
   * have to be writable.
   */
  #slotForAccess(): number {
    return (this.#slot % (pageRanges.slots / 2)) * 2 + this.#how;
  }
  /**
   * True if all bytes from an address on are in the range, `runs.reach` of them at most. The expression is
   * valid when all accesses are known.
   */
  contains(first: Node): Node {
    const there = (field: number) => node(wt.i64, op.i64load, [i32c(0)], addressOf(this.#slotForAccess()) + field);
    return node(wt.i32, op.i64ltU, [node(wt.i64, op.i64sub, [as(wt.i64, first), there(pageRanges.base)]), there(pageRanges.length)]);
  }
  /** The request for a new range after too many misses. It is valid when all accesses are known. */
  get request(): Node {
    return i32c(this.#slotForAccess() * 2 + this.#how);
  }
}
const addressOf = (slot: number): number => at.pageRanges + slot * pageRanges.size;

/** Upper bound of the registers of a loop scope that have a range. */
const maxRanges = 4;

/** The page ranges of one loop scope, which its head identifies. */
export class PageRanges {
  readonly #head: number;
  readonly #byRegister = new Map<number, PageRange>();
  constructor(head: number) {
    this.#head = head;
  }
  /** The range of a register; undefined if too many registers have one. */
  of(register: number): PageRange | undefined {
    const there = this.#byRegister.get(register);
    if (there || this.#byRegister.size === maxRanges) return there;
    const range = new PageRange((this.#head + 7 * register) & (pageRanges.slots - 1));
    this.#byRegister.set(register, range);
    return range;
  }
}
