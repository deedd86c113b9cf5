// Credentials of a new program: set-user-ID files, capabilities of files, and capabilities across execve.
// man 7 capabilities, "Transformation during execve()"; Linux fs/exec.c bprm_fill_uid(),
// security/commoncap.c cap_bprm_creds_from_file().

import { FILE_CAPS } from "../../abi/capability.ts";
import { E } from "../../abi/errno.ts";
import { S_ISGID, S_ISUID, S_IXGRP } from "../../abi/uapi/stat.ts";
import type { Task } from "../core/task.ts";
import { CAP, type Cred, capableHere, capableIn, rootUid } from "../cred/cred.ts";
import { type FileCaps, fileCapsFor } from "../cred/file-caps.ts";
import { toLocal } from "../cred/user-namespace.ts";
import type { Path } from "../fs/vfs/dentry.ts";
import type { Or } from "../fs/vfs/inode.ts";
import { MS_NOSUID } from "../fs/vfs/mount.ts";

/** Linux uapi linux/securebits.h. */
export const SECBIT = { NOROOT: 1, NO_SETUID_FIXUP: 4, KEEP_CAPS: 16, NO_CAP_AMBIENT_RAISE: 64 } as const;

/** The new credentials. */
export interface ExecCred {
  readonly cred: Cred;
  /** AT_SECURE. */
  readonly secure: boolean;
  /** The effective ids changed, or it has more capabilities: not dumpable, no parent-death signal. */
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

/** The file's capabilities, which a nosuid mount takes away. Linux get_file_caps(). */
const capsOf = ({ cred }: Task, { mount, dentry: { inode } }: Path): Or<FileCaps> | undefined => {
  const bytes = mount.flags & MS_NOSUID ? undefined : inode.xattrs?.get(FILE_CAPS);
  return bytes && fileCapsFor(bytes, cred.userNs, inode.fs.owner);
};

/** Permitted and effective set. `euid` is the new effective uid. */
const setsOf = (old: Cred, euid: number, caps: FileCaps | undefined): { permitted: bigint; full: boolean } => {
  const root = rootUid(old);
  const byFile = caps ? (old.bounding & caps.permitted) | (old.inheritable & caps.inheritable) : 0n;
  const full = caps?.effective ?? false;
  // A set-user-ID program of root with capabilities has these only. Linux handle_privileged_root().
  const legacy = old.securebits & SECBIT.NOROOT || (caps && old.uid !== root && euid === root);
  if (legacy || (euid !== root && old.uid !== root)) return { permitted: byFile, full };
  return { permitted: old.inheritable | old.bounding, full: full || euid === root };
};

/**
 * The credentials of a program that `task` executes, or -errno: -EPERM for a file that grants more than the
 * bounding set to a program that may not know of it. Linux cap_bprm_creds_from_file().
 */
export const credForExec = (task: Task, path: Path): Or<ExecCred> => {
  const old = task.cred;
  let { euid, egid } = idsOf(task, path);
  const caps = capsOf(task, path);
  if (typeof caps === "number") return caps;
  const changes = euid !== old.euid || egid !== old.egid;
  const sets = setsOf(old, euid, caps);
  let { permitted } = sets;
  if (caps?.effective && (caps.permitted & ~((old.bounding & caps.permitted) | (old.inheritable & caps.inheritable))) !== 0n)
    return -E.EPERM;
  const gains = (permitted & ~old.permitted) !== 0n;
  // A process that shares the root directory, or a tracer, could deceive a privileged program. Linux
  // check_unsafe_exec().
  if ((changes || gains) && (task.noNewPrivs || sharesFs(task) || weakTracer(task))) {
    if (task.noNewPrivs || !capableHere(old, CAP.SETUID)) {
      euid = old.uid;
      egid = old.gid;
    }
    permitted &= old.permitted;
  }
  const setid = euid !== old.uid || egid !== old.gid;
  const ambient = setid || caps ? 0n : old.ambient;
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
    effective: sets.full ? permitted : ambient,
    ambient,
    securebits: old.securebits & ~SECBIT.KEEP_CAPS,
  };
  const grew = (permitted & ~ambient) !== 0n;
  return {
    cred,
    secure: setid || (old.uid !== rootUid(old) && (sets.full || grew)),
    privileged: euid !== old.euid || egid !== old.egid || (permitted & ~old.permitted) !== 0n,
  };
};

/** True if a tracer had no capability to trace a more privileged program. Linux ptracer_capable(). */
const weakTracer = ({ trace, cred }: Task): boolean => trace !== undefined && !capableIn(trace.cred, cred.userNs, CAP.SYS_PTRACE);

/** True if a task of another thread group shares the file-system context. */
const sharesFs = (task: Task): boolean => {
  for (const t of task.kernel.tasks.values()) if (t.fs === task.fs && t.process !== task.process) return true;
  return false;
};
