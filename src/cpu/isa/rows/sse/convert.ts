// Conversions between floats and integers. SDM Vol. 2: CVTxx2yy, CVTTxx2yy.
import type { Meaning, Ops } from "../../ops.ts";
import { family, row } from "../../row.ts";
import {
  all,
  areOrdinary,
  areSafe,
  areTame,
  below,
  exactly,
  type FloatFormat,
  floatName,
  gather,
  inexactNoted,
  isOrdinary,
  isSafe,
  plain,
} from "./float.ts";
import { one, pending, transition } from "./vector.ts";

// From integers.

/** 32-bit integers are exact in a double; other conversions may be inexact. */
const fromInteger =
  (w: FloatFormat): Meaning =>
  (o, i) => {
    const v = o.let("v", o.sext(o.get(1), i.widths[1]!));
    const fast = o.simd(`f${w}.convert_i64_s`, v);
    if (w === 64 && i.widths[1] === 32) return o.set(0, fast);
    o.set(
      0,
      exactly(o, plain(o), fast, () => o.call(`sse_from${w}`, v)),
    );
  };
const toDoubles = <V>(o: Ops<V>, a: V): V => o.simd("f64x2.convert_low_i32x4_s", a);
const toSingles =
  (lanes: number) =>
  <V>(o: Ops<V>, a: V): V =>
    exactly(o, plain(o), o.simd("f32x4.convert_i32x4_s", a), () =>
      gather(o, 32, lanes, (n) => o.call("sse_from32", o.sext(o.lane(a, 32, n), 32))),
    );
/**
 * A memory operand is no MMX register, so no transition happens. With a register, an unmasked exception
 * follows the transition.
 */
const fromMmx =
  (f: <V>(o: Ops<V>, a: V) => V): Meaning =>
  (o, i) => {
    const register = !i.memory(1);
    if (register) pending(o);
    const a = o.get(1);
    if (register) transition(o);
    o.set(0, f(o, a));
  };

// To integers.

/**
 * Rounds by MXCSR, or towards zero. The range check precedes the rounding: the last few values before the
 * limit go to the routine.
 */
const toInteger =
  (w: FloatFormat, truncate: boolean): Meaning =>
  (o, i) => {
    const width = i.widths[0]!;
    const a = o.get(1);
    const fits = o.simd(`f${w}.lt`, o.simd(`f${w}.abs`, a), o.imm(limit(w, width)));
    const whole = o.simd(`i64.trunc_sat_f${w}_s`, truncate ? a : o.simd(`f${w}.nearest`, a));
    const ok = o.and(truncate ? inexactNoted(o) : plain(o), fits);
    o.set(
      0,
      o.zext(
        exactly(o, ok, whole, () => o.call(`sse_to${w}`, a, o.imm(width), o.imm(truncate ? 1 : 0))),
        width,
      ),
    );
  };
/** 2^(width-1), for formats without a fraction there. A double has one at 2^31, so the limit is 2^31 - 1. */
const limit = (w: FloatFormat, width: number): bigint =>
  width === 64 ? (w === 64 ? 0x43e0_0000_0000_0000n : 0x5f00_0000n) : w === 64 ? 0x41df_ffff_ffc0_0000n : 0x4f00_0000n;

const toPacked =
  (w: FloatFormat, truncate: boolean, lanes: number, toMmx = false): Meaning =>
  (o) => {
    if (toMmx) pending(o);
    const a = o.get(1);
    // An unmasked exception follows the transition.
    if (toMmx) transition(o);
    const fits = all(o, w, below(o, w, a, limit(w, 32)));
    const whole = o.simd(
      w === 64 ? "i32x4.trunc_sat_f64x2_s_zero" : "i32x4.trunc_sat_f32x4_s",
      truncate ? a : o.simd(floatName(w, "nearest"), a),
    );
    const ok = o.and(truncate ? inexactNoted(o) : plain(o), fits);
    const exact = (n: number) => o.zext(o.call(`sse_to${w}`, o.lane(a, w, n), o.imm(32), o.imm(truncate ? 1 : 0)), 32);
    o.set(
      0,
      exactly(o, ok, whole, () => gather(o, 32, lanes, exact)),
    );
  };

// Between formats.

const widen: Meaning = (o) => {
  const a = o.get(1);
  o.set(
    0,
    exactly(o, isOrdinary(o, 32, a), o.simd("f64.promote_f32", a), () => o.call("sse_widen", a)),
  );
};
const widenPacked: Meaning = (o) => {
  const a = o.get(1);
  o.set(
    0,
    exactly(o, all(o, 32, areTame(o, 32, a)), o.simd("f64x2.promote_low_f32x4", a), () =>
      gather(o, 64, 2, (n) => o.call("sse_widen", o.lane(a, 32, n))),
    ),
  );
};
const shorten: Meaning = (o) => {
  const a = o.get(1);
  const r = o.let("r", o.simd("f32.demote_f64", a));
  const ok = o.and(o.and(plain(o), isOrdinary(o, 64, a)), isSafe(o, 32, r));
  o.set(
    0,
    exactly(o, ok, r, () => o.call("sse_shorten", a)),
  );
};
const shortenPacked: Meaning = (o) => {
  const a = o.get(1);
  const r = o.let("r", o.simd("f32x4.demote_f64x2_zero", a));
  const bothSafe = <V>(o: Ops<V>, r: V) => o.eq(o.simd("i32x4.bitmask", areSafe(o, 32, r)), o.imm(3));
  const ok = o.and(o.and(plain(o), all(o, 64, areOrdinary(o, 64, a))), bothSafe(o, r));
  o.set(
    0,
    exactly(o, ok, r, () => gather(o, 32, 2, (n) => o.call("sse_shorten", o.lane(a, 64, n)))),
  );
};

/** The rows of conversions. */
// biome-ignore format: table
export const sseConvert = family(() => [
  row("cvtsi2ss", "F3 0F 2A Vd,Ey", fromInteger(32)), row("cvtsi2sd", "F2 0F 2A Vq,Ey", fromInteger(64)),
  row("cvtdq2ps", "NP 0F 5B Vx,Wx", one(toSingles(4))), row("cvtdq2pd", "F3 0F E6 Vx,Wq", one(toDoubles)),
  row("cvtpi2ps", "NP 0F 2A Vq,Qq", fromMmx(toSingles(2))), row("cvtpi2pd", "66 0F 2A Vx,Qq", fromMmx(toDoubles)),

  row("cvttss2si", "F3 0F 2C Gy,Wd", toInteger(32, true)), row("cvttsd2si", "F2 0F 2C Gy,Wq", toInteger(64, true)),
  row("cvtss2si", "F3 0F 2D Gy,Wd", toInteger(32, false)), row("cvtsd2si", "F2 0F 2D Gy,Wq", toInteger(64, false)),
  row("cvtps2dq", "66 0F 5B Vx,Wx", toPacked(32, false, 4)), row("cvttps2dq", "F3 0F 5B Vx,Wx", toPacked(32, true, 4)),
  row("cvtpd2dq", "F2 0F E6 Vx,Wx", toPacked(64, false, 2)), row("cvttpd2dq", "66 0F E6 Vx,Wx", toPacked(64, true, 2)),
  row("cvtps2pi", "NP 0F 2D Pq,Wq", toPacked(32, false, 2, true)), row("cvttps2pi", "NP 0F 2C Pq,Wq", toPacked(32, true, 2, true)),
  row("cvtpd2pi", "66 0F 2D Pq,Wx", toPacked(64, false, 2, true)), row("cvttpd2pi", "66 0F 2C Pq,Wx", toPacked(64, true, 2, true)),

  row("cvtss2sd", "F3 0F 5A Vq,Wd", widen), row("cvtsd2ss", "F2 0F 5A Vd,Wq", shorten), row("cvtps2pd", "NP 0F 5A Vx,Wq", widenPacked), row("cvtpd2ps", "66 0F 5A Vx,Wx", shortenPacked),
]);
