// Compiled code of a program's earlier runs in its next ones: fewer regions are made, and nothing else
// differs.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { deserialize, serialize } from "node:v8";
import { type BootOptions, type CodeStore, type CodeUnit, Machine, MemoryCodeStore } from "trapgate/internal";
import { beforeAll, describe, expect, it } from "vitest";
import { inFolder } from "../support/guest.ts";
import { gcc, gcc32, missing, top } from "../support/host.ts";

type CachedRegions = NonNullable<ReturnType<CodeStore["load"]>>;

/** The store between processes keeps data, and the host knows no module. */
class OnPaper implements CodeStore {
  readonly #units = new Map<string, Buffer>();
  saved = 0;
  load({ id }: CodeUnit): CachedRegions | undefined {
    const text = this.#units.get(id);
    return text && this.change(deserialize(text) as CachedRegions);
  }
  change = (kept: CachedRegions): CachedRegions => kept;
  save(units: readonly (readonly [CodeUnit, CachedRegions])[]): void {
    for (const [{ id }, kept] of units) this.#units.set(id, serialize(kept));
    if (units.length > 0) this.saved++;
  }
  module(): undefined {}
  native(): undefined {}
}

describe.skipIf(missing("code between runs", gcc32)).each(["-m64", "-m32"])("gcc %s", (mode) => {
  const variants: Uint8Array[] = [];
  beforeAll(() =>
    inFolder(async (folder) => {
      for (const k of [3, 5]) {
        execFileSync("gcc", [mode, "-O2", "-static", `-DK=${k}`, "-o", `${folder}/kept`, `${top}/test/machine/kept.c`]);
        variants.push(readFileSync(`${folder}/kept`));
      }
    }),
  );
  const run = async (code: CodeStore, variant = 0, options: BootOptions = {}, args = ["3000"]) => {
    const machine = new Machine({ files: { "/kept": { content: variants[variant]!, mode: 0o755 } }, code, ...options });
    const { stdout, status, stats } = await machine.run("/kept", { args });
    const {
      "regions compiled": compiled,
      "regions of earlier runs": earlier,
      "instructions interpreted": interpreted,
    } = machine.engineStats;
    return { seen: { stdout: stdout.text, status, stats }, compiled: compiled!, earlier: earlier!, interpreted: interpreted! };
  };

  it("does not plan again what a run has put off", async () => {
    const code = new OnPaper();
    const first = await run(code);
    code.change = (kept) => {
      const { context } = kept.regions[0]!;
      return { ...kept, regions: [], debts: kept.called.map((ip) => ({ ip, context, instructions: 1e12 })) };
    };
    const second = await run(code);
    expect(second.seen).toEqual(first.seen);
    expect(second.compiled).toBeLessThan(first.compiled);
  });
  it.each([
    ["in memory", () => new MemoryCodeStore()],
    ["as data", () => new OnPaper()],
  ])("%s: the second run has the regions of the first, and is no other run", async (_how, store) => {
    const code = store();
    const first = await run(code);
    const second = await run(code);
    expect(first).toMatchObject({ earlier: 0, seen: { status: { exit: 0 } } });
    expect(first.compiled).toBeGreaterThan(2);
    expect(second.seen).toEqual(first.seen);
    expect(second.earlier).toBeGreaterThan(2);
    // A look at the host's clock can give a block an entry of its own, so as many can be compiled again.
    expect(second.compiled).toBeLessThanOrEqual(first.compiled);
    expect(second.interpreted).toBeLessThan(first.interpreted);
  });
  it("grows what an earlier run had made, where another input needs more", async () => {
    const code = new OnPaper();
    const short = await run(code, 0, {}, ["400"]);
    const long = await run(code, 0, {}, ["6000"]);
    const alone = await run(new OnPaper(), 0, {}, ["6000"]);
    expect(short.earlier + long.earlier).toBeGreaterThan(0);
    expect(long.seen).toEqual(alone.seen);
  });
  it("takes nothing for code that it is not", async () => {
    const code = new MemoryCodeStore();
    const [three, five] = [await run(code, 0), await run(code, 1)];
    expect(five.seen.stdout).not.toBe(three.seen.stdout);
    expect(five.seen).toEqual((await run(new MemoryCodeStore(), 1)).seen);
    expect((await run(code, 0)).seen).toEqual(three.seen);
  });
  it.each<[string, BootOptions]>([
    ["of another size", { memory: 1.5 * 2 ** 30 }],
    ["with another processor", { cpu: "x86-64-v2:intel" }],
  ])("takes nothing from a machine %s", async (_what, options) => {
    const code = new MemoryCodeStore();
    await run(code);
    const other = await run(code, 0, options);
    expect(other.earlier).toBe(0);
    expect(other.seen).toEqual((await run(new MemoryCodeStore(), 0, options)).seen);
  });
  it("writes nothing when there is nothing new", async () => {
    const code = new OnPaper();
    // The host's clock cuts a run at different points, and the interpreter begins there. So a run may find
    // something new now and then.
    let quiet = 0;
    for (let n = 0; n < 20 && quiet < 3; n++) {
      const { saved } = code;
      const { compiled } = await run(code);
      if (compiled > 0) continue;
      quiet++;
      expect(code.saved).toBe(saved);
    }
    expect(quiet).toBe(3);
  });
  it("keeps the regions of processes that have ended", () =>
    inFolder(async (folder) => {
      execFileSync("gcc", [mode, "-O2", "-static", "-o", `${folder}/again`, `${top}/test/machine/again.c`]);
      const files = { "/again": { content: readFileSync(`${folder}/again`), mode: 0o755 } };
      const code = new OnPaper();
      const once = async (options: BootOptions) => {
        const machine = new Machine({ files, ...options });
        const { stdout, status, stats } = await machine.run("/again", { args: ["3"] });
        return { seen: { stdout: stdout.text, status, stats }, earlier: machine.engineStats["regions of earlier runs"] };
      };
      const first = await once({ code });
      expect(first).toMatchObject({ earlier: 0, seen: { status: { exit: 0 } } });
      const second = await once({ code });
      expect(second.earlier).toBeGreaterThan(0);
      expect(second.seen).toEqual(first.seen);
      const { stdout, status } = (await once({ engine: "interpret" })).seen;
      expect({ stdout, status }).toEqual({ stdout: first.seen.stdout, status: first.seen.status });
    }));
});

describe.skipIf(missing("64-bit code at several positions", gcc))("64-bit code", () => {
  it("has one region for a file at several positions", () =>
    inFolder(async (folder) => {
      execFileSync("gcc", ["-O2", "-static-pie", "-o", `${folder}/again`, `${top}/test/machine/again.c`]);
      const files = { "/again": { content: readFileSync(`${folder}/again`), mode: 0o755 } };
      const code = new OnPaper();
      const once = async (options: BootOptions, processes: string) => {
        const machine = new Machine({ files, ...options });
        const { stdout, status, stats } = await machine.run("/again", { args: [processes] });
        const {
          "regions of other processes": others,
          "regions of earlier runs": earlier,
          "regions compiled": compiled,
        } = machine.engineStats;
        return { seen: { stdout: stdout.text, status, stats }, others: others!, earlier: earlier!, compiled: compiled! };
      };
      const first = await once({ code }, "4");
      expect(first.seen.status).toEqual({ exit: 0 });
      expect(first.others).toBeGreaterThan(0);
      // Another seed: all positions differ.
      const second = await once({ code, seed: 5 }, "4");
      expect(second.earlier).toBeGreaterThan(0);
      expect(second.compiled).toBeLessThan(first.compiled);
      expect(second.seen).toEqual((await once({ seed: 5 }, "4")).seen);
      expect((await once({ engine: "interpret" }, "4")).seen).toEqual(first.seen);
    }));
});
