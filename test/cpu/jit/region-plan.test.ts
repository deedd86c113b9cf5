// Region plans (region-plan.ts): only frequently executed blocks are compiled. A rare exit of a loop is left
// to the interpreter and returns correctly.
import { expect, test } from "vitest";
import { Cpu } from "../../../src/cpu/cpu.ts";
import type { BlockGraph } from "../../../src/cpu/jit/cfg/graph.ts";
import { exit } from "../../../src/cpu/machine/exit.ts";
import { layout } from "../../../src/cpu/machine/layout.ts";
import { access, cacheWrite } from "../../../src/cpu/machine/mmu.ts";
import { R } from "../../../src/cpu/machine/state.ts";
import { assemble } from "../../../src/cpu/text/assemble.ts";
import { freshCode } from "../../../tools/oracle/code.ts";
import { descriptorTables } from "../../../tools/oracle/descriptors.ts";
import { MEMORY_PAGES } from "../../../tools/oracle/emulate.ts";
import { selector } from "../../../tools/oracle/world.ts";

const PAGE = 0x1000_0000;
// again: inc rbx; test ebx, 0x3ff; jz rare; back: dec rdi; jnz again; hlt; rare: inc rcx; jmp back
const code = [
  0x48, 0xff, 0xc3, 0xf7, 0xc3, 0xff, 0x03, 0x00, 0x00, 0x74, 0x06, 0x48, 0xff, 0xcf, 0x75, 0xf0, 0xf4, 0x48, 0xff, 0xc1, 0xeb, 0xf5,
];
/** The end of the page behind the code. */
const STACK = PAGE + 2 * 4096;
const RARE = PAGE + 0x11;

/** At the first instruction, with general registers by name. */
const start = (cpu: Cpu, registers: Partial<Record<keyof typeof R, number>>): void => {
  cpu.state.rip = PAGE;
  for (const [name, value] of Object.entries(registers)) cpu.state.setGpr(R[name as keyof typeof R], value);
};
/** Runs so many iterations of the loop. Checks the fault at its end, and the count of the rare path. */
const run = (cpu: Cpu, rounds: number): number => {
  cpu.state.rip = PAGE;
  cpu.state.setGpr(R.bx, 0);
  cpu.state.setGpr(R.cx, 0);
  cpu.state.setGpr(R.di, rounds);
  while (cpu.run(1_000_000) !== exit.fault);
  expect(cpu.state.rip).toBe(PAGE + 0x10);
  return Number(cpu.state.gpr(R.cx));
};

const prepared = async (bytes: readonly number[]): Promise<Cpu> => {
  const cpu = new Cpu(new WebAssembly.Memory({ initial: MEMORY_PAGES, maximum: MEMORY_PAGES }), await freshCode());
  cpu.segments.tables = descriptorTables;
  cpu.segments.loadCode(selector.userCode64);
  cpu.setAddressSpace({
    translate: (address, how) => {
      if (address < PAGE || address >= PAGE + 2 * 4096) return -5;
      return layout.frames + (address < PAGE + 4096 ? 0 : 4096) + (how === access.write ? cacheWrite : 0);
    },
  });
  cpu.state.u8.set(bytes, layout.frames);
  return cpu;
};

test("a region has no rarely executed block", async () => {
  const cpu = await prepared(code);
  cpu.engine = "interpret";
  expect(run(cpu, 100_000)).toBe(97);
  const regions: BlockGraph[] = [];
  cpu.jit.onRegion = (graph) => regions.push(graph);
  cpu.engine = "jit";
  expect(cpu.jit.compile(PAGE)).toBe(true);
  // The execution count of the block that HLT ends is not known, so the block is included.
  expect([...regions[0]!.blocks.keys()].sort()).toEqual([PAGE, PAGE + 0xb, PAGE + 0x10]);

  const before = cpu.instructions;
  expect(run(cpu, 100_000)).toBe(97);
  // Five instructions per iteration without the last HLT, and two more on the rare path.
  expect(cpu.instructions - before).toBe(5 * 100_000 + 2 * 97);
  expect(regions.some((graph) => graph.blocks.has(RARE))).toBe(false);
});

// again: cmp rbx, rsi; jae middle; inc rcx; middle: inc rbx; dec rdi; jnz again; hlt
const middle = [0x48, 0x39, 0xf3, 0x73, 0x03, 0x48, 0xff, 0xc1, 0x48, 0xff, 0xc3, 0x48, 0xff, 0xcf, 0x75, 0xf0, 0xf4];

test("a rare entry into the middle of a region's block joins the region when it becomes frequent", async () => {
  const cpu = await prepared(middle);
  const go = (rounds: number, from: number): void => {
    cpu.state.rip = PAGE;
    cpu.state.setGpr(R.bx, 0);
    cpu.state.setGpr(R.cx, 0);
    cpu.state.setGpr(R.si, from);
    cpu.state.setGpr(R.di, rounds);
    while (cpu.run(1_000_000) !== exit.fault);
    expect(Number(cpu.state.gpr(R.cx))).toBe(Math.min(rounds, from));
  };
  go(1_000_000, 1_000_000);
  expect(cpu.jit.stats.regions).toBe(1);
  const before = cpu.interpreted;
  go(2_000_000, 0);
  expect(cpu.interpreted - before).toBeLessThan(1_000_000);
});

// As glibc's __memcpy_chk falls through into memcpy: a function in the middle of another function's region
// still gets a region of its own.
const checkedFirst = assemble("again: call rax\ndec rdi\njnz again\nhlt\nchecked: cmp rbx, rcx\njb again\nnop\nplain: inc rbx\nret", {
  mode: 64,
  at: PAGE,
});

test("a function that another one falls through into gets its own entry", async () => {
  const cpu = await prepared([...checkedFirst.bytes]);
  const label = (name: string): number => checkedFirst.labels.get(name)!;
  const go = (rounds: number, callee: string): void => {
    start(cpu, { ax: label(callee), sp: STACK, bx: 0, cx: 0, di: rounds });
    while (cpu.run(1_000_000) !== exit.fault);
    expect(Number(cpu.state.gpr(R.bx))).toBe(rounds);
  };
  go(400_000, "checked");
  const before = cpu.interpreted;
  go(400_000, "plain");
  // Until it is hot.
  expect(cpu.interpreted - before).toBeLessThan(300_000);
});

const nested = assemble(
  "again: call rax\ndec rdi\njnz again\nhlt\nouter: mov edx, esi\ntest edx, edx\njz leave\nxor r8d, r8d\ninner: inc rbx\ndec edx\njnz inner\nleave: inc rcx\nret",
  {
    mode: 64,
    at: PAGE,
  },
);

test("a loop that was hot before its function joins the function's region", async () => {
  const cpu = await prepared([...nested.bytes]);
  const label = (name: string): number => nested.labels.get(name)!;
  const regions: BlockGraph[] = [];
  cpu.jit.onRegion = (graph) => regions.push(graph);
  const go = (calls: number, rounds: number): void => {
    start(cpu, { ax: label("outer"), sp: STACK, bx: 0, cx: 0, di: calls, si: rounds });
    while (cpu.run(1_000_000) !== exit.fault);
    expect([cpu.state.gpr(R.bx), cpu.state.gpr(R.cx)].map(Number)).toEqual([calls * rounds, calls]);
  };
  const has = (...names: string[]): boolean => regions.some(({ blocks }) => names.every((name) => blocks.has(label(name))));
  go(2, 1_000_000);
  expect([has("inner"), has("outer")]).toEqual([true, false]);
  go(100_000, 10);
  expect(has("outer", "inner")).toBe(true);
});

// A branch to the next instruction: both of its edges lead to one block.
const toNext = assemble(
  `again: ${Array.from({ length: 40 }, (_, n) => `cmp ebx, 1\njz next${n}\nnext${n}: inc ecx\n`).join("")}dec rdi\njnz again\nhlt`,
  {
    mode: 64,
    at: PAGE,
  },
);

test("the code of a region is linear in its instructions if branches lead to the next one", async () => {
  const cpu = await prepared([...toNext.bytes]);
  const sizes: number[] = [];
  cpu.jit.onRegion = (_, wasm) => sizes.push(wasm.length);
  start(cpu, { bx: 0, cx: 0, di: 1000 });
  expect(cpu.jit.compile(PAGE)).toBe(true);
  while (cpu.run(1_000_000) !== exit.fault);
  expect(Number(cpu.state.gpr(R.cx))).toBe(40_000);
  expect(Math.max(...sizes)).toBeLessThan(40_000);
});
