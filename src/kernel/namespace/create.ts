// New namespaces by the flags of clone(2) and unshare(2). Linux kernel/nsproxy.c, kernel/user_namespace.c
// create_user_ns(), kernel/pid_namespace.c copy_pid_ns().
import { E } from "../../abi/errno.ts";
import { sizes } from "../base/sizes.ts";
import type { Task } from "../core/task.ts";
import { ALL_CAPS, CAP, type Cred, capableIn } from "../cred/cred.ts";
import { toLocal, UserNamespace } from "../cred/user-namespace.ts";
import type { FsContext } from "../fs/vfs/context.ts";
import { samePath } from "../fs/vfs/dentry.ts";
import { MountNamespace } from "../fs/vfs/mount.ts";
import { NetNamespace } from "../net/namespace.ts";
import { PidNamespace } from "../task/pid-namespace.ts";
import { TimeNamespace } from "../task/time-namespace.ts";
import { CgroupNamespace, type Namespaces, PartNamespace, UtsNamespace } from "./set.ts";

/** uapi linux/sched.h */
export const NEW = {
  TIME: 0x80,
  NS: 0x2_0000,
  CGROUP: 0x200_0000,
  UTS: 0x400_0000,
  IPC: 0x800_0000,
  USER: 0x1000_0000,
  PID: 0x2000_0000,
  NET: 0x4000_0000,
} as const;
const PROXIED = NEW.NS | NEW.CGROUP | NEW.UTS | NEW.IPC | NEW.NET | NEW.TIME;

/** Namespaces that a task is about to enter. */
export interface Entered {
  readonly cred: Cred;
  readonly pidNs: PidNamespace;
  readonly namespaces: Namespaces;
  /** Root and working directory move into the copy of the mounts. */
  readonly enterMounts?: (fs: FsContext) => void;
}

/** All capabilities, valid for objects of the new namespace. Linux set_cred_user_ns(). */
const enterUserNamespace = (cred: Cred): Cred | number => {
  const ns = new UserNamespace(cred.userNs, cred.euid, cred.egid);
  if (ns.tooDeep) return -E.ENOSPC;
  if (toLocal(cred.userNs, "uidMap", cred.euid) === undefined || toLocal(cred.userNs, "gidMap", cred.egid) === undefined) return -E.EPERM;
  return { ...cred, userNs: ns, securebits: 0, inheritable: 0n, ambient: 0n, permitted: ALL_CAPS, effective: ALL_CAPS, bounding: ALL_CAPS };
};

/** The credentials and the pid namespace of the new task, or -errno. */
export const enterNamespaces = (task: Task, flags: number): Entered | number => {
  let { cred, childPidNs: pidNs } = task;
  const { garbage, frames } = task.kernel;
  const { account } = frames;
  if (flags !== 0) garbage.tidy();
  if ((flags & NEW.USER) !== 0) {
    // A task inside a chroot could leave it with all capabilities. Linux create_user_ns(),
    // current_chrooted().
    if (!samePath(task.fs.root, MountNamespace.cross(task.namespaces.mnt.root.path))) return -E.EPERM;
    if (!account.canTake(sizes.namespace)) return -E.ENOMEM;
    const inside = enterUserNamespace(cred);
    if (typeof inside === "number") return inside;
    cred = inside;
    garbage.add(inside.userNs as UserNamespace, sizes.namespace);
  }
  const mounts = (flags & NEW.NS) !== 0 ? task.namespaces.mnt.size : 0;
  if (!account.canTake(mounts * sizes.mount + sizes.netNamespace + 6 * sizes.namespace)) return -E.ENOMEM;
  if ((flags & (PROXIED | NEW.PID)) === 0) return { cred, pidNs, namespaces: task.namespaces };
  if (!capableIn(cred, cred.userNs, CAP.SYS_ADMIN)) return -E.EPERM;
  if ((flags & NEW.PID) !== 0) {
    if (task.pidNs !== pidNs) return -E.EINVAL;
    pidNs = new PidNamespace(pidNs, cred.userNs);
    if (pidNs.tooDeep) return -E.ENOSPC;
    garbage.add(pidNs, sizes.namespace);
  }
  return { cred, pidNs, ...fresh(task, flags, cred.userNs) };
};

/** Linux create_new_namespaces(). */
const fresh = (task: Task, flags: number, owner: UserNamespace | undefined): Pick<Entered, "namespaces" | "enterMounts"> => {
  const { mnt, net, uts, ipc, cgroup, time, timeForChildren } = task.namespaces;
  const has = (flag: number): boolean => (flags & flag) !== 0;
  const copied = has(NEW.NS) ? mnt.copy(owner) : undefined;
  const charged = <T extends object>(namespace: T, size: number = sizes.namespace): T => {
    task.kernel.garbage.add(namespace, size);
    return namespace;
  };
  return {
    namespaces: {
      mnt: copied ? charged(copied.namespace) : mnt,
      net: has(NEW.NET) ? charged(new NetNamespace(task.kernel, owner, false), sizes.netNamespace) : net,
      uts: has(NEW.UTS) ? charged(new UtsNamespace(owner, uts.hostname, uts.domainname)) : uts,
      ipc: has(NEW.IPC) ? charged(new PartNamespace(owner)) : ipc,
      cgroup: has(NEW.CGROUP) ? charged(new CgroupNamespace(owner, task.process.cgroup)) : cgroup,
      time,
      timeForChildren: has(NEW.TIME) ? charged(new TimeNamespace(owner, timeForChildren)) : timeForChildren,
    },
    ...(copied ? { enterMounts: copied.enter } : {}),
  };
};
