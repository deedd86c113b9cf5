// The six status flags as functions of the last result. SDM Vol. 1 3.4.3.1. All readers use these
// definitions: the oracle at once, generated code when a flag is read. Values are sign-extended to 64 bits,
// so that no formula depends on the width.

import { EF } from "../machine/state.ts";
import type { Flag, FlagKind, Ops } from "./ops.ts";

/**
 * The kinds of lazy flags. ZF is r == 0 in all of them. In "split" SF and PF follow from b; CF, OF and AF are
 * in the word a at their EFLAGS positions. "split" can express every combination, and a change of some flags
 * keeps the others without computing them. "logic" is r compared with 0, without a and b.
 */
export type LazyFlagKind = Exclude<FlagKind, "result" | "word" | "order"> | "split" | "logic";
/** Codes of the kinds in the state page. */
export const kindCode: Record<LazyFlagKind, number> = { add: 0, sub: 1, sbb: 2, inc: 3, dec: 4, split: 5, logic: 6 };
/** The kinds in the order of their codes. */
export const kindNames = Object.keys(kindCode) as readonly LazyFlagKind[];

/** The part of the vocabulary without effects. */
export type Pure<V> = Pick<
  Ops<V>,
  | "imm"
  | "add"
  | "sub"
  | "and"
  | "or"
  | "xor"
  | "not"
  | "shl"
  | "shr"
  | "zext"
  | "eq"
  | "ne"
  | "ltS"
  | "ltU"
  | "leS"
  | "leU"
  | "popcnt"
  | "select"
>;
type Rule = <V>(o: Pure<V>, r: V, a: V, b: V) => V;

const top = <V>(o: Pure<V>, v: V): V => o.ltS(v, o.imm(0));
const bit =
  (n: number): Rule =>
  (o, r) =>
    o.and(o.shr(r, o.imm(n)), o.imm(1));
const bitOfA =
  (n: number): Rule =>
  (o, _r, a) =>
    o.and(o.shr(a, o.imm(n)), o.imm(1));
/** The EFLAGS bit of each status flag. */
export const flagBit: Record<Flag, number> = { CF: EF.CF, PF: EF.PF, AF: EF.AF, ZF: EF.ZF, SF: EF.SF, OF: EF.OF };
const at: Record<Flag, number> = { CF: 0, PF: 2, AF: 4, ZF: 6, SF: 7, OF: 11 };

/** Carries out of and into the bits of r = a + b (+ carry); the same for borrows. Hacker's Delight 2-13. */
const carry: Rule = (o, r, a, b) => top(o, o.or(o.and(a, b), o.and(o.or(a, b), o.not(r))));
const borrow: Rule = (o, r, a, b) => top(o, o.or(o.and(o.not(a), b), o.and(o.or(o.not(a), b), r)));
const half: Rule = (o, r, a, b) => bit(4)(o, o.xor(o.xor(a, b), r), a, b);
const zero: Rule = (o, r) => o.eq(r, o.imm(0));
const sign: Rule = (o, r) => top(o, r);
const parity: Rule = (o, r) => o.xor(o.and(o.popcnt(o.zext(r, 8)), o.imm(1)), o.imm(1));
const fromResult = { ZF: zero, SF: sign, PF: parity };
/** For inc and dec, a is the operand and b the previous carry flag. */
const kept: Rule = (_o, _r, _a, b) => b;

const clear: Rule = (o) => o.imm(0);

const difference: Record<Flag, Rule> = { ...fromResult, CF: borrow, AF: half, OF: (o, r, a, b) => top(o, o.and(o.xor(a, b), o.xor(a, r))) };

/** The rules of each kind: a flag as a function of r, a and b. */
export const rules: Record<LazyFlagKind, Record<Flag, Rule>> = {
  add: { ...fromResult, CF: carry, AF: half, OF: (o, r, a, b) => top(o, o.and(o.xor(a, r), o.xor(b, r))) },
  sub: difference,
  sbb: difference,
  inc: { ...fromResult, CF: kept, AF: (o, r, a) => bit(4)(o, o.xor(a, r), a, a), OF: (o, r, a) => top(o, o.and(o.not(a), r)) },
  dec: { ...fromResult, CF: kept, AF: (o, r, a) => bit(4)(o, o.xor(a, r), a, a), OF: (o, r, a) => top(o, o.and(a, o.not(r))) },
  split: {
    ZF: zero,
    SF: (o, _r, _a, b) => top(o, b),
    PF: (o, _r, a, b) => parity(o, b, a, b),
    CF: bitOfA(at.CF),
    AF: bitOfA(at.AF),
    OF: bitOfA(at.OF),
  },
  logic: { ...fromResult, CF: clear, AF: clear, OF: clear },
};

/** The r of "split" for a word of flags: 0 if ZF is set. */
export const zeroSource = <V>(o: Pure<V>, word: V): V => o.xor(bit(at.ZF)(o, word, word, word), o.imm(1));
/**
 * The b of "split" for a word of flags: SF as sign, odd parity if PF is clear. It has few bits plus the sign.
 */
export const signParitySource = <V>(o: Pure<V>, word: V): V =>
  o.or(o.shl(o.sub(o.imm(0), bit(at.SF)(o, word, word, word)), o.imm(8)), o.xor(bit(at.PF)(o, word, word, word), o.imm(1)));

/** The reader's side of a change of flags: the current lazy flags, and the destination of the new ones. */
export interface LazyFlags<V> {
  readonly r: V;
  /** The current source of SF and PF: r, or b if the kind is "split". */
  readonly signParity: V;
  flag(f: Flag): V;
  keep(r: V, a: V, b: V): void;
}
/** Sets the flags in `mask` to those of `word` and keeps the others. */
export const change = <V>(o: Pure<V>, mask: number, word: V, old: LazyFlags<V>): void => {
  const others = (["CF", "AF", "OF"] as const).filter((f) => !(mask & flagBit[f]));
  const a = others.map((f) => o.shl(old.flag(f), o.imm(at[f]))).reduce((x, y) => o.or(x, y), o.and(word, o.imm(mask)));
  const sp = mask & (EF.SF | EF.PF);
  const whole = (f: "SF" | "PF") => o.and(mask & flagBit[f] ? word : o.shl(old.flag(f), o.imm(at[f])), o.imm(flagBit[f]));
  const b = sp === 0 ? old.signParity : signParitySource(o, sp === (EF.SF | EF.PF) ? word : o.or(whole("SF"), whole("PF")));
  old.keep(mask & EF.ZF ? zeroSource(o, word) : old.r, a, b);
};

/** The word of all six flags at their EFLAGS positions. */
export const assemble = <V>(o: Pure<V>, flag: (f: Flag) => V): V =>
  (Object.keys(at) as Flag[]).map((f) => o.shl(flag(f), o.imm(at[f]))).reduce((x, y) => o.or(x, y));

/** A condition code. SDM Vol. 1 appendix B. The odd code is the even one's negation. */
export const condition = <V>(o: Pure<V>, cc: number, flag: (f: Flag) => V): V => {
  const less = () => o.xor(flag("SF"), flag("OF"));
  const even = [
    () => flag("OF"),
    () => flag("CF"),
    () => flag("ZF"),
    () => o.or(flag("CF"), flag("ZF")),
    () => flag("SF"),
    () => flag("PF"),
    less,
    () => o.or(flag("ZF"), less()),
  ][cc >> 1]!();
  return cc & 1 ? o.xor(even, o.imm(1)) : even;
};
/** The same from the operands of a comparison (kind "sub"), if that is one comparison; else undefined. */
export const compared = <V>(o: Pure<V>, cc: number, r: V, a: V, b: V): V | undefined => {
  switch (cc) {
    case 2:
      return o.ltU(a, b);
    case 3:
      return o.leU(b, a);
    case 4:
      return o.eq(r, o.imm(0));
    case 5:
      return o.ne(r, o.imm(0));
    case 6:
      return o.leU(a, b);
    case 7:
      return o.ltU(b, a);
    case 8:
      return o.ltS(r, o.imm(0));
    case 9:
      return o.leS(o.imm(0), r);
    case 12:
      return o.ltS(a, b);
    case 13:
      return o.leS(b, a);
    case 14:
      return o.leS(a, b);
    case 15:
      return o.ltS(b, a);
    default:
      return undefined;
  }
};
