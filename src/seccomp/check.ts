// The checker of programs. Two passes as in Linux: the checker of socket filters (net/core/filter.c
// bpf_check_classic(), called sk_chk_filter() before 3.15), then seccomp's own (kernel/seccomp.c
// seccomp_check_filter()).

import { takes, wholeNumber } from "../wants.ts";
import { BPF, type Insn, isReturn, MAX_INSNS, MEM_WORDS, type Program } from "./bpf/insn.ts";
import { aluByCode, jumpByCode, usesX } from "./bpf/ops.ts";
import { aProgram } from "./bpf/wants.ts";
import type { FilterProblem } from "./problem.ts";
import { aChecker } from "./wants.ts";

/**
 * The limits that a program must keep when a filter is attached. Linux seccomp_check_filter() and
 * bpf_check_classic().
 */
export interface CheckerRules {
  /** Codes of the first pass. */
  readonly socket: ReadonlySet<number>;
  /**
   * Codes of seccomp's own pass, which also requires aligned loads inside the data. Null before that pass
   * existed.
   */
  readonly seccomp: ReadonlySet<number> | null;
  /** A shift by a K of 32 or more is refused: Linux 4.5, commit 229394e8e62a. */
  readonly shiftRange: boolean;
}

type Complaint = Pick<FilterProblem, "code" | "message">;
const hex = (n: number): string => `0x${n.toString(16)}`;

const memoryCodes: ReadonlySet<number> = new Set([BPF.LD | BPF.MEM, BPF.LDX | BPF.MEM, BPF.ST, BPF.STX]);

const checkJump = (insn: Insn, pc: number, length: number): Complaint | undefined => {
  const remaining = length - pc - 1;
  if (insn.code === (BPF.JMP | BPF.JA)) {
    return insn.k < remaining
      ? undefined
      : { code: "jump-range", message: `goto +${insn.k} leaves the program: only ${remaining} instructions follow` };
  }
  const far = Math.max(insn.jt, insn.jf);
  return far < remaining
    ? undefined
    : { code: "jump-range", message: `branch +${far} leaves the program: only ${remaining} instructions follow` };
};

const checkInsn = (rules: CheckerRules, insn: Insn, pc: number, length: number): Complaint | undefined => {
  const { code, k } = insn;
  if (!rules.socket.has(code)) return { code: "opcode", message: `there is no instruction ${hex(code)}` };
  const alu = usesX(code) ? undefined : aluByCode[code];
  if (alu?.divides && k === 0) return { code: "divide-by-zero", message: `A ${alu.sign}= 0` };
  if (alu?.shifts && k >= 32 && rules.shiftRange)
    return { code: "shift-range", message: `A ${alu.sign}= ${k}: the count must be below 32` };
  if (memoryCodes.has(code) && k >= MEM_WORDS) return { code: "memory-index", message: `mem[${k}]: there are ${MEM_WORDS} cells` };
  return jumpByCode[code] || code === (BPF.JMP | BPF.JA) ? checkJump(insn, pc, length) : undefined;
};

/**
 * check_load_and_stores(): every path to a load of a memory cell must have stored it. A mask of stored cells
 * per instruction, in one forward scan. Unreachable code counts as reached with all cells stored, but only
 * after a jump, not after a return.
 */
const uninitialised = (program: Program): number | undefined => {
  const masks = new Uint16Array(program.length).fill(0xffff);
  const meet = (pc: number, mask: number) => {
    masks[pc] = (masks[pc] as number) & mask;
  };
  let valid = 0;
  for (const [pc, { code, jt, jf, k }] of program.entries()) {
    valid &= masks[pc] as number;
    if (code === BPF.ST || code === BPF.STX) valid |= 1 << k;
    else if (code === (BPF.LD | BPF.MEM) || code === (BPF.LDX | BPF.MEM)) {
      if (!(valid & (1 << k))) return pc;
    } else if (code === (BPF.JMP | BPF.JA)) {
      meet(pc + 1 + k, valid);
      valid = 0xffff;
    } else if (jumpByCode[code]) {
      meet(pc + 1 + jt, valid);
      meet(pc + 1 + jf, valid);
      valid = 0xffff;
    }
  }
  return undefined;
};

const LOAD = BPF.LD | BPF.W | BPF.ABS;

/** seccomp_check_filter() */
const checkForSeccomp = (codes: ReadonlySet<number>, { code, k }: Insn, dataSize: number): Complaint | undefined => {
  if (!codes.has(code)) return { code: "opcode-refused", message: `instruction ${hex(code)} is for packets: seccomp refuses it` };
  if (code !== LOAD) return undefined;
  if (k >= dataSize) return { code: "load-range", message: `load at ${k}: seccomp_data has ${dataSize} bytes` };
  return k & 3 ? { code: "load-alignment", message: `load at ${k}: not a multiple of 4` } : undefined;
};

/**
 * The first reason, in the kernel's order, why the program is refused; undefined if it is taken. `dataSize`:
 * sizeof(struct seccomp_data), or 0 for a program that reads packets.
 *
 * @example
 * checkProgram(upstream.checker, [stmt(BPF.RET | BPF.A)], 64);   // undefined: the program is accepted
 */
export const checkProgram = takes(
  "checkProgram",
  { rules: aChecker, program: aProgram, dataSize: wholeNumber(0, 256) },
  (rules: CheckerRules, program: Program, dataSize: number): FilterProblem | undefined => {
    const { length } = program;
    const refuse = (c: Complaint, pc?: number): FilterProblem => ({ ...c, errno: "EINVAL", ...(pc === undefined ? {} : { pc }) });
    if (length === 0 || length > MAX_INSNS) {
      return refuse({ code: "length", message: `a program has 1 to ${MAX_INSNS} instructions, this one ${length}` });
    }
    for (const [pc, insn] of program.entries()) {
      const complaint = checkInsn(rules, insn, pc, length);
      if (complaint) return refuse(complaint, pc);
    }
    if (!isReturn((program[length - 1] as Insn).code)) {
      return refuse({ code: "no-return", message: "the last instruction must be a return" }, length - 1);
    }
    const bare = uninitialised(program);
    if (bare !== undefined) {
      return refuse({ code: "uninitialised-memory", message: `mem[${program[bare]?.k}] is read but not stored on every path here` }, bare);
    }
    if (rules.seccomp) {
      for (const [pc, insn] of program.entries()) {
        const complaint = checkForSeccomp(rules.seccomp, insn, dataSize);
        if (complaint) return refuse(complaint, pc);
      }
    }
    return undefined;
  },
);
