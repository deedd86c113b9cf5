// Machines that begin in the memory of earlier ones: nothing of those is left, and a short run costs little.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Machine, type MachineOptions, type Run } from "trapgate";
import { Machine as Emulator } from "trapgate/internal";
import { afterEach, describe, expect, it, vi } from "vitest";
import { cpuCode } from "../../src/cpu/code.ts";
import type { HandlerModule } from "../../src/cpu/cpu.ts";
import { Instances } from "../../src/cpu/instances.ts";
import { layout } from "../../src/cpu/machine/layout.ts";
import { keepMemory, takeMemory } from "../../src/machine/memory-pool.ts";
import { guest } from "../landmines/guest.ts";
import { inFolder } from "../support/guest.ts";
import { gcc, gcc32, missing, top } from "../support/host.ts";

const compiled = (width: "-m64" | "-m32"): Promise<Uint8Array> =>
  inFolder(async (folder) => {
    const program = join(folder, "reuse");
    const args = [width, "-O1", "-msse2", "-static", "-o", program, join(top, "test/machine/reuse.c")];
    const { status, stderr } = spawnSync("gcc", args, { encoding: "utf8" });
    if (status !== 0) throw new Error(stderr);
    return readFileSync(program);
  });
/** The number of WebAssembly pages of a machine with default options. */
const pages = new Emulator().giveUp().buffer.byteLength / 65536;
/** All memories that wait. */
const drain = (): WebAssembly.Memory[] => {
  const one = takeMemory(pages, false);
  return one ? [one, ...drain()] : [];
};
const zeroes = Buffer.alloc(1 << 20);
/** True if all bytes of a range are 0. */
const isZero = (memory: WebAssembly.Memory, from: number, to: number): boolean => {
  for (let at = from; at < to; at += zeroes.length) {
    const part = Buffer.from(memory.buffer, at, Math.min(zeroes.length, to - at));
    if (!part.equals(zeroes.subarray(0, part.length))) return false;
  }
  return true;
};
const seen = ({ status, stdout, stderr, trace, kernelLog, stats }: Run) => ({
  status,
  output: [stdout.text, stderr.text],
  trace,
  kernelLog,
  stats,
});

afterEach(() => void drain());

describe.skipIf(missing("reused memory", gcc, gcc32))("the memory of a machine that has ended", { timeout: 120_000 }, () => {
  const programs = { "-m64": compiled("-m64"), "-m32": compiled("-m32") };
  const widths = ["-m64", "-m32"] as const;

  it.each(["interpret", "jit", "auto"] as const)("holds nothing of its guest (engine %s)", async (engine) => {
    for (const width of widths) {
      const machine = new Emulator({ engine });
      expect((await machine.run(await programs[width], { args: ["leave"] })).status).toEqual({ exit: 0 });
      expect(machine.touchedBytes).toBeGreaterThan(2 ** 20);
      const memory = machine.giveUp();
      expect(isZero(memory, layout.scratch, memory.buffer.byteLength), "frames").toBe(true);
      expect(isZero(memory, layout.state, layout.routines), "registers").toBe(true);
      // Page 0 of the window has a tag of its own, which is no page's.
      expect(isZero(memory, layout.directTags + 16, layout.scratch), "translations").toBe(true);
    }
  });
  it.each(widths)("shows the next guest no trace of the one before (%s)", async (width) => {
    drain();
    for (const before of widths) {
      await Machine.run(await programs[before], { args: ["leave"] });
      const waiting = drain();
      expect(waiting).toHaveLength(1);
      const machine = new Emulator({}, waiting[0]);
      const { stdout } = await machine.run(await programs[width], { args: ["look"] });
      expect(stdout.text).toBe("0 0 0 0 -1\n");
      await Machine.run(await programs[before], { args: ["leave"] });
      expect((await Machine.run(await programs[width], { args: ["look"] })).stdout.text).toBe("0 0 0 0 -1\n");
    }
  });
  it.each(widths)("is searched by a program that finds marks (%s)", async (width) => {
    expect((await Machine.run(await programs[width], { args: ["check"] })).stdout.text).toBe("10\n");
  });
  it("leaves trace, counts and log as they are in fresh memory", async () => {
    const options: readonly MachineOptions[] = [{}, { engine: "jit" }, { cpu: "pentium3:intel" }, { kernel: "v6" }, { memory: "16M" }];
    const run = (of: MachineOptions, width: (typeof widths)[number]) =>
      programs[width].then((program) => Machine.run(program, { ...of, args: ["look"], trace: { follow: true } }));
    for (const width of widths) {
      for (const of of options) {
        drain();
        const fresh = seen(await run(of, width));
        for (const other of options) await run(other, width === "-m64" ? "-m32" : "-m64");
        expect(seen(await run(of, width)), JSON.stringify(of)).toEqual(fresh);
      }
    }
  });
});

describe("instances that stay with a memory", () => {
  it("load a part again that the host had no room for", () => {
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    const code = cpuCode(memory);
    const part = code.handlers[1] as HandlerModule;
    let asked = 0;
    const module = (): WebAssembly.Module => {
      if (asked++ === 0) throw new RangeError("no room");
      return part.module();
    };
    const never = (): number => 0;
    const instances = new Instances<object>(memory, code, () => ({ miss: never, commit: never, checkSegment: never, act: never }));
    const table = instances.handlers["table"] as WebAssembly.Table;
    const short = { ...part, module };
    expect(() => instances.load(short)).toThrow("no room");
    expect(table.get(part.first)).toBeNull();
    instances.load(short);
    expect(table.get(part.first)).toBeInstanceOf(Function);
    instances.load(short);
    expect(asked).toBe(2);
  });
});

describe("memories that wait", () => {
  const small = guest("hello-syscall");
  it("are taken by the next machine, and none by a machine that goes on", async () => {
    drain();
    await Machine.run(small);
    const [memory] = drain();
    expect(memory).toBeDefined();
    await new Machine().run(small);
    expect(drain()).toEqual([]);
  });
  it("are at most four, each with few touched bytes", () => {
    drain();
    const giveUp = (): WebAssembly.Memory => new WebAssembly.Memory({ initial: 1 });
    for (let n = 0; n < 6; n++) keepMemory({ touchedBytes: 4096, giveUp }, false);
    expect(Array.from({ length: 6 }, () => takeMemory(1, false)).filter(Boolean)).toHaveLength(4);
    keepMemory({ touchedBytes: 2 ** 25, giveUp }, false);
    expect(takeMemory(1, false)).toBeUndefined();
  });
  it("have room for what all machines in them touch, each at other addresses", async () => {
    let memory: WebAssembly.Memory | undefined;
    const touched: number[] = [];
    for (const seed of [1, 1, ...Array.from({ length: 30 }, (_, n) => n + 2)]) {
      const machine = new Emulator({ seed }, memory);
      await machine.run(small);
      touched.push(machine.touchedBytes);
      memory = machine.giveUp();
    }
    const [first = 0, again] = touched;
    expect(again).toBe(first);
    expect(touched.at(-1)).toBeGreaterThan(first + 30 * 4096);
    const alone = new Emulator({ seed: 31 });
    await alone.run(small);
    expect(alone.touchedBytes).toBeLessThan(first + 10 * 4096);
  });
  it("are of the kind that is wanted", () => {
    keepMemory({ touchedBytes: 0, giveUp: () => new WebAssembly.Memory({ initial: 2, maximum: 2, shared: true }) }, true);
    expect([takeMemory(2, false), takeMemory(1, true)]).toEqual([undefined, undefined]);
    expect(takeMemory(2, true)).toBeInstanceOf(WebAssembly.Memory);
  });
  it("are released after some seconds without a run", () => {
    vi.useFakeTimers();
    try {
      keepMemory({ touchedBytes: 0, giveUp: () => new WebAssembly.Memory({ initial: 1 }) }, false);
      vi.advanceTimersByTime(10_000);
      expect(takeMemory(1, false)).toBeUndefined();
    } finally {
      vi.useRealTimers();
    }
  });
  it("are not those of runs that end by an exception", async () => {
    drain();
    const hooks = {
      stdout: () => {
        throw new Error("mine");
      },
    };
    await expect(Machine.run(small, { hooks })).rejects.toThrow("mine");
    expect(drain()).toEqual([]);
  });
  it("make a run of a tiny program cost a few milliseconds of processor time", { timeout: 120_000 }, async () => {
    const cost = async (): Promise<number> => {
      const before = process.cpuUsage();
      for (let n = 0; n < 50; n++) await Machine.run(small);
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 50_000;
    };
    let least = Number.POSITIVE_INFINITY;
    // Other work on the machine costs caches; without reuse a run costs 20 ms. `npm run smoke` asks for 2 ms.
    for (let n = 0; n < 8 && least > 4; n++) least = Math.min(least, await cost());
    expect(least).toBeLessThan(4);
  });
});
