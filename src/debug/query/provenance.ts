// Where each byte that an instruction writes comes from: a register, memory, a constant, or a computation. It
// is a reader of the row's meaning, as the oracle is one: no instruction is known by its name.
import { type Decoded, noRegister } from "../../cpu/decode/decoder.ts";
import { registerOffset } from "../../cpu/decode/instance.ts";
import { operandWidth } from "../../cpu/isa/form.ts";
import type { Form, Ops } from "../../cpu/isa/ops.ts";
import { immediateWidth, isMemoryOperand, type Operand } from "../../cpu/isa/row.ts";
import { contexts } from "../../cpu/machine/context.ts";
import { at } from "../../cpu/machine/state.ts";

/** The source of a byte. `register`: a byte of the state page. `memory`: a byte of the nth load. */
export type ByteOrigin =
  | { readonly kind: "register"; readonly at: number }
  | { readonly kind: "memory"; readonly load: number; readonly byte: number }
  | { readonly kind: "constant" };
/** The source of a byte; `computed` with its only input besides constants, if it has one. */
export type OriginSource = ByteOrigin | { readonly kind: "computed"; readonly from: ByteOrigin | undefined };

/** The bytes that an instruction writes. */
export interface Provenance {
  /** By bytes of the state page. */
  readonly registers: ReadonlyMap<number, OriginSource>;
  /** The stores in order. */
  readonly stores: readonly (readonly OriginSource[])[];
}

const CONSTANT: OriginSource = { kind: "constant" };
const COMPUTED: OriginSource = { kind: "computed", from: undefined };
/** A byte that is computed from one other and constants. */
const computedFrom = (source: OriginSource): OriginSource =>
  source.kind === "computed" ? source : source.kind === "constant" ? COMPUTED : { kind: "computed", from: source };
/** Bytes of the widest value. */
const WIDEST = 32;

/** A value of the meaning: the sources of its bytes, and its number if the instruction has it. */
interface Value {
  readonly bytes: readonly OriginSource[];
  readonly number: bigint | undefined;
}
const value = (bytes: readonly OriginSource[], number?: bigint): Value => ({ bytes, number });
const constant = (number: bigint): Value => value([], BigInt.asUintN(64, number));
const computed = value(Array.from({ length: WIDEST }, () => COMPUTED));
/** A value of which each byte is computed from the same byte of another one. */
const changed = (v: Value): Value => (v.number === undefined ? value(v.bytes.map(computedFrom)) : computed);
/** Bytes beyond the value are zero. */
const byteOf = (v: Value, i: number): OriginSource => v.bytes[i] ?? CONSTANT;
const take = (v: Value, from: number, length: number): Value =>
  v.number === undefined ? value(Array.from({ length }, (_, i) => byteOf(v, from + i))) : value([], v.number >> BigInt(8 * from));
const isZero = (source: OriginSource): boolean => source === CONSTANT;
const same = (a: OriginSource, b: OriginSource): boolean =>
  a === b ||
  (a.kind === "register" && b.kind === "register" && a.at === b.at) ||
  (a.kind === "memory" && b.kind === "memory" && a.load === b.load && a.byte === b.byte);

const formOf = (d: Decoded): Form => ({
  w: operandWidth(d.row, d.size),
  widths: d.row.operands.map((_, n) => d.width(n)),
  addressSize: d.addressSize,
  stackSize: contexts.find(({ mode }) => mode === d.mode)?.stackSize ?? 64,
  mode: d.mode,
  flat: true,
  rep: d.rep,
  cc: d.row.cc,
  memory: (n) => d.isMemory && isMemoryOperand(d.row.operands[n] as Operand),
});

/** Follows the bytes of one instruction. */
class Follower {
  readonly registers = new Map<number, OriginSource>();
  readonly stores: OriginSource[][] = [];
  private readonly _d: Decoded;
  private readonly _form: Form;
  private _loads = 0;
  /** In a part that is done only if a condition holds. */
  private _maybe = 0;

  constructor(d: Decoded) {
    this._d = d;
    this._form = formOf(d);
  }
  private _offset(n: number): number {
    const operand = this._d.row.operands[n] as Operand;
    return operand.kind === "fixed" ? at.gpr + operand.register * 8 : registerOffset(this._d, n);
  }
  private _register(from: number, w: number): Value {
    return value(Array.from({ length: w / 8 }, (_, i): OriginSource => this.registers.get(from + i) ?? { kind: "register", at: from + i }));
  }
  private _setRegister(from: number, w: number, v: Value): void {
    for (let i = 0; i < w / 8; i++) this.registers.set(from + i, this._maybe > 0 ? COMPUTED : byteOf(v, i));
  }
  private _load(w: number): Value {
    const load = this._loads++;
    return value(Array.from({ length: w / 8 }, (_, byte): OriginSource => ({ kind: "memory", load, byte })));
  }
  private _store(w: number, v: Value): void {
    this.stores.push(Array.from({ length: w / 8 }, (_, i) => (this._maybe > 0 ? COMPUTED : byteOf(v, i))));
  }
  private _width(n: number): number {
    return this._form.widths[n] as number;
  }
  private _isRegister(n: number): boolean {
    const { kind } = this._d.row.operands[n] as Operand;
    return !["far", "imm", "simm", "one", "sti", "sreg", "creg", "dreg", "st", "named", "rel"].includes(kind);
  }
  private _get(n: number, w = this._width(n)): Value {
    const operand = this._d.row.operands[n] as Operand;
    if (this._form.memory(n) && operand.kind !== "vsib") return this._load(w);
    if (operand.kind === "one") return constant(1n);
    if (operand.kind === "imm" || operand.kind === "simm") {
      const bits = immediateWidth(operand, this._d.size);
      return constant(BigInt.asUintN(bits, (BigInt(this._d.immHi) << 32n) | BigInt.asUintN(32, BigInt(this._d.immLo))));
    }
    return this._isRegister(n) ? this._register(this._offset(n), w) : computed;
  }
  private _set(n: number, v: Value): void {
    const { kind } = this._d.row.operands[n] as Operand;
    const w = this._width(n);
    if (this._form.memory(n)) return this._store(w, v);
    if (!this._isRegister(n)) return;
    if (kind.startsWith("xmm") && this._d.row.vex) return this._setRegister(this._offset(n), 256, take(v, 0, 16));
    // SDM Vol. 1 3.4.1.1: a 32-bit write zeroes the upper half.
    this._setRegister(this._offset(n), w === 32 && !kind.startsWith("xmm") ? 64 : w, take(v, 0, w / 8));
  }
  private _maybeDo(body: (() => unknown) | undefined): void {
    this._maybe++;
    body?.();
    this._maybe--;
  }
  /** The words of the vocabulary that move bytes. All others compute, or have no bytes. */
  private readonly _words: Partial<Ops<Value>> = {
    get: (n) => this._get(n),
    vec: (n) => this._get(n),
    rmw: (n) => this._get(n),
    set: (n, v) => this._set(n, v),
    setLow: (n, w, v) => this._setRegister(this._offset(n), w, v),
    wide: (n) => {
      const all = this._get(n, 256);
      return [take(all, 0, 16), take(all, 16, 16)];
    },
    setWide: (n, low, high) => {
      const all = value(Array.from({ length: 32 }, (_, i) => (i < 16 ? byteOf(low, i) : byteOf(high, i - 16))));
      if (this._form.memory(n)) this._store(256, all);
      else this._setRegister(this._offset(n), 256, all);
    },
    reg: (r, w) => this._register(at.gpr + r * 8, w),
    setReg: (r, w, v) => this._setRegister(at.gpr + r * 8, w === 32 ? 64 : w, take(v, 0, w / 8)),
    load: (_segment, _offset, w) => this._load(w),
    loadRmw: (_segment, _offset, w) => this._load(w),
    store: (_segment, _offset, w, v) => this._store(w, v),
    imm: (n) => constant(BigInt(n)),
    zext: (a, w) => (w % 8 === 0 ? take(a, 0, w / 8) : computed),
    and: (a, b) => (b.number === undefined ? (a.number === undefined ? computed : this._mask(b, a.number)) : this._mask(a, b.number)),
    or: (a, b) => this._join(a, b),
    xor: (a, b) => this._join(a, b),
    shl: (a, n) => this._shift(a, n.number === undefined ? undefined : -Number(n.number)),
    shr: (a, n) => this._shift(a, n.number === undefined ? undefined : Number(n.number)),
    vector: (low, high) => value(Array.from({ length: 16 }, (_, i) => (i < 8 ? byteOf(low, i) : byteOf(high, i - 8)))),
    xmm: (r) => this._register(at.ymm + r * 32, 128),
    setXmm: (r, v) => this._setRegister(at.ymm + r * 32, 128, v),
    upper: (r) => this._register(at.ymm + r * 32 + 16, 128),
    setUpper: (r, v) => this._setRegister(at.ymm + r * 32 + 16, 128, v),
    splat: (w, v) => value(Array.from({ length: 16 }, (_, i) => byteOf(v, i % (w / 8)))),
    lane: (a, w, n) => take(a, (n * w) / 8, w / 8),
    withLane: (a, w, n, v) =>
      value(Array.from({ length: 16 }, (_, i) => (Math.floor(i / (w / 8)) === n ? byteOf(v, i % (w / 8)) : byteOf(a, i)))),
    shuffle: (a, b, lanes) => value(lanes.map((from) => (from < 16 ? byteOf(a, from) : byteOf(b, from - 16)))),
    let: (_name, v) => v,
    when: (_c, then, otherwise) => {
      this._maybeDo(then);
      this._maybeDo(otherwise);
    },
    add: (a, b) => this._withConstant(a, b),
    sub: (a, b) => this._withConstant(a, b),
    mul: (a, b) => this._withConstant(a, b),
    not: (a) => changed(a),
    sext: (a, w) =>
      w % 8 === 0
        ? value([...take(a, 0, w / 8).bytes, ...Array.from({ length: 8 - w / 8 }, () => computedFrom(byteOf(a, w / 8 - 1)))])
        : computed,
    address: () => this._address(),
    either: (_c, then, otherwise) => this._choice(then(), otherwise()),
    select: (_c, a, b) => this._choice(a, b),
    repeat: (body) => void body(),
    assured: () => false,
  };
  /** LEA as addition: the base or the index, if it is the only register. */
  private _address(): Value {
    const { base, index } = this._d;
    const only = base === noRegister ? index : index === noRegister || this._d.row.shape.vsib ? base : noRegister;
    return only === noRegister ? computed : changed(this._register(at.gpr + only * 8, this._d.addressSize));
  }
  private _withConstant(a: Value, b: Value): Value {
    return a.number !== undefined ? changed(b) : b.number !== undefined ? changed(a) : computed;
  }
  private _choice(a: Value, b: Value): Value {
    return value(Array.from({ length: WIDEST }, (_, i) => (same(byteOf(a, i), byteOf(b, i)) ? byteOf(a, i) : COMPUTED)));
  }
  private _mask(v: Value, mask: bigint): Value {
    if (v.number !== undefined) return constant(v.number & mask);
    return value(
      Array.from({ length: 8 }, (_, i) => {
        const bits = (mask >> BigInt(8 * i)) & 0xffn;
        return bits === 0xffn ? byteOf(v, i) : bits === 0n ? CONSTANT : computedFrom(byteOf(v, i));
      }),
    );
  }
  private _join(a: Value, b: Value): Value {
    // A known number is no zero.
    if ((a.number ?? 0n) !== 0n || (b.number ?? 0n) !== 0n) return this._withConstant(a, b);
    return value(
      Array.from({ length: WIDEST }, (_, i) => {
        const [left, right] = [byteOf(a, i), byteOf(b, i)];
        return isZero(right) ? left : isZero(left) ? right : COMPUTED;
      }),
    );
  }
  private _shift(v: Value, bits: number | undefined): Value {
    if (bits === undefined || bits % 8 !== 0 || v.number !== undefined) return computed;
    return value(Array.from({ length: 8 }, (_, i) => (i + bits / 8 < 0 || i + bits / 8 >= 8 ? CONSTANT : byteOf(v, i + bits / 8))));
  }
  run(): void {
    const words = this._words as Record<string, unknown>;
    const ops = new Proxy(words, { get: (_, name: string) => words[name] ?? (() => computed) });
    this._d.row.does(ops as unknown as Ops<Value>, this._form);
  }
}

/** The sources of all bytes that an instruction writes. Of a repeated one: those of one iteration. */
export const provenanceOf = (d: Decoded): Provenance => {
  const follower = new Follower(d);
  follower.run();
  return follower;
};
