// Links that spare the dispatcher: the successor of a conditional branch that is not taken, in its page and
// in the next.
import { beforeAll, expect, it } from "vitest";
import type { CpuCode } from "../../src/cpu/cpu.ts";
import { FrameBlocks } from "../../src/cpu/interp/frame-blocks.ts";
import { exit } from "../../src/cpu/machine/exit.ts";
import { layout } from "../../src/cpu/machine/layout.ts";
import { R } from "../../src/cpu/machine/state.ts";
import { freshCode } from "../../tools/oracle/code.ts";
import { flatCpu } from "./jit/flat.ts";

let code: CpuCode;
beforeAll(async () => {
  code = await freshCode();
});

/** dec ecx; jz to the int3 behind the jump; jmp to dec */
const loop = [0xff, 0xc9, 0x74, 0x02, 0xeb, 0xfa, 0xcc];
it.each([
  [64, 100, 0x7fff_0000_0000, false],
  [64, 4092, 0x7fff_0000_0000, false],
  [32, 100, 0x804_8000, false],
  [32, 4092, 0x804_8000, false],
  // The low half of the next address is 0, as where there is none.
  [64, 4092, 0xffff_f000, true],
] as const)("in %i-bit code at %i of a page", (bits, place, page, asks) => {
  const cpu = flatCpu(code, "interpret", bits);
  cpu.setAddressSpace({ translate: (address) => (address >= page && address < page + 8192 ? layout.frames + address - page : -5) });
  cpu.state.u8.set(loop, layout.frames + place);
  const rounds = (): number => {
    cpu.state.setGpr(R.cx, 1000);
    cpu.state.rip = page + place;
    const before = cpu.exitCounts.reduce((n, m) => n + m, 0);
    const instructions = cpu.instructions;
    expect(cpu.run(10_000)).toBe(exit.fault);
    expect(cpu.instructions - instructions).toBe(3000);
    return cpu.exitCounts.reduce((n, m) => n + m, 0) - before;
  };
  // It comes back to grant more of the budget, too.
  expect([rounds() > 50, rounds() > 50]).toEqual([asks, asks]);
  cpu.flushTlb();
  expect(rounds() > 50).toBe(asks);
});

it("goes where the next page's code is, also when that has changed", () => {
  const page = 0x7fff_0000_0000;
  const cpu = flatCpu(code, "interpret", 64);
  let second = layout.frames + 4096;
  cpu.setAddressSpace({ translate: (address) => (address < page + 4096 ? layout.frames : second) });
  cpu.state.u8.set(loop.slice(0, 4), layout.frames + 4092);
  cpu.state.u8.set(loop.slice(4), second);
  // mov eax, 7; int3
  cpu.state.u8.set([0xb8, 7, 0, 0, 0, 0xcc], layout.frames + 8192);
  const run = (): number => {
    cpu.state.setGpr(R.cx, 1000);
    cpu.state.setGpr(R.ax, 1);
    cpu.state.rip = page + 4092;
    expect(cpu.run(10_000)).toBe(exit.fault);
    return cpu.state.gpr(R.ax);
  };
  expect([run(), run()]).toEqual([1, 1]);
  second = layout.frames + 8192;
  cpu.flushTlbPages(page + 4096, page + 8192);
  expect(run()).toBe(7);
});

it("finds the blocks of a frame by address and context, at all pages that map it", () => {
  const [first, other] = [0x7fff_1234_5000, 0x40_0000];
  const blocks = new FrameBlocks(first + 5);
  blocks.set(first + 5, 0, 100);
  blocks.set(first + 5, 1, 101);
  blocks.set(other + 5, 0, 102);
  blocks.setCrossing(first - 2, 103);
  expect([blocks.get(first + 5, 0), blocks.get(first + 5, 1), blocks.get(other + 5, 0), blocks.get(other + 5, 1)]).toEqual([
    100, 101, 102, 0,
  ]);
  const all: (readonly [number, number])[] = [];
  blocks.forEach((head, context) => {
    all.push([head, context]);
    return head !== 101;
  });
  expect(all).toEqual([
    [100, 0],
    [101, 1],
    [102, 0],
    [103, -1],
  ]);
  expect([blocks.get(first + 5, 0), blocks.get(first + 5, 1), blocks.get(other + 5, 0)]).toEqual([0, 101, 0]);
});
