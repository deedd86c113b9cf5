// Operations of futex(2) and their flags. Linux uapi linux/futex.h.

/** FUTEX_*. */
// biome-ignore format: table
export const FUTEX = {
  WAIT: 0, WAKE: 1, FD: 2, REQUEUE: 3, CMP_REQUEUE: 4, WAKE_OP: 5, LOCK_PI: 6, UNLOCK_PI: 7, TRYLOCK_PI: 8, WAIT_BITSET: 9, WAKE_BITSET: 10,
  WAIT_REQUEUE_PI: 11, CMP_REQUEUE_PI: 12, LOCK_PI2: 13,
} as const;
/** The futex belongs to one address space. */
export const FUTEX_PRIVATE_FLAG = 128;
/** The time is one of CLOCK_REALTIME. */
export const FUTEX_CLOCK_REALTIME = 256;
