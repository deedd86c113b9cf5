// Requests of ioctl(2) and the structures of user notification as strace shows them. strace src/ioctl.c,
// src/seccomp_ioctl.c.

import { errnoText } from "../../abi/errno.ts";
import { s32, s64, struct, u32, u64 } from "../../abi/struct.ts";
import { abis, syscallsOf } from "../../abi/syscall-number.ts";
import { O_CLOEXEC } from "../../abi/uapi/fcntl.ts";
import { BLK, BLK_WORD, F, LOOP, NOTIF, NS, SIOC, T } from "../../abi/uapi/ioctl.ts";
import { UFFDIO, USERFAULTFD_IOC_NEW } from "../../abi/uapi/userfaultfd.ts";
import { type FlagNames, flagText } from "../syscall/arg-flags.ts";
import type { ShowContext, Text } from "../syscall/declaration.ts";
import { decimal, hex, read, record } from "./print.ts";

const prefixed = (prefix: string, table: FlagNames): FlagNames =>
  Object.fromEntries(Object.entries(table).map(([name, request]) => [`${prefix}${name}`, request]));
/** Direction and size of a word in a request, for 64-bit and 32-bit programs. */
const words = (direction: number, request: number): readonly number[] =>
  [8, 4].map((size) => ((direction << 30) | (size << 16) | request) >>> 0);
const READ = 2;
const WRITE = 1;
const named: readonly (readonly [string, number])[] = [
  ...Object.entries({
    ...T,
    ...F,
    ...prefixed("LOOP_", LOOP),
    ...prefixed("BLK", BLK),
    ...prefixed("NS_", NS),
    ...prefixed("UFFDIO_", UFFDIO),
    ...prefixed("SIOC", SIOC),
    ...prefixed("SECCOMP_IOCTL_NOTIF_", NOTIF),
    USERFAULTFD_IOC_NEW,
    SIOCATMARK: 0x8905,
    SIOCGSTAMP_OLD: 0x8906,
    SIOCGSTAMPNS_OLD: 0x8907,
    SIOCETHTOOL: 0x8946,
    SIOCOUTQNSD: 0x894b,
  }),
  ...words(READ, 0x6601).map((n) => ["FS_IOC_GETFLAGS", n] as const),
  ...words(WRITE, 0x6602).map((n) => ["FS_IOC_SETFLAGS", n] as const),
  ...words(READ, BLK_WORD.BSZGET).map((n) => ["BLKBSZGET", n] as const),
  ...words(WRITE, BLK_WORD.BSZSET).map((n) => ["BLKBSZSET", n] as const),
  ...words(READ, BLK_WORD.GETSIZE64).map((n) => ["BLKGETSIZE64", n] as const),
  // strace shows both names.
  ["BTRFS_IOC_CLONE or FICLONE", F.FICLONE],
];
const requests = new Map(named.map(([name, request]) => [request >>> 0, name]));
const directions = ["_IOC_NONE", "_IOC_WRITE", "_IOC_READ", "_IOC_READ|_IOC_WRITE"] as const;

/** A request by its name, or its parts: `_IOC(_IOC_WRITE, 0x21, 0x3, 0x20)`. */
export const requestText = (request: number): string => {
  const n = request >>> 0;
  const parts = [(n >>> 8) & 0xff, n & 0xff, (n >>> 16) & 0x3fff].map((part) => hex(part));
  return requests.get(n) ?? `_IOC(${[directions[n >>> 30], ...parts].join(", ")})`;
};

/** struct seccomp_notif, without the arguments behind it; _resp; _addfd. Linux uapi linux/seccomp.h. */
const NOTIFICATION = struct("seccomp_notif", { id: u64, pid: u32, flags: u32, nr: s32, arch: u32, ip: u64 });
const ARGS_AT = 32;
const RESPONSE = struct("seccomp_notif_resp", { id: u64, val: s64, error: s32, flags: u32 });
const ADDFD = struct("seccomp_notif_addfd", { id: u64, flags: u32, srcfd: u32, newfd: u32, newfd_flags: u32 });

const errorText = (error: number): string => (error < 0 ? `-${errnoText(-error).split(" ")[0]}` : decimal(error));
const archNames: FlagNames = { AUDIT_ARCH_X86_64: 0xc000_003e, AUDIT_ARCH_I386: 0x4000_0003 };

const notification: Text = (ctx, at) => {
  const x = read(NOTIFICATION, ctx, at);
  const args = ctx.task.mem.read(at + ARGS_AT, 48);
  if (!x || !args) return undefined;
  const v = new DataView(args.buffer, args.byteOffset, args.byteLength);
  const list = Array.from({ length: 6 }, (_, i) => hex(v.getBigUint64(8 * i, true)));
  const arch = Object.keys(archNames).find((name) => archNames[name] === x.arch) ?? `${hex(x.arch)} /* AUDIT_ARCH_??? */`;
  const known = abis.filter(({ auditArch }) => auditArch === x.arch).flatMap((abi) => syscallsOf(abi).get(x.nr) ?? []);
  const nr = known[0] === undefined ? decimal(x.nr) : `__NR_${known[0]}`;
  const data = `{nr=${nr}, arch=${arch}, instruction_pointer=${hex(x.ip)}, args=[${list.join(", ")}]}`;
  return `{id=${hex(x.id)}, pid=${x.pid}, flags=${hex(x.flags)}, data=${data}}`;
};
const response = record(RESPONSE, {
  id: hex,
  val: decimal,
  error: errorText,
  flags: (flags) => flagText(flags, { SECCOMP_USER_NOTIF_FLAG_CONTINUE: 1 }, "0", "SECCOMP_USER_NOTIF_FLAG_???"),
});
const addFd = record(ADDFD, {
  id: hex,
  flags: (flags) => flagText(flags, { SECCOMP_ADDFD_FLAG_SETFD: 1, SECCOMP_ADDFD_FLAG_SEND: 2 }, "0", "SECCOMP_ADDFD_FLAG_???"),
  srcfd: (fd, ctx) => ctx.style.fd(ctx.task, fd | 0),
  newfd: decimal,
  newfd_flags: (flags) => flagText(flags, { O_CLOEXEC }, "0", "O_???"),
});
const id: Text = (ctx, at) => {
  const bytes = ctx.task.mem.read(at, 8);
  return bytes && `[${hex(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(0, true))}]`;
};
const notif = new Map<number, Text>([
  [NOTIF.SEND, response],
  [NOTIF.ADDFD, addFd],
  [NOTIF.ID_VALID, id],
  [NOTIF.ID_VALID_WRONG_DIR, id],
  [NOTIF.SET_FLAGS, (_ctx, flags) => flagText(flags, { SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP: 1 }, "0", "SECCOMP_USER_NOTIF_???")],
]);

/** The argument of a request of user notification; undefined for another request. */
export const notifText = (ctx: ShowContext, at: number): string | undefined => {
  const request = (ctx.all["request"] as number) >>> 0;
  if (request === NOTIF.RECV) return ctx.ret < 0 ? undefined : notification(ctx, at, 0);
  return notif.get(request)?.(ctx, at, 0);
};

/** `{seccomp_notif=80, …}` of SECCOMP_GET_NOTIF_SIZES. */
export const notifSizesText = (ctx: ShowContext, at: number): string | undefined => {
  const sizes = [0, 2, 4].map((offset) => ctx.task.mem.u16(at + offset));
  if (ctx.ret < 0 || sizes.some((size) => size < 0)) return undefined;
  return `{${["seccomp_notif", "seccomp_notif_resp", "seccomp_data"].map((name, i) => `${name}=${sizes[i]}`).join(", ")}}`;
};
