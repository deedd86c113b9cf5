// Shards partition the work on every machine alike, and their results come together to those of one process.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { shard } from "../../src/cli/shard.ts";
import { inShard } from "../../src/machine/shard.ts";
import { shardOf } from "../../tools/campaign/environment.ts";
import { minimise } from "../../tools/campaign/minimise.ts";
import { merge, type SeedRecord, type Work, writeResults } from "../../tools/campaign/results.ts";

describe("a shard", () => {
  it("has each item once for every count", () => {
    for (const of of [1, 2, 7, 16]) {
      const shards = Array.from({ length: of }, (_, i) => shard(`${i + 1}/${of}`));
      for (let item = 0; item < 50; item++) expect(shards.filter((s) => inShard(s, item))).toHaveLength(1);
    }
  });
  it.each(["0/4", "5/4", "1", "a/b", "1/0", "-1/4"])("is refused when it is none: %s", (text) => {
    expect(() => shard(text)).toThrow("--shard wants a part");
  });
  it("is what the engine says: Kubernetes counts from 0, GitLab from 1, Slurm from where the array begins", () => {
    expect(shardOf({ JOB_COMPLETION_INDEX: "0", SHARDS: "4" })).toEqual({ number: 1, of: 4 });
    expect(shardOf({ JOB_COMPLETION_INDEX: "3" }, "4")).toEqual({ number: 4, of: 4 });
    expect(shardOf({ CI_NODE_INDEX: "1", CI_NODE_TOTAL: "3" })).toEqual({ number: 1, of: 3 });
    expect(shardOf({ SLURM_ARRAY_TASK_ID: "5", SLURM_ARRAY_TASK_MIN: "5", SLURM_ARRAY_TASK_COUNT: "8" })).toEqual({ number: 1, of: 8 });
    expect(shardOf({})).toEqual({ number: 1, of: 1 });
    expect(() => shardOf({ JOB_COMPLETION_INDEX: "0" })).toThrow("not how many shards there are");
  });
});

const work: Work = { kind: "syscalls", seeds: [1, 10] };
const record = (seed: number): SeedRecord => ({ seed, inputs: seed, digest: `d${seed}` });
const all = Array.from({ length: 10 }, (_, i) => record(i + 1));
const made: string[] = [];
const folder = (): string => {
  made.push(mkdtempSync(join(tmpdir(), "results-")));
  return made.at(-1)!;
};
afterAll(() => {
  for (const dir of made) rmSync(dir, { recursive: true });
});
const writeShard = (into: string, number: number, of: number, records = all): string =>
  writeResults(into, { header: { ...work, shard: [number, of] }, records: records.filter((_, i) => inShard({ number, of }, i)) });

describe("a merge", () => {
  it("of all shards is what one process writes, byte for byte, and of itself again", () => {
    const [parts, merged, whole, single] = [folder(), folder(), folder(), folder()];
    for (const number of [3, 1, 2]) writeShard(parts, number, 3);
    writeShard(whole, 1, 1);
    for (const [from, into] of [
      [parts, merged],
      [whole, single],
      [merged, merged],
    ] as const) {
      const [one, ...others] = merge([from]);
      expect(others).toEqual([]);
      expect(one).toMatchObject({ records: all, missingShards: [], missingSeeds: [], contradictions: [] });
      writeResults(into, { header: one!.work, records: one!.records });
    }
    expect(readdirSync(merged)).toEqual(readdirSync(single));
    expect(merge([parts, merged, parts])).toEqual(merge([parts]).map((m) => ({ ...m })));
  });
  it("names shards that are missing, with their seeds", () => {
    const dir = folder();
    writeShard(dir, 1, 4);
    writeShard(dir, 3, 4);
    expect(merge([dir])[0]).toMatchObject({ missingShards: ["2/4", "4/4"], missingSeeds: [2, 4, 6, 8, 10] });
  });
  it("takes a shard that ran twice once, and says where its runs differ", () => {
    const dir = folder();
    const path = writeShard(dir, 1, 1);
    expect(writeShard(dir, 1, 1)).toBe(path);
    expect(readdirSync(dir)).toHaveLength(1);
    writeShard(dir, 1, 1, [...all.slice(0, 9), { ...record(10), digest: "other" }]);
    expect(merge([dir])[0]).toMatchObject({ contradictions: [10] });
  });
  it("refuses a file that is not what its name says", () => {
    const dir = folder();
    writeFileSync(writeShard(dir, 1, 1), "{}\n");
    expect(() => merge([dir])).toThrow("is damaged");
  });
});

describe("the minimiser", () => {
  const parts = Array.from({ length: 100 }, (_, i) => i);
  const effort = { tries: 1000, until: Number.POSITIVE_INFINITY };
  it("leaves what is needed, and no more", async () => {
    const needs = async (some: readonly number[]): Promise<boolean> => [7, 42, 93].every((n) => some.includes(n));
    expect(await minimise(parts, needs, effort)).toEqual([7, 42, 93]);
  });
  it("stops when its effort is used up", async () => {
    let tries = 0;
    await minimise(parts, async () => (tries++, false), { ...effort, tries: 10 });
    expect(tries).toBe(10);
  });
});
