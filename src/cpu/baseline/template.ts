// Templates: the WebAssembly of a form's meaning, with holes for what a record decides. The interpreter's
// compiler writes them, so a template does what the handler of its form does. Copy and patch: Xu and
// Kjolstad, OOPSLA 2021.

import { Body, i32c, type Node, node, noted, op, type WasmType, wt } from "../../wasm/encoder.ts";
import { isEntryOfPage, tlbEntry, translated } from "../codegen/compile.ts";
import { as, pure, truth } from "../codegen/expression.ts";
import { budgetParam, type Env, HandlerCompiler, handlerType } from "../interp/handler-compiler.ts";
import { compared, condition, kindCode, type LazyFlagKind, rules } from "../isa/flags.ts";
import type { HandlerForm } from "../isa/form.ts";
import type { Flag, FlagKind } from "../isa/ops.ts";
import type { RoutineType } from "../isa/routine-types.ts";
import { type Access, access } from "../machine/mmu.ts";

/** What fills a hole. Its argument is in brackets. */
export const hole = {
  /** The index of a local: its type's place in `localTypes` [its number among the locals of that type]. */
  local: 0,
  /** A constant of the record, u16 or u8 [the offset in the record]. */
  u16: 8,
  u8: 9,
  /** A constant of the record, as an i64, or its low half as an i32 [the offset]. */
  i64: 10,
  low: 11,
  /** The address of the record. */
  record: 12,
  /** The offset of the memory operand, as an i64, or its low half as an i32 [1: with an index]. */
  address: 14,
  addressLow: 15,
  /** The continuation in the interpreter, with this instruction. */
  interpret: 18,
  /** A constant of the record, its low half sign-extended to an i64. */
  extended: 19,
  /**
   * The continuation at the target of a branch [nested blocks around it], and at the instruction after it.
   */
  taken: 16,
  after: 17,
} as const;
/** The types of locals, in the order in which functions declare them. */
export const localTypes: readonly WasmType[] = [wt.i32, wt.i64, wt.v128, wt.f64, wt.f32];
/** The functions that every module of templates has, by index. Imports come first. */
export const functions = {
  checkSegment: 0,
  elsewhere: 1,
  taken: 2,
  after: 3,
  jump: 4,
  uncharged: 5,
  interpret: 6,
  flag: 7,
  flagsWord: 13,
  condition: 14,
  count: 30,
} as const;
/** The place of `handlerType` among a module's types. */
export const handlerTypeIndex = 0;

/** A form's code, for one kind of flags before it and one use of its own. */
export interface Template {
  readonly code: Uint8Array;
  /** Three numbers per hole: its position in the code, its kind, its argument. */
  readonly holes: Int32Array;
  /** The number of locals of each type. */
  readonly locals: readonly number[];
  /** It continues at the target of a direct branch, or at the instruction after it. */
  readonly taken: boolean;
  readonly after: boolean;
  /** Nothing follows in this function. */
  readonly ends: boolean;
  /** It reads the flags of earlier instructions. */
  readonly reads: boolean;
  /** It may leave before it has an effect: to the interpreter, or with a fault. */
  readonly leaves: boolean;
  /** Its flags replace all earlier ones: their kind. */
  readonly sets: LazyFlagKind | undefined;
  /** Afterwards, the kind of the flags is not known. */
  readonly mixes: boolean;
}
/** What is known at compile time of the flags around an instruction. */
export interface FlagContext {
  /** The kind of the flags before it, if it is known. */
  readonly kind: LazyFlagKind | undefined;
  /** No one reads the flags that it sets. */
  readonly dead: boolean;
}

/** No opcode of WebAssembly: an operator of `Node` that stands for a hole. */
const holeOp = 0x1_0000;
const holeNode = (t: WasmType, kind: number, argument: number): Node => node(t, holeOp, [], kind * 0x1000 + argument);
const kindOf = (n: Node): number => Math.floor((n.k as number) / 0x1000);
const lowKind: Record<number, number> = { [hole.i64]: hole.low, [hole.address]: hole.addressLow };

const negated = (c: Node): Node => node(wt.i32, op.i32eqz, [c]);

/** A meaning that templates do not express: the interpreter's handler executes the instruction. */
class Refused extends Error {}

class TemplateBody extends Body {
  readonly holes: number[] = [];
  readonly types: WasmType[] = [];

  override keep(t: WasmType): number {
    this.types.push(t);
    return super.keep(t);
  }
  override expr(n: Node): void {
    if (n.op === holeOp) return this.#hole(kindOf(n), (n.k as number) % 0x1000);
    const inner = n.args[0];
    if (n.op === op.i32wrap && inner?.op === holeOp) {
      const kind = lowKind[kindOf(inner)];
      if (kind !== undefined) return this.#hole(kind, (inner.k as number) % 0x1000);
    }
    const low = inner?.op === op.i32wrap ? inner.args[0] : undefined;
    if (n.op === op.i64extendI32s && low?.op === holeOp && kindOf(low) === hole.i64)
      return this.#hole(hole.extended, (low.k as number) % 0x1000);
    if (n.op !== op.localGet) return super.expr(n);
    this.code.byte(op.localGet);
    this.#local(n.k as number);
  }
  override set(local: number, value: Node): void {
    this.expr(value);
    this.code.byte(op.localSet);
    this.#local(local);
  }
  override bind(value: Node): Node {
    return value.op === holeOp && kindOf(value) < hole.address ? value : super.bind(value);
  }
  /**
   * Assigns locals whose uses do not overlap to one place, and returns the number of places of each type.
   * Templates have no loops, so a local is in use between its first and its last mention.
   */
  pack(): number[] {
    const last = new Map<number, number>();
    const isLocal = (n: number): boolean => (this.holes[n + 1] as number) < hole.u16;
    for (let n = 0; n < this.holes.length; n += 3) if (isLocal(n)) last.set(this.holes[n + 2] as number, n);
    const places = new Map<number, number>();
    const free: number[][] = localTypes.map(() => []);
    const counts = localTypes.map(() => 0);
    for (let n = 0; n < this.holes.length; n += 3) {
      if (!isLocal(n)) continue;
      const t = this.holes[n + 1] as number;
      const own = this.holes[n + 2] as number;
      let place = places.get(own);
      if (place === undefined) {
        place = free[t]!.pop() ?? counts[t]!++;
        places.set(own, place);
      }
      this.holes[n + 2] = place;
      if (last.get(own) === n) free[t]!.push(place);
    }
    return counts;
  }
  #hole(kind: number, argument: number): void {
    this.holes.push(this.code.length, kind, argument);
  }
  #local(index: number): void {
    const own = index - this.params.length;
    if (own < 0) return this.code.byte(index);
    const t = localTypes.indexOf(this.types[own] as WasmType);
    if (t < 0) throw new Refused();
    this.#hole(hole.local + t, own);
  }
}

class TemplateCompiler extends HandlerCompiler {
  #depth = 0;
  #wrote = false;
  readonly #flags: FlagContext;
  reads = false;
  leaves = false;
  sets: LazyFlagKind | undefined;
  mixes = false;

  constructor(body: Body, form: HandlerForm, flags: FlagContext) {
    super(body, form, environment);
    this.#flags = flags;
  }
  override record(): Node {
    return holeNode(wt.i32, hole.record, 0);
  }
  protected override decoded(o: number, offset: number, t: WasmType = wt.i32): Node {
    if (o === op.i32load16u) return noted(holeNode(t, hole.u16, offset), 16, undefined);
    if (o === op.i32load8u) return noted(holeNode(t, hole.u8, offset), 8, undefined);
    if (o === op.i64load) return holeNode(t, hole.i64, offset);
    throw new Refused();
  }

  // Memory. What the TLB does not serve, the interpreter does: it executes the instruction again.
  protected override memoryOffset(vectorIndex?: Node): Node {
    if (vectorIndex || this.form.row.shape.vsib) throw new Refused();
    const kind = this.form.memoryKind;
    return pure.zext(holeNode(wt.i64, hole.address, kind === "b64" || kind === "b32" ? 0 : 1), this.form.addressSize);
  }
  override translate(linear: Node, bits: number, how: Access, alignment = 1): Node {
    if (this.#wrote) throw new Refused();
    const b = this.body;
    const a = this.let("linear", linear);
    const entry = b.bind(tlbEntry(a));
    b.if(negated(isEntryOfPage(entry, a, bits >> 3, how, this.narrow, alignment > 1)));
    b.expr(holeNode(wt.i32, hole.interpret, 0));
    b.end();
    this.leaves = true;
    const p = translated(a, entry);
    return how === access.write ? b.bind(p) : p;
  }
  protected override commitAt(): void {
    this.#wrote = true;
  }
  protected override leave(code: number): void {
    this.leaves = true;
    super.leave(code);
  }

  // Flags.
  override flags(kind: FlagKind, w: number, r: Node, a?: Node, b?: Node): void {
    if (!this.#flags.dead) super.flags(kind, w, r, a, b);
    else this.#sets(kind === "order" || kind === "word" ? "split" : kind === "result" ? undefined : kind);
  }
  override setFlags(mask: number, word: Node): void {
    if (!this.#flags.dead) super.setFlags(mask, word);
    else this.#sets("split");
  }
  protected override storeFlags(kind: LazyFlagKind, r: Node, a: Node, b: Node): void {
    super.storeFlags(kind, r, a, b);
    this.#sets(kind);
  }
  #sets(kind: LazyFlagKind | undefined): void {
    if (this.#depth > 0 || kind === undefined) this.mixes = true;
    else this.sets = kind;
  }
  protected override loadFlags(): { kind: Node; r: Node; a: Node; b: Node } {
    this.reads = true;
    const all = super.loadFlags();
    return this.#flags.kind === undefined ? all : { ...all, kind: i32c(kindCode[this.#flags.kind]) };
  }
  /** The kind of the flags, unless this instruction has changed them. */
  #known(): LazyFlagKind | undefined {
    this.reads = true;
    return this.sets === undefined && !this.mixes ? this.#flags.kind : undefined;
  }
  override flag(f: Flag): Node {
    const kind = this.#known();
    if (kind === undefined) return super.flag(f);
    const { r, a, b } = this.loadFlags();
    return this.let("flag", as(wt.i64, rules[kind][f](pure, r, a, b)));
  }
  override flagsWord(): Node {
    this.reads = true;
    return super.flagsWord();
  }
  override condition(cc: number): Node {
    const kind = this.#known();
    if (kind === undefined) return super.condition(cc);
    const { r, a, b } = this.loadFlags();
    const direct = kind === "sub" || (cc & -2) === 4 ? compared(pure, cc, r, a, b) : undefined;
    return this.let("condition", direct ?? condition(pure, cc, (f) => rules[kind][f](pure, r, a, b)));
  }

  // Control.
  override next(): void {
    if (this.form.row.ends && !this.#continued) super.next();
  }
  protected override choose(c: Node, then: () => void, otherwise?: () => void, likely?: boolean): void {
    this.#depth++;
    super.choose(c, then, otherwise, likely);
    this.#depth--;
  }
  override branch(): void {
    this.body.expr(holeNode(wt.i32, hole.taken, this.#depth));
  }
  override branchIf(c: Node): void {
    const b = this.body;
    b.if(truth(c));
    this.#depth++;
    this.branch();
    this.#depth--;
    b.end();
    b.expr(holeNode(wt.i32, hole.after, 0));
    if (this.#depth > 0) throw new Refused();
    this.#continued = true;
  }
  /** The code of a branch is complete: a group may go on behind it. */
  #continued = false;
  override jump(target: Node): void {
    const b = this.body;
    b.expr(this.record());
    b.expr(budgetParam);
    b.expr(as(wt.i64, target));
    b.opcode(op.returnCall);
    b.code.u(functions.jump);
  }
  override repeat(bodyOf: () => Node | undefined, zf: boolean): void {
    if (this.form.rep !== 0) throw new Refused();
    super.repeat(bodyOf, zf);
  }
  override helper(): void {
    throw new Refused();
  }
  override call(): Node {
    throw new Refused();
  }
}

const never = (): never => {
  throw new Refused();
};
/** Common functions by index in every module of templates. */
export const environment: Env = {
  miss: -1,
  commit: -1,
  checkSegment: functions.checkSegment,
  raise: -1,
  flag: (f) => functions.flag + ["CF", "PF", "AF", "ZF", "SF", "OF"].indexOf(f),
  flagsWord: () => functions.flagsWord,
  condition: (cc) => functions.condition + cc,
  helper: -1,
  helperId: never,
  routine: never as unknown as (name: string) => RoutineType & { index: number },
  handlerTypeIndex,
  regionTypeIndex: -1,
  elsewhere: functions.elsewhere,
};

/** The template of a form; undefined if it has none. */
export const templateOf = (form: HandlerForm, flags: FlagContext): Template | undefined => {
  const body = new TemplateBody(handlerType.params);
  const compiler = new TemplateCompiler(body, form, flags);
  try {
    form.row.does(compiler, form);
    compiler.next();
  } catch (e) {
    if (e instanceof Refused) return undefined;
    throw e;
  }
  const locals = body.pack();
  const { reads, leaves, sets, mixes } = compiler;
  const has = (kind: number): boolean => body.holes.some((k, n) => n % 3 === 1 && k === kind);
  return {
    code: body.code.done(),
    holes: Int32Array.from(body.holes),
    locals,
    taken: has(hole.taken),
    after: has(hole.after),
    ends: form.row.ends === true,
    reads,
    leaves,
    sets,
    mixes,
  };
};
