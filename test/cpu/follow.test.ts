// Links that spare the dispatcher: the successor of a conditional branch that is not taken, in its page and
// in the next.
import { beforeAll, expect, it } from "vitest";
import type { Cpu, CpuCode } from "../../src/cpu/cpu.ts";
import { BlockTable } from "../../src/cpu/interp/block-table.ts";
import { exit } from "../../src/cpu/machine/exit.ts";
import { dispatch, layout, record } from "../../src/cpu/machine/layout.ts";
import { cpuModel, defaultModel } from "../../src/cpu/machine/model.ts";
import { R, State } from "../../src/cpu/machine/state.ts";
import { freshCode } from "../../tools/oracle/code.ts";
import { MEMORY_PAGES } from "../../tools/oracle/emulate.ts";
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

it.each([64, 32] as const)("the routine and the dispatcher find each other's blocks, %i-bit", (bits) => {
  const page = bits === 64 ? 0x7fff_0000_0000 : 0x804_8000;
  const cpu = flatCpu(code, "interpret", bits);
  cpu.setAddressSpace({ translate: (address) => (address >= page && address < page + 8192 ? layout.frames + address - page : -5) });
  // dec ecx; jz; jmp to the next, in turns on two pages, and int3 at the end.
  const places = Array.from({ length: 40 }, (_, n) => (n % 2) * 4096 + n * 64);
  places.forEach((place, n) => {
    const next = places[n + 1];
    const jump = next === undefined ? [0xcc] : [0xe9, ...new Uint8Array(new Int32Array([next - (place + 9)]).buffer)];
    cpu.state.u8.set([0xff, 0xc9, 0x74, 0x05, ...jump], layout.frames + place);
  });
  const run = (engine: (cpu: Cpu) => void): number => {
    engine(cpu);
    cpu.state.setGpr(R.cx, 1000);
    cpu.state.rip = page;
    expect(cpu.run(10_000)).toBe(exit.fault);
    expect(cpu.state.gpr(R.cx)).toBe(960);
    return cpu.blocks.decoded;
  };
  const first = run(() => {});
  const byRoutine = cpu.state.u32[(layout.dispatch + dispatch.blocks) >> 2] as number;
  expect([byRoutine > 30, first > byRoutine]).toEqual([true, true]);
  // The pages and the jump cache are forgotten, the blocks are not.
  expect([run((c) => c.flushTlb()), run((c) => c.flushTlb())]).toEqual([first, first]);
  // The dispatcher alone.
  expect(places.every((place) => cpu.blocks.headOf(page + place) !== 0)).toBe(true);
  // A change of a page drops its blocks, and no others.
  cpu.invalidateFrame(layout.frames + 4096);
  const again = run(() => {}) - first;
  expect([again > 20, again < first - 20]).toEqual([true, true]);
});

it("finds the blocks of a frame by address and context, at all pages that map it", () => {
  const [first, other, frame] = [0x7fff_1234_5000, 0x40_0000, layout.frames];
  const state = new State(new WebAssembly.Memory({ initial: MEMORY_PAGES, maximum: MEMORY_PAGES }), cpuModel(defaultModel)!);
  const blocks = new BlockTable(state);
  const head = (n: number): number => layout.records + 2 * n * record.size + record.size;
  blocks.set(frame, first + 5, 0, head(0));
  blocks.set(frame, first + 5, 1, head(1));
  blocks.set(frame, other + 5, 0, head(2));
  blocks.setCrossing(frame, first - 2, 0, head(3), head(3) - record.size);
  blocks.set(frame + 4096, first + 5, 0, head(4));
  const found = (): number[] => [
    blocks.get(frame, first + 5, 0),
    blocks.get(frame, first + 5, 1),
    blocks.get(frame, other + 5, 0),
    blocks.get(frame, other + 5, 1),
    blocks.get(frame, first - 2, 0),
  ];
  expect(found()).toEqual([head(0), head(1), head(2), 0, 0]);
  const all: (readonly [number, number])[] = [];
  blocks.forEach(frame, (found, context) => {
    all.push([found, context]);
    return found !== head(1);
  });
  expect(all.sort(([a], [b]) => a - b)).toEqual([
    [head(0), 0],
    [head(1), 1],
    [head(2), 0],
    [head(3), -1],
  ]);
  expect(found()).toEqual([0, head(1), 0, 0, 0]);
  expect(blocks.get(frame + 4096, first + 5, 0)).toBe(head(4));
});
