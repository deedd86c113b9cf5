// Common checks of the calls on mounts: permission to change a mount, and mounts in use. Linux
// fs/namespace.c.
import { E } from "../../../abi/errno.ts";
import { sizes } from "../../base/sizes.ts";
import type { Task } from "../../core/task.ts";
import { CAP, capableIn } from "../../cred/cred.ts";
import { mayChangeMounts } from "../../cred/security.ts";
import type { Dentry, Path } from "../../fs/vfs/dentry.ts";
import { ATIME_FLAGS, type Mount, MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_NOSYMFOLLOW, MS_RDONLY, withBelow } from "../../fs/vfs/mount.ts";
import { enslave, isolate, share } from "../../fs/vfs/peers.ts";

/** The flags of a mount, apart from those of its file system. */
export const MOUNT_FLAGS = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOSYMFOLLOW | ATIME_FLAGS;

/** CAP_SYS_ADMIN over the mount namespace, not over the machine. Linux may_mount(). */
export const mayMount = (t: Task): boolean => capableIn(t.cred, t.namespaces.mnt.owner, CAP.SYS_ADMIN);
/** The same, and the hooks of security modules for mount(2), umount2(2), move_mount(2) and pivot_root(2). */
export const mayChange = (t: Task): boolean => mayChangeMounts(t) === 0 && mayMount(t);

/** Propagation types. Linux uapi linux/mount.h. */
export const MS_UNBINDABLE = 1 << 17;
/** Propagation type: events neither come in nor go out. */
export const MS_PRIVATE = 1 << 18;
/** Propagation type: events come in only. */
export const MS_SLAVE = 1 << 19;
/** Propagation type: events come in and go out. */
export const MS_SHARED = 1 << 20;
/** The bits of all propagation types. */
export const PROPAGATION = MS_UNBINDABLE | MS_PRIVATE | MS_SLAVE | MS_SHARED;
/** Linux change_mnt_propagation(). */
export const setPropagation = (t: Task, mount: Mount, type: number): void => {
  if (type === MS_SHARED) share(mount, t.namespaces.mnt.ids);
  else if (type === MS_SLAVE) enslave(mount);
  else isolate(mount, type === MS_UNBINDABLE);
};

/** True for the root of a mount. */
export const isRoot = (path: Path): boolean => path.dentry === path.mount.root;
/**
 * True for mounts of the caller's namespace. Others, and detached ones, cannot be changed. Linux check_mnt().
 */
export const isOurs = (t: Task, mount: Mount): boolean => mount.namespace === t.namespaces.mnt;
/** True for the root of a detached tree, which a descriptor holds. Linux anon_ns_root(). */
export const isDetachedRoot = ({ namespace, parent }: Mount): boolean => namespace?.isDetached === true && parent === undefined;

/** True if there is memory for so many mounts. */
export const hasRoom = (t: Task, mounts: number): boolean => t.kernel.frames.account.canTake(mounts * sizes.mount);

/** True if a path is at or below another one, across mounts. Linux is_path_reachable(). */
export const isBelow = (path: Path, top: Path): boolean => {
  let { mount, dentry } = path;
  while (mount !== top.mount && mount.parent) {
    dentry = mount.mountpoint as Dentry;
    mount = mount.parent;
  }
  return mount === top.mount && dentry.isWithin(top.dentry);
};

/** True if a task has its root, its working directory or an open file there. */
export const isInUse = (t: Task, mount: Mount): boolean => {
  if (mount.opens > 0) return true;
  for (const { fs } of t.kernel.tasks.values()) if (fs.cwd.mount === mount || fs.root.mount === mount) return true;
  return false;
};
/** True if a file of one of the mounts is open for writing. Linux mnt_hold_writers(). */
const isWritten = (t: Task, mounts: ReadonlySet<Mount>): boolean => {
  if (![...mounts].some((mount) => mount.opens > 0)) return false;
  const tables = new Set(Array.from(t.kernel.tasks.values(), (task) => task.files));
  return [...tables].some((files) => [...files.list()].some(([, file]) => file.writable && mounts.has(file.path.mount)));
};

/** Changes flags and propagation of mounts. All of them, or none. */
export interface MountChange {
  readonly set: number;
  readonly clear: number;
}
const changed = (flags: number, { set, clear }: MountChange): number => (flags & ~clear) | set;

/** Changes the flags of mounts: 0 or -errno. Linux can_change_locked_flags(), mount_setattr_prepare(). */
export const changeFlags = (t: Task, mounts: readonly Mount[], change: MountChange): number => {
  for (const { flags, locked } of mounts) {
    const now = changed(flags, change);
    if ((locked.flags & ~now) !== 0 || (locked.atime && ((flags ^ now) & ATIME_FLAGS) !== 0)) return -E.EPERM;
  }
  const closing = mounts.filter(({ flags }) => (flags & MS_RDONLY) === 0 && (changed(flags, change) & MS_RDONLY) !== 0);
  if (closing.length > 0 && isWritten(t, new Set(closing))) return -E.EBUSY;
  for (const mount of mounts) mount.flags = changed(mount.flags, change);
  return 0;
};

/** A mount, or with `recursive` also all below it. */
export const mountsOf = (mount: Mount, recursive: boolean): readonly Mount[] => (recursive ? withBelow(mount) : [mount]);
