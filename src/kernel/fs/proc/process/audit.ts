// /proc/PID/loginuid and sessionid: the user that logged in, which pam_loginuid(8) writes. Linux
// fs/proc/base.c proc_loginuid_write(), kernel/auditsc.c audit_set_loginuid().

import { E } from "../../../../abi/errno.ts";
import { ofBytes } from "../../../base/byte-string.ts";
import { NO_LOGIN, type Task } from "../../../core/task.ts";
import { CAP, capable } from "../../../cred/cred.ts";
import { shownUid, toKernel } from "../../../cred/user-namespace.ts";
import type { ProcContent } from "../tree/node.ts";

/** A task writes its own. Once it is set, a change needs CAP_AUDIT_CONTROL. Each login begins a session. */
export const loginuid = (target: Task): ProcContent => ({
  read: ({ cred }) => `${target.login.uid === NO_LOGIN ? NO_LOGIN : shownUid(cred.userNs, target.login.uid)}`,
  write: (task, bytes, at) => {
    if (task !== target) return -E.EPERM;
    if (at !== 0) return -E.EINVAL;
    const text = ofBytes(bytes.subarray(0, 32)).replace(/\n$/, "");
    const wanted = /^\+?\d+$/.test(text) ? Number(text) : Number.POSITIVE_INFINITY;
    if (wanted > NO_LOGIN) return wanted === Number.POSITIVE_INFINITY ? -E.EINVAL : -E.ERANGE;
    const uid = wanted === NO_LOGIN ? NO_LOGIN : toKernel(task.cred.userNs, "uidMap", wanted);
    if (uid === undefined) return -E.EINVAL;
    if (target.login.uid !== NO_LOGIN && !capable(task.cred, CAP.AUDIT_CONTROL)) return -E.EPERM;
    target.login = { uid, session: uid === NO_LOGIN ? NO_LOGIN : ++task.kernel.logins };
    return bytes.length;
  },
});

/** The number of the session. */
export const sessionid = (target: Task): ProcContent => ({ read: () => `${target.login.session}` });
