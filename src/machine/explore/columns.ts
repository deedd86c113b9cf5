// The order of accesses that makes a schedule fail, a column for each task.
import type { Departure } from "../schedule.ts";
import type { Step } from "./run/notes.ts";
import { withSpins } from "./spin-lines.ts";

const MOST_LINES = 40;
/** Accesses that are shown before the first departure. */
const BEFORE = 6;
const WIDTH = 36;

/** The tasks that departures name. */
const tasksOf = (departures: readonly Departure[]): ReadonlySet<number> =>
  new Set(departures.flatMap(({ point, task }) => [Number.parseInt(String(point), 10), task]));

/**
 * The lines that matter: from a few accesses before the first departure on, the accesses to shared memory of
 * the tasks of the departures and of `matter`. A task that gives way makes its access after the other tasks'.
 * `matter`: a star marks them.
 */
export const columns = (steps: readonly Step[], departures: readonly Departure[], matter: ReadonlySet<Step>): string[] => {
  const tasks = new Set([...tasksOf(departures), ...Array.from(matter, ({ pid }) => pid)]);
  const shown = (list: readonly Step[]): Step[] => list.filter(({ pid, text }) => text !== undefined && tasks.has(pid));
  const isBegun = steps.findIndex(({ pid }) => pid === departures[0]?.task);
  const first = steps.findIndex(({ place }) => departures.some(({ point }) => point === place));
  const cut = Math.max(0, isBegun < 0 ? first : first < 0 ? isBegun : Math.min(first, isBegun));
  const list = [...shown(steps.slice(0, cut)).slice(-BEFORE), ...shown(steps.slice(cut))];
  if (list.length === 0) return [];
  const pids = [...new Set(list.map(({ pid }) => pid))];
  const lines = withSpins(list, steps, matter).map(
    ({ step, text }) => `${" ".repeat(WIDTH * pids.indexOf(step.pid))}${matter.has(step) ? "*" : " "} ${text}`,
  );
  const half = MOST_LINES / 2;
  const most =
    lines.length > MOST_LINES ? [...lines.slice(0, half), `… ${lines.length - MOST_LINES} more …`, ...lines.slice(-half)] : lines;
  return [
    pids
      .map((pid) => `  task ${pid}`.padEnd(WIDTH))
      .join("")
      .trimEnd(),
    ...most,
  ];
};
