// A crash as data, for `hooks.crash`.
import type { Frame } from "./frame.ts";

/** A process that a signal with a core dump ends. */
export interface Crash {
  readonly pid: number;
  readonly comm: string;
  readonly signal: string;
  /** Address of the instruction. */
  readonly address: number;
  /** General registers by their names. */
  readonly registers: Readonly<Record<string, bigint>>;
  /** The stack, innermost function first. */
  readonly frames: readonly Frame[];
  /** All of it for people, in lines. */
  readonly text: string;
}
