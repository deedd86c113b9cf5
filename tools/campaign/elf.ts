// Damaged ELF files of both widths: a machine runs them or reports a Problem, in bounded time, and engines
// agree on the run.
import type { Engine } from "../../src/cpu/engine.ts";
import { Machine } from "../../src/machine/machine.ts";
import { Problem } from "../../src/problem.ts";
import type { Random } from "../oracle/random.ts";
import { digestOf } from "./digest.ts";
import { guestFile, guestNames } from "./guests.ts";
import { kind, noFinding } from "./kind.ts";

/** Bytes that are written over the original's, in hex. */
interface Edit {
  readonly at: number;
  readonly bytes: string;
}
interface Input {
  readonly guest: string;
  readonly edits: readonly Edit[];
  /** Length of the file; absent: the original's. */
  readonly length?: number;
}

const MEMORY = 16 * 2 ** 20;
/** Virtual nanoseconds: most end at once, and loops need no more to show themselves. */
const LIMIT = 3e6;
/** Bytes of output; a guest with more is killed. Characters of it in a finding. */
const MOST_OUTPUT = 2 ** 20;
const SHOWN = 200;

// biome-ignore format: table
const nasty = [0n, 1n, 2n, 3n, 6n, 7n, 0xffn, 0xfffn, 0x1000n, 0x1001n, 0x7fffn, 0xffffn, 0x1_0000n, 0x40_0000n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_f000n, 0xffff_ffffn,
  2n ** 40n, 0x7fff_ffff_f000n, 2n ** 47n, 2n ** 60n, -4096n, -1n];
const hexOf = (value: bigint, size: number): string => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, value));
  return bytes.subarray(0, size).toString("hex");
};

const edit = (r: Random, length: number): Edit => {
  // Mostly headers, because the loader reads them. The rest is code.
  const at = r.chance(0.8) ? r.below(Math.min(length, 0x100)) : r.below(length);
  const size = r.pick([1, 2, 4, 8]);
  const aligned = r.chance(0.7) ? at - (at % size) : at;
  return { at: aligned, bytes: hexOf(r.chance(0.7) ? r.pick(nasty) : r.u64(), size) };
};

const names = guestNames();
const draw = (r: Random): Input => {
  const guest = r.pick(names);
  const { length } = guestFile(guest);
  const edits = Array.from({ length: 1 + r.below(5) }, () => edit(r, length));
  return { guest, edits, ...(r.chance(0.2) ? { length: r.below(length + 1) } : {}) };
};

const damaged = ({ guest, edits, length }: Input): Uint8Array => {
  const bytes = guestFile(guest);
  for (const { at, bytes: hex } of edits) bytes.set(Buffer.from(hex, "hex").subarray(0, Math.max(0, bytes.length - at)), at);
  return bytes.subarray(0, length ?? bytes.length);
};

let memory: WebAssembly.Memory | undefined;
const run = (file: Uint8Array, engine: Engine): string => {
  const used = memory;
  memory = undefined;
  const machine = new Machine({ engine, memory: MEMORY }, used);
  let what: string;
  try {
    const { run: done, end } = machine.runClosed(file, { stdin: "", maxOutput: MOST_OUTPUT }, LIMIT);
    what = JSON.stringify([end, done.status, done.stats, digestOf(done.stdout.bytes), done.stdout.text.slice(0, SHOWN), done.kernelLog]);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    what = error.message;
  }
  memory = machine.giveUp();
  return what;
};

export const elf = kind<Input>({
  summary: "damaged ELF files of both widths: a run or a Problem, the same in both engines",
  bounds: { seconds: 20, megabytes: 1000 },
  draw,
  check(input) {
    const file = damaged(input);
    const interpreted = run(file, "interpret");
    const compiled = run(file, "jit");
    const verdict = noFinding(1, digestOf(interpreted));
    if (interpreted === compiled) return verdict;
    return {
      ...verdict,
      finding: { rule: "interpret and jit are equal", expected: interpreted.slice(0, 1000), seen: compiled.slice(0, 1000) },
    };
  },
  parts: { of: ({ edits }) => edits, with: (input, parts) => ({ ...input, edits: parts as readonly Edit[] }) },
});
