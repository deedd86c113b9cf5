// The modules of regions: their WebAssembly, with what that imports, and their place in the table by which control comes to them.

import { wt } from "../../../wasm/encoder.ts";
import { type FuncType, ModuleWriter } from "../../../wasm/module.ts";
import { isShared } from "../../../wasm/shared-memory.ts";
import type { Decoded } from "../../decode/decoder.ts";
import { registerOffset } from "../../decode/instance.ts";
import { regionSlots, regionType } from "../../decode/operand-slots.ts";
import type { Blocks } from "../../interp/block-cache.ts";
import type { RoutineType } from "../../isa/routine-types.ts";
import { contexts } from "../../machine/context.ts";
import type { Exit } from "../../machine/exit.ts";
import type { Access } from "../../machine/mmu.ts";
import type { Model } from "../../machine/model.ts";
import type { Made } from "../cache/format.ts";
import type { Graph } from "../cfg/graph.ts";
import { JumpTables } from "../emit/jump-tables.ts";
import { lazyRegionEmitter } from "../emit/lazy.ts";
import type { RegionRuntime } from "../emit/region-base.ts";
import { lookups, lookupTypes } from "../emit/slow-path.ts";
import { longImmediate, placeOf } from "./code-snapshot.ts";

/** What compiled regions are linked to. */
export interface JitLinks {
  readonly memory: WebAssembly.Memory;
  /** The handlers' exports: flags and conditions by name, and the table of regions. */
  readonly handlers: WebAssembly.Exports;
  readonly routines: WebAssembly.Exports;
  readonly routineTypes: Readonly<Record<string, RoutineType>>;
  readonly missRegion: (address: number, bytes: number, how: number) => number;
  readonly showRange: (address: number, how: Access, slot: number) => void;
  /** There is a region of 32-bit code, which looks for pages by their chunks (layout.ts). */
  readonly keepAccessMap: () => void;
  readonly missStore: (address: number, bytes: number, low: number, high: number) => number;
  readonly serve: (code: number) => number;
  readonly landing: (door: Exit) => number | undefined;
  readonly placeOf: (linear: number) => number;
  readonly model: Model;
}

const never = () => {
  throw new Error("regions do not act, and have flags in locals");
};
/** What only handlers call. */
const handlersAlone = {
  miss: -1,
  commit: -1,
  checkSegment: -1,
  raise: -1,
  helper: -1,
  helperId: never,
  flag: never,
  flagsWord: never,
  condition: never,
};

/** Where an instruction's immediate lies, if it can be read where it runs. */
const inCode = (graph: Graph) => (d: Decoded) => {
  const immediate = longImmediate(d);
  return immediate && { place: placeOf(graph, immediate.address), bits: immediate.bits };
};

export class RegionModules {
  /** Functions of regions, by their slots. */
  readonly table: WebAssembly.Table;
  readonly jumpTables: JumpTables;
  /** What modules depend on besides code. */
  readonly machine: string;
  /** Told of each that is made: for people who look (dump.ts). */
  onRegion: ((graph: Graph, wasm: Uint8Array) => void) | undefined;
  readonly #blocks: Blocks;
  readonly #links: JitLinks;
  readonly #isDoubtful: (ip: number) => boolean;
  constructor(blocks: Blocks, links: JitLinks, isDoubtful: (ip: number) => boolean) {
    this.#blocks = blocks;
    this.#links = links;
    this.#isDoubtful = isDoubtful;
    this.table = links.handlers["regions"] as WebAssembly.Table;
    const { memory, model } = links;
    this.jumpTables = new JumpTables(memory);
    this.machine = `${model.name} ${memory.buffer.byteLength}${isShared(memory) ? " shared" : ""}`;
  }

  /** Makes its region what is called by the slot. */
  link(module: WebAssembly.Module, slot: number): void {
    const { memory, handlers, routines, serve } = this.#links;
    if (contexts[this.#blocks.context]!.mode !== 64) this.#links.keepAccessMap();
    this.#lookups ??= lookups(this.#links);
    const { exports } = new WebAssembly.Instance(module, {
      vm: { memory },
      js: { serve },
      lookups: this.#lookups as WebAssembly.ModuleImports,
      handlers: handlers as WebAssembly.ModuleImports,
      routines: routines as WebAssembly.ModuleImports,
    });
    this.table.set(slot, exports["region"]);
  }
  #lookups: WebAssembly.Exports | undefined;
  /** `patched`: immediates are read where they lie. `color`: of the address spaces that it is entered in. */
  make(graph: Graph, slot: number, { patched, color: of }: { readonly patched: boolean; readonly color: Made["color"] }): Made {
    const m = new ModuleWriter();
    const places: number[] = [];
    const doubted: number[] = [];
    let table: Made["table"];
    m.importTable("handlers", "regions", regionSlots);
    const color = of === "any" ? undefined : of;
    // What a module imports it pays for, whether it is called or not.
    const imported = new Map<string, number>();
    const use = (module: "js" | "lookups" | "routines", name: string, type: FuncType): number => {
      const index = imported.get(name) ?? m.importFunc(module, name, type);
      imported.set(name, index);
      return index;
    };
    const lookup = (name: keyof typeof lookupTypes) => use("lookups", name, lookupTypes[name]);
    const runtime: RegionRuntime = {
      ...handlersAlone,
      lookUp: () => lookup("lookUp"),
      lookUpForStore: () => lookup("lookUpForStore"),
      acrossHomes: () => lookup("acrossHomes"),
      missedRun: () => lookup("missedRun"),
      serve: () => use("js", "serve", { params: [wt.i32], results: [wt.i32] }),
      isDoubtful: (ip) => {
        const is = this.#isDoubtful(ip);
        if (is) doubted.push(ip);
        return is;
      },
      passes: (ip) => this.#blocks.records.executionsOf(this.#blocks.headOf(ip)),
      model: this.#links.model,
      color,
      regionTypeIndex: m.type(regionType),
      newCallTarget: () => {
        const place = this.#blocks.newCallTarget();
        places.push(place);
        return place;
      },
      jumpTable: (targets) => {
        const made = this.jumpTables.make(slot, targets);
        table = made && { ...made, targets };
        return made;
      },
      immediates: patched ? inCode(graph) : undefined,
      routine: (name) => {
        const t = this.#links.routineTypes[name];
        if (!t) throw new Error(`there is no routine ${name}`);
        return { ...t, index: use("routines", name, { params: t.params, results: t.result ? [t.result] : [] }) };
      },
    };
    m.exportFunc("region", m.func(regionType, lazyRegionEmitter().emitRegion(graph, runtime, registerOffset)));
    const { memory } = this.#links;
    const pages = memory.buffer.byteLength >>> 16;
    const wasm = m.done(pages, pages, isShared(memory)) as Uint8Array<ArrayBuffer>;
    this.onRegion?.(graph, wasm);
    return { wasm, machine: this.machine, color: of, places, table, doubted };
  }
}
