// Argument types of the signal calls, shown as strace shows them.

import type { VAddr } from "../../abi/brand.ts";
import { SS } from "../signal/alt-stack.ts";
import { SA } from "../signal/state/action.ts";
import { has, type SigSet, signalName } from "../signal/state/set.ts";
import { ptr } from "./arg.ts";
import { choice, flags } from "./arg-flags.ts";
import type { ArgType, ShowContext } from "./declaration.ts";

const lo = (raw: Uint32Array, i: number): number => raw[2 * i] as number;

/** A signal number. */
export const signal: ArgType<number> = { c: "int", decode: (raw, i) => lo(raw, i) | 0, show: (v) => (v === 0 ? "0" : signalName(v)) };

/** `[CHLD TERM]`, or the complement `~[KILL STOP]` if the set has more than half of the signals. */
export const setText = (set: SigSet): string => {
  const all = Array.from({ length: 64 }, (_, i) => i + 1);
  const inside = all.filter((s) => has(set, s));
  const complement = inside.length > 32;
  const shown = complement ? all.filter((s) => !has(set, s)) : inside;
  return `${complement ? "~" : ""}[${shown.map((s) => signalName(s).replace(/^SIG/, "")).join(" ")}]`;
};

/** A sigset_t in memory of `size` bytes. */
const readSet = (ctx: ShowContext, at: VAddr, size: number): SigSet | undefined => {
  const bytes = ctx.task.mem.read(at, size);
  return bytes?.reduce((set, b, i) => set | (BigInt(b) << BigInt(8 * i)), 0n);
};
const setPointer = (out: boolean, sizeArgument?: string): ArgType<VAddr> => ({
  ...ptr,
  c: out ? "sigset_t *" : "const sigset_t *",
  ...(out ? { out: true as const } : {}),
  show: (v, ctx) => {
    if (v === 0) return "NULL";
    if (out && ctx.ret < 0) return ptr.show(v, ctx);
    const size = sizeArgument === undefined ? ctx.abi.long : Math.min(8, ctx.all[sizeArgument] as number);
    const set = readSet(ctx, v, size);
    return set === undefined ? ptr.show(v, ctx) : setText(set);
  },
});
/** A sigset_t that the caller fills; the argument `sigsetsize` has its size. */
export const sigset = setPointer(false, "sigsetsize");
/** A sigset_t that the kernel fills; the argument `sigsetsize` has its size. */
export const outSigset = setPointer(true, "sigsetsize");
/** A sigset_t of one word that the caller fills. */
export const oldSigset = setPointer(false);
/** A sigset_t of one word that the kernel fills. */
export const outOldSigset = setPointer(true);
/** old_sigset_t by value: 32 signals. */
export const mask32: ArgType<number> = { c: "old_sigset_t", decode: lo, show: (v) => setText(BigInt(v)) };

/** The first argument of sigprocmask(2). */
export const sigprocmaskHow = choice("int", { SIG_BLOCK: 0, SIG_UNBLOCK: 1, SIG_SETMASK: 2 }, "SIG_???");

// biome-ignore format: table
const saFlags = flags("unsigned long", {
  SA_RESTORER: SA.RESTORER, SA_ONSTACK: SA.ONSTACK, SA_RESTART: SA.RESTART, SA_INTERRUPT: 0x20000000, SA_NODEFER: SA.NODEFER,
  SA_RESETHAND: SA.RESETHAND | 0, SA_SIGINFO: SA.SIGINFO, SA_NOCLDSTOP: SA.NOCLDSTOP, SA_NOCLDWAIT: SA.NOCLDWAIT, SA_UNSUPPORTED: SA.UNSUPPORTED,
  SA_EXPOSE_TAGBITS: SA.EXPOSE_TAGBITS,
});
const handlerText = (h: number): string => (h === 0 ? "SIG_DFL" : h === 1 ? "SIG_IGN" : `0x${h.toString(16)}`);
/** A handler: an address, SIG_DFL or SIG_IGN. */
export const handler: ArgType<VAddr> = { ...ptr, c: "sighandler_t", show: (v) => handlerText(v) };

/** struct sigaction in memory, the rt form. */
const actionPointer = (out: boolean): ArgType<VAddr> => ({
  ...ptr,
  c: "struct sigaction *",
  ...(out ? { out: true as const } : {}),
  show: (v, ctx) => {
    if (v === 0) return "NULL";
    const { mem } = ctx.task;
    const { long } = ctx.abi;
    const words = [0, 1, 2].map((i) => mem.word(v + i * long, long));
    const set = readSet(ctx, (v + 3 * long) as VAddr, 8);
    if ((out && ctx.ret < 0) || words.some((w) => w < 0) || set === undefined) return ptr.show(v, ctx);
    const [h, f, r] = words as [number, number, number];
    const bits = f < 2 ** 53 ? (f % 2 ** 32) | 0 : mem.u32(v + long) | 0;
    const restorer = (bits & SA.RESTORER) !== 0 ? `, sa_restorer=0x${r.toString(16)}` : "";
    // Programs that extend an int leave bits above 32, which mean nothing.
    const high = long === 8 ? mem.u32(v + long + 4) : 0;
    const more = high > 0 ? `|0x${high.toString(16)}00000000` : "";
    return `{sa_handler=${handlerText(h)}, sa_mask=${setText(set)}, sa_flags=${saFlags.show(bits, ctx)}${more}${restorer}}`;
  },
});
/** A struct sigaction that the caller fills. */
export const sigaction = actionPointer(false);
/** A struct sigaction that the kernel fills. */
export const outSigaction = actionPointer(true);

const stackFlags = flags("int", { SS_AUTODISARM: SS.AUTODISARM | 0, SS_ONSTACK: SS.ONSTACK, SS_DISABLE: SS.DISABLE }, "SS_???");
const stackPointer = (out: boolean): ArgType<VAddr> => ({
  ...ptr,
  c: "stack_t *",
  ...(out ? { out: true as const } : {}),
  show: (v, ctx) => {
    if (v === 0) return "NULL";
    const { mem } = ctx.task;
    const { long } = ctx.abi;
    const sp = mem.word(v, long);
    const f = mem.u32(v + long);
    const size = mem.word(v + 2 * long, long);
    if ((out && ctx.ret < 0) || sp < 0 || f < 0 || size < 0) return ptr.show(v, ctx);
    return `{ss_sp=${sp === 0 ? "NULL" : `0x${sp.toString(16)}`}, ss_flags=${stackFlags.show(f | 0, ctx)}, ss_size=${size}}`;
  },
});
/** A stack_t that the caller fills. */
export const stack = stackPointer(false);
/** A stack_t that the kernel fills. */
export const outStack = stackPointer(true);
