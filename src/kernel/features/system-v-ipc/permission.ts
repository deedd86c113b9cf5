// Access to objects of System V IPC. man 7 sysvipc; Linux ipc/util.c ipcperms(), ipcctl_obtain_check(),
// ipcget().
import { E } from "../../../abi/errno.ts";
import { IPC } from "../../../abi/uapi/ipc.ts";
import type { Task } from "../../core/task.ts";
import { CAP, capableIn, inGroup } from "../../cred/cred.ts";
import { toKernel } from "../../cred/user-namespace.ts";
import type { IpcIds, IpcObject } from "./ids.ts";

/** Bits of a request: read, write (alter), and both. */
export const MAY = { READ: 0o444, WRITE: 0o222, BOTH: 0o666 } as const;

const isGroupOf = (t: Task, gid: number): boolean => t.cred.egid === gid || inGroup({ ...t.cred, fsgid: t.cred.egid }, gid);

/** True if the task may do `wanted` (mode bits of any class) with the object. Linux ipcperms(). */
export const mayUse = (t: Task, object: IpcObject, wanted: number): boolean => {
  const requested = (wanted >> 6) | (wanted >> 3) | wanted;
  const { euid } = t.cred;
  let granted = object.mode;
  if (euid === object.cuid || euid === object.uid) granted >>= 6;
  else if (isGroupOf(t, object.cgid) || isGroupOf(t, object.gid)) granted >>= 3;
  return (requested & ~granted & 7) === 0 || capableIn(t.cred, t.namespaces.ipc.owner, CAP.IPC_OWNER);
};

/** The object, if the task is its owner or creator, or has `cap`: or -EINVAL, -EPERM. */
export const toControl = <T extends IpcObject>(t: Task, ids: IpcIds<T>, id: number): T | number => {
  const object = ids.get(id);
  if (typeof object === "number") return object;
  return isOwner(t, object) || capableIn(t.cred, t.namespaces.ipc.owner, CAP.SYS_ADMIN) ? object : -E.EPERM;
};
/** True for the owner and the creator. */
export const isOwner = (t: Task, { uid, cuid }: IpcObject): boolean => t.cred.euid === uid || t.cred.euid === cuid;

/** IPC_SET: a new owner and mode: 0, or -EINVAL for ids without a meaning. Linux ipc_update_perm(). */
export const setOwner = (t: Task, object: IpcObject, to: { uid: number; gid: number; mode: number }): number => {
  const uid = toKernel(t.cred.userNs, "uidMap", to.uid);
  const gid = toKernel(t.cred.userNs, "gidMap", to.gid);
  if (uid === undefined || gid === undefined || uid === 0xffff_ffff || gid === 0xffff_ffff) return -E.EINVAL;
  object.uid = uid;
  object.gid = gid;
  object.mode = (object.mode & ~0o777) | (to.mode & 0o777);
  return 0;
};

/**
 * A get call: the identifier or -errno. `make` makes a new object, `check` compares the request with a
 * present one. Linux ipcget().
 */
export const obtain = <T extends IpcObject>(
  t: Task,
  ids: IpcIds<T>,
  key: number,
  flags: number,
  make: () => number,
  check: (object: T) => number,
): number => {
  const present = key === IPC.PRIVATE ? undefined : ids.withKey(key);
  if (!present) return key !== IPC.PRIVATE && (flags & IPC.CREAT) === 0 ? -E.ENOENT : make();
  if ((flags & IPC.CREAT) !== 0 && (flags & IPC.EXCL) !== 0) return -E.EEXIST;
  const failed = check(present);
  if (failed < 0) return failed;
  return mayUse(t, present, flags) ? present.id : -E.EACCES;
};
