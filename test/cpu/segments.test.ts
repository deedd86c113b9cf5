// Code is known by address: it must be looked up anew whenever the same address may mean other instructions,
// and only then.
import { expect, test } from "vitest";
import { layout } from "../../src/cpu/machine/layout.ts";
import { Segments } from "../../src/cpu/machine/segments.ts";
import { at, S, State } from "../../src/cpu/machine/state.ts";

const CODE64 = 0x33;
const CODE32 = 0x23;
const TLS = 0x63;

/** A GDT of descriptors as two words each. SDM Vol. 3A Figure 3-8. */
const gdt = (entries: Record<number, [low: number, high: number]>): Uint8Array => {
  const bytes = new Uint8Array(0x80);
  const view = new DataView(bytes.buffer);
  for (const [selector, [low, high]] of Object.entries(entries)) {
    view.setUint32(Number(selector) & ~7, low, true);
    view.setUint32((Number(selector) & ~7) + 4, high, true);
  }
  return bytes;
};

test("a task with another kind of code makes facts about code stale, after any other task", () => {
  const pages = Math.ceil(layout.frames / 65536);
  const state = new State(new WebAssembly.Memory({ initial: pages, maximum: pages }));
  let flushed = 0;
  const segments = new Segments(state, () => flushed++);
  segments.tables = {
    gdt: gdt({ [CODE32]: [0xffff, 0x00cf_fb00], [CODE64]: [0, 0x0020_fb00], [TLS]: [0xffff, 0x00cf_f301] }),
    ldt: new Uint8Array(0),
  };
  const flushes = (change: () => void): number => {
    const before = flushed;
    change();
    return flushed - before;
  };
  const registersWith = (selector: number): Uint8Array => {
    segments.loadCode(selector);
    return state.u8.slice(0, at.size);
  };
  const switchTo = (registers: Uint8Array): void => {
    state.restore(registers);
    segments.refresh();
  };
  const [short, long] = [registersWith(CODE32), registersWith(CODE64)];
  expect(flushes(() => switchTo(short))).toBe(1);
  expect(flushes(() => switchTo(long))).toBe(1);
  expect(flushes(() => switchTo(long))).toBe(0);
  expect(flushes(() => switchTo(short))).toBe(1);
  expect(flushes(() => switchTo(short))).toBe(0);
  expect(flushes(() => segments.load(S.gs, TLS))).toBe(0);
});
