// What a task carries for seccomp(2): inherited by fork, clone and execve. Linux struct seccomp.

export interface SeccompState {
  /** 1 strict, 2 filter; 3 is SECCOMP_MODE_DEAD, which user code never sees. */
  readonly mode: 1 | 2 | 3;
  /** How many filters are attached: /proc/PID/status Seccomp_filters. */
  readonly filterCount: number;
}
