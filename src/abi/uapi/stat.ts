// File types and permission bits of st_mode, and the kernel's device numbers. Linux uapi linux/stat.h, man 7
// inode, linux/kdev_t.h.

/** The bits of `st_mode` that hold the file type. man 7 inode. */
export const S_IFMT = 0o170000;
/** File type: socket. */
export const S_IFSOCK = 0o140000;
/** File type: symbolic link. */
export const S_IFLNK = 0o120000;
/** File type: regular file. */
export const S_IFREG = 0o100000;
/** File type: block device. */
export const S_IFBLK = 0o060000;
/** File type: directory. */
export const S_IFDIR = 0o040000;
/** File type: character device. */
export const S_IFCHR = 0o020000;
/** File type: FIFO or pipe. */
export const S_IFIFO = 0o010000;

/** The set-user-ID bit. */
export const S_ISUID = 0o4000;
/** The set-group-ID bit. */
export const S_ISGID = 0o2000;
/** The sticky bit. */
export const S_ISVTX = 0o1000;
/** Execute permission of the group. */
export const S_IXGRP = 0o010;
/** All bits that chmod(2) can set. */
export const S_IALLUGO = 0o7777;
/** Execute permission of user, group and others. */
export const S_IXUGO = 0o111;

/** The kernel's dev_t: 12 bits major, 20 bits minor. Linux linux/kdev_t.h. */
export const makedev = (major: number, minor: number): number => major * 0x100000 + minor;
/** The major number of a kernel dev_t. */
export const major = (dev: number): number => Math.floor(dev / 0x100000);
/** The minor number of a kernel dev_t. */
export const minor = (dev: number): number => dev & 0xfffff;
