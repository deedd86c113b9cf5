// Ops<Node> for the JIT: operands are constants of the decoded instruction, registers and lazy flags are read and written in wasm locals.
// When those are loaded from the state page and stored there is said in register-cache.ts.

import { type Body, i32c, i64c, localGet, type Node, node, op, wt } from "../../../wasm/encoder.ts";
import { loadAt, vectorLoad } from "../../codegen/compile.ts";
import { as, pure, truth, zeroVector } from "../../codegen/expression.ts";
import { type Decoded, noRegister } from "../../decode/decoder.ts";
import { repeatIterations } from "../../decode/operand-slots.ts";
import { effectsOf } from "../../isa/effects.ts";
import { assemble, type LazyFlagKind } from "../../isa/flags.ts";
import { alignmentOf } from "../../isa/form.ts";
import type { Assured, Flag, FlagKind, Ops } from "../../isa/ops.ts";
import { type HelperName, modelHelpers } from "../../isa/routine-types.ts";
import { immediateWidth } from "../../isa/row.ts";
import { exitCode } from "../../machine/exit.ts";
import { access } from "../../machine/mmu.ts";
import { at, type Field, fieldWidth, R, S } from "../../machine/state.ts";
import { alike, part, type Standing, union } from "../analysis/register-cache.ts";
import { type Manner, manners } from "./exits.ts";
import { JitForm } from "./jit-form.ts";
import { type InCode, RegionBase } from "./region-base.ts";
import { FloatRuns } from "./sse-batch.ts";
import { type fpuRoutines, isInline, RegionFpu, runFrom } from "./x87-batch.ts";

const readImmediate = ({ place, bits }: InCode, width: number): Node =>
  node(wt.i64, bits === 64 ? op.i64load : width === 64 ? op.i64load32s : op.i64load32u, [i32c(0)], place);
/** May access memory: is looked at by itself if a place is not found. */
const touches = (d: Decoded): boolean => {
  const f = effectsOf(d.row);
  return (d.isMemory && f.memory) || f.stack;
};
/** Accesses at constant distances from a register, as a guess: how many come after the first of each. */
const isWorthTwo = (list: readonly Decoded[]): boolean => {
  const bases = new Set<number>();
  let again = 0;
  for (const d of list) {
    if (!touches(d) || (d.isMemory && d.index !== noRegister)) continue;
    const base = d.isMemory ? d.base : R.sp;
    if (bases.has(base)) again++;
    bases.add(base);
  }
  return again >= 2;
};

/** No address of user code: the upper half, which is the kernel's, is the interpreter's too. */
const outside = (a: Node): Node => pure.ltU(pure.imm(2n ** 47n - 1n), a);

export class RegionCompiler extends RegionBase implements Ops<Node> {
  readonly fpu = new RegionFpu(this);
  override readonly floats = new FloatRuns(this);
  /** There are runs of x87 instructions: inside the exits' blocks is another one, where those lead that are left. */
  hasRuns = false;
  /** Where the memory operand is that is read and then written: in memory, or its address. */
  #pointer: Node | undefined;
  #address: Node | undefined;
  /** Where the instruction in progress goes when it is done: set by its control words. */
  control:
    | { kind: "branch" }
    | { kind: "branchIf"; c: Node }
    | { kind: "jump"; target: Node }
    | { kind: "door"; code: number }
    | { kind: "left" }
    | undefined;

  /** Compile the instructions of a block. */
  block(list: readonly Decoded[]): void {
    this.places.doubt(this.trusts);
    this.places.otherwise = this.trusts ? () => this.leaveFrom(1) : undefined;
    for (let i = 0; i < list.length; ) {
      let end = runFrom(list, i);
      if (end > i) this.#run(list, i, end);
      else {
        // The last instruction decides where control goes, which is said once.
        while (end < list.length - 1 && runFrom(list, end) === end) end++;
        if (end === i) this.instruction(list[end++]!, 1);
        else if (!this.trusts && isWorthTwo(list.slice(i, end))) this.#twice(list, i, end);
        else this.#straight(list, i, end);
      }
      i = end;
    }
    this.places.otherwise = undefined;
  }
  /** Instructions one after the other, among them runs of SSE arithmetic; `before` each. */
  #straight(list: readonly Decoded[], from: number, to: number, before: (n: number) => void = () => {}): void {
    const each = (n: number) => {
      before(n);
      this.instruction(list[n]!, list.length - n);
    };
    for (let n = from; n < to; ) {
      const end = this.floats.endOf(list, n, to);
      if (end > n) this.floats.write(list, n, end, each);
      else each(n);
      n = Math.max(n + 1, end);
    }
  }
  /**
   * Instructions of which several access memory near one another are written twice: first for where every place is found, without tests.
   * Where one is not, control goes to the same instruction of the second time, in which each access is looked up by itself.
   */
  #twice(list: readonly Decoded[], from: number, to: number): void {
    const b = this.body;
    const outer = this.depth;
    const before = this.places.state;
    const turns: number[] = [];
    for (let i = from; i < to; i++) if (touches(list[i]!)) turns.push(i);
    for (let n = 0; n <= turns.length; n++) {
      b.opcode(op.block);
      b.code.byte(0x40);
    }
    this.depth += turns.length + 1;
    this.places.doubt();
    let start = this.knowledge;
    const standing: Standing[] = [];
    this.#straight(list, from, to, (i) => {
      const turn = turns.indexOf(i);
      if (turn === 0 && standing.length === 0) start = this.knowledge;
      if (turn >= 0) standing[turn] = standing[turn] ? alike(standing[turn], this.residence.now) : this.residence.now;
      const other = (): void => {
        this.floats.makeSure();
        b.go(this.depth - outer - turns.length + turn);
      };
      this.places.otherwise = turn < 0 ? undefined : other;
    });
    const after = this.knowledge;
    b.opcode(op.br);
    b.code.u(turns.length);
    const first = this.residence.now;
    this.residence.now = standing[0] ?? first;
    this.places.otherwise = true;
    this.floats.aside(() => {
      this.knowledge = start;
      for (const [n, turn] of turns.entries()) {
        b.end();
        this.depth--;
        this.residence.meets(standing[n]!);
        for (let i = turn; i < (turns[n + 1] ?? to); i++) this.instruction(list[i]!, list.length - i);
      }
    });
    this.places.otherwise = undefined;
    this.knowledge = after;
    this.places.setUnknown(before);
    this.places.doubt();
    b.end();
    this.depth--;
    this.residence.meets(first);
  }
  /** A run of x87 instructions: with the stack in locals, or else as always. */
  #run(list: readonly Decoded[], from: number, to: number): void {
    this.residence.cannotBeginAgain();
    const all = () => this.#straight(list, from, to);
    this.fpu.begin();
    this.depth++;
    this.oneOf(
      () => {
        all();
        this.fpu.end();
      },
      () => {
        this.body.else();
        all();
      },
    );
    this.depth--;
    this.body.end();
  }
  /** A routine that no row calls. */
  runtimeCall(name: (typeof fpuRoutines)[number], ...args: Node[]): Node {
    this.residence.cannotBeginAgain();
    const r = this.runtime.routine(name);
    return node(
      r.result!,
      op.call,
      args.map((a, i) => as(r.params[i]!, a)),
      r.index,
    );
  }
  protected override goOut(manner: Manner): void {
    if (this.fpu.active) this.fpu.leaving();
    this.body.opcode(op.br);
    this.body.code.u(this.fpu.active ? this.depth : this.depth + (this.hasRuns ? 1 : 0) + manners.indexOf(manner));
  }
  override leaveAt(rip: Node, code: number, refund: number): void {
    const out = super.leaveAt.bind(this);
    if (!this.floats.leaving(out)) out(rip, code, refund);
  }
  /** Compile one instruction; `left` counts it and what follows it in its block. */
  instruction(d: Decoded, left: number): void {
    this.d = d;
    this.i = new JitForm(d);
    this.left = left;
    this.#pointer = this.#address = undefined;
    this.#unproven = undefined;
    this.control = undefined;
    this.body.release();
    this.flagParts.begin();
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
  #offsetOf: (d: Decoded, n: number) => number = () => 0;
  /** Injected (instance.ts): where a register operand lies in the state page. */
  set registerOffset(f: (d: Decoded, n: number) => number) {
    this.#offsetOf = f;
  }

  get(n: number): Node {
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
          // A store that follows may change it.
          this.residence.loaded({ origin: undefined, bytes: there.bits >> 3 });
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
  #readRegister(offset: number, w: number): Node {
    if (offset < at.rip) return this.readGpr(offset, w);
    if (offset >= at.ymm) {
      const v = this.xmm((offset - at.ymm) >> 5);
      return w === 128 ? v : w === 64 ? this.lane(v, 64, 0) : pure.zext(as(wt.i64, this.lane(v, 32, 0)), w);
    }
    return this.body.bind(node(wt.i64, w === 64 ? op.i64load : w === 32 ? op.i64load32u : op.i64load16u, [i32c(0)], offset));
  }
  vec(n: number): Node {
    const w = this.i.widths[n]!;
    const lane = vectorLoad[w];
    if (this.i.memory(n) && lane !== undefined) return this.loaded(wt.v128, lane, this.#operand(), w, this.#alignment(n));
    if (this.i.memory(n) || !this.d.row.operands[n]!.kind.startsWith("xmm")) return this.get(n);
    const v = this.xmm((this.#registerOffset(n) - at.ymm) >> 5);
    return w < 128 && !this.d.row.vex ? this.floats.lowest(v, w) : v;
  }
  wide(n: number): readonly [Node, Node] {
    if (this.i.memory(n) && this.d.row.operands[n]!.kind !== "vsib") {
      const p = this.#translateOperand(n, access.read);
      return [this.readAt(p, 128), this.readAt(p, 128, 16)];
    }
    const r = (this.#registerOffset(n) - at.ymm) >> 5;
    return [this.xmm(r), this.upper(r)];
  }
  upper(r: number): Node {
    return this.body.bind(this.registers.uppers.get(r));
  }
  setUpper(r: number, v: Node): void {
    this.registers.uppers.set(r, as(wt.v128, v));
  }
  setWide(n: number, low: Node, high: Node): void {
    if (this.i.memory(n)) return this.writeWideAt(this.#translateOperand(n, access.write), low, high);
    const r = (this.#registerOffset(n) - at.ymm) >> 5;
    this.setXmm(r, low);
    this.setUpper(r, high);
  }
  override xmm(r: number): Node {
    return this.floats.read(r, this.body.bind(this.registers.xmms.get(r)));
  }
  override setXmm(r: number, v: Node): void {
    this.floats.wrote(r, 128, v);
    this.registers.xmms.set(r, as(wt.v128, v));
  }
  override assured(name: Assured, w: 32 | 64, lanes: number, result: Node, ...operands: Node[]): boolean {
    return this.floats.assured(name, w, lanes, result, operands);
  }
  override shuffle(a: Node, b: Node, lanes: readonly number[]): Node {
    return this.floats.shuffled(super.shuffle(a, b, lanes), a, b, lanes);
  }
  rmw(n: number): Node {
    if (!this.i.memory(n)) return this.get(n);
    const w = this.i.widths[n]!;
    const must = this.#alignment(n);
    const operand = this.#operand();
    if (must === 1 && this.places.isSure(operand)) {
      // XADD writes a register in between, which may be part of the address.
      this.#address = this.body.bind(operand);
      return this.read(this.#address, w, must, access.write);
    }
    this.#pointer = this.#translateOperand(n, access.write);
    return this.readAt(this.#pointer, this.i.widths[n]!);
  }
  set(n: number, v: Node): void {
    const w = this.i.widths[n]!;
    if (this.i.memory(n) && !this.#pointer) return this.write(this.#address ?? this.#operand(), w, v, this.#alignment(n));
    if (this.i.memory(n)) return this.writeAt(this.#pointer!, w, v);
    const offset = this.#registerOffset(n);
    if (offset < at.rip) return this.writeGpr(offset, w, v);
    if (offset >= at.ymm) {
      const r = (offset - at.ymm) >> 5;
      this.floats.wrote(r, w, v);
      if (this.d.row.vex) this.registers.uppers.set(r, zeroVector);
      return this.registers.xmms.set(
        r,
        w === 128 || this.d.row.vex ? as(wt.v128, v) : this.withLane(this.registers.xmms.get(r), w as 32 | 64, 0, v),
      );
    }
    // MMX: the exponent becomes all ones. SDM Vol. 1 9.5.
    this.residence.cannotBeginAgain();
    this.body.store(op.i32store16, i32c(0), i32c(0xffff), offset + 8);
    this.body.store(op.i64store, i32c(0), as(wt.i64, v), offset);
  }
  /** Modes that the region asks for, each in a local: true or false until the field is written, here or by somebody called. */
  readonly #modes = new Map<string, { readonly f: Field; readonly local: number; readonly now: Node }>();
  override holds(f: Field, mask: number, value: number): Node {
    // In a run of x87 instructions nothing is pending.
    if (f === "fpuStatus") return this.fpu.active ? i32c(0) : super.holds(f, mask, value);
    const key = `${f} ${mask} ${value}`;
    let mode = this.#modes.get(key);
    if (!mode) {
      const part = pure.and(loadAt(i32c(0), fieldWidth[f], at[f]), pure.imm(mask));
      mode = { f, local: this.body.keep(wt.i32), now: pure.eq(part, pure.imm(value)) };
      this.#modes.set(key, mode);
    }
    return localGet(wt.i32, mode.local);
  }
  /** An x87 instruction of a run. Its selectors for FNSTENV are read where they are written, at the end of the run. */
  #noting(): boolean {
    return this.fpu.active && isInline(this.d);
  }
  override field(f: Field, n = 0): Node {
    if (this.fpu.active && f === "fpuStatus") return this.body.bind(this.fpu.status);
    if (this.#noting() && f === "segSelector") return i64c(0n);
    return super.field(f, n);
  }
  override setField(f: Field, v: Node): void {
    this.residence.cannotBeginAgain();
    if (this.fpu.active) return this.fpu.setField(f, v, this.d.memorySegment);
    super.setField(f, v);
    if (f === "mxcsr") this.floats.state = undefined;
    this.#written(f);
  }
  override call(name: string, ...args: Node[]): Node {
    if (this.#noting()) return this.fpu.call(name, args);
    this.residence.cannotBeginAgain();
    const result = super.call(name, ...args);
    if (name === "sse_commit") this.#written("mxcsr");
    return result;
  }
  #written(f: Field): void {
    if (f === "mxcsr") this.body.later((late) => this.loadModes(late, f));
  }
  /** From the state page. */
  loadModes(b: Body, f?: Field): void {
    for (const mode of this.#modes.values()) if (f === undefined || mode.f === f) b.set(mode.local, mode.now);
  }
  override setSystemFlags(v: Node): void {
    this.residence.cannotBeginAgain();
    super.setSystemFlags(v);
  }
  selector(s: number): Node {
    return this.body.bind(node(wt.i64, op.i64load32u, [i32c(0)], at.segSelector + s * 4));
  }

  address(_n: number): Node {
    return this.held(this.effective());
  }
  element(_n: number, index: Node): Node {
    return this.held(this.effective(index));
  }
  linear(_n: number, _write: boolean): Node {
    return this.held(this.segmented(this.d.memorySegment, this.effective()));
  }
  segment(_n: number): Node {
    if (this.#noting()) return i64c(0n);
    return this.selector(this.d.memorySegment);
  }
  #translateOperand(n: number, how: 0 | 1): Node {
    return this.translate(this.#operand(), this.i.widths[n]!, how, this.#alignment(n));
  }
  #operand(): Node {
    return this.segmented(this.d.memorySegment, this.effective());
  }
  #alignment(n: number): number {
    return alignmentOf(this.d.row, this.d.row.operands[n]!);
  }
  #implicit(segment: number | undefined, offset: Node): Node {
    return this.segmented(segment ?? (this.d.isMemory ? this.d.memorySegment : this.d.segment >= 0 ? this.d.segment : S.ds), offset);
  }
  load(segment: number | undefined, offset: Node, w: number): Node {
    return this.read(this.#implicit(segment, offset), w);
  }
  loadRmw(segment: number | undefined, offset: Node, w: number): Node {
    return this.readAt(this.translate(this.#implicit(segment, offset), w, access.write), w);
  }
  store(segment: number | undefined, offset: Node, w: number, v: Node): void {
    this.write(this.#implicit(segment, offset), w, v);
  }

  // Flags, in locals.
  protected override storeFlags(kind: LazyFlagKind, r: Node, a: Node, b: Node, w = 64): void {
    this.flagParts.keep(kind, r, a, b, w);
  }
  protected override lazyFlags(): { kind: Node; r: Node; a: Node; b: Node } {
    return this.flagParts.lazyFlags();
  }
  protected override signParity(): Node {
    const { known } = this.flagParts;
    const { r, b } = this.lazyFlags();
    return known === undefined ? super.signParity() : known.kind === "split" ? b : r;
  }
  override flags(kind: FlagKind, w: number, r: Node, a?: Node, b?: Node): void {
    if (kind !== "word") {
      super.flags(kind, w, r, a, b);
      if (kind === "order") this.flagParts.apart();
      else if (w < 32 && kind === "sub") this.flagParts.unsigned(this.zext(a!, w), this.zext(b!, w));
      else if (w < 32) this.flagParts.unsigned(this.zext(r, w), pure.imm(0));
      return;
    }
    const word = this.let("word", r);
    super.flags(kind, w, word);
    this.flagParts.together(word);
  }
  override flag(f: Flag): Node {
    return this.held(this.flagParts.flag(f));
  }
  override flagsWord(): Node {
    return this.held(assemble(pure, (f) => this.flag(f)));
  }
  override condition(cc: number): Node {
    return this.body.bind(as(wt.i32, this.flagParts.condition(cc)));
  }

  // Control.
  override uncanonical(a: Node): Node {
    const { calls, jumps, returns } = effectsOf(this.d.row);
    // A jump has done nothing yet when control turns out to go nowhere in the region: that is early enough to ask.
    this.#unproven = jumps && !calls && !returns ? outside(a) : undefined;
    return this.#unproven ? pure.imm(0) : outside(a);
  }
  /** Is the target of the jump in progress none? Not known yet. */
  #unproven: Node | undefined;
  /** All that the jump has to do is done: it leaves for an address out of the region, which must be one. */
  proveTarget(): void {
    if (this.#unproven) this.leaveToInterpreterIf(truth(this.#unproven));
  }
  ip(): Node {
    return this.here();
  }
  modrm(): Node {
    return i64c(BigInt(this.d.modrmByte));
  }
  nextIp(): Node {
    return i64c(this.nextIpConstant());
  }
  target(): Node {
    return i64c(BigInt(this.d.target));
  }
  branch(): void {
    this.control = { kind: "branch" };
  }
  branchIf(c: Node): void {
    this.control = { kind: "branchIf", c: this.body.bind(truth(c)) };
  }
  jump(target: Node): void {
    this.control = { kind: "jump", target: this.body.bind(as(wt.i64, target)) };
  }
  fault(): void {
    this.#notHere();
  }
  trap(): void {
    this.#notHere();
  }
  #notHere(): void {
    this.leaveToInterpreter();
    this.control = { kind: "left" };
  }
  exit(code: number): void {
    this.control = { kind: "door", code };
  }
  /** What the model decides is decided here; all else is the interpreter's. */
  helper(name: HelperName): void {
    const trait = modelHelpers[name];
    if (this.control?.kind === "door" || (trait && this.runtime.model[trait])) return;
    this.#notHere();
  }

  repeat(bodyOf: () => Node | undefined, zf: boolean): void {
    if (this.i.rep === 0) {
      bodyOf();
      return;
    }
    const registers = [R.ax, R.cx, R.si, R.di];
    if (this.narrow && !this.residence.now.scope) this.leaveIfUpper(this.here(), this.left, () => registers.map(part.zeroed).reduce(union));
    for (const r of registers) this.registers.gpr.mayWrite(r);
    if (zf) this.flagParts.mayWrite();
    this.residence.cannotBeginAgain();
    this.#rounds(bodyOf, zf);
  }
  #rounds(bodyOf: () => Node | undefined, zf: boolean): void {
    const b = this.body;
    const { rep, addressSize } = this.i;
    const rounds = b.local(wt.i32);
    b.set(rounds, i32c(repeatIterations));
    b.opcode(op.block);
    b.code.byte(0x40);
    b.opcode(op.loop);
    b.code.byte(0x40);
    this.depth += 2;
    const out = (depth: number, c: Node) => {
      b.expr(c);
      b.opcode(op.brIf);
      b.code.u(depth);
    };
    const count = this.reg(R.cx, addressSize);
    out(1, pure.eq(count, pure.imm(0)));
    b.if(node(wt.i32, op.i32eqz, [localGet(wt.i32, rounds)]), false);
    this.depth++;
    this.leaveAt(this.here(), exitCode.iterations, this.left - 1);
    this.depth--;
    b.end();
    // Flags come from before the loop or from the round before; registers change, and rsp does not.
    if (zf) this.flagParts.forget();
    this.places.forget();
    const last = bodyOf();
    this.setReg(R.cx, addressSize, pure.sub(count, pure.imm(1)));
    if (last) out(1, pure.ne(last, pure.imm(0)));
    if (zf) {
      const z = last ? undefined : this.condition(4);
      if (z) out(1, rep === 1 ? node(wt.i32, op.i32eqz, [z]) : z);
      this.flagParts.forget();
    }
    b.set(rounds, node(wt.i32, op.i32sub, [localGet(wt.i32, rounds), i32c(1)]));
    b.opcode(op.br);
    b.code.u(0);
    this.depth -= 2;
    b.end();
    b.end();
    this.places.forget();
    if (zf) this.flagParts.forget();
  }
}
