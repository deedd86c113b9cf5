// Structures of the process, signal and scheduling calls as strace shows them.

import { s32, struct, u32, u64 } from "../../abi/struct.ts";
import { MPOL } from "../../abi/uapi/mempolicy.ts";
import { CLONE, CLONE_ARGS, CLONE_ARGS_VER0 } from "../../abi/uapi/sched.ts";
import { ofBytes } from "../base/byte-string.ts";
import { signalName } from "../signal/state/set.ts";
import { flagText } from "../syscall/arg-flags.ts";
import { cloneNames } from "../syscall/arg-process.ts";
import { cutText, quote } from "../syscall/arg-string.ts";
import type { Text } from "../syscall/declaration.ts";
import { address, array, braces, bytesAt, decimal, hex, read, record } from "./print.ts";

const int32: Text = (ctx, at) => {
  const n = ctx.task.mem.u32(at);
  return n < 0 ? undefined : `[${n | 0}]`;
};
const uint32: Text = (ctx, at) => {
  const n = ctx.task.mem.u32(at);
  return n < 0 ? undefined : `[${n}]`;
};
const word: Text = (ctx, at) => {
  const n = ctx.task.mem.word(at, ctx.abi.long);
  return n < 0 ? undefined : `[${n}]`;
};
const pointer: Text = (ctx, at) => {
  const n = ctx.task.mem.word(at, ctx.abi.long);
  return n < 0 ? undefined : `[${address(n)}]`;
};

/** A set of memory nodes: its words. `size`: one more than the number of bits. */
const nodemask: Text = (ctx, at, size) => {
  const words = Math.ceil(Math.max(0, size - 1) / (8 * ctx.abi.long));
  const bytes = words > 128 ? undefined : bytesAt(ctx, at, words * ctx.abi.long, 1024);
  if (!bytes) return undefined;
  const digits = 2 * ctx.abi.long;
  const word = (i: number): string =>
    [...bytes.subarray(i * ctx.abi.long, (i + 1) * ctx.abi.long)]
      .reverse()
      .map((byte) => byte.toString(16).padStart(2, "0"))
      .join("")
      .padStart(digits, "0");
  return `[${Array.from({ length: words }, (_, i) => `0x${word(i)}`).join(", ")}]`;
};
const mempolicyMode: Text = (ctx, at) => {
  const n = ctx.task.mem.u32(at);
  return n < 0 ? undefined : `[${Object.keys(MPOL)[n & 0xff] ?? hex(n)}${n > 0xff ? `|${hex(n & ~0xff)}` : ""}]`;
};

/** A cpu set of `size` bytes: `[0 1]`. */
const cpuSet: Text = (ctx, at, size) => {
  if (size === 0) return "[]";
  const bytes = bytesAt(ctx, at, size, 1024);
  if (!bytes) return undefined;
  const set: number[] = [];
  bytes.forEach((byte, i) => {
    for (let bit = 0; bit < 8; bit++) if ((byte & (1 << bit)) !== 0) set.push(8 * i + bit);
  });
  return `[${set.join(" ")}]`;
};

/** Bits of clone3(2) alone: a low one, and those above the bits of clone(2). */
const LOW_BITS = { ...cloneNames, CLONE_NEWTIME: CLONE.NEWTIME };
const CLONE3_BITS = { CLONE_CLEAR_SIGHAND: 1, CLONE_INTO_CGROUP: 2 } as const;
const cloneFlagText = (bits: number): string => {
  const [low, high] = [(bits % 2 ** 32) | 0, Math.floor(bits / 2 ** 32) | 0];
  const texts = [low === 0 ? "" : flagText(low, LOW_BITS, "", "CLONE_???"), high === 0 ? "" : flagText(high, CLONE3_BITS)];
  return texts.filter((text) => text !== "").join("|") || "0";
};
const cloneArgs: Text = (ctx, at, size) => {
  const x = size < CLONE_ARGS_VER0.size(ctx.abi) ? undefined : read(CLONE_ARGS_VER0, ctx, at);
  if (!x) return undefined;
  const bits = Number(x.flags);
  const has = (mask: number): boolean => (bits & mask) !== 0;
  const intoCgroup = (Math.floor(bits / 2 ** 32) & CLONE3_BITS.CLONE_INTO_CGROUP) !== 0;
  const cgroup = intoCgroup && size >= CLONE_ARGS.size(ctx.abi) ? read(CLONE_ARGS, ctx, at)?.cgroup : undefined;
  return braces([
    ["flags", cloneFlagText(bits)],
    ["pidfd", has(CLONE.PIDFD) ? address(x.pidfd) : undefined],
    ["child_tid", has(CLONE.CHILD_SETTID | CLONE.CHILD_CLEARTID) ? address(x.child_tid) : undefined],
    ["parent_tid", has(CLONE.PARENT_SETTID) ? address(x.parent_tid) : undefined],
    ["exit_signal", x.exit_signal === 0n ? "0" : signalName(Number(x.exit_signal))],
    ["stack", address(x.stack)],
    ["stack_size", hex(x.stack_size)],
    ["tls", has(CLONE.SETTLS) ? address(x.tls) : undefined],
    ["cgroup", cgroup === undefined ? undefined : decimal(cgroup)],
  ]);
};
/** The values that clone3(2) stored: ` => {parent_tid=[2]}`. */
const cloneResults: Text = (ctx, at) => {
  const x = read(CLONE_ARGS_VER0, ctx, at);
  if (!x) return "";
  const bits = Number(x.flags);
  const stored = (mask: number, where: bigint): string | undefined =>
    (bits & mask) === 0 ? undefined : (int32(ctx, Number(where), 0) ?? address(where));
  const text = braces([
    ["pidfd", stored(CLONE.PIDFD, x.pidfd)],
    ["parent_tid", stored(CLONE.PARENT_SETTID, x.parent_tid)],
  ]);
  return text === "{}" ? "" : ` => ${text}`;
};

/** Ids of getgroups(2), 32 or 16 bits each. */
const groups =
  (size: 2 | 4): Text =>
  (ctx, at, count) =>
    array(ctx, at, Math.max(0, count), size, (_ctx, element) => {
      const n = size === 4 ? ctx.task.mem.u32(element) : ctx.task.mem.u16(element);
      return n < 0 ? undefined : decimal(n);
    });

const CAP_HEADER = struct("cap_user_header", { version: u32, pid: s32 });
// biome-ignore format: table
const capabilities = [
  "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP", "LINUX_IMMUTABLE", "NET_BIND_SERVICE",
  "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN",
  "SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE",
  "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF", "CHECKPOINT_RESTORE",
];
const CAP_VERSION: Readonly<Record<number, string>> = {
  0x19980330: "_LINUX_CAPABILITY_VERSION_1",
  0x20071026: "_LINUX_CAPABILITY_VERSION_2",
  0x20080522: "_LINUX_CAPABILITY_VERSION_3",
};
const capHeader = record(CAP_HEADER, { version: (v) => CAP_VERSION[v] ?? `${hex(v)} /* _LINUX_CAPABILITY_VERSION_??? */`, pid: decimal });
const capText = (low: number, high: number): string => {
  const set = BigInt(low) | (BigInt(high) << 32n);
  const names = capabilities.flatMap((name, i) => ((set >> BigInt(i)) & 1n ? [`1<<CAP_${name}`] : []));
  const rest = set >> BigInt(capabilities.length);
  if (set === 0n) return "0";
  return [...names, ...(rest === 0n ? [] : [hex(rest << BigInt(capabilities.length))])].join("|");
};
const capData: Text = (ctx, at) => {
  const header = ctx.task.mem.u32(ctx.all["header"] as number);
  const two = header === 0x20071026 || header === 0x20080522;
  const bytes = ctx.task.mem.read(at, two ? 24 : 12);
  if (!bytes) return undefined;
  const v = new DataView(bytes.buffer, bytes.byteOffset);
  const set = (i: number): string => capText(v.getUint32(4 * i, true), two ? v.getUint32(12 + 4 * i, true) : 0);
  return braces([
    ["effective", set(0)],
    ["permitted", set(1)],
    ["inheritable", set(2)],
  ]);
};

const SCHED_PARAM = struct("sched_param", { sched_priority: s32 });
const SCHED_ATTR = struct("sched_attr", {
  size: u32,
  sched_policy: u32,
  sched_flags: u64,
  sched_nice: s32,
  sched_priority: u32,
  sched_runtime: u64,
  sched_deadline: u64,
  sched_period: u64,
});
const POLICIES = ["SCHED_OTHER", "SCHED_FIFO", "SCHED_RR", "SCHED_BATCH", "", "SCHED_IDLE", "SCHED_DEADLINE"];
const schedAttr = record(SCHED_ATTR, {
  size: decimal,
  sched_policy: (p) => POLICIES[p] || `${hex(p)} /* SCHED_??? */`,
  sched_flags: hex,
  sched_nice: decimal,
  sched_priority: decimal,
  sched_runtime: decimal,
  sched_deadline: decimal,
  sched_period: decimal,
});

const UTS_NAME = 65;
/** struct new_utsname; without -v the first two names. */
const utsname: Text = (ctx, at) => {
  const names = ["sysname", "nodename", "release", "version", "machine", "domainname"];
  const texts = names.map((name, i) => [name, quote(ctx.task.mem.cString(at + UTS_NAME * i, UTS_NAME) ?? "")] as const);
  return ctx.style.verbose ? braces(texts) : braces(texts.slice(0, 2), true);
};
/** A string of `size` bytes. */
const text: Text = (ctx, at, size) => {
  const bytes = bytesAt(ctx, at, size, 4096);
  return bytes && cutText(ofBytes(bytes), ctx.style);
};

/** Structures of processes. */
export const processTexts = {
  int32,
  uint32,
  word,
  pointer,
  cpuSet,
  nodemask,
  mempolicy_mode: mempolicyMode,
  cloneArgs,
  cloneResults,
  groups32: groups(4),
  groups16: groups(2),
  capHeader,
  capData,
  sched_param: ((ctx, at) => {
    const x = read(SCHED_PARAM, ctx, at);
    return x && `[${x.sched_priority}]`;
  }) satisfies Text,
  sched_attr: schedAttr,
  utsname,
  text,
} satisfies Record<string, Text>;
