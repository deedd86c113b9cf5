// Flags of clock_nanosleep(2), timer_settime(2) and timerfd_settime(2). Linux uapi linux/time.h.

/** The time is absolute. TFD_TIMER_ABSTIME has the same value. */
export const TIMER_ABSTIME = 1;

/** Clock ids. man 2 clock_gettime; Linux uapi linux/time.h. */
// biome-ignore format: table
export const CLOCK = {
  CLOCK_REALTIME: 0, CLOCK_MONOTONIC: 1, CLOCK_PROCESS_CPUTIME_ID: 2, CLOCK_THREAD_CPUTIME_ID: 3, CLOCK_MONOTONIC_RAW: 4,
  CLOCK_REALTIME_COARSE: 5, CLOCK_MONOTONIC_COARSE: 6, CLOCK_BOOTTIME: 7, CLOCK_REALTIME_ALARM: 8, CLOCK_BOOTTIME_ALARM: 9, CLOCK_SGI_CYCLE: 10,
  CLOCK_TAI: 11,
} as const;
