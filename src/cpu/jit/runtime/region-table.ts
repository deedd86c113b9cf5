// The table of compiled regions: compilation, recompilation and invalidation. The chapter docs/design/jit.md
// specifies it.

import type { Blocks } from "../../interp/block-cache.ts";
import { landingsOf } from "../cache/format.ts";
import type { BlockGraph } from "../cfg/graph.ts";
import { BlockReader } from "../cfg/grow-graph.ts";
import type { TraceStep } from "../tracing/trace-recorder.ts";
import type { TraceSampler } from "../tracing/trace-sampler.ts";
import { ActiveRegions } from "./active-regions.ts";
import { CodeSnapshot, FirstReached, InvalidRegions } from "./code-snapshot.ts";
import { DeoptProfile } from "./deopt.ts";
import type { JitPolicy } from "./policy.ts";
import { RegionExchange } from "./region-exchange.ts";
import { type JitLinks, RegionModules } from "./region-modules.ts";
import { blockAround, planFor, type Region, type RegionContext, type RegionShape } from "./region-plan.ts";
import { addWindow } from "./tree-installer.ts";

/** All compiled regions of a processor. */
export class RegionTable {
  readonly #blocks: Blocks;
  readonly #links: JitLinks;
  readonly #policy: JitPolicy;
  readonly #modules: RegionModules;
  readonly #firstReached: FirstReached;
  readonly #context: RegionContext;
  readonly #deopts: DeoptProfile;
  readonly #active: ActiveRegions;
  readonly #invalid = new InvalidRegions<Region>((region) => this.#release(region));
  /** The exchange with the code cache and with other processes. */
  readonly exchange: RegionExchange;

  constructor(blocks: Blocks, links: JitLinks, policy: JitPolicy) {
    this.#blocks = blocks;
    this.#firstReached = new FirstReached(blocks);
    this.#links = links;
    this.#policy = policy;
    const deopts = new DeoptProfile((ip) => policy.key(ip));
    this.#deopts = deopts;
    const modules = new RegionModules(blocks, links, (ip) => deopts.isDeoptimised(ip));
    this.#modules = modules;
    const active = new ActiveRegions(blocks);
    this.#active = active;
    this.exchange = new RegionExchange({ blocks, links, policy, modules, deopts, active, takeSlot: () => this.#takeSlot() });
    this.#context = {
      blocks,
      profile: policy.profile,
      functionRegionAt: (ip) => active.ofFunction(ip),
      regionAt: (head) => active.at(head),
      isMapped: (region) => active.isMapped(region),
      decodeBlocks: (region) => this.exchange.decodeBlocks(region),
      forcesRegion: (ip) => policy.forcesRegion(ip),
    };
  }
  /** Receives each region that is compiled. dump.ts shows it to users. */
  set onRegion(see: ((graph: BlockGraph, wasm: Uint8Array) => void) | undefined) {
    this.#modules.onRegion = see;
  }

  /** Saves the regions for the next run of the program. */
  save(): void {
    this.exchange.save([...this.#active.all, ...this.#invalid.all]);
  }
  /** By frame: how often changed code removed compiled regions, and the last invalidation that did. */
  readonly #changes = new Map<number, { readonly times: number; readonly last: number }>();
  /** The number of times that the frame of an address lost compiled code. */
  changes(ip: number): number {
    return this.#changes.get(this.#blocks.frameOf(ip))?.times ?? 0;
  }
  /** Removes the regions that depend on one color, because an address space with another color runs. */
  changeColor(): void {
    for (const region of this.#active.all) if (region.compiled.color !== "any") this.#drop(region);
    this.#invalid.clear();
    this.exchange.noteDecodedRoots();
  }
  /** Records the bytes of a block at its first sample. */
  noteFirstSample(ip: number, head: number): void {
    this.#firstReached.note(this.#policy.key(ip), head);
  }

  /**
   * Compiles a region for a block. `hot` is its heat as a multiple of the threshold. False if it cannot or
   * need not be compiled.
   */
  compile(ip: number, hot = Number.POSITIVE_INFINITY): boolean {
    const blocks = this.#blocks;
    const head = blocks.headOf(ip);
    if (head === 0 || blocks.isRegion(head)) return head !== 0;
    const reader = new BlockReader(blocks, this.#links);
    if (reader.at(ip) === undefined) {
      this.#policy.stats.refused++;
      return false;
    }
    const missing = hot < Number.POSITIVE_INFINITY ? this.#policy.price - (blocks.records.executionsOf(head) ?? this.#policy.price) : 0;
    if (missing > 0) {
      // A plan costs as much as a small region. A region seldom pays before its hot block does.
      this.#policy.postpone(ip, missing * blocks.records.remainingOf(head));
      return false;
    }
    const started = Date.now();
    const plan = planFor(ip, reader, this.#context);
    if (!plan) return false;
    const { graph, roots, replaced, side, extensionOf, generation } = plan;
    if (side && !extensionOf && hot < this.#policy.sideRegionFactor) return false;
    const debt = graph && replaced.length === 0 && hot < Number.POSITIVE_INFINITY ? this.#debtOf(graph) : 0;
    if (debt > 0) {
      this.#policy.postpone(ip, debt);
      return false;
    }
    for (const old of replaced) this.#forget(old);
    this.#policy.resetHeat(ip);
    if (!graph) {
      this.#policy.stats.refused++;
      return false;
    }
    // Code that has been rewritten since its first sample is assumed to be rewritten again.
    const patched =
      this.#firstReached.hasChanged(this.#policy.key(ip), ip) || roots.some((root) => this.#patched.has(this.#policy.key(root)));
    const region = this.#add(graph, { roots, patched, side, generation });
    extensionOf?.pendingExtensions.add(region);
    this.#policy.stats.milliseconds += Date.now() - started;
    return true;
  }
  /** Instructions that the code of a graph must still execute before the region pays. */
  #debtOf(graph: BlockGraph): number {
    const { records } = this.#blocks;
    let executed = 0;
    for (const { ip, instructions } of graph.blocks.values())
      executed += (records.executionsOf(this.#blocks.headOf(ip)) ?? this.#policy.price) * instructions.length;
    return graph.instructions * this.#policy.price - executed;
  }
  /** Compiles a graph and activates the region. */
  #add(graph: BlockGraph, { roots, patched, side, generation }: RegionShape): Region {
    const blocks = this.#blocks;
    const slot = this.#takeSlot();
    const root = roots[0] as number;
    const file = this.exchange.fileAt(root);
    const region: Region = {
      slot,
      graph,
      roots,
      heads: graph.entries.map((entry) => blocks.headOf(entry)),
      snapshot: new CodeSnapshot(blocks.bytes, graph),
      patched,
      deoptVersion: this.#deopts.version,
      invalidatedAt: 0,
      context: blocks.context,
      side,
      generation,
      pendingExtensions: new Set(),
      notReached: false,
      landings: landingsOf(graph, this.#links.landing),
      entry: undefined,
      ...this.#instantiate(graph, slot, patched, file && !patched ? this.exchange.baseFor(graph, file) : undefined),
    };
    if (!patched) this.exchange.add(region, file);
    this.#active.add(region);
    this.#policy.stats.regions++;
    if (graph.tree) this.#policy.stats.trees++;
    return region;
  }

  /** Adds a sampling window. Installs and evicts trace trees as the sampler decides. */
  addWindow(window: readonly TraceStep[], now: number, sampler: TraceSampler): void {
    const started = Date.now();
    const at = {
      blocks: this.#blocks,
      links: this.#links,
      active: this.#active,
      context: this.#context,
      treeSize: this.#policy.treeSize,
      add: (graph: BlockGraph, shape: RegionShape) => this.#add(graph, shape),
      forget: (region: Region) => this.#forget(region),
    };
    addWindow(at, window, now, sampler);
    this.#policy.stats.milliseconds += Date.now() - started;
  }
  /** Counts a side exit, and recompiles regions around it that have too many. */
  noteSideExit(ip: number): void {
    if (!this.#deopts.noteExit(ip)) return;
    const { context } = this.#blocks;
    for (const region of this.#active.inFrame(this.#blocks.frameOf(ip)))
      if (region.context === context && blockAround(region.graph, ip) !== undefined) this.#recompileIfDue(region);
  }
  #recompileIfDue(region: Region): void {
    const { graph, slot, patched, deoptVersion } = region;
    if (!this.#deopts.recompileDue(graph, deoptVersion, this.#policy.patience)) return;
    region.deoptVersion = this.#deopts.version;
    const started = Date.now();
    this.#modules.jumpTables.drop(slot);
    Object.assign(region, this.#instantiate(graph, slot, patched, region.compiled.base));
    this.exchange.changed(region);
    this.#policy.stats.recompiled++;
    this.#policy.stats.milliseconds += Date.now() - started;
  }
  /** A free slot. If all are taken, invalid regions and then all regions are removed. */
  #takeSlot(): number {
    const free = (): number | undefined => this.#active.takeSlot();
    const freed = (remove: () => void): number | undefined => {
      remove();
      return free();
    };
    return free() ?? freed(() => this.#invalid.clear()) ?? (freed(() => this.#policy.reset()) as number);
  }
  #instantiate(graph: BlockGraph, slot: number, patched: boolean, base: number | undefined): Pick<Region, "compiled" | "module"> {
    const compiled = this.#modules.make(graph, slot, { patched, color: this.#policy.color, base });
    const module = new WebAssembly.Module(compiled.wasm);
    this.#modules.link(module, slot, compiled.base);
    this.#policy.stats.wasmBytes += compiled.wasm.length;
    this.#policy.stats.instructions += graph.instructions;
    return { compiled, module };
  }
  /** Marks the bytes of a frame that regions were compiled from. */
  classifyBytes(frame: number, marks: Uint8Array): void {
    this.#active.classifyBytes(frame, marks);
  }
  /** Makes the regions of a frame verify their mapping before the next entry. */
  frameUnmapped(frame: number): void {
    this.#active.frameUnmapped(frame);
  }
  /**
   * Invalidates the regions of a frame, because the frame has changed. They are revalidated if their own code
   * is unchanged. True if there are any.
   */
  invalidateFrame(frame: number): boolean {
    const regions = [...this.#active.inFrame(frame)];
    for (const region of regions) {
      this.#deactivate(region);
      region.invalidatedAt = this.#blocks.invalidations;
      this.#invalid.add(region);
    }
    return regions.length > 0;
  }
  /** Roots of regions in which only immediates changed. */
  readonly #patched = new Set<number>();
  /**
   * Revalidates an invalid region when control reaches its entry. False if there is none or its code has
   * changed.
   */
  revalidate(ip: number, location: number): boolean {
    if (this.#invalid.size === 0) return false;
    const region = this.#invalid.find(location, ip, this.#blocks.context);
    if (!region || !this.#active.isMapped(region)) return false;
    const change = region.snapshot.change(this.#blocks.bytes);
    const root = this.#policy.key(region.roots[0] as number);
    if (change === "none" || (change === "immediates" && region.patched)) {
      this.#invalid.revalidated(region);
      region.heads = region.heads.map((head) => head && this.#blocks.reinstallRegion(head));
      this.#active.add(region);
      this.#policy.stats.revalidated++;
      return true;
    }
    this.#release(region);
    if (change === "immediates") {
      // The code was hot and will be hot again, so one more sample compiles it.
      this.#patched.add(root);
      this.#policy.preheat(region.roots[0] as number);
    } else this.#countChange(location - (location & 0xfff), region.invalidatedAt);
    return false;
  }
  #countChange(frame: number, invalidation: number): void {
    const { times, last } = this.#changes.get(frame) ?? { times: 0, last: 0 };
    if (last !== invalidation) this.#changes.set(frame, { times: times + 1, last: invalidation });
  }
  #drop(region: Region): void {
    if (!this.#active.has(region)) return;
    this.#deactivate(region);
    this.#release(region);
  }
  /** Removes a region from the library too, because a better one replaces it. */
  #forget(region: Region): void {
    this.exchange.forget(region);
    this.#drop(region);
  }
  #deactivate(region: Region): void {
    this.#active.remove(region);
    for (const block of region.graph.blocks.keys()) this.#policy.resetHeat(block, region.context);
  }
  /** Gives the region's slot back. */
  #release(region: Region): void {
    this.exchange.settle(region);
    this.#invalid.forget(region);
    this.#modules.table.set(region.slot, null);
    this.#modules.jumpTables.drop(region.slot);
    this.#active.giveSlot(region.slot);
    this.#policy.stats.dropped++;
  }
  /** Removes all regions, or those with code in these pages, because the records are removed. */
  reset(pages?: ReadonlySet<number>): void {
    const isIn = (region: Region): boolean => !pages || [...region.graph.pages.keys()].some((page) => pages.has(page));
    for (const region of this.#active.all) if (isIn(region)) this.#drop(region);
    this.#invalid.clear();
    if (!pages) this.#deopts.clear();
  }

  /** True if a region's pages are still mapped to its frames. Otherwise the region is removed. */
  verify(word: number): boolean {
    const region = this.#active.ofWord(word);
    if (!region) return false;
    if (this.#active.isMapped(region)) return true;
    this.#drop(region);
    return false;
  }
}
