// The regions that code can enter, by slot and by frame, and their places in the block cache.

import { regionSlots, slotBits } from "../../decode/operand-slots.ts";
import type { Blocks } from "../../interp/block-cache.ts";
import { blockAround, type Region } from "./region-plan.ts";

/** The slot in the word of a record that begins a region. */
const slotOf = (word: number): number => word & ((1 << slotBits) - 1);

const none: ReadonlySet<Region> = new Set();

/** The active regions of a processor. */
export class ActiveRegions {
  readonly #blocks: Blocks;
  readonly #regions = new Map<number, Region>();
  readonly #byFrame = new Map<number, Set<Region>>();
  readonly #free: number[] = [];
  #nextSlot = 1;
  constructor(blocks: Blocks) {
    this.#blocks = blocks;
  }

  /** A free slot of the region table. Undefined: all are taken. */
  takeSlot(): number | undefined {
    return this.#free.pop() ?? (this.#nextSlot < regionSlots ? this.#nextSlot++ : undefined);
  }
  giveSlot(slot: number): void {
    this.#free.push(slot);
  }

  /** All regions, as they are now. */
  get all(): Region[] {
    return [...this.#regions.values()];
  }
  has(region: Region): boolean {
    return this.#regions.get(region.slot) === region;
  }
  /** The regions with code in a frame. */
  inFrame(frame: number): ReadonlySet<Region> {
    return this.#byFrame.get(frame) ?? none;
  }
  /** The region of a record's word (`Blocks.regionWordOf`). */
  ofWord(word: number): Region | undefined {
    return this.#regions.get(slotOf(word));
  }
  /** The region that begins at a block. */
  at(head: number): Region | undefined {
    const blocks = this.#blocks;
    return head !== 0 && blocks.isRegion(head) ? this.ofWord(blocks.regionWordOf(head)) : undefined;
  }
  /** Regions of the current context that contain an address, except trace trees. */
  around(ip: number): Region[] {
    const { context } = this.#blocks;
    const isAround = (r: Region): boolean => r.context === context && !r.graph.tree && blockAround(r.graph, ip) !== undefined;
    return [...this.inFrame(this.#blocks.frameOf(ip))].filter(isAround);
  }
  /** The function's region that covers an address without an entry there, if its pages are still mapped. */
  ofFunction(ip: number): Region | undefined {
    return this.around(ip).find((region) => !region.side && this.isMapped(region));
  }
  /** True if a region's pages are still mapped to the frames that it was compiled from. */
  isMapped(region: Region): boolean {
    for (const [page, frame] of region.graph.pages) if (this.#blocks.frameOf(page * 4096) !== frame) return false;
    return true;
  }

  /** Makes a region enterable and registers its frames for invalidation. */
  add(region: Region): void {
    const blocks = this.#blocks;
    this.#regions.set(region.slot, region);
    for (const frame of region.graph.pages.values()) {
      blocks.trackWrites(frame);
      const there = this.#byFrame.get(frame);
      if (there) there.add(region);
      else this.#byFrame.set(frame, new Set([region]));
    }
    region.heads.forEach((head, n) => {
      if (head !== 0) blocks.installRegion(head, region.slot | (n << slotBits));
    });
  }
  /** Removes all links to a region. Its slot stays taken. */
  remove(region: Region): void {
    this.#regions.delete(region.slot);
    for (const frame of region.graph.pages.values()) {
      const there = this.#byFrame.get(frame);
      there?.delete(region);
      if (there?.size === 0) this.#byFrame.delete(frame);
    }
    for (const head of region.heads) if (head !== 0) this.#blocks.removeRegion(head);
  }
  /** Makes the regions of a frame verify their mapping before the next entry. */
  frameUnmapped(frame: number): void {
    for (const { heads } of this.inFrame(frame)) for (const head of heads) if (head !== 0) this.#blocks.invalidateRegion(head);
  }
  /** Marks the bytes of a frame that regions were compiled from. */
  classifyBytes(frame: number, marks: Uint8Array): void {
    for (const { snapshot, patched } of this.inFrame(frame)) snapshot.classifyBytes(frame, marks, patched);
  }
}
