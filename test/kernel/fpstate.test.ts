// The floating-point state in signal frames: what is saved comes back, and user code's damage is noticed.
import { describe, expect, test } from "vitest";
import { at, State } from "../../src/cpu/state.ts";
import { Random } from "../../src/kernel/random.ts";
import {
  FSAVE_SIZE,
  fpFrameSize,
  fsaveBytes,
  initFpState,
  restoreFpState,
  restoreFsave,
  saveFpState,
  xstateSize,
} from "../../src/kernel/signal/fpstate.ts";

const MAGIC1 = 0x4650_5853;
const MAGIC2 = 0x4650_5845;

/** Random registers; the words that hold control bits are kept valid, padding zero. */
const randomState = (seed: number): State => {
  const state = new State(new WebAssembly.Memory({ initial: 1 }));
  const random = new Random(seed);
  state.u16[at.fpuControl >> 1] = 0x37f;
  state.u16[at.fpuStatus >> 1] = (random.u32() % 8) << 11;
  state.u8[at.fpuEmpty] = random.u32();
  state.u32[at.mxcsr >> 2] = 0x1fa5;
  for (let i = 0; i < 8; i++) state.u8.set(random.bytes(10), at.fpuRegs + 16 * i);
  for (let i = 0; i < 16; i++) state.u8.set(random.bytes(32), at.ymm + 32 * i);
  return state;
};
const registers = (state: State): Uint8Array => state.u8.slice(at.mxcsr, at.size);

describe.each([
  [0, 512],
  [3, 576],
  [7, 832],
])("with XCR0 %i", (xfeatures, size) => {
  test(`the state takes ${size} bytes and is marked as the processor's manual and Linux mark it`, () => {
    const frame = saveFpState(randomState(1), xfeatures);
    expect(xstateSize(xfeatures)).toBe(size);
    expect(frame.length).toBe(fpFrameSize(xfeatures));
    const v = new DataView(frame.buffer);
    if (xfeatures === 0) return;
    expect([v.getUint32(464, true), v.getUint32(468, true), v.getUint32(472, true), v.getUint32(480, true)]).toEqual([
      MAGIC1,
      size + 4,
      xfeatures,
      size,
    ]);
    expect(v.getUint32(size, true)).toBe(MAGIC2);
    expect(v.getUint32(512, true) & 3).toBe(3);
  });

  test("what is saved comes back", () => {
    for (let seed = 1; seed < 20; seed++) {
      const state = randomState(seed);
      if ((xfeatures & 4) === 0) for (let i = 0; i < 16; i++) state.u8.fill(0, at.ymm + 32 * i + 16, at.ymm + 32 * i + 32);
      const before = registers(state);
      const frame = saveFpState(state, xfeatures);
      initFpState(state);
      expect(restoreFpState(state, frame, xfeatures)).toBe(true);
      expect(registers(state)).toEqual(before);
    }
  });

  test("reserved bits of MXCSR are refused, and change nothing", () => {
    const state = randomState(2);
    const frame = saveFpState(state, xfeatures);
    new DataView(frame.buffer).setUint32(24, 0x10000, true);
    const before = registers(state);
    expect(restoreFpState(state, frame, xfeatures)).toBe(false);
    expect(registers(state)).toEqual(before);
  });
});

test("without the second magic number only the FXSAVE part is taken: the upper halves of ymm are cleared", () => {
  const state = randomState(3);
  const frame = saveFpState(state, 7);
  new DataView(frame.buffer).setUint32(832, 0, true);
  expect(restoreFpState(state, frame, 7)).toBe(true);
  for (let i = 0; i < 16; i++) {
    expect(state.u8.subarray(at.ymm + 32 * i, at.ymm + 32 * i + 16)).toEqual(frame.subarray(160 + 16 * i, 176 + 16 * i));
    expect(state.u8.subarray(at.ymm + 32 * i + 16, at.ymm + 32 * i + 32).every((b) => b === 0)).toBe(true);
  }
});

test("the FSAVE form of 32-bit frames holds tags, status and registers, and wins when it is put back", () => {
  const state = randomState(4);
  const fsave = fsaveBytes(state);
  expect(fsave.length).toBe(FSAVE_SIZE);
  const empty = state.u8[at.fpuEmpty];
  const top = state.u16[at.fpuStatus >> 1];
  const before = state.u8.slice(at.fpuRegs, at.fpuRegs + 128);
  initFpState(state);
  restoreFsave(state, fsave);
  expect([state.u8[at.fpuEmpty], state.u16[at.fpuStatus >> 1]]).toEqual([empty, top]);
  expect(state.u8.slice(at.fpuRegs, at.fpuRegs + 128)).toEqual(before);
});
