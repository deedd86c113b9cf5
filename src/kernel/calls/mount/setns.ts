// setns(2): entering existing namespaces. Linux kernel/nsproxy.c, and the install function of each kind.
import { E } from "../../../abi/errno.ts";
import { CLONE } from "../../../abi/uapi/sched.ts";
import type { Task } from "../../core/task.ts";
import { changeCred, unshareParts } from "../../core/task-part.ts";
import { ALL_CAPS, CAP, capableHere, capableIn } from "../../cred/cred.ts";
import type { UserNamespace } from "../../cred/user-namespace.ts";
import { isInitialUser, NsFile, type NsType, namespaceOf, nsTypes } from "../../fs/types/nsfs.ts";
import { MountNamespace } from "../../fs/vfs/mount.ts";
import { fd, int } from "../../syscall/arg.ts";
import { type Syscall, syscall } from "../../syscall/declaration.ts";
import { PidNamespace } from "../../task/pid-namespace.ts";
import { Pidfd } from "../../task/pidfd.ts";
import { enterTime, TimeNamespace } from "../../task/time-namespace.ts";

/** True if another task shares the file-system context. */
const sharesFs = (t: Task): boolean => [...t.kernel.tasks.values()].some((other) => other !== t && other.fs === t.fs);

const enterUser = (t: Task, target: UserNamespace | undefined): number => {
  if (target === t.cred.userNs || t.process.threads.length > 1 || sharesFs(t)) return -E.EINVAL;
  if (!capableIn(t.cred, target, CAP.SYS_ADMIN)) return -E.EPERM;
  changeCred(t, {
    ...t.cred,
    userNs: target,
    securebits: 0,
    inheritable: 0n,
    ambient: 0n,
    permitted: ALL_CAPS,
    effective: ALL_CAPS,
    bounding: ALL_CAPS,
  });
  return 0;
};
const enterPid = (t: Task, target: PidNamespace): number => {
  for (let ns: PidNamespace | undefined = target; ns !== t.pidNs; ns = ns.parent) if (!ns) return -E.EINVAL;
  t.childPidNs = target;
  return 0;
};
const enterMounts = (t: Task, target: MountNamespace): number => {
  if (!capableHere(t.cred, CAP.SYS_CHROOT)) return -E.EPERM;
  if (sharesFs(t)) return -E.EINVAL;
  t.namespaces = { ...t.namespaces, mnt: target };
  t.fs.root = t.fs.cwd = MountNamespace.cross(target.root.path);
  return 0;
};
/** Linux timens_install(). */
const enterTimeOf = (t: Task, target: TimeNamespace): number => {
  if (t.process.threads.length > 1) return -E.EUSERS;
  t.namespaces = { ...t.namespaces, timeForChildren: target };
  enterTime(t);
  t.kernel.vdso.joinTime(t.mem, target);
  return 0;
};

const enter = (t: Task, type: NsType, namespace: object): number => {
  if (type === "user") return enterUser(t, isInitialUser(namespace) ? undefined : (namespace as UserNamespace));
  const { owner } = namespace as { readonly owner: UserNamespace | undefined };
  if (!capableIn(t.cred, owner, CAP.SYS_ADMIN) || !capableHere(t.cred, CAP.SYS_ADMIN)) return -E.EPERM;
  if (namespace instanceof PidNamespace) return enterPid(t, namespace);
  if (namespace instanceof MountNamespace) return enterMounts(t, namespace);
  if (namespace instanceof TimeNamespace) return enterTimeOf(t, namespace);
  if (type === "ipc") unshareParts(t, CLONE.NEWIPC);
  t.namespaces = { ...t.namespaces, [type]: namespace };
  return 0;
};

const setns = (t: Task, n: number, wanted: number): number => {
  const file = t.files.get(n);
  if (!file) return -E.EBADF;
  if (file instanceof NsFile) return wanted !== 0 && wanted !== nsTypes[file.nsType] ? -E.EINVAL : enter(t, file.nsType, file.namespace);
  if (!(file instanceof Pidfd)) return -E.EINVAL;
  const all = Object.values(nsTypes).reduce((a, b) => a | b, 0);
  if (wanted === 0 || (wanted & ~all) !== 0) return -E.EINVAL;
  const target = file.process.leader;
  if (file.process.ended !== undefined) return -E.ESRCH;
  // The user namespace comes first, because it may give the capabilities for the others.
  const types = (Object.keys(nsTypes) as NsType[]).filter((type) => (wanted & nsTypes[type]) !== 0);
  for (const type of types.sort((a, b) => Number(b === "user") - Number(a === "user"))) {
    const failed = enter(t, type, namespaceOf(target, type));
    if (failed < 0) return failed;
  }
  return 0;
};

/** The call setns(2). */
export const namespaceCalls: readonly Syscall[] = [syscall("setns", { fd, nstype: int }, (t, a) => setns(t, a.fd, a.nstype))];
