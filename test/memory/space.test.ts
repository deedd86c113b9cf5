// An address space from the inside: copy-on-write, frames, limits, messages to the CPU, and the kernel's
// access to user memory.
import { describe, expect, test } from "vitest";
import { MREMAP } from "../../src/abi/uapi/mman.ts";
import { directMap, layout } from "../../src/cpu/machine/layout.ts";
import { access, cacheMore, cacheWrite, type TranslationListener } from "../../src/cpu/machine/mmu.ts";
import { mmap, mprotect, mremap, munmap } from "../../src/memory/calls/index.ts";
import { Frames, PAGE_SIZE } from "../../src/memory/frames.ts";
import { layoutFor } from "../../src/memory/layout.ts";
import { defaultLimits, type Limits } from "../../src/memory/limits.ts";
import { AddressSpace } from "../../src/memory/space.ts";
import { MAP, PROT } from "../../src/memory/vma.ts";
import { mapped, TestFile, world } from "./world.ts";

const RW = PROT.READ | PROT.WRITE;
const ANON = MAP.PRIVATE | MAP.ANONYMOUS;
const space64 = (frames: Frames, limits?: Limits): AddressSpace => new AddressSpace(frames, layoutFor(64, 8 << 20), limits);
const map = (space: AddressSpace, length: number, prot: number = RW, flags: number = ANON): number =>
  mmap(space, { at: 0, length, prot, flags, offset: 0, compat: false });

test("has a color of its own from its first page on, and a fork has its parent's", () => {
  const { frames } = world(4 << 20);
  const empty = space64(frames);
  const first = space64(frames);
  first.setU32(map(first, PAGE_SIZE), 1);
  const child = first.fork();
  const second = space64(frames);
  expect([empty.color, first.color, child.color]).toEqual([0, 0, 0]);
  expect(second.color).not.toBe(0);
  empty.release();
  first.release();
  expect(space64(frames).color).not.toBe(0);
  child.release();
  expect(space64(frames).color).toBe(0);
});

test("settles: private pages move to their direct-mapped frames, with their content", () => {
  const { frames } = world(2 ** 31 - 65536);
  // Ended processes leave idle frames behind, which the next one gets first.
  const before = space64(frames);
  const used = map(before, 3000 * PAGE_SIZE);
  for (let n = 0; n < 3000; n++) before.setU32(used + n * PAGE_SIZE, n);
  before.release();
  const space = new AddressSpace(frames, layoutFor(64, 8 << 20), defaultLimits, 3 * 2 ** 25);
  space.activate();
  const own = map(space, 600 * PAGE_SIZE);
  const shared = map(space, PAGE_SIZE, RW, MAP.SHARED | MAP.ANONYMOUS);
  space.setU32(shared, 7);
  for (let n = 0; n < 600; n++) space.setU32(own + n * PAGE_SIZE, n + 1);
  const child = space.fork();
  for (let n = 500; n < 600; n++) child.setU32(own + n * PAGE_SIZE, 5000 + n);
  const isHome = (page: number): boolean => (space.translate(page, access.read) & ~0xfff) === space.directAddress(page);
  const home = (from: number, to: number): number => {
    let count = 0;
    for (let n = from; n < to; n++) if (isHome(own + n * PAGE_SIZE)) count++;
    return count;
  };
  const { inUse } = frames;
  const [few, place] = [home(500, 600), space.translate(shared, access.read)];
  expect(few).toBeLessThan(50);
  const still = home(0, 500);
  space.settle(20e6);
  expect(home(500, 600)).toBeGreaterThan(90);
  // Pages that the child has too stay where they are, and so do shared ones.
  expect(home(0, 500)).toBe(still);
  expect(space.translate(shared, access.read)).toBe(place);
  expect(frames.inUse).toBe(inUse);
  for (let n = 0; n < 600; n++) expect(space.u32(own + n * PAGE_SIZE)).toBe(n + 1);
  expect(child.u32(own)).toBe(1);
  // From now on its new pages are at home at once.
  const more = map(space, 20 * PAGE_SIZE);
  space.setU32(more, 1);
  expect(isHome(more)).toBe(true);
});

test("a long process has its pages at home after mremap, and where an unmapped file had the frame", () => {
  const { frames } = world(2 ** 31 - 65536);
  const space = space64(frames);
  space.activate();
  const isHome = (page: number): boolean => (space.translate(page, access.read) & ~0xfff) === space.directAddress(page);
  // Memory gets the address of a file that is unmapped, but still cached.
  const file = new TestFile(new Uint8Array(PAGE_SIZE).fill(9));
  const other = new TestFile(new Uint8Array(PAGE_SIZE).fill(8));
  const at = mmap(space, {
    at: 0,
    length: PAGE_SIZE,
    prot: PROT.READ,
    flags: MAP.PRIVATE,
    file: mapped(file, "/f"),
    offset: 0,
    compat: false,
  });
  expect([space.u32(at) & 255, isHome(at)]).toEqual([9, true]);
  munmap(space, at, PAGE_SIZE);
  mmap(space, { at, length: PAGE_SIZE, prot: RW, flags: ANON | MAP.FIXED, offset: 0, compat: false });
  // The first page of memory at the address makes the cached page leave, as long as that is rare.
  space.setU32(at, 7);
  expect([space.u32(at), isHome(at)]).toEqual([7, true]);
  munmap(space, at, PAGE_SIZE);
  mmap(space, {
    at,
    length: PAGE_SIZE,
    prot: PROT.READ,
    flags: MAP.PRIVATE | MAP.FIXED,
    file: mapped(other, "/g"),
    offset: 0,
    compat: false,
  });
  expect([space.u32(at) & 255, isHome(at)]).toEqual([8, true]);
  munmap(space, at, PAGE_SIZE);
  mmap(space, { at, length: PAGE_SIZE, prot: RW, flags: ANON | MAP.FIXED, offset: 0, compat: false });
  space.roomMade = 99;
  space.setU32(at, 7);
  expect(isHome(at)).toBe(false);
  space.settle(20e6);
  expect([space.u32(at), isHome(at)]).toEqual([7, true]);
  const again = mmap(space, {
    at: 0,
    length: PAGE_SIZE,
    prot: PROT.READ,
    flags: MAP.PRIVATE,
    file: mapped(file, "/f"),
    offset: 0,
    compat: false,
  });
  expect(space.u32(again) & 255).toBe(9);

  const block = map(space, 8 * PAGE_SIZE);
  map(space, PAGE_SIZE, RW, ANON);
  for (let n = 0; n < 8; n++) space.setU32(block + n * PAGE_SIZE, n + 1);
  const moved = mremap(space, block, 8 * PAGE_SIZE, 4096 * PAGE_SIZE, MREMAP.MAYMOVE, 0, false);
  expect(moved).not.toBe(block);
  for (let n = 0; n < 8; n++) expect([space.u32(moved + n * PAGE_SIZE), isHome(moved + n * PAGE_SIZE)]).toEqual([n + 1, true]);
});

describe("fork", () => {
  test("shares pages until one side writes, and then neither sees the other's", () => {
    const { frames } = world(4 << 20);
    const parent = space64(frames);
    const at = map(parent, 3 * PAGE_SIZE);
    parent.setU32(at, 1);
    const used = frames.inUse;
    const child = parent.fork();
    expect(frames.inUse).toBe(used);
    child.setU32(at, 2);
    expect([parent.u32(at), child.u32(at)]).toEqual([1, 2]);
    expect(frames.inUse).toBe(used + 1);
    parent.setU32(at, 3);
    expect([parent.u32(at), child.u32(at)]).toEqual([3, 2]);
    // The parent was the last to hold the old frame: it wrote in place.
    expect(frames.inUse).toBe(used + 1);
  });

  test("shares what is shared, leaves out MADV_DONTFORK and wipes MADV_WIPEONFORK", async () => {
    const { madvise } = await import("../../src/memory/calls/index.ts");
    const { frames } = world(4 << 20);
    const parent = space64(frames);
    const shared = map(parent, PAGE_SIZE, RW, MAP.SHARED | MAP.ANONYMOUS);
    const gone = map(parent, PAGE_SIZE);
    const wiped = map(parent, PAGE_SIZE);
    for (const at of [shared, gone, wiped]) parent.setU32(at, 7);
    madvise(parent, gone, PAGE_SIZE, 10);
    madvise(parent, wiped, PAGE_SIZE, 18);
    const child = parent.fork();
    expect([child.u32(shared), child.u32(gone), child.u32(wiped)]).toEqual([7, -1, 0]);
    child.setU32(shared, 9);
    expect(parent.u32(shared)).toBe(9);
  });

  test("leave a file's page that is written after it was read where it is at home, and the file has the copy", () => {
    const { frames } = world(layout.window + (64 << 20));
    const data = new TestFile(new Uint8Array(2 * PAGE_SIZE).fill(5));
    const file = mapped(data, "/f");
    const open = (flags: number = MAP.PRIVATE | MAP.FIXED) => {
      const space = space64(frames);
      const at = mmap(space, { at: 0x40_0000, length: 2 * PAGE_SIZE, prot: RW, flags, file, offset: 0, compat: false });
      return { space, at, frame: (page = 0) => space.translate(at + page * PAGE_SIZE, access.read) & ~0xfff };
    };
    const used = frames.inUse;
    const one = open();
    const [read, written] = [one.frame(), one.space.directAddress(one.at)];
    expect(read).toBe(written);
    one.space.setU8(one.at, 6);
    expect(one.frame()).toBe(written);
    expect(frames.inUse).toBe(used + 2);
    // No other process sees that, and this one does not see later writes to the file.
    const two = open();
    expect(two.space.u8(two.at)).toBe(5);
    data.pwrite(0, Uint8Array.of(7));
    expect([one.space.u8(one.at), two.space.u8(two.at)]).toEqual([6, 7]);
    // A process that shares the page with others, or with a child, writes to its own copy.
    two.space.setU8(two.at, 8);
    const shares = open(MAP.SHARED | MAP.FIXED);
    expect([one, two, shares].map(({ space, at }) => space.u8(at))).toEqual([6, 8, 7]);
    const three = open();
    for (const { frame } of [one, three]) frame(1);
    const child = one.space.fork();
    three.space.setU8(three.at + PAGE_SIZE, 1);
    child.setU8(one.at + PAGE_SIZE, 2);
    one.space.setU8(one.at + PAGE_SIZE, 3);
    expect([one.space, child, three.space, shares.space].map((space) => space.u8(one.at + PAGE_SIZE))).toEqual([3, 2, 1, 5]);
    expect([data.bytes[0], data.bytes[PAGE_SIZE]]).toEqual([7, 5]);
    // A page that is written at once is direct-mapped as well.
    const other = mapped(new TestFile(new Uint8Array(PAGE_SIZE).fill(9)), "/g");
    const last = mmap(one.space, {
      at: 0x50_0000,
      length: PAGE_SIZE,
      prot: RW,
      flags: MAP.PRIVATE | MAP.FIXED,
      file: other,
      offset: 0,
      compat: false,
    });
    one.space.setU8(last + 1, 1);
    expect(one.space.translate(last, access.read) & ~0xfff).toBe(one.space.directAddress(last));
    expect([one.space.u8(last), one.space.u8(last + 1)]).toEqual([9, 1]);
  });

  test("and exit give every frame back", () => {
    const { frames } = world(4 << 20);
    const used = frames.inUse;
    const parent = space64(frames);
    const file = mapped(new TestFile(new Uint8Array(10_000)), "/f");
    const private_ = mmap(parent, { at: 0, length: 10_000, prot: RW, flags: MAP.PRIVATE, file, offset: 0, compat: false });
    const shared = map(parent, 8 * PAGE_SIZE, RW, MAP.SHARED | MAP.ANONYMOUS);
    for (let i = 0; i < 3; i++) parent.setU8(private_ + i * PAGE_SIZE, i);
    for (let i = 0; i < 8; i++) parent.setU8(shared + i * PAGE_SIZE, i);
    const child = parent.fork();
    for (let i = 0; i < 3; i++) child.setU8(private_ + i * PAGE_SIZE, i + 1);
    parent.release();
    child.release();
    // The page cache keeps the file's pages for the next program that maps it; the file's end frees them.
    file.backing.pages?.drop();
    expect(frames.inUse).toBe(used);
  });
});

describe("frames", () => {
  test("come zeroed, also those that were used before", () => {
    const { frames } = world(4 << 20);
    const space = space64(frames);
    for (let round = 0; round < 3; round++) {
      const at = map(space, 16 * PAGE_SIZE);
      for (let i = 0; i < 16; i++) {
        expect(space.u32(at + i * PAGE_SIZE + 8)).toBe(0);
        space.setU32(at + i * PAGE_SIZE + 8, 0xffffffff);
      }
      munmap(space, at, 16 * PAGE_SIZE);
    }
  });

  test("that run out kill the process, and the pages of unmapped files are given up before that", () => {
    const frames = new Frames(new WebAssembly.Memory({ initial: 2 }), 0);
    frames.commitLimit = 1000;
    const space = space64(frames);
    const file = mapped(new TestFile(new Uint8Array(8 * PAGE_SIZE).fill(5)), "/f");
    const seen = mmap(space, { at: 0, length: 8 * PAGE_SIZE, prot: PROT.READ, flags: MAP.PRIVATE, file, offset: 0, compat: false });
    for (let i = 0; i < 8; i++) space.u8(seen + i * PAGE_SIZE);
    munmap(space, seen, 8 * PAGE_SIZE);
    const at = map(space, 100 * PAGE_SIZE);
    let pages = 0;
    while (space.setU8(at + pages * PAGE_SIZE, 1)) pages++;
    expect(pages).toBe(frames.total - 1 - Math.ceil(frames.account.charged / PAGE_SIZE));
    expect(space.faultInfo(at + pages * PAGE_SIZE, 6)).toEqual({ signal: 9, code: 0x80 });
    expect(space.setU8(at, 2)).toBe(true);
  });
});

describe("limits", () => {
  test("RLIMIT_AS and RLIMIT_DATA refuse mappings with ENOMEM, RLIMIT_STACK a growing stack", () => {
    const { frames } = world(4 << 20);
    const small = space64(frames, { ...defaultLimits, as: 10 * PAGE_SIZE });
    expect(map(small, 10 * PAGE_SIZE)).toBeGreaterThan(0);
    expect(map(small, PAGE_SIZE)).toBe(-12);
    const noData = space64(frames, { ...defaultLimits, data: 4 * PAGE_SIZE });
    expect(map(noData, 5 * PAGE_SIZE)).toBe(-12);
    expect(map(noData, 5 * PAGE_SIZE, PROT.READ)).toBeGreaterThan(0);
    const stack = space64(frames, { ...defaultLimits, stack: 4 * PAGE_SIZE });
    const top = map(stack, PAGE_SIZE, RW, ANON | MAP.GROWSDOWN);
    expect(stack.setU8(top - 3 * PAGE_SIZE, 1)).toBe(true);
    expect(stack.setU8(top - 4 * PAGE_SIZE, 1)).toBe(false);
  });

  test("RLIMIT_MEMLOCK counts for those without CAP_IPC_LOCK", async () => {
    const { mlock } = await import("../../src/memory/calls/index.ts");
    const { frames } = world(4 << 20);
    const space = space64(frames, { ...defaultLimits, memlock: 2 * PAGE_SIZE, ipcLock: false });
    const at = map(space, 8 * PAGE_SIZE);
    expect(mlock(space, at, 2 * PAGE_SIZE)).toBe(0);
    expect(mlock(space, at, 2 * PAGE_SIZE)).toBe(0);
    expect(mlock(space, at, 3 * PAGE_SIZE)).toBe(-12);
    expect(map(space, PAGE_SIZE, RW, ANON | MAP.LOCKED)).toBe(-11);
    space.limits = { ...space.limits, memlock: 0 };
    expect(mlock(space, at, 1)).toBe(-1);
  });

  test("more than all of memory is refused at once", () => {
    const { frames } = world(4 << 20);
    frames.commitLimit = frames.total;
    expect(map(space64(frames), 1 << 30)).toBe(-12);
    expect(map(space64(frames), 1 << 30, RW, ANON | MAP.NORESERVE)).toBeGreaterThan(0);
    expect(map(space64(frames), 1 << 30, PROT.READ)).toBeGreaterThan(0);
  });
});

/** A CPU that only takes notes. */
const noting = (frames: Frames): { notes: string[]; watch: TranslationListener } => {
  const notes: string[] = [];
  const watch = {
    codeFrames: new Uint8Array(frames.u8.length >>> 12),
    invalidateFrame: (frame: number) => notes.push(`code ${frame}`),
    flushTlb: () => notes.push("all"),
    flushWrites: () => notes.push("writes"),
    flushTlbPages: (start: number, end: number) =>
      notes.push(end - start === PAGE_SIZE ? start.toString(16) : `${start.toString(16)}-${end.toString(16)}`),
    flushWritesTo: (start: number, end: number) => notes.push(`writes ${start.toString(16)}-${end.toString(16)}`),
  };
  frames.watch = watch;
  return { notes, watch };
};

describe("memory that is filled page after page", () => {
  const at = 0x7f12_4000_0000;
  const spaceAtHome = (pages: number) => {
    const start = layout.frames;
    const memory = new WebAssembly.Memory({ initial: (start >> 16) + 64 });
    const space = space64(new Frames(memory, start));
    mmap(space, { at: at + 0x10_0000, length: pages * PAGE_SIZE, prot: RW, flags: ANON | MAP.FIXED, offset: 0, compat: false });
    return space;
  };
  const written = (space: AddressSpace, pages: readonly number[]): readonly number[] =>
    pages.filter((n) => space.translate(at + 0x10_0000 + n * PAGE_SIZE + 8, access.write) & cacheMore);
  const pagesTo = (end: number): number[] => Array.from({ length: end }, (_, n) => n);

  test("gets some pages ahead, at home and zero, after sixteen, and the CPU hears of it", () => {
    const space = spaceAtHome(100);
    expect(written(space, pagesTo(17))).toEqual([16]);
    expect(space.table.resident).toBe(32);
    for (const n of pagesTo(32))
      expect(space.table.get(at + 0x10_0000 + n * PAGE_SIZE) & ~0xfff).toBe(space.directAddress(0x10_0000 + n * PAGE_SIZE));
    expect(space.u32(at + 0x10_0000 + 31 * PAGE_SIZE)).toBe(0);
    expect(written(space, pagesTo(65))).toEqual([32, 48, 64]);
    expect(space.table.resident).toBe(80);
  });
  test("gets none beyond its mapping, and none that another has or that has a page", () => {
    const space = spaceAtHome(20);
    expect([written(space, pagesTo(20)), space.table.resident]).toEqual([[16], 20]);
    const other = spaceAtHome(100);
    expect(written(other, [40, ...pagesTo(33)])).toEqual([16, 32]);
    expect(other.table.resident).toBe(41);
  });
  test("gets none if it is written in another order, or is only read, or little is free", () => {
    const space = spaceAtHome(100);
    expect(
      written(
        space,
        pagesTo(50).map((n) => 2 * n),
      ),
    ).toEqual([]);
    expect(
      written(
        space,
        pagesTo(50).map((n) => 99 - 2 * n),
      ),
    ).toEqual([]);
    const last = spaceAtHome(1000);
    expect(written(last, pagesTo(1000)).at(-1)).toBeLessThan(800);
    expect(last.table.resident).toBe(1000);
  });
});

describe("the CPU", () => {
  test("may cache writes to its own pages only, and hears of every change of the current space", () => {
    const { frames } = world(4 << 20);
    const { notes } = noting(frames);
    const space = space64(frames);
    const at = map(space, 2 * PAGE_SIZE);
    space.activate();
    expect(space.translate(at, access.read) & cacheWrite).toBe(0);
    expect(space.translate(at, access.write) & cacheWrite).toBe(cacheWrite);
    expect(notes.splice(0)).toEqual([at.toString(16)]);
    const child = space.fork();
    expect(notes.splice(0)).toEqual(["writes"]);
    expect(space.translate(at, access.read) & cacheWrite).toBe(0);
    child.setU8(at, 1);
    expect(notes.splice(0)).toEqual([]);
    mprotect(space, at, PAGE_SIZE, PROT.NONE);
    expect(notes.splice(0)).toEqual([at.toString(16)]);
    munmap(space, at, PAGE_SIZE);
    expect(notes.splice(0)).toEqual([at.toString(16)]);
  });
  test("hears of mprotect only if pages with a frame have lost a permission, and of writes alone if it is that one", () => {
    const { frames } = world(4 << 20);
    const { notes } = noting(frames);
    const space = space64(frames);
    const at = map(space, 100 * PAGE_SIZE);
    space.activate();
    space.translate(at + 3 * PAGE_SIZE, access.write);
    space.translate(at + 5 * PAGE_SIZE, access.write);
    space.translate(at + 7 * PAGE_SIZE, access.read);
    const heard = (prot: number): string[] => {
      expect(mprotect(space, at, 100 * PAGE_SIZE, prot)).toBe(0);
      return notes.splice(0);
    };
    const from = (first: number, end: number): string => `${(at + first * PAGE_SIZE).toString(16)}-${(at + end * PAGE_SIZE).toString(16)}`;
    expect(heard(PROT.READ | PROT.WRITE | PROT.EXEC)).toEqual([]);
    expect(heard(PROT.READ | PROT.EXEC)).toEqual([`writes ${from(3, 6)}`]);
    expect(heard(PROT.READ | PROT.EXEC)).toEqual([]);
    expect(heard(PROT.READ)).toEqual([from(3, 8)]);
    expect(heard(PROT.NONE)).toEqual([from(3, 8)]);
    expect(heard(PROT.READ | PROT.WRITE)).toEqual([]);
    // Permissions that were given back are found by the next access.
    expect(space.translate(at + 3 * PAGE_SIZE, access.write) & cacheWrite).toBe(cacheWrite);
  });

  test("finds code of another space that runs the same program where it would itself, and no other", () => {
    const { frames } = world(4 << 20);
    const program = mapped(new TestFile(new Uint8Array(3 * PAGE_SIZE)), "/p");
    const load = (file = program, prot: number = PROT.READ | PROT.EXEC) => {
      const space = space64(frames);
      const request = { at: 0x40_0000, length: 3 * PAGE_SIZE, prot, flags: MAP.PRIVATE | MAP.FIXED, file, offset: 0, compat: false };
      return { space, at: mmap(space, request) };
    };
    const { space, at } = load();
    const frame = space.translate(at, access.execute);
    const same = load().space;
    const other = (there: AddressSpace, page: number, known: number) => there.otherCode([page], [known]).length === 1;
    expect(other(same, at + PAGE_SIZE, frame)).toBe(true);
    expect(other(same, at, frame)).toBe(true);
    expect(same.usage().resident).toBe(0);
    expect(same.translate(at, access.execute) >= frame).toBe(true);
    expect(other(same, at, frame)).toBe(false);
    expect(same.usage().resident).toBe(1);
    expect(other(same, at, frame + PAGE_SIZE)).toBe(true);
    expect(other(load(program, PROT.READ).space, at, frame)).toBe(true);
    expect(other(load(mapped(new TestFile(new Uint8Array(PAGE_SIZE)), "/q")).space, at, frame)).toBe(true);
    expect(other(space64(frames), at, frame)).toBe(true);
    expect(same.otherCode([at, at + PAGE_SIZE, at], [frame, frame, frame + PAGE_SIZE])).toEqual([at + PAGE_SIZE, at]);
    const used = frames.inUse;
    same.release();
    space.release();
    expect(frames.inUse).toBe(used);
  });

  test("gets cached pages around one that it executes, and those that another space executes", () => {
    const { frames } = world(4 << 20);
    const program = mapped(new TestFile(new Uint8Array(20 * PAGE_SIZE)), "/p");
    const load = (prot: number = PROT.READ | PROT.EXEC) => {
      const space = space64(frames);
      mmap(space, { at: 0x40_0000, length: 20 * PAGE_SIZE, prot, flags: MAP.PRIVATE | MAP.FIXED, file: program, offset: 0, compat: false });
      return space;
    };
    const has = (space: AddressSpace): readonly number[] =>
      Array.from({ length: 20 }, (_, n) => n).filter((n) => space.present(0x40_0000 + n * PAGE_SIZE) >= 0);
    const first = load();
    for (const n of [2, 15, 16]) first.translate(0x40_0000 + n * PAGE_SIZE, access.read);
    const [later, data] = [load(), load(PROT.READ)];
    // A page that is not cached brings no others.
    first.translate(0x40_0000 + 5 * PAGE_SIZE, access.execute);
    expect([has(first), has(later), has(data)]).toEqual([[2, 5, 15, 16], [5], []]);
    later.translate(0x40_0000 + 6 * PAGE_SIZE, access.execute);
    expect([has(first), has(later), has(data)]).toEqual([[2, 5, 6, 15, 16], [5, 6], []]);
    const fresh = load();
    fresh.translate(0x40_0000 + 2 * PAGE_SIZE, access.execute);
    expect([has(fresh), has(data)]).toEqual([[2, 5, 6, 15, 16], []]);
    for (const space of [first, later, data, fresh]) space.release();
  });

  test("hears when the kernel, a file or a debugger writes to a frame that holds code", () => {
    const { frames } = world(4 << 20);
    const { notes, watch } = noting(frames);
    const space = space64(frames);
    const data = new TestFile(new Uint8Array(PAGE_SIZE));
    const at = mmap(space, {
      at: 0,
      length: PAGE_SIZE,
      prot: PROT.READ | PROT.EXEC,
      flags: MAP.SHARED,
      file: mapped(data, "/f"),
      offset: 0,
      compat: false,
    });
    const frame = space.translate(at, access.execute);
    watch.codeFrames[frame >>> 12] = 1;
    data.pwrite(5, Uint8Array.of(0xcc));
    expect(notes.splice(0)).toEqual([`code ${frame}`]);
    const own = map(space, PAGE_SIZE, PROT.READ | PROT.WRITE | PROT.EXEC);
    space.setU8(own, 0x90);
    const code = space.translate(own, access.execute) & ~cacheWrite;
    watch.codeFrames[code >>> 12] = 1;
    space.setU32(own + 8, 1);
    space.write(own, Uint8Array.of(1, 2));
    space.poke(own + 1, Uint8Array.of(3));
    expect(notes.splice(0)).toEqual([`code ${code}`, `code ${code}`, `code ${code}`]);
    munmap(space, own, PAGE_SIZE);
    expect(notes.splice(0)).toEqual([`code ${code}`]);
  });

  test("gets the processor's error codes", () => {
    const { frames } = world(4 << 20);
    const space = space64(frames);
    const at = map(space, PAGE_SIZE, PROT.READ);
    const error = (a: number, kind: 0 | 1 | 2): number => -space.translate(a, kind) - 1;
    expect([error(1, access.read), error(1, access.write), error(1, access.execute)]).toEqual([4, 6, 20]);
    space.u8(at);
    expect([error(at, access.write), error(at, access.execute)]).toEqual([7, 21]);
    expect([error(-1, access.read), error(2 ** 47, access.write)]).toEqual([4, 6]);
  });
});

describe("user access", () => {
  test("stops at the first bad page and says how far it came", () => {
    const { frames } = world(4 << 20);
    const space = space64(frames);
    const at = map(space, 3 * PAGE_SIZE);
    munmap(space, at + 2 * PAGE_SIZE, PAGE_SIZE);
    const bytes = Uint8Array.from({ length: 3 * PAGE_SIZE }, (_, i) => i);
    expect(space.writeSome(at + 10, bytes)).toBe(2 * PAGE_SIZE - 10);
    expect(space.write(at + 10, bytes)).toBe(false);
    const back = new Uint8Array(3 * PAGE_SIZE);
    expect(space.readSome(at + 10, back)).toBe(2 * PAGE_SIZE - 10);
    expect(back.subarray(0, 5000)).toEqual(bytes.subarray(0, 5000));
    expect(space.read(at, 3 * PAGE_SIZE)).toBeUndefined();
    expect(space.clear(at + PAGE_SIZE, PAGE_SIZE)).toBe(true);
    expect(space.clear(at + PAGE_SIZE, PAGE_SIZE + 1)).toBe(false);
  });

  test("stores all of a word or nothing where the second of its pages is missing", () => {
    const { frames } = world(4 << 20);
    const space = space64(frames);
    const at = map(space, PAGE_SIZE);
    expect(space.setU16(at + PAGE_SIZE - 1, 0xffff)).toBe(false);
    for (let n = 1; n < 4; n++) expect(space.setU32(at + PAGE_SIZE - n, 0xffffffff)).toBe(false);
    for (let n = 1; n < 8; n++) expect(space.setU64(at + PAGE_SIZE - n, 0xffffffff, 0xffffffff)).toBe(false);
    expect(space.read(at + PAGE_SIZE - 8, 8)).toEqual(new Uint8Array(8));
  });

  test("takes scalars across pages, and -1 is a fault", () => {
    const { frames } = world(4 << 20);
    const space = space64(frames);
    const at = map(space, 2 * PAGE_SIZE);
    for (const offset of [0, 1, 7, PAGE_SIZE - 1, PAGE_SIZE - 2, PAGE_SIZE - 3, PAGE_SIZE - 5, PAGE_SIZE]) {
      expect(space.setU64(at + offset, 0x89abcdef, 0x00123456)).toBe(true);
      expect(space.u64(at + offset)).toBe(0x00123456_89abcdef);
      expect([space.u32(at + offset), space.u16(at + offset), space.u8(at + offset)]).toEqual([0x89abcdef, 0xcdef, 0xef]);
      const halves = new Uint32Array(2);
      expect(space.u64Halves(at + offset, halves, 0)).toBe(true);
      expect([...halves]).toEqual([0x89abcdef, 0x00123456]);
    }
    expect(space.setLong(at, -2, 8)).toBe(true);
    expect([space.u32(at), space.u32(at + 4)]).toEqual([0xfffffffe, 0xffffffff]);
    expect([space.u32(at + 2 * PAGE_SIZE - 3), space.u64(at + 2 * PAGE_SIZE - 4), space.u8(-1), space.u16(2 ** 47)]).toEqual([
      -1, -1, -1, -1,
    ]);
  });

  test("reads strings up to their NUL, their limit, or a fault", () => {
    const { frames } = world(4 << 20);
    const space = space64(frames);
    const at = map(space, 2 * PAGE_SIZE);
    space.write(at + PAGE_SIZE - 3, Uint8Array.of(0x61, 0xff, 0x62, 0x63, 0));
    expect(space.cString(at + PAGE_SIZE - 3, 100)).toBe("a\u00ffbc");
    expect(space.cString(at + PAGE_SIZE - 3, 2)).toBe("a\u00ff");
    space.write(at + 2 * PAGE_SIZE - 2, Uint8Array.of(0x64, 0x65));
    expect(space.cString(at + 2 * PAGE_SIZE - 2, 100)).toBeUndefined();
    expect(space.cString(at + 2 * PAGE_SIZE - 2, 2)).toBe("de");
    expect(space.cString(0, 10)).toBeUndefined();
  });

  test("a debugger writes to read-only pages of its own copy, and reads what is PROT_NONE", () => {
    const { frames } = world(4 << 20);
    const space = space64(frames);
    const data = new TestFile(new Uint8Array(PAGE_SIZE));
    const request = { at: 0, length: PAGE_SIZE, prot: PROT.READ | PROT.EXEC, file: mapped(data, "/f"), offset: 0, compat: false };
    const text = mmap(space, { ...request, flags: MAP.PRIVATE });
    expect(space.poke(text, Uint8Array.of(0xcc))).toBe(1);
    expect(space.u8(text)).toBe(0xcc);
    expect(space.setU8(text, 1)).toBe(false);
    expect(data.pread(0, 1)).toEqual(Uint8Array.of(0));
    const shared = mmap(space, { ...request, flags: MAP.SHARED });
    expect(space.poke(shared, Uint8Array.of(0xcc))).toBe(0);
    mprotect(space, text, PAGE_SIZE, PROT.NONE);
    const byte = new Uint8Array(1);
    expect([space.u8(text), space.peek(text, byte), byte[0]]).toEqual([-1, 1, 0xcc]);
  });
});

test("random addresses come from the seed and stay within Linux's bounds", () => {
  const bits = (n: number): number => 2 ** n - 1;
  const plain = layoutFor(64, 8 << 20);
  const highest = layoutFor(64, 8 << 20, bits);
  expect(plain.mmapBase).toBe(0x7ffff7fff000);
  expect(highest.mmapBase).toBeLessThan(plain.mmapBase);
  expect(highest.stackTop).toBeLessThan(plain.stackTop);
  expect(highest.mmapBase).toBeLessThan(highest.stackTop - (8 << 20));
  expect(layoutFor(32, 8 << 20, bits).mmapBase32).toBeGreaterThan(0xf0000000);
  expect(layoutFor(32, Number.POSITIVE_INFINITY).mmapBase32).toBeGreaterThan(0x20000000);
});

test("stack, program, heap and mmap of a 64-bit program lie apart modulo the window of direct-mapped pages", () => {
  const MiB = 2 ** 20;
  let state = 1;
  const bits = (n: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return state >>> (32 - n);
  };
  expect(directMap.bits).toBe(30);
  const bases = new Set<number>();
  for (let n = 0; n < 200; n++) {
    const layout = layoutFor(64, 8 << 20, bits);
    const after = (address: number): number => (((address - layout.mmapBase) % 2 ** 30) + 2 ** 30) % 2 ** 30;
    bases.add(layout.mmapBase);
    expect(layout.stackTop).toBeLessThanOrEqual(2 ** 47 - PAGE_SIZE);
    expect(layout.stackTop - (8 << 20)).toBeGreaterThan(layout.mmapBase);
    expect(after(layout.stackTop)).toBeGreaterThanOrEqual(16 * MiB);
    expect(after(layout.stackTop)).toBeLessThan(48 * MiB + PAGE_SIZE);
    expect(after(layout.pieBase)).toBeGreaterThanOrEqual(64 * MiB - 2 * PAGE_SIZE);
    expect(after(layout.pieBase)).toBeLessThan(192 * MiB);
    const end = 0x40_0000 + n * PAGE_SIZE;
    expect(after(0x40_0000)).toBeGreaterThan(370 * MiB);
    expect(after(0x40_0000)).toBeLessThan(460 * MiB);
    for (const bss of [end, layout.pieBase + end]) {
      // src/kernel/exec/load.ts
      const heap = bss + ((layout.heapPosition - bss) % 2 ** 30);
      expect(heap - bss).toBeGreaterThanOrEqual(0);
      expect(heap - bss).toBeLessThan(2 ** 30);
      expect(after(heap)).toBeGreaterThanOrEqual(480 * MiB);
      expect(after(heap)).toBeLessThan(544 * MiB);
    }
  }
  expect(bases.size).toBe(200);
});

test("a range with a hole is not covered, also just after it was", () => {
  const { frames } = world(4 << 20);
  const space = space64(frames);
  const at = map(space, 100 * PAGE_SIZE);
  for (let n = 0; n < 100; n += 2) mprotect(space, at + n * PAGE_SIZE, PAGE_SIZE, PROT.READ);
  const all = [at, at + 100 * PAGE_SIZE] as const;
  expect(space.areas.covers(...all)).toBe(true);
  munmap(space, at + 50 * PAGE_SIZE, PAGE_SIZE);
  expect([space.areas.covers(...all), space.areas.covers(at, at + 50 * PAGE_SIZE)]).toEqual([false, true]);
  expect(space.areas.covers(at + 51 * PAGE_SIZE, all[1])).toBe(true);
  const child = space.fork();
  space.release();
  expect([child.areas.covers(...all), child.areas.covers(at + 51 * PAGE_SIZE, all[1])]).toEqual([false, true]);
  child.release();
  expect(child.areas.covers(at, at + 50 * PAGE_SIZE)).toBe(false);
});
