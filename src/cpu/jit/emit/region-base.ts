// What compiled regions have besides instructions: registers in locals, ways out, and memory: each access through the TLB, or where it is
// known to be from another one nearby (translation-reuse.ts). An exit names the address to go on at.

import { type Body, bitsOf, constant, i32c, i64c, localGet, type Node, node, noted, op, type WasmType, wt } from "../../../wasm/encoder.ts";
import { accessWord, Compiler, isEntryOfPage, type Runtime } from "../../codegen/compile.ts";
import { as, pure } from "../../codegen/expression.ts";
import { type Decoded, noRegister } from "../../decode/decoder.ts";
import type { AddressSize, Form, Width } from "../../isa/ops.ts";
import { exitCode } from "../../machine/exit.ts";
import { layout } from "../../machine/layout.ts";
import { type Access, access } from "../../machine/mmu.ts";
import type { Model } from "../../machine/model.ts";
import { at, S } from "../../machine/state.ts";
import { type Knowledge, meet } from "../analysis/dataflow.ts";
import { type Known as KnownFlags, LazyFlags } from "../analysis/lazy-flags.ts";
import { Round } from "../analysis/loop-flags.ts";
import type { Run, Runs } from "../analysis/page-ranges.ts";
import { inStatePage, overlap, type Parts, part, Residence, type Scope, without } from "../analysis/register-cache.ts";
import { isWhole } from "../analysis/store-forwarding.ts";
import {
  atHome,
  mayAtHome,
  type Nearby,
  type PlaceLookups,
  Places,
  type Slow,
  spanOf,
  type Touch,
  tagsOf,
} from "../analysis/translation-reuse.ts";
import { type Manner, mannerOf } from "./exits.ts";
import type { JitForm } from "./jit-form.ts";
import type { JumpTable } from "./jump-tables.ts";
import { anyUpper, Registers } from "./registers.ts";

/** An immediate where its code lies in memory, and extended to so many bits. */
export interface InCode {
  readonly place: number;
  readonly bits: 32 | 64;
}

/** Where the state page was last whole: rip there, and what was owed then (`RegionBase.owed`), since when nothing has been paid. */
export interface Mark {
  readonly ip: number;
  readonly owed: number;
}

/** Functions a region calls, by index in its module, which imports them when it is told. */
export interface RegionRuntime extends Runtime, PlaceLookups {
  /** (address, bytes, access) -> 1 more than where the bytes are, or 0: leave at this instruction. */
  readonly lookUp: () => number;
  /** The same of a store of an integer: (address, bytes, value). */
  readonly lookUpForStore: () => number;
  /** (exit) -> 0 to go on, or what to leave with: the kernel serves a call. */
  readonly serve: () => number;
  /** Have accesses in a block left the region for the interpreter, time and again? */
  readonly isDoubtful: (ip: number) => boolean;
  /** How often the interpreter has passed a block, if that is counted. */
  readonly passes: (ip: number) => number | undefined;
  /** The processor's. */
  readonly model: Model;
  /** Of the address spaces that the region is entered in, if they have one. */
  readonly color: number | undefined;
  /** The type of regions, to go on into another. */
  readonly regionTypeIndex: number;
  /** Where a computed call may remember its last target. */
  readonly newCallTarget: () => number;
  /** A table for the region's computed jumps within it. */
  readonly jumpTable: (targets: readonly number[]) => JumpTable | undefined;
  /** Of code that is written again and again: where an immediate is to be read. */
  readonly immediates: ((d: Decoded) => InCode | undefined) | undefined;
}

const load32: Record<number, number> = { 8: op.i32load8u, 16: op.i32load16u, 32: op.i32load };

export abstract class RegionBase extends Compiler {
  declare readonly runtime: RegionRuntime;
  protected override readonly narrow: boolean;
  readonly residence: Residence;
  readonly registers: Registers;
  readonly flagParts: LazyFlags;
  readonly budgetLocal = 0;
  readonly #rip: number;
  readonly places: Places;
  /** Open wasm labels inside the exits' blocks. */
  depth = 0;
  /** Accesses have missed in the code that is being written (`RegionRuntime.isDoubtful`): it does not leave for one. */
  doubtful = false;
  /**
   * What is accessed is taken to be at home, and the region leaves where it is not: of a loop for long, perhaps, but a call beside each access costs
   * the registers in it more, if it comes back. Not where the loop has runs, which miss now and then.
   */
  get trusts(): boolean {
    return !this.doubtful && this.runs === undefined;
  }
  /** The instruction in progress; how many are left in its block, itself included. */
  protected d!: Decoded;
  protected i!: JitForm;
  protected left = 0;

  constructor(body: Body, runtime: RegionRuntime, mode: AddressSize) {
    super(body, undefined as unknown as Form, runtime);
    this.narrow = mode !== 64;
    this.places = new Places(body, this.narrow, runtime.color, runtime);
    const residence = new Residence({
      load: (p) => this.loadParts(body, p),
      store: (p) => this.#storeParts(body, p, this.flagParts.known),
      loadLater: (p) => body.later((late) => this.loadParts(late, p())),
      storeLater: (p, round) => body.later((late) => this.#storeParts(late, p(), undefined, round)),
    });
    this.residence = residence;
    this.registers = new Registers(body, this.narrow, residence);
    this.#rip = body.keep(wt.i64);
    this.flagParts = new LazyFlags(body, this.narrow, residence);
  }
  record(): Node {
    return i32c(0);
  }
  budget(): Node {
    return this.#budgetWith(0);
  }
  /** Instructions charged that the local does not know of yet: they are taken off where ways meet. */
  owed = 0;
  pay(): void {
    if (this.owed) this.body.set(this.budgetLocal, this.budget());
    this.owed = 0;
  }
  #budgetWith(refund: number): Node {
    const budget = localGet(wt.i32, this.budgetLocal);
    const more = refund - this.owed;
    return more ? node(wt.i32, op.i32add, [budget, i32c(more)]) : budget;
  }
  /** Here all ways out of a scope meet. */
  storeAll(scope: Scope): void {
    this.body.later((late) => this.#storeParts(late, scope.written, undefined));
  }
  // Leaving. The manners have the outermost labels (exits.ts).
  /** `refund`: instructions charged but not retired. */
  leaveAt(rip: Node, why: number, refund: number): void {
    const b = this.body;
    // A region cannot return an address of the kernel's half.
    const code = (constant(rip) ?? 0n) < 2n ** 63n ? why : exitCode.changed;
    const manner = mannerOf(code);
    const budget = this.#budgetWith(refund);
    this.residence.store();
    if (manner === "leave") {
      b.store(op.i64store, i32c(0), as(wt.i64, rip), at.rip);
      b.store(op.i32store, i32c(0), budget, at.regionBudget);
      b.store(op.i32store, i32c(0), i32c(code), at.exitCode);
    } else {
      b.set(this.#rip, as(wt.i64, rip));
      if (budget.op !== op.localGet) b.set(this.budgetLocal, budget);
    }
    this.goOut(manner);
  }
  /**
   * Code that can begin again where the state page was last whole, its mark. `write` writes it, and what it leads to; what it leaves to the
   * interpreter goes by the label around it.
   */
  fromMark(mark: Mark, write: () => void): void {
    const outer = this.#again;
    this.body.opcode(op.block);
    this.body.code.byte(0x40);
    this.depth++;
    const again = { depth: this.depth, used: false };
    this.#again = again;
    write();
    this.#again = outer;
    this.body.opcode(op.unreachable);
    this.body.end();
    this.depth--;
    if (!again.used) return;
    this.residence.now = inStatePage;
    this.owed = mark.owed;
    this.leaveAt(i64c(BigInt(mark.ip)), exitCode.sideExit, 0);
  }
  #again: { readonly depth: number; used: boolean } | undefined;
  /** The instruction in progress is the interpreter's. */
  leaveToInterpreter(): void {
    if (!this.#again || !this.residence.canBeginAgain) return this.leaveAt(this.here(), exitCode.sideExit, this.left);
    this.#again.used = true;
    this.body.opcode(op.br);
    this.body.code.u(this.depth - this.#again.depth);
  }
  /** The same, so many labels further in. */
  protected leaveFrom(arms: number): void {
    this.depth += arms;
    this.leaveToInterpreter();
    this.depth -= arms;
  }
  protected leaveToInterpreterIf(c: Node): void {
    this.body.if(c, false);
    this.leaveFrom(1);
    this.body.end();
  }
  /** Outside 64-bit mode: code that follows may run or not, and clears these upper halves if it runs. They are asked for when it is written. */
  leaveIfUpper(rip: Node, refund: number, zeroed: () => Parts): void {
    const b = this.body;
    const { held } = this.residence.now;
    b.ifLater((late) => late.expr(anyUpper(without(zeroed(), held))), false);
    this.depth++;
    this.leaveAt(rip, exitCode.upper, refund);
    this.depth--;
    b.end();
  }
  protected here(): Node {
    return i64c(BigInt(this.d.ip));
  }
  protected next(): Node {
    return i64c(this.nextIpConstant());
  }
  nextIpConstant(): bigint {
    const next = BigInt(this.d.ip + this.d.length);
    return this.d.mode === 64 ? next : BigInt.asUintN(32, next);
  }
  protected override choose(c: Node, then: () => void, otherwise?: () => void, likely?: boolean): void {
    this.body.if(c, likely);
    this.depth++;
    this.oneOf(then, () => {
      if (!otherwise) return;
      this.body.else();
      otherwise();
    });
    this.depth--;
    this.body.end();
  }
  /** One of two ways: what is known after it is what both leave known. */
  protected oneOf(one: () => void, other: () => void): void {
    const before = this.knowledge;
    let after = before;
    this.residence.oneOf(() => {
      one();
      after = this.knowledge;
      this.knowledge = before;
    }, other);
    this.knowledge = meet([this.knowledge, after]);
  }
  get knowledge(): Knowledge {
    return { flags: this.flagParts.known, last: this.flagParts.last, floats: this.floats.state, ...this.places.state };
  }
  set knowledge(k: Knowledge) {
    this.flagParts.known = k.flags;
    this.flagParts.last = k.last;
    this.floats.state = k.floats;
    this.places.state = k;
  }
  /** A value in a local of its own; of 32 bits, if the rest of it follows from those. */
  protected held(v: Node): Node {
    if (v.op === op.i64extendI32s) return node(wt.i64, v.op, [this.body.bind(v.args[0]!)]);
    if (v.t !== wt.i64 || bitsOf(v) > 32) return this.body.bind(v);
    const low = this.body.bind(as(wt.i32, v));
    return noted(low, Math.min(bitsOf(v), bitsOf(low)), v.from);
  }
  override let(_name: string, v: Node): Node {
    const there = v.op === op.i64extendI32s ? v.args[0]! : v;
    return there.op === op.localGet ? v : this.held(v);
  }
  override readAt(pointer: Node, w: number, offset = 0): Node {
    const o = load32[w];
    const there = layout.window + offset;
    return o === undefined ? super.readAt(pointer, w, there) : this.body.bind(node(wt.i32, o, [pointer], there));
  }
  override storeAt(pointer: Node, w: number, v: Node, offset = 0, b = this.body): void {
    super.storeAt(pointer, w, v, layout.window + offset, b);
  }
  override writeWideAt(pointer: Node, low: Node, high: Node): void {
    this.storeAt(pointer, 128, low);
    this.storeAt(pointer, 128, high, 16);
    this.commitAt();
  }
  /** Memory near what a register holds, which it does all the time in what follows. */
  steadyPlace(r: number): Nearby {
    return this.places.lasting(r, this.registers.gpr.get(r));
  }
  /** Control is about to come into a loop of a scope; `isEntry`: into the scope too, and flags are in the state page. */
  round(isEntry: boolean): Round {
    const { flagParts, registers, budgetLocal, narrow } = this;
    const locals = {
      flags: flagParts.locals,
      budget: budgetLocal,
      t: narrow ? wt.i32 : wt.i64,
      register: (r: number) => registers.gpr.there(r),
      store: flagParts.storeParts,
    };
    return new Round(this.body, locals, isEntry);
  }
  // Registers.
  #gpr(r: number): Node {
    return noted(this.registers.gpr.get(r), undefined, this.places.originOf(r));
  }
  /** Outside 64-bit mode what is known of where values come from is meant modulo 2^32: cutting them changes nothing. */
  protected cut(v: Node, w: number): Node {
    const cut = pure.zext(v, w);
    return v.from && w === 32 && this.d.mode !== 64 ? noted(cut, cut.below, v.from) : cut;
  }
  override readonly zext = (v: Node, w: number): Node => this.cut(v, w);
  /** Part of a general register by its byte offset in the state page: ah is byte 1 of rax. */
  protected readGpr(offset: number, w: number): Node {
    const whole = this.#gpr(offset >> 3);
    const v = offset & 1 ? pure.shr(whole, pure.imm(8)) : whole;
    const value = this.held(w === 64 ? v : this.cut(v, w));
    if (w >= 32) this.flagParts.isCopy(offset >> 3, value);
    return value;
  }
  protected writeGpr(offset: number, w: number, v: Node): void {
    const r = offset >> 3;
    const known = w === 64 || (w === 32 && (this.d.mode !== 64 || bitsOf(v) <= 32));
    this.places.setOrigin(r, known ? v.from : undefined);
    this.flagParts.wrote(r, w >= 32 ? v : undefined);
    if (w >= 32) return this.registers.gpr.set(r, v);
    const shift = offset & 1 ? 8 : 0;
    const mask = ((1n << BigInt(w)) - 1n) << BigInt(shift);
    this.registers.gpr.setLow(r, pure.or(pure.and(this.registers.gpr.get(r), pure.imm(~mask)), pure.shl(as(wt.i64, v), pure.imm(shift))));
  }
  reg(r: number, w: Width): Node {
    return this.readGpr(at.gpr + r * 8, w);
  }
  setReg(r: number, w: Width, v: Node): void {
    this.writeGpr(at.gpr + r * 8, w, v);
  }
  // Memory.
  protected effective(vectorIndex?: Node): Node {
    const d = this.d;
    let a: Node | undefined = d.base === noRegister ? undefined : this.#gpr(d.base);
    if (d.index !== noRegister) {
      const x = pure.shl(this.registers.gpr.get(d.index), pure.imm(d.scale));
      a = a ? pure.add(a, x) : x;
    }
    if (vectorIndex) {
      const x = pure.shl(vectorIndex, pure.imm(d.scale));
      a = a ? pure.add(a, x) : x;
    }
    const disp = pure.imm(BigInt(d.disp));
    return this.cut(a ? pure.add(a, disp) : disp, d.addressSize);
  }
  protected segmented(segment: number, offset: Node): Node {
    if (segment < S.fs) return offset;
    if (this.d.mode !== 64) {
      this.leaveToInterpreterIf(node(wt.i32, op.i32load8u, [i32c(0)], at.segCheck + segment));
    }
    const linear = pure.add(offset, node(wt.i64, op.i64load, [i32c(0)], at.segBase + segment * 8));
    return this.d.mode === 64 ? linear : pure.zext(linear, 32);
  }
  /** Where the bytes are, counted from the window's first byte. */
  override translate(linear: Node, bits: number, how: Access, alignment = 1): Node {
    const p = this.#whereIs(linear, bits, how, alignment);
    this.residence.loaded(spanOf(linear, bits));
    if (how === access.write) this.residence.stored(spanOf(linear, bits));
    return p;
  }
  #whereIs(linear: Node, bits: number, how: Access, alignment: number): Node {
    const p = this.body.local(wt.i32);
    const sum: Touch = (b, base, offset) => b.set(p, offset === 0 ? base : node(wt.i32, op.i32add, [base, i32c(offset)]));
    const found = this.#found(linear, bits, how, alignment, sum);
    return found ? localGet(wt.i32, p) : this.#translate(linear, bits, how, alignment);
  }
  /** The same of an address of which nothing is known. */
  #translate(linear: Node, bits: number, how: Access, alignment: number, stored?: Node): Node {
    const b = this.body;
    const a = this.let("linear", linear);
    const run = alignment === 1 ? this.#run() : undefined;
    run?.wants(how);
    const p = b.local(wt.i32);
    const may = this.narrow && alignment === 1 ? mayAtHome(a, bits >> 3, how) : undefined;
    const isThere = () => may ?? isEntryOfPage(b.bind(tagsOf(a)), a, bits >> 3, how, this.narrow, alignment > 1, layout.directTags);
    if (run) {
      const { missedRun } = this.runtime;
      const atHomeAllTheSame = () => node(wt.i32, op.call, [as(wt.i64, a), i32c(bits >> 3), run.word], missedRun());
      b.block();
      b.block();
      b.goIfLater((late) => late.expr(run.has(a)), 0, true);
      b.goIfLater((late) => late.expr(atHomeAllTheSame()), 0, true);
      this.#lookUp(p, a, bits, accessWord(how, a, alignment), stored, 2);
      b.go(1);
      b.end();
      b.set(p, atHome(a, this.runtime.color));
      b.end();
      return localGet(wt.i32, p);
    }
    b.if(isThere(), true);
    b.set(p, atHome(a, this.runtime.color));
    b.else();
    this.#lookUp(p, a, bits, accessWord(how, a, alignment), stored);
    b.end();
    return localGet(wt.i32, p);
  }
  /** `stored`: an integer that is to be stored there as it is. */
  #lookUp(p: number, a: Node, bits: number, how: Node, stored: Node | undefined, arms = 1): void {
    if (this.trusts) return this.leaveFrom(arms);
    const what = [as(wt.i64, a), i32c(bits >> 3)];
    const { lookUp, lookUpForStore } = this.runtime;
    const call = stored
      ? node(wt.i32, op.call, [...what, as(wt.i64, stored)], lookUpForStore())
      : node(wt.i32, op.call, [...what, how], lookUp());
    this.#bySelf(p, call, arms);
  }
  /** Is something known of where an address is? Then what is done there is done there (translation-reuse.ts). */
  #found(linear: Node, bits: number, how: Access, alignment: number, does: Touch, stored?: Node): boolean {
    const slow: Slow = (p, a, arms) => this.#lookUp(p, a, bits, i32c(how), stored, arms);
    return alignment === 1 && this.places.find(linear, bits >> 3, how, this.#run(), slow, does);
  }
  /** In a loop's scope: what its registers point into. */
  runs: Runs | undefined;
  /** What the register of the instruction's memory operand points into, in a loop. */
  #run(): Run | undefined {
    const { runs, d } = this;
    return runs && d.isMemory && d.base !== noRegister ? runs.of(d.base) : undefined;
  }
  /** What an operator loads from an address. */
  protected loaded(t: WasmType, o: number, linear: Node, bits: number, alignment: number, how: Access = access.read): Node {
    const there = isWhole(t, bits) ? this.places.contentAt(linear, bits) : undefined;
    const value = this.body.local(t);
    if (there) {
      // CMPXCHG may leave it as it is; that it could be written is asked in any case.
      if (how === access.write) this.#found(linear, bits, how, alignment, () => {});
      if (constant(there) !== undefined) return there;
      // A copy: what is stored there next, perhaps by the same instruction, may be remembered in the same local.
      this.body.set(value, there);
      return localGet(t, value);
    }
    const load: Touch = (b, base, offset) => b.set(value, node(t, o, [base], layout.window + offset));
    if (!this.#found(linear, bits, how, alignment, load)) load(this.body, this.#translate(linear, bits, how, alignment), 0);
    if (isWhole(t, bits)) this.places.loaded(linear, bits, localGet(t, value));
    this.residence.loaded(spanOf(linear, bits));
    const below = bitsOf(node(t, o));
    return noted(localGet(t, value), t === wt.i32 && below < 32 ? below : undefined, undefined);
  }
  protected read(linear: Node, w: number, alignment = 1, how: Access = access.read): Node {
    const narrow = load32[w];
    if (narrow !== undefined) return this.loaded(wt.i32, narrow, linear, w, alignment, how);
    if (w === 64 || w === 128)
      return this.loaded(w === 64 ? wt.i64 : wt.v128, w === 64 ? op.i64load : op.v128load, linear, w, alignment, how);
    return this.readAt(this.translate(linear, w, how, alignment), w);
  }
  protected write(linear: Node, w: number, v: Node, alignment = 1): void {
    const whole = v.t === wt.v128 || w > 64 ? v : as(w === 64 ? wt.i64 : wt.i32, v);
    const value = whole.args.length === 0 ? whole : this.body.bind(whole);
    const store: Touch = (b, base, offset) => this.storeAt(base, w, value, offset, b);
    const integer = alignment === 1 && w <= 64 && value.t !== wt.v128 ? value : undefined;
    if (!this.#found(linear, w, access.write, alignment, store, integer))
      store(this.body, this.#translate(linear, w, access.write, alignment, integer), 0);
    this.places.stored(linear, w, value);
    this.residence.stored(spanOf(linear, w));
  }
  /** Where the bytes are as a function says, in the arm of an if, or in none: 0 is the interpreter's, else it is 1 too much. */
  #bySelf(p: number, where: Node, arms = 1): void {
    const b = this.body;
    this.depth += arms;
    b.set(p, where);
    this.leaveToInterpreterIf(node(wt.i32, op.i32eqz, [localGet(wt.i32, p)]));
    // Not for nothing: of a sum V8 knows that its upper half is 0, of a call's result it does not, and the sum that is there when all goes well meets this.
    b.set(p, node(wt.i32, op.i32sub, [localGet(wt.i32, p), i32c(1 + layout.window)]));
    this.depth -= arms;
  }
  /** Never the scratch page: what would need it leaves the region. */
  protected override commitAt(): void {
    this.places.stored();
  }
  /** Where control goes: what `leaveAt` set. */
  get rip(): Node {
    return localGet(wt.i64, this.#rip);
  }
  /** From the state page. */
  protected loadParts(b: Body, parts: Parts): void {
    this.registers.load(b, parts);
    this.flagParts.load(b, parts);
  }
  #storeParts(b: Body, parts: Parts, flags: KnownFlags | undefined, round?: Round): void {
    this.registers.store(b, parts);
    if (!round) this.flagParts.store(b, parts, flags);
    else if (overlap(parts, part.flags)) round.store(b);
  }
  protected abstract readonly floats: { state: Knowledge["floats"] };
  /** Code for leaving here, when it is said where to. */
  protected abstract goOut(manner: Manner): void;
}
