// A file of a snapshot goes on elsewhere as it would here: under another engine, in another process of the
// built package. Browsers: test/lab/checks/equal.ts.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Machine, Snapshot } from "trapgate";
import { afterAll, describe, expect, it } from "vitest";
import { engines } from "../../src/cpu/engine.ts";
import { readFile } from "../../src/machine/snapshot/file/file.ts";
import { Live } from "../../src/machine/snapshot/live.ts";
import { missing, type Need, top } from "../support/host.ts";

const built: Need = { what: "a build (npm run build)", met: existsSync(`${top}/dist/index.js`) };
const folder = mkdtempSync(join(tmpdir(), "trapgate-test-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A landmine with threads: some of its work is left. */
const guest = `${top}/guest/bin/c6`;
const AT = 25;

describe("a file of a snapshot", () => {
  it.each(engines)("goes on under %s", async (engine) => {
    const machine = new Machine();
    await machine.start(readFileSync(guest));
    await machine.runUntil({ instructions: AT });
    const bytes = await machine.snapshot().bytes();
    const whole = await (await Snapshot.read(bytes)).run();
    const { state, options } = readFile(bytes, {});
    const { status, stdout, stats } = await Live.copy(state, { ...options, engine }).finish();
    expect({ status, text: stdout.text, stats }).toEqual({ status: whole.status, text: whole.stdout.text, stats: whole.stats });
  });
});

/** Prints the end of the run from a file. */
const ending = (run: string): string => `const { status, stdout, stats } = await ${run};
  const answer = JSON.stringify([status, stdout.text, stats]);`;

describe.skipIf(missing("files of snapshots in other processes", built))("a file of the built package", () => {
  const file = join(folder, "a.snapshot");
  const node = (code: string): string =>
    execFileSync(process.execPath, ["--input-type=module", "--eval", code], { cwd: top, encoding: "utf8" });
  const write = (): string =>
    node(`import { readFileSync, writeFileSync } from "node:fs";
      import { Machine } from "trapgate";
      const machine = new Machine({ seed: 7 });
      await machine.start(readFileSync("guest/bin/c6"));
      await machine.runUntil({ instructions: ${AT} });
      const snapshot = machine.snapshot();
      writeFileSync(${JSON.stringify(file)}, await snapshot.bytes());
      ${ending("snapshot.run()")}
      console.log(answer);`);
  const read = `import { Snapshot } from "trapgate";
    ${ending("(await Snapshot.read(bytes)).run()")}`;

  it("goes on in another process", { timeout: 120_000 }, () => {
    const here = write();
    expect(here).toContain("the kernel's word");
    const there = node(`import { readFileSync } from "node:fs";
      const bytes = readFileSync(${JSON.stringify(file)});
      ${read}
      console.log(answer);`);
    expect(there).toBe(here);
  });
});
