// Every row names the CPUID features that iced-x86 knows the instruction by; so a model without them has no
// such instruction.
import { Code, CpuidFeature, DecoderOptions, Decoder as Iced, Instruction } from "iced-x86";
import { describe, expect, it } from "vitest";
import { Decoder, decodeTables } from "../../../src/cpu/decode/decoder.ts";
import { rows } from "../../../src/cpu/isa/rows/all.ts";
import { candidates } from "../../../tools/oracle/encodings.ts";
import { Random } from "../../../tools/oracle/random.ts";

/**
 * Instructions that every processor of our models has, or that do nothing where it lacks them: hints, and
 * instructions that end in #GP.
 */
// biome-ignore format: table
const everywhere = new Set(["INTEL8086", "INTEL8086_ONLY", "INTEL186", "INTEL286", "INTEL386", "INTEL486", "X64", "FPU", "FPU287", "FPU387", "MULTIBYTENOP", "CPUID", "TSC", "MSR",
  "RDPMC", "CET_IBT", "PAUSE", "PREFETCHW", "PREFETCHWT1", "CLDEMOTE", "WBNOINVD"]);
/** By Linux's names. */
const names: Readonly<Record<string, string>> = { SSE3: "pni", LZCNT: "abm", CMPXCHG16B: "cx16", SHA: "sha_ni", CLFSH: "clflush" };
const hints = /^(prefetch|sysexit$|sysret$|reservednop$)/;
/**
 * iced takes PADDQ on MMX registers for MMX; it came with SSE2 (SDM Vol. 2B PADDQ). LAHF and SAHF in 64-bit
 * mode are a feature of their own.
 */
const corrected: Readonly<Record<string, string>> = { "paddq NP 0F D4 Pq,Qq": "sse2", "64: lahf 9F": "lahf_lm", "64: sahf 9E": "lahf_lm" };

describe("the features of instructions, judged by iced-x86", () => {
  it.each([64, 32] as const)("are those that the rows name, in %i-bit code", (mode) => {
    const decoder = new Decoder(decodeTables(rows));
    const instruction = new Instruction();
    const different = new Set<string>();
    const random = new Random(mode);
    let judged = 0;
    for (let pass = 0; pass < 4; pass++) {
      for (const buffer of [...candidates(mode, false, random), ...candidates(mode, true, random)]) {
        const theirs = new Iced(mode, buffer, DecoderOptions.AMD);
        for (let at = 0; at + 16 <= buffer.length; at += 16) {
          theirs.position = at;
          theirs.decodeOut(instruction);
          if (instruction.code === Code.INVALID || decoder.decode(buffer, at, at + 16, 0, mode) !== "ok") continue;
          const { row } = decoder.d;
          if (hints.test(row.name)) continue;
          judged++;
          const theirNames = [...instruction.cpuidFeatures()].map((f) => CpuidFeature[f] as string).filter((f) => !everywhere.has(f));
          const id = `${row.name} ${row.encoding}`;
          const want =
            corrected[id] ??
            corrected[`${mode}: ${id}`] ??
            theirNames
              .map((f) => names[f] ?? f.toLowerCase())
              .sort()
              .join(" ");
          const have = [row.feature ?? []].flat().toSorted().join(" ");
          if (want !== have) different.add(`${id}: iced ${want}, ours ${have}`);
        }
        theirs.free();
      }
    }
    expect(judged).toBeGreaterThan(10_000);
    expect([...different]).toEqual([]);
  });
});
