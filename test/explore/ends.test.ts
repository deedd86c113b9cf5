// A proof has all ends of a program: the outcomes of generated programs in their traces are those of a model
// in all interleavings. The threads store, load, add, wait and wake, send bytes and signals, take mutexes,
// and end themselves or the process.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { explore } from "trapgate";
import { hostTree } from "trapgate/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gcc, missing, top } from "../support/host.ts";
import { generate, type Outcome, outcomes, type Threads } from "./ends/model.ts";
import { programOf } from "./ends/program.ts";
import { prove } from "./prove.ts";

/** ENDS=60 tries so many programs of each kind. */
const PROGRAMS = Number(process.env["ENDS"] ?? 7);
const LIMIT = { schedules: 300 };
const seeds = Array.from({ length: PROGRAMS }, (_, i) => i + 1);

describe.skipIf(missing("ends of programs in proofs", gcc))("a proof", { timeout: 120_000 }, () => {
  let folder = "";
  beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "trapgate-ends-"))));
  afterAll(() => rmSync(folder, { recursive: true }));
  const check = async (threads: Threads, isLibrary: boolean) => {
    const wanted = outcomes(threads);
    const { text, flags } = programOf(threads, isLibrary);
    writeFileSync(join(folder, "a.c"), text);
    execFileSync("gcc", ["-w", "-O1", ...flags, "-o", join(folder, "a"), join(folder, "a.c")]);
    const { found, drawn, isComplete, traces } = await prove(join(folder, "a"), [], LIMIT);
    const known = new Set(wanted.map((one) => JSON.stringify(one)));
    expect([...found, ...drawn].filter((one) => !known.has(JSON.stringify(one)))).toEqual([]);
    // What has been written before an early end is the beginning of another outcome.
    const isShown = ({ output, end }: Outcome): boolean =>
      found.some((one) => one.end === end) && found.some((one) => one.output.includes(output));
    if (isComplete) expect(wanted.filter((one) => !isShown(one))).toEqual([]);
    return { isComplete, traces };
  };

  it.each(seeds)("hides no outcome of threads without a library: seed %d", async (seed) => {
    await check(generate(seed, "raw"), false);
  });
  it.each(seeds)("hides no outcome of what the kernel reads, writes and maps: seed %d", async (seed) => {
    await check(generate(seed, "kernel"), false);
  });
  it.each(seeds.slice(PROGRAMS / 3))("hides no outcome of a C library's threads: seed %d", async (seed) => {
    await check(generate(seed, "library"), true);
  });

  const op = { a: 0, v: 0, to: 0 };
  // The last number: traces.
  it.each([
    ["two ends of the process", [[{ ...op, kind: "quit" }], [{ ...op, kind: "quit", v: 1 }]], 2],
    ["an end behind a condition", [[{ ...op, kind: "quit" }], [{ ...op, kind: "quitIf" }]], 2],
    ["ends of the first thread and of another", [[{ ...op, kind: "leave" }], [{ ...op, kind: "leave", v: 1 }]], 2],
    ["a wait for a word that its task alone writes", [[{ ...op, kind: "add" }], [{ ...op, kind: "wait" }]], 2],
    ["a signal, and an end of the thread that gets it", [[{ ...op, kind: "signal", to: 1 }], []], 2],
    ["a structure that a call writes, and a store", [[{ ...op, kind: "count" }], [{ ...op, kind: "store", v: 1 }]], 3],
    ["a call that concerns its thread, and a store", [[{ ...op, kind: "clear" }], [{ ...op, kind: "store", v: 1 }]], 2],
    ["a page that is protected, and a load", [[{ ...op, kind: "protect" }], [{ ...op, kind: "peek" }]], 2],
    [
      "a page that is replaced, and a load",
      [
        [
          { ...op, kind: "poke", v: 1 },
          { ...op, kind: "replace" },
        ],
        [{ ...op, kind: "peek" }],
      ],
      3,
    ],
  ] satisfies [string, Threads, number][])("knows the orders of %s", async (_name, threads, traces) => {
    expect(await check(threads, false)).toEqual({ isComplete: true, traces });
  });

  it.each([
    ["looks", [0, 1], undefined],
    ["robust", [0, 1, 2], undefined],
    ["buffer", [0, 1], undefined],
    ["timed", [0], "a task waited with a deadline beside others"],
    ["forks", [0], "it has several processes"],
  ] as const)("has all ends of a program, or says what is missing: %s", async (name, ends, gap) => {
    const file = join(folder, "ends");
    execFileSync("gcc", ["-w", "-O1", "-pthread", "-Wl,-z,now", "-o", file, join(top, "test/explore/programs/ends.c")]);
    const proof = await prove(file, [name], LIMIT);
    expect([...new Set(proof.found.map(({ end }) => end))].sort()).toEqual(ends.map((status) => `exit ${status}`));
    expect([proof.isComplete, proof.gap]).toEqual([gap === undefined, gap]);
  });

  it("is given up when its time is over, also in a schedule without an end", async () => {
    const file = join(folder, "waits");
    execFileSync("gcc", ["-w", "-O1", "-pthread", "-o", file, join(top, "test/explore/programs/waits.c")]);
    const options = { args: ["endless", "1"], seconds: 1, neverOutput: ["a text that no program writes"] };
    const { milliseconds, violation } = await explore(file, { root: hostTree("/"), search: "pos", ...options });
    expect(violation).toBeUndefined();
    // Two thousand million instructions whose accesses are all seen take minutes.
    expect(milliseconds).toBeLessThan(40_000);
  });
});
