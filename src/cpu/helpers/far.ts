// Far transfers that stay in ring 3, between code segments of any mode. SDM Vol. 2: CALL, JMP, RET, IRET;
// Vol. 3A 5.8.

import { contexts } from "../machine/context.ts";
import { exitCode } from "../machine/exit.ts";
import { F } from "../machine/segments.ts";
import { at, EF, R, S, type State, vector } from "../machine/state.ts";
import type { HelperContext, HelperFunction } from "./helpers.ts";

/** Width of the stack pointer: SS's, unless the code is 64-bit. */
type StackSize = 16 | 32 | 64;
const stackSize = (s: State): StackSize => contexts[s.u32[at.context >> 2] as number]!.stackSize;
const mask = (bits: number): bigint => (1n << BigInt(bits)) - 1n;
const stackPointer = (s: State, size = stackSize(s)): bigint => (s.u64[R.sp] as bigint) & mask(size);
const setStackPointer = (s: State, sp: bigint, size = stackSize(s)): void => {
  s.u64[R.sp] = size === 16 ? ((s.u64[R.sp] as bigint) & ~0xffffn) | (sp & 0xffffn) : sp & mask(size);
};
/** The linear address of a stack slot, after the check of the stack segment. */
const slot = (m: HelperContext, sp: bigint, bytes: number, write: boolean, size: StackSize): number => {
  if (size === 64) return Number(BigInt.asIntN(64, sp));
  const offset = Number(sp & mask(size));
  m.checkSegment(S.ss, offset, bytes, write);
  return (m.state.segBase(S.ss) + offset) % 0x1_0000_0000;
};

const load = (m: HelperContext, sp: bigint, bits: number): bigint => {
  const p = m.readLinear(slot(m, sp, bits / 8, false, stackSize(m.state)), bits / 8);
  return bits === 64
    ? m.state.view.getBigUint64(p, true)
    : BigInt(bits === 32 ? m.state.view.getUint32(p, true) : m.state.view.getUint16(p, true));
};
const loadSelector = (m: HelperContext, sp: bigint, bits: number): number =>
  Number(load(m, sp, m.model.narrowSelectors ? 16 : bits) & 0xffffn);
const store = (m: HelperContext, sp: bigint, bits: number, v: bigint, size = stackSize(m.state)): void => {
  const p = m.writeLinear(slot(m, sp, bits / 8, true, size), bits / 8);
  if (bits === 64) m.state.view.setBigUint64(p, v & mask(64), true);
  else if (bits === 32) m.state.view.setUint32(p, Number(v & mask(32)), true);
  else m.state.view.setUint16(p, Number(v & mask(16)), true);
  m.commitLinear(p);
};

const isLong = (m: HelperContext, selector: number): boolean => ((m.segments.lookup(selector)?.access ?? 0) & F.long) !== 0;

/**
 * Checks the selector of a far transfer. Returns -1 or the code of raise(). The RPL of a return must be 3;
 * that of a jump may be less.
 */
const checkSelector = (m: HelperContext, selector: number, returns: boolean): number => {
  if (returns && (selector & 3) !== 3) return m.raise(vector.GP, selector & 0xfffc);
  const bad = m.segments.checkCode(selector);
  return bad >= 0 ? m.raise(bad, selector & 0xfffc) : -1;
};
/** Offsets in a segment of 16- or 32-bit code have 32 bits. */
const cut = (m: HelperContext, selector: number, offset: bigint): bigint => (isLong(m, selector) ? offset : offset & mask(32));
/** Checks the offset in the target segment. Returns -1 or the code of raise(). */
const checkOffset = (m: HelperContext, selector: number, popped: bigint): number => {
  const limit = BigInt(m.segments.limit(selector));
  const offset = m.model.cutsFarOffsets ? cut(m, selector, popped) : popped;
  const fits = isLong(m, selector) ? offset < 1n << 47n || offset >= (1n << 64n) - (1n << 47n) : offset <= limit;
  return fits ? -1 : m.raise(vector.GP, 0);
};
const check = (m: HelperContext, selector: number, offset: bigint, returns: boolean): number => {
  const bad = checkSelector(m, selector, returns);
  return bad >= 0 ? bad : checkOffset(m, selector, offset);
};
const go = (m: HelperContext, selector: number, offset: bigint): number => {
  m.state.u64[at.rip >> 3] = m.model.cutsFarOffsets ? cut(m, selector, offset) : offset;
  m.segments.loadCode(selector);
  return exitCode.jumped;
};

/** Splits argument b of these helpers: the selector, and the operand size in bits above it. */
const unpack = (b: bigint): { selector: number; bits: number } => ({ selector: Number(b & 0xffffn), bits: Number(b >> 16n) });

/** JMP to a far pointer. a: offset; b: selector and operand size. */
export const farJump: HelperFunction = (m, _r, offset, b) => {
  const { selector } = unpack(b);
  const bad = check(m, selector, offset, false);
  return bad >= 0 ? bad : go(m, selector, offset);
};

/**
 * CALL to a far pointer. The return address is pushed with the target's stack: the target's mode determines
 * the width of rsp and if SS applies.
 */
export const farCall: HelperFunction = (m, _r, offset, b) => {
  const { selector, bits } = unpack(b);
  const { pushesFirst } = m.model;
  const bad = pushesFirst ? checkSelector(m, selector, false) : check(m, selector, offset, false);
  if (bad >= 0) return bad;
  const s = m.state;
  const size = isLong(m, selector) ? 64 : (s.u32[(at.segAccess >> 2) + S.ss] as number) & F.big ? 32 : 16;
  const step = BigInt(bits / 8);
  const sp = stackPointer(s, size);
  store(m, sp - step, bits, BigInt(s.selector(S.cs)), size);
  store(m, sp - 2n * step, bits, BigInt(m.nextIp), size);
  const beyond = pushesFirst ? checkOffset(m, selector, offset) : -1;
  if (beyond >= 0) return beyond;
  setStackPointer(s, sp - 2n * step, size);
  return go(m, selector, offset);
};

/** RETF. a: bytes to release; b: operand size above bit 16. */
export const farReturn: HelperFunction = (m, _r, release, b) => {
  const { bits } = unpack(b);
  const s = m.state;
  const step = BigInt(bits / 8);
  const sp = stackPointer(s);
  const selector = loadSelector(m, sp + step, bits);
  const offset = load(m, sp, bits);
  // A return to another privilege level would also pop SS and rSP. They are read before the selector faults.
  if ((selector & 3) !== 3 && m.model.readsOuterFrame) {
    load(m, sp + 3n * step + release, bits);
    load(m, sp + 2n * step + release, bits);
  }
  const bad = check(m, selector, offset, true);
  if (bad >= 0) return bad;
  setStackPointer(s, sp + 2n * step);
  // The release uses the width of the target's stack pointer.
  const size = isLong(m, selector) ? 64 : stackSize(s);
  setStackPointer(s, stackPointer(s, size) + release, size);
  return go(m, selector, offset);
};

/** The EFLAGS bits that ring 3 can change by POPF and IRET (IOPL is 0). SDM Vol. 2B POPF, Table 4-16. */
export const userFlags = EF.CF | EF.PF | EF.AF | EF.ZF | EF.SF | EF.TF | EF.DF | EF.OF | EF.NT | EF.AC | EF.ID;

/** IRET. In 64-bit mode it pops SS:RSP for every target. SDM Vol. 2A IRET, Operation. */
export const iret: HelperFunction = (m, _r, _a, b) => {
  const { bits } = unpack(b);
  const s = m.state;
  const long = s.mode === 64;
  if (m.flags & EF.NT) return m.raise(vector.GP, 0);
  const step = BigInt(bits / 8);
  const sp = stackPointer(s);
  // Read from the top down: this is the order of faults on AMD's processors.
  const flags = Number(load(m, sp + 2n * step, bits) & 0xffff_ffffn);
  const selector = loadSelector(m, sp + step, bits);
  const offset = load(m, sp, bits);
  if ((selector & 3) !== 3) {
    if (!m.model.readsOuterFrame) return checkSelector(m, selector, true);
    load(m, sp + 4n * step, bits);
  }
  const newSp = long ? load(m, sp + 3n * step, bits) : sp + 3n * step;
  const ss = long ? loadSelector(m, sp + 4n * step, bits) : -1;
  const bad = checkSelector(m, selector, true);
  if (bad >= 0) return bad;
  const beyond = (): number => checkOffset(m, selector, offset);
  const noStack = (): number => {
    const v = long ? m.segments.checkData(S.ss, ss) : -1;
    return v >= 0 ? m.raise(v, ss & 0xfffc) : -1;
  };
  const { stackBeforeOffset } = m.model;
  for (const fault of stackBeforeOffset ? [noStack, beyond] : [beyond, noStack]) {
    const code = fault();
    if (code >= 0) return code;
  }
  if (long) m.segments.load(S.ss, ss);
  const keep = bits === 16 ? ~(userFlags & 0xffff) : ~(userFlags | EF.RF);
  m.flags = (m.flags & keep) | (flags & ~keep);
  if (!long) setStackPointer(s, newSp);
  const left = go(m, selector, offset);
  if (!long) return left;
  // A 16-bit stack loads only the low part of rSP and keeps the rest: AMD APM Vol. 3 IRET (RSP.s). Linux
  // works around it in arch/x86/kernel/espfix_64.c.
  if (stackSize(s) === 16) setStackPointer(s, newSp);
  else s.u64[R.sp] = newSp;
  if (s.mode !== 64) s.narrowStack();
  return left;
};

/**
 * ENTER builds a frame with pointers to the enclosing ones. a: bytes of locals; b: nesting level, and operand
 * size above bit 16.
 */
export const enter: HelperFunction = (m, _r, locals, b) => {
  const { selector: level, bits } = unpack(b);
  const s = m.state;
  const step = BigInt(bits / 8);
  let sp = stackPointer(s);
  let bp = s.u64[R.bp] as bigint;
  const push = (v: bigint): void => {
    sp -= step;
    store(m, sp, bits, v);
  };
  push(bp);
  const kept = ~mask(stackSize(s));
  const frame = (((s.u64[R.sp] as bigint) & kept) | (sp & ~kept)) & mask(bits);
  for (let n = 1; n < (level & 31); n++) {
    bp -= step;
    push(load(m, bp, bits));
  }
  if ((level & 31) > 0) push(frame);
  sp -= locals;
  // SDM Vol. 2A ENTER: #PF as well if a write with the final stack pointer would cause one.
  m.writeLinear(slot(m, sp, bits / 8, true, stackSize(s)), bits / 8);
  s.u64[R.bp] = (bits === 16 ? (s.u64[R.bp] as bigint) & ~mask(16) : 0n) | frame;
  setStackPointer(s, sp);
  return 0;
};
