// IRET to user code with selectors from user code (sigreturn). Linux arch/x86/entry/entry_64.S,
// fixup_bad_iret().
import { at, S, vector } from "../../cpu/machine/state.ts";
import type { Task } from "../core/task.ts";
import { forceSignal } from "./send.ts";
import { kernelSignal } from "./state/info.ts";
import { SIG } from "./state/set.ts";

/** True if bits 47 to 63 are equal, as IRET requires of rip in 64-bit mode. SDM Vol. 1 3.3.7.1. */
const isCanonicalHalf = (hi: number): boolean => hi < 0x8000 || hi >= 0xffff_8000;

/**
 * Loads cs and ss. An invalid selector or rip is #GP at the target: SIGSEGV whose frame has the invalid
 * values.
 */
export const interruptReturn = (task: Task, cs: number, ss: number): void => {
  const cpu = task.kernel.processor;
  const { state } = cpu;
  const { u32 } = state;
  const badCode = cpu.segments.checkCode(cs);
  if (badCode < 0) cpu.segments.loadCode(cs);
  const badStack = badCode < 0 ? cpu.segments.load(S.ss, ss) : -1;
  const isCanonical = state.mode !== 64 || isCanonicalHalf(u32[(at.rip >> 2) + 1] as number);
  if (badCode < 0 && badStack < 0 && isCanonical) return;
  u32[(at.segSelector >> 2) + S.cs] = cs;
  u32[(at.segSelector >> 2) + S.ss] = ss;
  const selector = badCode >= 0 ? cs : badStack >= 0 ? ss : 0;
  const kind = badCode >= 0 ? badCode : badStack >= 0 ? badStack : vector.GP;
  // IRET to an ss of the LDT is on another stack, whose fault loses the error code. Linux exc_double_fault().
  const lost = (ss & LDT) !== 0;
  task.trap = { vector: lost ? vector.GP : kind, error: lost ? 0 : selector & ~3, cr2: task.trap.cr2 };
  forceSignal(task, kernelSignal(lost || kind === vector.GP ? SIG.SIGSEGV : SIG.SIGBUS));
};
/** The bit of a selector whose descriptor is in the LDT. */
const LDT = 4;
