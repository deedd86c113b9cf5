// The x87 register stack in the state page, and the common ends of instructions. SDM Vol. 1 8.1.2, 8.5.1.1.
import { fpuControl, fpuEmpty, fpuRegs, fpuStatus } from "./at";
import { C1, CODES, DE, ES_B, EXCEPTIONS, IE, SF, ZE } from "./flags";
import { raised, setDefaultNaN, signExponent, significand } from "./result";

// @ts-ignore: decorator
@inline export function control(): i32 { return load<u16>(fpuControl); }
// @ts-ignore: decorator
@inline export function status(): i32 { return load<u16>(fpuStatus); }
// @ts-ignore: decorator
@inline export function setStatus(sw: i32): void { store<u16>(fpuStatus, sw); }
// @ts-ignore: decorator
@inline function physical(sw: i32, i: i32): i32 { return ((sw >> 11) + i) & 7; }
/** The address of ST(i). */
// @ts-ignore: decorator
@inline export function st(i: i32): i32 { return fpuRegs + (physical(status(), i) << 4); }
// @ts-ignore: decorator
@inline export function significandAt(at: i32): u64 { return load<u64>(at); }
// @ts-ignore: decorator
@inline export function signExponentAt(at: i32): i32 { return load<u16>(at, 8); }
// @ts-ignore: decorator
@inline export function isEmpty(i: i32): bool { return ((load<u8>(fpuEmpty) >>> physical(status(), i)) & 1) != 0; }

/** Write ST(i) and mark it full. */
// @ts-ignore: decorator
@inline export function put(i: i32, m: u64, se: i32): void {
  const r = physical(status(), i);
  store<u64>(fpuRegs + (r << 4), m);
  store<u16>(fpuRegs + (r << 4), se, 8);
  store<u8>(fpuEmpty, <i32>load<u8>(fpuEmpty) & ~(1 << r));
}

/** Marks ST(i) as empty. */
export function free(i: i32): void {
  store<u8>(fpuEmpty, <i32>load<u8>(fpuEmpty) | (1 << physical(status(), i)));
}

/** TOP plus `by`, which may be negative. */
export function rotate(by: i32): void {
  const sw = status();
  setStatus((sw & ~0x3800) | ((sw + (by << 11)) & 0x3800));
}

/** Frees ST(0) and increments TOP. */
export function pop(): void {
  free(0);
  rotate(1);
}

/** Decrements TOP and writes the new ST(0), without a check. */
export function push(m: u64, se: i32): void {
  rotate(-1);
  put(0, m, se);
}

/**
 * Accumulate exceptions. C1 is set if it is among them, else cleared. An unmasked exception sets ES and B.
 */
// @ts-ignore: decorator
@inline export function signal(flags: i32): void {
  let sw = (status() & ~C1) | flags;
  if (flags & ~control() & EXCEPTIONS) sw |= ES_B;
  setStatus(sw);
}

/** The same for comparisons, which replace all condition codes. */
export function signalCodes(flags: i32): void {
  setStatus(status() & ~CODES);
  signal(flags);
}

/** The exceptions in `flags` that are unmasked and prevent the result. SDM Vol. 1 8.5. */
// @ts-ignore: decorator
@inline export function suppressed(flags: i32): bool { return (flags & ~control() & (IE | DE | ZE)) != 0; }

/** Deliver what the operation left in `result` to ST(i). */
// @ts-ignore: decorator
@inline export function deliver(i: i32, pops: bool): void {
  const flags = raised;
  if (flags & ~control() & EXCEPTIONS) return deliverUnmasked(i, pops);
  const sw = status();
  const r = physical(sw, i);
  store<u64>(fpuRegs + (r << 4), significand);
  store<u16>(fpuRegs + (r << 4), signExponent, 8);
  store<u8>(fpuEmpty, <i32>load<u8>(fpuEmpty) & ~(1 << r));
  setStatus((sw & ~C1) | flags);
  if (pops) pop();
}

function deliverUnmasked(i: i32, pops: bool): void {
  signal(raised);
  if (suppressed(raised)) return;
  put(i, significand, signExponent);
  if (pops) pop();
}

/** Stack underflow of an instruction with one result: the default NaN is delivered. */
export function underflow(i: i32, pops: bool): void {
  setDefaultNaN(IE | SF);
  deliver(i, pops);
}

/** Push the result, which may overflow the stack. */
export function deliverPush(): void {
  if (!isEmpty(7)) setDefaultNaN(IE | SF | C1);
  deliverNext();
}

/** The same if the stack cannot overflow, or after an underflow. */
export function deliverNext(): void {
  signal(raised);
  if (raised & IE & ~control()) return;
  push(significand, signExponent);
}
