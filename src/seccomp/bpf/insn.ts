// Classic BPF as bytes and as values. Linux uapi linux/bpf_common.h and linux/filter.h (struct sock_filter).
import { optional, someBytes, takes, wants } from "../../wants.ts";
import { aCode, aJump, aProgram } from "./wants.ts";

/** Fields of an instruction code; a code is the OR of one of each kind. */
export const BPF = {
  // biome-ignore format: table
  LD: 0x00,
  LDX: 0x01,
  ST: 0x02,
  STX: 0x03,
  ALU: 0x04,
  JMP: 0x05,
  RET: 0x06,
  MISC: 0x07,
  // biome-ignore format: table
  W: 0x00,
  H: 0x08,
  B: 0x10,
  // biome-ignore format: table
  IMM: 0x00,
  ABS: 0x20,
  IND: 0x40,
  MEM: 0x60,
  LEN: 0x80,
  MSH: 0xa0,
  // biome-ignore format: table
  ADD: 0x00,
  SUB: 0x10,
  MUL: 0x20,
  DIV: 0x30,
  OR: 0x40,
  AND: 0x50,
  LSH: 0x60,
  RSH: 0x70,
  NEG: 0x80,
  MOD: 0x90,
  XOR: 0xa0,
  // biome-ignore format: table
  JA: 0x00,
  JEQ: 0x10,
  JGT: 0x20,
  JGE: 0x30,
  JSET: 0x40,
  // biome-ignore format: table
  K: 0x00,
  X: 0x08,
  A: 0x10,
  TAX: 0x00,
  TXA: 0x80,
} as const;

/** BPF_MAXINSNS: instructions in one program. */
export const MAX_INSNS = 4096;
/** BPF_MEMWORDS: cells of scratch memory. */
export const MEM_WORDS = 16;
/** sizeof(struct sock_filter), in bytes. */
export const INSN_SIZE = 8;

/** struct sock_filter. */
export interface Insn {
  /** u16 */
  readonly code: number;
  /** u8: instructions to skip when a condition holds. */
  readonly jt: number;
  /** u8: instructions to skip when it does not hold. */
  readonly jf: number;
  /** u32 */
  readonly k: number;
}
/** The instructions of one filter, as an array of struct sock_filter has them. */
export type Program = readonly Insn[];

const modulo32 = wants("a whole number", (value) => Number.isSafeInteger(value));
/**
 * An instruction without jump offsets: BPF_STMT of linux/filter.h. `k` is taken modulo 2^32.
 *
 * @example
 * stmt(BPF.RET | BPF.K, 0x7fff0000);   // return ALLOW
 */
export const stmt = takes(
  "stmt",
  { code: aCode, k: optional(modulo32) },
  (code: number, k = 0): Insn => ({ code, jt: 0, jf: 0, k: k >>> 0 }),
);
/**
 * A conditional jump: BPF_JUMP of linux/filter.h. `jt` and `jf` count the instructions to skip, 0 to 255.
 *
 * @example
 * jump(BPF.JMP | BPF.JEQ | BPF.K, 39, 0, 1);   // skips one instruction unless A is 39
 */
export const jump = takes(
  "jump",
  { code: aCode, k: modulo32, jt: aJump, jf: aJump },
  (code: number, k: number, jt: number, jf: number): Insn => ({ code, jt, jf, k: k >>> 0 }),
);

/** The class bits of a code. */
export const insnClass = (code: number): number => code & 0x07;
/** True for both return instructions. */
export const isReturn = (code: number): boolean => code === (BPF.RET | BPF.K) || code === (BPF.RET | BPF.A);

/**
 * The instructions in an array of struct sock_filter; bytes after the last whole one are ignored.
 *
 * @example
 * decodeProgram(Uint8Array.of(6, 0, 0, 0, 0, 0, 255, 127));   // [{ code: 6, jt: 0, jf: 0, k: 0x7fff0000 }]
 */
export const decodeProgram = takes("decodeProgram", { bytes: someBytes }, (bytes: Uint8Array): Program => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: Math.floor(bytes.length / INSN_SIZE) }, (_, i) => ({
    code: view.getUint16(i * INSN_SIZE, true),
    jt: view.getUint8(i * INSN_SIZE + 2),
    jf: view.getUint8(i * INSN_SIZE + 3),
    k: view.getUint32(i * INSN_SIZE + 4, true),
  }));
});
/**
 * The bytes of an array of struct sock_filter, 8 for each instruction, little endian.
 *
 * @example
 * encodeProgram([stmt(BPF.RET | BPF.K, 0x7fff0000)]).length;   // 8
 */
export const encodeProgram = takes("encodeProgram", { program: aProgram }, (program: Program): Uint8Array => {
  const view = new DataView(new ArrayBuffer(program.length * INSN_SIZE));
  program.forEach((insn, i) => {
    view.setUint16(i * INSN_SIZE, insn.code, true);
    view.setUint8(i * INSN_SIZE + 2, insn.jt);
    view.setUint8(i * INSN_SIZE + 3, insn.jf);
    view.setUint32(i * INSN_SIZE + 4, insn.k, true);
  });
  return new Uint8Array(view.buffer);
});
