// What the process may use. The kernel owns these numbers (rlimits, credentials) and hands each address space a live view of them.

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

/** A fresh Linux: no limits but an 8 MiB stack and 8 MiB of locked memory. Linux include/asm-generic/resource.h */
export const defaultLimits: Limits = {
  as: Number.POSITIVE_INFINITY,
  data: Number.POSITIVE_INFINITY,
  stack: 8 << 20,
  memlock: 8 << 20,
  ipcLock: true,
  rawIo: true,
};
