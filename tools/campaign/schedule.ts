// Random programs of several tasks under random schedules: a schedule gives the same run again, and its text
// gives it once more.

import { Machine } from "../../src/machine/machine.ts";
import { type Departure, Follower, type Schedule, scheduleText } from "../../src/machine/schedule.ts";
import type { Random } from "../oracle/random.ts";
import { digestOf } from "./digest.ts";
import { guestFile } from "./guests.ts";
import { type Finding, kind, noFinding } from "./kind.ts";
import { drawScript } from "./syscalls/draw.ts";
import { encode, partsOf, type Script, type ScriptPart, withParts } from "./syscalls/script.ts";

interface Input {
  readonly script: Script;
  readonly seed: number;
  /** Where to depart from the default, as a share of the choices that there are; which candidate. */
  readonly departures: readonly (readonly [share: number, candidate: number])[];
  readonly slice?: number;
}

const MEMORY = 32 * 2 ** 20;
const LIMIT = 5e9;
const guest = guestFile("script");

const draw = (r: Random): Input => ({
  script: drawScript(r, { abis: ["x64", "i386"], harmless: false, chunks: 3, callsEach: 12, tasks: 0.3 }),
  seed: r.below(1000),
  departures: Array.from({ length: r.below(5) }, () => [r.below(1000) / 1000, r.below(8)] as const),
  ...(r.chance(0.5) ? { slice: r.pick([2, 10, 100, 5000]) } : {}),
});

let memory: WebAssembly.Memory | undefined;
interface Outcome {
  readonly digest: string;
  readonly points: Follower["points"];
}
/** Under a schedule that the follower has, or that its text says. */
const run = (script: Uint8Array, { seed }: Input, { departures, slice }: Schedule, asText: boolean): Outcome => {
  const used = memory;
  memory = undefined;
  const machine = new Machine({ seed, memory: MEMORY }, used);
  const follower = new Follower(departures);
  if (!asText) machine.follow(() => follower, slice);
  const schedule = scheduleText({ departures, ...(slice === undefined ? {} : { slice }) });
  const options = { stdin: script, cwd: "/tmp", ...(asText ? { schedule } : {}) };
  const { run: done, end } = machine.runClosed(guest, options, LIMIT);
  memory = machine.giveUp();
  if (!asText) follower.check();
  return { digest: digestOf(JSON.stringify([end, done.status, done.stats, done.kernelLog]), done.stdout.bytes), points: follower.points };
};

/** Departures in order, each a choice that the run with those before it has. */
const scheduleOf = (script: Uint8Array, input: Input): Schedule => {
  const schedule: { departures: readonly Departure[]; slice?: number } = {
    departures: [],
    ...(input.slice === undefined ? {} : { slice: input.slice }),
  };
  for (const [share, candidate] of [...input.departures].sort((a, b) => a[0] - b[0])) {
    const { points } = run(script, input, schedule, false);
    const after = ((schedule.departures.at(-1)?.point as number | undefined) ?? -1) + 1;
    const point = after + Math.floor(share * Math.max(0, points.length - after));
    const candidates = points[point];
    if (!candidates || candidates.length === 0) continue;
    schedule.departures = [...schedule.departures, { point, task: candidates[candidate % candidates.length] as number }];
  }
  return schedule;
};

export const schedule = kind<Input>({
  summary: "programs of several tasks under random schedules: the same again, and by the schedule's text",
  bounds: { seconds: 60, megabytes: 1500 },
  draw,
  check(input) {
    const script = encode(input.script);
    const chosen = scheduleOf(script, input);
    const [first, second, replayed] = [false, false, true].map((asText) => run(script, input, chosen, asText).digest) as [
      string,
      string,
      string,
    ];
    const verdict = noFinding(1, digestOf(first, scheduleText(chosen)));
    const different = (rule: string, seen: string): { finding: Finding } => ({
      finding: { rule, expected: first, seen: `${seen} under ${scheduleText(chosen)}` },
    });
    if (second !== first) return { ...verdict, ...different("a schedule gives the same run twice", second) };
    if (replayed !== first) return { ...verdict, ...different("a schedule's text gives the run of the schedule", replayed) };
    return verdict;
  },
  parts: {
    of: ({ script }) => partsOf(script),
    with: (input, parts) => ({ ...input, script: withParts(input.script, parts as readonly ScriptPart[]) }),
  },
});
