// The stack. SDM Vol. 2: PUSH POP LEAVE PUSHA POPA.

import { R, S } from "../../../machine/state.ts";
import type { Form, Meaning, Ops, RegisterWidth } from "../../ops.ts";
import { family, row } from "../../row.ts";

/** Stores below the stack pointer, then moves it: a fault leaves rsp unchanged. */
export const pushValue = <V>(o: Ops<V>, i: Form, w: RegisterWidth, v: V): void => {
  const sp = o.let("sp", o.zext(o.sub(o.reg(R.sp, i.stackSize), o.imm(w / 8)), i.stackSize));
  o.store(S.ss, sp, w, v);
  o.setReg(R.sp, i.stackSize, sp);
};
/** Loads from the stack pointer, then moves it. */
export const popValue = <V>(o: Ops<V>, i: Form, w: RegisterWidth): V => {
  const sp = o.reg(R.sp, i.stackSize);
  const v = o.load(S.ss, sp, w);
  o.setReg(R.sp, i.stackSize, o.zext(o.add(sp, o.imm(w / 8)), i.stackSize));
  return v;
};

const push: Meaning = (o, i) => pushValue(o, i, i.w, o.get(0));
const pushImmediate: Meaning = (o, i) => pushValue(o, i, i.w, o.get(0));
const popRegister: Meaning = (o, i) => o.set(0, popValue(o, i, i.w));
/**
 * The address of a memory destination is computed with the new rsp (SDM POP, Description). A fault leaves the
 * old rsp.
 */
const popMemory: Meaning = (o, i) => {
  const sp = o.reg(R.sp, i.stackSize);
  const v = o.load(S.ss, sp, i.w);
  const after = o.let("after", o.zext(o.add(sp, o.imm(i.w / 8)), i.stackSize));
  if (i.memory(0)) {
    o.setReg(R.sp, i.stackSize, after);
    const a = o.address(0);
    o.setReg(R.sp, i.stackSize, sp);
    o.store(undefined, a, i.w, v);
  }
  o.setReg(R.sp, i.stackSize, after);
  if (!i.memory(0)) o.set(0, v);
};
const leave: Meaning = (o, i) => {
  const bp = o.reg(R.bp, i.stackSize);
  const v = o.load(S.ss, bp, i.w);
  o.setReg(R.sp, i.stackSize, o.zext(o.add(bp, o.imm(i.w / 8)), i.stackSize));
  o.setReg(R.bp, i.w, v);
};

/** PUSHA stores all eight registers, with the original rsp. rsp moves after the last store. */
const pusha: Meaning = (o, i) => {
  const sp = o.reg(R.sp, i.stackSize);
  for (let r = 0; r < 8; r++) {
    const at = o.let("at", o.zext(o.sub(sp, o.imm(((r + 1) * i.w) / 8)), i.stackSize));
    o.store(S.ss, at, i.w, o.reg(r, i.w));
  }
  o.setReg(R.sp, i.stackSize, o.zext(o.sub(sp, o.imm(i.w)), i.stackSize));
};
/**
 * POPA skips the stored rsp. A fault leaves the registers loaded before it changed, as on AMD's processors.
 */
const popa: Meaning = (o, i) => {
  const sp = o.reg(R.sp, i.stackSize);
  for (const r of [R.di, R.si, R.bp, R.bx, R.dx, R.cx, R.ax]) {
    const at = o.let("at", o.zext(o.add(sp, o.imm(((7 - r) * i.w) / 8)), i.stackSize));
    o.setReg(r, i.w, o.load(S.ss, at, i.w));
  }
  o.setReg(R.sp, i.stackSize, o.zext(o.add(sp, o.imm(i.w)), i.stackSize));
};

/** The rows of stack instructions. */
export const stack = family(() => [
  row("push", "50 Zv", push, { size64: "default", context: true }),
  row("pop", "58 Zv", popRegister, { size64: "default", context: true }),
  row("push", "FF /6 Ev", push, { size64: "default", context: true }),
  row("pop", "8F /0 Ev", popMemory, { size64: "default", context: true }),
  row("push", "68 Iz", pushImmediate, { size64: "default", context: true }),
  row("push", "6A sb", pushImmediate, { size64: "default", context: true }),
  row("pusha", "60", pusha, { only: "not64", context: true, sizedNames: ["pushaw", "pushad", "pushad"] }),
  row("popa", "61", popa, { only: "not64", context: true, sizedNames: ["popaw", "popad", "popad"] }),
  row("leave", "C9", leave, { size64: "default", context: true }),
]);
