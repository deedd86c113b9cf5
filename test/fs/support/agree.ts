// The judgement: our handlers' answers equal the native kernel's, call by call, in both ABIs.
import { expect } from "vitest";
import type { Abi } from "../../../src/abi/abi.ts";
import { syscallNumbers } from "../../../src/abi/numbers.ts";
import { TestMachine } from "./machine.ts";
import { abis, line, type Outcome, runNatively, Script } from "./script.ts";

/** Hides fields that may differ (times, inode numbers) from a call's outcome. */
export type Mask = (outcome: Outcome, name: string, abi: Abi) => Outcome;

const NATIVE_BATCH = 400;

/** Calls that an ABI has no number for become harmless ones, so that results keep their places. */
const forAbi = (script: Script, abi: Abi): Script => {
  const copy = new Script();
  for (const call of script.calls) copy.calls.push(syscallNumbers[call.name][abi.column] === null ? { name: "umask", args: [0o22] } : call);
  return copy;
};

/**
 * Each function writes one script; all are run, and must agree. Of each script the first difference counts.
 */
export const agree = (writers: readonly ((s: Script) => void)[], mask: Mask = (o) => o): void => {
  const scripts = writers.map((write) => {
    const script = new Script();
    write(script);
    return script;
  });
  const differences: string[] = [];
  for (const abi of abis) {
    for (let from = 0; from < scripts.length; from += NATIVE_BATCH) {
      const batch = scripts.slice(from, from + NATIVE_BATCH).map((s) => forAbi(s, abi));
      const native = runNatively(batch, abi);
      batch.forEach((script, i) => {
        const machine = new TestMachine();
        const ours = machine.run(script, abi);
        machine.end();
        for (const [k, call] of script.calls.entries()) {
          const [got, want] = [ours[k] as Outcome, (native[i] as Outcome[])[k] as Outcome].map((o) => line(call, mask(o, call.name, abi)));
          if (got === want) continue;
          differences.push(`[${abi.name}, call ${k}] ${got}\n    natively ${want}`);
          break;
        }
      });
    }
  }
  expect(differences.slice(0, 12)).toEqual([]);
};
