// si_code of floating-point exceptions. Linux arch/x86/kernel/fpu/core.c fpu__exception_code(). SDM Vol. 1
// 8.5, 11.5.
import { SI } from "./state/info.ts";

/** Exception bits, at the same positions in the x87 status word and in MXCSR. */
const FP = { INVALID: 0x01, DENORMAL: 0x02, ZERO: 0x04, OVERFLOW: 0x08, UNDERFLOW: 0x10, PRECISION: 0x20, STACK: 0x40 } as const;
const MXCSR_MASK_SHIFT = 7;

const codeOf = (raised: number): number => {
  if ((raised & FP.INVALID) !== 0) return SI.FPE_FLTINV;
  if ((raised & FP.ZERO) !== 0) return SI.FPE_FLTDIV;
  if ((raised & FP.OVERFLOW) !== 0) return SI.FPE_FLTOVF;
  if ((raised & (FP.DENORMAL | FP.UNDERFLOW)) !== 0) return SI.FPE_FLTUND;
  if ((raised & FP.PRECISION) !== 0) return SI.FPE_FLTRES;
  return 0;
};

/** si_code of #MF, from the control and status words. */
export const mathError = (control: number, status: number): number => codeOf(status & ~control & 0x3f);
/** si_code of #XM. */
export const simdError = (mxcsr: number): number => codeOf(mxcsr & ~(mxcsr >>> MXCSR_MASK_SHIFT) & 0x3f);
