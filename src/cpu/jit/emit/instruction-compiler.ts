// Ops<Node> for the JIT: operands are constants of the decoded instruction, and wasm locals hold registers
// and lazy flags. register-cache.ts decides when those are loaded and stored.

import { type Body, i32c, i64c, localGet, node, op, type WasmNode, wt } from "../../../wasm/encoder.ts";
import { loadAt, vectorLoad } from "../../codegen/compile.ts";
import { as, iterationsLeftIn, pure, truth, zeroVector } from "../../codegen/expression.ts";
import type { Decoded } from "../../decode/decoder.ts";
import { effectsOf } from "../../isa/effects.ts";
import { assemble, type LazyFlagKind } from "../../isa/flags.ts";
import { alignmentOf } from "../../isa/form.ts";
import type { Assured, Flag, FlagKind, Ops, RegisterWidth } from "../../isa/ops.ts";
import { type HelperName, modelHelpers } from "../../isa/routine-types.ts";
import { immediateWidth } from "../../isa/row.ts";
import { exitCode } from "../../machine/exit.ts";
import { access } from "../../machine/mmu.ts";
import { at, fieldWidth, R, S, type StateField } from "../../machine/state.ts";
import { JitForm } from "../analysis/jit-form.ts";
import { accessesMemory, type BlockSegment, type RegionFacts } from "../analysis/region-facts.ts";
import { type CacheState, mergeAlike, noRegisters, part, union } from "../analysis/register-cache.ts";
import type { ModeTest } from "../analysis/register-use.ts";
import { sseBatchEnd } from "../analysis/sse-batches.ts";
import { isInline, type StackNeeds } from "../analysis/x87-batches.ts";
import { type ExitKind, exitKinds } from "./exits.ts";
import { type InCode, RegionBase, type RegionRuntime } from "./region-base.ts";
import { SseBatches } from "./sse-batch.ts";
import { X87Batches } from "./x87-batch.ts";
import type { x87Routines } from "./x87-forms.ts";

const readImmediate = ({ address, bits }: InCode, width: number): WasmNode =>
  node(wt.i64, bits === 64 ? op.i64load : width === 64 ? op.i64load32s : op.i64load32u, [i32c(0)], address);
/** True for an address in the upper half, which belongs to the kernel. The interpreter handles it. */
const isNotUserAddress = (a: WasmNode): WasmNode => pure.ltU(pure.imm(2n ** 47n - 1n), a);

/** Compiles the instructions of a region by their meanings. */
export class RegionCompiler extends RegionBase implements Ops<WasmNode> {
  readonly x87 = new X87Batches(this.body, {
    sideExit: () => this.sideExit(),
    call: (name, ...args) => this.#runtimeCall(name, ...args),
  });
  override readonly sse = new SseBatches(this);
  readonly #facts: RegionFacts;
  readonly #offsetOf: (d: Decoded, n: number) => number;
  /** The translated memory operand of a read-modify-write instruction, or its address. */
  #pointer: WasmNode | undefined;
  #address: WasmNode | undefined;
  /** The control transfer of the current instruction, set by its meaning. */
  control:
    | { kind: "branch" }
    | { kind: "branchIf"; c: WasmNode }
    | { kind: "jump"; target: WasmNode }
    | { kind: "door"; code: number }
    | { kind: "left" }
    | undefined;

  constructor(body: Body, runtime: RegionRuntime, facts: RegionFacts, registerOffset: (d: Decoded, n: number) => number) {
    super(body, runtime, facts.is64);
    this.#facts = facts;
    this.#offsetOf = registerOffset;
    const tested = facts.modes.filter(({ field }) => field !== "fpuStatus");
    this.#modes = tested.map((test) => ({ test, local: body.keep(wt.i32) }));
  }

  /** Compiles the instructions of a block. */
  block(list: readonly Decoded[], segments: readonly BlockSegment[]): void {
    this.reuse.beginSegment(this.assumesDirect);
    this.reuse.otherwise = this.assumesDirect ? () => this.sideExitFrom(1) : undefined;
    for (const { kind, from, to, isWorthTwoCopies, stack } of segments) {
      if (stack) this.#x87Batch(list, from, to, stack);
      else if (kind === "single") this.instruction(list[from]!, 1);
      else if (!this.assumesDirect && isWorthTwoCopies) this.#twice(list, from, to);
      else this.#straight(list, from, to);
    }
    this.reuse.otherwise = undefined;
  }
  /** Compiles instructions in sequence, with SSE batches among them. `before` is called before each. */
  #straight(list: readonly Decoded[], from: number, to: number, before: (n: number) => void = () => {}): void {
    const each = (n: number) => {
      before(n);
      this.instruction(list[n]!, list.length - n);
    };
    for (let n = from; n < to; ) {
      const end = sseBatchEnd(list, n, to);
      if (end > n) this.sse.write(list, n, end, each);
      else each(n);
      n = Math.max(n + 1, end);
    }
  }
  /**
   * Compiles instructions with several accesses near each other twice. The first copy assumes that every
   * translation succeeds, and has no tests. If one fails, control goes to the same instruction of the second
   * copy, in which each access uses the slow path.
   */
  #twice(list: readonly Decoded[], from: number, to: number): void {
    const b = this.body;
    const outer = this.depth;
    const before = this.reuse.state;
    const accesses: number[] = [];
    for (let i = from; i < to; i++) if (accessesMemory(list[i]!)) accesses.push(i);
    for (let n = 0; n <= accesses.length; n++) {
      b.opcode(op.block);
      b.code.byte(0x40);
    }
    this.depth += accesses.length + 1;
    this.reuse.beginSegment();
    let start = this.state;
    const cacheAt: CacheState[] = [];
    this.#straight(list, from, to, (i) => {
      const which = accesses.indexOf(i);
      if (which === 0 && cacheAt.length === 0) start = this.state;
      if (which >= 0) cacheAt[which] = cacheAt[which] ? mergeAlike(cacheAt[which], this.registerCache.now) : this.registerCache.now;
      const other = (): void => {
        this.sse.verify();
        b.go(this.depth - outer - accesses.length + which);
      };
      this.reuse.otherwise = which < 0 ? undefined : other;
    });
    const after = this.state;
    b.opcode(op.br);
    b.code.u(accesses.length);
    const afterFast = this.registerCache.now;
    this.registerCache.now = cacheAt[0] ?? afterFast;
    this.reuse.otherwise = true;
    this.sse.offPath(() => {
      this.state = start;
      for (const [n, first] of accesses.entries()) {
        b.end();
        this.depth--;
        this.registerCache.mergeWith(cacheAt[n]!);
        for (let i = first; i < (accesses[n + 1] ?? to); i++) this.instruction(list[i]!, list.length - i);
      }
    });
    this.reuse.otherwise = undefined;
    this.state = after;
    this.reuse.clearNew(before);
    this.reuse.beginSegment();
    b.end();
    this.depth--;
    this.registerCache.mergeWith(afterFast);
  }
  /** An x87 batch: with the stack in locals if its test succeeds, otherwise without. */
  #x87Batch(list: readonly Decoded[], from: number, to: number, needs: StackNeeds): void {
    this.registerCache.endRestartable();
    const all = () => this.#straight(list, from, to);
    this.x87.begin(needs);
    this.depth++;
    this.oneOf(
      () => {
        all();
        this.x87.end(needs);
      },
      () => {
        this.body.else();
        all();
      },
      list.slice(from, to).reduce((set, d) => union(set, this.#facts.use(d).surelyWrites), noRegisters),
    );
    this.depth--;
    this.body.end();
  }
  /** Calls a routine that no row calls. */
  #runtimeCall(name: (typeof x87Routines)[number], ...args: WasmNode[]): WasmNode {
    this.registerCache.endRestartable();
    const r = this.runtime.routine(name);
    return node(
      r.result!,
      op.call,
      args.map((a, i) => as(r.params[i]!, a)),
      r.index,
    );
  }
  protected override branchToExit(kind: ExitKind): void {
    if (this.x87.active) this.x87.prepareExit();
    this.body.opcode(op.br);
    this.body.code.u(this.x87.active ? this.depth : this.depth + (this.#facts.hasX87Batches ? 1 : 0) + exitKinds.indexOf(kind));
  }
  override exitAt(rip: WasmNode, code: number, refund: number): void {
    const out = super.exitAt.bind(this);
    if (!this.sse.exitFromBatch(out)) out(rip, code, refund);
  }
  /** Compiles one instruction. `left` is the number of instructions from it to the end of its block. */
  instruction(d: Decoded, left: number): void {
    this.d = d;
    this.i = new JitForm(d);
    this.remaining = left;
    this.#pointer = this.#address = undefined;
    this.#unproven = undefined;
    this.control = undefined;
    this.body.release();
    this.lazyFlags.beginInstruction();
    d.row.does(this, this.i);
  }

  /** The vector register that is operand n of an instruction. */
  vectorOf(d: Decoded, n: number): number {
    return (this.#offsetOf(d, n) - at.ymm) >> 5;
  }
  #registerOffset(n: number): number {
    const o = this.d.row.operands[n]!;
    return o.kind === "fixed" ? at.gpr + o.register * 8 : this.#offsetOf(this.d, n);
  }

  get(n: number): WasmNode {
    const o = this.d.row.operands[n]!;
    const w = this.i.widths[n]!;
    if (this.i.memory(n) && o.kind !== "vsib") return this.read(this.#operand(), w, this.#alignment(n));
    switch (o.kind) {
      case "imm":
      case "simm": {
        if (n > 0 && this.d.row.operands[n - 1]!.kind === "imm") return i64c(BigInt(this.d.imm2));
        const bits = immediateWidth(o, this.d.size);
        const there = this.runtime.immediates?.(this.d);
        if (there) {
          // A later store may change the immediate.
          this.registerCache.loaded({ origin: undefined, bytes: there.bits >> 3 });
          return this.body.bind(readImmediate(there, bits));
        }
        return pure.imm(BigInt.asUintN(bits, (BigInt(this.d.immHi) << 32n) | BigInt.asUintN(32, BigInt(this.d.immLo))));
      }
      case "one":
        return i64c(1n);
      case "sti":
      case "sreg":
        return i64c(BigInt(this.#registerOffset(n)));
      default:
        return this.#readRegister(this.#registerOffset(n), w);
    }
  }
  #readRegister(offset: number, w: number): WasmNode {
    if (offset < at.rip) return this.readGpr(offset, w);
    if (offset >= at.ymm) {
      const v = this.xmm((offset - at.ymm) >> 5);
      return w === 128 ? v : w === 64 ? this.lane(v, 64, 0) : pure.zext(as(wt.i64, this.lane(v, 32, 0)), w);
    }
    return this.body.bind(node(wt.i64, w === 64 ? op.i64load : w === 32 ? op.i64load32u : op.i64load16u, [i32c(0)], offset));
  }
  vec(n: number): WasmNode {
    const w = this.i.widths[n]!;
    const lane = vectorLoad[w];
    if (this.i.memory(n) && lane !== undefined) return this.loaded(wt.v128, lane, this.#operand(), w, this.#alignment(n));
    if (this.i.memory(n) || !this.d.row.operands[n]!.kind.startsWith("xmm")) return this.get(n);
    const v = this.xmm((this.#registerOffset(n) - at.ymm) >> 5);
    return w < 128 && !this.d.row.vex ? this.sse.lowest(v, w) : v;
  }
  wide(n: number): readonly [WasmNode, WasmNode] {
    if (this.i.memory(n) && this.d.row.operands[n]!.kind !== "vsib") {
      const p = this.#translateOperand(n, access.read);
      return [this.readAt(p, 128), this.readAt(p, 128, 16)];
    }
    const r = (this.#registerOffset(n) - at.ymm) >> 5;
    return [this.xmm(r), this.upper(r)];
  }
  upper(r: number): WasmNode {
    return this.body.bind(this.registers.uppers.get(r));
  }
  setUpper(r: number, v: WasmNode): void {
    this.registers.uppers.set(r, as(wt.v128, v));
  }
  setWide(n: number, low: WasmNode, high: WasmNode): void {
    if (this.i.memory(n)) return this.writeWideAt(this.#translateOperand(n, access.write), low, high);
    const r = (this.#registerOffset(n) - at.ymm) >> 5;
    this.setXmm(r, low);
    this.setUpper(r, high);
  }
  override xmm(r: number): WasmNode {
    return this.sse.read(r, this.body.bind(this.registers.xmms.get(r)));
  }
  override setXmm(r: number, v: WasmNode): void {
    this.sse.registerWritten(r, 128, v);
    this.registers.xmms.set(r, as(wt.v128, v));
  }
  override assured(name: Assured, w: 32 | 64, lanes: number, result: WasmNode, ...operands: WasmNode[]): boolean {
    return this.sse.assured(name, w, lanes, result, operands);
  }
  override shuffle(a: WasmNode, b: WasmNode, lanes: readonly number[]): WasmNode {
    return this.sse.shuffled(super.shuffle(a, b, lanes), a, b, lanes);
  }
  rmw(n: number): WasmNode {
    if (!this.i.memory(n)) return this.get(n);
    const w = this.i.widths[n]!;
    const alignment = this.#alignment(n);
    const operand = this.#operand();
    if (alignment === 1 && this.reuse.isKnown(operand)) {
      // XADD writes a register in between, which may be part of the address.
      this.#address = this.body.bind(operand);
      return this.read(this.#address, w, alignment, access.write);
    }
    this.#pointer = this.#translateOperand(n, access.write);
    return this.readAt(this.#pointer, this.i.widths[n]!);
  }
  set(n: number, v: WasmNode): void {
    const w = this.i.widths[n]!;
    if (this.i.memory(n) && !this.#pointer) return this.write(this.#address ?? this.#operand(), w, v, this.#alignment(n));
    if (this.i.memory(n)) return this.writeAt(this.#pointer!, w, v);
    const offset = this.#registerOffset(n);
    if (offset < at.rip) return this.writeGpr(offset, w, v);
    if (offset >= at.ymm) {
      const r = (offset - at.ymm) >> 5;
      this.sse.registerWritten(r, w, v);
      if (this.d.row.vex) this.registers.uppers.set(r, zeroVector);
      return this.registers.xmms.set(
        r,
        w === 128 || this.d.row.vex ? as(wt.v128, v) : this.withLane(this.registers.xmms.get(r), w as 32 | 64, 0, v),
      );
    }
    // MMX: the exponent becomes all ones. SDM Vol. 1 9.5.
    this.registerCache.endRestartable();
    this.body.store(op.i32store16, i32c(0), i32c(0xffff), offset + 8);
    this.body.store(op.i64store, i32c(0), as(wt.i64, v), offset);
  }
  setLow(n: number, w: RegisterWidth, v: WasmNode): void {
    const offset = this.#registerOffset(n);
    if (w < 32) return this.writeGpr(offset, w, v);
    const upper = pure.and(this.registers.gpr.get(offset >> 3), pure.imm(~((1n << BigInt(w)) - 1n)));
    this.writeGpr(offset, 64, pure.or(upper, as(wt.i64, v)));
  }
  /**
   * Modes that the region tests, each in a local: true or false until the region or a called function writes
   * the field.
   */
  readonly #modes: readonly { readonly test: ModeTest; readonly local: number }[];
  override holds(f: StateField, mask: number, value: number): WasmNode {
    // No exception is pending in an x87 batch.
    if (f === "fpuStatus") return this.x87.active ? i32c(0) : super.holds(f, mask, value);
    const mode = this.#modes.find(({ test }) => test.field === f && test.mask === mask && test.value === value);
    if (!mode) throw new Error(`the analysis has not found the test of ${f}`);
    return localGet(wt.i32, mode.local);
  }
  /**
   * True for an x87 instruction of a batch. The selectors for FNSTENV are read where they are stored, at the
   * end of the batch.
   */
  #isBatchedX87(): boolean {
    return this.x87.active && isInline(this.d);
  }
  override field(f: StateField, n = 0): WasmNode {
    if (this.x87.active && f === "fpuStatus") return this.body.bind(this.x87.status);
    if (this.#isBatchedX87() && f === "segSelector") return i64c(0n);
    return super.field(f, n);
  }
  override setField(f: StateField, v: WasmNode): void {
    this.registerCache.endRestartable();
    if (this.x87.active) return this.x87.setField(f, v, this.d.memorySegment);
    super.setField(f, v);
    if (f === "mxcsr") this.sse.state = undefined;
    this.#written(f);
  }
  override call(name: string, ...args: WasmNode[]): WasmNode {
    if (this.#isBatchedX87()) return this.x87.call(name, args);
    this.registerCache.endRestartable();
    const result = super.call(name, ...args);
    if (name === "sse_commit") this.#written("mxcsr");
    return result;
  }
  #written(f: StateField): void {
    if (f === "mxcsr") this.loadModes(this.body, f);
  }
  /** Loads the modes from the state page. */
  loadModes(b: Body, f?: StateField): void {
    for (const { test, local } of this.#modes) {
      if (f !== undefined && test.field !== f) continue;
      const bits = pure.and(loadAt(i32c(0), fieldWidth[test.field], at[test.field]), pure.imm(test.mask));
      b.set(local, pure.eq(bits, pure.imm(test.value)));
    }
  }
  override setSystemFlags(v: WasmNode): void {
    this.registerCache.endRestartable();
    super.setSystemFlags(v);
  }
  selector(s: number): WasmNode {
    return this.body.bind(node(wt.i64, op.i64load32u, [i32c(0)], at.segSelector + s * 4));
  }

  address(_n: number): WasmNode {
    return this.inLocal(this.effective());
  }
  element(_n: number, index: WasmNode): WasmNode {
    return this.inLocal(this.effective(index));
  }
  linear(_n: number, _write: boolean): WasmNode {
    return this.inLocal(this.segmented(this.d.memorySegment, this.effective()));
  }
  segment(_n: number): WasmNode {
    if (this.#isBatchedX87()) return i64c(0n);
    return this.selector(this.d.memorySegment);
  }
  #translateOperand(n: number, how: 0 | 1): WasmNode {
    return this.translate(this.#operand(), this.i.widths[n]!, how, this.#alignment(n));
  }
  #operand(): WasmNode {
    return this.segmented(this.d.memorySegment, this.effective());
  }
  #alignment(n: number): number {
    return alignmentOf(this.d.row, this.d.row.operands[n]!);
  }
  #implicit(segment: number | undefined, offset: WasmNode): WasmNode {
    return this.segmented(segment ?? (this.d.isMemory ? this.d.memorySegment : this.d.segment >= 0 ? this.d.segment : S.ds), offset);
  }
  load(segment: number | undefined, offset: WasmNode, w: number): WasmNode {
    return this.read(this.#implicit(segment, offset), w);
  }
  loadRmw(segment: number | undefined, offset: WasmNode, w: number): WasmNode {
    return this.readAt(this.translate(this.#implicit(segment, offset), w, access.write), w);
  }
  store(segment: number | undefined, offset: WasmNode, w: number, v: WasmNode): void {
    this.write(this.#implicit(segment, offset), w, v);
  }

  // Flags, in locals.
  protected override storeFlags(kind: LazyFlagKind, r: WasmNode, a: WasmNode, b: WasmNode, w = 64): void {
    this.lazyFlags.set(kind, r, a, b, w);
  }
  protected override loadFlags(): { kind: WasmNode; r: WasmNode; a: WasmNode; b: WasmNode } {
    return this.lazyFlags.operands();
  }
  protected override signParity(): WasmNode {
    const { facts } = this.lazyFlags;
    const { r, b } = this.loadFlags();
    return facts === undefined ? super.signParity() : facts.kind === "split" ? b : r;
  }
  override flags(kind: FlagKind, w: number, r: WasmNode, a?: WasmNode, b?: WasmNode): void {
    if (kind !== "word") {
      super.flags(kind, w, r, a, b);
      if (kind === "order") this.lazyFlags.setSplit();
      else if (w < 32 && kind === "sub") this.lazyFlags.setUnsigned(this.zext(a!, w), this.zext(b!, w));
      else if (w < 32) this.lazyFlags.setUnsigned(this.zext(r, w), pure.imm(0));
      return;
    }
    const word = this.let("word", r);
    super.flags(kind, w, word);
    this.lazyFlags.setWord(word);
  }
  override flag(f: Flag): WasmNode {
    return this.inLocal(this.lazyFlags.flag(f));
  }
  override flagsWord(): WasmNode {
    return this.inLocal(assemble(pure, (f) => this.flag(f)));
  }
  override condition(cc: number): WasmNode {
    return this.body.bind(as(wt.i32, this.lazyFlags.condition(cc)));
  }

  // Control transfers.
  override uncanonical(a: WasmNode): WasmNode {
    const { calls, jumps, returns } = effectsOf(this.d.row);
    // A jump has no effect before control leaves the region. So a test at that exit is early enough.
    const isOutside = this.addresses.isSum(a) ? i32c(0) : isNotUserAddress(a);
    this.#unproven = jumps && !calls && !returns ? isOutside : undefined;
    return this.#unproven ? pure.imm(0) : isOutside;
  }
  /** The condition that the target of the current jump is not an address, if it has not been tested yet. */
  #unproven: WasmNode | undefined;
  /** Tests the target of a jump before it leaves the region. */
  proveTarget(): void {
    if (this.#unproven) this.sideExitIf(truth(this.#unproven));
  }
  ip(): WasmNode {
    return this.here();
  }
  modrm(): WasmNode {
    return i64c(BigInt(this.d.modrmByte));
  }
  nextIp(): WasmNode {
    return this.next();
  }
  target(): WasmNode {
    return this.addresses.target(this.d);
  }
  branch(): void {
    this.control = { kind: "branch" };
  }
  branchIf(c: WasmNode): void {
    this.control = { kind: "branchIf", c: this.body.bind(truth(c)) };
  }
  jump(target: WasmNode): void {
    this.control = { kind: "jump", target: this.body.bind(as(wt.i64, target)) };
  }
  fault(): void {
    this.#exitAlways();
  }
  trap(): void {
    this.#exitAlways();
  }
  #exitAlways(): void {
    this.sideExit();
    this.control = { kind: "left" };
  }
  exit(code: number): void {
    this.control = { kind: "door", code };
  }
  /**
   * Helper functions are left to the interpreter, unless the processor model decides that they do nothing.
   */
  helper(name: HelperName): void {
    const trait = modelHelpers[name];
    if (this.control?.kind === "door" || (trait && this.runtime.model[trait])) return;
    this.#exitAlways();
  }

  repeat(bodyOf: () => WasmNode | undefined, zf: boolean): void {
    if (this.i.rep === 0) {
      bodyOf();
      return;
    }
    const registers = [R.ax, R.cx, R.si, R.di];
    if (this.narrow && !this.registerCache.now.scope)
      this.exitIfUpper(registers.map(part.zeroed).reduce(union), () => this.exitAt(this.here(), exitCode.upper, this.remaining));
    for (const r of registers) this.registers.gpr.mayWrite(r);
    if (zf) this.lazyFlags.mayWrite();
    this.registerCache.endRestartable();
    this.#iterations(bodyOf, zf);
  }
  #iterations(bodyOf: () => WasmNode | undefined, zf: boolean): void {
    const b = this.body;
    const { rep, addressSize } = this.i;
    const iterations = b.local(wt.i32);
    b.set(iterations, iterationsLeftIn(this.reg(R.cx, addressSize)));
    b.opcode(op.block);
    b.code.byte(0x40);
    b.opcode(op.loop);
    b.code.byte(0x40);
    this.depth += 2;
    const out = (depth: number, c: WasmNode) => {
      b.expr(c);
      b.opcode(op.brIf);
      b.code.u(depth);
    };
    const count = this.reg(R.cx, addressSize);
    out(1, pure.eq(count, pure.imm(0)));
    b.if(node(wt.i32, op.i32eqz, [localGet(wt.i32, iterations)]), false);
    this.depth++;
    this.exitAt(this.here(), exitCode.iterations, this.remaining - 1);
    this.depth--;
    b.end();
    // Flags come from before the loop or from the previous iteration. Registers change, but rsp does not.
    if (zf) this.lazyFlags.forget();
    this.reuse.forget();
    const last = bodyOf();
    this.setReg(R.cx, addressSize, pure.sub(count, pure.imm(1)));
    if (last) out(1, pure.ne(last, pure.imm(0)));
    if (zf) {
      const z = last ? undefined : this.condition(4);
      if (z) out(1, rep === 1 ? node(wt.i32, op.i32eqz, [z]) : z);
      this.lazyFlags.forget();
    }
    b.set(iterations, node(wt.i32, op.i32sub, [localGet(wt.i32, iterations), i32c(1)]));
    b.opcode(op.br);
    b.code.u(0);
    this.depth -= 2;
    b.end();
    b.end();
    this.reuse.forget();
    if (zf) this.lazyFlags.forget();
  }
}
