// Why the engine came back. The values are what generated code returns.

export const exit = {
  /** The budget is used up; rip is the next instruction. */
  budget: 0,
  /** An instruction faulted or trapped: vector, error and address are in the state page; rip is what the manual says is saved. */
  fault: 1,
  /** The three doors. rip is after the instruction; nothing else has changed but rcx and r11 by SYSCALL. */
  int80: 2,
  sysenter: 3,
  syscall: 4,
  /** A door whose call has been served where it was made (`Cpu.serve`), by somebody who then did not let the code go on. */
  served: 5,
} as const;
export type Exit = (typeof exit)[keyof typeof exit];

/** How generated code leaves to the dispatcher, besides `exit`. The record in the state page says where. */
export const exitCode = {
  fault: exit.fault,
  int80: exit.int80,
  sysenter: exit.sysenter,
  syscall: exit.syscall,
  /** rip is the instruction after the record's: a trap; a block's end whose link is unknown or whose budget is gone; a change of context. */
  trap: 10,
  next: 11,
  /** To the record's branch target, whose link is unknown or whose block the budget does not cover. */
  taken: 12,
  /** rip is already written: a computed jump. */
  jumped: 13,
  /** Within compiled regions: a near return. Whoever called may have expected it. */
  returned: 20,
  /** From a compiled region, rip written: what the dispatcher looks at before it goes on may have changed (EFLAGS.TF, AC). */
  changed: 21,
  /** The same instruction again: a repeated string instruction's rounds are used up. */
  again: 14,
  /** A block made to end here: rip is this record's. */
  stop: 15,
  /** The record was invalidated: rip is this record's. */
  stale: 16,
  /** From a compiled region, rip written: the budget may not cover the way to its next check. */
  lowBudget: 18,
  /** From a compiled region, rip written: the interpreter goes on, or begins again, from there, to fault or to do what regions do not
   *  (an access that crosses pages, a write to code). */
  sideExit: 17,
  /** A region's record whose pages may have been mapped anew. */
  unverified: 19,
  /** From a compiled region, rip written: `again`. */
  iterations: 22,
  /** From a compiled region of 32- or 16-bit code, rip written: it takes upper halves of registers for 0, and one is not. */
  upper: 23,
} as const;

/** Added to an exit by a compiled region: rip and budget are already as they must be. */
export const settled = 32;

/** What a leave code means after one instruction, or undefined to go on. */
export const exitOf = (code: number): Exit | undefined =>
  code === exitCode.fault || code === exitCode.trap
    ? exit.fault
    : code === exitCode.int80 || code === exitCode.sysenter || code === exitCode.syscall
      ? (code as Exit)
      : undefined;
