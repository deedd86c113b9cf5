// memfd_create(2): an unlinked file in memory, and the file seals of fcntl(2). Linux mm/memfd.c.
import { E } from "../../../abi/errno.ts";
import { ALL_SEALS, F_SEAL_EXEC, F_SEAL_SEAL, F_SEAL_WRITE, O_LARGEFILE, O_RDWR } from "../../../abi/uapi/fcntl.ts";
import type { Task } from "../../core/task.ts";
import { RegularFile, type RegularInode } from "../files/regular.ts";
import { Dentry } from "../vfs/dentry.ts";
import { S_IFREG } from "../vfs/mode.ts";
import type { Mount } from "../vfs/mount.ts";
import { HugeDescription, HugeFile } from "./hugetlbfs.ts";
import type { MemFs } from "./memfs.ts";

/**
 * A new memfd, open for reading and writing. `mount` is the internal file system of memfds, of small or huge
 * pages; `sealable` is MFD_ALLOW_SEALING, `noexec` is MFD_NOEXEC_SEAL.
 */
export const memfd = (task: Task, mount: Mount, name: string, options: { sealable: boolean; noexec: boolean }): RegularFile => {
  const mode = options.noexec ? 0o666 : 0o777;
  const { fsuid: uid, fsgid: gid } = task.cred;
  const inode = (mount.fs as MemFs).makeFile({ mode: S_IFREG | mode, uid, gid, rdev: 0 });
  inode.nlink = 0;
  inode.seals = options.sealable ? 0 : F_SEAL_SEAL;
  if (options.noexec) inode.seals |= F_SEAL_EXEC;
  const dentry = new Dentry("", undefined, inode);
  dentry.label = `/memfd:${name} (deleted)`;
  // No open(2) made it, so it is no writer for execve(2). Linux alloc_file_pseudo().
  const Description = inode instanceof HugeFile ? HugeDescription : RegularFile;
  return new Description(inode, O_RDWR | O_LARGEFILE, { mount, dentry }, false);
};

/**
 * F_ADD_SEALS: 0, -EPERM, -EINVAL, or -EBUSY. `writable`: the file description is. Linux memfd_add_seals().
 */
export const addSeals = (inode: RegularInode, writable: boolean, seals: number): number => {
  if (!writable) return -E.EPERM;
  if (seals & ~ALL_SEALS || inode.seals === undefined) return -E.EINVAL;
  if (inode.seals & F_SEAL_SEAL) return -E.EPERM;
  if (seals & F_SEAL_WRITE && !(inode.seals & F_SEAL_WRITE) && inode.pages?.mappedWritable) return -E.EBUSY;
  inode.seals |= seals;
  return 0;
};
