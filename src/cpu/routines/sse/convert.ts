// CVTxx2yy of one lane, and ROUNDSS/ROUNDSD. SDM Vol. 2A; Vol. 1 Table 4-9 for the integer indefinite.
import { IE, PE, RC_ZERO } from "../flags";
import { raise, setResult, significand as resultBits } from "../result";
import { roundsUp } from "../round";
import { noteSubnormal, seen, settleNaNs } from "./arithmetic";
import {
  bias, bits, exponent, field, infinity, isInfinity, isNegative, isNotANumber, isOrdinary, isSignalingNaN, magnitude, quietBit, sign, signBit, significand, value,
} from "./format";
import { begin, end, plain, rounding, roundTo } from "./round";

/** f32 to f64: exact. */
export function widen(a: u64): u64 {
  if (isOrdinary<f32>(a)) return bits<f64>(<f64>value<f32>(a));
  const negative = isNegative<f32>(a) ? signBit<f64>() : 0;
  if (isNotANumber<f32>(a)) {
    if (isSignalingNaN<f32>(a)) raise(IE);
    return negative | infinity<f64>() | quietBit<f64>() | (a & (quietBit<f32>() - 1)) << 29;
  }
  a = seen<f32>(a);
  if (isInfinity<f32>(a)) return negative | infinity<f64>();
  if (magnitude<f32>(a) == 0) return negative;
  noteSubnormal<f32>(a);
  return bits<f64>(<f64>value<f32>(a));
}

/** f64 to f32: rounds. */
export function shorten(a: u64): u64 {
  if (plain() && isOrdinary<f64>(a)) {
    const r = bits<f32>(<f32>value<f64>(a));
    if (isOrdinary<f32>(r) && magnitude<f32>(r) != <u64>1 << field<f32>()) return r;
  }
  begin();
  return end(shortenExact(a));
}

function shortenExact(a: u64): u64 {
  const negative = isNegative<f64>(a) ? signBit<f32>() : 0;
  if (isNotANumber<f64>(a)) {
    if (isSignalingNaN<f64>(a)) raise(IE);
    return negative | infinity<f32>() | quietBit<f32>() | ((a & (quietBit<f64>() - 1)) >>> 29);
  }
  a = seen<f64>(a);
  if (isInfinity<f64>(a)) return negative | infinity<f32>();
  if (magnitude<f64>(a) == 0) return negative;
  noteSubnormal<f64>(a);
  roundTo<f32>(sign<f64>(a), exponent<f64>(a) - bias<f64>() + bias<f32>(), significand<f64>(a));
  return resultBits;
}

/** A signed integer to F. */
export function fromInteger<F>(a: i64): u64 {
  if (a == 0) return 0;
  const m = <u64>(a < 0 ? -a : a);
  const shift = <i32>clz(m);
  roundTo<F>(a < 0 ? 0x8000 : 0, bias<F>() + 63 - shift, m << shift);
  return resultBits;
}

/** F to a signed integer of `width` bits. No DE for a subnormal. */
export function toInteger<F>(a: u64, width: i32, truncate: bool): i64 {
  a = seen<F>(a);
  const indefinite = <i64>(~(<u64>0) << (width - 1));
  const shift = bias<F>() + 63 - <i32>(magnitude<F>(a) >>> field<F>());
  if (magnitude<F>(a) == 0) return 0;
  if (shift >= 0) {
    const m = significand<F>(a);
    let whole: u64 = 0;
    let fraction: u64 = 1;
    if (shift < 64) {
      whole = m >>> shift;
      fraction = shift == 0 ? 0 : m << (64 - shift);
    } else if (shift == 64) {
      fraction = m;
    }
    const negative = isNegative<F>(a);
    if (roundsUp(negative, (whole & 1) != 0, fraction, truncate ? RC_ZERO : rounding())) whole++;
    if (whole < (<u64>1 << (width - 1)) + u64(negative)) {
      if (fraction != 0) raise(PE);
      return negative ? -(<i64>whole) : <i64>whole;
    }
  }
  raise(IE);
  return indefinite;
}

/** ROUNDSS and ROUNDSD: to an integral value as the immediate says. SDM Vol. 2B Figure 4-24. */
export function integral<F>(a: u64, how: i32): u64 {
  if (settleNaNs<F>(a, a)) return resultBits;
  a = seen<F>(a);
  const e = <i32>(magnitude<F>(a) >>> field<F>()) - bias<F>();
  if (magnitude<F>(a) == 0 || e >= field<F>()) return a;
  const rc = how & 4 ? rounding() : (how & 3) << 10;
  const m = significand<F>(a);
  const whole = e < 0 ? 0 : m >>> (63 - e);
  const fraction = e < -1 ? 1 : e == -1 ? m : m << (e + 1);
  if (fraction == 0) return a;
  if (!(how & 8)) raise(PE);
  const up = roundsUp(isNegative<F>(a), (whole & 1) != 0, fraction, rc);
  const r = <f64>(whole + u64(up));
  return (a & signBit<F>()) | (sizeof<F>() == 4 ? bits<f32>(<f32>r) : bits<f64>(r));
}
