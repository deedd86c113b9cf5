// F2XM1: 2^x - 1 for -1 <= x <= 1. SDM Vol. 2A.
import { denormalTrap, exponent, isInfinite, normalize, settleNaN } from "../classify";
import { setRaised, setResult } from "../result";
import { control, deliver, isEmpty, signExponentAt, significandAt, st, underflow } from "../stack";
import { low } from "../wide";
import { EXP, EXP_TERMS, LN2_HI, LN2_LO } from "./constants";
import { fraction, growNumber, multiplyFractions, roundNumber, scaleNumber, series, setNumber } from "./fixed";

export function f2xm1(): void {
  if (isEmpty(0)) return underflow(0, false);
  const a = st(0);
  compute(significandAt(a), signExponentAt(a));
  deliver(0, false);
}

function compute(m: u64, se: i32): void {
  setRaised(0);
  if (settleNaN(m, se)) return;
  const negative = (se & 0x8000) != 0;
  if (isInfinite(m, se)) return negative ? setResult(0x8000000000000000, 0xbfff) : setResult(m, se);
  if (m == 0) return setResult(m, se);
  if (denormalTrap(m, se, m, se, control())) return;
  const exp = exponent(m, se) - 0x3fff;
  // Differs from the SDM: beyond the range the processor leaves the operand as it is.
  if (exp >= 0) return m == 0x8000000000000000 && exp == 0 ? setResult(m, negative ? 0xbffe : 0x3fff) : setResult(m, se);

  // t = x ln 2, then e^t - 1 = t (1 + t/2! + t^2/3! + …).
  setNumber(normalize(m), 0, exp);
  scaleNumber(LN2_HI, LN2_LO);
  const f = fraction();
  const fLo = low;
  const part = series(EXP, EXP_TERMS, f, fLo, negative);
  growNumber(multiplyFractions(part, low, f, fLo), low | 1, negative);
  roundNumber(negative);
}
