// The kernel's objects outside of frames are a part of the same memory.
import { expect, test } from "vitest";
import { Frames, PAGE_SIZE } from "../../src/memory/frames.ts";

const frames = (): Frames => new Frames(new WebAssembly.Memory({ initial: 128, maximum: 128 }), 0);

test("a charge takes frames away, and gives them back", () => {
  const f = frames();
  const before = f.free;
  expect(f.account.take(100 * PAGE_SIZE)).toBe(true);
  expect(f.free).toBeLessThanOrEqual(before - 100);
  f.account.give(100 * PAGE_SIZE);
  expect(f.free).toBeGreaterThan(before - 100);
  expect(f.inUse).toBe(1);
});

test("there is no room beyond the memory, and a refused charge changes nothing", () => {
  const f = frames();
  expect(f.account.take((f.total - 1) * PAGE_SIZE)).toBe(true);
  expect(f.account.take(PAGE_SIZE)).toBe(false);
  expect(f.account.charged).toBe((f.total - 1) * PAGE_SIZE);
  expect(f.alloc()).toBe(0);
});

test("what cannot be refused is told of, and no page can be had until there is room", () => {
  const f = frames();
  let told = 0;
  f.account.killer = { outOfMemory: () => told++ };
  f.account.force((f.total + 10) * PAGE_SIZE);
  expect(told).toBe(1);
  expect(f.short).toBe(true);
  f.account.give(f.total * PAGE_SIZE);
  expect(f.short).toBe(false);
  expect(f.alloc()).not.toBe(0);
});

test("frames that were used once count against objects, but for a reserve: the host never gets them back", () => {
  const f = frames();
  const all: number[] = [];
  for (let frame = f.alloc(); frame !== 0; frame = f.alloc()) all.push(frame);
  for (const frame of all) f.release(frame);
  expect(f.account.take((f.total >> 2) * PAGE_SIZE)).toBe(true);
  expect(f.account.take((f.total >> 1) * PAGE_SIZE)).toBe(false);
  expect(f.alloc()).not.toBe(0);
});

test("what may be freed is asked first", () => {
  const f = frames();
  expect(f.account.take((f.total - 1) * PAGE_SIZE)).toBe(true);
  f.reclaimers.add({
    reclaim: () => {
      f.account.give(20 * PAGE_SIZE);
      return 20;
    },
  });
  expect(f.account.take(10 * PAGE_SIZE)).toBe(true);
});
