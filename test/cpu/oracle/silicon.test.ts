// Instructions do the same on all tiers as on the processor of this host. `npm run conformance:cpu` runs
// millions of cases.
import { beforeAll, describe, expect, it } from "vitest";
import { freshCode } from "../../../tools/oracle/code.ts";
import { conform, conformInvalid, conformSequences, conformSwitches, conformUppers, type Report } from "../../../tools/oracle/conform.ts";
import { Emulator, type Tier, tiers } from "../../../tools/oracle/emulate.ts";
import { silicon, siliconModel } from "../../../tools/oracle/run.ts";
import { scopes } from "../../../tools/oracle/scope.ts";
import { modes } from "../../../tools/oracle/world.ts";
import { gcc, missing, nativeX64 } from "../../support/host.ts";

const count = { handlers: 6000, baseline: 300, regions: 2000, evaluate: 2000 } as const;

describe.skipIf(missing("instructions on silicon", nativeX64, gcc, silicon))("instructions on the processor under us", () => {
  let emulators: Readonly<Record<Tier, Emulator>>;
  beforeAll(async () => {
    const code = await freshCode();
    emulators = Object.fromEntries(tiers.map((tier) => [tier, new Emulator(code, tier, siliconModel())])) as Record<Tier, Emulator>;
  });
  const wrongIn = ({ table }: Report): string[] =>
    [...table].flatMap(([name, t]) =>
      t.examples.map(
        (x) => `${name}: ${x.code} ${x.text}: ${x.differences.map((d) => `${d.field} ${d.silicon} there, ${d.ours} here`).join("; ")}`,
      ),
    );

  for (const tier of tiers) {
    for (const scope of scopes) {
      it.each(modes)(`${tier}: ${scope} instructions in %i-bit code leave the same registers, flags, memory and faults`, async (mode) => {
        expect(wrongIn(await conform([emulators[tier]], mode, scope, count[tier], mode))).toEqual([]);
      });
    }
    it.each(modes)(`${tier}: sequences of instructions in %i-bit code end in the same state`, async (mode) => {
      expect(
        wrongIn(await conformSequences([emulators[tier]], mode, ["sse", "avx", "integer", "bits", "mmx", "x87"], count[tier], mode)),
      ).toEqual([]);
    });
    it.each([32, 16] as const)(`${tier}: upper halves survive %i-bit code, or are cleared by it`, async (mode) => {
      expect(wrongIn(await conformUppers([emulators[tier]], mode, ["integer", "bits"], count[tier], mode))).toEqual([]);
    });
    it(`${tier}: 64-bit code finds what 32-bit code has left`, async () => {
      expect(wrongIn(await conformSwitches([emulators[tier]], count[tier], 64))).toEqual([]);
    });
    it.each(modes)(`${tier}: what is no instruction in %i-bit code is #UD`, async (mode) => {
      expect(wrongIn(await conformInvalid([emulators[tier]], mode, count[tier] / 2, mode))).toEqual([]);
    });
  }
});
