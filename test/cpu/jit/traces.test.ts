// Trace trees: the paths of an interpreter's loop become one loop each, with all kinds of exits.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { deserialize, serialize } from "node:v8";
import { type BootOptions, type CachedRegions, type CodeStore, Machine } from "trapgate/internal";
import { describe, expect, it } from "vitest";
import { coverageOf } from "../../../src/cpu/jit/tracing/trace-recorder.ts";
import { always, TraceSampler, type TreeSource, usual } from "../../../src/cpu/jit/tracing/trace-sampler.ts";
import { inFolder } from "../../support/guest.ts";
import { gcc32, missing, top } from "../../support/host.ts";

/** A store as data, and all that it has. */
const paper = (): { readonly code: CodeStore; readonly regions: () => CachedRegions["regions"] } => {
  const units = new Map<string, Buffer>();
  const load = (id: string): CachedRegions | undefined => (units.has(id) ? (deserialize(units.get(id)!) as CachedRegions) : undefined);
  return {
    code: {
      load: ({ id }) => load(id),
      save: (all) => {
        for (const [{ id }, kept] of all) units.set(id, serialize(kept));
      },
      module: () => undefined,
      native: () => undefined,
    },
    regions: () => [...units.keys()].flatMap((id) => load(id)!.regions),
  };
};

describe.skipIf(missing("trace trees", gcc32)).each(["-m64", "-m32"])("an interpreter, gcc %s", { timeout: 120_000 }, (mode) => {
  const built = inFolder(async (folder) => {
    execFileSync("gcc", [mode, "-O2", "-static", "-w", "-o", `${folder}/traces`, `${top}/test/cpu/jit/traces.c`]);
    return {
      program: readFileSync(`${folder}/traces`),
      natively: new Map(["3000", "500000"].map((rounds) => [rounds, execFileSync(`${folder}/traces`, [rounds], { encoding: "utf8" })])),
    };
  });
  const run = async (options: BootOptions, rounds = "3000") => {
    const { program } = await built;
    const machine = new Machine({ files: { "/traces": { content: program, mode: 0o755 } }, ...options });
    const { stdout, status, stats } = await machine.run("/traces", { args: [rounds] });
    const { "trace trees compiled": trees, "regions of earlier runs": earlier, "regions dropped": dropped } = machine.engineStats;
    return { seen: { stdout: stdout.text, status, stats }, trees: trees!, earlier: earlier!, dropped: dropped! };
  };

  it("has its native output, with the interpreter's instruction count", async () => {
    const compiled = await run({ engine: "jit" });
    expect(compiled.seen.stdout).toBe((await built).natively.get("3000"));
    expect(compiled.trees).toBeGreaterThan(1);
    const interpreted = await run({ engine: "interpret" });
    expect(interpreted.trees).toBe(0);
    expect(compiled.seen).toEqual(interpreted.seen);
  });
  it("has its trees from the code cache in the next run", async () => {
    const { code, regions } = paper();
    const first = await run({ code }, "500000");
    const kept = regions();
    expect(kept.filter(({ tree }) => tree)).toHaveLength(first.trees);
    const second = await run({ code }, "500000");
    expect(first.seen.stdout).toBe((await built).natively.get("500000"));
    expect(first.trees).toBeGreaterThan(0);
    // More than the regions that are no trees.
    expect(second.earlier).toBeGreaterThan(kept.length - first.trees);
    expect(second.seen).toEqual(first.seen);
  });
});

// A refused call of 32-bit code leaves the upper half of rax not 0. A trace tree that clears it comes next:
// it is not entered, and its registers stay those of the state page.
describe.skipIf(missing("32-bit guests", gcc32)).each(["handles", "keys"])("guest %s, gcc -m32", (name) => {
  it("runs in trace trees as in the interpreter", { timeout: 120_000 }, async () => {
    const flags = "-m32 -O1 -static -nostdlib -fno-pie -no-pie -fno-stack-protector -mgeneral-regs-only".split(" ");
    const program = await inFolder(async (folder) => {
      execFileSync("gcc", [...flags, "-w", "-o", `${folder}/guest`, `${top}/test/kernel/native/${name}.c`]);
      return readFileSync(`${folder}/guest`);
    });
    const run = async (engine: "jit" | "interpret") => {
      const machine = new Machine({ files: { "/guest": { content: program, mode: 0o755 } }, engine });
      const { stdout, status, stats } = await machine.run("/guest");
      return { seen: { stdout: stdout.text, status, stats }, trees: machine.engineStats["trace trees compiled"]! };
    };
    const compiled = await run("jit");
    expect(compiled.trees).toBeGreaterThan(0);
    expect(compiled.seen).toEqual((await run("interpret")).seen);
  });
});

describe("windows", () => {
  const block = (key: number, ip: number, count: number, successors: number[]) => ({
    key,
    ip,
    instructions: Array.from({ length: count }) as never[],
    end: ip + count,
    terminator: "jump" as const,
    successors,
  });
  const tree = {
    entries: [10],
    blocks: new Map(
      [block(10, 10, 4, [-2, -3]), block(-2, 20, 6, [10]), block(-3, 30, 2, [-4]), block(-4, 20, 6, [])].map((b) => [b.key, b]),
    ),
    pages: new Map(),
    instructions: 18,
    full: false,
    tree: true,
  };
  const way = (...ips: [ip: number, count: number][]) => ips.map(([ip, count]) => ({ ip, count }));
  const byTurns = (...steps: Parameters<typeof way>) => way(...Array.from({ length: 20 }, () => steps).flat());

  const source = (): TreeSource => ({
    coverage: (windows) => coverageOf(windows, new Map([[10, tree]])),
    trees: () => [],
  });

  it("are in a tree from its root until they leave its paths", () => {
    const trees = new Map([[10, tree]]);
    const share = (...windows: Parameters<typeof coverageOf>[0]) => coverageOf(windows, trees).share;
    expect(share(way([10, 4], [20, 6], [10, 4], [20, 6]))).toBe(1);
    expect(share(way([20, 6], [10, 4]))).toBeCloseTo(0.4);
    // Steps end at page ends. The block after the second path to 20 has no successor.
    expect(share(way([10, 1], [11, 3], [30, 2], [20, 2], [22, 4], [10, 4]))).toBe(1);
    expect(share(way([10, 4], [30, 2], [50, 4]))).toBeCloseTo(0.6);
    expect(share()).toBe(0);
  });
  it("are sampled as scheduled, and pause if trees cover most instructions", () => {
    const sampler = new TraceSampler();
    const rounds = byTurns([10, 4], [20, 6]);
    expect(sampler.next).toBe(usual.from);
    for (let n = 1; n < usual.first; n++) {
      sampler.addWindow(rounds, 1000 * n, source);
      expect(sampler.next).toBe(1000 * n + usual.between);
    }
    const now = 10 * usual.from;
    expect(sampler.addWindow(rounds, now, source)).toEqual({ install: [], evict: [] });
    expect(sampler.next).toBe(usual.regrowth * now);
  });
  it("report trees that control leaves at once", () => {
    const sampler = new TraceSampler();
    const often = byTurns([10, 4], [50, 1]);
    for (let n = 1; n < usual.first; n++) expect(sampler.addWindow(often, n, source).evict).toEqual([]);
    expect(sampler.addWindow(often, usual.first, source).evict).toEqual([10]);
  });
  it("end where address spaces change all the time", () => {
    const sampler = new TraceSampler();
    sampler.schedule = always;
    const source = () => {
      throw new Error("there is nothing to look for");
    };
    sampler.discardWindows();
    for (let n = 0; n < 8; n++) {
      expect(sampler.next).toBeLessThan(Number.POSITIVE_INFINITY);
      sampler.addWindow(way([10, 4]), n, source);
      sampler.discardWindows();
    }
    expect(sampler.next).toBe(Number.POSITIVE_INFINITY);
  });
});
