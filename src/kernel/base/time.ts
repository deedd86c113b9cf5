// Points in time as the file system keeps them: seconds since 1970 and nanoseconds. (Nanoseconds since 1970 do not fit a double.)

export interface Timespec {
  readonly sec: number;
  readonly nsec: number;
}
