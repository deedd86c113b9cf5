// Single steps, which compiled code does not know. The emulator takes the following code for a step
// (tools/oracle/emulate.ts), except for an instruction that leads into its own bytes, where work may be done
// before it faults. All tiers end as the interpreter does, with either vendor's model.

import { Instruction } from "iced-x86";
import { beforeAll, describe, expect, it } from "vitest";
import type { CpuCode } from "../../../src/cpu/cpu.ts";
import { modelNames } from "../../../src/cpu/machine/model.ts";
import { R } from "../../../src/cpu/machine/state.ts";
import { Case, caseBatch, Result } from "../../../tools/oracle/case.ts";
import { freshCode } from "../../../tools/oracle/code.ts";
import { compare } from "../../../tools/oracle/compare.ts";
import { Emulator, tiers } from "../../../tools/oracle/emulate.ts";
import { CODE, DATA, PAGE } from "../../../tools/oracle/world.ts";
import { type Prepared, prepare } from "../prepared.ts";

const start = CODE + 0x7f0;
const steps: readonly Prepared[] = [
  // call r11, in whose last two bytes is call rbx
  { what: "a call into itself", code: "f24349ffd3", gpr: { [R.r11]: start + 3, [R.bx]: 1n << 47n, [R.sp]: DATA + PAGE } },
  { what: "a call of itself, and then there is no room on the stack", code: "ffd3", gpr: { [R.bx]: start, [R.sp]: DATA + 8 } },
  { what: "a jump to itself", code: "ffe3", gpr: { [R.bx]: start } },
  { what: "a jump into itself", code: "ebff c3", gpr: { [R.sp]: DATA + PAGE } },
].map((s) => ({ ...s, mode: 64, step: true }));

describe.each(modelNames.filter((name) => name.startsWith("max")))("a step with %s:", (model) => {
  let code: CpuCode;
  beforeAll(async () => {
    code = await freshCode();
  });
  it.each(steps)("$what", (step) => {
    const batch = caseBatch(1);
    const c = new Case(batch, 0);
    prepare(c, step);
    const [interpreted, ...others] = tiers.map((tier) => [tier, new Result(new Emulator(code, tier, model).runAll(batch), 0)] as const);
    for (const [tier, r] of others) expect([tier, compare(c, new Instruction(), interpreted![1], r, true).wrong]).toEqual([tier, []]);
  });
});
