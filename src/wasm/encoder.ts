// A WebAssembly writer with the operators that generated code needs. Expressions are small trees; a function
// body is one growing byte buffer. Modules: module.ts. https://webassembly.github.io/spec/core/binary/

/** Value types by their byte in the binary format. */
export const wt = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b } as const;
/** A value type by its byte in the binary format. */
export type WasmType = (typeof wt)[keyof typeof wt];

/**
 * Opcodes. A vector opcode is 0xfd00 plus its number; a saturating conversion or bulk memory opcode is 0xfc00
 * plus its number.
 */
export const op = {
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  brTable: 0x0e,
  return: 0x0f,
  call: 0x10,
  callIndirect: 0x11,
  returnCall: 0x12,
  returnCallIndirect: 0x13,
  drop: 0x1a,
  select: 0x1b,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  globalGet: 0x23,
  unreachable: 0x00,
  i32load: 0x28,
  i64load: 0x29,
  f32load: 0x2a,
  f64load: 0x2b,
  i32load8u: 0x2d,
  i32load16u: 0x2f,
  i64load8s: 0x30,
  i64load8u: 0x31,
  i64load16s: 0x32,
  i64load16u: 0x33,
  i64load32s: 0x34,
  i64load32u: 0x35,
  i32store: 0x36,
  i64store: 0x37,
  f32store: 0x38,
  f64store: 0x39,
  i32store8: 0x3a,
  i32store16: 0x3b,
  i64store8: 0x3c,
  i64store16: 0x3d,
  i64store32: 0x3e,
  i32const: 0x41,
  i64const: 0x42,
  f32const: 0x43,
  f64const: 0x44,
  i32eqz: 0x45,
  i32eq: 0x46,
  i32ne: 0x47,
  i32ltS: 0x48,
  i32ltU: 0x49,
  i32gtS: 0x4a,
  i32gtU: 0x4b,
  i32leU: 0x4d,
  i32leS: 0x4c,
  i32geS: 0x4e,
  i32geU: 0x4f,
  i64eqz: 0x50,
  i64eq: 0x51,
  i64ne: 0x52,
  i64ltS: 0x53,
  i64ltU: 0x54,
  i64gtS: 0x55,
  i64gtU: 0x56,
  i64leS: 0x57,
  i64leU: 0x58,
  i64geS: 0x59,
  i64geU: 0x5a,
  i32clz: 0x67,
  i32ctz: 0x68,
  i32add: 0x6a,
  i32sub: 0x6b,
  i32mul: 0x6c,
  i32divU: 0x6e,
  i32remU: 0x70,
  i32and: 0x71,
  i32or: 0x72,
  i32xor: 0x73,
  i32shl: 0x74,
  i32shrS: 0x75,
  i32shrU: 0x76,
  i32rotl: 0x77,
  i64clz: 0x79,
  i64ctz: 0x7a,
  i64popcnt: 0x7b,
  i64add: 0x7c,
  i64sub: 0x7d,
  i64mul: 0x7e,
  i64divS: 0x7f,
  i64divU: 0x80,
  i64remS: 0x81,
  i64remU: 0x82,
  i64and: 0x83,
  i64or: 0x84,
  i64xor: 0x85,
  i64shl: 0x86,
  i64shrS: 0x87,
  i64shrU: 0x88,
  i64rotl: 0x89,
  i32wrap: 0xa7,
  i64extendI32s: 0xac,
  i64extendI32u: 0xad,
  f64abs: 0x99,
  f64sqrt: 0x9f,
  f64add: 0xa0,
  f64sub: 0xa1,
  f64mul: 0xa2,
  f64div: 0xa3,
  f64lt: 0x63,
  f64convertI64s: 0xb9,
  f64convertI64u: 0xba,
  i32reinterpretF32: 0xbc,
  i64reinterpretF64: 0xbd,
  f32reinterpretI32: 0xbe,
  f64reinterpretI64: 0xbf,
  i32extend8s: 0xc0,
  i32extend16s: 0xc1,
  i64extend8s: 0xc2,
  i64extend16s: 0xc3,
  i64extend32s: 0xc4,
  v128load: 0xfd00,
  v128store: 0xfd0b,
  v128const: 0xfd0c,
  v128and: 0xfd4e,
  v128or: 0xfd50,
  v128anyTrue: 0xfd53,
  i8x16shuffle: 0xfd0d,
  f32x4extract: 0xfd1f,
  f64x2extract: 0xfd21,
  f64x2replace: 0xfd22,
  v128load32zero: 0xfd5c,
  v128load64zero: 0xfd5d,
  memoryCopy: 0xfc0a,
  memoryFill: 0xfc0b,
} as const;

/**
 * An expression with one result. `k` is the operator's immediate: constant, index of a local or function,
 * memory offset, or lanes. A negative index `~n` is the module's own function `n`, in order of
 * `ModuleWriter.func`.
 */
export interface WasmNode {
  readonly t: WasmType;
  readonly op: number;
  readonly k: number | bigint | Uint8Array;
  readonly args: readonly WasmNode[];
  /** Known bound of an integer: the value is less than 2 to this power. */
  readonly below: number | undefined;
  /** Known distance of an integer from another value. */
  readonly from: Origin | undefined;
}
/** A value, identified by a number, plus a constant. The sum is modulo 2^32 in code with 32-bit addresses. */
export interface Origin {
  readonly of: number;
  readonly plus: number;
}
const none: readonly WasmNode[] = [];
/** An expression: type, opcode, operands, immediate. */
export const node = (t: WasmType, o: number, args: readonly WasmNode[] = none, k: WasmNode["k"] = 0): WasmNode => ({
  t,
  op: o,
  k,
  args,
  below: undefined,
  from: undefined,
});
/** The same expression with known facts about its value. */
export const noted = ({ t, op, k, args }: WasmNode, below: number | undefined, from: Origin | undefined): WasmNode => ({
  t,
  op,
  k,
  args,
  below,
  from,
});
/** A 32-bit constant. */
export const i32c = (n: number): WasmNode => node(wt.i32, op.i32const, none, n);
/** A 64-bit constant. */
export const i64c = (n: bigint): WasmNode => node(wt.i64, op.i64const, none, n);
/** The value of a local. */
export const localGet = (t: WasmType, index: number): WasmNode => node(t, op.localGet, none, index);

/** The unsigned value of an integer constant; undefined for other expressions. */
export const constant = (n: WasmNode): bigint | undefined =>
  n.op === op.i64const ? BigInt.asUintN(64, n.k as bigint) : n.op === op.i32const ? BigInt.asUintN(32, BigInt(n.k as number)) : undefined;

/** A number of low bits; all bits of the integer above them are zero. */
export const bitsOf = (n: WasmNode): number => {
  if (n.op === op.i32const) return 32 - Math.clz32(n.k as number);
  if (n.op === op.i64const) {
    const c = n.k as bigint;
    return c < 0n ? 64 : c < 1n << 32n ? 32 - Math.clz32(Number(c)) : c.toString(2).length;
  }
  if (n.below !== undefined) return n.below;
  switch (n.op) {
    case op.i64extendI32u:
      return bitsOf(n.args[0]!);
    case op.i64load8u:
    case op.i32load8u:
      return 8;
    case op.i64load16u:
    case op.i32load16u:
      return 16;
    case op.i64load32u:
      return 32;
    default:
      return n.t === wt.i32 ? 32 : 64;
  }
};
/** A growing byte buffer with the LEB128 encodings of the binary format. */
export class Bytes {
  #b: Uint8Array;
  length = 0;
  constructor(room = 256) {
    this.#b = new Uint8Array(room);
  }
  byte(v: number): void {
    if (this.length === this.#b.length) this.#grow(1);
    this.#b[this.length++] = v;
  }
  #grow(n: number): void {
    const next = new Uint8Array(Math.max(this.#b.length * 2, this.length + n));
    next.set(this.#b.subarray(0, this.length));
    this.#b = next;
  }
  bytes(v: Uint8Array | readonly number[]): void {
    if (this.length + v.length > this.#b.length) this.#grow(v.length);
    this.#b.set(v, this.length);
    this.length += v.length;
  }
  u(n: number): void {
    let rest = n >>> 0;
    while (rest >= 0x80) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.byte(rest);
  }
  s32(n: number): void {
    let rest = n | 0;
    for (;;) {
      const b = rest & 0x7f;
      rest >>= 7;
      if ((rest === 0 && !(b & 0x40)) || (rest === -1 && b & 0x40)) return this.byte(b);
      this.byte(b | 0x80);
    }
  }
  s64(n: bigint): void {
    if (n >= -0x8000_0000n && n < 0x8000_0000n) return this.s32(Number(n));
    let rest = BigInt.asIntN(64, n);
    for (;;) {
      const b = Number(rest & 0x7fn);
      rest >>= 7n;
      if ((rest === 0n && !(b & 0x40)) || (rest === -1n && b & 0x40)) return this.byte(b);
      this.byte(b | 0x80);
    }
  }
  name(s: string): void {
    this.u(s.length);
    for (const c of s) this.byte(c.charCodeAt(0));
  }
  done(): Uint8Array {
    return this.#b.slice(0, this.length);
  }
}

const isLoad = (o: number): boolean => (o >= 0x28 && o <= 0x35) || (o >= 0xfd00 && o <= 0xfd0a) || o === 0xfd5c || o === 0xfd5d;
const isStore = (o: number): boolean => (o >= 0x36 && o <= 0x3e) || o === 0xfd0b;

/**
 * The body of one function: its locals and its code. Statements are appended; an expression is written in one
 * pass.
 */
export class Body {
  readonly params: readonly WasmType[];
  readonly #locals: WasmType[] = [];
  readonly #hints: [number, boolean][] = [];
  readonly #ownCalls: number[] = [];
  readonly code: Bytes;
  constructor(params: readonly WasmType[], room?: number) {
    this.params = params;
    this.code = new Bytes(room);
  }

  /** A local that is reserved for the whole function. */
  keep(t: WasmType): number {
    return this.params.length + this.#locals.push(t) - 1;
  }
  /**
   * A local until the next `release`. Reuse keeps the number of locals small, which every tier of an engine
   * compiles faster.
   */
  local(t: WasmType): number {
    const l = this.#spare.get(t)?.pop() ?? this.keep(t);
    this.#lent.push(l);
    return l;
  }
  readonly #lent: number[] = [];
  readonly #spare = new Map<WasmType, number[]>();
  /** Returns all lent locals; their values are not read again. */
  release(): void {
    for (const l of this.#lent) {
      const t = this.#locals[l - this.params.length] as WasmType;
      const there = this.#spare.get(t);
      if (there) there.push(l);
      else this.#spare.set(t, [l]);
    }
    this.#lent.length = 0;
  }

  expr(n: WasmNode): void {
    for (const a of n.args) this.expr(a);
    const c = this.code;
    this.opcode(n.op);
    if (n.op === op.i32const) c.s32(n.k as number);
    else if (n.op === op.i64const) c.s64(n.k as bigint);
    else if (n.op === op.call && (n.k as number) < 0) this.#ownCall(~(n.k as number));
    else if (n.op === op.localGet || n.op === op.globalGet || n.op === op.call) c.u(n.k as number);
    else if (isLoad(n.op)) this.#memarg(n.k as number);
    else if (n.k instanceof Uint8Array) c.bytes(n.k);
  }
  opcode(o: number): void {
    const c = this.code;
    if (o < 0x100) return c.byte(o);
    c.byte(o >> 12 === 0xf ? o >> 8 : 0xfd);
    c.u(o >> 12 === 0xf ? o & 0xff : o - 0xfd00);
  }
  /** The index of the module's own function `n`, in two bytes: imports that are added later move it. */
  #ownCall(n: number): void {
    this.#ownCalls.push(this.code.length);
    this.code.bytes([n | 0x80, 0]);
  }
  /** Alignment hint 0: guest addresses are unaligned. */
  #memarg(offset: number): void {
    this.code.byte(0);
    this.code.u(offset);
  }
  store(o: number, address: WasmNode, value: WasmNode, offset: number): void {
    if (!isStore(o)) throw new Error(`not a store: ${o}`);
    this.expr(address);
    this.expr(value);
    this.opcode(o);
    this.#memarg(offset);
  }
  set(local: number, value: WasmNode): void {
    this.expr(value);
    this.code.byte(op.localSet);
    this.code.u(local);
  }
  /** A jump to one of several labels by number. Numbers beyond the last label select the last one. */
  table(which: WasmNode, labels: readonly number[]): void {
    this.expr(which);
    this.opcode(op.brTable);
    this.code.u(labels.length - 1);
    for (const label of labels) this.code.u(label);
  }
  /** A new local holding the value, or the value itself if it is a constant. */
  bind(value: WasmNode): WasmNode {
    if (value.op === op.i64const || value.op === op.i32const) return value;
    const l = this.local(value.t);
    this.set(l, value);
    const get = localGet(value.t, l);
    if (value.t !== wt.i32 && value.t !== wt.i64) return get;
    const below = bitsOf(value);
    return noted(get, below < (value.t === wt.i32 ? 32 : 64) ? below : undefined, value.from);
  }
  /**
   * `likely` is the expected value of the condition. The engine moves the other path out of line (branch
   * hinting).
   */
  if(condition: WasmNode, likely?: boolean): void {
    this.expr(condition);
    if (likely !== undefined) this.#hints.push([this.code.length, likely]);
    this.code.byte(op.if);
    this.code.byte(0x40);
  }
  /** A jump to the label at this nesting distance. */
  goIf(condition: WasmNode, label: number, likely: boolean): void {
    this.expr(condition);
    this.#hints.push([this.code.length, likely]);
    this.code.byte(op.brIf);
    this.code.u(label);
  }
  go(label: number): void {
    this.code.byte(op.br);
    this.code.u(label);
  }
  /** A block; a jump to its label continues at its end. */
  block(): void {
    this.code.byte(op.block);
    this.code.byte(0x40);
  }
  else(): void {
    this.code.byte(op.else);
  }
  end(): void {
    this.code.byte(op.end);
  }
  readonly #later: { readonly at: number; readonly fill: (b: Body) => void }[] = [];
  /**
   * Reserves this position for statements over the same locals. They are written when the rest of the
   * function is known.
   */
  later(fill: (b: Body) => void): void {
    this.#later.push({ at: this.code.length, fill });
  }
  /**
   * The code with the late statements inserted, the map from old to new positions (both ascending), and the
   * calls of own functions in late statements.
   */
  #filled(): { code: Uint8Array; moved: (positions: readonly number[]) => readonly number[]; ownCalls: readonly number[] } {
    const code = this.code.done();
    if (this.#later.length === 0) return { code, moved: (positions) => positions, ownCalls: [] };
    const out = new Body([], 2 * code.length);
    let from = 0;
    const inserted = this.#later.map(({ at, fill }) => {
      out.code.bytes(code.subarray(from, at));
      from = at;
      fill(out);
      return { at, by: out.code.length - at };
    });
    out.code.bytes(code.subarray(from));
    const moved = (positions: readonly number[]): number[] => {
      let next = 0;
      return positions.map((at) => {
        while (next < inserted.length && inserted[next]!.at <= at) next++;
        return next === 0 ? at : at + inserted[next - 1]!.by;
      });
    };
    return { code: out.code.done(), moved, ownCalls: out.#ownCalls };
  }
  /** The function's bytes. `prologue` is optional code over the same locals, placed first. */
  done(prologue?: Bytes): FunctionBytes {
    const out = new Bytes();
    const runs: [number, WasmType][] = [];
    for (const t of this.#locals) {
      const last = runs.at(-1);
      if (last && last[1] === t) last[0]++;
      else runs.push([1, t]);
    }
    out.u(runs.length);
    for (const [n, t] of runs) {
      out.u(n);
      out.byte(t);
    }
    if (prologue) out.bytes(prologue.done());
    const start = out.length;
    const { code, moved, ownCalls } = this.#filled();
    out.bytes(code);
    out.byte(op.end);
    const hinted = moved(this.#hints.map(([at]) => at));
    const hints = this.#hints.map(([, likely], n): BranchHint => ({ at: start + hinted[n]!, likely }));
    return Object.assign(out.done(), { hints, ownCalls: [...moved(this.#ownCalls), ...ownCalls].map((at) => start + at) });
  }
}

/** The position of a hinted branch in bytes from the start of its body, and its expected direction. */
export interface BranchHint {
  readonly at: number;
  readonly likely: boolean;
}
/**
 * A function's bytes with its branch hints, and with the positions of its calls of own functions of the
 * module: two bytes with the number of the function among them (`WasmNode.k`).
 */
export type FunctionBytes = Uint8Array & { readonly hints?: readonly BranchHint[]; readonly ownCalls?: readonly number[] };
