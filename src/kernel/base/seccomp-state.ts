// The seccomp(2) state of a task, inherited by fork, clone and execve. Linux struct seccomp.
import type { Filter } from "../../seccomp/filter.ts";

/** SECCOMP_MODE_*. A forced kill sets DEAD; user code never sees it. */
export const MODE = { STRICT: 1, FILTER: 2, DEAD: 3 } as const;

/** The mode and the filters. An immutable value; attaching a filter makes a new one. */
export interface SeccompState {
  readonly mode: 1 | 2 | 3;
  /** The newest filter, which points to the older ones. null in strict mode. */
  readonly filter: Filter | null;
  /** The number of attached filters: /proc/PID/status Seccomp_filters. */
  readonly filterCount: number;
}

/** The state after SECCOMP_SET_MODE_STRICT. */
export const strictState: SeccompState = { mode: MODE.STRICT, filter: null, filterCount: 0 };
/** The state of a task whose newest filter is `filter`. */
export const filterState = (filter: Filter): SeccompState => ({ mode: MODE.FILTER, filter, filterCount: filter.depth });
