// File types and permission bits of st_mode. Linux uapi linux/stat.h, man 7 inode.

export const S_IFMT = 0o170000;
export const S_IFSOCK = 0o140000;
export const S_IFLNK = 0o120000;
export const S_IFREG = 0o100000;
export const S_IFBLK = 0o060000;
export const S_IFDIR = 0o040000;
export const S_IFCHR = 0o020000;
export const S_IFIFO = 0o010000;

export const S_ISUID = 0o4000;
export const S_ISGID = 0o2000;
export const S_ISVTX = 0o1000;
export const S_IXGRP = 0o010;
/** All bits that chmod(2) can set. */
export const S_IALLUGO = 0o7777;
export const S_IXUGO = 0o111;

/** The d_type of a directory entry is the type bits of st_mode, shifted. */
export const direntType = (mode: number): number => (mode & S_IFMT) >> 12;

/** Bits of a permission request. Linux MAY_*. */
export const may = { exec: 1, write: 2, read: 4 } as const;

/** The kernel's dev_t: 12 bits major, 20 bits minor. Linux linux/kdev_t.h. */
export const makedev = (major: number, minor: number): number => major * 0x100000 + minor;
/** The major number of a kernel dev_t. */
export const major = (dev: number): number => Math.floor(dev / 0x100000);
/** The minor number of a kernel dev_t. */
export const minor = (dev: number): number => dev & 0xfffff;
/** The user's dev_t of stat(2) and mknod(2). Linux new_encode_dev(). */
export const encodeDev = (dev: number): number => ((minor(dev) & 0xff) | (major(dev) << 8) | ((minor(dev) & ~0xff) << 12)) >>> 0;
/** The inverse of `encodeDev`. Linux new_decode_dev(). */
export const decodeDev = (n: number): number => makedev((n & 0xfff00) >>> 8, (n & 0xff) | ((n >>> 12) & 0xfff00));
