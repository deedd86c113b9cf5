// The doors: how each instruction that enters the kernel passes a system call, and how it returns to user
// code. SDM Vol. 2 SYSENTER, AMD APM Vol. 3 SYSCALL; Linux arch/x86/entry/entry_64.S, entry_64_compat.S,
// common.c.
//
//   door        from                    nr    arguments                  user code sees afterwards
//   int $0x80   any segment             eax   ebx ecx edx esi edi ebp    only rax changed
//   syscall     64-bit segments         eax   rdi rsi rdx r10 r8 r9      rcx = rip, r11 = rflags
//   syscall     AMD: 32-bit segments    eax   ebx ebp edx esi edi [esp]  eip = landing pad, r11 = flags
//   sysenter    Intel: any segment      eax   ebx ecx edx esi edi [ebp]  eip = landing pad, esp = ebp
//
// SYSCALL itself sets rcx and r11 (rows/integer/branch.ts), even if the call fails or does not run.
// The landing pad is in the vDSO, after an int $0x80 that restarts a call. It pops ebp, edx and ecx, so no
// guest can see that SYSRET left the return address in ecx. The CPU model decides if an instruction is legal
// in its mode. An illegal one is #UD and does not enter the kernel.

import { type Abi, i386, x64 } from "../../abi/abi.ts";
import { E } from "../../abi/errno.ts";
import { type Exit, exit } from "../../cpu/machine/exit.ts";
import { at, R, S, type State } from "../../cpu/machine/state.ts";
import { loadSegment, type Processor } from "../base/processor.ts";
import { USER_CS, USER_DS, USER32_CS } from "../base/selectors.ts";
import type { Task } from "../core/task.ts";
import type { Door } from "../syscall/call.ts";

/** Copies whole registers: filters see the upper halves of 32-bit callers unchanged (landmine B4). */
const fetchArguments = (task: Task, cpu: Processor, a: number, b: number, c: number, d: number, e: number, f: number): void => {
  const { u32 } = cpu.state;
  const { args } = task;
  args[0] = u32[2 * a] as number;
  args[1] = u32[2 * a + 1] as number;
  args[2] = u32[2 * b] as number;
  args[3] = u32[2 * b + 1] as number;
  args[4] = u32[2 * c] as number;
  args[5] = u32[2 * c + 1] as number;
  args[6] = u32[2 * d] as number;
  args[7] = u32[2 * d + 1] as number;
  args[8] = u32[2 * e] as number;
  args[9] = u32[2 * e + 1] as number;
  args[10] = u32[2 * f] as number;
  args[11] = u32[2 * f + 1] as number;
};

const begin = (task: Task, cpu: Processor, compat: boolean): void => {
  task.compat = compat;
  // Every entry path ignores the upper half of rax: `mov %eax, %eax` or `movslq %eax`.
  task.origAx = cpu.state.i32[2 * R.ax] as number;
};

const int80Arguments = (task: Task, cpu: Processor): void => fetchArguments(task, cpu, R.bx, R.cx, R.dx, R.si, R.di, R.bp);
const nativeArguments = (task: Task, cpu: Processor): void => fetchArguments(task, cpu, R.di, R.si, R.dx, R.r10, R.r8, R.r9);

/** Copies the registers again after a tracer stop. */
export const refetchArguments = (task: Task, abi: Abi): void =>
  (abi === i386 ? int80Arguments : nativeArguments)(task, task.kernel.processor);

const selectors = at.segSelector >> 2;
/** SYSCALL and SYSENTER return with fixed selectors. */
const flatSegments = (cpu: Processor, cs: number): void => {
  const { u32 } = cpu.state;
  if (u32[selectors + S.cs] !== cs) loadSegment(cpu, S.cs, cs);
  if (u32[selectors + S.ss] !== USER_DS) loadSegment(cpu, S.ss, USER_DS);
};

/**
 * The common part of the fast 32-bit doors. Linux do_fast_syscall_32(): the sixth argument is on the user's
 * stack.
 */
const landingPad = (task: Task, cpu: Processor): number => {
  const { state } = cpu;
  flatSegments(cpu, USER32_CS);
  state.rip = task.program.vdso.landingPad;
  const sp = state.lo(R.sp);
  // Most callers have just pushed a word at this address.
  let arg6 = cpu.directWord?.(sp) ?? -1;
  if (arg6 < 0) arg6 = task.mem.u32(sp);
  if (arg6 < 0) return -E.EFAULT;
  state.setGpr(R.bp, arg6);
  int80Arguments(task, cpu);
  return 0;
};

const int80: Door = {
  name: "int80",
  abi: i386,
  lands: false,
  enter(task, cpu) {
    begin(task, cpu, true);
    int80Arguments(task, cpu);
    return 0;
  },
};

const syscall64: Door = {
  name: "syscall64",
  abi: x64,
  lands: false,
  enter(task, cpu) {
    // As `begin` and `nativeArguments`: most calls come through here.
    task.compat = false;
    task.origAx = cpu.state.i32[2 * R.ax] as number;
    flatSegments(cpu, USER_CS);
    fetchArguments(task, cpu, R.di, R.si, R.dx, R.r10, R.r8, R.r9);
    return 0;
  },
};

const syscall32: Door = {
  name: "syscall32",
  abi: i386,
  lands: true,
  enter(task, cpu) {
    begin(task, cpu, true);
    // SYSCALL overwrote ecx with the return address; __kernel_vsyscall has put the second argument into ebp.
    cpu.state.setGpr(R.cx, cpu.state.lo(R.bp));
    return landingPad(task, cpu);
  },
};

const sysenter: Door = {
  name: "sysenter",
  abi: i386,
  lands: true,
  enter(task, cpu) {
    begin(task, cpu, true);
    // SYSENTER saves nothing: __kernel_vsyscall has put esp into ebp.
    cpu.state.setGpr(R.sp, cpu.state.lo(R.bp));
    return landingPad(task, cpu);
  },
};

/** The door of a CPU exit. The mode of the code segment separates the two doors of SYSCALL. */
export const doorOf = (why: Exit, { u32 }: State): Door => {
  if (why === exit.syscall) return u32[at.mode >> 2] === 64 ? syscall64 : syscall32;
  return why === exit.int80 ? int80 : sysenter;
};

/** The landing pad of the exit's door. Undefined for a door that returns to the next instruction. */
export const landing = (task: Task, why: Exit): number | undefined =>
  doorOf(why, task.kernel.processor.state).lands ? task.program.vdso.landingPad : undefined;
