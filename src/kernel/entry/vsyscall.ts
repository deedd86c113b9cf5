// The vsyscall page: three entry points at fixed addresses, older than the vDSO. The page is not executable.
// A jump to it faults, and the fault is served as the call of that entry point. With vsyscall=emulate the
// page is readable. Linux arch/x86/entry/vsyscall/vsyscall_64.c emulate_vsyscall().
import { x64 } from "../../abi/abi.ts";
import { E } from "../../abi/errno.ts";
import { at, R } from "../../cpu/machine/state.ts";
import { entryWork } from "../base/pending-work.ts";
import type { Task } from "../core/task.ts";
import { exitTask } from "../lifecycle/exit.ts";
import { endProcess, forceSignal } from "../signal/send.ts";
import { kernelSignal } from "../signal/state/info.ts";
import { SIG } from "../signal/state/set.ts";
import type { Incoming } from "../syscall/call.ts";
import { NUMBERS, PAGE_HI, PAGE_LO } from "../task/vsyscall-page.ts";
import { seccompCheck } from "./seccomp.ts";
import { entryAction } from "./verdict.ts";

/** Serve an instruction fault in the page. False: the address is elsewhere, or the profile has no page. */
export const vsyscall = (task: Task): boolean => {
  const { kernel } = task;
  const { state } = kernel.processor;
  const lo = state.u32[at.rip >> 2] as number;
  if (kernel.profile.vsyscall === "none" || state.u32[(at.rip >> 2) + 1] !== PAGE_HI || (lo & ~0xfff) >>> 0 !== PAGE_LO) return false;
  const nr = NUMBERS[(lo - PAGE_LO) >>> 10];
  const sp = state.gpr(R.sp);
  const caller = task.mem.u64(sp);
  if (lo % 0x400 !== 0 || nr === undefined || caller < 0) {
    forceSignal(task, kernelSignal(SIG.SIGSEGV));
    return true;
  }
  if (task.seccomp && kernel.profile.seccomp.vsyscall === "killed") {
    exitTask(task, SIG.SIGKILL);
    return true;
  }
  takeArguments(task, nr);
  admitVsyscall(task, { abi: x64, door: "syscall64", call: undefined, step: 0, vsyscall: { nr, rip: state.rip, caller, sp } });
  return true;
};

/**
 * Asks the filters about the call of an entry point and serves it. A listener or a tracer makes the task
 * wait; then this continues. A denied call still returns to its caller.
 */
export const admitVsyscall = (task: Task, incoming: Incoming): void => {
  const { state } = task.kernel.processor;
  const { nr, rip, caller, sp } = incoming.vsyscall as NonNullable<Incoming["vsyscall"]>;
  // Filters see the address in the page as instruction pointer.
  const action = (task.entryWork & entryWork.seccomp) === 0 ? entryAction.run : seccompCheck(task, x64, incoming);
  task.incoming = action === entryAction.wait ? incoming : undefined;
  if (action === entryAction.wait) return;
  const isAsked = task.origAx === nr && state.rip === rip;
  task.origAx = -1;
  if (task.state === "dead") return;
  if (action === entryAction.run && !isAsked) {
    endProcess(task.process, SIG.SIGSYS);
    return;
  }
  const result = action === entryAction.run ? serve(task, nr) : undefined;
  if (result === -E.EFAULT) {
    forceSignal(task, kernelSignal(SIG.SIGSEGV));
    return;
  }
  if (result !== undefined) state.setGpr(R.ax, result);
  state.rip = caller;
  state.setGpr(R.sp, sp + 8);
};

const takeArguments = (task: Task, nr: number): void => {
  const { state } = task.kernel.processor;
  task.compat = false;
  task.origAx = nr;
  for (const [i, r] of [R.di, R.si, R.dx].entries()) {
    task.args[2 * i] = state.lo(r);
    task.args[2 * i + 1] = state.hi(r);
  }
  state.setGpr(R.ax, -E.ENOSYS);
};

const serve = (task: Task, nr: number): number => {
  // getcpu has no third argument at this entry point; the other calls ignore it.
  task.args[4] = task.args[5] = 0;
  const entry = task.kernel.scheduler.gate.entryOf(x64, nr);
  return entry ? (entry.call(task, entry.decode(task.args), x64) as number) : -E.ENOSYS;
};
