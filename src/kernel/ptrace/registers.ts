// struct user_regs_struct of both ABIs. Linux uapi asm/ptrace.h, arch/x86/kernel/ptrace.c getreg(), putreg(),
// getreg32(), putreg32().

import { E } from "../../abi/errno.ts";
import { at, EF, R, S } from "../../cpu/machine/state.ts";
import { loadSegment, type Processor } from "../base/processor.ts";
import type { Task } from "../core/task.ts";
import { FIX_EFLAGS } from "../signal/frame64.ts";
import type { Tracing } from "../signal/tracing.ts";

/** A member: a 64-bit value. Writing returns 0 or -errno. */
interface Register {
  get(task: Task, cpu: Processor): bigint;
  put(task: Task, cpu: Processor, value: bigint): number;
}

const general = (r: number): Register => ({
  get: (_t, { state }) => state.u64[r] as bigint,
  put: (_t, { state }, value) => {
    state.u64[r] = value;
    return 0;
  },
});

/**
 * A selector of user privilege, or null except for cs and ss. A data segment's is loaded when the task goes
 * on, and is null then if it has no descriptor; the bases of fs and gs remain. Linux set_segment_reg(),
 * x86_fsgsbase_load().
 */
const segment = (s: number): Register => ({
  get: (task, { state }) => BigInt(task.trace?.selectors?.get(s) ?? state.selector(s)),
  put: (task, cpu, value) => {
    const selector = Number(value & 0xffffn);
    if (selector !== 0 && (selector & 3) !== 3) return -E.EIO;
    if (s !== S.cs && s !== S.ss) {
      if (task.trace) (task.trace.selectors ??= new Map()).set(s, selector);
      return 0;
    }
    if (cpu.state.selector(s) === selector) return 0;
    return selector !== 0 && loadSegment(cpu, s, selector) ? 0 : -E.EIO;
  },
});
/** Loads the selectors that the tracer has written. */
export const loadSelectors = (task: Task, tracing: Tracing): void => {
  const { selectors } = tracing;
  if (!selectors) return;
  tracing.selectors = undefined;
  withRegisters(task, (cpu) => {
    for (const [s, selector] of selectors) {
      if (cpu.state.selector(s) === selector) continue;
      const base = cpu.state.u64[(at.segBase >> 3) + s] as bigint;
      if (!loadSegment(cpu, s, selector)) loadSegment(cpu, s, 0);
      if (s === S.fs || s === S.gs) cpu.state.u64[(at.segBase >> 3) + s] = base;
    }
    cpu.segments.refresh();
  });
};

/**
 * FS or GS of a tracer with 32-bit registers, which has no other way to the base: the base follows the
 * selector. Linux putreg32(), x86_fsgsbase_read_task().
 */
const segment32 = (s: number): Register => {
  const plain = segment(s);
  return {
    ...plain,
    put: (task, cpu, value) => {
      const failed = plain.put(task, cpu, value);
      if (failed < 0) return failed;
      const { state, segments } = cpu;
      const before = state.selector(s);
      const at64 = (at.segBase >> 3) + s;
      const selector = Number(value & 0xffffn);
      const found = selector > 3 && loadSegment(cpu, s, selector) ? (state.u64[at64] as bigint) : 0n;
      loadSegment(cpu, s, before);
      state.u64[at64] = found;
      segments.refresh();
      return 0;
    },
  };
};

const TASK_SIZE_MAX = (1n << 47n) - 4096n;
const base = (s: number): Register => ({
  get: (_t, { state }) => state.u64[(at.segBase >> 3) + s] as bigint,
  put: (_t, { state, segments }, value) => {
    if (value >= TASK_SIZE_MAX) return -E.EIO;
    state.u64[(at.segBase >> 3) + s] = value;
    segments.refresh();
    return 0;
  },
});

const ip: Register = {
  get: (_t, { state }) => state.u64[at.rip >> 3] as bigint,
  put: (_t, { state }, value) => {
    state.u64[at.rip >> 3] = value;
    return 0;
  },
};

/** TF is hidden during a single step. */
const eflags: Register = {
  get: (task, cpu) => BigInt(task.trace?.forcedTrap ? cpu.flags & ~EF.TF : cpu.flags),
  put: (_t, cpu, value) => {
    const mask = FIX_EFLAGS | EF.NT;
    cpu.flags = (cpu.flags & ~mask) | (Number(value & 0xffff_ffffn) & mask);
    return 0;
  },
};

/** orig_ax: rax before the current call. Its lower half is the number, which is -1 outside of calls. */
export const originalAx = ({ origAx, origAxSeen, trace }: Task): bigint => {
  const known = origAx === origAxSeen.nr && (origAx !== -1 || trace?.stop?.kind === "syscall");
  return known ? (BigInt(origAxSeen.high) << 32n) | BigInt(origAx >>> 0) : BigInt.asUintN(64, BigInt(origAx));
};
/** orig_ax, which can be changed before the call runs. */
const number: Register = {
  get: originalAx,
  put: (task, _c, value) => {
    task.origAx = Number(BigInt.asIntN(32, value));
    task.origAxSeen = { nr: task.origAx, high: Number(BigInt.asUintN(64, value) >> 32n) };
    return 0;
  },
};

/**
 * A tracer with 32-bit registers cannot write the sign of an error in rax. So that an interrupted call still
 * restarts, the write of its number extends it. Linux TS_I386_REGS_POKED.
 */
const number32: Register = {
  get: originalAx,
  put: (task, cpu, value) => {
    number.put(task, cpu, value);
    if (task.origAx !== -1) cpu.state.setGpr(R.ax, cpu.state.i32[2 * R.ax] as number);
    return 0;
  },
};

/** The members of the 64-bit structure, in order. */
export const registers64: readonly Register[] = [
  ...[R.r15, R.r14, R.r13, R.r12, R.bp, R.bx, R.r11, R.r10, R.r9, R.r8, R.ax, R.cx, R.dx, R.si, R.di].map(general),
  number,
  ip,
  segment(S.cs),
  eflags,
  general(R.sp),
  segment(S.ss),
  base(S.fs),
  base(S.gs),
  segment(S.ds),
  segment(S.es),
  segment(S.fs),
  segment(S.gs),
];
/** The members of the 32-bit structure, in order. */
export const registers32: readonly Register[] = [
  ...[R.bx, R.cx, R.dx, R.si, R.di, R.bp, R.ax].map(general),
  segment(S.ds),
  segment(S.es),
  segment32(S.fs),
  segment32(S.gs),
  number32,
  ip,
  segment(S.cs),
  eflags,
  general(R.sp),
  segment(S.ss),
];

/** Runs `use` with the registers of a stopped task loaded, then loads the current task's again. */
export const withRegisters = <T>(task: Task, use: (cpu: Processor) => T): T => {
  const { scheduler, processor } = task.kernel;
  const { current } = scheduler;
  scheduler.switchTo(task);
  try {
    return use(processor);
  } finally {
    if (current) scheduler.switchTo(current);
  }
};

/** The register at a byte offset of struct user. */
export const registerAt = (registers: readonly Register[], size: 4 | 8, offset: number): Register | undefined =>
  offset % size === 0 ? registers[offset / size] : undefined;

/** All registers as the structure with words of `size` bytes. */
export const readRegisters = (task: Task, size: 4 | 8): Uint8Array =>
  withRegisters(task, (cpu) => {
    const list = size === 8 ? registers64 : registers32;
    const out = new DataView(new ArrayBuffer(list.length * size));
    list.forEach((register, i) => {
      const value = register.get(task, cpu);
      if (size === 8) out.setBigUint64(8 * i, value, true);
      else out.setUint32(4 * i, Number(BigInt.asUintN(32, value)), true);
    });
    return new Uint8Array(out.buffer);
  });

/** Writes whole registers in order, until the bytes end or a register rejects its value. 0 or -errno. */
export const writeRegisters = (task: Task, size: 4 | 8, bytes: Uint8Array): number =>
  withRegisters(task, (cpu) => {
    const list = size === 8 ? registers64 : registers32;
    const v = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let i = 0; i < list.length && (i + 1) * size <= bytes.length; i++) {
      const value = size === 8 ? v.getBigUint64(8 * i, true) : BigInt(v.getUint32(4 * i, true));
      const failed = (list[i] as Register).put(task, cpu, value);
      if (failed !== 0) return failed;
    }
    return 0;
  });
