// memfd_secret(2): a file with pages that only its owner's mappings reach. man 2 memfd_secret; Linux
// mm/secretmem.c.
import { E } from "../../../abi/errno.ts";
import { O_LARGEFILE, O_RDWR } from "../../../abi/uapi/fcntl.ts";
import type { MappedFile } from "../../../memory/backing.ts";
import type { Task } from "../../core/task.ts";
import { RegularFile } from "../files/regular.ts";
import { Dentry } from "../vfs/dentry.ts";
import type { Or } from "../vfs/inode.ts";
import { S_IFREG } from "../vfs/mode.ts";
import type { Mount } from "../vfs/mount.ts";
import { MemFile, type MemFs } from "./memfs.ts";

/** Its size is set once, and it cannot be opened again. */
export class SecretInode extends MemFile {
  override truncate(size: number): number {
    return this.size === 0 ? super.truncate(size) : -E.EINVAL;
  }
  override open(): Or<RegularFile> {
    return -E.ENXIO;
  }
}
/** A file without read(2), write(2) and lseek(2). */
export class SecretFile extends RegularFile {
  override get seekable(): boolean {
    return false;
  }
  override read(): Or<Uint8Array> {
    return -E.EINVAL;
  }
  override write(): number {
    return -E.EINVAL;
  }
  override seek(): number {
    return -E.ESPIPE;
  }
  override mapping(task: Task): Or<MappedFile | "anonymous"> {
    const file = super.mapping(task);
    return typeof file === "object" ? { ...file, secret: true } : file;
  }
}

/** A new secret file. `mount` is the internal tmpfs of memfds. */
export const secretMemory = (task: Task, mount: Mount): RegularFile => {
  const inode = new SecretInode(mount.fs as MemFs, { mode: S_IFREG | 0o600, uid: task.cred.fsuid, gid: task.cred.fsgid, rdev: 0 });
  inode.nlink = 0;
  const dentry = new Dentry("", undefined, inode);
  dentry.label = "/secretmem (deleted)";
  return new SecretFile(inode, O_RDWR | O_LARGEFILE, { mount, dentry }, false);
};
