// The 64-bit signal frame. Linux arch/x86/kernel/signal_64.c x64_setup_rt_frame(), arch/x86/include/asm/sigframe.h, uapi asm/sigcontext.h.
//
//   0 pretcode · 8 ucontext { flags · link · stack(24) · sigcontext(256) · sigmask } · 312 siginfo(128) · then up to the FXSAVE area
import { x64 } from "../../abi/abi.ts";
import { at, EF, R, S } from "../../cpu/state.ts";
import { interruptReturn } from "../entry/iret.ts";
import { USER_CS, USER_DS } from "../entry/selectors.ts";
import { loadSegment } from "../processor.ts";
import type { Task } from "../task.ts";
import { SA, type SigAction } from "./action.ts";
import { altStackState, SS } from "./alt-stack.ts";
import { fpFrameSize, initFpState, restoreFpState, saveFpState } from "./fpstate.ts";
import type { Place } from "./frame.ts";
import type { SigInfo } from "./info.ts";
import { siginfoBytes } from "./layout.ts";
import type { SigSet } from "./set.ts";

const SIZE = 440;
const UC = 8;
const UC_STACK = UC + 16;
const SC = UC + 40;
const UC_SIGMASK = UC + 296;
const INFO = 312;
/** uc_flags. uapi asm/ucontext.h */
const UCF = { FP_XSTATE: 1, SIGCONTEXT_SS: 2, STRICT_RESTORE_SS: 4 } as const;

/** struct sigcontext_64: the registers in its order, 8 bytes each. */
const SC_REGISTERS = [R.r8, R.r9, R.r10, R.r11, R.r12, R.r13, R.r14, R.r15, R.di, R.si, R.bp, R.bx, R.dx, R.ax, R.cx, R.sp] as const;
const SC_IP = SC + 128;
const SC_FLAGS = SC + 136;
const SC_CS = SC + 144;
const SC_SS = SC + 150;
const SC_ERR = SC + 152;
const SC_TRAPNO = SC + 160;
const SC_OLDMASK = SC + 168;
const SC_CR2 = SC + 176;
const SC_FPSTATE = SC + 184;

/** EFLAGS bits that sigreturn takes from the frame. Linux FIX_EFLAGS. */
export const FIX_EFLAGS = EF.AC | EF.OF | EF.DF | EF.TF | EF.SF | EF.ZF | EF.AF | EF.PF | EF.CF | EF.RF;

type Placer = (size: number) => Place | undefined;

export const pushFrame64 = (task: Task, info: SigInfo, action: SigAction, masked: SigSet, placer: Placer): boolean => {
  if ((action.flags & SA.RESTORER) === 0) return false;
  const where = placer(SIZE);
  if (!where) return false;
  const cpu = task.kernel.processor;
  const { state } = cpu;
  const b = new Uint8Array(SIZE);
  const v = new DataView(b.buffer);
  const put = (offset: number, value: number): void => v.setBigUint64(offset, BigInt(value), true);
  put(0, action.restorer);
  put(UC, (task.kernel.model.xfeatures !== 0 ? UCF.FP_XSTATE : 0) | UCF.SIGCONTEXT_SS | (state.mode === 64 ? UCF.STRICT_RESTORE_SS : 0));
  put(UC_STACK, task.altStack.sp);
  v.setUint32(UC_STACK + 8, (task.altStack.flags & SS.AUTODISARM) | altStackState(task.altStack, state.gpr(R.sp)), true);
  put(UC_STACK + 16, task.altStack.size);
  SC_REGISTERS.forEach((r, i) => v.setBigUint64(SC + 8 * i, state.u64[r] as bigint, true));
  v.setBigUint64(SC_IP, state.u64[at.rip >> 3] as bigint, true);
  put(SC_FLAGS, cpu.flags);
  v.setUint16(SC_CS, state.selector(S.cs), true);
  v.setUint16(SC_SS, state.selector(S.ss), true);
  put(SC_ERR, task.trap.error);
  put(SC_TRAPNO, task.trap.vector);
  v.setBigUint64(SC_OLDMASK, masked, true);
  v.setBigUint64(SC_CR2, task.trap.cr2, true);
  put(SC_FPSTATE, where.fp);
  v.setBigUint64(UC_SIGMASK, masked, true);
  if ((action.flags & SA.SIGINFO) !== 0) b.set(siginfoBytes(info, x64), INFO);
  if (!task.mem.write(where.fx, saveFpState(state, task.kernel.model.xfeatures)) || !task.mem.write(where.frame, b)) return false;

  initFpState(state);
  state.setGpr(R.di, info.signo);
  state.setGpr(R.ax, 0);
  state.setGpr(R.si, where.frame + INFO);
  state.setGpr(R.dx, where.frame + UC);
  state.setGpr(R.sp, where.frame);
  state.rip = action.handler;
  if (state.selector(S.cs) !== USER_CS) loadSegment(cpu, S.cs, USER_CS);
  if (state.selector(S.ss) !== USER_DS) loadSegment(cpu, S.ss, USER_DS);
  return true;
};

export interface Restored {
  readonly mask: SigSet;
  readonly altStack?: { sp: number; flags: number; size: number };
}

/** Where the mask is in the frame that rt_sigreturn(2) would take now. */
export const frameMask64 = (task: Task): number => task.kernel.processor.state.gpr(R.sp) - 8 + UC_SIGMASK;

/** rt_sigreturn(2): registers from the frame at rsp-8, whatever user code has made of it. Undefined: bad frame. */
export const popFrame64 = (task: Task): Restored | undefined => {
  const cpu = task.kernel.processor;
  const { state } = cpu;
  const b = task.mem.read(state.gpr(R.sp) - 8, SIZE);
  if (!b) return undefined;
  const v = new DataView(b.buffer, b.byteOffset);
  const word = (offset: number): number => Number(v.getBigUint64(offset, true));
  const fpstate = word(SC_FPSTATE);
  if (fpstate === 0) initFpState(state);
  else {
    const fx = new Uint8Array(fpFrameSize(task.kernel.model.xfeatures));
    if (task.mem.readSome(fpstate, fx) < 512 || !restoreFpState(state, fx, task.kernel.model.xfeatures)) return undefined;
  }
  SC_REGISTERS.forEach((r, i) => {
    state.u64[r] = v.getBigUint64(SC + 8 * i, true);
  });
  state.u64[at.rip >> 3] = v.getBigUint64(SC_IP, true);
  cpu.flags = (cpu.flags & ~FIX_EFLAGS) | (v.getUint32(SC_FLAGS, true) & FIX_EFLAGS);
  // The privilege level is user's, whatever the frame says; a selector that cannot be loaded faults on the way out (IRET).
  const cs = v.getUint16(SC_CS, true) | 3;
  const ss =
    (word(UC) & UCF.STRICT_RESTORE_SS) === 0 && cs === USER_CS ? validSs(task, v.getUint16(SC_SS, true) | 3) : v.getUint16(SC_SS, true) | 3;
  interruptReturn(task, cs, ss);
  return {
    mask: v.getBigUint64(UC_SIGMASK, true),
    altStack: { sp: word(UC_STACK), flags: v.getUint32(UC_STACK + 8, true), size: word(UC_STACK + 16) },
  };
};

/** Programs from before 2015 leave junk in the place of ss. Linux force_valid_ss(): a selector that is no writable data segment becomes USER_DS. */
const validSs = (task: Task, ss: number): number => (loadSegment(task.kernel.processor, S.ss, ss) ? ss : USER_DS);
