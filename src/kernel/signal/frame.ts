// Address and form of signal frames. Linux arch/x86/kernel/signal.c get_sigframe(), setup_rt_frame().
import { EF, R, S } from "../../cpu/machine/state.ts";
import { USER_DS } from "../base/selectors.ts";
import type { Task } from "../core/task.ts";
import { altStackState, isWithin, SS } from "./alt-stack.ts";
import { FSAVE_SIZE, fpFrameSize } from "./fpstate.ts";
import { pushFrame32 } from "./frame32.ts";
import { frameX32, frameX64, pushFrame64 } from "./frame64.ts";
import { SA, type SigAction } from "./state/action.ts";
import type { SigInfo } from "./state/info.ts";
import type { SigSet } from "./state/set.ts";

/** Bytes below rsp that the psABI gives to leaf functions. */
const RED_ZONE = 128;

/** The addresses of a frame. */
export interface FrameAddress {
  readonly frame: number;
  readonly fp: number;
  readonly fx: number;
}

const place = (task: Task, action: SigAction, size: number): FrameAddress | undefined => {
  const { state } = task.kernel.processor;
  const { xfeatures } = task.kernel.model;
  const ia32 = (action.flags & SA.IA32_ABI) !== 0;
  const sp0 = ia32 ? state.lo(R.sp) : state.gpr(R.sp);
  const nested = altStackState(task.altStack, sp0) === SS.ONSTACK;
  let entering = false;
  let sp = ia32 ? sp0 : sp0 - RED_ZONE;
  if ((action.flags & SA.ONSTACK) !== 0) {
    if (altStackState(task.altStack, sp) === 0) {
      sp = task.altStack.sp + task.altStack.size;
      entering = true;
    }
  } else if (ia32 && !nested && state.selector(S.ss) !== USER_DS && (action.flags & SA.RESTORER) === 0 && action.restorer !== 0) {
    // Older than sigaltstack: a program with its own stack segment passes a stack as its restorer.
    sp = action.restorer;
    entering = true;
  }
  const fx = Math.floor((sp - fpFrameSize(xfeatures)) / 64) * 64;
  const fp = ia32 ? fx - FSAVE_SIZE : fx;
  const below = fp - size;
  const frame = ia32 ? Math.floor((below + 4) / 16) * 16 - 4 : Math.floor(below / 16) * 16 - 8;
  if (frame < 0 || ((nested || entering) && !isWithin(task.altStack, frame) && task.altStack.size !== 0)) return undefined;
  return { frame, fp, fx };
};

/** Writes the frame and starts the handler. False: the stack has no space, and registers are unchanged. */
export const pushFrame = (task: Task, info: SigInfo, action: SigAction, masked: SigSet): boolean => {
  const cpu = task.kernel.processor;
  const placer = (size: number) => place(task, action, size);
  const pushed =
    (action.flags & SA.IA32_ABI) !== 0
      ? pushFrame32(task, info, action, masked, placer)
      : pushFrame64(task, info, action, masked, placer, (action.flags & SA.X32_ABI) !== 0 ? frameX32 : frameX64);
  if (!pushed) return false;
  cpu.flags = cpu.flags & ~(EF.DF | EF.RF | EF.TF);
  return true;
};
