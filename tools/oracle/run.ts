// Run a batch of cases on the processor under us.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { buildOracle } from "./build.ts";
import { Batch, caseAt, resultAt } from "./case.ts";
import { ALIAS, CODE, DATA, ldtEntries, userDesc, WINDOW } from "./world.ts";

/** Where vendors differ, the rows do as AMD's processors do: only such a processor can judge them. */
export const amdSilicon = {
  what: "a processor by AMD",
  get met(): boolean {
    return existsSync("/proc/cpuinfo") && readFileSync("/proc/cpuinfo", "latin1").includes("AuthenticAMD");
  },
};

/** struct oracle_header. */
const header = (cases: number): Uint8Array =>
  new Uint8Array(Uint32Array.of(caseAt.size, resultAt.size, CODE, DATA, ALIAS, WINDOW.offset, ldtEntries.length, cases).buffer);

/** One result a case, in the same order. */
export const runOracle = (cases: Batch): Batch => {
  const input = Buffer.concat([header(cases.count), ...ldtEntries.map(userDesc), cases.bytes]);
  const size = cases.count * resultAt.size;
  const done = spawnSync(buildOracle(), { input, maxBuffer: size + 1, stdio: ["pipe", "pipe", "inherit"] });
  if (done.status !== 0 || done.stdout.length !== size)
    throw new Error(`the silicon oracle ended with ${done.status ?? done.signal} after ${done.stdout.length} bytes`);
  return new Batch(resultAt.size, new Uint8Array(done.stdout));
};
