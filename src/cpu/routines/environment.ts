// FNINIT, FNCLEX, FLDCW, FLDENV/FNSTENV, FRSTOR/FNSAVE, FXRSTOR/FXSAVE, EMMS: the pieces that their rows move between memory and state.
// SDM Vol. 1 8.1.7 to 8.1.10, 10.5.1.
import { fpuControl, fpuCs, fpuDp, fpuDs, fpuEmpty, fpuIp, fpuOpcode, fpuRegs, fpuStatus } from "./at";
import { isNormal, isZero } from "./classify";
import { ES_B, EXCEPTIONS } from "./flags";
import { control, setStatus, significandAt, signExponentAt, status } from "./stack";

export function fninit(): void {
  fldcw(0x37f);
  setStatus(0);
  store<u8>(fpuEmpty, 0xff);
  setPointers(0, 0, 0, 0, 0);
}

export function fnclex(): void { setStatus(status() & 0x7f00); }

/** Bit 6 reads as one, the others that have no meaning as zero. */
export function fldcw(cw: i32): void {
  store<u16>(fpuControl, (cw & 0x1f3f) | 0x40);
  summarize();
}

/** ES and B follow from the exceptions and their masks whenever either is loaded. */
function summarize(): void {
  const sw = status();
  setStatus(sw & ~control() & EXCEPTIONS ? sw | ES_B : sw & ~ES_B);
}

/** FNSTENV and FNSAVE mask all exceptions after they stored the control word. */
export function mask_all(): void { fldcw(control() | EXCEPTIONS); }

export function loadStatus(sw: i32): void {
  setStatus(sw & 0xffff);
  summarize();
}

/** The tag word in full: what a register holds is looked up. SDM Vol. 1 Figure 8-7. */
export function tag_word(): i32 {
  let tags = 0;
  for (let r = 7; r >= 0; r--) {
    const at = fpuRegs + (r << 4);
    const m = significandAt(at);
    const se = signExponentAt(at);
    tags = (tags << 2) | (load<u8>(fpuEmpty) & (1 << r) ? 3 : isNormal(m, se) ? 0 : isZero(m, se) ? 1 : 2);
  }
  return tags;
}

/** Of a loaded tag word only empty or not counts. */
function setTagWord(tags: i32): void {
  let empty = 0;
  for (let r = 0; r < 8; r++) if (((tags >> (r << 1)) & 3) == 3) empty |= 1 << r;
  store<u8>(fpuEmpty, empty);
}

export function setPointers(ip: i64, cs: i32, dp: i64, ds: i32, opcode: i32): void {
  store<u64>(fpuIp, ip);
  store<u16>(fpuCs, cs);
  store<u64>(fpuDp, dp);
  store<u16>(fpuDs, ds);
  store<u16>(fpuOpcode, opcode & 0x7ff);
}

/** FLDENV and FRSTOR. `cs` has the opcode in bits 16 to 26, as the 32-bit layout has it. */
export function load_environment(cw: i32, sw: i32, tags: i32, ip: i32, cs: i32, dp: i32, ds: i32): void {
  fldcw(cw);
  loadStatus(sw);
  setTagWord(tags);
  setPointers(<u32>ip, cs & 0xffff, <u32>dp, ds & 0xffff, cs >>> 16);
}
