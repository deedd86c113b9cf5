// A proof goes without reads that lead nowhere, and loses no end of a program: what generated programs report
// in the traces equals what a model of them reports in all interleavings.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hostTree } from "trapgate/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Dpor } from "../../src/machine/explore/proof/dpor.ts";
import { Sampling } from "../../src/machine/explore/sampling.ts";
import { Trials } from "../../src/machine/explore/trials.ts";
import { gcc, missing } from "../support/host.ts";
import { generate, programOf, reports, type Threads } from "./assumptions/model.ts";

/** FRUITLESS=500 tries so many programs. */
const PROGRAMS = Number(process.env["FRUITLESS"] ?? 8);

describe.skipIf(missing("assumptions in proofs", gcc))("reads that lead nowhere", { timeout: 120_000 }, () => {
  let folder = "";
  beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "trapgate-fruitless-"))));
  afterAll(() => rmSync(folder, { recursive: true }));
  const prove = async (threads: Threads) => {
    writeFileSync(join(folder, "a.c"), programOf(threads));
    execFileSync("gcc", ["-w", "-O1", "-pthread", "-Wl,-z,now", "-o", join(folder, "a"), join(folder, "a.c")]);
    const never = ["a text that no program writes"];
    const trials = new Trials(join(folder, "a"), { root: hostTree("/"), atomic: "section", neverOutput: never, seconds: 60 });
    const dpor = new Dpor();
    const found = new Set<string>();
    const { observe } = trials;
    trials.observe = (...given) => {
      const result = observe.apply(trials, given);
      const lines = result.run.stdout.text.split("\n").filter((line) => line !== "");
      if (given[0] === dpor) for (const line of lines) found.add(line);
      return result;
    };
    const { isComplete } = await new Sampling(trials).prove(dpor);
    return { found: [...found].sort(), traces: dpor.traces, isComplete };
  };

  it.each(Array.from({ length: PROGRAMS }, (_, seed) => seed + 1))("hide no end of a program: seed %d", async (seed) => {
    const threads = generate(seed);
    const { found, isComplete } = await prove(threads);
    const wanted = [...reports(threads)].sort();
    expect(found.filter((one) => !wanted.includes(one))).toEqual([]);
    if (isComplete) expect(found).toEqual(wanted);
  });

  const op = { a: 0, b: 0, v: 0, w: 0 };
  it("are none of a trace's: an assumption about a sum", async () => {
    const adds: Threads = [[{ ...op, kind: "add" }], [{ ...op, kind: "add" }], [{ ...op, kind: "assume", v: 2 }]];
    const { found, traces, isComplete } = await prove(adds);
    expect(isComplete).toBe(true);
    expect(found).toEqual([...reports(adds)].sort());
    // Two orders of the additions, six of the three threads at the report.
    expect(traces).toBe(12);
  });
  it("are known behind a call whose result other threads could decide", async () => {
    const adds: Threads = [
      [{ ...op, kind: "add" }],
      [{ ...op, kind: "add" }],
      [
        { ...op, kind: "random" },
        { ...op, kind: "assume", v: 2 },
      ],
    ];
    const { found, traces, isComplete } = await prove(adds);
    expect(isComplete).toBe(true);
    expect(found).toEqual([...reports(adds)].sort());
    expect(traces).toBe(12);
  });
  it("are not those of a loop that writes what others see", async () => {
    const undoes: Threads = [
      [{ ...op, kind: "undo" }],
      [{ ...op, kind: "undo" }],
      [
        { ...op, kind: "read" },
        { ...op, kind: "read" },
      ],
    ];
    // One of the two never ends, and two ends have two orders. GenMC's spin-fai-fail has 20 executions with
    // one iteration more at most; a second one shows thread 3 more.
    const { found: none, traces } = await prove(undoes);
    expect(none).toEqual([]);
    expect(traces).toBeGreaterThan(40);
    const both: Threads = [
      [
        { ...op, kind: "undo" },
        { ...op, kind: "write" },
      ],
      [{ ...op, kind: "undo" }],
      undoes[2] ?? [],
    ];
    const { found } = await prove(both);
    expect(found).toEqual([...reports(both)].sort());
  });
});
