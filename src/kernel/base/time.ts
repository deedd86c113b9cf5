// Points in time in the file system: seconds since 1970 and nanoseconds. A double cannot hold nanoseconds
// since 1970.

/** struct timespec: whole seconds since 1970, and nanoseconds below 1e9. */
export interface Timespec {
  readonly sec: number;
  readonly nsec: number;
}
