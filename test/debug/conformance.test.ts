// `npm run conformance:gdb` keeps the other side's results: without its programs it must not begin.
import { spawnSync } from "node:child_process";
import { symlinkSync } from "node:fs";
import { expect, it } from "vitest";
import { inFolder } from "../support/guest.ts";
import { top } from "../support/host.ts";

it("the conformance of gdb names the programs that are missing, and runs nothing", { timeout: 60_000 }, async () => {
  await inFolder(async (folder) => {
    for (const name of ["gdb", "runtest", "gcc"]) symlinkSync(process.execPath, `${folder}/${name}`);
    const words = ["--import", "tsx", "tools/gdb/main.ts", "gdb.server"];
    const run = spawnSync(process.execPath, words, { cwd: top, encoding: "utf8", env: { ...process.env, PATH: folder } });
    expect([run.status, run.stdout]).toEqual([2, ""]);
    expect(run.stderr).toMatch(/^conformance:gdb: missing: gdbserver \(.*nothing was run\n$/);
  });
});
