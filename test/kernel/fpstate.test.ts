// The floating-point state of signal frames, and its neighbours in the register file.
import { describe, expect, it } from "vitest";
import { at, State } from "../../src/cpu/machine/state.ts";
import { initFpState, restoreFpState, saveFpState } from "../../src/kernel/signal/fpstate.ts";

const fresh = (): State => new State(new WebAssembly.Memory({ initial: 1 }));
const x87SseAvx = 7;

describe("floating-point state in frames", () => {
  it("comes back whole, upper halves of ymm registers included", () => {
    const state = fresh();
    initFpState(state);
    for (let n = 0; n < 512; n++) state.u8[at.ymm + n] = n * 7;
    const frame = saveFpState(state, x87SseAvx);
    const before = state.u8.slice(at.ymm, at.size);
    initFpState(state);
    expect(state.u8.slice(at.ymm, at.size).every((b) => b === 0)).toBe(true);
    expect(restoreFpState(state, frame, x87SseAvx)).toBe(true);
    expect(state.u8.slice(at.ymm, at.size)).toEqual(before);
  });
  it("leaves alone which segments have limits to check", () => {
    const state = fresh();
    const checked = Uint8Array.of(0, 1, 0, 1, 1, 0);
    state.u8.set(checked, at.segCheck);
    initFpState(state);
    expect(restoreFpState(state, saveFpState(state, x87SseAvx), x87SseAvx)).toBe(true);
    const withoutX87 = saveFpState(state, x87SseAvx);
    withoutX87[512] = 6;
    expect(restoreFpState(state, withoutX87, x87SseAvx)).toBe(true);
    expect(state.u8.slice(at.segCheck, at.segCheck + 6)).toEqual(checked);
  });
});
