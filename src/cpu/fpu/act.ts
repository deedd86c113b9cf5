// Actions that move x87 and SSE state between memory and the register file. SDM Vol. 2: FNSTENV FLDENV FNSAVE FRSTOR FXSAVE FXRSTOR.
// a: linear address of the memory operand; b: operand size in bits.
import type { Action, Machine } from "../act.ts";
import { at, vector } from "../state.ts";
import {
  environmentSize,
  fsaveSize,
  fxrstor,
  fxsave,
  fxsaveSize,
  initialize,
  loadAll,
  loadEnvironment,
  saveAll,
  saveEnvironment,
  setControlAndStatus,
} from "./image.ts";
import { isCanonical } from "./xsave.ts";

const linear = (a: bigint): number => Number(BigInt.asIntN(64, a));
/** REX.W makes no third layout. */
const sizeOf = (b: bigint): 16 | 32 => (b === 16n ? 16 : 32);

/**
 * An area may end on a page of its own. `word` bytes at its start are looked at, then its last byte: so this processor reports faults. Without a
 * word Intel's look first whether the start is canonical.
 */
const write = (m: Machine, address: bigint, bytes: number, word: number, save: (out: DataView) => void): void => {
  const a = linear(address);
  if (word || startsOutside(m, a)) m.writeLinear(a, word || 1);
  m.writeLinear(a + bytes - 1, 1);
  const p = m.writeLinear(a, bytes);
  save(new DataView(m.state.memory.buffer, p, bytes));
  m.commitLinear(p);
};
const read = (m: Machine, address: bigint, bytes: number, word: number): DataView => {
  const a = linear(address);
  if (word || startsOutside(m, a)) m.readLinear(a, word || 1);
  m.readLinear(a + bytes - 1, 1);
  return new DataView(m.state.memory.buffer, m.readLinear(a, bytes), bytes);
};
const startsOutside = (m: Machine, address: number): boolean => m.model.looksAtEnd && !isCanonical(address);

/** All exceptions are masked afterwards. */
const fnstenv: Action = (m, _r, a, b) => {
  const s = m.state;
  write(m, a, environmentSize[sizeOf(b)], sizeOf(b) / 8, (out) => saveEnvironment(s, out, sizeOf(b)));
  setControlAndStatus(s, (s.u16[at.fpuControl >> 1] as number) | 0x3f, s.u16[at.fpuStatus >> 1] as number);
  return 0;
};
const fldenv: Action = (m, _r, a, b) => {
  loadEnvironment(m.state, read(m, a, environmentSize[sizeOf(b)], sizeOf(b) / 8), sizeOf(b));
  return 0;
};
const fnsave: Action = (m, _r, a, b) => {
  write(m, a, fsaveSize[sizeOf(b)], sizeOf(b) / 8, (out) => saveAll(m.state, out, sizeOf(b)));
  initialize(m.state);
  return 0;
};
const frstor: Action = (m, _r, a, b) => {
  loadAll(m.state, read(m, a, fsaveSize[sizeOf(b)], sizeOf(b) / 8), sizeOf(b));
  return 0;
};

const registers = (m: Machine): 8 | 16 => (m.state.mode === 64 ? 16 : 8);
const fxsaveTo: Action = (m, _r, a, b) => {
  write(m, a, fxsaveSize, 0, (out) => fxsave(m.state, out, b === 64n, registers(m)));
  return 0;
};
const fxrstorFrom: Action = (m, _r, a, b) =>
  fxrstor(m.state, read(m, a, fxsaveSize, 0), b === 64n, registers(m)) ? 0 : m.raise(vector.GP, 0);

export const fpuActions = { fnstenv, fldenv, fnsave, frstor, fxsave: fxsaveTo, fxrstor: fxrstorFrom } as const;
