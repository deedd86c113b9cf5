// A process that judges programs of SV-COMP, one message each, for sv-comp.ts. The tool ends it if a program
// takes too long: one schedule may make threads without an end.
import { explore, replay } from "../../src/machine/explore/explore.ts";
import { hostTree } from "../../src/node.ts";

/** A program and its limits. */
export interface Question {
  /** Programs in which unknown values are of one row, and at last one in which a search chooses them. */
  readonly programs: readonly string[];
  /** That it may take; undefined: schedules are the only limit. */
  readonly seconds?: number;
  /** Of its proof. */
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
/** What the process sends: an answer, or from time to time that schedules end. */
export type Message = Answer | "lives";

const ERROR = "reach_error";
const MORE = "more choices";
/**
 * Searches for a program with too many traces, for bugs that those reach late, with so many schedules each.
 * `random` is none: it lets a loop that waits go on.
 */
const OTHERS = ["pos", "feedback", "pct"] as const;
const MOST = 100;
/** The part of the time that the traces have. */
const SHARE = 0.9;

/** Milliseconds between two signs of life. */
const BEAT = 1000;
let next = 0;
const live = (): void => {
  if (performance.now() < next) return;
  next = performance.now() + BEAT;
  process.send?.("lives" satisfies Message);
};

/** Proves a program, or finds a call of reach_error(): with values of a row first. */
const judge = async ({ programs, seconds = Infinity, schedules: limit }: Question): Promise<Answer> => {
  let [schedules, milliseconds] = [0, 0];
  for (const [n, program] of programs.entries()) {
    const isLast = n === programs.length - 1;
    const parts = isLast ? 1 : 2 * programs.length;
    const own = seconds / parts;
    const most = Math.ceil(limit / parts);
    const options = {
      root: hostTree("/"),
      atomic: "verifier_atomic",
      neverOutput: [ERROR, MORE],
      clock: "2025-01-01",
      minimise: false,
      tried: live,
    };
    let why = "";
    let counted = "";
    for (const search of ["dpor", ...OTHERS] as const) {
      const isProof = search === "dpor";
      const limits = isProof
        ? { seconds: own * SHARE, schedules: most }
        : { seconds: (own * (1 - SHARE)) / OTHERS.length, schedules: MOST };
      const found = await explore(program, { ...options, ...limits, search });
      const { violation, traces } = found;
      schedules += found.schedules;
      milliseconds += found.milliseconds;
      if (traces) counted = `${traces.count}+${traces.blocked}`;
      if (violation?.what.includes(ERROR)) {
        const isRepeated = replay(program, { ...options, schedule: violation.schedule }) === violation.what;
        return { verdict: "yes", isRepeated, traces: isProof ? counted : search, schedules, seconds: milliseconds / 1000 };
      }
      if (!isProof) continue;
      if (traces?.all) {
        why = "never";
        break;
      }
      const isStopped = found.milliseconds >= own * SHARE * 990 || found.schedules >= most;
      why = `unknown: ${violation ? "more values" : isStopped ? "more traces" : "a run was cut"}`;
    }
    if (isLast) return { verdict: why, isRepeated: true, traces: counted, schedules, seconds: milliseconds / 1000 };
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
