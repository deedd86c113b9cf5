// Does a timeline go anywhere? Random moments of a run, and random steps from each, forward and back. The
// judge is a machine that runs straight to the same moment: all objects and pages must be equal.
import { peek } from "../../src/debug/memory.ts";
import { readAll } from "../../src/debug/registers.ts";
import type { Kernel } from "../../src/kernel/core/kernel.ts";
import type { BootOptions } from "../../src/machine/boot.ts";
import { Machine } from "../../src/machine/machine.ts";
import { compareMoments, type Moment, momentText, NEVER } from "../../src/machine/moment.ts";
import type { Program } from "../../src/machine/options.ts";
import { difference } from "../../src/machine/snapshot/difference.ts";
import { Live } from "../../src/machine/snapshot/live.ts";
import type { StartOptions } from "../../src/machine/snapshot/options.ts";
import { Timeline } from "../../src/machine/timeline/timeline.ts";
import { digestOf } from "../campaign/digest.ts";
import { Random } from "../oracle/random.ts";

/** A program to go through. */
export interface Subject {
  readonly program: Program;
  readonly boot: BootOptions;
  readonly options?: StartOptions;
}
/** The number of moments, and of steps from each. */
export interface Effort {
  readonly moments: number;
  readonly steps: number;
}

/** Runs straight to a moment. */
const straight = async ({ program, boot, options }: Subject, moment: Moment): Promise<Live> => {
  const live = new Live(new Machine(boot), program, { stdin: "", ...options });
  await live.until(momentText(moment));
  return live;
};
/** Registers and memory of all tasks, clock and calls: all but which pages are mapped already. */
const meaningOf = ({ tasks, init, now, syscalls }: Kernel): readonly string[] => [
  `${now} ns, ${syscalls} calls`,
  ...[...tasks.values()]
    .filter(({ process }) => process !== init)
    .flatMap((task) => {
      const lines = [`${task.pid} ${task.state} ${digestOf(readAll(task))}`];
      if (task.process.leader !== task) return lines;
      for (const { start, end } of task.mem.areas) {
        const bytes = new Uint8Array(Math.min(end - start, 2 ** 24));
        lines.push(`${task.pid} ${start.toString(16)} ${digestOf(bytes.subarray(0, peek(task.mem, start, bytes)))}`);
      }
      return lines;
    }),
];
/**
 * The first difference of a timeline from the straight run to the same moment. `isResident`: it is in the
 * pages that are mapped already, which compiled code brings with it as a fault around it would.
 */
const differenceAt = async (
  timeline: Timeline,
  subject: Subject,
): Promise<{ readonly text: string; readonly isResident: boolean } | undefined> => {
  const other = await straight(subject, timeline.moment);
  timeline.kernel.scheduler.pauseAt = undefined;
  const found = difference(timeline.kernel, other.kernel);
  if (!found) return undefined;
  const text = `${momentText(timeline.moment)}: ${found.path}: ${found.first}, not ${found.second}`;
  const [mine, theirs] = [meaningOf(timeline.kernel), meaningOf(other.kernel)];
  const isResident = mine.length === theirs.length && mine.every((line, i) => line === theirs[i]);
  return { text, isResident };
};

/** The result of going through a program. */
export interface Visited {
  /** All that is wrong. */
  readonly wrong: readonly string[];
  /** Moments at which other pages were mapped, and all else was equal. */
  readonly resident: number;
}
/** Goes to moments. `seconds`: the length of the run in real time, at most. */
export const goAnywhere = async (subject: Subject, seed: number, { moments, steps }: Effort, seconds = 20): Promise<Visited> => {
  const random = new Random(seed);
  const { program, boot, options } = subject;
  const timeline = new Timeline(new Machine(boot), program, { stdin: "", ...options }, { every: 20 });
  const end = Date.now() + seconds * 1000;
  const { turn } = timeline;
  timeline.turn = async () => {
    await turn();
    if (Date.now() > end) timeline.interrupt();
  };
  await timeline.run(NEVER);
  timeline.turn = turn;
  const found: string[] = [];
  let resident = 0;
  const most = timeline.reached.instructions;
  for (let n = 0; n < moments; n++) {
    await timeline.goTo(timeline.start);
    await timeline.run({ instructions: random.below(most), steps: 0 });
    for (let i = 0; i < steps; i++) {
      if (random.chance(0.5)) await timeline.step();
      else {
        const from = timeline.moment;
        const to = await timeline.back();
        if (!to) continue;
        if (compareMoments(to, from) >= 0 || compareMoments(to, timeline.moment) !== 0)
          found.push(`${momentText(from)}: back to ${momentText(to)}`);
      }
    }
    const different = await differenceAt(timeline, subject);
    if (different?.isResident) resident++;
    else if (different) found.push(different.text);
  }
  return { wrong: found, resident };
};
