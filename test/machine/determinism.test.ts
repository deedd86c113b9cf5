// Same program, same inputs, same seed: same trace, byte for byte.

import { dirname } from "node:path";
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import { guest } from "../landmines/guest.ts";
import { runHosted } from "../support/guest.ts";
import { busybox, missing } from "../support/host.ts";

const shell = "for i in 1 2 3; do (echo $i; head -c 4 /dev/urandom | od -x) & done; wait; date; echo $$; cat /proc/self/maps";

describe("two runs with one seed", () => {
  it("of a small guest have the same trace", async () => {
    const runs = await Promise.all([1, 2].map(() => Machine.run(guest("d6"), { seed: 7, trace: { follow: true } })));
    expect(runs[0]?.trace.join("\n")).toBe(runs[1]?.trace.join("\n"));
    expect(runs[0]?.trace.length).toBeGreaterThan(5);
  });

  const need = busybox("amd64");
  describe.skipIf(missing("busybox's determinism", need))(
    "of a shell with processes, random numbers and addresses",
    { timeout: 120_000 },
    () => {
      const run = (seed: number) =>
        runHosted(dirname(need.path), need.path, { args: ["sh", "-c", shell], seed, trace: { follow: true }, timeout: 100 });
      it("have the same trace and output", async () => {
        const [a, b] = [await run(3), await run(3)];
        expect(a.trace.join("\n")).toBe(b.trace.join("\n"));
        expect(a.stdout.text).toBe(b.stdout.text);
      });
      it("differ from those with another", async () => {
        expect((await run(3)).stdout.text).not.toBe((await run(4)).stdout.text);
      });
    },
  );
});
