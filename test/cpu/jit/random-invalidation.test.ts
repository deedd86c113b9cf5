// All code is compiled at once, runs end at random, code is invalidated and mappings are forgotten at any
// time. Still a program's output, its trace and its instruction count are the interpreter's.
import { dirname } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Cpu } from "../../../src/cpu/cpu.ts";
import { exit } from "../../../src/cpu/machine/exit.ts";
import { runHosted } from "../../support/guest.ts";
import { busybox, missing } from "../../support/host.ts";

const script = `
  i=0; while [ $i -lt 60 ]; do i=$((i+1)); eval "v$i=$((i*i%7))"; done; echo $v3 $v58
  $B seq 1 60 | $B awk '{ s += $1 * 1.5; t = t substr($0, 1, 1) } END { print s, length(t), sqrt(s) }'
  $B seq 1 200 | $B sort -rn | $B head -n 3; $B seq 1 300 | $B sha256sum
  (kill -TERM $$) & trap 'echo caught' TERM; wait; echo done
`;

/** Numbers below n, the same for the same seed. Marsaglia, "Xorshift RNGs", 2003. */
const random = (seed: number) => {
  let x = seed;
  return (n: number): number => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % n;
  };
};

/**
 * Ends every `run` of every processor at random. Loses translations there and where compiled code calls the
 * kernel.
 */
const disturb = (seed: number): void => {
  const below = random(seed);
  const run = Cpu.prototype.run;
  const lose = (cpu: Cpu, often: number): void => {
    if (below(often) === 0) {
      const frames = [...cpu.codeFrames.keys()].filter((n) => cpu.codeFrames[n] !== 0);
      cpu.invalidateFrame((frames[below(frames.length)] ?? 0) * 4096);
    }
    if (below(2 * often) === 0) cpu.flushTlb();
  };
  vi.spyOn(Cpu.prototype, "run").mockImplementation(function (this: Cpu, limit: number) {
    const before = this.instructions;
    const part = Math.min(limit, 1 + below(below(3) === 0 ? 300 : 60_000));
    const { serve } = this;
    let served = 0;
    this.serve = (why) => {
      const more = serve?.(why);
      served++;
      lose(this, 200);
      return more;
    };
    const code = run.call(this, part);
    this.serve = serve;
    if (code !== exit.budget) return code;
    const ran = this.instructions - before;
    const { clock, until } = this.deadline;
    // A deadline ends a run earlier, nothing else does.
    if (served === 0 && clock() < until) expect(ran).toBe(part);
    else expect(ran).toBeLessThanOrEqual(part);
    lose(this, 20);
    return code;
  });
};
afterEach(() => {
  vi.restoreAllMocks();
});

for (const architecture of ["amd64", "i386"] as const) {
  const need = busybox(architecture);
  describe.skipIf(missing(`busybox of ${architecture}`, need))(`busybox of ${architecture}`, { timeout: 120_000 }, () => {
    it.each([architecture === "amd64" ? 1 : 2])("has equal results under random invalidation, seed %d", async (seed) => {
      const folder = dirname(need.path);
      const options = { args: ["sh", "-c", script], env: { B: need.path }, trace: true, randomizeLayout: false } as const;
      const quiet = await runHosted(folder, need.path, { ...options, engine: "interpret" });
      disturb(seed);
      for (const engine of ["jit", "baseline"] as const) {
        const disturbed = await runHosted(folder, need.path, { ...options, engine });
        expect([engine, disturbed.stdout.text]).toEqual([engine, quiet.stdout.text]);
        expect(disturbed.trace).toEqual(quiet.trace);
        expect(disturbed.stats).toEqual(quiet.stats);
      }
      expect(quiet.stdout.text).toContain("caught\ndone\n");
    });
  });
}
