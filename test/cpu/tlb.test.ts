// Compiled code's view of direct-mapped pages (layout.ts), in address spaces of several colors: permission to
// write, and runs of such pages.
import { beforeEach, describe, expect, it } from "vitest";
import { accessMap, directAddress, directMap, tlb as entries, layout } from "../../src/cpu/machine/layout.ts";
import { access } from "../../src/cpu/machine/mmu.ts";
import { at, pageRanges, State } from "../../src/cpu/machine/state.ts";
import { Tlb } from "../../src/cpu/machine/tlb.ts";

const pages = Math.ceil((layout.window + 2 ** directMap.bits) / 65536);
const state = new State(new WebAssembly.Memory({ initial: pages, maximum: pages }));
const tlb = new Tlb(state);
const tag = (page: number, which: number): number =>
  state.view.getUint32(layout.directTags + ((page / 4096) % directMap.pages) * directMap.size + which, true);

it.each([0, 1 << 25, 31 << 25])("goes when the frame begins to hold code, with color %i", (color) => {
  tlb.flush();
  tlb.color = color;
  const [code, other] = [0x1234_5000, 0x1234_6000];
  for (const page of [code, other]) tlb.fill(page, directAddress(page, color), true);
  expect([tag(code, directMap.writeTag), tag(other, directMap.writeTag)]).toEqual([code, other]);
  tlb.protect(directAddress(code, color));
  expect([tag(code, directMap.readTag), tag(code, directMap.writeTag), tag(other, directMap.writeTag)]).toEqual([code, 0, other]);
});

it("goes with nothing else, however many pages are known, and though the frame has been writable before they were forgotten", () => {
  tlb.flush();
  tlb.color = 0;
  const [code, others] = [0x1234_5000, Array.from({ length: 1000 }, (_, n) => 0x2000_0000 + n * 4096)];
  tlb.fill(code, directAddress(code, 0), true);
  tlb.flush();
  for (const page of others) tlb.fill(page, directAddress(page, 0), true);
  tlb.fill(code, directAddress(code, 0), false);
  tlb.protect(directAddress(code, 0));
  expect(others.filter((page) => tag(page, directMap.writeTag) !== page)).toEqual([]);
  tlb.fill(code, directAddress(code, 0), true);
  tlb.protect(directAddress(code, 0));
  expect(tag(code, directMap.writeTag)).not.toBe(code);
});

describe("a frame that begins to hold code", () => {
  const entryOf = (page: number): number => layout.tlb + ((page / 4096) % entries.entries) * entries.size;
  const writable = (page: number): boolean => state.view.getUint32(entryOf(page) + entries.writeTag, true) === page;
  const readable = (page: number): boolean => state.view.getUint32(entryOf(page) + entries.readTag, true) === page;
  const [frame, other] = [layout.frames, layout.frames + 4096];
  /** Of these, the last one displaces the first. */
  const pages = [0x1000_0000, 0x1000_1000, 0x1000_0000 + entries.entries * 4096] as const;
  beforeEach(() => tlb.flush());

  it("is no longer writable in its entry, and stays readable", () => {
    tlb.fill(pages[0], frame, true);
    tlb.fill(pages[1], other, true);
    tlb.protect(frame);
    expect([writable(pages[0]), readable(pages[0]), writable(pages[1])]).toEqual([false, true, true]);
  });
  it("is not writable in any of several entries", () => {
    for (const page of [pages[0], pages[1]]) tlb.fill(page, frame, true);
    tlb.protect(frame);
    expect([writable(pages[0]), writable(pages[1])]).toEqual([false, false]);
  });
  it("leaves another frame's entry that displaced its own", () => {
    tlb.fill(pages[0], frame, true);
    tlb.fill(pages[2], other, true);
    tlb.protect(frame);
    expect(writable(pages[2])).toBe(true);
    tlb.fill(pages[1], frame, true);
    tlb.fill(pages[0], frame, true);
    tlb.protect(frame);
    expect([writable(pages[0]), writable(pages[1])]).toEqual([false, false]);
  });
});

describe("a run of pages at home", () => {
  const base = 0x7f12_3456_0000;
  const fill = (n: number, writable = true, away = 0): void =>
    tlb.fill(base + n * 4096, directAddress(base + n * 4096, 0) + away, writable);
  const shown = (n: number, how: 0 | 1, slot = 3): [first: number, bytes: number] | undefined => {
    tlb.showRange(base + n * 4096 + 5, how, slot);
    const there = at.pageRanges + slot * pageRanges.size;
    const [first, begins] = [pageRanges.base, pageRanges.length].map((field) => Number(state.view.getBigUint64(there + field, true))) as [
      number,
      number,
    ];
    return begins === 0 ? undefined : [(first - base) / 4096, (begins + pageRanges.reach - 1) / 4096];
  };
  beforeEach(() => {
    tlb.flush();
    tlb.color = 0;
  });

  it("goes as far as they do, and grows with them", () => {
    for (const n of [0, 1, 2, 4, 5]) fill(n);
    fill(6, true, 4096);
    expect([shown(3, access.read), shown(6, access.read), shown(1, access.read), shown(4, access.read), shown(3, access.read)]).toEqual([
      undefined,
      undefined,
      [0, 3],
      [4, 2],
      // A page that is not direct-mapped may be at the next access.
      [4, 2],
    ]);
    fill(3);
    expect([shown(3, access.read), shown(0, access.read), shown(5, access.write)]).toEqual([
      [0, 6],
      [0, 6],
      [0, 6],
    ]);
  });
  it("is asked for again soon if it grows by pages that were not there when they were met, and ever less often where areas alternate", () => {
    const slot = 5;
    const patience = (): number => state.view.getInt32(at.pageRanges + slot * pageRanges.size + pageRanges.patience, true);
    const asked = (n: number): number => {
      shown(n, access.write, slot);
      return patience();
    };
    fill(0);
    asked(0);
    for (const n of [1, 2, 3]) {
      expect(asked(n)).toBeGreaterThan(4);
      fill(n);
      expect([shown(n, access.write, slot), patience()]).toEqual([[0, n + 1], 4]);
    }
    fill(10);
    const waits = Array.from({ length: 8 }, (_, n) => asked(n % 2 === 0 ? 10 : 1));
    expect(waits).toEqual([8, 16, 32, 64, 128, 256, 512, 1024]);
  });
  it("is of those that may be written, for writes", () => {
    for (const n of [0, 1, 2]) fill(n, n !== 1);
    expect([shown(1, access.write), shown(2, access.write), shown(2, access.read)]).toEqual([undefined, [2, 1], [0, 3]]);
  });
  it("is none any more when a page goes, begins to hold code, or loses its direct-mapped frame to another", () => {
    const other = base + 2 ** directMap.bits;
    for (const goes of [
      () => tlb.flush(),
      () => tlb.flushPage(base / 4096 + 1),
      () => tlb.protect(directAddress(base + 4096, 0)),
      () => tlb.fill(other + 4096, directAddress(other + 4096, 0), true),
    ]) {
      for (const n of [0, 1, 2]) fill(n);
      expect(shown(0, access.write)).toEqual([0, 3]);
      goes();
      expect(state.view.getBigUint64(at.pageRanges + 3 * pageRanges.size + pageRanges.length, true)).toBe(0n);
      expect(shown(1, access.write)).toBeUndefined();
    }
  });
  it("ends where the window does", () => {
    const end = 2 ** directMap.bits * 3;
    for (const page of [end - 4096, end]) tlb.fill(page, directAddress(page, 0), true);
    expect([shown((end - base) / 4096, access.read), shown((end - 4096 - base) / 4096, access.read)]).toEqual([
      [(end - base) / 4096, 1],
      [(end - 4096 - base) / 4096, 1],
    ]);
  });
});

describe("what 32-bit code may do in a chunk", () => {
  const base = 0x1234_0000;
  const last = 4096 / accessMap.bytes - 1;
  const fill = (page: number, writable: boolean): void => tlb.fill(page, directAddress(page, 0), writable);
  const rights = (page: number, chunk: number): number => state.u8[layout.accessMap + page / accessMap.bytes + chunk] as number;
  const both = accessMap.read | accessMap.write;
  beforeEach(() => {
    tlb.keepAccessMap();
    tlb.flush();
    tlb.color = 0;
  });

  it("is what may be done on its page, and where the page ends on the next one too", () => {
    fill(base + 4096, true);
    expect([rights(base + 4096, 0), rights(base + 4096, last - 1), rights(base + 4096, last), rights(base, last)]).toEqual([
      both,
      both,
      0,
      0,
    ]);
    fill(base, true);
    fill(base + 8192, false);
    expect([rights(base, last), rights(base + 4096, last), rights(base + 8192, 0), rights(base + 8192, last)]).toEqual([
      both,
      accessMap.read,
      accessMap.read,
      0,
    ]);
    fill(base + 8192, true);
    expect(rights(base + 4096, last)).toBe(both);
  });
  it("goes with the page, with what may be written, and with its home", () => {
    const pages = [0, 1, 2].map((n) => base + n * 4096) as [number, number, number];
    const all = () => pages.flatMap((page) => [rights(page, 0), rights(page, last)]);
    for (const [goes, left] of [
      [() => tlb.flushPage(pages[1] / 4096), [both, 0, 0, 0, both, 0]],
      [() => tlb.protect(directAddress(pages[1], 0)), [both, accessMap.read, accessMap.read, accessMap.read, both, 0]],
      // Another page with the same home.
      [() => fill(pages[1] + 0x4000_0000, true), [both, 0, 0, 0, both, 0]],
      [() => tlb.fill(pages[1] + 2 ** 40, directAddress(pages[1] + 2 ** 40, 0), true), [both, 0, 0, 0, both, 0]],
      [() => tlb.flush(), [0, 0, 0, 0, 0, 0]],
    ] as const) {
      tlb.flush();
      for (const page of pages) fill(page, true);
      expect(all()).toEqual([both, both, both, both, both, 0]);
      goes();
      expect(all()).toEqual(left);
    }
  });
  it("does not go on where the window ends, nor at 4 GiB", () => {
    const end = 2 ** directMap.bits;
    for (const [page, next] of [
      [end - 4096, end],
      [0xffff_f000, 0],
    ] as const) {
      tlb.flush();
      fill(page, true);
      fill(next, true);
      expect([rights(page, 0), rights(page, last), rights(next, 0)]).toEqual([both, 0, both]);
    }
  });
  it("is what is shown of a page that has not been met", () => {
    fill(base, true);
    expect(tlb.lastGranuleEndsAlone(base)).toBe(true);
    tlb.show(base + 4096, directAddress(base + 4096, 0), false);
    expect([rights(base, last), rights(base + 4096, 0), tlb.lastGranuleEndsAlone(base), tlb.find(base + 4096)]).toEqual([
      accessMap.read,
      accessMap.read,
      true,
      -1,
    ]);
    tlb.show(base + 4096, directAddress(base + 4096, 0), true);
    expect([rights(base, last), tlb.lastGranuleEndsAlone(base)]).toEqual([both, false]);
    tlb.protect(directAddress(base + 4096, 0));
    expect([rights(base, last), rights(base + 4096, 0)]).toEqual([accessMap.read, accessMap.read]);
    tlb.show(base + 4096, directAddress(base + 4096, 0) + 4096, true);
    expect(rights(base + 4096, 0)).toBe(accessMap.read);
  });
  it("is nothing to pages beyond 4 GiB", () => {
    fill(base + 2 ** 33, true);
    expect(rights(base, 0)).toBe(0);
  });
});
