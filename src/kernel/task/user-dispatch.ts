// The state of Syscall User Dispatch. entry/user-dispatch.ts is its check. man 2
// PR_SET_SYSCALL_USER_DISPATCH; Linux kernel/entry/syscall_user_dispatch.c.
import { BAD_ADDRESS } from "../../abi/brand.ts";
import { E } from "../../abi/errno.ts";
import { entryWork } from "../base/pending-work.ts";
import type { Task } from "../core/task.ts";

/** PR_SYS_DISPATCH_*. */
const MODE = { OFF: 0, ON: 1 } as const;
const TOP = 2 ** 64;

/** Sets the dispatch of a task: 0 or -errno. An address beyond user memory stands for the last one. */
export const setUserDispatch = (t: Task, mode: number, offset: number, length: number, selector: number): number => {
  if (mode !== MODE.OFF && mode !== MODE.ON) return -E.EINVAL;
  if (mode === MODE.OFF) {
    if (offset !== 0 || length !== 0 || selector !== 0) return -E.EINVAL;
    endUserDispatch(t);
    t.userDispatch = undefined;
    return 0;
  }
  const all = length === BAD_ADDRESS ? TOP : length;
  if (offset !== 0 && (all === 0 || offset === BAD_ADDRESS || offset + all >= TOP)) return -E.EINVAL;
  if (selector === BAD_ADDRESS) return -E.EFAULT;
  t.userDispatch = { offset, length: all, selector };
  t.entryWork |= entryWork.dispatch;
  return 0;
};
/** A new program has none, but a tracer still reads the addresses. */
export const endUserDispatch = (t: Task): void => {
  t.entryWork &= ~entryWork.dispatch;
};
