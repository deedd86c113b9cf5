// MXCSR: rounding, flags, flush to zero. SDM Vol. 1 10.2.3, 11.5.2. The exceptions of an instruction
// accumulate over its lanes; `sse_commit` at its end puts them into MXCSR.
import { gathered, mxcsr } from "../at";
import { DE, EXCEPTIONS, IE, ZE } from "../flags";
import { narrow } from "../narrow";
import { raised, setRaised, setResult } from "../result";

const DAZ: u32 = 0x40;
const FTZ: u32 = 0x8000;

// @ts-ignore: decorator
@inline function word(): u32 { return load<u32>(mxcsr); }
/** The masks, at the bit positions of the exceptions. */
// @ts-ignore: decorator
@inline function masks(): i32 { return <i32>(word() >>> 7) & EXCEPTIONS; }
/** Rounding control, at its position in the x87 control word. */
// @ts-ignore: decorator
@inline export function rounding(): i32 { return <i32>(word() >>> 3) & 0xc00; }
// @ts-ignore: decorator
@inline export function denormalsAreZero(): bool { return (word() & DAZ) != 0; }

/**
 * Rounding to nearest, PE masked and already set, nothing to flush. Then WebAssembly's result is complete for
 * normal operands and results.
 */
// @ts-ignore: decorator
@inline export function plain(): bool { return (word() & 0xf060) == 0x1020; }

/** The bits of the result in format F; the number is that of finite.ts. */
export function roundTo<F>(sign: i32, exp: i32, m: u64): void {
  if (sizeof<F>() == 4) setResult(narrow(sign != 0, exp, m, 24, 8, rounding(), masks(), (word() & FTZ) != 0), 0);
  else setResult(narrow(sign != 0, exp, m, 53, 11, rounding(), masks(), (word() & FTZ) != 0), 0);
}

/** The bits of a half-precision result, rounded by the low two bits of `how`, or by MXCSR if bit 2 is set. */
export function roundToHalf(sign: i32, exp: i32, m: u64, how: i32): u64 {
  return narrow(sign != 0, exp, m, 11, 5, how & 4 ? rounding() : (how & 3) << 10, masks(), false);
}

/** Before the exact computation of a lane; and after it, with its value. */
// @ts-ignore: decorator
@inline export function begin(): void { setRaised(0); }
// @ts-ignore: decorator
@inline export function end(value: u64): u64 {
  store<i32>(gathered, load<i32>(gathered) | raised);
  return value;
}

/**
 * End an instruction: its exceptions go to MXCSR. 1 if one is unmasked: the destination is not written, and
 * the row raises #XM. SDM Vol. 1 11.5.3, 11.5.4.
 */
export function sse_commit(): i32 {
  let flags = load<i32>(gathered) & EXCEPTIONS;
  store<i32>(gathered, 0);
  if (flags == 0) return 0;
  const unmasked = ~masks();
  // An unmasked exception before the computation, in any lane, prevents the computation of all lanes.
  if (flags & unmasked & (IE | DE | ZE)) flags &= IE | DE | ZE;
  store<u32>(mxcsr, word() | flags);
  return i32((flags & unmasked) != 0);
}
