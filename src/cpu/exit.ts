// Why the engine came back. The values are what generated code returns.

export const exit = {
  /** The budget is used up; rip is the next instruction. */
  budget: 0,
  /** An instruction faulted or trapped: vector, error and address are in the state page; rip is what the manual says is saved. */
  fault: 1,
  /** The three doors. rip is after the instruction; nothing else has changed (not even rcx and r11: that is the kernel's doing). */
  int80: 2,
  sysenter: 3,
  syscall: 4,
} as const;
export type Exit = (typeof exit)[keyof typeof exit];
