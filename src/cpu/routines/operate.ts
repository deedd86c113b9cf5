// The eight operations that ModRM.reg of D8, DA, DC and DE selects: 0 add, 1 multiply, 2 compare, 3 compare
// and pop, 4 subtract, 5 reverse subtract, 6 divide, 7 reverse divide. Operands are registers, f32, f64 and
// integers. SDM Vol. 2D Tables.
import { add, over, root, subtract, times } from "./arithmetic";
import { isNaN80 } from "./classify";
import { compare, compareEmpty, deliverCodes } from "./compare";
import { DE, IE, ZE } from "./flags";
import { raise, raised, setRaised } from "./result";
import { fromF32, fromF64, fromInteger, sourceM, sourceRaised, sourceSe } from "./source";
import { control, deliver, isEmpty, signExponentAt, significandAt, st, underflow } from "./stack";

/** a op b into the result. */
export function operate(op: i32, aM: u64, aSe: i32, bM: u64, bSe: i32): void {
  switch (op) {
    case 0: return add(aM, aSe, bM, bSe);
    case 1: return times(aM, aSe, bM, bSe);
    case 4: return subtract(aM, aSe, bM, bSe);
    case 5: return subtract(bM, bSe, aM, aSe);
    case 6: return over(aM, aSe, bM, bSe);
    default: return over(bM, bSe, aM, aSe);
  }
}

/** ST(0) op ST(i) into ST(0): D8 C0 to D8 FF. */
export function arith_st(op: i32, i: i32): void {
  if ((op & 6) == 2) {
    if (isEmpty(0) || isEmpty(i)) return compareEmpty(op & 1);
    const a = st(0);
    const b = st(i);
    return deliverCodes(compare(significandAt(a), signExponentAt(a), significandAt(b), signExponentAt(b), false), op & 1);
  }
  into(op, i, 0, false);
}

/** ST(0) op ST(i) into ST(i): DC C0 to DC FF, and with `pops` DE. */
export function arith_to(op: i32, i: i32, pops: i32): void { into(op, i, i, pops != 0); }

function into(op: i32, i: i32, target: i32, pops: bool): void {
  const a = st(0);
  const b = st(i);
  if (isEmpty(0) || isEmpty(i)) return underflow(target, pops);
  operate(op, significandAt(a), signExponentAt(a), significandAt(b), signExponentAt(b));
  deliver(target, pops);
}

/** ST(0) op m32 into ST(0). */
export function arith_f32(op: i32, bits: i32): void {
  fromF32(bits);
  withSource(op);
}

/** ST(0) op m64 into ST(0). */
export function arith_f64(op: i32, bits: i64): void {
  fromF64(bits);
  withSource(op);
}

/** The i32 and i16 forms. The operand is sign-extended. */
export function arith_i32(op: i32, value: i32): void {
  fromInteger(value);
  withSource(op);
}

function withSource(op: i32): void {
  const compares = (op & 6) == 2;
  if (isEmpty(0)) return compares ? compareEmpty(op & 1) : underflow(0, false);
  const a = st(0);
  const m = significandAt(a);
  const se = signExponentAt(a);
  if (compares) {
    const codes = compare(m, se, sourceM, sourceSe, false);
    if (sourceRaised) denormalSource(m, se);
    return deliverCodes(codes, op & 1);
  }
  operate(op, m, se, sourceM, sourceSe);
  if (sourceRaised) denormalSource(m, se);
  deliver(0, false);
}

/** A source that was denormal before it was widened. DE is raised unless the other operand decides alone. */
export function denormalSource(m: u64, se: i32): void {
  if (isNaN80(m, se) || raised & (IE | ZE)) return;
  if (control() & DE) raise(DE);
  else setRaised(DE);
}

/** FSQRT. */
export function fsqrt(): void {
  if (isEmpty(0)) return underflow(0, false);
  const a = st(0);
  root(significandAt(a), signExponentAt(a));
  deliver(0, false);
}
