// Processor models as data: what CPUID says, and which vendor's rules hold where they differ. The levels are those of the x86-64
// psABI (https://gitlab.com/x86-psABIs/x86-64-ABI, table 3.1). A feature is listed only if every instruction it promises has a row.

export const vendors = ["amd", "intel"] as const;
export type Vendor = (typeof vendors)[number];
type Register = "a" | "b" | "c" | "d";

/**
 * Feature bits: CPUID leaf, register, bit; of leaf 0xd those of subleaf 1. SDM Vol. 2A CPUID; AMD APM Vol. 3 appendix D. Names and order as
 * /proc/cpuinfo has them (Linux arch/x86/include/asm/cpufeatures.h).
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
  gfni: [7, "c", 8], vaes: [7, "c", 9], vpclmulqdq: [7, "c", 10], rdpid: [7, "c", 22],
} as const satisfies Record<string, readonly [number, Register, number]>;
export type Feature = keyof typeof features;

/** What vendors' processors do in their own ways. */
export interface Rules {
  /** SYSCALL from a 32-bit segment works (AMD) or is #UD (Intel); SYSENTER in long mode the reverse. SDM Vol. 2B; AMD APM Vol. 2 6.1. */
  readonly syscall32: boolean;
  readonly sysenterLong: boolean;
  /** In 64-bit mode the prefix 66 makes near branches 16 bits wide, RIP with them. AMD APM Vol. 3 1.2.2; SDM Vol. 2A JMP: the size is forced to 64. */
  readonly narrowBranches: boolean;
  /** F3 41 90 exchanges r8 with rax; elsewhere F3 90 is PAUSE whatever REX.B is. */
  readonly pausesWithoutB: boolean;
  /** VPINSRD and VPEXTRD with VEX.W are #UD outside 64-bit mode. SDM Vol. 2C VPEXTRD: W is ignored there. */
  readonly wideLanesRefused: boolean;
  /** EFLAGS.AC asks the alignment of vectors too, unless VEX encodes an instruction for which it never matters. */
  readonly checksVectors: boolean;
  /** An operand that begins below 4 GiB in a flat 32-bit segment goes on at 0, or it is #GP. SDM Vol. 3A 5.3 leaves it open. */
  readonly wrapsAt4GiB: boolean;
  /** Bits of MXCSR that there are. Misaligned mode, bit 17, is AMD's: APM Vol. 2 11.2.4. */
  readonly mxcsrMask: number;
  /**
   * State images hold the last x87 instruction's pointers whether an exception is pending or not, and never selectors; a pointer of 64 bits is
   * loaded as an address. Otherwise only with an exception pending, but for FNSTENV and FNSAVE. AMD APM Vol. 2 11.4.4.2; SDM Vol. 1 8.1.8.
   */
  readonly pointersAlways: boolean;
  /** A far call has pushed its return address before it looks at the offset where it goes; rsp stays if that is #GP. */
  readonly pushesFirst: boolean;
  /** RETF and IRET read the whole frame of another privilege level before they refuse to go there. */
  readonly readsOuterFrame: boolean;
  /** Of a selector on the stack RETF and IRET read 16 bits, whatever the operand size; system/segment.ts has POP. */
  readonly narrowSelectors: boolean;
  /** Of 64 bits that a far return of 64-bit code pops as an offset in a segment of other code, the upper half does not matter. */
  readonly cutsFarOffsets: boolean;
  /** IRET of 64-bit code looks at the stack segment before the offset where it goes. */
  readonly stackBeforeOffset: boolean;
  /** What is relative to FS or GS must have a canonical offset, besides the linear address. */
  readonly canonicalOffsets: boolean;
  /**
   * XSAVE and its like look at the last byte of their area first, XRSTOR at XCOMP_BV; in the compact form there must be room in the segment for what
   * that names. Otherwise at the first byte, and then at the header, of which XSAVE and XSAVEOPT read what was there; and for what is present.
   */
  readonly looksAtEnd: boolean;
  /** FSIN, FPTAN and FPATAN of a small x are x, and FCOS 1, whatever the rounding (routines/transcendental/trigonometry.ts). */
  readonly smallAnglesExact: boolean;
  /** The trap of a single step between the rounds of a repeated string instruction shows EFLAGS.RF. SDM Vol. 3B 17.3.1.1 */
  readonly setsRfBetweenIterations: boolean;
}

export interface Model extends Rules {
  /** "x86-64-v1:amd". */
  readonly name: string;
  readonly vendor: Vendor;
  readonly family: number;
  readonly model: number;
  readonly stepping: number;
  readonly brand: string;
  readonly features: readonly Feature[];
}

const pentium3: readonly Feature[] = ["fpu", "tsc", "msr", "cx8", "sep", "cmov", "mmx", "fxsr", "sse", "hypervisor"];
const v1: readonly Feature[] = [...pentium3, "clflush", "sse2", "syscall", "nx", "lm", "fsgsbase"];
const v2: readonly Feature[] = [...v1, "pni", "ssse3", "cx16", "sse4_1", "sse4_2", "popcnt", "lahf_lm", "rdtscp"];
// biome-ignore format: table
const v3: readonly Feature[] = [...v2, "abm", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe", "xsave", "xsaveopt"];
/** All that there are rows for. */
const all = Object.keys(features) as Feature[];

type Signature = readonly [family: number, model: number, stepping: number];
interface Level {
  readonly features: readonly Feature[];
  /** What only AMD's processors of that time have. */
  readonly amdOnly?: readonly Feature[];
  /** A processor of that time, whose numbers CPUID shows. */
  readonly signature: Readonly<Record<Vendor, Signature>>;
}
// biome-ignore format: table
const levels: Readonly<Record<string, Level>> = {
  pentium3: { features: pentium3, amdOnly: ["syscall"], signature: { amd: [6, 8, 0], intel: [6, 8, 3] } },
  "x86-64-v1": { features: v1, signature: { amd: [15, 107, 1], intel: [6, 15, 11] } },
  "x86-64-v2": { features: v2, signature: { amd: [21, 2, 0], intel: [6, 26, 5] } },
  "x86-64-v3": { features: v3, signature: { amd: [23, 1, 2], intel: [6, 60, 3] } },
  max: { features: all.filter((f) => f !== "sse4a"), amdOnly: ["sse4a"], signature: { amd: [25, 17, 1], intel: [6, 143, 8] } },
};

export const vendorRules: Readonly<Record<Vendor, Rules>> = {
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
/** As CPUID says them. */
export const vendorNames: Readonly<Record<Vendor, string>> = { amd: "AuthenticAMD", intel: "GenuineIntel" };

export const modelNames: readonly string[] = Object.keys(levels).flatMap((l) => [`${l}:amd`, `${l}:intel`]);
export const defaultModel = "x86-64-v1:amd";

/** By name; a level without vendor is AMD's. Undefined: no such model. */
export const cpuModel = (name: string): Model | undefined => {
  const [level, vendor = "amd"] = name.split(":") as [string, string?];
  const found = Object.hasOwn(levels, level) ? levels[level] : undefined;
  if (!found || (vendor !== "amd" && vendor !== "intel")) return undefined;
  const [family, model, stepping] = found.signature[vendor];
  const list = all.filter((f) => found.features.includes(f) || (vendor === "amd" && found.amdOnly?.includes(f)));
  return {
    name: `${level}:${vendor}`,
    vendor,
    family,
    model,
    stepping,
    ...vendorRules[vendor],
    brand: `trapgate ${level}`,
    features: list,
  };
};

/** What an instruction asks of a processor: it may need several features, or be one vendor's. */
export interface Needs {
  readonly feature?: Feature | readonly Feature[] | undefined;
  readonly vendor?: Vendor | undefined;
}
export const needsMet = (m: Model, { feature, vendor = m.vendor }: Needs): boolean =>
  vendor === m.vendor &&
  (feature === undefined || (typeof feature === "string" ? m.features.includes(feature) : feature.every((f) => m.features.includes(f))));

/** XCR0: what XSAVE can save, x87, SSE and AVX; 0 without XSAVE. SDM Vol. 1 13.3 */
export const xcr0 = (m: Model): number => (!m.features.includes("xsave") ? 0 : m.features.includes("avx") ? 7 : 3);
/** Size of XSAVE's area, in its standard form and in the compact one alike. SDM Vol. 1 13.4 */
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
export const hasFeature = (m: Model, f: Feature): boolean => m.features.includes(f);

type Registers = readonly [number, number, number, number];

/** CPUID: eax, ebx, ecx, edx. SDM Vol. 2A; leaves beyond what the model has give zeros. Every C library's start asks some thirty times. */
export const cpuid = (m: Model, leaf: number, subleaf: number): Registers => {
  let answers = answered.get(m);
  if (!answers) answered.set(m, (answers = new Map()));
  // No leaf has more than three parts.
  const key = leaf * 4 + Math.min(subleaf, 3);
  let answer = answers.get(key);
  if (!answer) {
    answer = readLeaf(m, leaf, subleaf);
    if (answers.size < ANSWERS) answers.set(key, answer);
  }
  return answer;
};
const answered = new WeakMap<Model, Map<number, Registers>>();
/** So many are remembered: a program may ask for any. */
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
      // The upper halves of ymm registers: their size, and where they are.
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
      return [0x3030, 0, 0, 0];
    default:
      return [0, 0, 0, 0];
  }
};
