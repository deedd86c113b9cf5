// The last moment of a process, on the way back from a later one.
import type { Moment } from "../../kernel/core/scheduling.ts";
import { compareMoments } from "../moment.ts";
import type { Timeline } from "./timeline.ts";

/** Moments to the end of a process that are searched one by one, before the search takes longer steps. */
const NEAR_STEPS = 16;

/**
 * Goes back to the last moment before a process began to end, if it has. `begin`: a moment at which it lives.
 */
export const goToLastMoment = async (timeline: Timeline, pid: number, begin = timeline.start): Promise<void> => {
  const isOver = (): boolean => {
    const now = timeline.kernel.processes.get(pid);
    return !now || now.ended !== undefined || now.exiting !== undefined || now.threads.length === 0;
  };
  // Its end is near, unless other processes have outlived it.
  for (let steps = 0; steps < NEAR_STEPS && isOver(); steps++) if (!(await timeline.back())) return;
  if (isOver()) await lastWithout(timeline, compareMoments(timeline.start, begin) < 0 ? begin : timeline.start, isOver);
};
/**
 * Goes back to the last moment at which something that stays true was not true yet. Before the process begins
 * it may be true, too, so the search does not go there.
 */
const lastWithout = async (timeline: Timeline, first: Moment, isTrue: () => boolean): Promise<void> => {
  const goTo = (instructions: number): Promise<void> =>
    timeline.approach(instructions > first.instructions ? { instructions, steps: 0 } : first);
  let late = timeline.moment.instructions;
  let early = late;
  for (let distance = 64; isTrue() && early > first.instructions; distance *= 8) {
    late = early;
    early = Math.max(first.instructions, early - distance);
    await goTo(early);
  }
  while (late - early > 1) {
    const middle = Math.floor((early + late) / 2);
    await goTo(middle);
    if (isTrue()) late = middle;
    else early = middle;
  }
  await goTo(early);
  for (let last = timeline.moment; !isTrue(); ) {
    last = timeline.moment;
    await timeline.step(true);
    if (isTrue()) return timeline.approach(last);
    if (compareMoments(timeline.moment, last) === 0) return;
  }
};
