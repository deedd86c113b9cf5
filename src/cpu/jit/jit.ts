// The JIT's policy: which code is hot, when to compile it, where the compiled regions are, when they must go.
//
// Heat is sampled: the dispatcher says, each time a slice of the budget ends, which block was next. That costs the interpreter nothing.
// Compiled code retires the same instructions as interpreted code, so nothing a guest can see depends on when a region appears.
import { type Blocks, registerOffset } from "../blocks.ts";
import type { Flag } from "../ops.ts";
import type { RoutineType } from "../routine-types.ts";
import { regionSlots, regionType } from "../slots.ts";
import { ModuleWriter, wt } from "../wasm.ts";
import type { RegionRuntime } from "./compiler.ts";
import { emitRegion } from "./emit.ts";
import { factsOf } from "./facts.ts";
import { type Graph, growGraph } from "./graph.ts";

/** Samples that make a block hot. */
const defaultThreshold = 2;
/** Instructions between samples: few while code is being discovered, many once samples bring nothing new. */
const intervals = { first: 10_000, last: 500_000, growth: 1.02 } as const;

/** The same, for tests that want everything compiled. */
const eagerInterval = 200;

interface Region {
  readonly slot: number;
  readonly graph: Graph;
  readonly head: number;
  readonly context: number;
}

export interface JitStats {
  regions: number;
  dropped: number;
  refused: number;
  wasmBytes: number;
  milliseconds: number;
  samples: number;
}

/** What compiled regions are linked to. */
export interface JitLinks {
  readonly memory: WebAssembly.Memory;
  /** The handlers' exports: flags and conditions by name, and the table of regions. */
  readonly handlers: WebAssembly.Exports;
  readonly routines: WebAssembly.Exports;
  readonly routineTypes: Readonly<Record<string, RoutineType>>;
  readonly missRegion: (address: number, bytes: number, how: number) => number;
}

const flagNames: readonly Flag[] = ["CF", "PF", "AF", "ZF", "SF", "OF"];

export class Jit {
  readonly #blocks: Blocks;
  readonly #links: JitLinks;
  readonly #table: WebAssembly.Table;
  readonly #heat = new Map<number, number>();
  readonly #regions = new Map<number, Region>();
  readonly #byFrame = new Map<number, Set<Region>>();
  readonly #free: number[] = [];
  #nextSlot = 0;
  threshold = defaultThreshold;
  #interval: number = intervals.first;
  enabled = true;
  /** Told of each region that is compiled: for people who look (dump.ts). */
  onRegion: ((graph: Graph, wasm: Uint8Array) => void) | undefined;
  readonly stats: JitStats = { regions: 0, dropped: 0, refused: 0, wasmBytes: 0, milliseconds: 0, samples: 0 };

  constructor(blocks: Blocks, links: JitLinks) {
    this.#blocks = blocks;
    this.#links = links;
    this.#table = links.handlers["regions"] as WebAssembly.Table;
  }

  /** Compile what is met at the first sample, and sample often. */
  eager(): void {
    this.threshold = 1;
    this.#interval = eagerInterval;
    this.#growth = 1;
  }
  #growth: number = intervals.growth;
  /** Instructions until the next sample. */
  get interval(): number {
    return Math.floor(this.#interval);
  }

  /** A block that was next when a slice ended. */
  sample(ip: number): void {
    if (!this.enabled) return;
    this.stats.samples++;
    const key = ip * 8 + this.#blocks.context;
    const heat = (this.#heat.get(key) ?? 0) + 1;
    this.#heat.set(key, heat);
    if (heat === this.threshold) this.#compile(ip);
    else this.#interval = Math.min(intervals.last, this.#interval * this.#growth);
  }

  /** Compile the code at an address now, however cold (tests). False: it is not the JIT's to compile. */
  compile(ip: number): boolean {
    this.#blocks.find(ip);
    const { regions } = this.stats;
    this.#compile(ip);
    return this.stats.regions > regions;
  }
  #compile(ip: number): void {
    const started = performance.now();
    const head = this.#blocks.headOf(ip);
    const graph = head === 0 ? undefined : growGraph(this.#blocks, ip, (a) => this.#blocks.headOf(a) !== 0);
    const slot = this.#free.pop() ?? (this.#nextSlot < regionSlots ? this.#nextSlot++ : -1);
    if (!graph || slot < 0) {
      this.stats.refused++;
      return;
    }
    const bytes = this.#module(graph);
    const { memory, handlers, routines, missRegion } = this.#links;
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), {
      vm: { memory },
      js: { missRegion },
      handlers: handlers as WebAssembly.ModuleImports,
      routines: routines as WebAssembly.ModuleImports,
    });
    this.#table.set(slot, exports["region"]);
    const region: Region = { slot, graph, head, context: this.#blocks.context };
    this.#regions.set(slot, region);
    for (const frame of graph.pages.values()) {
      this.#blocks.watch(frame);
      const there = this.#byFrame.get(frame);
      if (there) there.add(region);
      else this.#byFrame.set(frame, new Set([region]));
    }
    this.#blocks.becomeRegion(head, slot);
    this.stats.regions++;
    this.stats.wasmBytes += bytes.length;
    this.stats.milliseconds += performance.now() - started;
  }

  #module(graph: Graph): Uint8Array<ArrayBuffer> {
    const m = new ModuleWriter();
    const missRegion = m.importFunc("js", "missRegion", { params: [wt.f64, wt.i32, wt.i32], results: [wt.i32] });
    const toI64 = { params: [], results: [wt.i64] };
    const flag = Object.fromEntries(flagNames.map((f) => [f, m.importFunc("handlers", f, toI64)])) as Record<Flag, number>;
    const flagsWord = m.importFunc("handlers", "flagsWord", toI64);
    const condition = Array.from({ length: 16 }, (_, cc) => m.importFunc("handlers", `condition${cc}`, { params: [], results: [wt.i32] }));
    const routines = new Map<string, RoutineType & { index: number }>();
    for (const block of graph.blocks.values())
      for (const d of block.instructions)
        for (const name of factsOf(d.row).routines) {
          const t = this.#links.routineTypes[name];
          if (t && !routines.has(name))
            routines.set(name, { ...t, index: m.importFunc("routines", name, { params: t.params, results: t.result ? [t.result] : [] }) });
        }
    const never = () => {
      throw new Error("regions do not act");
    };
    const runtime: RegionRuntime = {
      missRegion,
      flag,
      flagsWord,
      condition,
      miss: -1,
      commit: -1,
      checkSegment: -1,
      raise: -1,
      act: -1,
      actId: never,
      routine: (name) => {
        const r = routines.get(name);
        if (!r) throw new Error(`routine ${name} was not seen in its row`);
        return r;
      },
    };
    m.exportFunc("region", m.func(regionType, emitRegion(graph, runtime, registerOffset)));
    const wasm = m.done(1) as Uint8Array<ArrayBuffer>;
    this.onRegion?.(graph, wasm);
    return wasm;
  }

  /** Code read from this frame has changed. */
  invalidateFrame(frame: number): void {
    const there = this.#byFrame.get(frame);
    if (there) for (const region of [...there]) this.#drop(region);
  }
  #drop(region: Region): void {
    if (!this.#regions.delete(region.slot)) return;
    this.#table.set(region.slot, null);
    this.#free.push(region.slot);
    for (const frame of region.graph.pages.values()) this.#byFrame.get(frame)?.delete(region);
    this.#heat.delete(region.graph.entry * 8 + region.context);
    this.#blocks.poison(region.head);
    this.stats.dropped++;
  }
  /** All records are gone. */
  reset(): void {
    for (const region of [...this.#regions.values()]) this.#drop(region);
    this.#heat.clear();
  }

  /** Does a region still stand on the frames it was read from, now that pages may have been mapped anew? If not it goes. */
  verify(slot: number): boolean {
    const region = this.#regions.get(slot);
    if (!region) return false;
    for (const [page, frame] of region.graph.pages) {
      if (this.#blocks.frameOf(page * 4096) !== frame) {
        this.#drop(region);
        return false;
      }
    }
    return true;
  }
}
