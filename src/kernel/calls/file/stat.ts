// File status: the stat family in both ABIs, statx, statfs. man 2 stat, statx, statfs.
import type { Abi } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { bytes, long, s32, struct, u32, ulong } from "../../../abi/struct.ts";
import type { Task } from "../../core/task.ts";
import type { UserNamespace } from "../../cred/user-namespace.ts";
import type { Path } from "../../fs/vfs/dentry.ts";
import { type Inode, type Or, SB } from "../../fs/vfs/inode.ts";
import { decodeDev, major, minor, S_IFBLK, S_IFCHR, S_IFMT } from "../../fs/vfs/mode.ts";
import { MS_NOATIME, MS_NODEV, MS_NODIRATIME, MS_NOEXEC, MS_NOSUID, MS_NOSYMFOLLOW, MS_RDONLY, MS_RELATIME } from "../../fs/vfs/mount.ts";
import { isReadOnly } from "../../fs/vfs/permission.ts";
import { fd, ptr, size, uint } from "../../syscall/arg.ts";
import { AT_EMPTY_PATH, AT_FDCWD, AT_NO_AUTOMOUNT, AT_SYMLINK_NOFOLLOW, atFlags, dirfd, modeText } from "../../syscall/arg-file.ts";
import { choiceText, flags, flagText } from "../../syscall/arg-flags.ts";
import { cstring, outStruct } from "../../syscall/arg-string.ts";
import { filled } from "../../syscall/arg-struct.ts";
import { type ArgType, type ShowContext, type Syscall, syscall } from "../../syscall/declaration.ts";
import { lookup } from "./path.ts";
import {
  encodeCompatStat,
  encodeOldStat,
  encodeStat,
  encodeStat64,
  encodeStatx,
  STATX_DIOALIGN,
  STATX_MNT_ID_UNIQUE,
  type StatBytes,
} from "./stat-layout.ts";

type Encode = (inode: Inode, ns: UserNamespace | undefined) => StatBytes;
const put = (t: Task, path: Or<Path>, at: VAddr, encode: Encode): number => {
  if (typeof path === "number") return path;
  const { inode } = path.dentry;
  inode.shown();
  const out = encode(inode, t.cred.userNs);
  if (typeof out === "number") return out;
  return t.mem.write(at, out) ? 0 : -E.EFAULT;
};
const ofFd = (t: Task, fd: number): Or<Path> => t.files.getRaw(fd)?.path ?? -E.EBADF;
const ofPath = (t: Task, at: VAddr, follow: boolean): Or<Path> => lookup(t, AT_FDCWD, at, follow);
const statFlags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH;
const ofAt = (t: Task, dir: number, at: VAddr, how: number): Or<Path> =>
  how & ~statFlags ? -E.EINVAL : lookup(t, dir, at, !(how & AT_SYMLINK_NOFOLLOW), (how & AT_EMPTY_PATH) !== 0);

/** Offsets of mode, size and rdev in each layout, for the trace. */
interface Offsets {
  readonly mode: number;
  readonly size: number;
  readonly rdev: number;
  readonly modeBytes: 2 | 4;
  readonly sizeBytes: 4 | 8;
}
const x64At: Offsets = { mode: 24, size: 48, rdev: 40, modeBytes: 4, sizeBytes: 8 };
const compatAt: Offsets = { mode: 8, size: 20, rdev: 16, modeBytes: 2, sizeBytes: 4 };
const stat64At: Offsets = { mode: 16, size: 44, rdev: 32, modeBytes: 4, sizeBytes: 8 };
const oldAt: Offsets = { mode: 4, size: 16, rdev: 12, modeBytes: 2, sizeBytes: 4 };
const statText = (ctx: ShowContext, at: VAddr, o: Offsets): string => {
  const { mem } = ctx.task;
  const mode = o.modeBytes === 2 ? mem.u16(at + o.mode) : mem.u32(at + o.mode);
  const type = mode & S_IFMT;
  const rdev = decodeDev(mem.u32(at + o.rdev));
  const detail =
    type === S_IFCHR || type === S_IFBLK
      ? `st_rdev=makedev(0x${major(rdev).toString(16)}, 0x${minor(rdev).toString(16)})`
      : `st_size=${o.sizeBytes === 8 ? mem.u64(at + o.size) : mem.u32(at + o.size)}`;
  return `{st_mode=${modeText(mode)}, ${detail}, ...}`;
};
/** struct stat of each ABI: its encoder and the offsets for the trace. */
const native = { encode: encodeStat, at: x64At };
const layouts: Readonly<Record<Abi["name"], { readonly encode: Encode; readonly at: Offsets }>> = {
  x64: native,
  x32: native,
  i386: { encode: encodeCompatStat, at: compatAt },
};
const statbuf = outStruct("struct stat *", (ctx, at) => statText(ctx, at, layouts[ctx.abi.name].at));
const statbuf64 = outStruct("struct stat64 *", (ctx, at) => statText(ctx, at, stat64At));
const oldStatbuf = outStruct("struct __old_kernel_stat *", (ctx, at) => statText(ctx, at, oldAt));

const STATX_RESERVED = 0x80000000;
const STATX_FLAGS = statFlags | 0x6000;
const statxMask = flags(
  "unsigned int",
  {
    STATX_ALL: 0xfff,
    STATX_BASIC_STATS: 0x7ff,
    STATX_TYPE: 1,
    STATX_MODE: 2,
    STATX_NLINK: 4,
    STATX_UID: 8,
    STATX_GID: 16,
    STATX_ATIME: 32,
    STATX_MTIME: 64,
    STATX_CTIME: 128,
    STATX_INO: 256,
    STATX_SIZE: 512,
    STATX_BLOCKS: 1024,
    STATX_BTIME: 2048,
    STATX_MNT_ID: 4096,
    STATX_MNT_ID_UNIQUE,
  },
  "STATX_???",
);
/** The synchronisation type: two bits without own names. */
const AT_STATX_SYNC = 0x6000;
const syncNames = { AT_STATX_SYNC_AS_STAT: 0, AT_STATX_FORCE_SYNC: 0x2000, AT_STATX_DONT_SYNC: 0x4000 };
const statxFlags: ArgType<number> = {
  ...atFlags,
  show: (v) => {
    const rest = flagText(v & ~AT_STATX_SYNC, { AT_SYMLINK_NOFOLLOW, AT_NO_AUTOMOUNT, AT_EMPTY_PATH }, "");
    const sync = choiceText(v & AT_STATX_SYNC, syncNames, "AT_STATX_???");
    return rest === "" ? sync : `${sync}|${rest}`;
  },
};
const statxBuffer = outStruct("struct statx *", (ctx, at) => {
  const { mem } = ctx.task;
  return `{stx_mask=${statxMask.show(mem.u32(at), ctx)}, stx_attributes=0, stx_mode=${modeText(mem.u16(at + 28))}, stx_size=${mem.u64(at + 40)}, ...}`;
});

const statfsStruct = struct("statfs", {
  f_type: ulong,
  f_bsize: ulong,
  f_blocks: ulong,
  f_bfree: ulong,
  f_bavail: ulong,
  f_files: ulong,
  f_ffree: ulong,
  f_fsid: u32,
  f_fsid1: u32,
  f_namelen: ulong,
  f_frsize: ulong,
  f_flags: ulong,
  f_spare: bytes(32),
});
/** compat_statfs64 is packed: its 64-bit members need no alignment, as on i386. */
const wide = { ...long, size: () => 8, align: () => 4, put: (v: DataView, at: number, x: number) => v.setBigUint64(at, BigInt(x), true) };
const statfs64Struct = struct("statfs64", {
  f_type: u32,
  f_bsize: u32,
  f_blocks: wide,
  f_bfree: wide,
  f_bavail: wide,
  f_files: wide,
  f_ffree: wide,
  f_fsid: u32,
  f_fsid1: u32,
  f_namelen: u32,
  f_frsize: u32,
  f_flags: u32,
  f_spare: bytes(16),
});
const ST_VALID = 0x20;
const mountFlags = [
  [MS_NOSUID, 2],
  [MS_NODEV, 4],
  [MS_NOEXEC, 8],
  [MS_NOATIME, 1024],
  [MS_NODIRATIME, 2048],
  [MS_RELATIME, 4096],
  [MS_NOSYMFOLLOW, 8192],
] as const;
const statfsValues = ({ mount, dentry }: Path) => {
  const { fs } = dentry.inode;
  const s = fs.statfs();
  const shown = mountFlags.reduce(
    (all, [flag, st]) => (mount.flags & flag ? all | st : all),
    ST_VALID | (isReadOnly(mount) ? MS_RDONLY : 0) | (fs.superFlags & (SB.SYNCHRONOUS | SB.MANDLOCK)),
  );
  return {
    f_type: fs.magic,
    f_bsize: s.blockSize,
    f_blocks: s.blocks,
    f_bfree: s.free,
    f_bavail: s.available ?? s.free,
    f_files: s.files,
    f_ffree: s.filesFree,
    f_fsid: s.fsid?.[0] ?? fs.dev,
    f_fsid1: s.fsid?.[1] ?? 0,
    f_namelen: s.nameMax,
    f_frsize: s.blockSize,
    f_flags: shown,
    f_spare: new Uint8Array(32),
  };
};
const statfs = (t: Task, path: Or<Path>, at: VAddr, abi: Abi): number => {
  if (typeof path === "number") return path;
  return t.mem.write(at, statfsStruct.encode(statfsValues(path), abi)) ? 0 : -E.EFAULT;
};
const ustatStruct = struct("ustat", { f_tfree: s32, f_tinode: ulong, f_fname: bytes(6), f_fpack: bytes(6) });
/**
 * ustat(2): the file system with a device number, if it is mounted in the caller's namespace. Linux
 * vfs_ustat().
 */
const ustat = (t: Task, dev: number, at: VAddr, abi: Abi): number => {
  for (const { fs } of t.namespaces.mnt.list()) {
    if (fs.dev !== decodeDev(dev)) continue;
    const { free, filesFree } = fs.statfs();
    const empty = new Uint8Array(6);
    const out = ustatStruct.encode({ f_tfree: free | 0, f_tinode: filesFree, f_fname: empty, f_fpack: empty }, abi);
    return t.mem.write(at, out) ? 0 : -E.EFAULT;
  }
  return -E.EINVAL;
};
const statfs64 = (t: Task, path: () => Or<Path>, length: number, at: VAddr, abi: Abi): number => {
  if (length !== statfs64Struct.size(abi)) return -E.EINVAL;
  const found = path();
  if (typeof found === "number") return found;
  return t.mem.write(at, statfs64Struct.encode(statfsValues(found), abi)) ? 0 : -E.EFAULT;
};
const statfsBuffer = filled("statfs");
const statfs64Buffer = filled("statfs64");

/** Calls that return file or file-system status. man 2 stat, statx, statfs, ustat. */
export const statCalls: readonly Syscall[] = [
  syscall("stat", { pathname: cstring, statbuf }, (t, a, abi) => put(t, ofPath(t, a.pathname, true), a.statbuf, layouts[abi.name].encode)),
  syscall("lstat", { pathname: cstring, statbuf }, (t, a, abi) =>
    put(t, ofPath(t, a.pathname, false), a.statbuf, layouts[abi.name].encode),
  ),
  syscall("fstat", { fd, statbuf }, (t, a, abi) => put(t, ofFd(t, a.fd), a.statbuf, layouts[abi.name].encode)),
  syscall("newfstatat", { dirfd, pathname: cstring, statbuf, flags: atFlags }, (t, a) =>
    put(t, ofAt(t, a.dirfd, a.pathname, a.flags), a.statbuf, encodeStat),
  ),
  syscall("stat64", { pathname: cstring, statbuf: statbuf64 }, (t, a) => put(t, ofPath(t, a.pathname, true), a.statbuf, encodeStat64)),
  syscall("lstat64", { pathname: cstring, statbuf: statbuf64 }, (t, a) => put(t, ofPath(t, a.pathname, false), a.statbuf, encodeStat64)),
  syscall("fstat64", { fd, statbuf: statbuf64 }, (t, a) => put(t, ofFd(t, a.fd), a.statbuf, encodeStat64)),
  syscall("fstatat64", { dirfd, pathname: cstring, statbuf: statbuf64, flags: atFlags }, (t, a) =>
    put(t, ofAt(t, a.dirfd, a.pathname, a.flags), a.statbuf, encodeStat64),
  ),
  syscall("oldstat", { pathname: cstring, statbuf: oldStatbuf }, (t, a) => put(t, ofPath(t, a.pathname, true), a.statbuf, encodeOldStat)),
  syscall("oldlstat", { pathname: cstring, statbuf: oldStatbuf }, (t, a) => put(t, ofPath(t, a.pathname, false), a.statbuf, encodeOldStat)),
  syscall("oldfstat", { fd, statbuf: oldStatbuf }, (t, a) => put(t, ofFd(t, a.fd), a.statbuf, encodeOldStat)),
  syscall("statx", { dirfd, pathname: cstring, flags: statxFlags, mask: statxMask, statxbuf: statxBuffer }, (t, a) => {
    if (a.mask & STATX_RESERVED || (a.flags & 0x6000) === 0x6000 || a.flags & ~STATX_FLAGS) return -E.EINVAL;
    const path = ofAt(t, a.dirfd, a.pathname, a.flags & statFlags);
    if (typeof path === "number") return path;
    const unique = (a.mask & STATX_MNT_ID_UNIQUE) !== 0;
    const mount = { id: unique ? path.mount.uniqueId : BigInt(path.mount.id), unique, isRoot: path.dentry === path.mount.root };
    const { inode } = path.dentry;
    const device = a.mask & STATX_DIOALIGN && inode.type === S_IFBLK ? t.kernel.vfs.blockDevice(inode.rdev) : undefined;
    inode.shown();
    return t.mem.write(a.statxbuf, encodeStatx(inode, mount, t.cred.userNs, device?.blockSize)) ? 0 : -E.EFAULT;
  }),
  syscall("ustat", { dev: uint, ubuf: ptr }, (t, a, abi) => ustat(t, a.dev, a.ubuf, abi)),
  syscall("statfs", { path: cstring, buf: statfsBuffer }, (t, a, abi) => statfs(t, ofPath(t, a.path, true), a.buf, abi)),
  syscall("fstatfs", { fd, buf: statfsBuffer }, (t, a, abi) => statfs(t, ofFd(t, a.fd), a.buf, abi)),
  syscall("statfs64", { path: cstring, size, buf: statfs64Buffer }, (t, a, abi) =>
    statfs64(t, () => ofPath(t, a.path, true), a.size, a.buf, abi),
  ),
  syscall("fstatfs64", { fd, size, buf: statfs64Buffer }, (t, a, abi) => statfs64(t, () => ofFd(t, a.fd), a.size, a.buf, abi)),
];
