// The oracle's own program as a guest: signal frames that it edits, an alternate stack, an LDT, three modes,
// single steps, and a filter that traps every system call. Its output inside equals the native output, to the
// byte.
import { readFileSync } from "node:fs";
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import { R } from "../../../src/cpu/machine/state.ts";
import { buildOracle } from "../../../tools/oracle/build.ts";
import { Batch, Case, resultAt, stateAt } from "../../../tools/oracle/case.ts";
import { encodings } from "../../../tools/oracle/encodings.ts";
import { Generator } from "../../../tools/oracle/generate.ts";
import { planOf } from "../../../tools/oracle/plan.ts";
import { cpuName, hasFeature, hasRow, identityOf, isStudied, siliconModel, siliconVendor } from "../../../tools/oracle/processor.ts";
import { Random } from "../../../tools/oracle/random.ts";
import { oracleInput, runOracle } from "../../../tools/oracle/run.ts";
import { isTranscendental } from "../../../tools/oracle/undefined.ts";
import { type Mode, modes } from "../../../tools/oracle/world.ts";
import { gcc, missing, nativeX64 } from "../../support/host.ts";

/**
 * The judge is a processor of a vendor with models. Recorded results (test/cpu/recorded) lack the kernel's
 * part.
 */
const vendor = siliconVendor();

/** A result without values that the native kernel leaves unspecified. */
const settled = (results: Batch, n: number, mode: Mode): Uint8Array => {
  const bytes = results.bytes.slice(n * resultAt.size, (n + 1) * resultAt.size);
  const after = bytes.subarray(resultAt.after);
  // A return to a 16-bit stack leaves the kernel's upper half in rsp. Linux arch/x86/kernel/espfix_64.c
  if (mode !== 64) after.fill(0, stateAt.gpr + R.sp * 8 + 4, stateAt.gpr + R.sp * 8 + 8);
  // An interrupt makes any null selector 0. AMD APM Vol. 3 IRET
  for (let s = 0; s < 6; s++) {
    const at = stateAt.selector + s * 2;
    if ((after[at] as number) < 4 && after[at + 1] === 0) after[at] = 0;
  }
  return bytes;
};

describe.runIf(vendor !== undefined && !missing("the oracle as a guest", nativeX64, gcc))("the oracle as a guest", () => {
  it.each(modes)("writes for %i-bit code what it writes outside", { timeout: 120_000 }, async (mode) => {
    const random = new Random(mode);
    const list = [...encodings(mode, vendor!, 1, random).values()].flat().filter((e) => {
      const { instruction, row } = planOf(e);
      return !isTranscendental(instruction) && (row === undefined || hasRow(row));
    });
    const some = Array.from({ length: 400 }, () => random.pick(list));
    const cases = new Generator(random).batch(some, "sse");
    // Without XSAVE a signal's frame has no place for them.
    if (!hasFeature("avx")) for (let n = 0; n < cases.count; n++) new Case(cases, n).before.ymmHigh.fill(0);

    const native = await runOracle(cases);
    const program = { content: readFileSync(buildOracle()), mode: 0o755 };
    const run = await Machine.run("/oracle", {
      files: { "/oracle": program },
      stdin: Buffer.concat(oracleInput(cases)),
      cpu: siliconModel(),
      timeout: 60,
    });
    expect([run.status, run.stderr.text]).toEqual([{ exit: 0 }, ""]);
    const inside = new Batch(resultAt.size, Uint8Array.from(run.stdout.bytes));
    const unlike = some.flatMap((e, n) => {
      const [there, here] = [settled(native, n, mode), settled(inside, n, mode)];
      const at = there.findIndex((byte, i) => byte !== here[i]);
      return at < 0
        ? []
        : [`case ${n}, ${planOf(e).instruction}: byte ${at}, vectors ${there[resultAt.trap]} there, ${here[resultAt.trap]} here`];
    });
    // A processor that is not studied may have its own ways in a few cases.
    if (!isStudied(identityOf(cpuName())) && unlike.length <= some.length / 100) console.warn(`NOTE: ${unlike.join("; ")}`);
    else expect(unlike).toEqual([]);
  });
});
