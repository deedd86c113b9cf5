// Points in time in the file system: seconds since 1970 and nanoseconds. A double cannot hold nanoseconds
// since 1970.

/** struct timespec: whole seconds since 1970, and nanoseconds below 1e9. */
export interface Timespec {
  readonly sec: number;
  readonly nsec: number;
}

/** A sum of times, with nanoseconds below 10^9. */
export const plus = (a: Timespec, b: Timespec): Timespec => {
  const nsec = a.nsec + b.nsec;
  return nsec >= 1e9 ? { sec: a.sec + b.sec + 1, nsec: nsec - 1e9 } : { sec: a.sec + b.sec, nsec };
};

/** How long the machine has been up when its first program starts. Linux has always been up for a while by then. */
export const UPTIME: Timespec = { sec: 100, nsec: 0 };
