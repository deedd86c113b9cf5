// Helper functions that move x87 and SSE state between memory and the register file. SDM Vol. 2: FNSTENV
// FLDENV FNSAVE FRSTOR FXSAVE FXRSTOR. a: linear address of the memory operand; b: its size in bits, and the
// byte at which addresses wrap (x87-areas.ts).

import { areaTransfers, X87Area, type X87Range, x87Transfers } from "../isa/x87-areas.ts";
import { at, vector } from "../machine/state.ts";
import type { HelperContext, HelperFunction } from "./helpers.ts";
import {
  environmentSize,
  fsaveSize,
  fxrstor,
  fxsave,
  fxsaveSize,
  fxsaveWritten,
  initialize,
  loadAll,
  loadEnvironment,
  saveAll,
  saveEnvironment,
  setControlAndStatus,
} from "./x87-image.ts";
import { isCanonical } from "./xsave.ts";

const imageOf = (bytes: number): DataView => new DataView(new ArrayBuffer(bytes));
/** REX.W has no layout of its own. */
const layoutOf = (size: number): 16 | 32 => (size === 16 ? 16 : 32);

/**
 * An area may extend to another page. The first `word` bytes are accessed first, then the last byte: this is
 * the processor's order of faults. With `word` 0 the start must be canonical first.
 */
const write = (m: HelperContext, area: X87Area, image: DataView, word: number, ranges?: readonly X87Range[]): void => {
  if (word || !isCanonical(area.at(0))) m.writeLinear(area.at(0), word || 1);
  m.writeLinear(area.at(image.byteLength - 1), 1);
  area.write(new Uint8Array(image.buffer), ranges);
};
const read = (m: HelperContext, area: X87Area, bytes: number, word: number): DataView => {
  if (word || !isCanonical(area.at(0))) m.readLinear(area.at(0), word || 1);
  m.readLinear(area.at(bytes - 1), 1);
  return area.read(0, bytes);
};

const environment = (m: HelperContext, a: bigint, b: bigint): X87Area =>
  new X87Area(m, a, b, (size) => x87Transfers.environment[layoutOf(size)]);
const all = (m: HelperContext, a: bigint, b: bigint): X87Area => new X87Area(m, a, b, (size) => x87Transfers.all[layoutOf(size)]);
const fx = (m: HelperContext, a: bigint, b: bigint, how: "fxsave" | "fxrstor"): X87Area =>
  new X87Area(m, a, b, () => areaTransfers[m.model.vendor][how]);

/** FNSTENV masks all exceptions afterwards. */
const fnstenv: HelperFunction = (m, _r, a, b) => {
  const s = m.state;
  const area = environment(m, a, b);
  const layout = layoutOf(area.size);
  const image = imageOf(environmentSize[layout]);
  saveEnvironment(s, image, layout);
  write(m, area, image, layout / 8);
  setControlAndStatus(s, (s.u16[at.fpuControl >> 1] as number) | 0x3f, s.u16[at.fpuStatus >> 1] as number);
  return 0;
};
const fldenv: HelperFunction = (m, _r, a, b) => {
  const area = environment(m, a, b);
  const layout = layoutOf(area.size);
  loadEnvironment(m.state, read(m, area, environmentSize[layout], layout / 8), layout);
  return 0;
};
const fnsave: HelperFunction = (m, _r, a, b) => {
  const area = all(m, a, b);
  const layout = layoutOf(area.size);
  const image = imageOf(fsaveSize[layout]);
  saveAll(m.state, image, layout);
  write(m, area, image, layout / 8);
  initialize(m.state);
  return 0;
};
const frstor: HelperFunction = (m, _r, a, b) => {
  const area = all(m, a, b);
  const layout = layoutOf(area.size);
  loadAll(m.state, read(m, area, fsaveSize[layout], layout / 8), layout);
  return 0;
};

const registers = (m: HelperContext): 8 | 16 => (m.state.mode === 64 ? 16 : 8);
const fxsaveTo: HelperFunction = (m, _r, a, b) => {
  const area = fx(m, a, b, "fxsave");
  const image = imageOf(fxsaveSize);
  fxsave(m.state, image, area.size === 64, registers(m));
  write(m, area, image, 0, [[0, fxsaveWritten(registers(m))]]);
  return 0;
};
const fxrstorFrom: HelperFunction = (m, _r, a, b) => {
  const area = fx(m, a, b, "fxrstor");
  return fxrstor(m.state, read(m, area, fxsaveSize, 0), area.size === 64, registers(m)) ? 0 : m.raise(vector.GP, 0);
};

/** The helper functions of x87 and SSE state. */
export const x87Helpers = { fnstenv, fldenv, fnsave, frstor, fxsave: fxsaveTo, fxrstor: fxrstorFrom } as const;
