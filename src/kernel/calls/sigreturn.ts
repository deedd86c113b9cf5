// sigreturn, rt_sigreturn: the end of a handler. man 2 sigreturn; Linux arch/x86/kernel/signal_64.c, signal_32.c.
import { i386 } from "../../abi/abi.ts";
import { R } from "../../cpu/state.ts";
import { popOldFrame32, popRtFrame32 } from "../signal/frame32.ts";
import { popFrame64, type Restored } from "../signal/frame64.ts";
import { kernelSignal } from "../signal/info.ts";
import { forceSignal, setBlocked } from "../signal/send.ts";
import { SIG } from "../signal/set.ts";
import { RegistersReplaced, type Syscall, syscall } from "../syscall.ts";
import type { Task } from "../task.ts";
import { setAltStack } from "./signal.ts";

/** A bad frame is SIGSEGV. The registers are then as far restored as reading went. */
const finish = (t: Task, restored: Restored | undefined): RegistersReplaced => {
  const { state } = t.kernel.processor;
  t.origAx = -1;
  t.restartBlock = undefined;
  if (!restored) {
    forceSignal(t, kernelSignal(SIG.SIGSEGV));
    return new RegistersReplaced(0);
  }
  setBlocked(t, restored.mask);
  const { altStack } = restored;
  // restore_altstack() ignores everything but a fault.
  if (altStack) setAltStack(t, altStack.sp, altStack.flags, altStack.size, state.gpr(R.sp));
  return new RegistersReplaced(state.i32[2 * R.ax] as number);
};

export const sigreturnCalls: readonly Syscall[] = [
  syscall("rt_sigreturn", {}, (t, _a, abi) => finish(t, abi === i386 ? popRtFrame32(t) : popFrame64(t))),
  syscall("sigreturn", {}, (t) => finish(t, popOldFrame32(t))),
];
