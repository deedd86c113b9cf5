// The tier that runs the code changes the real time only: same trace, same output, same number of
// instructions.
import { dirname } from "node:path";
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import type { Engine } from "../../src/cpu/engine.ts";
import { catalogue } from "../../src/landmines/catalogue/index.ts";
import { expectedOf, guestFile } from "../../src/landmines/catalogue/landmine.ts";
import { guest } from "../landmines/guest.ts";
import { runHosted } from "../support/guest.ts";
import { busybox, missing } from "../support/host.ts";

const others: readonly Engine[] = ["jit", "baseline", "interpret"];
const shell =
  "for i in 3 1 2; do (echo $i; head -c 3000 /dev/urandom | md5sum) & done | sort; wait; awk 'BEGIN { for (i = 0; i < 2000; i++) s += i * 0.5; print s }'";

describe("engines", () => {
  // Small programs with every door, signals, far jumps, threads and filters: quick enough for the oracle as a
  // whole engine.
  it.each(catalogue.filter((mine) => !mine.needs && expectedOf(mine, { profile: "upstream", vendor: "amd" })))(
    "give $id one trace, the oracle too",
    async (mine) => {
      const bytes = guest(guestFile(mine, "upstream", "weak"));
      const run = (engine: Engine) => Machine.run(bytes, { engine, trace: { follow: true } });
      const auto = await run("auto");
      for (const engine of mine.id === "D6" ? ([...others, "evaluate"] as const) : (["evaluate"] as const)) {
        const other = await run(engine);
        expect([engine, other.status, other.trace, other.stats]).toEqual([engine, auto.status, auto.trace, auto.stats]);
      }
    },
  );

  for (const abi of ["amd64", "i386"] as const) {
    const need = busybox(abi);
    it.skipIf(missing(`engines on ${abi} busybox`, need))(`give processes of ${abi} busybox one trace`, { timeout: 120_000 }, async () => {
      const run = (engine: Engine) =>
        runHosted(dirname(need.path), need.path, { args: ["sh", "-c", shell], engine, seed: 5, trace: { follow: true }, timeout: 100 });
      const auto = await run("auto");
      expect(auto.stdout.text).toContain("999500");
      for (const engine of others) {
        const other = await run(engine);
        expect([engine, other.stdout.text, other.stats]).toEqual([engine, auto.stdout.text, auto.stats]);
        expect(other.trace.join("\n")).toBe(auto.trace.join("\n"));
      }
    });
    it.skipIf(missing(`the oracle on ${abi} busybox`, need))(`run ${abi} busybox as the oracle does`, { timeout: 60_000 }, async () => {
      const args = [
        "sh",
        "-c",
        "i=0; while [ $i -lt 20 ]; do i=$((i + 1)); done; echo $i | sed s/2/3/; awk 'BEGIN { print 1 / 3, 7 / 8 }'",
      ];
      const run = (engine: Engine) => runHosted(dirname(need.path), need.path, { args, engine, trace: { follow: true } });
      const [auto, oracle] = [await run("auto"), await run("evaluate")];
      expect(auto.stdout.text).toBe("30\n0.333333 0.875\n");
      expect([oracle.stdout.text, oracle.stats, oracle.trace]).toEqual([auto.stdout.text, auto.stats, auto.trace]);
    });
  }
});
