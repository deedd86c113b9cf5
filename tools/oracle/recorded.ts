// Recorded results of silicon, for hosts without such a processor. The cases are made again from the seed,
// and a digest checks that they are the same. A file holds only the results that the cases do not determine.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import type { Vendor } from "../../src/cpu/machine/model.ts";
import { R } from "../../src/cpu/machine/state.ts";
import { Batch, Case, caseAt, resultAt, stateAt } from "./case.ts";
import { casesOf, invalidOf, type Made, type Source, sequencesOf } from "./conform.ts";
import { signals } from "./emulate.ts";
import { cpuName, identityOf } from "./processor.ts";
import { runOracle } from "./run.ts";
import { scopes } from "./scope.ts";
import { modes } from "./world.ts";

const SEED = 2026;
const COUNT = 1000;

export interface Subject {
  readonly name: string;
  readonly source: (vendor: Vendor) => Source;
}
export const subjects: readonly Subject[] = modes.flatMap((mode) => [
  ...scopes.map((scope) => ({ name: `${scope} ${mode}-bit`, source: (vendor: Vendor) => casesOf(mode, vendor, scope, COUNT, SEED) })),
  { name: `no instruction ${mode}-bit`, source: (vendor: Vendor) => invalidOf(mode, vendor, SEED) },
  {
    name: `sequences ${mode}-bit`,
    source: (vendor: Vendor) => sequencesOf(mode, vendor, ["sse", "integer", "bits", "mmx", "x87"], COUNT, SEED),
  },
]);

const path = (vendor: Vendor): string => fileURLToPath(new URL(`../../test/cpu/recorded/${vendor}.bin.gz`, import.meta.url));

/** A step that changes nothing. Results are recorded as differences from it. */
const expected = (cases: Batch): Uint8Array => {
  const out = new Uint8Array(cases.count * resultAt.size);
  for (let n = 0; n < cases.count; n++) {
    const c = new Case(cases, n);
    const at = n * resultAt.size;
    out.set(cases.bytes.subarray(c.at + caseAt.id, c.at + caseAt.id + 4), at + resultAt.id);
    out[at + resultAt.signal] = signals.TRAP;
    out[at + resultAt.trap] = 1;
    out.set(cases.bytes.subarray(c.before.at, c.before.at + stateAt.size), at + resultAt.after);
    out.set(c.window, at + resultAt.window);
  }
  return out;
};
/** Exclusive or with it, there and back. */
export const difference = (cases: Batch, results: Uint8Array): Uint8Array => {
  const out = expected(cases);
  for (let i = 0; i < out.length; i++) out[i] = (out[i] as number) ^ (results[i] as number);
  return out;
};

/**
 * Clears fields that are not compared: the kernel's words about a signal, and the rest in rsp after a 16-bit
 * stack.
 */
export const withoutLeftovers = (results: Batch, mode: number): Uint8Array => {
  const bytes = results.bytes.slice();
  for (let n = 0; n < results.count; n++) {
    const at = n * resultAt.size;
    bytes[at + resultAt.steps] = 0;
    bytes.fill(0, at + resultAt.siCode, at + resultAt.cr2);
    const rsp = at + resultAt.after + stateAt.gpr + R.sp * 8;
    if (mode !== 64) bytes.fill(0, rsp + 4, rsp + 8);
  }
  return bytes;
};

interface Header {
  readonly cpu: string;
  readonly seed: number;
  readonly cases: number;
  /** SHA-256 of the cases of all subjects, in their order. */
  readonly digest: string;
}
export interface Recording {
  readonly header: Header;
  /** By subject, in order: the cases, made again, and the processor's results. */
  readonly results: readonly { readonly name: string; readonly source: Source; readonly made: Made; readonly silicon: Batch }[];
}

const makeAll = (vendor: Vendor): readonly { name: string; source: Source; made: Made }[] =>
  subjects.map(({ name, source }) => {
    const of = source(vendor);
    return { name, source: of, made: of.make(COUNT) };
  });
const digestOf = (all: ReturnType<typeof makeAll>): string => {
  const hash = createHash("sha256");
  for (const { made } of all) hash.update(made.cases.bytes);
  return hash.digest("hex");
};

/** Run everything on the processor under us, and write it down. */
export const record = async (): Promise<string> => {
  const cpu = cpuName();
  const { vendor } = identityOf(cpu);
  const all = makeAll(vendor);
  const parts: Uint8Array[] = [];
  for (const { source, made } of all) parts.push(difference(made.cases, withoutLeftovers(await runOracle(made.cases), source.mode)));
  const header: Header = { cpu, seed: SEED, cases: all.length * COUNT, digest: digestOf(all) };
  const file = path(vendor);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, gzipSync(Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), ...parts]), { level: 9 }));
  return `${file}: ${header.cases} cases by ${header.cpu}`;
};

/**
 * The recording of a vendor's processor. Throws if the cases that it answers are no longer those that the
 * generator makes.
 */
export const recorded = (vendor: Vendor): Recording => {
  const file = path(vendor);
  if (!existsSync(file)) throw new Error(`no recording ${file}: npm run conformance:record`);
  const bytes = gunzipSync(readFileSync(file));
  const end = bytes.indexOf(10);
  const header = JSON.parse(bytes.subarray(0, end).toString()) as Header;
  const all = makeAll(vendor);
  if (digestOf(all) !== header.digest) throw new Error("the generator makes other cases than were recorded: npm run conformance:record");
  const size = COUNT * resultAt.size;
  return {
    header,
    results: all.map((x, n) => {
      const part = bytes.subarray(end + 1 + n * size, end + 1 + (n + 1) * size);
      return { ...x, silicon: new Batch(resultAt.size, difference(x.made.cases, part)) };
    }),
  };
};
