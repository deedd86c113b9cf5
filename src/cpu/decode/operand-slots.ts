// Where a record keeps its register operands, and the records that belong to no row.

import { wt } from "../../wasm/encoder.ts";
import type { FuncType } from "../../wasm/module.ts";
import type { Operand, Row } from "../isa/row.ts";
import { record } from "../machine/layout.ts";

const registerSlots = [record.r0, record.r1, record.base, record.index] as const;

const isRegister = (o: Operand, memory: boolean): boolean => {
  switch (o.kind) {
    case "rm":
    case "xmmrm":
    case "mmrm":
      return !memory;
    case "imm":
    case "simm":
    case "one":
    case "rel":
    case "far":
    case "fixed":
    case "named":
    case "moffs":
    case "mem":
    case "vsib":
    case "strX":
    case "strY":
    case "st":
      return false;
    default:
      return true;
  }
};

/** Which record slot each operand's register number has, in the order of the row; undefined for operands that are no registers. */
export const slotsOf = (row: Row, memory: boolean): readonly (number | undefined)[] => {
  let next = 0;
  return row.operands.map((o) =>
    o.kind === "xmmL" ? record.imm : o.kind === "vsib" ? record.index : isRegister(o, memory) ? registerSlots[next++] : undefined,
  );
};

/** Where a record that ends a block counts how often control passes it: undefined where operands leave no room for that (LFS, say). */
export const executionsIn = (memory: boolean, slots: readonly (number | undefined)[]): number | undefined =>
  !memory ? record.executions : slots.every((slot) => slot === undefined) ? record.executionsWithMemory : undefined;

/** Handlers of records that no row has: an empty slot, a block that goes on elsewhere, a stop, an invalidated record,
 * the entry of a compiled region. */
export const special = { none: 0, next: 1, stop: 2, stale: 3, region: 4 } as const;
/** Routines have the places in the table behind those, in the order of the build's `routineTypes`. */
export const firstRoutine = Object.keys(special).length;
/** Is no block there any more? Then the record leads back to the dispatcher, or on to what is at its address now. */
export const isGone = (handler: number): boolean => handler === special.stale || handler === special.next;

/** Rounds of a repeated string instruction before other work gets a chance; it counts as so many instructions each time. */
export const repeatIterations = 4096;
export const repeatCost = 64;

/**
 * A compiled region: (budget, number of the entry) -> where control goes, an address, or else ~ of an exit or leave code. A region word says which
 * region, and which of its entries: the entry's number above the slot in the table of regions. Slot 0 is nobody's.
 */
export const regionType: FuncType = { params: [wt.i32, wt.i32], results: [wt.i64] };
export const slotBits = 16;
export const regionSlots = 2048;
/**
 * Guest calls that may be wasm calls within each other; deeper ones are jumps. A frame of a large region takes 5 KB and more of V8's stack of
 * 984 KB, and to overflow that would lose the registers in it.
 */
export const callDepth = 24;
