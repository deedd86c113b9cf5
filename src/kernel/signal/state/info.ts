// siginfo: the origin of a signal. man 2 sigaction; Linux include/uapi/asm-generic/siginfo.h. layout.ts has
// its layout.

/** si_code values. Linux uapi asm-generic/siginfo.h. */
export const SI = {
  USER: 0,
  KERNEL: 0x80,
  QUEUE: -1,
  TIMER: -2,
  MESGQ: -3,
  ASYNCIO: -4,
  SIGIO: -5,
  TKILL: -6,
  ILL_ILLOPN: 2,
  FPE_INTDIV: 1,
  FPE_INTOVF: 2,
  FPE_FLTDIV: 3,
  FPE_FLTOVF: 4,
  FPE_FLTUND: 5,
  FPE_FLTRES: 6,
  FPE_FLTINV: 7,
  SEGV_MAPERR: 1,
  SEGV_ACCERR: 2,
  BUS_ADRALN: 1,
  BUS_ADRERR: 2,
  TRAP_BRKPT: 1,
  TRAP_TRACE: 2,
  TRAP_HWBKPT: 4,
  CLD_EXITED: 1,
  CLD_KILLED: 2,
  CLD_DUMPED: 3,
  CLD_TRAPPED: 4,
  CLD_STOPPED: 5,
  CLD_CONTINUED: 6,
  SYS_SECCOMP: 1,
  SYS_USER_DISPATCH: 2,
} as const;

/** The members of siginfo. signo and code decide the members in use, as in C's union. */
export interface SigInfo {
  readonly signo: number;
  readonly code: number;
  readonly errno?: number;
  /** kill, sigqueue, SIGCHLD. */
  readonly pid?: number;
  readonly uid?: number;
  /** sigqueue and timers: sival, as the sender's 8 bytes. */
  readonly value?: bigint;
  /** SIGCHLD: exit status or signal; times in clock ticks. */
  readonly status?: number;
  readonly utime?: number;
  readonly stime?: number;
  /** Faults: si_addr. */
  readonly addr?: bigint;
  /** POSIX timers. */
  readonly timerId?: number;
  readonly overrun?: number;
  /** SIGSYS. */
  readonly callAddr?: bigint;
  readonly syscall?: number;
  readonly arch?: number;
  /** SIGIO. */
  readonly band?: number;
  readonly fd?: number;
  /** rt_sigqueueinfo with a code of the sender: the bytes after si_code, unchanged. */
  readonly raw?: Uint8Array;
}

/** A signal from the kernel. */
export const kernelSignal = (signo: number): SigInfo => ({ signo, code: SI.KERNEL });
/** A signal from kill(2) and similar calls. */
export const userSignal = (signo: number, pid: number, uid: number, code: number = SI.USER): SigInfo => ({ signo, code, pid, uid });
