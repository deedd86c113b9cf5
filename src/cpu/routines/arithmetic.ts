// 80-bit addition, subtraction, multiplication, division and square root: NaNs, infinities, zeros and
// denormals. finite.ts does the numbers. SDM Vol. 2A, the tables of FADD, FSUB, FMUL, FDIV, FSQRT.
import { denormalTrap, exponent, isDenormal, isInfinite, isNormal, isZero, normalize, settleNaN, settleNaNs } from "./classify";
import { addFinite, overFinite, rootFinite, timesFinite, zeroSum } from "./finite";
import { ZE } from "./flags";
import { invalid, raise, setRaised, setResult } from "./result";
import { round } from "./round";
import { control } from "./stack";

/** a + b. */
export function add(aM: u64, aSe: i32, bM: u64, bSe: i32): void {
  setRaised(0);
  if (isNormal(aM, aSe) && isNormal(bM, bSe)) addFinite<u64>(aM, aSe & 0x7fff, aSe & 0x8000, bM, bSe & 0x7fff, bSe & 0x8000);
  else addSpecial(aM, aSe, bM, bSe, 0);
}

/** a - b. A NaN keeps its sign. */
export function subtract(aM: u64, aSe: i32, bM: u64, bSe: i32): void {
  setRaised(0);
  if (isNormal(aM, aSe) && isNormal(bM, bSe)) addFinite<u64>(aM, aSe & 0x7fff, aSe & 0x8000, bM, bSe & 0x7fff, ~bSe & 0x8000);
  else addSpecial(aM, aSe, bM, bSe, 0x8000);
}

function addSpecial(aM: u64, aSe: i32, bM: u64, bSe: i32, flip: i32): void {
  if (settleNaNs(aM, aSe, bM, bSe)) return;
  bSe ^= flip;
  if (isInfinite(aM, aSe) && isInfinite(bM, bSe) && aSe != bSe) return invalid();
  if (denormalTrap(aM, aSe, bM, bSe, control())) return;
  if (isInfinite(aM, aSe)) return setResult(aM, aSe);
  if (isInfinite(bM, bSe)) return setResult(bM, bSe);
  if (aM == 0 && bM == 0) return setResult(0, aSe == bSe ? aSe : zeroSum<u64>());
  const aSign = aSe & 0x8000;
  const bSign = bSe & 0x8000;
  if (aM == 0) return round(bSign, exponent(bM, bSe), normalize(bM), 0);
  if (bM == 0) return round(aSign, exponent(aM, aSe), normalize(aM), 0);
  addFinite<u64>(normalize(aM), exponent(aM, aSe), aSign, normalize(bM), exponent(bM, bSe), bSign);
}

/** a * b. */
export function times(aM: u64, aSe: i32, bM: u64, bSe: i32): void {
  setRaised(0);
  const sign = (aSe ^ bSe) & 0x8000;
  if (isNormal(aM, aSe) && isNormal(bM, bSe)) return timesFinite<u64>(sign, aM, aSe & 0x7fff, bM, bSe & 0x7fff, 0x3fff);
  if (settleNaNs(aM, aSe, bM, bSe)) return;
  const aInfinite = isInfinite(aM, aSe);
  const bInfinite = isInfinite(bM, bSe);
  if ((aInfinite && isZero(bM, bSe)) || (bInfinite && isZero(aM, aSe))) return invalid();
  if (denormalTrap(aM, aSe, bM, bSe, control())) return;
  if (aInfinite || bInfinite) return setResult(0x8000000000000000, sign | 0x7fff);
  if (aM == 0 || bM == 0) return setResult(0, sign);
  timesFinite<u64>(sign, normalize(aM), exponent(aM, aSe), normalize(bM), exponent(bM, bSe), 0x3fff);
}

/** a / b. */
export function over(aM: u64, aSe: i32, bM: u64, bSe: i32): void {
  setRaised(0);
  const sign = (aSe ^ bSe) & 0x8000;
  if (isNormal(aM, aSe) && isNormal(bM, bSe)) return overFinite<u64>(sign, aM, aSe & 0x7fff, bM, bSe & 0x7fff, 0x3fff);
  if (settleNaNs(aM, aSe, bM, bSe)) return;
  const aInfinite = isInfinite(aM, aSe);
  const bInfinite = isInfinite(bM, bSe);
  const bZero = isZero(bM, bSe);
  if ((aInfinite && bInfinite) || (bZero && isZero(aM, aSe))) return invalid();
  if (bZero && !aInfinite) {
    raise(ZE);
    return setResult(0x8000000000000000, sign | 0x7fff);
  }
  if (denormalTrap(aM, aSe, bM, bSe, control())) return;
  if (aInfinite) return setResult(0x8000000000000000, sign | 0x7fff);
  if (bInfinite || aM == 0) return setResult(0, sign);
  overFinite<u64>(sign, normalize(aM), exponent(aM, aSe), normalize(bM), exponent(bM, bSe), 0x3fff);
}

/** Square root of a. */
export function root(m: u64, se: i32): void {
  setRaised(0);
  if (!isNormal(m, se) || (se & 0x8000) != 0) {
    if (settleNaN(m, se)) return;
    if (isZero(m, se)) return setResult(m, se);
    if (se & 0x8000) return invalid();
    if (isInfinite(m, se)) return setResult(m, se);
    if (denormalTrap(m, se, m, se, control())) return;
  }
  rootFinite<u64>(exponent(m, se), normalize(m), 0x3fff);
}
