// What the CPU asks of whoever owns address translation (src/memory), and what it offers to it. The CPU knows no kernel.

export const access = { read: 0, write: 1, execute: 2 } as const;
/** Above an access's bits generated code puts the address modulo the alignment that it must have: #GP unless that is 0. */
export const misalignedBy = 2;
export type Access = (typeof access)[keyof typeof access];

/** One address space, as the CPU sees it. */
export interface Mmu {
  /** Which homes its pages have (layout.ts); absent: 0. */
  readonly color?: number;
  /**
   * Find the frame behind a linear address, doing whatever the access needs first: demand-zero, copy-on-write, file paging,
   * stack growth. `address` is below 2^47 (others fault before they get here).
   * Returns the frame's byte address in the machine's memory (a multiple of 4096), plus `cacheWrite` if later writes to the page
   * need not ask again (never for a page that is still shared copy-on-write), and `cacheMore` if pages behind it have come with it; reads may
   * always be cached.
   * A negative value is -(1 + page-fault error code): #PF. Never throws for a guest's mistake.
   */
  translate(address: number, access: Access): number;
  /** What `translate` says to an access, by default a read, if nothing has to be done for that; else negative. */
  present?(address: number, access?: Access): number;
  /**
   * Of some pages, by their addresses, those whose code is not fetched from these frames, as far as that is known without reading a file. Absent:
   * nobody knows before he asks `translate`.
   */
  otherCode?(pages: readonly number[], frames: readonly number[]): readonly number[];
  /** `translate` for the kernel's half, whose addresses are negative here: there is seldom anything that user code may touch. Not cached. */
  kernelHalf?(address: number, access: Access): number | undefined;
}
export const cacheWrite = 1;
export const cacheMore = 2;
/** Pages that may come with one at most. */
export const mostMore = 15;

/** What the owner of memory must tell the CPU. */
export interface TranslationListener {
  /** Nonzero at index frame >> 12 where the frame holds translated code. Who writes to it behind the CPU's back calls `invalidateFrame`. */
  readonly codeFrames: Uint8Array;
  /** Drop the translations made from this frame (its byte address): it was written or freed. */
  invalidateFrame(frame: number): void;
  /** Forget cached translations: all, or the page of one linear address. */
  flushTlb(): void;
  /** Pages that could be written to may not be now; nothing else is new. */
  flushWrites(): void;
  flushTlbPage(address: number): void;
}
