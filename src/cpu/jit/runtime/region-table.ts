// The compiled regions that there are: how one is made, where control comes to it, when it must go, and what a program's runs leave one another.

import { regionSlots, slotBits } from "../../decode/operand-slots.ts";
import type { Blocks } from "../../interp/block-cache.ts";
import { contexts } from "../../machine/context.ts";
import { framesOf, graphOf, type KeptRegion, keep, type Made, Shelf } from "../cache/format.ts";
import type { Graph } from "../cfg/graph.ts";
import { Reader } from "../cfg/grow-graph.ts";
import { closedLoops, structureOf } from "../cfg/structure.ts";
import type { CodeMap } from "../profile/control-profile.ts";
import { type Around, coverageOf, type Step, type TraceTree, traceTrees } from "../tracing/trace-recorder.ts";
import type { Watch } from "../tracing/trace-sampler.ts";
import { graphOfTree } from "../tracing/trace-tree.ts";
import { FirstMet, Lost, Source } from "./code-snapshot.ts";
import { Doubts } from "./deopt.ts";
import type { JitPolicy } from "./policy.ts";
import { type JitLinks, RegionModules } from "./region-modules.ts";
import { blockAround, type Known, planFor, type Region, regrown } from "./region-plan.ts";

/** Regions that a root may be in. */
const mostAround = 2;

const slotOf = (word: number): number => word & ((1 << slotBits) - 1);

export class Regions {
  readonly #blocks: Blocks;
  readonly #links: JitLinks;
  readonly #policy: JitPolicy;
  readonly #code: CodeMap;
  readonly #modules: RegionModules;
  readonly #met: FirstMet;
  readonly #regions = new Map<number, Region>();
  readonly #byFrame = new Map<number, Set<Region>>();
  readonly #known: Known;
  readonly #free: number[] = [];
  #nextSlot = 1;

  constructor(blocks: Blocks, links: JitLinks, policy: JitPolicy) {
    this.#blocks = blocks;
    this.#met = new FirstMet(blocks);
    this.#links = links;
    this.#policy = policy;
    this.#code = policy.code;
    this.#modules = new RegionModules(blocks, links, (ip) => this.#doubts.has(ip));
    this.#known = {
      blocks,
      code: policy.code,
      around: (ip) => this.#around(ip),
      beginning: (head) => this.#beginning(head),
      stands: (region) => this.#stands(region),
      meet: (region) => this.#meet(region),
      insists: (ip) => policy.insists(ip),
    };
  }
  /** Told of each region that is compiled: for people who look (dump.ts). */
  set onRegion(see: ((graph: Graph, wasm: Uint8Array) => void) | undefined) {
    this.#modules.onRegion = see;
  }

  /** The program has run for so long that it is worth looking for what earlier runs have left. */
  takeDown(): void {
    const kept = this.#policy.store?.load();
    if (!kept) return;
    const shelf = new Shelf(kept);
    this.#code.learn(kept);
    this.#lookAround(shelf);
    this.#blocks.onDecoded = (ip) => shelf.meet(ip);
    this.#shelf = shelf;
    this.reopen();
  }
  #shelf: Shelf | undefined;
  /** What regions that an earlier run had made are made of. */
  readonly #earlier = new WeakSet<Made>();
  #lookAround(shelf: Shelf): void {
    for (const root of shelf.roots) if (this.#blocks.headOf(root) !== 0) shelf.meet(root);
  }
  /** Open what is due, if the code is what it was. */
  reopen(): void {
    const shelf = this.#shelf;
    if (!shelf) return;
    const started = Date.now();
    let opened = 0;
    for (const kept of shelf.due()) {
      if (!this.#reopenOne(kept)) continue;
      shelf.take(kept);
      opened++;
    }
    this.#policy.stats.reopened += opened;
    if (opened > 0) this.#policy.stats.milliseconds += Date.now() - started;
  }
  #reopenOne(kept: KeptRegion): boolean {
    const blocks = this.#blocks;
    const { made, context, aside, generation, roots } = kept;
    if (context !== blocks.context || made.machine !== this.#modules.machine || (made.color !== "any" && made.color !== this.#policy.color))
      return false;
    if (kept.landings.some(([door, landing]) => this.#links.landing(door) !== landing)) return false;
    const pages = framesOf(kept, { bytes: blocks.bytes, frameOf: (ip) => blocks.frameOf(ip) });
    if (!pages || blocks.isRegion(blocks.headOf(roots[0]!))) return false;
    const { flushes } = blocks;
    const heads = kept.entries.map((entry) => blocks.decodeAt(entry));
    if (blocks.flushes !== flushes) return false;
    const slot = this.#takeSlot();
    if (made.table && !this.#modules.jumpTables.place(slot, made.table, made.table.targets)) {
      this.#free.push(slot);
      return false;
    }
    this.#earlier.add(made);
    blocks.reserveCallTargets(made.places);
    this.#doubts.learn(made.doubted);
    const graph = graphOf(kept, pages, (bytes, ip) => blocks.decodeBytes(bytes, ip, contexts[context]!.mode));
    const module = this.#policy.store?.module(made) ?? new WebAssembly.Module(made.wasm);
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
      this.#blocks.decodeAt(ip);
      if (stub) this.#blocks.decodeAt(stub.ip);
    }
  }
  /** Keep what there is for the program's next run, if that is more than it had. */
  keep(): void {
    const { store } = this.#policy;
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
  /** Times that compiled code of a frame had to go because it changed, and the last invalidation by which it had. */
  readonly #changes = new Map<number, { readonly times: number; readonly last: number }>();
  /** The same times of the frame of an address. */
  changes(ip: number): number {
    return this.#changes.get(this.#blocks.frameOf(ip))?.times ?? 0;
  }
  /** Address spaces with another color run from now on. */
  changeColor(): void {
    for (const region of [...this.#regions.values()]) if (region.made.color !== "any") this.#drop(region);
    this.#lost.clear();
    if (this.#shelf) this.#lookAround(this.#shelf);
  }
  /** A block was sampled for the first time. */
  meetFirst(ip: number, head: number): void {
    this.#met.note(this.#policy.key(ip), head);
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
  compile(ip: number, hot = Number.POSITIVE_INFINITY): boolean {
    const blocks = this.#blocks;
    const head = blocks.headOf(ip);
    if (head === 0 || blocks.isRegion(head)) return head !== 0;
    const reader = new Reader(blocks, this.#links);
    if (reader.at(ip) === undefined) {
      this.#policy.stats.refused++;
      return false;
    }
    const started = Date.now();
    const plan = planFor(ip, reader, this.#known);
    if (!plan) return false;
    const { graph, roots, goes, aside, of, generation } = plan;
    if (aside && !of && hot < this.#policy.forAside) return false;
    for (const old of goes) this.#drop(old);
    this.#policy.cool(ip);
    if (!graph) {
      this.#policy.stats.refused++;
      return false;
    }
    // What has been written anew since it was first met is taken to be so again.
    const patched = this.#met.isNew(this.#policy.key(ip), ip) || roots.some((root) => this.#patched.has(this.#policy.key(root)));
    const region = this.#add(graph, { roots, patched, aside, generation });
    of?.satellites.add(region);
    this.#policy.stats.milliseconds += Date.now() - started;
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
    this.#policy.stats.regions++;
    if (graph.tree) this.#policy.stats.trees++;
    return region;
  }

  /** What control went through in one. */
  watched(window: readonly Step[], now: number, watch: Watch): void {
    const started = Date.now();
    const { context } = this.#blocks;
    const standing = () => [...this.#regions.values()].filter(({ graph, context: of }) => graph.tree && of === context);
    const { plant, uproot } = watch.saw(window, now, () => {
      const around: Around = {
        size: this.#policy.treeSize,
        mayBegin: (ip) =>
          contexts[context]!.flat && this.#with(ip).length <= mostAround && !this.#beginning(this.#blocks.headOf(ip))?.graph.tree,
        loopAt: (ip) => {
          for (const { graph } of this.#with(ip))
            for (const body of closedLoops(graph, structureOf(graph)).values()) if (body.has(ip)) return body;
          return undefined;
        },
      };
      const trees = new Map(standing().map(({ graph }) => [graph.entries[0]!, graph]));
      return {
        coverage: (windows) => coverageOf(windows, trees),
        trees: (windows, inside) => traceTrees(windows, inside, new Reader(this.#blocks, this.#links), around),
      };
    });
    if (uproot.length > 0) for (const region of standing()) if (uproot.includes(region.graph.entries[0]!)) this.#drop(region);
    if (plant.length > 0) this.#plant(plant);
    this.#policy.stats.milliseconds += Date.now() - started;
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
    if (!this.#doubts.note(ip)) return;
    const { context } = this.#blocks;
    for (const region of this.#byFrame.get(this.#blocks.frameOf(ip)) ?? [])
      if (region.context === context && blockAround(region.graph, ip) !== undefined) this.#reconsider(region);
  }
  readonly #doubts = new Doubts((ip) => this.#policy.key(ip));
  #reconsider(region: Region): void {
    const { graph, slot, patched, doubted } = region;
    if (!this.#doubts.settle(graph, doubted, this.#policy.patience)) return;
    region.doubted = this.#doubts.now;
    const started = Date.now();
    this.#modules.jumpTables.drop(slot);
    Object.assign(region, this.#instantiate(graph, slot, patched));
    this.#policy.stats.rewritten++;
    this.#policy.stats.milliseconds += Date.now() - started;
  }
  #takeSlot(): number {
    if (this.#free.length === 0 && this.#nextSlot === regionSlots) this.#lost.clear();
    if (this.#free.length === 0 && this.#nextSlot === regionSlots) this.#policy.reset();
    return this.#free.pop() ?? this.#nextSlot++;
  }
  /** From now on a region can be entered, and goes when its code does. */
  #open(region: Region): void {
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
  #instantiate(graph: Graph, slot: number, patched: boolean): Pick<Region, "made" | "module"> {
    const made = this.#modules.make(graph, slot, { patched, color: this.#policy.color });
    const module = new WebAssembly.Module(made.wasm);
    this.#modules.link(module, slot);
    this.#policy.stats.wasmBytes += made.wasm.length;
    return { made, module };
  }
  /** What regions are made of in a frame. */
  mark(frame: number, marks: Uint8Array): void {
    for (const { source, patched } of this.#byFrame.get(frame) ?? []) source.mark(frame, marks, patched);
  }
  /** A frame that code was read from is not mapped where it was, perhaps. */
  frameGone(frame: number): void {
    for (const { heads } of this.#byFrame.get(frame) ?? []) for (const head of heads) if (head !== 0) this.#blocks.invalidateRegion(head);
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
    if (this.#lost.size === 0) return false;
    const region = this.#lost.at(place, ip, this.#blocks.context);
    if (!region || !this.#stands(region)) return false;
    const change = region.source.change(this.#blocks.bytes);
    const root = this.#policy.key(region.roots[0] as number);
    if (change === "none" || (change === "immediates" && region.patched)) {
      this.#lost.found(region);
      region.heads = region.heads.map((head) => head && this.#blocks.reinstallRegion(head));
      this.#open(region);
      this.#policy.stats.recovered++;
      return true;
    }
    this.#release(region);
    if (change === "immediates") {
      // It was hot, and will be: one more sample there is enough.
      this.#patched.add(root);
      this.#policy.expect(region.roots[0] as number);
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
    for (const block of region.graph.blocks.keys()) this.#policy.cool(block, region.context);
    for (const head of region.heads) if (head !== 0) this.#blocks.removeRegion(head);
  }
  /** Its slot is another's from now on. */
  #release(region: Region): void {
    this.#lost.forget(region);
    this.#modules.table.set(region.slot, null);
    this.#modules.jumpTables.drop(region.slot);
    this.#free.push(region.slot);
    this.#policy.stats.dropped++;
  }
  #dropAll(): void {
    for (const region of [...this.#regions.values()]) this.#drop(region);
    this.#lost.clear();
  }
  /** All records are gone. */
  reset(): void {
    this.#dropAll();
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
