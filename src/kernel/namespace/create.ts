// Entering new namespaces: the flags of clone(2) and unshare(2). Linux kernel/nsproxy.c, kernel/user_namespace.c create_user_ns(),
// kernel/pid_namespace.c copy_pid_ns().
import { E } from "../../abi/errno.ts";
import { ALL_CAPS, CAP, type Cred, capableIn } from "../cred.ts";
import type { Task } from "../task.ts";
import { PidNamespace } from "./pid.ts";
import { toLocal, UserNamespace } from "./user.ts";

/** uapi linux/sched.h */
export const NEW = {
  NS: 0x2_0000,
  CGROUP: 0x200_0000,
  UTS: 0x400_0000,
  IPC: 0x800_0000,
  USER: 0x1000_0000,
  PID: 0x2000_0000,
  NET: 0x4000_0000,
} as const;
/** A kernel configured without these answers EINVAL. */
const ABSENT = NEW.NS | NEW.CGROUP | NEW.UTS | NEW.IPC | NEW.NET;

export interface Entered {
  readonly cred: Cred;
  readonly pidNs: PidNamespace;
}

/** All capabilities, over what belongs to the new namespace. Linux set_cred_user_ns(). */
const enterUserNamespace = (cred: Cred): Cred | number => {
  const ns = new UserNamespace(cred.userNs, cred.euid, cred.egid);
  if (ns.tooDeep) return -E.ENOSPC;
  if (toLocal(cred.userNs, "uidMap", cred.euid) === undefined || toLocal(cred.userNs, "gidMap", cred.egid) === undefined) return -E.EPERM;
  return { ...cred, userNs: ns, securebits: 0, inheritable: 0n, ambient: 0n, permitted: ALL_CAPS, effective: ALL_CAPS, bounding: ALL_CAPS };
};

/** The credentials and the pid namespace for what comes next, or -errno. */
export const enterNamespaces = (task: Task, flags: number): Entered | number => {
  if ((flags & ABSENT) !== 0) return -E.EINVAL;
  let { cred, childPidNs: pidNs } = task;
  if ((flags & NEW.USER) !== 0) {
    const inside = enterUserNamespace(cred);
    if (typeof inside === "number") return inside;
    cred = inside;
  }
  if ((flags & NEW.PID) === 0) return { cred, pidNs };
  if (!capableIn(cred, cred.userNs, CAP.SYS_ADMIN)) return -E.EPERM;
  if (task.pidNs !== pidNs) return -E.EINVAL;
  pidNs = new PidNamespace(pidNs, cred.userNs);
  return pidNs.tooDeep ? -E.ENOSPC : { cred, pidNs };
};
