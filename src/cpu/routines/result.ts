// The result of an operation, before it goes to the register stack or to memory. A WebAssembly function with
// one result is the portable form, so the other parts of a wide result are in the variables here.
import { IE } from "./flags";

/** Significand of the result, with the integer bit. */
export let significand: u64 = 0;
/** Sign in bit 15, biased exponent in bits 14:0. */
export let signExponent: i32 = 0;
/**
 * Exceptions of the operation at their status word positions, and C1 if the result was rounded away from 0.
 */
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

/** The real indefinite, with the exceptions that cause it. SDM Vol. 1 4.8.3.7. */
export function setDefaultNaN(flags: i32): void {
  setResult(0xc000000000000000, 0xffff);
  raised = flags;
}

/** The real indefinite with an invalid operation. */
export function invalid(): void { setDefaultNaN(IE); }
