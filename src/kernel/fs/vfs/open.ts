// open(2) in the file system. Linux fs/open.c build_open_flags(), fs/namei.c path_openat(), do_open(),
// may_open().
import type { Abi } from "../../../abi/abi.ts";
import { E } from "../../../abi/errno.ts";
import {
  __O_TMPFILE,
  MAX_NON_LFS,
  O_ACCMODE,
  O_APPEND,
  O_ASYNC,
  O_CLOEXEC,
  O_CREAT,
  O_DIRECT,
  O_DIRECTORY,
  O_DSYNC,
  O_EXCL,
  O_LARGEFILE,
  O_NOATIME,
  O_NOCTTY,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  O_RDWR,
  O_SYNC,
  O_TRUNC,
  O_WRONLY,
} from "../../../abi/uapi/fcntl.ts";
import type { Wait } from "../../base/wait.ts";
import type { Task } from "../../core/task.ts";
import { createFile, newInode } from "./create.ts";
import { Dentry, type Path } from "./dentry.ts";
import { FileDescription } from "./file.ts";
import type { Inode, Or } from "./inode.ts";
import { breakLeases } from "./leases.ts";
import { may, S_IALLUGO, S_IFBLK, S_IFCHR, S_IFMT, S_IFREG } from "./mode.ts";
import { MS_NODEV, MS_NOEXEC } from "./mount.ts";
import { askGroups, EVENT, notifyFile, permissionsOf } from "./notify.ts";
import { PathFile } from "./path-file.ts";
import {
  isAppendOnly,
  isNode,
  isSpecial,
  killPrivileges,
  mayCreate,
  mayCreateInSticky,
  ownerOrCapable,
  permission,
  wantWrite,
} from "./permission.ts";
import { type Last, PathWalk } from "./resolve.ts";
import { mayTruncate, type Purpose, securityOfOpen } from "./security.ts";

/** struct open_how. man 2 openat2. */
export interface How {
  readonly flags: number;
  readonly mode: number;
  /** RESOLVE_* of openat2(2). */
  readonly limits?: number;
}

const VALID_FLAGS =
  O_ACCMODE |
  O_CREAT |
  O_EXCL |
  O_NOCTTY |
  O_TRUNC |
  O_APPEND |
  O_NONBLOCK |
  O_DSYNC |
  O_ASYNC |
  O_DIRECT |
  O_LARGEFILE |
  O_DIRECTORY |
  O_NOFOLLOW |
  O_NOATIME |
  O_CLOEXEC |
  O_SYNC |
  O_PATH |
  __O_TMPFILE;
/** Flags that are valid together with O_PATH. Linux O_PATH_FLAGS. */
const PATH_FLAGS = O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC;

/** O_LARGEFILE is set by itself where a long holds any offset. Linux force_o_largefile(). */
export const largeFile = (abi: Abi): number => (abi.long === 8 ? O_LARGEFILE : 0);

/**
 * The `How` of open(2) and openat(2), which ignore invalid flags. openat2(2) rejects them. Linux
 * build_open_how().
 */
export const howOf = (flags: number, mode: number, abi: Abi): How => {
  const valid = flags & O_PATH ? flags & VALID_FLAGS & PATH_FLAGS : (flags & VALID_FLAGS) | largeFile(abi);
  const creates = valid & (O_CREAT | __O_TMPFILE);
  return { flags: valid, mode: creates ? mode & S_IALLUGO : 0 };
};

/** Checks flags and mode: 0 or -EINVAL. Linux build_open_flags(). */
export const checkHow = ({ flags, mode }: How): number => {
  if (flags & ~VALID_FLAGS || mode & ~S_IALLUGO) return -E.EINVAL;
  if (mode !== 0 && !(flags & (O_CREAT | __O_TMPFILE))) return -E.EINVAL;
  if (flags & O_PATH && flags & ~PATH_FLAGS) return -E.EINVAL;
  if ((flags & (O_DIRECTORY | O_CREAT)) === (O_DIRECTORY | O_CREAT)) return -E.EINVAL;
  if (flags & __O_TMPFILE && (!(flags & O_DIRECTORY) || (flags & O_ACCMODE) === O_RDONLY)) return -E.EINVAL;
  return 0;
};

/**
 * The permissions that the flags need. Access mode 3 needs read and write and grants neither (only ioctl).
 */
const accessOf = (flags: number): number => {
  const access = [may.read, may.write, may.read | may.write, may.read | may.write][flags & O_ACCMODE] as number;
  return flags & O_TRUNC ? access | may.write : access;
};

/**
 * Opens `name` from `base`: a file description without references, -errno, or a wait (a FIFO without a peer).
 * Linux do_filp_open().
 */
export const open = (task: Task, base: Path, name: string, { flags, mode, limits }: How): Or<FileDescription> | Wait => {
  if (name === "") return -E.ENOENT;
  const walk = new PathWalk(task, base, limits);
  const last = walk.parent(name);
  if (typeof last === "number") return last;
  if (flags & __O_TMPFILE) return openTmpfile(task, walk, last, flags, mode);
  if (flags & O_CREAT) return openCreating(task, walk, last, flags, mode);
  const found = walk.follow(last, !(flags & O_NOFOLLOW));
  if (typeof found === "number") return found;
  return "missing" in found ? -E.ENOENT : openFound(task, found, flags);
};

const openCreating = (task: Task, walk: PathWalk, last: Last, flags: number, mode: number): Or<FileDescription> | Wait => {
  if (last.kind === "name" && last.slash) return -E.EISDIR;
  const found = walk.follow(last, !(flags & (O_NOFOLLOW | O_EXCL)));
  if (typeof found === "number") return found;
  if (!("missing" in found)) {
    if (isOwn(task, found.dentry)) return openInode(task, found, flags);
    if (flags & O_EXCL) return -E.EEXIST;
    const { inode } = found.dentry;
    if (inode.isDir) return -E.EISDIR;
    const guard = mayCreateInSticky(task, last.parent.dentry.inode, inode);
    return guard < 0 ? guard : openFound(task, found, flags);
  }
  if (found.missing.slash) return -E.EISDIR;
  const { parent } = found.missing;
  if (!parent.dentry.inode.fs.growable) return -E.ENOENT;
  const writable = wantWrite(parent.mount);
  if (writable < 0) return writable;
  const made = createFile(task, found.missing, S_IFREG | mode);
  // The mode of a new file does not limit its first open.
  if (typeof made === "number") return made;
  const file = openInode(task, { mount: parent.mount, dentry: made }, flags);
  if (file instanceof FileDescription) file.created = true;
  else {
    const permissions = permissionsOf(task.waited);
    if (permissions?.asking) permissions.made = made;
  }
  return file;
};

/** True if this call has made the file, and has waited for the permission to open it. */
const isOwn = ({ waited }: Task, dentry: Dentry): boolean => {
  const permissions = permissionsOf(waited);
  return permissions?.asking?.dentry === dentry && permissions.made === dentry;
};

const openTmpfile = (task: Task, walk: PathWalk, last: Last, flags: number, mode: number): Or<FileDescription> | Wait => {
  const found = walk.follow(last, !(flags & O_NOFOLLOW));
  if (typeof found === "number") return found;
  if ("missing" in found) return -E.ENOENT;
  const dir = found.dentry.inode;
  if (!dir.isDir) return -E.ENOTDIR;
  const writable = wantWrite(found.mount);
  if (writable < 0) return writable;
  const allowed = mayCreate(task, dir);
  if (allowed < 0) return allowed;
  const inode = dir.tmpfile(newInode(task, dir, S_IFREG | mode, 0, task.fs.umask & 0o777));
  if (typeof inode === "number") return inode;
  inode.nlink = 0;
  inode.linkable = (flags & O_EXCL) === 0;
  const dentry = new Dentry(`#${inode.ino}`, found.dentry, inode);
  dentry.deleted = true;
  return openInode(task, { mount: found.mount, dentry }, flags);
};

/** Linux handle_truncate(). */
const emptied = (task: Task, inode: Inode): number => {
  killPrivileges(task.cred, inode);
  return inode.truncate(0);
};

/** Opens a file that was found. Linux do_open(). */
export const openFound = (task: Task, path: Path, flags: number): Or<FileDescription> | Wait => {
  const { inode } = path.dentry;
  if (flags & O_DIRECTORY && !inode.isDir) return -E.ENOTDIR;
  if (flags & O_PATH) return new PathFile(inode, flags, path);
  const allowed = mayOpen(task, path, flags);
  if (allowed < 0) return allowed;
  // Linux generic_file_open().
  if (inode.isFile && !(flags & O_LARGEFILE) && inode.size > MAX_NON_LFS) return -E.EOVERFLOW;
  // Linux do_dentry_open(): directories have no FMODE_CAN_ODIRECT.
  if (flags & O_DIRECT && inode.isDir) return -E.EINVAL;
  const file = openInode(task, path, flags);
  if (!(file instanceof FileDescription) || !(flags & O_TRUNC) || !inode.isFile) return file;
  const denied = mayTruncate(task, file);
  const cut = denied < 0 ? denied : inode.mayResize(0) || emptied(task, inode);
  if (cut === 0) {
    notifyFile(file, EVENT.MODIFY);
    return file;
  }
  file.hold().drop();
  return cut;
};

const mayOpen = (task: Task, path: Path, flags: number): number => {
  const { inode } = path.dentry;
  const access = accessOf(flags);
  if (inode.isLink) return -E.ELOOP;
  if (inode.isDir && access & may.write) return -E.EISDIR;
  const type = inode.mode & S_IFMT;
  if ((type === S_IFCHR || type === S_IFBLK) && (inode.nodev || path.mount.flags & MS_NODEV)) return -E.EACCES;
  const denied = permission(task, inode, access);
  if (denied < 0) return denied;
  if (isAppendOnly(inode) && (flags & O_TRUNC || ((flags & O_ACCMODE) !== O_RDONLY && !(flags & O_APPEND)))) return -E.EPERM;
  return flags & O_NOATIME && !ownerOrCapable(task.cred, inode) ? -E.EPERM : 0;
};

/** Makes the file description after the permission checks. A write to a running program is -ETXTBSY. */
const openInode = (task: Task, path: Path, flags: number): Or<FileDescription> | Wait => {
  const { inode } = path.dentry;
  const writes = (accessOf(flags) & may.write) !== 0;
  if (writes && !isSpecial(inode.type)) {
    const writable = wantWrite(path.mount);
    if (writable < 0) return writable;
    if (inode.writers < 0) return -E.ETXTBSY;
  }
  const asked = askGroups(task, path, [EVENT.OPEN_PERM]);
  if (asked !== 0) return asked;
  const breaking = breakLeases(task, inode, flags);
  if (breaking !== 0) return breaking;
  return notified(
    restricted(task, path, purposeOf(flags), () =>
      isNode(inode.type) && !inode.isFile ? task.kernel.vfs.openSpecial(task, inode, flags, path) : inode.open(task, flags, path),
    ),
  );
};

const notified = <T>(file: T, exec = 0): T => {
  if (file instanceof FileDescription) notifyFile(file, EVENT.OPEN | exec);
  return file;
};

const purposeOf = (flags: number): Purpose => {
  const mode = flags & O_ACCMODE;
  return { reads: mode === O_RDONLY || mode === O_RDWR, writes: mode === O_WRONLY || mode === O_RDWR };
};
/** Opens a file with the rights that security modules leave to the task. Linux security_file_open(). */
const restricted = (task: Task, path: Path, purpose: Purpose, act: () => Or<FileDescription> | Wait): Or<FileDescription> | Wait => {
  const rights = securityOfOpen(task, path, purpose);
  if (typeof rights === "number") return rights;
  const file = act();
  if (file instanceof FileDescription) file.security = rights;
  return file;
};

/** Opens a regular, executable file for execve(2) and uselib(2). Linux do_open_execat(). */
export const openExecutable = (task: Task, path: Path): Or<FileDescription> | Wait => {
  const { inode } = path.dentry;
  if (inode.isLink) return -E.ELOOP;
  if (!inode.isFile || path.mount.flags & MS_NOEXEC) return -E.EACCES;
  const denied = permission(task, inode, may.exec);
  if (denied < 0) return denied;
  const asked = askGroups(task, path, [EVENT.OPEN_EXEC_PERM, EVENT.OPEN_PERM]);
  if (asked !== 0) return asked;
  return notified(
    restricted(task, path, { reads: true, writes: false, executes: true }, () =>
      inode.writers > 0 ? -E.ETXTBSY : inode.open(task, O_RDONLY, path),
    ),
    EVENT.OPEN_EXEC,
  );
};
