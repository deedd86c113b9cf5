// Cases in which a processor found a mistake of ours.
import { EF, R, S } from "../../../src/cpu/machine/state.ts";
import { DATA, ldtSelector, PAGE, selector, WINDOW } from "../../../tools/oracle/world.ts";
import type { Prepared } from "../prepared.ts";

/** MXCSR with everything masked but some exceptions. */
const unmasked = (...bits: readonly number[]): number => 0x1f80 & ~bits.reduce((all, bit) => all | (0x80 << bit), 0);
const exceptions = { underflow: 4, precision: 5 } as const;
const middle = DATA + PAGE;
/** The frame for IRETQ, at the window's beginning. */
const frame = (...words: readonly (number | bigint)[]): readonly [number, string] => {
  const bytes = Buffer.alloc(8 * words.length);
  words.forEach((w, n) => void bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(w)), 8 * n));
  return [0, bytes.toString("hex")];
};
const window = DATA + WINDOW.offset;

/**
 * 32-bit code finds upper halves that 64-bit code has left. A count of 0 is in ecx, and memory at esi and
 * edi.
 */
const dirty: Readonly<Record<number, bigint>> = {
  ...Object.fromEntries([R.ax, R.dx, R.bx].map((r) => [r, 0x1111_1111_0000_0003n * BigInt(r + 1)])),
  [R.cx]: 0x2222_2222_0000_0000n,
  ...Object.fromEntries([R.sp, R.bp, R.si, R.di].map((r) => [r, (0x3333_3333n << 32n) | BigInt(middle)])),
  [R.r8]: 0x9999_9999_aaaa_aaaan,
};
const uppers = [
  ["SBB of bytes", "18d6"],
  ["LAHF", "9f"],
  ["POP of 16 bits", "665b"],
  ["DAS", "2f"],
  ["INC of 32 bits and MOV of a byte", "41 b501"],
  ["MOV of a byte and INC of 32 bits", "b501 41"],
  ["a conditional move that moves nothing", "39c0 0f45c8"],
  ["REP MOVSB of nothing", "f3a4"],
  ["REP MOVSB of nothing, and INC of ecx", "f3a4 41"],
  ["REP STOSW of three after a write of ecx", "b903000000 66f3ab"],
  // mov bl, 5; again: dec bl; jz out; inc ecx; jmp again; out:
  ["a loop that ends before it writes ecx", "b301 fecb 7403 41 ebf9"],
  ["a loop that writes ecx and a part of edx", "b305 fecb 7405 41 88de ebf7"],
  ["a loop that writes a part of edx", "b305 88de fecb 75fa"],
] as const;
/** 64-bit code goes to 32-bit code, and that comes back with `jmp 0x33:…`. */
const there = {
  // push 0x23; push …; retfq
  retf: { code: "6a23 68f9070010 48cb fec6 66b90500 ea06080010 3300 90 90", gpr: { ...dirty, [R.sp]: BigInt(middle) } },
  // push 0x2b; push rsp; pushfq; push 0x23; push …; iretq
  iretq: { code: "6a2b 54 9c 6a23 68fd070010 48cf fec6 66b90500 ea0a080010 3300 90 90", gpr: { ...dirty, [R.sp]: BigInt(middle) } },
  // jmp far [rdi]
  jmpf: {
    code: "ff2f fec6 66b90500 ea ff070010 3300 90",
    gpr: { ...dirty, [R.di]: BigInt(window) },
    memory: [0, "f2070010 2300"] as const,
  },
};
export const found: readonly Prepared[] = [
  { what: "a negative base of fs, and an offset before it", mode: 64, code: "f3480faed1 64c11583c28aee82", gpr: { [R.cx]: -202 } },
  {
    what: "an operand that wraps at 4 GiB by its segment's base",
    mode: 32,
    code: "640f38cc2c2c",
    gpr: { [R.sp]: 0x6f598e85, [R.bp]: 0xb0a67173 },
    segments: { [S.fs]: "wrapping" },
  },
  { what: "FXSAVE without an exception pending", mode: 32, code: "d9e8 0fae01", gpr: { [R.cx]: middle - 0x80 } },
  { what: "a store by mask through CS", mode: 32, code: "2e660ff7dc", gpr: { [R.di]: middle } },
  {
    what: "FNSAVE whose first word is within the limit, not mapped",
    mode: 16,
    code: "dd32",
    gpr: { [R.bp]: 0xfffc, [R.si]: 0xfffc },
    segments: { [S.ss]: "down16" },
  },
  { what: "CMPXCHG8B at a multiple of four, under AC", mode: 32, code: "0fc709", gpr: { [R.cx]: middle + 4 }, flags: EF.AC },
  { what: "FLDENV of 14 bytes at a multiple of two, under AC", mode: 32, code: "66d921", gpr: { [R.cx]: middle + 2 }, flags: EF.AC },
  { what: "VPCMPESTRI with W outside 64-bit code", mode: 32, code: "c4e3f961c808", gpr: { [R.ax]: 0xffff_fffd, [R.dx]: 5 } },
  { what: "256 bits at a multiple of sixteen, under AC", mode: 32, code: "c5fc1001", gpr: { [R.cx]: middle + 16 }, flags: EF.AC },
  { what: "256 bits at a multiple of eight, under AC", mode: 32, code: "c5fc1001", gpr: { [R.cx]: middle + 8 }, flags: EF.AC },
  { what: "a byte prefetch of a register", mode: 64, code: "4b0f0dca", gpr: {} },
  { what: "FXSAVE at a multiple of two, under AC", mode: 64, code: "0fae01", gpr: { [R.cx]: middle - 0x100 + 2 }, flags: EF.AC },
  { what: "FXRSTOR at a multiple of two, under AC", mode: 32, code: "0fae09", gpr: { [R.cx]: middle - 0x100 + 2 }, flags: EF.AC },
  { what: "FXSAVE at a multiple of four, under AC", mode: 64, code: "0fae01", gpr: { [R.cx]: middle - 0x100 + 4 }, flags: EF.AC },
  { what: "FXSAVE of a misaligned area, not canonical, through SS", mode: 64, code: "0fae4500", gpr: { [R.bp]: 0x8000_0000_0001n } },
  { what: "the same under AC", mode: 64, code: "0fae4500", gpr: { [R.bp]: 0x8000_0000_0001n }, flags: EF.AC },
  {
    what: "FXSAVE of a misaligned area beyond the limit of SS",
    mode: 32,
    code: "0fae4500",
    gpr: { [R.bp]: 0x8001 },
    segments: { [S.ss]: "short" },
  },
  {
    what: "FXRSTOR of a misaligned area that begins within the limit of SS",
    mode: 32,
    code: "0fae4d00",
    gpr: { [R.bp]: 0xf01 },
    segments: { [S.ss]: "short" },
  },
  {
    what: "FXSAVE to a segment that is not writable, at an odd address, under AC",
    mode: 32,
    code: "0fae07",
    gpr: { [R.di]: 0xfdd },
    segments: { [S.ds]: "readOnly" },
    flags: EF.AC,
  },
  {
    what: "FXSAVE at an odd address of the kernel's half, under AC",
    mode: 64,
    code: "0fae01",
    gpr: { [R.cx]: -0x2bdf_94e1 },
    flags: EF.AC,
  },
  { what: "REPNE CMPSB of two places that are not mapped", mode: 64, code: "f2a6", gpr: { [R.cx]: 3, [R.si]: 0x1020, [R.di]: 0x1053 } },
  { what: "REPE CMPSB of two places that are not mapped", mode: 32, code: "f3a6", gpr: { [R.cx]: 3, [R.si]: 0x1020, [R.di]: 0x1053 } },
  { what: "IRET whose stack begins before what is mapped", mode: 32, code: "cf", gpr: { [R.sp]: DATA - 8 } },
  {
    what: "XRSTOR of AVX's state, not present, beyond the segment's limit",
    mode: 32,
    code: "0fae29",
    gpr: { [R.cx]: 0xd80, [R.ax]: 4 },
    segments: { [S.ds]: "short" },
  },
  { what: "XRSTOR of an area whose header is not mapped", mode: 64, code: "0fae29", gpr: { [R.cx]: DATA + 2 * PAGE - 512, [R.ax]: 7 } },
  { what: "XRSTOR of AVX's state, not present, not mapped", mode: 64, code: "0fae29", gpr: { [R.cx]: DATA + 2 * PAGE - 640, [R.ax]: 7 } },
  { what: "MASKMOVDQU at a multiple of eight, under AC", mode: 64, code: "660ff7ca", gpr: { [R.di]: middle + 8 }, flags: EF.AC },
  { what: "MASKMOVDQU at a multiple of four, under AC", mode: 32, code: "660ff7ca", gpr: { [R.di]: middle + 4 }, flags: EF.AC },
  { what: "MASKMOVDQU across the end of the user's half", mode: 64, code: "660ff7ca", gpr: { [R.di]: 0x7fff_ffff_eff8 } },
  { what: "MASKMOVQ across the end of what is canonical", mode: 64, code: "0ff7ca", gpr: { [R.di]: 0x7fff_ffff_fffc } },
  {
    what: "VSUBSD's exact subnormal difference, underflow unmasked",
    mode: 64,
    code: "c5f35cc2", // vsubsd xmm0, xmm1, xmm2: 2^-1022 * 1.5 - 2^-1022
    gpr: {},
    ymm: { 1: "0000000000001800", 2: "0000000000001000" },
    mxcsr: unmasked(exceptions.underflow),
  },
  {
    what: "VDPPS of 256 bits: an inexact product of one half, an invalid sum of the other",
    mode: 64,
    code: "c4e37540c2ff", // vdpps ymm0, ymm1, ymm2, 0xff
    gpr: {},
    ymm: { 1: `0000807f000080ff${"00".repeat(8)}abaaaa3e`, 2: `0000803f0000803f${"00".repeat(8)}abaaaa3e` },
    mxcsr: unmasked(exceptions.precision),
  },
  {
    what: "IRETQ to a stack of 16 bits",
    mode: 64,
    code: "48cf",
    gpr: { [R.sp]: window },
    memory: frame(0x700, ldtSelector("code32"), 2, 0x1234_5678, ldtSelector("data16")),
  },
  { what: "RETF to the kernel's half", mode: 64, code: "48cb", gpr: { [R.sp]: window }, memory: frame(-(2 ** 47), selector.userCode64) },
  {
    what: "RETF beyond the limit of SS, after another instruction",
    mode: 32,
    code: "40 cb",
    gpr: { [R.sp]: 0x1fff },
    segments: { [S.ss]: "short" },
  },
  { what: "FXSAVE from before the kernel's half into it", mode: 64, code: "0fae01", gpr: { [R.cx]: -(2 ** 47) - 32 } },
  {
    what: "CMPSW of the kernel's half, its source through GS",
    mode: 64,
    code: "f3480faeda 6566a7", // wrgsbase rdx
    gpr: { [R.di]: -(2 ** 47), [R.dx]: middle },
  },
  {
    what: "a push to the kernel's half, with a prefix of FS",
    mode: 64,
    code: "f3480faed2 6450",
    gpr: { [R.sp]: -(2 ** 47) + 8, [R.dx]: middle },
  },
  ...uppers.map(([what, code]) => ({ what: `${what}, upper halves not 0`, mode: 32 as const, code, gpr: dirty })),
  ...(["retf", "iretq", "jmpf"] as const).map((door) => ({
    what: `upper halves through 32-bit code and back, by ${door}`,
    mode: 64 as const,
    ...there[door],
  })),
  ...[-1, -(2 ** 47) - 2, -(2 ** 47)].map((at) => ({ what: `8 bytes at ${at}`, mode: 64 as const, code: "488b01", gpr: { [R.cx]: at } })),
];

/**
 * Operands at the end of addresses of 32 bits, relative to gs: the last byte before address 0 is that before
 * the middle of the data, and address 0 is where nothing is.
 */
type Wrapped = readonly [what: string, code: string, before: number];
const wrapping = (cases: readonly Wrapped[]): readonly Prepared[] =>
  cases.map(([what, code, before]) => ({
    what: `${what}, ${before} bytes before address 0`,
    mode: 64,
    // wrgsbase rdx
    code: `f3480faeda 6567${code}`,
    gpr: { [R.ax]: 7, [R.cx]: 2 ** 32 - before, [R.di]: 2 ** 32 - before, [R.dx]: middle - 2 ** 32 },
    ymm: { 1: "5a".repeat(32), 2: "ff".repeat(32) },
    st0: "ff".repeat(10),
  }));
export const wrapped = wrapping([
  ["LFS whose selector is at address 0", "0fb401", 4],
  ["LFS whose selector is across 4 GiB", "0fb401", 5],
  ["LGS with an offset of 64 bits", "480fb501", 8],
  ["a far jump", "ff29", 4],
  ["a far call with an offset of 16 bits", "66ff19", 2],
  ["FNSTENV", "d931", 8],
  ["FNSTENV of 14 bytes across 4 GiB", "66d931", 1],
  ["FLDENV", "d921", 8],
  ["FNSAVE", "dd31", 28],
  ["FRSTOR", "dd21", 29],
  ["FXSAVE", "0fae01", 32],
  ["FXRSTOR", "480fae09", 32],
  ["XSAVE", "0fae21", 64],
  ["XSAVEC", "0fc721", 64],
  ["XRSTOR", "0fae29", 64],
  ["a load", "488b01", 4],
  ["a store of 16 bytes", "0f1101", 9],
]);
/** Cases without recorded results of Intel. */
export const askedOfAmd: readonly Prepared[] = [
  { what: "LDS whose offset is at the end of what addresses reach", mode: 32, code: "66c53b", gpr: { [R.bx]: -3 } },
  { what: "LSS at the end of what addresses reach", mode: 32, code: "0fb21c24", gpr: { [R.sp]: -2 } },
  {
    what: "XSAVE beyond the limit of DS, from where nothing is",
    mode: 32,
    code: "0fae23",
    gpr: { [R.ax]: 3, [R.bx]: 0x1_0000 - 0x80 },
    segments: { [S.ds]: "down16" },
  },
  {
    what: "XRSTOR to the end of what addresses reach, from where nothing is",
    mode: 32,
    code: "0fae2b",
    gpr: { [R.ax]: 3, [R.bx]: -0x180 },
    segments: { [S.ds]: "down32" },
  },
  { what: "a call by a pointer, pushed across 4 GiB", mode: 32, code: "ff13", gpr: { [R.bx]: middle, [R.sp]: 2 } },
  { what: "a push of what is across 4 GiB", mode: 32, code: "ff33", gpr: { [R.bx]: -2, [R.sp]: middle } },
  { what: "a push across 4 GiB, of a segment with a base", mode: 16, code: "6650", gpr: { [R.sp]: 1 }, segments: { [S.ss]: "wrapping" } },
  { what: "FXSAVE across 4 GiB", mode: 32, code: "0fae03", gpr: { [R.bx]: -64 } },
  { what: "FXRSTOR across 4 GiB", mode: 32, code: "0fae0b", gpr: { [R.bx]: -256 } },
  { what: "XRSTOR across 4 GiB", mode: 32, code: "0fae2b", gpr: { [R.ax]: 7, [R.bx]: -64 } },
  { what: "FNSAVE across 4 GiB", mode: 32, code: "dd33", gpr: { [R.bx]: -16 } },
  { what: "MASKMOVQ through SS, across 4 GiB", mode: 32, code: "360ff7ce", gpr: { [R.di]: -1 } },
  { what: "CMPSD through SS and ES, the source across 4 GiB", mode: 32, code: "36a7", gpr: { [R.si]: -2, [R.di]: middle } },
  { what: "CMPSD through SS and ES, the destination across 4 GiB", mode: 32, code: "36a7", gpr: { [R.si]: middle, [R.di]: -2 } },
  ...wrapping([
    ["MASKMOVDQU", "660ff7ca", 9],
    ["MASKMOVDQU", "660ff7ca", 8],
    ["MASKMOVQ", "0ff7c0", 3],
    ["VMASKMOVPS to memory", "c4e2692e09", 6],
    ["VMASKMOVPS from memory", "c4e2692c09", 6],
  ]),
];
