// Ops<Node> for the JIT: operands are constants of the decoded instruction, registers and lazy flags live in wasm locals. An exit
// names the address to go on at; the region's one epilogue writes back what the region may have changed.
import { Compiler, loadAt, type Runtime, vectorLoad } from "../compile.ts";
import { type Decoded, noRegister } from "../decode.ts";
import { leave, settled } from "../exit.ts";
import { as, pure, truth, zeroVector } from "../expression.ts";
import { assemble, type KeptKind } from "../flags.ts";
import { alignmentOf, operandWidth } from "../form.ts";
import { type Access, access } from "../mmu.ts";
import type { Model } from "../model.ts";
import type { AddressSize, Flag, Form, Ops, Width } from "../ops.ts";
import { type ActName, modelActs } from "../routine-types.ts";
import { immediateWidth, isMemoryOperand } from "../row.ts";
import { repeatRounds } from "../slots.ts";
import { at, type Field, fieldWidth, R, S } from "../state.ts";
import { type Body, bitsOf, i32c, i64c, localGet, type Node, node, noted, op, type WasmType, wt } from "../wasm.ts";
import { isWhole } from "./contents.ts";
import { factsOf } from "./facts.ts";
import { type fpuRoutines, isInline, RegionFpu, runFrom } from "./fpu.ts";
import type { JumpTable } from "./jump-tables.ts";
import { type Known, LazyFlags } from "./lazy-flags.ts";
import { type Nearby, Places, type Touch } from "./places.ts";
import { Registers } from "./registers.ts";

/** What a decoded instruction is to a meaning. */
class JitForm implements Form {
  readonly d: Decoded;
  readonly w: Width;
  readonly widths: readonly number[];
  constructor(d: Decoded) {
    this.d = d;
    this.w = operandWidth(d.row, d.size);
    this.widths = d.row.operands.map((_, n) => d.width(n));
  }
  get addressSize(): AddressSize {
    return this.d.addressSize;
  }
  get stackSize(): AddressSize {
    return this.d.mode;
  }
  get mode(): AddressSize {
    return this.d.mode;
  }
  /** Regions are made of flat code only. */
  get flat(): boolean {
    return true;
  }
  get rep() {
    return this.d.rep;
  }
  get cc(): number {
    return this.d.row.cc;
  }
  memory(n: number): boolean {
    return this.d.isMemory && isMemoryOperand(this.d.row.operands[n]!);
  }
}

/** Functions a region calls, by index in its module. */
export interface RegionRuntime extends Runtime {
  /** (address f64, bytes, access) -> byte address, or 0: leave at this instruction. */
  readonly missRegion: number;
  /** (address, bytes, access) -> the same, by the TLB first. */
  readonly lookUp: number;
  /** (exit) -> 0 to go on, or what to leave with: the kernel serves a call. */
  readonly serve: number;
  /** The processor's. */
  readonly model: Model;
  /** The type of regions, to go on into another. */
  readonly regionTypeIndex: number;
  /** A table for the region's computed jumps within it. */
  readonly jumpTable: (targets: readonly number[]) => JumpTable | undefined;
  /** Of code that is written again and again: where an immediate is to be read. */
  readonly immediates: ((d: Decoded) => InCode | undefined) | undefined;
}

const load32: Record<number, number> = { 8: op.i32load8u, 16: op.i32load16u, 32: op.i32load };

/** What is known where control is. */
export interface Knowledge extends Nearby {
  readonly flags: Known | undefined;
}
export const nothingKnown: Knowledge = { flags: undefined, origins: [], places: [], sure: [], contents: [] };
/** What holds whichever of the ways control came. */
export const meet = (ways: readonly Knowledge[]): Knowledge => {
  if (ways.length === 1) return ways[0]!;
  const flags = ways[0]?.flags;
  return { flags: ways.every((way) => way.flags === flags) ? flags : undefined, ...Places.meet(ways) };
};

/** An immediate where its code lies in memory, and extended to so many bits. */
export interface InCode {
  readonly place: number;
  readonly bits: 32 | 64;
}
const readImmediate = ({ place, bits }: InCode, width: number): Node =>
  node(wt.i64, bits === 64 ? op.i64load : width === 64 ? op.i64load32s : op.i64load32u, [i32c(0)], place);
/** May access memory: is looked at by itself if a place is not found. */
const touches = (d: Decoded): boolean => {
  const f = factsOf(d.row);
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

export class RegionCompiler extends Compiler implements Ops<Node> {
  declare readonly runtime: RegionRuntime;
  protected override readonly narrow: boolean;
  readonly registers: Registers;
  readonly flagParts: LazyFlags;
  readonly fpu = new RegionFpu(this);
  /** There are runs of x87 instructions: inside the exit block is another one, where those lead that are left. */
  hasRuns = false;
  readonly budgetLocal = 0;
  readonly #rip: number;
  readonly #code: number;
  readonly places: Places;
  /** Open wasm labels inside the exit block. */
  depth = 0;
  #d!: Decoded;
  #form!: JitForm;
  #left = 0;
  #pointer: Node | undefined;
  /** Where the instruction in progress goes when it is done: set by its control words. */
  control:
    | { kind: "branch" }
    | { kind: "branchIf"; c: Node }
    | { kind: "jump"; target: Node }
    | { kind: "door"; code: number }
    | { kind: "left" }
    | undefined;

  constructor(body: Body, runtime: RegionRuntime, mode: AddressSize) {
    super(body, undefined as unknown as Form, runtime);
    this.narrow = mode !== 64;
    this.places = new Places(body, this.narrow);
    this.registers = new Registers(body, this.narrow);
    this.#rip = body.keep(wt.i64);
    this.#code = body.keep(wt.i32);
    this.flagParts = new LazyFlags(body, this.narrow);
  }
  record(): Node {
    return i32c(0);
  }
  budget(): Node {
    return localGet(wt.i32, this.budgetLocal);
  }

  /** Compile the instructions of a block. */
  block(list: readonly Decoded[]): void {
    this.places.doubt();
    for (let i = 0; i < list.length; ) {
      let end = runFrom(list, i);
      if (end > i) this.#run(list, i, end);
      else {
        // The last instruction decides where control goes, which is said once.
        while (end < list.length - 1 && runFrom(list, end) === end) end++;
        if (end === i) this.instruction(list[end++]!, 1);
        else if (isWorthTwo(list.slice(i, end))) this.#twice(list, i, end);
        else for (let n = i; n < end; n++) this.instruction(list[n]!, list.length - n);
      }
      i = end;
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
    for (let i = from; i < to; i++) {
      if (i === turns[0]) start = this.knowledge;
      const turn = turns.indexOf(i);
      const other = (): void => {
        b.opcode(op.br);
        b.code.u(this.depth - outer - turns.length + turn);
      };
      this.places.twice = turn < 0 ? undefined : other;
      this.instruction(list[i]!, list.length - i);
    }
    const after = this.knowledge;
    b.opcode(op.br);
    b.code.u(turns.length);
    this.knowledge = start;
    this.places.twice = true;
    for (const [n, turn] of turns.entries()) {
      b.end();
      this.depth--;
      for (let i = turn; i < (turns[n + 1] ?? to); i++) this.instruction(list[i]!, list.length - i);
    }
    this.places.twice = undefined;
    this.knowledge = after;
    this.places.setUnknown(before);
    this.places.doubt();
    b.end();
    this.depth--;
  }
  /** A run of x87 instructions: with the stack in locals, or else as always. */
  #run(list: readonly Decoded[], from: number, to: number): void {
    const all = () => {
      for (let i = from; i < to; i++) this.instruction(list[i]!, list.length - i);
    };
    this.fpu.begin();
    this.depth++;
    this.#either(
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
    const r = this.runtime.routine(name);
    return node(
      r.result!,
      op.call,
      args.map((a, i) => as(r.params[i]!, a)),
      r.index,
    );
  }
  leaveToInterpreter(): void {
    this.leaveAt(this.#here(), leave.interpret, this.#left);
  }
  /** Compile one instruction; `left` counts it and what follows it in its block. */
  instruction(d: Decoded, left: number): void {
    this.#d = d;
    this.#form = new JitForm(d);
    this.#left = left;
    this.#pointer = undefined;
    this.control = undefined;
    this.body.release();
    d.row.does(this, this.#form);
  }

  // Leaving. The exit block is the outermost label.
  /** `refund`: instructions charged but not retired. */
  leaveAt(rip: Node, code: number, refund: number): void {
    const b = this.body;
    b.set(this.#rip, as(wt.i64, rip));
    b.set(this.#code, i32c(code));
    if (refund) b.set(this.budgetLocal, node(wt.i32, op.i32add, [this.budget(), i32c(refund)]));
    if (this.fpu.active) this.fpu.leaving();
    b.opcode(op.br);
    b.code.u(this.depth + (this.hasRuns && !this.fpu.active ? 1 : 0));
  }
  #here(): Node {
    return i64c(BigInt(this.#d.ip));
  }
  #next(): Node {
    return i64c(this.nextIpConstant());
  }
  nextIpConstant(): bigint {
    const next = BigInt(this.#d.ip + this.#d.length);
    return this.#d.mode === 64 ? next : BigInt.asUintN(32, next);
  }
  protected override choose(c: Node, then: () => void, otherwise?: () => void, likely?: boolean): void {
    this.body.if(c, likely);
    this.depth++;
    this.#either(then, () => {
      if (!otherwise) return;
      this.body.else();
      otherwise();
    });
    this.depth--;
    this.body.end();
  }
  /** One of two ways: what is known after it is what both leave known. */
  #either(one: () => void, other: () => void): void {
    const before = this.knowledge;
    one();
    const after = this.knowledge;
    this.knowledge = before;
    other();
    this.knowledge = meet([this.knowledge, after]);
  }
  get knowledge(): Knowledge {
    return { flags: this.flagParts.known, ...this.places.state };
  }
  set knowledge(k: Knowledge) {
    this.flagParts.known = k.flags;
    this.places.state = k;
  }

  /** A value in a local of its own; of 32 bits, if the rest of it follows from those. */
  #held(v: Node): Node {
    if (v.op === op.i64extendI32s) return node(wt.i64, v.op, [this.body.bind(v.args[0]!)]);
    if (v.t !== wt.i64 || bitsOf(v) > 32) return this.body.bind(v);
    const low = this.body.bind(as(wt.i32, v));
    return noted(low, Math.min(bitsOf(v), bitsOf(low)), v.from);
  }
  override let(_name: string, v: Node): Node {
    const there = v.op === op.i64extendI32s ? v.args[0]! : v;
    return there.op === op.localGet ? v : this.#held(v);
  }
  override readAt(pointer: Node, w: number, offset = 0): Node {
    const o = load32[w];
    return o === undefined ? super.readAt(pointer, w, offset) : this.body.bind(node(wt.i32, o, [pointer], offset));
  }

  // Registers.
  #gpr(r: number): Node {
    return noted(this.registers.gpr.get(r), undefined, this.places.originOf(r));
  }
  /** Outside 64-bit mode what is known of where values come from is meant modulo 2^32: cutting them changes nothing. */
  #cut(v: Node, w: number): Node {
    const cut = pure.zext(v, w);
    return v.from && w === 32 && this.#d.mode !== 64 ? noted(cut, cut.below, v.from) : cut;
  }
  override readonly zext = (v: Node, w: number): Node => this.#cut(v, w);
  /** Part of a general register by its byte offset in the state page: ah is byte 1 of rax. */
  #readGpr(offset: number, w: number): Node {
    const whole = this.#gpr(offset >> 3);
    const v = offset & 1 ? pure.shr(whole, pure.imm(8)) : whole;
    return this.#held(w === 64 ? v : this.#cut(v, w));
  }
  #writeGpr(offset: number, w: number, v: Node): void {
    const r = offset >> 3;
    const known = w === 64 || (w === 32 && (this.#d.mode !== 64 || bitsOf(v) <= 32));
    this.places.setOrigin(r, known ? v.from : undefined);
    if (w >= 32) return this.registers.gpr.set(r, v);
    const shift = offset & 1 ? 8 : 0;
    const mask = ((1n << BigInt(w)) - 1n) << BigInt(shift);
    this.registers.gpr.set(r, pure.or(pure.and(this.registers.gpr.get(r), pure.imm(~mask)), pure.shl(as(wt.i64, v), pure.imm(shift))));
  }
  reg(r: number, w: Width): Node {
    return this.#readGpr(at.gpr + r * 8, w);
  }
  setReg(r: number, w: Width, v: Node): void {
    this.#writeGpr(at.gpr + r * 8, w, v);
  }

  #registerOffset(n: number): number {
    const o = this.#d.row.operands[n]!;
    return o.kind === "fixed" ? at.gpr + o.register * 8 : this.#offsetOf(this.#d, n);
  }
  #offsetOf: (d: Decoded, n: number) => number = () => 0;
  /** Injected (instance.ts): where a register operand lies in the state page. */
  set registerOffset(f: (d: Decoded, n: number) => number) {
    this.#offsetOf = f;
  }

  get(n: number): Node {
    const o = this.#d.row.operands[n]!;
    const w = this.#form.widths[n]!;
    if (this.#form.memory(n) && o.kind !== "vsib") return this.#read(this.#operand(), w, this.#alignment(n));
    switch (o.kind) {
      case "imm":
      case "simm": {
        if (n > 0 && this.#d.row.operands[n - 1]!.kind === "imm") return i64c(BigInt(this.#d.imm2));
        const bits = immediateWidth(o, this.#d.size);
        const there = this.runtime.immediates?.(this.#d);
        if (there) return this.body.bind(readImmediate(there, bits));
        return pure.imm(BigInt.asUintN(bits, (BigInt(this.#d.immHi) << 32n) | BigInt.asUintN(32, BigInt(this.#d.immLo))));
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
    if (offset < at.rip) return this.#readGpr(offset, w);
    if (offset >= at.ymm) {
      const v = this.body.bind(this.registers.xmms.get((offset - at.ymm) >> 5));
      return w === 128 ? v : w === 64 ? this.lane(v, 64, 0) : pure.zext(as(wt.i64, this.lane(v, 32, 0)), w);
    }
    return this.body.bind(node(wt.i64, w === 64 ? op.i64load : w === 32 ? op.i64load32u : op.i64load16u, [i32c(0)], offset));
  }
  vec(n: number): Node {
    const w = this.#form.widths[n]!;
    const lane = vectorLoad[w];
    if (this.#form.memory(n) && lane !== undefined) return this.#loaded(wt.v128, lane, this.#operand(), w, this.#alignment(n));
    if (this.#form.memory(n) || !this.#d.row.operands[n]!.kind.startsWith("xmm")) return this.get(n);
    return this.xmm((this.#registerOffset(n) - at.ymm) >> 5);
  }
  wide(n: number): readonly [Node, Node] {
    if (this.#form.memory(n) && this.#d.row.operands[n]!.kind !== "vsib") {
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
    if (this.#form.memory(n)) return this.writeWideAt(this.#translateOperand(n, access.write), low, high);
    const r = (this.#registerOffset(n) - at.ymm) >> 5;
    this.setXmm(r, low);
    this.setUpper(r, high);
  }
  override xmm(r: number): Node {
    return this.body.bind(this.registers.xmms.get(r));
  }
  override setXmm(r: number, v: Node): void {
    this.registers.xmms.set(r, as(wt.v128, v));
  }
  rmw(n: number): Node {
    if (!this.#form.memory(n)) return this.get(n);
    const w = this.#form.widths[n]!;
    const must = this.#alignment(n);
    if (must === 1 && this.places.isSure(this.#operand())) return this.#read(this.#operand(), w, must, access.write);
    this.#pointer = this.#translateOperand(n, access.write);
    return this.readAt(this.#pointer, this.#form.widths[n]!);
  }
  set(n: number, v: Node): void {
    const w = this.#form.widths[n]!;
    if (this.#form.memory(n) && !this.#pointer) return this.#write(this.#operand(), w, v, this.#alignment(n));
    if (this.#form.memory(n)) return this.writeAt(this.#pointer!, w, v);
    const offset = this.#registerOffset(n);
    if (offset < at.rip) return this.#writeGpr(offset, w, v);
    if (offset >= at.ymm) {
      const r = (offset - at.ymm) >> 5;
      if (this.#d.row.vex) this.registers.uppers.set(r, zeroVector);
      return this.registers.xmms.set(
        r,
        w === 128 || this.#d.row.vex ? as(wt.v128, v) : this.withLane(this.registers.xmms.get(r), w as 32 | 64, 0, v),
      );
    }
    // MMX: the exponent becomes all ones. SDM Vol. 1 9.5.
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
  /** An instruction's selectors for FNSTENV: read where they are written, at the end of the run. */
  get #noting(): boolean {
    return this.fpu.active && isInline(this.#d);
  }
  override field(f: Field, n = 0): Node {
    if (this.fpu.active && f === "fpuStatus") return this.body.bind(this.fpu.status);
    if (this.#noting && f === "segSelector") return i64c(0n);
    return super.field(f, n);
  }
  override setField(f: Field, v: Node): void {
    if (this.fpu.active) return this.fpu.setField(f, v, this.#d.memorySegment);
    super.setField(f, v);
    this.#written(f);
  }
  override call(name: string, ...args: Node[]): Node {
    if (this.fpu.active) return this.fpu.call(name, args);
    const result = super.call(name, ...args);
    if (name === "sse_commit") this.#written("mxcsr");
    return result;
  }
  #written(f: Field): void {
    if (f === "mxcsr") this.body.later((late) => this.#loadModes(late, f));
  }
  #loadModes(b: Body, f?: Field): void {
    for (const mode of this.#modes.values()) if (f === undefined || mode.f === f) b.set(mode.local, mode.now);
  }
  selector(s: number): Node {
    return this.body.bind(node(wt.i64, op.i64load32u, [i32c(0)], at.segSelector + s * 4));
  }

  // Memory.
  #effective(vectorIndex?: Node): Node {
    const d = this.#d;
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
    return this.#cut(a ? pure.add(a, disp) : disp, d.addressSize);
  }
  address(_n: number): Node {
    return this.#held(this.#effective());
  }
  element(_n: number, index: Node): Node {
    return this.#held(this.#effective(index));
  }
  linear(_n: number, _write: boolean): Node {
    return this.#held(this.#segmented(this.#d.memorySegment, this.#effective()));
  }
  segment(_n: number): Node {
    if (this.#noting) return i64c(0n);
    return this.selector(this.#d.memorySegment);
  }
  #segmented(segment: number, offset: Node): Node {
    if (segment < S.fs) return offset;
    if (this.#d.mode !== 64) {
      const b = this.body;
      b.if(node(wt.i32, op.i32load8u, [i32c(0)], at.segCheck + segment), false);
      this.depth++;
      this.leaveAt(this.#here(), leave.interpret, this.#left);
      this.depth--;
      b.end();
    }
    const linear = pure.add(offset, node(wt.i64, op.i64load, [i32c(0)], at.segBase + segment * 8));
    return this.#d.mode === 64 ? linear : pure.zext(linear, 32);
  }
  #translateOperand(n: number, how: 0 | 1): Node {
    return this.translate(this.#operand(), this.#form.widths[n]!, how, this.#alignment(n));
  }
  #operand(): Node {
    return this.#segmented(this.#d.memorySegment, this.#effective());
  }
  #alignment(n: number): number {
    return alignmentOf(this.#d.row, this.#d.row.operands[n]!);
  }
  #implicit(segment: number | undefined, offset: Node): Node {
    return this.#segmented(segment ?? (this.#d.isMemory ? this.#d.memorySegment : this.#d.segment >= 0 ? this.#d.segment : S.ds), offset);
  }
  load(segment: number | undefined, offset: Node, w: number): Node {
    return this.#read(this.#implicit(segment, offset), w);
  }
  loadRmw(segment: number | undefined, offset: Node, w: number): Node {
    return this.readAt(this.translate(this.#implicit(segment, offset), w, access.write), w);
  }
  store(segment: number | undefined, offset: Node, w: number, v: Node): void {
    this.#write(this.#implicit(segment, offset), w, v);
  }

  override translate(linear: Node, bits: number, how: Access, alignment = 1): Node {
    const p = this.body.local(wt.i32);
    const sum: Touch = (b, base, offset) => b.set(p, offset === 0 ? base : node(wt.i32, op.i32add, [base, i32c(offset)]));
    const found = this.#found(linear, bits, how, alignment, sum);
    return found ? localGet(wt.i32, p) : super.translate(linear, bits, how, alignment);
  }
  /** Is something known of where an address is? Then what is done there is done there (places.ts). */
  #found(linear: Node, bits: number, how: Access, alignment: number, does: Touch): boolean {
    const slow = (p: number, a: Node) =>
      this.#bySelf(
        p,
        node(wt.i32, op.call, [as(wt.i64, a), i32c(bits >> 3), i32c(how)], this.runtime.lookUp),
        this.places.twice === true ? 0 : 1,
      );
    return alignment === 1 && this.places.find(linear, bits >> 3, how, slow, does);
  }
  /** What an operator loads from an address. */
  #loaded(t: WasmType, o: number, linear: Node, bits: number, alignment: number, how: Access = access.read): Node {
    const there = isWhole(t, bits) ? this.places.contentAt(linear, bits) : undefined;
    if (there) return there;
    const value = this.body.local(t);
    const load: Touch = (b, base, offset) => b.set(value, node(t, o, [base], offset));
    if (!this.#found(linear, bits, how, alignment, load)) load(this.body, super.translate(linear, bits, how, alignment), 0);
    if (isWhole(t, bits)) this.places.loaded(linear, bits, localGet(t, value));
    const below = bitsOf(node(t, o));
    return noted(localGet(t, value), t === wt.i32 && below < 32 ? below : undefined, undefined);
  }
  #read(linear: Node, w: number, alignment = 1, how: Access = access.read): Node {
    const narrow = load32[w];
    if (narrow !== undefined) return this.#loaded(wt.i32, narrow, linear, w, alignment, how);
    if (w === 64 || w === 128)
      return this.#loaded(w === 64 ? wt.i64 : wt.v128, w === 64 ? op.i64load : op.v128load, linear, w, alignment, how);
    return this.readAt(this.translate(linear, w, how, alignment), w);
  }
  #write(linear: Node, w: number, v: Node, alignment = 1): void {
    const whole = v.t === wt.v128 || w > 64 ? v : as(w === 64 ? wt.i64 : wt.i32, v);
    const value = whole.args.length === 0 ? whole : this.body.bind(whole);
    const store: Touch = (b, base, offset) => this.storeAt(base, w, value, offset, b);
    if (!this.#found(linear, w, access.write, alignment, store)) store(this.body, super.translate(linear, w, access.write, alignment), 0);
    this.places.stored(linear, w, value);
  }
  protected override miss(p: number, address: Node, bytes: number, how: Node): void {
    this.#bySelf(
      p,
      node(wt.i32, op.call, [node(wt.f64, op.f64convertI64s, [as(wt.i64, address)]), i32c(bytes), how], this.runtime.missRegion),
    );
  }
  /** Where the bytes are as a function says, in the arm of an if, or in none: 0 is the interpreter's, else it is 1 too much. */
  #bySelf(p: number, where: Node, arms = 1): void {
    const b = this.body;
    this.depth += arms;
    b.set(p, where);
    b.if(node(wt.i32, op.i32eqz, [localGet(wt.i32, p)]), false);
    this.depth++;
    this.leaveAt(this.#here(), leave.interpret, this.#left);
    this.depth--;
    b.end();
    // Not for nothing: of a sum V8 knows that its upper half is 0, of a call's result it does not, and the sum that is there when all goes well meets this.
    b.set(p, node(wt.i32, op.i32sub, [localGet(wt.i32, p), i32c(1)]));
    this.depth -= arms;
  }
  /** Never the scratch page: what would need it leaves the region. */
  protected override commitAt(): void {
    this.places.stored();
  }

  // Flags, in locals.
  protected override keepFlags(kind: KeptKind, r: Node, a: Node, b: Node, w = 64): void {
    this.flagParts.keep(kind, r, a, b, w);
  }
  protected override kept(): { kind: Node; r: Node; a: Node; b: Node } {
    return this.flagParts.kept();
  }
  protected override signParity(): Node {
    const { known } = this.flagParts;
    const { r, b } = this.kept();
    return known === undefined ? super.signParity() : known.kind === "split" ? b : r;
  }
  override flag(f: Flag): Node {
    return this.#held(this.flagParts.flag(f));
  }
  override flagsWord(): Node {
    return this.#held(assemble(pure, (f) => this.flag(f)));
  }
  override condition(cc: number): Node {
    return this.body.bind(as(wt.i32, this.flagParts.condition(cc)));
  }

  // Control.
  ip(): Node {
    return this.#here();
  }
  modrm(): Node {
    return i64c(BigInt(this.#d.modrmByte));
  }
  nextIp(): Node {
    return i64c(this.nextIpConstant());
  }
  target(): Node {
    return i64c(BigInt(this.#d.target));
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
  fault(vector: number, error = 0): void {
    this.#raise(vector, error, this.#here(), this.#left);
  }
  trap(vector: number, error = 0): void {
    this.#raise(vector, error, this.#next(), this.#left - 1);
  }
  #raise(vector: number, error: number, rip: Node, refund: number): void {
    const b = this.body;
    b.store(op.i32store, i32c(0), i32c(vector), at.exitVector);
    b.store(op.i32store, i32c(0), i32c(error), at.exitError);
    this.leaveAt(rip, settled + leave.fault, refund);
    this.control = { kind: "left" };
  }
  exit(code: number): void {
    this.control = { kind: "door", code };
  }
  /** What the model decides is decided here; all else is the interpreter's. */
  act(name: ActName): void {
    const trait = modelActs[name];
    if (this.control?.kind === "door" || (trait && this.runtime.model[trait])) return;
    this.leaveAt(this.#here(), leave.interpret, this.#left);
    this.control = { kind: "left" };
  }

  repeat(bodyOf: () => void, zf: boolean): void {
    const b = this.body;
    const { rep, addressSize } = this.#form;
    if (rep === 0) return bodyOf();
    const rounds = b.local(wt.i32);
    b.set(rounds, i32c(repeatRounds));
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
    this.leaveAt(this.#here(), leave.jumped, this.#left - 1);
    this.depth--;
    b.end();
    // Flags come from before the loop or from the round before; registers change, and rsp does not.
    if (zf) this.flagParts.known = undefined;
    this.places.forget();
    bodyOf();
    this.setReg(R.cx, addressSize, pure.sub(count, pure.imm(1)));
    if (zf) {
      const z = this.condition(4);
      out(1, rep === 1 ? node(wt.i32, op.i32eqz, [z]) : z);
      this.flagParts.known = undefined;
    }
    b.set(rounds, node(wt.i32, op.i32sub, [localGet(wt.i32, rounds), i32c(1)]));
    b.opcode(op.br);
    b.code.u(0);
    this.depth -= 2;
    b.end();
    b.end();
    this.places.forget();
    if (zf) this.flagParts.known = undefined;
  }

  /** What the region uses, from the state page. Emitted once that is known. */
  loadRegisters(b: Body): void {
    this.registers.load(b);
    this.#loadModes(b);
    this.flagParts.load(b);
  }
  /** Where control goes and how: what `leaveAt` set. */
  get rip(): Node {
    return localGet(wt.i64, this.#rip);
  }
  get code(): Node {
    return localGet(wt.i32, this.#code);
  }
  /** Epilogue: write back what the region may have changed. */
  storeState(b: Body): void {
    this.storeRegisters(b);
    b.store(op.i64store, i32c(0), this.rip, at.rip);
  }
  storeRegisters(b: Body): void {
    this.registers.store(b);
    this.flagParts.store(b);
  }
}
