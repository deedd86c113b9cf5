// Settings of a task that are plain data: values of rseq(2), prctl(2) and sched_setattr(2).
import type { VAddr } from "../../abi/brand.ts";

/** The registration of a thread by rseq(2). */
export interface RestartableSequences {
  /** struct rseq of the thread. */
  readonly area: VAddr;
  readonly size: number;
  /** The word before every abort handler. */
  readonly signature: number;
}

/** Calls from [offset, offset + length) run. Others ask the byte at `selector`; without one (0) none runs. */
export interface UserDispatch {
  readonly offset: number;
  readonly length: number;
  readonly selector: number;
}

/** SCHED_DEADLINE's times in nanoseconds. struct sched_attr; man 2 sched_setattr. */
export interface DeadlineTimes {
  readonly runtime: bigint;
  readonly deadline: bigint;
  readonly period: bigint;
}
