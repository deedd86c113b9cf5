// Dataflow for the disassembler: the contents of A before each instruction, and the known architecture. It
// allows names in place of numbers. One forward scan, because jumps only go forward.
import { BPF, type Insn, insnClass, type Program } from "../bpf/insn.ts";
import { jumpByCode } from "../bpf/ops.ts";
import type { DataLayout, Word } from "../layout.ts";

/** The facts before an instruction. */
export interface Holding {
  /** The word of the data in A; undefined if unknown. */
  readonly a: Word | undefined;
  /** AUDIT_ARCH_*, if a comparison on every path to this instruction determines it. */
  readonly arch: number | undefined;
}
const meet = (one: Holding | undefined, other: Holding): Holding =>
  one ? { a: one.a === other.a ? one.a : undefined, arch: one.arch === other.arch ? one.arch : undefined } : other;

const LOAD = BPF.LD | BPF.W | BPF.ABS;
/** True for instructions that change A. */
const changesA = (code: number): boolean => insnClass(code) === BPF.LD || insnClass(code) === BPF.ALU || code === (BPF.MISC | BPF.TXA);

const after = (layout: DataLayout, before: Holding, { code, k }: Insn): Holding => {
  if (code === LOAD) return { ...before, a: k % 4 === 0 ? layout.words[k / 4] : undefined };
  return changesA(code) ? { ...before, a: undefined } : before;
};

/** The facts before each instruction; undefined if it is unreachable. */
export const holdings = (layout: DataLayout, program: Program): readonly (Holding | undefined)[] => {
  const at = new Array<Holding | undefined>(program.length).fill(undefined);
  const reach = (pc: number, holding: Holding) => {
    if (pc < program.length) at[pc] = meet(at[pc], holding);
  };
  reach(0, { a: undefined, arch: undefined });
  for (const [pc, insn] of program.entries()) {
    const before = at[pc];
    if (!before || insnClass(insn.code) === BPF.RET) continue;
    if (insn.code === (BPF.JMP | BPF.JA)) reach(pc + 1 + insn.k, before);
    else if (jumpByCode[insn.code]) {
      const tested = before.a === "arch" && insn.code === (BPF.JMP | BPF.JEQ | BPF.K);
      reach(pc + 1 + insn.jt, tested ? { ...before, arch: insn.k } : before);
      reach(pc + 1 + insn.jf, before);
    } else reach(pc + 1, after(layout, before, insn));
  }
  return at;
};
