// Flags of clock_nanosleep(2), timer_settime(2) and timerfd_settime(2). Linux uapi linux/time.h.

/** The time is absolute. TFD_TIMER_ABSTIME has the same value. */
export const TIMER_ABSTIME = 1;
