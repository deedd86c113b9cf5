// Reasons to leave the fast path of the gate, one bit each. Linux SYSCALL_WORK_* and _TIF_*.
// Both words are 0 for nearly every call.
/**
 * Before a call. staleCompat: TS_COMPAT is still set from a call of the parent (the bug "ts-compat-sticks").
 * dispatch: PR_SET_SYSCALL_USER_DISPATCH.
 */
export const entryWork = { seccomp: 1, trace: 2, observer: 4, staleCompat: 8, dispatch: 16 } as const;
/** Before the return to user code. */
export const exitWork = { signal: 1, ended: 2, exiting: 4, rseq: 8 } as const;
