// Permissions and owners: chmod, chown and related calls, access, umask. Linux fs/open.c, fs/attr.c
// setattr_prepare().
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import type { Task } from "../../core/task.ts";
import { ACL_ACCESS, bytesOfAcl, chmodAcl } from "../../cred/acl.ts";
import { CAP, type Cred, capable, capableOver, inGroup } from "../../cred/cred.ts";
import { toKernel } from "../../cred/user-namespace.ts";
import type { Path } from "../../fs/vfs/dentry.ts";
import type { Changes, Or } from "../../fs/vfs/inode.ts";
import { may, S_ISGID, S_ISUID, S_IXGRP } from "../../fs/vfs/mode.ts";
import { MS_NOEXEC } from "../../fs/vfs/mount.ts";
import { EVENT, notifyDentry } from "../../fs/vfs/notify.ts";
import {
  accessAcl,
  isReadOnly,
  isSpecial,
  killFileCaps,
  mayChange,
  ownerOrCapable,
  permission,
  wantWrite,
} from "../../fs/vfs/permission.ts";
import { fd, int } from "../../syscall/arg.ts";
import {
  AT_EACCESS,
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_SYMLINK_NOFOLLOW,
  accessFlags,
  atFlags,
  dirfd,
  id,
  legacyId,
  mode,
  octal,
} from "../../syscall/arg-file.ts";
import { flagText } from "../../syscall/arg-flags.ts";
import { cstring } from "../../syscall/arg-string.ts";
import { type ArgType, type Syscall, syscall } from "../../syscall/declaration.ts";
import { lookup } from "./path.ts";

const changed = (path: Path, result: number): number => {
  if (result === 0) notifyDentry(path.dentry, EVENT.ATTRIB);
  return result;
};

const chmod = (t: Task, path: Or<Path>, wanted: number): number => {
  if (typeof path === "number") return path;
  const writable = wantWrite(path.mount);
  if (writable < 0) return writable;
  const { inode } = path.dentry;
  if (mayChange(inode) < 0 || !ownerOrCapable(t.cred, inode)) return -E.EPERM;
  // Symbolic links have no permissions on Linux.
  if (inode.isLink) return -E.EOPNOTSUPP;
  let bits = wanted & 0o7777;
  if (!inGroup(t.cred, inode.gid) && !capable(t.cred, CAP.FSETID)) bits &= ~S_ISGID;
  const done = inode.setattr({ mode: (inode.mode & ~0o7777) | bits, ctime: inode.fs.clock.realtime() });
  const acl = done === 0 ? accessAcl(inode) : undefined;
  return changed(
    path,
    acl ? inode.setXattr(ACL_ACCESS, bytesOfAcl(chmodAcl(acl, bits), undefined)) || inode.fs.attributesChanged(inode) : done,
  );
};

const UNCHANGED = 0xffffffff;
/** Linux chown_ok(), chgrp_ok(); chown_common() also clears the set-id bits. */
const chown = (t: Task, path: Or<Path>, user: number, group: number): number => {
  if (typeof path === "number") return path;
  const { userNs } = t.cred;
  const uid = user === UNCHANGED ? user : toKernel(userNs, "uidMap", user);
  const gid = group === UNCHANGED ? group : toKernel(userNs, "gidMap", group);
  if (uid === undefined || gid === undefined) return -E.EINVAL;
  const writable = wantWrite(path.mount);
  if (writable < 0) return writable;
  const { inode } = path.dentry;
  const { cred } = t;
  if (mayChange(inode) < 0) return -E.EPERM;
  const powerful = capableOver(cred, inode, CAP.CHOWN);
  const owner = inode.uid === cred.fsuid;
  if (uid !== UNCHANGED && !(owner && uid === inode.uid) && !powerful) return -E.EPERM;
  if (gid !== UNCHANGED && !(owner && (gid === inode.gid || inGroup(cred, gid))) && !powerful) return -E.EPERM;
  const changes: Changes = { ctime: inode.fs.clock.realtime() };
  if (uid !== UNCHANGED) changes.uid = uid;
  if (gid !== UNCHANGED) changes.gid = gid;
  if (!inode.isDir) {
    const sgid = inode.mode & S_IXGRP ? S_ISGID : 0;
    changes.mode = inode.mode & ~(S_ISUID | sgid);
    killFileCaps(inode);
  }
  return changed(path, inode.setattr(changes));
};

const ofFd = (t: Task, fd: number): Or<Path> => t.files.get(fd)?.path ?? -E.EBADF;
const ofPath = (t: Task, at: VAddr, follow = true): Or<Path> => lookup(t, AT_FDCWD, at, follow);
const ACCEPTED_FLAGS = AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH;
const ofAt = (t: Task, dir: number, at: VAddr, how: number): Or<Path> =>
  how & ~ACCEPTED_FLAGS ? -E.EINVAL : lookup(t, dir, at, !(how & AT_SYMLINK_NOFOLLOW), (how & AT_EMPTY_PATH) !== 0);

/**
 * access(2) uses the real ids. Real root has all permitted capabilities, others have none. Linux
 * access_override_creds().
 */
const realCred = (cred: Cred): Cred => ({ ...cred, fsuid: cred.uid, fsgid: cred.gid, effective: cred.uid === 0 ? cred.permitted : 0n });
const accessNames = { R_OK: 4, W_OK: 2, X_OK: 1 };
const accessMode: ArgType<number> = {
  ...int,
  names: accessNames,
  combines: true,
  show: (v) => (v === 0 ? "F_OK" : flagText(v, accessNames, "F_OK", "?_OK")),
};

const access = (t: Task, dir: number, at: VAddr, wanted: number, how: number): number => {
  if (wanted & ~7 || how & ~(AT_EACCESS | ACCEPTED_FLAGS)) return -E.EINVAL;
  const cred = how & AT_EACCESS ? t.cred : realCred(t.cred);
  // The path walk uses these credentials too.
  const own = t.cred;
  t.cred = cred;
  try {
    const path = lookup(t, dir, at, !(how & AT_SYMLINK_NOFOLLOW), (how & AT_EMPTY_PATH) !== 0);
    if (typeof path === "number") return path;
    const { inode } = path.dentry;
    if (wanted & may.exec && inode.isFile && path.mount.flags & MS_NOEXEC) return -E.EACCES;
    const denied = permission(t, inode, wanted);
    if (denied < 0) return denied;
    return wanted & may.write && !isSpecial(inode.type) && isReadOnly(path.mount) ? -E.EROFS : 0;
  } finally {
    t.cred = own;
  }
};

const chownArgs = (type: ArgType<number>) => ({ owner: { ...type, c: "uid_t" }, group: { ...type, c: "gid_t" } });
const old = chownArgs(legacyId);
const full = chownArgs(id);

/** Calls on permissions and owners. man 2 chmod, chown, access, umask. */
export const attrCalls: readonly Syscall[] = [
  syscall("chmod", { pathname: cstring, mode }, (t, a) => chmod(t, ofPath(t, a.pathname), a.mode)),
  syscall("fchmod", { fd, mode }, (t, a) => chmod(t, ofFd(t, a.fd), a.mode)),
  syscall("fchmodat", { dirfd, pathname: cstring, mode }, (t, a) => chmod(t, ofAt(t, a.dirfd, a.pathname, 0), a.mode)),
  syscall("fchmodat2", { dirfd, pathname: cstring, mode, flags: atFlags }, (t, a) =>
    chmod(t, ofAt(t, a.dirfd, a.pathname, a.flags), a.mode),
  ),
  syscall("chown", { pathname: cstring, ...old }, (t, a) => chown(t, ofPath(t, a.pathname), a.owner, a.group)),
  syscall("lchown", { pathname: cstring, ...old }, (t, a) => chown(t, ofPath(t, a.pathname, false), a.owner, a.group)),
  syscall("fchown", { fd, ...old }, (t, a) => chown(t, ofFd(t, a.fd), a.owner, a.group)),
  syscall("chown32", { pathname: cstring, ...full }, (t, a) => chown(t, ofPath(t, a.pathname), a.owner, a.group)),
  syscall("lchown32", { pathname: cstring, ...full }, (t, a) => chown(t, ofPath(t, a.pathname, false), a.owner, a.group)),
  syscall("fchown32", { fd, ...full }, (t, a) => chown(t, ofFd(t, a.fd), a.owner, a.group)),
  syscall("fchownat", { dirfd, pathname: cstring, ...full, flags: atFlags }, (t, a) =>
    chown(t, ofAt(t, a.dirfd, a.pathname, a.flags), a.owner, a.group),
  ),
  syscall("access", { pathname: cstring, mode: accessMode }, (t, a) => access(t, AT_FDCWD, a.pathname, a.mode, 0)),
  syscall("faccessat", { dirfd, pathname: cstring, mode: accessMode }, (t, a) => access(t, a.dirfd, a.pathname, a.mode, 0)),
  syscall("faccessat2", { dirfd, pathname: cstring, mode: accessMode, flags: accessFlags }, (t, a) =>
    access(t, a.dirfd, a.pathname, a.mode, a.flags),
  ),
  syscall(
    "umask",
    { mask: { ...mode, show: octal } },
    (t, a) => {
      const before = t.fs.umask;
      t.fs.umask = a.mask & 0o777;
      return before;
    },
    { octalResult: true },
  ),
];
