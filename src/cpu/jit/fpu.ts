// The x87 in compiled regions. A run of x87 instructions in a block keeps the register stack in locals: where TOP is, is known but for where it
// was when the run began, so ST(i) is a local, FXCH and FLD ST(i) are nothing, and arithmetic on ordinary numbers is in line. At the end of
// the run, or where it is left, the state page has everything again, as the routines (src/cpu/routines) would have left it.
//
// The run begins with a test: rounding to nearest at full precision, all exceptions masked, none pending, and the registers that it reads
// full, those that it pushes into empty. Where that does not hold the same instructions follow as they are everywhere else. So within a run
// every result is delivered, and what is left to note is inexactness, C1, and what a routine raises for operands that are not ordinary.
// SDM Vol. 1 8.1, 8.5.

import type { Decoded } from "../decode.ts";
import { as, pure } from "../expression.ts";
import { at, type Field, S } from "../state.ts";
import { type Body, i32c, i64c, localGet, type Node, node, op, type WasmType, wt } from "../wasm.ts";
import type { RegionCompiler } from "./compiler.ts";
import { factsOf } from "./facts.ts";

/** Routines that are done in line, with those that are called for the rest. */
const inline = new Set([
  "arith_f32", "arith_f64", "arith_i32", "arith_st", "arith_to", "fabs", "fchs", "fcomi", "fild", "fld_f32", "fld_f64", "fld_st", "fldc",
  "fst_f32_value", "fst_f64_value", "fst_st", "fsqrt", "fxch", "stored", "stores",
]); // biome-ignore format: table
/** What they call where a number is not ordinary. */
export const fpuRoutines = [
  "fpu_rest", "fpu_operate", "fpu_operate32", "fpu_operate64", "fpu_root", "fpu_widen32", "fpu_widen64", "fpu_narrow32", "fpu_narrow64", "fpu_compare",
] as const; // biome-ignore format: table

/** Comparisons that set condition codes are not among them, nor the forms that compare in `arith_…`. */
const compares = /^fi?comp?p?$/;
export const isInline = (d: Decoded): boolean => {
  const { routines } = factsOf(d.row);
  return routines.length > 0 && !compares.test(d.row.name) && routines.every((r) => inline.has(r));
};
/** May stand within a run: knows nothing of the x87. */
const isNeutral = (d: Decoded): boolean => {
  const f = factsOf(d.row);
  return !(f.acts || f.exits || f.branches || f.branchesIf || f.jumps || d.row.ends) && f.routines.length === 0 && f.fields.length === 0;
};
const gap = 6;
/** Where the run that begins with instruction n ends; n if none does. */
export const runFrom = (list: readonly Decoded[], n: number): number => {
  if (!isInline(list[n]!)) return n;
  let end = n + 1;
  for (let i = end; i < list.length && i - end <= gap; i++) {
    if (isInline(list[i]!)) end = i + 1;
    else if (!isNeutral(list[i]!)) break;
  }
  return end;
};

const ES = 0x80;
const C1 = 0x200;
const TOP = 0x3800;
const EXCEPTIONS = 0x3f;
/** Control word: everything that decides, and how it nearly always is. SDM Vol. 1 8.1.5. */
const CONTROL = { mask: 0xf3f, usual: 0x33f } as const;
const HALF = 1n << 63n;

const i32 = (o: number, ...args: Node[]): Node => node(wt.i32, o, args);
const add = (a: Node, b: Node): Node => i32(op.i32add, a, b);
const and = (a: Node, b: Node): Node => i32(op.i32and, a, b);
const or = (a: Node, b: Node): Node => i32(op.i32or, a, b);

/** A number in two locals. `canonical`: its integer bit is set unless its exponent is 0. SDM Vol. 1 Table 8-3 has the others. */
interface Value {
  readonly m: Node;
  readonly se: Node;
  readonly canonical: boolean;
}

/** Bits of the word that says what a run that was left has yet to store. */
const pending = { dirty: 0, depth: 8, emptied: 11, filled: 19, data: 27, segment: 28 } as const;

export class RegionFpu {
  readonly #c: RegionCompiler;
  readonly #kept = new Map<string, number>();
  /** Within a run. */
  active = false;
  /** TOP, less where it was when the run began. */
  #depth = 0;
  /** What is known of the registers, numbered from where TOP was: a local holds its value; it is not the state page's; it is canonical. */
  #held = 0;
  #dirty = 0;
  #canonical = 0;
  /** Must be full or empty when the run begins; are so now. */
  #needFull = 0;
  #needEmpty = 0;
  #full = 0;
  #empty = 0;
  /** The last instruction that was done, for FNSTENV, and whether one of them had an operand in memory. */
  #last: { readonly ip: Node; readonly opcode: Node } | undefined;
  #data = false;
  #segment = 0;
  #ip: Node | undefined;
  constructor(c: RegionCompiler) {
    this.#c = c;
  }
  get #b(): Body {
    return this.#c.body;
  }
  #local(name: string, t: WasmType): Node {
    let l = this.#kept.get(name);
    if (l === undefined) this.#kept.set(name, (l = this.#b.keep(t)));
    return localGet(t, l);
  }
  #set(to: Node, v: Node): void {
    this.#b.set(to.k as number, as(to.t, v));
  }
  #significand(j: number): Node {
    return this.#local(`m${j}`, wt.i64);
  }
  #signExponent(j: number): Node {
    return this.#local(`se${j}`, wt.i32);
  }
  /** The status word without TOP's changes, C1 and inexactness. */
  get #status(): Node {
    return this.#local("status", wt.i32);
  }
  get #top(): Node {
    return this.#local("top", wt.i32);
  }
  get #tags(): Node {
    return this.#local("tags", wt.i32);
  }
  get #c1(): Node {
    return this.#local("c1", wt.i32);
  }
  /** Not 0 if something was inexact. */
  get #inexact(): Node {
    return this.#local("inexact", wt.i64);
  }
  get #dataPointer(): Node {
    return this.#local("data", wt.i64);
  }

  // ---- the run -------------------------------------------------------------------------------------------------------------

  /** Opens an `if` in which the run follows. */
  begin(): void {
    const b = this.#b;
    this.active = true;
    this.#depth = this.#held = this.#dirty = this.#canonical = this.#needFull = this.#needEmpty = this.#full = this.#empty = 0;
    this.#last = undefined;
    this.#data = false;
    const [status, top, tags] = [this.#status, this.#top, this.#tags];
    // Which registers the run needs is known when it has been written.
    const run = { full: 0, empty: 0, loads: 0 };
    this.#run = run;
    b.ifLater((late) => {
      late.set(status.k as number, node(wt.i32, op.i32load16u, [i32c(0)], at.fpuStatus));
      late.set(top.k as number, and(i32(op.i32shrU, status, i32c(11)), i32c(7)));
      const empty = node(wt.i32, op.i32load8u, [i32c(0)], at.fpuEmpty);
      late.set(tags.k as number, empty);
      const turned = i32(op.i32shrU, or(tags, i32(op.i32shl, tags, i32c(8))), top);
      const wrong = and(i32(op.i32xor, turned, i32c(run.empty)), i32c(run.full | run.empty));
      const control = node(wt.i32, op.i32load16u, [i32c(0)], at.fpuControl);
      const unusual = i32(op.i32xor, and(control, i32c(CONTROL.mask)), i32c(CONTROL.usual));
      late.expr(i32(op.i32eqz, or(or(wrong, unusual), and(status, i32c(ES)))));
    }, true);
    b.later((late) => {
      for (let j = 0; j < 8; j++) {
        if (!((run.loads >> j) & 1)) continue;
        late.set(this.#significand(j).k as number, node(wt.i64, op.i64load, [this.#place(j)], at.fpuRegs));
        late.set(this.#signExponent(j).k as number, node(wt.i32, op.i32load16u, [this.#place(j)], at.fpuRegs + 8));
      }
    });
    this.#set(this.#c1, and(i32(op.i32shrU, status, i32c(9)), i32c(1)));
    this.#set(this.#inexact, i64c(0n));
  }
  #run = { full: 0, empty: 0, loads: 0 };
  /** Offset of register j in the state page's. */
  #place(j: number): Node {
    return i32(op.i32shl, and(j === 0 ? this.#top : add(this.#top, i32c(j)), i32c(7)), i32c(4));
  }
  /** The run is done: everything goes to the state page. */
  end(): void {
    const b = this.#b;
    for (let j = 0; j < 8; j++) if ((this.#dirty >> j) & 1) this.#storeRegister(b, j);
    this.#storeRest(b, i32c(this.#depth), i32c(this.#emptied), i32c(this.#filled), this.#last!);
    if (this.#data) this.#storeData(b, i32c(this.#segment));
    this.active = false;
  }
  get #emptied(): number {
    return this.#empty & this.#needFull;
  }
  get #filled(): number {
    return this.#full & this.#needEmpty;
  }
  #storeRegister(b: Body, j: number): void {
    b.store(op.i64store, this.#place(j), this.#significand(j), at.fpuRegs);
    b.store(op.i32store16, this.#place(j), this.#signExponent(j), at.fpuRegs + 8);
  }
  #statusNow(depth: Node): Node {
    const top = i32(op.i32shl, and(add(this.#top, depth), i32c(7)), i32c(11));
    const raised = i32(op.i32shl, i32(op.i64ne, this.#inexact, i64c(0n)), i32c(5));
    const c1 = i32(op.i32shl, this.#c1, i32c(9));
    return or(or(and(this.#status, i32c(0xffff & ~(TOP | C1))), top), or(raised, c1));
  }
  #storeRest(b: Body, depth: Node, emptied: Node, filled: Node, last: { readonly ip: Node; readonly opcode: Node }): void {
    b.store(op.i32store16, i32c(0), this.#statusNow(depth), at.fpuStatus);
    const physical = (set: Node): Node => {
      const turned = i32(op.i32shl, set, this.#top);
      return or(turned, i32(op.i32shrU, turned, i32c(8)));
    };
    const tags = and(or(this.#tags, physical(emptied)), i32(op.i32xor, physical(filled), i32c(-1)));
    b.store(op.i32store8, i32c(0), tags, at.fpuEmpty);
    b.store(op.i64store, i32c(0), last.ip, at.fpuIp);
    b.store(op.i32store16, i32c(0), last.opcode, at.fpuOpcode);
    b.store(op.i32store16, i32c(0), node(wt.i32, op.i32load, [i32c(0)], at.segSelector + S.cs * 4), at.fpuCs);
  }
  #storeData(b: Body, segment: Node): void {
    b.store(op.i64store, i32c(0), this.#dataPointer, at.fpuDp);
    const offset = i32(op.i32shl, segment, i32c(2));
    b.store(op.i32store16, i32c(0), node(wt.i32, op.i32load, [offset], at.segSelector), at.fpuDs);
  }

  /** Before control leaves within a run: what `storeLeft` is to do. */
  leaving(): void {
    const word =
      (this.#dirty << pending.dirty) |
      ((this.#depth & 7) << pending.depth) |
      (this.#emptied << pending.emptied) |
      (this.#filled << pending.filled) |
      (Number(this.#data) << pending.data) |
      (this.#segment << pending.segment);
    this.#set(this.#local("left", wt.i32), i32c(word));
    this.#set(this.#local("lastIp", wt.i64), this.#last?.ip ?? i64c(-1n));
    this.#set(this.#local("lastOpcode", wt.i32), this.#last?.opcode ?? i32c(0));
  }
  /** Where all runs come to that are left. */
  storeLeft(): void {
    const b = this.#b;
    const left = this.#local("left", wt.i32);
    const bits = (from: number, mask: number): Node => and(i32(op.i32shrU, left, i32c(from)), i32c(mask));
    const when = (c: Node, then: () => void): void => {
      b.if(c);
      then();
      b.end();
    };
    for (let j = 0; j < 8; j++) if (this.#kept.has(`m${j}`)) when(bits(pending.dirty + j, 1), () => this.#storeRegister(b, j));
    const last = { ip: this.#local("lastIp", wt.i64), opcode: this.#local("lastOpcode", wt.i32) };
    // Before the first instruction is done nothing is to be said.
    when(i32(op.i64ne, last.ip, i64c(-1n)), () =>
      this.#storeRest(b, bits(pending.depth, 7), bits(pending.emptied, 255), bits(pending.filled, 255), last),
    );
    when(bits(pending.data, 1), () => this.#storeData(b, bits(pending.segment, 7)));
  }

  // ---- fields ---------------------------------------------------------------------------------------------------------------

  /** The status word, for FNSTSW. */
  get status(): Node {
    return as(wt.i64, this.#statusNow(i32c(this.#depth)));
  }
  /** What a meaning writes for FNSTENV is noted; selectors are as they are when it is written. */
  setField(f: Field, v: Node, segment: number): void {
    if (f === "fpuIp") this.#ip = v;
    else if (f === "fpuOpcode") this.#last = { ip: this.#ip!, opcode: as(wt.i32, v) };
    else if (f === "fpuDp") {
      this.#set(this.#dataPointer, v);
      this.#data = true;
      this.#segment = segment;
    }
  }

  // ---- the stack ------------------------------------------------------------------------------------------------------------

  #register(i: number): number {
    return (i + this.#depth) & 7;
  }
  #read(i: number): Value {
    const j = this.#register(i);
    const bit = 1 << j;
    if (!((this.#full | this.#empty) & bit)) {
      this.#needFull |= bit;
      this.#run.full |= bit;
      this.#full |= bit;
    } else if (this.#empty & bit) this.#c.leaveToInterpreter();
    if (!(this.#held & bit)) {
      this.#run.loads |= bit;
      this.#held |= bit;
    }
    return { m: this.#significand(j), se: this.#signExponent(j), canonical: (this.#canonical & bit) !== 0 };
  }
  /** Written from here on. */
  #target(i: number, canonical: boolean): Value {
    const j = this.#register(i);
    const bit = 1 << j;
    if (!((this.#full | this.#empty) & bit)) {
      // Only a store to a register that nobody has looked at: it may be either, which the test cannot say.
      this.#needFull |= bit;
      this.#run.full |= bit;
    }
    this.#full |= bit;
    this.#empty &= ~bit;
    this.#held |= bit;
    this.#dirty |= bit;
    this.#canonical = canonical ? this.#canonical | bit : this.#canonical & ~bit;
    return { m: this.#significand(j), se: this.#signExponent(j), canonical };
  }
  #push(canonical = true): Value {
    this.#depth--;
    const bit = 1 << this.#register(0);
    if (!((this.#full | this.#empty) & bit)) {
      this.#needEmpty |= bit;
      this.#run.empty |= bit;
      this.#empty |= bit;
    } else if (this.#full & bit) {
      this.#depth++;
      this.#c.leaveToInterpreter();
      this.#depth--;
    }
    return this.#target(0, canonical);
  }
  #pop(): void {
    const bit = 1 << this.#register(0);
    this.#full &= ~bit;
    this.#empty |= bit;
    this.#depth++;
  }
  #assign(to: Value, m: Node, se: Node): void {
    this.#set(to.m, m);
    this.#set(to.se, se);
  }
  #noC1(): void {
    this.#set(this.#c1, i32c(0));
  }

  // ---- routines, in line ----------------------------------------------------------------------------------------------------

  /** A routine's call, if it is done in line. */
  call(name: string, args: readonly Node[]): Node {
    const n = (k: number): number => Number((args[k] as Node).k);
    switch (name) {
      case "fld_f64":
      case "fld_f32":
        return this.#done(() => this.#load(args[0]!, name === "fld_f64" ? 64 : 32));
      case "fild":
        return this.#done(() => {
          const v = this.#integer(args[0]!);
          this.#assign(this.#push(), v.m, v.se);
          this.#noC1();
        });
      case "fld_st":
        return this.#done(() => {
          const v = this.#read(n(0));
          this.#assign(this.#push(v.canonical), v.m, v.se);
          this.#noC1();
        });
      case "fldc":
        return this.#done(() => {
          const [m, se] = constants[n(0)] as readonly [bigint, number];
          this.#assign(this.#push(), i64c(BigInt.asIntN(64, m)), i32c(se));
          this.#noC1();
        });
      case "arith_st":
        return this.#done(() => this.#operate(n(0), this.#read(0), this.#read(n(1)), 0));
      case "arith_to":
        return this.#done(() => {
          this.#operate(n(0), this.#read(0), this.#read(n(1)), n(1));
          if (n(2)) this.#pop();
        });
      case "arith_i32":
        return this.#done(() => {
          const v = this.#integer(args[1]!);
          this.#operate(n(0), this.#read(0), v, 0);
        });
      case "arith_f64":
      case "arith_f32":
        return this.#done(() => this.#operateMemory(n(0), args[1]!, name === "arith_f64" ? 64 : 32));
      case "fsqrt":
        return this.#done(() => {
          const a = this.#read(0);
          const to = this.#target(0, true);
          this.#routine(to, this.#c.runtimeCall("fpu_root", a.m, a.se));
        });
      case "fabs":
      case "fchs":
        return this.#done(() => {
          const a = this.#read(0);
          const to = this.#target(0, a.canonical);
          this.#set(to.se, name === "fabs" ? and(a.se, i32c(0x7fff)) : i32(op.i32xor, a.se, i32c(0x8000)));
          this.#noC1();
        });
      case "fxch":
        return this.#done(() => {
          const a = this.#read(0);
          const b = this.#read(n(0));
          const held = { m: this.#b.bind(a.m), se: this.#b.bind(a.se) };
          this.#assign(this.#target(0, b.canonical), b.m, b.se);
          this.#assign(this.#target(n(0), a.canonical), held.m, held.se);
          this.#noC1();
        });
      case "fst_st":
        return this.#done(() => {
          const a = this.#read(0);
          if (n(0) !== 0) {
            const to = this.#target(n(0), a.canonical);
            this.#assign(to, a.m, a.se);
          }
          this.#noC1();
          if (n(1)) this.#pop();
        });
      case "fcomi": {
        const flags = this.#compare(this.#read(0), this.#read(n(0)), n(1));
        if (n(2)) this.#pop();
        return flags;
      }
      case "fst_f64_value":
      case "fst_f32_value":
        return this.#narrow(this.#read(0), name === "fst_f64_value" ? 64 : 32);
      case "stores":
        return i32c(1);
      case "stored":
        return this.#done(() => {
          const { inexact, up, raised } = this.#staged!;
          this.#set(this.#inexact, pure.or(this.#inexact, inexact));
          this.#set(this.#status, or(this.#status, raised));
          this.#set(this.#c1, up);
          if (n(0)) this.#pop();
        });
    }
    throw new Error(`routine ${name} is not done in line`);
  }
  #done(does: () => void): Node {
    does();
    return i64c(0n);
  }
  /** A store's exceptions: they count when it has been done. */
  #staged: { readonly inexact: Node; readonly up: Node; readonly raised: Node } | undefined;

  /** What a routine has computed, and what it raised. */
  #routine(to: Value, significand: Node): void {
    this.#set(to.m, significand);
    const rest = this.#b.bind(this.#c.runtimeCall("fpu_rest"));
    this.#set(to.se, and(rest, i32c(0xffff)));
    this.#raise(rest);
  }
  #raise(rest: Node): void {
    this.#set(this.#status, or(this.#status, and(i32(op.i32shrU, rest, i32c(16)), i32c(EXCEPTIONS))));
    this.#set(this.#c1, and(i32(op.i32shrU, rest, i32c(25)), i32c(1)));
  }
  #either(c: Node, then: () => void, otherwise: () => void): void {
    const b = this.#b;
    b.if(c, true);
    then();
    b.else();
    otherwise();
    b.end();
  }

  /** Exponents from 0x3000 to 0x4fff: what two such numbers make overflows and underflows nowhere. Above 0, so zeros are none. */
  #middling(...values: Value[]): Node {
    const range = values.map((v) => add(v.se, i32c(0x3000))).reduce(and);
    let ok = i32(op.i32eq, and(range, i32c(0x6000)), i32c(0x6000));
    const integer = values.filter((v) => !v.canonical).map((v) => v.m);
    if (integer.length) ok = and(ok, i32(op.i64ltS, integer.reduce(pure.and), i64c(0n)));
    return ok;
  }

  /** An integer, sign-extended: exact. */
  #integer(value: Node): Value {
    const b = this.#b;
    const v = b.bind(as(wt.i64, value));
    const sign = b.bind(pure.sar(v, pure.imm(63)));
    const size = b.bind(pure.sub(pure.xor(v, sign), sign));
    const zeros = b.bind(pure.clz(size));
    const se = add(and(as(wt.i32, sign), i32c(0x8000)), i32(op.i32sub, i32c(0x403e), as(wt.i32, zeros)));
    return {
      m: b.bind(pure.shl(size, zeros)),
      se: b.bind(node(wt.i32, op.select, [se, i32c(0), i32(op.i64ne, v, i64c(0n))])),
      canonical: true,
    };
  }

  /** A number of 32 or 64 bits that is neither zero, subnormal, infinite nor NaN: whether it is, and what it is here. */
  #widened(source: Node, w: 32 | 64): Value & { readonly bits: Node; readonly ordinary: Node } {
    const b = this.#b;
    const bits = b.bind(as(wt.i64, source));
    const [field, top, bias] = w === 64 ? [52, 0x7ff, 0x3c00] : [23, 0xff, 0x3f80];
    const exponent = b.bind(and(as(wt.i32, pure.shr(bits, pure.imm(field))), i32c(top)));
    const sign = and(as(wt.i32, pure.shr(bits, pure.imm(w - 16))), i32c(0x8000));
    return {
      bits,
      ordinary: i32(op.i32ltU, i32(op.i32sub, exponent, i32c(1)), i32c(top - 1)),
      m: pure.or(pure.shl(bits, pure.imm(63 - field)), pure.imm(HALF)),
      se: or(sign, add(exponent, i32c(bias))),
      canonical: true,
    };
  }
  #load(source: Node, w: 32 | 64): void {
    const v = this.#widened(source, w);
    const to = this.#push();
    this.#either(
      v.ordinary,
      () => {
        this.#assign(to, v.m, v.se);
        this.#noC1();
      },
      () => this.#routine(to, this.#c.runtimeCall(`fpu_widen${w}`, v.bits)),
    );
  }
  #operateMemory(which: number, source: Node, w: 32 | 64): void {
    const v = this.#widened(source, w);
    const a = this.#read(0);
    const to = this.#target(0, true);
    const slow = (): void => this.#routine(to, this.#c.runtimeCall(`fpu_operate${w}`, i32c(which), v.bits, a.m, a.se));
    if (which >= 6) return slow();
    this.#either(
      and(v.ordinary, this.#middling(a)),
      () => {
        const m = this.#b.bind(v.m);
        const se = this.#b.bind(v.se);
        this.#arithmetic(which, a, { m, se, canonical: true }, to, slow);
      },
      slow,
    );
  }
  #operate(which: number, a: Value, b: Value, target: number): void {
    const to = this.#target(target, true);
    const slow = (): void => this.#routine(to, this.#c.runtimeCall("fpu_operate", i32c(which), a.m, a.se, b.m, b.se));
    if (which >= 6) return slow();
    this.#either(this.#middling(a, b), () => this.#arithmetic(which, a, b, to, slow), slow);
  }
  /** 0 a + b, 1 a * b, 4 a - b, 5 b - a, of middling numbers. */
  #arithmetic(which: number, a: Value, b: Value, to: Value, slow: () => void): void {
    if (which === 1) return this.#multiply(a, b, to);
    if (which === 0) return this.#add(a, b, to, slow);
    const minus = (v: Value): Value => ({ ...v, se: this.#b.bind(i32(op.i32xor, v.se, i32c(0x8000))) });
    if (which === 4) this.#add(a, minus(b), to, slow);
    else this.#add(b, minus(a), to, slow);
  }

  #multiply(x: Value, y: Value, to: Value): void {
    const b = this.#b;
    const hi = b.bind(this.#c.mulHighU(x.m, y.m));
    const lo = b.bind(pure.mul(x.m, y.m));
    // All ones if the product is below 2: then everything is doubled.
    const small = b.bind(pure.sar(pure.not(hi), pure.imm(63)));
    const high = pure.add(pure.add(hi, pure.and(hi, small)), pure.and(pure.shr(lo, pure.imm(63)), small));
    const low = pure.add(lo, pure.and(lo, small));
    const exponents = add(and(x.se, i32c(0x7fff)), and(y.se, i32c(0x7fff)));
    const sign = and(i32(op.i32xor, x.se, y.se), i32c(0x8000));
    this.#round(to, b.bind(or(sign, add(add(exponents, i32c(-0x3ffe)), as(wt.i32, small)))), b.bind(high), b.bind(low));
  }

  #add(x: Value, y: Value, to: Value, slow: () => void): void {
    const b = this.#b;
    const ex = b.bind(and(x.se, i32c(0x7fff)));
    const ey = b.bind(and(y.se, i32c(0x7fff)));
    // The larger one first.
    const less = b.bind(or(i32(op.i32ltU, ex, ey), and(i32(op.i32eq, ex, ey), i32(op.i64ltU, x.m, y.m))));
    const choose = (t: WasmType, p: Node, q: Node): Node => b.bind(node(t, op.select, [q, p, less]));
    const m = choose(wt.i64, x.m, y.m);
    const n = choose(wt.i64, y.m, x.m);
    const se = choose(wt.i32, x.se, y.se);
    const far = b.bind(i32(op.i32sub, choose(wt.i32, ex, ey), choose(wt.i32, ey, ex)));
    this.#either(
      i32(op.i32ltU, far, i32c(64)),
      () => {
        const distance = b.bind(as(wt.i64, far));
        const rest = b.bind(pure.shl(pure.shl(n, pure.imm(1)), pure.sub(pure.imm(63), distance)));
        const near = b.bind(pure.shr(n, distance));
        b.if(i32(op.i32ltU, i32(op.i32xor, x.se, y.se), i32c(0x8000)));
        {
          const sum = b.bind(pure.add(m, near));
          const carry = b.bind(as(wt.i64, i32(op.i64ltU, sum, m)));
          const high = pure.or(pure.shr(sum, carry), pure.shl(carry, pure.imm(63)));
          const bit = pure.and(pure.shl(sum, pure.imm(63)), pure.sub(pure.imm(0), carry));
          const low = pure.or(pure.or(pure.shr(rest, carry), pure.and(rest, carry)), bit);
          this.#round(to, b.bind(add(se, as(wt.i32, carry))), b.bind(high), b.bind(low));
        }
        b.else();
        {
          const difference = b.bind(pure.sub(pure.sub(m, near), as(wt.i64, i32(op.i64ne, rest, i64c(0n)))));
          this.#either(
            i32(op.i64ne, difference, i64c(0n)),
            () => {
              const shift = b.bind(pure.clz(difference));
              const below = b.bind(pure.sub(pure.imm(0), rest));
              const moved = pure.shr(pure.shr(below, pure.imm(1)), pure.sub(pure.imm(63), shift));
              const high = pure.or(pure.shl(difference, shift), moved);
              this.#round(to, b.bind(i32(op.i32sub, se, as(wt.i32, shift))), b.bind(high), b.bind(pure.shl(below, shift)));
            },
            slow,
          );
        }
        b.end();
      },
      slow,
    );
  }

  /** hi.lo to the nearest, ties to even; hi has its upper bit set. */
  #round(to: Value, se: Node, hi: Node, lo: Node): void {
    const b = this.#b;
    const up = b.bind(i32(op.i64ltU, pure.sub(pure.imm(HALF), pure.and(hi, pure.imm(1))), lo));
    const m = b.bind(pure.add(hi, as(wt.i64, up)));
    this.#set(this.#inexact, pure.or(this.#inexact, lo));
    this.#set(this.#c1, up);
    this.#assign(to, m, se);
    b.if(i32(op.i64eqz, m), false);
    this.#assign(to, i64c(BigInt.asIntN(64, HALF)), add(se, i32c(1)));
    b.end();
  }

  /** The bits of a number in a narrower format, and what that raises. */
  #narrow(a: Value, w: 32 | 64): Node {
    const b = this.#b;
    const [drop, least, count, field] = w === 64 ? [11, 0x3c01, 0x7fd, 52] : [40, 0x3f81, 0xfd, 23];
    const value = b.local(wt.i64);
    const inexact = b.local(wt.i64);
    const up = b.local(wt.i32);
    const raised = b.local(wt.i32);
    const exponent = b.bind(i32(op.i32sub, and(a.se, i32c(0x7fff)), i32c(least)));
    let ok = i32(op.i32ltU, exponent, i32c(count));
    if (!a.canonical) ok = and(ok, i32(op.i64ltS, a.m, i64c(0n)));
    this.#either(
      ok,
      () => {
        const fraction = b.bind(pure.shl(a.m, pure.imm(64 - drop)));
        const whole = b.bind(pure.shr(a.m, pure.imm(drop)));
        b.set(up, i32(op.i64ltU, pure.sub(pure.imm(HALF), pure.and(whole, pure.imm(1))), fraction));
        const sign = pure.shl(as(wt.i64, and(a.se, i32c(0x8000))), pure.imm(w - 16));
        // The integer bit, and a carry out of the significand, count in the exponent.
        const size = pure.add(pure.shl(as(wt.i64, exponent), pure.imm(field)), pure.add(whole, as(wt.i64, localGet(wt.i32, up))));
        b.set(value, pure.or(sign, size));
        b.set(inexact, fraction);
        b.set(raised, i32c(0));
      },
      () => {
        b.set(value, as(wt.i64, this.#c.runtimeCall(`fpu_narrow${w}`, a.m, a.se)));
        const rest = b.bind(this.#c.runtimeCall("fpu_rest"));
        b.set(inexact, i64c(0n));
        b.set(raised, and(i32(op.i32shrU, rest, i32c(16)), i32c(EXCEPTIONS)));
        b.set(up, and(i32(op.i32shrU, rest, i32c(25)), i32c(1)));
      },
    );
    this.#staged = { inexact: localGet(wt.i64, inexact), up: localGet(wt.i32, up), raised: localGet(wt.i32, raised) };
    return localGet(wt.i64, value);
  }

  /** FCOMI: CF, PF and ZF in their places. C1 stays. */
  #compare(x: Value, y: Value, quiet: number): Node {
    const b = this.#b;
    const flags = b.local(wt.i32);
    const tame = (v: Value): Node => {
      const zero = i32(op.i64eqz, v.m);
      return v.canonical ? or(this.#middling(v), zero) : or(this.#middling(v), and(zero, i32(op.i32eqz, and(v.se, i32c(0x7fff)))));
    };
    this.#either(
      and(tame(x), tame(y)),
      () => {
        // The exponent with the number's sign decides, if they differ.
        const signed = (v: Value): Node => {
          const minus = b.bind(i32(op.i32sub, i32c(0), i32(op.i32shrU, v.se, i32c(15))));
          return b.bind(i32(op.i32sub, i32(op.i32xor, and(v.se, i32c(0x7fff)), minus), minus));
        };
        const [p, q] = [signed(x), signed(y)];
        const same = b.bind(i32(op.i32eq, p, q));
        const equal = b.bind(and(same, i32(op.i64eq, x.m, y.m)));
        const below = i32(op.i32xor, i32(op.i64ltU, x.m, y.m), i32(op.i32ltS, p, i32c(0)));
        const less = node(wt.i32, op.select, [and(below, i32(op.i32eqz, equal)), i32(op.i32ltS, p, q), same]);
        b.set(flags, or(less, i32(op.i32shl, equal, i32c(6))));
      },
      () => {
        b.set(flags, this.#c.runtimeCall("fpu_compare", x.m, x.se, y.m, y.se, i32c(quiet)));
        const rest = this.#c.runtimeCall("fpu_rest");
        this.#set(this.#status, or(this.#status, and(i32(op.i32shrU, rest, i32c(16)), i32c(EXCEPTIONS))));
      },
    );
    return localGet(wt.i32, flags);
  }
}

/** FLD1 to FLDZ, rounded to nearest: routines/load.ts, fldc. */
const constants: readonly (readonly [bigint, number])[] = [
  [HALF, 0x3fff],
  [0xd49a784bcd1b8afen, 0x4000],
  [0xb8aa3b295c17f0bcn, 0x3fff],
  [0xc90fdaa22168c235n, 0x4000],
  [0x9a209a84fbcff799n, 0x3ffd],
  [0xb17217f7d1cf79acn, 0x3ffe],
  [0n, 0],
];
