// Compares results of silicon with ours. Every difference has a name. Results that the manual leaves
// undefined are counted apart.
import { type Instruction, Mnemonic } from "iced-x86";
import { EF, gprNames, R, S, segNames, vector } from "../../src/cpu/machine/state.ts";
import { type Case, fxAt, type Result, resultAt, stateAt } from "./case.ts";
import { signals } from "./emulate.ts";
import { isTranscendental, undefinedFlags, undefinedRegisters } from "./undefined.ts";
import { ldt, ldtSelector, type SegmentName, selector } from "./world.ts";

export interface Difference {
  readonly field: string;
  readonly silicon: string;
  readonly ours: string;
}
export interface Comparison {
  /** Where we are wrong. */
  readonly wrong: readonly Difference[];
  /** Where the manual allows both. */
  readonly undefined: readonly Difference[];
}
const same: Comparison = { wrong: [], undefined: [] };
const whole = 0xffff_ffff_ffff_ffffn;
const ldtStacks: ReadonlySet<number> = new Set((Object.keys(ldt) as SegmentName[]).filter((name) => !ldt[name].big).map(ldtSelector));

/** Exceptions that push an error code. SDM Vol. 3A Table 6-1 */
const withError = new Set<number>([vector.DF, vector.NP, vector.SS, vector.GP, vector.PF, vector.AC]);

/** Cases that hung, and cases whose worker died, have no result. */
export const hasVerdict = (silicon: Result): boolean => silicon.signal < 0x80 && silicon.signal !== signals.ALRM;

const outcome = (r: Result): string => (r.signal === signals.SYS ? "system call" : `vector ${r.trap}`);

const w = (byte: number): number => byte >> 2;
/**
 * Words of a result that must be equal: general registers to segments without EFLAGS, x87 control and status,
 * MXCSR, ST, XMM, YMM, memory.
 */
const compared = [
  [resultAt.after, resultAt.after + stateAt.rflags],
  [resultAt.after + stateAt.fsBase, resultAt.after + stateAt.fxsave + 4],
  [resultAt.after + stateAt.fxsave + fxAt.mxcsr, resultAt.after + stateAt.fxsave + fxAt.mxcsr + 4],
  [resultAt.after + stateAt.fxsave + fxAt.st, resultAt.after + stateAt.fxsave + fxAt.end],
  [resultAt.after + stateAt.ymmHigh, resultAt.size],
].map(([from, to]) => [w(from as number), w(to as number)] as const);

/** The same to the bit in all that `compare` looks at, found fast. */
export const isSame = (silicon: Result, ours: Result): boolean => {
  const [a, b] = [silicon.batch.words, ours.batch.words];
  const [p, q] = [w(silicon.at), w(ours.at)];
  // Signal, trap, steps and spilled are bytes of one word; steps is the oracle's own.
  if ((((a[p + w(resultAt.signal)] as number) ^ (b[q + w(resultAt.signal)] as number)) & 0xff00ffff) !== 0) return false;
  if (silicon.signal !== signals.SYS && silicon.trap !== vector.DB && silicon.trap !== vector.BP) {
    if (silicon.error !== ours.error || (silicon.trap === vector.PF && silicon.cr2 !== ours.cr2)) return false;
  }
  const flags = resultAt.after + stateAt.rflags;
  if ((((a[p + w(flags)] as number) ^ (b[q + w(flags)] as number)) & ~EF.RF) !== 0) return false;
  if (silicon.after.fxsave[fxAt.tag] !== ours.after.fxsave[fxAt.tag]) return false;
  for (let k = 0; k < compared.length; k++) {
    const [from, to] = compared[k] as readonly [number, number];
    for (let n = from; n < to; n++) if (a[p + n] !== b[q + n]) return false;
  }
  return true;
};

export const compare = (c: Case, i: Instruction, silicon: Result, ours: Result, floats: boolean): Comparison => {
  const wrong: Difference[] = [];
  const allowed: Difference[] = [];
  const hex = (v: bigint | number): string => v.toString(16);
  const check = (field: string, a: bigint | number, b: bigint | number, list = wrong): void => {
    if (a !== b) list.push({ field, silicon: hex(a), ours: hex(b) });
  };
  const a = outcome(silicon);
  const b = outcome(ours);
  if (a !== b) return { wrong: [{ field: "outcome", silicon: a, ours: b }], undefined: [] };
  const fault = silicon.signal !== signals.SYS && silicon.trap !== vector.DB && silicon.trap !== vector.BP;
  if (fault && withError.has(silicon.trap)) check("error code", silicon.error, ours.error);
  if (fault && silicon.trap === vector.PF) check("cr2", silicon.cr2, ours.cr2);

  const x = silicon.after;
  const y = ours.after;
  const long = x.selector(S.cs) === selector.userCode64 && c.before.selector(S.cs) === selector.userCode64;
  const mask = long ? whole : 0xffff_ffffn;
  const free = fault ? 0 : undefinedRegisters(i, c.before);
  // SYSCALL writes rip and rflags to rcx and r11; here the kernel's entry does that.
  const doorRegisters = i.mnemonic === Mnemonic.Syscall ? (1 << R.cx) | (1 << R.r11) : 0;
  // Linux returns only half of rax after a call by INT 80h.
  const halved = i.mnemonic === Mnemonic.Int && i.immediate8 === 0x80 ? R.ax : -1;
  // On the way back to a stack of 16 bits Linux leaves its own upper half in rsp. arch/x86/kernel/espfix_64.c
  const left = [c.before, x].some((s) => ldtStacks.has(s.selector(S.ss))) ? R.sp : -1;
  for (let n = 0; n < 16; n++) {
    if (doorRegisters & (1 << n)) continue;
    const part = n === halved || n === left ? 0xffff_ffffn : whole;
    check(gprNames[n] as string, x.gpr(n) & part, y.gpr(n) & part, free & (1 << n) ? allowed : wrong);
  }
  check("rip", x.rip & mask, y.rip & mask);
  const undefinedBits = fault ? 0 : undefinedFlags(i, c.before);
  const flags = (r: number) => r & ~(EF.RF | undefinedBits);
  check("rflags", flags(x.rflags), flags(y.rflags));
  check("undefined flags", x.rflags & undefinedBits, y.rflags & undefinedBits, allowed);
  // Entering the kernel and leaving it makes any null selector 0. AMD APM Vol. 3 IRET
  const nonNull = (v: number): number => (v < 4 ? 0 : v);
  for (let n = 0; n < 6; n++) check(segNames[n] as string, nonNull(x.selector(n)), nonNull(y.selector(n)));
  if (long) {
    check("fs base", x.fsBase, y.fsBase);
    check("gs base", x.gsBase, y.gsBase);
  }
  compareBytes("memory", silicon.window, ours.window, wrong);
  check("memory outside the window", Number(silicon.spilled), Number(ours.spilled));
  if (floats) {
    const close = isTranscendental(i) && areClose(x.fxsave, y.fxsave);
    const status = close ? allowed : wrong; // C1 says which way the last place went
    compareBytes("fxsave", x.fxsave.subarray(0, fxAt.opcode), y.fxsave.subarray(0, fxAt.opcode), status);
    compareBytes("mxcsr", x.fxsave.subarray(fxAt.mxcsr, fxAt.mxcsr + 4), y.fxsave.subarray(fxAt.mxcsr, fxAt.mxcsr + 4), wrong);
    compareBytes("st", x.fxsave.subarray(fxAt.st, fxAt.xmm), y.fxsave.subarray(fxAt.st, fxAt.xmm), status);
    compareBytes("xmm", x.fxsave.subarray(fxAt.xmm, fxAt.end), y.fxsave.subarray(fxAt.xmm, fxAt.end), wrong);
    compareBytes("ymm", x.ymmHigh, y.ymmHigh, wrong);
  }
  return wrong.length + allowed.length === 0 ? same : { wrong, undefined: allowed };
};

/**
 * The number of an 80-bit value among those of its sign: the next one's is one more, across powers of two as
 * well.
 */
const place = (v: DataView, at: number): bigint =>
  (BigInt(v.getUint16(at + 8, true) & 0x7fff) << 63n) + (v.getBigUint64(at, true) & ((1n << 63n) - 1n));

/** All x87 registers are equal, or differ by one in the last place; all flags are equal but C1. */
const areClose = (a: Uint8Array, b: Uint8Array): boolean => {
  const C1 = 0x0200;
  const [x, y] = [a, b].map((bytes) => new DataView(bytes.buffer, bytes.byteOffset)) as [DataView, DataView];
  if ((x.getUint16(fxAt.status, true) | C1) !== (y.getUint16(fxAt.status, true) | C1) || a[fxAt.tag] !== b[fxAt.tag]) return false;
  for (let at: number = fxAt.st; at < fxAt.xmm; at += 16) {
    const difference = place(x, at) - place(y, at);
    if (difference < -1n || difference > 1n || (x.getUint16(at + 8, true) ^ y.getUint16(at + 8, true)) & 0x8000) return false;
  }
  return true;
};

const compareBytes = (field: string, a: Uint8Array, b: Uint8Array, list: Difference[]): void => {
  const at = a.findIndex((v, n) => v !== b[n]);
  if (at < 0) return;
  const text = (v: Uint8Array): string => Buffer.from(v.subarray(at, at + 16)).toString("hex");
  list.push({ field: `${field}+${at}`, silicon: text(a), ours: text(b) });
};
