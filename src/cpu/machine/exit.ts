// Exit codes: the values that generated code returns to the dispatcher, and that the CPU returns to the
// kernel.

/** The reasons for which `Cpu.run` returns. */
export const exit = {
  /** The budget is used up; rip is the next instruction. */
  budget: 0,
  /**
   * An instruction faulted or trapped. Vector, error and address are in the state page. rip is the value that
   * the manual says is saved.
   */
  fault: 1,
  /**
   * The three doors. rip is after the instruction. SYSCALL has also changed rcx and r11; nothing else has
   * changed.
   */
  int80: 2,
  sysenter: 3,
  syscall: 4,
  /** The call of a door was served inside compiled code (`Cpu.serve`), and the server ended the run. */
  served: 5,
  /** The watch on accesses has held the next instruction back (access-watch.ts). */
  held: 6,
} as const;
/** One of the reasons. */
export type Exit = (typeof exit)[keyof typeof exit];

/**
 * The codes that generated code returns to the dispatcher, in addition to `exit`. The record in the state
 * page is the current one.
 */
export const exitCode = {
  fault: exit.fault,
  int80: exit.int80,
  sysenter: exit.sysenter,
  syscall: exit.syscall,
  /**
   * rip becomes the address after the record. `trap` is a trap. `next` is the end of a block without a usable
   * link or without budget, or a change of context.
   */
  trap: 10,
  next: 11,
  /** rip becomes the record's branch target. Its link is unknown, or the budget does not cover its block. */
  taken: 12,
  /** rip is already written: an indirect jump. */
  jumped: 13,
  /** Between compiled regions: a near return. The calling region may expect its target. */
  returned: 20,
  /**
   * From a compiled region, rip written: state that the dispatcher checks may have changed (EFLAGS.TF, AC).
   */
  changed: 21,
  /** The same instruction is executed again: a repeated string instruction has used its iterations. */
  again: 14,
  /** The block was truncated here; rip becomes the record's address. */
  stop: 15,
  /** The record was invalidated; rip becomes its address. */
  stale: 16,
  /** From a compiled region, rip written: the budget may not cover the path to the next check. */
  lowBudget: 18,
  /**
   * A side exit from a compiled region, rip written. The interpreter continues or restarts there. It raises
   * the fault, or does an access that regions do not do: across pages, or to a page with code.
   */
  sideExit: 17,
  /** The record of a region whose pages may have been remapped. */
  unverified: 19,
  /** From a compiled region, rip written: the equivalent of `again`. */
  iterations: 22,
  /**
   * From a compiled region of 32- or 16-bit code, rip written. The region assumes that the upper halves of
   * registers are 0, and one is not.
   */
  upper: 23,
} as const;

/** A compiled region adds this to an exit if rip and budget are already final. */
export const settled = 32;

/** The exit that an exit code means after one instruction; undefined if execution continues. */
export const exitOf = (code: number): Exit | undefined =>
  code === exitCode.fault || code === exitCode.trap
    ? exit.fault
    : code === exitCode.int80 || code === exitCode.sysenter || code === exitCode.syscall
      ? (code as Exit)
      : undefined;
