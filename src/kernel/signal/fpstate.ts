// x87, SSE and AVX state as FXSAVE and XSAVE lay it out in a signal frame. SDM Vol. 1 10.5.1 (FXSAVE), 13.4
// (XSAVE); Linux arch/x86/kernel/fpu/signal.c, uapi asm/sigcontext.h.
import { fxrstor, fxsave, stAddress, tagWord } from "../../cpu/helpers/x87-image.ts";
import { at, S, type State } from "../../cpu/machine/state.ts";

/** XCR0 bits. */
export const XFEATURE = { FP: 1, SSE: 2, YMM: 4 } as const;
const FXSAVE_SIZE = 512;
const XSAVE_HEADER = 64;
const YMM_OFFSET = FXSAVE_SIZE + XSAVE_HEADER;
const YMM_SIZE = 256;
/** Initial values of MXCSR and the x87 control word. */
export const MXCSR_DEFAULT = 0x1f80;
/** Initial x87 control word: exceptions masked, 64 bits, to nearest. */
export const FCW_DEFAULT = 0x37f;

/** Offset of struct _fpx_sw_bytes in the FXSAVE area: it has the size of the whole state for user code. */
const SW_RESERVED = 464;
const MAGIC1 = 0x4650_5853;
const MAGIC2 = 0x4650_5845;
const MAGIC2_SIZE = 4;

/** Size of the state in bytes: 512 without XSAVE (xfeatures 0). */
export const xstateSize = (xfeatures: number): number =>
  xfeatures === 0 ? FXSAVE_SIZE : (xfeatures & XFEATURE.YMM) !== 0 ? YMM_OFFSET + YMM_SIZE : YMM_OFFSET;
/** Number, size, offset and flags of each component after FXSAVE's. SDM Vol. 1 13.5. */
export const xsaveLayout = (xfeatures: number): readonly (readonly [number, number, number, number])[] =>
  (xfeatures & XFEATURE.YMM) !== 0 ? [[Math.log2(XFEATURE.YMM), YMM_SIZE, YMM_OFFSET, 0]] : [];
/** Size in a frame, with the second magic number after it. */
export const fpFrameSize = (xfeatures: number): number => xstateSize(xfeatures) + (xfeatures === 0 ? 0 : MAGIC2_SIZE);

/**
 * AT_MINSIGSTKSZ: siginfo, ucontext, the state and padding. Linux arch/x86/kernel/signal.c
 * init_sigframe_size().
 */
export const minSigStack = (xfeatures: number): number => Math.ceil((128 + 304 + 16 + 63 + FSAVE_SIZE + fpFrameSize(xfeatures)) / 16) * 16;

/** The state and its magic numbers. `extra`: bytes before it in a 32-bit frame that count as part of it. */
export const saveFpState = (state: State, xfeatures: number, extra = 0): Uint8Array => {
  const size = xstateSize(xfeatures);
  const out = new Uint8Array(fpFrameSize(xfeatures));
  const v = new DataView(out.buffer);
  fxsave(state, v, true, 16);
  if (xfeatures === 0) return out;
  v.setUint32(SW_RESERVED, MAGIC1, true);
  v.setUint32(SW_RESERVED + 4, size + MAGIC2_SIZE + extra, true);
  v.setUint32(SW_RESERVED + 8, xfeatures, true);
  v.setUint32(SW_RESERVED + 16, size, true);
  v.setUint32(size, MAGIC2, true);
  let inUse = XFEATURE.FP | XFEATURE.SSE;
  if ((xfeatures & XFEATURE.YMM) !== 0) {
    for (let i = 0; i < 16; i++) {
      const high = state.u8.subarray(at.ymm + 32 * i + 16, at.ymm + 32 * i + 32);
      if (high.some((b) => b !== 0)) inUse |= XFEATURE.YMM;
      out.set(high, YMM_OFFSET + 16 * i);
    }
  }
  v.setUint32(FXSAVE_SIZE, inUse, true);
  return out;
};

/** Clears the control part and the registers of x87; segment state lies between them. */
const clearX87 = (state: State): void => {
  state.u8.fill(0, at.fpuControl, at.segCheck);
  state.u8.fill(0, at.fpuRegs, at.ymm);
};

/** The state at the start of a handler or a program. Linux fpu__clear_user_states(). */
export const initFpState = (state: State): void => {
  clearX87(state);
  state.u8.fill(0, at.ymm, at.size);
  state.u16[at.fpuControl >> 1] = FCW_DEFAULT;
  state.u8[at.fpuEmpty] = 0xff;
  state.u32[at.mxcsr >> 2] = MXCSR_DEFAULT;
};

/**
 * The features of a frame. Without valid magic numbers only the FXSAVE part. Linux
 * check_xstate_in_sigframe().
 */
const featuresIn = (frame: Uint8Array, xfeatures: number): number => {
  const v = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const size = xstateSize(xfeatures);
  const claimed = v.getUint32(SW_RESERVED + 16, true);
  const whole =
    xfeatures !== 0 &&
    v.getUint32(SW_RESERVED, true) === MAGIC1 &&
    claimed >= YMM_OFFSET &&
    claimed <= size &&
    claimed <= v.getUint32(SW_RESERVED + 4, true) &&
    frame.length >= claimed + MAGIC2_SIZE &&
    v.getUint32(claimed, true) === MAGIC2;
  return whole ? v.getUint32(SW_RESERVED + 8, true) & xfeatures & v.getUint32(FXSAVE_SIZE, true) : XFEATURE.FP | XFEATURE.SSE;
};

/**
 * Restores the state from a frame that user code may have changed. `frame` may end after FXSAVE. False: bad
 * frame.
 */
export const restoreFpState = (state: State, frame: Uint8Array, xfeatures: number): boolean => {
  const present = featuresIn(frame, xfeatures);
  const saved = state.u8.slice(at.mxcsr, at.size);
  initFpState(state);
  if (!fxrstor(state, new DataView(frame.buffer, frame.byteOffset, frame.byteLength), true, 16)) {
    state.u8.set(saved, at.mxcsr);
    return false;
  }
  if ((present & XFEATURE.FP) === 0) resetX87(state);
  if ((present & XFEATURE.SSE) === 0) state.u8.fill(0, at.ymm, at.size);
  if ((present & XFEATURE.YMM) !== 0) {
    for (let i = 0; i < 16; i++) state.u8.set(frame.subarray(YMM_OFFSET + 16 * i, YMM_OFFSET + 16 * i + 16), at.ymm + 32 * i + 16);
  }
  return true;
};

const resetX87 = (state: State): void => {
  const mxcsr = state.u32[at.mxcsr >> 2] as number;
  clearX87(state);
  state.u16[at.fpuControl >> 1] = FCW_DEFAULT;
  state.u8[at.fpuEmpty] = 0xff;
  state.u32[at.mxcsr >> 2] = mxcsr;
};

/** Size of the FSAVE part of a 32-bit frame: 7 words, eight 10-byte registers, status and a magic number. */
export const FSAVE_SIZE = 112;
const X86_FXSR_MAGIC = 0x0000;

/**
 * The FSAVE part. A 64-bit kernel stores no x87 selectors and uses the current ones. Linux
 * convert_from_fxsr().
 */
export const fsaveBytes = (state: State): Uint8Array => {
  const out = new Uint8Array(FSAVE_SIZE);
  const v = new DataView(out.buffer);
  v.setUint32(0, (state.u16[at.fpuControl >> 1] as number) | 0xffff_0000, true);
  v.setUint32(4, (state.u16[at.fpuStatus >> 1] as number) | 0xffff_0000, true);
  v.setUint32(8, tagWord(state) | 0xffff_0000, true);
  v.setUint32(12, state.u32[at.fpuIp >> 2] as number, true);
  v.setUint32(16, state.selector(S.cs), true);
  v.setUint32(20, state.u32[at.fpuDp >> 2] as number, true);
  v.setUint32(24, 0xffff_0000 | state.selector(S.ds), true);
  for (let i = 0; i < 8; i++) out.set(state.u8.subarray(stAddress(state, i), stAddress(state, i) + 10), 28 + 10 * i);
  v.setUint16(108, state.u16[at.fpuStatus >> 1] as number, true);
  v.setUint16(110, X86_FXSR_MAGIC, true);
  return out;
};

/** Restores x87 from the FSAVE part, which overrides the FXSAVE part after it. Linux convert_to_fxsr(). */
export const restoreFsave = (state: State, from: Uint8Array): void => {
  const v = new DataView(from.buffer, from.byteOffset, from.byteLength);
  state.u16[at.fpuControl >> 1] = v.getUint16(0, true);
  state.u16[at.fpuStatus >> 1] = v.getUint16(4, true);
  const tags = v.getUint16(8, true);
  let empty = 0;
  for (let p = 0; p < 8; p++) if (((tags >> (2 * p)) & 3) === 3) empty |= 1 << p;
  state.u8[at.fpuEmpty] = empty;
  state.u16[at.fpuOpcode >> 1] = v.getUint32(16, true) >>> 16;
  state.u32[at.fpuIp >> 2] = v.getUint32(12, true);
  state.u32[at.fpuDp >> 2] = v.getUint32(20, true);
  for (let i = 0; i < 8; i++) state.u8.set(from.subarray(28 + 10 * i, 38 + 10 * i), stAddress(state, i));
};
