// Registers and cells that a program may still read, before each instruction. Dead ones need not distinguish
// states.
import { BPF, type Insn, insnClass, type Program } from "../bpf/insn.ts";
import { aluByCode, jumpByCode, usesX } from "../bpf/ops.ts";

/** Bits of a set: the cells by number, then A and X. */
export const LIVE_A = 1 << 16;
/** The bit of X. */
export const LIVE_X = 1 << 17;

interface Effect {
  readonly reads: number;
  readonly writes: number;
}

const effectOf = ({ code, k }: Insn): Effect => {
  const operand = usesX(code) ? LIVE_X : 0;
  if (aluByCode[code]) return { reads: LIVE_A | operand, writes: LIVE_A };
  if (jumpByCode[code]) return { reads: LIVE_A | operand, writes: 0 };
  if (code === (BPF.ALU | BPF.NEG) || code === (BPF.RET | BPF.A)) return { reads: LIVE_A, writes: LIVE_A };
  const cell = 1 << (k & 15);
  const isMemory = (code & 0xe0) === BPF.MEM;
  switch (insnClass(code)) {
    case BPF.LD:
      return { reads: isMemory ? cell : (code & 0xe0) === BPF.IND ? LIVE_X : 0, writes: LIVE_A };
    case BPF.LDX:
      return { reads: isMemory ? cell : 0, writes: LIVE_X };
    case BPF.ST:
      return { reads: LIVE_A, writes: cell };
    case BPF.STX:
      return { reads: LIVE_X, writes: cell };
    case BPF.MISC:
      return code === (BPF.MISC | BPF.TAX) ? { reads: LIVE_A, writes: LIVE_X } : { reads: LIVE_X, writes: LIVE_A };
    default:
      return { reads: 0, writes: 0 };
  }
};

/** One set for each instruction. Jumps only go forward, so one scan from the end is all. */
export const liveness = (program: Program): Uint32Array => {
  const live = new Uint32Array(program.length + 1);
  for (let pc = program.length - 1; pc >= 0; pc--) {
    const insn = program[pc] as Insn;
    const { code, jt, jf, k } = insn;
    let after = live[pc + 1] as number;
    if (insnClass(code) === BPF.RET) after = 0;
    else if (code === (BPF.JMP | BPF.JA)) after = live[pc + 1 + k] as number;
    else if (jumpByCode[code]) after = (live[pc + 1 + jt] as number) | (live[pc + 1 + jf] as number);
    const { reads, writes } = effectOf(insn);
    live[pc] = (after & ~writes) | reads;
  }
  return live;
};
