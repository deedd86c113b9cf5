// FPREM and FPREM1. SDM Vol. 2A. The length of one partial step is the processor's choice.
import { denormalTrap, exponent, isInfinite, isZero, normalize, settleNaNs } from "./classify";
import { C0, C1, C2, C3, CODES } from "./flags";
import { invalid, raise, setRaised, setResult } from "./result";
import { roundExtended } from "./round";
import { control, deliver, isEmpty, setStatus, signExponentAt, significandAt, st, status, underflow } from "./stack";
import { divide, low } from "./wide";

/** FPREM: the quotient is rounded toward zero. */
export function fprem(): void { partial(false); }
/** FPREM1: the quotient is rounded to the nearest integer, as IEEE 754 requires. */
export function fprem1(): void { partial(true); }

function partial(nearest: bool): void {
  setStatus(status() & ~C2);
  if (isEmpty(0) || isEmpty(1)) return underflow(0, false);
  const a = st(0);
  const b = st(1);
  remainder(significandAt(a), signExponentAt(a), significandAt(b), signExponentAt(b), nearest);
  deliver(0, false);
}

function quotientCodes(q: u64): void {
  setStatus(status() & ~CODES | (q & 1 ? C1 : 0) | (q & 2 ? C3 : 0) | (q & 4 ? C0 : 0));
  raise(q & 1 ? C1 : 0);
}

function remainder(aM: u64, aSe: i32, bM: u64, bSe: i32, nearest: bool): void {
  setRaised(0);
  if (settleNaNs(aM, aSe, bM, bSe)) return;
  if (isInfinite(aM, aSe) || isZero(bM, bSe)) return invalid();
  if (denormalTrap(aM, aSe, bM, bSe, control())) return;
  if (isZero(aM, aSe) || isInfinite(bM, bSe)) {
    quotientCodes(0);
    if (aM == 0) return setResult(aM, aSe);
    return roundExtended(aSe & 0x8000, exponent(aM, aSe), normalize(aM), 0);
  }
  const sign = aSe & 0x8000;
  const d = normalize(bM);
  const bExp = exponent(bM, bSe);
  const distance = exponent(aM, aSe) - bExp;
  if (distance < 0) return smaller(sign, normalize(aM), distance, d, bExp, nearest);
  // A step computes up to 63 quotient bits. A partial step leaves a multiple of 32 bits (AMD and Intel
  // alike).
  const complete = distance < 64;
  const bits = complete ? distance : 32 | (distance & 31);
  let r = normalize(aM);
  let q: u64 = 0;
  if (r >= d) { r -= d; q = 1; }
  if (bits != 0) {
    q = (q << bits) + divide(r >>> (64 - bits), r << bits, d);
    r = low;
  }
  if (!complete) {
    setStatus((status() & ~CODES) | C2);
    return finish(sign, bExp + distance - bits, r);
  }
  const flip = nearest && (r > d - r || (r == d - r && (q & 1) != 0));
  quotientCodes(q + u64(flip));
  finish(flip ? sign ^ 0x8000 : sign, bExp, flip ? d - r : r);
}

/** |a| < 2^bExp: the quotient is 0, or for FPREM1 also 1 if a is more than half of b. */
function smaller(sign: i32, m: u64, distance: i32, d: u64, bExp: i32, nearest: bool): void {
  const flip = nearest && distance == -1 && m > d;
  quotientCodes(u64(flip));
  finish(flip ? sign ^ 0x8000 : sign, bExp + distance, flip ? (d << 1) - m : m);
}

function finish(sign: i32, exp: i32, m: u64): void {
  if (m == 0) return setResult(0, sign);
  roundExtended(sign, exp - <i32>clz(m), normalize(m), 0);
}
