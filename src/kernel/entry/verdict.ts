// The actions of the gate on a call: the result of each step of work.ts.

/** The actions by name. */
export const entryAction = {
  run: 0,
  /** The call does not run; its result is in rax. */
  skip: 1,
  /** The same, and neither the tracer nor an observer learns of its end. */
  untold: 4,
  /** The task ends: there is no result. */
  killed: 2,
  /** The task waits or is stopped. The step runs again when the task does. */
  wait: 3,
} as const;
/** A value of `entryAction`. */
export type EntryAction = (typeof entryAction)[keyof typeof entryAction];
