// The text of /proc/PID/smaps and smaps_rollup: a mapping and its resident part. Linux fs/proc/task_mmu.c
// show_smap().
import { PAGE_SIZE } from "../frames.ts";
import { pagesWithin } from "../huge/fault.ts";
import { HUGE_FRAMES, hugePool } from "../huge/pool.ts";
import { frameOf } from "../page-table.ts";
import type { AddressSpace } from "../space.ts";
import { PROT, VM, type Vma } from "../vma.ts";
import { mapLine } from "./maps.ts";
import { isOwnPage } from "./own-page.ts";

/** The names of VmFlags, in Linux's order. */
const PROTECTIONS = [
  [PROT.READ, "rd"],
  [PROT.WRITE, "wr"],
  [PROT.EXEC, "ex"],
] as const;
const FLAGS = [
  [VM.SHARED, "sh"],
  [VM.MAYREAD, "mr"],
  [VM.MAYWRITE, "mw"],
  [VM.MAYEXEC, "me"],
  [VM.MAYSHARE, "ms"],
  [VM.GROWSDOWN, "gd"],
  [VM.PFNMAP, "pf"],
  [VM.LOCKED, "lo"],
  [VM.SEQUENTIAL, "sr"],
  [VM.RANDOM, "rr"],
  [VM.DONTFORK, "dc"],
  [VM.DONTEXPAND | VM.HUGETLB, "de"],
  [VM.LOCKONFAULT, "lf"],
  [VM.ACCOUNT, "ac"],
  [VM.NORESERVE, "nr"],
  [VM.HUGETLB, "ht"],
  [VM.WIPEONFORK, "wf"],
  [VM.DONTDUMP, "dd"],
  [VM.HUGEPAGE, "hg"],
  [VM.NOHUGEPAGE, "nh"],
  [VM.MERGEABLE, "mg"],
] as const;
const flagNames = ({ prot, flags }: Vma): string =>
  [...PROTECTIONS.filter(([bit]) => prot & bit), ...FLAGS.filter(([bit]) => flags & bit)].map(([, name]) => `${name} `).join("");

/**
 * The resident pages of a mapping, or of all: each is counted as its mapper's own, as a page of one process.
 */
export interface Counted {
  readonly resident: number;
  readonly anonymous: number;
  readonly locked: number;
  /** Pages of huge pages, which Linux counts apart: with several mappers, and with one. */
  readonly sharedHuge: number;
  readonly privateHuge: number;
}
const noHuge = { sharedHuge: 0, privateHuge: 0 };
const hugeOf = (space: AddressSpace, vma: Vma): Counted => {
  const huge = hugePool(space.frames);
  const pages = pagesWithin(space, vma, vma.start, vma.end);
  const shared = pages.filter(({ page }) => huge.mappers(page) > 1).length;
  const [sharedHuge, privateHuge] = [shared * HUGE_FRAMES, (pages.length - shared) * HUGE_FRAMES];
  return { resident: 0, anonymous: 0, locked: 0, sharedHuge, privateHuge };
};
/** The resident pages of one mapping. */
export const countOf = (space: AddressSpace, vma: Vma): Counted => {
  if (vma.flags & VM.HUGETLB) return hugeOf(space, vma);
  let anonymous = 0;
  const count = (pte: number, page: number): undefined => {
    if (isOwnPage(vma, page, frameOf(pte))) anonymous++;
  };
  const resident = vma.flags & VM.PFNMAP ? 0 : space.table.walk(vma.start, vma.end, count);
  return { resident, anonymous, locked: vma.flags & VM.LOCKED ? resident : 0, ...noHuge };
};
const kB = (name: string, pages: number): string => `${`${name}:`.padEnd(16)}${String((pages * PAGE_SIZE) / 1024).padStart(8)} kB\n`;
const fields = ({ resident, anonymous, locked, sharedHuge, privateHuge }: Counted): string =>
  [
    kB("Rss", resident),
    kB("Pss", resident),
    kB("Pss_Dirty", anonymous),
    kB("Shared_Clean", 0),
    kB("Shared_Dirty", 0),
    kB("Private_Clean", resident - anonymous),
    kB("Private_Dirty", anonymous),
    kB("Referenced", resident),
    kB("Anonymous", anonymous),
    kB("KSM", 0),
    kB("LazyFree", 0),
    kB("AnonHugePages", 0),
    kB("ShmemPmdMapped", 0),
    kB("FilePmdMapped", 0),
    kB("Shared_Hugetlb", sharedHuge),
    kB("Private_Hugetlb", privateHuge),
    kB("Swap", 0),
    kB("SwapPss", 0),
    kB("Locked", locked),
  ].join("");

/** The records from the first mapping that ends above `from`, each with its number of resident pages. */
export function* smapsFrom(space: AddressSpace, from: number): Generator<{ text: string; next: number; pages: number }> {
  for (let vma = space.areas.above(from); vma !== undefined; vma = space.areas.above(vma.end)) {
    const counted = countOf(space, vma);
    const unit = vma.flags & VM.HUGETLB ? HUGE_FRAMES : 1;
    const size = kB("Size", (vma.end - vma.start) / PAGE_SIZE) + kB("KernelPageSize", unit) + kB("MMUPageSize", unit);
    const text = `${mapLine(space, vma)}\n${size}${fields(counted)}THPeligible:           0\nVmFlags: ${flagNames(vma)}\n`;
    yield { text, next: vma.end, pages: counted.resident };
  }
}

/** The whole text of smaps_rollup. */
export const smapsRollup = (space: AddressSpace): string => {
  let [resident, anonymous, locked, first, end] = [0, 0, 0, 0, 0];
  let [sharedHuge, privateHuge] = [0, 0];
  for (let vma = space.areas.above(0); vma !== undefined; vma = space.areas.above(vma.end)) {
    const counted = countOf(space, vma);
    if (end === 0) first = vma.start;
    resident += counted.resident;
    anonymous += counted.anonymous;
    locked += counted.locked;
    sharedHuge += counted.sharedHuge;
    privateHuge += counted.privateHuge;
    end = vma.end;
  }
  const range = [first, end].map((n) => n.toString(16).padStart(8, "0")).join("-");
  return `${`${range} ---p 00000000 00:00 0 `.padEnd(73)}[rollup]\n${fields({ resident, anonymous, locked, sharedHuge, privateHuge })}`;
};
