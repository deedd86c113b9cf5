// sigreturn, rt_sigreturn: the end of a handler. man 2 sigreturn; Linux arch/x86/kernel/signal_64.c,
// signal_32.c.
import type { Abi } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { R } from "../../../cpu/machine/state.ts";
import { RegistersReplaced } from "../../core/result.ts";
import type { Task } from "../../core/task.ts";
import { oldFrameMask32, popOldFrame32, popRtFrame32, rtFrameMask32 } from "../../signal/frame32.ts";
import { frameMask64, frameX32, frameX64, popFrame64, type Restored } from "../../signal/frame64.ts";
import { forceSignal, setBlocked } from "../../signal/send.ts";
import { kernelSignal } from "../../signal/state/info.ts";
import { SIG, type SigSet } from "../../signal/state/set.ts";
import { setText } from "../../syscall/arg-signal.ts";
import { type ArgType, type Syscall, syscall } from "../../syscall/declaration.ts";
import { readSigset, setAltStack } from "./action.ts";

/** The frame of rt_sigreturn on the stack: the address of its signal mask, and its removal. */
interface RtFrame {
  readonly mask: (t: Task) => number;
  readonly pop: (t: Task) => Restored | undefined;
}
const rtFrames: Readonly<Record<Abi["name"], RtFrame>> = {
  x64: { mask: (t) => frameMask64(t, frameX64), pop: (t) => popFrame64(t, frameX64) },
  x32: { mask: (t) => frameMask64(t, frameX32), pop: (t) => popFrame64(t, frameX32) },
  i386: { mask: rtFrameMask32, pop: popRtFrame32 },
};

/** The end of sigreturn. A bad frame is SIGSEGV, with the registers that were read before the fault. */
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
  // restore_altstack() ignores all errors except a fault.
  if (altStack) setAltStack(t, altStack.sp, altStack.flags, altStack.size, state.gpr(R.sp));
  return new RegistersReplaced(state.i32[2 * R.ax] as number);
};

/** An argument without a register: strace shows the mask that the frame restores. */
const mask = (read: (t: Task, abi: Abi) => SigSet | undefined): ArgType<undefined> => ({
  c: "",
  decode: () => undefined,
  show: (_v, { task, abi }) => {
    const set = read(task, abi);
    return set === undefined ? "" : `{mask=${setText(set)}}`;
  },
});
const rtMask = mask((t, abi) => readSigset(t, rtFrames[abi.name].mask(t) as VAddr));
const oldMask = mask((t) => {
  const [low, high] = oldFrameMask32(t).map((at) => t.mem.u32(at)) as [number, number];
  return low < 0 || high < 0 ? undefined : BigInt(low) | (BigInt(high) << 32n);
});

/** Calls that end a handler. man 2 sigreturn. */
export const sigreturnCalls: readonly Syscall[] = [
  syscall("rt_sigreturn", { mask: rtMask }, (t, _a, abi) => finish(t, rtFrames[abi.name].pop(t)), { isOneStep: true }),
  syscall("sigreturn", { mask: oldMask }, (t) => finish(t, popOldFrame32(t)), { isOneStep: true }),
];
