// Credentials of a new program: set-user-ID files, and capabilities across execve. man 7 capabilities,
// "Transformation during execve()"; Linux fs/exec.c bprm_fill_uid(), security/commoncap.c
// cap_bprm_creds_from_file().

import { CAP, type Cred, capableHere, rootUid } from "../cred/cred.ts";
import { toLocal } from "../cred/user-namespace.ts";
import type { Path } from "../fs/vfs/dentry.ts";
import { MS_NOSUID } from "../fs/vfs/mount.ts";
import type { Task } from "../task/task.ts";

const S_ISUID = 0o4000;
const S_ISGID = 0o2000;
const S_IXGRP = 0o010;
/** Linux uapi linux/securebits.h. */
export const SECBIT = { NOROOT: 1, NO_SETUID_FIXUP: 4, KEEP_CAPS: 16, NO_CAP_AMBIENT_RAISE: 64 } as const;

/** The new credentials. */
export interface ExecCred {
  readonly cred: Cred;
  /** AT_SECURE. */
  readonly secure: boolean;
  /** The ids changed: not dumpable, no parent-death signal. */
  readonly privileged: boolean;
}

/**
 * The effective ids from the file's mode bits. The bits have no effect under no_new_privs, on nosuid mounts,
 * and if the user namespace has no number for the file's owner or group.
 */
const idsOf = (task: Task, path: Path): { euid: number; egid: number } => {
  const { cred } = task;
  const { inode } = path.dentry;
  if ((inode.mode & (S_ISUID | S_ISGID)) === 0 || task.noNewPrivs || (path.mount.flags & MS_NOSUID) !== 0) return cred;
  const mapped = toLocal(cred.userNs, "uidMap", inode.uid) !== undefined && toLocal(cred.userNs, "gidMap", inode.gid) !== undefined;
  if (!mapped) return cred;
  return {
    euid: (inode.mode & S_ISUID) !== 0 ? inode.uid : cred.euid,
    egid: (inode.mode & (S_ISGID | S_IXGRP)) === (S_ISGID | S_IXGRP) ? inode.gid : cred.egid,
  };
};

/** The credentials of a program that `task` executes. Linux cap_bprm_creds_from_file(). */
export const credForExec = (task: Task, path: Path): ExecCred => {
  const old = task.cred;
  let { euid, egid } = idsOf(task, path);
  const changes = euid !== old.euid || egid !== old.egid;
  // A process that shares the root directory could deceive a privileged program. Linux check_unsafe_exec().
  const unsafe = task.noNewPrivs || sharesFs(task);
  if (changes && unsafe && (task.noNewPrivs || !capableHere(old, CAP.SETUID))) {
    euid = old.uid;
    egid = old.gid;
  }
  const root = (old.securebits & SECBIT.NOROOT) === 0;
  let permitted = 0n;
  let full = false;
  if (root && (euid === rootUid(old) || old.uid === rootUid(old))) {
    permitted = old.inheritable | old.bounding;
    full = euid === rootUid(old);
  }
  if (unsafe && (permitted & ~old.permitted) !== 0n) permitted &= old.permitted;
  const setid = euid !== old.uid || egid !== old.gid;
  const ambient = setid ? 0n : old.ambient;
  permitted |= ambient;
  const cred: Cred = {
    ...old,
    euid,
    suid: euid,
    fsuid: euid,
    egid,
    sgid: egid,
    fsgid: egid,
    permitted,
    effective: full ? permitted : ambient,
    ambient,
    securebits: old.securebits & ~SECBIT.KEEP_CAPS,
  };
  const grew = (permitted & ~ambient) !== 0n;
  return { cred, secure: setid || (old.uid !== rootUid(old) && (full || grew)), privileged: changes };
};

/** True if a task of another thread group shares the file-system context. */
const sharesFs = (task: Task): boolean => {
  for (const t of task.kernel.tasks.values()) if (t.fs === task.fs && t.process !== task.process) return true;
  return false;
};
