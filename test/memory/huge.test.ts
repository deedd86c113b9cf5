// Huge pages from the inside: what Linux loses (reservations of a mapping of which a part moves), frames that
// come back, and pages of code.
import { expect, test } from "vitest";
import { access } from "../../src/cpu/machine/mmu.ts";
import { mmap, mremap, munmap } from "../../src/memory/calls/index.ts";
import { type Frames, PAGE_SIZE } from "../../src/memory/frames.ts";
import { HUGE_FRAMES, HUGE_SIZE, hugePool } from "../../src/memory/huge/pool.ts";
import { layoutFor } from "../../src/memory/layout.ts";
import { AddressSpace } from "../../src/memory/space.ts";
import { MAP, PROT } from "../../src/memory/vma.ts";
import { world } from "./world.ts";

const RW = PROT.READ | PROT.WRITE;
const space64 = (frames: Frames): AddressSpace => new AddressSpace(frames, layoutFor(64, 8 << 20));
const map = (space: AddressSpace, pages: number, prot: number = RW, flags: number = MAP.PRIVATE): number =>
  mmap(space, { at: 0, length: pages * HUGE_SIZE, prot, flags: flags | MAP.ANONYMOUS | MAP.HUGETLB, offset: 0, compat: false });
const withPool = (pages: number): Frames => {
  const { frames } = world(64 << 20);
  hugePool(frames).resize(pages);
  expect(hugePool(frames).total).toBe(pages);
  return frames;
};
const numbers = (frames: Frames): number[] => {
  const { total, free, reserved, surplus } = hugePool(frames);
  return [total, free, reserved, surplus];
};

test("reservations stay right when the middle of a mapping moves", () => {
  const frames = withPool(5);
  const space = space64(frames);
  const at = map(space, 3);
  space.setU32(at + HUGE_SIZE, 6);
  const to = at + 64 * HUGE_SIZE;
  expect(mremap(space, at + HUGE_SIZE, HUGE_SIZE, HUGE_SIZE, 3, to, false)).toBe(to);
  expect(space.u32(to)).toBe(6);
  expect(numbers(frames)).toEqual([5, 4, 2, 0]);
  munmap(space, to, HUGE_SIZE);
  munmap(space, at, HUGE_SIZE);
  munmap(space, at + 2 * HUGE_SIZE, HUGE_SIZE);
  expect(numbers(frames)).toEqual([5, 5, 0, 0]);
});
test("every frame comes back, in each order of the ends", () => {
  const { frames } = world(64 << 20);
  // The account keeps some pages after its first charge.
  const first = space64(frames);
  first.setU32(mmap(first, { at: 0, length: PAGE_SIZE, prot: RW, flags: MAP.PRIVATE | MAP.ANONYMOUS, offset: 0, compat: false }), 1);
  first.release();
  const { free, inUse } = frames;
  hugePool(frames).resize(6);
  const parent = space64(frames);
  const own = map(parent, 2);
  const shared = map(parent, 2, RW, MAP.SHARED);
  parent.setU32(own, 1);
  parent.setU32(shared, 2);
  const child = parent.fork();
  child.setU32(own, 3);
  child.setU32(shared + HUGE_SIZE, 4);
  expect([parent.u32(own), child.u32(own), parent.u32(shared + HUGE_SIZE)]).toEqual([1, 3, 4]);
  expect(parent.table.huge).toBe(3 * HUGE_FRAMES);
  parent.release();
  expect(child.u32(shared)).toBe(2);
  child.release();
  expect(numbers(frames)).toEqual([6, 6, 0, 0]);
  hugePool(frames).resize(0);
  expect([frames.free, frames.inUse]).toEqual([free, inUse]);
});
test("the pool leaves memory for others", () => {
  const { frames } = world(64 << 20);
  hugePool(frames).resize(1000);
  expect(hugePool(frames).total * HUGE_FRAMES).toBeGreaterThan(frames.total / 2);
  expect(frames.free).toBeGreaterThanOrEqual(frames.total >> 5);
});
test("code of a huge page is not mapped in part", () => {
  const frames = withPool(2);
  const space = space64(frames);
  const at = map(space, 1, RW | PROT.EXEC, MAP.SHARED);
  space.setU32(at + PAGE_SIZE, 0x90);
  const child = space.fork();
  const frame = space.translate(at + PAGE_SIZE, access.execute);
  child.dropPages(child.find(at) as NonNullable<ReturnType<AddressSpace["find"]>>);
  const page = frame - (frame % PAGE_SIZE);
  expect(child.otherCode([at + PAGE_SIZE], [page])).toEqual([at + PAGE_SIZE]);
  expect(child.table.get(at + PAGE_SIZE)).toBe(0);
});
