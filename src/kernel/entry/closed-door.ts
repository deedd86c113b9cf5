// The 32-bit doors of a kernel without IA32 emulation. Linux arch/x86/kernel/cpu/common.c idt_syscall_init(),
// arch/x86/entry/entry_64.S entry_SYSCALL32_ignore.

import { E } from "../../abi/errno.ts";
import { R, S, vector } from "../../cpu/machine/state.ts";
import { DOOR_LENGTH, loadSegment } from "../base/processor.ts";
import { USER_DS, USER32_CS } from "../base/selectors.ts";
import type { Task } from "../core/task.ts";
import { forceSignal } from "../signal/send.ts";
import { kernelSignal } from "../signal/state/info.ts";
import { SIG } from "../signal/state/set.ts";
import type { Door } from "../syscall/call.ts";

/** Error code of #GP for an absent gate: vector 0x80 of the IDT. SDM Vol. 3A 6.13. */
const IDT_80 = (0x80 << 3) | 2;

/** The effect of a 32-bit door without IA32 emulation: -ENOSYS for SYSCALL, SIGSEGV for the others. */
export const closedDoor = (task: Task, door: Door): void => {
  const cpu = task.kernel.processor;
  const { state } = cpu;
  task.origAx = -1;
  if (door.name === "syscall32") {
    // MSR_CSTAR still has an entry point, which returns -ENOSYS in eax.
    state.setGpr(R.ax, -E.ENOSYS >>> 0);
    loadSegment(cpu, S.cs, USER32_CS);
    loadSegment(cpu, S.ss, USER_DS);
    return;
  }
  state.rip -= DOOR_LENGTH;
  // MSR_IA32_SYSENTER_CS is null, which is #GP(0).
  task.trap = { vector: vector.GP, error: door.name === "int80" ? IDT_80 : 0, cr2: task.trap.cr2 };
  forceSignal(task, kernelSignal(SIG.SIGSEGV));
};
