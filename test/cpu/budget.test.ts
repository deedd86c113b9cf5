// A run ends after exactly as many instructions as it was given, however it is handed out in parts.
import { beforeAll, expect, test } from "vitest";
import { Cpu, type CpuCode } from "../../src/cpu/cpu.ts";
import type { Engine } from "../../src/cpu/engine.ts";
import { noDeadline } from "../../src/cpu/machine/deadline.ts";
import { exit } from "../../src/cpu/machine/exit.ts";
import { layout } from "../../src/cpu/machine/layout.ts";
import { at, EF, R } from "../../src/cpu/machine/state.ts";
import { SeededRandom } from "../../src/kernel/base/random.ts";
import { freshCode } from "../../tools/oracle/code.ts";
import { descriptorTables } from "../../tools/oracle/descriptors.ts";
import { MEMORY_PAGES } from "../../tools/oracle/emulate.ts";
import { selector } from "../../tools/oracle/world.ts";

const PAGE = 0x1000_0000;
/** One frame at many addresses, for writes without a reader. */
const FILLED = 0x2000_0000;
const NOP = 0x90;
const POPF = 0x9d;

let code: CpuCode;
let cpu: Cpu;
beforeAll(async () => {
  code = await freshCode();
  cpu = new Cpu(new WebAssembly.Memory({ initial: MEMORY_PAGES, maximum: MEMORY_PAGES }), code);
  cpu.segments.tables = descriptorTables;
  cpu.segments.loadCode(selector.userCode64);
  cpu.setAddressSpace({
    translate: (address) =>
      address >= PAGE && address < PAGE + 4096 ? layout.frames : address >= FILLED && address < FILLED + 65536 ? layout.frames + 4096 : -5,
  });
  cpu.engine = "jit"; // the smallest parts
});
/**
 * Run code at the end of a page that nothing comes after: how the run ended, and after how many instructions.
 */
const run = (bytes: readonly number[]): readonly [number, number] => {
  cpu.invalidateFrame(layout.frames);
  cpu.state.u8.set(bytes, layout.frames + 4096 - bytes.length);
  cpu.state.rip = PAGE + 4096 - bytes.length;
  cpu.flags = 0;
  const before = cpu.instructions;
  return [cpu.run(1000), cpu.instructions - before];
};
const nops = (n: number): number[] => Array.from({ length: n }, () => NOP);

test("a fetch fault comes although a part of the budget ends just there", () => {
  for (let n = 1; n < 300; n++) expect([n, ...run(nops(n))]).toEqual([n, exit.fault, n]);
});

test("rounds of a repeated instruction cost the same in every tier, and a deadline changes nothing", () => {
  // mov ecx, 10000; mov edi, FILLED; rep stosb; mov eax, 1; rep stosb of nothing; jmp to itself
  const bytes = [0xb9, 0x10, 0x27, 0, 0, 0xbf, 0, 0, 0, 0x20, 0xfc, 0xf3, 0xaa, 0xb8, 1, 0, 0, 0, 0xf3, 0xaa, 0xeb, 0xfe];
  const after = (engine: Engine, parts: readonly number[], late: () => boolean) => {
    cpu.engine = engine;
    cpu.deadline = { clock: () => Number(late()), until: 1 };
    cpu.invalidateFrame(layout.frames);
    cpu.state.u8.set(bytes, layout.frames);
    cpu.state.rip = PAGE;
    cpu.flags = 0;
    const seen: number[] = [];
    for (const part of parts) {
      // As the scheduler does: until the part is over, however often the run ends before.
      const end = cpu.instructions + part;
      while (cpu.instructions < end) expect(cpu.run(end - cpu.instructions)).toBe(exit.budget);
      seen.push(cpu.instructions - end, cpu.state.rip, cpu.state.u32[(at.gpr >> 2) + 2 * R.cx]!, cpu.state.u32[(at.gpr >> 2) + 2 * R.di]!);
    }
    cpu.deadline = noDeadline;
    return seen;
  };
  const random = new SeededRandom(1);
  for (let n = 0; n < 12; n++) {
    const parts = Array.from({ length: 8 }, () => 1 + (random.u32() % 90));
    const first = after("evaluate", parts, () => false);
    for (const engine of ["interpret", "jit"] as const)
      for (const late of [() => false, () => random.u32() % 2 === 0])
        expect([engine, parts, ...after(engine, parts, late)]).toEqual([engine, parts, ...first]);
    if (n === 0) expect(first.slice(0, 4)).not.toEqual(first.slice(-4));
  }
  cpu.engine = "jit";
});

test("faults in a repeated instruction change no time, in any tier", () => {
  // mov edi, FILLED; rep stosb; hlt
  const bytes = [0xbf, 0, 0, 0, 0x20, 0xfc, 0xf3, 0xaa, 0xf4];
  const present = new Set<number>();
  cpu.setAddressSpace({
    translate: (address) =>
      address >= PAGE && address < PAGE + 4096 ? layout.frames : present.has(address >>> 12) ? layout.frames + 4096 : -5,
  });
  const after = (engine: Engine, count: number, offset: number, faults: boolean): readonly unknown[] => {
    cpu.engine = engine;
    present.clear();
    for (let n = 0; n < 16 && !faults; n++) present.add((FILLED >>> 12) + n);
    cpu.flushTlb();
    cpu.invalidateFrame(layout.frames);
    cpu.state.u8.set([...bytes.slice(0, 1), offset & 0xff, offset >> 8, ...bytes.slice(3)], layout.frames);
    cpu.state.setGpr(R.cx, count);
    cpu.state.rip = PAGE;
    cpu.flags = 0;
    const before = cpu.instructions;
    let met = 0;
    for (;;) {
      if (cpu.run(1000) !== exit.fault || cpu.state.u32[at.exitVector >> 2] !== 14) break;
      met++;
      present.add(cpu.state.gpr(R.di) >>> 12);
    }
    expect(met > 0).toBe(faults);
    return [count, offset, cpu.instructions - before, cpu.state.gpr(R.di), cpu.state.u32[at.exitVector >> 2]];
  };
  const random = new SeededRandom(3);
  for (let n = 0; n < 20; n++) {
    const [count, offset] = [1 + (random.u32() % 30_000), random.u32() % 4096];
    const plain = after("interpret", count, offset, false);
    for (const engine of ["evaluate", "interpret", "jit"] as const)
      for (const faults of [true, false]) expect([engine, ...after(engine, count, offset, faults)]).toEqual([engine, ...plain]);
  }
});

test("the count's low half says where the rounds end, however great the count is", () => {
  // rep stosb; jmp to itself
  const bytes = [0xf3, 0xaa, 0xeb, 0xfe];
  cpu.setAddressSpace({
    translate: (address) =>
      address >= PAGE && address < PAGE + 4096 ? layout.frames : address >= FILLED && address < FILLED + 65536 ? layout.frames + 4096 : -5,
  });
  const after = (engine: Engine, low: number, high: number, limit: number): readonly number[] => {
    cpu.engine = engine;
    cpu.flushTlb();
    cpu.invalidateFrame(layout.frames);
    cpu.state.u8.set(bytes, layout.frames);
    cpu.state.u32.set([low, high], (at.gpr >> 2) + 2 * R.cx);
    cpu.state.setGpr(R.di, FILLED);
    cpu.state.rip = PAGE;
    cpu.flags = 0;
    const end = cpu.instructions + limit;
    while (cpu.instructions < end) expect(cpu.run(end - cpu.instructions)).toBe(exit.budget);
    return [cpu.instructions - end, cpu.state.lo(R.cx)];
  };
  // The register as a number is exact below 2^53, and a count may be greater.
  for (const [low, high] of [
    [-234 >>> 0, 0x7fff_ffff],
    [-235 >>> 0, 0xffff_ffff],
    [4097, 0x20_0000],
    [3, 0x8000_0000],
  ] as const)
    for (const limit of [1, 20, 300]) {
      const plain = after("interpret", low, high, limit);
      for (const engine of ["evaluate", "jit"] as const)
        expect([engine, low, high, limit, ...after(engine, low, high, limit)]).toEqual([engine, low, high, limit, ...plain]);
    }
  cpu.engine = "jit";
});

test("rounds behind compiled code that has charged more time than its part end with the run", () => {
  // mov bl, 60; mov ecx, 1; rep stosb; dec bl; jnz to the second; dec esi; jnz to the first
  const bytes = [0xb3, 60, 0xb9, 1, 0, 0, 0, 0xf3, 0xaa, 0xfe, 0xcb, 0x75, 0xf5, 0xff, 0xce, 0x75, 0xef];
  // mov ecx, 1000000; rep stosb; jmp to itself
  const rounds = [0xb9, 0x40, 0x42, 0x0f, 0, 0xf3, 0xaa, 0xeb, 0xfe];
  cpu.setAddressSpace({ translate: (address) => (address < FILLED ? layout.frames : layout.frames + 4096) });
  cpu.flushTlb();
  for (const limit of [3000, 3003, 3003, 3007, 3003]) {
    const after = (engine: Engine): readonly number[] => {
      cpu.engine = engine;
      cpu.invalidateFrame(layout.frames);
      cpu.state.u8.set([...bytes, ...rounds], layout.frames);
      cpu.state.setGpr(R.di, FILLED);
      cpu.state.setGpr(R.si, 10);
      cpu.state.rip = PAGE;
      cpu.flags = 0;
      const end = cpu.instructions + limit;
      while (cpu.instructions < end) expect(cpu.run(end - cpu.instructions)).toBe(exit.budget);
      return [cpu.instructions - end, cpu.state.gpr(R.cx)];
    };
    const plain = after("interpret");
    for (const engine of ["jit", "baseline"] as const) expect([engine, limit, ...after(engine)]).toEqual([engine, limit, ...plain]);
  }
  cpu.engine = "jit";
});

test("a single step comes although a part of the budget ends just there", () => {
  for (let n = 1; n < 300; n++) {
    cpu.state.setGpr(R.sp, PAGE);
    cpu.state.u8.set([EF.TF & 0xff, EF.TF >> 8, 0, 0, 0, 0, 0, 0], layout.frames);
    expect([n, ...run([...nops(n), POPF, ...nops(9)])]).toEqual([n, exit.fault, n + 2]);
  }
});
