// The control-flow graph of a region: its blocks and their edges. grow-graph.ts builds it, structure.ts
// orders it.
import type { Decoded } from "../../decode/decoder.ts";
import { effectsOf } from "../../isa/effects.ts";
import type { Exit } from "../../machine/exit.ts";

/** A basic block of a region. */
export interface JitBlock {
  /**
   * Identifies the block in its region. It is the address, except in a trace tree (trace-tree.ts), where one
   * block of code occurs on several traces.
   */
  readonly key: number;
  readonly ip: number;
  readonly instructions: readonly Decoded[];
  /** Address after the last instruction. */
  readonly end: number;
  /**
   * The end of the block: the control transfer of the last instruction, or a fall through to `end`. A call
   * returns to `end`. A door's call returns to the address that the kernel chooses.
   */
  readonly terminator: "branch" | "branchIf" | "jump" | "call" | "return" | "door" | "leave" | "fall";
  /**
   * The address range of the linkage stub whose instructions end the block, if it ends with a call of one.
   */
  readonly stub?: { readonly ip: number; readonly end: number };
  /** The exit of its last instruction, if that is a door. */
  readonly door?: Exit;
  /**
   * The target of a call, if it is in the region. The call is then a jump, and returns in the region know its
   * return point.
   */
  inside?: number;
  /**
   * Keys of the successors in the region: branch target first, then the fall-through. In a trace tree also
   * the recorded targets of an indirect jump.
   */
  successors: number[];
}

/** The blocks of one region. */
export interface BlockGraph {
  /** Addresses at which control can enter the region, the first root first. */
  readonly entries: readonly number[];
  /** By key. */
  readonly blocks: ReadonlyMap<number, JitBlock>;
  /** Page numbers of guest addresses, and the frames that the code was read from. */
  readonly pages: ReadonlyMap<number, number>;
  readonly instructions: number;
  /** Hot code was left out because the region has its largest size. */
  readonly full: boolean;
  /** It is a trace tree (trace-tree.ts). */
  readonly tree: boolean;
}

/** True if a block ends with a call through a pointer. */
export const isByPointer = ({ instructions }: JitBlock): boolean => !effectsOf(instructions.at(-1)!.row).branches;
/**
 * True if other code can run between a block and its successor. A call through a pointer goes to other code
 * if the pointer has changed.
 */
export const isOpen = (block: JitBlock): boolean =>
  block.terminator === "door" || (block.terminator === "call" && (block.inside === undefined || isByPointer(block)));
