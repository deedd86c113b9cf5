// Programs whose threads print have proofs: the lock of a file orders what it protects.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gcc, missing, top } from "../support/host.ts";
import { prove } from "./prove.ts";

describe.skipIf(missing("proofs of programs that print", gcc))("a proof of a program that prints", { timeout: 120_000 }, () => {
  let [folder, file] = ["", ""];
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "trapgate-prints-"));
    file = join(folder, "prints");
    execFileSync("gcc", ["-w", "-O1", "-pthread", "-Wl,-z,now", "-o", file, join(top, "test/explore/programs/prints.c")]);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  // The last number: more traces would be orders that do not matter.
  it.each([
    ["adds", ["2\n"], 2],
    ["lines", ["ab 1\ncd 1\n", "cd 1\nab 1\n"], 3],
    ["counts", ["ab 0\ncd 1\n", "cd 0\nab 1\n"], 3],
    ["letters", ["abcd", "acbd", "acdb", "cabd", "cadb", "cdab"], 9],
    ["together", ["abcd", "cdab"], 3],
    ["complains", ["ab\ncd\n", "cd\nab\n"], 3],
  ] as const)("has each of its outputs: %s", async (name, outputs, most) => {
    const { found, isComplete, gap, traces } = await prove(file, [name]);
    expect([isComplete, gap]).toEqual([true, undefined]);
    expect([...new Set(found.map(({ output }) => output))].sort()).toEqual(outputs);
    expect(traces).toBeLessThanOrEqual(most);
  });
});
