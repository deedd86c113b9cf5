// SMSW, SLDT and STR into registers: Linux's emulation for processors with UMIP writes the value's bytes and
// keeps the rest of the register. arch/x86/kernel/umip.c fixup_umip_exception()
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import { inFolder } from "../support/guest.ts";
import { gcc, missing, nativeX64, top } from "../support/host.ts";

const text = `1122334455660033
1122334480050033
80050033
1122334455660000
1122334400000000
1122334400000000
1122334455660040
1122334400000040
1122334400000040
`;

describe.skipIf(missing("UMIP", nativeX64, gcc))("SMSW, SLDT and STR", () => {
  it("keep the upper parts of registers, in every engine", async () => {
    await inFolder(async (folder) => {
      const program = `${folder}/umip`;
      execFileSync("gcc", ["-O1", "-static", "-o", program, `${top}/test/kernel/umip.c`]);
      // A processor without UMIP executes them itself.
      if (/^flags.*\bumip\b/m.test(readFileSync("/proc/cpuinfo", "utf8"))) expect(execFileSync(program, { encoding: "utf8" })).toBe(text);
      const files = { "/umip": { content: readFileSync(program), mode: 0o755 } };
      for (const [engine, args] of [
        ["jit", ["often"]],
        ["baseline", ["often"]],
        ["interpret", []],
        ["evaluate", []],
      ] as const) {
        const run = await Machine.run("/umip", { files, engine, args, timeout: 50 });
        expect([engine, run.stdout.text]).toEqual([engine, text]);
      }
    });
  });
});
