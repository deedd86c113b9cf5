// Providers of pages: objects that serve the page faults of a mapping in place of memory itself. Linux calls
// one from handle_mm_fault().
import type { Access } from "../cpu/machine/mmu.ts";
import type { AddressSpace } from "./space.ts";
import type { Vma } from "./vma.ts";

/** The provider of a mapping. Parts of a split mapping share it. */
export interface FaultProvider {
  /** The refusal of an access (fault.ts), or 0: memory serves it. */
  refuse(space: AddressSpace, vma: Vma, address: number, kind: Access): number;
  /** True for a page whose entry does not allow writes. */
  isProtected(page: number): boolean;
  /** Pages of the range have gone. */
  dropped(start: number, end: number): void;
}
