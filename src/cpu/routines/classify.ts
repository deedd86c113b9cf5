// The class of an 80-bit operand. SDM Vol. 1 4.2.2 and Table 8-3 (unsupported encodings).
import { DE, IE } from "./flags";
import { invalid, raise, raised, setRaised, setResult } from "./result";

/** A normal number: integer bit set, exponent neither all zeros nor all ones. Nearly every operand is one. */
// @ts-ignore: decorator
@inline export function isNormal(m: u64, se: i32): bool { return <i64>m < 0 && <u32>((se & 0x7fff) - 1) < 0x7ffe; }
// @ts-ignore: decorator
@inline export function isZero(m: u64, se: i32): bool { return m == 0 && (se & 0x7fff) == 0; }
/** Denormals and pseudo-denormals. */
// @ts-ignore: decorator
@inline export function isDenormal(m: u64, se: i32): bool { return m != 0 && (se & 0x7fff) == 0; }
// @ts-ignore: decorator
@inline export function isInfinite(m: u64, se: i32): bool { return m == 0x8000000000000000 && (se & 0x7fff) == 0x7fff; }
/** Unnormals, pseudo-infinities and pseudo-NaNs. They are invalid operands of every operation. */
// @ts-ignore: decorator
@inline export function isUnsupported(m: u64, se: i32): bool { return <i64>m >= 0 && (se & 0x7fff) != 0; }
// @ts-ignore: decorator
@inline export function isNaN80(m: u64, se: i32): bool { return m > 0x8000000000000000 && (se & 0x7fff) == 0x7fff; }
// @ts-ignore: decorator
@inline export function isSignaling(m: u64, se: i32): bool { return isNaN80(m, se) && (m & 0x4000000000000000) == 0; }

const QUIET: u64 = 0x4000000000000000;

/** Handle an operand that is a NaN or unsupported; false if it is a number. */
export function settleNaN(m: u64, se: i32): bool {
  if (isUnsupported(m, se)) { invalid(); return true; }
  if (!isNaN80(m, se)) return false;
  setRaised(m & QUIET ? 0 : IE);
  setResult(m | QUIET, se);
  return true;
}

/**
 * Handle two operands of which at least one is a NaN or unsupported. False if both are numbers.
 * SDM Vol. 1 Table 4-7, x87 column.
 */
export function settleNaNs(aM: u64, aSe: i32, bM: u64, bSe: i32): bool {
  if (isUnsupported(aM, aSe) || isUnsupported(bM, bSe)) { invalid(); return true; }
  const a = isNaN80(aM, aSe);
  const b = isNaN80(bM, bSe);
  if (!a && !b) return false;
  const aSignals = a && !(aM & QUIET);
  const bSignals = b && !(bM & QUIET);
  setRaised(aSignals || bSignals ? IE : 0);
  // The result is the only NaN; of a quiet and a signaling one the quiet one; else the NaN with the larger
  // significand; of equal significands the positive one.
  let takeA = a;
  if (a && b) {
    if (aSignals != bSignals) takeA = bSignals;
    else if (aM != bM) takeA = aM > bM;
    else takeA = (aSe & 0x8000) == 0;
  }
  if (takeA) setResult(aM | QUIET, aSe);
  else setResult(bM | QUIET, bSe);
  return true;
}

/** Raise DE if an operand is denormal. True if DE is unmasked: its handler runs before the operation. */
export function denormalTrap(aM: u64, aSe: i32, bM: u64, bSe: i32, control: i32): bool {
  if (!isDenormal(aM, aSe) && !isDenormal(bM, bSe)) return false;
  raise(DE);
  return (raised & ~control & DE) != 0;
}

/** The exponent of a finite number after `normalize` has shifted its significand so that bit 63 is set. */
// @ts-ignore: decorator
@inline export function exponent(m: u64, se: i32): i32 {
  const e = se & 0x7fff;
  return e == 0 ? 1 - <i32>clz(m) : e;
}
// @ts-ignore: decorator
@inline export function normalize(m: u64): u64 { return m << clz(m); }
