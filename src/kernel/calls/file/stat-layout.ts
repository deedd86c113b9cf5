// Layouts of struct stat: x86-64's, and the four of i386. Linux arch/x86/include/uapi/asm/stat.h, fs/stat.c,
// fs/compat.c, kernel sys_ia32.c.

import { i386, x64 } from "../../../abi/abi.ts";
import { E } from "../../../abi/errno.ts";
import { bytes, long, s64, struct, u16, u32, ulong } from "../../../abi/struct.ts";
import { MAX_NON_LFS } from "../../../abi/uapi/fcntl.ts";
import { OVERFLOW_ID, shownGid, shownUid, type UserNamespace } from "../../cred/user-namespace.ts";
import type { Inode } from "../../fs/vfs/inode.ts";
import { encodeDev, major, minor } from "../../fs/vfs/mode.ts";

const pad = (n: number) => bytes(n);
const none = new Uint8Array(32);

const newStat = struct("stat", {
  st_dev: ulong,
  st_ino: ulong,
  st_nlink: ulong,
  st_mode: u32,
  st_uid: u32,
  st_gid: u32,
  pad0: u32,
  st_rdev: ulong,
  st_size: long,
  st_blksize: long,
  st_blocks: long,
  st_atime: long,
  st_atime_nsec: ulong,
  st_mtime: long,
  st_mtime_nsec: ulong,
  st_ctime: long,
  st_ctime_nsec: ulong,
  unused: pad(24),
});
const compatStat = struct("compat_stat", {
  st_dev: u32,
  st_ino: u32,
  st_mode: u16,
  st_nlink: u16,
  st_uid: u16,
  st_gid: u16,
  st_rdev: u32,
  st_size: u32,
  st_blksize: u32,
  st_blocks: u32,
  st_atime: u32,
  st_atime_nsec: u32,
  st_mtime: u32,
  st_mtime_nsec: u32,
  st_ctime: u32,
  st_ctime_nsec: u32,
  unused: pad(8),
});
const stat64 = struct("stat64", {
  st_dev: u32,
  dev_high: u32,
  pad0: u32,
  __st_ino: u32,
  st_mode: u32,
  st_nlink: u32,
  st_uid: u32,
  st_gid: u32,
  st_rdev: u32,
  rdev_high: u32,
  pad3: u32,
  st_size: s64,
  st_blksize: u32,
  st_blocks: s64,
  st_atime: u32,
  st_atime_nsec: u32,
  st_mtime: u32,
  st_mtime_nsec: u32,
  st_ctime: u32,
  st_ctime_nsec: u32,
  st_ino: s64,
});
const oldStat = struct("__old_kernel_stat", {
  st_dev: u16,
  st_ino: u16,
  st_mode: u16,
  st_nlink: u16,
  st_uid: u16,
  st_gid: u16,
  st_rdev: u16,
  st_size: u32,
  st_atime: u32,
  st_mtime: u32,
  st_ctime: u32,
});

/** An encoded structure, or -errno. */
export type StatBytes = Uint8Array | number;
const times = (i: Inode) => ({
  st_atime: i.atime.sec,
  st_atime_nsec: i.atime.nsec,
  st_mtime: i.mtime.sec,
  st_mtime_nsec: i.mtime.nsec,
  st_ctime: i.ctime.sec,
  st_ctime_nsec: i.ctime.nsec,
});

/** struct stat of x86-64. */
export const encodeStat = (i: Inode, ns: UserNamespace | undefined): StatBytes =>
  newStat.encode(
    {
      st_dev: encodeDev(i.fs.dev),
      st_ino: i.ino,
      st_nlink: i.links,
      st_mode: i.mode,
      st_uid: shownUid(ns, i.uid),
      st_gid: shownGid(ns, i.gid),
      pad0: 0,
      st_rdev: encodeDev(i.rdev),
      st_size: i.size,
      st_blksize: i.blockSize,
      st_blocks: i.blocks,
      ...times(i),
      unused: none,
    },
    x64,
  );

const id16 = (id: number): number => (id > 0xffff ? OVERFLOW_ID : id);
/** struct compat_stat: stat(2) of i386. */
export const encodeCompatStat = (i: Inode, ns: UserNamespace | undefined): StatBytes => {
  if (i.size > MAX_NON_LFS || i.links > 0xffff || i.ino > 0xffffffff) return -E.EOVERFLOW;
  return compatStat.encode(
    {
      st_dev: encodeDev(i.fs.dev),
      st_ino: i.ino,
      st_mode: i.mode,
      st_nlink: i.links,
      st_uid: id16(shownUid(ns, i.uid)),
      st_gid: id16(shownGid(ns, i.gid)),
      st_rdev: encodeDev(i.rdev),
      st_size: i.size,
      st_blksize: i.blockSize,
      st_blocks: i.blocks,
      ...times(i),
      unused: none,
    },
    i386,
  );
};
/** struct stat64 of i386. */
export const encodeStat64 = (i: Inode, ns: UserNamespace | undefined): StatBytes =>
  stat64.encode(
    {
      st_dev: encodeDev(i.fs.dev),
      dev_high: 0,
      pad0: 0,
      __st_ino: i.ino,
      st_mode: i.mode,
      st_nlink: i.links,
      st_uid: shownUid(ns, i.uid),
      st_gid: shownGid(ns, i.gid),
      st_rdev: encodeDev(i.rdev),
      rdev_high: 0,
      pad3: 0,
      st_size: BigInt(i.size),
      st_blksize: i.blockSize,
      st_blocks: BigInt(i.blocks),
      ...times(i),
      st_ino: BigInt(i.ino),
    },
    i386,
  );
/** 8 bits each of major and minor number: old_encode_dev(). */
const oldDev = (dev: number): number => ((major(dev) & 0xff) << 8) | (minor(dev) & 0xff);
/** struct __old_kernel_stat: oldstat(2) of i386. */
export const encodeOldStat = (i: Inode, ns: UserNamespace | undefined): StatBytes => {
  if (i.links > 0xffff || i.ino > 0xffff) return -E.EOVERFLOW;
  return oldStat.encode(
    {
      st_dev: oldDev(i.fs.dev),
      st_ino: i.ino,
      st_mode: i.mode,
      st_nlink: i.links,
      st_uid: id16(shownUid(ns, i.uid)),
      st_gid: id16(shownGid(ns, i.gid)),
      st_rdev: oldDev(i.rdev),
      st_size: i.size,
      st_atime: i.atime.sec,
      st_mtime: i.mtime.sec,
      st_ctime: i.ctime.sec,
    },
    i386,
  );
};

const timestamp = (prefix: string) => ({ [`${prefix}_sec`]: s64, [`${prefix}_nsec`]: u32, [`${prefix}_pad`]: u32 });
const statxStruct = struct("statx", {
  stx_mask: u32,
  stx_blksize: u32,
  stx_attributes: s64,
  stx_nlink: u32,
  stx_uid: u32,
  stx_gid: u32,
  stx_mode: u16,
  spare0: u16,
  stx_ino: s64,
  stx_size: s64,
  stx_blocks: s64,
  stx_attributes_mask: s64,
  ...timestamp("atime"),
  ...timestamp("btime"),
  ...timestamp("ctime"),
  ...timestamp("mtime"),
  stx_rdev_major: u32,
  stx_rdev_minor: u32,
  stx_dev_major: u32,
  stx_dev_minor: u32,
  stx_mnt_id: s64,
  stx_dio_mem_align: u32,
  stx_dio_offset_align: u32,
  spare: pad(96),
});
const STATX_BASIC_STATS = 0x7ff;
const STATX_BTIME = 0x800;
const STATX_MNT_ID = 0x1000;
/** The bit of `stx_mask` for a mount id that is never reused. */
export const STATX_MNT_ID_UNIQUE = 0x4000;
/** The bit of `stx_mask` for the alignment of O_DIRECT. Linux bdev_statx() */
export const STATX_DIOALIGN = 0x2000;
const STATX_ATTR_AUTOMOUNT = 0x1000n;
const STATX_ATTR_MOUNT_ROOT = 0x2000n;
const STATX_ATTR_DAX = 0x20_0000n;
/** Attributes that the VFS sets itself. Linux fs/stat.c vfs_getattr_nosec(), do_statx(). */
const STATX_ATTRS = STATX_ATTR_AUTOMOUNT | STATX_ATTR_MOUNT_ROOT | STATX_ATTR_DAX;
const never = { sec: 0, nsec: 0 };

/** struct statx. `dioAlign`: the alignment of O_DIRECT in bytes, if it was asked for and is known. */
export const encodeStatx = (
  i: Inode,
  mount: { id: bigint; unique: boolean; isRoot: boolean },
  ns: UserNamespace | undefined,
  dioAlign?: number,
): Uint8Array => {
  const stamps: Record<string, number | bigint> = {};
  for (const [prefix, time] of [
    ["atime", i.atime],
    ["btime", i.fs.keepsBirths ? i.btime : never],
    ["ctime", i.ctime],
    ["mtime", i.mtime],
  ] as const) {
    stamps[`${prefix}_sec`] = BigInt(time.sec);
    stamps[`${prefix}_nsec`] = time.nsec;
    stamps[`${prefix}_pad`] = 0;
  }
  return statxStruct.encode(
    {
      stx_mask:
        STATX_BASIC_STATS |
        (i.fs.keepsBirths ? STATX_BTIME : 0) |
        (mount.unique ? STATX_MNT_ID_UNIQUE : STATX_MNT_ID) |
        (dioAlign ? STATX_DIOALIGN : 0),
      stx_blksize: i.blockSize,
      stx_attributes: (mount.isRoot ? STATX_ATTR_MOUNT_ROOT : 0n) | (BigInt(i.fileFlags) & i.fs.attributes),
      stx_nlink: i.links,
      stx_uid: shownUid(ns, i.uid),
      stx_gid: shownGid(ns, i.gid),
      stx_mode: i.mode,
      spare0: 0,
      stx_ino: BigInt(i.ino),
      stx_size: BigInt(i.size),
      stx_blocks: BigInt(i.blocks),
      stx_attributes_mask: STATX_ATTRS | i.fs.attributes,
      ...stamps,
      stx_rdev_major: major(i.rdev),
      stx_rdev_minor: minor(i.rdev),
      stx_dev_major: major(i.fs.dev),
      stx_dev_minor: minor(i.fs.dev),
      stx_mnt_id: mount.id,
      stx_dio_mem_align: dioAlign ?? 0,
      stx_dio_offset_align: dioAlign ?? 0,
      spare: new Uint8Array(96),
    } as never,
    x64,
  );
};
