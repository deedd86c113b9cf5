// Shifts and rotates. SDM Vol. 2: SAL/SAR/SHL/SHR, RCL/RCR/ROL/ROR, SHLD, SHRD. Group 2.
import type { Meaning, Ops, Width } from "../ops.ts";
import { family, row } from "../row.ts";
import { EF } from "../state.ts";

const countMask = (w: Width): number => (w === 64 ? 63 : 31);
const bitAt = <V>(o: Ops<V>, v: V, n: number): V => o.and(o.shr(v, o.imm(n)), o.imm(1));
/** CF and OF in their EFLAGS places. */
const carryOverflow = <V>(o: Ops<V>, cf: V, of: V): V => o.or(o.and(cf, o.imm(1)), o.shl(o.and(of, o.imm(1)), o.imm(11)));

/** After a shift AF is set (AMD; SDM: undefined). */
const shifted = <V>(o: Ops<V>, w: Width, r: V, cf: V, of: V): void => o.flags("result", w, r, o.or(carryOverflow(o, cf, of), o.imm(EF.AF)));

/** A shift whose count is 0 leaves the destination (but for the zero extension of a 32-bit one) and the flags alone. */
const shift =
  (f: <V>(o: Ops<V>, w: Width, a: V, n: V) => { r: V; cf: V; of: V }): Meaning =>
  (o, i) => {
    const n = o.let("n", o.and(o.get(1), o.imm(countMask(i.w))));
    const a = o.rmw(0);
    const { r, cf, of } = f(o, i.w, a, n);
    const result = o.let("r", o.zext(r, i.w));
    o.set(0, result);
    o.when(o.ne(n, o.imm(0)), () => shifted(o, i.w, result, cf, of));
  };
/** The last bit out: of one shift less, which for a count of 0 does not matter. */
const before = <V>(o: Ops<V>, n: V): V => o.and(o.sub(n, o.imm(1)), o.imm(63));
const shl = shift((o, w, a, n) => {
  const r = o.shl(a, n);
  const cf = bitAt(o, o.shl(a, before(o, n)), w - 1);
  return { r, cf, of: o.xor(cf, bitAt(o, r, w - 1)) };
});
const shr = shift((o, w, a, n) => {
  const r = o.shr(a, n);
  return { r, cf: o.shr(a, before(o, n)), of: bitAt(o, r, w - 2) };
});
const sar = shift((o, w, a, n) => {
  const s = o.sext(a, w);
  return { r: o.sar(s, n), cf: o.sar(s, before(o, n)), of: o.imm(0) };
});

/** Rotates change CF and OF only. OF is defined for a count of 1; this processor computes it the same way for all. */
const rotate =
  (left: boolean): Meaning =>
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
      const of = left ? o.xor(top, bitAt(o, r, 0)) : o.xor(top, bitAt(o, r, w - 2));
      o.setFlags(EF.CF | EF.OF, carryOverflow(o, cf, of));
    });
  };

/** Rotates through CF: w + 1 bits, so that 8- and 16-bit counts are taken modulo 9 and 17. Shifts are in two parts, since w can be 64. */
const rotateCarry =
  (left: boolean): Meaning =>
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
    // A whole turn moves nothing, yet OF is computed anew (AMD; SDM: undefined for counts other than 1).
    o.when(o.ne(masked, o.imm(0)), () => {
      const cf = o.let("cf", o.select(some, o.and(o.shr(a, left ? back : before), o.imm(1)), c));
      const of = o.xor(bitAt(o, r, w - 1), left ? cf : bitAt(o, r, w - 2));
      o.setFlags(EF.CF | EF.OF, carryOverflow(o, cf, of));
    });
  };

/**
 * SHLD and SHRD: bits come in from the second operand. SDM: with a 16-bit operand and a count above 16 everything is undefined, as is
 * OF for counts other than 1; here is what AMD processors do: the source comes in twice, flags look at the destination only.
 */
const double =
  (left: boolean): Meaning =>
  (o, i) => {
    const w = i.w;
    const n = o.let("n", o.and(o.get(2), o.imm(countMask(w))));
    const source = o.get(1);
    const a = o.rmw(0);
    const some = o.let("some", o.ne(n, o.imm(0)));
    const before = o.let("before", o.and(o.sub(n, o.imm(1)), o.imm(63)));
    let moved: typeof a;
    if (w === 16) {
      const twice = o.or(source, o.shl(source, o.imm(16)));
      moved = left ? o.shr(o.shl(o.or(o.shl(a, o.imm(32)), twice), n), o.imm(32)) : o.shr(o.or(a, o.shl(twice, o.imm(16))), n);
    } else {
      const back = o.let("back", o.and(o.sub(o.imm(w), n), o.imm(63)));
      moved = left ? o.or(o.shl(a, n), o.shr(source, back)) : o.or(o.shr(a, n), o.shl(source, back));
    }
    const r = o.let("r", o.select(some, o.zext(moved, w), a));
    o.set(0, r);
    o.when(some, () => {
      const last = o.let("last", left ? o.shl(a, before) : o.shr(a, before));
      const cf = left ? bitAt(o, last, w - 1) : last;
      const of = left ? o.xor(cf, bitAt(o, o.shl(last, o.imm(1)), w - 1)) : o.xor(bitAt(o, r, w - 1), bitAt(o, r, w - 2));
      shifted(o, w, r, cf, of);
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

export const shifts = family(() => [
  ...group.flatMap(([n, name, does]) => [
    row(name, `C0 /${n} Eb,Ib`, does),
    row(name, `C1 /${n} Ev,Ib`, does),
    row(name, `D0 /${n} Eb,1`, does),
    row(name, `D1 /${n} Ev,1`, does),
    row(name, `D2 /${n} Eb,CL`, does),
    row(name, `D3 /${n} Ev,CL`, does),
  ]),
  ...doubles.flatMap(([name, immediate, byCl, does]) => [
    row(name, `0F ${immediate} Ev,Gv,Ib`, does),
    row(name, `0F ${byCl} Ev,Gv,CL`, does),
  ]),
]);
