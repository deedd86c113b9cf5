// The jump cache as the dispatcher keeps it: addresses that meet in it, pages whose code goes, code that has become stale.
import { beforeEach, expect, test } from "vitest";
import { JumpCache } from "../../src/cpu/jump-cache.ts";
import { jumpCache, layout, record } from "../../src/cpu/layout.ts";
import { cpuModel, defaultModel } from "../../src/cpu/model.ts";
import { special } from "../../src/cpu/slots.ts";
import { State } from "../../src/cpu/state.ts";
import { MEMORY_PAGES } from "../../tools/oracle/emulate.ts";

const placeOf = (low: number): number => (Math.imul(low, jumpCache.hash) >>> jumpCache.shift) & ((jumpCache.entries - 1) * jumpCache.size);
const FIRST = 0x7fff_0040_1230;
/** Another address with the same place, in a page far off. */
const meets = (first: number): number => {
  for (let ip = first + 0x10_0000; ; ip++) if (placeOf(ip | 0) === placeOf(first | 0)) return ip;
};
const rec = (n: number): number => layout.records + n * record.size;
const pageOf = (ip: number): number => Math.floor(ip / 4096);

let state: State;
let cache: JumpCache;
beforeEach(() => {
  state = new State(new WebAssembly.Memory({ initial: MEMORY_PAGES, maximum: MEMORY_PAGES }), cpuModel(defaultModel)!);
  cache = new JumpCache(state);
});
const at = (ip: number): number => cache.at(ip | 0, Math.floor(ip / 2 ** 32));
const poison = (r: number): void => void (state.u32[(r + record.handler) >> 2] = special.stale);

test("of two addresses that meet, the one that is not there is known all the same", () => {
  const second = meets(FIRST);
  cache.put(FIRST, rec(1));
  expect(cache.displaced(FIRST)).toBe(0);
  cache.put(second, rec(2));
  expect([at(FIRST), at(second)]).toEqual([0, rec(2)]);
  expect(cache.displaced(FIRST)).toBe(rec(1));
  expect([at(FIRST), at(second)]).toEqual([rec(1), 0]);
  expect(cache.displaced(second)).toBe(rec(2));
  poison(rec(1));
  expect(cache.displaced(FIRST)).toBe(0);
});

test.each([0, 1])("what begins in a page goes with it, and with the next one, into which it may reach: %i", (next) => {
  const second = meets(FIRST);
  cache.put(FIRST, rec(1));
  cache.put(FIRST + 2 * 4096, rec(3));
  cache.put(second, rec(2));
  cache.flushPages([pageOf(FIRST) + next]);
  expect([cache.displaced(FIRST), at(second), at(FIRST + 2 * 4096)]).toEqual([0, rec(2), rec(3)]);
  cache.flushPages([pageOf(second) + next]);
  expect(at(second)).toBe(0);
  cache.put(FIRST, rec(1));
  expect(at(FIRST)).toBe(rec(1));
  cache.flush();
  expect([at(FIRST), at(FIRST + 2 * 4096), cache.displaced(second)]).toEqual([0, 0, 0]);
});

test("what is forgotten is not known any more, there or displaced", () => {
  const second = meets(FIRST);
  cache.put(FIRST, rec(1));
  cache.put(second, rec(2));
  cache.forget(FIRST);
  expect([cache.displaced(FIRST), at(second)]).toEqual([0, rec(2)]);
  cache.forget(second);
  expect([at(second), cache.displaced(second)]).toEqual([0, 0]);
});

test("a page's targets are found again where a frame was mapped long ago, if control came there since", () => {
  const code = layout.frames;
  const home = pageOf(FIRST);
  cache.arrived(code, home, FIRST, rec(1));
  for (let n = 1; n <= 20; n++) {
    cache.arrived(code, home + n, FIRST + n * 4096, rec(1 + n));
    cache.flush();
    cache.recall(code, home);
    expect(at(FIRST)).toBe(rec(1));
  }
  cache.recall(code, home + 1);
  expect(at(FIRST + 4096)).toBe(0);
});
