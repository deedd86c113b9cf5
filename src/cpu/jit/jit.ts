// The JIT's policy: which code is hot, when to compile it, where the compiled regions are, when they must go.
//
// Heat is sampled: the dispatcher says, each time a slice of the budget ends, which block was next. That costs the interpreter nothing.
// Compiled code retires the same instructions as interpreted code, so nothing a guest can see depends on when a region appears.
import type { Blocks } from "../blocks.ts";
import { contexts } from "../context.ts";
import { regionSlots, slotBits } from "../slots.ts";
import { CodeMap } from "./code-map.ts";
import { Doubts } from "./doubts.ts";
import { type Graph, Reader } from "./graph.ts";
import { Heat } from "./heat.ts";
import { type CodeStore, framesOf, graphOf, type KeptRegion, keep, type Made, Shelf } from "./kept.ts";
import { blockAround, type Known, planFor, type Region, regrown } from "./plan.ts";
import { type JitLinks, RegionModules } from "./region-modules.ts";
import { FirstMet, Lost, Source } from "./source.ts";
import { closedLoops, structureOf } from "./structure.ts";
import { graphOfTree } from "./trace-tree.ts";
import { type Step, type TraceTree, treeSizes } from "./traces.ts";
import { always, Watch } from "./watch.ts";

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
/** Times the threshold, for a block in a region that can be entered at the loop around it: control comes there all the same. */
const insistent = 4;
/** Times the threshold, for a region aside that is no satellite: mostly a loop that is compiled once already, and whose region control may soon come to by an entry. */
const forAside = 2;
/** Regions that a root may be in. */
const mostAround = 2;
export interface JitStats {
  regions: number;
  /** Of those, trace trees. */
  trees: number;
  dropped: number;
  /** Regions that were entered again after other code of their pages had changed. */
  recovered: number;
  refused: number;
  /** Regions that were written anew because accesses were not where most are. */
  rewritten: number;
  /** Regions that an earlier run had made. */
  reopened: number;
  wasmBytes: number;
  /** By a clock that Node need not load first. */
  milliseconds: number;
  samples: number;
}

const slotOf = (word: number): number => word & ((1 << slotBits) - 1);

export class Jit {
  readonly #blocks: Blocks;
  readonly #links: JitLinks;
  readonly #modules: RegionModules;
  readonly #heat = new Heat();
  readonly #met: FirstMet;
  readonly #regions = new Map<number, Region>();
  readonly #byFrame = new Map<number, Set<Region>>();
  readonly #known: Known;
  readonly #free: number[] = [];
  #nextSlot = 1;
  threshold = defaultThreshold;
  /** Times that a region gives up, for each of its instructions, until it is written anew. */
  patience = defaultPatience;
  #interval: number = intervals.warmUp;
  enabled = true;
  /** Told of each region that is compiled: for people who look (dump.ts). */
  set onRegion(see: ((graph: Graph, wasm: Uint8Array) => void) | undefined) {
    this.#modules.onRegion = see;
  }
  readonly stats: JitStats = {
    regions: 0,
    trees: 0,
    dropped: 0,
    recovered: 0,
    refused: 0,
    rewritten: 0,
    reopened: 0,
    wasmBytes: 0,
    milliseconds: 0,
    samples: 0,
  };

  constructor(blocks: Blocks, links: JitLinks) {
    this.#blocks = blocks;
    this.#met = new FirstMet(blocks);
    this.#links = links;
    this.#modules = new RegionModules(blocks, links, (ip) => this.#doubts.has(ip));
    this.#known = {
      blocks,
      code: this.#code,
      around: (ip) => this.#around(ip),
      beginning: (head) => this.#beginning(head),
      stands: (region) => this.#stands(region),
      meet: (region) => this.#meet(region),
      insists: (ip) => this.#heat.of(this.#key(ip)) >= insistent * this.#wanted(ip),
    };
  }

  /** Compile what is met at the first sample, and sample often. */
  eager(): void {
    this.watch.schedule = always;
    this.threshold = 1;
    this.patience = 0;
    this.#forAside = 1;
    this.#interval = eagerInterval;
    this.#growth = 1;
  }
  #growth: number = intervals.growth;
  #forAside: number = forAside;
  /** Interpreted instructions until the next sample. */
  get interval(): number {
    return Math.floor(this.#interval);
  }

  /** Code is that of another address space from now on. */
  enterSpace(space: object, color: number): void {
    this.#heat.enter(space);
    this.watch.forget();
    if (this.#color === "any" || this.#color === color) return;
    this.#color = this.stats.regions + this.stats.reopened === 0 ? color : "any";
    for (const region of [...this.#regions.values()]) if (region.made.color !== "any") this.#drop(region);
    this.#lost.clear();
    if (this.#shelf) this.#lookAround(this.#shelf);
  }

  /** Where this program's regions lie between its runs; set before it runs. */
  store: CodeStore | undefined;
  #shelf: Shelf | undefined;
  /** What regions that an earlier run had made are made of. */
  readonly #earlier = new WeakSet<Made>();
  /** The program has run for so long that it is worth looking for what earlier runs have left. */
  #takeDown(): void {
    const kept = this.store?.load();
    if (!kept) return;
    const shelf = new Shelf(kept);
    this.#code.learn(kept);
    this.#lookAround(shelf);
    this.#blocks.onDecoded = (ip) => shelf.meet(ip);
    this.#shelf = shelf;
    this.#reopen(shelf);
  }
  #lookAround(shelf: Shelf): void {
    for (const root of shelf.roots) if (this.#blocks.headOf(root) !== 0) shelf.meet(root);
  }
  /** Open what is due, if the code is what it was. */
  #reopen(shelf: Shelf): void {
    const started = Date.now();
    let opened = 0;
    for (const kept of shelf.due()) {
      if (!this.#reopenOne(kept)) continue;
      shelf.take(kept);
      opened++;
    }
    this.stats.reopened += opened;
    if (opened > 0) this.stats.milliseconds += Date.now() - started;
  }
  #reopenOne(kept: KeptRegion): boolean {
    const blocks = this.#blocks;
    const { made, context, aside, generation, roots } = kept;
    if (context !== blocks.context || made.machine !== this.#modules.machine || (made.color !== "any" && made.color !== this.#color))
      return false;
    if (kept.landings.some(([door, landing]) => this.#links.landing(door) !== landing)) return false;
    const pages = framesOf(kept, { bytes: blocks.bytes, frameOf: (ip) => blocks.frameOf(ip) });
    if (!pages || blocks.isRegion(blocks.headOf(roots[0]!))) return false;
    const { flushes } = blocks;
    const heads = kept.entries.map((entry) => blocks.meet(entry));
    if (blocks.flushes !== flushes) return false;
    const slot = this.#takeSlot();
    if (made.table && !this.#modules.jumpTables.place(slot, made.table, made.table.targets)) {
      this.#free.push(slot);
      return false;
    }
    this.#earlier.add(made);
    blocks.usePlaces(made.places);
    this.#doubts.learn(made.doubted);
    const graph = graphOf(kept, pages, (bytes, ip) => blocks.decodeBytes(bytes, ip, contexts[context]!.mode));
    const module = this.store?.module(made) ?? new WebAssembly.Module(made.wasm);
    this.#modules.link(module, slot);
    this.#open({
      slot,
      graph,
      roots,
      heads: heads.map((head) => (blocks.isRegion(head) ? 0 : head)),
      source: new Source(blocks.bytes, graph),
      patched: false,
      doubted: this.#doubts.now,
      lost: 0,
      context,
      aside,
      generation,
      satellites: new Set(),
      made,
      module,
      unmet: true,
    });
    return true;
  }
  /** The interpreter has a block wherever a region has one: it grew from such. */
  #meet(region: Region): void {
    if (!region.unmet) return;
    region.unmet = false;
    for (const { ip, stub } of region.graph.blocks.values()) {
      this.#blocks.meet(ip);
      if (stub) this.#blocks.meet(stub.ip);
    }
  }
  /** Keep what there is for the program's next run, if that is more than it had. */
  keep(): void {
    const { store } = this;
    if (!store) return;
    let news = 0;
    const regions = [...this.#regions.values(), ...this.#lost.all].flatMap((region) => {
      const { made, module, patched, slot } = region;
      if (patched) return [];
      const native = made.native ?? store.native(made, module, this.#modules.table.get(slot));
      if (!this.#earlier.has(made) || native !== made.native) news++;
      return [keep(region, { ...made, native }, this.#links.landing)];
    });
    if (news > 0) store.save({ regions: [...regions, ...(this.#shelf?.left ?? [])], ...this.#code.all });
  }
  /** A block that was next when the interpreter's part ended. */
  sample(ip: number): void {
    if (!this.enabled) return;
    this.stats.samples++;
    if (this.#shelf) this.#reopen(this.#shelf);
    if (this.#interval === intervals.warmUp) {
      if (this.stats.samples === 1) return;
      this.#takeDown();
      this.#interval = intervals.first;
    }
    const head = this.#blocks.headOf(ip);
    if (head !== 0 && this.#blocks.isRegion(head)) return;
    const key = this.#key(ip);
    if (head !== 0 && this.#heat.of(key) === 0) this.#met.note(key, head);
    const wanted = this.#wanted(ip);
    const due = this.#heat.add(key, [wanted, forAside * wanted, insistent * wanted]);
    if (!due || !this.#compile(ip, this.#heat.of(key) / wanted)) this.#interval = Math.min(intervals.last, this.#interval * this.#growth);
  }
  /** Samples that make it worth compiling: more, the more often code of its frame has changed after it was compiled. */
  #wanted(ip: number): number {
    const { times } = this.#changes.get(this.#blocks.frameOf(ip)) ?? { times: 0 };
    return this.#growth > 1 ? this.threshold * 2 ** times : this.threshold;
  }
  /** Times that compiled code of a frame had to go because it changed, and the last invalidation by which it had. */
  readonly #changes = new Map<number, { readonly times: number; readonly last: number }>();
  #key(ip: number): number {
    return ip * 8 + this.#blocks.context;
  }

  /** Control went to an address by a way that the interpreter had not gone before: from the end of this record's block. */
  arrived(from: number, target: number): void {
    if (from === 0 || this.#blocks.isRegion(from)) return;
    const { records } = this.#blocks;
    this.#code.went(records.rowNumberOf(from), records.ipOf(from), target);
  }
  readonly #code = new CodeMap((number) => this.#blocks.records.row(number));

  /** Compile the code at an address now, however cold (tests). False: it is not the JIT's to compile. */
  compile(ip: number): boolean {
    this.#blocks.find(ip);
    return this.#compile(ip);
  }
  /** The region of a function that code is in without an entry there. */
  #around(ip: number): Region | undefined {
    const there = this.#byFrame.get(this.#blocks.frameOf(ip));
    if (!there) return undefined;
    for (const r of there)
      if (r.context === this.#blocks.context && !r.aside && !r.graph.tree && blockAround(r.graph, ip) !== undefined && this.#stands(r))
        return r;
    return undefined;
  }
  /** The region that begins at a block. */
  #beginning(head: number): Region | undefined {
    const blocks = this.#blocks;
    return head !== 0 && blocks.isRegion(head) ? this.#regions.get(slotOf(blocks.regionWordOf(head))) : undefined;
  }

  /** `hot`: times what is wanted. */
  #compile(ip: number, hot = Number.POSITIVE_INFINITY): boolean {
    const blocks = this.#blocks;
    const head = blocks.headOf(ip);
    if (head === 0 || blocks.isRegion(head)) return head !== 0;
    const reader = new Reader(blocks, this.#links);
    if (reader.at(ip) === undefined) {
      this.stats.refused++;
      return false;
    }
    const started = Date.now();
    const plan = planFor(ip, reader, this.#known);
    if (!plan) return false;
    const { graph, roots, goes, aside, of, generation } = plan;
    if (aside && !of && hot < this.#forAside) return false;
    for (const old of goes) this.#drop(old);
    this.#heat.delete(this.#key(ip));
    if (!graph) {
      this.stats.refused++;
      return false;
    }
    // What has been written anew since it was first met is taken to be so again.
    const patched = this.#met.isNew(this.#key(ip), ip) || roots.some((root) => this.#patched.has(this.#key(root)));
    const region = this.#add(graph, { roots, patched, aside, generation });
    of?.satellites.add(region);
    this.stats.milliseconds += Date.now() - started;
    return true;
  }
  /** Compiles a graph, and lets control come to it. */
  #add(graph: Graph, { roots, patched, aside, generation }: Pick<Region, "roots" | "patched" | "aside" | "generation">): Region {
    const blocks = this.#blocks;
    const slot = this.#takeSlot();
    const region: Region = {
      slot,
      graph,
      roots,
      heads: graph.entries.map((entry) => blocks.headOf(entry)),
      source: new Source(blocks.bytes, graph),
      patched,
      doubted: this.#doubts.now,
      lost: 0,
      context: blocks.context,
      aside,
      generation,
      satellites: new Set(),
      unmet: false,
      ...this.#instantiate(graph, slot, patched),
    };
    this.#open(region);
    this.stats.regions++;
    if (graph.tree) this.stats.trees++;
    return region;
  }

  /** Instructions of a trace tree at most. */
  treeSize: number = treeSizes.usual;
  /** Says when the interpreter is to run a window. */
  readonly watch = new Watch();
  /** What control went through in one. */
  watched(window: readonly Step[], now: number): void {
    const started = Date.now();
    const { context } = this.#blocks;
    const standing = () => [...this.#regions.values()].filter(({ graph, context: of }) => graph.tree && of === context);
    const { plant, uproot } = this.watch.saw(window, now, () => {
      return {
        reader: new Reader(this.#blocks, this.#links),
        size: this.treeSize,
        trees: new Map(standing().map(({ graph }) => [graph.entries[0]!, graph])),
        mayBegin: (ip) =>
          contexts[context]!.flat && this.#with(ip).length <= mostAround && !this.#beginning(this.#blocks.headOf(ip))?.graph.tree,
        loopAt: (ip) => {
          for (const { graph } of this.#with(ip))
            for (const body of closedLoops(graph, structureOf(graph)).values()) if (body.has(ip)) return body;
          return undefined;
        },
      };
    });
    if (uproot.length > 0) for (const region of standing()) if (uproot.includes(region.graph.entries[0]!)) this.#drop(region);
    if (plant.length > 0) this.#plant(plant);
    this.stats.milliseconds += Date.now() - started;
  }
  /** Regions that an address is in, but trees. */
  #with(ip: number): Region[] {
    const there = [...(this.#byFrame.get(this.#blocks.frameOf(ip)) ?? [])];
    return there.filter((r) => r.context === this.#blocks.context && !r.graph.tree && blockAround(r.graph, ip) !== undefined);
  }
  /** Control comes to a tree where others leave at its root: what has that in it is made anew without it, to be entered where control leaves the tree. */
  #plant(trees: readonly TraceTree[]): void {
    const blocks = this.#blocks;
    const around = new Set<Region>();
    for (const tree of trees) {
      const { ip } = tree.root.block;
      if (blocks.headOf(ip) === 0) continue;
      for (const region of this.#with(ip)) {
        around.add(region);
        this.#meet(region);
        this.#drop(region);
      }
      this.#add(graphOfTree(new Reader(blocks, this.#links), tree), { roots: [ip], patched: false, aside: false, generation: 0 });
    }
    const exits = trees.flatMap((tree) => tree.exits);
    for (const old of around) {
      const graph = regrown(old, exits, new Reader(blocks, this.#links), this.#known);
      if (graph) this.#add(graph, { ...old, roots: graph.entries });
    }
  }
  /** A region has left an instruction to the interpreter, or all from the beginning of a block on. */
  gaveUp(ip: number): void {
    if (!this.enabled || !this.#doubts.note(ip)) return;
    const { context } = this.#blocks;
    for (const region of this.#byFrame.get(this.#blocks.frameOf(ip)) ?? [])
      if (region.context === context && blockAround(region.graph, ip) !== undefined) this.#reconsider(region);
  }
  readonly #doubts = new Doubts((ip) => this.#key(ip));
  #reconsider(region: Region): void {
    const { graph, slot, patched, doubted } = region;
    if (!this.#doubts.settle(graph, doubted, this.patience)) return;
    region.doubted = this.#doubts.now;
    const started = Date.now();
    this.#modules.jumpTables.drop(slot);
    Object.assign(region, this.#instantiate(graph, slot, patched));
    this.stats.rewritten++;
    this.stats.milliseconds += Date.now() - started;
  }
  #takeSlot(): number {
    if (this.#free.length === 0 && this.#nextSlot === regionSlots) this.#lost.clear();
    if (this.#free.length === 0 && this.#nextSlot === regionSlots) this.reset();
    return this.#free.pop() ?? this.#nextSlot++;
  }
  /** From now on a region can be entered, and goes when its code does. */
  #open(region: Region): void {
    const blocks = this.#blocks;
    this.#regions.set(region.slot, region);
    for (const frame of region.graph.pages.values()) {
      blocks.watch(frame);
      const there = this.#byFrame.get(frame);
      if (there) there.add(region);
      else this.#byFrame.set(frame, new Set([region]));
    }
    region.heads.forEach((head, n) => {
      if (head !== 0) blocks.becomeRegion(head, region.slot | (n << slotBits));
    });
  }
  #instantiate(graph: Graph, slot: number, patched: boolean): Pick<Region, "made" | "module"> {
    const made = this.#modules.make(graph, slot, { patched, color: this.#color });
    const module = new WebAssembly.Module(made.wasm);
    this.#modules.link(module, slot);
    this.stats.wasmBytes += made.wasm.length;
    return { made, module };
  }
  /** What regions are made of in a frame. */
  mark(frame: number, marks: Uint8Array): void {
    for (const { source, patched } of this.#byFrame.get(frame) ?? []) source.mark(frame, marks, patched);
  }
  /** A frame that code was read from is not mapped where it was, perhaps. */
  frameGone(frame: number): void {
    for (const { heads } of this.#byFrame.get(frame) ?? []) for (const head of heads) if (head !== 0) this.#blocks.doubtRegion(head);
  }
  /** A frame that code was read from has changed: perhaps not that code. */
  invalidateFrame(frame: number): void {
    for (const region of [...(this.#byFrame.get(frame) ?? [])]) {
      this.#close(region);
      region.lost = this.#blocks.invalidations;
      this.#lost.add(region);
    }
  }
  readonly #lost = new Lost<Region>((region) => this.#release(region));
  /** Where only immediates changed in what had been compiled. */
  readonly #patched = new Set<number>();
  /** Control comes to where there is no block. A lost region whose code is as it was is there again; false if there is none. */
  recover(ip: number, place: number): boolean {
    if (!this.enabled || this.#lost.size === 0) return false;
    const region = this.#lost.at(place, ip, this.#blocks.context);
    if (!region || !this.#stands(region)) return false;
    const change = region.source.change(this.#blocks.bytes);
    const root = this.#key(region.roots[0] as number);
    if (change === "none" || (change === "immediates" && region.patched)) {
      this.#lost.found(region);
      region.heads = region.heads.map((head) => head && this.#blocks.restore(head));
      this.#open(region);
      this.stats.recovered++;
      return true;
    }
    this.#release(region);
    if (change === "immediates") {
      // It was hot, and will be: one more sample there is enough.
      this.#patched.add(root);
      this.#heat.set(root, this.#wanted(region.roots[0] as number) - 1);
    } else this.#changed(place - (place & 0xfff), region.lost);
    return false;
  }
  #changed(frame: number, invalidation: number): void {
    const { times, last } = this.#changes.get(frame) ?? { times: 0, last: 0 };
    if (last !== invalidation) this.#changes.set(frame, { times: times + 1, last: invalidation });
  }
  #drop(region: Region): void {
    if (this.#regions.get(region.slot) !== region) return;
    this.#close(region);
    this.#release(region);
  }
  /** Nothing leads to a region any more. */
  #close(region: Region): void {
    this.#regions.delete(region.slot);
    for (const frame of region.graph.pages.values()) this.#byFrame.get(frame)?.delete(region);
    for (const block of region.graph.blocks.keys()) this.#heat.delete(block * 8 + region.context);
    for (const head of region.heads) if (head !== 0) this.#blocks.endRegion(head);
  }
  /** Its slot is another's from now on. */
  #release(region: Region): void {
    this.#lost.forget(region);
    this.#modules.table.set(region.slot, null);
    this.#modules.jumpTables.drop(region.slot);
    this.#free.push(region.slot);
    this.stats.dropped++;
  }
  /**
   * Where regions look for pages at home: while all address spaces that code was compiled in have one color, it is a constant; from the second one on the
   * state page says it.
   */
  #color: number | "any" = 0;
  #dropAll(): void {
    for (const region of [...this.#regions.values()]) this.#drop(region);
    this.#lost.clear();
  }
  /** All records are gone. */
  reset(): void {
    this.#dropAll();
    this.#heat.clear();
    this.#doubts.clear();
  }

  /** Does a region still stand on the frames it was read from, now that pages may have been mapped anew? If not it goes. */
  verify(word: number): boolean {
    const region = this.#regions.get(slotOf(word));
    if (!region) return false;
    if (this.#stands(region)) return true;
    this.#drop(region);
    return false;
  }
  #stands(region: Region): boolean {
    for (const [page, frame] of region.graph.pages) if (this.#blocks.frameOf(page * 4096) !== frame) return false;
    return true;
  }
}
