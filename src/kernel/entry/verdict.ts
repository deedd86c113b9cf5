// What is to become of a system call.

export const verdict = {
  run: 0,
  /** It does not run; its result is in rax. */
  skip: 1,
  /** The task ends: there is no result. */
  killed: 2,
  /** The task waits, or is stopped: ask again when it runs. */
  wait: 3,
} as const;
export type Verdict = (typeof verdict)[keyof typeof verdict];
