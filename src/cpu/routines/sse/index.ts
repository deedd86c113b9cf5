// The routines of vector rows, one lane at a time: f32 lanes are i32, f64 lanes i64. Exceptions accumulate
// until `sse_commit`.
import { add, divide, extreme, multiply, squareRoot } from "./arithmetic";
import { byTables, byRounding, reciprocal, reciprocalRoot } from "./approximate";
import { flags, predicate } from "./compare";
import { fromInteger, integral, shorten, toInteger, widen } from "./convert";
import { fused } from "./fma";
import { signBit } from "./format";
import { fromHalf, toHalf } from "./half";
import { begin, end } from "./round";
export { sse_commit } from "./round";
export { sse_strings } from "./strings";

/** a + b, f32. */
export function sse_add32(a: i32, b: i32): i32 { return <i32>add<f32>(<u32>a, <u32>b, 0); }
/** a + b, f64. */
export function sse_add64(a: i64, b: i64): i64 { return add<f64>(a, b, 0); }
/** a - b, f32. */
export function sse_sub32(a: i32, b: i32): i32 { return <i32>add<f32>(<u32>a, <u32>b, signBit<f32>()); }
/** a - b, f64. */
export function sse_sub64(a: i64, b: i64): i64 { return add<f64>(a, b, signBit<f64>()); }
/** a * b, f32. */
export function sse_mul32(a: i32, b: i32): i32 { return <i32>multiply<f32>(<u32>a, <u32>b); }
/** a * b, f64. */
export function sse_mul64(a: i64, b: i64): i64 { return multiply<f64>(a, b); }
/** a / b, f32. */
export function sse_div32(a: i32, b: i32): i32 { return <i32>divide<f32>(<u32>a, <u32>b); }
/** a / b, f64. */
export function sse_div64(a: i64, b: i64): i64 { return divide<f64>(a, b); }
/** The square root, f32. */
export function sse_sqrt32(a: i32): i32 { return <i32>squareRoot<f32>(<u32>a); }
/** The square root, f64. */
export function sse_sqrt64(a: i64): i64 { return squareRoot<f64>(a); }
/** MINxx, f32: the second operand for NaNs and equal operands. */
export function sse_min32(a: i32, b: i32): i32 { begin(); return <i32>end(extreme<f32>(<u32>a, <u32>b, false)); }
/** MINxx, f64: the second operand for NaNs and equal operands. */
export function sse_min64(a: i64, b: i64): i64 { begin(); return end(extreme<f64>(a, b, false)); }
/** MAXxx, f32: the second operand for NaNs and equal operands. */
export function sse_max32(a: i32, b: i32): i32 { begin(); return <i32>end(extreme<f32>(<u32>a, <u32>b, true)); }
/** MAXxx, f64: the second operand for NaNs and equal operands. */
export function sse_max64(a: i64, b: i64): i64 { begin(); return end(extreme<f64>(a, b, true)); }
/** CMPxx: predicate 0 to 31; all ones or zeros. */
export function sse_cmp32(a: i32, b: i32, which: i32): i32 { begin(); return <i32>end(predicate<f32>(<u32>a, <u32>b, which)); }
/** CMPxx, f64: predicate 0 to 31; all ones or zeros. */
export function sse_cmp64(a: i64, b: i64, which: i32): i64 { begin(); return end(predicate<f64>(a, b, which)); }
/** COMIxx, or UCOMIxx with `quiet`: new CF, PF, ZF. The row writes them only if `sse_commit` returns 0. */
export function sse_comi32(a: i32, b: i32, quiet: i32): i32 { begin(); return <i32>end(flags<f32>(<u32>a, <u32>b, quiet != 0)); }
/** COMIxx, f64, as `sse_comi32`. */
export function sse_comi64(a: i64, b: i64, quiet: i32): i32 { begin(); return <i32>end(flags<f64>(a, b, quiet != 0)); }
/** f32 to f64. */
export function sse_widen(a: i32): i64 { begin(); return end(widen(<u32>a)); }
/** f64 to f32. */
export function sse_shorten(a: i64): i32 { return <i32>shorten(a); }
/** A signed 64-bit integer to f32. */
export function sse_from32(a: i64): i32 { begin(); return <i32>end(fromInteger<f32>(a)); }
/** A signed 64-bit integer to f64. */
export function sse_from64(a: i64): i64 { begin(); return end(fromInteger<f64>(a)); }
/** To a signed integer of 32 or 64 bits, sign-extended. */
export function sse_to32(a: i32, width: i32, truncate: i32): i64 { begin(); return end(toInteger<f32>(<u32>a, width, truncate != 0)); }
/** f64 to a signed integer of 32 or 64 bits, sign-extended. */
export function sse_to64(a: i64, width: i32, truncate: i32): i64 { begin(); return end(toInteger<f64>(a, width, truncate != 0)); }
/** ROUNDxx, f32. `how`: the instruction's immediate. */
export function sse_round32(a: i32, how: i32): i32 { begin(); return <i32>end(integral<f32>(<u32>a, how)); }
/** ROUNDxx, f64. `how`: the instruction's immediate. */
export function sse_round64(a: i64, how: i32): i64 { begin(); return end(integral<f64>(a, how)); }
/** RCPxx as AMD approximates it. */
export function sse_rcp_amd(a: i32): i32 { return reciprocal(a, byTables(0, a)); }
/** RCPxx as Intel approximates it. */
export function sse_rcp_intel(a: i32): i32 { return reciprocal(a, byRounding(0, a)); }
/** RSQRTxx as AMD approximates it. */
export function sse_rsqrt_amd(a: i32): i32 { return reciprocalRoot(a, byTables(a & 0x80_0000 ? 1 : 2, a)); }
/** RSQRTxx as Intel approximates it. */
export function sse_rsqrt_intel(a: i32): i32 { return reciprocalRoot(a, byRounding(a & 0x80_0000 ? 1 : 2, a)); }
/** a * b + c; `how`: bit 0 negates the product, bit 1 the addend. */
export function sse_fma32(a: i32, b: i32, c: i32, how: i32): i32 { return <i32>fused<f32>(<u32>a, <u32>b, <u32>c, how); }
/** a * b + c, f64, `how` as for `sse_fma32`. */
export function sse_fma64(a: i64, b: i64, c: i64, how: i32): i64 { return fused<f64>(a, b, c, how); }
/** VCVTPH2PS: f16 to f32. */
export function sse_fromHalf(a: i32): i32 { begin(); return <i32>end(fromHalf(<u32>a)); }
/** VCVTPS2PH: f32 to f16. `how`: the instruction's immediate. */
export function sse_toHalf(a: i32, how: i32): i32 { begin(); return <i32>end(toHalf(<u32>a, how)); }
