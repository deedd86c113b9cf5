// Rounding to the IEEE formats of 32 and 64 bits: FST and all of SSE. Tininess is detected after rounding.
// SDM Vol. 1 4.8.4, 4.9.1.4 to 4.9.1.6.
import { C1, OE, PE, RC_DOWN, RC_UP, UE } from "./flags";
import { raise } from "./result";
import { roundsUp } from "./round";
import { low, shiftRightJam } from "./wide";

/**
  * The bits of (-1)^negative * m * 2^(exp - bias) in the format with `precision` significant bits and `width`
  * exponent bits. m has bit 63 set (1.63 fixed point); bit 0 may be sticky. Raises OE, UE, PE and C1. If
  * `masked` lacks UE or OE, and that exception is raised, the bits mean nothing.
 */
// @ts-ignore: decorator
@inline export function narrow(negative: bool, exp: i32, m: u64, precision: i32, width: i32, rc: i32, masked: i32, flush: bool): u64 {
  const field = precision - 1;
  const emax: i32 = (1 << width) - 1;
  const sign = <u64>negative << (field + width);
  const fraction = m << precision;
  let whole = m >>> (64 - precision);
  const up = roundsUp(negative, (whole & 1) != 0, fraction, rc);
  if (exp <= 0) return sign | subnormal(negative, exp, m, precision, up, rc, masked, flush);
  if (up && ++whole == <u64>1 << precision) { whole >>>= 1; exp++; }
  if (fraction != 0) raise(up ? PE | C1 : PE);
  if (exp < emax) return sign | ((<u64>(exp - 1) << field) + whole);
  const infinite = rc == 0 || rc == (negative ? RC_DOWN : RC_UP);
  if (masked & OE) raise(infinite ? OE | PE | C1 : OE | PE);
  else raise(OE);
  return sign | ((<u64>emax << field) - u64(!infinite));
}

/** The case exp <= 0. `up` is the direction of rounding at full precision. */
function subnormal(negative: bool, exp: i32, m: u64, precision: i32, up: bool, rc: i32, masked: i32, flush: bool): u64 {
  const tiny = exp < 0 || !up || (m >>> (64 - precision)) + 1 != <u64>1 << precision;
  if (tiny && !(masked & UE)) {
    raise(m << precision != 0 ? UE | PE : UE);
    return 0;
  }
  if (tiny && flush) {
    raise(UE | PE);
    return 0;
  }
  let whole = shiftRightJam(m, 0, 65 - precision - exp);
  if (low == 0) return whole;
  raise(tiny ? PE | UE : PE);
  if (roundsUp(negative, (whole & 1) != 0, low, rc)) { whole++; raise(C1); }
  return whole;
}
