// MMX and SSE instructions do the same on every tier as on the processor of this host.
import { beforeAll, describe, expect, it } from "vitest";
import type { CpuCode } from "../../../src/cpu/cpu.ts";
import { rows } from "../../../src/cpu/isa/rows/all.ts";
import { freshCode } from "../../../tools/oracle/code.ts";
import { conform } from "../../../tools/oracle/conform.ts";
import { Emulator, tiers } from "../../../tools/oracle/emulate.ts";
import { silicon, siliconModel } from "../../../tools/oracle/run.ts";
import type { Scope } from "../../../tools/oracle/scope.ts";
import { modes } from "../../../tools/oracle/world.ts";
import { gcc, missing, nativeX64 } from "../../support/host.ts";

const count = { handlers: 6000, baseline: 300, regions: 1500, evaluate: 1500 } as const;
const scopes: readonly Scope[] = ["mmx", "sse", "sse4"];
const known = new Set(rows.map((r) => r.name));

describe.skipIf(missing("vector instructions on silicon", nativeX64, gcc, silicon))("vector instructions on the processor under us", () => {
  let code: CpuCode;
  beforeAll(async () => {
    code = await freshCode();
  });
  for (const tier of tiers) {
    for (const scope of scopes) {
      it.each(modes)(`${tier}: ${scope} instructions in %i-bit code leave the same registers, flags, memory and faults`, async (mode) => {
        const wrong: string[] = [];
        for (const [name, t] of (await conform([new Emulator(code, tier, siliconModel())], mode, scope, count[tier], mode)).table) {
          if (!known.has(name)) continue;
          for (const x of t.examples)
            wrong.push(
              `${name}: ${x.code} ${x.text}: ${x.differences.map((d) => `${d.field} ${d.silicon} there, ${d.ours} here`).join("; ")}`,
            );
        }
        expect(wrong).toEqual([]);
      });
    }
  }
});
