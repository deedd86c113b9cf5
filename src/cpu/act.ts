// Actions: instructions that change the machine rather than compute. Both tiers call them; an action may end the instruction.
import { leave } from "./exit.ts";
import type { ActName } from "./routine-types.ts";
import type { Segments } from "./segments.ts";
import { S, type State, vector } from "./state.ts";

/** What actions may touch of the CPU. */
export interface Machine {
  readonly state: State;
  readonly segments: Segments;
  readonly instructionIp: number;
  readonly nextIp: number;
  flags: number;
  timeStamp(): bigint;
  raise(vector: number, error: number): number;
  /** Byte address of guest bytes at a linear address, checked for reading or writing; after writing call commitLinear with it. */
  readLinear(address: number, bytes: number): number;
  writeLinear(address: number, bytes: number): number;
  commitLinear(pointer: number): void;
}
/** Returns 0 to go on with the next instruction, or a leave code. */
export type Action = (m: Machine, record: number, a: bigint, b: bigint) => number;

const missing: Action = (m) => m.raise(vector.UD, 0);

export const actions: Record<ActName, Action> = {
  /** a: segment register, b: selector. */
  loadSegment: (m, _r, a, b) => {
    const selector = Number(b) & 0xffff;
    if (Number(a) === S.cs) return m.raise(vector.UD, 0);
    const v = m.segments.load(Number(a), selector);
    return v < 0 ? 0 : m.raise(v, selector & 0xfffc);
  },
  farJump: missing, farCall: missing, farReturn: missing, iret: missing,
  /** INT n of a vector whose gate is not open to ring 3: #GP with the gate's index. SDM Vol. 3A 6.12.1.1. */
  softInterrupt: (m, _r, n) => (Number(n) === 3 || Number(n) === 4 ? softTrap(m, Number(n)) : m.raise(vector.GP, Number(n) * 8 + 2)),
  cpuid: missing,
  rdtsc: missing,
  xgetbv: missing,
  enter: missing,
};
const softTrap = (m: Machine, n: number): number => {
  m.raise(n, 0);
  return leave.trap;
};
