// What a task carries for seccomp(2): inherited by fork, clone and execve. Linux struct seccomp.
import type { Filter } from "../../seccomp/filter.ts";

/** SECCOMP_MODE_*. DEAD is what a forced kill leaves; user code never sees it. */
export const MODE = { STRICT: 1, FILTER: 2, DEAD: 3 } as const;

/** An immutable value; attaching a filter makes a new one. */
export interface SeccompState {
  readonly mode: 1 | 2 | 3;
  /** The newest filter; it points to those before it. null in strict mode. */
  readonly filter: Filter | null;
  /** How many filters are attached: /proc/PID/status Seccomp_filters. */
  readonly filterCount: number;
}

export const strictState: SeccompState = { mode: MODE.STRICT, filter: null, filterCount: 0 };
export const filterState = (filter: Filter): SeccompState => ({ mode: MODE.FILTER, filter, filterCount: filter.depth });
