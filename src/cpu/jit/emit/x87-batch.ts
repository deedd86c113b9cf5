// x87 batches in compiled regions. A batch keeps the register stack of several x87 instructions in locals.
// TOP is known relative to the start of the batch, so ST(i) is a local. FXCH and FLD ST(i) need no code, and
// arithmetic on normal numbers is inline. At the end of the batch, or at an exit from it, the state page is
// as the routines (src/cpu/routines) would leave it.
//
// The batch begins with a test: rounding to nearest at full precision, all exceptions masked, none pending.
// The registers that it reads must be full, and those that it pushes into empty. If the test fails, the same
// instructions run without a batch. So every result within a batch is delivered. Only inexactness, C1, and
// the exceptions of routines for special operands remain to be recorded. SDM Vol. 1 8.1, 8.5.

import { type Body, i32c, i64c, localGet, type Node, node, op, type WasmType, wt } from "../../../wasm/encoder.ts";
import { as, pure } from "../../codegen/expression.ts";
import { type X87Constant, x87Arithmetic, x87Constants } from "../../isa/x87-operations.ts";
import { at, type Field, S } from "../../machine/state.ts";
import type { RegionCompiler } from "./instruction-compiler.ts";
import { add, and, i32, magnitude, negated, or, packed, unpacked, type Value, X87Numbers } from "./x87-number.ts";

/** The routines that inline code calls for special operands. */
export const x87Routines = [
  "fpu_rest", "fpu_operate", "fpu_operate32", "fpu_operate64", "fpu_root", "fpu_widen32", "fpu_widen64", "fpu_narrow32", "fpu_narrow64", "fpu_compare",
] as const; // biome-ignore format: table

const ES = 0x80;
const C1 = 0x200;
const TOP = 0x3800;
const EXCEPTIONS = 0x3f;
/** The bits of the control word that matter, and their usual value. SDM Vol. 1 8.1.5. */
const CONTROL = { mask: 0xf3f, usual: 0x33f } as const;
/** Bit positions of the word that describes the pending stores of an exit from a batch. */
const pending = { dirty: 0, depth: 8, emptied: 11, filled: 19, data: 27, segment: 28 } as const;

/** The x87 batches of one region. */
export class X87Batches {
  readonly #c: RegionCompiler;
  readonly #numbers: X87Numbers;
  readonly #locals = new Map<string, number>();
  /** Within a batch. */
  active = false;
  /** TOP minus its value at the start of the batch. */
  #depth = 0;
  /**
   * Facts about registers, numbered from the initial TOP: a local holds the value; it differs from the state
   * page; it is canonical; it is 0.
   */
  #cached = 0;
  #dirty = 0;
  #canonical = 0;
  #zero = 0;
  /** Registers that must be full or empty at the start of the batch, and those that are so now. */
  #needFull = 0;
  #needEmpty = 0;
  #full = 0;
  #empty = 0;
  /** The last executed instruction, for FNSTENV, and whether any of them had a memory operand. */
  #last: { readonly ip: Node; readonly opcode: Node } | undefined;
  #data = false;
  #segment = 0;
  #ip: Node | undefined;
  constructor(c: RegionCompiler) {
    this.#c = c;
    this.#numbers = new X87Numbers(c.body, (inexact, up) => this.#rounded(inexact, up));
  }
  #b(): Body {
    return this.#c.body;
  }
  #local(name: string, t: WasmType): Node {
    let l = this.#locals.get(name);
    if (l === undefined) this.#locals.set(name, (l = this.#b().keep(t)));
    return localGet(t, l);
  }
  #set(to: Node, v: Node): void {
    this.#b().set(to.k as number, as(to.t, v));
  }
  #significand(j: number): Node {
    return this.#local(`m${j}`, wt.i64);
  }
  #signExponent(j: number): Node {
    return this.#local(`se${j}`, wt.i32);
  }
  /** The status word without changes of TOP and C1 and without inexactness. */
  #status(): Node {
    return this.#local("status", wt.i32);
  }
  #top(): Node {
    return this.#local("top", wt.i32);
  }
  #tags(): Node {
    return this.#local("tags", wt.i32);
  }
  #c1(): Node {
    return this.#local("c1", wt.i32);
  }
  /** Not 0 if a result was inexact. */
  #inexact(): Node {
    return this.#local("inexact", wt.i64);
  }
  #dataPointer(): Node {
    return this.#local("data", wt.i64);
  }

  // ---- the batch ----

  /** Opens an `if` that contains the batch. */
  begin(): void {
    const b = this.#b();
    this.active = true;
    this.#depth =
      this.#cached =
      this.#dirty =
      this.#canonical =
      this.#zero =
      this.#needFull =
      this.#needEmpty =
      this.#full =
      this.#empty =
        0;
    this.#last = undefined;
    this.#data = false;
    const [status, top, tags] = [this.#status(), this.#top(), this.#tags()];
    // The registers that the batch needs are known when it has been emitted.
    const needs = { full: 0, empty: 0, loads: 0 };
    this.#registerNeeds = needs;
    b.ifLater((late) => {
      late.set(status.k as number, node(wt.i32, op.i32load16u, [i32c(0)], at.fpuStatus));
      late.set(top.k as number, and(i32(op.i32shrU, status, i32c(11)), i32c(7)));
      const empty = node(wt.i32, op.i32load8u, [i32c(0)], at.fpuEmpty);
      late.set(tags.k as number, empty);
      const rotated = i32(op.i32shrU, or(tags, i32(op.i32shl, tags, i32c(8))), top);
      const wrong = and(i32(op.i32xor, rotated, i32c(needs.empty)), i32c(needs.full | needs.empty));
      const control = node(wt.i32, op.i32load16u, [i32c(0)], at.fpuControl);
      const otherControl = i32(op.i32xor, and(control, i32c(CONTROL.mask)), i32c(CONTROL.usual));
      late.expr(i32(op.i32eqz, or(or(wrong, otherControl), and(status, i32c(ES)))));
    }, true);
    b.later((late) => {
      for (let j = 0; j < 8; j++) {
        if (!((needs.loads >> j) & 1)) continue;
        late.set(this.#significand(j).k as number, node(wt.i64, op.i64load, [this.#registerAddress(j)], at.fpuRegs));
        late.set(this.#signExponent(j).k as number, unpacked(node(wt.i32, op.i32load16u, [this.#registerAddress(j)], at.fpuRegs + 8)));
      }
    });
    this.#set(this.#c1(), and(i32(op.i32shrU, status, i32c(9)), i32c(1)));
    this.#set(this.#inexact(), i64c(0n));
  }
  #registerNeeds = { full: 0, empty: 0, loads: 0 };
  /** The offset of register j from `fpuRegs` in the state page. */
  #registerAddress(j: number): Node {
    return i32(op.i32shl, and(j === 0 ? this.#top() : add(this.#top(), i32c(j)), i32c(7)), i32c(4));
  }
  /** Ends the batch and stores everything to the state page. */
  end(): void {
    const b = this.#b();
    for (let j = 0; j < 8; j++) if ((this.#dirty >> j) & 1) this.#storeRegister(b, j);
    this.#storeRest(b, i32c(this.#depth), i32c(this.#emptied()), i32c(this.#filled()), this.#last!);
    if (this.#data) this.#storeData(b, i32c(this.#segment));
    this.active = false;
  }
  #emptied(): number {
    return this.#empty & this.#needFull;
  }
  #filled(): number {
    return this.#full & this.#needEmpty;
  }
  #storeRegister(b: Body, j: number): void {
    b.store(op.i64store, this.#registerAddress(j), this.#significand(j), at.fpuRegs);
    b.store(op.i32store16, this.#registerAddress(j), packed(this.#signExponent(j)), at.fpuRegs + 8);
  }
  #statusNow(depth: Node): Node {
    const top = i32(op.i32shl, and(add(this.#top(), depth), i32c(7)), i32c(11));
    const raised = i32(op.i32shl, i32(op.i64ne, this.#inexact(), i64c(0n)), i32c(5));
    const c1 = i32(op.i32shl, this.#c1(), i32c(9));
    return or(or(and(this.#status(), i32c(0xffff & ~(TOP | C1))), top), or(raised, c1));
  }
  #storeRest(b: Body, depth: Node, emptied: Node, filled: Node, last: { readonly ip: Node; readonly opcode: Node }): void {
    b.store(op.i32store16, i32c(0), this.#statusNow(depth), at.fpuStatus);
    const physical = (set: Node): Node => {
      const rotated = i32(op.i32shl, set, this.#top());
      return or(rotated, i32(op.i32shrU, rotated, i32c(8)));
    };
    const tags = and(or(this.#tags(), physical(emptied)), i32(op.i32xor, physical(filled), i32c(-1)));
    b.store(op.i32store8, i32c(0), tags, at.fpuEmpty);
    b.store(op.i64store, i32c(0), last.ip, at.fpuIp);
    b.store(op.i32store16, i32c(0), last.opcode, at.fpuOpcode);
    b.store(op.i32store16, i32c(0), node(wt.i32, op.i32load, [i32c(0)], at.segSelector + S.cs * 4), at.fpuCs);
  }
  #storeData(b: Body, segment: Node): void {
    b.store(op.i64store, i32c(0), this.#dataPointer(), at.fpuDp);
    const offset = i32(op.i32shl, segment, i32c(2));
    b.store(op.i32store16, i32c(0), node(wt.i32, op.i32load, [offset], at.segSelector), at.fpuDs);
  }

  /** Prepares an exit within a batch: describes the stores of `storeAtExit`. */
  prepareExit(): void {
    const word =
      (this.#dirty << pending.dirty) |
      ((this.#depth & 7) << pending.depth) |
      (this.#emptied() << pending.emptied) |
      (this.#filled() << pending.filled) |
      (Number(this.#data) << pending.data) |
      (this.#segment << pending.segment);
    this.#set(this.#local("left", wt.i32), i32c(word));
    this.#set(this.#local("lastIp", wt.i64), this.#last?.ip ?? i64c(-1n));
    this.#set(this.#local("lastOpcode", wt.i32), this.#last?.opcode ?? i32c(0));
  }
  /** The common code of all exits from batches. */
  storeAtExit(): void {
    const b = this.#b();
    const exitState = this.#local("left", wt.i32);
    const bits = (from: number, mask: number): Node => and(i32(op.i32shrU, exitState, i32c(from)), i32c(mask));
    const when = (c: Node, then: () => void): void => {
      b.if(c);
      then();
      b.end();
    };
    for (let j = 0; j < 8; j++) if (this.#locals.has(`m${j}`)) when(bits(pending.dirty + j, 1), () => this.#storeRegister(b, j));
    const last = { ip: this.#local("lastIp", wt.i64), opcode: this.#local("lastOpcode", wt.i32) };
    // No instruction has been executed yet, so there is nothing to store.
    when(i32(op.i64ne, last.ip, i64c(-1n)), () =>
      this.#storeRest(b, bits(pending.depth, 7), bits(pending.emptied, 255), bits(pending.filled, 255), last),
    );
    when(bits(pending.data, 1), () => this.#storeData(b, bits(pending.segment, 7)));
  }

  // ---- fields ----

  /** The status word, for FNSTSW. */
  get status(): Node {
    return as(wt.i64, this.#statusNow(i32c(this.#depth)));
  }
  /** Records the fields of FNSTENV. Selectors are read when they are stored. */
  setField(f: Field, v: Node, segment: number): void {
    if (f === "fpuIp") this.#ip = v;
    else if (f === "fpuOpcode") this.#last = { ip: this.#ip!, opcode: as(wt.i32, v) };
    else if (f === "fpuDp") {
      this.#set(this.#dataPointer(), v);
      this.#data = true;
      this.#segment = segment;
    }
  }

  // ---- the stack ----

  #register(i: number): number {
    return (i + this.#depth) & 7;
  }
  #read(i: number): Value {
    const j = this.#register(i);
    const bit = 1 << j;
    if (!((this.#full | this.#empty) & bit)) {
      this.#needFull |= bit;
      this.#registerNeeds.full |= bit;
      this.#full |= bit;
    } else if (this.#empty & bit) this.#c.sideExit();
    if (!(this.#cached & bit)) {
      this.#registerNeeds.loads |= bit;
      this.#cached |= bit;
    }
    return { m: this.#significand(j), se: this.#signExponent(j), canonical: (this.#canonical & bit) !== 0, zero: (this.#zero & bit) !== 0 };
  }
  /** A register that is written from here on. */
  #target(i: number, canonical: boolean, zero = false): Value {
    const j = this.#register(i);
    const bit = 1 << j;
    if (!((this.#full | this.#empty) & bit)) {
      // A store to a register that was not read. It may be full or empty, which the test cannot express.
      this.#needFull |= bit;
      this.#registerNeeds.full |= bit;
    }
    this.#full |= bit;
    this.#empty &= ~bit;
    this.#cached |= bit;
    this.#dirty |= bit;
    this.#canonical = canonical ? this.#canonical | bit : this.#canonical & ~bit;
    this.#zero = zero ? this.#zero | bit : this.#zero & ~bit;
    return { m: this.#significand(j), se: this.#signExponent(j), canonical };
  }
  #push(canonical = true, zero = false): Value {
    this.#depth--;
    const bit = 1 << this.#register(0);
    if (!((this.#full | this.#empty) & bit)) {
      this.#needEmpty |= bit;
      this.#registerNeeds.empty |= bit;
      this.#empty |= bit;
    } else if (this.#full & bit) {
      this.#depth++;
      this.#c.sideExit();
      this.#depth--;
    }
    return this.#target(0, canonical, zero);
  }
  #pop(): void {
    const bit = 1 << this.#register(0);
    this.#full &= ~bit;
    this.#empty |= bit;
    this.#depth++;
  }
  #assign(to: Value, m: Node, se: Node): void {
    this.#numbers.assign(to, m, se);
  }
  #noC1(): void {
    this.#set(this.#c1(), i32c(0));
  }

  // ---- inline routines ----

  /** A call of a routine with inline code. */
  call(name: string, args: readonly Node[]): Node {
    const n = (k: number): number => Number((args[k] as Node).k);
    switch (name) {
      case "fld_f64":
      case "fld_f32":
        return this.#done(() => this.#load(args[0]!, name === "fld_f64" ? 64 : 32));
      case "fild":
        return this.#done(() => {
          const v = this.#numbers.integer(args[0]!);
          this.#assign(this.#push(), v.m, v.se);
          this.#noC1();
        });
      case "fld_st":
        return this.#done(() => {
          const v = this.#read(n(0));
          this.#assign(this.#push(v.canonical, v.zero), v.m, v.se);
          this.#noC1();
        });
      case "fldc":
        return this.#done(() => {
          const [m, se] = constants[n(0)] as readonly [bigint, number];
          this.#assign(this.#push(true, m === 0n), i64c(BigInt.asIntN(64, m)), i32c(se));
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
          const v = this.#numbers.integer(args[1]!);
          this.#operate(n(0), this.#read(0), v, 0);
        });
      case "arith_f64":
      case "arith_f32":
        return this.#done(() => this.#operateMemory(n(0), args[1]!, name === "arith_f64" ? 64 : 32));
      case "fsqrt":
        return this.#done(() => {
          const a = this.#read(0);
          const to = this.#target(0, true);
          this.#numbers.withSlowPath(
            (slowPathIf) => this.#numbers.root(a, to, slowPathIf),
            () => this.#routine(to, this.#c.runtimeCall("fpu_root", a.m, halfword(a.se))),
          );
        });
      case "fabs":
      case "fchs":
        return this.#done(() => {
          const a = this.#read(0);
          const to = this.#target(0, a.canonical);
          this.#set(to.se, name === "fabs" ? magnitude(a.se) : negated(a.se));
          this.#noC1();
        });
      case "fxch":
        return this.#done(() => {
          const a = this.#read(0);
          const b = this.#read(n(0));
          const saved = { m: this.#b().bind(a.m), se: this.#b().bind(a.se) };
          this.#assign(this.#target(0, b.canonical, b.zero), b.m, b.se);
          this.#assign(this.#target(n(0), a.canonical, a.zero), saved.m, saved.se);
          this.#noC1();
        });
      case "fst_st":
        return this.#done(() => {
          const a = this.#read(0);
          if (n(0) !== 0) {
            const to = this.#target(n(0), a.canonical, a.zero);
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
          this.#rounded(inexact, up);
          this.#set(this.#status(), or(this.#status(), raised));
          if (n(0)) this.#pop();
        });
    }
    throw new Error(`routine ${name} has no inline code`);
  }
  #done(does: () => void): Node {
    does();
    return i64c(0n);
  }
  /** Exceptions of a store, which take effect when the store is done. */
  #staged: { readonly inexact: Node; readonly up: Node; readonly raised: Node } | undefined;

  /** Stores the result of a routine and its exceptions. */
  #routine(to: Value, significand: Node): void {
    this.#set(to.m, significand);
    const rest = this.#b().bind(this.#c.runtimeCall("fpu_rest"));
    this.#set(to.se, unpacked(rest));
    this.#raise(rest);
  }
  #raise(rest: Node): void {
    this.#set(this.#status(), or(this.#status(), and(i32(op.i32shrU, rest, i32c(16)), i32c(EXCEPTIONS))));
    this.#set(this.#c1(), and(i32(op.i32shrU, rest, i32c(25)), i32c(1)));
  }
  #rounded(inexact: Node, up: Node): void {
    this.#set(this.#inexact(), pure.or(this.#inexact(), inexact));
    this.#set(this.#c1(), as(wt.i32, up));
  }

  #load(source: Node, w: 32 | 64): void {
    const v = this.#numbers.widened(source, w);
    const to = this.#push();
    this.#numbers.withSlowPath(
      (slowPathIf) => {
        slowPathIf(v.strange);
        this.#assign(to, v.m, v.se);
        this.#noC1();
      },
      () => this.#routine(to, this.#c.runtimeCall(`fpu_widen${w}`, v.bits)),
    );
  }
  #operateMemory(which: number, source: Node, w: 32 | 64): void {
    const v = this.#numbers.widened(source, w);
    const a = this.#read(0);
    const to = this.#target(0, true);
    this.#numbers.withSlowPath(
      (slowPathIf) => {
        slowPathIf(v.strange);
        this.#numbers.requireOrdinary(slowPathIf, a);
        this.#arithmetic(which, a, { m: this.#b().bind(v.m), se: this.#b().bind(v.se), canonical: true }, to, slowPathIf);
      },
      () => this.#routine(to, this.#c.runtimeCall(`fpu_operate${w}`, i32c(which), v.bits, a.m, halfword(a.se))),
    );
  }
  #operate(which: number, a: Value, b: Value, target: number): void {
    const to = this.#target(target, true);
    this.#numbers.withSlowPath(
      (slowPathIf) => {
        this.#numbers.requireOrdinary(slowPathIf, a, b);
        this.#arithmetic(which, a, b, to, slowPathIf);
      },
      () => this.#routine(to, this.#c.runtimeCall("fpu_operate", i32c(which), a.m, halfword(a.se), b.m, halfword(b.se))),
    );
  }
  /**
   * The operation with this number in the reg field (x87-operations.ts), on numbers of middle magnitude.
   */
  #arithmetic(which: number, a: Value, b: Value, to: Value, slowPathIf: (c: Node, label?: number) => void): void {
    const minus = (v: Value): Value => ({ ...v, se: this.#b().bind(negated(v.se)) });
    const operation = x87Arithmetic[which];
    switch (operation) {
      case "add":
        return this.#numbers.add(a, b, to, slowPathIf);
      case "mul":
        return this.#numbers.multiply(a, b, to);
      case "sub":
        return this.#numbers.add(a, minus(b), to, slowPathIf);
      case "subr":
        return this.#numbers.add(b, minus(a), to, slowPathIf);
      case "div":
        return this.#numbers.divide(a, b, to, slowPathIf);
      case "divr":
        return this.#numbers.divide(b, a, to, slowPathIf);
      default:
        throw new Error(`${operation} has no inline code`);
    }
  }

  /** The bits of a number in a narrower format, and the exceptions. */
  #narrow(a: Value, w: 32 | 64): Node {
    const b = this.#b();
    const value = b.local(wt.i64);
    const inexact = b.local(wt.i64);
    const up = b.local(wt.i32);
    const raised = b.local(wt.i32);
    this.#numbers.withSlowPath(
      (slowPathIf) => {
        const v = this.#numbers.narrowed(a, w, slowPathIf);
        b.set(value, v.bits);
        b.set(inexact, v.inexact);
        b.set(up, as(wt.i32, v.up));
        b.set(raised, i32c(0));
      },
      () => {
        b.set(value, as(wt.i64, this.#c.runtimeCall(`fpu_narrow${w}`, a.m, halfword(a.se))));
        const rest = b.bind(this.#c.runtimeCall("fpu_rest"));
        b.set(inexact, i64c(0n));
        b.set(raised, and(i32(op.i32shrU, rest, i32c(16)), i32c(EXCEPTIONS)));
        b.set(up, and(i32(op.i32shrU, rest, i32c(25)), i32c(1)));
      },
    );
    this.#staged = { inexact: localGet(wt.i64, inexact), up: localGet(wt.i32, up), raised: localGet(wt.i32, raised) };
    return localGet(wt.i64, value);
  }

  /** FCOMI: CF, PF and ZF at their positions. C1 does not change. */
  #compare(x: Value, y: Value, quiet: number): Node {
    const b = this.#b();
    const flags = b.local(wt.i32);
    this.#numbers.withSlowPath(
      (slowPathIf) => b.set(flags, this.#numbers.compared(x, y, slowPathIf)),
      () => {
        b.set(flags, this.#c.runtimeCall("fpu_compare", x.m, halfword(x.se), y.m, halfword(y.se), i32c(quiet)));
        const rest = this.#c.runtimeCall("fpu_rest");
        this.#set(this.#status(), or(this.#status(), and(i32(op.i32shrU, rest, i32c(16)), i32c(EXCEPTIONS))));
      },
    );
    return localGet(wt.i32, flags);
  }
}

/** Sign and exponent in the format of the routines. */
const halfword = (se: Node): Node => and(packed(se), i32c(0xffff));

/** FLD1 to FLDZ, rounded to nearest. */
const constants = Object.values<X87Constant>(x87Constants).map(
  ({ significand, exponent, nearest }) => [significand + BigInt(nearest), exponent] as const,
);
