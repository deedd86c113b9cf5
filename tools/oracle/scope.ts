// The groups of instructions, by iced-x86's names of CPUID features, and the instructions that no silicon can
// judge.
import { Code, CodeSize, CpuidFeature, EncodingKind, type Instruction, Mnemonic, Register, RegisterExt } from "iced-x86";
import type { Vendor } from "../../src/cpu/machine/model.ts";

const F = CpuidFeature;

/** Scope -> the features that all of an instruction's features must be among. */
const features = {
  // biome-ignore format: table
  integer: [
    F.INTEL8086, F.INTEL8086_ONLY, F.INTEL186, F.INTEL286, F.INTEL386, F.INTEL486, F.X64, F.CMOV, F.CX8, F.CMPXCHG16B, F.CPUID, F.MULTIBYTENOP, F.PAUSE,
    F.RDPMC, F.RDTSCP, F.SEP, F.SYSCALL, F.PREFETCHW, F.PREFETCHWT1, F.D3NOW, F.CLFSH, F.MSR, F.TSC,
  ],
  /** Integer instructions that came later, up to x86-64-v3. */
  bits: [
    F.POPCNT,
    F.LZCNT,
    F.BMI1,
    F.ADX,
    F.MOVBE,
    F.SSE4_2,
    F.CET_IBT,
    F.FSGSBASE,
    F.CLFLUSHOPT,
    F.CLWB,
    F.RDRAND,
    F.RDSEED,
    F.RDPID,
    F.CLZERO,
  ],
  x87: [F.FPU, F.FPU287, F.FPU387, F.CMOV, F.SSE3],
  mmx: [F.MMX],
  sse: [F.SSE, F.SSE2, F.FXSR, F.MMX],
  sse4: [F.SSE3, F.SSSE3, F.SSE4_1, F.SSE4_2, F.SSE4A, F.AES, F.PCLMULQDQ, F.SHA, F.GFNI],
  avx: [F.BMI1, F.BMI2, F.AVX, F.AVX2, F.FMA, F.F16C, F.VAES, F.VPCLMULQDQ, F.AES, F.PCLMULQDQ, F.GFNI],
  xsave: [F.XSAVE, F.XSAVEOPT, F.XSAVEC],
} as const;
export type Scope = keyof typeof features;
export const scopes = Object.keys(features) as readonly Scope[];

const sets = new Map<Scope, ReadonlySet<number>>(scopes.map((s) => [s, new Set<number>(features[s])]));
const known = new Map<Code, Scope | undefined>();

/**
 * FCMOVcc and FISTTP came with others' features; SSE4.2 holds string instructions on xmm registers and, in
 * general registers, CRC32. BMI and ADX use VEX or not.
 */
const isGeneral = (i: Instruction): boolean => i.mnemonic === Mnemonic.Crc32;

/** The scope of an instruction, or undefined if it has none here. */
export const scopeOf = (i: Instruction): Scope | undefined => {
  if (known.has(i.code)) return known.get(i.code);
  const needs = [...i.cpuidFeatures()];
  let found: Scope | undefined;
  for (const scope of scopes) {
    if (scope === "x87" && !needs.some((f) => f === F.FPU || f === F.FPU287 || f === F.FPU387)) continue;
    if (scope === "bits" && needs.includes(F.SSE4_2) && !isGeneral(i)) continue;
    if (i.encoding !== (scope === "avx" ? EncodingKind.VEX : EncodingKind.Legacy)) continue;
    if (needs.every((f) => sets.get(scope)?.has(f))) {
      found = scope;
      break;
    }
  }
  known.set(i.code, found);
  return found;
};

const M = Mnemonic;
const reasons = {
  volatile: "differs from run to run",
  system: "is the operating system's set-up or the hypervisor's",
  door: "comes back at Linux's vDSO, which the oracle's 64-bit process does not have in reach",
  umip: "is emulated by Linux where the processor has UMIP (arch/x86/kernel/umip.c)",
} as const;
// biome-ignore format: table
const neverJudged = new Map<Mnemonic, string>([
  ...[M.Rdtsc, M.Rdtscp, M.Rdpmc, M.Rdrand, M.Rdseed, M.Rdpid].map((m) => [m, reasons.volatile] as const),
  ...[M.Cpuid, M.Xgetbv, M.Xsetbv, M.Vmcall, M.Vmmcall, M.Vmgexit, M.Monitor, M.Mwait, M.Monitorx, M.Mwaitx].map((m) => [m, reasons.system] as const),
  ...[M.Sgdt, M.Sidt, M.Sldt, M.Str, M.Smsw].map((m) => [m, reasons.umip] as const),
  [M.Int1, "does not advance rip under a hypervisor"],
]);

/**
 * XSAVE and related instructions take the components from EDX:EAX. Registers of an address would select
 * components that the model lacks.
 */
const usesMask = (i: Instruction): boolean =>
  [...i.cpuidFeatures()].some((f) => f === F.XSAVE || f === F.XSAVEOPT || f === F.XSAVEC) &&
  [i.memoryBase, i.memoryIndex].some((r) => {
    const full = RegisterExt.fullRegister(r);
    return full === Register.RAX || full === Register.RDX;
  });

/** Why silicon judges an instruction in none of its forms, if that is so. */
export const whyNeverJudged = (i: Instruction, vendor: Vendor): string | undefined =>
  // AMD's is #UD.
  vendor === "intel" && i.mnemonic === M.Sysenter ? reasons.door : neverJudged.get(i.mnemonic);
/** Why silicon does not judge an instruction as it is here. */
export const whyUnjudged = (i: Instruction, vendor: Vendor): string | undefined => {
  if (i.code === Code.INVALID) return "is no instruction";
  const why = whyNeverJudged(i, vendor);
  if (why) return why;
  if (vendor === "amd" && i.mnemonic === M.Syscall && i.codeSize !== CodeSize.Code64) return reasons.door;
  return usesMask(i) ? "its address would be its mask" : undefined;
};
