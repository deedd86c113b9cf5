// Runs of SSE arithmetic in compiled regions. Instructions that compute, load and move within vector registers are written without a test each:
// what goes in is tested once, together, when all of them are done, and what comes out is known from that. If the sources are within 2^-127
// to 2^129 (2^-15 to 2^17 of single precision) or zeros, products and quotients stay within bounds that are known when code is written, and a sum
// is zero or at least a unit in the last place of the smaller one. So nothing overflows, nothing is subnormal, and nothing but inexactness, which
// has been noted before, is to be raised (sse/float.ts, plain). Where the test fails the registers are put back, and the same instructions follow
// with a test each.

import { i32c, i64c, localGet, type Node, node, op, type WasmType, wt } from "../../../wasm/encoder.ts";
import type { Decoded } from "../../decode/decoder.ts";
import { effectsOf } from "../../isa/effects.ts";
import type { Assured } from "../../isa/ops.ts";
import { plain } from "../../isa/rows/sse/float.ts";
import { exitCode } from "../../machine/exit.ts";
import { meet } from "../analysis/dataflow.ts";
import { part, type Standing, within } from "../analysis/register-cache.ts";
import type { RegionCompiler } from "./instruction-compiler.ts";

type Format = 32 | 64;
/** What is known of numbers: those that are not zero have sizes from 2^low to 2^high, and are multiples of 2^grain. */
interface Fact {
  readonly low: number;
  readonly high: number;
  readonly grain: number;
  readonly zero: boolean;
  /** Some may be negative. */
  readonly minus: boolean;
}
/** Precision without the leading bit, and the exponents between which all is ordinary whatever is rounded. */
const formats = {
  64: { fraction: 52, low: -1021, high: 1023 },
  32: { fraction: 23, low: -125, high: 127 },
} as const;
/** What is tested: `plus` makes the upper three bits of the exponent 0 for numbers in the range, and for no others. */
const source = {
  64: { plus: 0x4800_0000_0000_0000n, upper: 0x7000_0000_0000_0000n, fact: { low: -127, high: 129, grain: -179, zero: true, minus: true } },
  32: { plus: 0x4800_0000n, upper: 0x7000_0000n, fact: { low: -15, high: 17, grain: -38, zero: true, minus: true } },
} as const;

/** Of a value: its lowest lane; all of its lanes. One object for all registers that hold it. */
interface Known {
  readonly low: Map<Format, Fact>;
  readonly all: Map<Format, Fact>;
}
const nothing = (): Known => ({ low: new Map(), all: new Map() });
/** What is known where control is. */
export interface FloatsKnown {
  readonly tests: ReadonlyMap<string, Test>;
  readonly registers: ReadonlyMap<number, Known>;
  readonly lows: ReadonlyMap<number, Low>;
}
/** Registers that hold the same value go on doing so. */
const copied = (registers: ReadonlyMap<number, Known>): Map<number, Known> => {
  const copies = new Map<Known, Known>();
  return new Map(
    [...registers].map(([r, known]) => {
      const copy = copies.get(known) ?? { low: new Map(known.low), all: new Map(known.all) };
      copies.set(known, copy);
      return [r, copy];
    }),
  );
};

const join = (a: Fact | undefined, b: Fact | undefined): Fact | undefined =>
  a &&
  b && {
    low: Math.min(a.low, b.low),
    high: Math.max(a.high, b.high),
    grain: Math.min(a.grain, b.grain),
    zero: a.zero || b.zero,
    minus: a.minus || b.minus,
  };
/** What comes out, unless it may leave the ordinary. */
const result = (name: Exclude<Assured, "compare">, w: Format, same: boolean, a: Fact, b: Fact): Fact | undefined => {
  const f = formats[w];
  const of = (low: number, high: number, zero: boolean, minus: boolean, grain = low - f.fraction): Fact | undefined =>
    low >= f.low && high <= f.high ? { low, high, grain, zero, minus } : undefined;
  const minus = !same && (a.minus || b.minus);
  switch (name) {
    case "mul":
      return of(a.low + b.low, a.high + b.high, a.zero || b.zero, minus);
    case "div":
      return of(a.low - b.high, a.high - b.low, a.zero, minus);
    case "sqrt":
      return of(Math.floor(a.low / 2), Math.ceil(a.high / 2), a.zero, false);
    default: {
      const grain = Math.min(a.grain, b.grain);
      const apart = name === "add" && !a.minus && !b.minus;
      return of(apart ? Math.min(a.low, b.low) : grain, Math.max(a.high, b.high) + 1, !apart || (a.zero && b.zero), !apart, grain);
    }
  }
};

const isArithmetic = ({ row }: Decoded): boolean => {
  const { assured } = effectsOf(row);
  return !row.vex && assured !== undefined && assured.name !== "compare";
};
/** Writes a vector register and nothing else, whatever its operands are. */
const isPart = (d: Decoded): boolean => !d.row.vex && (isArithmetic(d) || effectsOf(d.row).pure) && isVector(d);
const isVector = (d: Decoded): boolean => {
  const kind = d.row.operands[0]!.kind;
  return kind === "xmm" || (kind.startsWith("xmm") && !d.isMemory);
};

/** Compares scalars in vector registers and writes flags: may stand at the end of a run. */
const isTail = (d: Decoded | undefined): d is Decoded =>
  d !== undefined && !d.row.vex && !d.isMemory && effectsOf(d.row).assured?.name === "compare";

interface Test {
  readonly local: number;
  readonly w: Format;
  readonly lanes: number;
}
/** A register's lowest w bits. */
interface Low {
  readonly local: number;
  readonly w: number;
}
interface Run {
  readonly first: Decoded;
  /** How many instructions are left in the block where it begins. */
  readonly left: number;
  readonly saved: ReadonlyMap<number, number>;
  readonly before: Standing;
  /** What has been tested in it, and whether zeros will do. */
  readonly sources: (Test & { readonly zero: boolean })[];
}
const vector = (bits: bigint): Node => node(wt.v128, op.v128const, [], new Uint8Array(BigUint64Array.of(bits, bits).buffer));
const ones = vector((1n << 64n) - 1n);
const spread = (w: Format, bits: bigint): Node => vector(w === 64 ? bits : bits | (bits << 32n));

export class FloatRuns {
  readonly #c: RegionCompiler;
  #run: Run | undefined;
  /** The comparison at a run's end is written for where the test held. */
  #atTail = false;
  /** What is known of values, where all tests of the block have held. */
  #ofNode = new WeakMap<Node, Known>();
  readonly #ofRegister = new Map<number, Known>();
  /** Code is written for where they have. */
  #following = true;
  /** By format, and whether of the lowest lane only: what is gathered in the block. Other ways than the tested one make all of it wrong. */
  readonly #tests = new Map<string, Test>();
  #state: FloatsKnown | undefined;
  /**
   * Registers whose lowest lane is in another local too, with anything above it. Where one scalar operation follows another, none has to wait until
   * the other's result is beside the register's upper lanes.
   */
  readonly #lows = new Map<number, Low>();
  readonly #lowOf = new WeakMap<Node, Low>();
  readonly #kept = new Map<string, number>();
  constructor(c: RegionCompiler) {
    this.#c = c;
  }
  #local(name: string, t: WasmType = wt.v128): number {
    let l = this.#kept.get(name);
    if (l === undefined) this.#kept.set(name, (l = this.#c.body.keep(t)));
    return l;
  }
  #doubted(): number {
    return this.#local("doubted", wt.i32);
  }

  /** What is known here, to be known again where control comes from here only. */
  get state(): FloatsKnown | undefined {
    if (this.#tests.size + this.#ofRegister.size + this.#lows.size === 0) return undefined;
    this.#state ??= { tests: new Map(this.#tests), registers: copied(this.#ofRegister), lows: new Map(this.#lows) };
    return this.#state;
  }
  set state(s: FloatsKnown | undefined) {
    if (s === this.state) return;
    const replace = <V>(m: Map<unknown, V>, by: Iterable<readonly [unknown, V]> = []) => {
      m.clear();
      for (const [k, v] of by) m.set(k, v);
    };
    replace(this.#tests, s?.tests);
    replace(this.#lows, s?.lows);
    replace(this.#ofRegister, s && copied(s.registers));
    this.#ofNode = new WeakMap();
    this.#state = s;
  }
  /** What `write` writes is another way to where code goes on that relies on what is known. */
  aside(write: () => void): void {
    const { state } = this;
    this.#following = false;
    write();
    this.#following = true;
    this.state = state;
    for (const [r, { local }] of this.#lows) this.#c.body.set(local, this.#c.registers.xmms.get(r));
    if (this.#tests.size === 0) return;
    for (const { local } of this.#tests.values()) this.#c.body.set(local, ones);
    this.#c.body.set(this.#doubted(), i32c(1));
  }

  /** Where the run that begins with instruction n ends; n if none does. */
  endOf(list: readonly Decoded[], n: number, limit: number): number {
    let end = n;
    let count = 0;
    for (let i = n; i < limit && isPart(list[i]!); i++) {
      if (!isArithmetic(list[i]!)) continue;
      count++;
      end = i + 1;
    }
    if (count === 0) return n;
    if (end < limit && isTail(list[end])) return end + 1;
    return count >= 2 ? end : n;
  }
  /** `each` writes an instruction. */
  write(list: readonly Decoded[], from: number, to: number, each: (n: number) => void): void {
    const c = this.#c;
    const b = c.body;
    const tail = isTail(list[to - 1]) ? to - 1 : to;
    const before = c.residence.now;
    const saved = new Map<number, number>();
    for (const r of new Set(list.slice(from, tail).map((d) => c.vectorOf(d, 0)))) {
      // Else it is in the state page.
      if (!before.scope && !within(part.vector(r), before.held)) continue;
      const local = this.#local(`saved ${r}`);
      saved.set(r, local);
      b.set(local, c.registers.xmms.get(r));
    }
    if (this.#tests.size === 0) b.set(this.#doubted(), i32c(0));
    const run: Run = { first: list[from]!, left: list.length - from, saved, before, sources: [] };
    this.#run = run;
    for (let n = from; n < tail; n++) each(n);
    if (tail < to) this.#testCompared(list[tail]!);
    this.#run = undefined;

    for (let n = 0; n < 2; n++) {
      b.opcode(op.block);
      b.code.byte(0x40);
    }
    c.depth += 2;
    const failed = run.sources.length ? this.#failed() : localGet(wt.i32, this.#doubted());
    b.goIf(node(wt.i32, op.i32eqz, [failed]), 0, true);
    b.if(this.#failsWithZeros(run), false);
    b.else();
    for (const { local } of this.#tests.values()) b.set(local, vector(0n));
    b.opcode(op.br);
    b.code.u(1);
    b.end();
    const fast = c.knowledge;
    let slow = fast;
    c.residence.oneOf(
      () => {
        this.aside(() => {
          this.#putBack(run);
          for (let n = from; n < to; n++) each(n);
          if (c.flagParts.known?.word) c.flagParts.apart();
        });
        slow = c.knowledge;
      },
      () => {
        b.opcode(op.br);
        b.code.u(1);
        b.end();
        c.depth--;
        c.knowledge = fast;
        this.#atTail = true;
        for (let n = tail; n < to; n++) each(n);
        this.#atTail = false;
      },
    );
    b.end();
    c.depth--;
    const { state } = this;
    c.knowledge = meet([slow, c.knowledge]);
    this.state = state;
  }
  #testCompared(d: Decoded): void {
    const { w } = effectsOf(d.row).assured!;
    for (const n of [0, 1]) {
      const v = this.lowest(this.#c.xmm(this.#c.vectorOf(d, n)), w);
      if (!this.#factOf(v, w, 1)) this.#test(v, w, 1, true, true);
    }
  }
  /** Is anything wrong of what has been gathered under these tests? */
  #wrong(tests: Iterable<Test>): Node {
    const wrong = [...tests].map(({ local, w, lanes }) => {
      const words = new BigUint64Array(2);
      const upper = source[w].upper;
      if (lanes === 1) words[0] = upper;
      else words.fill(w === 64 ? upper : upper | (upper << 32n));
      return node(wt.v128, op.v128and, [localGet(wt.v128, local), node(wt.v128, op.v128const, [], new Uint8Array(words.buffer))]);
    });
    return wrong.length ? node(wt.i32, op.v128anyTrue, [wrong.reduce((x, y) => node(wt.v128, op.v128or, [x, y]))]) : i32c(0);
  }
  /** Whether what has been computed so far may be wrong. */
  #failed(): Node {
    return node(wt.i32, op.i32geU, [this.#wrong(this.#tests.values()), plain(this.#c)]);
  }
  /** The same when zeros are told from what is too small, of what this run has tested. */
  #failsWithZeros(run: Run): Node {
    const tests = new Map<string, Test>();
    for (const { local, w, lanes, zero } of run.sources) {
      const key = `zeros ${w} ${lanes === 1}`;
      const first = !tests.has(key);
      const gathered = this.#local(key);
      tests.set(key, { local: gathered, w, lanes });
      this.#gather(gathered, first, localGet(wt.v128, local), w, zero, true);
    }
    const wrong = this.#wrong(tests.values());
    const unusual = node(wt.i32, op.i32eqz, [plain(this.#c)]);
    return [localGet(wt.i32, this.#doubted()), unusual].reduce((x, y) => node(wt.i32, op.i32or, [x, y]), wrong);
  }
  #putBack(run: Run): void {
    for (const [r, local] of run.saved) this.#c.registers.xmms.set(r, localGet(wt.v128, local));
    this.#c.residence.now = run.before;
  }
  /** Control leaves: where the run began, from where it then is interpreted. False if there is none. */
  leaving(out: (rip: Node, code: number, refund: number) => void): boolean {
    const run = this.#run;
    if (!run) return false;
    const { now } = this.#c.residence;
    this.#putBack(run);
    this.#run = undefined;
    out(i64c(BigInt(run.first.ip)), exitCode.sideExit, run.left);
    this.#run = run;
    this.#c.residence.now = now;
    return true;
  }
  /** Control goes on elsewhere in the region, within one more label than the compiler counts: not with what may be wrong. */
  makeSure(): void {
    if (!this.#run) return;
    const { body } = this.#c;
    body.if(this.#failed(), false);
    this.#c.depth += 2;
    this.#c.leaveToInterpreter();
    this.#c.depth -= 2;
    body.end();
  }

  // ---- what is known ----------------------------------------------------------------------------------------------------------

  #known(v: Node): Known {
    let known = this.#ofNode.get(v);
    if (!known) this.#ofNode.set(v, (known = nothing()));
    return known;
  }
  /** The value of a register. */
  read(r: number, v: Node): Node {
    if (!this.#following) return v;
    let known = this.#ofRegister.get(r);
    if (!known) {
      this.#ofRegister.set(r, (known = nothing()));
      this.#state = undefined;
    }
    this.#ofNode.set(v, known);
    const low = this.#lows.get(r);
    if (low !== undefined) this.#lowOf.set(v, low);
    return v;
  }
  /** A value of which only the lowest lane is wanted. */
  lowest(v: Node, w: number): Node {
    const low = this.#following ? this.#lowOf.get(v) : undefined;
    if (low === undefined || low.w < w) return v;
    const there = this.#c.body.bind(localGet(wt.v128, low.local));
    this.#ofNode.set(there, this.#known(v));
    return there;
  }
  /** A register's lowest w bits are written. */
  wrote(r: number, w: number, v: Node): void {
    if (!this.#following) return;
    const known = this.#known(v);
    const also = w === 128 ? this.#lowOf.get(v) : undefined;
    this.#state = undefined;
    this.#lows.delete(r);
    if (v.t === wt.v128 && (w < 128 || also !== undefined)) {
      const local = this.#local(`low ${r}`);
      this.#c.body.set(local, also === undefined ? v : localGet(wt.v128, also.local));
      this.#lows.set(r, { local, w: also?.w ?? w });
    }
    if (w === 128) {
      this.#ofRegister.set(r, known);
      return;
    }
    const old = this.#ofRegister.get(r);
    const now = nothing();
    for (const format of [32, 64] as const) {
      if (format > w) continue;
      const low = known.low.get(format) ?? known.all.get(format);
      if (low) now.low.set(format, low);
      const all = format === w ? join(old?.all.get(format), low) : undefined;
      if (all) now.all.set(format, all);
    }
    this.#ofRegister.set(r, now);
  }
  /** Bytes of two values. */
  shuffled(v: Node, a: Node, b: Node, bytesOf: readonly number[]): Node {
    if (!this.#following) return v;
    const lanes = this.#same(a, b) ? bytesOf.map((n) => n % 16) : bytesOf;
    const now = this.#known(v);
    const used = lanes.every((n) => n < 16) ? [a] : lanes.every((n) => n >= 16) ? [b] : [a, b];
    for (const format of [32, 64] as const) {
      const bytes = format / 8;
      if (lanes.some((n, i) => (i % bytes === 0 ? n % bytes !== 0 : n !== lanes[i - 1]! + 1))) continue;
      const [all, other] = used.map((x) => this.#known(x).all.get(format));
      const whole = used.length === 1 ? all : join(all, other);
      if (whole) now.all.set(format, whole);
      const low = lanes[0] === 0 ? this.#known(a).low.get(format) : lanes[0] === 16 ? this.#known(b).low.get(format) : undefined;
      if (low) now.low.set(format, low);
      // One number in all lanes.
      if (low && lanes.every((n, i) => n % 16 === i % bytes && n < 16 === lanes[0]! < 16)) now.all.set(format, low);
    }
    return v;
  }
  #factOf(v: Node, w: Format, lanes: number): Fact | undefined {
    const known = this.#known(v);
    return (lanes === 1 ? known.low.get(w) : undefined) ?? known.all.get(w);
  }
  /** Are two operands the same value? */
  #same(x: Node, y: Node): boolean {
    return this.#known(x) === this.#known(y);
  }
  /** An operation of a run: what it is on is tested, or known. */
  assured(name: Assured, w: Format, lanes: number, r: Node, operands: readonly Node[]): boolean {
    if (name === "compare") return this.#atTail && [r, ...operands].every((v) => this.#factOf(v, w, lanes));
    if (!this.#run || !this.#following) return false;
    this.#state = undefined;
    const fact = (v: Node): Fact => this.#factOf(v, w, lanes) ?? this.#test(v, w, lanes, true);
    const [x, y] = [operands[0]!, operands[1] ?? operands[0]!];
    let [a, b] = [fact(x), fact(y)];
    if (name === "div" && b.zero) b = this.#test(y, w, lanes, false);
    let after = result(name, w, this.#same(x, y), a, b);
    if (!after) {
      a = this.#test(x, w, lanes, true);
      b = this.#test(y, w, lanes, name !== "div");
      after = result(name, w, this.#same(x, y), a, b)!;
    }
    this.#known(r)[lanes === 1 ? "low" : "all"].set(w, after);
    // Of a negative number it is a NaN.
    if (name === "sqrt" && a.minus) this.#test(r, w, lanes, true);
    return true;
  }
  /** `zero`: zeros are ordinary. `asked`: many are expected, so that the first test lets them pass. */
  #test(v: Node, w: Format, lanes: number, zero: boolean, asked = false): Fact {
    const key = `${w} ${lanes === 1}`;
    const first = !this.#tests.has(key);
    const local = this.#local(key);
    this.#state = undefined;
    this.#tests.set(key, { local, w, lanes });
    this.#gather(local, first, v, w, asked, false);
    const { sources } = this.#run!;
    const kept = this.#local(`source ${sources.length}`);
    this.#c.body.set(kept, v);
    sources.push({ local: kept, w, lanes, zero });
    const tested: Fact = { ...source[w].fact, zero };
    this.#known(v)[lanes === 1 ? "low" : "all"].set(w, tested);
    return tested;
  }
  /** `again`: in other words than before, because V8 would keep what it has for where it is hardly ever wanted. */
  #gather(local: number, first: boolean, v: Node, w: Format, zero: boolean, again: boolean): void {
    const c = this.#c;
    const { plus } = source[w];
    const [sum, difference, equal] =
      w === 64 ? (["i64x2.add", "i64x2.sub", "f64x2.eq"] as const) : (["i32x4.add", "i32x4.sub", "f32x4.eq"] as const);
    const range = again ? c.simd(difference, v, spread(w, (1n << BigInt(w)) - plus)) : c.simd(sum, v, spread(w, plus));
    const test = zero ? c.simd("v128.andnot", range, c.simd(equal, v, vector(0n))) : range;
    c.body.set(local, first ? test : c.simd("v128.or", localGet(wt.v128, local), test));
  }
}
