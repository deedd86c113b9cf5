// The mount API of Linux 5.2: open_tree(2), move_mount(2), fsopen(2), fsconfig(2), fsmount(2), fspick(2).
// Linux fs/namespace.c, fs/fsopen.c.
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { O_PATH } from "../../../abi/uapi/fcntl.ts";
import { AT_RECURSIVE, FSCONFIG, FSMOUNT, FSOPEN, FSPICK, MOUNT_ATTR, MOVE_MOUNT, OPEN_TREE } from "../../../abi/uapi/mount.ts";
import type { Task } from "../../core/task.ts";
import { fileSystemType, optionsOf } from "../../fs/file-systems.ts";
import { MountContext } from "../../fs/types/mountable.ts";
import type { Path } from "../../fs/vfs/dentry.ts";
import type { Or } from "../../fs/vfs/inode.ts";
import { install } from "../../fs/vfs/install.ts";
import { type Mount, MountNamespace } from "../../fs/vfs/mount.ts";
import { PathFile } from "../../fs/vfs/path-file.ts";
import { joinPeers } from "../../fs/vfs/peers.ts";
import { fd, int, uint } from "../../syscall/arg.ts";
import { AT_EMPTY_PATH, AT_FDCWD, AT_NO_AUTOMOUNT, AT_SYMLINK_NOFOLLOW, dirfd } from "../../syscall/arg-file.ts";
import { choice, type FlagNames, flags } from "../../syscall/arg-flags.ts";
import { cstring } from "../../syscall/arg-string.ts";
import { type Syscall, syscall } from "../../syscall/declaration.ts";
import { getname, lookup } from "../file/path.ts";
import { FSMOUNT_ATTRS, newMountFlags } from "./attributes.ts";
import { ContextFile } from "./context.ts";
import { copyOf, mountOf, moveTree } from "./mount.ts";
import { umountTree } from "./propagate.ts";
import { hasRoom, isDetachedRoot, isOurs, isRoot, mayChange, mayMount } from "./tree.ts";

const all = (names: FlagNames): number => Object.values(names).reduce((a, b) => a | b, 0);

/**
 * A descriptor of a detached tree. The tree ends with it, if it was not attached. Linux dissolve_on_fput().
 */
export class DetachedTree extends PathFile {
  private readonly _task: Task;
  constructor(t: Task, tree: Mount) {
    const namespace = new MountNamespace(tree, t.namespaces.mnt.ids, t.cred.userNs, true);
    super(tree.root.inode, O_PATH, { mount: tree, dentry: tree.root });
    this._task = t;
    tree.fs.clock.garbage.files.set(this, namespace);
  }
  override release(): void {
    const { mount } = this.path;
    mount.fs.clock.garbage.files.delete(this);
    if (isDetachedRoot(mount)) umountTree(this._task, mount);
  }
}
const detached = (t: Task, tree: Mount, cloexec: boolean): number => install(t, new DetachedTree(t, tree), cloexec);

const TREE_FLAGS = { ...OPEN_TREE, AT_EMPTY_PATH, AT_NO_AUTOMOUNT, AT_RECURSIVE, AT_SYMLINK_NOFOLLOW };
const openTree = (t: Task, dir: number, path: VAddr, how: number): number => {
  const clone = (how & OPEN_TREE.OPEN_TREE_CLONE) !== 0;
  const recursive = (how & AT_RECURSIVE) !== 0;
  if (how & ~all(TREE_FLAGS) || (recursive && !clone)) return -E.EINVAL;
  if (clone && !mayMount(t)) return -E.EPERM;
  const at = lookup(t, dir, path, !(how & AT_SYMLINK_NOFOLLOW), (how & AT_EMPTY_PATH) !== 0);
  if (typeof at === "number") return at;
  const cloexec = (how & OPEN_TREE.OPEN_TREE_CLOEXEC) !== 0;
  if (!clone) return install(t, new PathFile(at.dentry.inode, O_PATH, at), cloexec);
  const tree = copyOf(t, at, recursive);
  return typeof tree === "number" ? tree : detached(t, tree, cloexec);
};

/** MOVE_MOUNT_SET_GROUP: `to` joins the peers and the master of `from`. Linux do_set_group(). */
const setGroup = (t: Task, { mount: from, dentry }: Path, at: Path): number => {
  const { mount: to } = at;
  if (dentry !== from.root || !isRoot(at)) return -E.EINVAL;
  if (!from.namespace || !isOurs(t, to)) return -E.EINVAL;
  if (!from.peers && !from.master) return -E.EINVAL;
  if (to.peers || to.master || to.unbindable) return -E.EINVAL;
  if (to.fs !== from.fs || !to.root.isWithin(from.root)) return -E.EINVAL;
  for (const child of from.children.values()) if (child.locked.place && child.mountpoint?.isWithin(to.root)) return -E.EINVAL;
  joinPeers(to, from);
  return 0;
};
/** MOVE_MOUNT_BENEATH: below the topmost mount at a mount point. Linux can_move_mount_beneath(). */
const moveBeneath = (t: Task, from: Path, at: Path): number => {
  const { mount: top } = at;
  if (!isRoot(at) || !isOurs(t, top) || !isRoot(from)) return -E.EINVAL;
  if (!top.parent || !top.mountpoint || top.locked.place || t.fs.root.mount === top || top.namespace?.root === top) return -E.EINVAL;
  if (from.mount === top || top.parent.peers) return -E.EINVAL;
  const { parent, mountpoint } = top;
  if (from.mount.parent ? !isOurs(t, from.mount) || from.mount.parent.peers : !isDetachedRoot(from.mount)) return -E.EINVAL;
  for (let above: Mount | undefined = parent; above; above = above.parent) if (above === from.mount) return -E.ELOOP;
  from.mount.namespace?.take(from.mount);
  t.namespaces.mnt.graft(from.mount, parent, mountpoint);
  return 0;
};

const M = MOVE_MOUNT;
interface Ends {
  readonly from_dirfd: number;
  readonly from_path: VAddr;
  readonly to_dirfd: number;
  readonly to_path: VAddr;
  readonly flags: number;
}
const moveMount = (t: Task, a: Ends): number => {
  const how = a.flags >>> 0;
  if (!mayChange(t)) return -E.EPERM;
  if (how & ~all(M)) return -E.EINVAL;
  if ((how & (M.MOVE_MOUNT_BENEATH | M.MOVE_MOUNT_SET_GROUP)) === (M.MOVE_MOUNT_BENEATH | M.MOVE_MOUNT_SET_GROUP)) return -E.EINVAL;
  const has = (flag: number): boolean => (how & flag) !== 0;
  const to = lookup(t, a.to_dirfd, a.to_path, has(M.MOVE_MOUNT_T_SYMLINKS), has(M.MOVE_MOUNT_T_EMPTY_PATH));
  if (typeof to === "number") return to;
  const from = lookup(t, a.from_dirfd, a.from_path, has(M.MOVE_MOUNT_F_SYMLINKS), has(M.MOVE_MOUNT_F_EMPTY_PATH));
  if (typeof from === "number") return from;
  if (has(M.MOVE_MOUNT_SET_GROUP)) return setGroup(t, from, to);
  return has(M.MOVE_MOUNT_BENEATH) ? moveBeneath(t, from, to) : moveTree(t, from, to);
};

const fsopen = (t: Task, name: VAddr, how: number): number => {
  if (!mayMount(t)) return -E.EPERM;
  if (how & ~all(FSOPEN)) return -E.EINVAL;
  const text = getname(t, name);
  const type = typeof text === "number" ? text : fileSystemType(t.kernel, text);
  if (typeof type === "number") return type;
  return install(t, new ContextFile(t, new MountContext(type)), how !== 0);
};
const fspick = (t: Task, dir: number, path: VAddr, how: number): number => {
  if (!mayMount(t)) return -E.EPERM;
  if (how & ~all(FSPICK)) return -E.EINVAL;
  const at = lookup(t, dir, path, !(how & FSPICK.FSPICK_SYMLINK_NOFOLLOW), (how & FSPICK.FSPICK_EMPTY_PATH) !== 0);
  if (typeof at === "number") return at;
  if (!isRoot(at)) return -E.EINVAL;
  const { fs } = at.mount;
  const options = optionsOf(t.kernel, fs);
  return install(t, new ContextFile(t, options, fs), (how & FSPICK.FSPICK_CLOEXEC) !== 0);
};

const F = FSCONFIG;
const MAX_TEXT = 256;
const text = (t: Task, at: VAddr): Or<string> => {
  const found = t.mem.cString(at, MAX_TEXT);
  if (found === undefined) return -E.EFAULT;
  return found.length >= MAX_TEXT ? -E.EINVAL : found;
};
interface Config {
  readonly fd: number;
  readonly cmd: number;
  readonly key: VAddr;
  readonly value: VAddr;
  readonly aux: number;
}
/** True if the arguments are those of the command. */
const fits = ({ cmd, key, value, aux }: Config): boolean => {
  switch (cmd) {
    case F.FSCONFIG_SET_FLAG:
      return key !== 0 && value === 0 && aux === 0;
    case F.FSCONFIG_SET_STRING:
      return key !== 0 && value !== 0 && aux === 0;
    case F.FSCONFIG_SET_BINARY:
      return key !== 0 && value !== 0 && aux > 0 && aux <= 1 << 20;
    case F.FSCONFIG_SET_PATH:
    case F.FSCONFIG_SET_PATH_EMPTY:
      return key !== 0 && value !== 0 && (aux === AT_FDCWD || aux >= 0);
    case F.FSCONFIG_SET_FD:
      return key !== 0 && value === 0 && aux >= 0;
    default:
      return key === 0 && value === 0 && aux === 0;
  }
};
/** No type has options that are bytes, paths or descriptors. */
const isForeign = (cmd: number): boolean => cmd >= F.FSCONFIG_SET_BINARY && cmd <= F.FSCONFIG_SET_FD;
const configure = (t: Task, a: Config): number => {
  if (a.fd < 0) return -E.EINVAL;
  if (a.cmd < 0 || a.cmd > F.FSCONFIG_CMD_CREATE_EXCL) return -E.EOPNOTSUPP;
  if (!fits(a)) return -E.EINVAL;
  const file = t.files.get(a.fd);
  if (!file) return -E.EBADF;
  if (!(file instanceof ContextFile)) return -E.EINVAL;
  if (a.cmd >= F.FSCONFIG_CMD_CREATE) return file.command(t, a.cmd);
  const key = text(t, a.key);
  if (typeof key === "number") return key;
  if (isForeign(a.cmd)) {
    if (a.cmd === F.FSCONFIG_SET_FD && !t.files.get(a.aux)) return -E.EBADF;
    return -E.EINVAL;
  }
  const value = a.cmd === F.FSCONFIG_SET_STRING ? text(t, a.value) : undefined;
  return typeof value === "number" ? value : file.set(key, value);
};

const fsmount = (t: Task, n: number, how: number, attributes: number): number => {
  if (!mayMount(t)) return -E.EPERM;
  if (how & ~all(FSMOUNT) || attributes & ~FSMOUNT_ATTRS) return -E.EINVAL;
  const mountFlags = newMountFlags(attributes);
  if (mountFlags < 0) return mountFlags;
  const file = t.files.get(n);
  if (!file) return -E.EBADF;
  if (!(file instanceof ContextFile) || !file.fs) return -E.EINVAL;
  if (file.phase !== "awaiting-mount") return -E.EBUSY;
  if (!hasRoom(t, 1)) return -E.ENOMEM;
  file.mounted();
  return detached(t, mountOf(t, file.fs, file.options.source, mountFlags), how !== 0);
};

/** Calls of the mount API by descriptors. man 2 open_tree, move_mount, fsopen, fsmount. */
export const mountApiCalls: readonly Syscall[] = [
  syscall("open_tree", { dirfd, path: cstring, flags: flags("unsigned int", TREE_FLAGS, "OPEN_TREE_???") }, (t, a) =>
    openTree(t, a.dirfd, a.path, a.flags),
  ),
  syscall(
    "move_mount",
    { from_dirfd: dirfd, from_path: cstring, to_dirfd: dirfd, to_path: cstring, flags: flags("unsigned int", M, "MOVE_MOUNT_???") },
    (t, a) => moveMount(t, a),
    { note: "MOVE_MOUNT_BENEATH does not propagate: it needs a private parent" },
  ),
  syscall("fsopen", { fsname: cstring, flags: flags("unsigned int", FSOPEN, "FSOPEN_???") }, (t, a) => fsopen(t, a.fsname, a.flags)),
  syscall("fspick", { dirfd, path: cstring, flags: flags("unsigned int", FSPICK, "FSPICK_???") }, (t, a) =>
    fspick(t, a.dirfd, a.path, a.flags),
  ),
  syscall("fsconfig", { fd, cmd: choice("unsigned int", F, "FSCONFIG_???"), key: cstring, value: cstring, aux: int }, (t, a) =>
    configure(t, a),
  ),
  syscall("fsmount", { fd, flags: flags("unsigned int", FSMOUNT, "FSMOUNT_???"), attr: { ...uint, names: MOUNT_ATTR } }, (t, a) =>
    fsmount(t, a.fd, a.flags, a.attr),
  ),
];
