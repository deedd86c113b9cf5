// A guest's view of its own resident memory does not depend on the tier: the search for code to compile
// brings no pages.
import { dirname } from "node:path";
import { CodeMemory, type MachineOptions } from "trapgate";
import { beforeAll, describe, expect, it } from "vitest";
import { runHosted } from "../support/guest.ts";
import { busybox, missing } from "../support/host.ts";

const need = busybox("amd64");
const show =
  "for i in 1 2 3; do (echo $i | sort; cat /proc/self/statm); cat /proc/self/statm /proc/$$/statm; done; grep -E 'VmRSS|VmHWM' /proc/self/status";
/** Longer, and through more of the same program. */
const before =
  "i=0; while [ $i -lt 30000 ]; do i=$((i + 1)); done; grep x /etc/passwd | sort; md5sum /proc/cpuinfo; awk 'BEGIN { for (i = 0; i < 20000; i++) s += i; print s }'";

describe.skipIf(missing("resident memory", need))("the resident set", { timeout: 120_000 }, () => {
  const run = async (command: string, options: MachineOptions) => {
    const { stdout, stats } = await runHosted(dirname(need.path), need.path, { args: ["sh", "-c", command], timeout: 100, ...options });
    return [stdout.text, stats];
  };
  const code = new CodeMemory();
  let expected: unknown;
  beforeAll(async () => {
    expected = await run(show, { engine: "interpret" });
  });
  it("is of a few hundred kilobytes", () => expect((expected as [string])[0]).toMatch(/VmRSS:\s+\d{3} kB/));
  it.each(["jit", "auto", "evaluate"] as const)("is what it is when interpreted, with engine %s", async (engine) => {
    expect(await run(show, { engine })).toEqual(expected);
  });
  it("is the same with code that another run has left", async () => {
    for (let n = 0; n < 2; n++) await run(before, { code });
    expect(await run(show, { code })).toEqual(expected);
  });
});
