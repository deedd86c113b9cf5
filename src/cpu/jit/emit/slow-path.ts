// What regions call for an access of which they do not know where it is, or whose page is not at home: functions in a module of their own, made when the first
// region is. (A module pays for what it imports from JavaScript: V8 compiles a way there for each type.)

import { Body, type FunctionBytes, i32c, i64c, localGet, type Node, node, op, wt } from "../../../wasm/encoder.ts";
import { ModuleWriter } from "../../../wasm/module.ts";
import { isShared } from "../../../wasm/shared-memory.ts";
import { tlbEntry, translated } from "../../codegen/compile.ts";
import { as, pure } from "../../codegen/expression.ts";
import { directMap, layout, tlb } from "../../machine/layout.ts";
import { type Access, misalignedBy } from "../../machine/mmu.ts";
import { at, pageRanges } from "../../machine/state.ts";
import { atHome, tagsOf } from "../analysis/translation-reuse.ts";
import { counterOf, type Lookup, lookupNames } from "./slow-path-counts.ts";

const lookUpType = { params: [wt.i64, wt.i32, wt.i32], results: [wt.i32] };
export const lookupTypes = {
  acrossHomes: lookUpType,
  lookUp: lookUpType,
  lookUpForStore: { params: [wt.i64, wt.i32, wt.i64], results: [wt.i32] },
  missedRun: lookUpType,
} as const satisfies Record<Lookup, unknown>;
/** The body of one, which counts its calls. */
const bodyOf = (name: Lookup): Body => {
  const b = new Body(lookupTypes[name].params);
  const counter = counterOf(name);
  b.store(op.i64store, i32c(0), pure.add(node(wt.i64, op.i64load, [i32c(0)], counter), i64c(1n)), counter);
  return b;
};

/** 1 if the pages of the first and the last byte are at home, and one after the other there. */
const inOnePiece = (b: Body, address: Node, bytes: Node, how: Node): Node => {
  const more = b.bind(node(wt.i32, op.i32sub, [bytes, i32c(1)]));
  const last = b.bind(pure.add(address, more));
  const isThere = (a: Node): Node => {
    const tag = node(wt.i32, op.i32add, [tagsOf(a), node(wt.i32, op.i32mul, [how, i32c(directMap.writeTag - directMap.readTag)])]);
    return node(wt.i32, op.i64eq, [node(wt.i64, op.i64load, [tag], layout.directTags + directMap.readTag), pure.and(a, pure.imm(-4096))]);
  };
  // The window's last page is followed by its first one.
  const distance = node(wt.i32, op.i32sub, [atHome(last, undefined), atHome(address, undefined)]);
  const both = node(wt.i32, op.i32and, [isThere(address), isThere(last)]);
  return node(wt.i32, op.i32and, [both, node(wt.i32, op.i32eq, [distance, more])]);
};
/** A function for a span that is not in one page: (address, bytes, access) -> 1 if it is at home all the same. */
const acrossHomes = (): FunctionBytes => {
  const b = bodyOf("acrossHomes");
  b.expr(inOnePiece(b, localGet(wt.i64, 0), localGet(wt.i32, 1), localGet(wt.i32, 2)));
  return b.done();
};
/** A function for what is not: (address, bytes, access) -> 1 more than where the bytes are, by the TLB; or as `missRegion` says, of what is misaligned too. */
const lookUp = (missRegion: number): FunctionBytes => {
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
  b.expr(node(wt.i32, op.call, [node(wt.f64, op.f64convertI64s, [address]), bytes, how], missRegion));
  return b.done();
};
/** The same of a store of an integer: (address, bytes, value). */
const lookUpForStore = (missStore: number): FunctionBytes => {
  const b = bodyOf("lookUpForStore");
  const [address, bytes, value] = [localGet(wt.i64, 0), localGet(wt.i32, 1), localGet(wt.i64, 2)];
  const entry = b.bind(tlbEntry(address));
  const last = pure.add(address, pure.sub(bytes, pure.imm(1)));
  b.if(node(wt.i32, op.i64eq, [node(wt.i64, op.i64load, [entry], layout.tlb + tlb.writeTag), pure.and(last, pure.imm(-4096))]));
  b.expr(node(wt.i32, op.i32add, [translated(address, entry), i32c(1)]));
  b.opcode(op.return);
  b.end();
  const halves = [as(wt.i32, value), as(wt.i32, pure.shr(value, pure.imm(32)))];
  b.expr(node(wt.i32, op.call, [node(wt.f64, op.f64convertI64s, [address]), bytes, ...halves], missStore));
  return b.done();
};

/** A function for a span that was not in its run: (address, bytes, word) -> 1 if it is at home all the same; asks for the run around it when that has happened often enough. */
const missedRun = (showRange: number): FunctionBytes => {
  const b = bodyOf("missedRun");
  const [address, bytes, word] = [localGet(wt.i64, 0), localGet(wt.i32, 1), localGet(wt.i32, 2)];
  const slot = node(wt.i32, op.i32shrU, [word, i32c(1)]);
  const how = node(wt.i32, op.i32and, [word, i32c(1)]);
  const there = b.bind(node(wt.i32, op.i32mul, [slot, i32c(pageRanges.size)]));
  const left = b.bind(node(wt.i32, op.i32sub, [node(wt.i32, op.i32load, [there], at.pageRanges + pageRanges.patience), i32c(1)]));
  b.store(op.i32store, there, left, at.pageRanges + pageRanges.patience);
  b.if(node(wt.i32, op.i32ltS, [left, i32c(0)]), false);
  b.expr(node(wt.f64, op.f64convertI64s, [address]));
  b.expr(how);
  b.expr(slot);
  b.opcode(op.call);
  b.code.u(showRange);
  b.end();
  b.expr(inOnePiece(b, address, bytes, how));
  return b.done();
};

/** Whom they ask in JavaScript. */
export interface LookupLinks {
  readonly memory: WebAssembly.Memory;
  readonly missRegion: (address: number, bytes: number, how: number) => number;
  readonly missStore: (address: number, bytes: number, low: number, high: number) => number;
  readonly showRange: (address: number, how: Access, slot: number) => void;
}
export const lookups = ({ memory, missRegion, missStore, showRange }: LookupLinks): WebAssembly.Exports => {
  const m = new ModuleWriter();
  const toRegion = m.importFunc("js", "missRegion", { params: [wt.f64, wt.i32, wt.i32], results: [wt.i32] });
  const toStore = m.importFunc("js", "missStore", { params: [wt.f64, wt.i32, wt.i32, wt.i32], results: [wt.i32] });
  const toRun = m.importFunc("js", "showRange", { params: [wt.f64, wt.i32, wt.i32], results: [] });
  const bodies: Record<Lookup, FunctionBytes> = {
    acrossHomes: acrossHomes(),
    lookUp: lookUp(toRegion),
    lookUpForStore: lookUpForStore(toStore),
    missedRun: missedRun(toRun),
  };
  for (const name of lookupNames) m.exportFunc(name, m.func(lookupTypes[name], bodies[name]));
  const pages = memory.buffer.byteLength >>> 16;
  const module = new WebAssembly.Module(m.done(pages, pages, isShared(memory)) as BufferSource);
  return new WebAssembly.Instance(module, { vm: { memory }, js: { missRegion, missStore, showRange } }).exports;
};
