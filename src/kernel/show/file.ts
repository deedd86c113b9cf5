// Structures of the file calls as strace shows them: directory entries, statfs, sysinfo, epoll events.

import { struct, u64 } from "../../abi/struct.ts";
import { DIRENT, DIRENT64 } from "../../abi/uapi/dirent.ts";
import { SYSINFO } from "../../abi/uapi/sysinfo.ts";
import { ofBytes } from "../base/byte-string.ts";
import { modeText } from "../syscall/arg-file.ts";
import { type FlagNames, flagText } from "../syscall/arg-flags.ts";
import { quote } from "../syscall/arg-string.ts";
import type { Text } from "../syscall/declaration.ts";
import { array, braces, bytesAt, decimal, hex, read } from "./print.ts";

// biome-ignore format: table
const magics: Readonly<Record<number, string>> = {
  0xef53: "EXT2_SUPER_MAGIC", 0x9fa0: "PROC_SUPER_MAGIC", 0x1021994: "TMPFS_MAGIC", 0x62656572: "SYSFS_MAGIC", 0x9123683e: "BTRFS_SUPER_MAGIC",
  0x58465342: "XFS_SUPER_MAGIC", 0x794c7630: "OVERLAYFS_SUPER_MAGIC", 0x1cd1: "DEVPTS_SUPER_MAGIC", 0x27e0eb: "CGROUP_SUPER_MAGIC",
  0x63677270: "CGROUP2_SUPER_MAGIC", 0x50495045: "PIPEFS_MAGIC", 0x534f434b: "SOCKFS_MAGIC", 0x6969: "NFS_SUPER_MAGIC", 0x4d44: "MSDOS_SUPER_MAGIC",
  0x01021997: "V9FS_MAGIC", 0x858458f6: "RAMFS_MAGIC", 0x19800202: "MQUEUE_MAGIC", 0x6e736673: "NSFS_MAGIC", 0x09041934: "ANON_INODE_FS_MAGIC",
  0x00c0ffee: "HOSTFS_SUPER_MAGIC", 0x958458f6: "HUGETLBFS_MAGIC",
};
// biome-ignore format: table
const mountFlags: FlagNames = {
  ST_VALID: 0x20, ST_RDONLY: 1, ST_NOSUID: 2, ST_NODEV: 4, ST_NOEXEC: 8, ST_SYNCHRONOUS: 16, ST_MANDLOCK: 64, ST_NOATIME: 1024,
  ST_NODIRATIME: 2048, ST_RELATIME: 4096, ST_NOSYMFOLLOW: 8192,
};
/** struct statfs: words of the ABI, except f_fsid. man 2 statfs. */
const statfs =
  (wide: boolean): Text =>
  (ctx, at) => {
    const word = ctx.abi.long;
    const bytes = ctx.task.mem.read(at, wide && word === 4 ? 84 : 15 * word);
    if (!bytes) return undefined;
    const v = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let next = 0;
    const take = (size: number): number => {
      next += size;
      return size === 8 ? Number(v.getBigUint64(next - 8, true)) : v.getUint32(next - 4, true);
    };
    const big = wide ? 8 : word;
    const type = take(word);
    const [bsize, blocks, bfree, bavail, files, ffree] = [word, big, big, big, big, big].map(take) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    const fsid = [take(4), take(4)].map((n) => hex(n)).join(", ");
    const [namelen, frsize, flags] = [take(word), take(word), take(word)];
    return braces([
      ["f_type", magics[type] ?? hex(type)],
      ["f_bsize", decimal(bsize)],
      ["f_blocks", decimal(blocks)],
      ["f_bfree", decimal(bfree)],
      ["f_bavail", decimal(bavail)],
      ["f_files", decimal(files)],
      ["f_ffree", decimal(ffree)],
      ["f_fsid", `{val=[${fsid}]}`],
      ["f_namelen", decimal(namelen)],
      ["f_frsize", decimal(frsize)],
      ["f_flags", (flags & 0x20) === 0 ? undefined : flagText(flags, mountFlags)],
    ]);
  };

const DT = ["DT_UNKNOWN", "DT_FIFO", "DT_CHR", "", "DT_DIR", "", "DT_BLK", "", "DT_REG", "", "DT_LNK", "", "DT_SOCK"];
/** Bytes of directory entries that a text reads. */
const MOST_ENTRIES = 1 << 20;
/** Directory entries: their number, or each of them with -v. */
const dirents =
  (s: typeof DIRENT64 | typeof DIRENT): Text =>
  (ctx, at, size) => {
    const bytes = bytesAt(ctx, at, size, MOST_ENTRIES);
    if (!bytes) return undefined;
    const entries: string[] = [];
    const head = s.offset(ctx.abi, "d_reclen") + 2;
    for (let i = 0; i + head < bytes.length; ) {
      const one = s.decode(
        bytes.subarray(i, i + s.size(ctx.abi)).length < s.size(ctx.abi) ? bytes.slice(i, i + s.size(ctx.abi)) : bytes.subarray(i),
        ctx.abi,
      );
      const length = Number(one.d_reclen);
      // Other threads may have changed the buffer since.
      if (length <= head || i + length > bytes.length) break;
      const isNew = s === DIRENT64;
      const type = bytes[isNew ? i + head : i + length - 1] as number;
      const name = ofBytes(bytes.subarray(i + head + (isNew ? 1 : 0), i + length)).replace(/\0.*$/s, "");
      const tail: [string, string][] = [
        ["d_reclen", decimal(length)],
        ["d_type", DT[type] || hex(type)],
        ["d_name", quote(name)],
      ];
      if (!isNew) tail.splice(1, 2, ["d_name", quote(name)], ["d_type", DT[type] || hex(type)]);
      entries.push(braces([["d_ino", decimal(one.d_ino)], ["d_off", decimal(one.d_off)], ...tail]));
      i += length;
    }
    return ctx.style.verbose ? `[${entries.join(", ")}]` : `${hex(at)} /* ${entries.length} entries */`;
  };

const sysinfo: Text = (ctx, at) => {
  const x = read(SYSINFO, ctx, at);
  if (!x) return undefined;
  const { uptime, load1, load5, load15, pad: _pad, ...rest } = x;
  return braces([
    ["uptime", decimal(uptime)],
    ["loads", `[${load1}, ${load5}, ${load15}]`],
    ...Object.entries(rest).map(([name, n]) => [name, decimal(n)] as const),
  ]);
};

// biome-ignore format: table
const epollNames: FlagNames = {
  EPOLLIN: 1, EPOLLPRI: 2, EPOLLOUT: 4, EPOLLERR: 8, EPOLLHUP: 16, EPOLLRDNORM: 0x40, EPOLLRDBAND: 0x80, EPOLLWRNORM: 0x100, EPOLLWRBAND: 0x200,
  EPOLLMSG: 0x400, EPOLLRDHUP: 0x2000, EPOLLEXCLUSIVE: 1 << 28, EPOLLWAKEUP: 1 << 29, EPOLLONESHOT: 1 << 30, EPOLLET: 1 << 31,
};
/** struct epoll_event is packed: 12 bytes. */
const EPOLL_EVENT_SIZE = 12;
const epollEvent: Text = (ctx, at) => {
  const bytes = ctx.task.mem.read(at, EPOLL_EVENT_SIZE);
  if (!bytes) return undefined;
  const v = new DataView(bytes.buffer, bytes.byteOffset);
  return braces([
    ["events", flagText(v.getInt32(0, true), epollNames)],
    ["data", hex(v.getBigUint64(4, true))],
  ]);
};
const epollEvents: Text = (ctx, at) => array(ctx, at, ctx.ret, EPOLL_EVENT_SIZE, epollEvent);

const OPEN_HOW = struct("open_how", { flags: u64, mode: u64, resolve: u64 });
// biome-ignore format: table
const resolveNames: FlagNames = {
  RESOLVE_NO_XDEV: 1, RESOLVE_NO_MAGICLINKS: 2, RESOLVE_NO_SYMLINKS: 4, RESOLVE_BENEATH: 8, RESOLVE_IN_ROOT: 16, RESOLVE_CACHED: 32,
};

/** The text of open flags is the argument type's. */
const openHow =
  (flags: (value: number) => string): Text =>
  (ctx, at) => {
    const x = read(OPEN_HOW, ctx, at);
    if (!x) return undefined;
    return braces([
      ["flags", flags(Number(x.flags))],
      ["mode", x.mode === 0n ? undefined : modeText(Number(x.mode))],
      ["resolve", flagText(Number(x.resolve), resolveNames)],
    ]);
  };

/** An offset that a call reads and changes: `[4096]`. */
const offset: Text = (ctx, at) => {
  const n = ctx.task.mem.u64(at);
  return n < 0 ? undefined : `[${n}]`;
};
/** Names of extended attributes: NUL-terminated strings in `ret` bytes. */
const names: Text = (ctx, at, size) => {
  if (ctx.all["size"] === 0) return undefined;
  const bytes = bytesAt(ctx, at, size, ctx.style.strings);
  return bytes && `${quote(bytes)}${size > ctx.style.strings ? "..." : ""}`;
};

/** Structures of files. */
export const fileTexts = {
  statfs: statfs(false),
  statfs64: statfs(true),
  dirents64: dirents(DIRENT64),
  dirents: dirents(DIRENT),
  sysinfo,
  epollEvent,
  epollEvents,
  offset,
  strings: names,
} satisfies Record<string, Text>;
export { openHow };
