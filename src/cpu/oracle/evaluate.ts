// Ops<bigint>: the oracle, and the single-stepper. Slow and obvious: generated code is tested against it,
// never the reverse. It works on the same state page, so that a task can change tiers between any two
// instructions.

import { wt } from "../../wasm/encoder.ts";
import { type Decoded, noRegister } from "../decode/decoder.ts";
import { helpers } from "../helpers/helpers.ts";
import { assemble, change, condition, kindCode, kindNames, type LazyFlagKind, rules } from "../isa/flags.ts";
import { alignmentOf, operandWidth } from "../isa/form.ts";
import { integers } from "../isa/integers.ts";
import type { AddressSize, Flag, FlagKind, Form, Ops, RegisterWidth, Rep } from "../isa/ops.ts";
import type { HelperName } from "../isa/routine-types.ts";
import { immediateWidth, isMemoryOperand } from "../isa/row.ts";
import { joined, lanes, type SimdName, type SimdOp, simd } from "../isa/simd.ts";
import { type CodeContext, contexts } from "../machine/context.ts";
import { exitCode } from "../machine/exit.ts";
import { type Access, access } from "../machine/mmu.ts";
import { at, fieldWidth, R, S, STATUS_FLAGS, type State, type StateField, vector } from "../machine/state.ts";
import type { OracleContext } from "./context.ts";

const u = (w: number, v: bigint): bigint => BigInt.asUintN(w, v);
const s = (w: number, v: bigint): bigint => BigInt.asIntN(w, v);

/** Thrown to end an instruction inside its meaning. */
class InstructionExit {
  readonly code: number;
  constructor(code: number) {
    this.code = code;
  }
}

class DecodedForm implements Form {
  readonly d: Decoded;
  readonly w: RegisterWidth;
  readonly widths: readonly number[];
  readonly stackSize: AddressSize;
  readonly flat: boolean;
  constructor(d: Decoded, { stackSize, flat }: CodeContext) {
    this.flat = flat;
    this.d = d;
    this.w = operandWidth(d.row, d.size);
    this.widths = d.row.operands.map((_, n) => d.width(n));
    this.stackSize = stackSize;
  }
  get addressSize(): AddressSize {
    return this.d.addressSize;
  }
  get mode(): AddressSize {
    return this.d.mode;
  }
  get rep(): Rep {
    return this.d.rep;
  }
  get cc(): number {
    return this.d.row.cc;
  }
  memory(n: number): boolean {
    return this.d.isMemory && isMemoryOperand(this.d.row.operands[n]!);
  }
}

/** Executes one decoded instruction. */
export class Evaluator implements Ops<bigint> {
  readonly #cpu: OracleContext;
  readonly #s: State;
  readonly #d: Decoded;
  readonly #form: DecodedForm;
  readonly #offset: (n: number) => number;
  /** The address that `rmw` read: a register of the address may change before `set`. */
  #target: bigint | undefined;
  readonly imm = integers.imm;
  readonly add = integers.add;
  readonly sub = integers.sub;
  readonly mul = integers.mul;
  readonly mulHighU = integers.mulHighU;
  readonly mulHighS = integers.mulHighS;
  readonly divU = integers.divU;
  readonly remU = integers.remU;
  readonly divS = integers.divS;
  readonly remS = integers.remS;
  readonly and = integers.and;
  readonly or = integers.or;
  readonly xor = integers.xor;
  readonly not = integers.not;
  readonly shl = integers.shl;
  readonly shr = integers.shr;
  readonly sar = integers.sar;
  readonly assured = (): boolean => false;
  readonly zext = integers.zext;
  readonly sext = integers.sext;
  readonly uncanonical = (a: bigint): bigint => integers.ne(integers.sext(a, 48), a);
  readonly clz = integers.clz;
  readonly ctz = integers.ctz;
  readonly popcnt = integers.popcnt;
  readonly eq = integers.eq;
  readonly ne = integers.ne;
  readonly ltU = integers.ltU;
  readonly leU = integers.leU;
  readonly ltS = integers.ltS;
  readonly leS = integers.leS;
  readonly select = integers.select;

  constructor(cpu: OracleContext, d: Decoded, registerOffset: (d: Decoded, n: number) => number) {
    this.#cpu = cpu;
    this.#s = cpu.state;
    this.#d = d;
    this.#form = new DecodedForm(d, contexts[this.#s.u32[at.context >> 2] as number]!);
    this.#offset = (n) => (d.row.operands[n]!.kind === "fixed" ? at.gpr + d.row.operands[n]!.register * 8 : registerOffset(d, n));
  }

  /** Executes the instruction. Returns an exit code, or 0 to continue. */
  run(): number {
    try {
      this.#d.row.does(this, this.#form);
      return 0;
    } catch (e) {
      if (e instanceof InstructionExit) return e.code;
      throw e;
    }
  }

  // Operands and registers.
  get(n: number): bigint {
    const o = this.#d.row.operands[n]!;
    const w = this.#form.widths[n]!;
    if (this.#form.memory(n) && o.kind !== "vsib") return this.#read(this.#linearOperand(n, access.read), w, access.read);
    switch (o.kind) {
      case "far":
        return u(32, BigInt(this.#d.immLo)) | (BigInt(this.#d.imm2) << 32n);
      case "imm":
      case "simm": {
        if (n > 0 && this.#d.row.operands[n - 1]!.kind === "imm") return BigInt(this.#d.imm2);
        const bits = immediateWidth(o, this.#d.size);
        return u(bits, (BigInt(this.#d.immHi) << 32n) | u(32, BigInt(this.#d.immLo)));
      }
      case "one":
        return 1n;
      case "sti":
      case "sreg":
        return BigInt(this.#offset(n));
      default:
        return this.#register(this.#offset(n), w);
    }
  }
  vec(n: number): bigint {
    const o = this.#d.row.operands[n]!;
    return o.kind.startsWith("xmm") && !this.#form.memory(n) ? this.#register(this.#offset(n), 128) : this.get(n);
  }
  wide(n: number): readonly [bigint, bigint] {
    const register = !this.#form.memory(n) || this.#d.row.operands[n]!.kind === "vsib";
    const v = register ? this.#register(this.#offset(n), 256) : this.get(n);
    return [u(128, v), v >> 128n];
  }
  setWide(n: number, low: bigint, high: bigint): void {
    const v = u(128, low) | (high << 128n);
    if (this.#form.memory(n)) this.#write(this.#linearOperand(n, access.write), 256, v);
    else this.#setRegister(this.#offset(n), 256, v);
  }
  rmw(n: number): bigint {
    const w = this.#form.widths[n]!;
    if (!this.#form.memory(n)) return this.get(n);
    this.#target = this.#linearOperand(n, access.write);
    return this.#read(this.#target, w, access.write);
  }
  set(n: number, v: bigint): void {
    const w = this.#form.widths[n]!;
    if (this.#form.memory(n)) return this.#write(this.#target ?? this.#linearOperand(n, access.write), w, v);
    const { kind } = this.#d.row.operands[n]!;
    if (kind.startsWith("mm")) this.#setRegister(this.#offset(n) + 8, 16, 0xffffn);
    if (kind.startsWith("xmm") && this.#d.row.vex) return this.#setRegister(this.#offset(n), 256, u(128, v));
    this.#setRegister(this.#offset(n), w === 32 && !kind.startsWith("xmm") ? 64 : w, v);
  }
  setLow(n: number, w: RegisterWidth, v: bigint): void {
    this.#setRegister(this.#offset(n), w, v);
  }
  reg(r: number, w: RegisterWidth): bigint {
    return this.#register(at.gpr + r * 8, w);
  }
  /** SDM Vol. 1 3.4.1.1: a 32-bit write zeroes the upper half, 8- and 16-bit writes keep it. */
  setReg(r: number, w: RegisterWidth, v: bigint): void {
    this.#setRegister(at.gpr + r * 8, w === 32 ? 64 : w, v);
  }
  #register(offset: number, w: number): bigint {
    let v = 0n;
    for (let i = w / 8 - 1; i >= 0; i--) v = (v << 8n) | BigInt(this.#s.u8[offset + i] as number);
    return v;
  }
  #setRegister(offset: number, w: number, v: bigint): void {
    for (let i = 0, rest = u(w, v); i < w / 8; i++, rest >>= 8n) this.#s.u8[offset + i] = Number(rest & 0xffn);
  }

  // Memory.
  address(_n: number): bigint {
    const d = this.#d;
    const r = (n: number) => (n === noRegister ? 0n : this.#register(at.gpr + n * 8, 64));
    return u(d.addressSize, r(d.base) + (r(d.index) << BigInt(d.scale)) + BigInt(d.disp));
  }
  element(_n: number, index: bigint): bigint {
    const d = this.#d;
    const base = d.base === noRegister ? 0n : this.#register(at.gpr + d.base * 8, 64);
    return u(d.addressSize, base + (index << BigInt(d.scale)) + BigInt(d.disp));
  }
  linear(n: number, write: boolean, width = this.#form.widths[n]!): bigint {
    return this.#linearOperand(n, write ? access.write : access.read, width);
  }
  segment(_n: number): bigint {
    return BigInt(this.#s.selector(this.#d.memorySegment));
  }
  #linearOperand(n: number, how: Access, width = this.#form.widths[n]!): bigint {
    const operand = this.#d.row.operands[n]!;
    if (operand.spec === "Mfx" || (operand.spec === "Mxs" && this.#d.row.unaligned === true))
      this.#checkFirstAlignment(this.address(n), how);
    return this.#linear(this.#d.memorySegment, this.address(n), width, how, alignmentOf(this.#d.row, operand));
  }
  /**
   * FXSAVE's area, and on Intel's processors XSAVE's: the first doubleword is accessed first. Under EFLAGS.AC
   * only it needs an alignment of four.
   */
  #checkFirstAlignment(offset: bigint, how: Access): void {
    const first = this.#linear(this.#d.memorySegment, offset, 32, how);
    if (s(48, first) === s(64, first) && this.#cpu.isMisaligned(Number(u(32, first)), 4)) this.fault(vector.AC);
  }
  #linear(segment: number, offset: bigint, w: number, how: Access, alignment = 1): bigint {
    const st = this.#s;
    const flat = this.#d.mode === 64 && segment < S.fs;
    const linear = u(this.#d.mode === 64 ? 64 : 32, offset + (flat ? 0n : (st.u64[(at.segBase >> 3) + segment] as bigint)));
    // This check precedes all other faults.
    if (linear % BigInt(alignment) !== 0n) this.fault(vector.GP);
    if (this.#d.mode !== 64 && st.u8[at.segCheck + segment]) this.#cpu.checkSegment(segment, Number(offset), w / 8, how === access.write);
    return linear;
  }
  #segment(segment: number | undefined): number {
    const d = this.#d;
    if (segment !== undefined) return segment;
    return d.isMemory ? d.memorySegment : d.segment >= 0 ? d.segment : S.ds;
  }
  #read(linear: bigint, w: number, how: Access): bigint {
    const address = Number(s(64, linear));
    const p = how === access.write ? this.#cpu.writeLinear(address, w / 8) : this.#cpu.readLinear(address, w / 8);
    return this.#register(p, w);
  }
  #write(linear: bigint, w: number, v: bigint): void {
    const p = this.#cpu.writeLinear(Number(s(64, linear)), w / 8);
    this.#setRegister(p, w, v);
    this.#cpu.commitLinear(p);
  }
  load(segment: number | undefined, offset: bigint, w: number): bigint {
    return this.#read(this.#linear(this.#segment(segment), offset, w, access.read), w, access.read);
  }
  loadRmw(segment: number | undefined, offset: bigint, w: number): bigint {
    return this.#read(this.#linear(this.#segment(segment), offset, w, access.write), w, access.write);
  }
  store(segment: number | undefined, offset: bigint, w: number, v: bigint): void {
    this.#write(this.#linear(this.#segment(segment), offset, w, access.write), w, v);
  }

  let(_name: string, v: bigint): bigint {
    return v;
  }
  when(c: bigint, then: () => void, otherwise?: () => void): void {
    if (c !== 0n) then();
    else otherwise?.();
  }

  either(c: bigint, then: () => bigint, otherwise: () => bigint): bigint {
    return c !== 0n ? then() : otherwise();
  }

  // Vectors.
  simd(name: SimdName, ...args: bigint[]): bigint {
    return (simd[name] as SimdOp).meaning(...args);
  }
  vector(low: bigint, high: bigint): bigint {
    return u(64, low) | (high << 64n);
  }
  xmm(r: number): bigint {
    return this.#register(at.ymm + r * 32, 128);
  }
  setXmm(r: number, v: bigint): void {
    this.#setRegister(at.ymm + r * 32, 128, v);
  }
  upper(r: number): bigint {
    return this.#register(at.ymm + r * 32 + 16, 128);
  }
  setUpper(r: number, v: bigint): void {
    this.#setRegister(at.ymm + r * 32 + 16, 128, v);
  }
  splat(w: 8 | 16 | 32 | 64, v: bigint): bigint {
    return joined(
      w,
      Array.from({ length: 128 / w }, () => v),
    );
  }
  lane(a: bigint, w: 8 | 16 | 32 | 64, n: number): bigint {
    return u(w, a >> BigInt(w * n));
  }
  withLane(a: bigint, w: 8 | 16 | 32 | 64, n: number, v: bigint): bigint {
    return joined(w, lanes(w, a).with(n, v));
  }
  shuffle(a: bigint, b: bigint, from: readonly number[]): bigint {
    const bytes = [...lanes(8, a), ...lanes(8, b)];
    return joined(
      8,
      from.map((i) => bytes[i]!),
    );
  }
  field(f: StateField, n = 0): bigint {
    return this.#register(at[f] + (n * fieldWidth[f]) / 8, fieldWidth[f]);
  }
  holds(f: StateField, mask: number, value: number): bigint {
    return (this.field(f) & BigInt(mask)) === BigInt(value) ? 1n : 0n;
  }
  setField(f: StateField, v: bigint): void {
    this.#setRegister(at[f], fieldWidth[f], v);
  }

  // Flags are stored as kind and operands, as in generated code.
  #storeFlags(kind: LazyFlagKind, r: bigint, a: bigint, b: bigint): void {
    const st = this.#s;
    st.u64[at.flagResult >> 3] = r;
    st.u64[at.flagA >> 3] = a;
    st.u64[at.flagB >> 3] = b;
    st.u32[at.flagKind >> 2] = kindCode[kind];
  }
  #kind(): LazyFlagKind {
    return kindNames[this.#s.u32[at.flagKind >> 2] as number]!;
  }
  flags(kind: FlagKind, w: number, r: bigint, a?: bigint, b?: bigint): void {
    if (kind === "word") return this.setFlags(STATUS_FLAGS, r);
    if (kind === "order") return this.#storeFlags("split", r, a!, 1n);
    const result = integers.sext(r, w);
    if (kind === "result") return a === 0n ? this.#storeFlags("logic", result, 0n, 0n) : this.#storeFlags("split", result, a!, result);
    this.#storeFlags(kind, result, integers.sext(a!, w), kind !== "inc" && kind !== "dec" ? integers.sext(b!, w) : this.flag("CF"));
  }
  setFlags(mask: number, word: bigint): void {
    const st = this.#s;
    change(integers, mask, word, {
      r: st.u64[at.flagResult >> 3] as bigint,
      signParity: st.u64[(this.#kind() === "split" ? at.flagB : at.flagResult) >> 3] as bigint,
      flag: (f) => this.flag(f),
      keep: (r, a, b) => this.#storeFlags("split", r, a, b),
    });
  }
  flag(f: Flag): bigint {
    const st = this.#s;
    return rules[this.#kind()][f](
      integers,
      st.u64[at.flagResult >> 3] as bigint,
      st.u64[at.flagA >> 3] as bigint,
      st.u64[at.flagB >> 3] as bigint,
    );
  }
  flagsWord(): bigint {
    return assemble(integers, (f) => this.flag(f));
  }
  condition(cc: number): bigint {
    return condition(integers, cc, (f) => this.flag(f));
  }
  systemFlags(): bigint {
    return BigInt(this.#s.u32[at.systemFlags >> 2] as number);
  }
  setSystemFlags(v: bigint): void {
    this.#s.u32[at.systemFlags >> 2] = Number(u(32, v));
  }

  // Control.
  ip(): bigint {
    return u(this.#d.mode === 64 ? 64 : 32, BigInt(this.#d.ip));
  }
  modrm(): bigint {
    return BigInt(this.#d.modrmByte);
  }
  nextIp(): bigint {
    const next = BigInt(this.#d.ip + this.#d.length);
    return u(this.#d.mode === 64 ? 64 : 32, next);
  }
  target(): bigint {
    return u(64, BigInt(this.#d.target));
  }
  branch(): void {
    this.jump(BigInt(this.#d.target));
  }
  branchIf(c: bigint): void {
    if (c !== 0n) this.branch();
  }
  jump(target: bigint): void {
    this.#s.u64[at.rip >> 3] = u(64, target);
    throw new InstructionExit(exitCode.jumped);
  }
  fault(vector: number, error = 0): void {
    throw new InstructionExit(this.#cpu.raise(vector, error));
  }
  trap(vector: number, error = 0): void {
    this.#cpu.raise(vector, error);
    throw new InstructionExit(exitCode.trap);
  }
  exit(code: number): void {
    throw new InstructionExit(code);
  }

  repeat(body: () => bigint | undefined, zf: boolean): void {
    const { rep, addressSize } = this.#form;
    if (rep === 0) {
      body();
      return;
    }
    const count = this.reg(R.cx, addressSize);
    if (count === 0n) return;
    const last = body();
    this.setReg(R.cx, addressSize, count - 1n);
    if (last === 1n) return;
    if (count === 1n || (zf && last === undefined && this.flag("ZF") !== BigInt(rep === 1 ? 1 : 0))) return;
    throw new InstructionExit(exitCode.again);
  }

  call(name: string, ...args: bigint[]): bigint {
    const type = this.#cpu.routineTypes[name];
    const f = this.#cpu.routines[name] as unknown as (...a: (bigint | number)[]) => bigint | number | undefined;
    if (!type || !f) throw new Error(`no routine ${name}`);
    const r = f(...args.map((a, i) => (type.params[i] === wt.i64 ? s(64, a) : Number(s(32, a)))));
    return type.result === wt.i64 ? u(64, BigInt(r ?? 0)) : u(32, BigInt(r ?? 0));
  }
  helper(name: HelperName, a = 0n, b = 0n): void {
    const code = helpers[name](this.#cpu, 0, a, b);
    if (code !== 0) throw new InstructionExit(code);
  }
}
