// Processor models as data: the results of CPUID, and the vendor's rules where AMD and Intel differ. The
// levels are those of the x86-64 psABI (https://gitlab.com/x86-psABIs/x86-64-ABI, table 3.1). A feature is
// listed only if all its instructions have a row.

import { didYouMean } from "../../nearest.ts";
import { Problem } from "../../problem.ts";

/** The supported vendors. */
export const vendors = ["amd", "intel"] as const;
/** A vendor by its short name. */
export type Vendor = (typeof vendors)[number];
type Register = "a" | "b" | "c" | "d";

/**
 * Feature bits: CPUID leaf, register, bit. Bits of leaf 0xd are those of subleaf 1. SDM Vol. 2A CPUID; AMD
 * APM Vol. 3 appendix D. Names and order as in /proc/cpuinfo (Linux arch/x86/include/asm/cpufeatures.h).
 */
// biome-ignore format: table
const features = {
  fpu: [1, "d", 0], tsc: [1, "d", 4], msr: [1, "d", 5], cx8: [1, "d", 8], sep: [1, "d", 11], cmov: [1, "d", 15], clflush: [1, "d", 19],
  mmx: [1, "d", 23], fxsr: [1, "d", 24], sse: [1, "d", 25], sse2: [1, "d", 26],
  syscall: [0x8000_0001, "d", 11], nx: [0x8000_0001, "d", 20], rdtscp: [0x8000_0001, "d", 27], lm: [0x8000_0001, "d", 29],
  pni: [1, "c", 0], pclmulqdq: [1, "c", 1], ssse3: [1, "c", 9], fma: [1, "c", 12], cx16: [1, "c", 13], sse4_1: [1, "c", 19],
  sse4_2: [1, "c", 20], movbe: [1, "c", 22], popcnt: [1, "c", 23], aes: [1, "c", 25], xsave: [1, "c", 26], avx: [1, "c", 28],
  f16c: [1, "c", 29], rdrand: [1, "c", 30], hypervisor: [1, "c", 31],
  lahf_lm: [0x8000_0001, "c", 0], abm: [0x8000_0001, "c", 5], sse4a: [0x8000_0001, "c", 6], "3dnowprefetch": [0x8000_0001, "c", 8],
  fsgsbase: [7, "b", 0], bmi1: [7, "b", 3], avx2: [7, "b", 5], bmi2: [7, "b", 8], erms: [7, "b", 9], rdseed: [7, "b", 18], adx: [7, "b", 19],
  clflushopt: [7, "b", 23], clwb: [7, "b", 24], sha_ni: [7, "b", 29],
  xsaveopt: [0xd, "a", 0], xsavec: [0xd, "a", 1], xgetbv1: [0xd, "a", 2],
  gfni: [7, "c", 8], vaes: [7, "c", 9], vpclmulqdq: [7, "c", 10], rdpid: [7, "c", 22], clzero: [0x8000_0008, "b", 0],
} as const satisfies Record<string, readonly [number, Register, number]>;
/** A feature by its name in /proc/cpuinfo. */
export type CpuFeature = keyof typeof features;

/** Vendor differences that the machine models. */
export interface VendorRules {
  /**
   * SYSCALL from a 32-bit segment works (AMD) or is #UD (Intel); SYSENTER in long mode the reverse. SDM Vol.
   * 2B; AMD APM Vol. 2 6.1.
   */
  readonly syscall32: boolean;
  readonly sysenterLong: boolean;
  /**
   * In 64-bit mode the prefix 66 makes near branches and RIP 16 bits wide. AMD APM Vol. 3 1.2.2; SDM Vol. 2A
   * JMP: the size is forced to 64.
   */
  readonly narrowBranches: boolean;
  /** F3 41 90 exchanges r8 with rax. Otherwise F3 90 is PAUSE with any REX.B. */
  readonly pausesWithoutB: boolean;
  /** VPINSRD and VPEXTRD with VEX.W are #UD outside 64-bit mode. SDM Vol. 2C VPEXTRD: W is ignored there. */
  readonly wideLanesRefused: boolean;
  /** EFLAGS.AC checks vectors, too, except for VEX-encoded instructions that allow unaligned operands. */
  readonly checksVectors: boolean;
  /**
   * An operand that crosses 4 GiB in a flat 32-bit segment wraps to 0; otherwise it is #GP. SDM Vol. 3A 5.3
   * leaves it open.
   */
  readonly wrapsAt4GiB: boolean;
  /** The existing bits of MXCSR. Misaligned mode, bit 17, is AMD's: APM Vol. 2 11.2.4. */
  readonly mxcsrMask: number;
  /**
   * State images always hold the last x87 instruction's pointers, and never selectors; a 64-bit pointer is
   * loaded as an address. Otherwise they are stored only with an exception pending, except by FNSTENV and
   * FNSAVE. AMD APM Vol. 2 11.4.4.2; SDM Vol. 1 8.1.8.
   */
  readonly pointersAlways: boolean;
  /** A far call pushes its return address before it checks the target offset. rsp stays unchanged on #GP. */
  readonly pushesFirst: boolean;
  /** RETF and IRET read the whole frame of another privilege level before they fault. */
  readonly readsOuterFrame: boolean;
  /**
   * RETF and IRET read 16 bits of a selector on the stack, independent of the operand size. POP:
   * system/segment.ts.
   */
  readonly narrowSelectors: boolean;
  /** A 64-bit far return to a segment of other code ignores the upper half of the popped offset. */
  readonly cutsFarOffsets: boolean;
  /** IRET of 64-bit code checks the stack segment before the target offset. */
  readonly stackBeforeOffset: boolean;
  /** An address relative to FS or GS needs a canonical offset in addition to a canonical linear address. */
  readonly canonicalOffsets: boolean;
  /**
   * XSAVE and related instructions first access the last byte of their area, XRSTOR first XCOMP_BV. The
   * compact form must fit into the segment as far as XCOMP_BV requires. Otherwise the first byte comes first,
   * then the header, which XSAVE and XSAVEOPT read; the present components must fit.
   */
  readonly looksAtEnd: boolean;
  /**
   * FSIN, FPTAN and FPATAN of a small x are x, and FCOS is 1, in every rounding mode
   * (routines/transcendental/trigonometry.ts).
   */
  readonly smallAnglesExact: boolean;
  /**
   * A single-step trap between the iterations of a repeated string instruction shows EFLAGS.RF. SDM Vol. 3B
   * 17.3.1.1
   */
  readonly setsRfBetweenIterations: boolean;
}

/** A processor: its vendor's rules, its CPUID signature and its features. */
export interface Model extends VendorRules {
  /** Name of the form "x86-64-v1:amd". */
  readonly name: string;
  readonly vendor: Vendor;
  readonly family: number;
  readonly model: number;
  readonly stepping: number;
  readonly brand: string;
  readonly features: readonly CpuFeature[];
}

const pentium3: readonly CpuFeature[] = ["fpu", "tsc", "msr", "cx8", "sep", "cmov", "mmx", "fxsr", "sse", "hypervisor"];
const v1: readonly CpuFeature[] = [...pentium3, "clflush", "sse2", "syscall", "nx", "lm", "fsgsbase"];
const v2: readonly CpuFeature[] = [...v1, "pni", "ssse3", "cx16", "sse4_1", "sse4_2", "popcnt", "lahf_lm", "rdtscp"];
// biome-ignore format: table
const v3: readonly CpuFeature[] = [...v2, "abm", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe", "xsave", "xsaveopt"];
/** All features with rows. */
const all = Object.keys(features) as CpuFeature[];
/** Features that no processor of Intel has. */
const ofAmd: readonly CpuFeature[] = ["sse4a", "clzero"];

type Signature = readonly [family: number, model: number, stepping: number];
interface Level {
  readonly features: readonly CpuFeature[];
  /** Features that only AMD's processors of this level have. */
  readonly amdOnly?: readonly CpuFeature[];
  /** A processor of that time; CPUID shows its numbers. */
  readonly signature: Readonly<Record<Vendor, Signature>>;
}
// biome-ignore format: table
const levels: Readonly<Record<string, Level>> = {
  pentium3: { features: pentium3, amdOnly: ["syscall"], signature: { amd: [6, 8, 0], intel: [6, 8, 3] } },
  "x86-64-v1": { features: v1, signature: { amd: [15, 107, 1], intel: [6, 15, 11] } },
  "x86-64-v2": { features: v2, signature: { amd: [21, 2, 0], intel: [6, 26, 5] } },
  "x86-64-v3": { features: v3, signature: { amd: [23, 1, 2], intel: [6, 60, 3] } },
  max: { features: all.filter((f) => !ofAmd.includes(f)), amdOnly: ofAmd, signature: { amd: [25, 17, 1], intel: [6, 143, 8] } },
};

/** The rules of each vendor. */
export const vendorRules: Readonly<Record<Vendor, VendorRules>> = {
  amd: {
    syscall32: true,
    sysenterLong: false,
    narrowBranches: true,
    pausesWithoutB: true,
    wideLanesRefused: true,
    checksVectors: true,
    wrapsAt4GiB: false,
    mxcsrMask: 0x2ffff,
    pointersAlways: false,
    pushesFirst: false,
    readsOuterFrame: true,
    narrowSelectors: false,
    cutsFarOffsets: false,
    stackBeforeOffset: false,
    canonicalOffsets: true,
    looksAtEnd: false,
    smallAnglesExact: false,
    setsRfBetweenIterations: false,
  },
  intel: {
    syscall32: false,
    sysenterLong: true,
    narrowBranches: false,
    pausesWithoutB: false,
    wideLanesRefused: false,
    checksVectors: false,
    wrapsAt4GiB: true,
    mxcsrMask: 0xffff,
    pointersAlways: true,
    pushesFirst: true,
    readsOuterFrame: false,
    narrowSelectors: true,
    cutsFarOffsets: true,
    stackBeforeOffset: true,
    canonicalOffsets: false,
    looksAtEnd: true,
    smallAnglesExact: true,
    setsRfBetweenIterations: true,
  },
};
/** Vendor strings of CPUID. */
export const vendorNames: Readonly<Record<Vendor, string>> = { amd: "AuthenticAMD", intel: "GenuineIntel" };

/** The names of all models. */
export const modelNames: readonly string[] = Object.keys(levels).flatMap((l) => [`${l}:amd`, `${l}:intel`]);
/**
 * The level of the model that is used if none is named (docs/decisions/0051-default-processor-v2.md): NumPy
 * and distributions such as RHEL 9 are built for it.
 */
export const defaultLevel = "x86-64-v2";
/** The model that is used if none is named. */
export const defaultModel = `${defaultLevel}:amd`;

/** `+avx2`, `-sse4_2`, `family=25`: a change of a level by a model's name. */
const change = /^(?:([+-])([a-z0-9_]+)|(family|model|stepping)=(\d{1,3}))$/;
const numbers = ["family", "model", "stepping"] as const;

/**
 * A model by name: `[LEVEL][:VENDOR]`, then any of `,+FEATURE`, `,-FEATURE`, `,family=N`, `,model=N` and
 * `,stepping=N`. The default vendor is AMD, the default level is `defaultLevel`. Undefined if no such model
 * exists.
 */
export const cpuModel = (name: string): Model | undefined => {
  const [base = "", ...changes] = name.split(",");
  const [named, vendor = "amd"] = base.split(":") as [string, string?];
  const level = named === "" && base !== "" ? defaultLevel : (named as string);
  const found = Object.hasOwn(levels, level) ? levels[level] : undefined;
  if (!found || (vendor !== "amd" && vendor !== "intel")) return undefined;
  const signature = [...found.signature[vendor]] as [number, number, number];
  const wanted = new Set(all.filter((f) => found.features.includes(f) || (vendor === "amd" && found.amdOnly?.includes(f))));
  for (const text of changes) {
    const [, sign, feature, part, value] = change.exec(text) ?? [];
    if (part !== undefined) signature[numbers.indexOf(part as (typeof numbers)[number])] = Number(value);
    else if (!all.includes(feature as CpuFeature)) return undefined;
    else if (sign === "+") wanted.add(feature as CpuFeature);
    else wanted.delete(feature as CpuFeature);
  }
  const [family, model, stepping] = signature;
  return {
    name: [`${level}:${vendor}`, ...changes].join(","),
    vendor,
    family,
    model,
    stepping,
    ...vendorRules[vendor],
    brand: `trapgate ${level}`,
    features: all.filter((f) => wanted.has(f)),
  };
};
/**
 * A model that a user names.
 *
 * @throws {Problem} There is no such model, or no such feature.
 */
export const knownModel = (name: string): Model => {
  const model = cpuModel(name);
  if (model) return model;
  const [base = "", ...changes] = name.split(",");
  const wrong = cpuModel(base) && changes.find((text) => !cpuModel(`${base},${text}`));
  if (wrong === undefined)
    throw new Problem("unknown-name", `there is no processor model "${name}"`, {
      help: didYouMean(name, modelNames) ?? `there are ${modelNames.join(", ")}`,
    });
  const feature = wrong.replace(/^[+-]/, "");
  throw new Problem("unknown-name", `a processor model has no "${wrong}"`, {
    help: didYouMean(feature, all) ?? "+FEATURE, -FEATURE, family=N, model=N and stepping=N can follow its name",
  });
};
/**
 * The name of the model of a processor with these flags of /proc/cpuinfo. Features that trapgate lacks are
 * left out.
 */
export const modelOfHost = (vendor: string, flags: readonly string[], signature: Signature): string => {
  const base = `max:${vendor === vendorNames.intel ? "intel" : "amd"}`;
  // The machine itself is the hypervisor.
  const lacks = (cpuModel(base) as Model).features.filter((f) => f !== "hypervisor" && !flags.includes(f));
  return [base, ...lacks.map((f) => `-${f}`), ...numbers.map((part, i) => `${part}=${signature[i]}`)].join(",");
};

/** The requirements of an instruction: features, or one vendor. */
export interface Needs {
  readonly feature?: CpuFeature | readonly CpuFeature[] | undefined;
  readonly vendor?: Vendor | undefined;
}
/** True if the model meets the requirements. */
export const needsMet = (m: Model, { feature, vendor = m.vendor }: Needs): boolean =>
  vendor === m.vendor &&
  (feature === undefined || (typeof feature === "string" ? m.features.includes(feature) : feature.every((f) => m.features.includes(f))));

/** XCR0, the state components of XSAVE: x87, SSE and AVX. 0 without XSAVE. SDM Vol. 1 13.3 */
export const xcr0 = (m: Model): number => (!m.features.includes("xsave") ? 0 : m.features.includes("avx") ? 7 : 3);
/** Size of XSAVE's area in bytes, equal in standard and compact form. SDM Vol. 1 13.4 */
const xsaveSize = (m: Model): number => (m.features.includes("avx") ? 832 : 576);

const words = (text: string): [number, number, number] => {
  const b = new Uint8Array(12);
  for (let i = 0; i < text.length; i++) b[i] = text.charCodeAt(i);
  const v = new DataView(b.buffer);
  return [v.getUint32(0, true), v.getUint32(4, true), v.getUint32(8, true)];
};

const bits = (m: Model, leaf: number, register: Register): number =>
  m.features.reduce((word, f) => {
    const [l, r, bit] = features[f];
    return l === leaf && r === register ? word | (1 << bit) : word;
  }, 0);

/** EDX of leaf 1, which AT_HWCAP repeats. */
export const hwcap = (m: Model): number => bits(m, 1, "d") >>> 0;
/** True if the model has the feature. */
export const hasFeature = (m: Model, f: CpuFeature): boolean => m.features.includes(f);

type Registers = readonly [number, number, number, number];

/**
 * CPUID: eax, ebx, ecx, edx. SDM Vol. 2A. A leaf beyond the model's last one gives zeros. C libraries execute
 * CPUID many times at start, so results are cached.
 */
export const cpuid = (m: Model, leaf: number, subleaf: number): Registers => {
  let answers = answered.get(m);
  if (!answers) answered.set(m, (answers = new Map()));
  // No leaf has more than three subleaves.
  const key = leaf * 4 + Math.min(subleaf, 3);
  let answer = answers.get(key);
  if (!answer) {
    answer = readLeaf(m, leaf, subleaf);
    if (answers.size < ANSWERS) answers.set(key, answer);
  }
  return answer;
};
const answered = new WeakMap<Model, Map<number, Registers>>();
/** Bound of the cache per model, because a program may ask for any leaf. */
const ANSWERS = 128;

const readLeaf = (m: Model, leaf: number, subleaf: number): Registers => {
  const [v0, v1_, v2] = words(vendorNames[m.vendor]);
  const base = Math.min(m.family, 15);
  const signature = ((m.family - base) << 20) | ((m.model >> 4) << 16) | (base << 8) | ((m.model & 15) << 4) | m.stepping;
  switch (leaf) {
    case 0:
      return [xcr0(m) ? 13 : 7, v0, v2, v1_];
    // Line size of CLFLUSH (8 quadwords), one logical processor. OSXSAVE: the kernel has turned XSAVE on.
    case 1:
      return [signature, 0x0001_0800, bits(m, 1, "c") | (xcr0(m) ? 1 << 27 : 0), bits(m, 1, "d")];
    case 7:
      return subleaf === 0 ? [0, bits(m, 7, "b"), bits(m, 7, "c"), 0] : [0, 0, 0, 0];
    case 0xd: {
      if (xcr0(m) === 0) return [0, 0, 0, 0];
      if (subleaf === 0) return [xcr0(m), xsaveSize(m), xsaveSize(m), 0];
      if (subleaf === 1) return [bits(m, 0xd, "a"), m.features.includes("xsavec") ? xsaveSize(m) : 0, 0, 0];
      // The upper halves of the ymm registers: size and offset.
      return subleaf === 2 && xcr0(m) & 4 ? [256, 576, 0, 0] : [0, 0, 0, 0];
    }
    case 0x8000_0000:
      return [0x8000_0008, m.vendor === "amd" ? v0 : 0, m.vendor === "amd" ? v2 : 0, m.vendor === "amd" ? v1_ : 0];
    case 0x8000_0001:
      // AMD repeats the low bits of leaf 1 EDX here.
      return [
        m.vendor === "amd" ? signature : 0,
        0,
        bits(m, leaf, "c"),
        bits(m, leaf, "d") | (m.vendor === "amd" ? bits(m, 1, "d") & 0x0183_f3ff : 0),
      ];
    case 0x8000_0002:
    case 0x8000_0003:
    case 0x8000_0004: {
      const text = m.brand.padEnd(48, "\0").slice((leaf - 0x8000_0002) * 16, (leaf - 0x8000_0001) * 16);
      const [a, b, c] = words(text.slice(0, 12));
      return [a, b, c, words(text.slice(12))[0]];
    }
    // 48 physical and 48 linear address bits.
    case 0x8000_0008:
      return [0x3030, bits(m, leaf, "b"), 0, 0];
    default:
      return [0, 0, 0, 0];
  }
};
