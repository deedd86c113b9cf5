// The x87 and SSE state as instructions store it in memory: the environment (FNSTENV), all registers
// (FNSAVE), and FXSAVE's area. SDM Vol. 1 8.1.10, 10.5.1.
import { at, type State } from "../machine/state.ts";

const ES_B = 0x8080;
const EXCEPTIONS = 0x3f;
/** Bytes of the environment, by operand size in bits. */
export const environmentSize = { 16: 14, 32: 28 } as const;
/** Bytes of FXSAVE's area. */
export const fxsaveSize = 512;
/**
 * Bytes that FXSAVE writes, by the number of the mode's xmm registers. It leaves the rest of the area
 * unchanged.
 */
export const fxsaveWritten = (registers: 8 | 16): number => 160 + 16 * registers;
const registerBytes = 10;
/** Bytes of FNSAVE's area, by operand size in bits. */
export const fsaveSize = { 16: 94, 32: 108 } as const;

/** Byte address of ST(i). */
export const stAddress = (state: State, i: number): number =>
  at.fpuRegs + 16 * ((((state.u16[at.fpuStatus >> 1] as number) >> 11) + i) & 7);

/** Loads control and status word. ES and B are derived from exceptions and masks at every load. */
export const setControlAndStatus = (state: State, control: number, status: number): void => {
  state.u16[at.fpuControl >> 1] = (control & 0x1f3f) | 0x40;
  state.u16[at.fpuStatus >> 1] = status & ~control & EXCEPTIONS ? status | ES_B : status & ~ES_B;
};

/** The tag word: two bits per register. 0 valid, 1 zero, 2 special, 3 empty. SDM Vol. 1 8.1.7. */
export const tagWord = (state: State): number => {
  const empty = state.u8[at.fpuEmpty] as number;
  let tags = 0;
  for (let r = 0; r < 8; r++) {
    const low = state.u32[(at.fpuRegs + 16 * r) >> 2] as number;
    const high = state.u32[(at.fpuRegs + 16 * r + 4) >> 2] as number;
    const exponent = (state.u16[(at.fpuRegs + 16 * r + 8) >> 1] as number) & 0x7fff;
    const normal = high >= 0x8000_0000 && exponent !== 0 && exponent !== 0x7fff;
    const tag = (empty >> r) & 1 ? 3 : normal ? 0 : (low | high | exponent) === 0 ? 1 : 2;
    tags |= tag << (2 * r);
  }
  return tags;
};

const setTagWord = (state: State, tags: number): void => {
  let empty = 0;
  for (let r = 0; r < 8; r++) if (((tags >> (2 * r)) & 3) === 3) empty |= 1 << r;
  state.u8[at.fpuEmpty] = empty;
};

/**
 * Writes the environment: seven words of 16 or 32 bits. Control, status, tags, instruction pointer and
 * selector, operand pointer and selector.
 */
export const saveEnvironment = (state: State, out: DataView, size: 16 | 32): void => {
  const { u16, u32 } = state;
  const word = (a: number) => u16[a >> 1] as number;
  const selector = (a: number) => (state.rules.pointersAlways ? 0 : word(a));
  const words = [
    word(at.fpuControl),
    word(at.fpuStatus),
    tagWord(state),
    u32[at.fpuIp >> 2],
    selector(at.fpuCs),
    u32[at.fpuDp >> 2],
    selector(at.fpuDs),
  ] as number[];
  if (size === 16)
    return words.forEach((v, n) => {
      out.setUint16(2 * n, v, true);
    });
  // The upper halves are ones, except for the opcode above the instruction's selector.
  const upper = [0xffff, 0xffff, 0xffff, 0, word(at.fpuOpcode), 0, 0xffff];
  words.forEach((v, n) => {
    out.setUint32(4 * n, ((upper[n] as number) << 16) | v, true);
  });
};

/** Loads an environment that `saveEnvironment` wrote. */
export const loadEnvironment = (state: State, from: DataView, size: 16 | 32): void => {
  const word = (n: number) => (size === 16 ? from.getUint16(2 * n, true) : from.getUint32(4 * n, true));
  setControlAndStatus(state, word(0) & 0xffff, word(1) & 0xffff);
  setTagWord(state, word(2));
  setPointers(state, BigInt(word(3)), word(4) & 0xffff, BigInt(word(5)), word(6) & 0xffff);
  state.u16[at.fpuOpcode >> 1] = size === 16 ? 0 : (word(4) >>> 16) & 0x7ff;
};

const setPointers = (state: State, ip: bigint, cs: number, dp: bigint, ds: number): void => {
  state.u64[at.fpuIp >> 3] = ip;
  state.u16[at.fpuCs >> 1] = cs;
  state.u64[at.fpuDp >> 3] = dp;
  state.u16[at.fpuDs >> 1] = ds;
};

/** Writes the environment and eight registers of ten bytes. */
export const saveAll = (state: State, out: DataView, size: 16 | 32): void => {
  saveEnvironment(state, out, size);
  const bytes = new Uint8Array(out.buffer, out.byteOffset);
  for (let i = 0; i < 8; i++)
    bytes.set(state.u8.subarray(stAddress(state, i), stAddress(state, i) + registerBytes), environmentSize[size] + registerBytes * i);
};

/** Loads an area that `saveAll` wrote. */
export const loadAll = (state: State, from: DataView, size: 16 | 32): void => {
  loadEnvironment(state, from, size);
  const bytes = new Uint8Array(from.buffer, from.byteOffset);
  for (let i = 0; i < 8; i++)
    state.u8.set(
      bytes.subarray(environmentSize[size] + registerBytes * i, environmentSize[size] + registerBytes * (i + 1)),
      stAddress(state, i),
    );
};

/** FNINIT. */
export const initialize = (state: State): void => {
  setControlAndStatus(state, 0x37f, 0);
  state.u8[at.fpuEmpty] = 0xff;
  setPointers(state, 0n, 0, 0n, 0);
  state.u16[at.fpuOpcode >> 1] = 0;
};

/**
 * FXSAVE. `long`: 64-bit pointers in place of 32-bit ones with a selector. `registers`: the number of the
 * mode's xmm registers.
 */
export const fxsave = (state: State, out: DataView, long: boolean, registers: 8 | 16): void => {
  const { u8, u16, u32 } = state;
  const bytes = new Uint8Array(out.buffer, out.byteOffset, fxsaveSize);
  bytes.fill(0, 0, 32);
  out.setUint16(0, u16[at.fpuControl >> 1] as number, true);
  out.setUint16(2, u16[at.fpuStatus >> 1] as number, true);
  out.setUint8(4, ~(u8[at.fpuEmpty] as number) & 0xff);
  const { pointersAlways, mxcsrMask } = state.rules;
  if (pointersAlways || (u16[at.fpuStatus >> 1] as number) & ES_B) {
    out.setUint16(6, u16[at.fpuOpcode >> 1] as number, true);
    bytes.set(u8.subarray(at.fpuIp, at.fpuIp + (long ? 8 : 4)), 8);
    bytes.set(u8.subarray(at.fpuDp, at.fpuDp + (long ? 8 : 4)), 16);
    if (!long && !pointersAlways) {
      out.setUint16(12, u16[at.fpuCs >> 1] as number, true);
      out.setUint16(20, u16[at.fpuDs >> 1] as number, true);
    }
  }
  out.setUint32(24, u32[at.mxcsr >> 2] as number, true);
  out.setUint32(28, mxcsrMask, true);
  for (let i = 0; i < 8; i++) {
    bytes.fill(0, 32 + 16 * i, 48 + 16 * i);
    bytes.set(u8.subarray(stAddress(state, i), stAddress(state, i) + registerBytes), 32 + 16 * i);
  }
  for (let i = 0; i < registers; i++) bytes.set(u8.subarray(at.ymm + 32 * i, at.ymm + 32 * i + 16), 160 + 16 * i);
};

/** The instruction pointer. Intel's processors with five-level page tables keep 57 bits of it. */
const pointer = (state: State, ip: bigint): bigint => (state.rules.pointersAlways ? BigInt.asUintN(64, BigInt.asIntN(57, ip)) : ip);

/** FXRSTOR. Returns false and changes nothing if MXCSR has a reserved bit: #GP. */
export const fxrstor = (state: State, from: DataView, long: boolean, registers: 8 | 16): boolean => {
  const mxcsr = from.getUint32(24, true);
  if (mxcsr & ~state.rules.mxcsrMask) return false;
  const bytes = new Uint8Array(from.buffer, from.byteOffset, fxsaveSize);
  setControlAndStatus(state, from.getUint16(0, true), from.getUint16(2, true));
  state.u8[at.fpuEmpty] = ~from.getUint8(4) & 0xff;
  state.u16[at.fpuOpcode >> 1] = from.getUint16(6, true) & 0x7ff;
  if (long) setPointers(state, pointer(state, from.getBigUint64(8, true)), 0, from.getBigUint64(16, true), 0);
  else
    setPointers(
      state,
      BigInt(from.getUint32(8, true)),
      from.getUint16(12, true),
      BigInt(from.getUint32(16, true)),
      from.getUint16(20, true),
    );
  state.u32[at.mxcsr >> 2] = mxcsr;
  for (let i = 0; i < 8; i++) state.u8.set(bytes.subarray(32 + 16 * i, 32 + 16 * i + registerBytes), stAddress(state, i));
  for (let i = 0; i < registers; i++) state.u8.set(bytes.subarray(160 + 16 * i, 176 + 16 * i), at.ymm + 32 * i);
  return true;
};
