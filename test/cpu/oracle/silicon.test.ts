// Instructions do the same on all tiers as on the processor of this host, where it has them; otherwise as on
// the recorded processor of its vendor. `npm run conformance:cpu` runs millions of cases.
import { beforeAll, describe, expect, it } from "vitest";
import { freshCode } from "../../../tools/oracle/code.ts";
import {
  conform,
  conformInvalid,
  conformSequences,
  conformSwitches,
  conformUppers,
  failures,
  hasAllOf,
  type Report,
  replay,
} from "../../../tools/oracle/conform.ts";
import { Emulator, type Tier, tiers } from "../../../tools/oracle/emulate.ts";
import { identityOf, isMasked, siliconModel, siliconVendor } from "../../../tools/oracle/processor.ts";
import { type Recording, recorded } from "../../../tools/oracle/recorded.ts";
import { type Scope, scopes } from "../../../tools/oracle/scope.ts";
import { type Mode, modes } from "../../../tools/oracle/world.ts";
import { gcc, missing, nativeX64 } from "../../support/host.ts";

const some = isMasked ? 0.1 : 1;
const count = { handlers: 3000 * some, baseline: 200 * some, regions: 800 * some, evaluate: 1000 * some } as const;
/** Of recorded cases, one of so many runs on a tier. test/cpu/recorded runs all on the first one. */
const every = { handlers: 4, baseline: 4, regions: 2, evaluate: 1 } as const;
const mixture = ["sse", "avx", "integer", "bits", "mmx", "x87"] as const;

describe.skipIf(missing("instructions on silicon", nativeX64, gcc))("instructions on the processor under us", () => {
  const vendor = siliconVendor();
  let emulators: Readonly<Record<Tier, Emulator>>;
  let recording: Recording | undefined;
  beforeAll(async () => {
    const code = await freshCode();
    emulators = Object.fromEntries(tiers.map((tier) => [tier, new Emulator(code, tier, siliconModel())])) as Record<Tier, Emulator>;
  });
  /** A subject by the processor under us, and by the recorded one if that lacks some of the instructions. */
  const judged = async (tier: Tier, name: string, here: () => Promise<Report>, mode: Mode, of: readonly Scope[]): Promise<string[]> => {
    const wrong = vendor === undefined ? [] : failures(await here());
    if (vendor !== undefined && hasAllOf(mode, vendor, of, count[tier], mode)) return wrong;
    recording ??= recorded(vendor ?? "amd");
    const { header, results } = recording;
    const { source, made, silicon } = results.find((r) => r.name === name) as Recording["results"][number];
    return [...wrong, ...failures(replay(emulators[tier], header.cpu, source, made, silicon, every[tier]), identityOf(header.cpu))];
  };

  for (const tier of tiers) {
    const here = () => [emulators[tier]];
    for (const scope of scopes) {
      it.each(modes)(`${tier}: ${scope} instructions in %i-bit code leave the same registers, flags, memory and faults`, async (mode) => {
        const run = () => conform(here(), mode, scope, count[tier], mode);
        expect(await judged(tier, `${scope} ${mode}-bit`, run, mode, [scope])).toEqual([]);
      });
    }
    it.each(modes)(`${tier}: sequences of instructions in %i-bit code end in the same state`, async (mode) => {
      const run = () => conformSequences(here(), mode, mixture, count[tier], mode);
      expect(await judged(tier, `sequences ${mode}-bit`, run, mode, mixture)).toEqual([]);
    });
    it.each(modes)(`${tier}: what is no instruction in %i-bit code is #UD`, async (mode) => {
      const run = () => conformInvalid(here(), mode, count[tier] / 2, mode);
      expect(await judged(tier, `no instruction ${mode}-bit`, run, mode, [])).toEqual([]);
    });
    // No recording has these cases.
    if (vendor === undefined) continue;
    it.each([32, 16] as const)(`${tier}: upper halves survive %i-bit code, or are cleared by it`, async (mode) => {
      expect(failures(await conformUppers(here(), mode, ["integer", "bits"], count[tier], mode))).toEqual([]);
    });
    it(`${tier}: 64-bit code finds what 32-bit code has left`, async () => {
      expect(failures(await conformSwitches(here(), count[tier], 64))).toEqual([]);
    });
  }
});
