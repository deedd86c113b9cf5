// The schedule of sampling windows, in which the interpreter records where control goes. The chapter
// docs/design/traces.md specifies it. Windows run at the interpreter's speed. So a few of them decide first
// if sampling can gain anything. It can if there are traces that trees from the code cache do not cover.
import type { TraceStep, TraceTree, WindowCoverage } from "./trace-recorder.ts";

/** When windows are sampled and when trees are compiled from them. */
export interface SamplingSchedule {
  /**
   * In instructions: the start of the first window, the length of a window, and the distance between windows.
   */
  readonly from: number;
  readonly length: number;
  readonly between: number;
  /** Windows after which the sampler decides if it continues, and if it compiles trees. */
  readonly first: number;
  readonly all: number;
  /** Share of instructions in trees that makes further trees unnecessary. */
  readonly enough: number;
  /** Sampling repeats when the run time has grown by this factor. */
  readonly regrowth: number;
  /** Upper bound of the times that trees are compiled. */
  readonly times: number;
}
/**
 * Sampling starts after a time that short programs do not reach. It costs a small fraction of that time.
 */
export const usual: SamplingSchedule = {
  from: 400_000_000,
  length: 2000,
  between: 2_000_000,
  first: 5,
  all: 64,
  enough: 0.6,
  regrowth: 4,
  times: 4,
};
/** The schedule for tests that want trees of all code. */
export const always: SamplingSchedule = {
  from: 5000,
  length: 1000,
  between: 2000,
  first: 2,
  all: 4,
  enough: Number.POSITIVE_INFINITY,
  regrowth: 1.2,
  times: 16,
};
/** Discards after which sampling stops. */
const maxDiscards = 8;

/** Answers for the sampler when there are enough windows. */
export interface TreeSource {
  /** The share of the windows that existing trees cover. */
  coverage(windows: readonly (readonly TraceStep[])[]): WindowCoverage;
  /** Trees for the parts of the windows that existing trees do not cover. */
  trees(windows: readonly (readonly TraceStep[])[], inside: WindowCoverage["inside"]): readonly TraceTree[];
}
/** Trees to install, and roots of trees to evict. */
export interface TreeChange {
  readonly install: readonly TraceTree[];
  readonly evict: readonly number[];
}
const noChange: TreeChange = { install: [], evict: [] };
/**
 * Lower bound of the average stay in a tree, in instructions. In a shorter stay, entering and leaving cost as
 * much as the tree saves.
 */
const minStay = 40;
/** Entries into a tree that are needed to judge it. */
const minEntries = 8;

/** The state of sampling for one processor. */
export class TraceSampler {
  #schedule: SamplingSchedule = usual;
  #windows: (readonly TraceStep[])[] = [];
  #times = 0;
  /** The number of executed instructions at which the next window is due. */
  next: number = usual.from;
  set schedule(schedule: SamplingSchedule) {
    this.#schedule = schedule;
    this.next = schedule.from;
  }
  get length(): number {
    return this.#schedule.length;
  }
  /** Ends sampling. */
  stop(): void {
    this.next = Number.POSITIVE_INFINITY;
  }
  /**
   * Discards the windows because another address space runs. Sampling stops if address spaces change all the
   * time.
   */
  discardWindows(): void {
    if (this.#windows.length === 0) return;
    this.#windows = [];
    if (++this.#discards === maxDiscards) this.stop();
  }
  #discards = 0;
  /**
   * Adds a window. `now` is the number of executed instructions at its end. Returns the trees to install and
   * to evict.
   */
  addWindow(window: readonly TraceStep[], now: number, present: () => TreeSource): TreeChange {
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
