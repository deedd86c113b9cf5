// Register moves and changes without arithmetic: FST(P) to a register, FXCH, FCMOVcc, FABS, FCHS, FFREE,
// FINCSTP, FDECSTP. SDM Vol. 2A.
import { C1, IE, SF } from "./flags";
import { raised, setDefaultNaN, setRaised, setResult } from "./result";
import { deliver, free, isEmpty, pop, put, rotate, setStatus, signExponentAt, signal, significandAt, st, status, suppressed, underflow } from "./stack";

/** FST ST(i) and FSTP ST(i). */
export function fst_st(i: i32, pops: i32): void {
  if (isEmpty(0)) return underflow(i, pops != 0);
  const a = st(0);
  setRaised(0);
  setResult(significandAt(a), signExponentAt(a));
  deliver(i, pops != 0);
}

/** D9 D8+i, undocumented: FSTP. If ST(0) is empty it pops without an exception and stores nothing. */
export function fstpnce(i: i32): void {
  if (!isEmpty(0)) return fst_st(i, 1);
  setStatus(status() & ~C1);
  pop();
}

/** FXCH: an empty register counts as the default NaN. */
export function fxch(i: i32): void {
  const a = st(0);
  const b = st(i);
  let aM = significandAt(a);
  let aSe = signExponentAt(a);
  let bM = significandAt(b);
  let bSe = signExponentAt(b);
  let flags = 0;
  if (isEmpty(0)) { aM = 0xc000000000000000; aSe = 0xffff; flags = IE | SF; }
  if (isEmpty(i)) { bM = 0xc000000000000000; bSe = 0xffff; flags = IE | SF; }
  signal(flags);
  if (suppressed(flags)) return;
  put(0, bM, bSe);
  put(i, aM, aSe);
}

/**
 * FCMOVcc; `condition` is evaluated by the row. Both registers must be full, also if the condition is false.
 */
export function fcmov(i: i32, taken: i32): void {
  if (isEmpty(0) || isEmpty(i)) return underflow(0, false);
  const b = st(i);
  // Differs from the SDM: C1 is unchanged.
  if (taken) put(0, significandAt(b), signExponentAt(b));
}

/** FABS: clears the sign. */
export function fabs(): void { sign(0x7fff, 0); }
/** FCHS: inverts the sign. */
export function fchs(): void { sign(0xffff, 0x8000); }

function sign(keep: i32, flip: i32): void {
  if (isEmpty(0)) return underflow(0, false);
  const a = st(0);
  setRaised(0);
  setResult(significandAt(a), (signExponentAt(a) & keep) ^ flip);
  deliver(0, false);
}

/** FFREE, and with `pops` the undocumented FFREEP (DF C0+i). */
export function ffree(i: i32, pops: i32): void {
  setStatus(status() & ~C1);
  free(i);
  if (pops) pop();
}

/** FINCSTP: increments TOP. */
export function fincstp(): void { turn(1); }
/** FDECSTP: decrements TOP. */
export function fdecstp(): void { turn(-1); }
function turn(by: i32): void {
  setStatus(status() & ~C1);
  rotate(by);
}
