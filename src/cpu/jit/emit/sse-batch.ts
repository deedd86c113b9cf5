// SSE batches in compiled regions: instructions that compute, load and move within vector registers, without
// a test for each. The inputs are tested once, together, after all instructions, and the bounds of the
// results follow from that (float-bounds.ts). The only exception is inexactness, which is already recorded
// (sse/float.ts, plain). If the test fails, the registers are restored, and the same instructions run with a
// test each.

import { type Body, i32c, localGet, node, op, type WasmNode, type WasmType, wt } from "../../../wasm/encoder.ts";
import type { Decoded } from "../../decode/decoder.ts";
import { effectsOf } from "../../isa/effects.ts";
import type { Assured, Ops } from "../../isa/ops.ts";
import { plain } from "../../isa/rows/sse/float.ts";
import { exitCode } from "../../machine/exit.ts";
import { type DataflowState, meet } from "../analysis/dataflow.ts";
import {
  copied,
  type FloatBounds,
  type FloatWidth,
  join,
  type LowLane,
  noBounds,
  resultBounds,
  type SseFacts,
  type SseState,
  source,
  type Test,
} from "../analysis/float-bounds.ts";
import type { RegionFlags } from "../analysis/lazy-flags.ts";
import { type CacheState, part, type RegisterCache, within } from "../analysis/register-cache.ts";
import { isTail } from "../analysis/sse-batches.ts";
import type { EmittedCodeAddresses } from "./code-addresses.ts";
import type { RegionRegisters } from "./registers.ts";

interface Batch {
  readonly first: Decoded;
  /** Instructions from its start to the end of the block. */
  readonly remaining: number;
  readonly saved: ReadonlyMap<number, number>;
  readonly before: CacheState;
  /** Tested sources, and whether zeros are acceptable. */
  readonly sources: (Test & { readonly zero: boolean })[];
}
const vector = (bits: bigint): WasmNode => node(wt.v128, op.v128const, [], new Uint8Array(BigUint64Array.of(bits, bits).buffer));
const ones = vector((1n << 64n) - 1n);
const spread = (w: FloatWidth, bits: bigint): WasmNode => vector(w === 64 ? bits : bits | (bits << 32n));

/** The parts of the compiler that a batch uses. */
export interface SseHost extends Ops<WasmNode> {
  readonly body: Body;
  readonly registers: RegionRegisters;
  readonly registerCache: RegisterCache;
  readonly lazyFlags: RegionFlags;
  readonly addresses: EmittedCodeAddresses;
  /** The dataflow state at this point. */
  state: DataflowState;
  /** Open wasm labels inside the exits' labels. */
  depth: number;
  /** The vector register that is operand n of an instruction. */
  vectorOf(d: Decoded, n: number): number;
  sideExit(): void;
}

/** The SSE batches and vector facts of one region. */
export class SseBatches {
  readonly #c: SseHost;
  #batch: Batch | undefined;
  /** The comparison at the end of a batch is emitted for a successful test. */
  #atTail = false;
  /** Bounds of values, valid where all tests of the block succeeded. */
  #ofNode = new WeakMap<WasmNode, SseFacts>();
  readonly #ofRegister = new Map<number, SseFacts>();
  /** The current code runs only where they succeeded. */
  #onPath = true;
  /**
   * By format, and by lowest lane or all lanes: the accumulated tests of the block. A path that skips the
   * tests makes the accumulated value fail.
   */
  readonly #tests = new Map<string, Test>();
  #state: SseState | undefined;
  /**
   * Registers whose lowest lane is in another local too, with arbitrary upper lanes. A chain of scalar
   * operations then does not wait for the merge with the upper lanes.
   */
  readonly #lowLanes = new Map<number, LowLane>();
  readonly #lowLaneOf = new WeakMap<WasmNode, LowLane>();
  readonly #locals = new Map<string, number>();
  constructor(c: SseHost) {
    this.#c = c;
  }
  #local(name: string, t: WasmType = wt.v128): number {
    let l = this.#locals.get(name);
    if (l === undefined) this.#locals.set(name, (l = this.#c.body.keep(t)));
    return l;
  }
  #unverified(): number {
    return this.#local("unverified", wt.i32);
  }

  /** The facts here. They hold at a successor with this predecessor only. */
  get state(): SseState | undefined {
    if (this.#tests.size + this.#ofRegister.size + this.#lowLanes.size === 0) return undefined;
    this.#state ??= { tests: new Map(this.#tests), registers: copied(this.#ofRegister), lows: new Map(this.#lowLanes) };
    return this.#state;
  }
  set state(s: SseState | undefined) {
    if (s === this.state) return;
    const replace = <V>(m: Map<unknown, V>, by: Iterable<readonly [unknown, V]> = []) => {
      m.clear();
      for (const [k, v] of by) m.set(k, v);
    };
    replace(this.#tests, s?.tests);
    replace(this.#lowLanes, s?.lows);
    replace(this.#ofRegister, s && copied(s.registers));
    this.#ofNode = new WeakMap();
    this.#state = s;
  }
  /** `write` emits another path to code that relies on these facts. */
  offPath(write: () => void): void {
    const { state } = this;
    this.#onPath = false;
    write();
    this.#onPath = true;
    this.state = state;
    for (const [r, { local }] of this.#lowLanes) this.#c.body.set(local, this.#c.registers.xmms.get(r));
    if (this.#tests.size === 0) return;
    for (const { local } of this.#tests.values()) this.#c.body.set(local, ones);
    this.#c.body.set(this.#unverified(), i32c(1));
  }

  /** Emits a batch. `each` emits one instruction. */
  write(list: readonly Decoded[], from: number, to: number, each: (n: number) => void): void {
    const c = this.#c;
    const b = c.body;
    const tail = isTail(list[to - 1]) ? to - 1 : to;
    const before = c.registerCache.now;
    const saved = new Map<number, number>();
    for (const r of new Set(list.slice(from, tail).map((d) => c.vectorOf(d, 0)))) {
      // Other registers are in the state page.
      if (!before.scope && !within(part.vector(r), before.cached)) continue;
      const local = this.#local(`saved ${r}`);
      saved.set(r, local);
      b.set(local, c.registers.xmms.get(r));
    }
    if (this.#tests.size === 0) b.set(this.#unverified(), i32c(0));
    const batch: Batch = { first: list[from]!, remaining: list.length - from, saved, before, sources: [] };
    this.#batch = batch;
    for (let n = from; n < tail; n++) each(n);
    if (tail < to) this.#testCompared(list[tail]!);
    this.#batch = undefined;

    for (let n = 0; n < 2; n++) {
      b.opcode(op.block);
      b.code.byte(0x40);
    }
    c.depth += 2;
    const failed = batch.sources.length ? this.#failed() : localGet(wt.i32, this.#unverified());
    b.goIf(node(wt.i32, op.i32eqz, [failed]), 0, true);
    b.if(this.#failsWithZeros(batch), false);
    b.else();
    for (const { local } of this.#tests.values()) b.set(local, vector(0n));
    b.opcode(op.br);
    b.code.u(1);
    b.end();
    const fast = c.state;
    let slow = fast;
    c.registerCache.oneOf(
      () => {
        this.offPath(() => {
          this.#restore(batch);
          for (let n = from; n < to; n++) each(n);
          if (c.lazyFlags.facts?.word) c.lazyFlags.setSplit();
        });
        slow = c.state;
      },
      () => {
        b.opcode(op.br);
        b.code.u(1);
        b.end();
        c.depth--;
        c.state = fast;
        this.#atTail = true;
        for (let n = tail; n < to; n++) each(n);
        this.#atTail = false;
      },
      tail < to ? part.flags : undefined,
    );
    b.end();
    c.depth--;
    const { state } = this;
    c.state = meet([slow, c.state]);
    this.state = state;
  }
  #testCompared(d: Decoded): void {
    const { w } = effectsOf(d.row).assured!;
    for (const n of [0, 1]) {
      const v = this.lowest(this.#c.xmm(this.#c.vectorOf(d, n)), w);
      if (!this.#boundsOf(v, w, 1)) this.#test(v, w, 1, true, true);
    }
  }
  /** Not 0 if one of the accumulated values fails its test. */
  #outOfRange(tests: Iterable<Test>): WasmNode {
    const outOfRange = [...tests].map(({ local, w, lanes }) => {
      const words = new BigUint64Array(2);
      const upper = source[w].upper;
      if (lanes === 1) words[0] = upper;
      else words.fill(w === 64 ? upper : upper | (upper << 32n));
      return node(wt.v128, op.v128and, [localGet(wt.v128, local), node(wt.v128, op.v128const, [], new Uint8Array(words.buffer))]);
    });
    return outOfRange.length ? node(wt.i32, op.v128anyTrue, [outOfRange.reduce((x, y) => node(wt.v128, op.v128or, [x, y]))]) : i32c(0);
  }
  /** Not 0 if a result so far may be wrong. */
  #failed(): WasmNode {
    return node(wt.i32, op.i32geU, [this.#outOfRange(this.#tests.values()), plain(this.#c)]);
  }
  /** The same with zeros accepted, for the sources of this batch. */
  #failsWithZeros(batch: Batch): WasmNode {
    const tests = new Map<string, Test>();
    for (const { local, w, lanes, zero } of batch.sources) {
      const key = `zeros ${w} ${lanes === 1}`;
      const first = !tests.has(key);
      const gathered = this.#local(key);
      tests.set(key, { local: gathered, w, lanes });
      this.#gather(gathered, first, localGet(wt.v128, local), w, zero, true);
    }
    const outOfRange = this.#outOfRange(tests.values());
    const unusual = node(wt.i32, op.i32eqz, [plain(this.#c)]);
    return [localGet(wt.i32, this.#unverified()), unusual].reduce((x, y) => node(wt.i32, op.i32or, [x, y]), outOfRange);
  }
  #restore(batch: Batch): void {
    for (const [r, local] of batch.saved) this.#c.registers.xmms.set(r, localGet(wt.v128, local));
    this.#c.registerCache.now = batch.before;
  }
  /**
   * An exit in a batch goes to its first instruction, which the interpreter executes next. False if there is
   * no batch.
   */
  exitFromBatch(out: (rip: WasmNode, code: number, refund: number) => void): boolean {
    const batch = this.#batch;
    if (!batch) return false;
    const { now } = this.#c.registerCache;
    this.#restore(batch);
    this.#batch = undefined;
    out(this.#c.addresses.at(batch.first.ip), exitCode.sideExit, batch.remaining);
    this.#batch = batch;
    this.#c.registerCache.now = now;
    return true;
  }
  /**
   * Control goes to other code of the region, inside one more label than the compiler counts. A failed test
   * takes a side exit first.
   */
  verify(): void {
    if (!this.#batch) return;
    const { body } = this.#c;
    body.if(this.#failed(), false);
    this.#c.depth += 2;
    this.#c.sideExit();
    this.#c.depth -= 2;
    body.end();
  }

  // ---- bounds ----

  #factsOf(v: WasmNode): SseFacts {
    let facts = this.#ofNode.get(v);
    if (!facts) this.#ofNode.set(v, (facts = noBounds()));
    return facts;
  }
  /** The value of a register. */
  read(r: number, v: WasmNode): WasmNode {
    if (!this.#onPath) return v;
    let facts = this.#ofRegister.get(r);
    if (!facts) {
      this.#ofRegister.set(r, (facts = noBounds()));
      this.#state = undefined;
    }
    this.#ofNode.set(v, facts);
    const low = this.#lowLanes.get(r);
    if (low !== undefined) this.#lowLaneOf.set(v, low);
    return v;
  }
  /** A value of which only the lowest lane is used. */
  lowest(v: WasmNode, w: number): WasmNode {
    const low = this.#onPath ? this.#lowLaneOf.get(v) : undefined;
    if (low === undefined || low.w < w) return v;
    const there = this.#c.body.bind(localGet(wt.v128, low.local));
    this.#ofNode.set(there, this.#factsOf(v));
    return there;
  }
  /** The lowest w bits of a register are written. */
  registerWritten(r: number, w: number, v: WasmNode): void {
    if (!this.#onPath) return;
    const facts = this.#factsOf(v);
    const also = w === 128 ? this.#lowLaneOf.get(v) : undefined;
    this.#state = undefined;
    this.#lowLanes.delete(r);
    if (v.t === wt.v128 && (w < 128 || also !== undefined)) {
      const local = this.#local(`low ${r}`);
      this.#c.body.set(local, also === undefined ? v : localGet(wt.v128, also.local));
      this.#lowLanes.set(r, { local, w: also?.w ?? w });
    }
    if (w === 128) {
      this.#ofRegister.set(r, facts);
      return;
    }
    const old = this.#ofRegister.get(r);
    const now = noBounds();
    for (const format of [32, 64] as const) {
      if (format > w) continue;
      const low = facts.low.get(format) ?? facts.all.get(format);
      if (low) now.low.set(format, low);
      const all = format === w ? join(old?.all.get(format), low) : undefined;
      if (all) now.all.set(format, all);
    }
    this.#ofRegister.set(r, now);
  }
  /** A shuffle of the bytes of two values. */
  shuffled(v: WasmNode, a: WasmNode, b: WasmNode, bytesOf: readonly number[]): WasmNode {
    if (!this.#onPath) return v;
    const lanes = this.#same(a, b) ? bytesOf.map((n) => n % 16) : bytesOf;
    const now = this.#factsOf(v);
    const used = lanes.every((n) => n < 16) ? [a] : lanes.every((n) => n >= 16) ? [b] : [a, b];
    for (const format of [32, 64] as const) {
      const bytes = format / 8;
      if (lanes.some((n, i) => (i % bytes === 0 ? n % bytes !== 0 : n !== lanes[i - 1]! + 1))) continue;
      const [all, other] = used.map((x) => this.#factsOf(x).all.get(format));
      const whole = used.length === 1 ? all : join(all, other);
      if (whole) now.all.set(format, whole);
      const low = lanes[0] === 0 ? this.#factsOf(a).low.get(format) : lanes[0] === 16 ? this.#factsOf(b).low.get(format) : undefined;
      if (low) now.low.set(format, low);
      // One number in all lanes.
      if (low && lanes.every((n, i) => n % 16 === i % bytes && n < 16 === lanes[0]! < 16)) now.all.set(format, low);
    }
    return v;
  }
  #boundsOf(v: WasmNode, w: FloatWidth, lanes: number): FloatBounds | undefined {
    const facts = this.#factsOf(v);
    return (lanes === 1 ? facts.low.get(w) : undefined) ?? facts.all.get(w);
  }
  /** True if two operands are the same value. */
  #same(x: WasmNode, y: WasmNode): boolean {
    return this.#factsOf(x) === this.#factsOf(y);
  }
  /** An operation of a batch: its operands are tested, or their bounds are known. */
  assured(name: Assured, w: FloatWidth, lanes: number, r: WasmNode, operands: readonly WasmNode[]): boolean {
    if (name === "compare") return this.#atTail && [r, ...operands].every((v) => this.#boundsOf(v, w, lanes));
    if (!this.#batch || !this.#onPath) return false;
    this.#state = undefined;
    const fact = (v: WasmNode): FloatBounds => this.#boundsOf(v, w, lanes) ?? this.#test(v, w, lanes, true);
    const [x, y] = [operands[0]!, operands[1] ?? operands[0]!];
    let [a, b] = [fact(x), fact(y)];
    if (name === "div" && b.zero) b = this.#test(y, w, lanes, false);
    let after = resultBounds(name, w, this.#same(x, y), a, b);
    if (!after) {
      a = this.#test(x, w, lanes, true);
      b = this.#test(y, w, lanes, name !== "div");
      after = resultBounds(name, w, this.#same(x, y), a, b)!;
    }
    this.#factsOf(r)[lanes === 1 ? "low" : "all"].set(w, after);
    // The square root of a negative number is a NaN.
    if (name === "sqrt" && a.minus) this.#test(r, w, lanes, true);
    return true;
  }
  /** `zero`: zeros are acceptable. `asked`: zeros are frequent, so the first test accepts them. */
  #test(v: WasmNode, w: FloatWidth, lanes: number, zero: boolean, asked = false): FloatBounds {
    const key = `${w} ${lanes === 1}`;
    const first = !this.#tests.has(key);
    const local = this.#local(key);
    this.#state = undefined;
    this.#tests.set(key, { local, w, lanes });
    this.#gather(local, first, v, w, asked, false);
    const { sources } = this.#batch!;
    const copy = this.#local(`source ${sources.length}`);
    this.#c.body.set(copy, v);
    sources.push({ local: copy, w, lanes, zero });
    const tested: FloatBounds = { ...source[w].fact, zero };
    this.#factsOf(v)[lanes === 1 ? "low" : "all"].set(w, tested);
    return tested;
  }
  /**
   * `again`: another form of the same expression. V8 would keep the first one alive for a path that rarely
   * uses it.
   */
  #gather(local: number, first: boolean, v: WasmNode, w: FloatWidth, zero: boolean, again: boolean): void {
    const c = this.#c;
    const { plus } = source[w];
    const [sum, difference, equal] =
      w === 64 ? (["i64x2.add", "i64x2.sub", "f64x2.eq"] as const) : (["i32x4.add", "i32x4.sub", "f32x4.eq"] as const);
    const range = again ? c.simd(difference, v, spread(w, (1n << BigInt(w)) - plus)) : c.simd(sum, v, spread(w, plus));
    const test = zero ? c.simd("v128.andnot", range, c.simd(equal, v, vector(0n))) : range;
    c.body.set(local, first ? test : c.simd("v128.or", localGet(wt.v128, local), test));
  }
}
