// IRET to user code with selectors from user code (sigreturn). Linux arch/x86/entry/entry_64.S,
// fixup_bad_iret().
import { at, S, vector } from "../../cpu/machine/state.ts";
import { loadSegment } from "../base/processor.ts";
import type { Task } from "../task/task.ts";
import { kernelSignal } from "./info.ts";
import { forceSignal } from "./send.ts";
import { SIG } from "./set.ts";

/** True if bits 47 to 63 are equal, as IRET requires of rip in 64-bit mode. SDM Vol. 1 3.3.7.1. */
const isCanonical = (hi: number): boolean => hi < 0x8000 || hi >= 0xffff_8000;

/**
 * Loads cs and ss. An invalid selector or rip is #GP at the target: SIGSEGV whose frame has the invalid
 * values.
 */
export const interruptReturn = (task: Task, cs: number, ss: number): void => {
  const cpu = task.kernel.processor;
  const { state } = cpu;
  const { u32 } = state;
  const selector = loadSegment(cpu, S.cs, cs) ? (loadSegment(cpu, S.ss, ss) ? undefined : ss) : cs;
  const canonical = state.mode !== 64 || isCanonical(u32[(at.rip >> 2) + 1] as number);
  if (selector === undefined && canonical) return;
  u32[(at.segSelector >> 2) + S.cs] = cs;
  u32[(at.segSelector >> 2) + S.ss] = ss;
  task.trap = { vector: vector.GP, error: (selector ?? 0) & ~3, cr2: task.trap.cr2 };
  forceSignal(task, kernelSignal(SIG.SIGSEGV));
};
