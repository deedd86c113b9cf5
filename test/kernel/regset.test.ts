// NT_X86_XSTATE exists on processors with XSAVE only: gdb uses the older requests without it. Linux
// fpu/regset.c xstateregs_get().
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import { inFolder } from "../support/guest.ts";
import { gcc32, missing, nativeX64, top } from "../support/host.ts";

describe.skipIf(missing("extended state in ptrace", nativeX64, gcc32))("NT_X86_XSTATE", () => {
  it.each([
    ["-m64", "x86-64-v1", "get -19, 4096 bytes, odd length -22, set -19\n"],
    ["-m32", "x86-64-v1", "get -19, 4096 bytes, odd length -22, set -19\n"],
    ["-m64", "x86-64-v3", "get 0, 832 bytes, odd length -22, set -14\n"],
  ] as const)("gcc %s, %s", async (mode, cpu, text) => {
    await inFolder(async (folder) => {
      const program = `${folder}/regset`;
      const flags = ["-O1", "-static", "-nostdlib", "-fno-pie", "-no-pie", "-fno-stack-protector", "-mgeneral-regs-only"];
      execFileSync("gcc", [mode, ...flags, "-o", program, `${top}/test/kernel/regset.c`]);
      const run = await Machine.run("/regset", { files: { "/regset": { content: readFileSync(program), mode: 0o755 } }, cpu, timeout: 50 });
      expect(run.stdout.text).toBe(text);
    });
  });
});
