// MXCSR: rounding, flags, flush to zero. SDM Vol. 1 10.2.3, 11.5.2. An instruction's exceptions gather over all its lanes;
// `sse_commit` at its end puts them into MXCSR.
import { gathered, mxcsr } from "../at";
import { DE, EXCEPTIONS, IE, ZE } from "../flags";
import { narrow } from "../narrow";
import { raised, setRaised, setResult } from "../result";

const DAZ: u32 = 0x40;
const FTZ: u32 = 0x8000;

// @ts-ignore: decorator
@inline function word(): u32 { return load<u32>(mxcsr); }
/** The masks in the places of the exceptions. */
// @ts-ignore: decorator
@inline function masks(): i32 { return <i32>(word() >>> 7) & EXCEPTIONS; }
/** Rounding control in the place that the x87 control word has it. */
// @ts-ignore: decorator
@inline export function rounding(): i32 { return <i32>(word() >>> 3) & 0xc00; }
// @ts-ignore: decorator
@inline export function denormalsAreZero(): bool { return (word() & DAZ) != 0; }

/** Rounding to nearest, PE masked and already there, nothing to flush: then what wasm computes is all, for normal operands and results. */
// @ts-ignore: decorator
@inline export function plain(): bool { return (word() & 0xf060) == 0x1020; }

/** The number of finite.ts in format F becomes the result's bits. */
export function roundTo<F>(sign: i32, exp: i32, m: u64): void {
  if (sizeof<F>() == 4) setResult(narrow(sign != 0, exp, m, 24, 8, rounding(), masks(), (word() & FTZ) != 0), 0);
  else setResult(narrow(sign != 0, exp, m, 53, 11, rounding(), masks(), (word() & FTZ) != 0), 0);
}

/** The number becomes bits of a half: rounding by the low two bits of `how`, or MXCSR's where bit 2 is set. */
export function roundToHalf(sign: i32, exp: i32, m: u64, how: i32): u64 {
  return narrow(sign != 0, exp, m, 11, 5, how & 4 ? rounding() : (how & 3) << 10, masks(), false);
}

/** Before a lane's exact computation, and after it with its value. */
// @ts-ignore: decorator
@inline export function begin(): void { setRaised(0); }
// @ts-ignore: decorator
@inline export function end(value: u64): u64 {
  store<i32>(gathered, load<i32>(gathered) | raised);
  return value;
}

/** End an instruction: its exceptions go to MXCSR. 1 if one is unmasked: the destination is not written, #XM. SDM Vol. 1 11.5.3, 11.5.4. */
export function sse_commit(): i32 {
  let flags = load<i32>(gathered) & EXCEPTIONS;
  store<i32>(gathered, 0);
  if (flags == 0) return 0;
  const unmasked = ~masks();
  // A fault before the computation, in any lane, leaves none computed.
  if (flags & unmasked & (IE | DE | ZE)) flags &= IE | DE | ZE;
  store<u32>(mxcsr, word() | flags);
  return i32((flags & unmasked) != 0);
}
