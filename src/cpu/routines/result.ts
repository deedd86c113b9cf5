// What an operation produced, before the register stack or memory takes it. (A wasm function with one value is what every host and
// caller understands, so a wide result goes through these.)
import { IE } from "./flags";

export let significand: u64 = 0;
/** Sign in bit 15, biased exponent below. */
export let signExponent: i32 = 0;
/** Exceptions that the operation raised, in their status word places, and C1 where it rounded away from zero. */
export let raised: i32 = 0;

// @ts-ignore: decorator
@inline export function setResult(m: u64, se: i32): void {
  significand = m;
  signExponent = se;
}
// @ts-ignore: decorator
@inline export function setRaised(flags: i32): void { raised = flags; }
// @ts-ignore: decorator
@inline export function raise(flags: i32): void { raised |= flags; }

/** The real indefinite, and the exceptions that led to it. SDM Vol. 1 4.8.3.7. */
export function setDefaultNaN(flags: i32): void {
  setResult(0xc000000000000000, 0xffff);
  raised = flags;
}

export function invalid(): void { setDefaultNaN(IE); }
