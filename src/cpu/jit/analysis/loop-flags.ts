// Loop-carried flags. Nearly always an iteration ends with a comparison, and the next one writes flags before
// it reads any. Carried flags are then needed only at exits in between. So such an exit recomputes them from
// registers, which are carried anyway.
//
// The first iteration has the flags with which control entered the loop. It is recognised by the budget,
// which still has its value at the entry.

import { type Body, i32c, i64c, localGet, node, op, type WasmNode, wt } from "../../../wasm/encoder.ts";
import { as, pure } from "../../codegen/expression.ts";
import { kindCode, type LazyFlagKind } from "../../isa/flags.ts";
import { noRegisters, overlap, part, type RegisterSet, union } from "./register-cache.ts";

/** The source of a flag operand: a constant, or a register, whole or its low half sign-extended. */
export type FlagOperand = { readonly constant: bigint } | { readonly register: number; readonly low: boolean };
const sameOperand = (a: FlagOperand | undefined, b: FlagOperand | undefined): FlagOperand | undefined => {
  if (!a || !b) return undefined;
  if ("constant" in a) return "constant" in b && a.constant === b.constant ? a : undefined;
  return "register" in b && a.register === b.register && a.low === b.low ? a : undefined;
};

/** The operation that wrote the flags last. The flags can be recomputed from it. */
export interface FlagsOperation {
  readonly kind: LazyFlagKind;
  /** Operand width in bits. */
  readonly w: number;
  readonly operands: Readonly<Record<OperandName, FlagOperand | undefined>>;
}
/** The operands of lazy flags: result, first and second operand. */
export const operandNames = ["r", "a", "b"] as const;
/** The name of a flag operand. */
export type OperandName = (typeof operandNames)[number];

/** The locals of flags, by content. */
export type FlagLocals = Readonly<Record<OperandName | "kind", number>>;
const all = [...operandNames, "kind"] as const;

/** The locals of flags, registers and the budget. */
export interface Locals {
  readonly flags: FlagLocals;
  readonly budget: number;
  /** The type of flag locals: 32 bits outside 64-bit mode. */
  readonly t: typeof wt.i32 | typeof wt.i64;
  register(r: number): WasmNode;
  store(b: Body, parts: Readonly<Record<OperandName | "kind", WasmNode>>): void;
}

/** The common end of all iterations, if they end alike, and the operands that are carried in locals. */
interface Plan {
  readonly comparison: FlagsOperation | undefined;
  readonly carried: readonly (OperandName | "kind")[];
}

/** The flags of one loop in a loop scope, from its entry to its exits. */
export class Iteration {
  readonly #body: Body;
  readonly #locals: Locals;
  /** Flags at the entry of the loop; undefined if they are in the state page. */
  readonly #onEntry: FlagLocals | undefined;
  readonly #budget: number;
  /** Locals of the carried operands. */
  readonly #carried: FlagLocals;
  readonly #ends: (FlagsOperation | undefined)[] = [];
  /** General registers that are written before exits that need the flags of the loop head. */
  #changed = noRegisters;
  #needed = false;

  /** Control is about to enter a loop. The flags are in the state page or in their locals. */
  constructor(body: Body, locals: Locals, inStatePage: boolean) {
    this.#body = body;
    this.#locals = locals;
    const of = (): FlagLocals => ({ r: body.keep(locals.t), a: body.keep(locals.t), b: body.keep(locals.t), kind: body.keep(wt.i32) });
    this.#budget = body.keep(wt.i32);
    this.#carried = of();
    this.#onEntry = inStatePage ? undefined : of();
    body.later((late) => {
      if (!this.#needed) return;
      late.set(this.#budget, localGet(wt.i32, locals.budget));
      if (this.#onEntry) this.#copy(late, this.#onEntry, all);
    });
  }
  #copy(b: Body, to: FlagLocals, which: Iterable<OperandName | "kind">): void {
    for (const name of which) {
      const t = name === "kind" ? wt.i32 : this.#locals.t;
      b.set(to[name], localGet(t, this.#locals.flags[name]));
    }
  }
  /** An iteration that has written flags ends here. */
  endWith(last: FlagsOperation | undefined): void {
    this.#ends.push(last);
    this.#body.later((late) => {
      if (this.#needed) this.#copy(late, this.#carried, this.#plan().carried);
    });
  }
  /**
   * Some path around the loop does not write flags. So the flags at the head may be older than the last
   * iteration.
   */
  #unchanged = false;
  endUnchanged(): void {
    this.#unchanged = true;
  }
  /**
   * An exit before flags are written needs the flags of the head. `changed` is the set of registers written
   * before it.
   */
  exitNeeds(changed: RegisterSet): void {
    this.#needed = true;
    this.#changed = union(this.#changed, changed);
  }
  #planned: Plan | undefined;
  #plan(): Plan {
    return (this.#planned ??= this.#makePlan());
  }
  #makePlan(): Plan {
    const [first, ...rest] = this.#ends;
    if (!first || rest.some((end) => end?.kind !== first.kind || end.w !== first.w)) return { carried: all, comparison: undefined };
    const still = (p: FlagOperand | undefined) =>
      p && "register" in p && overlap(part.general(p.register), this.#changed) ? undefined : p;
    const operands = Object.fromEntries(
      operandNames.map((name) => [name, still(rest.reduce((p, end) => sameOperand(p, end!.operands[name]), first.operands[name]))]),
    ) as FlagsOperation["operands"];
    const missing = operandNames.filter((name) => !operands[name]);
    // Two of a difference and its operands determine the third.
    const carried = first.kind === "sub" ? missing.slice(1) : missing;
    return { carried, comparison: { ...first, operands } };
  }
  /** Stores the flags at an exit. The code is written when the whole loop is. */
  storeAtExit(): void {
    this.#body.later((late) => this.#store(late));
  }
  #store(b: Body): void {
    const { flags, budget, t } = this.#locals;
    if (this.#unchanged) return this.#storeFrom(b, flags);
    const first = node(wt.i32, op.i32eq, [localGet(wt.i32, budget), localGet(wt.i32, this.#budget)]);
    b.if(this.#onEntry ? first : node(wt.i32, op.i32eqz, [first]));
    if (this.#onEntry) {
      this.#storeFrom(b, this.#onEntry);
      b.else();
    }
    const { comparison } = this.#plan();
    if (!comparison) this.#storeFrom(b, this.#carried);
    else {
      const there = (name: OperandName): WasmNode | undefined => {
        const p = comparison.operands[name];
        if (p) return "constant" in p ? i64c(p.constant) : this.#ofRegister(p);
        return this.#plan().carried.includes(name) ? signed(localGet(t, this.#carried[name])) : undefined;
      };
      const [r, a, x] = [there("r"), there("a"), there("b")];
      this.#locals.store(b, {
        r: r ?? pure.sext(pure.sub(a!, x!), comparison.w),
        a: a ?? pure.sext(pure.add(r!, x!), comparison.w),
        b: x ?? pure.sext(pure.sub(a!, r!), comparison.w),
        kind: i32c(kindCode[comparison.kind]),
      });
    }
    b.end();
  }
  #ofRegister(p: { readonly register: number; readonly low: boolean }): WasmNode {
    const v = this.#locals.register(p.register);
    return p.low ? node(wt.i64, op.i64extendI32s, [as(wt.i32, v)]) : v;
  }
  #storeFrom(b: Body, from: FlagLocals): void {
    const { t } = this.#locals;
    const of = (name: OperandName) => signed(localGet(t, from[name]));
    this.#locals.store(b, { r: of("r"), a: of("a"), b: of("b"), kind: localGet(wt.i32, from.kind) });
  }
}
const signed = (v: WasmNode): WasmNode => (v.t === wt.i32 ? node(wt.i64, op.i64extendI32s, [v]) : v);
