// Ops<Node> for the interpreter's handlers: the decoded record holds the operands. A handler executes its
// instruction and tail-calls the handler of the next record. At the end of a block it follows the branch's
// link.

import { type Body, i32c, i64c, localGet, node, op, type WasmNode, type WasmType, wt } from "../../wasm/encoder.ts";
import type { FuncType } from "../../wasm/module.ts";
import { accessWord, Compiler, displacedEntry, field, isEntryOf, jumpEntry, loadAt, type Runtime } from "../codegen/compile.ts";
import { as, iterationsLeftIn, pure, truth, zeroVector } from "../codegen/expression.ts";
import { executionsIn, slotBits, slotsOf } from "../decode/operand-slots.ts";
import { alignmentOf, type HandlerForm } from "../isa/form.ts";
import type { Ops, RegisterWidth } from "../isa/ops.ts";
import type { HelperName } from "../isa/routine-types.ts";
import type { Operand } from "../isa/row.ts";
import { exitCode } from "../machine/exit.ts";
import { jumpCache, layout, record } from "../machine/layout.ts";
import { access } from "../machine/mmu.ts";
import { at, R } from "../machine/state.ts";

/** (record, budget) -> exit or exit code. */
export const handlerType: FuncType = { params: [wt.i32, wt.i32], results: [wt.i32] };

/** The functions that handlers call, and their wasm types. */
export interface Env extends Runtime {
  readonly handlerTypeIndex: number;
  readonly regionTypeIndex: number;
  /** (record, budget): continues at a jump target that is not in the first entry of its jump cache set. */
  elsewhere: number;
}

/** The parameter with the current record. */
export const recordParam = localGet(wt.i32, 0);
/** The parameter with the remaining budget. */
export const budgetParam = localGet(wt.i32, 1);

/** Compiles one handler. */
export class HandlerCompiler extends Compiler implements Ops<WasmNode> {
  declare readonly form: HandlerForm;
  declare readonly runtime: Env;
  readonly #slots: readonly (number | undefined)[];
  #pointer: WasmNode | undefined;

  constructor(body: Body, form: HandlerForm, runtime: Env) {
    super(body, form, runtime);
    this.#slots = slotsOf(form.row, form.memoryKind !== "none");
  }
  record(): WasmNode {
    return recordParam;
  }
  /** A part of the record that does not change while the record lasts. */
  protected decoded(o: number, offset: number, t: WasmType = wt.i32): WasmNode {
    return this.linked(o, offset, t);
  }
  /** A part of the record that changes: links and counts. */
  protected linked(o: number, offset: number, t: WasmType = wt.i32): WasmNode {
    return node(t, o, [this.record()], offset);
  }
  budget(): WasmNode {
    return budgetParam;
  }

  // Operands.
  #operand(n: number): Operand {
    return this.form.row.operands[n]!;
  }
  #offset(n: number): WasmNode {
    const o = this.#operand(n);
    if (o.kind === "fixed") return i32c(at.gpr + o.register * 8);
    return this.decoded(op.i32load16u, this.#slots[n]!);
  }
  get(n: number): WasmNode {
    const o = this.#operand(n);
    const w = this.form.widths[n]!;
    if (this.form.memory(n) && o.kind !== "vsib") return this.readAt(this.#translateOperand(n, access.read), w);
    if (o.kind === "far") {
      // Offset in the low 32 bits, selector above.
      const selector = pure.shl(this.decoded(op.i64load, record.disp, wt.i64), pure.imm(32));
      return this.body.bind(pure.or(this.decoded(op.i64load, record.imm, wt.i64), selector));
    }
    if (o.kind === "imm" && n > 0 && this.#operand(n - 1).kind === "imm")
      return this.body.bind(this.decoded(op.i64load, record.disp, wt.i64));
    if (o.kind === "imm" || o.kind === "simm") return this.body.bind(this.decoded(op.i64load, record.imm, wt.i64));
    if (o.kind === "one") return i64c(1n);
    if (o.kind === "sti" || o.kind === "sreg") return this.body.bind(as(wt.i64, this.#offset(n)));
    return this.body.bind(loadAt(this.#offset(n), w));
  }
  vec(n: number): WasmNode {
    const w = this.form.widths[n]!;
    if (this.form.memory(n)) return this.vectorAt(this.#translateOperand(n, access.read), w);
    return this.#operand(n).kind.startsWith("xmm") ? this.body.bind(loadAt(this.#offset(n), 128)) : this.get(n);
  }
  wide(n: number): readonly [WasmNode, WasmNode] {
    const at = this.form.memory(n) && this.#operand(n).kind !== "vsib" ? this.#translateOperand(n, access.read) : this.#offset(n);
    return [this.readAt(at, 128), this.readAt(at, 128, 16)];
  }
  rmw(n: number): WasmNode {
    if (!this.form.memory(n)) return this.get(n);
    const w = this.form.widths[n]!;
    this.#pointer = this.#translateOperand(n, access.write);
    return this.readAt(this.#pointer, w);
  }
  set(n: number, v: WasmNode): void {
    const w = this.form.widths[n]!;
    if (this.form.memory(n)) return this.writeAt(this.#pointer ?? this.#translateOperand(n, access.write), w, v);
    const { kind } = this.#operand(n);
    if (kind.startsWith("mm")) this.body.store(op.i32store16, this.#offset(n), i32c(0xffff), 8);
    if (kind.startsWith("xmm") && this.form.row.vex) return this.#putWide(this.#offset(n), v, zeroVector);
    this.#put(this.#offset(n), w === 32 && !kind.startsWith("xmm") ? 64 : w, v);
  }
  setLow(n: number, w: RegisterWidth, v: WasmNode): void {
    this.#put(this.#offset(n), w, v);
  }
  setWide(n: number, low: WasmNode, high: WasmNode): void {
    if (this.form.memory(n)) this.writeWideAt(this.#translateOperand(n, access.write), low, high);
    else this.#putWide(this.#offset(n), low, high);
  }
  #putWide(offset: WasmNode, low: WasmNode, high: WasmNode): void {
    // The value may depend on the register that is overwritten.
    const upper = this.let("high", high);
    this.body.store(op.v128store, offset, as(wt.v128, low), 0);
    this.body.store(op.v128store, offset, as(wt.v128, upper), 16);
  }
  #put(offset: WasmNode, w: number, v: WasmNode): void {
    const b = this.body;
    if (w === 128 || v.t === wt.v128) return this.storeAt(offset, w, v);
    b.store(w === 8 ? op.i64store8 : w === 16 ? op.i64store16 : w === 32 ? op.i64store32 : op.i64store, offset, as(wt.i64, v), 0);
  }
  reg(r: number, w: RegisterWidth): WasmNode {
    return this.body.bind(loadAt(i32c(0), w, at.gpr + r * 8));
  }
  setReg(r: number, w: RegisterWidth, v: WasmNode): void {
    this.#put(i32c(at.gpr + r * 8), w === 32 ? 64 : w, v);
  }

  xmm(r: number): WasmNode {
    return this.body.bind(loadAt(i32c(0), 128, at.ymm + r * 32));
  }
  setXmm(r: number, v: WasmNode): void {
    this.#put(i32c(at.ymm + r * 32), 128, v);
  }
  upper(r: number): WasmNode {
    return this.body.bind(loadAt(i32c(0), 128, at.ymm + r * 32 + 16));
  }
  setUpper(r: number, v: WasmNode): void {
    this.#put(i32c(at.ymm + r * 32 + 16), 128, v);
  }

  // Addresses.
  /** The offset of the memory operand in its segment, cut to the address size. */
  protected memoryOffset(vectorIndex?: WasmNode): WasmNode {
    const kind = this.form.memoryKind;
    const register = (slot: number) => node(wt.i64, op.i64load, [this.decoded(op.i32load16u, slot)]);
    const disp = this.decoded(op.i64load, record.disp, wt.i64);
    let a = pure.add(register(record.base), disp);
    if (vectorIndex) a = pure.add(a, pure.shl(vectorIndex, as(wt.i64, this.decoded(op.i32load8u, record.scale))));
    else if (kind !== "b64" && kind !== "b32" && !this.form.row.shape.vsib)
      a = pure.add(a, pure.shl(register(record.index), as(wt.i64, this.decoded(op.i32load8u, record.scale))));
    return pure.zext(a, this.form.addressSize);
  }
  address(_n: number): WasmNode {
    return this.body.bind(this.memoryOffset());
  }
  element(_n: number, index: WasmNode): WasmNode {
    return this.body.bind(this.memoryOffset(index));
  }
  #translateOperand(n: number, how: 0 | 1): WasmNode {
    return this.translate(this.#linearOperand(n, how), this.form.widths[n]!, how, alignmentOf(this.form.row, this.#operand(n)));
  }
  #linearOperand(n: number, how: 0 | 1, width = this.form.widths[n]!): WasmNode {
    const kind = this.form.memoryKind;
    const offset = this.body.bind(this.memoryOffset());
    if (kind !== "seg64" && kind !== "a32" && kind !== "s32" && kind !== "s16") return offset;
    return this.#throughSegment(offset, width, how, alignmentOf(this.form.row, this.#operand(n)));
  }
  linear(n: number, write: boolean, width = this.form.widths[n]!): WasmNode {
    return this.body.bind(this.#linearOperand(n, write ? access.write : access.read, width));
  }
  segment(_n: number): WasmNode {
    const at4 = node(wt.i32, op.i32shl, [this.decoded(op.i32load8u, record.imm + 7), i32c(2)]);
    return this.body.bind(node(wt.i64, op.i64load32u, [at4], at.segSelector));
  }
  /**
   * The address through the segment that the record names: the override, or the default of the base register.
   */
  #throughSegment(offset: WasmNode, w: number, how: 0 | 1, alignment = 1): WasmNode {
    const segment = this.body.bind(this.decoded(op.i32load8u, record.segment));
    return this.#segmented(segment, offset, w, how, alignment);
  }
  #segmented(segment: WasmNode, offset: WasmNode, w: number, how: 0 | 1, alignment = 1): WasmNode {
    const b = this.body;
    const base = node(wt.i64, op.i64load, [node(wt.i32, op.i32shl, [segment, i32c(3)])], at.segBase);
    const linear = pure.add(base, offset);
    if (this.form.mode !== 64) {
      b.if(node(wt.i32, op.i32load8u, [segment], at.segCheck));
      b.expr(
        node(
          wt.i32,
          op.call,
          [
            segment,
            node(wt.f64, op.f64convertI64u, [as(wt.i64, offset)]),
            i32c(w >> 3),
            accessWord(how, linear, alignment),
            this.record(),
            budgetParam,
          ],
          this.runtime.checkSegment,
        ),
      );
      b.end();
    }
    return this.form.mode === 64 ? linear : pure.zext(linear, 32);
  }
  #linear(segment: number | undefined, offset: WasmNode, w: number, how: 0 | 1): WasmNode {
    const o = this.let("offset", as(wt.i64, offset));
    if (segment === undefined) return this.#throughSegment(o, w, how);
    if (this.form.context.flat) return o;
    return this.#segmented(i32c(segment), o, w, how);
  }
  load(segment: number | undefined, offset: WasmNode, w: number): WasmNode {
    return this.readAt(this.translate(this.#linear(segment, offset, w, access.read), w, access.read), w);
  }
  loadRmw(segment: number | undefined, offset: WasmNode, w: number): WasmNode {
    return this.readAt(this.translate(this.#linear(segment, offset, w, access.write), w, access.write), w);
  }
  store(segment: number | undefined, offset: WasmNode, w: number, v: WasmNode): void {
    this.writeAt(this.translate(this.#linear(segment, offset, w, access.write), w, access.write), w, v);
  }

  // Control.
  /**
   * Continues at a record if the budget covers its block. Otherwise returns `fallback`, from which the
   * dispatcher finds rip.
   */
  protected enter(target: WasmNode, fallback: number): void {
    const b = this.body;
    const t = b.bind(target);
    const rest = b.local(wt.i32);
    b.if(t);
    b.set(rest, node(wt.i32, op.i32sub, [budgetParam, node(wt.i32, op.i32load16u, [t], record.remaining)]));
    b.if(node(wt.i32, op.i32geS, [localGet(wt.i32, rest), i32c(0)]));
    this.#tail(t, localGet(wt.i32, rest));
    b.end();
    b.end();
    this.leave(fallback);
  }
  #tail(target: WasmNode, budget: WasmNode): void {
    const b = this.body;
    b.expr(target);
    b.expr(budget);
    b.expr(node(wt.i32, op.i32load, [target], record.handler));
    b.opcode(op.returnCallIndirect);
    b.code.u(this.runtime.handlerTypeIndex);
    b.code.u(0);
  }
  protected leave(code: number): void {
    const b = this.body;
    b.store(op.i32store, i32c(0), this.record(), at.record);
    b.store(op.i32store, i32c(0), budgetParam, at.budget);
    b.expr(i32c(code));
    b.opcode(op.return);
  }
  /**
   * Continues with the next record of the block. After the last instruction of a block, returns to the
   * dispatcher.
   */
  next(): void {
    const b = this.body;
    if (this.form.row.ends) return this.leave(exitCode.next);
    const next = b.bind(node(wt.i32, op.i32add, [this.record(), i32c(record.size)]));
    this.#tail(next, budgetParam);
  }
  ip(): WasmNode {
    return this.body.bind(pure.sext(this.decoded(op.i64load, record.imm, wt.i64), 48));
  }
  modrm(): WasmNode {
    return this.body.bind(as(wt.i64, this.decoded(op.i32load8u, record.imm + 6)));
  }
  nextIp(): WasmNode {
    return this.body.bind(this.decoded(op.i64load, record.imm, wt.i64));
  }
  target(): WasmNode {
    return this.body.bind(this.decoded(op.i64load, record.disp, wt.i64));
  }
  branch(): void {
    this.countExecution();
    this.follow();
  }
  branchIf(c: WasmNode): void {
    const b = this.body;
    // The condition is evaluated first, so that its operands need not outlive the count.
    const taken = b.bind(truth(c));
    this.countExecution();
    b.if(taken);
    this.follow();
    b.end();
    this.fallThrough();
  }
  /** The fall-through path of a conditional branch. */
  fallThrough(): void {
    const b = this.body;
    const t = b.bind(this.linked(op.i32load, record.imm));
    b.if(node(wt.i32, op.i32eqz, [t]));
    const low = b.bind(this.linked(op.i32load, record.imm + 4));
    b.if(low);
    const high = node(wt.i64, op.i64and, [this.decoded(op.i64load, record.disp, wt.i64), pure.imm(-0x1_0000_0000)]);
    const ip = b.bind(node(wt.i64, op.i64or, [high, node(wt.i64, op.i64extendI32u, [low])]));
    const entry = jumpEntry(b, ip);
    b.if(isEntryOf(entry, ip));
    this.enter(node(wt.i32, op.i32load, [entry], layout.jumpCache + jumpCache.record), exitCode.next);
    b.end();
    b.end();
    this.leave(exitCode.next);
    b.end();
    this.enter(t, exitCode.next);
  }
  jump(target: WasmNode): void {
    this.countExecution();
    this.continueAt(target);
  }
  /** Counts an execution of the end of this block, for the JIT. */
  protected countExecution(): void {
    const passes = this.executions;
    if (passes === undefined) return;
    this.body.store(op.i32store, this.record(), node(wt.i32, op.i32add, [this.linked(op.i32load, passes), i32c(1)]), passes);
  }
  /** The offset of that count in the record, if there is one. */
  protected get executions(): number | undefined {
    const { row, memoryKind } = this.form;
    return executionsIn(row.ends === true && memoryKind !== "none", this.#slots);
  }
  /** The taken path of a direct branch. */
  follow(): void {
    const b = this.body;
    const t = b.bind(this.linked(op.i32load, record.link));
    b.if(node(wt.i32, op.i32eqz, [t]));
    this.continueAt(this.decoded(op.i64load, record.disp, wt.i64));
    b.end();
    this.enter(t, exitCode.taken);
  }
  /** Continues at an address. */
  continueAt(target: WasmNode): void {
    const b = this.body;
    const t = this.let("target", as(wt.i64, target));
    b.store(op.i64store, i32c(0), t, at.rip);
    const entry = jumpEntry(b, t);
    b.if(isEntryOf(entry, t));
    this.enter(node(wt.i32, op.i32load, [entry], layout.jumpCache + jumpCache.record), exitCode.jumped);
    b.end();
    b.expr(this.record());
    b.expr(budgetParam);
    b.opcode(op.returnCall);
    b.code.u(this.runtime.elsewhere);
  }
  /** Enters this record, whose block is not yet charged to the budget. */
  uncharged(): void {
    const b = this.body;
    const rest = b.bind(node(wt.i32, op.i32sub, [budgetParam, this.linked(op.i32load16u, record.remaining)]));
    b.if(node(wt.i32, op.i32geS, [rest, i32c(0)]));
    this.#tail(this.record(), rest);
    b.end();
    b.store(op.i32store, i32c(0), this.record(), at.record);
    b.store(op.i32store, i32c(0), rest, at.budget);
    b.expr(i32c(exitCode.stale));
    b.opcode(op.return);
  }
  /**
   * The target may be in the second entry of its set, or displaced. It becomes the first entry. The first
   * becomes the second, and the second is displaced (jump-cache.ts).
   */
  elsewhere(): void {
    const b = this.body;
    const target = this.let("target", node(wt.i64, op.i64load, [i32c(0)], at.rip));
    const first = jumpEntry(b, target);
    const second = b.bind(node(wt.i32, op.i32xor, [first, i32c(jumpCache.size)]));
    /** The halves of an entry, bound. */
    const content = (entry: WasmNode, of: number): WasmNode[] => [0, 8].map((half) => b.bind(node(wt.i64, op.i64load, [entry], of + half)));
    const put = (halves: readonly WasmNode[], entry: WasmNode, of: number): void =>
      halves.forEach((half, n) => b.store(op.i64store, entry, half, of + n * 8));
    b.if(isEntryOf(second, target));
    const found = content(second, layout.jumpCache);
    put(content(first, layout.jumpCache), second, layout.jumpCache);
    put(found, first, layout.jumpCache);
    this.enter(node(wt.i32, op.i32load, [first], layout.jumpCache + jumpCache.record), exitCode.jumped);
    b.end();
    const place = displacedEntry(b, target);
    b.if(node(wt.i32, op.i64eq, [node(wt.i64, op.i64load, [place], layout.displaced + jumpCache.ip), target]));
    const ours = content(place, layout.displaced);
    const pushed = content(second, layout.jumpCache);
    put(pushed, displacedEntry(b, pushed[0]!), layout.displaced);
    put(content(first, layout.jumpCache), second, layout.jumpCache);
    put(ours, first, layout.jumpCache);
    this.enter(node(wt.i32, op.i32load, [first], layout.jumpCache + jumpCache.record), exitCode.jumped);
    b.end();
    this.leave(exitCode.jumped);
  }
  fault(vector: number, error = 0): void {
    this.#raise(vector, error, exitCode.fault);
  }
  trap(vector: number, error = 0): void {
    this.#raise(vector, error, exitCode.trap);
  }
  #raise(vector: number, error: number, code: number): void {
    const b = this.body;
    b.store(op.i32store, i32c(0), i32c(vector), at.exitVector);
    b.store(op.i32store, i32c(0), i32c(error), at.exitError);
    this.leave(code);
  }
  exit(code: number): void {
    this.leave(code);
  }
  /** The record of a compiled region: calls it and follows its final jump. */
  region(): void {
    const b = this.body;
    b.if(node(wt.i32, op.i32ne, [this.linked(op.i32load, record.imm), field.u32(at.epoch)]));
    this.leave(exitCode.unverified);
    b.end();
    // The interpreter's budget is not charged: regions have a budget of their own.
    b.store(op.i32store, i32c(0), budgetParam, at.budget);
    const word = b.local(wt.i32);
    const where = b.local(wt.i64);
    b.set(word, this.linked(op.i32load, record.link));
    b.opcode(op.loop);
    b.code.byte(0x40);
    b.store(op.i32store, i32c(0), i32c(0), at.callDepth);
    b.expr(field.u32(at.regionBudget));
    b.expr(node(wt.i32, op.i32shrU, [localGet(wt.i32, word), i32c(slotBits)]));
    b.expr(node(wt.i32, op.i32and, [localGet(wt.i32, word), i32c((1 << slotBits) - 1)]));
    b.opcode(op.callIndirect);
    b.code.u(this.runtime.regionTypeIndex);
    b.code.u(1);
    b.code.byte(op.localSet);
    b.code.u(where);
    const target = localGet(wt.i64, where);
    b.if(node(wt.i32, op.i64geS, [target, i64c(0n)]));
    const entry = jumpEntry(b, target);
    b.if(isEntryOf(entry, target));
    b.set(word, node(wt.i32, op.i32load, [entry], layout.jumpCache + jumpCache.region));
    b.goIf(localGet(wt.i32, word), 2, true);
    b.end();
    this.continueAt(target);
    b.end();
    b.end();
    b.expr(as(wt.i32, pure.not(target)));
    b.opcode(op.return);
  }

  repeat(bodyOf: () => WasmNode | undefined, zf: boolean): void {
    const b = this.body;
    const { rep, addressSize } = this.form;
    if (rep === 0) {
      bodyOf();
      return;
    }
    const iterations = b.local(wt.i32);
    b.set(iterations, iterationsLeftIn(this.reg(R.cx, addressSize)));
    b.opcode(op.block);
    b.code.byte(0x40);
    b.opcode(op.loop);
    b.code.byte(0x40);
    const out = (depth: number, c: WasmNode) => {
      b.expr(c);
      b.opcode(op.brIf);
      b.code.u(depth);
    };
    const count = this.reg(R.cx, addressSize);
    out(1, node(wt.i32, op.i64eqz, [count]));
    b.if(node(wt.i32, op.i32eqz, [localGet(wt.i32, iterations)]), false);
    this.leave(exitCode.again);
    b.end();
    const last = bodyOf();
    this.setReg(R.cx, addressSize, pure.sub(count, pure.imm(1)));
    if (last) out(1, pure.ne(last, pure.imm(0)));
    else if (zf) {
      const z = this.condition(4);
      out(1, rep === 1 ? node(wt.i32, op.i32eqz, [z]) : z);
    }
    b.set(iterations, node(wt.i32, op.i32sub, [localGet(wt.i32, iterations), i32c(1)]));
    b.opcode(op.br);
    b.code.u(0);
    b.end();
    b.end();
  }

  helper(name: HelperName, a: WasmNode = i64c(0n), c: WasmNode = i64c(0n)): void {
    const b = this.body;
    const code = b.bind(
      node(
        wt.i32,
        op.call,
        [i32c(this.runtime.helperId(name)), this.record(), budgetParam, as(wt.i64, a), as(wt.i64, c)],
        this.runtime.helper,
      ),
    );
    b.if(code);
    b.expr(code);
    b.opcode(op.return);
    b.end();
  }
}
