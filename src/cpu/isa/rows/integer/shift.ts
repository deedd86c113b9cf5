// Shifts and rotates. SDM Vol. 2: SAL/SAR/SHL/SHR, RCL/RCR/ROL/ROR, SHLD, SHRD. Group 2. Vendors differ where
// the SDM leaves results undefined (../../vendor-differences.ts). OF for counts other than 1: AMD's
// processors give the result of the last of that many shifts by one, Intel's that of the first. AF after a
// shift: 1 on AMD's, 0 on Intel's.
import type { Vendor } from "../../../machine/model.ts";
import { EF } from "../../../machine/state.ts";
import type { Meaning, Ops, RegisterWidth } from "../../ops.ts";
import { family, ofEachVendor, type Row, row } from "../../row.ts";

const countMask = (w: RegisterWidth): number => (w === 64 ? 63 : 31);
const bitAt = <V>(o: Ops<V>, v: V, n: number): V => o.and(o.shr(v, o.imm(n)), o.imm(1));
/** CF and OF at their EFLAGS positions. */
const carryOverflow = <V>(o: Ops<V>, cf: V, of: V): V => o.or(o.and(cf, o.imm(1)), o.shl(o.and(of, o.imm(1)), o.imm(11)));

const topTwo = <V>(o: Ops<V>, v: V, w: RegisterWidth): V => o.xor(bitAt(o, v, w - 1), bitAt(o, v, w - 2));

const shifted = <V>(o: Ops<V>, vendor: Vendor, w: RegisterWidth, r: V, cf: V, of: V): void => {
  const carry = carryOverflow(o, cf, of);
  o.flags("result", w, r, vendor === "amd" ? o.or(carry, o.imm(EF.AF)) : carry);
};

type Shift = <V>(o: Ops<V>, w: RegisterWidth, a: V, n: V) => { r: V; cf: V; of: Readonly<Record<Vendor, () => V>> };
/**
 * A shift by 0 changes neither the destination (except for the zero extension of a 32-bit one) nor the flags.
 */
const shift =
  (f: Shift) =>
  (vendor: Vendor): Meaning =>
  (o, i) => {
    const n = o.let("n", o.and(o.get(1), o.imm(countMask(i.w))));
    const a = o.rmw(0);
    const { r, cf, of } = f(o, i.w, a, n);
    const result = o.let("r", o.zext(r, i.w));
    o.set(0, result);
    o.when(o.ne(n, o.imm(0)), () => shifted(o, vendor, i.w, result, cf, of[vendor]()));
  };
/** The count of a shift by one less, which gives the last bit shifted out. Irrelevant for a count of 0. */
const before = <V>(o: Ops<V>, n: V): V => o.and(o.sub(n, o.imm(1)), o.imm(63));
const shl = shift((o, w, a, n) => {
  const r = o.shl(a, n);
  const cf = bitAt(o, o.shl(a, before(o, n)), w - 1);
  return { r, cf, of: { amd: () => o.xor(cf, bitAt(o, r, w - 1)), intel: () => topTwo(o, a, w) } };
});
const shr = shift((o, w, a, n) => {
  const r = o.shr(a, n);
  return { r, cf: o.shr(a, before(o, n)), of: { amd: () => bitAt(o, r, w - 2), intel: () => bitAt(o, a, w - 1) } };
});
const sar = shift((o, w, a, n) => {
  const s = o.sext(a, w);
  return { r: o.sar(s, n), cf: o.sar(s, before(o, n)), of: { amd: () => o.imm(0), intel: () => o.imm(0) } };
});

/**
 * Rotates change only CF and OF. On Intel's processors a register rotate by an immediate other than 1 keeps
 * OF.
 */
const rotate =
  (left: boolean) =>
  (vendor: Vendor, immediate: boolean): Meaning =>
  (o, i) => {
    const w = i.w;
    const n = o.let("n", o.and(o.get(1), o.imm(countMask(w))));
    const a = o.rmw(0);
    const m = o.let("m", o.and(n, o.imm(w - 1)));
    const rest = o.and(o.sub(o.imm(w), m), o.imm(w - 1));
    const r = o.let("r", o.zext(left ? o.or(o.shl(a, m), o.shr(a, rest)) : o.or(o.shr(a, m), o.shl(a, rest)), w));
    o.set(0, r);
    o.when(o.ne(n, o.imm(0)), () => {
      const top = o.let("top", bitAt(o, r, w - 1));
      const cf = left ? bitAt(o, r, 0) : top;
      if (vendor === "amd") {
        const of = left ? o.xor(top, bitAt(o, r, 0)) : o.xor(top, bitAt(o, r, w - 2));
        return o.setFlags(EF.CF | EF.OF, carryOverflow(o, cf, of));
      }
      const both = () =>
        o.setFlags(EF.CF | EF.OF, carryOverflow(o, cf, left ? topTwo(o, a, w) : o.xor(bitAt(o, a, w - 1), bitAt(o, a, 0))));
      if (immediate && !i.memory(0)) o.when(o.eq(n, o.imm(1)), both, () => o.setFlags(EF.CF, cf));
      else both();
    });
  };

/**
 * Rotates through CF have w + 1 bits, so that 8- and 16-bit counts are taken modulo 9 and 17. A shift is done
 * in two steps, because w can be 64.
 */
const rotateCarry =
  (left: boolean) =>
  (vendor: Vendor): Meaning =>
  (o, i) => {
    const w = i.w;
    const masked = o.let("masked", o.and(o.get(1), o.imm(countMask(w))));
    const n = o.let("n", w <= 16 ? o.remU(masked, o.imm(w + 1)) : masked);
    const a = o.rmw(0);
    const c = o.flag("CF");
    const back = o.let("back", o.and(o.sub(o.imm(w), n), o.imm(63)));
    const before = o.let("before", o.and(o.sub(n, o.imm(1)), o.imm(63)));
    const rotated = left
      ? o.or(o.or(o.shl(a, n), o.shl(c, before)), o.shr(o.shr(a, o.imm(1)), back))
      : o.or(o.or(o.shr(a, n), o.shl(c, back)), o.shl(o.shl(a, o.imm(1)), back));
    const some = o.let("some", o.ne(n, o.imm(0)));
    const r = o.let("r", o.select(some, o.zext(rotated, w), a));
    o.set(0, r);
    const last = o.and(o.shr(a, left ? back : before), o.imm(1));
    // A full rotation moves nothing, but AMD's processors recompute OF.
    if (vendor === "amd")
      o.when(o.ne(masked, o.imm(0)), () => {
        const cf = o.let("cf", o.select(some, last, c));
        const of = o.xor(bitAt(o, r, w - 1), left ? cf : bitAt(o, r, w - 2));
        o.setFlags(EF.CF | EF.OF, carryOverflow(o, cf, of));
      });
    else
      o.when(some, () =>
        o.setFlags(EF.CF | EF.OF, carryOverflow(o, o.let("cf", last), left ? topTwo(o, a, w) : o.xor(c, bitAt(o, a, w - 1)))),
      );
  };

/**
 * SHLD and SHRD shift bits of the second operand in. SDM: a 16-bit operand with a count above 16 is
 * undefined. AMD's processors shift the source in a second time, and derive flags from the destination only.
 * Intel's shift the destination in again, also for flags.
 */
const double =
  (left: boolean) =>
  (vendor: Vendor): Meaning =>
  (o, i) => {
    const w = i.w;
    const n = o.let("n", o.and(o.get(2), o.imm(countMask(w))));
    const source = o.get(1);
    const a = o.rmw(0);
    const some = o.let("some", o.ne(n, o.imm(0)));
    const before = o.let("before", o.and(o.sub(n, o.imm(1)), o.imm(63)));
    /** The shifted value, and the position of the result in it. */
    let all = a;
    let from = 0;
    let moved: typeof a;
    if (w === 16) {
      const more = vendor === "amd" ? source : a;
      from = left ? 32 : 0;
      all = o.let(
        "all",
        left
          ? o.or(o.or(o.shl(a, o.imm(32)), o.shl(source, o.imm(16))), more)
          : o.or(o.or(a, o.shl(source, o.imm(16))), o.shl(more, o.imm(32))),
      );
      moved = left ? o.shr(o.shl(all, n), o.imm(from)) : o.shr(all, n);
    } else {
      const back = o.let("back", o.and(o.sub(o.imm(w), n), o.imm(63)));
      moved = left ? o.or(o.shl(a, n), o.shr(source, back)) : o.or(o.shr(a, n), o.shl(source, back));
    }
    const r = o.let("r", o.select(some, o.zext(moved, w), a));
    o.set(0, r);
    o.when(some, () => {
      if (vendor === "intel") {
        const cf = left ? bitAt(o, o.shl(all, before), from + w - 1) : o.shr(all, before);
        return shifted(o, vendor, w, r, cf, left ? topTwo(o, a, w) : o.xor(bitAt(o, a, w - 1), bitAt(o, source, 0)));
      }
      const last = o.let("last", left ? o.shl(a, before) : o.shr(a, before));
      const cf = left ? bitAt(o, last, w - 1) : last;
      const of = left ? o.xor(cf, bitAt(o, o.shl(last, o.imm(1)), w - 1)) : o.xor(bitAt(o, r, w - 1), bitAt(o, r, w - 2));
      shifted(o, vendor, w, r, cf, of);
    });
  };

const group = [
  [0, "rol", rotate(true)],
  [1, "ror", rotate(false)],
  [2, "rcl", rotateCarry(true)],
  [3, "rcr", rotateCarry(false)],
  [4, "shl", shl],
  [5, "shr", shr],
  [6, "shl", shl], // not in the SDM; AMD APM Vol. 3 Table A-6 has it
  [7, "sar", sar],
] as const;

const doubles = [
  ["shld", "A4", "A5", double(true)],
  ["shrd", "AC", "AD", double(false)],
] as const;

const of = (vendor: Vendor): readonly Row[] => [
  ...group.flatMap(([n, name, does]) => [
    row(name, `C0 /${n} Eb,Ib`, does(vendor, true)),
    row(name, `C1 /${n} Ev,Ib`, does(vendor, true)),
    row(name, `D0 /${n} Eb,1`, does(vendor, false)),
    row(name, `D1 /${n} Ev,1`, does(vendor, false)),
    row(name, `D2 /${n} Eb,CL`, does(vendor, false)),
    row(name, `D3 /${n} Ev,CL`, does(vendor, false)),
  ]),
  ...doubles.flatMap(([name, immediate, byCl, does]) => [
    row(name, `0F ${immediate} Ev,Gv,Ib`, does(vendor)),
    row(name, `0F ${byCl} Ev,Gv,CL`, does(vendor)),
  ]),
];
/** The rows of shifts and rotates. */
export const shifts = family(() => ofEachVendor(of));
