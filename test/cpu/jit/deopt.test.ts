// The deoptimisation profile (deopt.ts): side exits count for a block, in every region that contains it.
import { describe, expect, it } from "vitest";
import type { BlockGraph } from "../../../src/cpu/jit/cfg/graph.ts";
import { DeoptProfile } from "../../../src/cpu/jit/runtime/deopt.ts";

const graphOf = (...blocks: readonly number[]): BlockGraph =>
  ({
    instructions: 10,
    pages: new Map([[0, 0]]),
    blocks: new Map(blocks.map((ip) => [ip, { ip, end: ip + 16 }])),
  }) as unknown as BlockGraph;

describe("the deoptimisation profile", () => {
  const often = (profile: DeoptProfile, ip: number, times: number): void => {
    for (let n = 0; n < times; n++) profile.noteExit(ip);
  };
  it("reports each time that the exits of an address have doubled", () => {
    const profile = new DeoptProfile((ip) => ip * 8);
    expect(Array.from({ length: 9 }, () => profile.noteExit(64))).toEqual([true, true, false, true, false, false, false, true, false]);
  });
  it("makes each region with the block due once", () => {
    const profile = new DeoptProfile((ip) => ip * 8);
    const [one, other] = [graphOf(0, 64), graphOf(64, 128)];
    const written = profile.version;
    often(profile, 70, 19);
    expect(profile.recompileDue(one, written, 2)).toBe(false);
    expect(profile.isDeoptimised(64)).toBe(false);
    often(profile, 70, 1);
    expect(profile.recompileDue(one, written, 2)).toBe(true);
    expect([profile.isDeoptimised(0), profile.isDeoptimised(64)]).toEqual([false, true]);
    expect(profile.recompileDue(other, written, 2)).toBe(true);
    often(profile, 70, 100);
    for (const graph of [one, other]) expect(profile.recompileDue(graph, profile.version, 2)).toBe(false);
  });
  it("does not deoptimise blocks with few exits", () => {
    const profile = new DeoptProfile((ip) => ip * 8);
    often(profile, 0, 1);
    often(profile, 64, 99);
    expect(profile.recompileDue(graphOf(0, 64), profile.version, 2)).toBe(true);
    expect([profile.isDeoptimised(0), profile.isDeoptimised(64)]).toEqual([false, true]);
  });
});
