// The declaration of an operation of io_uring. Linux io_uring/opdef.h struct io_issue_def.

import type { Result } from "../../core/result.ts";
import { UNNUMBERED } from "../../fs/vfs/fd-table.ts";
import type { Sqe, UringRequest } from "./request.ts";

/** The work of an operation. It is called again after each wait, like the handler of a system call. */
export type OperationWork = (request: UringRequest) => Result;

/** An operation. */
export interface UringOperation {
  readonly work: OperationWork;
  /** It works on the file of `fd`: EBADF without one. */
  readonly file?: true;
  /** Members of the submission that must be 0. */
  readonly zero?: readonly (keyof Sqe)[];
  /** Bits that `ioprio` may have, or an I/O priority. */
  readonly ioprio?: number | "priority";
  /** It may take a provided buffer. */
  readonly selects?: true;
  /**
   * The event that it waits for if its call would not block. O_NONBLOCK has no effect here. Linux
   * io_arm_poll_handler().
   */
  readonly polls?: "in" | "out";
  /** It is never done within io_uring_enter(2). Linux REQ_F_FORCE_ASYNC. */
  readonly async?: true;
  /** Who cancels it gets the number of cancelled requests, not 0. Linux io_cancel_remove(). */
  readonly counts?: true;
  /** It refuses IOSQE_FIXED_FILE. */
  readonly noFixed?: true;
}

/** The descriptor that stands for a registered file in calls. */
export const FIXED_FD = UNNUMBERED;
