// Page frames: each has one owner at a time, and is zero when it is given out, whichever of them a caller
// wants.
import { describe, expect, it } from "vitest";
import { directAddress, directMap, directPageOf, layout } from "../../src/cpu/machine/layout.ts";
import { Frames, PAGE_SIZE } from "../../src/memory/frames.ts";
import { Random } from "../../tools/oracle/random.ts";

const PAGES = 64;
const frames = (options?: { most?: number }) => new Frames(new WebAssembly.Memory({ initial: (PAGES * PAGE_SIZE) / 65536 }), 0, options);

describe("page frames", () => {
  it("are given out once, and zero, in any order of asking and giving back", () => {
    const f = frames();
    const random = new Random(7);
    const mine = new Set<number>();
    for (let i = 0; i < 5000; i++) {
      const some = [...mine][random.below(mine.size + 1)];
      if (some !== undefined && random.below(2) === 0) {
        mine.delete(some);
        f.release(some);
        continue;
      }
      const wanted = random.below(3) === 0 ? 0 : random.below(PAGES + 8) * PAGE_SIZE;
      const there = mine.has(wanted) || wanted === f.zero || wanted === 0 || wanted >= PAGES * PAGE_SIZE;
      const frame = f.alloc(wanted);
      if (mine.size === f.total - 1) {
        expect(frame).toBe(0);
        continue;
      }
      if (!there) expect(frame).toBe(wanted);
      expect(mine.has(frame)).toBe(false);
      expect(f.bytes(frame).every((b) => b === 0)).toBe(true);
      f.bytes(frame).fill(0xaa);
      mine.add(frame);
      expect(f.free).toBe(f.total - 1 - mine.size);
    }
  });
  it("are cleared in part, in shared memory too", () => {
    for (const shared of [false, true]) {
      const f = new Frames(new WebAssembly.Memory({ initial: 4, maximum: 4, shared }), 0);
      const bytes = f.bytes(f.alloc()).fill(0xaa);
      f.clear(bytes.byteOffset + 5, bytes.byteOffset + 4001);
      expect([...bytes.keys()].filter((n) => bytes[n] === 0)).toEqual(Array.from({ length: 3996 }, (_, n) => n + 5));
      f.clear(bytes.byteOffset, bytes.byteOffset + PAGE_SIZE);
      expect(bytes.every((b) => b === 0)).toBe(true);
    }
  });
  it("are no more than a machine may have, wherever its window ends", () => {
    const f = frames({ most: 5 });
    const got = Array.from({ length: 6 }, () => f.alloc(17 * PAGE_SIZE));
    expect(got.map((frame) => frame !== 0)).toEqual([true, true, true, true, false, false]);
    expect(got[0]).toBe(17 * PAGE_SIZE);
  });
  it("are those that are wanted, for all but few of a long area, wherever others are in use", () => {
    const pages = 4096;
    for (const [from, to] of [
      [100, 4000],
      [1900, 2400],
      [2049, 4000],
    ] as const) {
      const f = new Frames(new WebAssembly.Memory({ initial: (pages * PAGE_SIZE) / 65536 }), 0);
      for (let n = 0; n < 40; n++) f.alloc();
      let away = 0;
      for (let n = from; n < to; n++) if (f.alloc(n * PAGE_SIZE) !== n * PAGE_SIZE) away++;
      expect(away).toBeLessThan(90);
    }
  });
  it("lie behind the window first if no page prefers them, then in it, until all are taken", () => {
    const end = layout.window + 2 ** directMap.bits;
    const pages = end / 65536 + 16;
    const f = new Frames(new WebAssembly.Memory({ initial: pages, maximum: pages }), layout.frames);
    expect(f.zero).toBeGreaterThanOrEqual(end);
    const behind = (16 * 65536) / PAGE_SIZE - 1;
    expect(Array.from({ length: behind }, () => f.allocDirty()).filter((frame) => frame < end)).toEqual([]);
    const middle = layout.frames + (end - layout.frames) / 2;
    for (let n = 0; n < 10; n++) expect(Math.abs(f.allocDirty() - middle)).toBeLessThan(100 * PAGE_SIZE);
    const taken = new Set<number>();
    for (let frame = f.allocDirty(); frame !== 0; frame = f.allocDirty()) taken.add(frame);
    expect(taken.size).toBe(f.total - 1 - behind - 10);
  });
  it("are used again rather than others touched for ever, one after another", () => {
    const pages = 16384;
    const f = new Frames(new WebAssembly.Memory({ initial: (pages * PAGE_SIZE) / 65536 }), 0);
    const touched = new Set<number>();
    for (let n = 1; n < pages; n++) {
      const frame = f.alloc(n * PAGE_SIZE);
      touched.add(frame);
      f.release(frame);
    }
    expect(touched.size).toBeGreaterThan(1000);
    expect(touched.size).toBeLessThan(1100);
  });
  it("are used again only where more lie idle than are in use", () => {
    const pages = 65536;
    const f = new Frames(new WebAssembly.Memory({ initial: (pages * PAGE_SIZE) / 65536 }), 0);
    const fresh = (n: number): boolean => {
      const frame = f.alloc(n * PAGE_SIZE);
      f.release(frame);
      return frame === n * PAGE_SIZE;
    };
    const mine = Array.from({ length: 4000 }, (_, n) => f.alloc((n + 1) * PAGE_SIZE));
    for (const frame of mine.splice(0, 1900)) f.release(frame);
    expect(fresh(50_000)).toBe(true);
    for (const frame of mine.splice(0, 200)) f.release(frame);
    expect(fresh(50_001)).toBe(false);
  });
  it("have other direct-mapped positions in address spaces of other colors", () => {
    const f = frames();
    const colors = Array.from({ length: 32 }, () => {
      const color = f.rarestColor;
      f.takeColor(color);
      return color;
    });
    expect(new Set(colors).size).toBe(32);
    for (const page of [0x40_0000, 0x5555_5555_4000, 0x7fff_f7dc_0000, 0x7fff_ffff_e000]) {
      const places = colors.map((color) => directAddress(page, color));
      expect(new Set(places).size).toBe(32);
      for (const place of places) {
        expect(place % PAGE_SIZE).toBe(0);
        expect(place).toBeGreaterThanOrEqual(layout.window);
        expect(place).toBeLessThan(layout.window + 2 ** directMap.bits);
      }
    }
    for (const color of colors)
      for (const page of [0x40_0000, 0x7fff_f7dc_0000])
        expect(directPageOf(directAddress(page, color), color)).toBe((page / PAGE_SIZE) % directMap.pages);
    f.dropColor(colors[3] as number);
    expect(f.rarestColor).toBe(colors[3]);
  });
});
