// Several runs of the bundled command line in one process, as of `trapgate landmines` and `trapgate test`:
// files of the bundle that a later machine reads again are not those that the process read last.
import { spawnSync } from "node:child_process";
import { expect, it } from "vitest";
import { guestPath } from "../support/cli.ts";
import { top } from "../support/host.ts";

const script = (runs: readonly (readonly string[])[]): string => `
const { load } = require(${JSON.stringify(`${top}/bin/trapgate.js`)});
const { main } = load();
(async () => {
  for (const run of ${JSON.stringify(runs)}) {
    await main(["run", "--code-cache", "off", ...run]);
    process.stdout.write(String(process.exitCode ?? 0) + "\\n");
  }
})();
`;

it("does the same in the first and in later runs", () => {
  const run = (engine: string, name: string): readonly string[] => ["--engine", engine, guestPath(name)];
  const runs = [run("auto", "libc-start"), run("jit", "loops"), run("jit", "loops32"), run("auto", "loops")];
  const { stdout, stderr } = spawnSync(process.execPath, ["-e", script(runs)], { encoding: "utf8", timeout: 60_000 });
  expect([stdout, stderr]).toEqual(["0\n".repeat(runs.length), ""]);
});
