// Actions: instructions that change the machine rather than compute. Both tiers call them; an action may end the instruction.
import { leave } from "./exit.ts";
import { farCall, farJump, farReturn, iret } from "./far.ts";
import { cpuid, type Model } from "./model.ts";
import type { ActName } from "./routine-types.ts";
import type { Segments } from "./segments.ts";
import { R, S, type State, vector } from "./state.ts";

/** What actions may touch of the CPU. */
export interface Machine {
  readonly state: State;
  readonly segments: Segments;
  readonly instructionIp: number;
  readonly nextIp: number;
  flags: number;
  readonly model: Model;
  timeStamp(): bigint;
  timeStampDisabled: boolean;
  raise(vector: number, error: number): number;
  /** Byte address of guest bytes at a linear address, checked for reading or writing; after writing call commitLinear with it. */
  readLinear(address: number, bytes: number): number;
  writeLinear(address: number, bytes: number): number;
  commitLinear(pointer: number): void;
}
/** Returns 0 to go on with the next instruction, or a leave code. */
export type Action = (m: Machine, record: number, a: bigint, b: bigint) => number;

/** Results in eax, ebx, ecx, edx, zero-extended. */
const setRegisters = (s: State, [a, b, c, d]: readonly [number, number, number, number]): void => {
  s.u64[R.ax] = BigInt(a >>> 0);
  s.u64[R.bx] = BigInt(b >>> 0);
  s.u64[R.cx] = BigInt(c >>> 0);
  s.u64[R.dx] = BigInt(d >>> 0);
};

const softTrap = (m: Machine, n: number): number => {
  m.raise(n, 0);
  return leave.trap;
};

export const actions: Record<ActName, Action> = {
  /** a: segment register, b: selector. */
  loadSegment: (m, _r, a, b) => {
    const selector = Number(b) & 0xffff;
    if (Number(a) === S.cs || Number(a) > S.gs) return m.raise(vector.UD, 0);
    const v = m.segments.load(Number(a), selector);
    return v < 0 ? 0 : m.raise(v, selector & 0xfffc);
  },
  farJump, farCall, farReturn, iret,
  /** INT n: 3 and 4 have gates open to ring 3; others are #GP with the gate's index. SDM Vol. 3A 6.12.1.1. */
  softInterrupt: (m, _r, n) => (n === 3n || n === 4n ? softTrap(m, Number(n)) : m.raise(vector.GP, Number(n) * 8 + 2)),
  cpuid: (m) => {
    setRegisters(m.state, cpuid(m.model, m.state.lo(R.ax), m.state.lo(R.cx)));
    return 0;
  },
  /** a: 1 for RDTSCP, which gives the processor number (IA32_TSC_AUX) in ecx. #GP if CR4.TSD is set: prctl(PR_SET_TSC). */
  rdtsc: (m, _r, a) => {
    if (m.timeStampDisabled) return m.raise(vector.GP, 0);
    const t = m.timeStamp();
    m.state.u64[R.ax] = t & 0xffff_ffffn;
    m.state.u64[R.dx] = (t >> 32n) & 0xffff_ffffn;
    if (a) m.state.u64[R.cx] = 0n;
    return 0;
  },
};
