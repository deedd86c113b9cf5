// Helper functions: instructions that change the machine. All tiers call them. A helper may end the
// instruction.

import { type HelperName, modelHelpers } from "../isa/routine-types.ts";
import { exitCode } from "../machine/exit.ts";
import { cpuid, type Model } from "../machine/model.ts";
import type { Segments } from "../machine/segments.ts";
import { at, EF, R, STATUS_FLAGS, type State, vector } from "../machine/state.ts";
import { enter, farCall, farJump, farReturn, iret } from "./far.ts";
import { x87Helpers } from "./x87-state.ts";
import { xsaveHelpers } from "./xsave.ts";

/** The interface of the CPU to helper functions. */
export interface HelperContext {
  readonly state: State;
  readonly segments: Segments;
  readonly instructionIp: number;
  readonly nextIp: number;
  flags: number;
  readonly model: Model;
  timeStamp(): bigint;
  timeStampDisabled: boolean;
  /** IA32_TSC_AUX: the number of the processor. */
  readonly number: number;
  /** 64 random bits; undefined if the machine has no source. */
  random: (() => bigint) | undefined;
  raise(vector: number, error: number): number;
  /**
   * Byte address in memory of guest bytes at a linear address, checked for reading or writing. A writer calls
   * commitLinear with it afterwards.
   */
  readLinear(address: number, bytes: number): number;
  writeLinear(address: number, bytes: number): number;
  commitLinear(pointer: number): void;
  /** Checks limit and rights of an access outside 64-bit mode; faults likewise. */
  checkSegment(segment: number, offset: number, bytes: number, write: boolean): void;
}
/**
 * A helper function. a, b: arguments of the meaning. Returns 0 to continue with the next instruction, or an
 * exit code.
 */
export type HelperFunction = (m: HelperContext, record: number, a: bigint, b: bigint) => number;

/** Results in eax, ebx, ecx, edx, zero-extended. */
const setRegisters = ({ u32 }: State, values: readonly [number, number, number, number]): void => {
  u32[2 * R.ax] = values[0];
  u32[2 * R.bx] = values[1];
  u32[2 * R.cx] = values[2];
  u32[2 * R.dx] = values[3];
  u32[2 * R.ax + 1] = u32[2 * R.bx + 1] = u32[2 * R.cx + 1] = u32[2 * R.dx + 1] = 0;
};

const softTrap = (m: HelperContext, n: number): number => {
  m.raise(n, 0);
  return exitCode.trap;
};

const answer = (m: HelperContext, v: number): number => {
  m.state.i64[at.answer >> 3] = BigInt(v);
  return 0;
};

const ofModel =
  (name: "vendorSyscall" | "vendorSysenter"): HelperFunction =>
  (m) =>
    m.model[modelHelpers[name] as "syscall32"] ? 0 : m.raise(vector.UD, 0);

/** All helper functions by name. */
export const helpers: Record<HelperName, HelperFunction> = {
  /** a: segment register, b: selector. */
  loadSegment: (m, _r, a, b) => {
    const selector = Number(b & 0xffffn);
    const v = m.segments.load(Number(a), selector);
    return v < 0 ? 0 : m.raise(v, selector & 0xfffc);
  },
  farJump,
  farCall,
  farReturn,
  iret,
  enter,
  ...x87Helpers,
  ...xsaveHelpers,
  /** INT n: 3 and 4 have gates open to ring 3; others are #GP with the gate's index. SDM Vol. 3A 6.12.1.1. */
  softInterrupt: (m, _r, n) => (n === 3n || n === 4n ? softTrap(m, Number(n)) : m.raise(vector.GP, Number(n) * 8 + 2)),
  /**
   * SYSCALL outside 64-bit mode, and SYSENTER. In long mode only one vendor's processors have each. AMD APM
   * Vol. 3; SDM Vol. 2B.
   */
  vendorSyscall: ofModel("vendorSyscall"),
  vendorSysenter: ofModel("vendorSysenter"),
  cpuid: (m) => {
    const { u32 } = m.state;
    setRegisters(m.state, cpuid(m.model, u32[2 * R.ax] as number, u32[2 * R.cx] as number));
    return 0;
  },
  /**
   * a: 1 for RDTSCP, which returns the processor number (IA32_TSC_AUX) in ecx. #GP if CR4.TSD is set:
   * prctl(PR_SET_TSC).
   */
  rdtsc: (m, _r, a) => {
    if (m.timeStampDisabled) return m.raise(vector.GP, 0);
    const t = m.timeStamp();
    m.state.u64[R.ax] = t & 0xffff_ffffn;
    m.state.u64[R.dx] = (t >> 32n) & 0xffff_ffffn;
    if (a) m.state.u64[R.cx] = BigInt(m.number);
    return 0;
  },
  /** RDPID */
  processorNumber: (m) => answer(m, m.number),
  /**
   * RDRAND, RDSEED. Without a source they return zeros and CF = 0, which programs must expect. SDM Vol. 1
   * 7.3.17
   */
  random: (m) => {
    m.state.u64[at.answer >> 3] = m.random?.() ?? 0n;
    m.flags = (m.flags & ~STATUS_FLAGS) | (m.random ? EF.CF : 0);
    return 0;
  },
  // a: selector. The answer is -1 if the selector is not usable.
  accessRights: (m, _r, a) => answer(m, m.segments.accessRights(Number(a & 0xffffn))),
  segmentLimit: (m, _r, a) => answer(m, m.segments.limit(Number(a))),
  verifyRead: (m, _r, a) => answer(m, m.segments.readable(Number(a)) ? 0 : -1),
  verifyWrite: (m, _r, a) => answer(m, m.segments.writable(Number(a)) ? 0 : -1),
  /** WRFSBASE, WRGSBASE. a: segment register, b: base, which must be canonical. */
  setBase: (m, _r, a, b) => {
    const base = BigInt.asUintN(64, b);
    if (BigInt.asUintN(64, BigInt.asIntN(48, base)) !== base) return m.raise(vector.GP, 0);
    m.state.u64[(at.segBase >> 3) + Number(a)] = base;
    return 0;
  },
};
