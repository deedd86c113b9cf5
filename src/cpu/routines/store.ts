// FST, FSTP, FIST, FISTP, FISTTP, FBSTP to memory. A store has three steps, so that a memory fault changes
// nothing: `…_value` computes the value and stages the exceptions, the row writes if `stores` is 1, `stored`
// commits status and pop. SDM Vol. 2A.
import { exponent, isNaN80, isSignaling, isUnsupported, normalize } from "./classify";
import { IE, OE, RC, RC_ZERO, SF, UE } from "./flags";
import { magnitude, tooBig } from "./integer";
import { narrow } from "./narrow";
import { raise, raised, setRaised } from "./result";
import { control, isEmpty, pop, signExponentAt, signal, significandAt, st } from "./stack";

/** 1 if the value is written. An unmasked exception other than precision prevents that. */
export function stores(): i32 { return i32((raised & ~control() & (IE | OE | UE)) == 0); }

/** Commit the staged store. */
export function stored(pops: i32): void {
  signal(raised);
  if (pops != 0 && stores()) pop();
}

/** ST(0) as 32 bits for FST m32. */
export function fst_f32_value(): i32 { return <i32>floatValue(24, 8); }
/** ST(0) as 64 bits for FST m64. */
export function fst_f64_value(): i64 { return floatValue(53, 11); }

/** ST(0) rounded to a format of `precision` bits (with the hidden one) and `width` exponent bits. */
function floatValue(precision: i32, width: i32): u64 {
  if (isEmpty(0)) {
    setRaised(IE | SF);
    return indefinite(precision, width);
  }
  const a = st(0);
  return narrowed(significandAt(a), signExponentAt(a), precision, width);
}

// @ts-ignore: decorator
@inline function indefinite(precision: i32, width: i32): u64 {
  return (<u64>((1 << (width + 1)) - 1) << (precision - 1)) | (<u64>1 << (precision - 2));
}

/** A number rounded to a format of `precision` bits of significand and `width` bits of exponent. */
export function narrowed(m: u64, se: i32, precision: i32, width: i32): u64 {
  setRaised(0);
  const emax: i32 = (1 << width) - 1;
  const field = precision - 1;
  if (isUnsupported(m, se)) { setRaised(IE); return indefinite(precision, width); }
  const sign = <u64>(se >>> 15) << (field + width);
  if ((se & 0x7fff) == 0x7fff) {
    const infinity = sign | (<u64>emax << field);
    if (!isNaN80(m, se)) return infinity;
    if (isSignaling(m, se)) raise(IE);
    return infinity | (<u64>1 << (field - 1)) | (m << 1 >>> (64 - field));
  }
  if (m == 0) return sign;
  const cw = control();
  const bits = narrow(se >>> 15 != 0, exponent(m, se) - 0x3fff + (emax >> 1), normalize(m), precision, width, cw & RC, cw, false);
  // An unmasked overflow or underflow prevents the store, so nothing was rounded.
  if (raised & ~cw & (OE | UE)) setRaised(raised & (OE | UE));
  return bits;
}

/** FIST and FISTP (rounding by the control word) and FISTTP (`truncate`): 16, 32, 64 bits, sign-extended. */
export function fist_value(bits: i32, truncate: i32): i64 {
  setRaised(0);
  const indefinite = <i64>(~(<u64>0) << (bits - 1));
  if (isEmpty(0)) { setRaised(IE | SF); return indefinite; }
  const a = st(0);
  const m = significandAt(a);
  const se = signExponentAt(a);
  if (!isUnsupported(m, se)) {
    const whole = magnitude(m, se, truncate ? RC_ZERO : control() & RC);
    const negative = se >>> 15;
    if (!tooBig && whole - negative < <u64>1 << (bits - 1) || (whole == 0 && !tooBig)) return negative ? -(<i64>whole) : <i64>whole;
  }
  setRaised(IE);
  return indefinite;
}

/** The low eight bytes of FBSTP's ten; `fbstp_high` has the other two. */
export function fbstp_value(): i64 {
  setRaised(0);
  bcdHigh = 0xffff;
  const indefinite: i64 = 0xc000000000000000;
  if (isEmpty(0)) { setRaised(IE | SF); return indefinite; }
  const a = st(0);
  const m = significandAt(a);
  const se = signExponentAt(a);
  const whole = isUnsupported(m, se) ? 0 : magnitude(m, se, control() & RC);
  if (isUnsupported(m, se) || tooBig || whole > 999999999999999999) { setRaised(IE); return indefinite; }
  bcdHigh = (se & 0x8000) | <i32>digits(whole / 10000000000000000, 2);
  return digits(whole % 10000000000000000, 16);
}

let bcdHigh: i32 = 0;
/** The upper two bytes of FBSTP's ten. */
export function fbstp_high(): i32 { return bcdHigh; }

function digits(value: u64, count: i32): u64 {
  let packed: u64 = 0;
  for (let i = 0; i < count; i++) {
    packed |= (value % 10) << (i << 2);
    value /= 10;
  }
  return packed;
}

/** FSTP m80 stores every encoding unchanged. Only an empty register is invalid. */
export function fstp_f80_value(): i64 {
  setRaised(isEmpty(0) ? IE | SF : 0);
  return raised ? 0xc000000000000000 : significandAt(st(0));
}
/** Sign and exponent of FSTP m80. */
export function fstp_f80_high(): i32 { return raised ? 0xffff : signExponentAt(st(0)); }
