// FPATAN: the angle of the point (x, y) = (ST(0), ST(1)), in all four quadrants. SDM Vol. 2A Table 3-32.
import { denormalTrap, exponent, isInfinite, normalize, settleNaNs } from "../classify";
import { setRaised, setResult } from "../result";
import { control, deliver, isEmpty, signExponentAt, significandAt, st, underflow } from "../stack";
import { low, multiply } from "../wide";
import { ATAN, ATAN_TERMS, ODD, PI_HI, PI_LO } from "./constants";
import { transcendental_intel } from "./trigonometry";
import { divideNumbers, exp, fraction, growNumber, hi, lo, multiplyFractions, roundNumber, series, setNumber, shiftRight } from "./fixed";

/** From this quotient on, Intel returns the quotient as the angle: see transcendental_intel. */
const SMALL_QUOTIENT = -41;

/** FPATAN: the angle of the point (ST(0), ST(1)), then a pop. */
export function fpatan(): void {
  if (isEmpty(0) || isEmpty(1)) return underflow(1, true);
  const x = st(0);
  const y = st(1);
  angle(significandAt(y), signExponentAt(y), significandAt(x), signExponentAt(x));
  deliver(1, true);
}

function angle(yM: u64, ySe: i32, xM: u64, xSe: i32): void {
  setRaised(0);
  if (settleNaNs(xM, xSe, yM, ySe)) return;
  const sign = ySe & 0x8000;
  const left = (xSe & 0x8000) != 0;
  if (denormalTrap(xM, xSe, yM, ySe, control())) return;
  const yInfinite = isInfinite(yM, ySe);
  const xInfinite = isInfinite(xM, xSe);
  // The axes and the diagonals at infinity, in quarters of pi.
  if (yInfinite) return quarters(sign, xInfinite ? (left ? 3 : 1) : 2);
  if (xInfinite || yM == 0) return left ? quarters(sign, 4) : setResult(0, sign);
  if (xM == 0) return quarters(sign, 2);

  const y = normalize(yM);
  const x = normalize(xM);
  const yExp = exponent(yM, ySe);
  const xExp = exponent(xM, xSe);
  const steep = yExp > xExp || (yExp == xExp && y > x);
  if (transcendental_intel != 0 && !steep && !left) {
    divideNumbers(y, 0, yExp, x, 0, xExp);
    if (exp <= SMALL_QUOTIENT) return roundNumber(sign != 0, true);
  }
  // The angle to the nearer axis, then from that axis.
  if (steep) acute(x, xExp, y, yExp);
  else acute(y, yExp, x, xExp);
  if (steep) from(2, !left);
  else if (left) from(4, true);
  roundNumber(sign != 0);
}

/** k quarters of pi, rounded. */
function quarters(sign: i32, k: i32): void {
  turn(k);
  roundNumber(sign != 0);
}

/** k quarters of pi, with 128 bits. */
function turn(k: i32): void {
  setNumber(PI_HI, PI_LO, k == 1 ? -1 : k == 4 ? 1 : 0);
  // 3/4 is 1/2 and half of it.
  if (k == 3) growNumber(0x8000000000000000, 0, false);
}

/** The number a, at most pi/4, becomes k quarters of pi minus it, or plus it. */
function from(k: i32, minus: bool): void {
  const aHi = hi;
  const aLo = lo;
  const aExp = exp;
  turn(k);
  const part = shiftRight(aHi, aLo, exp - aExp);
  const partLo = low | 1;
  if (minus) {
    setNumber(hi - part - u64(lo < partLo), lo - partLo, exp);
    return;
  }
  const sum = lo + partLo;
  const top = hi + part + u64(sum < partLo);
  if (<i64>top < 0) setNumber(top, sum, exp);
  else setNumber((top >>> 1) | 0x8000000000000000, (sum >>> 1) | (top << 63), exp + 1);
}

/** atan(n / d) for n <= d: with c the nearest eighth to n / d, atan c + atan((n - c d) / (d + c n)). */
function acute(n: u64, nExp: i32, d: u64, dExp: i32): void {
  const distance = dExp - nExp;
  const c = distance > 4 ? 0 : <u64>Math.round(<f64>n / <f64>d * 8.0 / <f64>(1 << distance));
  if (c == 0) {
    divideNumbers(n, 0, nExp, d, 0, dExp);
    return smallArctangent();
  }
  // 8n - cd and 8d + cn in units of d's last place / 2^60: exact.
  const n8 = n >>> (1 + distance);
  const n8Lo = n << (63 - distance);
  const cd = c * (d >>> 4);
  const cdHi = cd + (c * (d & 15) >>> 4);
  const cdLo = c * (d & 15) << 60;
  const minus = n8 < cdHi || (n8 == cdHi && n8Lo < cdLo);
  const topLo = minus ? cdLo - n8Lo : n8Lo - cdLo;
  const top = minus ? cdHi - n8 - u64(cdLo < n8Lo) : n8 - cdHi - u64(n8Lo < cdLo);
  const table = ATAN + (<usize>c << 4);
  if ((top | topLo) == 0) return setNumber(load<u64>(table), load<u64>(table, 8), -1);
  const nHi = n >>> (4 + distance);
  const nLo = n << (60 - distance);
  const cn = multiply(c, nLo);
  const cnLo = low;
  const bottomLo = cnLo + (d << 63);
  const bottom = (d >>> 1) + c * nHi + cn + u64(bottomLo < cnLo);
  setNumber(bottom, bottomLo, 0);
  const dHi = hi;
  const dLo = lo;
  const bottomExp = exp;
  setNumber(top, topLo, 0);
  divideNumbers(hi, lo, exp, dHi, dLo, bottomExp);
  smallArctangent();
  const part = fraction();
  const sum = load<u64>(table, 8) + (minus ? <u64>0 - low : low);
  if (minus) setNumber(load<u64>(table) - part - u64(load<u64>(table, 8) < low), sum, -1);
  else setNumber(load<u64>(table) + part + u64(sum < low), sum, -1);
}

/** atan of the number, at most 1/16: s - s^3 (1/3 - s^2 (1/5 - …)). */
function smallArctangent(): void {
  const f = fraction();
  const fLo = low;
  const z = multiplyFractions(f, fLo, f, fLo);
  const zLo = low;
  const part = series(ODD, ATAN_TERMS, z, zLo, true);
  growNumber(multiplyFractions(part, low, z, zLo), low, true);
}
