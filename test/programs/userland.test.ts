// Scripts with Debian's programs write the same inside and natively: the quick ones of tools/userland, of
// both architectures.
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { inside, natively } from "../../tools/userland/run.ts";
import { architectures, comparable, samples } from "../../tools/userland/scenario.ts";
import { debian, missing, nativeX64, top } from "../support/host.ts";
import { unshares } from "./rooted.ts";

const trapgate = [process.execPath, join(top, "bin", "trapgate.js")];

for (const architecture of architectures) {
  const root = debian(`userland-${architecture}`);
  describe.skipIf(missing(`Debian's programs, ${architecture}`, nativeX64, root, unshares))(`Debian's programs, ${architecture}`, () => {
    const mine = samples.filter((s) => s.sample.includes(architecture));
    it.concurrent.each(mine.map((s) => [s.name, s.about, s] as const))("%s: %s", { timeout: 120_000 }, async (_name, _about, scenario) => {
      const [native, here] = await Promise.all([natively(root.path, scenario), inside(trapgate, root.path, scenario)]);
      const compared = ({ stdout, stderr, end }: typeof native): object => ({
        stdout: comparable(stdout, scenario),
        stderr: comparable(stderr, scenario),
        end,
      });
      expect(native.end).toBe(scenario.status);
      expect(compared(here)).toEqual(compared(native));
    });
  });
}
