// The length of a program as the kernel counts it, after conversion to eBPF. Linux net/core/filter.c
// bpf_convert_filter(). The figures agree with the number of filters that a real kernel attaches.

import { takes } from "../../wants.ts";
import { BPF, type Insn, type Program } from "./insn.ts";
import { jumpByCode, usesX } from "./ops.ts";
import { aProgram } from "./wants.ts";

/** Instructions that clear A, clear X and move the context. */
const PROLOGUE = 3;

/** JEQ, JGT and JGE have inverted forms; JSET has none and needs a second jump. */
const invertible: ReadonlySet<number> = new Set([BPF.JEQ, BPF.JGT, BPF.JGE]);

const conditional = (insn: Insn): number => {
  // eBPF immediates are signed: a K with bit 31 goes through a register.
  const wide = !usesX(insn.code) && insn.k >= 0x8000_0000 ? 1 : 0;
  const single = insn.jf === 0 || (insn.jt === 0 && invertible.has(insn.code & 0xf0));
  return wide + (single ? 1 : 2);
};

const special: Readonly<Record<number, number>> = {
  [BPF.RET | BPF.K]: 2,
  [BPF.RET | BPF.A]: 1,
  // Test for zero, jump, clear A, exit, divide.
  [BPF.ALU | BPF.DIV | BPF.X]: 5,
};

/**
 * The length of a program that passed the checker, in eBPF instructions.
 *
 * @example
 * const { program } = assemble("A = sys_number\nA == 39 ? no : ok\nok: return ALLOW\nno: return ERRNO(1)");
 * convertedLength(program);
 */
export const convertedLength = takes("convertedLength", { program: aProgram }, (program: Program): number =>
  program.reduce((sum, insn) => sum + (jumpByCode[insn.code] ? conditional(insn) : (special[insn.code] ?? 1)), PROLOGUE),
);
