// Actions as libseccomp and the OCI name them, with the data that they carry.

import { type Action, returnValue, upstream } from "../seccomp/index.ts";

/** Actions by their names without SCMP_ACT_. KILL is KILL_THREAD's name until libseccomp 2.4. */
const byName: Readonly<Record<string, Action>> = {
  KILL: "kill_thread",
  KILL_THREAD: "kill_thread",
  KILL_PROCESS: "kill_process",
  TRAP: "trap",
  ERRNO: "errno",
  TRACE: "trace",
  ALLOW: "allow",
  LOG: "log",
  NOTIFY: "user_notif",
};
/** The names of libseccomp's actions. */
export const actionNames = Object.keys(byName).map((name) => `SCMP_ACT_${name}`);
/** Those that take an errnoRet. */
export const takesErrno = (name: string): boolean => name === "SCMP_ACT_ERRNO" || name === "SCMP_ACT_TRACE";

const EPERM = 1;
/** The return value; undefined if there is no such action. */
export const actionValue = (name: string, errno: number | undefined): number | undefined => {
  const action = byName[name.replace(/^SCMP_ACT_/, "")];
  return action && returnValue(upstream.returns, action, takesErrno(name) ? (errno ?? EPERM) : 0);
};
