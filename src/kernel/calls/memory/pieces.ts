// Memory calls whose work grows with a range: what they cost, and their long halves in pieces. Linux mm/gup.c __mm_populate().

import * as memory from "../../../memory/calls/index.ts";
import { PAGE_SIZE, pageAlign } from "../../../memory/frames.ts";
import type { PageCache } from "../../../memory/page-cache.ts";
import { charged } from "../../base/charged.ts";
import { cost, PIECE_BYTES } from "../../base/cost.ts";
import { again } from "../../base/wait.ts";
import type { Result } from "../../syscall/declaration.ts";
import type { Task } from "../../task/task.ts";

/** A page that is made: it is zeroed or copied as well. */
const FRESH = PAGE_SIZE * cost.byte;
/** A piece takes as long as a copy of `PIECE_BYTES`. */
const PIECE = PIECE_BYTES * cost.byte;
/** Pages that are made present in one piece, or looked at. */
const MOST_FRESH = Math.floor(PIECE / (cost.page + FRESH));
const MOST_SEEN = Math.floor(PIECE / cost.page);

/** Charge for pages that `act` makes present. */
const populating = (t: Task, pages: number, act: () => number): number => {
  const { frames } = t.mem;
  const { free } = frames;
  const result = act();
  t.kernel.charge(pages * cost.page + Math.max(0, free - frames.free) * FRESH);
  return result;
};

/** What is left of a call that makes pages present when everything else is done. */
interface Rest {
  readonly result: number;
  readonly ranges: { start: number; readonly end: number }[];
  /** The first range that is not done. */
  at: number;
}
/**
 * A call that makes pages present (mmap, mlock and their like): at first it does everything else, and hands in the ranges. `failed`: its result if a page
 * cannot be had.
 */
export const thenPopulate = (
  t: Task,
  call: (later: memory.Populate) => number,
  failed: (refusal: number) => number | undefined = () => undefined,
): Result => {
  let rest = t.waited.data as Rest | undefined;
  if (!rest) {
    const ranges: Rest["ranges"] = [];
    const later: memory.Populate = (_space, start, end) => {
      ranges.push({ start, end });
      return 0;
    };
    const result = charged(t.kernel, t.mem, () => call(later));
    if (result < 0 || ranges.length === 0) return result;
    rest = { result, ranges, at: 0 };
  }
  for (let left = MOST_FRESH; left > 0; left--) {
    const range = rest.ranges[rest.at];
    if (!range) return rest.result;
    const { start, end } = range;
    const next = populating(t, Math.min(left, (end - start) / PAGE_SIZE), () => memory.touchSome(t.mem, start, end, left));
    if (next < 0) {
      const result = failed(next);
      if (result !== undefined) return result;
    }
    if (next < 0 || next >= end) rest.at++;
    else {
      range.start = next;
      break;
    }
    left -= (end - start) / PAGE_SIZE;
  }
  t.waited.data = rest;
  return again({ killable: true });
};

/** madvise(2): what touches page after page is given for a piece of the range at a time. */
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

export const mincore = (t: Task, at: number, length: number, vec: number): Result => {
  const begun = (t.waited.data as number | undefined) ?? 0;
  const done = memory.mincore(t.mem, at, length, vec, begun, MOST_SEEN);
  if (done < 0) return done;
  t.kernel.charge((done - begun) * cost.page);
  if (done * PAGE_SIZE >= length) return 0;
  t.waited.data = done;
  return again({ killable: true });
};

/** What is left of an msync(2): pages of files, from the first to before the last. */
interface Unsynced {
  readonly result: number;
  readonly parts: { readonly cache: PageCache; from: number; readonly to: number }[];
  at: number;
}
export const msync = (t: Task, at: number, length: number, flags: number): Result => {
  let rest = t.waited.data as Unsynced | undefined;
  if (!rest) {
    const parts: Unsynced["parts"] = [];
    const result = memory.msync(t.mem, at, length, flags, (cache, from, to) => parts.push({ cache, from, to }));
    rest = { result, parts, at: 0 };
  }
  let left = MOST_FRESH;
  for (let part = rest.parts[rest.at]; part; part = rest.parts[rest.at]) {
    const { done, next } = part.cache.sync(part.from, part.to, left);
    t.kernel.charge(cost.entry + done * (cost.page + FRESH));
    left -= done + 1;
    if (next === undefined) rest.at++;
    else part.from = next;
    if (next !== undefined || left <= 0) {
      t.waited.data = rest;
      return again({ killable: true });
    }
  }
  return rest.result;
};
