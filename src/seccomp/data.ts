// The data of a filter run. Linux uapi linux/seccomp.h (struct seccomp_data), and the 56-byte view of the v6
// patch.

/**
 * A system call before its execution, as its door has seen it. Registers are 32-bit halves: argument i is
 * args[2*i] (low), args[2*i+1] (high).
 */
export interface SyscallData {
  /** (int)eax: signed. */
  nr: number;
  /** AUDIT_ARCH_*. */
  arch: number;
  /** The instruction pointer of seccomp_data, in two halves. */
  ipLo: number;
  ipHi: number;
  readonly args: Uint32Array;
}
