// Lazy flags of a region (flags.ts): kind and operands in locals, with facts about them, so that a condition
// becomes one comparison.
// Outside 64-bit mode the operands have 32 bits. Cpu keeps the state page's operands sign-extended from 32
// bits (segments.ts, refresh).

import { type Body, constant, i32c, i64c, localGet, node, op, type WasmNode, wt } from "../../../wasm/encoder.ts";
import { as, pure, pureLow } from "../../codegen/expression.ts";
import { compared, condition, kindCode, kindNames, type LazyFlagKind, rules } from "../../isa/flags.ts";
import type { Flag } from "../../isa/ops.ts";
import { at, EF } from "../../machine/state.ts";
import { type FlagLocals, type FlagOperand, type FlagsOperation, type OperandName, operandNames } from "./loop-flags.ts";
import { overlap, part, type RegisterSet, type UseRecorder } from "./register-cache.ts";

/** Facts about the flags at one point of the code. */
export interface FlagFacts {
  readonly kind: LazyFlagKind;
  /** Their operands are sign-extended from 32 bits or fewer. */
  readonly low: boolean;
  /** Kind "split" of a word: the result is 0 or 1. */
  readonly split: boolean;
  /** A local holds the flags as a word too, at their EFLAGS positions. */
  readonly word: boolean;
  /**
   * The operands of an 8-bit or 16-bit operation are also in locals, zero-extended. Those locals are equal if
   * ZF is set. After a comparison, the first is lower if CF is set.
   */
  readonly unsigned: boolean;
}
/**
 * Flags that decide a condition, by half of its code. Only conditions are listed for which one set flag is
 * enough.
 */
const deciding = [EF.OF, EF.CF, EF.ZF, EF.CF | EF.ZF, EF.SF, EF.PF] as const;
/** One object for each combination, so that facts are compared by identity. */
const allFacts = new Map<string, FlagFacts>();
const flagFacts = (kind: LazyFlagKind, low: boolean, more: { split?: boolean; word?: boolean; unsigned?: boolean } = {}): FlagFacts => {
  const { split = false, word = false, unsigned = false } = more;
  const key = `${kind} ${low} ${split} ${word} ${unsigned}`;
  const fact = allFacts.get(key) ?? { kind, low, split, word, unsigned };
  allFacts.set(key, fact);
  return fact;
};

/** The flags of one region while its code is emitted. */
export class RegionFlags {
  readonly #body: Body;
  readonly #narrow: boolean;
  readonly #result: number;
  readonly #a: number;
  readonly #b: number;
  readonly #kind: number;
  readonly #word: number;
  readonly #left: number;
  readonly #right: number;
  readonly #uses: UseRecorder;
  /** Facts about the flags here; undefined if the incoming edges differ. */
  facts: FlagFacts | undefined;
  /** The last comparison, if it is the same on all incoming edges. */
  comparison: FlagsOperation | undefined;
  /** Locals of the current instruction that hold the value of a register. */
  readonly #copies = new Map<number, FlagOperand & { readonly register: number }>();
  constructor(body: Body, narrow: boolean, uses: UseRecorder) {
    this.#uses = uses;
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
  /** Drops all facts. */
  forget(): void {
    this.facts = undefined;
    this.comparison = undefined;
  }
  /** Locals of the previous instruction are reused from here on. */
  beginInstruction(): void {
    this.#copies.clear();
    this.#pending.clear();
  }
  /** A local holds the value of a register: all 64 bits, or the low ones if the local has 32. */
  noteCopy(r: number, v: WasmNode): void {
    if (v.op === op.localGet) this.#copies.set(v.k as number, { register: r, low: v.t === wt.i32 });
  }
  /** A register is written: `v` is its value if at least 32 bits are written. */
  registerWritten(r: number, v: WasmNode | undefined): void {
    for (const [local, copy] of this.#copies) if (copy.register === r) this.#copies.delete(local);
    const { comparison } = this;
    const of = (name: OperandName) => comparison?.operands[name];
    const overwritten = operandNames.filter((name) => {
      const p = of(name);
      return p !== undefined && "register" in p && p.register === r;
    });
    const source = v && (v.op === op.i64extendI32u ? v.args[0]! : v);
    if (source) this.noteCopy(r, source);
    const stored = source?.op === op.localGet ? (this.#pending.get(source.k as number) ?? []) : [];
    if (comparison && overwritten.length + stored.length > 0) {
      const changes = [
        ...overwritten.map((name) => [name, undefined]),
        ...stored.map((name) => [name, this.#copies.get(source!.k as number)]),
      ];
      this.comparison = { ...comparison, operands: { ...comparison.operands, ...Object.fromEntries(changes) } };
    }
  }
  /**
   * Flag operands of the current instruction, by the local that holds them. The instruction may still write
   * the local to a register.
   */
  readonly #pending = new Map<number, OperandName[]>();
  #sourceOf(name: OperandName, v: WasmNode): FlagOperand | undefined {
    const value = constant(v);
    if (value !== undefined) return { constant: BigInt.asIntN(64, value) };
    const source = v.op === op.i64extendI32s || v.op === op.i64extendI32u ? v.args[0]! : v;
    if (source.op !== op.localGet) return undefined;
    const local = source.k as number;
    this.#pending.set(local, [...(this.#pending.get(local) ?? []), name]);
    return this.#copies.get(local);
  }

  set(kind: LazyFlagKind, r: WasmNode, a: WasmNode, b: WasmNode, w: number): void {
    const body = this.#body;
    this.#pending.clear();
    this.comparison = { kind, w, operands: { r: this.#sourceOf("r", r), a: this.#sourceOf("a", a), b: this.#sourceOf("b", b) } };
    const t = this.#narrow ? wt.i32 : wt.i64;
    // b first: it can be the old result (signParity), which changes next.
    body.set(this.#b, as(t, b));
    body.set(this.#result, as(t, r));
    body.set(this.#a, as(t, a));
    body.set(this.#kind, i32c(kindCode[kind]));
    this.facts = flagFacts(kind, this.#narrow || w <= 32);
    this.#uses.write(part.flags);
  }
  /** The operands that were just set represent this word. */
  setWord(word: WasmNode): void {
    this.#body.set(this.#word, as(wt.i32, word));
    this.facts = flagFacts("split", this.facts!.low, { split: true, word: true });
  }
  /**
   * The operands that were just set belong to an 8-bit or 16-bit operation. It compares these zero-extended
   * values.
   */
  setUnsigned(left: WasmNode, right: WasmNode): void {
    this.#body.set(this.#left, as(wt.i32, left));
    this.#body.set(this.#right, as(wt.i32, right));
    const { kind, low } = this.facts!;
    this.facts = flagFacts(kind, low, { unsigned: true });
  }
  /** The operands that were just set have the form of a split word, although no word is in a local. */
  setSplit(): void {
    if (this.facts?.kind === "split") this.facts = flagFacts("split", this.facts.low, { split: true });
  }
  #operand(local: number): WasmNode {
    return this.#narrow ? node(wt.i64, op.i64extendI32s, [localGet(wt.i32, local)]) : localGet(wt.i64, local);
  }
  operands(): { kind: WasmNode; r: WasmNode; a: WasmNode; b: WasmNode } {
    this.#uses.read(part.flags);
    return {
      kind: localGet(wt.i32, this.#kind),
      r: this.#operand(this.#result),
      a: this.#operand(this.#a),
      b: this.#operand(this.#b),
    };
  }
  /** Operations on the operands; on their low halves, if the high halves are sign extensions. */
  #ops(): typeof pure {
    return this.#narrow || this.facts?.low ? pureLow : pure;
  }

  /**
   * A flag of unknown kind: all rules and a choice between them. It is a pure expression, so an unused flag
   * costs nothing.
   */
  #anyFlag(f: Flag): WasmNode {
    const { kind, r, a, b } = this.operands();
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
  /** The next code is a loop that may write the flags. */
  mayWrite(): void {
    this.#uses.read(part.flags);
    this.#uses.write(part.flags);
  }
  flag(f: Flag): WasmNode {
    if (!this.facts) return this.#anyFlag(f);
    const { r, a, b } = this.operands();
    return rules[this.facts.kind][f](this.#ops(), r, a, b);
  }
  condition(cc: number): WasmNode {
    const { facts } = this;
    const mask = facts?.word ? deciding[cc >> 1] : undefined;
    if (mask !== undefined)
      return node(wt.i32, cc & 1 ? op.i32eq : op.i32ne, [node(wt.i32, op.i32and, [localGet(wt.i32, this.#word), i32c(mask)]), i32c(0)]);
    // ZF; after a comparison also CF and both together.
    if (facts?.unsigned && (cc >> 1 === 2 || (facts.kind === "sub" && (cc >> 1 === 1 || cc >> 1 === 3)))) {
      const [left, right] = [localGet(wt.i32, this.#left), localGet(wt.i32, this.#right)];
      if (cc >> 1 === 2) return cc & 1 ? pureLow.ne(left, right) : pureLow.eq(left, right);
      return compared(pureLow, cc, left, left, right)!;
    }
    const { r, a, b } = this.operands();
    const o = this.#ops();
    if (facts?.split && cc >> 1 === 3) {
      const above = pure.ltU(pure.and(a, pure.imm(1)), r);
      return cc & 1 ? above : pure.xor(above, pure.imm(1));
    }
    // ZF depends on the result in every kind, SF in all but one.
    const direct =
      facts?.kind === "sub" || cc === 4 || cc === 5 || (cc >> 1 === 4 && facts && facts.kind !== "split")
        ? compared(o, cc, r, a, b)
        : facts?.kind === "logic"
          ? compared(o, cc, r, r, i64c(0n))
          : undefined;
    return direct ?? condition(pure, cc, (f) => this.flag(f));
  }

  load(b: Body, parts: RegisterSet): void {
    if (!overlap(parts, part.flags)) return;
    const [t, load] = this.#narrow ? [wt.i32, op.i32load] : [wt.i64, op.i64load];
    b.set(this.#result, node(t, load, [i32c(0)], at.flagResult));
    b.set(this.#a, node(t, load, [i32c(0)], at.flagA));
    b.set(this.#b, node(t, load, [i32c(0)], at.flagB));
    b.set(this.#kind, node(wt.i32, op.i32load, [i32c(0)], at.flagKind));
  }
  /** Stores the flags where shared functions read them. `facts` must hold on all edges that lead here. */
  store(b: Body, parts: RegisterSet, facts: FlagFacts | undefined): void {
    if (!overlap(parts, part.flags)) return;
    const [r, a, x, kind] = [this.#operand(this.#result), this.#operand(this.#a), this.#operand(this.#b), localGet(wt.i32, this.#kind)];
    this.storeParts(b, facts?.kind === "logic" ? { r, kind } : { r, a, b: x, kind });
  }
  storeParts(
    b: Body,
    { r, a, b: x, kind }: { readonly r: WasmNode; readonly a?: WasmNode; readonly b?: WasmNode; readonly kind: WasmNode },
  ): void {
    b.store(op.i64store, i32c(0), r, at.flagResult);
    if (a) b.store(op.i64store, i32c(0), a, at.flagA);
    if (x) b.store(op.i64store, i32c(0), x, at.flagB);
    b.store(op.i32store, i32c(0), kind, at.flagKind);
  }
}
