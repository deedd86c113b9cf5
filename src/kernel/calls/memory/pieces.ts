// Memory calls on long ranges: their costs, and their work in pieces. Linux mm/gup.c __mm_populate().

import * as memory from "../../../memory/calls/index.ts";
import { PAGE_SIZE, pageAlign } from "../../../memory/frames.ts";
import type { PageCache } from "../../../memory/page-cache.ts";
import { cost, PIECE_BYTES } from "../../base/cost.ts";
import { again } from "../../base/wait.ts";
import { charged } from "../../core/charged.ts";
import type { Result } from "../../core/result.ts";
import type { Task } from "../../core/task.ts";

/** Additional cost of a new page, which is zeroed or copied. */
const FRESH = PAGE_SIZE * cost.byte;
/** The cost of a piece, equal to that of a copy of `PIECE_BYTES`. */
const PIECE = PIECE_BYTES * cost.byte;
/** Pages in one piece: new ones, and ones that are only visited. */
const MOST_FRESH = Math.floor(PIECE / (cost.page + FRESH));
const MOST_SEEN = Math.floor(PIECE / cost.page);

/** Charges for the pages that `act` makes present. */
const populating = (t: Task, pages: number, act: () => number): number => {
  const { frames } = t.mem;
  const { free, filledAside } = frames;
  const result = act();
  t.kernel.charge(pages * cost.page + Math.max(frames.filledAside - filledAside, free - frames.free) * FRESH);
  return result;
};

/** The remaining work of a call that makes pages present. */
interface Remaining {
  readonly result: number;
  readonly ranges: { start: number; readonly end: number }[];
  /** Index of the first incomplete range. */
  at: number;
}
/**
 * A call that makes pages present (mmap, mlock and related calls). Its first piece does the other work and
 * collects the ranges. `failed`: the result if a page is not available.
 */
export const thenPopulate = (
  t: Task,
  call: (later: memory.Populate) => number,
  failed: (refusal: number) => number | undefined = () => undefined,
): Result => {
  let remaining = t.waited.data as Remaining | undefined;
  if (!remaining) {
    const ranges: Remaining["ranges"] = [];
    const later: memory.Populate = (_space, start, end) => {
      ranges.push({ start, end });
      return 0;
    };
    const result = charged(t.kernel, t.mem, () => call(later));
    if (result < 0 || ranges.length === 0) return result;
    remaining = { result, ranges, at: 0 };
  }
  for (let budget = MOST_FRESH; budget > 0; budget--) {
    const range = remaining.ranges[remaining.at];
    if (!range) return remaining.result;
    const { start, end } = range;
    const next = populating(t, Math.min(budget, (end - start) / PAGE_SIZE), () => memory.touchSome(t.mem, start, end, budget));
    if (next < 0) {
      const result = failed(next);
      if (result !== undefined) return result;
    }
    if (next < 0 || next >= end) remaining.at++;
    else {
      range.start = next;
      break;
    }
    budget -= (end - start) / PAGE_SIZE;
  }
  t.waited.data = remaining;
  return again({ killable: true });
};

/** madvise(2). Advice that changes every page is applied to one piece of the range at a time. */
export const madvise = (t: Task, at: number, length: number, advice: number): Result => {
  const advise = (start: number, n: number): number => charged(t.kernel, t.mem, () => memory.madvise(t.mem, start, n, advice));
  const bytes = MOST_FRESH * PAGE_SIZE;
  if (!memory.isPopulating(advice) || length <= bytes || at + pageAlign(length) >= 2 ** 64) return advise(at, length);
  const done = (t.waited.data as number | undefined) ?? 0;
  const n = Math.min(bytes, length - done);
  const result = populating(t, n / PAGE_SIZE, () => advise(at + done, n));
  if (result < 0 || done + n === length) return result;
  t.waited.data = done + n;
  return again({ killable: true });
};

/** mincore(2) in pieces. */
export const mincore = (t: Task, at: number, length: number, vec: number): Result => {
  const before = (t.waited.data as number | undefined) ?? 0;
  const done = memory.mincore(t.mem, at, length, vec, before, MOST_SEEN);
  if (done < 0) return done;
  t.kernel.charge((done - before) * cost.page);
  if (done * PAGE_SIZE >= length) return 0;
  t.waited.data = done;
  return again({ killable: true });
};

/** The remaining work of an msync(2): page indexes of files, `to` exclusive. */
interface Unsynced {
  readonly result: number;
  readonly ranges: { readonly cache: PageCache; from: number; readonly to: number }[];
  at: number;
}
/** msync(2) in pieces. */
export const msync = (t: Task, at: number, length: number, flags: number): Result => {
  let remaining = t.waited.data as Unsynced | undefined;
  if (!remaining) {
    const ranges: Unsynced["ranges"] = [];
    const result = memory.msync(t.mem, at, length, flags, (cache, from, to) => ranges.push({ cache, from, to }));
    remaining = { result, ranges, at: 0 };
  }
  let budget = MOST_FRESH;
  for (let range = remaining.ranges[remaining.at]; range; range = remaining.ranges[remaining.at]) {
    const { done, next } = range.cache.sync(range.from, range.to, budget);
    t.kernel.charge(cost.entry + done * (cost.page + FRESH));
    budget -= done + 1;
    if (next === undefined) remaining.at++;
    else range.from = next;
    if (next !== undefined || budget <= 0) {
      t.waited.data = remaining;
      return again({ killable: true });
    }
  }
  return remaining.result;
};
