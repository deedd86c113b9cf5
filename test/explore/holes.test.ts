// A proof sees what decides a result, or says that it does not: accesses of libraries, calls and instructions
// that are no plain accesses of the program.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { explore } from "trapgate";
import { hostTree } from "trapgate/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Dpor } from "../../src/machine/explore/proof/dpor.ts";
import { Sampling } from "../../src/machine/explore/sampling.ts";
import { Trials } from "../../src/machine/explore/trials.ts";
import { gcc, missing, top } from "../support/host.ts";

describe.skipIf(missing("hidden accesses in proofs", gcc))("a proof", { timeout: 120_000 }, () => {
  let [folder, file] = ["", ""];
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "trapgate-holes-"));
    file = join(folder, "holes");
    execFileSync("gcc", ["-w", "-O1", "-pthread", "-Wl,-z,now", "-o", file, join(top, "test/explore/programs/holes.c")]);
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const prove = async (name: string) => {
    const options = { root: hostTree("/"), args: [name], cpus: 2, neverOutput: ["a text that no program writes"], seconds: 100 };
    const trials = new Trials(file, options);
    const dpor = new Dpor();
    const ends = new Set<number>();
    const { observe } = trials;
    trials.observe = (...given) => {
      const result = observe.apply(trials, given);
      if (given[0] === dpor && "exit" in result.run.status) ends.add(result.run.status.exit);
      return result;
    };
    const { isComplete, gap } = await new Sampling(trials).prove(dpor);
    return { ends: ends.size, isComplete, gap };
  };

  it.each([
    "copied",
    "filled",
    "compared",
    "freed",
    "printed",
    "crossed",
    "saved",
    "poked",
    "limited",
    "renamed",
    "grown",
    "random",
    "pinned",
  ])("has both ends of a program: %s", async (name) => {
    expect(await prove(name)).toEqual({ ends: 2, isComplete: true, gap: undefined });
  });
  it.each([
    ["drawn", "threads share memory by what a library keeps (rand)"],
    ["split", "threads share memory by what a library keeps (strtok_r)"],
    ["environment", "threads share memory by what a library keeps (getenv)"],
    ["keys", "threads share memory by what a library keeps (pthread_key_create)"],
    ["repeated", "threads share memory by a repeated string instruction"],
    ["moved", "threads share memory by an instruction with several accesses"],
    ["given", "clone writes an id that other threads use"],
    ["written", "a call is about a file that the process has mapped"],
    ["writtenPrivate", "a call is about a file that the process has mapped"],
    ["readBack", "a call is about a file that the process has mapped"],
    ["cut", "a call is about a file that the process has mapped"],
  ])("says what it does not see: %s", async (name, gap) => {
    const proof = await prove(name);
    expect([proof.isComplete, proof.gap]).toEqual([false, gap]);
  });
  it("has points of its own", async () => {
    const options = { root: hostTree("/"), args: ["filled"], search: "dpor", points: "calls" } as const;
    await expect(explore(file, options)).rejects.toThrow("dpor has points of its own");
  });
});
