// The jump cache as the dispatcher keeps it: addresses that meet in it, pages whose code goes, code that has
// become stale.
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { CpuCode } from "../../src/cpu/cpu.ts";
import { special } from "../../src/cpu/decode/operand-slots.ts";
import { BlockTable } from "../../src/cpu/interp/block-table.ts";
import { JumpCache } from "../../src/cpu/interp/jump-cache.ts";
import { exitCode } from "../../src/cpu/machine/exit.ts";
import { jumpCache, layout, record } from "../../src/cpu/machine/layout.ts";
import { cpuModel, defaultModel } from "../../src/cpu/machine/model.ts";
import { R, State } from "../../src/cpu/machine/state.ts";
import { freshCode } from "../../tools/oracle/code.ts";
import { MEMORY_PAGES } from "../../tools/oracle/emulate.ts";
import { flatCpu } from "./jit/flat.ts";

const placeOf = (low: number): number => (Math.imul(low, jumpCache.hash) >>> jumpCache.shift) & ((jumpCache.entries - 1) * jumpCache.size);
const FIRST = 0x7fff_0040_1230;
/** Another address with the same place, in a page far off. */
const meets = (first: number): number => {
  for (let ip = first + 0x10_0000; ; ip++) if (placeOf(ip | 0) === placeOf(first | 0)) return ip;
};
const rec = (n: number): number => layout.records + n * record.size;
const pageOf = (ip: number): number => Math.floor(ip / 4096);

let state: State;
let blocks: BlockTable;
let cache: JumpCache;
beforeEach(() => {
  state = new State(new WebAssembly.Memory({ initial: MEMORY_PAGES, maximum: MEMORY_PAGES }), cpuModel(defaultModel)!);
  blocks = new BlockTable(state);
  cache = new JumpCache(state, blocks);
});
const at = (ip: number): number => cache.at(ip | 0, Math.floor(ip / 2 ** 32));
const poison = (r: number): void => void (state.u32[(r + record.handler) >> 2] = special.stale);

test("of three addresses that meet two are there, and the third is known all the same", () => {
  const second = meets(FIRST);
  const third = meets(second);
  cache.put(FIRST, rec(1));
  expect(cache.displaced(FIRST)).toBe(0);
  cache.put(second, rec(2));
  expect([at(FIRST), at(second)]).toEqual([rec(1), rec(2)]);
  cache.put(third, rec(3));
  expect([at(FIRST), at(second), at(third)]).toEqual([0, rec(2), rec(3)]);
  expect(cache.displaced(FIRST)).toBe(rec(1));
  expect([at(FIRST), at(second), at(third)]).toEqual([rec(1), 0, rec(3)]);
  expect(cache.displaced(second)).toBe(rec(2));
  poison(rec(2));
  expect(cache.displaced(second)).toBe(0);
});

test("an address in the second place goes to its own again, and has but one", () => {
  const second = meets(FIRST);
  cache.put(FIRST, rec(1));
  cache.put(second, rec(2));
  expect(cache.displaced(FIRST)).toBe(rec(1));
  expect([at(FIRST), at(second)]).toEqual([rec(1), rec(2)]);
  cache.forget(second);
  cache.put(FIRST, rec(3));
  expect([at(FIRST), at(second), cache.displaced(second)]).toEqual([rec(3), 0, 0]);
  cache.put(second, rec(2));
  cache.forget(second);
  cache.put(FIRST, rec(4));
  cache.forget(FIRST);
  expect([at(FIRST), cache.displaced(FIRST)]).toEqual([0, 0]);
});

test.each([0, 1])("what begins in a page goes with it, and with the next one, into which it may reach: %i", (next) => {
  const second = meets(FIRST);
  const third = meets(second);
  cache.put(FIRST, rec(1));
  cache.put(FIRST + 2 * 4096, rec(3));
  cache.put(second, rec(2));
  cache.put(third, rec(4));
  cache.flushPages([pageOf(FIRST) + next]);
  expect([at(FIRST), cache.displaced(FIRST), cache.displaced(second), at(FIRST + 2 * 4096)]).toEqual([0, 0, rec(2), rec(3)]);
  cache.flushPages([pageOf(second) + next]);
  expect([at(second), at(third)]).toEqual([0, rec(4)]);
  cache.put(FIRST, rec(1));
  expect(at(FIRST)).toBe(rec(1));
  cache.flush();
  expect([at(FIRST), at(FIRST + 2 * 4096), cache.displaced(third)]).toEqual([0, 0, 0]);
});

test("what is forgotten is not known any more, there or displaced", () => {
  const second = meets(FIRST);
  const third = meets(second);
  cache.put(FIRST, rec(1));
  cache.put(second, rec(2));
  cache.put(third, rec(3));
  cache.forget(FIRST);
  expect([at(FIRST), cache.displaced(FIRST), at(third)]).toEqual([0, 0, rec(3)]);
  cache.forget(second);
  expect([cache.displaced(second), at(third)]).toEqual([0, rec(3)]);
  cache.forget(third);
  expect([at(third), cache.displaced(third)]).toEqual([0, 0]);
});

test("a page's targets are found again where a frame was mapped long ago, and in that page and context only", () => {
  const frame = layout.frames;
  const home = pageOf(FIRST);
  for (let n = 0; n <= 20; n++) {
    blocks.set(frame, FIRST + n * 4096, 0, rec(2 * n + 1));
    blocks.setTarget(frame, FIRST + n * 4096, 0);
    cache.flush();
    cache.recall(frame, 0, home);
    expect(at(FIRST)).toBe(rec(1));
  }
  expect(at(FIRST + 4096)).toBe(0);
  cache.recall(frame, 1, home + 1);
  expect(at(FIRST + 4096)).toBe(0);
  cache.recall(frame, 0, home + 1);
  expect(at(FIRST + 4096)).toBe(rec(3));
  blocks.set(frame, FIRST + 8, 0, rec(101));
  cache.recall(frame, 0, home);
  expect(at(FIRST + 8)).toBe(0);
});

describe("generated code", () => {
  let code: CpuCode;
  beforeAll(async () => {
    code = await freshCode();
  });
  const registers = [R.cx, R.dx, R.bx, R.si, R.di];
  test.each([
    ["interpret", 2],
    ["jit", 2],
    ["interpret", 5],
    ["jit", 5],
  ] as const)("engine %s: control goes around %i addresses that meet, and the dispatcher hears nothing of it", (engine, count) => {
    const cpu = flatCpu(code, engine, 64);
    const ips = [FIRST];
    while (ips.length < count) ips.push(meets(ips.at(-1)!));
    const frames = new Map(ips.map((ip, n) => [pageOf(ip), layout.frames + n * 4096]));
    cpu.setAddressSpace({ translate: (address) => frames.get(pageOf(address)) ?? -5 });
    ips.forEach((ip, n) => {
      cpu.state.u8.set([0xff, 0xe0 + registers[n]!], layout.frames + n * 4096 + (ip % 4096)); // jmp
      cpu.state.setGpr(registers[n]!, ips[(n + 1) % count]!);
    });
    cpu.state.rip = FIRST;
    cpu.run(100_001);
    expect([cpu.instructions, cpu.state.rip]).toEqual([100_001, ips[100_001 % count]]);
    expect(cpu.exitCounts[exitCode.jumped]).toBeLessThan(20);
  });
});
