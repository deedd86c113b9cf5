// When a program is watched: the interpreter runs windows of it, and tells where control goes. It costs what the interpreter costs, so a few windows say
// first whether there is anything to be had: traces, and no trees that an earlier run has left and that have most of them.
import type { Coverage, Step, TraceTree } from "./trace-recorder.ts";

export interface Schedule {
  /** In instructions: when the first window is due, how long windows are, and how far apart. */
  readonly from: number;
  readonly length: number;
  readonly between: number;
  /** Windows after which it is known whether it is worth more, and which trees. */
  readonly first: number;
  readonly all: number;
  /** Part of what runs that trees have, from which on it is not. */
  readonly enough: number;
  /** It is looked again when the program has run for so many times as long. */
  readonly regrowth: number;
  /** Times that trees are made. */
  readonly times: number;
}
/** Programs that end before have run for half a second; to look takes some ten milliseconds, and all of it a quarter of a second. */
export const usual: Schedule = {
  from: 400_000_000,
  length: 2000,
  between: 2_000_000,
  first: 5,
  all: 64,
  enough: 0.6,
  regrowth: 4,
  times: 4,
};
/** For tests that want trees of everything. */
export const always: Schedule = {
  from: 5000,
  length: 1000,
  between: 2000,
  first: 2,
  all: 4,
  enough: Number.POSITIVE_INFINITY,
  regrowth: 1.2,
  times: 16,
};
/** Times that windows are thrown away. */
const maxDiscards = 8;

/** Asked when there are windows enough. */
export interface TreeSource {
  /** How much of what runs the trees have that there are. */
  coverage(windows: readonly (readonly Step[])[]): Coverage;
  /** Trees of what they have not. */
  trees(windows: readonly (readonly Step[])[], inside: Coverage["inside"]): readonly TraceTree[];
}
/** Trees that are to be made, and roots of those that are to go. */
export interface TreeChange {
  readonly install: readonly TraceTree[];
  readonly evict: readonly number[];
}
const noChange: TreeChange = { install: [], evict: [] };
/** Instructions that control stays in a tree, on average: coming and going costs as much as the tree saves. */
const minStay = 40;
/** Times that it has come there, to say so. */
const minEntries = 8;

export class TraceSampler {
  #schedule: Schedule = usual;
  #windows: (readonly Step[])[] = [];
  #times = 0;
  /** Instructions that the program will have run when the next window is due. */
  next: number = usual.from;
  set schedule(schedule: Schedule) {
    this.#schedule = schedule;
    this.next = schedule.from;
  }
  get length(): number {
    return this.#schedule.length;
  }
  /** No more windows. */
  stop(): void {
    this.next = Number.POSITIVE_INFINITY;
  }
  /** What was seen is of no use any more: another address space runs. Those that change all the time are not worth it. */
  discardWindows(): void {
    if (this.#windows.length === 0) return;
    this.#windows = [];
    if (++this.#discards === maxDiscards) this.stop();
  }
  #discards = 0;
  /** A window, and how many instructions have run by its end. What trees are to be there now. */
  addWindow(window: readonly Step[], now: number, present: () => TreeSource): TreeChange {
    const { between, first, all, enough, regrowth, times } = this.#schedule;
    this.#windows.push(window);
    this.next = now + between;
    const { length } = this.#windows;
    if (length !== first && length !== all) return noChange;
    const { coverage, trees } = present();
    const { inside, share, stays } = coverage(this.#windows);
    const install = share >= enough ? [] : trees(this.#windows, inside);
    if (length === first && install.length > 0) return noChange;
    this.#windows = [];
    if (install.length > 0) this.#times++;
    this.next = this.#times === times ? Number.POSITIVE_INFINITY : Math.max(Math.ceil(now * regrowth), this.next);
    const uproot = [...stays].filter(([, { entries, instructions }]) => entries >= minEntries && instructions < entries * minStay);
    return { install, evict: uproot.map(([root]) => root) };
  }
}
