// Heat: samples in one address space make a block hot at once. Samples in changing address spaces do so only
// in large numbers.
import { describe, expect, it } from "vitest";
import { Heat } from "../../../src/cpu/jit/profile/heat.ts";
import { generationSize, Recent } from "../../../src/cpu/jit/profile/recent.ts";

const samplesUntilDue = (heat: Heat, next: () => void, wanted: number): number => {
  for (let n = 1; n < 1000; n++) {
    next();
    if (heat.add(7, wanted)) return n;
  }
  return Number.POSITIVE_INFINITY;
};

describe("heat", () => {
  it("is reported when it is reached and at each doubling, counting samples of one space", () => {
    const heat = new Heat();
    heat.enter({});
    const reports = Array.from({ length: 6 }, () => samplesUntilDue(heat, () => {}, 4));
    expect(reports).toEqual([4, 4, 8, 16, 32, 64]);
    expect(heat.of(8)).toBe(0);
  });
  it("keeps counting when a space runs again", () => {
    const heat = new Heat();
    const [a, b] = [{}, {}];
    heat.enter(a);
    expect(heat.add(7, 2)).toBe(false);
    heat.enter(b);
    heat.enter(a);
    expect(heat.add(7, 2)).toBe(true);
  });
  it("needs many times as many samples of spaces that run once each", () => {
    const heat = new Heat();
    expect(samplesUntilDue(heat, () => heat.enter({}), 4)).toBe(64);
    heat.delete(7);
    expect(samplesUntilDue(heat, () => heat.enter({}), 4)).toBe(64);
  });
  it("can be set", () => {
    const heat = new Heat();
    heat.enter({});
    heat.set(7, 3);
    heat.enter({});
    expect(heat.of(7)).toBe(3);
    expect(heat.add(7, 4)).toBe(false);
    heat.set(7, 3);
    expect(heat.add(7, 4)).toBe(true);
  });
});

describe("a profile of bounded size", () => {
  it("forgets what was asked for long ago", () => {
    const recent = new Recent<number>();
    const all = 5 * generationSize;
    const answers = new Set<number | undefined>();
    for (let key = 0; key < all; key++) {
      recent.set(key, key + 1);
      if (key > 7) answers.add(recent.get(7));
    }
    expect([...answers], "asked for again and again").toEqual([8]);
    expect([all - 1, all - generationSize + 1].map((key) => recent.get(key))).toEqual([all, all - generationSize + 2]);
    expect([0, 8, all - 2 * generationSize].map((key) => recent.get(key))).toEqual([undefined, undefined, undefined]);
    recent.delete(7);
    expect(recent.get(7)).toBeUndefined();
    recent.clear();
    expect(recent.get(all - 1)).toBeUndefined();
  });
});
