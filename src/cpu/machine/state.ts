// The register file, at fixed addresses in the first page of the machine's memory. Generated code, the
// routines and TypeScript share this one copy. The kernel keeps a saved copy per task. SDM Vol. 1 chapter 3.

import { type VendorRules, vendorRules } from "./model.ts";

export { fieldWidth, type StateField } from "./fields.ts";

/**
 * Byte offsets into the machine's memory. Everything below `size` belongs to one task and is switched with
 * it.
 */
export const at = {
  /**
   * rax rcx rdx rbx rsp rbp rsi rdi r8 … r15, 8 bytes each: an 8-bit register is the byte at its offset (ah
   * is 1).
   */
  gpr: 0x000,
  rip: 0x080,
  /**
   * Lazy flags: the last result and its operands, sign-extended to 64 bits, and the kind of operation
   * (flags.ts).
   */
  flagResult: 0x088,
  flagA: 0x090,
  flagB: 0x098,
  flagKind: 0x0a0,
  /**
   * The EFLAGS bits that arithmetic does not write: TF IF DF IOPL NT RF VM AC ID, at their EFLAGS positions.
   */
  systemFlags: 0x0a4,
  /** Instructions that the interpreter may still run before it must return, i32. */
  budget: 0x0a8,
  /** The code segment's mode, 64, 32 or 16, u32. */
  mode: 0x0b0,
  /** Index of the translation context (context.ts), u32. */
  context: 0x0b4,
  /** The record being executed when generated code calls out, u32. A fault takes its rip from it. */
  record: 0x0bc,
  /** Bases of es cs ss ds fs gs, 8 bytes each. */
  segBase: 0x0c0,
  /** Always 0: the seventh "segment base", and the base or index of an address that has none. */
  zero: 0x0f0,
  /** Selectors of es cs ss ds fs gs, u32 each. */
  segSelector: 0x100,
  /** Limits in bytes, inclusive, u32 each. */
  segLimit: 0x118,
  /**
   * Descriptor access bytes and flags, u32 each: bits 0..7 access byte, 8..11 AVL L D/B G; 0 for a null
   * selector.
   */
  segAccess: 0x130,
  mxcsr: 0x150,
  /**
   * x87 control and status words, u16 each. TOP is in bits 11..13 of the status word, as in the architecture.
   */
  fpuControl: 0x154,
  fpuStatus: 0x156,
  /** Bit i set: physical register i is empty. u8 (the inverse of FXSAVE's abridged tag word). */
  fpuEmpty: 0x158,
  /**
   * Last x87 opcode (11 bits), u16; instruction and data pointers, 8 bytes each; their selectors, u16 each.
   */
  fpuOpcode: 0x15a,
  fpuCs: 0x15c,
  fpuDs: 0x15e,
  fpuIp: 0x160,
  fpuDp: 0x168,
  /**
   * u8 each: nonzero if accesses through es cs ss ds fs gs need checks of limit or rights outside 64-bit
   * mode.
   */
  segCheck: 0x170,
  /**
   * Exceptions of an SSE or AVX instruction in progress, which `sse_commit` moves to MXCSR; 0 between
   * instructions. u32.
   */
  gathered: 0x178,
  /**
   * Physical x87 registers R0..R7, 16 bytes each: significand u64 at +0 (also mm0..mm7), sign and exponent
   * u16 at +8.
   */
  fpuRegs: 0x180,
  /** ymm0..ymm15, 32 bytes each; xmm is the low half. */
  ymm: 0x200,
  /** End of the state that is switched. */
  size: 0x400,
  /**
   * Not per task: the reason for which the engine returned (exit.ts). u32 vector, u32 error code, u64
   * address.
   */
  exitVector: 0x400,
  exitError: 0x404,
  exitAddress: 0x408,
  /** Incremented whenever pages may have been remapped. Regions over several pages check it. u32. */
  epoch: 0x410,
  /** The result of a helper function (helpers.ts). */
  answer: 0x418,
  /**
   * Instructions that compiled regions may still run, i32. It is apart from the interpreter's budget, so that
   * the latter ends in interpreted code.
   */
  regionBudget: 0x420,
  /** The exit code of a region, u32. */
  exitCode: 0x424,
  /** The color of the current address space (layout.ts), u32. */
  color: 0x428,
  /** Depth of guest calls that are wasm calls between regions, u32. */
  callDepth: 0x42c,
  /** Budget that regions have charged for the additional time of slow instructions, u32. It is given back. */
  timeCharge: 0x430,
  /** Ranges of direct-mapped pages, as `pageRanges` describes. */
  pageRanges: 0x440,
  /** Calls of each slow-path function by regions, u64 each (emit/slow-path-counts.ts). */
  slowPathCounts: 0xa40,
} as const;

/**
 * Page ranges around the registers of loops (analysis/page-ranges.ts): `slots` ranges of direct-mapped pages.
 * Each holds the address of the first byte, u64; the number of bytes that start `reach` bytes inside the
 * range, u64; the misses until the next update, i32.
 */
export const pageRanges = { slots: 64, size: 24, base: 0, length: 8, patience: 16, reach: 64 } as const;

/** Names of the general registers, by number. */
export const gprNames = [
  "rax",
  "rcx",
  "rdx",
  "rbx",
  "rsp",
  "rbp",
  "rsi",
  "rdi",
  "r8",
  "r9",
  "r10",
  "r11",
  "r12",
  "r13",
  "r14",
  "r15",
] as const;
/** Names of the segment registers, by number. */
export const segNames = ["es", "cs", "ss", "ds", "fs", "gs"] as const;

/** Register numbers. SDM Vol. 2A 2.1.5. */
export const R = {
  ax: 0,
  cx: 1,
  dx: 2,
  bx: 3,
  sp: 4,
  bp: 5,
  si: 6,
  di: 7,
  r8: 8,
  r9: 9,
  r10: 10,
  r11: 11,
  r12: 12,
  r13: 13,
  r14: 14,
  r15: 15,
} as const;
/** Segment register numbers, in the order of the Sreg field. SDM Vol. 2D B.1.4.5, sreg field. */
export const S = { es: 0, cs: 1, ss: 2, ds: 3, fs: 4, gs: 5 } as const;

/** EFLAGS bits. SDM Vol. 1 3.4.3. */
export const EF = {
  CF: 0x1,
  PF: 0x4,
  AF: 0x10,
  ZF: 0x40,
  SF: 0x80,
  TF: 0x100,
  IF: 0x200,
  DF: 0x400,
  OF: 0x800,
  IOPL: 0x3000,
  NT: 0x4000,
  RF: 0x10000,
  VM: 0x20000,
  AC: 0x40000,
  VIF: 0x80000,
  VIP: 0x100000,
  ID: 0x200000,
} as const;
/** The six flags that arithmetic writes. */
export const STATUS_FLAGS = EF.CF | EF.PF | EF.AF | EF.ZF | EF.SF | EF.OF;

/** Exception vectors. SDM Vol. 3A Table 6-1. */
export const vector = {
  DE: 0,
  DB: 1,
  BP: 3,
  OF: 4,
  BR: 5,
  UD: 6,
  NM: 7,
  DF: 8,
  NP: 11,
  SS: 12,
  GP: 13,
  PF: 14,
  MF: 16,
  AC: 17,
  XM: 19,
} as const;
/** Page-fault error code bits. SDM Vol. 3A 4.7. */
export const PF = { PRESENT: 1, WRITE: 2, USER: 4, INSTRUCTION: 16 } as const;

/** Typed views of the state page. Memory never grows (its size is fixed at boot), so they never detach. */
export class State {
  readonly memory: WebAssembly.Memory;
  readonly u8: Uint8Array;
  readonly u16: Uint16Array;
  readonly u32: Uint32Array;
  readonly i32: Int32Array;
  readonly u64: BigUint64Array;
  readonly i64: BigInt64Array;
  readonly view: DataView;
  /** The vendor rules of its processor. */
  readonly rules: VendorRules;

  constructor(memory: WebAssembly.Memory, rules: VendorRules = vendorRules.amd) {
    this.memory = memory;
    this.rules = rules;
    const b = memory.buffer;
    this.u8 = new Uint8Array(b);
    this.u16 = new Uint16Array(b);
    this.u32 = new Uint32Array(b);
    this.i32 = new Int32Array(b);
    this.u64 = new BigUint64Array(b);
    this.i64 = new BigInt64Array(b);
    this.view = new DataView(b);
  }

  /** Low half of general register r, unsigned; `hi` is the high half. */
  lo(r: number): number {
    return this.u32[r << 1] as number;
  }
  hi(r: number): number {
    return this.u32[(r << 1) + 1] as number;
  }
  /** General register r as a number. It is exact below 2^53, which covers every user address. */
  gpr(r: number): number {
    return (this.u32[(r << 1) + 1] as number) * 0x1_0000_0000 + (this.u32[r << 1] as number);
  }
  /**
   * Clears the upper half of rsp. Processors do so outside 64-bit mode, where rsp has 32 bits; they keep
   * those of other registers.
   */
  narrowStack(): void {
    this.u32[(R.sp << 1) + 1] = 0;
  }
  /**
   * Writes a general register. `value` is an integer of magnitude below 2^53, sign-extended to 64 bits. Most
   * values have no upper half, which avoids the division.
   */
  setGpr(r: number, value: number): void {
    this.u32[r << 1] = value;
    this.u32[(r << 1) + 1] = value >= 0 && value < 0x1_0000_0000 ? 0 : Math.floor(value / 0x1_0000_0000);
  }
  /** Signed, so that the top of the address space (the vsyscall page) is exact. */
  get rip(): number {
    return (this.i32[(at.rip >> 2) + 1] as number) * 0x1_0000_0000 + (this.u32[at.rip >> 2] as number);
  }
  set rip(value: number) {
    this.u32[at.rip >> 2] = value;
    this.u32[(at.rip >> 2) + 1] = value >= 0 && value < 0x1_0000_0000 ? 0 : Math.floor(value / 0x1_0000_0000);
  }
  get mode(): number {
    return this.u32[at.mode >> 2] as number;
  }
  selector(s: number): number {
    return this.u32[(at.segSelector >> 2) + s] as number;
  }
  segBase(s: number): number {
    return (this.u32[(at.segBase >> 2) + s * 2 + 1] as number) * 0x1_0000_0000 + (this.u32[(at.segBase >> 2) + s * 2] as number);
  }

  /** A copy of the task's registers, for `restore`. */
  save(): Uint8Array {
    return this.u8.slice(0, at.size);
  }
  restore(saved: Uint8Array): void {
    this.u8.set(saved, 0);
  }
}
