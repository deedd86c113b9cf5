// Searches that draw schedules, with points at accesses to shared memory: known bugs of small C programs.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ExploreOptions, explore, Machine, replay } from "trapgate";
import { hostTree } from "trapgate/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gcc, missing, top } from "../support/host.ts";

const searches = ["random", "pct", "pos", "surw", "feedback", "go-explore"] as const;
const KILLED = "the program was killed by SIGABRT";
const STUCK = "every task waits, and nothing can wake one";

/** False if a schedule does not fit; undefined if it does. */
const threw = (run: () => unknown): false | undefined => {
  try {
    run();
    return undefined;
  } catch {
    return false;
  }
};

describe.skipIf(missing("searches that draw schedules", gcc))("a search that draws schedules", { timeout: 300_000 }, () => {
  let folder = "";
  beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "trapgate-explore-"))));
  afterAll(() => rmSync(folder, { recursive: true }));
  const built = new Map<string, Uint8Array>();
  const root = hostTree("/");
  const program = (name: string): Uint8Array => {
    const known = built.get(name);
    if (known) return known;
    const file = join(folder, name);
    // Not static: plain accesses of the C library are no points then.
    execFileSync("gcc", ["-O1", "-pthread", "-o", file, join(top, `test/explore/programs/${name}.c`)]);
    const bytes = readFileSync(file);
    built.set(name, bytes);
    return bytes;
  };

  const cases = [
    ["lost-update", KILLED],
    ["reorder", KILLED],
    ["two-stage", KILLED],
    ["deadlock", STUCK],
  ] as const;
  for (const search of searches) {
    // A random walk needs some thousand schedules for two threads in a row that start late.
    it.each(search === "random" ? cases.filter(([name]) => name !== "reorder") : cases)(
      `finds the bug by ${search}, and its schedule repeats it: %s`,
      async (name, what) => {
        const options: ExploreOptions = { root, search, schedules: 1000 };
        const { violation } = await explore(program(name), options);
        expect(violation?.what).toBe(what);
        const { schedule = "" } = violation ?? {};
        expect(replay(program(name), { root, schedule })).toBe(what);
        // No watch: the places of a schedule are counts of instructions.
        const run = await Machine.run(program(name), { root, schedule, timeout: 0.5, trace: { follow: true } });
        expect(run.trace.slice(0, -1)).toEqual(violation?.run.trace.slice(0, run.trace.length - 1));
      },
    );
  }
  it("lets a deadline come before the step of a task, and the schedule repeats it", async () => {
    const options: ExploreOptions = { root, search: "pos", schedules: 200, searchSeed: 1 };
    const { violation } = await explore(program("early-timer"), options);
    expect(violation?.what).toBe("the program was killed by SIGSEGV");
    const { schedule = "" } = violation ?? {};
    expect(replay(program("early-timer"), { root, schedule })).toBe(violation?.what);
    // The systematic search departs at calls, and time does not pass.
    expect((await explore(program("early-timer"), { root, search: "systematic", schedules: 30 })).violation).toBeUndefined();
  });
  it("draws the first schedule, and has points at the variables of the program in it", async () => {
    const options: ExploreOptions = { root, search: "pos", schedules: 1 };
    const seeds = [0, 1, 2];
    const found = await Promise.all(seeds.map((searchSeed) => explore(program("lost-update"), { ...options, searchSeed })));
    expect(found.map(({ violation }) => violation?.what)).toContain(KILLED);
  });
  it("makes a failing schedule short, and shows the order of accesses in columns", async () => {
    const options: ExploreOptions = { root, search: "random" };
    const long = (await explore(program("lost-update"), { ...options, minimise: false })).violation?.schedule.split(",") ?? [];
    const { violation } = await explore(program("lost-update"), options);
    const short = violation?.schedule.split(",") ?? [];
    expect(short.length).toBeLessThan(long.length);
    expect(short.length).toBeLessThanOrEqual(3);
    const lines = violation?.order.map((line) => line.replace("*", "").trim().replace(/\+\d+/, "")) ?? [];
    const both = lines.filter((line) => line.endsWith(" counter (add)"));
    expect(both).toEqual(["read", "read", "write", "write"].map((verb) => `${verb} counter (add)`));
    expect(violation?.order[0]).toMatch(/^ {2}task \d +task \d/);
    // Each read must come before the other task's write, and the two lines have a star.
    expect(violation?.why.map((pair) => pair.replace(/\d|\+\d+/g, ""))).toEqual(
      Array.from({ length: 2 }, () => "task : read counter (add) before task : write counter (add)"),
    );
    expect(violation?.order.filter((line) => line.includes("*")).length).toBe(4);
    // No departure can be left out.
    for (let i = 0; i < short.length; i++) {
      const schedule = short.toSpliced(i, 1).join(",") || "default";
      const fails = (): boolean => replay(program("lost-update"), { root, schedule }) !== undefined;
      expect([schedule, threw(fails) ?? fails()]).toEqual([schedule, false]);
    }
  });
  it("draws the same schedules again", async () => {
    const options: ExploreOptions = { root, search: "feedback", schedules: 300, minimise: false };
    const [first, second] = [await explore(program("two-stage"), options), await explore(program("two-stage"), options)];
    expect([second.schedules, second.violation?.schedule, second.coverage]).toEqual([
      first.schedules,
      first.violation?.schedule,
      first.coverage,
    ]);
  });
  it("does not find the lost update at system calls alone", async () => {
    const { violation, coverage } = await explore(program("lost-update"), { root, search: "random", points: "calls", schedules: 50 });
    expect(violation).toBeUndefined();
    expect(coverage?.words).toBe(0);
  });
  it.each(searches)("finds none where there is none, and says what it covered: %s", async (search) => {
    const found = await explore(program("deadlock"), { root, search, args: ["ordered"], schedules: 60 });
    expect(found.violation).toBeUndefined();
    expect(found.schedules).toBe(60);
    expect(found.coverage?.tasks).toBe(3);
    expect(found.coverage?.distinct).toBeGreaterThan(5);
    expect(found.coverage?.readsFrom).toBeGreaterThan(5);
  });
  it("does not take a loop before the first thread for one that waits", async () => {
    const { coverage } = await explore(program("early-loop"), { root, search: "pct", schedules: 100 });
    expect(coverage?.distinct).toBeGreaterThan(50);
  });
  it("is one of several in a portfolio, which says what it did", async () => {
    const options: ExploreOptions = { root, search: "portfolio", schedules: 200 };
    const { parts = [], schedules, complete } = await explore(program("deadlock"), { ...options, args: ["ordered"] });
    expect(schedules).toBe(200);
    expect(parts.reduce((sum, part) => sum + part.schedules, 0)).toBe(200);
    expect(parts.map((part) => part.search)).toEqual(["systematic", "feedback", "pct", "pos", "surw", "random"]);
    expect(complete).toBeGreaterThanOrEqual(1);
    const { violation } = await explore(program("deadlock"), options);
    expect(violation?.what).toBe(STUCK);
  });
  it("counts a task that waits by spinning as one that ends", async () => {
    for (const search of searches) {
      const found = await explore(program("spin"), { root, search, schedules: 12 });
      expect([search, found.violation?.what]).toEqual([search, undefined]);
    }
  });
  it("is the same in every engine", async () => {
    const options: ExploreOptions = { root, search: "pos", schedules: 300 };
    const found = async (engine: "interpret" | "jit" | "evaluate") => {
      const { violation, schedules, coverage } = await explore(program("reorder"), { ...options, engine });
      return { schedule: violation?.schedule, schedules, coverage };
    };
    const expected = await found("interpret");
    expect(await found("jit")).toEqual(expected);
    expect(await found("evaluate")).toEqual(expected);
  });
  it("refuses a place where the program does not stop", () => {
    expect(() => replay(program("lost-update"), { root, schedule: "3@999999:2" })).toThrow("the run has no point 3@999999");
    expect(() => replay(program("lost-update"), { schedule: "2@5x:2" })).toThrow("is no schedule");
  });
});
