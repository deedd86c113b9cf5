// x32 programs: glibc's, beside the same source for x86-64 on the kernel under us (which has no x32), line
// for line.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";
import { inFolder } from "../support/guest.ts";
import { gccX32, missing, nativeX64, top } from "../support/host.ts";
import { runNative } from "../support/native.ts";

const build = async (flag: string): Promise<Uint8Array> => {
  let bytes = new Uint8Array(0);
  await inFolder(async (folder) => {
    execFileSync("gcc", [flag, "-O1", "-static", "-o", `${folder}/p`, `${top}/test/guest/x32/program.c`]);
    bytes = new Uint8Array(readFileSync(`${folder}/p`));
  });
  return bytes;
};

describe.skipIf(missing("x32 programs", gccX32))("an x32 program", { timeout: 60_000 }, () => {
  it.skipIf(missing("x32 beside x86-64", nativeX64))("does what the same source does for x86-64", async () => {
    const ours = await Machine.run(await build("-mx32"), { x32: true });
    expect(ours).toExitWith(3);
    await inFolder(async (folder) => {
      execFileSync("gcc", ["-m64", "-O1", "-static", "-o", `${folder}/p`, `${top}/test/guest/x32/program.c`]);
      const native = runNative(`${folder}/p`);
      expect(ours.stdout.text).toBe(native.stdout);
      expect(native.end).toBe(3);
    });
  });
  it("is not one where there is no x32", async () => {
    await expect(Machine.run(await build("-mx32"))).rejects.toThrow("is an x32 program, and the kernel has no x32");
  });
  it("shows filters the architecture of x86-64 and numbers with bit 30", async () => {
    const program = await build("-mx32");
    const run = (policy: string) => Machine.run(program, { x32: true, policy, trace: true });
    const bit = "A = sys_number\nA >= 0x40000000 ? x32 : other\n";
    expect(await run(`A = arch\nA == ARCH_X86_64 ? ok : bad\nok: return ALLOW\nbad: return KILL`)).toExitWith(3);
    expect(await run(`${bit}x32: return ALLOW\nother: return KILL`)).toExitWith(3);
    expect(await run(`${bit}x32: return KILL\nother: return ALLOW`)).toBeKilledBy("SIGSYS");
  });
});
