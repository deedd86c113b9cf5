// Ops<Node>: the WebAssembly readers of meanings. Common to interpreter handlers and the JIT: integers,
// memory through the TLB, flags as functions of kind and operands. A subclass defines the location of
// operands and registers.

import {
  type Body,
  bitsOf,
  constant,
  i32c,
  i64c,
  localGet,
  node,
  noted,
  op,
  type WasmNode,
  type WasmType,
  wt,
} from "../../wasm/encoder.ts";
import { assemble, change, compared, condition, kindCode, kindNames, type LazyFlagKind, rules } from "../isa/flags.ts";
import type { Assured, Flag, FlagKind, Form } from "../isa/ops.ts";
import { type SimdName, type SimdOp, simd } from "../isa/simd.ts";
import { displaced, jumpCache, layout, tlb } from "../machine/layout.ts";
import { type Access, access, misalignedBy } from "../machine/mmu.ts";
import { at, fieldWidth, STATUS_FLAGS, type StateField } from "../machine/state.ts";
import { as, bitsOfVector, laneIndex, laneOps, pure, truth, vectorConstant, vectorOf, zeroVector } from "./expression.ts";

/** State-page fields as expressions and stores. */
export const field = {
  u32: (offset: number): WasmNode => node(wt.i32, op.i32load, [i32c(0)], offset),
  i64: (offset: number): WasmNode => node(wt.i64, op.i64load, [i32c(0)], offset),
};

/** The functions that a generated module can call, by index in that module. */
export interface Runtime {
  /**
   * (address f64, bytes, access, record, budget) -> byte address in memory. JavaScript; may throw a guest
   * fault.
   */
  readonly miss: number;
  /** Copies the scratch page to the frames. */
  readonly commit: number;
  /** (segment, offset f64, bytes, write, record, budget): checks limit and rights outside 64-bit mode. */
  readonly checkSegment: number;
  /** (record, budget, vector, error) -> exit code. */
  readonly raise: number;
  flag(f: Flag): number;
  flagsWord(): number;
  /** Condition codes 0..15 -> 0 or 1. */
  condition(cc: number): number;
  /** Routines: name -> index and type. */
  routine(name: string): { readonly index: number; readonly params: readonly WasmType[]; readonly result?: WasmType | undefined };
  /** (id, record, budget, a, b) -> 0 to continue, else an exit code. */
  readonly helper: number;
  helperId(name: string): number;
}

const loadOp: Record<number, number> = { 8: op.i64load8u, 16: op.i64load16u, 32: op.i64load32u, 64: op.i64load };
const storeOp: Record<number, number> = { 8: op.i32store8, 16: op.i32store16, 32: op.i32store, 64: op.i64store };

/** Opcodes that load into the low lane of a vector, with zeros above, by width in bits. */
export const vectorLoad: Record<number, number> = { 32: op.v128load32zero, 64: op.v128load64zero };
/** A value of w bits at a byte address (w up to 64: zero-extended i64; 128: v128). */
export const loadAt = (p: WasmNode, w: number, offset = 0): WasmNode =>
  w === 128 ? node(wt.v128, op.v128load, [p], offset) : node(wt.i64, loadOp[w]!, [p], offset);

/** The offset of an entry by a bound instruction pointer. `offsetOf` of jump-cache.ts computes the same. */
const hashed = (b: Body, target: WasmNode, { hash, shift, entries }: typeof jumpCache | typeof displaced): WasmNode => {
  const product = node(wt.i32, op.i32mul, [as(wt.i32, target), i32c(hash)]);
  return b.bind(node(wt.i32, op.i32and, [node(wt.i32, op.i32shrU, [product, i32c(shift)]), i32c((entries - 1) * jumpCache.size)]));
};
/** The jump cache entry of a bound instruction pointer. */
export const jumpEntry = (b: Body, target: WasmNode): WasmNode => hashed(b, target, jumpCache);
/** Its place among the displaced entries. */
export const displacedEntry = (b: Body, target: WasmNode): WasmNode => hashed(b, target, displaced);
/** True if the entry holds this instruction pointer. */
export const isEntryOf = (entry: WasmNode, target: WasmNode): WasmNode =>
  node(wt.i32, op.i64eq, [node(wt.i64, op.i64load, [entry], layout.jumpCache + jumpCache.ip), target]);

/** An access in the form that the slow path takes (mmu.ts). */
export const accessWord = (how: Access, address: WasmNode, alignment: number): WasmNode => {
  if (alignment === 1) return i32c(how);
  const by = node(wt.i32, op.i32and, [as(wt.i32, address), i32c(alignment - 1)]);
  return node(wt.i32, op.i32or, [node(wt.i32, op.i32shl, [by, i32c(misalignedBy)]), i32c(how)]);
};

/** The TLB's entry for an address, as an offset in the TLB. */
export const tlbEntry = (address: WasmNode): WasmNode =>
  node(wt.i32, op.i32and, [as(wt.i32, pure.shr(address, pure.imm(7))), i32c((tlb.entries - 1) * tlb.size)]);
/**
 * True if all bytes of an access are on the page of an entry, which is that of the first byte. Tag XOR
 * address is then the offset in the page; for another page it is far larger. One value in a register is
 * compared with a constant. An aligned access cannot cross a page. `narrow`: all addresses and tags have 32
 * bits.
 */
export const isEntryOfPage = (
  entry: WasmNode,
  address: WasmNode,
  bytes: number,
  how: Access,
  narrow: boolean,
  aligned = false,
  table: number = layout.tlb,
): WasmNode => {
  const tag = table + (how === access.write ? tlb.writeTag : tlb.readTag);
  if (narrow) {
    const distance = node(wt.i32, op.i32xor, [node(wt.i32, op.i32load, [entry], tag), as(wt.i32, address)]);
    if (!aligned) return node(wt.i32, op.i32ltU, [distance, i32c(4097 - bytes)]);
    return node(wt.i32, op.i32eqz, [node(wt.i32, op.i32and, [distance, i32c(-4096 | (bytes - 1))])]);
  }
  const distance = node(wt.i64, op.i64xor, [node(wt.i64, op.i64load, [entry], tag), as(wt.i64, address)]);
  if (!aligned) return node(wt.i32, op.i64ltU, [distance, i64c(BigInt(4097 - bytes))]);
  return node(wt.i32, op.i64eqz, [node(wt.i64, op.i64and, [distance, i64c(BigInt(-4096 | (bytes - 1)))])]);
};
/** The byte address in memory of an address, by its page's entry. */
export const translated = (address: WasmNode, entry: WasmNode): WasmNode =>
  node(wt.i32, op.i32add, [as(wt.i32, address), node(wt.i32, op.i32load, [entry], layout.tlb + tlb.addend)]);

/** 64 x 64 -> high 64 by 32-bit halves. Hacker's Delight 8-2. */
export const highProduct = (body: Body, a: WasmNode, b: WasmNode): WasmNode => {
  const bound = (v: WasmNode) => (v.op === op.localGet ? v : body.bind(v));
  const half = (v: WasmNode, hi: boolean) => (hi ? pure.shr(v, pure.imm(32)) : pure.zext(v, 32));
  const x = bound(as(wt.i64, a));
  const y = bound(as(wt.i64, b));
  const low = pure.mul(half(x, false), half(y, false));
  const t = body.bind(pure.add(pure.mul(half(x, true), half(y, false)), pure.shr(low, pure.imm(32))));
  const m = body.bind(pure.add(pure.mul(half(x, false), half(y, true)), half(t, false)));
  return body.bind(pure.add(pure.add(pure.mul(half(x, true), half(y, true)), half(t, true)), half(m, true)));
};

/** The vocabulary compiled to WebAssembly, except for operands and registers. */
export abstract class Compiler {
  readonly body: Body;
  readonly form: Form;
  readonly runtime: Runtime;
  readonly imm = pure.imm;
  readonly add = pure.add;
  readonly sub = pure.sub;
  readonly mul = pure.mul;
  readonly divU = pure.divU;
  readonly remU = pure.remU;
  readonly divS = pure.divS;
  readonly remS = pure.remS;
  readonly and = pure.and;
  readonly or = pure.or;
  readonly xor = pure.xor;
  readonly not = pure.not;
  readonly shl = pure.shl;
  readonly shr = pure.shr;
  readonly sar = pure.sar;
  readonly zext = pure.zext;
  readonly sext = pure.sext;
  uncanonical(a: WasmNode): WasmNode {
    return pure.ne(pure.sext(a, 48), a);
  }
  readonly clz = pure.clz;
  readonly ctz = pure.ctz;
  readonly popcnt = pure.popcnt;
  readonly eq = pure.eq;
  readonly ne = pure.ne;
  readonly ltU = pure.ltU;
  readonly leU = pure.leU;
  readonly ltS = pure.ltS;
  readonly leS = pure.leS;
  readonly select = pure.select;

  /** True if addresses and TLB tags have 32 bits, because all code is of one mode. */
  protected readonly narrow: boolean = false;

  constructor(body: Body, form: Form, runtime: Runtime) {
    this.body = body;
    this.form = form;
    this.runtime = runtime;
  }

  simd(name: SimdName, ...args: WasmNode[]): WasmNode {
    const o: SimdOp = simd[name];
    if (name === "i8x16.swizzle") {
      // A known mask makes it a shuffle, for which engines have many patterns. Lanes beyond the vector are
      // zeros.
      const lanes = vectorConstant(args[1]!);
      if (lanes)
        return this.shuffle(
          args[0]!,
          zeroVector,
          [...lanes].map((l) => Math.min(l, 16)),
        );
    }
    if (o.result === wt.v128 && !name.startsWith("f") && args.every((a) => vectorConstant(a) ?? constant(a) !== undefined))
      return vectorOf(o.meaning(...args.map((a) => (a.t === wt.v128 ? bitsOfVector(vectorConstant(a)!) : constant(a)!))));
    return node(
      o.result,
      o.opcode,
      args.map((a, i) => as(o.params[i]!, a)),
    );
  }
  assured(_name: Assured, _w: 32 | 64, _lanes: number, _result: WasmNode, ..._operands: WasmNode[]): boolean {
    return false;
  }
  vector(low: WasmNode, high: WasmNode): WasmNode {
    const [a, b] = [constant(low), constant(high)];
    if (a !== undefined && b !== undefined) return vectorOf(a | (b << 64n));
    return this.withLane(this.splat(64, low), 64, 1, high);
  }
  abstract xmm(r: number): WasmNode;
  abstract setXmm(r: number, v: WasmNode): void;
  splat(w: 8 | 16 | 32 | 64, v: WasmNode): WasmNode {
    const known = constant(v);
    if (known !== undefined)
      return vectorOf(Array.from({ length: 128 / w }).reduce<bigint>((r) => (r << BigInt(w)) | BigInt.asUintN(w, known), 0n));
    return node(wt.v128, laneOps[w].splat, [as(laneOps[w].t, v)]);
  }
  lane(a: WasmNode, w: 8 | 16 | 32 | 64, n: number): WasmNode {
    if (a.t === wt.i64 && w === 64 && n === 0) return a;
    return noted(node(laneOps[w].t, laneOps[w].extract, [as(wt.v128, a)], laneIndex(n)), w < 32 ? w : undefined, undefined);
  }
  withLane(a: WasmNode, w: 8 | 16 | 32 | 64, n: number, v: WasmNode): WasmNode {
    // The low lane of another vector keeps its position: a blend.
    if (n === 0 && v.t === wt.v128)
      return this.shuffle(
        v,
        a,
        Array.from({ length: 16 }, (_, i) => (i < w / 8 ? i : i + 16)),
      );
    return node(wt.v128, laneOps[w].replace, [as(wt.v128, a), as(laneOps[w].t, v)], laneIndex(n));
  }
  shuffle(a: WasmNode, b: WasmNode, lanes: readonly number[]): WasmNode {
    return node(wt.v128, op.i8x16shuffle, [as(wt.v128, a), as(wt.v128, b)], Uint8Array.from(lanes));
  }
  field(f: StateField, n = 0): WasmNode {
    return this.body.bind(loadAt(i32c(0), fieldWidth[f], at[f] + (n * fieldWidth[f]) / 8));
  }
  holds(f: StateField, mask: number, value: number): WasmNode {
    const part = pure.and(loadAt(i32c(0), fieldWidth[f], at[f]), pure.imm(mask));
    return this.body.bind(pure.eq(part, pure.imm(value)));
  }
  setField(f: StateField, v: WasmNode): void {
    this.body.store(storeOp[fieldWidth[f]]!, i32c(0), as(fieldWidth[f] === 64 ? wt.i64 : wt.i32, v), at[f]);
  }

  /** The record being executed and the budget, as i32 expressions. */
  abstract record(): WasmNode;
  abstract budget(): WasmNode;

  let(_name: string, v: WasmNode): WasmNode {
    return v.op === op.localGet ? v : this.body.bind(v);
  }
  when(c: WasmNode, then: () => void, otherwise?: () => void, likely?: boolean): void {
    const known = constant(c);
    if (known !== undefined) return known === 0n ? otherwise?.() : then();
    this.choose(truth(c), then, otherwise, likely);
  }
  either(c: WasmNode, then: () => WasmNode, otherwise: () => WasmNode, likely?: boolean): WasmNode {
    const known = constant(c);
    if (known !== undefined) return known === 0n ? otherwise() : then();
    const b = this.body;
    let result = localGet(wt.i64, 0);
    this.choose(
      truth(c),
      () => {
        const x = then();
        const t = x.t === wt.i32 && bitsOf(x) > 1 ? wt.i64 : x.t;
        result = localGet(t, b.local(t));
        b.set(result.k as number, as(t, x));
      },
      () => b.set(result.k as number, as(result.t, otherwise())),
      likely,
    );
    return result;
  }
  /** Code for both values of a condition. */
  protected choose(c: WasmNode, then: () => void, otherwise?: () => void, likely?: boolean): void {
    this.body.if(c, likely);
    then();
    if (otherwise) {
      this.body.else();
      otherwise();
    }
    this.body.end();
  }
  call(name: string, ...args: WasmNode[]): WasmNode {
    const r = this.runtime.routine(name);
    if (r.params.length !== args.length) throw new Error(`routine ${name} takes ${r.params.length} arguments, not ${args.length}`);
    const n = node(
      r.result ?? wt.i32,
      op.call,
      args.map((a, i) => as(r.params[i]!, a)),
      r.index,
    );
    if (r.result) return this.body.bind(n);
    this.body.expr(n);
    return i64c(0n);
  }

  mulHighU(a: WasmNode, b: WasmNode): WasmNode {
    return highProduct(this.body, a, b);
  }
  mulHighS(a: WasmNode, b: WasmNode): WasmNode {
    const x = this.let("x", as(wt.i64, a));
    const y = this.let("y", as(wt.i64, b));
    const s = (v: WasmNode, w: WasmNode) => pure.and(pure.sar(v, pure.imm(63)), w);
    return this.let("h", pure.sub(pure.sub(this.mulHighU(x, y), s(x, y)), s(y, x)));
  }

  // Memory. A linear address goes through the TLB inline. A miss calls JavaScript, which returns the byte
  // address: in the frame, or in the scratch page if the access crosses a page or writes to code. `commit`
  // then copies the scratch page to the frames.
  translate(linear: WasmNode, bits: number, how: Access, alignment = 1): WasmNode {
    const b = this.body;
    const bytes = bits >> 3;
    const a = this.let("linear", linear);
    const entry = b.bind(tlbEntry(a));
    const p = b.local(wt.i32);
    b.if(isEntryOfPage(entry, a, bytes, how, this.narrow, alignment > 1), true);
    b.set(p, translated(a, entry));
    b.else();
    this.miss(p, a, bytes, accessWord(how, a, alignment));
    b.end();
    return localGet(wt.i32, p);
  }
  /** Inside the branch of a miss: sets local p to the byte address. */
  protected miss(p: number, address: WasmNode, bytes: number, how: WasmNode): void {
    const args = [node(wt.f64, op.f64convertI64s, [address]), i32c(bytes), how, this.record(), this.budget()];
    this.body.set(p, node(wt.i32, op.call, args, this.runtime.miss));
  }
  readAt(pointer: WasmNode, w: number, offset = 0): WasmNode {
    return this.body.bind(loadAt(pointer, w, offset));
  }
  /** Loads into the low lane of a vector, with zeros above. */
  vectorAt(pointer: WasmNode, w: number): WasmNode {
    const o = vectorLoad[w];
    return o === undefined ? this.readAt(pointer, w) : this.body.bind(node(wt.v128, o, [pointer]));
  }
  /** Stores a value at a byte address; of a vector, its low lane. */
  storeAt(pointer: WasmNode, w: number, v: WasmNode, offset = 0, b = this.body): void {
    if (v.t === wt.v128 && w === 64) return b.store(op.f64store, pointer, as(wt.f64, v), offset);
    if (v.t === wt.v128 && w === 32) return b.store(op.f32store, pointer, as(wt.f32, v), offset);
    if (w === 128) b.store(op.v128store, pointer, as(wt.v128, v), offset);
    else b.store(storeOp[w]!, pointer, as(w === 64 ? wt.i64 : wt.i32, v), offset);
  }
  writeAt(pointer: WasmNode, w: number, v: WasmNode): void {
    this.storeAt(pointer, w, v);
    this.commitAt(pointer);
  }
  writeWideAt(pointer: WasmNode, low: WasmNode, high: WasmNode): void {
    this.body.store(op.v128store, pointer, as(wt.v128, low), 0);
    this.body.store(op.v128store, pointer, as(wt.v128, high), 16);
    this.commitAt(pointer);
  }
  protected commitAt(pointer: WasmNode): void {
    const b = this.body;
    b.if(node(wt.i32, op.i32ltU, [pointer, i32c(layout.frames)]), false);
    b.expr(node(wt.i32, op.call, [], this.runtime.commit));
    b.end();
  }

  // Flags.
  /** Stores the kind and operands of lazy flags. `w`: the width from which the operands are sign-extended. */
  protected storeFlags(kind: LazyFlagKind, r: WasmNode, a: WasmNode, b: WasmNode, _w = 64): void {
    const out = this.body;
    out.store(op.i64store, i32c(0), as(wt.i64, r), at.flagResult);
    if (kind !== "logic") {
      out.store(op.i64store, i32c(0), as(wt.i64, a), at.flagA);
      out.store(op.i64store, i32c(0), as(wt.i64, b), at.flagB);
    }
    out.store(op.i32store, i32c(0), i32c(kindCode[kind]), at.flagKind);
  }
  protected loadFlags(): { kind: WasmNode; r: WasmNode; a: WasmNode; b: WasmNode } {
    return { kind: field.u32(at.flagKind), r: field.i64(at.flagResult), a: field.i64(at.flagA), b: field.i64(at.flagB) };
  }
  /** SF and PF are derived from b in kind "split", else from r. */
  protected signParity(): WasmNode {
    const { kind, r, b } = this.loadFlags();
    return pure.select(node(wt.i32, op.i32eq, [kind, i32c(kindCode.split)]), b, r);
  }
  flags(kind: FlagKind, w: number, r: WasmNode, a?: WasmNode, b?: WasmNode): void {
    if (kind === "word") return this.setFlags(STATUS_FLAGS, r);
    if (kind === "order") return this.storeFlags("split", r, a!, pure.imm(1));
    const result = this.let("fr", pure.sext(r, w));
    if (kind === "result" && constant(a!) === 0n) return this.storeFlags("logic", result, pure.imm(0), pure.imm(0), w);
    if (kind === "result") return this.storeFlags("split", result, a!, result, w);
    const first = this.let("fa", pure.sext(a!, w));
    this.storeFlags(kind, result, first, kind !== "inc" && kind !== "dec" ? pure.sext(b!, w) : this.flag("CF"), w);
  }
  setFlags(mask: number, word: WasmNode): void {
    change(pure, mask, this.let("f", as(wt.i64, word)), {
      r: this.loadFlags().r,
      signParity: this.signParity(),
      flag: (f) => this.flag(f),
      keep: (r, a, b) => this.storeFlags("split", this.let("r", as(wt.i64, r)), this.let("a", as(wt.i64, a)), this.let("b", as(wt.i64, b))),
    });
  }
  flag(f: Flag): WasmNode {
    return this.body.bind(node(wt.i64, op.call, [], this.runtime.flag(f)));
  }
  flagsWord(): WasmNode {
    return this.body.bind(node(wt.i64, op.call, [], this.runtime.flagsWord()));
  }
  condition(cc: number): WasmNode {
    const b = this.body;
    const direct = compared(pure, cc, field.i64(at.flagResult), field.i64(at.flagA), field.i64(at.flagB));
    const c = b.local(wt.i32);
    const general = node(wt.i32, op.call, [], this.runtime.condition(cc));
    if (!direct) b.set(c, general);
    else if (cc === 4 || cc === 5) b.set(c, direct);
    else {
      b.if(node(wt.i32, op.i32eq, [field.u32(at.flagKind), i32c(kindCode.sub)]));
      b.set(c, direct);
      b.else();
      b.set(c, general);
      b.end();
    }
    return localGet(wt.i32, c);
  }
  systemFlags(): WasmNode {
    return this.body.bind(node(wt.i64, op.i64load32u, [i32c(0)], at.systemFlags));
  }
  setSystemFlags(v: WasmNode): void {
    this.body.store(op.i64store32, i32c(0), as(wt.i64, v), at.systemFlags);
  }
}

/** Emits the function that computes a flag from kind and operands. */
export const flagFunction = (b: Body, f: Flag): void => {
  const r = b.bind(field.i64(at.flagResult));
  const a = b.bind(field.i64(at.flagA));
  const c = b.bind(field.i64(at.flagB));
  for (const kind of kindNames.slice(1)) {
    b.if(node(wt.i32, op.i32eq, [field.u32(at.flagKind), i32c(kindCode[kind])]));
    b.expr(as(wt.i64, rules[kind][f](pure, r, a, c)));
    b.opcode(op.return);
    b.end();
  }
  b.expr(as(wt.i64, rules.add[f](pure, r, a, c)));
};
/** Emits the function that computes the word of all status flags. */
export const flagsWordFunction = (b: Body, flag: (f: Flag) => number): void =>
  b.expr(assemble(pure, (f) => node(wt.i64, op.call, [], flag(f))));
/** Emits the function that computes a condition code. */
export const conditionFunction = (b: Body, cc: number, flag: (f: Flag) => number): void =>
  b.expr(
    as(
      wt.i32,
      condition(pure, cc, (f) => node(wt.i64, op.call, [], flag(f))),
    ),
  );
