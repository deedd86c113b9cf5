// One mapping: a range of pages with the same permissions, the same file and consecutive offsets. Linux
// struct vm_area_struct.
import { PROT } from "../abi/uapi/mman.ts";
import type { MappedFile } from "./backing.ts";
import type { FaultProvider } from "./fault-provider.ts";
import type { PageCache } from "./page-cache.ts";
import type { MemoryPolicy } from "./policy.ts";

export { MAP, PROT } from "../abi/uapi/mman.ts";

/**
 * The properties of a mapping besides permissions: Linux VM_* with other numbers. Neighbours merge only if
 * all are equal.
 */
// biome-ignore format: table
export const VM = {
  SHARED: 0x1, GROWSDOWN: 0x2, LOCKED: 0x4, LOCKONFAULT: 0x8, NORESERVE: 0x10, DONTFORK: 0x20, WIPEONFORK: 0x40, DONTDUMP: 0x80, DONTEXPAND: 0x100,
  ACCOUNT: 0x200, SEQUENTIAL: 0x400, RANDOM: 0x800, HUGEPAGE: 0x1000, NOHUGEPAGE: 0x2000, MERGEABLE: 0x4000,
  MAYREAD: 0x10000, MAYWRITE: 0x20000, MAYEXEC: 0x40000, MAYSHARE: 0x80000,
  /** Pages of the kernel (vvar). No debugger reads them and no advice drops them. */
  PFNMAP: 0x100000,
  /** mseal(2). */
  SEALED: 0x200000,
  /** memfd_secret(2): no debugger reads its pages. */
  SECRET: 0x400000,
  /** Huge pages. Never merged, and split between two of them only. Linux adds DONTEXPAND. */
  HUGETLB: 0x800000,
  /** Private huge pages with their reservations (`MappedFile.promised`). Linux HPAGE_RESV_OWNER. */
  RESERVES: 0x1000000,
  /** Private huge pages of which the parent took some away. Linux HPAGE_RESV_UNMAPPED. */
  LOST: 0x2000000,
} as const;

/** VM_SPECIAL: never merged, never split, never locked. */
export const SPECIAL = VM.DONTEXPAND | VM.PFNMAP;

/** A mapping. Addresses are multiples of the page size. */
export interface Vma {
  start: number;
  /** One past the last byte. */
  end: number;
  /** PROT.READ | PROT.WRITE | PROT.EXEC. */
  prot: number;
  /** VM bits. */
  flags: number;
  /**
   * The page index of `start` in the file. For private anonymous memory: `start / 4096` at the time of
   * mmap(2).
   */
  pgoff: number;
  /**
   * The anon id of its private pages (Linux anon_vma): 0 before the first one. Mappings with different ids
   * never merge. A negative id was inherited by fork(2) and merges only with the same id.
   */
  anon: number;
  /** Absent for private anonymous memory. Shared anonymous memory is a file without a name (shmem). */
  readonly file?: MappedFile | undefined;
  readonly cache?: PageCache | undefined;
  /** The object that serves its page faults in place of memory. */
  provider: FaultProvider | undefined;
  /** mbind(2). Undefined: the task's policy. */
  policy: MemoryPolicy | undefined;
  /** The position among the mappings of `cache`. */
  place: number;
}

/**
 * A copy. All mappings are made with the same fields in the same order, as here, and so have one shape in V8:
 * a spread makes others.
 */
export const copyOf = (vma: Vma): Vma => {
  const { start, end, prot, flags, pgoff, anon, file, cache, provider, policy, place } = vma;
  return { start, end, prot, flags, pgoff, anon, file, cache, provider, policy, place };
};

/** True for mappings that RLIMIT_DATA counts. Linux is_data_mapping(). */
export const isData = (prot: number, flags: number): boolean => (prot & PROT.WRITE) !== 0 && (flags & (VM.SHARED | VM.GROWSDOWN)) === 0;

/** PR_MDWE_*: written memory is not executed, and memory does not become executable. man 2 PR_SET_MDWE. */
export const MDWE = { REFUSE_EXEC_GAIN: 1, NO_INHERIT: 2 } as const;
/** The bits of the address spaces of children, and of the next program. */
export const handedDown = (bits: number): number => ((bits & MDWE.NO_INHERIT) !== 0 ? 0 : bits);
/**
 * True if a mapping with rights `from` must not have the rights `to`. Linux
 * map_deny_write_exec().
 */
export const deniesWriteOrExecute = ({ writeOrExecute }: { readonly writeOrExecute: number }, from: number, to: number): boolean =>
  writeOrExecute !== 0 && (to & PROT.EXEC) !== 0 && ((to & PROT.WRITE) !== 0 || (from & PROT.EXEC) === 0);
