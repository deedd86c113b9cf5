// ADD, SUB, MUL, DIV, SQRT, MIN, MAX of one lane. WebAssembly's result is used if it is known to be complete
// (`plain`); else integer arithmetic gives the exact one. SDM Vol. 2A and Vol. 1 Table 4-7, SSE column: a NaN
// result is the first NaN operand, quieted.
import { addFinite, overFinite, rootFinite, timesFinite, zeroSum } from "../finite";
import { DE, IE, ZE } from "../flags";
import { raise, setResult, significand as resultBits } from "../result";
import {
  bias, bits, defaultNaN, exponent, field, infinity, isInfinity, isNegative, isNotANumber, isOrdinary, isSignalingNaN, isSubnormal, magnitude, quietBit,
  sign, signBit, significand, value,
} from "./format";
import { begin, denormalsAreZero, end, plain } from "./round";

/** True if an operand is a NaN, which decides the result. */
export function settleNaNs<F>(a: u64, b: u64): bool {
  const aNaN = isNotANumber<F>(a);
  if (!aNaN && !isNotANumber<F>(b)) return false;
  if (isSignalingNaN<F>(a) || isSignalingNaN<F>(b)) raise(IE);
  setResult((aNaN ? a : b) | quietBit<F>(), 0);
  return true;
}

/** An operand as the instruction sees it: subnormals are zeros under DAZ. */
// @ts-ignore: decorator
@inline export function seen<F>(a: u64): u64 { return isSubnormal<F>(a) && denormalsAreZero() ? a & signBit<F>() : a; }

/** A number that is not subnormal, or zero. */
// @ts-ignore: decorator
@inline function isTame<F>(a: u64): bool { return isOrdinary<F>(a) || magnitude<F>(a) == 0; }

/** DE for an operand that is subnormal. */
// @ts-ignore: decorator
@inline export function noteSubnormal<F>(a: u64): void { if (isSubnormal<F>(a)) raise(DE); }

function invalid<F>(): u64 {
  raise(IE);
  return defaultNaN<F>();
}

/** a + b, or with `flip` the sign bit a - b (a NaN b is not negated). */
export function add<F>(a: u64, b: u64, flip: u64): u64 {
  if (plain() && isTame<F>(a) && isTame<F>(b)) {
    const r = bits<F>(value<F>(a) + value<F>(b ^ flip));
    if (isTame<F>(r)) return r;
  }
  begin();
  return end(addExact<F>(a, b, flip));
}

function addExact<F>(a: u64, b: u64, flip: u64): u64 {
  if (settleNaNs<F>(a, b)) return resultBits;
  a = seen<F>(a);
  b = seen<F>(b) ^ flip;
  if (isInfinity<F>(a) && isInfinity<F>(b) && a != b) return invalid<F>();
  noteSubnormal<F>(a);
  noteSubnormal<F>(b);
  if (isInfinity<F>(a)) return a;
  if (isInfinity<F>(b)) return b;
  if (magnitude<F>(a) == 0 && magnitude<F>(b) == 0) return a == b ? a : zeroSum<F>() ? signBit<F>() : 0;
  // A number plus zero is rounded too: it may be subnormal and flushed.
  if (magnitude<F>(a) == 0) return same<F>(b);
  if (magnitude<F>(b) == 0) return same<F>(a);
  addFinite<F>(significand<F>(a), exponent<F>(a), sign<F>(a), significand<F>(b), exponent<F>(b), sign<F>(b));
  return resultBits;
}

function same<F>(a: u64): u64 {
  timesFinite<F>(sign<F>(a), significand<F>(a), exponent<F>(a), 0x8000000000000000, bias<F>(), bias<F>());
  return resultBits;
}

/** a * b. */
export function multiply<F>(a: u64, b: u64): u64 {
  if (plain() && isTame<F>(a) && isTame<F>(b)) {
    const r = bits<F>(value<F>(a) * value<F>(b));
    // The least normal number may be a rounded subnormal, which underflows. A zero may too, unless a factor
    // is 0.
    if (isOrdinary<F>(r) && magnitude<F>(r) != <u64>1 << field<F>()) return r;
    if (magnitude<F>(a) == 0 || magnitude<F>(b) == 0) return r;
  }
  begin();
  return end(multiplyExact<F>(a, b));
}

function multiplyExact<F>(a: u64, b: u64): u64 {
  if (settleNaNs<F>(a, b)) return resultBits;
  a = seen<F>(a);
  b = seen<F>(b);
  const aZero = magnitude<F>(a) == 0;
  const bZero = magnitude<F>(b) == 0;
  const negative = (a ^ b) & signBit<F>();
  if ((aZero && isInfinity<F>(b)) || (bZero && isInfinity<F>(a))) return invalid<F>();
  noteSubnormal<F>(a);
  noteSubnormal<F>(b);
  if (isInfinity<F>(a) || isInfinity<F>(b)) return negative | infinity<F>();
  if (aZero || bZero) return negative;
  timesFinite<F>(sign<F>(negative), significand<F>(a), exponent<F>(a), significand<F>(b), exponent<F>(b), bias<F>());
  return resultBits;
}

/** a / b. */
export function divide<F>(a: u64, b: u64): u64 {
  if (plain() && isOrdinary<F>(a) && isOrdinary<F>(b)) {
    const r = bits<F>(value<F>(a) / value<F>(b));
    if (isOrdinary<F>(r) && magnitude<F>(r) != <u64>1 << field<F>()) return r;
  }
  begin();
  return end(divideExact<F>(a, b));
}

function divideExact<F>(a: u64, b: u64): u64 {
  if (settleNaNs<F>(a, b)) return resultBits;
  a = seen<F>(a);
  b = seen<F>(b);
  const aZero = magnitude<F>(a) == 0;
  const bZero = magnitude<F>(b) == 0;
  const negative = (a ^ b) & signBit<F>();
  if ((aZero && bZero) || (isInfinity<F>(a) && isInfinity<F>(b))) return invalid<F>();
  if (bZero && !isInfinity<F>(a)) {
    raise(ZE);
    return negative | infinity<F>();
  }
  noteSubnormal<F>(a);
  noteSubnormal<F>(b);
  if (isInfinity<F>(a)) return negative | infinity<F>();
  if (aZero || isInfinity<F>(b)) return negative;
  overFinite<F>(sign<F>(negative), significand<F>(a), exponent<F>(a), significand<F>(b), exponent<F>(b), bias<F>());
  return resultBits;
}

/** The square root of a. */
export function squareRoot<F>(a: u64): u64 {
  if (plain() && isOrdinary<F>(a) && !isNegative<F>(a)) return bits<F>(sqrt<F>(value<F>(a)));
  begin();
  return end(squareRootExact<F>(a));
}

function squareRootExact<F>(a: u64): u64 {
  if (settleNaNs<F>(a, a)) return resultBits;
  a = seen<F>(a);
  if (magnitude<F>(a) == 0) return a;
  if (isNegative<F>(a)) return invalid<F>();
  if (isInfinity<F>(a)) return a;
  noteSubnormal<F>(a);
  rootFinite<F>(exponent<F>(a), significand<F>(a), bias<F>());
  return resultBits;
}

/** a < b for numbers. */
// @ts-ignore: decorator
@inline export function less<F>(a: u64, b: u64): bool {
  if ((magnitude<F>(a) | magnitude<F>(b)) == 0) return false;
  if ((a ^ b) & signBit<F>()) return isNegative<F>(a);
  return isNegative<F>(a) ? a > b : a < b;
}

/** MIN, or MAX with `maximum`: the first operand if it is strictly beyond the second, else the second.
 *  Any NaN is invalid, also a quiet one. */
export function extreme<F>(a: u64, b: u64, maximum: bool): u64 {
  a = seen<F>(a);
  b = seen<F>(b);
  if (isNotANumber<F>(a) || isNotANumber<F>(b)) {
    raise(IE);
    return b;
  }
  noteSubnormal<F>(a);
  noteSubnormal<F>(b);
  return (maximum ? less<F>(b, a) : less<F>(a, b)) ? a : b;
}
