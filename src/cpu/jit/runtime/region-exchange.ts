// The exchange of regions with the code cache and between processes: which regions of the library become
// instances, and which are saved. The chapter docs/design/code-cache.md specifies it.

import type { Blocks } from "../../interp/block-cache.ts";
import { contexts } from "../../machine/context.ts";
import { type CachedRegion, type CodeFile, cachedRegionOf, framesOf, graphOf, movedRegion } from "../cache/format.ts";
import { type ReachedEntry, RegionLibrary } from "../cache/library.ts";
import type { BlockGraph } from "../cfg/graph.ts";
import { positions } from "../emit/code-addresses.ts";
import type { ActiveRegions } from "./active-regions.ts";
import { CodeSnapshot } from "./code-snapshot.ts";
import type { DeoptProfile } from "./deopt.ts";
import type { JitPolicy } from "./policy.ts";
import type { JitLinks, RegionModules } from "./region-modules.ts";
import type { Region } from "./region-plan.ts";

/** The greatest numbers of units that a run saves, and that it loads. */
const maxUnits = 256;
const maxFiles = 4096;
/** New debts that make a unit worth saving again: each spares the next run a plan. */
const debtsWorthSaving = 8;
/** The greatest number of mapped ranges of a unit whose profile is saved. */
const maxRanges = 64;

const mayHavePosition = (position: number): boolean => position >= positions.from && position <= positions.to;
const sameFiles = (a: readonly CodeFile[], b: readonly CodeFile[]): boolean =>
  a.length === b.length && a.every(({ id, start, end }, n) => id === b[n]!.id && start === b[n]!.start && end === b[n]!.end);

/** The parts of the region table that the exchange uses. */
export interface ExchangeLinks {
  readonly blocks: Blocks;
  readonly links: JitLinks;
  readonly policy: JitPolicy;
  readonly modules: RegionModules;
  readonly deopts: DeoptProfile;
  readonly active: ActiveRegions;
  takeSlot(): number;
}

/** The library of one processor's regions, and the regions that come from it. */
export class RegionExchange {
  readonly #at: ExchangeLinks;
  readonly #library = new RegionLibrary();
  #space: object = this;
  readonly #filesOf = new WeakMap<object, readonly CodeFile[]>();
  /** The mapped ranges of each unit that has been loaded. */
  readonly #files = new Map<string, CodeFile[]>();

  constructor(at: ExchangeLinks) {
    this.#at = at;
    at.blocks.onDecoded = (ip) => {
      if (!this.#library.isEmpty) this.#library.blockDecoded(ip);
    };
  }

  /**
   * Loads the code cache for the files of the current address space. It is called when the program has run
   * long enough to make loading worthwhile, and again when it may have mapped others.
   */
  load(): void {
    const { policy, links, blocks } = this.#at;
    const { store } = policy;
    if (!store && this.#library.isEmpty) return;
    blocks.reportDecoded();
    const files = links.codeFiles();
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
        policy.profile.preload({ called: cached.called.map((ip) => ip + by), jumped: cached.jumped.map((ip) => ip + by) });
        policy.preloadDebts(cached.debts.map((debt) => ({ ...debt, ip: debt.ip + by })));
        news = true;
      }
    if (news) this.noteDecodedRoots();
    this.install();
  }
  /** Another address space runs. Its files are looked for with the next sample. */
  enterSpace(space: object): void {
    this.#at.blocks.reportDecoded();
    this.#space = space;
    this.#library.files = this.#filesOf.get(space) ?? [];
  }
  /** Looks for regions whose roots have been decoded already. */
  noteDecodedRoots(): void {
    this.#library.noteDecoded((root) => this.#at.blocks.headOf(root) !== 0);
  }

  /** Installs regions of the library whose roots have been reached, if their code is unchanged. */
  install(): void {
    const { stats } = this.#at.policy;
    const started = Date.now();
    const before = stats.loaded + stats.reused;
    this.#at.blocks.reportDecoded();
    for (const reached of this.#library.reached()) this.#installOne(reached);
    if (stats.loaded + stats.reused > before) stats.milliseconds += Date.now() - started;
  }
  #installOne(reached: ReachedEntry): void {
    const { blocks, policy, links, modules, deopts, active } = this.#at;
    const { entry, position } = reached;
    // A debugger's stops may lie in it.
    if (blocks.stops !== undefined) return;
    if (blocks.isRegion(blocks.headOf(entry.root + (position ?? 0)))) return;
    if (position !== undefined && !mayHavePosition(position)) return;
    const data = position === undefined ? entry.data : movedRegion(entry.data, position);
    const { compiled, context, side, generation, roots } = data;
    const fits =
      context === blocks.context && compiled.machine === modules.machine && (compiled.color === "any" || compiled.color === policy.color);
    if (!fits || data.landings.some(([door, landing]) => links.landing(door) !== landing)) return;
    const pages = framesOf(data, { bytes: blocks.bytes, frameOf: (ip) => blocks.frameOf(ip) });
    if (pages === "absent") this.#library.retry(reached);
    if (typeof pages === "string") return;
    const { flushes } = blocks;
    const heads = data.entries.map((ip) => blocks.decodeAt(ip));
    if (blocks.flushes !== flushes) return;
    const slot = this.#at.takeSlot();
    if (compiled.table && !modules.jumpTables.restore(slot, compiled.table, compiled.table.targets)) {
      active.giveSlot(slot);
      return;
    }
    if (entry.used) policy.stats.reused++;
    else policy.stats.loaded++;
    entry.used = true;
    blocks.reserveCallTargets(compiled.callCaches);
    deopts.preload(compiled.deoptimised);
    const graph = graphOf(data, pages, (bytes, ip) => blocks.decodeBytes(bytes, ip, contexts[context]!.mode));
    entry.module ??= policy.store?.module(compiled) ?? new WebAssembly.Module(compiled.wasm);
    modules.link(entry.module, slot, compiled.base);
    active.add({
      slot,
      graph,
      roots,
      heads: heads.map((head) => (blocks.isRegion(head) ? 0 : head)),
      snapshot: new CodeSnapshot(blocks.bytes, graph),
      patched: false,
      deoptVersion: deopts.version,
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
  decodeBlocks(region: Region): void {
    const { blocks } = this.#at;
    if (!region.notReached) return;
    region.notReached = false;
    for (const { ip, stub } of region.graph.blocks.values()) {
      blocks.decodeAt(ip);
      if (stub) blocks.decodeAt(stub.ip);
    }
  }

  /** The file that an address is mapped from. */
  fileAt(ip: number): CodeFile | undefined {
    return this.#at.links.codeFiles().find(({ start, end }) => start <= ip && ip < end);
  }
  /**
   * The base of a region that is made for any position: of 64-bit code of one file, when several processes
   * run. A program alone has its code at the same addresses in each run, and constants are a little faster.
   */
  baseFor(graph: BlockGraph, { position, start, end }: CodeFile): number | undefined {
    const { blocks, policy } = this.#at;
    if (graph.tree || policy.color !== "any" || !mayHavePosition(position)) return undefined;
    if (contexts[blocks.context]!.mode !== 64) return undefined;
    const isInside = (part: { readonly ip: number; readonly end: number }): boolean => start <= part.ip && part.end <= end;
    for (const block of graph.blocks.values()) if (!isInside(block) || (block.stub && !isInside(block.stub))) return undefined;
    return position;
  }
  /** Adds a compiled region to the library. */
  add(region: Region, file: CodeFile | undefined): void {
    region.entry = this.#library.add(region.roots[0] as number, region.compiled.base, file, () => this.#dataOf(region));
    region.entry.module = region.module;
  }
  /** A region of the library was compiled again. */
  changed(region: Region): void {
    if (region.entry) this.#library.changed(region.entry, () => this.#dataOf(region), region.module);
  }
  /** Removes a region from the library, because a better one replaces it. */
  forget(region: Region): void {
    if (region.entry) this.#library.forget(region.entry);
  }
  /** Keeps a region in the library after the end of its instance. */
  settle(region: Region): void {
    const { entry, compiled, module } = region;
    if (!entry || !this.#library.has(entry) || (entry.isSettled && (compiled.native || !this.#at.policy.store))) return;
    this.#library.settle(entry, this.#dataOf(region), module);
  }
  /** A region as data, with the host's code for it. */
  #dataOf(region: Region): CachedRegion {
    const { policy, modules } = this.#at;
    const { compiled, module, slot } = region;
    const native = compiled.native ?? policy.store?.native(compiled, module, modules.table.get(slot));
    return cachedRegionOf(region, { ...compiled, native });
  }
  /** Saves the library for the next run of the program, if there is something new in it. */
  save(regions: Iterable<Region>): void {
    const { store, profile } = this.#at.policy;
    if (!store) return;
    for (const region of regions) this.settle(region);
    const hasLearnt = this.#at.policy.debtsLearnt >= debtsWorthSaving;
    const changed = [...this.#library.lasting].filter(([, entries]) => hasLearnt || entries.some((entry) => entry.isNew));
    if (changed.length === 0) return;
    const { called, jumped } = profile.all;
    const { debts } = this.#at.policy;
    // Of a run with very many processes, those with the most regions.
    const most = changed.sort((a, b) => b[1].length - a[1].length).slice(0, maxUnits);
    store.save(
      most.map(([id, entries]) => {
        const { file: first, content } = entries[0]!;
        const file = first as CodeFile;
        const ranges = content === undefined ? (this.#files.get(id) ?? [file]) : [file];
        const isInside = (ip: number): boolean => ranges.some(({ start, end }) => start <= ip && ip < end);
        const saved = entries.map(({ data, used }) => ({ ...data, idle: used ? 0 : data.idle + 1 }));
        const position = content === undefined ? undefined : file.position;
        const owing = debts.filter(({ ip }) => isInside(ip));
        const unit = { called: called.filter(isInside), jumped: jumped.filter(isInside), debts: owing, position };
        return [
          { id, name: file.name },
          { regions: saved, ...unit },
        ] as const;
      }),
    );
  }
}
