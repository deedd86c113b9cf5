// The register slots of records, and the records that belong to no row.

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

/**
 * The record slot of each operand's register number, in the order of the row; undefined if the operand is not
 * a register.
 */
export const slotsOf = (row: Row, memory: boolean): readonly (number | undefined)[] => {
  let next = 0;
  return row.operands.map((o) =>
    o.kind === "xmmL" ? record.imm : o.kind === "vsib" ? record.index : isRegister(o, memory) ? registerSlots[next++] : undefined,
  );
};

/**
 * The offset of the execution count in a record that ends a block. Undefined if operands use its space (LFS,
 * for example).
 */
export const executionsIn = (memory: boolean, slots: readonly (number | undefined)[]): number | undefined =>
  !memory ? record.executions : slots.every((slot) => slot === undefined) ? record.executionsWithMemory : undefined;

/**
 * Handlers of records without a row: an empty slot, a block that continues elsewhere, a stop, an invalidated
 * record, the entry of a compiled region.
 */
export const special = {
  none: 0,
  next: 1,
  stop: 2,
  stale: 3,
  region: 4,
} as const;
/**
 * The table index of the first routine. Routines follow the specials in the order of the build's
 * `routineTypes`.
 */
export const firstRoutine = Object.keys(special).length;
/**
 * True if the record has no block any more. It returns to the dispatcher, or continues to the current block
 * at its address.
 */
export const isGone = (handler: number): boolean => handler === special.stale || handler === special.next;

/**
 * A repeated string instruction gives the dispatcher control when its count becomes a multiple of this
 * number. The count alone decides, so a fault or a change of the tier between two iterations changes no time.
 */
export const repeatIterations = 4096;
/** Instructions that are charged then. */
export const repeatCost = 64;
/** Iterations until then. `count`: the low bits at least. */
export const iterationsLeft = (count: number): number => ((count - 1) & (repeatIterations - 1)) + 1;

/**
 * A compiled region: (budget, number of the entry) -> the address to continue at, or ~ of an exit code. A
 * region word is the entry's number above the region's slot in the table. Slot 0 is never used.
 */
export const regionType: FuncType = { params: [wt.i32, wt.i32], results: [wt.i64] };
/**
 * The function by which regions enter each other: the parameters of a region, then its slot. Regions do not
 * import the table, because V8 keeps a copy of it in each instance (docs/decisions/0057).
 */
export const enterRegionType: FuncType = { params: [...regionType.params, wt.i32], results: regionType.results };
/** Bits of the slot in a region word. */
export const slotBits = 16;
/** The most functions of the baseline tier, which follow the handlers in their table. */
export const mostRuns = 1 << 17;
/** Size of the table of regions. Without a free slot all regions are dropped, and g++ makes 2600. */
export const regionSlots = 8192;
/**
 * Bound of nested guest calls that are wasm calls; deeper calls are jumps. The frame of a large region takes
 * kilobytes of V8's stack, and an overflow would lose the registers in it.
 */
export const callDepth = 24;
