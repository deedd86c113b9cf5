// The word of a futex that is a lock. Linux uapi linux/futex.h.

/** Others wait: an unlock must enter the kernel. */
export const FUTEX_WAITERS = 0x8000_0000;
/** The owner ended without an unlock. */
export const FUTEX_OWNER_DIED = 0x4000_0000;
/** The thread id of the owner, 0 for none. */
export const FUTEX_TID_MASK = 0x3fff_ffff;
