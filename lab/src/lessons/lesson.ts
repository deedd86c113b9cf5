// A lesson: a state of the page, a text beside it, and a task that the page checks after each run.

import { type CallRow, laneOf, verdictOf } from "../state/rows.ts";
import type { RunState } from "../state/run.ts";
import { defaults, type Saved } from "../state/saved.ts";

/** The data by which a task is judged. */
export interface Work {
  readonly saved: Saved;
  readonly source: string;
  readonly a: RunState;
  readonly b: RunState;
}
export interface Lesson {
  readonly id: string;
  readonly title: string;
  readonly text: readonly string[];
  readonly task: string;
  /** The conclusion, shown when the task is solved. */
  readonly after: string;
  readonly state: Saved;
  readonly isSolved: (work: Work) => boolean;
}

export const lessonState = (lesson: string, some: Partial<Saved>): Saved => ({ ...defaults, ...some, lesson });

export const callsOf = ({ rows }: RunState): readonly CallRow[] => rows.rows.filter((row): row is CallRow => row.kind === "call");
export const ran = (row: CallRow): boolean => (row.end?.result ?? -1) >= 0 && (row.verdict?.allowed ?? true);
export const isDenied = (row: CallRow): boolean => row.verdict !== undefined && !row.verdict.allowed;
export const isLocked = (row: CallRow): boolean => verdictOf(row).word === "LOCK";
export const through =
  (lane: ReturnType<typeof laneOf>, name: string) =>
  ({ call }: CallRow): boolean =>
    laneOf(call) === lane && call.name === name;
export const endedWell = (run: RunState): boolean => run.end === "exited with 0";
