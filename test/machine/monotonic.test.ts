// Time never steps back for a guest, in any tier. Parts of a run of compiled code once did not count in the
// time stamp counter.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Machine } from "trapgate";
import { beforeAll, describe, expect, it } from "vitest";
import { inFolder } from "../support/guest.ts";
import { gcc, missing, top } from "../support/host.ts";

describe.skipIf(missing("time that only goes forward", gcc))("time", { timeout: 60_000 }, () => {
  let program: Uint8Array;
  beforeAll(async () => {
    program = await inFolder(async (folder) => {
      const out = join(folder, "monotonic");
      const args = ["-O1", "-static", "-nostdlib", "-fno-stack-protector", "-o", out, join(top, "test/machine/monotonic.c")];
      const { status, stderr } = spawnSync("gcc", args, { encoding: "utf8" });
      if (status !== 0) throw new Error(stderr);
      return readFileSync(out);
    });
  });
  it.each(["jit", "auto", "interpret"] as const)("never steps back with engine %s", async (engine) => {
    const { stdout, status } = await Machine.run(program, { engine });
    expect([stdout.text, status]).toEqual(["", { exit: 0 }]);
  });
});
