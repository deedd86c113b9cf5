// A process that judges programs of SV-COMP, one message each, for sv-comp.ts. The tool ends it if a program
// takes too long: one schedule may make threads without an end.
import { explore, replay } from "../../src/machine/explore/explore.ts";
import { hostTree } from "../../src/node.ts";

/** A program, the seconds that it may take, and the schedules of its proof. */
export interface Question {
  /** Programs in which unknown values are of one row, and at last one in which a search chooses them. */
  readonly programs: readonly string[];
  readonly seconds: number;
  readonly schedules: number;
}
/** "yes" if reach_error() is called, "never" for a proof, or the reason for which there is no verdict. */
export interface Answer {
  readonly verdict: string;
  /** The schedule alone repeats the call. */
  readonly isRepeated: boolean;
  readonly traces: string;
  readonly schedules: number;
  readonly seconds: number;
}

const ERROR = "reach_error";
const MORE = "more choices";
/**
 * Searches before the traces, for bugs that those reach late, with so many schedules each. `random` is none:
 * it lets a loop that waits go on.
 */
const FIRST = ["pos", "feedback", "pct"] as const;
const MOST = 60;

/** Proves a program, or finds a call of reach_error(): with values of a row first. */
const judge = async ({ programs, seconds, schedules: most }: Question): Promise<Answer> => {
  let [schedules, milliseconds] = [0, 0];
  for (const [n, program] of programs.entries()) {
    const isLast = n === programs.length - 1;
    const own = seconds / (isLast ? 1 : 2 * programs.length);
    const options = { root: hostTree("/"), atomic: "verifier_atomic", neverOutput: [ERROR, MORE], clock: "2025-01-01", minimise: false };
    for (const search of [...FIRST, "dpor"] as const) {
      const limits = { seconds: own, schedules: search === "dpor" ? most : MOST };
      const found = await explore(program, { ...options, ...limits, search });
      const { violation, traces } = found;
      schedules += found.schedules;
      milliseconds += found.milliseconds;
      const isError = violation?.what.includes(ERROR) === true;
      if (!isError && (!isLast || search !== "dpor")) continue;
      const why = violation ? "more values" : found.milliseconds < own * 990 && found.schedules < most ? "a run was cut" : "more traces";
      const verdict = isError ? "yes" : traces?.all ? "never" : `unknown: ${why}`;
      const isRepeated = !isError || replay(program, { ...options, schedule: violation.schedule }) === violation.what;
      const counted = `${traces?.count ?? search}${traces ? `+${traces.blocked}` : ""}`;
      return { verdict, isRepeated, traces: counted, schedules, seconds: milliseconds / 1000 };
    }
  }
  throw new Error("there is no program");
};

process.on("message", (question: Question) => {
  const answer = judge(question).catch((error): Answer => {
    const text = String((error as Error).message).split("\n")[0];
    return { verdict: `unknown: ${text}`, isRepeated: true, traces: "", schedules: 0, seconds: 0 };
  });
  void answer.then((one) => process.send?.(one));
});
