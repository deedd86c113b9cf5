// Does a timeline go anywhere? Random moments of a run, and random steps from each, forward and back. The
// judge is a machine that runs straight through the same moments: all objects and pages must be equal.
import type { BootOptions } from "../../src/machine/boot.ts";
import { Machine } from "../../src/machine/machine.ts";
import { compareMoments, type Moment, momentText, NEVER } from "../../src/machine/moment.ts";
import type { Program } from "../../src/machine/options.ts";
import { difference } from "../../src/machine/snapshot/difference.ts";
import { Live } from "../../src/machine/snapshot/live.ts";
import type { StartOptions } from "../../src/machine/snapshot/options.ts";
import type { SavedState } from "../../src/machine/snapshot/snapshot.ts";
import { Timeline } from "../../src/machine/timeline/timeline.ts";
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
/** The state of a timeline at a moment. */
interface Visit {
  readonly moment: Moment;
  readonly state: SavedState;
}

/** Random steps, forward and back. Adds to `wrong` when a step back does not go back. */
const wander = async (timeline: Timeline, random: Random, steps: number, wrong: string[]): Promise<void> => {
  for (let i = 0; i < steps; i++) {
    if (random.chance(0.5)) {
      await timeline.step();
      continue;
    }
    const from = timeline.moment;
    const to = await timeline.back();
    if (to && (compareMoments(to, from) >= 0 || compareMoments(to, timeline.moment) !== 0))
      wrong.push(`${momentText(from)}: back to ${momentText(to)}`);
  }
};
/** The differences of visited states from those of one machine that runs straight through their moments. */
export const differences = async ({ program, boot, options }: Subject, visits: readonly Visit[]): Promise<readonly string[]> => {
  const straight = new Live(new Machine(boot), program, { stdin: "", ...options });
  const found: string[] = [];
  for (const { moment, state } of [...visits].sort((a, b) => compareMoments(a.moment, b.moment))) {
    await straight.until(momentText(moment));
    straight.kernel.scheduler.pauseAt = undefined;
    const { kernel } = Live.copy(state, boot);
    kernel.scheduler.pauseAt = undefined;
    const different = difference(kernel, straight.kernel);
    if (different) found.push(`${momentText(moment)}: ${different.path}: ${different.first}, not ${different.second}`);
  }
  return found;
};

/** Goes to moments, and returns all that is wrong. `seconds`: the length of the run in real time, at most. */
export const goAnywhere = async (subject: Subject, seed: number, { moments, steps }: Effort, seconds = 20): Promise<readonly string[]> => {
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
  const most = timeline.reached.instructions;
  const wrong: string[] = [];
  const visits: Visit[] = [];
  for (let n = 0; n < moments; n++) {
    // Half of them from the beginning: the processor knows code of the future then.
    if (random.chance(0.5)) await timeline.goToStart();
    await timeline.approach({ instructions: random.below(most), steps: 0 });
    await wander(timeline, random, steps, wrong);
    visits.push({ moment: timeline.moment, state: timeline.live.save() });
  }
  return [...wrong, ...(await differences(subject, visits))];
};
