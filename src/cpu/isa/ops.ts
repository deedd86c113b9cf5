// The vocabulary of instruction meanings. A meaning over Ops<V> has many readers. V = bigint runs it (the
// oracle). V = wasm expressions compiles it (interpreter handlers, the JIT). V = terms prints it (describe).
//
// Rules for all meanings:
// - Integers are unsigned and zero-extended from their width; a comparison gives 0 or 1.
// - Reads (get, rmw, reg, load, flag) happen in program order. Pure operations may be computed wherever they
// are used; a value used twice is bound with `let`.
// - Memory is read and written before any register or flag. A fault then leaves the state that hardware
// leaves.

import type { StateField } from "../machine/fields.ts";
import type { HelperName } from "./routine-types.ts";
import type { SimdName } from "./simd.ts";

/** Width of a general register in bits. */
export type RegisterWidth = 8 | 16 | 32 | 64;
/** Address size or mode in bits. */
export type AddressSize = 16 | 32 | 64;

/**
 * The rule that derives the six status flags from a result r and operands a, b (flags.ts). `adc` is "add",
 * too. "sbb" is "sub" with an incoming borrow, so its flags do not imply a < b.
 */
export type FlagKind = "add" | "sub" | "inc" | "dec" | "result" | "word" | "order" | "sbb";
/** A status flag. */
export type Flag = "CF" | "PF" | "AF" | "ZF" | "SF" | "OF";

/** The constants of an instruction form, known to every reader. */
export interface Form {
  /** Operand size in bits. */
  readonly w: RegisterWidth;
  /** Width of each operand in bits. */
  readonly widths: readonly number[];
  readonly addressSize: AddressSize;
  /** Width of the stack pointer in bits: 64, or 32 or 16 by SS.B. */
  readonly stackSize: AddressSize;
  readonly mode: AddressSize;
  /** True if segments have neither base nor limit (except fs and gs); always so in 64-bit mode. */
  readonly flat: boolean;
  readonly rep: Rep;
  /** Condition code 0..15, where the opcode has one. SDM Vol. 1 appendix B. */
  readonly cc: number;
  /** True if operand n is in memory. */
  memory(n: number): boolean;
}
/** Repeat prefixes. */
export const rep = { none: 0, rep: 1, repne: 2 } as const;
/** One of the repeat prefixes. */
export type Rep = (typeof rep)[keyof typeof rep];

/**
 * Floating-point operations for which a reader may guarantee that all values are normal numbers; of a
 * comparison, that one operand is.
 */
export type Assured = "add" | "sub" | "mul" | "div" | "sqrt" | "compare";

/** The vocabulary. */
export interface Ops<V> {
  // Operands, by position in the row.
  /** Operand n at its own width. An immediate is sign-extended by its row, then cut to the operand size. */
  get(n: number): V;
  /** Operand n in the low lane of a vector. The other lanes are unspecified. */
  vec(n: number): V;
  /** Operand n, which the instruction will write: a fault of the write happens here. */
  rmw(n: number): V;
  /** Writes operand n. With VEX, a vector register's bits above the operand become 0. */
  set(n: number, v: V): void;
  /** Writes the low bits of a general register, operand n, and leaves the others as they are. */
  setLow(n: number, w: RegisterWidth, v: V): void;
  /** The halves of a 256-bit operand, or of the register that holds a 128-bit one. */
  wide(n: number): readonly [low: V, high: V];
  setWide(n: number, low: V, high: V): void;
  /** Effective address of memory operand n: an offset in its segment, cut to the address size. */
  address(n: number): V;
  /**
   * The effective address with this index in place of the vector of indices; `get` or `wide` returns that
   * vector.
   */
  element(n: number, index: V): V;
  /**
   * The linear address of memory operand n. Its segment is checked for an access of the operand's width, or
   * of `width` bits.
   */
  linear(n: number, write: boolean, width?: number): V;
  /** Selector of the segment of memory operand n. */
  segment(n: number): V;

  // Registers, by number: a byte-wide register 0..3 is al cl dl bl.
  reg(r: number, w: RegisterWidth): V;
  setReg(r: number, w: RegisterWidth, v: V): void;

  // Fields of the register file that no operand names. n: the element of an array.
  field(f: StateField, n?: number): V;
  setField(f: StateField, v: V): void;
  /**
   * True if the bits of a field under `mask` have this value. For modes, which a reader may know in advance.
   */
  holds(f: StateField, mask: number, value: number): V;

  // Memory that is not an operand. `segment`: a segment register number; undefined: the instruction's (DS or
  // an override).
  load(segment: number | undefined, offset: V, w: number): V;
  /** Loads from a location that `store` will write: checks that the write is possible. */
  loadRmw(segment: number | undefined, offset: V, w: number): V;
  store(segment: number | undefined, offset: V, w: number, v: V): void;

  // Integers.
  imm(n: number | bigint): V;
  add(a: V, b: V): V;
  sub(a: V, b: V): V;
  mul(a: V, b: V): V;
  /** High 64 bits of the 128-bit product. */
  mulHighU(a: V, b: V): V;
  mulHighS(a: V, b: V): V;
  divU(a: V, b: V): V;
  remU(a: V, b: V): V;
  divS(a: V, b: V): V;
  remS(a: V, b: V): V;
  and(a: V, b: V): V;
  or(a: V, b: V): V;
  xor(a: V, b: V): V;
  not(a: V): V;
  /** Shifts of 64-bit values; the count is below 64. */
  shl(a: V, n: V): V;
  shr(a: V, n: V): V;
  sar(a: V, n: V): V;
  /** Keep the low w bits. */
  zext(a: V, w: number): V;
  /** Sign-extend from w bits to 64. */
  sext(a: V, w: number): V;
  /**
   * True if the value is not an address in 48-bit canonical form. A reader may also return true for addresses
   * without code, if it leaves the rest of the instruction to another engine.
   */
  uncanonical(a: V): V;
  clz(a: V): V;
  ctz(a: V): V;
  popcnt(a: V): V;
  eq(a: V, b: V): V;
  ne(a: V, b: V): V;
  ltU(a: V, b: V): V;
  leU(a: V, b: V): V;
  ltS(a: V, b: V): V;
  leS(a: V, b: V): V;
  /** a if c is not 0, else b; both are pure. */
  select(c: V, a: V, b: V): V;

  // Vectors and floats. A vector has 128 bits. A narrower value is zero-extended if a vector is expected; a
  // vector is its low lane if a narrower value is expected. The meaning of an MMX instruction is thus that of
  // its SSE2 counterpart. Floats are their bits.
  /** A vector or floating-point operation by WebAssembly's name (simd.ts). */
  simd(name: SimdName, ...args: V[]): V;
  /**
   * True if the reader guarantees that MXCSR is plain (sse/float.ts), and that WebAssembly's result is exact
   * for these lanes. The meaning then omits its own checks.
   */
  assured(name: Assured, w: 32 | 64, lanes: number, result: V, ...operands: V[]): boolean;
  /** The vector of these 64-bit halves. */
  vector(low: V, high: V): V;
  /** Vector registers by number. */
  xmm(r: number): V;
  setXmm(r: number, v: V): void;
  /** Bits 255:128 of a vector register. */
  upper(r: number): V;
  setUpper(r: number, v: V): void;
  splat(w: 8 | 16 | 32 | 64, v: V): V;
  /** Lane n of w bits; the vector with that lane replaced. */
  lane(a: V, w: 8 | 16 | 32 | 64, n: number): V;
  withLane(a: V, w: 8 | 16 | 32 | 64, n: number, v: V): V;
  /** The vector whose byte i is byte lanes[i] of a (0 to 15) or b (16 to 31). */
  shuffle(a: V, b: V, lanes: readonly number[]): V;

  /** Bind a value to a name, so that it is computed once, here. */
  let(name: string, v: V): V;
  /** Does `then` only if c is not 0. `likely`: the usual value of c. */
  when(c: V, then: () => void, otherwise?: () => void, likely?: boolean): void;
  /** One value if c is not 0, else the other. Only that one is computed, with its effects. */
  either(c: V, then: () => V, otherwise: () => V, likely?: boolean): V;

  // Flags.
  /**
   * Sets all six. "add"/"sub": from (r, a, b). "inc"/"dec": from (r), CF is kept. "result": SF ZF PF from r,
   * CF OF AF from the word a. "word": all from the word r. "order": CF = a, ZF = not r of bits, the others 0.
   * w is the width of r, a and b.
   */
  flags(kind: FlagKind, w: number, r: V, a?: V, b?: V): void;
  /** Sets the flags in `mask` (EF bits) from `word`, which has them at their EFLAGS positions. */
  setFlags(mask: number, word: V): void;
  flag(f: Flag): V;
  /** The six status flags at their EFLAGS positions. */
  flagsWord(): V;
  /** Condition code cc: 0 or 1. */
  condition(cc: number): V;
  /** DF and the other bits that arithmetic does not change, at their EFLAGS positions. */
  systemFlags(): V;
  setSystemFlags(v: V): void;

  // Control. Each ends the instruction.
  /** Address of this instruction (its offset in CS), and its modrm byte: for rows that are `located`. */
  ip(): V;
  modrm(): V;
  /** Address of the next instruction (its offset in CS). */
  nextIp(): V;
  /** The target of the branch operand (Jb, Jz), an offset in CS. */
  target(): V;
  /** Jumps to the branch operand (Jb, Jz). */
  branch(): void;
  /** Jumps to the branch operand if c; otherwise continues. */
  branchIf(c: V): void;
  /** Jumps to a computed offset. */
  jump(target: V): void;
  /** A fault: rip stays at this instruction. */
  fault(vector: number, error?: number): void;
  /** A trap: rip is the next instruction. */
  trap(vector: number, error?: number): void;
  /** Exits the engine with an Exit value; rip is the next instruction. */
  exit(code: number): void;

  /**
   * Repeats a string instruction's body by its prefix. The count is in (e/r)cx; the instruction is
   * restartable after each iteration. `zf`: ZF ends it, too, unless the body returns if it is the last
   * iteration.
   */
  repeat(body: () => V | undefined, zf: boolean): void;

  /**
   * Calls a routine by name (src/cpu/routines): integers in, one integer out. For computations that are no
   * expressions.
   */
  call(name: string, ...args: V[]): V;
  /** Calls a helper function (segment loads, far transfers, CPUID), which may end the instruction. */
  helper(name: HelperName, a?: V, b?: V): void;
}

/** The meaning of an instruction, for every reader. */
export type Meaning = <V>(o: Ops<V>, i: Form) => void;
