// Templates: the WebAssembly of a form's meaning, with holes for the parts that a record decides. The
// interpreter's compiler writes them, so a template does the same as the handler of its form. Copy and patch:
// Xu and Kjolstad, OOPSLA 2021.

import { i32c, node, noted, op, type WasmNode, type WasmType, wt } from "../../wasm/encoder.ts";
import { isEntryOfPage, tlbEntry, translated } from "../codegen/compile.ts";
import { as, pure, truth } from "../codegen/expression.ts";
import { type Env, HandlerCompiler, handlerType } from "../interp/handler-compiler.ts";
import { compared, condition, kindCode, type LazyFlagKind, rules } from "../isa/flags.ts";
import type { HandlerForm } from "../isa/form.ts";
import type { Flag, FlagKind, RegisterWidth } from "../isa/ops.ts";
import type { RoutineType } from "../isa/routine-types.ts";
import { type Access, access } from "../machine/mmu.ts";
import { hole, holeNode, Refused, TemplateBody } from "./template-body.ts";

/** The functions that every module of templates has, by index. Imports come first. */
export const functions = {
  checkSegment: 0,
  elsewhere: 1,
  taken: 2,
  after: 3,
  leave: 4,
  uncharged: 5,
  flag: 6,
  flagsWord: 12,
  condition: 13,
  count: 29,
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
/** The facts about the flags around an instruction that are known at compile time. */
export interface FlagContext {
  /** The kind of the flags before it, if it is known. */
  readonly kind: LazyFlagKind | undefined;
  /** The flags that it sets are never read. */
  readonly dead: boolean;
}

const negated = (c: WasmNode): WasmNode => node(wt.i32, op.i32eqz, [c]);

class TemplateCompiler extends HandlerCompiler {
  declare readonly body: TemplateBody;
  #depth = 0;
  #wrote = false;
  readonly #flags: FlagContext;
  reads = false;
  leaves = false;
  sets: LazyFlagKind | undefined;
  mixes = false;

  constructor(body: TemplateBody, form: HandlerForm, flags: FlagContext) {
    super(body, form, environment);
    this.#flags = flags;
  }
  override record(): WasmNode {
    return holeNode(wt.i32, hole.record, 0);
  }
  protected override decoded(o: number, offset: number, t: WasmType = wt.i32): WasmNode {
    if (o === op.i32load16u) return noted(holeNode(t, hole.u16, offset), 16, undefined);
    if (o === op.i32load8u) return noted(holeNode(t, hole.u8, offset), 8, undefined);
    if (o === op.i64load) return holeNode(t, hole.i64, offset);
    throw new Refused();
  }

  // Memory. After a miss of the TLB the interpreter executes the instruction again.
  protected override memoryOffset(vectorIndex?: WasmNode): WasmNode {
    if (vectorIndex || this.form.row.shape.vsib) throw new Refused();
    const kind = this.form.memoryKind;
    return pure.zext(holeNode(wt.i64, hole.address, kind === "b64" || kind === "b32" ? 0 : 1), this.form.addressSize);
  }
  override translate(linear: WasmNode, bits: number, how: Access, alignment = 1): WasmNode {
    if (this.#wrote) throw new Refused();
    const b = this.body;
    const a = this.let("linear", linear);
    const entry = b.bind(tlbEntry(a));
    b.if(negated(isEntryOfPage(entry, a, bits >> 3, how, this.narrow, alignment > 1)));
    this.#interpret();
    b.end();
    const p = translated(a, entry);
    return how === access.write ? b.bind(p) : p;
  }
  #interpret(): void {
    this.leaves = true;
    this.body.expr(holeNode(wt.i32, hole.interpret, this.body.nested));
  }
  /** While nothing has changed, the interpreter can raise the fault as well, and needs no code here. */
  override fault(vector: number, error = 0): void {
    if (this.#changed) super.fault(vector, error);
    else this.#interpret();
  }
  #changed = false;
  override set(n: number, v: WasmNode): void {
    this.#changed = true;
    super.set(n, v);
  }
  override setReg(r: number, w: RegisterWidth, v: WasmNode): void {
    this.#changed = true;
    super.setReg(r, w, v);
  }
  override setXmm(r: number, v: WasmNode): void {
    this.#changed = true;
    super.setXmm(r, v);
  }
  override setUpper(r: number, v: WasmNode): void {
    this.#changed = true;
    super.setUpper(r, v);
  }
  override setLow(n: number, w: RegisterWidth, v: WasmNode): void {
    this.#changed = true;
    super.setLow(n, w, v);
  }
  override setWide(n: number, low: WasmNode, high: WasmNode): void {
    this.#changed = true;
    super.setWide(n, low, high);
  }
  protected override commitAt(): void {
    this.#changed = true;
    this.#wrote = true;
  }
  protected override leave(code: number): void {
    this.leaves = true;
    super.leave(code);
  }

  // Flags.
  override flags(kind: FlagKind, w: number, r: WasmNode, a?: WasmNode, b?: WasmNode): void {
    this.#changed = true;
    if (!this.#flags.dead) super.flags(kind, w, r, a, b);
    else this.#sets(kind === "order" || kind === "word" ? "split" : kind === "result" ? undefined : kind);
  }
  override setFlags(mask: number, word: WasmNode): void {
    this.#changed = true;
    if (!this.#flags.dead) super.setFlags(mask, word);
    else this.#sets("split");
  }
  protected override storeFlags(kind: LazyFlagKind, r: WasmNode, a: WasmNode, b: WasmNode): void {
    super.storeFlags(kind, r, a, b);
    this.#sets(kind);
  }
  #sets(kind: LazyFlagKind | undefined): void {
    if (this.#depth > 0 || kind === undefined) this.mixes = true;
    else this.sets = kind;
  }
  protected override loadFlags(): { kind: WasmNode; r: WasmNode; a: WasmNode; b: WasmNode } {
    this.reads = true;
    const all = super.loadFlags();
    return this.#flags.kind === undefined ? all : { ...all, kind: i32c(kindCode[this.#flags.kind]) };
  }
  /** The kind of the flags, unless this instruction has changed them. */
  #known(): LazyFlagKind | undefined {
    this.reads = true;
    return this.sets === undefined && !this.mixes ? this.#flags.kind : undefined;
  }
  override flag(f: Flag): WasmNode {
    const kind = this.#known();
    if (kind === undefined) return super.flag(f);
    const { r, a, b } = this.loadFlags();
    return this.let("flag", as(wt.i64, rules[kind][f](pure, r, a, b)));
  }
  override flagsWord(): WasmNode {
    this.reads = true;
    return super.flagsWord();
  }
  override condition(cc: number): WasmNode {
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
  protected override choose(c: WasmNode, then: () => void, otherwise?: () => void, likely?: boolean): void {
    this.#depth++;
    super.choose(c, then, otherwise, likely);
    this.#depth--;
  }
  protected override countExecution(): void {
    if (this.executions !== undefined) this.body.expr(holeNode(wt.i32, hole.count, this.executions));
  }
  override branch(): void {
    this.countExecution();
    this.#taken();
  }
  #taken(): void {
    this.body.expr(holeNode(wt.i32, hole.taken, this.body.nested));
  }
  override branchIf(c: WasmNode): void {
    const b = this.body;
    this.countExecution();
    b.if(truth(c));
    this.#taken();
    b.end();
    b.expr(holeNode(wt.i32, hole.after, 0));
    if (this.#depth > 0) throw new Refused();
    this.#continued = true;
  }
  /** The code of a branch is complete: a group may go on behind it. */
  #continued = false;
  override jump(target: WasmNode): void {
    const b = this.body;
    this.countExecution();
    b.expr(as(wt.i64, target));
    b.expr(holeNode(wt.i32, hole.jump, b.nested));
  }
  override repeat(bodyOf: () => WasmNode | undefined, zf: boolean): void {
    if (this.form.rep !== 0) throw new Refused();
    super.repeat(bodyOf, zf);
  }
  override helper(): void {
    throw new Refused();
  }
  override call(): WasmNode {
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
