// What a filter sees. Linux uapi linux/seccomp.h (struct seccomp_data), and the 56-byte view of the v6 patch.

/** One system call on its way in, as the door saw it. Registers are 32-bit halves: argument i is args[2*i] (low), args[2*i+1] (high). */
export interface SyscallData {
  /** (int)eax: signed. */
  nr: number;
  /** AUDIT_ARCH_*. */
  arch: number;
  /** Instruction pointer as seccomp_data shows it, in two halves. */
  ipLo: number;
  ipHi: number;
  readonly args: Uint32Array;
}
