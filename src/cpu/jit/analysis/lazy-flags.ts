// Lazy flags of a region (flags.ts): kind and operands in locals, and what is known of them where code is written, so that a condition is
// one comparison. Outside 64-bit mode the parts have 32 bits: Cpu sees to it that the state page's do (segments.ts, refresh).

import { type Body, constant, i32c, i64c, localGet, type Node, node, op, wt } from "../../../wasm/encoder.ts";
import { as, pure, pureLow } from "../../codegen/expression.ts";
import { compared, condition, kindCode, kindNames, type LazyFlagKind, rules } from "../../isa/flags.ts";
import type { Flag } from "../../isa/ops.ts";
import { at, EF } from "../../machine/state.ts";
import type { Noting } from "../emit/registers.ts";
import { type Comparison, type FlagLocals, type Part, type PartName, partNames } from "./loop-flags.ts";
import { overlap, type Parts, part } from "./register-cache.ts";

/** What is known of the flags at a place when its code is written. */
export interface Known {
  readonly kind: LazyFlagKind;
  /** Their parts are sign-extended from 32 bits or fewer. */
  readonly low: boolean;
  /** Kind "split" of a word: the result is 0 or 1. */
  readonly split: boolean;
  /** They stand together in that word too, in their EFLAGS places. */
  readonly word: boolean;
  /** Of 8 or 16 bits: what ZF says is equal, and of a comparison CF lower, stands zero-extended too. */
  readonly unsigned: boolean;
}
/** Flags that decide a condition, of those conditions for which any of some flags does: by half its code. */
const deciding = [EF.OF, EF.CF, EF.ZF, EF.CF | EF.ZF, EF.SF, EF.PF] as const;
/** One object for each, so that they can be compared by identity. */
const allKnown = new Map<string, Known>();
const knownFlags = (kind: LazyFlagKind, low: boolean, more: { split?: boolean; word?: boolean; unsigned?: boolean } = {}): Known => {
  const { split = false, word = false, unsigned = false } = more;
  const key = `${kind} ${low} ${split} ${word} ${unsigned}`;
  const there = allKnown.get(key) ?? { kind, low, split, word, unsigned };
  allKnown.set(key, there);
  return there;
};

export class LazyFlags {
  readonly #body: Body;
  readonly #narrow: boolean;
  readonly #result: number;
  readonly #a: number;
  readonly #b: number;
  readonly #kind: number;
  readonly #word: number;
  readonly #left: number;
  readonly #right: number;
  readonly #notes: Noting;
  /** What is known of the flags here, if every way here agrees. */
  known: Known | undefined;
  /** What they were written from last, on every way here. */
  last: Comparison | undefined;
  /** Which locals of the instruction in progress hold what registers do. */
  readonly #copies = new Map<number, Part & { readonly register: number }>();
  constructor(body: Body, narrow: boolean, notes: Noting) {
    this.#notes = notes;
    this.#body = body;
    this.#narrow = narrow;
    const t = narrow ? wt.i32 : wt.i64;
    this.#result = body.keep(t);
    this.#a = body.keep(t);
    this.#b = body.keep(t);
    this.#kind = body.keep(wt.i32);
    this.#word = body.keep(wt.i32);
    this.#left = body.keep(wt.i32);
    this.#right = body.keep(wt.i32);
  }

  get locals(): FlagLocals {
    return { r: this.#result, a: this.#a, b: this.#b, kind: this.#kind };
  }
  /** Nothing is known of them here. */
  forget(): void {
    this.known = undefined;
    this.last = undefined;
  }
  /** The locals of another instruction are used again from here on. */
  begin(): void {
    this.#copies.clear();
    this.#pending.clear();
  }
  /** A local holds what a register does: all 64 bits, or the low ones if it has 32. */
  isCopy(r: number, v: Node): void {
    if (v.op === op.localGet) this.#copies.set(v.k as number, { register: r, low: v.t === wt.i32 });
  }
  /** A register has been written: with 32 bits or more of a value, or in part. */
  wrote(r: number, v: Node | undefined): void {
    for (const [local, copy] of this.#copies) if (copy.register === r) this.#copies.delete(local);
    const { last } = this;
    const of = (name: PartName) => last?.parts[name];
    const gone = partNames.filter((name) => {
      const p = of(name);
      return p !== undefined && "register" in p && p.register === r;
    });
    const source = v && (v.op === op.i64extendI32u ? v.args[0]! : v);
    if (source) this.isCopy(r, source);
    const come = source?.op === op.localGet ? (this.#pending.get(source.k as number) ?? []) : [];
    if (last && gone.length + come.length > 0) {
      const changes = [...gone.map((name) => [name, undefined]), ...come.map((name) => [name, this.#copies.get(source!.k as number)])];
      this.last = { ...last, parts: { ...last.parts, ...Object.fromEntries(changes) } };
    }
  }
  /** Parts of what was kept by the instruction in progress, by the local that they are in: one may be written to a register yet. */
  readonly #pending = new Map<number, PartName[]>();
  #sourceOf(name: PartName, v: Node): Part | undefined {
    const value = constant(v);
    if (value !== undefined) return { constant: BigInt.asIntN(64, value) };
    const held = v.op === op.i64extendI32s || v.op === op.i64extendI32u ? v.args[0]! : v;
    if (held.op !== op.localGet) return undefined;
    const local = held.k as number;
    this.#pending.set(local, [...(this.#pending.get(local) ?? []), name]);
    return this.#copies.get(local);
  }

  keep(kind: LazyFlagKind, r: Node, a: Node, b: Node, w: number): void {
    const body = this.#body;
    this.#pending.clear();
    this.last = { kind, w, parts: { r: this.#sourceOf("r", r), a: this.#sourceOf("a", a), b: this.#sourceOf("b", b) } };
    const t = this.#narrow ? wt.i32 : wt.i64;
    // b first: it can be the old result (signParity), which is about to change.
    body.set(this.#b, as(t, b));
    body.set(this.#result, as(t, r));
    body.set(this.#a, as(t, a));
    body.set(this.#kind, i32c(kindCode[kind]));
    this.known = knownFlags(kind, this.#narrow || w <= 32);
    this.#notes.write(part.flags);
  }
  /** What has just been kept is this word. */
  together(word: Node): void {
    this.#body.set(this.#word, as(wt.i32, word));
    this.known = knownFlags("split", this.known!.low, { split: true, word: true });
  }
  /** What has just been kept, of 8 or 16 bits, compares these; without a sign they need not be extended. */
  unsigned(left: Node, right: Node): void {
    this.#body.set(this.#left, as(wt.i32, left));
    this.#body.set(this.#right, as(wt.i32, right));
    const { kind, low } = this.known!;
    this.known = knownFlags(kind, low, { unsigned: true });
  }
  /** What has just been kept is as if from a word, which stands nowhere. */
  apart(): void {
    if (this.known?.kind === "split") this.known = knownFlags("split", this.known.low, { split: true });
  }
  #part(local: number): Node {
    return this.#narrow ? node(wt.i64, op.i64extendI32s, [localGet(wt.i32, local)]) : localGet(wt.i64, local);
  }
  lazyFlags(): { kind: Node; r: Node; a: Node; b: Node } {
    this.#notes.read(part.flags);
    return {
      kind: localGet(wt.i32, this.#kind),
      r: this.#part(this.#result),
      a: this.#part(this.#a),
      b: this.#part(this.#b),
    };
  }
  /** Comparisons of the parts: of their low halves, if those say it all. */
  #ops(): typeof pure {
    return this.#narrow || this.known?.low ? pureLow : pure;
  }

  /** Of an unknown kind: all rules, and a choice. Pure, so that what nobody reads costs nothing. */
  #anyFlag(f: Flag): Node {
    const { kind, r, a, b } = this.lazyFlags();
    const [first, ...rest] = kindNames.map((k) => ({
      code: kindCode[k],
      rule: rules[k][f],
      v: as(wt.i64, rules[k][f](this.#ops(), r, a, b)),
    }));
    return rest.reduce(
      (v, k) => (k.rule === first!.rule ? v : pure.select(node(wt.i32, op.i32eq, [kind, i32c(k.code)]), k.v, v)),
      first!.v,
    );
  }
  /** What follows is done again and again, and may write them. */
  mayWrite(): void {
    this.#notes.read(part.flags);
    this.#notes.write(part.flags);
  }
  flag(f: Flag): Node {
    if (!this.known) return this.#anyFlag(f);
    const { r, a, b } = this.lazyFlags();
    return rules[this.known.kind][f](this.#ops(), r, a, b);
  }
  condition(cc: number): Node {
    const { known } = this;
    const mask = known?.word ? deciding[cc >> 1] : undefined;
    if (mask !== undefined)
      return node(wt.i32, cc & 1 ? op.i32eq : op.i32ne, [node(wt.i32, op.i32and, [localGet(wt.i32, this.#word), i32c(mask)]), i32c(0)]);
    // ZF; CF, and both together.
    if (known?.unsigned && (cc >> 1 === 2 || (known.kind === "sub" && (cc >> 1 === 1 || cc >> 1 === 3)))) {
      const [left, right] = [localGet(wt.i32, this.#left), localGet(wt.i32, this.#right)];
      if (cc >> 1 === 2) return cc & 1 ? pureLow.ne(left, right) : pureLow.eq(left, right);
      return compared(pureLow, cc, left, left, right)!;
    }
    const { r, a, b } = this.lazyFlags();
    const o = this.#ops();
    if (known?.split && cc >> 1 === 3) {
      const above = pure.ltU(pure.and(a, pure.imm(1)), r);
      return cc & 1 ? above : pure.xor(above, pure.imm(1));
    }
    // ZF is what every kind has of its result, and SF all but one.
    const direct =
      known?.kind === "sub" || cc === 4 || cc === 5 || (cc >> 1 === 4 && known && known.kind !== "split")
        ? compared(o, cc, r, a, b)
        : known?.kind === "logic"
          ? compared(o, cc, r, r, i64c(0n))
          : undefined;
    return direct ?? condition(pure, cc, (f) => this.flag(f));
  }

  load(b: Body, parts: Parts): void {
    if (!overlap(parts, part.flags)) return;
    const [t, load] = this.#narrow ? [wt.i32, op.i32load] : [wt.i64, op.i64load];
    b.set(this.#result, node(t, load, [i32c(0)], at.flagResult));
    b.set(this.#a, node(t, load, [i32c(0)], at.flagA));
    b.set(this.#b, node(t, load, [i32c(0)], at.flagB));
    b.set(this.#kind, node(wt.i32, op.i32load, [i32c(0)], at.flagKind));
  }
  /** Put the flags where the shared functions look for them: what is known of them goes for all ways that lead here. */
  store(b: Body, parts: Parts, known: Known | undefined): void {
    if (!overlap(parts, part.flags)) return;
    const [r, a, x, kind] = [this.#part(this.#result), this.#part(this.#a), this.#part(this.#b), localGet(wt.i32, this.#kind)];
    this.storeParts(b, known?.kind === "logic" ? { r, kind } : { r, a, b: x, kind });
  }
  storeParts(b: Body, { r, a, b: x, kind }: { readonly r: Node; readonly a?: Node; readonly b?: Node; readonly kind: Node }): void {
    b.store(op.i64store, i32c(0), r, at.flagResult);
    if (a) b.store(op.i64store, i32c(0), a, at.flagA);
    if (x) b.store(op.i64store, i32c(0), x, at.flagB);
    b.store(op.i32store, i32c(0), kind, at.flagKind);
  }
}
