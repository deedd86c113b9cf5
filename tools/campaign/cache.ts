// The cache of compiled code: programs do the same with any content of its folder, with other writers in it,
// and after a writer was killed.
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Machine } from "../../src/machine/machine.ts";
import type { Random } from "../oracle/random.ts";
import { type Damage, damage, drawDamage } from "./cache-damage.ts";
import { type Ended, inScratch, isHostException, requireBuild, trapgate } from "./cli.ts";
import { drawRegisters, drawSlots, EMPTY, encodeSlots, type SlotProgram } from "./code/slots.ts";
import { digestOf } from "./digest.ts";
import { guestFile, guestFolder } from "./guests.ts";
import { type Finding, kind, noFinding } from "./kind.ts";

type Step =
  | { readonly do: "run"; readonly program: number; readonly together?: number }
  | { readonly do: "kill"; readonly program: number; readonly after: number }
  | Damage;
interface Input {
  /** Variants of one program, so that compiled code of one is at the addresses of the others. */
  readonly programs: readonly SlotProgram[];
  readonly steps: readonly Step[];
}

const ROUNDS = 4000;
/** Seconds of real time. A run takes half a second. */
const PATIENCE = 20;
const guest = join(guestFolder, "slots");

const step = (r: Random): Step => {
  const roll = r.below(10);
  const program = r.below(3);
  if (roll < 4) return { do: "run", program };
  if (roll < 5) return { do: "run", program, together: 2 + r.below(2) };
  if (roll < 6) return { do: "kill", program, after: 100 + r.below(500) };
  return drawDamage(r);
};
const draw = (r: Random): Input => {
  const slots = drawSlots(r, 24 + r.below(40));
  const first: SlotProgram = { slots, registers: drawRegisters(r), data: r.u32(), timer: 0 };
  const variant = (): SlotProgram => ({ ...first, slots: slots.map((slot, i) => (i < slots.length - 1 && r.chance(0.1) ? EMPTY : slot)) });
  return {
    programs: [first, variant(), variant()],
    steps: [{ do: "run", program: 0 }, ...Array.from({ length: 4 }, () => step(r)), { do: "run", program: r.below(3) }],
  };
};

/** Virtual nanoseconds of a program. Most take a hundredth. */
const LIMIT = 2e8;
/** The digest of what a program writes; undefined if it does not end. */
const expectedOf = (input: Uint8Array): string | undefined => {
  const machine = new Machine({ engine: "interpret", memory: 2 ** 26 });
  const { run, end } = machine.runClosed(guestFile("slots"), { stdin: input, argv0: guest }, LIMIT);
  return end === "ended" ? digestOf(run.stdout.bytes) : undefined;
};

const judged = (ended: Ended, expected: string, what: string): Finding | undefined => {
  if (ended.end === "SIGKILL")
    return { rule: "a run with a cache ends", expected: `an end within ${PATIENCE} s`, seen: `none after ${what}` };
  if (isHostException(ended))
    return { rule: "a run with a cache throws nothing", expected: "no exception", seen: `${ended.stderr.slice(0, 600)} after ${what}` };
  const seen = digestOf(ended.stdout);
  if (ended.end === 0 && seen === expected) return undefined;
  return {
    rule: "a run with a cache does what one without does",
    expected,
    seen: `${seen}, end ${ended.end}, ${ended.stderr.slice(0, 200)} after ${what}`,
  };
};

const check = (input: Input): Promise<{ inputs: number; digest: string; finding?: Finding }> =>
  inScratch(async (scratch) => {
    const folder = join(scratch, "cache");
    mkdirSync(folder);
    const inputs = input.programs.map((program) => encodeSlots(program, ROUNDS));
    const expected = inputs.map(expectedOf).filter((digest) => digest !== undefined);
    // A drawn program that does not end shows nothing of the cache.
    if (expected.length < inputs.length) return noFinding(1, digestOf(...expected));
    const run = (program: number, seconds: number) =>
      trapgate(["run", "--no-start-cache", "--code-cache", folder, guest], { stdin: inputs[program] as Uint8Array, seconds });
    const verdict = noFinding(input.steps.length, digestOf(...expected));
    let last = "nothing";
    for (const s of input.steps) {
      if (s.do === "damage") {
        if (readdirSync(folder).length > 0) damage(folder, s);
        last = s.how;
      } else if (s.do === "kill") {
        await run(s.program, s.after / 1000);
        last = "kill -9";
      } else {
        const runs = await Promise.all(Array.from({ length: s.together ?? 1 }, () => run(s.program, PATIENCE)));
        for (const ended of runs) {
          const finding = judged(ended, expected[s.program] as string, last);
          if (finding) return { ...verdict, finding };
        }
      }
    }
    return verdict;
  });

export const cache = kind<Input>({
  summary: "damaged files of the code cache, runs at the same time, kill -9 while writing: programs do the same",
  bounds: { seconds: 180, megabytes: 2000 },
  needs: requireBuild,
  draw,
  check,
  parts: { of: ({ steps }) => steps, with: (input, parts) => ({ ...input, steps: parts as readonly Step[] }) },
});
