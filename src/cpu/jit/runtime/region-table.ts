// The table of compiled regions: compilation, entries, invalidation, and exchange with the code cache. The
// chapter docs/design/jit.md specifies it.

import { regionSlots, slotBits } from "../../decode/operand-slots.ts";
import type { Blocks } from "../../interp/block-cache.ts";
import { contexts } from "../../machine/context.ts";
import { type CachedRegion, type CodeFile, cachedRegionOf, framesOf, graphOf, landingsOf, movedRegion } from "../cache/format.ts";
import { type ReachedEntry, RegionLibrary } from "../cache/library.ts";
import type { Graph } from "../cfg/graph.ts";
import { BlockReader } from "../cfg/grow-graph.ts";
import { loopScopes, structureOf } from "../cfg/structure.ts";
import { positions } from "../emit/code-addresses.ts";
import type { ControlProfile } from "../profile/control-profile.ts";
import { coverageOf, type Step, type TraceTree, type TreeLimits, traceTrees } from "../tracing/trace-recorder.ts";
import type { TraceSampler } from "../tracing/trace-sampler.ts";
import { graphOfTree } from "../tracing/trace-tree.ts";
import { CodeSnapshot, FirstReached, InvalidRegions } from "./code-snapshot.ts";
import { DeoptProfile } from "./deopt.ts";
import type { JitPolicy } from "./policy.ts";
import { type JitLinks, RegionModules } from "./region-modules.ts";
import { blockAround, planFor, type Region, type RegionContext, regrow } from "./region-plan.ts";

/** Regions, at most, that may contain the root of a trace tree. */
const maxRegionsPerRoot = 2;

/** The greatest numbers of units that a run saves, and that it loads. */
const maxUnits = 256;
const maxFiles = 4096;
/** The greatest number of mapped ranges of a unit whose profile is saved. */
const maxRanges = 64;

const mayHavePosition = (position: number): boolean => position >= positions.from && position <= positions.to;
const sameFiles = (a: readonly CodeFile[], b: readonly CodeFile[]): boolean =>
  a.length === b.length && a.every(({ id, start, end }, n) => id === b[n]!.id && start === b[n]!.start && end === b[n]!.end);

const slotOf = (word: number): number => word & ((1 << slotBits) - 1);

/** All compiled regions of a processor, by slot and by frame. */
export class RegionTable {
  readonly #blocks: Blocks;
  readonly #links: JitLinks;
  readonly #policy: JitPolicy;
  readonly #profile: ControlProfile;
  readonly #modules: RegionModules;
  readonly #firstReached: FirstReached;
  readonly #regions = new Map<number, Region>();
  readonly #byFrame = new Map<number, Set<Region>>();
  readonly #context: RegionContext;
  readonly #free: number[] = [];
  #nextSlot = 1;

  constructor(blocks: Blocks, links: JitLinks, policy: JitPolicy) {
    this.#blocks = blocks;
    blocks.onDecoded = (ip) => this.#library.blockDecoded(ip);
    this.#firstReached = new FirstReached(blocks);
    this.#links = links;
    this.#policy = policy;
    this.#profile = policy.profile;
    this.#modules = new RegionModules(blocks, links, (ip) => this.#deopts.isDeoptimised(ip));
    this.#context = {
      blocks,
      profile: policy.profile,
      functionRegionAt: (ip) => this.#functionRegionAt(ip),
      regionAt: (head) => this.#regionAt(head),
      isMapped: (region) => this.#isMapped(region),
      decodeBlocks: (region) => this.#decodeBlocks(region),
      forcesRegion: (ip) => policy.forcesRegion(ip),
    };
  }
  /** Receives each region that is compiled. dump.ts shows it to users. */
  set onRegion(see: ((graph: Graph, wasm: Uint8Array) => void) | undefined) {
    this.#modules.onRegion = see;
  }

  /**
   * Loads the code cache for the files of the current address space. It is called when the program has run
   * long enough to make loading worthwhile, and again when it may have mapped others.
   */
  loadCached(): void {
    const { store } = this.#policy;
    if (!store && this.#library.isEmpty) return;
    const files = this.#links.codeFiles();
    let news = !sameFiles(files, this.#library.files);
    this.#library.files = files;
    this.#filesOf.set(this.#space, files);
    for (const file of store ? files : [])
      for (const id of [file.id, file.content]) {
        const known = this.#files.get(id);
        if (known?.some(({ start, end }) => start === file.start && end === file.end)) continue;
        const cached = known || this.#files.size >= maxFiles ? undefined : store?.load({ id, name: file.name });
        if (known && known.length < maxRanges) known.push(file);
        else if (!known && this.#files.size < maxFiles) this.#files.set(id, [file]);
        if (!cached) continue;
        this.#library.load(file, cached);
        const by = cached.position === undefined ? 0 : file.position - cached.position;
        this.#profile.preload({ called: cached.called.map((ip) => ip + by), jumped: cached.jumped.map((ip) => ip + by) });
        news = true;
      }
    if (news) this.#noteDecodedRoots();
    this.installCached();
  }
  /** Another address space runs. Its files are looked for with the next sample. */
  enterSpace(space: object): void {
    this.#space = space;
    this.#library.files = this.#filesOf.get(space) ?? [];
  }
  #space: object = this;
  readonly #filesOf = new WeakMap<object, readonly CodeFile[]>();
  /** The mapped ranges of each unit that has been loaded. */
  readonly #files = new Map<string, CodeFile[]>();
  readonly #library = new RegionLibrary();
  #noteDecodedRoots(): void {
    this.#library.noteDecoded((root) => this.#blocks.headOf(root) !== 0);
  }
  /** Installs regions of the library whose roots have been reached, if their code is unchanged. */
  installCached(): void {
    const { stats } = this.#policy;
    const started = Date.now();
    const before = stats.loaded + stats.reused;
    for (const reached of this.#library.reached()) this.#install(reached);
    if (stats.loaded + stats.reused > before) stats.milliseconds += Date.now() - started;
  }
  #install(reached: ReachedEntry): void {
    const blocks = this.#blocks;
    const { entry, position } = reached;
    if (blocks.isRegion(blocks.headOf(entry.root + (position ?? 0)))) return;
    if (position !== undefined && !mayHavePosition(position)) return;
    const data = position === undefined ? entry.data : movedRegion(entry.data, position);
    const { compiled, context, side, generation, roots } = data;
    if (
      context !== blocks.context ||
      compiled.machine !== this.#modules.machine ||
      (compiled.color !== "any" && compiled.color !== this.#policy.color)
    )
      return;
    if (data.landings.some(([door, landing]) => this.#links.landing(door) !== landing)) return;
    const pages = framesOf(data, { bytes: blocks.bytes, frameOf: (ip) => blocks.frameOf(ip) });
    if (pages === "absent") this.#library.retry(reached);
    if (typeof pages === "string") return;
    const { flushes } = blocks;
    const heads = data.entries.map((ip) => blocks.decodeAt(ip));
    if (blocks.flushes !== flushes) return;
    const slot = this.#takeSlot();
    if (compiled.table && !this.#modules.jumpTables.restore(slot, compiled.table, compiled.table.targets)) {
      this.#free.push(slot);
      return;
    }
    if (entry.used) this.#policy.stats.reused++;
    else this.#policy.stats.loaded++;
    entry.used = true;
    blocks.reserveCallTargets(compiled.callCaches);
    this.#deopts.preload(compiled.deoptimised);
    const graph = graphOf(data, pages, (bytes, ip) => blocks.decodeBytes(bytes, ip, contexts[context]!.mode));
    entry.module ??= this.#policy.store?.module(compiled) ?? new WebAssembly.Module(compiled.wasm);
    this.#modules.link(entry.module, slot, compiled.base);
    this.#activate({
      slot,
      graph,
      roots,
      heads: heads.map((head) => (blocks.isRegion(head) ? 0 : head)),
      snapshot: new CodeSnapshot(blocks.bytes, graph),
      patched: false,
      deoptVersion: this.#deopts.version,
      invalidatedAt: 0,
      context,
      side,
      generation,
      pendingExtensions: new Set(),
      landings: data.landings,
      compiled,
      module: entry.module,
      entry,
      notReached: true,
    });
  }
  /** Makes the interpreter decode all blocks of a cached region. Graphs grow only over decoded blocks. */
  #decodeBlocks(region: Region): void {
    if (!region.notReached) return;
    region.notReached = false;
    for (const { ip, stub } of region.graph.blocks.values()) {
      this.#blocks.decodeAt(ip);
      if (stub) this.#blocks.decodeAt(stub.ip);
    }
  }
  /** A region as data, with the host's code for it. */
  #dataOf(region: Region): CachedRegion {
    const { compiled, module, slot } = region;
    const native = compiled.native ?? this.#policy.store?.native(compiled, module, this.#modules.table.get(slot));
    return cachedRegionOf(region, { ...compiled, native });
  }
  /** Saves the library for the next run of the program, if there is something new in it. */
  saveCached(): void {
    const { store } = this.#policy;
    if (!store) return;
    for (const region of [...this.#regions.values(), ...this.#invalid.all]) this.#settle(region);
    const changed = [...this.#library.lasting].filter(([, entries]) => entries.some((entry) => entry.isNew));
    if (changed.length === 0) return;
    const { called, jumped } = this.#profile.all;
    // Of a run with very many processes, those with the most regions.
    const most = changed.sort((a, b) => b[1].length - a[1].length).slice(0, maxUnits);
    store.save(
      most.map(([id, entries]) => {
        const { file: first, content } = entries[0]!;
        const file = first as CodeFile;
        const ranges = content === undefined ? (this.#files.get(id) ?? [file]) : [file];
        const isInside = (ip: number): boolean => ranges.some(({ start, end }) => start <= ip && ip < end);
        const regions = entries.map(({ data, used }) => ({ ...data, idle: used ? 0 : data.idle + 1 }));
        const position = content === undefined ? undefined : file.position;
        const profile = { called: called.filter(isInside), jumped: jumped.filter(isInside), position };
        return [
          { id, name: file.name },
          { regions, ...profile },
        ] as const;
      }),
    );
  }
  /** Keeps a region in the library after the end of its instance. */
  #settle(region: Region): void {
    const { entry, compiled } = region;
    if (!entry || !this.#library.has(entry) || (entry.isSettled && (compiled.native || !this.#policy.store))) return;
    this.#library.settle(entry, this.#dataOf(region));
  }
  /** By frame: how often changed code removed compiled regions, and the last invalidation that did. */
  readonly #changes = new Map<number, { readonly times: number; readonly last: number }>();
  /** The number of times that the frame of an address lost compiled code. */
  changes(ip: number): number {
    return this.#changes.get(this.#blocks.frameOf(ip))?.times ?? 0;
  }
  /** Removes the regions that depend on one color, because an address space with another color runs. */
  changeColor(): void {
    for (const region of [...this.#regions.values()]) if (region.compiled.color !== "any") this.#drop(region);
    this.#invalid.clear();
    this.#noteDecodedRoots();
  }
  /** Records the bytes of a block at its first sample. */
  noteFirstSample(ip: number, head: number): void {
    this.#firstReached.note(this.#policy.key(ip), head);
  }

  /** The function's region that covers an address without an entry there. */
  #functionRegionAt(ip: number): Region | undefined {
    const there = this.#byFrame.get(this.#blocks.frameOf(ip));
    if (!there) return undefined;
    for (const r of there)
      if (r.context === this.#blocks.context && !r.side && !r.graph.tree && blockAround(r.graph, ip) !== undefined && this.#isMapped(r))
        return r;
    return undefined;
  }
  /** The region that begins at a block. */
  #regionAt(head: number): Region | undefined {
    const blocks = this.#blocks;
    return head !== 0 && blocks.isRegion(head) ? this.#regions.get(slotOf(blocks.regionWordOf(head))) : undefined;
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
  #debtOf(graph: Graph): number {
    const { records } = this.#blocks;
    let executed = 0;
    for (const { ip, instructions } of graph.blocks.values())
      executed += (records.executionsOf(this.#blocks.headOf(ip)) ?? this.#policy.price) * instructions.length;
    return graph.instructions * this.#policy.price - executed;
  }
  /** Compiles a graph and activates the region. */
  #add(graph: Graph, { roots, patched, side, generation }: Pick<Region, "roots" | "patched" | "side" | "generation">): Region {
    const blocks = this.#blocks;
    const slot = this.#takeSlot();
    const root = roots[0] as number;
    const file = this.#links.codeFiles().find(({ start, end }) => start <= root && root < end);
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
      ...this.#instantiate(graph, slot, patched, file && this.#baseFor(graph, file, patched)),
    };
    if (!patched) {
      region.entry = this.#library.add(root, region.compiled.base, file, () => this.#dataOf(region));
      region.entry.module = region.module;
    }
    this.#activate(region);
    this.#policy.stats.regions++;
    if (graph.tree) this.#policy.stats.trees++;
    return region;
  }

  /** Adds a sampling window. Installs and evicts trace trees as the sampler decides. */
  addWindow(window: readonly Step[], now: number, sampler: TraceSampler): void {
    const started = Date.now();
    const { context } = this.#blocks;
    const installedTrees = () => [...this.#regions.values()].filter(({ graph, context: of }) => graph.tree && of === context);
    const { install, evict } = sampler.addWindow(window, now, () => {
      const around: TreeLimits = {
        size: this.#policy.treeSize,
        mayStart: (ip) =>
          contexts[context]!.flat &&
          this.#regionsContaining(ip).length <= maxRegionsPerRoot &&
          !this.#regionAt(this.#blocks.headOf(ip))?.graph.tree,
        loopAt: (ip) => {
          for (const { graph } of this.#regionsContaining(ip))
            for (const body of loopScopes(graph, structureOf(graph)).values()) if (body.has(ip)) return body;
          return undefined;
        },
      };
      const trees = new Map(installedTrees().map(({ graph }) => [graph.entries[0]!, graph]));
      return {
        coverage: (windows) => coverageOf(windows, trees),
        trees: (windows, inside) => traceTrees(windows, inside, new BlockReader(this.#blocks, this.#links), around),
      };
    });
    if (evict.length > 0) for (const region of installedTrees()) if (evict.includes(region.graph.entries[0]!)) this.#forget(region);
    if (install.length > 0) this.#installTrees(install);
    this.#policy.stats.milliseconds += Date.now() - started;
  }
  /** Regions that contain an address, except trace trees. */
  #regionsContaining(ip: number): Region[] {
    const there = [...(this.#byFrame.get(this.#blocks.frameOf(ip)) ?? [])];
    return there.filter((r) => r.context === this.#blocks.context && !r.graph.tree && blockAround(r.graph, ip) !== undefined);
  }
  /**
   * Installs trace trees. A tree is entered where other regions exit at its root. So each region that
   * contains the root is recompiled without it, with entries at the exits of the tree.
   */
  #installTrees(trees: readonly TraceTree[]): void {
    const blocks = this.#blocks;
    const around = new Set<Region>();
    for (const tree of trees) {
      const { ip } = tree.root.block;
      if (blocks.headOf(ip) === 0) continue;
      for (const region of this.#regionsContaining(ip)) {
        around.add(region);
        this.#decodeBlocks(region);
        this.#forget(region);
      }
      this.#add(graphOfTree(new BlockReader(blocks, this.#links), tree), { roots: [ip], patched: false, side: false, generation: 0 });
    }
    const exits = trees.flatMap((tree) => tree.exits);
    for (const old of around) {
      const graph = regrow(old, exits, new BlockReader(blocks, this.#links), this.#context);
      if (graph) this.#add(graph, { ...old, roots: graph.entries });
    }
  }
  /** Counts a side exit, and recompiles regions around it that have too many. */
  noteSideExit(ip: number): void {
    if (!this.#deopts.noteExit(ip)) return;
    const { context } = this.#blocks;
    for (const region of this.#byFrame.get(this.#blocks.frameOf(ip)) ?? [])
      if (region.context === context && blockAround(region.graph, ip) !== undefined) this.#recompileIfDue(region);
  }
  readonly #deopts = new DeoptProfile((ip) => this.#policy.key(ip));
  #recompileIfDue(region: Region): void {
    const { graph, slot, patched, deoptVersion } = region;
    if (!this.#deopts.recompileDue(graph, deoptVersion, this.#policy.patience)) return;
    region.deoptVersion = this.#deopts.version;
    const started = Date.now();
    this.#modules.jumpTables.drop(slot);
    Object.assign(region, this.#instantiate(graph, slot, patched, region.compiled.base));
    if (region.entry) this.#library.changed(region.entry, () => this.#dataOf(region), region.module);
    this.#policy.stats.recompiled++;
    this.#policy.stats.milliseconds += Date.now() - started;
  }
  #takeSlot(): number {
    if (this.#free.length === 0 && this.#nextSlot === regionSlots) this.#invalid.clear();
    if (this.#free.length === 0 && this.#nextSlot === regionSlots) this.#policy.reset();
    return this.#free.pop() ?? this.#nextSlot++;
  }
  /** Makes a region enterable and registers its frames for invalidation. */
  #activate(region: Region): void {
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
  /**
   * The base of a region that is made for any position: of 64-bit code of one file, when several processes
   * run. A program alone has its code at the same addresses in each run, and constants are a little faster.
   */
  #baseFor(graph: Graph, { position, start, end }: CodeFile, patched: boolean): number | undefined {
    if (patched || graph.tree || this.#policy.color !== "any" || !mayHavePosition(position)) return undefined;
    if (contexts[this.#blocks.context]!.mode !== 64) return undefined;
    const isInside = (part: { readonly ip: number; readonly end: number }): boolean => start <= part.ip && part.end <= end;
    for (const block of graph.blocks.values()) if (!isInside(block) || (block.stub && !isInside(block.stub))) return undefined;
    return position;
  }
  #instantiate(graph: Graph, slot: number, patched: boolean, base: number | undefined): Pick<Region, "compiled" | "module"> {
    const compiled = this.#modules.make(graph, slot, { patched, color: this.#policy.color, base });
    const module = new WebAssembly.Module(compiled.wasm);
    this.#modules.link(module, slot, compiled.base);
    this.#policy.stats.wasmBytes += compiled.wasm.length;
    this.#policy.stats.instructions += graph.instructions;
    return { compiled, module };
  }
  /** Marks the bytes of a frame that regions were compiled from. */
  classifyBytes(frame: number, marks: Uint8Array): void {
    for (const { snapshot, patched } of this.#byFrame.get(frame) ?? []) snapshot.classifyBytes(frame, marks, patched);
  }
  /** Makes the regions of a frame verify their mapping before the next entry. */
  frameUnmapped(frame: number): void {
    for (const { heads } of this.#byFrame.get(frame) ?? []) for (const head of heads) if (head !== 0) this.#blocks.invalidateRegion(head);
  }
  /**
   * Invalidates the regions of a frame, because the frame has changed. They are revalidated if their own code
   * is unchanged.
   */
  invalidateFrame(frame: number): void {
    for (const region of [...(this.#byFrame.get(frame) ?? [])]) {
      this.#deactivate(region);
      region.invalidatedAt = this.#blocks.invalidations;
      this.#invalid.add(region);
    }
  }
  readonly #invalid = new InvalidRegions<Region>((region) => this.#release(region));
  /** Roots of regions in which only immediates changed. */
  readonly #patched = new Set<number>();
  /**
   * Revalidates an invalid region when control reaches its entry. False if there is none or its code has
   * changed.
   */
  revalidate(ip: number, location: number): boolean {
    if (this.#invalid.size === 0) return false;
    const region = this.#invalid.find(location, ip, this.#blocks.context);
    if (!region || !this.#isMapped(region)) return false;
    const change = region.snapshot.change(this.#blocks.bytes);
    const root = this.#policy.key(region.roots[0] as number);
    if (change === "none" || (change === "immediates" && region.patched)) {
      this.#invalid.revalidated(region);
      region.heads = region.heads.map((head) => head && this.#blocks.reinstallRegion(head));
      this.#activate(region);
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
    if (this.#regions.get(region.slot) !== region) return;
    this.#deactivate(region);
    this.#release(region);
  }
  /** Removes a region from the library too, because a better one replaces it. */
  #forget(region: Region): void {
    if (region.entry) this.#library.forget(region.entry);
    this.#drop(region);
  }
  /** Removes all links to a region. */
  #deactivate(region: Region): void {
    this.#regions.delete(region.slot);
    for (const frame of region.graph.pages.values()) this.#byFrame.get(frame)?.delete(region);
    for (const block of region.graph.blocks.keys()) this.#policy.resetHeat(block, region.context);
    for (const head of region.heads) if (head !== 0) this.#blocks.removeRegion(head);
  }
  /** Gives the region's slot back. */
  #release(region: Region): void {
    this.#settle(region);
    this.#invalid.forget(region);
    this.#modules.table.set(region.slot, null);
    this.#modules.jumpTables.drop(region.slot);
    this.#free.push(region.slot);
    this.#policy.stats.dropped++;
  }
  #dropAll(): void {
    for (const region of [...this.#regions.values()]) this.#drop(region);
    this.#invalid.clear();
  }
  /** Removes all regions, because all records are removed. */
  reset(): void {
    this.#dropAll();
    this.#deopts.clear();
  }

  /** True if a region's pages are still mapped to its frames. Otherwise the region is removed. */
  verify(word: number): boolean {
    const region = this.#regions.get(slotOf(word));
    if (!region) return false;
    if (this.#isMapped(region)) return true;
    this.#drop(region);
    return false;
  }
  #isMapped(region: Region): boolean {
    for (const [page, frame] of region.graph.pages) if (this.#blocks.frameOf(page * 4096) !== frame) return false;
    return true;
  }
}
