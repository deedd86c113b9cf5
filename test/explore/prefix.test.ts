// Schedules that go on from a snapshot of their common beginning are those that boot: same verdicts,
// schedules, orders, traces and counts.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hostTree } from "trapgate/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { explore } from "../../src/machine/explore/explore.ts";
import type { SearchOptions } from "../../src/machine/explore/trials.ts";
import { verification } from "../../src/machine/snapshot/pages.ts";
import { guest } from "../landmines/guest.ts";
import { gcc, missing, top } from "../support/host.ts";

const root = hostTree("/");
const result = async (program: Uint8Array, options: SearchOptions) => {
  const { milliseconds, violation, ...found } = await explore(program, { seconds: 600, ...options });
  expect(milliseconds).toBeGreaterThan(0);
  return { ...found, what: violation?.what, schedule: violation?.schedule, order: violation?.order, trace: violation?.run.trace };
};
const both = async (program: Uint8Array, options: SearchOptions) => {
  const booted = await result(program, { ...options, boots: true });
  expect(await result(program, options)).toEqual(booted);
  return booted;
};

describe.skipIf(missing("schedules of C programs", gcc))("a search in a C program", { timeout: 300_000 }, () => {
  verification.isOn = true;
  let folder = "";
  beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "trapgate-prefix-"))));
  afterAll(() => rmSync(folder, { recursive: true }));
  const program = (name: string): Uint8Array => {
    const file = join(folder, name);
    execFileSync("gcc", ["-O1", "-pthread", "-o", file, join(top, `test/explore/programs/${name}.c`)]);
    return readFileSync(file);
  };
  /** A property that holds: the search goes on to its limit. */
  const holds = { neverOutput: ["a text that no program writes"] };

  // What the beginning tells a search depends on both: each search with two programs, and each program with
  // the search that is told most.
  const searches = ["random", "pct", "pos", "surw", "feedback", "go-explore"] as const;
  const most = ["feedback", "go-explore"] as const;
  for (const [name, drawn] of [
    ["lost-update", most],
    ["reorder", most],
    ["two-stage", searches],
    ["deadlock", most],
    ["spin", ["pct", "feedback"]],
    ["store-buffer", searches],
  ] as const)
    for (const memoryModel of ["sc", "tso"] as const)
      it(`is the same from a snapshot: ${name}, ${memoryModel}`, async () => {
        const built = program(name);
        for (const search of drawn) await both(built, { root, search, memoryModel, schedules: 6, ...holds });
        await both(built, { root, search: "random", memoryModel, schedules: 6, points: "all", searchSeed: 3, ...holds });
        if (memoryModel === "sc") await both(built, { root, search: "systematic", schedules: 15, ...holds });
      });
  it("finds, repeats and shortens the same failures", async () => {
    expect((await both(program("lost-update"), { root, search: "random" })).what).toBe("the program was killed by SIGABRT");
    expect((await both(program("deadlock"), { root, search: "portfolio" })).what).toBe("every task waits, and nothing can wake one");
    expect((await both(program("two-stage"), { root, search: "feedback" })).what).toBe("the program was killed by SIGABRT");
    const tso = await both(program("store-buffer"), { root, search: "random", memoryModel: "tso" });
    expect(tso.schedule).toContain(">");
  });
  it.each(["interpret", "baseline", "jit"] as const)("is the same under another engine: %s", async (engine) => {
    const built = program("two-stage");
    await both(built, { root, search: "feedback", schedules: 4, engine, ...holds });
    await both(built, { root, search: "systematic", schedules: 4, engine, ...holds });
  });
});

describe("a search in a small guest", { timeout: 300_000 }, () => {
  it.each([
    ["race-notify", { never: ['openat(*, "/dev/zero"*)'] }],
    ["race-tracer", { kernel: "4.5", never: ["getppid"] }],
    ["race-thread", { never: ["getppid"] }],
    ["race-thread", { never: ["getppid"], args: ["tsync"], departures: 1 }],
    ["race-counter", { slice: 2, schedules: 60 }],
    ["race-counter", { schedules: 60 }],
    // The beginning breaks the property: each schedule must show it.
    ["race-thread", { never: ["prctl", "seccomp", "clone", "mmap"], search: "random" }],
  ] as const)("is the same from a snapshot: %s %j", async (name, options) => {
    await both(guest(name), options as SearchOptions);
  });
});
