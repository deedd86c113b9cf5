// IRET to user code with selectors that user code chose (sigreturn). Linux arch/x86/entry/entry_64.S, fixup_bad_iret().
import { S, at, vector } from "../../cpu/state.ts";
import { kernelSignal } from "../signal/info.ts";
import { forceSignal } from "../signal/send.ts";
import { SIG } from "../signal/set.ts";
import type { Task } from "../task.ts";
import { loadSegment } from "../processor.ts";

/** A selector that cannot be loaded is #GP at the instruction returned to: SIGSEGV whose frame shows the bad selectors. */
export const interruptReturn = (task: Task, cs: number, ss: number): void => {
  const cpu = task.kernel.processor;
  const bad = loadSegment(cpu, S.cs, cs) ? (loadSegment(cpu, S.ss, ss) ? undefined : ss) : cs;
  if (bad === undefined) return;
  const { u32 } = cpu.state;
  u32[(at.segSelector >> 2) + S.cs] = cs;
  u32[(at.segSelector >> 2) + S.ss] = ss;
  task.trap = { vector: vector.GP, error: bad & ~3, cr2: task.trap.cr2 };
  forceSignal(task, kernelSignal(SIG.SIGSEGV));
};
