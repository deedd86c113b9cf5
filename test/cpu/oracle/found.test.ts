// Cases in which a processor found a mistake of ours (found-cases.ts): every tier now does the same as a
// recorded processor by AMD, and as this host's processor where it has the instructions. `RECORD=1 npx vitest
// run test/cpu/oracle/found.test.ts` records the results of this host's processor.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Decoder, Instruction } from "iced-x86";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CpuCode } from "../../../src/cpu/cpu.ts";
import { vendorNames } from "../../../src/cpu/machine/model.ts";
import { Batch, Case, caseBatch, Result, resultAt } from "../../../tools/oracle/case.ts";
import { freshCode } from "../../../tools/oracle/code.ts";
import { compare } from "../../../tools/oracle/compare.ts";
import { Emulator, type Tier, tiers } from "../../../tools/oracle/emulate.ts";
import { icedOptions } from "../../../tools/oracle/encodings.ts";
import { planOf } from "../../../tools/oracle/plan.ts";
import { cpuName, hasFeature, hasRow, identityOf, isStudied, siliconVendor } from "../../../tools/oracle/processor.ts";
import { difference, withoutLeftovers } from "../../../tools/oracle/recorded.ts";
import { runOracle } from "../../../tools/oracle/run.ts";
import { isFamilysOwn } from "../../../tools/oracle/undefined.ts";
import { gcc, missing, nativeX64 } from "../../support/host.ts";
import { type Prepared, prepare } from "../prepared.ts";
import { askedOfAmd, found, wrapped } from "./found-cases.ts";

/** Results by the names of cases: the bytes that differ from a step without effect, as "place:hex". */
interface Recorded {
  readonly cpu: string;
  readonly results: Readonly<Record<string, string>>;
}
const path = fileURLToPath(new URL("../recorded/found.amd.json", import.meta.url));
const cases = [...found, ...wrapped, ...askedOfAmd];

/** Runs of bytes that are not 0. */
const sparse = (bytes: Uint8Array): string => {
  const out: string[] = [];
  for (let at = 0, end = 0; at < bytes.length; at = end + 1) {
    for (end = at; (bytes[end] ?? 0) !== 0; ) end++;
    if (end > at) out.push(`${at}:${Buffer.from(bytes.subarray(at, end)).toString("hex")}`);
  }
  return out.join(" ");
};
const dense = (text: string): Uint8Array => {
  const bytes = new Uint8Array(resultAt.size);
  for (const [, at, hex] of text.matchAll(/(\d+):([0-9a-f]+)/g)) bytes.set(Buffer.from(hex as string, "hex"), Number(at));
  return bytes;
};

const batchOf = (f: Prepared): Batch => {
  const batch = caseBatch(1);
  prepare(new Case(batch, 0), f);
  return batch;
};
const instructionsOf = (f: Prepared, vendor: "amd" | "intel"): Instruction[] => {
  const decoder = new Decoder(f.mode, new Case(batchOf(f), 0).code, icedOptions[vendor]);
  const all: Instruction[] = [];
  while (decoder.canDecode) all.push(decoder.decode());
  return all;
};
/** True if this host's processor has all instructions of the case, and the registers that it begins with. */
const isHere = (f: Prepared, vendor: "amd" | "intel"): boolean => {
  if (f.ymm && !hasFeature("avx")) return false;
  const { code } = new Case(batchOf(f), 0);
  let at = 0;
  return instructionsOf(f, vendor).every((i) => {
    const { row } = planOf({ mode: f.mode, vendor, bytes: code.slice(at, at + i.length), code: i.code, memory: false });
    at += i.length;
    return row === undefined || hasRow(row);
  });
};

describe("what the oracle found", () => {
  let code: CpuCode;
  beforeAll(async () => {
    code = await freshCode();
  });
  const emulators = new Map<string, Emulator>();
  const emulatorOf = (tier: Tier, model: string): Emulator => {
    const key = `${tier} ${model}`;
    const made = emulators.get(key) ?? new Emulator(code, tier, model);
    emulators.set(key, made);
    return made;
  };
  const judge = (f: Prepared, cpu: string, there: Result): unknown[] => {
    const identity = identityOf(cpu);
    const batch = batchOf(f);
    return tiers.flatMap((tier) => {
      const ours = new Result(emulatorOf(tier, `max:${identity.vendor}`).runAll(batch), 0);
      if (instructionsOf(f, identity.vendor).some((i) => isFamilysOwn(i, identity, there, ours))) return [];
      const { wrong } = compare(new Case(batch, 0), new Instruction(), there, ours, true);
      return wrong.length === 0 ? [] : [[tier, wrong]];
    });
  };

  const recorded: Recorded = existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : { cpu: "", results: {} };
  describe("on a recorded processor by AMD", () => {
    it("is such a processor's", () => expect(recorded.cpu.startsWith(`${vendorNames.amd} family`)).toBe(true));
    it.each(cases.map((f) => [f.what, f] as const))("%s", (what, f) => {
      const result = difference(batchOf(f), dense(recorded.results[what] ?? ""));
      expect(judge(f, recorded.cpu, new Result(new Batch(resultAt.size, result), 0))).toEqual([]);
    });
  });

  const vendor = siliconVendor();
  const here = vendor === undefined ? [] : (vendor === "amd" ? cases : [...found, ...wrapped]).filter((f) => isHere(f, vendor));
  const identity = identityOf(cpuName());
  const results: Record<string, string> = {};
  if (here.length === 0) return;
  describe.skipIf(missing("cases that were found", nativeX64, gcc))("on the processor under us", () => {
    it.each(here.map((f) => [f.what, f] as const))("%s", async (what, f) => {
      const batch = batchOf(f);
      const native = await runOracle(batch);
      results[what] = sparse(difference(batch, withoutLeftovers(native, f.mode)));
      const wrong = judge(f, cpuName(), new Result(native, 0));
      if (wrong.length > 0 && !isStudied(identity)) console.warn(`NOTE: ${what}: ${cpuName()} has its own way: ${JSON.stringify(wrong)}`);
      else expect(wrong).toEqual([]);
    });
    afterAll(() => {
      if (process.env["RECORD"]) writeFileSync(path, `${JSON.stringify({ cpu: cpuName(), results } satisfies Recorded, undefined, 1)}\n`);
    });
  });
});
