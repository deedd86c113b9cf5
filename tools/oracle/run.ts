// Run a batch of cases on the processor under us.
import { spawn, spawnSync } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync, readSync, unlinkSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Feature, type Vendor, vendorNames, vendors } from "../../src/cpu/machine/model.ts";
import { buildOracle } from "./build.ts";
import { Batch, caseAt, resultAt } from "./case.ts";
import { ALIAS, CODE, DATA, ldtEntries, userDesc, WINDOW } from "./world.ts";

/** The vendor of this host's processor, if models of it exist. */
export const siliconVendor = (): Vendor | undefined => {
  const info = existsSync("/proc/cpuinfo") ? readFileSync("/proc/cpuinfo", "latin1") : "";
  return vendors.find((vendor) => info.includes(vendorNames[vendor]));
};
/** The model that the processor under us judges: that of all features, by its vendor. */
export const siliconModel = (): string => `max:${siliconVendor() ?? "amd"}`;

/**
 * Features without which a processor is too old for the model of all features. Hints, and features with
 * results that differ from run to run, do not count.
 */
const telling: readonly Feature[] = ["adx", "avx2", "bmi2", "f16c", "fma", "sha_ni", "gfni", "vaes", "vpclmulqdq"];
/**
 * Where vendors differ, so do models: a processor judges its own vendor's, and only if it has the
 * instructions.
 */
export const silicon = {
  what: "a processor by AMD or Intel with GFNI, VAES and all before them",
  get met(): boolean {
    if (siliconVendor() === undefined) return false;
    const has = new Set(/^flags\s*: (.*)$/m.exec(readFileSync("/proc/cpuinfo", "latin1"))?.[1]?.split(" "));
    return telling.every((feature) => has.has(feature));
  },
};

/** "AuthenticAMD family 25 model 17 stepping 1": the processor that every result is from. */
export const cpuName = (): string => {
  const info = readFileSync("/proc/cpuinfo", "latin1");
  const value = (key: string): string => new RegExp(`^${key}\\s*: (.*)$`, "m").exec(info)?.[1] ?? "?";
  return `${value("vendor_id")} family ${value("cpu family")} model ${value("model")} stepping ${value("stepping")}`;
};

/** The vendor and family of a processor. AMD APM Vol. 3 appendix E CPUID Fn0000_0001_EAX */
export interface Identity {
  readonly vendor: Vendor;
  readonly family: number;
}
export const identityOf = (name: string): Identity => ({
  vendor: name.startsWith(vendorNames.intel) ? "intel" : "amd",
  family: Number(/family (\d+)/.exec(name)?.[1]),
});

/** struct oracle_header. */
const header = (cases: number): Uint8Array =>
  new Uint8Array(Uint32Array.of(caseAt.size, resultAt.size, CODE, DATA, ALIAS, WINDOW.offset, ldtEntries.length, cases).buffer);

let runs = 0;
/** A private file: open, and without a name. */
const scratch = (bytes: readonly Uint8Array[]): { readonly reading: number; readonly writing: number } => {
  const path = join(tmpdir(), `trapgate-oracle-${process.pid}-${runs++}`);
  const writing = openSync(path, "wx+", 0o600);
  const reading = openSync(path, "r");
  unlinkSync(path);
  for (const b of bytes) for (let at = 0; at < b.length; ) at += writeSync(writing, b, at);
  return { reading, writing };
};

/** The input of the native program. */
export const oracleInput = (cases: Batch): readonly Uint8Array[] => [header(cases.count), ...ldtEntries.map(userDesc), cases.bytes];

/** The time of the native program for a batch: seconds of real time and of processor time. */
export const oracleTimes = (cases: Batch): { readonly clock: number; readonly busy: number } => {
  const input = Buffer.concat(oracleInput(cases));
  const env = { ...process.env, ORACLE_VERBOSE: "1" };
  const { stderr } = spawnSync(buildOracle(), { input, env, maxBuffer: 2 * cases.count * resultAt.size });
  const [, clock, busy] = /in (\d+) us, (\d+) us of processor time/.exec(stderr.toString()) ?? [];
  return { clock: Number(clock) / 1e6, busy: Number(busy) / 1e6 };
};

/** One result a case, in the same order. */
export const runOracle = async (cases: Batch): Promise<Batch> => {
  const input = scratch(oracleInput(cases));
  const output = scratch([]);
  const files = [input.reading, input.writing, output.reading, output.writing];
  try {
    const status = await new Promise<number | string | null>((resolve, reject) => {
      const oracle = spawn(buildOracle(), { stdio: [input.reading, output.writing, "inherit"] });
      oracle.on("error", reject).on("close", (code, signal) => resolve(code ?? signal));
    });
    const results = new Uint8Array(cases.count * resultAt.size);
    let read = 0;
    for (let n = 1; n > 0 && read < results.length; read += n) n = readSync(output.reading, results, read, results.length - read, read);
    if (status !== 0 || read !== results.length) throw new Error(`the silicon oracle ended with ${status} after ${read} bytes`);
    return new Batch(resultAt.size, results);
  } finally {
    for (const fd of files) closeSync(fd);
  }
};
