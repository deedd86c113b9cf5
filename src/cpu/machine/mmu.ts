// The interface between the CPU and the owner of address translation (src/memory), in both directions. The
// CPU does not import the kernel.

/** Kinds of access. */
export const access = { read: 0, write: 1, execute: 2 } as const;
/**
 * Generated code passes an access as kind plus (address modulo the required alignment) << 2. A nonzero
 * remainder is #GP.
 */
export const misalignedBy = 2;
/** One of the kinds. */
export type Access = (typeof access)[keyof typeof access];

/** One address space, as the CPU sees it. */
export interface Mmu {
  /** The color of its direct-mapped pages (layout.ts); absent: 0. */
  readonly color?: number;
  /**
   * Finds the frame of a linear address and first does the work that the access needs: demand-zero,
   * copy-on-write, file paging, stack growth. `address` is below 2^47; the CPU faults others itself.
   * Returns the frame's byte address in the machine's memory (a multiple of 4096) plus flags. `cacheWrite`:
   * later writes to the page need no further call; never set for a page that is still shared copy-on-write.
   * `cacheMore`: pages after this one were mapped with it. Reads may always be cached.
   * A negative value is -(1 + page-fault error code): #PF. Never throws for a guest's mistake.
   */
  translate(address: number, access: Access): number;
  /** The result of `translate` for an access (default: read) if it needs no work; else negative. */
  present?(address: number, access?: Access): number;
  /**
   * The pages, by address, whose code is not fetched from these frames, as far as known without reading a
   * file. Absent: only `translate` can answer.
   */
  otherCode?(pages: readonly number[], frames: readonly number[]): readonly number[];
  /**
   * `translate` for addresses of the kernel's half, which are negative here. User code can access few pages
   * there. Not cached.
   */
  kernelHalf?(address: number, access: Access): number | undefined;
}
/** Result flag of `translate`: writes may be cached. */
export const cacheWrite = 1;
/** Result flag of `translate`: the next pages were mapped, too. */
export const cacheMore = 2;
/** The most pages that are mapped with another one. */
export const mostMore = 15;

/** The events that the owner of memory must report to the CPU. */
export interface TranslationListener {
  /**
   * Nonzero at index frame >> 12 if the frame holds translated code. A writer other than the CPU calls
   * `invalidateFrame`.
   */
  readonly codeFrames: Uint8Array;
  /** Drops the translations made from this frame (its byte address): it was written or freed. */
  invalidateFrame(frame: number): void;
  /** Drops cached translations of all pages, or of those of a range of linear addresses. */
  flushTlb(): void;
  flushTlbPages(start: number, end: number): void;
  /** Writable pages have become read-only, anywhere or in a range; nothing else has changed. */
  flushWrites(): void;
  flushWritesTo(start: number, end: number): void;
}
