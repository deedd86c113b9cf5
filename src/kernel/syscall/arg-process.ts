// Argument types of the process and memory calls, shown as strace shows them.

import { PATH_MAX } from "../../abi/uapi/limits.ts";
import { MADV, MAP, MCL, MREMAP, MS, PROT } from "../../abi/uapi/mman.ts";
import { CLONE } from "../../abi/uapi/sched.ts";
import { W } from "../../abi/uapi/wait.ts";
import { signalName } from "../signal/state/set.ts";
import { ptr, ulong } from "./arg.ts";
import { choice, flags, flagText } from "./arg-flags.ts";
import { cutText, outStruct } from "./arg-string.ts";
import type { ArgType, ShowContext, Style } from "./declaration.ts";

const named = (prefix: string, table: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(table).map(([name, bits]) => [prefix + name, bits]));

const lo = (raw: Uint32Array, i: number): number => raw[2 * i] as number;

// biome-ignore format: table
const { CLEAR_SIGHAND: _c, INTO_CGROUP: _i, NEWTIME: _t, ...cloneBits } = CLONE;
/** CLONE_*, by their names. */
export const cloneNames = named("CLONE_", cloneBits);
/** CLONE_* flags with the exit signal in the low byte. */
export const cloneFlags: ArgType<number> = {
  c: "int",
  names: cloneNames,
  combines: true,
  decode: lo,
  show: (v) => [flagText(v & ~0xff, cloneNames, ""), (v & 0xff) === 0 ? "" : signalName(v & 0xff)].filter((s) => s !== "").join("|") || "0",
};
type Pointer = ArgType<ReturnType<typeof ptr.decode>>;
/** An argument of clone that only some flags use. The trace shows it after the result. */
const cloneTail = (name: string, bits: number, text: Pointer["show"] = ptr.show): Pointer => ({
  ...ptr,
  plain: true,
  out: true,
  show: (v, ctx) => (((ctx.all["flags"] as number) & bits) !== 0 ? `${name}=${text(v, ctx)}` : ""),
});
const cloneStack: Pointer = { ...ptr, plain: true, show: (v, ctx) => `child_stack=${ptr.show(v, ctx)}` };
const namedFlags: ArgType<number> = { ...cloneFlags, show: (v, ctx) => `flags=${cloneFlags.show(v, ctx)}` };
/** The arguments of clone(2) as strace names them. */
export const cloneParts = {
  stack: cloneStack,
  flags: namedFlags,
  parent_tid: cloneTail("parent_tid", CLONE.PARENT_SETTID | CLONE.PIDFD, (v, ctx) => {
    const tid = ctx.ret < 0 ? -1 : ctx.task.mem.u32(v);
    return tid < 0 ? ptr.show(v, ctx) : `[${tid}]`;
  }),
  tls: cloneTail("tls", CLONE.SETTLS),
  child_tid: cloneTail("child_tidptr", CLONE.CHILD_SETTID | CLONE.CHILD_CLEARTID),
} as const;

const { STOPPED: _s, ...waitBits } = W;
/** Options of wait4(2). */
export const waitOptions = flags(
  "int",
  {
    WNOHANG: waitBits.NOHANG,
    WUNTRACED: waitBits.UNTRACED,
    WEXITED: waitBits.EXITED,
    WCONTINUED: waitBits.CONTINUED,
    WNOWAIT: waitBits.NOWAIT,
    __WNOTHREAD: waitBits.NOTHREAD,
    __WALL: waitBits.ALL,
    __WCLONE: waitBits.CLONE,
  },
  "W???",
);
/** Options of waitid: its second bit has another name. */
export const waitidOptions = flags(
  "int",
  {
    WNOHANG: waitBits.NOHANG,
    WSTOPPED: W.STOPPED,
    WEXITED: waitBits.EXITED,
    WCONTINUED: waitBits.CONTINUED,
    WNOWAIT: waitBits.NOWAIT,
    __WNOTHREAD: waitBits.NOTHREAD,
    __WALL: waitBits.ALL,
    __WCLONE: waitBits.CLONE,
  },
  "W???",
);
/** The kind of id of waitid(2). */
export const idtype = choice("idtype_t", { P_ALL: 0, P_PID: 1, P_PGID: 2, P_PIDFD: 3 }, "P_???");

/** `[{WIFEXITED(s) && WEXITSTATUS(s) == 3}]`. */
export const statusText = (word: number): string => {
  if (word === 0xffff) return "[{WIFCONTINUED(s)}]";
  if ((word & 0xff) === 0x7f) return `[{WIFSTOPPED(s) && WSTOPSIG(s) == ${signalName((word >> 8) & 0xff)}}]`;
  if ((word & 0x7f) === 0) return `[{WIFEXITED(s) && WEXITSTATUS(s) == ${(word >> 8) & 0xff}}]`;
  return `[{WIFSIGNALED(s) && WTERMSIG(s) == ${signalName(word & 0x7f)}${(word & 0x80) !== 0 ? " && WCOREDUMP(s)" : ""}}]`;
};
/** The status word that wait4(2) fills. */
export const statusPointer = outStruct("int *", (ctx, at) => (ctx.ret === 0 ? undefined : statusText(ctx.task.mem.u32(at))));

/** argv: `["sh", "-c", "true"]`. */
const strings = (ctx: ShowContext, at: number): (string | undefined)[] | undefined => {
  const out: string[] = [];
  for (let p = at; out.length < 32; p += ctx.abi.long) {
    const s = ctx.task.mem.word(p, ctx.abi.long);
    if (s < 0) return undefined;
    if (s === 0) return out;
    const text = ctx.task.mem.cString(s, PATH_MAX);
    if (text === undefined) return undefined;
    out.push(text);
  }
  return [...out, undefined];
};
/** `["sh", "-c", "a long argument that is cut"...]`. Undefined: there are more. */
export const argvText = (list: readonly (string | undefined)[], style: Style): string =>
  `[${list.map((s) => (s === undefined ? "..." : cutText(s, style))).join(", ")}]`;
/** `0x7ffd… /* 23 vars *\/`, as strace without -v. */
export const envpText = (at: number, n: number): string => `0x${at.toString(16)} /* ${n} var${n === 1 ? "" : "s"} */`;
/** The argument list of execve(2), shown whole up to 32 strings. */
export const argv: ArgType<ReturnType<typeof ptr.decode>> = {
  ...ptr,
  c: "char *const *",
  show: (v, ctx) => {
    const list = v === 0 ? undefined : strings(ctx, v);
    return list ? argvText(list, ctx.style) : ptr.show(v, ctx);
  },
};
/** The environment of execve(2), shown as its length, or whole with -v. */
export const envp: ArgType<ReturnType<typeof ptr.decode>> = {
  ...ptr,
  c: "char *const *",
  show: (v, ctx) => {
    if (v === 0) return "NULL";
    const list = ctx.style.verbose ? strings(ctx, v) : undefined;
    if (list) return argvText(list, ctx.style);
    let n = 0;
    while (n < 1e5 && ctx.task.mem.word(v + n * ctx.abi.long, ctx.abi.long) > 0) n++;
    return envpText(v, n);
  },
};

const protNames = {
  PROT_READ: PROT.READ,
  PROT_WRITE: PROT.WRITE,
  PROT_EXEC: PROT.EXEC,
  PROT_SEM: PROT.SEM,
  PROT_GROWSDOWN: PROT.GROWSDOWN,
  PROT_GROWSUP: PROT.GROWSUP,
} as const;
/** `unsigned long` with names for low bits. mmap and mprotect reject the other bits. */
export const prot: ArgType<number> = {
  ...ulong,
  names: protNames,
  combines: true,
  show: (v) => flagText((v % 2 ** 32) | 0, protNames, "PROT_NONE"),
};
const MAP_BITS = {
  MAP_FIXED: MAP.FIXED,
  MAP_ANONYMOUS: MAP.ANONYMOUS,
  MAP_32BIT: MAP.BIT32,
  MAP_GROWSDOWN: MAP.GROWSDOWN,
  MAP_DENYWRITE: MAP.DENYWRITE,
  MAP_EXECUTABLE: MAP.EXECUTABLE,
  MAP_LOCKED: MAP.LOCKED,
  MAP_NORESERVE: MAP.NORESERVE,
  MAP_POPULATE: MAP.POPULATE,
  MAP_NONBLOCK: MAP.NONBLOCK,
  MAP_STACK: MAP.STACK,
  MAP_HUGETLB: MAP.HUGETLB,
  MAP_SYNC: MAP.SYNC,
  MAP_FIXED_NOREPLACE: MAP.FIXED_NOREPLACE,
} as const;
const MAP_TYPES: Readonly<Record<number, string>> = {
  0: "MAP_FILE",
  [MAP.SHARED]: "MAP_SHARED",
  [MAP.PRIVATE]: "MAP_PRIVATE",
  [MAP.SHARED_VALIDATE]: "MAP_SHARED_VALIDATE",
  [MAP.DROPPABLE]: "MAP_DROPPABLE",
};
/** MAP_* flags: a type in the low 4 bits, and bits. */
export const mapFlags: ArgType<number> = {
  ...ulong,
  names: { MAP_SHARED: MAP.SHARED, MAP_PRIVATE: MAP.PRIVATE, MAP_DROPPABLE: MAP.DROPPABLE, ...MAP_BITS },
  combines: true,
  show: (v) => {
    const type = MAP_TYPES[v & 15] ?? `0x${(v & 15).toString(16)} /* MAP_??? */`;
    const rest = v - (v & 15);
    return rest === 0 ? type : `${type}|${flagText(rest, MAP_BITS)}`;
  },
};
/** MREMAP_* flags. */
export const mremapFlags = flags(
  "int",
  { MREMAP_MAYMOVE: MREMAP.MAYMOVE, MREMAP_FIXED: MREMAP.FIXED, MREMAP_DONTUNMAP: MREMAP.DONTUNMAP },
  "MREMAP_???",
);
/** MS_* flags of msync(2). */
export const msyncFlags = flags("int", { MS_ASYNC: MS.ASYNC, MS_INVALIDATE: MS.INVALIDATE, MS_SYNC: MS.SYNC }, "MS_???");
/** MCL_* flags. */
export const mlockallFlags = flags("int", { MCL_CURRENT: MCL.CURRENT, MCL_FUTURE: MCL.FUTURE, MCL_ONFAULT: MCL.ONFAULT }, "MCL_???");
/** MADV_* advice. */
export const advice = choice(
  "int",
  {
    MADV_NORMAL: MADV.NORMAL,
    MADV_RANDOM: MADV.RANDOM,
    MADV_SEQUENTIAL: MADV.SEQUENTIAL,
    MADV_WILLNEED: MADV.WILLNEED,
    MADV_DONTNEED: MADV.DONTNEED,
    MADV_FREE: MADV.FREE,
    MADV_REMOVE: MADV.REMOVE,
    MADV_DONTFORK: MADV.DONTFORK,
    MADV_DOFORK: MADV.DOFORK,
    MADV_MERGEABLE: MADV.MERGEABLE,
    MADV_UNMERGEABLE: MADV.UNMERGEABLE,
    MADV_HUGEPAGE: MADV.HUGEPAGE,
    MADV_NOHUGEPAGE: MADV.NOHUGEPAGE,
    MADV_DONTDUMP: MADV.DONTDUMP,
    MADV_DODUMP: MADV.DODUMP,
    MADV_WIPEONFORK: MADV.WIPEONFORK,
    MADV_KEEPONFORK: MADV.KEEPONFORK,
    MADV_COLD: MADV.COLD,
    MADV_PAGEOUT: MADV.PAGEOUT,
    MADV_POPULATE_READ: MADV.POPULATE_READ,
    MADV_POPULATE_WRITE: MADV.POPULATE_WRITE,
    MADV_DONTNEED_LOCKED: MADV.DONTNEED_LOCKED,
  },
  "MADV_???",
);

/** The highest page below 2^53: above it a double does not hold the place in a page. */
const EXACT = 2 ** 53 - 4096;
/**
 * An address or length up to 2^64 as a number, shown in hex, 0 as NULL. A value above all user addresses
 * keeps its offset in the page.
 */
export const address: ArgType<number> = {
  ...ulong,
  c: "void *",
  decode: (raw, i, abi) => {
    const value = ulong.decode(raw, i, abi);
    const within = lo(raw, i) & 0xfff;
    return value < EXACT || within === 0 ? value : EXACT + within;
  },
  show: (v) => (v === 0 ? "NULL" : `0x${v.toString(16)}`),
};
/** A file descriptor or -1. */
export const anyFd: ArgType<number> = { c: "int", decode: (raw, i) => lo(raw, i) | 0, show: (v, ctx) => ctx.style.fd(ctx.task, v) };
