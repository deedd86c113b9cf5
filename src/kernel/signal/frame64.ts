// The signal frames of 64-bit code. Linux arch/x86/kernel/signal_64.c x64_setup_rt_frame(),
// x32_setup_rt_frame(), arch/x86/include/asm/sigframe.h, uapi asm/sigcontext.h.
//
//   x86-64: 0 pretcode · 8 ucontext · 312 siginfo(128) · padding · FXSAVE area
//   x32:    0 pretcode · 8 ucontext_x32 · 296 siginfo(128) · padding · FXSAVE area
//   ucontext:     flags · link · stack(24) · sigcontext(256) · sigmask
//   ucontext_x32: flags · link · stack(12) · pad · sigcontext(256) · sigmask
import { type Abi, x32, x64 } from "../../abi/abi.ts";
import { at, EF, R, S } from "../../cpu/machine/state.ts";
import { loadSegment } from "../base/processor.ts";
import { USER_CS, USER_DS } from "../base/selectors.ts";
import type { Task } from "../core/task.ts";
import { altStackState, SS } from "./alt-stack.ts";
import { fpFrameSize, initFpState, restoreFpState, saveFpState } from "./fpstate.ts";
import type { FrameAddress } from "./frame.ts";
import { interruptReturn } from "./iret.ts";
import { siginfoBytes } from "./layout.ts";
import { SA, type SigAction } from "./state/action.ts";
import type { SigInfo } from "./state/info.ts";
import type { SigSet } from "./state/set.ts";

const UC = 8;
/** The differences of the two frames: words and pointers outside of the registers. */
interface FrameShape {
  readonly abi: Abi;
  readonly size: number;
  readonly stack: number;
  readonly sc: number;
  readonly sigmask: number;
  readonly info: number;
}
/** struct rt_sigframe. */
export const frameX64: FrameShape = { abi: x64, size: 440, stack: UC + 16, sc: UC + 40, sigmask: UC + 296, info: 312 };
/** struct rt_sigframe_x32. */
export const frameX32: FrameShape = { abi: x32, size: 424, stack: UC + 8, sc: UC + 24, sigmask: UC + 280, info: 296 };
/** uc_flags. Linux uapi asm/ucontext.h. */
const UCF = { FP_XSTATE: 1, SIGCONTEXT_SS: 2, STRICT_RESTORE_SS: 4 } as const;

/** struct sigcontext_64: the registers in its order, 8 bytes each; then offsets in it. */
const SC_REGISTERS = [R.r8, R.r9, R.r10, R.r11, R.r12, R.r13, R.r14, R.r15, R.di, R.si, R.bp, R.bx, R.dx, R.ax, R.cx, R.sp] as const;
const SC_IP = 128;
const SC_FLAGS = 136;
const SC_CS = 144;
const SC_SS = 150;
const SC_ERR = 152;
const SC_TRAPNO = 160;
const SC_OLDMASK = 168;
const SC_CR2 = 176;
const SC_FPSTATE = 184;

/** EFLAGS bits that sigreturn takes from the frame. Linux FIX_EFLAGS. */
export const FIX_EFLAGS = EF.AC | EF.OF | EF.DF | EF.TF | EF.SF | EF.ZF | EF.AF | EF.PF | EF.CF | EF.RF;

type Placer = (size: number) => FrameAddress | undefined;

/** Writes a frame and starts the handler. False: the stack has no space, or there is no restorer. */
export const pushFrame64 = (task: Task, info: SigInfo, action: SigAction, masked: SigSet, placer: Placer, shape: FrameShape): boolean => {
  if ((action.flags & SA.RESTORER) === 0) return false;
  const where = placer(shape.size);
  if (!where) return false;
  const cpu = task.kernel.processor;
  const { state } = cpu;
  const { sc } = shape;
  const b = new Uint8Array(shape.size);
  const v = new DataView(b.buffer);
  const put = (offset: number, value: number): void => v.setBigUint64(offset, BigInt(value), true);
  put(0, action.restorer);
  put(
    UC,
    (task.kernel.model.xfeatures !== 0 ? UCF.FP_XSTATE : 0) |
      UCF.SIGCONTEXT_SS |
      (state.selector(S.cs) === USER_CS ? UCF.STRICT_RESTORE_SS : 0),
  );
  const { long } = shape.abi;
  const putWord = long === 8 ? put : (offset: number, value: number): void => v.setUint32(offset, value, true);
  putWord(shape.stack, task.altStack.sp);
  v.setUint32(shape.stack + long, (task.altStack.flags & SS.AUTODISARM) | altStackState(task.altStack, state.gpr(R.sp)), true);
  putWord(shape.stack + 2 * long, task.altStack.size);
  SC_REGISTERS.forEach((r, i) => v.setBigUint64(sc + 8 * i, state.u64[r] as bigint, true));
  v.setBigUint64(sc + SC_IP, state.u64[at.rip >> 3] as bigint, true);
  put(sc + SC_FLAGS, cpu.flags);
  v.setUint16(sc + SC_CS, state.selector(S.cs), true);
  v.setUint16(sc + SC_SS, state.selector(S.ss), true);
  put(sc + SC_ERR, task.trap.error);
  put(sc + SC_TRAPNO, task.trap.vector);
  v.setBigUint64(sc + SC_OLDMASK, masked, true);
  v.setBigUint64(sc + SC_CR2, task.trap.cr2, true);
  put(sc + SC_FPSTATE, where.fp);
  v.setBigUint64(shape.sigmask, masked, true);
  if ((action.flags & SA.SIGINFO) !== 0) b.set(siginfoBytes(info, shape.abi), shape.info);
  if (!task.mem.write(where.fx, saveFpState(state, task.kernel.model.xfeatures)) || !task.mem.write(where.frame, b)) return false;

  initFpState(state);
  state.setGpr(R.di, info.signo);
  state.setGpr(R.ax, 0);
  state.setGpr(R.si, where.frame + shape.info);
  state.setGpr(R.dx, where.frame + UC);
  state.setGpr(R.sp, where.frame);
  state.rip = action.handler;
  if (state.selector(S.cs) !== USER_CS) loadSegment(cpu, S.cs, USER_CS);
  // The handler sees ss as the interrupted code had it, if it can be loaded. Linux force_valid_ss().
  const ss = state.selector(S.ss);
  if (ss !== USER_DS && !loadSegment(cpu, S.ss, ss)) loadSegment(cpu, S.ss, USER_DS);
  return true;
};

/** The mask and alternate stack of a removed frame. Its registers are loaded already. */
export interface Restored {
  readonly mask: SigSet;
  readonly altStack?: { sp: number; flags: number; size: number };
}

/** Address of the mask in the frame of rt_sigreturn(2). */
export const frameMask64 = (task: Task, shape: FrameShape): number => task.kernel.processor.state.gpr(R.sp) - 8 + shape.sigmask;

/**
 * rt_sigreturn(2): loads the registers of the frame at rsp-8, which user code may have changed. Undefined:
 * bad frame.
 */
export const popFrame64 = (task: Task, shape: FrameShape): Restored | undefined => {
  const cpu = task.kernel.processor;
  const { state } = cpu;
  const { sc, stack, abi } = shape;
  const b = task.mem.read(state.gpr(R.sp) - 8, shape.size);
  if (!b) return undefined;
  const v = new DataView(b.buffer, b.byteOffset);
  const word = (offset: number): number => Number(v.getBigUint64(offset, true));
  const stackWord = (offset: number): number => (abi.long === 8 ? word(stack + offset) : v.getUint32(stack + offset, true));
  const fpstate = word(sc + SC_FPSTATE);
  if (fpstate === 0) initFpState(state);
  else {
    const fx = new Uint8Array(fpFrameSize(task.kernel.model.xfeatures));
    if (task.mem.readSome(fpstate, fx) < 512 || !restoreFpState(state, fx, task.kernel.model.xfeatures)) return undefined;
  }
  SC_REGISTERS.forEach((r, i) => {
    state.u64[r] = v.getBigUint64(sc + 8 * i, true);
  });
  state.u64[at.rip >> 3] = v.getBigUint64(sc + SC_IP, true);
  cpu.flags = (cpu.flags & ~FIX_EFLAGS) | (v.getUint32(sc + SC_FLAGS, true) & FIX_EFLAGS);
  // The privilege level is always user. A selector that cannot be loaded faults at IRET.
  const cs = v.getUint16(sc + SC_CS, true) | 3;
  const given = v.getUint16(sc + SC_SS, true) | 3;
  const ss = (v.getUint32(UC, true) & UCF.STRICT_RESTORE_SS) === 0 && cs === USER_CS ? validSs(task, given) : given;
  interruptReturn(task, cs, ss);
  return {
    mask: v.getBigUint64(shape.sigmask, true),
    altStack: { sp: stackWord(0), flags: v.getUint32(stack + abi.long, true), size: stackWord(2 * abi.long) },
  };
};

/**
 * Programs from before 2015 leave junk in ss. Linux force_valid_ss(): an invalid data selector becomes
 * USER_DS.
 */
const validSs = (task: Task, ss: number): number => (loadSegment(task.kernel.processor, S.ss, ss) ? ss : USER_DS);
