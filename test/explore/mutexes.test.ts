// Mutexes in a proof: taking a held one is no event of its own, and what can see the wait still sees it.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hostTree } from "trapgate/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Dpor } from "../../src/machine/explore/proof/dpor.ts";
import { Sampling } from "../../src/machine/explore/sampling.ts";
import { Trials } from "../../src/machine/explore/trials.ts";
import { gcc, missing, top } from "../support/host.ts";

describe.skipIf(missing("mutexes in proofs", gcc))("mutexes in proofs", { timeout: 120_000 }, () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "trapgate-mutexes-"));
    execFileSync("gcc", ["-O1", "-pthread", "-o", join(folder, "mutexes"), join(top, "test/explore/programs/mutexes.c")]);
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  /** Numbers of traces, and ends of the program. `seesAttempts`: each attempt is an event. */
  const prove = async (name: string, n: string, seesAttempts: boolean) => {
    const options = { root: hostTree("/"), args: [name, n], neverOutput: ["a text that no program writes"], seconds: 100 };
    const trials = new Trials(join(folder, "mutexes"), options);
    if (seesAttempts) trials.words.mutexes.exposed.has = () => true;
    const ends = new Set<string>();
    const { observe } = trials;
    trials.observe = (...given) => {
      const result = observe.apply(trials, given);
      ends.add("exit" in result.run.status ? `exit ${result.run.status.exit}` : result.end);
      return result;
    };
    const dpor = new Dpor();
    const { isComplete } = await new Sampling(trials).prove(dpor);
    expect(isComplete).toBe(true);
    return { traces: dpor.traces, ends: [...ends].sort() };
  };

  // Traces by hand. A trylock looks at the word, then tries: before, between or behind the other's events.
  it.each([
    ["adds", "2", 2, ["exit 0"]],
    ["adds", "3", 6, ["exit 0"]],
    ["tries", "2", 5, ["exit 0", "exit 1"]],
    ["crosses", "2", 3, ["exit 0", "stuck"]],
  ] as const)("are taken in each order, and only when they are free: %s(%s)", async (name, n, traces, ends) => {
    expect(await prove(name, n, false)).toEqual({ traces, ends });
  });
  it.each([
    ["keeps", "2", ["exit 0", "exit 1"]],
    ["looks", "3", ["exit 0", "exit 1"]],
    ["waits", "2", ["exit 0"]],
  ] as const)("hide no end of a program: %s(%s)", async (name, n, ends) => {
    const found = await prove(name, n, false);
    const all = await prove(name, n, true);
    expect(found.ends).toEqual(ends);
    expect(all.ends).toEqual(ends);
    expect(found.traces).toBeLessThanOrEqual(all.traces);
  });
});
