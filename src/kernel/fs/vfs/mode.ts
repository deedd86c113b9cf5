// st_mode and device numbers as the file systems use them: types for readdir, permission requests, dev_t of
// the user interface.

import { major, makedev, minor, S_IFMT } from "../../../abi/uapi/stat.ts";

export * from "../../../abi/uapi/stat.ts";

/** The d_type of a directory entry is the type bits of st_mode, shifted. */
export const direntType = (mode: number): number => (mode & S_IFMT) >> 12;

/** Bits of a permission request. Linux MAY_*. */
export const may = { exec: 1, write: 2, read: 4 } as const;

/** The user's dev_t of stat(2) and mknod(2). Linux new_encode_dev(). */
export const encodeDev = (dev: number): number => ((minor(dev) & 0xff) | (major(dev) << 8) | ((minor(dev) & ~0xff) << 12)) >>> 0;
/** The inverse of `encodeDev`. Linux new_decode_dev(). */
export const decodeDev = (n: number): number => makedev((n & 0xfff00) >>> 8, (n & 0xff) | ((n >>> 12) & 0xfff00));

/** FS_*_FL: no change at all, only appends, no backup, no times of access. man 2 ioctl_iflags. */
export const FS_FL = { IMMUTABLE: 0x10, APPEND: 0x20, NODUMP: 0x40, NOATIME: 0x80 } as const;
/** The flags that a new file takes over from its directory. Linux SHMEM_FL_INHERITED. */
export const INHERITED = FS_FL.NODUMP | FS_FL.NOATIME;
/** The flags that tmpfs has. Linux SHMEM_FL_USER_MODIFIABLE. */
export const TMPFS_FLAGS = FS_FL.IMMUTABLE | FS_FL.APPEND | INHERITED;
