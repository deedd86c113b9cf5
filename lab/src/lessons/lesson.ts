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
  /** The source in C of which the program's assembly was made. Its comments name lines of it (c/). */
  readonly c?: string;
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

/**
 * The line of C for a line of assembly: comments such as `; 15 | call();` stand before the instructions of a
 * line. Undefined: the line belongs to none.
 */
export const lineOfC = (assembly: string, line: number): number | undefined => {
  for (const text of assembly.split("\n").slice(0, line).reverse()) {
    const marked = /^; (\d+) \| /.exec(text)?.[1];
    if (marked !== undefined) return Number(marked);
  }
  return undefined;
};
