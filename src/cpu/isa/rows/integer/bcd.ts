// Decimal arithmetic, outside 64-bit mode only. SDM Vol. 2: AAA AAD AAM AAS DAA DAS.

import type { Vendor } from "../../../machine/model.ts";
import { EF, R, vector } from "../../../machine/state.ts";
import type { Meaning, Ops } from "../../ops.ts";
import { family, ofEachVendor, type Row, row } from "../../row.ts";

const AX = R.ax;
const low = <V>(o: Ops<V>, al: V): V => o.and(al, o.imm(0xf));
const bit = <V>(o: Ops<V>, c: V, mask: number): V => o.select(c, o.imm(mask), o.imm(0));

/** True if the low digit needs an adjustment: it is above 9, or carried. */
const needsLow = <V>(o: Ops<V>, al: V): V => o.let("low", o.or(o.ltU(o.imm(9), low(o, al)), o.flag("AF")));

/** OF of an addition or subtraction of a small positive number, at its EFLAGS position. */
const overflow = <V>(o: Ops<V>, sign: 1 | -1, w: number, before: V, after: V): V =>
  o.shl(o.and(o.shr(o.and(o.xor(before, after), sign > 0 ? after : before), o.imm(w - 1)), o.imm(1)), o.imm(11));

/**
 * AAA, AAS: one unpacked digit. AX changes by 0x106, so that AH counts the carry. The SDM leaves OF, SF, ZF
 * and PF undefined. AMD's processors derive them from AX before AL is cut. Intel's derive ZF and PF from AL
 * afterwards, and clear the others.
 */
const asciiAdjust =
  (vendor: Vendor, sign: 1 | -1): Meaning =>
  (o) => {
    const ax = o.reg(AX, 16);
    const adjust = needsLow(o, ax);
    const moved = o.let("moved", o.select(adjust, o.zext(o.add(ax, o.imm(sign * 0x106)), 16), ax));
    o.setReg(AX, 16, o.and(moved, o.imm(0xff0f)));
    const carry = bit(o, adjust, EF.CF | EF.AF);
    if (vendor === "amd") o.flags("result", 16, moved, o.let("f", o.or(carry, overflow(o, sign, 16, ax, moved))));
    else o.flags("result", 8, o.let("digit", low(o, moved)), o.let("f", carry));
  };

/**
 * DAA, DAS: two packed digits. The second test uses the old AL and CF. OF, which the SDM leaves undefined, is
 * 0 on Intel's processors.
 */
const decimalAdjust =
  (vendor: Vendor, sign: 1 | -1): Meaning =>
  (o) => {
    const al = o.reg(AX, 8);
    const lowDigit = needsLow(o, al);
    const highDigit = o.let("high", o.or(o.ltU(o.imm(0x99), al), o.flag("CF")));
    const six = o.select(lowDigit, o.imm(sign * 6), o.imm(0));
    const sixty = o.select(highDigit, o.imm(sign * 0x60), o.imm(0));
    const r = o.let("r", o.zext(o.add(al, o.add(six, sixty)), 8));
    // DAS: a borrow out of the low digit's adjustment is a carry, too.
    const borrow = sign < 0 ? o.and(lowDigit, o.ltU(al, o.imm(6))) : o.imm(0);
    const carry = o.or(bit(o, o.or(highDigit, borrow), EF.CF), bit(o, lowDigit, EF.AF));
    o.setReg(AX, 8, r);
    o.flags("result", 8, r, o.let("f", vendor === "amd" ? o.or(carry, overflow(o, sign, 8, al, r)) : carry));
  };

const aam: Meaning = (o) => {
  const base = o.get(0);
  o.when(o.eq(base, o.imm(0)), () => o.fault(vector.DE));
  const al = o.reg(AX, 8);
  const r = o.let("r", o.remU(al, base));
  o.setReg(AX, 16, o.or(o.shl(o.divU(al, base), o.imm(8)), r));
  o.flags("result", 8, r, o.imm(0));
};
const aad: Meaning = (o) => {
  const ax = o.reg(AX, 16);
  const product = o.let("product", o.zext(o.mul(o.shr(ax, o.imm(8)), o.get(0)), 8));
  const al = o.let("al", o.zext(ax, 8));
  const r = o.let("r", o.zext(o.add(al, product), 8));
  o.setReg(AX, 16, r);
  o.flags("add", 8, r, al, product);
};

const adjustments = (vendor: Vendor): readonly Row[] => [
  row("daa", "27", decimalAdjust(vendor, 1), { only: "not64" }),
  row("das", "2F", decimalAdjust(vendor, -1), { only: "not64" }),
  row("aaa", "37", asciiAdjust(vendor, 1), { only: "not64" }),
  row("aas", "3F", asciiAdjust(vendor, -1), { only: "not64" }),
];
/** The rows of decimal arithmetic. */
export const bcd = family(() => [
  ...ofEachVendor(adjustments),
  row("aam", "D4 Ib", aam, { only: "not64" }),
  row("aad", "D5 Ib", aad, { only: "not64" }),
]);
