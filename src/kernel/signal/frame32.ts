// The two 32-bit signal frames. Linux arch/x86/kernel/signal_32.c ia32_setup_frame(), ia32_setup_rt_frame(),
// asm/sigframe.h.
//
//   old:  0 pretcode · 4 sig · 8 sigcontext(88) · 96 unused FSAVE area(624) · 720 extramask · 724 retcode(8)
//   rt:   0 pretcode · 4 sig · 8 pinfo · 12 puc · 16 siginfo(128) · 144 ucontext · 260 retcode(8)
//   ucontext: flags · link · stack(12) · sigcontext · sigmask
import { i386 } from "../../abi/abi.ts";
import { R, S } from "../../cpu/machine/state.ts";
import { loadSegment } from "../base/processor.ts";
import { USER_DS, USER32_CS } from "../base/selectors.ts";
import type { Task } from "../core/task.ts";
import { altStackState, SS } from "./alt-stack.ts";
import { FSAVE_SIZE, fpFrameSize, fsaveBytes, initFpState, restoreFpState, restoreFsave, saveFpState } from "./fpstate.ts";
import type { FrameAddress } from "./frame.ts";
import { FIX_EFLAGS, type Restored } from "./frame64.ts";
import { interruptReturn } from "./iret.ts";
import { siginfoBytes } from "./layout.ts";
import { SA, type SigAction } from "./state/action.ts";
import type { SigInfo } from "./state/info.ts";
import type { SigSet } from "./state/set.ts";

const OLD = { size: 732, sc: 8, extramask: 720, retcode: 724 } as const;
const RT = { size: 268, info: 16, uc: 144, stack: 152, sc: 164, sigmask: 252, retcode: 260 } as const;
/** struct sigcontext_32: segment selectors, registers in its order, other members. */
const SC_SEGMENTS = [S.gs, S.fs, S.es, S.ds] as const;
const SC_REGISTERS = [R.di, R.si, R.bp, R.sp, R.bx, R.dx, R.cx, R.ax] as const;
const SC = { trapno: 48, err: 52, ip: 56, cs: 60, flags: 64, spAtSignal: 68, ss: 72, fpstate: 76, oldmask: 80, cr2: 84 } as const;
const UC_FP_XSTATE = 1;

/**
 * `pop %eax; mov $119, %eax; int $0x80` and `mov $173, %eax; int $0x80`: gdb recognises signal frames by
 * them.
 */
const OLD_RETCODE = [0x58, 0xb8, 119, 0, 0, 0, 0xcd, 0x80] as const;
const RT_RETCODE = [0xb8, 173, 0, 0, 0, 0xcd, 0x80, 0] as const;

const writeContext = (task: Task, v: DataView, sc: number, fpstate: number, masked: SigSet): void => {
  const cpu = task.kernel.processor;
  const { state } = cpu;
  const put = (offset: number, value: number): void => v.setUint32(sc + offset, value, true);
  SC_SEGMENTS.forEach((s, i) => put(4 * i, state.selector(s)));
  SC_REGISTERS.forEach((r, i) => put(16 + 4 * i, state.lo(r)));
  put(SC.trapno, task.trap.vector);
  put(SC.err, task.trap.error);
  put(SC.ip, state.rip);
  put(SC.cs, state.selector(S.cs));
  put(SC.flags, cpu.flags);
  put(SC.spAtSignal, state.lo(R.sp));
  put(SC.ss, state.selector(S.ss));
  put(SC.fpstate, fpstate);
  put(SC.oldmask, Number(masked & 0xffff_ffffn));
  put(SC.cr2, Number(task.trap.cr2 & 0xffff_ffffn));
};

const writeFpState = (task: Task, where: FrameAddress): boolean => {
  const { state } = task.kernel.processor;
  const { xfeatures } = task.kernel.model;
  return task.mem.write(where.fx, saveFpState(state, xfeatures, FSAVE_SIZE)) && task.mem.write(where.fp, fsaveBytes(state));
};

/** Starts the handler with flat segments. */
const enter = (task: Task, frame: number, handler: number): void => {
  const cpu = task.kernel.processor;
  const { state } = cpu;
  initFpState(state);
  state.setGpr(R.sp, frame);
  state.rip = handler;
  for (const s of [S.ds, S.es, S.ss]) if (state.selector(s) !== USER_DS) loadSegment(cpu, s, USER_DS);
  if (state.selector(S.cs) !== USER32_CS) loadSegment(cpu, S.cs, USER32_CS);
};

const restorerOf = (task: Task, action: SigAction, frame: number, retcode: number): number => {
  if ((action.flags & SA.RESTORER) !== 0) return action.restorer;
  const { vdso } = task.program;
  return (retcode === OLD.retcode ? vdso.sigreturn : vdso.rtSigreturn) || frame + retcode;
};

const pushOld = (task: Task, info: SigInfo, action: SigAction, masked: SigSet, where: FrameAddress): boolean => {
  const { state } = task.kernel.processor;
  const b = new Uint8Array(OLD.size);
  const v = new DataView(b.buffer);
  v.setUint32(0, restorerOf(task, action, where.frame, OLD.retcode), true);
  v.setInt32(4, info.signo, true);
  writeContext(task, v, OLD.sc, where.fp, masked);
  v.setUint32(OLD.extramask, Number(masked >> 32n), true);
  b.set(OLD_RETCODE, OLD.retcode);
  if (!writeFpState(task, where) || !task.mem.write(where.frame, b)) return false;
  enter(task, where.frame, action.handler);
  state.setGpr(R.ax, info.signo);
  state.setGpr(R.dx, 0);
  state.setGpr(R.cx, 0);
  return true;
};

const pushRt = (task: Task, info: SigInfo, action: SigAction, masked: SigSet, where: FrameAddress): boolean => {
  const { state } = task.kernel.processor;
  const { xfeatures } = task.kernel.model;
  const b = new Uint8Array(RT.size);
  const v = new DataView(b.buffer);
  v.setUint32(0, restorerOf(task, action, where.frame, RT.retcode), true);
  v.setInt32(4, info.signo, true);
  v.setUint32(8, where.frame + RT.info, true);
  v.setUint32(12, where.frame + RT.uc, true);
  b.set(siginfoBytes(info, i386), RT.info);
  v.setUint32(RT.uc, xfeatures === 0 ? 0 : UC_FP_XSTATE, true);
  v.setUint32(RT.stack, task.altStack.sp, true);
  v.setUint32(RT.stack + 4, (task.altStack.flags & SS.AUTODISARM) | altStackState(task.altStack, state.lo(R.sp)), true);
  v.setUint32(RT.stack + 8, task.altStack.size, true);
  writeContext(task, v, RT.sc, where.fp, masked);
  v.setBigUint64(RT.sigmask, masked, true);
  b.set(RT_RETCODE, RT.retcode);
  if (!writeFpState(task, where) || !task.mem.write(where.frame, b)) return false;
  enter(task, where.frame, action.handler);
  state.setGpr(R.ax, info.signo);
  state.setGpr(R.dx, where.frame + RT.info);
  state.setGpr(R.cx, where.frame + RT.uc);
  return true;
};

/** Writes the frame that the action's flags select. False: the stack has no space. */
export const pushFrame32 = (
  task: Task,
  info: SigInfo,
  action: SigAction,
  masked: SigSet,
  placer: (size: number) => FrameAddress | undefined,
): boolean => {
  const rt = (action.flags & SA.SIGINFO) !== 0;
  const where = placer(rt ? RT.size : OLD.size);
  return where !== undefined && (rt ? pushRt : pushOld)(task, info, action, masked, where);
};

/** Restores registers from a sigcontext. False: bad frame. */
const readContext = (task: Task, v: DataView, sc: number): boolean => {
  const cpu = task.kernel.processor;
  const { state } = cpu;
  const { xfeatures } = task.kernel.model;
  const word = (offset: number): number => v.getUint32(sc + offset, true);
  if (!readFpState(task, word(SC.fpstate), xfeatures)) return false;
  SC_REGISTERS.forEach((r, i) => state.setGpr(r, word(16 + 4 * i)));
  state.rip = word(SC.ip);
  cpu.flags = (cpu.flags & ~FIX_EFLAGS) | (word(SC.flags) & FIX_EFLAGS);
  // A null selector stays null; any other gets user privilege. A selector that cannot be loaded becomes null.
  SC_SEGMENTS.forEach((s, i) => {
    const selector = word(4 * i) & 0xffff;
    if (!loadSegment(cpu, s, selector > 3 ? selector | 3 : selector)) loadSegment(cpu, s, 0);
  });
  interruptReturn(task, (word(SC.cs) & 0xffff) | 3, (word(SC.ss) & 0xffff) | 3);
  return true;
};

const readFpState = (task: Task, fp: number, xfeatures: number): boolean => {
  const { state } = task.kernel.processor;
  if (fp === 0) {
    initFpState(state);
    return true;
  }
  const fsave = task.mem.read(fp, FSAVE_SIZE);
  const fx = new Uint8Array(fpFrameSize(xfeatures));
  if (!fsave || task.mem.readSome(fp + FSAVE_SIZE, fx) < 512 || !restoreFpState(state, fx, xfeatures)) return false;
  restoreFsave(state, fsave);
  return true;
};

/** sigreturn(2). The handler's `ret` and the trampoline's `pop` have removed 8 bytes of the frame. */
export const popOldFrame32 = (task: Task): Restored | undefined => {
  const b = task.mem.read(task.kernel.processor.state.lo(R.sp) - 8, OLD.size);
  if (!b) return undefined;
  const v = new DataView(b.buffer, b.byteOffset);
  if (!readContext(task, v, OLD.sc)) return undefined;
  return { mask: BigInt(v.getUint32(OLD.sc + SC.oldmask, true)) | (BigInt(v.getUint32(OLD.extramask, true)) << 32n) };
};

/** Addresses of the mask's halves in the frame of sigreturn(2). */
export const oldFrameMask32 = (task: Task): readonly [low: number, high: number] => {
  const frame = task.kernel.processor.state.lo(R.sp) - 8;
  return [frame + OLD.sc + SC.oldmask, frame + OLD.extramask];
};

/** Address of the mask in the frame of rt_sigreturn(2). */
export const rtFrameMask32 = (task: Task): number => task.kernel.processor.state.lo(R.sp) - 4 + RT.sigmask;

/** rt_sigreturn(2) through a 32-bit door. */
export const popRtFrame32 = (task: Task): Restored | undefined => {
  const b = task.mem.read(task.kernel.processor.state.lo(R.sp) - 4, RT.size);
  if (!b) return undefined;
  const v = new DataView(b.buffer, b.byteOffset);
  if (!readContext(task, v, RT.sc)) return undefined;
  const altStack = { sp: v.getUint32(RT.stack, true), flags: v.getUint32(RT.stack + 4, true), size: v.getUint32(RT.stack + 8, true) };
  return { mask: v.getBigUint64(RT.sigmask, true), altStack };
};
