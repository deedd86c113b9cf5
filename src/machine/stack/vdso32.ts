// Steps up from the 32-bit vDSO, whose image has no unwind table: __kernel_vsyscall and the trampolines of
// signal handlers. src/kernel/exec/vdso/entry32.S; Linux uapi asm/sigcontext.h struct sigcontext_32.
import type { VdsoAddresses } from "../../kernel/exec/vdso.ts";
import { type DwarfRegisters, numbers, type UnwindStep, type UnwoundProgram } from "./unwind.ts";

/** Members of the saved context by DWARF number: eax ecx edx ebx esp ebp esi edi eip. */
const CONTEXT = [44, 40, 36, 32, 28, 24, 20, 16, 56] as const;
/** uc_mcontext in struct ucontext_ia32. */
const UC_MCONTEXT = 20;

/** Undefined: the address is none of these places. */
export const stepFromVdso = (
  vdso: VdsoAddresses,
  pc: number,
  registers: DwarfRegisters,
  { word }: UnwoundProgram,
): UnwindStep | undefined => {
  const { sp, bp, ra } = numbers[4];
  const stack = registers[sp];
  if (stack === undefined) return undefined;
  if (pc === vdso.landingPad) {
    const next = [...registers];
    [next[bp], next[2], next[1], next[ra]] = [word(stack), word(stack + 4), word(stack + 8), word(stack + 12)];
    next[sp] = stack + 16;
    return { registers: next, isSignal: false };
  }
  const isPlain = pc === vdso.sigreturn;
  if (!isPlain && pc !== vdso.rtSigreturn) return undefined;
  // The handler has returned its address: its first argument is on top.
  const context = isPlain ? stack + 4 : (word(stack + 8) ?? 0) + UC_MCONTEXT;
  return { registers: CONTEXT.map((offset) => word(context + offset)), isSignal: true };
};
