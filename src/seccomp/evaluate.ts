// The evaluator: the return value of a checked program for one system call. It is slow and obvious, the
// oracle of the compiled form. Linux kernel/bpf/core.c after bpf_convert_filter(); for the v6 patch its own
// evaluator (kernel/seccomp_filter.c).

import { aFunction, hasWords, optional, takes, type Want, wants } from "../wants.ts";
import { socketCodes } from "./bpf/codes.ts";
import { BPF, type Insn, insnClass, MEM_WORDS, type Program } from "./bpf/insn.ts";
import { aluByCode, jumpByCode, usesX } from "./bpf/ops.ts";
import { aProgram } from "./bpf/wants.ts";
import { checkProgram } from "./check.ts";
import type { DataLayout } from "./layout.ts";
import { someRules } from "./wants.ts";

/** The rules of a kernel version for the execution of a program. */
export interface EvaluatorRules {
  readonly layout: DataLayout;
  /**
   * `A /= k` multiplies by a rounded reciprocal, as Linux did before 3.13 (commit aee636c4809f): one too much
   * for some large A, and 0 for k = 1. Known only from memory, hence off in every profile.
   */
  readonly reciprocalDivision: boolean;
}

/** The result after a load outside the data or a division by X = 0. 0 is KILL and DENY. */
const REFUSED = 0;

/** Linux include/linux/reciprocal_div.h before 3.13. The product can exceed 2^53. */
const reciprocalDivide = (a: number, k: number): number => {
  const reciprocal = Math.floor((2 ** 32 + k - 1) / k) >>> 0;
  return Number((BigInt(a) * BigInt(reciprocal)) >> 32n);
};

const widths: Readonly<Record<number, 1 | 2 | 4>> = { [BPF.W]: 4, [BPF.H]: 2, [BPF.B]: 1 };

const packetModes: ReadonlySet<number> = new Set([BPF.ABS, BPF.IND, BPF.MSH]);
/** True if the instruction loads from the data. */
export const loadsData = ({ code }: Insn): boolean => insnClass(code) <= BPF.LDX && packetModes.has(code & 0xe0);
/** The offset of a load from the data. */
export const loadAddress = ({ code, k }: Insn, x: number): number => ((code & 0xe0) === BPF.IND ? (x + k) >>> 0 : k);

/** Loads little-endian bytes at any alignment; undefined outside the data. */
const load = (words: Uint32Array, size: number, at: number, width: number): number | undefined => {
  if (at + width > size) return undefined;
  let value = 0;
  for (let i = width - 1; i >= 0; i--) {
    const word = words[(at + i) >>> 2] as number;
    value = value * 256 + ((word >>> (((at + i) & 3) * 8)) & 0xff);
  }
  return value;
};

/** The step hook: called before each instruction is executed. */
export type OnStep = (pc: number, a: number, x: number, mem: Uint32Array) => void;

/** `evaluate` without a check of its arguments, for the path of every call. */
export const execute = (rules: EvaluatorRules, program: Program, words: Uint32Array, onStep?: OnStep): number => {
  const { size } = rules.layout;
  const mem = new Uint32Array(MEM_WORDS);
  let a = 0;
  let x = 0;
  for (let pc = 0; ; pc++) {
    const { code, jt, jf, k } = program[pc] as Insn;
    onStep?.(pc, a, x, mem);
    const operand = usesX(code) ? x : k;
    const alu = aluByCode[code];
    const test = jumpByCode[code];
    if (alu) {
      if (alu.divides && operand === 0) return REFUSED;
      a = code === (BPF.ALU | BPF.DIV | BPF.K) && rules.reciprocalDivision ? reciprocalDivide(a, k) : alu.apply(a, operand);
    } else if (test) pc += test.holds(a, operand) ? jt : jf;
    else {
      switch (code) {
        case BPF.LD | BPF.W | BPF.ABS:
        case BPF.LD | BPF.H | BPF.ABS:
        case BPF.LD | BPF.B | BPF.ABS:
        case BPF.LD | BPF.W | BPF.IND:
        case BPF.LD | BPF.H | BPF.IND:
        case BPF.LD | BPF.B | BPF.IND:
        case BPF.LDX | BPF.B | BPF.MSH: {
          const value = load(words, size, loadAddress(program[pc] as Insn, x), widths[code & 0x18] as number);
          if (value === undefined) return REFUSED;
          if (code === (BPF.LDX | BPF.B | BPF.MSH)) x = (value & 0xf) << 2;
          else a = value;
          break;
        }
        // biome-ignore format: table
        case BPF.LD | BPF.W | BPF.LEN: a = size; break;
        // biome-ignore format: table
        case BPF.LDX | BPF.W | BPF.LEN: x = size; break;
        // biome-ignore format: table
        case BPF.LD | BPF.IMM: a = k; break;
        // biome-ignore format: table
        case BPF.LDX | BPF.IMM: x = k; break;
        // biome-ignore format: table
        case BPF.LD | BPF.MEM: a = mem[k] as number; break;
        // biome-ignore format: table
        case BPF.LDX | BPF.MEM: x = mem[k] as number; break;
        // biome-ignore format: table
        case BPF.ST: mem[k] = a; break;
        // biome-ignore format: table
        case BPF.STX: mem[k] = x; break;
        // biome-ignore format: table
        case BPF.ALU | BPF.NEG: a = -a >>> 0; break;
        // biome-ignore format: table
        case BPF.MISC | BPF.TAX: x = a; break;
        // biome-ignore format: table
        case BPF.MISC | BPF.TXA: a = x; break;
        // biome-ignore format: table
        case BPF.JMP | BPF.JA: pc += k; break;
        // biome-ignore format: table
        case BPF.RET | BPF.K: return k;
        // biome-ignore format: table
        case BPF.RET | BPF.A: return a;
        default:
          throw new Error(`evaluating an unchecked program: code ${code}`);
      }
    }
  }
};

const anyKernel = { socket: socketCodes, seccomp: null, shiftRange: false } as const;
/** Otherwise a jump could leave the program. */
const aRunnable: Want = (value, args) =>
  aProgram(value, args) ??
  wants("a program that passes the checker", () => checkProgram(anyKernel, value as Program, 64) === undefined)(value, args);
const someWords = wants("words of wordsOf(rules.layout, …)", (value, [rules]) => {
  return hasWords(value, (rules as EvaluatorRules).layout.size / 4);
});
/**
 * The 32-bit return value. `words` are those of `wordsOf(rules.layout, …)`; the program has passed the
 * checker.
 *
 * @example
 * const { program } = assemble("A = sys_number\nA == 39 ? no : ok\nok: return ALLOW\nno: return ERRNO(1)");
 * const getpid = { nr: 39, arch: 0xc000003e, ipLo: 0, ipHi: 0, args: new Uint32Array(12) };
 * evaluate(upstream, program, wordsOf(upstream.layout, getpid));   // 0x00050001, ERRNO(1)
 */
export const evaluate = takes("evaluate", { rules: someRules, program: aRunnable, words: someWords, onStep: optional(aFunction) }, execute);
