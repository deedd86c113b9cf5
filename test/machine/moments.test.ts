// Signals and timers come at the same instant in every tier. `npm run conformance:engines` runs more seeds.
import { describe, expect, it } from "vitest";
import { compare } from "../../tools/engines/compare.ts";

describe("drawn programs with timers, signals, threads and 32-bit code", { timeout: 120_000 }, () => {
  it.each([1, 2, 3, 5, 6, 7, 9, 10, 11, 13])("end alike on all engines but the oracle: seed %i", async (seed) => {
    expect(await compare(seed, ["interpret", "jit", "auto"])).toEqual([]);
  });
  it.each([4, 8, 12])("end alike though they run for long: seed %i", async (seed) => {
    expect(await compare(seed, ["interpret", "jit", "auto"])).toEqual([]);
  });
  it.each([3, 7])("end alike on the oracle: seed %i", async (seed) => {
    expect(await compare(seed, ["interpret", "evaluate"])).toEqual([]);
  });
});
