// Answers at their moments: each moment is visited, and the place in the code is read there.
import type { Task } from "../../kernel/core/task.ts";
import { compareMoments, type Moment } from "../../machine/moment.ts";
import type { Frame } from "../../machine/stack/frame.ts";
import { modeOf, programCounter, stackOf } from "../registers.ts";
import type { History, When } from "./history.ts";
import { type CodePlace, instructionAt, placeOf } from "./place.ts";

/** What an answer is about. */
export interface AskedMoment {
  readonly when: When;
  readonly pid: number;
  /** 0: the task that runs then. */
  readonly tid: number;
  readonly comm: string;
}
/** A moment, and what is there. */
export interface VisitedMoment {
  readonly moment: Moment;
  readonly pid: number | undefined;
  readonly tid: number | undefined;
  readonly comm: string | undefined;
  readonly place: CodePlace | undefined;
  readonly instruction: string | undefined;
  /** The innermost function first. */
  readonly stack: readonly Frame[];
}

const timeOf = (when: When): Moment => ("at" in when ? when.at : when.before);
const look = (history: History, { pid, tid, comm }: AskedMoment, hasStack: boolean): Omit<VisitedMoment, "moment"> => {
  const task: Task | undefined = history.task(tid) ?? history.kernel.scheduler.current;
  const who = tid === 0 && task ? { pid: task.process.pid, tid: task.pid, comm: task.comm } : { pid, tid, comm };
  if (!task) return { ...who, place: undefined, instruction: undefined, stack: [] };
  const pc = programCounter(task);
  return { ...who, place: placeOf(task, pc), instruction: instructionAt(task, pc, modeOf(task)), stack: hasStack ? stackOf(task) : [] };
};

/** Visits the moments in the order of the run. The result has the order of the answers. */
export const visitAll = async (history: History, answers: readonly AskedMoment[], hasStack: boolean): Promise<readonly VisitedMoment[]> => {
  const order = answers
    .map((_, n) => n)
    .sort((a, b) => compareMoments(timeOf((answers[a] as AskedMoment).when), timeOf((answers[b] as AskedMoment).when)));
  const found: VisitedMoment[] = [];
  for (const n of order) {
    const one = answers[n] as AskedMoment;
    const { moment, seen } = await history.visit(one.when, () => look(history, one, hasStack));
    found[n] = { moment, ...seen };
  }
  return found;
};
