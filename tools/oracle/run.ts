// Run a batch of cases on the processor under us.
import { spawn, spawnSync } from "node:child_process";
import { closeSync, openSync, readSync, unlinkSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildOracle } from "./build.ts";
import { Batch, caseAt, resultAt } from "./case.ts";
import { ALIAS, CODE, DATA, ldtEntries, userDesc, WINDOW } from "./world.ts";

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
