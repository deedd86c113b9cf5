// The JIT's policy: which code is hot, when to compile it, where the compiled regions are, when they must go.
//
// Heat is sampled: the dispatcher says, each time a slice of the budget ends, which block was next. That costs the interpreter nothing.
// Compiled code retires the same instructions as interpreted code, so nothing a guest can see depends on when a region appears.
import type { Blocks } from "../../interp/block-cache.ts";
import type { CodeStore } from "../cache/format.ts";
import type { Graph } from "../cfg/graph.ts";
import { ControlProfile } from "../profile/control-profile.ts";
import { Heat } from "../profile/heat.ts";
import type { Step } from "../tracing/trace-recorder.ts";
import { always, TraceSampler } from "../tracing/trace-sampler.ts";
import { lazyRegionTable } from "./lazy.ts";
import type { JitLinks } from "./region-modules.ts";
import type { RegionTable } from "./region-table.ts";

/** Samples that make a block hot: a region costs its compilers what some forty samples cost the interpreter, and hot code mostly stays so. */
const defaultThreshold = 4;
/**
 * Interpreted instructions between samples: few while code is being discovered, many once samples bring nothing new. After the first,
 * which comes when a machine begins: a program that ends before the next would have waited longer for the JIT than the interpreter takes.
 */
const intervals = { warmUp: 500_000, first: 10_000, last: 20_000, growth: 1.01 } as const;

/** The same, for tests that want everything compiled. */
const eagerInterval = 200;
/** Times that a region gives up to the interpreter, for each of its instructions, which cost as much as to write it anew. */
const defaultPatience = 64;
/** Instructions of a trace tree at most: as many as V8 compiles as well as a small function, and as many as it does if it is told to (MachineOptions). */
export const treeSizes = { usual: 1200, large: 3600 } as const;
/** Times the threshold, for a block in a region that can be entered at the loop around it: control comes there all the same. */
const ownRegionFactor = 4;
/** Times the threshold, for a region aside that is no satellite: mostly a loop that is compiled once already, and whose region control may soon come to by an entry. */
const defaultSideRegionFactor = 2;
export interface JitStats {
  regions: number;
  /** Of those, trace trees. */
  trees: number;
  dropped: number;
  /** Regions that were entered again after other code of their pages had changed. */
  revalidated: number;
  refused: number;
  /** Regions that were written anew because accesses were not where most are. */
  recompiled: number;
  /** Regions that an earlier run had made. */
  loaded: number;
  wasmBytes: number;
  /** By a clock that Node need not load first. */
  milliseconds: number;
  samples: number;
}

/** What the policy is to those who make regions. */
export interface JitPolicy {
  readonly profile: ControlProfile;
  readonly stats: JitStats;
  readonly store: CodeStore | undefined;
  readonly color: number | "any";
  readonly treeSize: number;
  readonly patience: number;
  readonly sideRegionFactor: number;
  /** An address in the present context. */
  key(ip: number): number;
  /** It is so hot that it is compiled for itself, though control can come there otherwise. */
  forcesRegion(ip: number): boolean;
  /** It has been compiled. */
  resetHeat(ip: number, context?: number): void;
  /** It will be hot: one more sample there is enough. */
  preheat(ip: number): void;
  /** Nothing is compiled or hot any more. */
  reset(): void;
}

export class Jit implements JitPolicy {
  readonly #blocks: Blocks;
  readonly #links: JitLinks;
  readonly #heat = new Heat();
  /** What is compiled: its code is read when the first region is to be. */
  #table: RegionTable | undefined;
  threshold = defaultThreshold;
  patience = defaultPatience;
  sideRegionFactor: number = defaultSideRegionFactor;
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
    loaded: 0,
    wasmBytes: 0,
    milliseconds: 0,
    samples: 0,
  };
  /** Where this program's regions lie between its runs; set before it runs. */
  store: CodeStore | undefined;
  readonly profile = new ControlProfile((number) => this.#blocks.records.row(number));
  /** Says when the interpreter is to run a window. */
  readonly sampler = new TraceSampler();
  treeSize: number = treeSizes.usual;

  constructor(blocks: Blocks, links: JitLinks) {
    this.#blocks = blocks;
    this.#links = links;
  }

  #regions(): RegionTable {
    if (!this.#table) {
      this.#table = new (lazyRegionTable().RegionTable)(this.#blocks, this.#links, this);
      this.#table.onRegion = this.#onRegion;
    }
    return this.#table;
  }
  /** Told of each region that is compiled: for people who look (dump.ts). */
  set onRegion(see: ((graph: Graph, wasm: Uint8Array) => void) | undefined) {
    this.#onRegion = see;
    if (this.#table) this.#table.onRegion = see;
  }
  #onRegion: ((graph: Graph, wasm: Uint8Array) => void) | undefined;

  /** Compile what is met at the first sample, and sample often. */
  eager(): void {
    this.sampler.schedule = always;
    this.threshold = 1;
    this.patience = 0;
    this.sideRegionFactor = 1;
    this.#interval = eagerInterval;
    this.#growth = 1;
  }
  /** Interpreted instructions until the next sample. */
  get interval(): number {
    return Math.floor(this.#interval);
  }

  /** Code is that of another address space from now on. */
  enterSpace(space: object, color: number): void {
    this.#heat.enter(space);
    this.sampler.discardWindows();
    if (this.#color === "any" || this.#color === color) return;
    this.#color = this.stats.regions + this.stats.loaded === 0 ? color : "any";
    this.#table?.changeColor();
  }
  /**
   * Where regions look for pages at home: while all address spaces that code was compiled in have one color, it is a constant; from the second one on the
   * state page says it.
   */
  #color: number | "any" = 0;
  get color(): number | "any" {
    return this.#color;
  }

  /** A block that was next when the interpreter's part ended. */
  sample(ip: number): void {
    if (!this.enabled) return;
    this.stats.samples++;
    if (this.#interval === intervals.warmUp) {
      if (this.stats.samples === 1) return;
      this.#regions().loadCached();
      this.#interval = intervals.first;
    } else this.#regions().installCached();
    const head = this.#blocks.headOf(ip);
    if (head !== 0 && this.#blocks.isRegion(head)) return;
    const key = this.key(ip);
    if (head !== 0 && this.#heat.of(key) === 0) this.#regions().noteFirstSample(ip, head);
    const wanted = this.#requiredHeat(ip);
    const due = this.#heat.add(key, [wanted, defaultSideRegionFactor * wanted, ownRegionFactor * wanted]);
    if (due && this.#regions().compile(ip, this.#heat.of(key) / wanted)) return;
    this.#interval = Math.min(intervals.last, this.#interval * this.#growth);
  }
  /** Samples that make it worth compiling: more, the more often code of its frame has changed after it was compiled. */
  #requiredHeat(ip: number): number {
    return this.#growth > 1 ? this.threshold * 2 ** (this.#table?.changes(ip) ?? 0) : this.threshold;
  }
  key(ip: number): number {
    return ip * 8 + this.#blocks.context;
  }
  forcesRegion(ip: number): boolean {
    return this.#heat.of(this.key(ip)) >= ownRegionFactor * this.#requiredHeat(ip);
  }
  resetHeat(ip: number, context = this.#blocks.context): void {
    this.#heat.delete(ip * 8 + context);
  }
  preheat(ip: number): void {
    this.#heat.set(this.key(ip), this.#requiredHeat(ip) - 1);
  }

  /** Control went to an address by a way that the interpreter had not gone before: from the end of this record's block. */
  recordTransfer(from: number, target: number): void {
    if (from === 0 || this.#blocks.isRegion(from)) return;
    const { records } = this.#blocks;
    // Nobody calls so, and where it goes is in the code.
    if (records.isConditional(from)) return;
    this.profile.recordTransfer(records.rowNumberOf(from), records.ipOf(from), target);
  }

  /** Compile the code at an address now, however cold (tests). False: it is not the JIT's to compile. */
  compile(ip: number): boolean {
    this.#blocks.find(ip);
    return this.#regions().compile(ip);
  }
  /** What control went through in a window of the interpreter's. */
  addWindow(window: readonly Step[], now: number): void {
    this.#regions().addWindow(window, now, this.sampler);
  }
  /** A region has left an instruction to the interpreter, or all from the beginning of a block on. */
  noteSideExit(ip: number): void {
    if (this.enabled) this.#table?.noteSideExit(ip);
  }
  /** What regions are made of in a frame. */
  classifyBytes(frame: number, marks: Uint8Array): void {
    this.#table?.classifyBytes(frame, marks);
  }
  /** A frame that code was read from is not mapped where it was, perhaps. */
  frameUnmapped(frame: number): void {
    this.#table?.frameUnmapped(frame);
  }
  /** A frame that code was read from has changed: perhaps not that code. */
  invalidateFrame(frame: number): void {
    this.#table?.invalidateFrame(frame);
  }
  /** Control comes to where there is no block. A lost region whose code is as it was is there again; false if there is none. */
  revalidate(ip: number, place: number): boolean {
    return this.enabled && (this.#table?.revalidate(ip, place) ?? false);
  }
  /** Does a region still stand on the frames it was read from, now that pages may have been mapped anew? If not it goes. */
  verify(word: number): boolean {
    return this.#table?.verify(word) ?? false;
  }
  /** All records are gone. */
  reset(): void {
    this.#table?.reset();
    this.#heat.clear();
  }
  /** Keep what there is for the program's next run, if that is more than it had. */
  saveCached(): void {
    this.#table?.saveCached();
  }
}
