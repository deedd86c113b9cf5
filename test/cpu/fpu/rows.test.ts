// x87 and FXSR instructions decode, compute, fault and leave their pointers as on the processor, on the
// interpreter and the oracle. `conform` compares all state and memory; the transcendental functions may be
// one unit in the last place off, so for them only how often is asked.
import { beforeAll, describe, expect, it } from "vitest";
import type { CpuCode } from "../../../src/cpu/cpu.ts";
import { freshCode } from "../../../tools/oracle/code.ts";
import { conform } from "../../../tools/oracle/conform.ts";
import { Emulator } from "../../../tools/oracle/emulate.ts";
import { silicon, siliconModel } from "../../../tools/oracle/run.ts";
import { gcc, missing, nativeX64 } from "../../support/host.ts";
import { transcendental } from "./operations.ts";

const count = { handlers: 20_000, evaluate: 3000 } as const;
const approximate = new Set(transcendental.map((o) => o.name));
const tolerated = 0.1;

describe.skipIf(missing("x87 instructions on silicon", nativeX64, gcc, silicon))("x87 instructions on the processor under us", () => {
  let code: CpuCode;
  beforeAll(async () => {
    code = await freshCode();
  });
  for (const tier of ["handlers", "evaluate"] as const) {
    it.each([32, 64] as const)(
      `${tier}: x87 instructions in %i-bit code leave the same stack, status, pointers, memory and faults`,
      async (mode) => {
        const wrong: string[] = [];
        for (const [name, t] of (await conform([new Emulator(code, tier, siliconModel())], mode, "x87", count[tier], mode)).table) {
          if (approximate.has(name) && t.wrong <= Math.max(1, t.cases * tolerated)) continue;
          for (const x of t.examples) wrong.push(`${name}: ${x.code} ${x.text}: ${JSON.stringify(x.differences)}`);
        }
        expect(wrong).toEqual([]);
      },
    );
  }
});
