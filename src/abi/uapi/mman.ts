// Flags and advice of mmap(2) and its family. Linux uapi asm-generic/mman-common.h, asm-generic/mman.h,
// asm/mman.h, linux/mman.h.

/** PROT_*. */
export const PROT = { NONE: 0, READ: 1, WRITE: 2, EXEC: 4, SEM: 8, GROWSDOWN: 0x01000000, GROWSUP: 0x02000000 } as const;

/** MAP_*; BIT32 is MAP_32BIT. */
// biome-ignore format: table
export const MAP = {
  SHARED: 0x01, PRIVATE: 0x02, SHARED_VALIDATE: 0x03, DROPPABLE: 0x08, TYPE: 0x0f, FIXED: 0x10, ANONYMOUS: 0x20, BIT32: 0x40, ABOVE4G: 0x80,
  GROWSDOWN: 0x0100, DENYWRITE: 0x0800, EXECUTABLE: 0x1000, LOCKED: 0x2000, NORESERVE: 0x4000, POPULATE: 0x8000, NONBLOCK: 0x10000,
  STACK: 0x20000, HUGETLB: 0x40000, SYNC: 0x80000, FIXED_NOREPLACE: 0x100000, UNINITIALIZED: 0x4000000,
} as const;

/** MREMAP_*. */
export const MREMAP = { MAYMOVE: 1, FIXED: 2, DONTUNMAP: 4 } as const;

/** MS_* of msync(2). */
export const MS = { ASYNC: 1, INVALIDATE: 2, SYNC: 4 } as const;

/** MCL_* of mlockall(2). */
export const MCL = { CURRENT: 1, FUTURE: 2, ONFAULT: 4 } as const;

/** MADV_*. */
// biome-ignore format: table
export const MADV = {
  NORMAL: 0, RANDOM: 1, SEQUENTIAL: 2, WILLNEED: 3, DONTNEED: 4, FREE: 8, REMOVE: 9, DONTFORK: 10, DOFORK: 11, MERGEABLE: 12,
  UNMERGEABLE: 13, HUGEPAGE: 14, NOHUGEPAGE: 15, DONTDUMP: 16, DODUMP: 17, WIPEONFORK: 18, KEEPONFORK: 19, COLD: 20, PAGEOUT: 21,
  POPULATE_READ: 22, POPULATE_WRITE: 23, DONTNEED_LOCKED: 24,
} as const;
