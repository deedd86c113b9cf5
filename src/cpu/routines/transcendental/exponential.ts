// F2XM1: 2^x - 1 for -1 <= x <= 1. SDM Vol. 2A.
import { denormalTrap, exponent, isInfinite, normalize, settleNaN } from "../classify";
import { PE } from "../flags";
import { raise, setRaised, setResult } from "../result";
import { control, deliver, isEmpty, signExponentAt, significandAt, st, underflow } from "../stack";
import { low } from "../wide";
import { EXP, EXP_TERMS, LN2_HI, LN2_LO } from "./constants";
import { fraction, growNumber, multiplyFractions, roundNumber, scaleNumber, series, setNumber } from "./fixed";

/** F2XM1: 2^ST(0) - 1. */
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
  const e = exponent(m, se) - 0x3fff;
  if (e >= 0) return edge(m, se, e);

  // t = x ln 2, then e^t - 1 = t (1 + t/2! + t^2/3! + …).
  setNumber(normalize(m), 0, e);
  scaleNumber(LN2_HI, LN2_LO);
  const f = fraction();
  const fLo = low;
  const part = series(EXP, EXP_TERMS, f, fLo, negative);
  growNumber(multiplyFractions(part, low, f, fLo), low, negative);
  roundNumber(negative);
}

/** |x| >= 1. Differs from the SDM: the result for 1 is just below 1; beyond 1, the operand is unchanged. */
function edge(m: u64, se: i32, e: i32): void {
  raise(PE);
  if (e != 0 || m != 0x8000000000000000) return setResult(m, se);
  if (se & 0x8000) return setResult(m, 0xbffe);
  setNumber(0xffffffffffffffff, 0xffffffffffffffff, -1);
  roundNumber(false);
}
