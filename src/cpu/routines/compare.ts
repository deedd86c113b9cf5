// FCOM, FUCOM, FCOMI, FUCOMI, FTST, FXAM. SDM Vol. 2A.
import { isDenormal, isInfinite, isNaN80, isNormal, isSignaling, isUnsupported, isZero } from "./classify";
import { C0, C1, C2, C3, CF, CODES, DE, ES_B, EXCEPTIONS, IE, PF, SF, ZF } from "./flags";
import { raise, raised, setRaised } from "./result";
import { control, isEmpty, pop, setStatus, signExponentAt, signal, signalCodes, significandAt, st, status, suppressed } from "./stack";

const UNORDERED: i32 = C3 | C2 | C0;

/** The condition codes of a compared with b. Exceptions are in `raised`. */
export function compare(aM: u64, aSe: i32, bM: u64, bSe: i32, quiet: bool): i32 {
  setRaised(0);
  if (!isNormal(aM, aSe) || !isNormal(bM, bSe)) {
    if (isUnsupported(aM, aSe) || isUnsupported(bM, bSe)) { raise(IE); return UNORDERED; }
    if (isNaN80(aM, aSe) || isNaN80(bM, bSe)) {
      if (!quiet || isSignaling(aM, aSe) || isSignaling(bM, bSe)) raise(IE);
      return UNORDERED;
    }
    if (isDenormal(aM, aSe) || isDenormal(bM, bSe)) raise(DE);
    if (aM == 0 && bM == 0) return C3;
  }
  if (aSe == bSe && aM == bM) return C3;
  if ((aSe ^ bSe) & 0x8000) return aSe & 0x8000 ? C0 : 0;
  // A pseudo-denormal's exponent field counts as 1.
  const aExp = max(aSe & 0x7fff, 1);
  const bExp = max(bSe & 0x7fff, 1);
  if (aExp == bExp && aM == bM) return C3;
  const less = aExp < bExp || (aExp == bExp && aM < bM);
  return less == ((aSe & 0x8000) == 0) ? C0 : 0;
}

/** End a comparison with these condition codes. An unmasked exception prevents the pop, not the codes. */
export function deliverCodes(codes: i32, pops: i32): void {
  signalCodes(raised | codes);
  if (suppressed(raised)) return;
  for (; pops > 0; pops--) pop();
}

/** Ends a comparison with an empty register: stack underflow, unordered. */
export function compareEmpty(pops: i32): void {
  setRaised(IE | SF);
  deliverCodes(UNORDERED, pops);
}

/** FUCOM, FUCOMP, FUCOMPP and FCOMPP. */
export function fcom(i: i32, quiet: i32, pops: i32): void {
  if (isEmpty(0) || isEmpty(i)) return compareEmpty(pops);
  const a = st(0);
  const b = st(i);
  deliverCodes(compare(significandAt(a), signExponentAt(a), significandAt(b), signExponentAt(b), quiet != 0), pops);
}

/** FCOMI and FUCOMI: CF, PF and ZF at their EFLAGS positions. The other arithmetic flags become 0. */
export function fcomi(i: i32, quiet: i32, pops: i32): i32 {
  let codes = UNORDERED;
  let sw = status();
  if (isEmpty(0) || isEmpty(i)) {
    setRaised(IE | SF);
    sw &= ~C1;
  } else {
    const a = st(0);
    const b = st(i);
    codes = compare(significandAt(a), signExponentAt(a), significandAt(b), signExponentAt(b), quiet != 0);
  }
  // Differs from the SDM: C1 is unchanged unless the stack underflows.
  sw |= raised;
  if (raised & ~control() & EXCEPTIONS) sw |= ES_B;
  setStatus(sw);
  if (!suppressed(raised) && pops != 0) pop();
  return flagsOf(codes);
}
/** Condition codes as EFLAGS. */
export function flagsOf(codes: i32): i32 { return (codes & C0 ? CF : 0) | (codes & C2 ? PF : 0) | (codes & C3 ? ZF : 0); }

/** Compare ST(0) with +0.0. */
export function ftst(): void {
  if (isEmpty(0)) return compareEmpty(0);
  const a = st(0);
  deliverCodes(compare(significandAt(a), signExponentAt(a), 0, 0, false), 0);
}

/** Classify ST(0), empty or not. SDM Vol. 2A Table 3-42. */
export function fxam(): void {
  const a = st(0);
  const m = significandAt(a);
  const se = signExponentAt(a);
  let codes = C2;
  if (isEmpty(0)) codes = C3 | C0;
  else if (isUnsupported(m, se)) codes = 0;
  else if (isNaN80(m, se)) codes = C0;
  else if (isInfinite(m, se)) codes = C2 | C0;
  else if (isZero(m, se)) codes = C3;
  else if (isDenormal(m, se)) codes = C3 | C2;
  if (se & 0x8000) codes |= C1;
  setStatus((status() & ~CODES) | codes);
}
