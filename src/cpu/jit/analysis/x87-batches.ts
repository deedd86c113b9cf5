// The x87 batches of a block: runs of x87 instructions with inline forms, with a few other instructions among
// them. The emitter keeps their register stack in locals (x87-batch.ts). The stack effects of the operations
// tell which registers must be full or empty at the start of a batch, before any code is emitted.

import type { Decoded } from "../../decode/decoder.ts";
import { effectsOf, type RoutineCall } from "../../isa/effects.ts";
import { comparesX87, isInlineRoutine, type StackRegister, x87StackEffects } from "../../isa/x87-operations.ts";

/**
 * Routines with an arithmetic operation as their first argument have no inline form if it sets condition
 * codes.
 */
const hasInlineForm = ({ routine, constants: [operation] }: RoutineCall): boolean =>
  isInlineRoutine(routine) && !(routine.startsWith("arith_") && operation !== undefined && comparesX87(operation));
/** True for an x87 instruction with an inline form. */
export const isInline = (d: Decoded): boolean => {
  const { routineCalls } = effectsOf(d.row);
  return routineCalls.length > 0 && routineCalls.every(hasInlineForm);
};
/** True for an instruction without x87 effects. It may be within a batch. */
const isNeutral = (d: Decoded): boolean => {
  const f = effectsOf(d.row);
  const ends = f.callsHelper || f.exits !== undefined || f.branches || f.branchesIf || f.jumps || d.row.ends;
  return !ends && f.fields.length === 0 && f.routines.every((r) => r.startsWith("sse_"));
};
const gap = 16;
/** The end of the batch that begins with instruction n; n if there is none. */
export const batchEnd = (list: readonly Decoded[], n: number): number => {
  if (!isInline(list[n]!)) return n;
  let end = n + 1;
  for (let i = end; i < list.length && i - end <= gap; i++) {
    if (isInline(list[i]!)) end = i + 1;
    else if (!isNeutral(list[i]!)) break;
  }
  return end;
};

/** Sets of registers, by bit. Registers are numbered from the top of the stack at the start of a batch. */
export interface StackNeeds {
  /** They must be full, or empty, at the start. */
  readonly full: number;
  readonly empty: number;
  /** Their values are read. */
  readonly loads: number;
}

/** The register stack in a batch: the registers that are known to be full or empty, and those in locals. */
export class X87Stack {
  /** TOP minus its value at the start of the batch. */
  depth = 0;
  needFull = 0;
  needEmpty = 0;
  #loads = 0;
  #full = 0;
  #empty = 0;
  #cached = 0;

  get needs(): StackNeeds {
    return { full: this.needFull, empty: this.needEmpty, loads: this.#loads };
  }
  /** The number of ST(i). */
  register(i: number): number {
    return (i + this.depth) & 7;
  }
  /** Reads ST(i). False if it is empty: a stack underflow. */
  read(i: number): boolean {
    const bit = 1 << this.register(i);
    const isEmpty = (this.#empty & bit) !== 0;
    if (!((this.#full | this.#empty) & bit)) {
      this.needFull |= bit;
      this.#full |= bit;
    }
    if (!(this.#cached & bit)) this.#loads |= bit;
    this.#cached |= bit;
    return !isEmpty;
  }
  /** Writes ST(i). */
  write(i: number): void {
    const bit = 1 << this.register(i);
    // A store to a register that was not read. It may be full or empty, which the test cannot express.
    if (!((this.#full | this.#empty) & bit)) this.needFull |= bit;
    this.#full |= bit;
    this.#empty &= ~bit;
    this.#cached |= bit;
  }
  /** Pushes a register, which is written next. False if it is full: a stack overflow. */
  push(): boolean {
    this.depth--;
    const bit = 1 << this.register(0);
    if (!((this.#full | this.#empty) & bit)) {
      this.needEmpty |= bit;
      this.#empty |= bit;
    }
    return (this.#full & bit) === 0;
  }
  pop(): void {
    const bit = 1 << this.register(0);
    this.#full &= ~bit;
    this.#empty |= bit;
    this.depth++;
  }
  /** Registers that were full at the start and are empty now. */
  get emptied(): number {
    return this.#empty & this.needFull;
  }
  /** Registers that were empty at the start and are full now. */
  get filled(): number {
    return this.#full & this.needEmpty;
  }
}

/** A call of a routine by an instruction, with its constant arguments. */
export interface StackCall {
  readonly routine: string;
  readonly args: readonly (number | undefined)[];
}
/** The number i of a register ST(i). */
export const stackIndex = (r: StackRegister, argument: (position: number) => number): number => (r === 0 ? 0 : argument(r.argument));

/** The registers that a batch needs, from the calls of its instructions in order. */
export const stackNeeds = (calls: Iterable<StackCall>): StackNeeds => {
  const stack = new X87Stack();
  for (const { routine, args } of calls) {
    if (!isInlineRoutine(routine)) continue;
    const { reads, writes, pushes, pops } = x87StackEffects[routine];
    const argument = (position: number): number => args[position] ?? 0;
    for (const r of reads) stack.read(stackIndex(r, argument));
    if (pushes) {
      stack.push();
      stack.write(0);
    }
    for (const r of writes) stack.write(stackIndex(r, argument));
    if (pops !== undefined && argument(pops) !== 0) stack.pop();
  }
  return stack.needs;
};
