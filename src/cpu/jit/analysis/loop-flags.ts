// Flags that come around a loop. Nearly always a round ends with a comparison, and the next one writes flags before it reads any: what comes
// around is there only for ways out in between. So it does not come around: such a way out computes it from registers, which do.
//
// The first round has the flags with which control came into the loop. It is the one in which the budget is what it was there.

import { type Body, i32c, i64c, localGet, type Node, node, op, wt } from "../../../wasm/encoder.ts";
import { as, pure } from "../../codegen/expression.ts";
import { kindCode, type LazyFlagKind } from "../../isa/flags.ts";
import { noParts, overlap, type Parts, part, union } from "./register-cache.ts";

/** Where a part of the flags can be had again: a constant, or what a register holds, sign-extended from 32 bits or whole. */
export type Part = { readonly constant: bigint } | { readonly register: number; readonly low: boolean };
const samePart = (a: Part | undefined, b: Part | undefined): Part | undefined => {
  if (!a || !b) return undefined;
  if ("constant" in a) return "constant" in b && a.constant === b.constant ? a : undefined;
  return "register" in b && a.register === b.register && a.low === b.low ? a : undefined;
};

/** What the flags were written from last: by it they can be written again. */
export interface Comparison {
  readonly kind: LazyFlagKind;
  /** Bits of its operands. */
  readonly w: number;
  readonly parts: Readonly<Record<PartName, Part | undefined>>;
}
export const partNames = ["r", "a", "b"] as const;
export type PartName = (typeof partNames)[number];

/** The locals of flags, by what they hold. */
export type FlagLocals = Readonly<Record<PartName | "kind", number>>;
const all = [...partNames, "kind"] as const;

/** How flags, a register and the budget stand in locals. */
export interface Locals {
  readonly flags: FlagLocals;
  readonly budget: number;
  /** As flags have them: of 32 bits outside 64-bit mode. */
  readonly t: typeof wt.i32 | typeof wt.i64;
  register(r: number): Node;
  store(b: Body, parts: Readonly<Record<PartName | "kind", Node>>): void;
}

/** How all rounds end, if they end alike, and which parts come around in locals. */
interface Plan {
  readonly known: Comparison | undefined;
  readonly around: readonly (PartName | "kind")[];
}

export class Round {
  readonly #body: Body;
  readonly #locals: Locals;
  /** Those of flags where control came into the loop; undefined: they are in the state page. */
  readonly #before: FlagLocals | undefined;
  readonly #budget: number;
  /** What comes around in locals of its own. */
  readonly #around: FlagLocals;
  readonly #ends: (Comparison | undefined)[] = [];
  /** General registers that are written before ways out which want the flags of the head. */
  #changed = noParts;
  #wanted = false;

  /** Control is about to come into a loop: flags are in the state page, or else in their locals. */
  constructor(body: Body, locals: Locals, inStatePage: boolean) {
    this.#body = body;
    this.#locals = locals;
    const of = (): FlagLocals => ({ r: body.keep(locals.t), a: body.keep(locals.t), b: body.keep(locals.t), kind: body.keep(wt.i32) });
    this.#budget = body.keep(wt.i32);
    this.#around = of();
    this.#before = inStatePage ? undefined : of();
    body.later((late) => {
      if (!this.#wanted) return;
      late.set(this.#budget, localGet(wt.i32, locals.budget));
      if (this.#before) this.#copy(late, this.#before, all);
    });
  }
  #copy(b: Body, to: FlagLocals, which: Iterable<PartName | "kind">): void {
    for (const name of which) {
      const t = name === "kind" ? wt.i32 : this.#locals.t;
      b.set(to[name], localGet(t, this.#locals.flags[name]));
    }
  }
  /** A round ends here, and flags were written in it. */
  ends(last: Comparison | undefined): void {
    this.#ends.push(last);
    this.#body.later((late) => {
      if (this.#wanted) this.#copy(late, this.#around, this.#plan().around);
    });
  }
  /** Flags were not written on some way around: what they are at the head is not what the last round ended with. */
  #same = false;
  endsAsItBegan(): void {
    this.#same = true;
  }
  /** A way out before flags are written, behind changes of registers. */
  wants(changed: Parts): void {
    this.#wanted = true;
    this.#changed = union(this.#changed, changed);
  }
  #planned: Plan | undefined;
  #plan(): Plan {
    return (this.#planned ??= this.#makePlan());
  }
  #makePlan(): Plan {
    const [first, ...rest] = this.#ends;
    if (!first || rest.some((end) => end?.kind !== first.kind || end.w !== first.w)) return { around: all, known: undefined };
    const still = (p: Part | undefined) => (p && "register" in p && overlap(part.general(p.register), this.#changed) ? undefined : p);
    const parts = Object.fromEntries(
      partNames.map((name) => [name, still(rest.reduce((p, end) => samePart(p, end!.parts[name]), first.parts[name]))]),
    ) as Comparison["parts"];
    const missing = partNames.filter((name) => !parts[name]);
    // Of a difference and its operands two make the third.
    const around = first.kind === "sub" ? missing.slice(1) : missing;
    return { around, known: { ...first, parts } };
  }
  /** A way out that wants them stores them, and is written when the loop is. */
  store(b: Body): void {
    const { flags, budget, t } = this.#locals;
    if (this.#same) return this.#storeFrom(b, flags);
    const first = node(wt.i32, op.i32eq, [localGet(wt.i32, budget), localGet(wt.i32, this.#budget)]);
    b.if(this.#before ? first : node(wt.i32, op.i32eqz, [first]));
    if (this.#before) {
      this.#storeFrom(b, this.#before);
      b.else();
    }
    const { known } = this.#plan();
    if (!known) this.#storeFrom(b, this.#around);
    else {
      const there = (name: PartName): Node | undefined => {
        const p = known.parts[name];
        if (p) return "constant" in p ? i64c(p.constant) : this.#ofRegister(p);
        return this.#plan().around.includes(name) ? signed(localGet(t, this.#around[name])) : undefined;
      };
      const [r, a, x] = [there("r"), there("a"), there("b")];
      this.#locals.store(b, {
        r: r ?? pure.sext(pure.sub(a!, x!), known.w),
        a: a ?? pure.sext(pure.add(r!, x!), known.w),
        b: x ?? pure.sext(pure.sub(a!, r!), known.w),
        kind: i32c(kindCode[known.kind]),
      });
    }
    b.end();
  }
  #ofRegister(p: { readonly register: number; readonly low: boolean }): Node {
    const v = this.#locals.register(p.register);
    return p.low ? node(wt.i64, op.i64extendI32s, [as(wt.i32, v)]) : v;
  }
  #storeFrom(b: Body, from: FlagLocals): void {
    const { t } = this.#locals;
    const of = (name: PartName) => signed(localGet(t, from[name]));
    this.#locals.store(b, { r: of("r"), a: of("a"), b: of("b"), kind: localGet(wt.i32, from.kind) });
  }
}
const signed = (v: Node): Node => (v.t === wt.i32 ? node(wt.i64, op.i64extendI32s, [v]) : v);
