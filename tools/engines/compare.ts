// One drawn program on several engines. Its output, its end, and its numbers of instructions, calls and
// nanoseconds must be equal.

import type { Engine } from "../../src/cpu/engine.ts";
import { Machine } from "../../src/index.ts";
import { Random } from "../oracle/random.ts";
import { draw } from "./draw.ts";
import { program } from "./program.ts";

/** The end of a program in figures that must not differ between tiers. */
export const outcome = async (bytes: Uint8Array, engine: Engine): Promise<string> => {
  const { status, stdout, stats } = await Machine.run(bytes, { engine, seed: 1, timeout: 120 });
  return JSON.stringify({ status, out: Buffer.from(stdout.bytes).toString("hex"), ...stats });
};

/** The program of a seed. Every fourth one is long enough to become hot. */
export const programOf = (seed: number): Uint8Array => {
  const { wide, narrow } = draw(new Random(seed), seed % 4 === 0 ? 12 : 1);
  return program(wide, 64, narrow);
};

export interface Difference {
  readonly seed: number;
  readonly engine: Engine;
  readonly expected: string;
  readonly found: string;
}
/** The differences from the first engine's run. */
export const compare = async (seed: number, [first, ...others]: readonly [Engine, ...Engine[]]): Promise<readonly Difference[]> => {
  const bytes = programOf(seed);
  const expected = await outcome(bytes, first);
  const differences: Difference[] = [];
  for (const engine of others) {
    const found = await outcome(bytes, engine);
    if (found !== expected) differences.push({ seed, engine, expected, found });
  }
  return differences;
};
