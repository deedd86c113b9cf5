// mmap(2) and munmap(2). Linux mm/mmap.c do_mmap(), mm/vma.c mmap_region(), do_vmi_munmap().
import { E } from "../../abi/errno.ts";
import { access } from "../../cpu/machine/mmu.ts";
import type { MappedFile } from "../backing.ts";
import { isPageAligned, PAGE_SIZE, pageAlign, pageFloor } from "../frames.ts";
import { anonymousHuge, hugeAlign, isHugeSize, isNameless, reserveHuge } from "../huge/map.ts";
import { HUGE_SIZE, hugePool } from "../huge/pool.ts";
import { PageCache } from "../page-cache.ts";
import { place } from "../place.ts";
import { anonymousShared } from "../shmem.ts";
import type { AddressSpace } from "../space.ts";
import { deniesWriteOrExecute, MAP, PROT, VM, type Vma } from "../vma.ts";
import { isSealed } from "./seal.ts";

/** The arguments of mmap(2). */
export interface MapRequest {
  readonly at: number;
  readonly length: number;
  /** PROT_* and MAP_* as the caller gave them. */
  readonly prot: number;
  readonly flags: number;
  /**
   * The open file of `fd`; undefined with MAP_ANONYMOUS. The caller reports EBADF after EINVAL for the
   * offset.
   */
  readonly file?: MappedFile | undefined;
  /**
   * Anonymous memory of a file that is not open for writing (/dev/zero): a shared mapping stays read-only.
   */
  readonly unwritable?: boolean;
  /** The offset in bytes, a multiple of 4096. The caller checks it (mmap) or multiplies (mmap2). */
  readonly offset: number;
  /** The call came through a 32-bit door: 32-bit code must reach the address. */
  readonly compat: boolean;
}

const ULONG_END = 2 ** 64;
/**
 * The flags of MAP_SHARED. MAP_SHARED_VALIDATE refuses others. Linux include/linux/mman.h LEGACY_MAP_MASK.
 */
const LEGACY_MAP_MASK =
  MAP.SHARED |
  MAP.PRIVATE |
  MAP.FIXED |
  MAP.ANONYMOUS |
  MAP.DENYWRITE |
  MAP.EXECUTABLE |
  MAP.UNINITIALIZED |
  MAP.GROWSDOWN |
  MAP.LOCKED |
  MAP.NORESERVE |
  MAP.POPULATE |
  MAP.NONBLOCK |
  MAP.STACK |
  MAP.HUGETLB |
  MAP.BIT32 |
  MAP.ABOVE4G;
const MAY_ALL = VM.MAYREAD | VM.MAYWRITE | VM.MAYEXEC;

/** VM bits of a file mapping, or -errno. */
const fileFlags = (file: MappedFile, prot: number, flags: number): number => {
  let vm: number = MAY_ALL;
  switch (flags & MAP.TYPE) {
    case MAP.SHARED_VALIDATE:
      if (flags & ~(LEGACY_MAP_MASK | MAP.SHARED_VALIDATE | MAP.FIXED_NOREPLACE)) return -E.EOPNOTSUPP;
      break;
    case MAP.SHARED:
    case MAP.PRIVATE:
      break;
    default:
      return -E.EINVAL;
  }
  if (flags & MAP.SHARED) {
    if (prot & PROT.WRITE && !file.writable) return -E.EACCES;
    if (prot & PROT.WRITE && file.sealedWrite) return -E.EPERM;
    // mprotect(2) cannot make a mapping of a read-only file writable. It counts as private (VM_SHARED off).
    vm |= file.writable && !file.sealedWrite ? VM.SHARED | VM.MAYSHARE : VM.MAYSHARE;
    if (!file.writable || file.sealedWrite) vm &= ~VM.MAYWRITE;
  }
  if (!file.readable) return -E.EACCES;
  if (file.noexec) {
    if (prot & PROT.EXEC) return -E.EPERM;
    vm &= ~VM.MAYEXEC;
  }
  if (file.secret) return vm & VM.SHARED ? vm | VM.LOCKED | VM.DONTDUMP | VM.SECRET : -E.EINVAL;
  return flags & MAP.GROWSDOWN ? -E.EINVAL : vm;
};

const anonymousFlags = (flags: number, prot: number, unwritable: boolean): number => {
  switch (flags & MAP.TYPE) {
    case MAP.SHARED:
      if (flags & MAP.GROWSDOWN) return -E.EINVAL;
      if (unwritable && prot & PROT.WRITE) return -E.EACCES;
      return (unwritable ? MAY_ALL & ~VM.MAYWRITE : MAY_ALL | VM.SHARED) | VM.MAYSHARE;
    case MAP.PRIVATE:
      return MAY_ALL;
    // Pages are never dropped: there is no swap, and the machine has its memory.
    case MAP.DROPPABLE:
      return MAY_ALL | VM.NORESERVE | VM.WIPEONFORK | VM.DONTDUMP;
    default:
      return -E.EINVAL;
  }
};

/** Linux calc_vm_flag_bits(). */
const carried = (flags: number, isHuge: boolean): number =>
  (flags & MAP.GROWSDOWN ? VM.GROWSDOWN : 0) |
  (flags & MAP.LOCKED && !isHuge ? VM.LOCKED : 0) |
  (flags & MAP.STACK ? VM.NOHUGEPAGE : 0) |
  (flags & MAP.NORESERVE ? VM.NORESERVE : 0);

/** True for private writable memory, which is charged. Linux accountable_mapping(). */
export const accountable = (prot: number, flags: number): boolean =>
  (prot & PROT.WRITE) !== 0 && (flags & (VM.NORESERVE | VM.SHARED | VM.ACCOUNT | VM.HUGETLB)) === 0;

/** The request with its file and length if it is for huge pages, or -errno. Linux ksys_mmap_pgoff(). */
const withHugePages = (space: AddressSpace, request: MapRequest): MapRequest | number => {
  const { file, flags } = request;
  if (file?.backing.huge) return { ...request, length: hugeAlign(request.length) };
  if ((flags & MAP.HUGETLB) === 0) return request;
  if (file !== undefined || !isHugeSize(flags)) return -E.EINVAL;
  const length = hugeAlign(request.length);
  return { ...request, length, offset: 0, file: anonymousHuge(hugePool(space.frames), length, ++space.frames.sharedObjects) };
};

/** The effect of personality READ_IMPLIES_EXEC on PROT_READ. */
const withImpliedExec = (space: AddressSpace, prot: number, file: MappedFile | undefined): number =>
  prot & PROT.READ && space.readImpliesExec && !file?.noexec ? prot | PROT.EXEC : prot;

/** mmap(2): the address or -errno. */
export const mmap = (space: AddressSpace, asked: MapRequest, populate: Populate = touchAll): number => {
  if (!isPageAligned(asked.offset)) return -E.EINVAL;
  const request = withHugePages(space, asked);
  if (typeof request === "number") return request;
  const { file, offset } = request;
  const isHuge = file?.backing.huge !== undefined;
  if (request.length === 0) return -E.EINVAL;
  const prot = withImpliedExec(space, request.prot & 7, file);
  const flags = request.flags & MAP.FIXED_NOREPLACE ? request.flags | MAP.FIXED : request.flags;
  const length = pageAlign(request.length);
  if (length >= ULONG_END) return -E.ENOMEM;
  if (offset + length >= ULONG_END * PAGE_SIZE) return -E.EOVERFLOW;
  if (space.areas.count > space.frames.mostAreas || !space.chargeAreas(space.areas.count)) return -E.ENOMEM;

  const hint = flags & MAP.FIXED ? request.at : roundHint(request.at, space.layout.minAddress);
  const how = isHuge ? { unit: HUGE_SIZE } : { huge: hugeOffset(request, flags, hint, length) };
  const at = place(space, { at: hint, length, flags, compat: request.compat, ...how });
  if (at < 0) return at;
  if (flags & MAP.FIXED_NOREPLACE && space.areas.overlaps(at, at + length)) return -E.EEXIST;
  const lock = (flags & MAP.LOCKED ? VM.LOCKED : 0) | space.defaultFlags;
  if (flags & MAP.LOCKED && !mayLockAtAll(space)) return -E.EPERM;
  if (!space.mayLock(length / PAGE_SIZE, lock)) return -E.EAGAIN;
  // file_mmap_ok: offsets are signed, up to MAX_LFS_FILESIZE.
  if (file && offset + length > 2 ** 63 - 1) return -E.EOVERFLOW;
  if (file?.secret && !space.mayLock(length / PAGE_SIZE, VM.LOCKED)) return -E.EAGAIN;
  const kind = file ? fileFlags(file, prot, flags) : anonymousFlags(flags, prot, request.unwritable ?? false);
  if (kind < 0) return kind;
  if (deniesWriteOrExecute(space, prot, prot)) return -E.EACCES;
  if (isHuge && offset % HUGE_SIZE !== 0) return -E.EINVAL;
  // Huge pages are never paged out, so that no lock counts them.
  const more = isHuge ? VM.HUGETLB : lock;
  const error = install(space, { at, length, prot, flags: kind | carried(flags, isHuge) | more, file, pgoff: offset / PAGE_SIZE });
  if (error < 0) return error;
  if (flags & MAP.LOCKED || (flags & (MAP.POPULATE | MAP.NONBLOCK)) === MAP.POPULATE || space.defaultFlags & VM.LOCKED)
    populate(space, at, at + length);
  return at;
};

/**
 * The file offset for huge pages, if the mapping is aligned for them: files of ext4, and anonymous memory
 * since 6.7.
 */
const hugeOffset = ({ file, offset }: MapRequest, flags: number, hint: number, length: number): number | undefined => {
  if (file) return offset;
  return hint === 0 && (flags & MAP.TYPE) === MAP.PRIVATE && length % HUGE_SIZE === 0 ? 0 : undefined;
};

/** Linux round_hint_to_min(). */
const roundHint = (at: number, min: number): number => {
  const hint = pageFloor(at);
  return hint !== 0 && hint < min ? min : hint;
};

/** False: every lock is -EPERM. Linux can_do_mlock(). */
export const mayLockAtAll = (space: AddressSpace): boolean => space.limits.memlock > 0 || space.limits.ipcLock;

/**
 * Makes the pages of a range present up to the first failure. Returns 0 or the refusal. Only mlock(2) reports
 * it; for other calls the next access does. System calls populate later, in pieces (`touchSome`). Linux
 * mm_populate().
 */
export type Populate = (space: AddressSpace, start: number, end: number) => number;
/** Populates a range at once. */
export const touchAll: Populate = (space, start, end) => Math.min(0, touchSome(space, start, end, Number.POSITIVE_INFINITY));

/**
 * Populates at most `most` pages. Returns the address of the next one, `end` after the last one, or the
 * refusal.
 */
export const touchSome = (space: AddressSpace, start: number, end: number, most: number): number => {
  let remaining = most;
  for (let vma = space.areas.above(start); vma !== undefined && vma.start < end; vma = space.areas.above(vma.end)) {
    if (vma.flags & VM.LOCKONFAULT) continue;
    const kind = (vma.flags & VM.SHARED) === 0 && vma.prot & PROT.WRITE ? access.write : access.read;
    const stop = Math.min(end, vma.end);
    for (let page = Math.max(start, vma.start); page < stop; page += PAGE_SIZE) {
      if (remaining-- <= 0) return page;
      const error = space.touch(page, kind);
      if (error < 0) return error;
    }
  }
  return end;
};

/** A mapping to install. */
export interface Installation {
  readonly at: number;
  readonly length: number;
  readonly prot: number;
  readonly flags: number;
  readonly file?: MappedFile | undefined;
  readonly pgoff: number;
  /** The neighbours to merge with. Default: both. */
  readonly neighbours?: "both" | "below" | "none";
}

const pagesWithin = (space: AddressSpace, start: number, end: number): number =>
  space.areas.within(start, end).reduce((n, v) => n + (Math.min(end, v.end) - Math.max(start, v.start)) / PAGE_SIZE, 0);

/** Installs a mapping over existing ones: 0 or -errno. The ELF loader also uses it. Linux mmap_region(). */
export const install = (space: AddressSpace, m: Installation): number => {
  const end = m.at + m.length;
  const replaced = space.areas.overlaps(m.at, end) ? pagesWithin(space, m.at, end) : 0;
  const pages = m.length / PAGE_SIZE;
  if (!space.mayExpand(pages - replaced, m.prot, m.flags)) return -E.ENOMEM;
  if (replaced > 0) {
    const error = munmap(space, m.at, m.length);
    if (error < 0) return error;
  }
  let flags = m.flags;
  if (accountable(m.prot, flags)) {
    if (!space.mayCommit(pages)) return -E.ENOMEM;
    flags |= VM.ACCOUNT;
  }
  if (m.file && flags & VM.HUGETLB) return installHuge(space, m, m.file);
  const shared = m.file === undefined && flags & VM.SHARED ? anonymousShared(m.length, ++space.frames.sharedObjects) : m.file;
  if (shared !== m.file && !space.mayCommit(pages) && (flags & VM.NORESERVE) === 0) return -E.ENOMEM;
  const cache = shared && PageCache.of(space.frames, shared.backing);
  const pgoff = m.file ? m.pgoff : shared ? 0 : m.at / PAGE_SIZE;
  const { at: start, prot } = m;
  const vma: Vma = { start, end, prot, flags, pgoff, anon: 0, file: shared, cache, provider: undefined, policy: undefined, place: 0 };
  space.areas.insert(vma, m.neighbours);
  // Shared anonymous memory cannot be mapped again: it ends with its last mapping.
  if (shared !== m.file) cache?.drop();
  return 0;
};

/** The rest of `install` for huge pages. A writable mapping extends its file. Linux hugetlbfs_file_mmap(). */
const installHuge = (space: AddressSpace, m: Installation, wanted: MappedFile): number => {
  const object = wanted.backing.huge;
  const offset = m.pgoff * PAGE_SIZE;
  const reserved = reserveHuge({ file: wanted, flags: m.flags, offset, length: m.length });
  if (object === undefined || reserved === undefined) return -E.ENOMEM;
  if (m.prot & PROT.WRITE) object.size = Math.max(object.size, offset + m.length);
  const { file, flags } = reserved;
  const cache = PageCache.of(space.frames, file.backing);
  const [start, end] = [m.at, m.at + m.length];
  const { prot, pgoff } = m;
  space.areas.insert({ start, end, prot, flags, pgoff, anon: 0, file, cache, provider: undefined, policy: undefined, place: 0 });
  if (isNameless(file.backing)) cache.drop();
  return 0;
};

/** munmap(2): 0 or -errno. */
export const munmap = (space: AddressSpace, at: number, length: number): number => {
  const { taskSize } = space.layout;
  if (!isPageAligned(at) || at > taskSize || length > taskSize - at || length === 0) return -E.EINVAL;
  const end = at + pageAlign(length);
  const { areas } = space;
  if (isSealed(space, at, end)) return -E.EPERM;
  const inside = areas.find(at);
  if (inside && inside.start < at && inside.end > end)
    if (areas.count >= space.frames.mostAreas || !space.chargeAreas(areas.count + 1)) return -E.ENOMEM;
  if (!areas.maySplit(at) || !areas.maySplit(end)) return -E.EINVAL;
  areas.split(at);
  areas.split(end);
  for (const vma of areas.within(at, end)) {
    space.dropPages(vma);
    if (vma.flags & VM.HUGETLB) vma.file?.backing.huge?.closed(vma);
    areas.remove(vma);
  }
  // Linux free_pgtables(): the range between the neighbours has no page any more.
  space.table.trim(at, end, areas.below(at)?.end ?? 0, areas.above(end)?.start ?? Number.POSITIVE_INFINITY);
  return 0;
};
