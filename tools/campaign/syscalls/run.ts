// A script inside: in a machine of its own, as an outcome that can be compared.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Engine } from "../../../src/cpu/engine.ts";
import type { ProfileName } from "../../../src/kernel/base/profile.ts";
import { pagesOf } from "../../../src/machine/boot.ts";
import { Machine } from "../../../src/machine/machine.ts";
import { keepMemory, takeMemory } from "../../../src/machine/memory-pool.ts";
import { digestOf } from "../digest.ts";

export interface Setting {
  readonly kernel: ProfileName;
  readonly uid: number;
  readonly x32: boolean;
  readonly seed: number;
}
export interface Outcome {
  readonly end: string;
  readonly stdout: Uint8Array;
  readonly trace: readonly string[];
  readonly digest: string;
  readonly calls: number;
}

const guest = readFileSync(fileURLToPath(new URL("../../../guest/bin/script", import.meta.url)));
const MEMORY = 64 * 2 ** 20;
/** Virtual nanoseconds; a chunk has 30 ms. */
const LIMIT = 20e9;
/** Everybody's, as the native run's is. */
const FOLDER = "/tmp";

export const runInside = (script: Uint8Array, setting: Setting, engine: Engine): Outcome => {
  const { kernel, uid, x32, seed } = setting;
  const options = { kernel, x32, seed, engine, memory: MEMORY };
  const machine = new Machine(options, takeMemory(pagesOf(options), false));
  const { run, end } = machine.runClosed(new Uint8Array(guest), { stdin: script, uid, cwd: FOLDER, trace: { follow: true } }, LIMIT);
  keepMemory(machine, false);
  const status = JSON.stringify([end, run.status, run.stats]);
  return {
    end: status,
    stdout: run.stdout.bytes,
    trace: run.trace,
    digest: digestOf(status, run.stdout.bytes, run.stderr.bytes, run.trace.join("\n"), run.kernelLog.join("\n")),
    calls: run.stats.syscalls,
  };
};
