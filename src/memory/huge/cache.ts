// The page cache of a file on a hugetlbfs: the bytes are in its huge pages only, so that nothing is copied
// and nothing is written back.
import { E } from "../../abi/errno.ts";
import type { Backing } from "../backing.ts";
import { type Frames, PAGE_SIZE } from "../frames.ts";
import { PageCache } from "../page-cache.ts";
import type { HugeObject } from "./object.ts";
import { HUGE_FRAMES } from "./pool.ts";

/** The mappings of a file with huge pages. */
export class HugeCache extends PageCache {
  private readonly _object: HugeObject;
  constructor(frames: Frames, backing: Backing, object: HugeObject) {
    super(frames, backing);
    this._object = object;
  }
  override cached(index: number): number | undefined {
    return this._object.get(Math.floor(index / HUGE_FRAMES))?.frames[index % HUGE_FRAMES];
  }
  override frame(index: number): number {
    return this.cached(index) ?? -1;
  }
  override get count(): number {
    return this._object.count * HUGE_FRAMES;
  }
  override has(index: number): boolean {
    return this.cached(index) !== undefined;
  }
  override punch(from: number, to: number): number {
    return this.backing.punchPages?.(from, to) ?? -E.EOPNOTSUPP;
  }
  override truncated(size: number): void {
    this.unmap(Math.ceil(size / PAGE_SIZE));
  }
  override reclaim(): number {
    return 0;
  }
}
