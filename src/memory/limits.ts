// Memory limits of a process. The kernel owns the numbers (rlimits, credentials). An address space has a live
// view.

/** The limits of one process. man 2 getrlimit, man 7 capabilities. */
export interface Limits {
  /** RLIMIT_AS, RLIMIT_DATA, RLIMIT_STACK, RLIMIT_MEMLOCK in bytes; Infinity is RLIM_INFINITY. */
  readonly as: number;
  readonly data: number;
  readonly stack: number;
  readonly memlock: number;
  /** CAP_IPC_LOCK and CAP_SYS_RAWIO in the initial user namespace. */
  readonly ipcLock: boolean;
  readonly rawIo: boolean;
}

/**
 * The defaults of Linux: 8 MiB of stack and of locked memory, else no limits. include/asm-generic/resource.h
 */
export const defaultLimits: Limits = {
  as: Number.POSITIVE_INFINITY,
  data: Number.POSITIVE_INFINITY,
  stack: 8 << 20,
  memlock: 8 << 20,
  ipcLock: true,
  rawIo: true,
};
