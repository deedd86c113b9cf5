// A number rounded to an integer: the base of FIST, FISTTP, FBSTP and FRNDINT. SDM Vol. 1 4.8.4.
import { C1, PE } from "./flags";
import { raise } from "./result";
import { roundsUp } from "./round";

/** The result for a number whose rounded magnitude does not fit into 64 bits. */
export let tooBig: bool = false;

/** The rounded magnitude of a finite number. Raises PE and C1. */
export function magnitude(m: u64, se: i32, rc: i32): u64 {
  const shift = 0x403e - (se & 0x7fff);
  tooBig = shift < 0 && m != 0;
  if (tooBig || m == 0 || shift == 0) return m;
  let whole: u64 = 0;
  let fraction: u64 = 1;
  if (shift < 64) {
    whole = m >>> shift;
    fraction = m << (64 - shift);
  } else if (shift == 64) {
    fraction = m;
  }
  if (fraction != 0) raise(PE);
  if (roundsUp((se & 0x8000) != 0, (whole & 1) != 0, fraction, rc)) {
    raise(C1);
    whole++;
  }
  return whole;
}
