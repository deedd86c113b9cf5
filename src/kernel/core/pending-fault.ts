// A page fault that a provider (src/memory/fault-provider.ts) serves later: its task waits.

import type { WaitQueue } from "../base/wait.ts";
import type { Task } from "./task.ts";

/** The fault, in `AddressSpace.pendingFault`. */
export interface PendingFault {
  /** The queue on which a task waits. Undefined: it gets a signal, or the call EFAULT. */
  queue(task: Task, inKernel: boolean): WaitQueue | undefined;
}
/** The last fault of a task's memory that waits for its page, once. */
export const takePendingFault = ({ mem }: Task): PendingFault | undefined => {
  const { pendingFault } = mem;
  mem.pendingFault = undefined;
  return pendingFault as PendingFault | undefined;
};
