// The control-flow graph of a region: its blocks and how control goes from one to another. grow-graph.ts finds it, structure.ts orders it.
import type { Decoded } from "../../decode/decoder.ts";
import { effectsOf } from "../../isa/effects.ts";
import type { Exit } from "../../machine/exit.ts";

export interface JitBlock {
  /** Which block of its region it is: its address, but in a trace tree (trace-tree.ts), where code is in as many blocks as traces lead through it. */
  readonly key: number;
  readonly ip: number;
  readonly instructions: readonly Decoded[];
  /** Address after the last instruction. */
  readonly end: number;
  /** How it ends: by the last instruction's own control, or by going on to `end`. A call that is over goes on to `end` too, and
   *  the kernel's where its door comes back to. */
  readonly terminator: "branch" | "branchIf" | "jump" | "call" | "return" | "door" | "leave" | "fall";
  /** Where its last instructions lie, a linkage stub's, if it ends with a call of one. */
  readonly stub?: { readonly ip: number; readonly end: number };
  /** What its last instruction leaves for, of a door. */
  readonly door?: Exit;
  /** A call's target that is in the region: no more than a jump there, and the returns in the region know where it comes back to. */
  inside?: number;
  /** Keys of blocks in the region where it goes on: branch target first, then the fall-through; where a jump is known to go, in a trace tree. */
  successors: number[];
}

export interface Graph {
  /** Addresses where control can come into the region, the first root first. */
  readonly entries: readonly number[];
  /** By their keys. */
  readonly blocks: ReadonlyMap<number, JitBlock>;
  /** Page numbers (of ip) and the frames they were read from. */
  readonly pages: ReadonlyMap<number, number>;
  readonly instructions: number;
  /** Hot code beyond it was left out, for it is as large as a region may be. */
  readonly full: boolean;
  /** It is a trace tree (trace-tree.ts). */
  readonly tree: boolean;
}

export const isByPointer = ({ instructions }: JitBlock): boolean => !effectsOf(instructions.at(-1)!.row).branches;
/** May other code run between a block and what comes after it? A call by a pointer goes elsewhere if that has changed. */
export const isOpen = (block: JitBlock): boolean =>
  block.terminator === "door" || (block.terminator === "call" && (block.inside === undefined || isByPointer(block)));
