// Access to another process through /proc. Linux kernel/ptrace.c __ptrace_may_access(),
// PTRACE_MODE_READ_FSCREDS.

import type { Task } from "../core/task.ts";
import { CAP, capableIn } from "./cred.ts";
import { mayTrace } from "./security.ts";

/** True if `task` may read the state of `target`. */
export const mayAccess = (task: Task, target: Task): boolean => {
  if (task.process === target.process) return true;
  if (!mayTrace(task, target)) return false;
  const { cred } = target;
  const same =
    [cred.uid, cred.euid, cred.suid].every((u) => u === task.cred.fsuid) &&
    [cred.gid, cred.egid, cred.sgid].every((g) => g === task.cred.fsgid);
  return (same && target.dumpable === 1) || capableIn(task.cred, target.cred.userNs, CAP.SYS_PTRACE);
};
