// A worker that an input ends or breaks is a finding, and the next input has a worker again.
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { Worker } from "../../tools/campaign/pool.ts";
import { top } from "../support/host.ts";

const worker = new Worker("unruly", { seconds: 2, megabytes: 500 }, join(top, "test", "campaign", "unruly.ts"));
afterAll(() => worker.end());

it.each([
  ["hang", "everything ends"],
  ["grow", "memory is bounded"],
  ["die", "the process lives"],
  ["abort", "the process lives"],
  ["throw", "nothing throws"],
])("an input that makes its worker %s", { timeout: 120_000 }, async (input, rule) => {
  expect((await worker.ask({ input })).finding?.rule).toBe(rule);
  expect(await worker.ask({ input: "well" })).toEqual({ inputs: 1, digest: "well" });
  expect(await worker.ask({ seed: 1 })).toEqual({ inputs: 1, digest: "well" });
});
