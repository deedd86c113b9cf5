// Programs as text, in the style of seccomp-tools. `assemble` reads it back to the same instructions.
// Instructions without a text (unknown codes, values in unused fields, jumps out of the program) are written
// as `.insn code jt jf k`.

import { optional, takes } from "../../wants.ts";
import { BPF, type Insn, type Program } from "../bpf/insn.ts";
import { aluByCode, jumpByCode, usesX } from "../bpf/ops.ts";
import { aProgram } from "../bpf/wants.ts";
import { describeReturn } from "../returns.ts";
import { type Holding, holdings } from "./flow.ts";
import { type AsmOptions, allAsmOptions, archNames, someAsmOptions, syscallText, wordText } from "./names.ts";

const hex = (n: number, digits = 0): string => `0x${n.toString(16).padStart(digits, "0")}`;
const label = (pc: number): string => String(pc).padStart(4, "0");

const widths: Readonly<Record<number, string>> = { [BPF.W]: "", [BPF.H]: ":2", [BPF.B]: ":1" };

const loadText = ({ layout }: AsmOptions, { code, k }: Insn): string => {
  const width = widths[code & 0x18];
  if ((code & 0xe0) === BPF.IND) return `A = data[X + ${k}${width}]`;
  const word = code === (BPF.LD | BPF.W | BPF.ABS) && k % 4 === 0 ? layout.words[k / 4] : undefined;
  return word && word !== "reserved" ? `A = ${wordText(word)}` : `A = data[${k}${width}]`;
};

const constant = (options: AsmOptions, holding: Holding | undefined, { code, k }: Insn): string => {
  if (usesX(code)) return "X";
  if ((code & 0xf0) === BPF.JEQ && holding?.a === "arch") return archNames.find(([, value]) => value === k)?.[0] ?? hex(k);
  if ((code & 0xf0) === BPF.JEQ && holding?.a === "sys_number") return syscallText(k, holding.arch, options.abi) ?? hex(k);
  return hex(k);
};

const jumpText = (options: AsmOptions, holding: Holding | undefined, insn: Insn, pc: number): string => {
  const op = jumpByCode[insn.code];
  if (!op) throw new Error(`no jump: ${insn.code}`);
  const value = constant(options, holding, insn);
  const holds = `A ${op.sign} ${value}`;
  const [yes, no] = [label(pc + 1 + insn.jt), label(pc + 1 + insn.jf)];
  if (insn.jt !== 0 && insn.jf === 0) return `if (${holds}) goto ${yes}`;
  if (insn.jt === 0 && insn.jf !== 0)
    return op.field === BPF.JSET ? `if (!(${holds})) goto ${no}` : `if (A ${op.inverse} ${value}) goto ${no}`;
  return `if (${holds}) goto ${yes} else goto ${no}`;
};

type Show = (k: number, options: AsmOptions) => string;
/** Instructions whose text depends only on k. */
const plain: Readonly<Record<number, Show>> = {
  [BPF.LDX | BPF.B | BPF.MSH]: (k) => `X = 4 * (data[${k}:1] & 0xf)`,
  [BPF.LD | BPF.IMM]: (k) => `A = ${hex(k)}`,
  [BPF.LDX | BPF.IMM]: (k) => `X = ${hex(k)}`,
  [BPF.LD | BPF.MEM]: (k) => `A = mem[${k}]`,
  [BPF.LDX | BPF.MEM]: (k) => `X = mem[${k}]`,
  [BPF.ST]: (k) => `mem[${k}] = A`,
  [BPF.STX]: (k) => `mem[${k}] = X`,
  [BPF.RET | BPF.K]: (k, { returns }) => `return ${describeReturn(returns, k)}`,
};
/** Instructions without k. */
const bare: Readonly<Record<number, string>> = {
  [BPF.LD | BPF.W | BPF.LEN]: "A = len",
  [BPF.LDX | BPF.W | BPF.LEN]: "X = len",
  [BPF.ALU | BPF.NEG]: "A = -A",
  [BPF.MISC | BPF.TAX]: "X = A",
  [BPF.MISC | BPF.TXA]: "A = X",
  [BPF.RET | BPF.A]: "return A",
};
const packetLoads: ReadonlySet<number> = new Set([BPF.W, BPF.H, BPF.B].flatMap((w) => [BPF.LD | w | BPF.ABS, BPF.LD | w | BPF.IND]));

/** The text, or undefined if the syntax has none. */
const insnText = (options: AsmOptions, program: Program, holding: Holding | undefined, insn: Insn, pc: number): string | undefined => {
  const { code, jt, jf, k } = insn;
  if (jumpByCode[code]) {
    const leaves = pc + 1 + Math.max(jt, jf) >= program.length;
    return leaves || (usesX(code) && k !== 0) ? undefined : jumpText(options, holding, insn, pc);
  }
  if (jt !== 0 || jf !== 0) return undefined;
  if (code === (BPF.JMP | BPF.JA)) return pc + 1 + k < program.length ? `goto ${label(pc + 1 + k)}` : undefined;
  const alu = aluByCode[code];
  if (alu) return usesX(code) && k !== 0 ? undefined : `A ${alu.sign}= ${usesX(code) ? "X" : hex(k)}`;
  if (packetLoads.has(code)) return loadText(options, insn);
  return plain[code]?.(k, options) ?? (k === 0 ? bare[code] : undefined);
};

const raw = ({ code, jt, jf, k }: Insn): string => `.insn ${hex(code)} ${hex(jt)} ${hex(jf)} ${hex(k)}`;

/**
 * One line of text for each instruction, without labels.
 *
 * @example
 * const { program } = assemble("A = sys_number\nA == 39 ? no : ok\nok: return ALLOW\nno: return ERRNO(1)");
 * disassembleLines(program)[0];   // "A = sys_number"
 */
export const disassembleLines = takes(
  "disassembleLines",
  { program: aProgram, options: optional(someAsmOptions) },
  (program: Program, some: Partial<AsmOptions> = {}): readonly string[] => {
    const options = allAsmOptions(some);
    const flow = holdings(options.layout, program);
    return program.map((insn, pc) => insnText(options, program, flow[pc], insn, pc) ?? raw(insn));
  },
);

/**
 * The listing that seccomp-tools prints: label, the fields in hex, text.
 *
 * @example
 * const { program } = assemble("A = sys_number\nA == 39 ? no : ok\nok: return ALLOW\nno: return ERRNO(1)");
 * disassemble(program, { abi: i386 });   // the listing, with "mkdir" for number 39
 */
export const disassemble = takes(
  "disassemble",
  { program: aProgram, options: someAsmOptions },
  (program: Program, options: AsmOptions): string => {
    const lines = disassembleLines(program, options).map((text, pc) => {
      const { code, jt, jf, k } = program[pc] as Insn;
      return ` ${label(pc)}: ${hex(code, 2)} ${hex(jt, 2)} ${hex(jf, 2)} ${hex(k, 8)}  ${text}\n`;
    });
    return [" line  CODE  JT   JF      K\n", `${"=".repeat(33)}\n`, ...lines].join("");
  },
);
