// The parts of a compiled region other than instructions: registers in locals, exits, and memory accesses. An
// access uses the direct map, a nearby translation (translation-reuse.ts), or the TLB. An exit names the
// address at which control continues.

import { type Body, bitsOf, constant, i32c, localGet, node, noted, op, type WasmNode, type WasmType, wt } from "../../../wasm/encoder.ts";
import { accessWord, Compiler, isEntryOfPage, type Runtime } from "../../codegen/compile.ts";
import { as, pure } from "../../codegen/expression.ts";
import { type Decoded, noRegister } from "../../decode/decoder.ts";
import type { Form, RegisterWidth } from "../../isa/ops.ts";
import { exitCode } from "../../machine/exit.ts";
import { layout } from "../../machine/layout.ts";
import { type Access, access } from "../../machine/mmu.ts";
import type { Model } from "../../machine/model.ts";
import { at, S } from "../../machine/state.ts";
import { type DataflowState, meet } from "../analysis/dataflow.ts";
import type { JitForm } from "../analysis/jit-form.ts";
import { RegionFlags } from "../analysis/lazy-flags.ts";
import { Iteration } from "../analysis/loop-flags.ts";
import type { PageRange } from "../analysis/page-ranges.ts";
import { inStatePage, type LoopScope, overlap, part, RegisterCache, type RegisterSet, without } from "../analysis/register-cache.ts";
import { isWhole } from "../analysis/store-forwarding.ts";
import {
  accessRights,
  byteRangeOf,
  directAddress,
  type MemoryAccess,
  type ReuseSlowPaths,
  type ReuseState,
  type SlowLookup,
  TranslationReuse,
  tagsOf,
} from "../analysis/translation-reuse.ts";
import { EmittedCodeAddresses } from "./code-addresses.ts";
import { type ExitKind, exitKindOf } from "./exits.ts";
import type { JumpTable } from "./jump-tables.ts";
import { anyUpper, RegionRegisters } from "./registers.ts";

/** The memory offset of an immediate in code, and its width after extension. */
export interface InCode {
  readonly address: number;
  readonly bits: 32 | 64;
}

/**
 * The last point at which the state page had all registers: its rip, and the pending charge there
 * (`RegionBase.pendingCharge`). Nothing has been charged since.
 */
export interface Checkpoint {
  readonly ip: number;
  readonly pendingCharge: number;
}

/**
 * Functions that a region calls, by index in its module. The first request for an index imports the function.
 */
export interface RegionRuntime extends Runtime, ReuseSlowPaths {
  /**
   * (address, bytes, access) -> the offset of the bytes plus 1, or 0 for a side exit at this instruction.
   */
  readonly lookUp: () => number;
  /** The same for a store of an integer: (address, bytes, value). */
  readonly lookUpForStore: () => number;
  /** Lets the kernel serve a door's call. (exit) -> 0 to continue, or the code to leave with. */
  readonly serve: () => number;
  /** True if a block has taken too many side exits (deopt.ts). */
  readonly isDeoptimised: (ip: number) => boolean;
  /** The interpreter's count of executions of a block; undefined if it is not counted. */
  readonly executions: (ip: number) => number | undefined;
  /** The processor model. */
  readonly model: Model;
  /** The color of the address spaces that enter the region, if it is constant. */
  readonly color: number | undefined;
  /**
   * The address at which the file of the code would begin, if the code may be at any position
   * (code-addresses.ts).
   */
  readonly base: number | undefined;
  /** The function that enters another region (enterRegionType). */
  readonly enterRegion: () => number;
  /** Allocates a call target cache for an indirect call. */
  readonly callCache: () => number;
  /** Makes a jump table for indirect jumps within the region. */
  readonly jumpTable: (targets: readonly number[]) => JumpTable | undefined;
  /**
   * The location of an immediate that code reads at run time, in regions for code that is often rewritten.
   */
  readonly immediates: ((d: Decoded) => InCode | undefined) | undefined;
}

const load32: Record<number, number> = { 8: op.i32load8u, 16: op.i32load16u, 32: op.i32load };

/** The compiler of a region without its instructions. */
export abstract class RegionBase extends Compiler {
  declare readonly runtime: RegionRuntime;
  protected override readonly narrow: boolean;
  readonly registerCache: RegisterCache;
  readonly registers: RegionRegisters;
  readonly addresses: EmittedCodeAddresses;
  readonly lazyFlags: RegionFlags;
  readonly budgetLocal = 0;
  readonly #rip: number;
  readonly reuse: TranslationReuse;
  /** Open wasm labels inside the exits' labels. */
  depth = 0;
  /** The current block is deoptimised (`RegionRuntime.isDeoptimised`): its accesses have slow paths. */
  deoptimised = false;
  /**
   * Accesses are assumed to be direct-mapped, and take a side exit otherwise. A slow path that returns is a
   * call, and calls cost the registers of a loop more than rare exits do. Loops with page ranges are
   * excluded, because those miss now and then.
   */
  get assumesDirect(): boolean {
    return !this.deoptimised && this.pageRanges === undefined;
  }
  /** The current instruction, and the number of instructions from it to the end of its block. */
  protected d!: Decoded;
  protected i!: JitForm;
  protected remaining = 0;

  constructor(body: Body, runtime: RegionRuntime, is64: boolean) {
    super(body, undefined as unknown as Form, runtime);
    this.narrow = !is64;
    this.reuse = new TranslationReuse(body, this.narrow, runtime.color, runtime);
    const cache = new RegisterCache({
      load: (p) => this.loadParts(body, p),
      store: (p, iteration) => this.#storeParts(p, iteration),
    });
    this.registerCache = cache;
    this.registers = new RegionRegisters(body, this.narrow, cache);
    this.addresses = new EmittedCodeAddresses(body, runtime.base);
    this.#rip = body.keep(wt.i64);
    this.lazyFlags = new RegionFlags(body, this.narrow, cache);
  }
  record(): WasmNode {
    return i32c(0);
  }
  budget(): WasmNode {
    return this.#budgetWith(0);
  }
  /**
   * Instructions that were not yet subtracted from the budget local. They are subtracted at merge points.
   */
  pendingCharge = 0;
  chargePending(): void {
    if (this.pendingCharge) this.body.set(this.budgetLocal, this.budget());
    this.pendingCharge = 0;
  }
  /**
   * Charges time beyond that of the instructions. The host gives it back when it grants the next part of the
   * budget, so parts of slow code are shorter, and the number of instructions in the limit stays the same.
   */
  chargeTime(units: number): void {
    if (units === 0) return;
    this.registerCache.endRestartable();
    const before = node(wt.i32, op.i32load, [i32c(0)], at.timeCharge);
    this.body.store(op.i32store, i32c(0), node(wt.i32, op.i32add, [before, i32c(units)]), at.timeCharge);
    this.pendingCharge += units;
  }
  #budgetWith(refund: number): WasmNode {
    const budget = localGet(wt.i32, this.budgetLocal);
    const more = refund - this.pendingCharge;
    return more ? node(wt.i32, op.i32add, [budget, i32c(more)]) : budget;
  }
  /** The common stores of all exits of a loop scope. */
  storeAll(scope: LoopScope): void {
    this.lazyFlags.forget();
    this.#storeParts(scope.written);
  }
  // Exits. Their kinds have the outermost labels (exits.ts).
  /** Leaves the region for the address `rip`. `refund`: instructions charged but not retired. */
  exitAt(rip: WasmNode, why: number, refund: number): void {
    const b = this.body;
    // A region cannot return an address of the kernel's half.
    const code = (constant(rip) ?? 0n) < 2n ** 63n ? why : exitCode.changed;
    const kind = exitKindOf(code);
    const budget = this.#budgetWith(refund);
    this.registerCache.store();
    if (kind === "leave") {
      b.store(op.i64store, i32c(0), as(wt.i64, rip), at.rip);
      b.store(op.i32store, i32c(0), budget, at.regionBudget);
      b.store(op.i32store, i32c(0), i32c(code), at.exitCode);
    } else {
      b.set(this.#rip, as(wt.i64, rip));
      if (budget.op !== op.localGet) b.set(this.budgetLocal, budget);
    }
    this.branchToExit(kind);
  }
  /**
   * Emits restartable code. `write` emits it. Its side exits go to the label around it, where the interpreter
   * restarts at the checkpoint.
   */
  restartable(mark: Checkpoint, write: () => void): void {
    const outer = this.#restart;
    this.body.opcode(op.block);
    this.body.code.byte(0x40);
    this.depth++;
    const again = { depth: this.depth, used: false };
    this.#restart = again;
    write();
    this.#restart = outer;
    this.body.opcode(op.unreachable);
    this.body.end();
    this.depth--;
    if (!again.used) return;
    this.registerCache.now = inStatePage;
    this.pendingCharge = mark.pendingCharge;
    this.exitAt(this.addresses.at(mark.ip), exitCode.sideExit, 0);
  }
  #restart: { readonly depth: number; used: boolean } | undefined;
  /** Leaves the current instruction to the interpreter. */
  sideExit(): void {
    if (!this.#restart || !this.registerCache.isRestartable) return this.exitAt(this.here(), exitCode.sideExit, this.remaining);
    this.#restart.used = true;
    this.body.opcode(op.br);
    this.body.code.u(this.depth - this.#restart.depth);
  }
  /** The same from inside so many more labels. */
  protected sideExitFrom(labels: number): void {
    this.depth += labels;
    this.sideExit();
    this.depth -= labels;
  }
  protected sideExitIf(c: WasmNode): void {
    this.body.if(c, false);
    this.sideExitFrom(1);
    this.body.end();
  }
  /**
   * Outside 64-bit mode: exits if an upper half that later code clears is not 0 yet. That code may or may not
   * run. `leave` emits the exit.
   */
  exitIfUpper(zeroed: RegisterSet, leave: () => void): void {
    const b = this.body;
    const { cached } = this.registerCache.now;
    b.if(anyUpper(without(zeroed, cached)), false);
    this.depth++;
    leave();
    this.depth--;
    b.end();
  }
  protected here(): WasmNode {
    return this.addresses.at(this.d.ip);
  }
  protected next(): WasmNode {
    return this.addresses.at(this.nextIpConstant());
  }
  nextIpConstant(): bigint {
    const next = BigInt(this.d.ip + this.d.length);
    return this.d.mode === 64 ? next : BigInt.asUintN(32, next);
  }
  protected override choose(c: WasmNode, then: () => void, otherwise?: () => void, likely?: boolean): void {
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
  /** Emits two alternatives. Facts that hold after both remain. */
  protected oneOf(one: () => void, other: () => void, writtenByOther?: RegisterSet): void {
    const before = this.state;
    let after = before;
    this.registerCache.oneOf(
      () => {
        one();
        after = this.state;
        this.state = before;
      },
      other,
      writtenByOther,
    );
    this.state = meet([this.state, after]);
  }
  get state(): DataflowState {
    return { flags: this.lazyFlags.facts, comparison: this.lazyFlags.comparison, sse: this.sse.state, ...this.reuse.state };
  }
  set state(k: DataflowState) {
    this.lazyFlags.facts = k.flags;
    this.lazyFlags.comparison = k.comparison;
    this.sse.state = k.sse;
    this.reuse.state = k;
  }
  /** Puts a value into a local of its own: of 32 bits, if they determine the rest. */
  protected inLocal(v: WasmNode): WasmNode {
    if (v.op === op.i64extendI32s) return node(wt.i64, v.op, [this.body.bind(v.args[0]!)]);
    if (v.t !== wt.i64 || bitsOf(v) > 32) return this.body.bind(v);
    const low = this.body.bind(as(wt.i32, v));
    return noted(low, Math.min(bitsOf(v), bitsOf(low)), v.from);
  }
  override let(_name: string, v: WasmNode): WasmNode {
    const there = v.op === op.i64extendI32s ? v.args[0]! : v;
    return there.op === op.localGet ? v : this.inLocal(v);
  }
  override readAt(pointer: WasmNode, w: number, offset = 0): WasmNode {
    const o = load32[w];
    const there = layout.window + offset;
    return o === undefined ? super.readAt(pointer, w, there) : this.body.bind(node(wt.i32, o, [pointer], there));
  }
  override storeAt(pointer: WasmNode, w: number, v: WasmNode, offset = 0, b = this.body): void {
    super.storeAt(pointer, w, v, layout.window + offset, b);
  }
  override writeWideAt(pointer: WasmNode, low: WasmNode, high: WasmNode): void {
    this.storeAt(pointer, 128, low);
    this.storeAt(pointer, 128, high, 16);
    this.commitAt();
  }
  /** A translation near a register that does not change in the next code. */
  stackTranslation(r: number): ReuseState {
    return this.reuse.forLoop(r, this.registers.gpr.get(r));
  }
  /**
   * Control is about to enter a loop of a loop scope. `isEntry`: it enters the scope too, and the flags are
   * in the state page.
   */
  iteration(isEntry: boolean): Iteration {
    const { lazyFlags, registers, budgetLocal, narrow } = this;
    const locals = {
      flags: lazyFlags.locals,
      budget: budgetLocal,
      t: narrow ? wt.i32 : wt.i64,
      register: (r: number) => registers.gpr.current(r),
      store: lazyFlags.storeParts,
    };
    return new Iteration(this.body, locals, isEntry);
  }
  // Registers.
  #gpr(r: number): WasmNode {
    return noted(this.registers.gpr.get(r), undefined, this.reuse.originOf(r));
  }
  /** Outside 64-bit mode origins are meant modulo 2^32, so truncation keeps them. */
  protected truncate(v: WasmNode, w: number): WasmNode {
    const cut = pure.zext(v, w);
    return v.from && w === 32 && this.d.mode !== 64 ? noted(cut, cut.below, v.from) : cut;
  }
  override readonly zext = (v: WasmNode, w: number): WasmNode => this.truncate(v, w);
  /** Part of a general register by its byte offset in the state page: ah is byte 1 of rax. */
  protected readGpr(offset: number, w: number): WasmNode {
    const whole = this.#gpr(offset >> 3);
    const v = offset & 1 ? pure.shr(whole, pure.imm(8)) : whole;
    const value = this.inLocal(w === 64 ? v : this.truncate(v, w));
    if (w >= 32) this.lazyFlags.noteCopy(offset >> 3, value);
    return value;
  }
  protected writeGpr(offset: number, w: number, v: WasmNode): void {
    const r = offset >> 3;
    const known = w === 64 || (w === 32 && (this.d.mode !== 64 || bitsOf(v) <= 32));
    this.reuse.setOrigin(r, known ? v.from : undefined);
    this.lazyFlags.registerWritten(r, w >= 32 ? v : undefined);
    if (w >= 32) return this.registers.gpr.set(r, v);
    const shift = offset & 1 ? 8 : 0;
    const mask = ((1n << BigInt(w)) - 1n) << BigInt(shift);
    this.registers.gpr.setLow(r, pure.or(pure.and(this.registers.gpr.get(r), pure.imm(~mask)), pure.shl(as(wt.i64, v), pure.imm(shift))));
  }
  reg(r: number, w: RegisterWidth): WasmNode {
    return this.readGpr(at.gpr + r * 8, w);
  }
  setReg(r: number, w: RegisterWidth, v: WasmNode): void {
    this.writeGpr(at.gpr + r * 8, w, v);
  }
  // Memory.
  protected effective(vectorIndex?: WasmNode): WasmNode {
    const d = this.d;
    let a: WasmNode | undefined = d.base === noRegister ? undefined : this.#gpr(d.base);
    if (d.index !== noRegister) {
      const x = pure.shl(this.registers.gpr.get(d.index), pure.imm(d.scale));
      a = a ? pure.add(a, x) : x;
    }
    if (vectorIndex) {
      const x = pure.shl(vectorIndex, pure.imm(d.scale));
      a = a ? pure.add(a, x) : x;
    }
    const disp = this.addresses.displacement(d);
    return this.truncate(a ? pure.add(a, disp) : disp, d.addressSize);
  }
  protected segmented(segment: number, offset: WasmNode): WasmNode {
    if (segment < S.fs) return offset;
    if (this.d.mode !== 64) {
      this.sideExitIf(node(wt.i32, op.i32load8u, [i32c(0)], at.segCheck + segment));
    }
    const linear = pure.add(offset, node(wt.i64, op.i64load, [i32c(0)], at.segBase + segment * 8));
    return this.d.mode === 64 ? linear : pure.zext(linear, 32);
  }
  /** The offset of the bytes from the start of the window. */
  override translate(linear: WasmNode, bits: number, how: Access, alignment = 1): WasmNode {
    const p = this.#translateKnown(linear, bits, how, alignment);
    this.registerCache.loaded(byteRangeOf(linear, bits));
    if (how === access.write) this.registerCache.stored(byteRangeOf(linear, bits));
    return p;
  }
  #translateKnown(linear: WasmNode, bits: number, how: Access, alignment: number): WasmNode {
    const p = this.body.local(wt.i32);
    const sum: MemoryAccess = (b, base, offset) => b.set(p, offset === 0 ? base : node(wt.i32, op.i32add, [base, i32c(offset)]));
    const found = this.#reuse(linear, bits, how, alignment, sum);
    return found ? localGet(wt.i32, p) : this.#translate(linear, bits, how, alignment);
  }
  /** The same for an address without known facts. */
  #translate(linear: WasmNode, bits: number, how: Access, alignment: number, stored?: WasmNode): WasmNode {
    const b = this.body;
    const a = this.let("linear", linear);
    const range = alignment === 1 ? this.#pageRange() : undefined;
    const p = b.local(wt.i32);
    const rights = this.narrow && alignment === 1 ? accessRights(a, bits >> 3, how) : undefined;
    const isThere = () => rights ?? isEntryOfPage(b.bind(tagsOf(a)), a, bits >> 3, how, this.narrow, alignment > 1, layout.directTags);
    if (range) {
      const { outsideRange } = this.runtime;
      const isContiguous = () => node(wt.i32, op.call, [as(wt.i64, a), i32c(bits >> 3), range.request], outsideRange());
      b.block();
      b.block();
      b.goIf(range.contains(a), 0, true);
      b.goIf(isContiguous(), 0, true);
      this.#lookUp(p, a, bits, accessWord(how, a, alignment), stored, 2);
      b.go(1);
      b.end();
      b.set(p, directAddress(a, this.runtime.color));
      b.end();
      return localGet(wt.i32, p);
    }
    b.if(isThere(), true);
    b.set(p, directAddress(a, this.runtime.color));
    b.else();
    this.#lookUp(p, a, bits, accessWord(how, a, alignment), stored);
    b.end();
    return localGet(wt.i32, p);
  }
  /** `stored`: the integer that the instruction stores at the address. */
  #lookUp(p: number, a: WasmNode, bits: number, how: WasmNode, stored: WasmNode | undefined, labels = 1): void {
    if (this.assumesDirect) return this.sideExitFrom(labels);
    const what = [as(wt.i64, a), i32c(bits >> 3)];
    const { lookUp, lookUpForStore } = this.runtime;
    const call = stored
      ? node(wt.i32, op.call, [...what, as(wt.i64, stored)], lookUpForStore())
      : node(wt.i32, op.call, [...what, how], lookUp());
    this.#useSlowPath(p, call, labels);
  }
  /**
   * Emits an access that reuses a translation, if something is known of the address (translation-reuse.ts).
   * False if not.
   */
  #reuse(linear: WasmNode, bits: number, how: Access, alignment: number, does: MemoryAccess, stored?: WasmNode): boolean {
    const slow: SlowLookup = (p, a, labels) => this.#lookUp(p, a, bits, i32c(how), stored, labels);
    return alignment === 1 && this.reuse.find(linear, bits >> 3, how, this.#pageRange(), slow, does);
  }
  /** The page ranges of the loop scope by base register. */
  pageRanges: ReadonlyMap<number, PageRange> | undefined;
  /** The page range of the memory operand's base register, in a loop. */
  #pageRange(): PageRange | undefined {
    const { pageRanges, d } = this;
    return pageRanges && d.isMemory && d.base !== noRegister ? pageRanges.get(d.base) : undefined;
  }
  /** The value that an operator loads from an address. */
  protected loaded(t: WasmType, o: number, linear: WasmNode, bits: number, alignment: number, how: Access = access.read): WasmNode {
    const there = isWhole(t, bits) ? this.reuse.valueAt(linear, bits) : undefined;
    const value = this.body.local(t);
    if (there) {
      // CMPXCHG may leave the value unchanged, but write access is tested in any case.
      if (how === access.write) this.#reuse(linear, bits, how, alignment, () => {});
      if (constant(there) !== undefined) return there;
      const from = this.addresses.isSum(there) ? there.from : undefined;
      // A copy is needed: a later store, perhaps by the same instruction, may reuse the local for another
      // value.
      this.body.set(value, there);
      return from ? noted(localGet(t, value), 47, from) : localGet(t, value);
    }
    const load: MemoryAccess = (b, base, offset) => b.set(value, node(t, o, [base], layout.window + offset));
    if (!this.#reuse(linear, bits, how, alignment, load)) load(this.body, this.#translate(linear, bits, how, alignment), 0);
    if (isWhole(t, bits)) this.reuse.loaded(linear, bits, localGet(t, value));
    this.registerCache.loaded(byteRangeOf(linear, bits));
    const below = bitsOf(node(t, o));
    return noted(localGet(t, value), t === wt.i32 && below < 32 ? below : undefined, undefined);
  }
  protected read(linear: WasmNode, w: number, alignment = 1, how: Access = access.read): WasmNode {
    const narrow = load32[w];
    if (narrow !== undefined) return this.loaded(wt.i32, narrow, linear, w, alignment, how);
    if (w === 64 || w === 128)
      return this.loaded(w === 64 ? wt.i64 : wt.v128, w === 64 ? op.i64load : op.v128load, linear, w, alignment, how);
    return this.readAt(this.translate(linear, w, how, alignment), w);
  }
  protected write(linear: WasmNode, w: number, v: WasmNode, alignment = 1): void {
    const whole = v.t === wt.v128 || w > 64 ? v : as(w === 64 ? wt.i64 : wt.i32, v);
    const value = whole.args.length === 0 ? whole : this.body.bind(whole);
    const store: MemoryAccess = (b, base, offset) => this.storeAt(base, w, value, offset, b);
    const integer = alignment === 1 && w <= 64 && value.t !== wt.v128 ? value : undefined;
    if (!this.#reuse(linear, w, access.write, alignment, store, integer))
      store(this.body, this.#translate(linear, w, access.write, alignment, integer), 0);
    this.reuse.stored(linear, w, value);
    this.registerCache.stored(byteRangeOf(linear, w));
  }
  /** Calls a slow path inside so many labels. It returns the offset plus 1, or 0 for a side exit. */
  #useSlowPath(p: number, where: WasmNode, labels = 1): void {
    const b = this.body;
    this.depth += labels;
    b.set(p, where);
    this.sideExitIf(node(wt.i32, op.i32eqz, [localGet(wt.i32, p)]));
    // The subtraction is not wasted. V8 knows that the upper half of a sum is 0, but not of a call's result,
    // and both merge here.
    b.set(p, node(wt.i32, op.i32sub, [localGet(wt.i32, p), i32c(1 + layout.window)]));
    this.depth -= labels;
  }
  /** Regions never use the scratch page; such an access takes an exit. */
  protected override commitAt(): void {
    this.reuse.stored();
  }
  /** The address at which control continues, set by `exitAt`. */
  get rip(): WasmNode {
    return localGet(wt.i64, this.#rip);
  }
  /** Loads registers from the state page. */
  protected loadParts(b: Body, parts: RegisterSet): void {
    this.registers.load(b, parts);
    this.lazyFlags.load(b, parts);
  }
  #storeParts(parts: RegisterSet, iteration?: Iteration): void {
    const b = this.body;
    this.registers.store(b, parts);
    if (iteration && overlap(parts, part.flags)) return iteration.storeAtExit();
    // In a loop scope the flags of several paths have one store.
    this.lazyFlags.store(b, parts, this.registerCache.now.scope ? undefined : this.lazyFlags.facts);
  }
  protected abstract readonly sse: { state: DataflowState["sse"] };
  /** Emits the branch to the exit of this kind. */
  protected abstract branchToExit(kind: ExitKind): void;
}
