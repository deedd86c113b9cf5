// A page fault that a provider (src/memory/fault-provider.ts) serves later, or a call that gives way at a
// read (entry/split-reads.ts): its task waits.

import type { Wait } from "../base/wait.ts";
import type { Task } from "./task.ts";

/** The fault, in `AddressSpace.pendingFault`. */
export interface PendingFault {
  /** The wait of a task. Undefined: it gets a signal, or the call EFAULT. */
  wait(task: Task, inKernel: boolean): Wait | undefined;
}
/** The last fault of a task's memory that waits for its page, once. */
export const takePendingFault = ({ mem }: Task): PendingFault | undefined => {
  const { pendingFault } = mem;
  mem.pendingFault = undefined;
  return pendingFault as PendingFault | undefined;
};
