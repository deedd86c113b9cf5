// The slow paths of regions: functions for accesses whose translation is not known or whose page is not
// direct-mapped. They are in a module of their own, which is made for the first region. A module pays for
// each JavaScript import, because V8 compiles a wrapper for each type.

import { Body, type FunctionBytes, i32c, i64c, localGet, node, op, type WasmNode, wt } from "../../../wasm/encoder.ts";
import { ModuleWriter } from "../../../wasm/module.ts";
import { isShared } from "../../../wasm/shared-memory.ts";
import { tlbEntry, translated } from "../../codegen/compile.ts";
import { as, pure } from "../../codegen/expression.ts";
import { enterRegionType, regionSlots, regionType } from "../../decode/operand-slots.ts";
import { directMap, layout, tlb } from "../../machine/layout.ts";
import { type Access, misalignedBy } from "../../machine/mmu.ts";
import { at, pageRanges } from "../../machine/state.ts";
import { directAddress, tagsOf } from "../analysis/translation-reuse.ts";
import { counterOf, type SlowPath, slowPathNames } from "./slow-path-counts.ts";

const lookUpType = { params: [wt.i64, wt.i32, wt.i32], results: [wt.i32] };
/** The wasm types of the slow paths. */
export const slowPathTypes = {
  acrossPages: lookUpType,
  lookUp: lookUpType,
  lookUpForStore: { params: [wt.i64, wt.i32, wt.i64], results: [wt.i32] },
  outsideRange: lookUpType,
} as const satisfies Record<SlowPath, unknown>;
/** The body of a slow path, which counts its calls. */
const bodyOf = (name: SlowPath): Body => {
  const b = new Body(slowPathTypes[name].params);
  const counter = counterOf(name);
  b.store(op.i64store, i32c(0), pure.add(node(wt.i64, op.i64load, [i32c(0)], counter), i64c(1n)), counter);
  return b;
};

/** 1 if the pages of the first and the last byte are direct-mapped and adjacent in the window. */
const isContiguous = (b: Body, address: WasmNode, bytes: WasmNode, how: WasmNode): WasmNode => {
  const more = b.bind(node(wt.i32, op.i32sub, [bytes, i32c(1)]));
  const last = b.bind(pure.add(address, more));
  const isThere = (a: WasmNode): WasmNode => {
    const tag = node(wt.i32, op.i32add, [tagsOf(a), node(wt.i32, op.i32mul, [how, i32c(directMap.writeTag - directMap.readTag)])]);
    return node(wt.i32, op.i64eq, [node(wt.i64, op.i64load, [tag], layout.directTags + directMap.readTag), pure.and(a, pure.imm(-4096))]);
  };
  // The window's last page is followed by its first one.
  const distance = node(wt.i32, op.i32sub, [directAddress(last, undefined), directAddress(address, undefined)]);
  const both = node(wt.i32, op.i32and, [isThere(address), isThere(last)]);
  return node(wt.i32, op.i32and, [both, node(wt.i32, op.i32eq, [distance, more])]);
};
/**
 * For a byte range across two pages: (address, bytes, access) -> 1 if it is contiguous in the direct map.
 */
const acrossPages = (): FunctionBytes => {
  const b = bodyOf("acrossPages");
  b.expr(isContiguous(b, localGet(wt.i64, 0), localGet(wt.i32, 1), localGet(wt.i32, 2)));
  return b.done();
};
/**
 * For other accesses, misaligned ones too: (address, bytes, access) -> the offset of the bytes plus 1, by the
 * TLB or by JavaScript.
 */
const lookUp = (slowPath: number): FunctionBytes => {
  const b = bodyOf("lookUp");
  const [address, bytes, how] = [localGet(wt.i64, 0), localGet(wt.i32, 1), localGet(wt.i32, 2)];
  const entry = b.bind(tlbEntry(address));
  const tag = node(wt.i32, op.i32add, [entry, node(wt.i32, op.i32mul, [how, i32c(tlb.writeTag - tlb.readTag)])]);
  const last = pure.add(address, pure.sub(bytes, pure.imm(1)));
  b.if(node(wt.i32, op.i32ltU, [how, i32c(1 << misalignedBy)]));
  b.if(node(wt.i32, op.i64eq, [node(wt.i64, op.i64load, [tag], layout.tlb + tlb.readTag), pure.and(last, pure.imm(-4096))]));
  b.expr(node(wt.i32, op.i32add, [translated(address, entry), i32c(1)]));
  b.opcode(op.return);
  b.end();
  b.end();
  b.expr(node(wt.i32, op.call, [node(wt.f64, op.f64convertI64s, [address]), bytes, how], slowPath));
  return b.done();
};
/** The same for a store of an integer: (address, bytes, value). */
const lookUpForStore = (slowPathStore: number): FunctionBytes => {
  const b = bodyOf("lookUpForStore");
  const [address, bytes, value] = [localGet(wt.i64, 0), localGet(wt.i32, 1), localGet(wt.i64, 2)];
  const entry = b.bind(tlbEntry(address));
  const last = pure.add(address, pure.sub(bytes, pure.imm(1)));
  b.if(node(wt.i32, op.i64eq, [node(wt.i64, op.i64load, [entry], layout.tlb + tlb.writeTag), pure.and(last, pure.imm(-4096))]));
  b.expr(node(wt.i32, op.i32add, [translated(address, entry), i32c(1)]));
  b.opcode(op.return);
  b.end();
  const halves = [as(wt.i32, value), as(wt.i32, pure.shr(value, pure.imm(32)))];
  b.expr(node(wt.i32, op.call, [node(wt.f64, op.f64convertI64s, [address]), bytes, ...halves], slowPathStore));
  return b.done();
};

/**
 * For a byte range outside its page range: (address, bytes, request) -> 1 if it is contiguous in the direct
 * map. It requests a new page range after enough misses.
 */
const outsideRange = (findPageRange: number): FunctionBytes => {
  const b = bodyOf("outsideRange");
  const [address, bytes, word] = [localGet(wt.i64, 0), localGet(wt.i32, 1), localGet(wt.i32, 2)];
  const slot = node(wt.i32, op.i32shrU, [word, i32c(1)]);
  const how = node(wt.i32, op.i32and, [word, i32c(1)]);
  const there = b.bind(node(wt.i32, op.i32mul, [slot, i32c(pageRanges.size)]));
  const remaining = b.bind(node(wt.i32, op.i32sub, [node(wt.i32, op.i32load, [there], at.pageRanges + pageRanges.patience), i32c(1)]));
  b.store(op.i32store, there, remaining, at.pageRanges + pageRanges.patience);
  b.if(node(wt.i32, op.i32ltS, [remaining, i32c(0)]), false);
  b.expr(node(wt.f64, op.f64convertI64s, [address]));
  b.expr(how);
  b.expr(slot);
  b.opcode(op.call);
  b.code.u(findPageRange);
  b.end();
  b.expr(isContiguous(b, address, bytes, how));
  return b.done();
};

/**
 * The slow paths that a region's function calls, each by an own function of its module that goes on to the
 * import.
 *
 * A call of an import reads the instance's table of imports. The end of a region does so, too
 * (`enterRegion`). V8 takes both reads out of a loop that calls a slow path, so two values of the guest lose
 * their registers (decision 70). A call of an own function reads nothing.
 */
export class SlowPathCalls {
  readonly #imported = new Map<SlowPath, number>();
  readonly #import: (name: SlowPath) => number;
  constructor(importSlowPath: (name: SlowPath) => number) {
    this.#import = importSlowPath;
  }
  /** The index of the call's target, for a module whose own function 0 is the region. */
  of(name: SlowPath): number {
    if (!this.#imported.has(name)) this.#imported.set(name, this.#import(name));
    return ~(1 + [...this.#imported.keys()].indexOf(name));
  }
  /** Adds the own functions after the region. */
  add(m: ModuleWriter): void {
    for (const [name, index] of this.#imported) {
      const type = slowPathTypes[name];
      const b = new Body(type.params);
      type.params.forEach((t, n) => b.expr(localGet(t, n)));
      b.opcode(op.returnCall);
      b.code.u(index);
      m.func(type, b.done());
    }
  }
}

/** (budget, number of the entry, slot): the region of a slot. */
const enterRegion = (regionTypeIndex: number): FunctionBytes => {
  const b = new Body(enterRegionType.params);
  enterRegionType.params.forEach((type, n) => b.expr(localGet(type, n)));
  b.opcode(op.returnCallIndirect);
  b.code.u(regionTypeIndex);
  b.code.u(0);
  return b.done();
};

/** The JavaScript functions behind the slow paths. */
export interface SlowPathLinks {
  readonly memory: WebAssembly.Memory;
  /** Exports of the handlers, with the table of regions. */
  readonly handlers: WebAssembly.Exports;
  readonly slowPath: (address: number, bytes: number, how: number) => number;
  readonly slowPathStore: (address: number, bytes: number, low: number, high: number) => number;
  readonly findPageRange: (address: number, how: Access, slot: number) => void;
}
/** The exports of a new module with all slow paths. */
export const slowPaths = ({ memory, handlers, slowPath, slowPathStore, findPageRange }: SlowPathLinks): WebAssembly.Exports => {
  const m = new ModuleWriter();
  m.importTable("handlers", "regions", regionSlots);
  const toRegion = m.importFunc("js", "slowPath", { params: [wt.f64, wt.i32, wt.i32], results: [wt.i32] });
  const toStore = m.importFunc("js", "slowPathStore", { params: [wt.f64, wt.i32, wt.i32, wt.i32], results: [wt.i32] });
  const toRun = m.importFunc("js", "findPageRange", { params: [wt.f64, wt.i32, wt.i32], results: [] });
  const bodies: Record<SlowPath, FunctionBytes> = {
    acrossPages: acrossPages(),
    lookUp: lookUp(toRegion),
    lookUpForStore: lookUpForStore(toStore),
    outsideRange: outsideRange(toRun),
  };
  for (const name of slowPathNames) m.exportFunc(name, m.func(slowPathTypes[name], bodies[name]));
  m.exportFunc("enterRegion", m.func(enterRegionType, enterRegion(m.type(regionType))));
  const pages = memory.buffer.byteLength >>> 16;
  const module = new WebAssembly.Module(m.done(pages, pages, isShared(memory)) as BufferSource);
  return new WebAssembly.Instance(module, {
    vm: { memory },
    handlers: handlers as WebAssembly.ModuleImports,
    js: { slowPath, slowPathStore, findPageRange },
  }).exports;
};
