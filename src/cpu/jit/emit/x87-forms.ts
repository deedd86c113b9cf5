// The inline forms of x87 operations in compiled regions: values only. The register stack follows from the
// operations' stack effects (isa/x87-operations.ts), which x87-batch.ts applies.

import { type Body, i32c, i64c, localGet, op, type WasmNode, wt } from "../../../wasm/encoder.ts";
import { as, pure } from "../../codegen/expression.ts";
import { type InlineRoutine, type X87Constant, x87Arithmetic, x87Constants } from "../../isa/x87-operations.ts";
import { and, i32, magnitude, negated, or, packed, unpacked, type Value, X87Numbers } from "./x87-number.ts";
import type { X87Registers } from "./x87-registers.ts";

/** The routines that inline forms call for special operands. */
export const x87Routines = [
  "fpu_rest", "fpu_operate", "fpu_operate32", "fpu_operate64", "fpu_root", "fpu_widen32", "fpu_widen64", "fpu_narrow32", "fpu_narrow64", "fpu_compare",
] as const; // biome-ignore format: table
/** Emits a call of such a routine. */
export type X87Call = (name: (typeof x87Routines)[number], ...args: WasmNode[]) => WasmNode;

const EXCEPTIONS = 0x3f;

/** The operands of one operation. */
export interface Operands {
  /** The registers that it reads. */
  readonly sources: readonly Value[];
  readonly args: readonly WasmNode[];
  /** A constant argument. */
  n(position: number): number;
  /**
   * The local of a written register: the pushed one, or the one at this position among the writes. It differs
   * from a source only if the operation assigns it.
   */
  to(canonical: boolean, zero?: boolean, position?: number): Value;
}
type Form = (operands: Operands) => WasmNode | void;

/** The inline forms of one region. */
export class X87Forms {
  readonly #b: Body;
  readonly #call: X87Call;
  readonly #registers: X87Registers;
  readonly #numbers: X87Numbers;
  constructor(body: Body, registers: X87Registers, call: X87Call) {
    this.#b = body;
    this.#call = call;
    this.#registers = registers;
    this.#numbers = new X87Numbers(body, (inexact, up) => this.#rounded(inexact, up));
  }
  /** Emits an operation. The result is a value for the meaning, if there is one. */
  emit(name: InlineRoutine, operands: Operands): WasmNode {
    return this.#forms[name](operands) ?? i64c(0n);
  }
  readonly #forms: Readonly<Record<InlineRoutine, Form>> = {
    fld_f32: ({ args, to }) => this.#load(args[0]!, 32, to),
    fld_f64: ({ args, to }) => this.#load(args[0]!, 64, to),
    fild: ({ args, to }) => {
      const v = this.#numbers.integer(args[0]!);
      this.#assign(to(true), v.m, v.se);
      this.#noC1();
    },
    fldc: ({ n, to }) => {
      const [m, se] = constants[n(0)] as readonly [bigint, number];
      this.#assign(to(true, m === 0n), i64c(BigInt.asIntN(64, m)), i32c(se));
      this.#noC1();
    },
    fld_st: ({ sources: [v], to }) => {
      this.#assign(to(v!.canonical, v!.zero), v!.m, v!.se);
      this.#noC1();
    },
    fxch: ({ sources: [a, b], to }) => {
      const saved = { m: this.#b.bind(a!.m), se: this.#b.bind(a!.se) };
      this.#assign(to(b!.canonical, b!.zero, 0), b!.m, b!.se);
      this.#assign(to(a!.canonical, a!.zero, 1), saved.m, saved.se);
      this.#noC1();
    },
    fst_st: ({ sources: [a], n, to }) => {
      if (n(0) !== 0) this.#assign(to(a!.canonical, a!.zero), a!.m, a!.se);
      this.#noC1();
    },
    fst_f32_value: ({ sources: [a] }) => this.#narrow(a!, 32),
    fst_f64_value: ({ sources: [a] }) => this.#narrow(a!, 64),
    stores: () => i32c(1),
    stored: () => {
      const { inexact, up, raised } = this.#staged!;
      this.#rounded(inexact, up);
      this.#set(this.#registers.status, or(this.#registers.status, raised));
    },
    arith_f32: ({ sources: [a], args, n, to }) => this.#operateMemory(n(0), a!, args[1]!, 32, to(true)),
    arith_f64: ({ sources: [a], args, n, to }) => this.#operateMemory(n(0), a!, args[1]!, 64, to(true)),
    arith_i32: ({ sources: [a], args, n, to }) => {
      const v = this.#numbers.integer(args[1]!);
      this.#operate(n(0), a!, v, to(true));
    },
    arith_st: ({ sources: [a, b], n, to }) => this.#operate(n(0), a!, b!, to(true)),
    arith_to: ({ sources: [a, b], n, to }) => this.#operate(n(0), a!, b!, to(true)),
    fcomi: ({ sources: [a, b], n }) => this.#compare(a!, b!, n(1)),
    fabs: ({ sources: [a], to }) => {
      this.#set(to(a!.canonical).se, magnitude(a!.se));
      this.#noC1();
    },
    fchs: ({ sources: [a], to }) => {
      this.#set(to(a!.canonical).se, negated(a!.se));
      this.#noC1();
    },
    fsqrt: ({ sources: [a], to: target }) => {
      const to = target(true);
      this.#numbers.withSlowPath(
        (slowPathIf) => this.#numbers.root(a!, to, slowPathIf),
        () => this.#routine(to, this.#call("fpu_root", a!.m, halfword(a!.se))),
      );
    },
  };

  #set(to: WasmNode, v: WasmNode): void {
    this.#registers.set(to, v);
  }
  #assign(to: Value, m: WasmNode, se: WasmNode): void {
    this.#numbers.assign(to, m, se);
  }
  #noC1(): void {
    this.#set(this.#registers.c1, i32c(0));
  }
  /** Exceptions of a store, which take effect when the store is done. */
  #staged: { readonly inexact: WasmNode; readonly up: WasmNode; readonly raised: WasmNode } | undefined;

  /** Stores the result of a routine and its exceptions. */
  #routine(to: Value, significand: WasmNode): void {
    this.#set(to.m, significand);
    const rest = this.#b.bind(this.#call("fpu_rest"));
    this.#set(to.se, unpacked(rest));
    const { status, c1 } = this.#registers;
    this.#set(status, or(status, and(i32(op.i32shrU, rest, i32c(16)), i32c(EXCEPTIONS))));
    this.#set(c1, and(i32(op.i32shrU, rest, i32c(25)), i32c(1)));
  }
  #rounded(inexact: WasmNode, up: WasmNode): void {
    this.#set(this.#registers.inexact, pure.or(this.#registers.inexact, inexact));
    this.#set(this.#registers.c1, as(wt.i32, up));
  }

  #load(source: WasmNode, w: 32 | 64, target: Operands["to"]): void {
    const v = this.#numbers.widened(source, w);
    const to = target(true);
    this.#numbers.withSlowPath(
      (slowPathIf) => {
        slowPathIf(v.strange);
        this.#assign(to, v.m, v.se);
        this.#noC1();
      },
      () => this.#routine(to, this.#call(`fpu_widen${w}`, v.bits)),
    );
  }
  #operateMemory(which: number, a: Value, source: WasmNode, w: 32 | 64, to: Value): void {
    const v = this.#numbers.widened(source, w);
    this.#numbers.withSlowPath(
      (slowPathIf) => {
        slowPathIf(v.strange);
        this.#numbers.requireOrdinary(slowPathIf, a);
        this.#arithmetic(which, a, { m: this.#b.bind(v.m), se: this.#b.bind(v.se), canonical: true }, to, slowPathIf);
      },
      () => this.#routine(to, this.#call(`fpu_operate${w}`, i32c(which), v.bits, a.m, halfword(a.se))),
    );
  }
  #operate(which: number, a: Value, b: Value, to: Value): void {
    this.#numbers.withSlowPath(
      (slowPathIf) => {
        this.#numbers.requireOrdinary(slowPathIf, a, b);
        this.#arithmetic(which, a, b, to, slowPathIf);
      },
      () => this.#routine(to, this.#call("fpu_operate", i32c(which), a.m, halfword(a.se), b.m, halfword(b.se))),
    );
  }
  /**
   * The operation with this number in the reg field (x87-operations.ts), on numbers of middle magnitude.
   */
  #arithmetic(which: number, a: Value, b: Value, to: Value, slowPathIf: (c: WasmNode, label?: number) => void): void {
    const minus = (v: Value): Value => ({ ...v, se: this.#b.bind(negated(v.se)) });
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
  #narrow(a: Value, w: 32 | 64): WasmNode {
    const b = this.#b;
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
        b.set(value, as(wt.i64, this.#call(`fpu_narrow${w}`, a.m, halfword(a.se))));
        const rest = b.bind(this.#call("fpu_rest"));
        b.set(inexact, i64c(0n));
        b.set(raised, and(i32(op.i32shrU, rest, i32c(16)), i32c(EXCEPTIONS)));
        b.set(up, and(i32(op.i32shrU, rest, i32c(25)), i32c(1)));
      },
    );
    this.#staged = { inexact: localGet(wt.i64, inexact), up: localGet(wt.i32, up), raised: localGet(wt.i32, raised) };
    return localGet(wt.i64, value);
  }

  /** FCOMI: CF, PF and ZF at their positions. C1 does not change. */
  #compare(x: Value, y: Value, quiet: number): WasmNode {
    const b = this.#b;
    const flags = b.local(wt.i32);
    this.#numbers.withSlowPath(
      (slowPathIf) => b.set(flags, this.#numbers.compared(x, y, slowPathIf)),
      () => {
        b.set(flags, this.#call("fpu_compare", x.m, halfword(x.se), y.m, halfword(y.se), i32c(quiet)));
        const rest = this.#call("fpu_rest");
        const { status } = this.#registers;
        this.#set(status, or(status, and(i32(op.i32shrU, rest, i32c(16)), i32c(EXCEPTIONS))));
      },
    );
    return localGet(wt.i32, flags);
  }
}

/** Sign and exponent in the format of the routines. */
const halfword = (se: WasmNode): WasmNode => and(packed(se), i32c(0xffff));

/** FLD1 to FLDZ, rounded to nearest. */
const constants = Object.values<X87Constant>(x87Constants).map(
  ({ significand, exponent, nearest }) => [significand + BigInt(nearest), exponent] as const,
);
