// Multiplication and division. SDM Vol. 2: MUL IMUL DIV IDIV; group 3.
import type { Vendor } from "../../../machine/model.ts";
import { EF, R, vector } from "../../../machine/state.ts";
import type { Form, Meaning, Ops, RegisterWidth } from "../../ops.ts";
import { family, ofEachVendor, type Row, row } from "../../row.ts";

/**
 * CF and OF are set if the upper half is significant. The SDM leaves the others undefined: unchanged on AMD's
 * processors; on Intel's SF and PF are the lower half's.
 */
const setOverflow = <V>(o: Ops<V>, vendor: Vendor, w: RegisterWidth, low: V, c: V): void => {
  const carry = o.select(c, o.imm(EF.CF | EF.OF), o.imm(0));
  if (vendor === "amd") return o.setFlags(EF.CF | EF.OF, carry);
  const sign = o.shl(o.and(o.shr(low, o.imm(w - 1)), o.imm(1)), o.imm(7));
  const parity = o.select(o.and(o.popcnt(o.and(low, o.imm(0xff))), o.imm(1)), o.imm(0), o.imm(EF.PF));
  o.flags("word", 64, o.let("f", o.or(carry, o.or(sign, parity))));
};

/** Halves of the double-width product or dividend: ah:al, dx:ax, edx:eax, rdx:rax. */
const setPair = <V>(o: Ops<V>, w: RegisterWidth, high: V, low: V): void => {
  if (w === 8) return o.setReg(R.ax, 16, o.or(o.shl(o.zext(high, 8), o.imm(8)), o.zext(low, 8)));
  o.setReg(R.ax, w, o.zext(low, w));
  o.setReg(R.dx, w, o.zext(high, w));
};

const mul =
  (vendor: Vendor): Meaning =>
  (o, i) => {
    const { w } = i;
    const a = o.reg(R.ax, w);
    const b = o.get(0);
    const low = o.let("p", o.mul(a, b));
    const high = w === 64 ? o.mulHighU(a, b) : o.let("h", o.shr(low, o.imm(w)));
    setPair(o, w, high, low);
    setOverflow(o, vendor, w, low, o.ne(high, o.imm(0)));
  };
/** The signed product; `exceeds` is nonzero if it needs more than w bits. */
const signed = <V>(o: Ops<V>, w: RegisterWidth, a: V, b: V): { low: V; high: V; exceeds: V } => {
  const x = o.sext(a, w);
  const y = o.sext(b, w);
  const low = o.let("p", o.mul(x, y));
  if (w === 64) {
    const high = o.let("h", o.mulHighS(a, b));
    return { low, high, exceeds: o.ne(high, o.sar(low, o.imm(63))) };
  }
  return { low, high: o.sar(low, o.imm(w)), exceeds: o.ne(o.sext(low, w), low) };
};
const imul =
  (vendor: Vendor): Meaning =>
  (o, i) => {
    const { low, high, exceeds } = signed(o, i.w, o.reg(R.ax, i.w), o.get(0));
    const c = o.let("c", exceeds);
    setPair(o, i.w, high, low);
    setOverflow(o, vendor, i.w, low, c);
  };
const imulTo =
  (vendor: Vendor, first: 0 | 1): Meaning =>
  (o, i) => {
    const a = o.get(first);
    const b = o.get(first + 1);
    const { low, exceeds } = signed(o, i.w, a, b);
    // A second product, because the flags are often not read, and this one is no wider than the operands.
    o.set(0, o.zext(o.mul(a, b), i.w));
    setOverflow(o, vendor, i.w, low, exceeds);
  };

/**
 * A digit of long division in base 2^32: the estimate, corrected at most twice. Hacker's Delight 9-5, D.
 * Knuth 4.3.1 D.
 */
const digit = <V>(o: Ops<V>, upper: V, next: V, dHigh: V, dLow: V): V => {
  const base = o.imm(0x1_0000_0000n);
  let q = o.let("q", o.divU(upper, dHigh));
  let rest = o.let("rest", o.sub(upper, o.mul(q, dHigh)));
  for (let n = 0; n < 2; n++) {
    const small = o.ltU(rest, base);
    const large = o.or(o.leU(base, q), o.ltU(o.or(o.shl(rest, o.imm(32)), next), o.mul(q, dLow)));
    const over = o.let("over", o.and(small, large));
    q = o.let("q", o.select(over, o.sub(q, o.imm(1)), q));
    rest = o.let("rest", o.select(over, o.add(rest, dHigh), rest));
  }
  return q;
};
/** high:low / d for high < d, all of 64 bits. */
const divideWide = <V>(o: Ops<V>, high: V, low: V, divisor: V): { quotient: V; remainder: V } => {
  const shift = o.let("shift", o.clz(divisor));
  const d = o.let("d", o.shl(divisor, shift));
  const dHigh = o.let("dh", o.shr(d, o.imm(32)));
  const dLow = o.let("dl", o.zext(d, 32));
  const upper = o.let("u", o.or(o.shl(high, shift), o.shr(o.shr(low, o.imm(1)), o.sub(o.imm(63), shift))));
  const lower = o.let("l", o.shl(low, shift));
  const next = o.let("n", o.shr(lower, o.imm(32)));
  const last = o.let("last", o.zext(lower, 32));
  const q1 = digit(o, upper, next, dHigh, dLow);
  const middle = o.let("m", o.sub(o.or(o.shl(upper, o.imm(32)), next), o.mul(q1, d)));
  const q0 = digit(o, middle, last, dHigh, dLow);
  const remainder = o.shr(o.sub(o.or(o.shl(middle, o.imm(32)), last), o.mul(q0, d)), shift);
  return { quotient: o.let("q", o.add(o.shl(q1, o.imm(32)), q0)), remainder: o.let("r", remainder) };
};

/** The dividend: one value of up to 64 bits, or two. */
const dividend = <V>(o: Ops<V>, i: Form): { high: V; low: V } =>
  i.w === 8 ? { high: o.reg(R.ax, 16), low: o.reg(R.ax, 16) } : { high: o.reg(R.dx, i.w), low: o.reg(R.ax, i.w) };
const joined = <V>(o: Ops<V>, i: Form, high: V, low: V): V => (i.w === 8 ? low : o.let("n", o.or(o.shl(high, o.imm(i.w)), low)));

const divideError = <V>(o: Ops<V>, c: V): void => o.when(c, () => o.fault(vector.DE));

/** The SDM leaves all flags undefined after a division. AMD's processors set these; Intel's change none. */
const setDivided = <V>(o: Ops<V>, vendor: Vendor): void => {
  if (vendor === "amd") o.setFlags(EF.SF | EF.ZF | EF.PF | EF.AF, o.imm(EF.AF));
};

const div =
  (vendor: Vendor): Meaning =>
  (o, i) => {
    const d = o.get(0);
    const { high, low } = dividend(o, i);
    if (i.w === 64) {
      divideError(o, o.leU(d, high));
      o.when(
        o.eq(high, o.imm(0)),
        () => {
          o.setReg(R.dx, 64, o.let("r", o.remU(low, d)));
          o.setReg(R.ax, 64, o.divU(low, d));
        },
        () => {
          const { quotient, remainder } = divideWide(o, high, low, d);
          setPair(o, 64, remainder, quotient);
        },
      );
      return setDivided(o, vendor);
    }
    const n = joined(o, i, high, low);
    divideError(o, o.leU(d, i.w === 8 ? o.shr(n, o.imm(8)) : high));
    setPair(o, i.w, o.let("r", o.remU(n, d)), o.let("q", o.divU(n, d)));
    setDivided(o, vendor);
  };

const magnitude = <V>(o: Ops<V>, v: V): V => o.let("abs", o.select(o.ltS(v, o.imm(0)), o.sub(o.imm(0), v), v));
const negateIf = <V>(o: Ops<V>, c: V, v: V): V => o.select(c, o.sub(o.imm(0), v), v);

const idiv =
  (vendor: Vendor): Meaning =>
  (o, i) => {
    const { w } = i;
    const raw = o.get(0);
    divideError(o, o.eq(raw, o.imm(0)));
    const d = o.let("d", o.sext(raw, w));
    const { high, low } = dividend(o, i);
    if (w === 64) {
      const negative = o.let("neg", o.ltS(high, o.imm(0)));
      const absLow = o.let("al", negateIf(o, negative, low));
      const absHigh = o.let(
        "ah",
        o.select(negative, o.sub(o.not(high), o.sub(o.select(o.eq(low, o.imm(0)), o.imm(0), o.imm(1)), o.imm(1))), high),
      );
      const absD = magnitude(o, d);
      divideError(o, o.leU(absD, absHigh));
      const { quotient, remainder } = divideWide(o, absHigh, absLow, absD);
      const negativeQuotient = o.let("nq", o.ltS(o.xor(high, d), o.imm(0)));
      const most = o.select(negativeQuotient, o.imm(1n << 63n), o.imm((1n << 63n) - 1n));
      divideError(o, o.ltU(most, quotient));
      setPair(o, 64, o.let("r", negateIf(o, negative, remainder)), o.let("q", negateIf(o, negativeQuotient, quotient)));
      return setDivided(o, vendor);
    }
    const n = o.let("n", o.sext(joined(o, i, high, low), w * 2));
    // The one quotient that exceeds 64 bits would trap in generated code.
    if (w === 32) divideError(o, o.and(o.eq(n, o.imm(1n << 63n)), o.eq(d, o.imm(-1))));
    const q = o.let("q", o.divS(n, d));
    divideError(o, o.ne(o.sext(q, w), q));
    setPair(o, w, o.let("r", o.remS(n, d)), q);
    setDivided(o, vendor);
  };

const of = (vendor: Vendor): readonly Row[] => [
  row("mul", "F6 /4 Eb", mul(vendor)),
  row("mul", "F7 /4 Ev", mul(vendor)),
  row("imul", "F6 /5 Eb", imul(vendor)),
  row("imul", "F7 /5 Ev", imul(vendor)),
  row("div", "F6 /6 Eb", div(vendor)),
  row("div", "F7 /6 Ev", div(vendor)),
  row("idiv", "F6 /7 Eb", idiv(vendor)),
  row("idiv", "F7 /7 Ev", idiv(vendor)),
  row("imul", "0F AF Gv,Ev", imulTo(vendor, 0)),
  row("imul", "69 Gv,Ev,Iz", imulTo(vendor, 1)),
  row("imul", "6B Gv,Ev,sb", imulTo(vendor, 1)),
];
/** The rows of multiplication and division. */
export const multiply = family(() => ofEachVendor(of));
