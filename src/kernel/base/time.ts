// Points in time in the file system: seconds since 1970 and nanoseconds. A double cannot hold nanoseconds
// since 1970.

export interface Timespec {
  readonly sec: number;
  readonly nsec: number;
}
