// What regions give up time and again: by the block that it is in, for every region that has it.
import { describe, expect, it } from "vitest";
import type { Graph } from "../../../src/cpu/jit/cfg/graph.ts";
import { DeoptProfile } from "../../../src/cpu/jit/runtime/deopt.ts";

const graphOf = (...blocks: readonly number[]): Graph =>
  ({ instructions: 10, pages: new Map([[0, 0]]), blocks: new Map(blocks.map((ip) => [ip, { ip, end: ip + 16 }])) }) as unknown as Graph;

describe("doubts", () => {
  const often = (doubts: DeoptProfile, ip: number, times: number): void => {
    for (let n = 0; n < times; n++) doubts.noteExit(ip);
  };
  it("say each time that there are twice as many", () => {
    const doubts = new DeoptProfile((ip) => ip * 8);
    expect(Array.from({ length: 9 }, () => doubts.noteExit(64))).toEqual([true, true, false, true, false, false, false, true, false]);
  });
  it("come to every region that a block is in, once", () => {
    const doubts = new DeoptProfile((ip) => ip * 8);
    const [one, other] = [graphOf(0, 64), graphOf(64, 128)];
    const written = doubts.version;
    often(doubts, 70, 19);
    expect(doubts.recompileDue(one, written, 2)).toBe(false);
    expect(doubts.isDeoptimised(64)).toBe(false);
    often(doubts, 70, 1);
    expect(doubts.recompileDue(one, written, 2)).toBe(true);
    expect([doubts.isDeoptimised(0), doubts.isDeoptimised(64)]).toEqual([false, true]);
    expect(doubts.recompileDue(other, written, 2)).toBe(true);
    often(doubts, 70, 100);
    for (const graph of [one, other]) expect(doubts.recompileDue(graph, doubts.version, 2)).toBe(false);
  });
  it("leave alone what hardly matters", () => {
    const doubts = new DeoptProfile((ip) => ip * 8);
    often(doubts, 0, 1);
    often(doubts, 64, 99);
    expect(doubts.recompileDue(graphOf(0, 64), doubts.version, 2)).toBe(true);
    expect([doubts.isDeoptimised(0), doubts.isDeoptimised(64)]).toEqual([false, true]);
  });
});
