// A proof sees what decides a result, or says that it does not: accesses of libraries, calls and instructions
// that are no plain accesses of the program.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { explore } from "trapgate";
import { hostTree } from "trapgate/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gcc, missing, top } from "../support/host.ts";
import { prove } from "./prove.ts";

describe.skipIf(missing("hidden accesses in proofs", gcc))("a proof", { timeout: 120_000 }, () => {
  let [folder, file] = ["", ""];
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "trapgate-holes-"));
    file = join(folder, "holes");
    execFileSync("gcc", ["-w", "-O1", "-pthread", "-Wl,-z,now", "-o", file, join(top, "test/explore/programs/holes.c")]);
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const ends = async (name: string) => {
    const { found, isComplete, gap } = await prove(file, [name], { cpus: 2 });
    return { ends: new Set(found.map(({ end }) => end)).size, isComplete, gap };
  };

  it.each([
    "copied",
    "filled",
    "compared",
    "freed",
    "drawn",
    "split",
    "environment",
    "keys",
    "printed",
    "formatted",
    "got",
    "unlocked",
    "tried",
    "erred",
    "taken",
    "closed",
    "flushed",
    "ended",
    "crossed",
    "saved",
    "poked",
    "limited",
    "renamed",
    "grown",
    "random",
    "pinned",
  ])("has both ends of a program: %s", async (name) => {
    expect(await ends(name)).toEqual({ ends: 2, isComplete: true, gap: undefined });
  });
  it.each([
    ["repeated", "threads share memory by a repeated string instruction"],
    ["moved", "threads share memory by an instruction with several accesses"],
    ["given", "clone writes an id that other threads use"],
    ["written", "a call is about a file that the process has mapped"],
    ["writtenPrivate", "a call is about a file that the process has mapped"],
    ["readBack", "a call is about a file that the process has mapped"],
    ["cut", "a call is about a file that the process has mapped"],
  ])("says what it does not see: %s", async (name, gap) => {
    const { isComplete, gap: found } = await ends(name);
    expect([isComplete, found]).toEqual([false, gap]);
  });
  it("has points of its own", async () => {
    const options = { root: hostTree("/"), args: ["filled"], search: "dpor", points: "calls" } as const;
    await expect(explore(file, options)).rejects.toThrow("dpor has points of its own");
  });
});
