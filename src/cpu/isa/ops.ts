// The vocabulary in which instructions are written. A meaning over Ops<V> has many readers: V = bigint runs it (the oracle),
// V = wasm expressions compiles it (interpreter handlers, the JIT), V = terms prints it (describe).
//
// Rules that every meaning keeps:
//  - Integers are unsigned and zero-extended from their width; a comparison gives 0 or 1.
//  - Reads (get, rmw, reg, load, flag) happen where they stand; pure operations may be computed wherever they are used, so a
//    value used twice is bound with `let`.
//  - Memory is read, and written, before any register or flag is: a fault then leaves the state that hardware leaves.

import type { Field } from "../machine/state.ts";
import type { HelperName } from "./routine-types.ts";
import type { SimdName } from "./simd.ts";

export type Width = 8 | 16 | 32 | 64;
export type AddressSize = 16 | 32 | 64;

/**
 * How the six status flags follow from a result r and operands a, b (flags.ts). `adc` is "add" too; "sbb" is "sub" with a borrow
 * that came in, so its flags say nothing about a < b.
 */
export type FlagKind = "add" | "sub" | "inc" | "dec" | "result" | "word" | "order" | "sbb";
export type Flag = "CF" | "PF" | "AF" | "ZF" | "SF" | "OF";

/** What is fixed when an instruction form is read: every reader knows these as constants. */
export interface Form {
  /** Operand size in bits. */
  readonly w: Width;
  /** Width of each operand in bits. */
  readonly widths: readonly number[];
  readonly addressSize: AddressSize;
  /** Width of the stack pointer in bits: 64, or 32 or 16 by SS.B. */
  readonly stackSize: AddressSize;
  readonly mode: AddressSize;
  /** Segments have neither base nor limit (fs and gs may): always so in 64-bit mode. */
  readonly flat: boolean;
  readonly rep: Rep;
  /** Condition code 0..15, where the opcode has one. SDM Vol. 1 appendix B. */
  readonly cc: number;
  /** Is operand n a memory operand? */
  memory(n: number): boolean;
}
export const rep = { none: 0, rep: 1, repne: 2 } as const;
export type Rep = (typeof rep)[keyof typeof rep];

/** Operations on floats of which a reader may see to it that they are ordinary; of a comparison, that one operand is. */
export type Assured = "add" | "sub" | "mul" | "div" | "sqrt" | "compare";

export interface Ops<V> {
  // Operands, by position in the row.
  /** Operand n at its own width; an immediate is sign-extended by its row, then cut to the operand size. */
  get(n: number): V;
  /** Operand n in the low lane of a vector. The lanes above hold anything: a meaning must not depend on them. */
  vec(n: number): V;
  /** The same, of an operand that the instruction will write: a fault of the write comes here. */
  rmw(n: number): V;
  /** With VEX, a vector register's upper bits become 0: up to 128 from v, and from 128 on. */
  set(n: number, v: V): void;
  /** The halves of an operand of 256 bits, or of the register that holds one of 128. */
  wide(n: number): readonly [low: V, high: V];
  setWide(n: number, low: V, high: V): void;
  /** Effective address of memory operand n: an offset in its segment, cut to the address size. */
  address(n: number): V;
  /** Effective address with this index in the place of the vector of indices that memory operand n has; `get` or `wide` gives the vector. */
  element(n: number, index: V): V;
  /** The same as a linear address, its segment checked for an access of the operand's width, or another one. */
  linear(n: number, write: boolean, width?: number): V;
  /** Selector of the segment that memory operand n is in. */
  segment(n: number): V;

  // Registers, by number: a byte-wide register 0..3 is al cl dl bl.
  reg(r: number, w: Width): V;
  setReg(r: number, w: Width, v: V): void;

  // The register file besides the general registers: what no operand names. n: the element, where there are several.
  field(f: Field, n?: number): V;
  setField(f: Field, v: V): void;
  /** Is the field's part under `mask` this value? For modes: a reader may know it from before. */
  holds(f: Field, mask: number, value: number): V;

  // Memory besides the operands. `segment` is a segment register number; undefined takes the instruction's (DS or an override).
  load(segment: number | undefined, offset: V, w: number): V;
  /** Load from where `store` will write: checks that the write is possible. */
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
  /** Is it no address in 48-bit canonical form? Of addresses where no program runs a reader may say so too that leaves what follows to another. */
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

  // Vectors and floats. A vector is 128 bits; where one is wanted, a narrower value is zero-extended, and where a narrower one is
  // wanted, it is the low lane: so the meaning of an MMX instruction is that of its SSE2 sister. Floats are their bits.
  /** A vector or floating-point operation by WebAssembly's name (simd.ts). */
  simd(name: SimdName, ...args: V[]): V;
  /**
   * Has the reader seen to it that MXCSR is plain (sse/float.ts), and that in so many lanes the operands and the result are such that
   * WebAssembly's result is all there is to the operation? Then nobody else has to.
   */
  assured(name: Assured, w: 32 | 64, lanes: number, result: V, ...operands: V[]): boolean;
  /** The vector of these 64-bit halves. */
  vector(low: V, high: V): V;
  /** Vector registers by number. */
  xmm(r: number): V;
  setXmm(r: number, v: V): void;
  /** Their bits 255:128. */
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
  /** Do something only if c is not 0. `likely` says how c nearly always is. */
  when(c: V, then: () => void, otherwise?: () => void, likely?: boolean): void;
  /** One value if c is not 0, else the other; only that one is computed, and what it does is done. */
  either(c: V, then: () => V, otherwise: () => V, likely?: boolean): V;

  // Flags.
  /** State all six: "add"/"sub" from (r, a, b), "inc"/"dec" from (r) keeping CF, "result" SF ZF PF from r and CF OF AF from the word a,
   *  "word" all from the word r, "order" CF = a, ZF = not r of bits, the others 0. w is the width of r, a and b. */
  flags(kind: FlagKind, w: number, r: V, a?: V, b?: V): void;
  /** Change some flags only: `mask` is of EF bits, `word` their new values in EFLAGS places. */
  setFlags(mask: number, word: V): void;
  flag(f: Flag): V;
  /** The six status flags in their EFLAGS places. */
  flagsWord(): V;
  /** Condition code cc: 0 or 1. */
  condition(cc: number): V;
  /** DF and the other bits that arithmetic leaves alone, in their EFLAGS places. */
  systemFlags(): V;
  setSystemFlags(v: V): void;

  // Control. Each ends the instruction.
  /** Address of this instruction (its offset in CS), and its modrm byte: for rows that are `located`. */
  ip(): V;
  modrm(): V;
  /** Address of the next instruction (its offset in CS). */
  nextIp(): V;
  /** Where the branch operand (Jb, Jz) leads, an offset in CS. */
  target(): V;
  /** To the branch operand (Jb, Jz), whose target the decoder computed. */
  branch(): void;
  /** To the branch operand if c, else on. */
  branchIf(c: V): void;
  /** To a computed offset. */
  jump(target: V): void;
  /** A fault: rip stays at this instruction. */
  fault(vector: number, error?: number): void;
  /** A trap: rip is the next instruction. */
  trap(vector: number, error?: number): void;
  /** Leave the engine with an Exit value; rip is the next instruction. */
  exit(code: number): void;

  /** Repeat a string instruction's body as its prefix says: count in (e/r)cx, restartable after each round; `zf`: also ends by ZF, unless
   *  the body says itself whether to end. */
  repeat(body: () => V | undefined, zf: boolean): void;

  /** Call a routine by name (routines.ts): integers in, one integer out. For what is no expression. */
  call(name: string, ...args: V[]): V;
  /** Call a routine that acts on the machine (segment loads, far transfers, CPUID); it may end the instruction. */
  helper(name: HelperName, a?: V, b?: V): void;
}

export type Meaning = <V>(o: Ops<V>, i: Form) => void;
