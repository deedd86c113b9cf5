// Dynamic partial order reduction: one run for each Mazurkiewicz trace. The number of traces is that of all
// interleavings, run one by one and compared by their happens-before relations, and that of published tables.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { explore, replay } from "trapgate";
import { hostTree } from "trapgate/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Dpor } from "../../src/machine/explore/proof/dpor.ts";
import { Sampling } from "../../src/machine/explore/sampling.ts";
import { Trials } from "../../src/machine/explore/trials.ts";
import { gcc, missing, top } from "../support/host.ts";
import { allowed, type Litmus, type Op } from "./litmus/model.ts";
import { programOf } from "./litmus/program.ts";
import "trapgate/vitest";

const W = (at: string, value = 1): Op => ({ kind: "W", at, value });
const R = (at: string): Op => ({ kind: "R", at });
const X = (at: string, value = 1): Op => ({ kind: "X", at, value });

/** Traces by hand: orders of dependent events, without those that program order excludes. */
const tests: readonly (readonly [name: string, litmus: Litmus, traces: number])[] = [
  ["two writes", [[W("x")], [W("x", 2)]], 2],
  ["independent writes", [[W("x")], [W("y")]], 1],
  [
    "SB",
    [
      [W("x"), R("y")],
      [W("y"), R("x")],
    ],
    3,
  ],
  [
    "MP",
    [
      [W("x"), W("y")],
      [R("y"), R("x")],
    ],
    3,
  ],
  [
    "LB",
    [
      [R("x"), W("y")],
      [R("y"), W("x")],
    ],
    3,
  ],
  ["IRIW", [[W("x")], [R("x"), R("y")], [R("y"), R("x")], [W("y")]], 15],
  ["exchanges", [[X("x")], [X("x", 2)], [X("x", 3)]], 6],
  // readers(n) of the literature: 2^n traces.
  ["readers(3)", [[W("x")], [R("x")], [R("x")], [R("x")]], 8],
];

describe.skipIf(missing("partial order reduction", gcc))("dpor", { timeout: 120_000 }, () => {
  let folder = "";
  beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "trapgate-dpor-"))));
  afterAll(() => rmSync(folder, { recursive: true }));
  const run = async (litmus: Litmus, all: boolean) => {
    const trials = new Trials(programOf(litmus, folder), {});
    const outputs = new Set<string>();
    const { observe } = trials;
    trials.observe = (...given) => {
      const result = observe.apply(trials, given);
      outputs.add(result.run.stdout.text);
      return result;
    };
    const dpor = new Dpor(all);
    const { isComplete } = await new Sampling(trials).prove(dpor);
    expect(isComplete).toBe(true);
    return { dpor, outputs: [...outputs].sort() };
  };

  it.each(tests)("runs one schedule of each trace: %s", async (_name, litmus, traces) => {
    const { dpor, outputs } = await run(litmus, false);
    expect(dpor.traces).toBe(traces);
    expect(outputs).toEqual([...allowed(litmus, "sc")].sort());
  });
  it.each(tests.filter(([name]) => ["two writes", "independent writes", "SB"].includes(name)))(
    "has as many traces as all interleavings: %s",
    async (_name, litmus, traces) => {
      const { dpor } = await run(litmus, true);
      expect(dpor.seen.size).toBe(traces);
      expect(dpor.traces).toBeGreaterThan(traces);
    },
  );

  const root = hostTree("/");
  const compiled = (name: string): string => {
    const file = join(folder, name);
    execFileSync("gcc", ["-O1", "-pthread", "-o", file, join(top, `test/explore/programs/${name}.c`)]);
    return file;
  };
  // Numbers of Abdulla et al., POPL 2014, section 8 (optimal DPOR), and of Nidhugg's tests of readers.
  it.each([
    ["readers", "3", 8],
    ["lastzero", "5", 64],
    ["indexer", "11", 1],
    ["indexer", "12", 8],
  ] as const)("has the published number of traces: %s(%s)", async (name, n, count) => {
    const found = await explore(compiled("traces"), { root, search: "dpor", args: [name, n] });
    expect([found.violation, found.traces?.count, found.traces?.all]).toEqual([undefined, count, true]);
    expect(found).toHoldInEverySchedule();
  });
  // The waiting thread reads 0 none or once; more reads come back to the same state. casrot's numbers
  // are those of GenMC's tests: a CMPXCHG that fails only reads.
  it.each([
    ["waits", "2", {}, 2],
    ["rotates", "3", {}, 5],
    ["rotates", "5", {}, 43],
    ["adds", "3", { atomic: "section" }, 6],
    // The process ends while a thread waits.
    ["endless", "0", {}, 1],
  ] as const)("knows what does not matter: %s(%s)", async (name, n, options, count) => {
    const found = await explore(compiled("waits"), { root, search: "dpor", args: [name, n], ...options });
    expect([found.violation, found.traces?.count, found.traces?.all]).toEqual([undefined, count, true]);
  });
  it("finds lost additions outside of atomic sections, and a loop without an end", async () => {
    const program = compiled("waits");
    const lost = await explore(program, { root, search: "dpor", args: ["adds", "2"], minimise: false });
    expect(lost.violation?.what).toBe("the program exited with 1, not 0");
    const endless = await explore(program, { root, search: "dpor", args: ["endless", "1"], minimise: false });
    expect(endless.violation?.what).toMatch("does not end");
  });
  it("finds a violation, and its schedule repeats it", async () => {
    const program = compiled("lost-update");
    const { violation } = await explore(program, { root, search: "dpor" });
    expect(violation?.what).toBe("the program was killed by SIGABRT");
    expect(replay(program, { root, schedule: violation?.schedule ?? "" })).toBe(violation?.what);
  });
  it("proves nothing if it was stopped", async () => {
    const found = await explore(compiled("traces"), { root, search: "dpor", args: ["lastzero", "6"], schedules: 20 });
    expect(found.traces?.all).toBe(false);
    expect(() => expect(found).toHoldInEverySchedule()).toThrow();
    await expect(explore("x", { search: "dpor", memoryModel: "tso" })).rejects.toThrow("dpor has no store buffers");
  });
});
