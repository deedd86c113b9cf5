// The existing instruction codes, and those that seccomp accepts. Linux net/core/filter.c chk_code_allowed()
// and kernel/seccomp.c seccomp_check_filter(). Codes are compared as whole u16 values.
import { BPF } from "./insn.ts";
import { aluOps, jumpOps } from "./ops.ts";

const operands = (insnClass: number, fields: readonly number[]): number[] =>
  fields.flatMap((f) => [insnClass | f | BPF.K, insnClass | f | BPF.X]);

/** ADD to RSH, the operations of Linux 3.3. Linux 3.7 added XOR and MOD. */
const era = aluOps.map((o) => o.field).filter((f) => f !== BPF.XOR && f !== BPF.MOD);

/** Codes that access no packet: the part that seccomp accepts today. LD W ABS has further checks. */
const plain = [
  BPF.LD | BPF.W | BPF.ABS,
  BPF.LD | BPF.W | BPF.LEN,
  BPF.LDX | BPF.W | BPF.LEN,
  BPF.LD | BPF.IMM,
  BPF.LDX | BPF.IMM,
  BPF.LD | BPF.MEM,
  BPF.LDX | BPF.MEM,
  BPF.ST,
  BPF.STX,
  BPF.MISC | BPF.TAX,
  BPF.MISC | BPF.TXA,
  BPF.RET | BPF.K,
  BPF.RET | BPF.A,
  BPF.JMP | BPF.JA,
  BPF.ALU | BPF.NEG,
  ...operands(
    BPF.JMP,
    jumpOps.map((o) => o.field),
  ),
  ...operands(BPF.ALU, era),
];
const packet = [
  BPF.LD | BPF.H | BPF.ABS,
  BPF.LD | BPF.B | BPF.ABS,
  BPF.LD | BPF.W | BPF.IND,
  BPF.LD | BPF.H | BPF.IND,
  BPF.LD | BPF.B | BPF.IND,
  BPF.LDX | BPF.B | BPF.MSH,
];
const xor = operands(BPF.ALU, [BPF.XOR]);
const mod = operands(BPF.ALU, [BPF.MOD]);

/** sk_chk_filter() of Linux 3.3: 45 codes. */
export const socketCodes33: ReadonlySet<number> = new Set([...plain, ...packet]);
/** bpf_check_classic() since Linux 3.7: 49 codes. */
export const socketCodes: ReadonlySet<number> = new Set([...plain, ...packet, ...xor, ...mod]);
/** seccomp_check_filter(): 41 codes. */
export const seccompCodes: ReadonlySet<number> = new Set([...plain, ...xor]);
/** The codes before seccomp accepted XOR: 39 codes. */
export const seccompCodesWithoutXor: ReadonlySet<number> = new Set(plain);
