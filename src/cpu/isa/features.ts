// The CPUID feature of an instruction whose row does not name one. It follows from the encoding. SDM Vol. 1
// chapter 5 and appendix of opcode maps, Vol. 2D A.
import type { CpuFeature } from "../machine/model.ts";
import type { Row } from "./row.ts";

type Encoded = Pick<Row, "name" | "vex" | "map" | "opcode" | "prefix" | "shape">;
const hex = (r: Encoded): string => `${r.prefix === "none" ? "NP" : r.prefix} ${r.opcode.toString(16).toUpperCase().padStart(2, "0")}`;

/** Map 0F: opcodes with prefix NP or F3 that SSE2 added, and opcodes that SSE3 added. */
// biome-ignore format: table
const sse2 = new Set(["NP 5A", "NP 5B", "F3 5A", "F3 5B", "F3 E6", "F3 6F", "F3 7F", "F3 70", "F3 7E", "F3 D6", "NP C3", "NP D4", "NP FB", "NP F4"]);
const sse3 = new Set(["F2 F0", "F2 7C", "F2 7D", "F2 D0", "66 7C", "66 7D", "66 D0", "F2 12", "F3 12", "F3 16"]);
/** Opcodes on MMX registers that SSE added. */
// biome-ignore format: table
const mmxOfSse = new Set(["NP E0", "NP E3", "NP C5", "NP C4", "NP EE", "NP DE", "NP EA", "NP DA", "NP D7", "NP E4", "NP F6", "NP 70", "NP F7", "NP E7"]);
const ssse3 = (opcode: number): boolean => opcode <= 0x0b || (opcode >= 0x1c && opcode <= 0x1e);
const sse42 = (r: Encoded): boolean => (r.map === 3 && r.opcode >= 0x60) || (r.map === 2 && r.opcode === 0x37);

// biome-ignore format: table
const byName: Readonly<Record<string, CpuFeature>> = {
  clflush: "clflush", clflushopt: "clflushopt", clwb: "clwb", cmpxchg8b: "cx8", cmpxchg16b: "cx16", fxsave: "fxsr", fxrstor: "fxsr", fxsave64: "fxsr", fxrstor64: "fxsr",
  fisttp: "pni", rdtscp: "rdtscp", sysenter: "sep", syscall: "syscall", emms: "mmx", ldmxcsr: "sse", stmxcsr: "sse", sfence: "sse", lfence: "sse2",
  mfence: "sse2", movnti: "sse2", rdfsbase: "fsgsbase", rdgsbase: "fsgsbase", wrfsbase: "fsgsbase", wrgsbase: "fsgsbase",
};

/** The feature that the encoding implies; undefined if none. */
export const featureOf = (r: Encoded): CpuFeature | undefined => {
  if (/^(f?cmov|fu?comi)/.test(r.name)) return "cmov";
  const named = byName[r.name];
  if (named) return named;
  if (r.vex || !(r.shape.xmm || r.shape.mm)) return undefined;
  if (r.map === 2) return ssse3(r.opcode) ? "ssse3" : sse42(r) ? "sse4_2" : "sse4_1";
  if (r.map === 3) return r.opcode === 0x0f ? "ssse3" : sse42(r) ? "sse4_2" : "sse4_1";
  if (sse3.has(hex(r))) return "pni";
  if (r.shape.xmm) return r.prefix === "66" || r.prefix === "F2" || sse2.has(hex(r)) ? "sse2" : "sse";
  return mmxOfSse.has(hex(r)) ? "sse" : sse2.has(hex(r)) ? "sse2" : "mmx";
};
