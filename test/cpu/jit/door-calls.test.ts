// Doors in compiled code. The kernel serves the call from the region, which continues unless something
// happened that it was not compiled for.
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { Cpu, type CpuCode } from "../../../src/cpu/cpu.ts";
import { engines } from "../../../src/cpu/engine.ts";
import { type Exit, exit } from "../../../src/cpu/machine/exit.ts";
import { layout } from "../../../src/cpu/machine/layout.ts";
import { cacheWrite } from "../../../src/cpu/machine/mmu.ts";
import { EF, R } from "../../../src/cpu/machine/state.ts";
import { freshCode } from "../../../tools/oracle/code.ts";
import { descriptorTables } from "../../../tools/oracle/descriptors.ts";
import { MEMORY_PAGES } from "../../../tools/oracle/emulate.ts";
import { selector } from "../../../tools/oracle/world.ts";

const PAGE = 0x1000_0000;
// again: inc rbx; syscall; dec rdi; jnz again; hlt
const loop = [0x48, 0xff, 0xc3, 0x0f, 0x05, 0x48, 0xff, 0xcf, 0x75, 0xf6, 0xf4];
const AFTER_SYSCALL = PAGE + 5;

let code: CpuCode;
let cpu: Cpu;
beforeAll(async () => {
  code = await freshCode();
  cpu = new Cpu(new WebAssembly.Memory({ initial: MEMORY_PAGES, maximum: MEMORY_PAGES }), code);
  cpu.segments.tables = descriptorTables;
  cpu.segments.loadCode(selector.userCode64);
  cpu.setAddressSpace({ translate: (address) => (address >= PAGE && address < PAGE + 4096 ? layout.frames : -5) });
});
afterEach(() => {
  cpu.serve = undefined;
});

/** The loop with so many iterations, compiled before it runs. */
const begin = (rounds: number): void => {
  cpu.engine = "jit";
  // Everything is compiled or counted: there are no sampling windows.
  cpu.jit.sampler.stop();
  cpu.state.u8.set(loop, layout.frames);
  cpu.invalidateFrame(layout.frames);
  cpu.flags = 0;
  cpu.state.rip = PAGE;
  cpu.state.setGpr(R.bx, 0);
  cpu.state.setGpr(R.di, rounds);
  // Code that ran once may be compiled.
  for (const at of [0, 5]) cpu.blocks.find(PAGE + at);
  expect(cpu.jit.compile(PAGE)).toBe(true);
};
/** The instruction count at the last call of `run`. */
let resumed = 0;
/** Runs until the code at the loop's end faults. Returns how often `run` ended with each exit. */
const finish = (limit = 1_000_000): Partial<Record<Exit, number>> => {
  const ends: Partial<Record<Exit, number>> = {};
  for (;;) {
    resumed = cpu.instructions;
    const why = cpu.run(limit);
    ends[why] = (ends[why] ?? 0) + 1;
    if (why === exit.fault) return ends;
  }
};

test("calls are served inside the region, with all state in the state page", () => {
  begin(1000);
  const before = cpu.instructions;
  const seen: number[] = [];
  cpu.serve = (why) => {
    expect(why).toBe(exit.syscall);
    expect(cpu.state.rip).toBe(AFTER_SYSCALL);
    expect(cpu.state.gpr(R.cx)).toBe(AFTER_SYSCALL);
    seen.push(cpu.instructions - before);
    expect(cpu.retired).toBe(cpu.instructions);
    cpu.state.setGpr(R.bx, cpu.state.gpr(R.bx) + 10);
    return 1_000_000;
  };
  expect(finish()).toEqual({ [exit.fault]: 1 });
  expect(seen).toEqual(Array.from({ length: 1000 }, (_, n) => 4 * n + 2));
  expect(cpu.state.gpr(R.bx)).toBe(11_000);
  expect(cpu.instructions - before).toBe(4000);
});

test.each([-4096, -1, 2 ** 47])("the kernel may continue at an address that cannot be fetched: %d", (elsewhere) => {
  begin(10);
  let calls = 0;
  cpu.serve = () => {
    if (++calls === 5) cpu.state.rip = elsewhere;
    return 1_000_000;
  };
  expect(finish()).toEqual({ [exit.fault]: 1 });
  expect([calls, cpu.state.rip]).toEqual([5, elsewhere]);
});

test.each([-0x1000, -0x6000_0000])("a branch to the kernel's half goes there: %d", (target) => {
  begin(1);
  cpu.state.u8.set([0xe9, ...new Uint8Array(Int32Array.of(target - PAGE - 5).buffer)], layout.frames);
  cpu.invalidateFrame(layout.frames);
  cpu.state.rip = PAGE;
  cpu.blocks.find(PAGE);
  expect(cpu.jit.compile(PAGE)).toBe(true);
  expect(finish()).toEqual({ [exit.fault]: 1 });
  expect(cpu.state.rip).toBe(target);
});

describe("the region is left", () => {
  const served = (act: (n: number) => number | undefined): Partial<Record<Exit, number>> => {
    let n = 0;
    cpu.serve = () => act(n++);
    const ends = finish(50_000);
    expect(cpu.state.gpr(R.bx)).toBe(1000);
    return ends;
  };
  test("if the kernel does not serve the call", () => {
    begin(1000);
    expect(served(() => undefined)).toEqual({ [exit.syscall]: 1000, [exit.fault]: 1 });
  });
  test("if it must stop", () => {
    begin(1000);
    expect(served((n) => (n % 2 === 0 ? 0 : 50_000))).toEqual({ [exit.served]: 500, [exit.fault]: 1 });
  });
  test("if its bytes have changed", () => {
    begin(1000);
    const ends = served((n) => {
      if (n === 499) cpu.invalidateFrame(layout.frames);
      return 50_000;
    });
    expect(ends[exit.served]).toBe(1);
  });
  test("if pages may have been remapped", () => {
    begin(1000);
    const ends = served((n) => {
      if (n === 499) cpu.flushTlb();
      return 50_000;
    });
    expect(ends[exit.served]).toBe(1);
  });
  test("if the budget ends", () => {
    begin(1000);
    const ends = served(() => 1000);
    expect(ends[exit.fault]).toBe(1);
    begin(1000);
    let last = cpu.instructions;
    let granted = 0;
    const limited = served(() => {
      expect(cpu.instructions - Math.max(last, resumed)).toBeLessThanOrEqual(4);
      last = cpu.instructions;
      granted++;
      return 3;
    });
    expect(granted + (limited[exit.syscall] ?? 0)).toBe(1000);
    expect(granted).toBeGreaterThan(900);
    expect(limited[exit.budget] ?? 0).toBeLessThanOrEqual(limited[exit.syscall] ?? 0);
  });
});

test("a call that shortens the run ends it, though a sampling window is due in it", () => {
  begin(1000);
  const SPIN = PAGE + 0x80;
  cpu.state.u8.set([0xeb, 0xfe], layout.frames + SPIN - PAGE); // jmp $
  let calls = 0;
  let called = 0;
  cpu.serve = () => {
    if (++calls < 500) return 1_000_000;
    called = cpu.instructions;
    cpu.state.rip = SPIN;
    return 10_000;
  };
  cpu.jit.sampler.next = cpu.instructions + 100_000;
  expect(cpu.run(1_000_000)).toBe(exit.budget);
  expect([calls, cpu.instructions - called]).toEqual([500, 10_000]);
});

test("the code after a door is at the call's return address", () => {
  begin(1);
  // syscall; hlt; landing pad: inc rbx; dec rdi; jnz; hlt
  const PAD = PAGE + 0x20;
  cpu.state.u8.set([0x0f, 0x05, 0xf4], layout.frames);
  cpu.state.u8.set([0x48, 0xff, 0xc3, 0x48, 0xff, 0xcf, 0x75, 0xd8, 0xf4], layout.frames + PAD - PAGE);
  cpu.invalidateFrame(layout.frames);
  let landsAt = PAD;
  cpu.landing = (why) => (why === exit.syscall ? landsAt : undefined);
  for (const at of [PAGE, PAD]) cpu.blocks.find(at);
  const regions: number[][] = [];
  cpu.jit.onRegion = ({ blocks }) => regions.push([...blocks.keys()]);
  expect(cpu.jit.compile(PAGE)).toBe(true);
  cpu.jit.onRegion = undefined;
  cpu.landing = undefined;
  expect(regions).toEqual([[PAGE, PAD]]);
  const left = cpu.exitCounts.slice();
  cpu.state.rip = PAGE;
  cpu.state.setGpr(R.di, 1000);
  cpu.serve = () => {
    // The return address of the call may have changed since the code was compiled.
    if (cpu.state.gpr(R.bx) === 499) landsAt = PAGE + 2;
    cpu.state.rip = landsAt;
    return 1_000_000;
  };
  expect(finish()).toEqual({ [exit.fault]: 1 });
  expect(cpu.state.rip).toBe(PAGE + 2);
  expect(cpu.state.gpr(R.bx)).toBe(499);
  expect(cpu.exitCounts.reduce((sum, n, code) => sum + n - (left[code] as number), 0)).toBeLessThan(10);
});

test("a leaf function is included in its callers' regions whole, wherever other regions begin in it", () => {
  const STACK = PAGE + 0x10_0000;
  const LEAF = PAGE + 0x40;
  cpu.setAddressSpace({
    translate: (address) =>
      address >= PAGE && address < PAGE + 4096
        ? layout.frames
        : address - (address % 4096) === STACK
          ? layout.frames + 4096 + cacheWrite
          : -5,
  });
  begin(1);
  const put = (at: number, ...bytes: number[]): void => cpu.state.u8.set(bytes, layout.frames + at - PAGE);
  // again: call leaf; dec rdi; jnz again; hlt. leaf: inc rbx; syscall; ret
  put(PAGE, 0xe8, 0x3b, 0, 0, 0, 0x48, 0xff, 0xcf, 0x75, 0xf6, 0xf4);
  put(LEAF, 0x48, 0xff, 0xc3, 0x0f, 0x05, 0xc3);
  cpu.invalidateFrame(layout.frames);
  const regions: number[][] = [];
  cpu.jit.onRegion = ({ blocks }) => regions.push([...blocks.keys()]);
  for (const at of [PAGE, PAGE + 5, LEAF, LEAF + 5]) cpu.blocks.find(at);
  for (const at of [LEAF + 5, PAGE]) expect(cpu.jit.compile(at)).toBe(true);
  cpu.jit.onRegion = undefined;
  expect(regions.at(-1)).toEqual(expect.arrayContaining([PAGE, PAGE + 5, LEAF, LEAF + 5]));
  cpu.state.rip = PAGE;
  cpu.state.setGpr(R.sp, STACK + 4096);
  cpu.state.setGpr(R.di, 1000);
  cpu.serve = () => 1_000_000;
  // The stack is not direct-mapped, which the region assumes at first. So the interpreter executes the first
  // call.
  const { recompiled } = cpu.jit.stats;
  expect(finish()).toEqual({ [exit.syscall]: 1, [exit.fault]: 1 });
  expect(cpu.jit.stats.recompiled).toBeGreaterThan(recompiled);
  expect(cpu.state.gpr(R.bx)).toBe(1000);
});

test.each(engines)("SYSCALL leaves the return address in rcx and the flags in r11: %s", (engine) => {
  begin(1);
  if (engine !== "jit") {
    cpu.invalidateFrame(layout.frames);
    cpu.engine = engine;
  }
  cpu.flags = EF.CF | EF.DF;
  cpu.state.setGpr(R.bx, -2); // INC leaves CF alone: -1, negative
  expect(cpu.run(1000)).toBe(exit.syscall);
  expect(cpu.state.gpr(R.cx)).toBe(AFTER_SYSCALL);
  expect(cpu.state.gpr(R.r11)).toBe(EF.CF | EF.DF | EF.SF | EF.PF | 2);
});
