// Trace trees: an interpreter's rounds in one loop each, with all that may end one.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { deserialize, serialize } from "node:v8";
import { type BootOptions, type CodeStore, Machine } from "trapgate/internal";
import { describe, expect, it } from "vitest";
import { coverageOf } from "../../../src/cpu/jit/tracing/trace-recorder.ts";
import { always, type Present, usual, Watch } from "../../../src/cpu/jit/tracing/trace-sampler.ts";
import { inFolder } from "../../support/guest.ts";
import { gcc32, missing, top } from "../../support/host.ts";

const paper = (): CodeStore => {
  let text: Buffer | undefined;
  return {
    load: () => text && deserialize(text),
    save: (kept) => {
      text = serialize(kept);
    },
    module: () => undefined,
    native: () => undefined,
  };
};

describe.skipIf(missing("trace trees", gcc32)).each(["-m64", "-m32"])("an interpreter, gcc %s", { timeout: 120_000 }, (mode) => {
  const built = inFolder(async (folder) => {
    execFileSync("gcc", [mode, "-O2", "-static", "-w", "-o", `${folder}/traces`, `${top}/test/cpu/jit/traces.c`]);
    return {
      program: readFileSync(`${folder}/traces`),
      natively: new Map(["3000", "500000"].map((rounds) => [rounds, execFileSync(`${folder}/traces`, [rounds], { encoding: "utf8" })])),
    };
  });
  const run = async (options: BootOptions, rounds = "3000") => {
    const { program } = await built;
    const machine = new Machine({ files: { "/traces": { content: program, mode: 0o755 } }, ...options });
    const { stdout, status, stats } = await machine.run("/traces", { args: [rounds] });
    const { "trace trees compiled": trees, "regions of earlier runs": earlier, "regions dropped": dropped } = machine.engineStats;
    return { seen: { stdout: stdout.text, status, stats }, trees: trees!, earlier: earlier!, dropped: dropped! };
  };

  it("does what it does natively, with as many instructions as interpreted", async () => {
    const compiled = await run({ engine: "jit" });
    expect(compiled.seen.stdout).toBe((await built).natively.get("3000"));
    expect(compiled.trees).toBeGreaterThan(1);
    const interpreted = await run({ engine: "interpret" });
    expect(interpreted.trees).toBe(0);
    expect(compiled.seen).toEqual(interpreted.seen);
  });
  it("has its trees in the next run too", async () => {
    const code = paper();
    const first = await run({ code }, "500000");
    const kept = code.load()!.regions;
    expect(kept.filter(({ tree }) => tree)).toHaveLength(first.trees);
    const second = await run({ code }, "500000");
    expect(first.seen.stdout).toBe((await built).natively.get("500000"));
    expect(first.trees).toBeGreaterThan(0);
    // More than those that are no trees.
    expect(second.earlier).toBeGreaterThan(kept.length - first.trees);
    expect(second.seen).toEqual(first.seen);
  });
});

describe("windows", () => {
  const block = (key: number, ip: number, count: number, successors: number[]) => ({
    key,
    ip,
    instructions: Array.from({ length: count }) as never[],
    end: ip + count,
    terminator: "jump" as const,
    successors,
  });
  const tree = {
    entries: [10],
    blocks: new Map(
      [block(10, 10, 4, [-2, -3]), block(-2, 20, 6, [10]), block(-3, 30, 2, [-4]), block(-4, 20, 6, [])].map((b) => [b.key, b]),
    ),
    pages: new Map(),
    instructions: 18,
    full: false,
    tree: true,
  };
  const way = (...ips: [ip: number, count: number][]) => ips.map(([ip, count]) => ({ ip, count }));
  const byTurns = (...steps: Parameters<typeof way>) => way(...Array.from({ length: 20 }, () => steps).flat());

  const present = (): Present => ({
    coverage: (windows) => coverageOf(windows, new Map([[10, tree]])),
    trees: () => [],
  });

  it("are in a tree from its root on, until they go another way", () => {
    const trees = new Map([[10, tree]]);
    const share = (...windows: Parameters<typeof coverageOf>[0]) => coverageOf(windows, trees).share;
    expect(share(way([10, 4], [20, 6], [10, 4], [20, 6]))).toBe(1);
    expect(share(way([20, 6], [10, 4]))).toBeCloseTo(0.4);
    // Steps end where pages do; the block behind the second way to 20 leads nowhere.
    expect(share(way([10, 1], [11, 3], [30, 2], [20, 2], [22, 4], [10, 4]))).toBe(1);
    expect(share(way([10, 4], [30, 2], [50, 4]))).toBeCloseTo(0.6);
    expect(share()).toBe(0);
  });
  it("are taken as scheduled, and no more for a while if trees have most of what runs", () => {
    const watch = new Watch();
    const rounds = byTurns([10, 4], [20, 6]);
    expect(watch.next).toBe(usual.from);
    for (let n = 1; n < usual.first; n++) {
      watch.saw(rounds, 1000 * n, present);
      expect(watch.next).toBe(1000 * n + usual.between);
    }
    const now = 10 * usual.from;
    expect(watch.saw(rounds, now, present)).toEqual({ plant: [], uproot: [] });
    expect(watch.next).toBe(usual.again * now);
  });
  it("say which trees control leaves as soon as it comes", () => {
    const watch = new Watch();
    const often = byTurns([10, 4], [50, 1]);
    for (let n = 1; n < usual.first; n++) expect(watch.saw(often, n, present).uproot).toEqual([]);
    expect(watch.saw(often, usual.first, present).uproot).toEqual([10]);
  });
  it("are given up where address spaces change all the time", () => {
    const watch = new Watch();
    watch.schedule = always;
    const present = () => {
      throw new Error("there is nothing to look for");
    };
    watch.forget();
    for (let n = 0; n < 8; n++) {
      expect(watch.next).toBeLessThan(Number.POSITIVE_INFINITY);
      watch.saw(way([10, 4]), n, present);
      watch.forget();
    }
    expect(watch.next).toBe(Number.POSITIVE_INFINITY);
  });
});
