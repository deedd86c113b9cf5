// The operators of classic BPF, each defined once: field value, sign, meaning, wasm instruction. Evaluator,
// compiler, assembler and disassembler read these rows. man 4 bpf (FreeBSD); Linux net/core/filter.c.
import { op } from "../../wasm/encoder.ts";
import { BPF } from "./insn.ts";

/** An arithmetic operator. */
export interface AluOp {
  readonly field: number;
  readonly sign: string;
  /** Operands and result are u32. A zero divisor never occurs here: the program returns 0 before. */
  readonly apply: (a: number, b: number) => number;
  readonly wasm: number;
  /** A zero divisor ends the program with 0 (in X) or is refused (in K). */
  readonly divides?: true;
  /**
   * A K of 32 or more is refused since Linux 4.5. Counts in X are masked to 5 bits, as on x86 and in its BPF
   * JIT.
   */
  readonly shifts?: true;
}
/** All arithmetic operators. */
// biome-ignore format: table
export const aluOps: readonly AluOp[] = [
  { field: BPF.ADD, sign: "+",  apply: (a, b) => (a + b) >>> 0,          wasm: op.i32add },
  { field: BPF.SUB, sign: "-",  apply: (a, b) => (a - b) >>> 0,          wasm: op.i32sub },
  { field: BPF.MUL, sign: "*",  apply: (a, b) => Math.imul(a, b) >>> 0,  wasm: op.i32mul },
  { field: BPF.DIV, sign: "/",  apply: (a, b) => Math.floor(a / b),      wasm: op.i32divU, divides: true },
  { field: BPF.OR,  sign: "|",  apply: (a, b) => (a | b) >>> 0,          wasm: op.i32or },
  { field: BPF.AND, sign: "&",  apply: (a, b) => (a & b) >>> 0,          wasm: op.i32and },
  { field: BPF.LSH, sign: "<<", apply: (a, b) => (a << b) >>> 0,         wasm: op.i32shl, shifts: true },
  { field: BPF.RSH, sign: ">>", apply: (a, b) => a >>> b,                wasm: op.i32shrU, shifts: true },
  { field: BPF.MOD, sign: "%",  apply: (a, b) => a % b,                  wasm: op.i32remU, divides: true },
  { field: BPF.XOR, sign: "^",  apply: (a, b) => (a ^ b) >>> 0,          wasm: op.i32xor },
];

/** A conditional jump. */
export interface JumpOp {
  readonly field: number;
  readonly sign: string;
  /** The sign for a branch taken on false: `if (A != 3) goto …`. */
  readonly inverse: string;
  readonly holds: (a: number, b: number) => boolean;
  readonly wasm: number;
}
/** All conditional jumps. */
// biome-ignore format: table
export const jumpOps: readonly JumpOp[] = [
  { field: BPF.JEQ,  sign: "==", inverse: "!=", holds: (a, b) => a === b,       wasm: op.i32eq },
  { field: BPF.JGT,  sign: ">",  inverse: "<=", holds: (a, b) => a > b,         wasm: op.i32gtU },
  { field: BPF.JGE,  sign: ">=", inverse: "<",  holds: (a, b) => a >= b,        wasm: op.i32geU },
  { field: BPF.JSET, sign: "&",  inverse: "!&", holds: (a, b) => (a & b) !== 0, wasm: op.i32and },
];

/** A dense table, because the evaluator reads it at every step. */
const byCode = <R extends { readonly field: number }>(insnClass: number, rows: readonly R[]): readonly (R | undefined)[] => {
  const table = new Array<R | undefined>(256).fill(undefined);
  for (const row of rows) for (const source of [BPF.K, BPF.X]) table[insnClass | row.field | source] = row;
  return table;
};

/** Arithmetic operators by whole code, K and X forms. */
export const aluByCode = byCode(BPF.ALU, aluOps);
/** Conditional jumps by whole code, K and X forms. */
export const jumpByCode = byCode(BPF.JMP, jumpOps);

/** True if the operand is X, not k. */
export const usesX = (code: number): boolean => (code & BPF.X) !== 0;
