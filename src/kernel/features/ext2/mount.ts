// The type of ext2 for mount(2).
import { E } from "../../../abi/errno.ts";
import type { Task } from "../../core/task.ts";
import { CAP, capable } from "../../cred/cred.ts";
import type { FileSystemType } from "../../fs/types/mountable.ts";
import { type BlockDevice, type FileSystem, type Or, SB } from "../../fs/vfs/inode.ts";
import { S_IFBLK } from "../../fs/vfs/mode.ts";
import { MS_NODEV } from "../../fs/vfs/mount.ts";
import { resolve } from "../../fs/vfs/resolve.ts";
import type { Ext2Fs } from "./ext2.ts";
import { lazyExt2 } from "./lazy.ts";

/** The device of a name, for a mount with SB_* flags. Linux lookup_bdev(), get_tree_bdev_flags(). */
const deviceOf = (t: Task, source: string | undefined, flags: number): Or<BlockDevice> => {
  if (!source) return -E.EINVAL;
  const path = resolve(t, t.fs.cwd, source);
  if (typeof path === "number") return path;
  const { inode } = path.dentry;
  if (inode.type !== S_IFBLK) return -E.ENOTBLK;
  if (path.mount.flags & MS_NODEV || inode.nodev) return -E.EACCES;
  const device = t.kernel.vfs.blockDevice(inode.rdev);
  if (!device) return -E.ENXIO;
  return device.readOnly && !(flags & SB.RDONLY) ? -E.EACCES : device;
};
/** All mounts of a device share one file system, and with it the flags. */
const ext2 = (
  t: Task,
  _options: ReadonlyMap<string, string>,
  how: { readonly source: string | undefined; readonly flags: number },
): Or<FileSystem> => {
  if (!capable(t.cred, CAP.SYS_ADMIN)) return -E.EPERM;
  const device = deviceOf(t, how.source, how.flags);
  if (typeof device === "number") return device;
  // A file system without mounts may not have ended yet (kept.ts).
  if (device.holder) t.kernel.garbage.sweep();
  const { holder } = device;
  if (holder) return (holder.superFlags ^ how.flags) & SB.RDONLY ? -E.EBUSY : holder;
  return lazyExt2().Ext2Fs.mount(device, t.kernel.vfs.clock, how.flags);
};

/** The type for mount(2). */
export const ext2Type: FileSystemType = {
  isOnDevice: true,
  options: [
    "acl",
    "bsddf",
    "debug",
    "errors",
    "grpid",
    "bsdgroups",
    "nogrpid",
    "sysvgroups",
    "noacl",
    "nouid32",
    "nouser_xattr",
    "resuid",
    "resgid",
    "user_xattr",
  ],
  make: ext2,
  single: true,
  change: (_t, fs, _options, flags) => (fs as Ext2Fs).change((flags & SB.RDONLY) !== 0),
};
