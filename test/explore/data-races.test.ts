// Data races by happens-before: small programs, whose verdicts are those of ThreadSanitizer (npm run races
// compares all of them, with Helgrind, and DataRaceBench).
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { explore } from "trapgate";
import { hostTree } from "trapgate/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gcc, missing, top } from "../support/host.ts";
import "trapgate/vitest";

const racy = ["half-locked", "atomic-and-plain", "volatile-flag", "copies", "bit-fields", "on-stack", "after-detach"];
const ordered = ["tried", "published", "signalled", "by-pipe", "met", "neighbours", "allocates", "allocates-much", "by-join", "processes"];

describe.skipIf(missing("data races", gcc))("data races", { timeout: 120_000 }, () => {
  const root = hostTree("/");
  let folder = "";
  let program: Uint8Array;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "trapgate-data-races-"));
    const build = (...args: string[]): void =>
      void execFileSync("gcc", ["-g", "-O1", "-pthread", ...args, join(top, "test/explore/programs/races.c")]);
    build("-o", join(folder, "plain"));
    build("-fsanitize=thread", "-o", join(folder, "tsan"));
    program = readFileSync(join(folder, "plain"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const racesOf = async (name: string, races: boolean | { ignore: string } = true) =>
    (await explore(program, { root, args: [name], races, schedules: 4 })).races ?? [];
  const hasRaceNatively = (name: string): boolean =>
    spawnSync(join(folder, "tsan"), [name], { encoding: "utf8" }).stderr.includes("WARNING: ThreadSanitizer: data race");

  it.each(racy)("are found: %s", async (name) => {
    const races = await racesOf(name);
    expect(races.length).toBeGreaterThan(0);
    for (const { accesses } of races) {
      expect(new Set(accesses.map(({ task }) => task)).size).toBe(2);
      for (const { frames } of accesses) expect(frames.some(({ source }) => source?.file === "races.c")).toBe(true);
    }
    expect(hasRaceNatively(name)).toBe(true);
  });
  it.each(ordered)("are not found where there are none: %s", async (name) => {
    expect(await racesOf(name)).toEqual([]);
    expect(hasRaceNatively(name)).toBe(false);
  });
  it("direct schedules to their other order, which shows a harmful one", async () => {
    const file = join(folder, "early-clear");
    execFileSync("gcc", ["-O1", "-pthread", "-o", file, join(top, "test/explore/programs/early-clear.c")]);
    const { violation } = await explore(file, { root, races: true, exit: 0, schedules: 40 });
    expect(violation?.what).toBe("the program was killed by SIGSEGV");
    // Without a direction the thread seldom waits through all that main does.
    expect((await explore(file, { root, search: "pos", schedules: 40 })).violation).toBeUndefined();
  });
  it("are those of the program's text, one for two places", async () => {
    const lines = readFileSync(join(top, "test/explore/programs/races.c"), "utf8").split("\n");
    const lineOf = (text: string): number => lines.findIndex((line) => line.startsWith(text)) + 1;
    const races = await racesOf("plain");
    expect(races.map(({ variable, bytes }) => [variable, bytes])).toEqual([["counter", 4]]);
    const tops = races.flatMap(({ accesses }) => accesses.map(({ frames }) => [frames[0]?.symbol, frames[0]?.source?.line]));
    expect(tops).toEqual([
      ["plain", lineOf("BODY(plain)")],
      ["plain", lineOf("BODY(plain)")],
    ]);
  });
  it("are left out if a file names them, and a wrong line is named", async () => {
    for (const ignore of ["race:counter", "# benign\nrace:plain\n", "race_top:pl*n", "race:races.c"])
      expect([ignore, await racesOf("plain", { ignore })]).toEqual([ignore, []]);
    expect((await racesOf("plain", { ignore: "race:other\nrace_top:clone" })).length).toBe(1);
    await expect(racesOf("plain", { ignore: "race:a\nrase:b" })).rejects.toThrow('line 2 of the races to ignore is "rase:b"');
  });
  it("need a search that sees accesses, and the memory model sc", async () => {
    await expect(explore(program, { root, races: true, search: "systematic" })).rejects.toThrow(
      "the systematic search does not see accesses",
    );
    await expect(explore(program, { root, races: true, memoryModel: "tso" })).rejects.toThrow("under the memory model sc");
  });
  it("fail a test and the command", async () => {
    const found = await explore(program, { root, args: ["plain"], races: true, schedules: 2 });
    expect(() => expect(found).toHoldInEverySchedule({ within: { schedules: 2 } })).toThrow("data race: counter, 4 bytes");
    const clean = await explore(program, { root, args: ["locked"], races: true, schedules: 2 });
    expect(clean).toHoldInEverySchedule({ within: { schedules: 2 } });
    const list = join(folder, "benign");
    writeFileSync(list, "race:counter\n");
    const command = (...args: string[]) =>
      spawnSync(
        "node",
        [join(top, "bin/trapgate.js"), "explore", "--root", "/", "--schedules", "2", ...args, join(folder, "plain"), "plain"],
        {
          encoding: "utf8",
        },
      );
    const { status, stdout } = command("--races");
    expect([status, stdout.split("\n")[0]]).toEqual([1, "data race: counter, 4 bytes"]);
    expect(stdout).toMatch(/#0 plain\+0x[0-9a-f]+ races\.c:\d+/);
    expect(command("--races-ignore", list).status).toBe(0);
    const json = JSON.parse(command("--races", "--json").stdout) as { races: { variable: string }[] };
    expect(json.races.map(({ variable }) => variable)).toEqual(["counter"]);
  });
});
