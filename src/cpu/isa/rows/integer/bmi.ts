// Bit manipulation in general registers, with VEX. SDM Vol. 2: ANDN BEXTR BLSI BLSMSK BLSR BZHI MULX PDEP
// PEXT RORX SARX SHLX SHRX.

import type { Vendor } from "../../../machine/model.ts";
import { EF } from "../../../machine/state.ts";
import type { Form, Meaning, Ops } from "../../ops.ts";
import { family, ofEachVendor, row } from "../../row.ts";

/** Operand size: 32 or 64 bits, independent of mode and prefixes. */
const width = (i: Form): 32 | 64 => i.widths[0] as 32 | 64;
const bit = <V>(o: Ops<V>, c: V, mask: number): V => o.select(c, o.imm(mask), o.imm(0));

const parity = <V>(o: Ops<V>, r: V): V => o.select(o.and(o.popcnt(o.and(r, o.imm(0xff))), o.imm(1)), o.imm(0), o.imm(EF.PF));
/**
 * ZF and SF from r, CF as given; OF and AF are 0. The SDM leaves PF and AF undefined: PF is r's on AMD's
 * processors, 0 on Intel's.
 */
const flags = <V>(o: Ops<V>, vendor: Vendor, w: 32 | 64, r: V, cf: V): void => {
  const zeroAndSign = o.or(bit(o, o.eq(r, o.imm(0)), EF.ZF), o.shl(o.shr(r, o.imm(w - 1)), o.imm(7)));
  o.flags("word", 64, o.let("f", o.or(zeroAndSign, vendor === "amd" ? o.or(bit(o, cf, EF.CF), parity(o, r)) : bit(o, cf, EF.CF))));
};

const andn =
  (vendor: Vendor): Meaning =>
  (o, i) => {
    const b = o.get(2);
    const r = o.let("r", o.zext(o.and(o.not(o.get(1)), b), width(i)));
    o.set(0, r);
    flags(o, vendor, width(i), r, o.imm(0));
  };
/** The low n bits of v: all of them from n = 64 on. */
const low = <V>(o: Ops<V>, v: V, n: V): V => o.select(o.ltU(n, o.imm(64)), o.and(v, o.sub(o.shl(o.imm(1), n), o.imm(1))), v);
const bextr =
  (vendor: Vendor): Meaning =>
  (o) => {
    const a = o.get(1);
    const how = o.get(2);
    const start = o.let("start", o.and(how, o.imm(0xff)));
    const shifted = o.let("shifted", o.select(o.ltU(start, o.imm(64)), o.shr(a, start), o.imm(0)));
    const r = o.let("r", low(o, shifted, o.let("length", o.and(o.shr(how, o.imm(8)), o.imm(0xff)))));
    o.set(0, r);
    const zero = bit(o, o.eq(r, o.imm(0)), EF.ZF);
    // AF is 1 on AMD's processors.
    o.flags("word", 64, o.let("f", vendor === "amd" ? o.or(o.or(zero, parity(o, r)), o.imm(EF.AF)) : zero));
  };
const bzhi =
  (vendor: Vendor): Meaning =>
  (o, i) => {
    const w = width(i);
    const a = o.get(1);
    const n = o.let("n", o.and(o.get(2), o.imm(0xff)));
    const r = o.let("r", low(o, a, n));
    o.set(0, r);
    flags(o, vendor, w, r, o.leU(o.imm(w), n));
  };
/** The lowest set bit: cleared, isolated, or with all bits below it. */
const lowest =
  (f: <V>(o: Ops<V>, a: V) => V, carry: <V>(o: Ops<V>, a: V) => V) =>
  (vendor: Vendor): Meaning =>
  (o, i) => {
    const a = o.get(1);
    const r = o.let("r", o.zext(f(o, a), width(i)));
    o.set(0, r);
    flags(o, vendor, width(i), r, carry(o, a));
  };
const less1 = <V>(o: Ops<V>, a: V): V => o.sub(a, o.imm(1));
const isZero = <V>(o: Ops<V>, a: V): V => o.eq(a, o.imm(0));
const blsr = lowest((o, a) => o.and(a, less1(o, a)), isZero);
const blsi = lowest(
  (o, a) => o.and(a, o.sub(o.imm(0), a)),
  (o, a) => o.ne(a, o.imm(0)),
);
const blsmsk = lowest((o, a) => o.xor(a, less1(o, a)), isZero);

/** The upper half is written last: it remains if both go to one register. */
const mulx: Meaning = (o, i) => {
  const w = width(i);
  const b = o.get(2);
  const a = o.reg(2, w);
  const product = o.let("product", o.mul(a, b));
  const high = o.let("high", w === 64 ? o.mulHighU(a, b) : o.shr(product, o.imm(32)));
  o.set(1, o.zext(product, w));
  o.set(0, high);
};
const rorx: Meaning = (o, i) => {
  const w = width(i);
  const a = o.get(1);
  const n = o.let("n", o.and(o.get(2), o.imm(w - 1)));
  o.set(0, o.zext(o.or(o.shr(a, n), o.shl(a, o.and(o.sub(o.imm(w), n), o.imm(w - 1)))), w));
};
const shift =
  (f: <V>(o: Ops<V>, w: 32 | 64, a: V, n: V) => V): Meaning =>
  (o, i) => {
    const w = width(i);
    const a = o.get(1);
    o.set(0, o.zext(f(o, w, a, o.and(o.get(2), o.imm(w - 1))), w));
  };
const sarx = shift((o, w, a, n) => o.sar(o.sext(a, w), n));
const shlx = shift((o, _w, a, n) => o.shl(a, n));
const shrx = shift((o, _w, a, n) => o.shr(a, n));
const through =
  (routine: "bits_deposit" | "bits_extract"): Meaning =>
  (o) => {
    const mask = o.get(2);
    o.set(0, o.call(routine, o.get(1), mask));
  };

const bmi1 = { feature: "bmi1" } as const;
const bmi2 = { feature: "bmi2" } as const;
/** The rows of BMI1 and BMI2. */
// biome-ignore format: table
export const bmi = family(() => [
  ...ofEachVendor((vendor) => [
    row("andn", "VEX.LZ.NP.0F38.WIG F2 Gy,By,Ey", andn(vendor), bmi1), row("bextr", "VEX.LZ.NP.0F38.WIG F7 Gy,Ey,By", bextr(vendor), bmi1),
    row("blsr", "VEX.LZ.NP.0F38.WIG F3 /1 By,Ey", blsr(vendor), bmi1), row("blsmsk", "VEX.LZ.NP.0F38.WIG F3 /2 By,Ey", blsmsk(vendor), bmi1), row("blsi", "VEX.LZ.NP.0F38.WIG F3 /3 By,Ey", blsi(vendor), bmi1),
    row("bzhi", "VEX.LZ.NP.0F38.WIG F5 Gy,Ey,By", bzhi(vendor), bmi2),
  ]),
  row("mulx", "VEX.LZ.F2.0F38.WIG F6 Gy,By,Ey", mulx, bmi2),
  row("pdep", "VEX.LZ.F2.0F38.WIG F5 Gy,By,Ey", through("bits_deposit"), bmi2), row("pext", "VEX.LZ.F3.0F38.WIG F5 Gy,By,Ey", through("bits_extract"), bmi2),
  row("rorx", "VEX.LZ.F2.0F3A.WIG F0 Gy,Ey,Ib", rorx, bmi2),
  row("sarx", "VEX.LZ.F3.0F38.WIG F7 Gy,Ey,By", sarx, bmi2), row("shlx", "VEX.LZ.66.0F38.WIG F7 Gy,Ey,By", shlx, bmi2), row("shrx", "VEX.LZ.F2.0F38.WIG F7 Gy,Ey,By", shrx, bmi2),
]);
