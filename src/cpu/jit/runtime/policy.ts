// The policy of the JIT: which code is hot, when it is compiled, and when compiled regions are removed. The
// chapter docs/design/jit.md specifies it.
//
// Heat is sampled: whenever a part of the budget ends, the dispatcher reports the next block. That costs the
// interpreter nothing. Compiled code retires the same instructions as interpreted code. So no guest can see
// when a region is compiled.
import type { Blocks } from "../../interp/block-cache.ts";
import type { CachedDebt, CodeStore } from "../cache/format.ts";
import type { BlockGraph } from "../cfg/graph.ts";
import { ControlProfile } from "../profile/control-profile.ts";
import { Heat } from "../profile/heat.ts";
import type { TraceStep } from "../tracing/trace-recorder.ts";
import { always, TraceSampler } from "../tracing/trace-sampler.ts";
import { lazyRegionTable } from "./lazy.ts";
import type { JitLinks } from "./region-modules.ts";
import type { RegionTable } from "./region-table.ts";

/**
 * Samples that make a block hot. Compiling costs as much as some tens of samples, and hot code mostly stays
 * hot.
 */
const defaultThreshold = 4;
/**
 * Interpreted instructions between samples: few while code is being discovered, more when samples find
 * nothing new. The first sample is taken when a machine starts, and warm-up follows it: a program that ends
 * during warm-up is faster without the JIT.
 */
const intervals = { warmUp: 500_000, first: 10_000, last: 20_000, growth: 1.01 } as const;

/** Samples between two looks for new files with code. */
const samplesPerLook = 32;

/** The interval for tests that want all code compiled. */
const eagerInterval = 200;
/** Side exits per instruction of a region that cost as much as recompiling it. */
const defaultPatience = 64;
/**
 * Upper bound of the instructions of a trace tree. V8 compiles the usual size as well as a small function,
 * and the large one only if its options say so (MachineOptions).
 */
export const treeSizes = { usual: 1200, large: 3600 } as const;
/**
 * Multiple of the threshold for a block of a region that has an entry at the loop around it. Control reaches
 * the region there anyway.
 */
const ownRegionFactor = 4;
/**
 * Times that a region ends its part of the budget at a block without an entry, until the block gets one. The
 * interpreter would execute the rest of a loop each time.
 */
const shortages = 2;
/** The greatest number of blocks in that count. */
const mostShortages = 1 << 12;
/**
 * Multiple of the threshold for a side region that is no pending extension. Mostly that is a loop that has
 * been compiled already, and control may soon enter the other region.
 */
const defaultSideRegionFactor = 2;
/**
 * Executions of each instruction, on average over a region's instructions, before the region is compiled:
 * compiling it costs about as much.
 */
const defaultPrice = 6000;
/** A key is an address and a context. */
const keysPerAddress = 8;
/** The greatest number of functions with a debt. */
const mostDebts = 1 << 14;
/** Counters of the JIT, shown by `--stats`. Regions are counted unless a field says otherwise. */
export interface JitStats {
  regions: number;
  /** Trace trees among the regions. */
  trees: number;
  dropped: number;
  /** Regions that became valid again after other code of their pages had changed. */
  revalidated: number;
  refused: number;
  /** Regions that were recompiled because accesses missed the direct map. */
  recompiled: number;
  /** Plans that were put off, because their code had not run often enough to pay. */
  postponed: number;
  /** Regions from the code cache. */
  loaded: number;
  /** Instances of regions that other processes of this run have compiled or loaded. */
  reused: number;
  /** Guest instructions that were compiled, those of regions compiled anew included. */
  instructions: number;
  wasmBytes: number;
  /** Time spent compiling, by `Date.now`, which Node has without loading a module. */
  milliseconds: number;
  samples: number;
}

/** The policy as the region table sees it. */
export interface JitPolicy {
  readonly profile: ControlProfile;
  readonly stats: JitStats;
  readonly store: CodeStore | undefined;
  readonly color: number | "any";
  readonly treeSize: number;
  readonly patience: number;
  readonly sideRegionFactor: number;
  /** Executions of each instruction that pay for a region. */
  readonly price: number;
  /** An address combined with the present context. */
  key(ip: number): number;
  /** True if a block is so hot that it gets a region of its own although an existing region covers it. */
  forcesRegion(ip: number): boolean;
  /** Forgets the samples of a block, because it has been compiled. */
  resetHeat(ip: number, context?: number): void;
  /** Puts the function around a block off until so many more of its instructions have been interpreted. */
  postpone(ip: number, instructions: number): void;
  /** Functions that this run has put off, and no earlier one. */
  readonly debtsLearnt: number;
  /** All functions that are put off. */
  readonly debts: readonly CachedDebt[];
  /** Adds functions that an earlier run has put off. */
  preloadDebts(debts: readonly CachedDebt[]): void;
  /** Makes a block almost hot: its next sample reaches the threshold. */
  preheat(ip: number): void;
  /** Removes all regions and samples. */
  reset(): void;
}

/** The JIT of one processor: the policy, and the interface of the rest of the CPU to regions. */
export class Jit implements JitPolicy {
  readonly #blocks: Blocks;
  readonly #links: JitLinks;
  readonly #heat = new Heat();
  /** The region table, loaded before the first region is compiled. */
  #table: RegionTable | undefined;
  threshold = defaultThreshold;
  patience = defaultPatience;
  sideRegionFactor: number = defaultSideRegionFactor;
  price: number = defaultPrice;
  #interval: number = intervals.warmUp;
  #growth: number = intervals.growth;
  enabled = true;
  readonly stats: JitStats = {
    regions: 0,
    trees: 0,
    dropped: 0,
    revalidated: 0,
    refused: 0,
    recompiled: 0,
    postponed: 0,
    loaded: 0,
    reused: 0,
    instructions: 0,
    wasmBytes: 0,
    milliseconds: 0,
    samples: 0,
  };
  /** The code cache of this program. It is set before the program runs. */
  store: CodeStore | undefined;
  readonly profile: ControlProfile;
  /** Decides when the interpreter runs a sampling window. */
  readonly sampler = new TraceSampler();
  treeSize: number = treeSizes.usual;

  constructor(blocks: Blocks, links: JitLinks) {
    this.#blocks = blocks;
    this.#links = links;
    this.profile = new ControlProfile(
      (number) => blocks.records.row(number),
      (record) => blocks.routine.takeTransfers(record),
    );
  }

  #regions(): RegionTable {
    if (!this.#table) {
      this.#table = new (lazyRegionTable().RegionTable)(this.#blocks, this.#links, this);
      this.#table.onRegion = this.#onRegion;
      this.#table.exchange.enterSpace(this.#space);
    }
    return this.#table;
  }
  /** Receives each region that is compiled. dump.ts shows it to users. */
  set onRegion(see: ((graph: BlockGraph, wasm: Uint8Array) => void) | undefined) {
    this.#onRegion = see;
    if (this.#table) this.#table.onRegion = see;
  }
  #onRegion: ((graph: BlockGraph, wasm: Uint8Array) => void) | undefined;

  /** Makes the first sample of a block compile it, and samples often. */
  eager(): void {
    this.sampler.schedule = always;
    this.threshold = 1;
    this.patience = 0;
    this.sideRegionFactor = 1;
    this.price = 0;
    this.#interval = eagerInterval;
    this.#growth = 1;
  }
  /** Interpreted instructions until the next sample. */
  get interval(): number {
    return Math.floor(this.#interval);
  }

  /** Tells the JIT that another address space runs. */
  enterSpace(space: object, color: number): void {
    this.#heat.enter(space);
    this.#isOtherSpace = true;
    this.#space = space;
    this.#table?.exchange.enterSpace(space);
    this.sampler.discardWindows();
    if (this.#color === "any" || this.#color === color) return;
    this.#color = "any";
    this.#table?.changeColor();
  }
  #space: object = this;
  /** Another address space has begun to run since the last sample. */
  #isOtherSpace = false;
  /**
   * The color under which regions compute direct-mapped addresses. It is a constant while all address spaces
   * with compiled code have one color. From the second color on, regions load it from the state page.
   */
  #color: number | "any" = 0;
  get color(): number | "any" {
    return this.#color;
  }

  /** Counts a sample for the block that was next when a part of the budget ended. */
  sample(ip: number): void {
    if (!this.enabled) return;
    this.stats.samples++;
    if (this.#interval === intervals.warmUp) {
      if (this.stats.samples === 1) return;
      this.#regions().exchange.load();
      this.#interval = intervals.first;
    } else if (this.#isOtherSpace || this.stats.samples % samplesPerLook === 0) this.#regions().exchange.load();
    else this.#regions().exchange.install();
    this.#isOtherSpace = false;
    const head = this.#blocks.headOf(ip);
    if (head !== 0 && this.#blocks.isRegion(head)) return;
    const key = this.key(ip);
    if (head !== 0 && this.#heat.of(key) === 0) this.#regions().noteFirstSample(ip, head);
    const wanted = this.#requiredHeat(ip);
    const due = this.#heat.add(key, wanted);
    if (this.#owes(ip, due) && this.#regions().compile(ip, this.#heat.of(key) / wanted)) return;
    this.#interval = Math.min(intervals.last, this.#interval * this.#growth);
  }
  /**
   * Samples that a block needs. The number doubles each time that compiled code of its frame has changed.
   */
  #requiredHeat(ip: number): number {
    return this.#growth > 1 ? this.threshold * 2 ** (this.#table?.changes(ip) ?? 0) : this.threshold;
  }
  /** Counts a sample against the debt of the function around a block. True if it is to be compiled now. */
  #owes(ip: number, due: boolean): boolean {
    const debtor = this.#debtorOf(ip);
    const debt = this.#debts.get(debtor);
    if (debt === undefined) return due;
    if (debt > this.#interval) this.#debts.set(debtor, debt - this.#interval);
    else this.#debts.delete(debtor);
    return debt <= this.#interval;
  }
  /** Instructions that functions must still execute before another plan is made for them, by their start. */
  readonly #debts = new Map<number, number>();
  /** The sum of all debts of each, for later runs. */
  readonly #putOff = new Map<number, number>();
  #debtorOf(ip: number): number {
    return this.key(this.profile.functionOf(ip) ?? ip);
  }
  postpone(ip: number, instructions: number): void {
    this.stats.postponed++;
    if (this.#putOff.size >= mostDebts) this.#forgetDebts();
    const debtor = this.#debtorOf(ip);
    this.#debts.set(debtor, instructions);
    const before = this.#putOff.get(debtor);
    this.#putOff.set(debtor, instructions + (before ?? 0));
    if (before === undefined) this.debtsLearnt++;
  }
  #forgetDebts(): void {
    this.#debts.clear();
    this.#putOff.clear();
  }
  debtsLearnt = 0;
  get debts(): CachedDebt[] {
    return [...this.#putOff].map(([key, instructions]) => ({
      ip: Math.floor(key / keysPerAddress),
      context: key % keysPerAddress,
      instructions,
    }));
  }
  preloadDebts(debts: readonly CachedDebt[]): void {
    for (const { ip, context, instructions } of debts) {
      const key = ip * keysPerAddress + context;
      if (this.#putOff.has(key) || this.#putOff.size >= mostDebts) continue;
      this.#debts.set(key, instructions);
      this.#putOff.set(key, instructions);
    }
  }
  key(ip: number): number {
    return ip * keysPerAddress + this.#blocks.context;
  }
  forcesRegion(ip: number): boolean {
    return this.#heat.of(this.key(ip)) >= ownRegionFactor * this.#requiredHeat(ip);
  }
  resetHeat(ip: number, context = this.#blocks.context): void {
    this.#heat.delete(ip * keysPerAddress + context);
  }
  preheat(ip: number): void {
    this.#heat.set(this.key(ip), this.#requiredHeat(ip) - 1);
  }

  /**
   * Records a control transfer that the interpreter had no link for: from the block of the record `from` to
   * an address.
   */
  recordTransfer(from: number, target: number): void {
    if (from === 0 || this.#blocks.isRegion(from)) return;
    const { records } = this.#blocks;
    // A conditional branch is no call, and its targets are in the code.
    if (records.isConditional(from)) return;
    this.profile.recordTransfer(records.rowNumberOf(from), records.ipOf(from), target);
  }

  /**
   * Compiles the code at an address without regard to heat, for tests. False if the JIT cannot compile it.
   */
  compile(ip: number): boolean {
    this.#blocks.find(ip);
    return this.#regions().compile(ip);
  }
  /**
   * Passes the steps of a sampling window to the trace sampler. `now` is the number of executed instructions.
   */
  addWindow(window: readonly TraceStep[], now: number): void {
    this.#regions().addWindow(window, now, this.sampler);
  }
  /** A region has used up its part of the budget before the block at an address. */
  noteShortage(ip: number): void {
    const head = this.#blocks.headOf(ip);
    if (!this.enabled || (head !== 0 && this.#blocks.isRegion(head))) return;
    const key = this.key(ip);
    const before = this.#shortages.get(key) ?? 0;
    if (this.#shortages.size > mostShortages) this.#shortages.clear();
    this.#shortages.set(key, before + 1);
    if (before + 1 === shortages) this.#table?.compile(ip);
  }
  readonly #shortages = new Map<number, number>();
  /** Counts a side exit at an instruction, or at the block at which the interpreter restarts. */
  noteSideExit(ip: number): void {
    if (this.enabled) this.#table?.noteSideExit(ip);
  }
  /** Marks the bytes of a frame that regions were compiled from. */
  classifyBytes(frame: number, marks: Uint8Array): void {
    this.#table?.classifyBytes(frame, marks);
  }
  /** Reports that a code frame may have lost its mapping. */
  frameUnmapped(frame: number): void {
    this.#table?.frameUnmapped(frame);
  }
  /**
   * Reports a change of a frame with compiled code. The change may leave all compiled code as it is. True if
   * the frame had regions.
   */
  invalidateFrame(frame: number): boolean {
    return this.#table?.invalidateFrame(frame) ?? false;
  }
  /**
   * Reports that control reached an address without a block. True if an invalid region with unchanged code
   * has been revalidated there.
   */
  revalidate(ip: number, location: number): boolean {
    return this.enabled && (this.#table?.revalidate(ip, location) ?? false);
  }
  /**
   * True if a region's pages are still mapped to the frames that it was compiled from. Otherwise the region
   * is removed.
   */
  verify(word: number): boolean {
    return this.#table?.verify(word) ?? false;
  }
  /** Removes all regions, or those with code in these pages, because the records are removed. */
  reset(pages?: ReadonlySet<number>): void {
    this.#table?.reset(pages);
    if (pages) return;
    this.#heat.clear();
    this.#forgetDebts();
    this.#shortages.clear();
  }
  /** Saves the regions for the next run of the program, if there are new ones. */
  saveCached(): void {
    this.#table?.save();
  }
}
