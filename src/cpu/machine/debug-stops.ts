// The stops that a debugger outside of the machine has set. No guest can see them: memory keeps its bytes,
// and the debug registers are the guest's. A stop comes before the instruction, which has changed nothing.
import type { Breakpoint } from "./breakpoints.ts";
import type { Access } from "./mmu.ts";

/** Instruction pointers at which to stop. */
export type CodeStops = Pick<ReadonlySet<number>, "has" | "size">;

/** Stops of all address spaces. The debugger decides whether one of them concerns the running task. */
export interface DebugStops {
  /** Instruction pointers: a set, or a rule. `size` 0: none. */
  readonly code: CodeStops;
  /** Linear addresses; `bit` has no meaning. */
  readonly data: readonly Breakpoint[];
  /**
   * The next instruction is one of `code`. True: the run ends before it. `instructions`: those retired since
   * boot.
   */
  onCode(ip: number, instructions: number): boolean;
  /**
   * The next instruction is about to access `data`. True: the run ends before it. An instruction that
   * `repeats` goes on in any case: a stop between two of its iterations would change the count of
   * instructions.
   */
  onData(address: number, bytes: number, how: Access, instructions: number, repeats: boolean): boolean;
}
