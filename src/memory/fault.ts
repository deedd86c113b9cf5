// Page faults: find or make the frame, break copy-on-write, grow the stack. Linux mm/memory.c,
// arch/x86/mm/fault.c.

import { type Access, access, mostMore } from "../cpu/machine/mmu.ts";
import { PAGE_SIZE, pageFloor } from "./frames.ts";
import { STACK_GUARD_GAP } from "./layout.ts";
import { frameOf, LEAF_BYTES, NO_LEAF, PTE } from "./page-table.ts";
import type { AddressSpace } from "./space.ts";
import { PROT, VM, type Vma } from "./vma.ts";

/** The reasons of a failed page fault, as negative results. */
export const refusal = { noMapping: -1, noPermission: -2, beyondFile: -3, noMemory: -4, pending: -5, poisoned: -6 } as const;

/**
 * Page table rights by PROT_* bits. x86 has no read bit: every accessible page is readable. SDM Vol. 3A 4.6.
 */
export const hardware: readonly number[] = Array.from(
  { length: (PROT.READ | PROT.WRITE | PROT.EXEC) + 1 },
  (_, prot) => (prot === PROT.NONE ? 0 : PTE.READ) | (prot & PROT.WRITE ? PTE.WRITE : 0) | (prot & PROT.EXEC ? PTE.EXEC : 0),
);

/** The start of a mapping with its stack guard gap. Linux vm_start_gap(). */
export const startGap = (vma: Vma): number => (vma.flags & VM.GROWSDOWN ? Math.max(0, vma.start - STACK_GUARD_GAP) : vma.start);

/** True if the mapping's permissions allow the access. Linux arch/x86/mm/fault.c access_error(). */
export const permits = (vma: Vma, kind: Access): boolean => ((hardware[vma.prot] as number) & (1 << kind)) !== 0;

/**
 * The mapping of an address. A stack grows if the address lies below it and limits allow. Linux
 * expand_stack().
 */
export const mappingFor = (space: AddressSpace, address: number): Vma | undefined => {
  const found = space.areas.find(address);
  if (found) return found;
  const above = space.areas.above(address);
  if (above === undefined || (above.flags & VM.GROWSDOWN) === 0) return undefined;
  const start = pageFloor(address);
  const below = space.areas.below(address);
  if (below && (below.flags & VM.GROWSDOWN) === 0 && below.prot !== PROT.NONE && start - below.end < STACK_GUARD_GAP) return undefined;
  const pages = (above.start - start) / PAGE_SIZE;
  if (start < space.layout.minAddress || above.end - start > space.limits.stack) return undefined;
  if (!space.mayExpand(pages, above.prot, above.flags) || !space.mayLock(pages, above.flags)) return undefined;
  space.areas.resize(above, start, above.end);
  return above;
};

/**
 * Makes the page of `address` present for `kind`. The caller checked the mapping's permissions, or overrides
 * them for a debugger. Returns the frame or a refusal.
 */
export const populate = (space: AddressSpace, vma: Vma, address: number, kind: Access): number => {
  const page = pageFloor(address);
  const old = space.table.get(page);
  const write = kind === access.write;
  if (vma.flags & VM.SHARED && vma.cache) return sharedPage(space, vma, page, old, kind);
  if (!write) return old === 0 ? firstRead(space, vma, page, kind) : grant(space, vma, page, frameOf(old), (old & PTE.WRITE) !== 0);
  return privateWrite(space, vma, page, old);
};

const grant = (space: AddressSpace, vma: Vma, page: number, frame: number, writable: boolean): number => {
  const allowed = hardware[vma.prot] as number;
  space.table.set(page, frame + (writable && !vma.provider?.isProtected(page) ? allowed : allowed & ~PTE.WRITE));
  return frame;
};

const indexOf = (vma: Vma, page: number): number => vma.pgoff + (page - vma.start) / PAGE_SIZE;

/**
 * The frame of a mapping's page in the page cache, or a refusal. `preferred`: the frame for a page that is
 * not cached yet.
 */
const cached = (space: AddressSpace, vma: Vma, page: number, preferred: number): number => {
  if (vma.cache === undefined) return space.frames.zero;
  const frame = vma.cache.frame(indexOf(vma, page), preferred);
  return frame > 0 ? frame : frame === 0 ? refusal.noMemory : refusal.beyondFile;
};

const firstRead = (space: AddressSpace, vma: Vma, page: number, kind: Access): number => {
  const isKnown = kind === access.execute && vma.cache?.cached(indexOf(vma, page)) !== undefined;
  const frame = cached(space, vma, page, space.directAddress(page));
  if (frame < 0) return frame;
  space.frames.retain(frame);
  if (kind === access.execute) executed(space, vma, page, frame, isKnown);
  return grant(space, vma, page, frame, false);
};

/** The window of a fault around, at its natural alignment: the most that Linux has as fault_around_bytes. */
const around = 512 * PAGE_SIZE;
/**
 * A page of a file is executed for the first time here. If it was cached, the cached pages around it are
 * mapped, too: Linux do_fault_around(). Other spaces that execute the file get the page: after fork(2) parent
 * and child execute the same code, and the processor keeps its translations at a switch if both have it.
 */
const executed = (space: AddressSpace, vma: Vma, page: number, frame: number, isKnown: boolean): void => {
  const { cache } = vma;
  if (cache === undefined || vma.provider) return;
  if (isKnown && mayMapCode(vma)) {
    const { table, frames } = space;
    const floor = page - (page % around);
    const from = Math.max(vma.start, floor);
    const to = Math.min(vma.end, floor + around, vma.start + Math.ceil(cache.backing.size / PAGE_SIZE - vma.pgoff) * PAGE_SIZE);
    const allowed = (hardware[vma.prot] as number) & ~PTE.WRITE;
    const first = indexOf(vma, from);
    cache.eachCached(first, first + (to - from) / PAGE_SIZE, (index, other) => {
      const at = from + (index - first) * PAGE_SIZE;
      if (at === page || table.get(at) !== 0) return;
      frames.retain(other);
      table.set(at, other + allowed);
    });
  }
  cache.executed(indexOf(vma, page), frame);
};
/** Entries of a huge page are set all at once (`populateHuge`). */
const mayMapCode = (vma: Vma): boolean => !vma.provider && (vma.flags & VM.HUGETLB) === 0 && permits(vma, access.execute);
/** Maps a cached page of an executable mapping of its file, if there is no page. */
export const mapCode = (space: AddressSpace, vma: Vma, page: number, frame: number): void => {
  if (!mayMapCode(vma) || space.table.get(page) !== 0) return;
  space.frames.retain(frame);
  grant(space, vma, page, frame, false);
};

/**
 * The pages of code that the space does not have in these frames. One loop, because each switch of address
 * spaces checks all pages of a program. It maps no page: the processor's translations depend on the engine
 * and on the debugger, and the guest sees its resident set.
 */
export const otherCode = ({ table }: AddressSpace, pages: readonly number[], frames: readonly number[]): readonly number[] => {
  let others = none;
  // The leaf of the last page: most pages of code are in one.
  let leaf: Uint32Array = NO_LEAF;
  let base = Number.POSITIVE_INFINITY;
  for (let n = 0; n < pages.length; n++) {
    const page = pages[n] as number;
    if (!(page >= base && page - base < LEAF_BYTES)) {
      leaf = table.leafAt(page);
      base = leaf === NO_LEAF ? Number.POSITIVE_INFINITY : page - (page % LEAF_BYTES);
    }
    const pte = leaf === NO_LEAF ? 0 : (leaf[(page - base) >>> 12] as number);
    if ((pte & PTE.EXEC) !== 0 && pte - (pte & 0xfff) === frames[n]) continue;
    if (others === none) others = [];
    others.push(page);
  }
  return others;
};
const none: number[] = [];

const sharedPage = (space: AddressSpace, vma: Vma, page: number, old: number, kind: Access): number => {
  const isKnown = old === 0 && kind === access.execute && vma.cache?.cached(indexOf(vma, page)) !== undefined;
  const frame = old === 0 ? cached(space, vma, page, space.directAddress(page)) : frameOf(old);
  if (frame < 0) return frame;
  const write = kind === access.write;
  if (old === 0) space.frames.retain(frame);
  if (old === 0 && kind === access.execute) executed(space, vma, page, frame, isKnown);
  if (write) vma.cache?.dirtied(indexOf(vma, page));
  return grant(space, vma, page, frame, write || (old & PTE.WRITE) !== 0);
};

/** The times that a space looks for a cached page in a frame. Each look goes through all unmapped files. */
const mostRoomMade = 16;

/**
 * A write to private memory: the page gets its own frame. Linux do_wp_page(), do_cow_fault(),
 * do_anonymous_page().
 */
const privateWrite = (space: AddressSpace, vma: Vma, page: number, old: number): number => {
  const { frames } = space;
  if (vma.anon === 0) vma.anon = space.areas.findMergeableAnon(vma) ?? ++space.lastAnon;
  const direct = space.directAddress(page);
  if (old === 0 && frames.refs(direct) === 1 && space.roomMade < mostRoomMade) {
    space.roomMade++;
    frames.vacate(new Set([direct]), true);
  }
  // The first access is a write: the copy, not the file's page, is to be direct-mapped.
  const from = old === 0 ? cached(space, vma, page, 0) : frameOf(old);
  if (from < 0) return from;
  // The page is the frame's only user. A file's page has a further reference, that of the page cache.
  if (old !== 0 && from !== frames.zero && frames.refs(from) === 1) return grant(space, vma, page, from, true);
  // The file's page has the direct-mapped frame and no other user: the page cache gets the copy.
  if (from === direct && vma.cache?.cached(indexOf(vma, page)) === from && frames.refs(from) === (old === 0 ? 1 : 2)) {
    if (old === 0) frames.retain(from);
    if (vma.cache.move(indexOf(vma, page))) return grant(space, vma, page, from, true);
    if (old === 0) frames.release(from);
    return refusal.noMemory;
  }
  // The reference keeps the source during the allocation, which may reclaim unmapped pages of the cache.
  frames.retain(from);
  const frame = from === frames.zero ? frames.alloc(direct) : frames.allocDirty(direct);
  if (frame !== 0 && from !== frames.zero) frames.u8.copyWithin(frame, frames.use(from), from + PAGE_SIZE);
  frames.release(from);
  if (frame === 0) return refusal.noMemory;
  if (old !== 0) {
    frames.release(from);
    space.flushPage(page);
  }
  if (old === 0 && from === frames.zero && !vma.provider) fillAhead(space, vma, page);
  return grant(space, vma, page, frame, true);
};

/** The number of consecutive first writes after which a fault also populates the next pages. */
const streak = 16;
/** True if the last fault, which was at `address`, populated pages after its own. */
export const hasFilledBehind = ({ filling }: AddressSpace, address: number): boolean =>
  filling.next - address > PAGE_SIZE && filling.next - address <= (1 + mostMore) * PAGE_SIZE;

/**
 * Populates the pages after `page` in direct-mapped frames if memory is filled page after page. Linux does
 * the same with folios that are larger than a page (mTHP).
 */
const fillAhead = (space: AddressSpace, vma: Vma, page: number): void => {
  const { frames, filling } = space;
  filling.pages = page === filling.next ? filling.pages + 1 : 0;
  filling.next = page + PAGE_SIZE;
  if (filling.pages < streak || frames.free < frames.total >> 2) return;
  const end = Math.min(vma.end, page + (1 + mostMore) * PAGE_SIZE);
  for (; filling.next < end && space.table.get(filling.next) === 0; filling.next += PAGE_SIZE) {
    const frame = frames.allocThis(space.directAddress(filling.next));
    if (frame === 0) return;
    grant(space, vma, filling.next, frame, true);
  }
};
