// A model determines CPUID, /proc/cpuinfo, the auxiliary vector and the available instructions, but never a
// program's results.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import { cpuid, cpuModel, modelNames } from "../../../src/cpu/machine/model.ts";
import { hasFeature } from "../../../tools/oracle/processor.ts";
import { endOfRun, inFolder } from "../../support/guest.ts";
import { busybox, gcc, gcc32, missing, nativeX64, top } from "../../support/host.ts";
import { nativeVendor, runNative } from "../../support/native.ts";

const long = modelNames.filter((name) => !name.startsWith("pentium3"));
const withAvx2 = modelNames.filter((name) => cpuModel(name)!.features.includes("avx2"));

const here = `${top}/test/cpu/model`;
const compiled = async (source: string, flags: readonly string[], check: (program: string) => Promise<void>): Promise<void> =>
  inFolder(async (folder) => {
    const program = `${folder}/program`;
    execFileSync("gcc", [...flags, "-static", "-o", program, `${here}/${source}`, "-lm"]);
    await check(program);
  });
const runHere = (program: string, cpu: string, ...args: string[]) => {
  const name = `/${basename(program)}`;
  return Machine.run(name, { cpu, args, files: { [name]: { content: readFileSync(program), mode: 0o755 } }, timeout: 60 });
};

describe("processor models", () => {
  it.each(modelNames)("%s names itself, and its levels of CPUID agree", (name) => {
    const m = cpuModel(name)!;
    const xsave = m.features.includes("xsave");
    expect(cpuid(m, 0, 0)[0]).toBe(xsave ? 13 : 7);
    // OSXSAVE is set as XSAVE is; the area has the components of XCR0.
    expect((cpuid(m, 1, 0)[2] >>> 27) & 1).toBe(xsave ? 1 : 0);
    expect(cpuid(m, 0xd, 0).slice(0, 3)).toEqual(xsave ? [7, 832, 832] : [0, 0, 0]);
    expect(cpuid(m, 0xd, 2).slice(0, 2)).toEqual(xsave ? [256, 576] : [0, 0]);
  });

  describe.skipIf(missing("the C library under each model", nativeX64, gcc))("natively compared", { timeout: 120_000 }, () => {
    it.each(long)("%s: string functions that are chosen by CPUID give the same", (cpu) =>
      compiled("strings.c", ["-O2"], async (program) => {
        const run = await runHere(program, cpu);
        expect(run.stdout.text).toBe(runNative(program).stdout);
        expect(endOfRun(run)).toBe(0);
      }),
    );
  });
  describe.skipIf(missing("vendors' ways", nativeX64, gcc))("of a vendor", { timeout: 60_000 }, () => {
    it("branch and pause in its own way", () =>
      compiled("branches.s", ["-nostdlib"], async (program) => {
        const ends = { amd: "SIGSEGV", intel: 1 };
        for (const vendor of ["amd", "intel"] as const) expect(endOfRun(await runHere(program, `x86-64-v1:${vendor}`))).toBe(ends[vendor]);
        const vendor = nativeVendor();
        if (vendor !== undefined) expect(runNative(program).end).toBe(ends[vendor]);
      }));
  });
  describe.skipIf(missing("32-bit programs under each model", nativeX64, gcc32))(
    "of 32 bits, natively compared",
    { timeout: 120_000 },
    () => {
      it.each(["pentium3:amd", "pentium3:intel", "x86-64-v3:intel"])("%s: string functions that are chosen by CPUID give the same", (cpu) =>
        compiled("strings.c", ["-O2", "-m32"], async (program) => {
          const run = await runHere(program, cpu);
          expect(run.stdout.text).toBe(runNative(program).stdout);
          expect(endOfRun(run)).toBe(0);
        }),
      );
    },
  );
  describe.skipIf(missing("vectors under each model", nativeX64, gcc))("of 256 bits", { timeout: 120_000 }, () => {
    /**
     * By the processor of this host, or as a Zen 5 printed it of gcc 12's program. Another compiler orders
     * sums its own way.
     */
    const judged = async (program: string): Promise<string> => {
      if ((["avx2", "bmi2", "fma", "f16c", "abm"] as const).every(hasFeature)) return runNative(program).stdout;
      if (/^12\./.test(execFileSync("gcc", ["-dumpfullversion"], { encoding: "utf8" }))) return readFileSync(`${here}/vectors.txt`, "utf8");
      return (await runHere(program, withAvx2[0] as string)).stdout.text;
    };
    it.each(withAvx2)("%s: vectorised loops, gathers, fused sums and bit fields give the same", (cpu) =>
      compiled("vectors.c", ["-O3", "-march=x86-64-v3", "-ffast-math"], async (program) => {
        const run = await runHere(program, cpu);
        expect(run.stdout.text).toBe(await judged(program));
        expect(endOfRun(run)).toBe(0);
      }),
    );
    it("x86-64-v2 has none of it: SIGILL", () =>
      compiled("vectors.c", ["-O3", "-march=x86-64-v3", "-ffast-math"], async (program) => {
        expect(endOfRun(await runHere(program, "x86-64-v2"))).toBe("SIGILL");
      }));
  });

  const amd64 = busybox("amd64");
  describe.skipIf(missing("busybox under each model", amd64))("show themselves", { timeout: 60_000 }, () => {
    it.each(modelNames)("%s: /proc/cpuinfo has its flags", async (cpu) => {
      const program = cpu.startsWith("pentium3") ? busybox("i386") : amd64;
      const run = await runHere(program.path, cpu, "grep", "flags", "/proc/cpuinfo");
      expect(run.stdout.text).toBe(`flags\t\t: ${cpuModel(cpu)!.features.join(" ")}\n`);
    });
  });
});
