// The WebAssembly modules of regions: their imports, their instances, and their slots in the table that the
// dispatcher calls.

import { wt } from "../../../wasm/encoder.ts";
import { type FuncType, ModuleWriter } from "../../../wasm/module.ts";
import { isShared } from "../../../wasm/shared-memory.ts";
import type { Decoded } from "../../decode/decoder.ts";
import { registerOffset } from "../../decode/instance.ts";
import { enterRegionType, regionType } from "../../decode/operand-slots.ts";
import type { Blocks } from "../../interp/block-cache.ts";
import type { RoutineType } from "../../isa/routine-types.ts";
import { contexts } from "../../machine/context.ts";
import type { Exit } from "../../machine/exit.ts";
import type { Access } from "../../machine/mmu.ts";
import type { Model } from "../../machine/model.ts";
import type { CodeFile, CompiledRegion } from "../cache/format.ts";
import type { BlockGraph } from "../cfg/graph.ts";
import { JumpTables } from "../emit/jump-tables.ts";
import { lazyRegionEmitter } from "../emit/lazy.ts";
import type { RegionRuntime } from "../emit/region-base.ts";
import { SlowPathCalls, slowPaths, slowPathTypes } from "../emit/slow-path.ts";
import { longImmediate, memoryAddressOf } from "./code-snapshot.ts";

/** The functions and memory that compiled regions are linked to. */
export interface JitLinks {
  readonly memory: WebAssembly.Memory;
  /** Exports of the handlers: flags and conditions by name, and the table of regions. */
  readonly handlers: WebAssembly.Exports;
  readonly routines: WebAssembly.Exports;
  readonly routineTypes: Readonly<Record<string, RoutineType>>;
  readonly slowPath: (address: number, bytes: number, how: number) => number;
  readonly findPageRange: (address: number, how: Access, slot: number) => void;
  /** Enables the access map (layout.ts), because 32-bit regions test it for direct-mapped pages. */
  readonly enableAccessMap: () => void;
  readonly slowPathStore: (address: number, bytes: number, low: number, high: number) => number;
  readonly serve: (code: number) => number;
  readonly landing: (door: Exit) => number | undefined;
  /** The files whose code the current address space has mapped. */
  readonly codeFiles: () => readonly CodeFile[];
  readonly addressOf: (linear: number) => number;
  readonly model: Model;
}

const never = () => {
  throw new Error("regions call no helper functions and keep flags in locals");
};
/** Functions that only handlers call. */
const handlersOnly = {
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

/** The memory offset of an instruction's immediate, if code can read it at run time. */
const inCode = (graph: BlockGraph) => (d: Decoded) => {
  const immediate = longImmediate(d);
  return immediate && { address: memoryAddressOf(graph, immediate.address), bits: immediate.bits };
};

/** Compiles graphs to modules and links modules into the table of regions. */
export class RegionModules {
  /** Functions of regions by slot. */
  readonly table: WebAssembly.Table;
  readonly jumpTables: JumpTables;
  /** The properties of the machine that compiled code depends on. */
  readonly machine: string;
  /** Receives each region that is compiled. dump.ts shows it to users. */
  onRegion: ((graph: BlockGraph, wasm: Uint8Array) => void) | undefined;
  readonly #blocks: Blocks;
  readonly #links: JitLinks;
  readonly #isDeoptimised: (ip: number) => boolean;
  constructor(blocks: Blocks, links: JitLinks, isDeoptimised: (ip: number) => boolean) {
    this.#blocks = blocks;
    this.#links = links;
    this.#isDeoptimised = isDeoptimised;
    this.table = links.handlers["regions"] as WebAssembly.Table;
    const { memory, model } = links;
    this.jumpTables = new JumpTables(memory);
    this.machine = `${model.name} ${memory.buffer.byteLength}${isShared(memory) ? " shared" : ""}`;
  }

  /** Instantiates a module and puts its region into the slot. `base`: `CompiledRegion.base`. */
  link(module: WebAssembly.Module, slot: number, base: number | undefined): void {
    const { memory, handlers, routines, serve } = this.#links;
    if (contexts[this.#blocks.context]!.mode !== 64) this.#links.enableAccessMap();
    this.#lookups ??= slowPaths(this.#links);
    const { exports } = new WebAssembly.Instance(module, {
      vm: base === undefined ? { memory } : { memory, base: new WebAssembly.Global({ value: "i64" }, BigInt(base)) },
      js: { serve },
      lookups: this.#lookups as WebAssembly.ModuleImports,
      handlers: handlers as WebAssembly.ModuleImports,
      routines: routines as WebAssembly.ModuleImports,
    });
    this.table.set(slot, exports["region"]);
  }
  #lookups: WebAssembly.Exports | undefined;
  /**
   * Compiles a graph to WebAssembly. `patched`: code reads immediates from memory. `color`: the color of the
   * address spaces that may enter the region. `base`: the region is to be valid at any position, if that is
   * possible.
   */
  make(
    graph: BlockGraph,
    slot: number,
    how: { readonly patched: boolean; readonly color: CompiledRegion["color"]; readonly base: number | undefined },
  ): CompiledRegion {
    const { patched, color: regionColor, base } = how;
    const m = new ModuleWriter();
    if (base !== undefined) m.importGlobal("vm", "base", wt.i64);
    const callCaches: number[] = [];
    const deoptimised: number[] = [];
    let table: CompiledRegion["table"];
    const color = regionColor === "any" ? undefined : regionColor;
    // Each import costs time at instantiation, also if it is not called. So a module imports only the used
    // ones.
    const imported = new Map<string, number>();
    const use = (module: "js" | "lookups" | "routines", name: string, type: FuncType): number => {
      const index = imported.get(name) ?? m.importFunc(module, name, type);
      imported.set(name, index);
      return index;
    };
    const slowPathCalls = new SlowPathCalls((name) => m.importFunc("lookups", name, slowPathTypes[name]));
    const runtime: RegionRuntime = {
      ...handlersOnly,
      lookUp: () => slowPathCalls.of("lookUp"),
      lookUpForStore: () => slowPathCalls.of("lookUpForStore"),
      acrossPages: () => slowPathCalls.of("acrossPages"),
      outsideRange: () => slowPathCalls.of("outsideRange"),
      serve: () => use("js", "serve", { params: [wt.i32], results: [wt.i32] }),
      isDeoptimised: (ip) => {
        const is = this.#isDeoptimised(ip);
        if (is) deoptimised.push(ip);
        return is;
      },
      executions: (ip) => this.#blocks.records.executionsOf(this.#blocks.headOf(ip)),
      model: this.#links.model,
      color,
      base,
      enterRegion: () => use("lookups", "enterRegion", enterRegionType),
      callCache: () => {
        const cache = this.#blocks.newCallTarget();
        callCaches.push(cache);
        return cache;
      },
      jumpTable: (targets) => {
        const allocated = this.jumpTables.make(slot, targets);
        table = allocated && { ...allocated, targets };
        return allocated;
      },
      immediates: patched ? inCode(graph) : undefined,
      routine: (name) => {
        const t = this.#links.routineTypes[name];
        if (!t) throw new Error(`there is no routine ${name}`);
        return { ...t, index: use("routines", name, { params: t.params, results: t.result ? [t.result] : [] }) };
      },
    };
    const body = lazyRegionEmitter().emitRegion(graph, runtime, registerOffset);
    if (!body) {
      this.jumpTables.drop(slot);
      return this.make(graph, slot, { ...how, base: undefined });
    }
    m.exportFunc("region", m.func(regionType, body));
    slowPathCalls.add(m);
    const { memory } = this.#links;
    const pages = memory.buffer.byteLength >>> 16;
    const wasm = m.done(pages, pages, isShared(memory)) as Uint8Array<ArrayBuffer>;
    this.onRegion?.(graph, wasm);
    return { wasm, machine: this.machine, color: regionColor, base, callCaches, table, deoptimised };
  }
}
