// FNINIT, FNCLEX, FLDCW. SDM Vol. 2A. Whole images are moved in src/cpu/helpers.
import { fpuControl, fpuCs, fpuDp, fpuDs, fpuEmpty, fpuIp, fpuOpcode } from "./at";
import { ES_B, EXCEPTIONS } from "./flags";
import { setStatus, status } from "./stack";

/** FNINIT: default control word, empty stack, no exceptions, pointers 0. */
export function fninit(): void {
  store<u16>(fpuControl, 0x37f);
  setStatus(0);
  store<u8>(fpuEmpty, 0xff);
  store<u64>(fpuIp, 0);
  store<u16>(fpuCs, 0);
  store<u64>(fpuDp, 0);
  store<u16>(fpuDs, 0);
  store<u16>(fpuOpcode, 0);
}

/** FNCLEX: clears exceptions, SF, ES and B. */
export function fnclex(): void { setStatus(status() & 0x7f00); }

/** Bit 6 reads as one, other reserved bits as zero. ES and B follow from exceptions and masks. */
export function fldcw(cw: i32): void {
  store<u16>(fpuControl, (cw & 0x1f3f) | 0x40);
  const sw = status();
  setStatus(sw & ~cw & EXCEPTIONS ? sw | ES_B : sw & ~ES_B);
}
