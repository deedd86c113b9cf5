// CMPxx, COMIxx, UCOMIxx of one lane. SDM Vol. 2A, CMPPD Table 3-1: predicates 0 to 31.
import { CF, IE, PF, ZF } from "../flags";
import { raise, raised } from "../result";
import { less, noteSubnormal, seen } from "./arithmetic";
import { isNotANumber, isSignalingNaN, magnitude } from "./format";

const LESS = 1;
const EQUAL = 2;
const GREATER = 4;
const UNORDERED = 8;

function relation<F>(a: u64, b: u64, quiet: bool): i32 {
  if (isNotANumber<F>(a) || isNotANumber<F>(b)) {
    if (!quiet || isSignalingNaN<F>(a) || isSignalingNaN<F>(b)) raise(IE);
    return UNORDERED;
  }
  a = seen<F>(a);
  b = seen<F>(b);
  noteSubnormal<F>(a);
  noteSubnormal<F>(b);
  if (a == b || (magnitude<F>(a) | magnitude<F>(b)) == 0) return EQUAL;
  return less<F>(a, b) ? LESS : GREATER;
}

/** All ones or all zeros in the lane's width. */
export function predicate<F>(a: u64, b: u64, which: i32): u64 {
  // Signaling: LT LE NLT NLE NGE NGT GE GT of the first sixteen; the other eight of the second sixteen.
  const signals = ((which & 3) == 1 || (which & 3) == 2) != ((which & 16) != 0);
  const found = relation<F>(a, b, !signals);
  return holds(which & 15) & found ? (sizeof<F>() == 4 ? 0xffffffff : 0xffffffffffffffff) : 0;
}

function holds(which: i32): i32 {
  switch (which) {
    case 0: return EQUAL;
    case 1: return LESS;
    case 2: return LESS | EQUAL;
    case 3: return UNORDERED;
    case 4: return LESS | GREATER | UNORDERED;
    case 5: return EQUAL | GREATER | UNORDERED;
    case 6: return GREATER | UNORDERED;
    case 7: return LESS | EQUAL | GREATER;
    case 8: return EQUAL | UNORDERED;
    case 9: return LESS | UNORDERED;
    case 10: return LESS | EQUAL | UNORDERED;
    case 11: return 0;
    case 12: return LESS | GREATER;
    case 13: return EQUAL | GREATER;
    case 14: return GREATER;
    default: return LESS | EQUAL | GREATER | UNORDERED;
  }
}

/** CF, PF and ZF at their EFLAGS positions. The other arithmetic flags become 0. */
export function flags<F>(a: u64, b: u64, quiet: bool): i32 {
  switch (relation<F>(a, b, quiet)) {
    case LESS: return CF;
    case EQUAL: return ZF;
    case GREATER: return 0;
    default: return ZF | PF | CF;
  }
}
