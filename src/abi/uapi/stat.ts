// File types and permission bits of st_mode, and the kernel's device numbers. Linux uapi linux/stat.h, man 7
// inode, linux/kdev_t.h.

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

/** The kernel's dev_t: 12 bits major, 20 bits minor. Linux linux/kdev_t.h. */
export const makedev = (major: number, minor: number): number => major * 0x100000 + minor;
/** The major number of a kernel dev_t. */
export const major = (dev: number): number => Math.floor(dev / 0x100000);
/** The minor number of a kernel dev_t. */
export const minor = (dev: number): number => dev & 0xfffff;
