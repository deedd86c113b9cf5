// Long loops over arrays, in 64-bit code. What a register of a loop points into is mostly one area: pages in a row that are all at home (layout.ts). So
// an access by that register needs no tag of its page: that it is in the run is one comparison with what the state page says of it (`Tlb.showRange`). What
// is not in it is looked up by itself, as what has no page at home, and now and then the run around it is asked for: areas may alternate, and grow.
// Elsewhere it costs more than it saves: one access of 25 in python3 is not where the last one at its place was; and a tag of 32 bits is cheap.

import { i32c, type Node, node, op, wt } from "../../../wasm/encoder.ts";
import { as } from "../../codegen/expression.ts";
import { type Access, access } from "../../machine/mmu.ts";
import { at, pageRanges } from "../../machine/state.ts";

/** What a register points into. */
export class Run {
  readonly #slot: number;
  /** What all accesses by the register want to do. */
  #how: Access = access.read;
  constructor(slot: number) {
    this.#slot = slot;
  }
  wants(how: Access): void {
    if (how === access.write) this.#how = how;
  }
  /** Loops share slots, but none that is asked for reads with one that writes: what may be read is no answer to that. */
  #ofHow(): number {
    return (this.#slot % (pageRanges.slots / 2)) * 2 + this.#how;
  }
  /** Are all the bytes from an address on in it? `runs.reach` of them at most. To be written when all accesses are. */
  has(first: Node): Node {
    const there = (field: number) => node(wt.i64, op.i64load, [i32c(0)], placeOf(this.#ofHow()) + field);
    return node(wt.i32, op.i64ltU, [node(wt.i64, op.i64sub, [as(wt.i64, first), there(pageRanges.base)]), there(pageRanges.length)]);
  }
  /** What is to be asked for if it was missed too often: known when all accesses are written. */
  get word(): Node {
    return i32c(this.#ofHow() * 2 + this.#how);
  }
}
const placeOf = (slot: number): number => at.pageRanges + slot * pageRanges.size;

/** Registers of a scope at most that have a run. */
const most = 4;

/** Those of one scope, which is known by its head. */
export class Runs {
  readonly #head: number;
  readonly #byRegister = new Map<number, Run>();
  constructor(head: number) {
    this.#head = head;
  }
  /** What a register points into, if not too many do already. */
  of(register: number): Run | undefined {
    const there = this.#byRegister.get(register);
    if (there || this.#byRegister.size === most) return there;
    const run = new Run((this.#head + 7 * register) & (pageRanges.slots - 1));
    this.#byRegister.set(register, run);
    return run;
  }
}
