// Read-modify-write instructions for locks. SDM Vol. 2: CMPXCHG CMPXCHG8B/CMPXCHG16B XADD.

import { EF, R, vector } from "../../../machine/state.ts";
import type { Meaning } from "../../ops.ts";
import { family, row } from "../../row.ts";

/**
 * Either the destination is written, or the accumulator. A 32-bit register that is not written keeps its
 * upper half.
 */
const cmpxchg: Meaning = (o, i) => {
  const source = o.get(1);
  const a = o.rmw(0);
  const accumulator = o.reg(R.ax, i.w);
  o.when(
    o.eq(accumulator, a),
    () => o.set(0, source),
    () => o.setReg(R.ax, i.w, a),
  );
  o.flags("sub", i.w, o.let("r", o.zext(o.sub(accumulator, a), i.w)), accumulator, a);
};
const xadd: Meaning = (o, i) => {
  const b = o.get(1);
  const a = o.rmw(0);
  const r = o.let("r", o.zext(o.add(a, b), i.w));
  o.set(1, a);
  o.set(0, r);
  o.flags("add", i.w, r, a, b);
};
/** Compares edx:eax with 8 bytes. */
const cmpxchg8b: Meaning = (o) => {
  const pair = (low: number, high: number) => o.or(o.reg(low, 32), o.shl(o.reg(high, 32), o.imm(32)));
  const old = o.rmw(0);
  const equal = o.let("equal", o.eq(old, pair(R.ax, R.dx)));
  o.set(0, o.select(equal, pair(R.bx, R.cx), old));
  o.when(o.eq(equal, o.imm(0)), () => {
    o.setReg(R.ax, 32, o.zext(old, 32));
    o.setReg(R.dx, 32, o.shr(old, o.imm(32)));
  });
  o.setFlags(EF.ZF, o.select(equal, o.imm(EF.ZF), o.imm(0)));
};
/** Compares rdx:rax with 16 bytes, which must be aligned. */
const cmpxchg16b: Meaning = (o) => {
  const at = o.address(0);
  o.when(o.ne(o.and(o.linear(0, true), o.imm(15)), o.imm(0)), () => o.fault(vector.GP));
  const high = o.let("offset", o.add(at, o.imm(8)));
  const low = o.loadRmw(undefined, at, 64);
  const upper = o.loadRmw(undefined, high, 64);
  const equal = o.let("equal", o.and(o.eq(low, o.reg(R.ax, 64)), o.eq(upper, o.reg(R.dx, 64))));
  o.store(undefined, at, 64, o.select(equal, o.reg(R.bx, 64), low));
  o.store(undefined, high, 64, o.select(equal, o.reg(R.cx, 64), upper));
  o.when(o.eq(equal, o.imm(0)), () => {
    o.setReg(R.ax, 64, low);
    o.setReg(R.dx, 64, upper);
  });
  o.setFlags(EF.ZF, o.select(equal, o.imm(EF.ZF), o.imm(0)));
};

/** The rows of compare-and-exchange. */
export const exchange = family(() => [
  row("cmpxchg", "0F B0 Eb,Gb", cmpxchg, { lock: true }),
  row("cmpxchg", "0F B1 Ev,Gv", cmpxchg, { lock: true }),
  row("xadd", "0F C0 Eb,Gb", xadd, { lock: true }),
  row("xadd", "0F C1 Ev,Gv", xadd, { lock: true }),
  row("cmpxchg16b", "REX.W 0F C7 /1 Mdq", cmpxchg16b, { lock: true, only: "64" }),
  row("cmpxchg8b", "0F C7 /1 Mq", cmpxchg8b, { lock: true }),
]);
