// Matchers for results of runs and searches: the end, the trace, the calls that were denied.

import { E } from "../abi/errno.ts";
import type { Denial } from "../machine/denial.ts";
import type { Exploration } from "../machine/explore/options.ts";
import { raceLines } from "../machine/explore/races/report.ts";
import { signalNames } from "../machine/tracing/status.ts";
import { didYouMean } from "../nearest.ts";
import { parseCall } from "../policy/call.ts";
import { Problem } from "../problem.ts";
import { aText, check, listOf, oneOf, optional, optionsOf, type Want, wants, wholeNumber } from "../wants.ts";
import type { DeniedOptions, HoldOptions } from "./matcher-types.ts";
import { deniedRunOf, type Ended, explorationOf, runOf, tracedRunOf } from "./subject.ts";
import { absenceText, findLines, presenceText, type TraceLine } from "./trace-lines.ts";

interface State {
  readonly isNot?: boolean | undefined;
}
const not = ({ isNot }: State): string => (isNot ? "not " : "");

const LAST = 5;
const MOST = 2 ** 31;
const how = ({ status }: Ended): string => {
  if ("exit" in status) return `exited with ${status.exit}`;
  if ("signal" in status) return `was killed by ${status.signal}`;
  return `ran for more than ${status.timeout} s`;
};
const listed = (title: string, lines: readonly string[]): string =>
  lines.length === 0 ? "" : `\n  ${title}:\n${lines.map((line) => `    ${line}`).join("\n")}`;
const lastCalls = ({ trace }: Ended): string => listed("last system calls", trace.slice(-LAST));

const doors = { syscall: ["syscall64", "syscall32"], int80: ["int80"], sysenter: ["sysenter"], vsyscall: ["vsyscall"] } as const;
const abis = ["x64", "i386", "x32"] as const;
const VERDICT = /^(?:(KILL|KILL_PROCESS|KILL_THREAD|USER_NOTIF|0x[\da-f]{1,8})|(ERRNO|TRAP|TRACE)(?:\((\w+)\))?)$/;
const errnoNamed = (number: number): string | undefined => Object.entries(E).find(([, value]) => value === number)?.[0];

/** The verdict as denials have it. Throws a Problem for a text that no verdict begins with. */
const verdictOf = (text: string): string => {
  const [, plain, action, data] = VERDICT.exec(text) ?? [];
  if (plain !== undefined || (action !== undefined && data === undefined)) return text;
  const number = data !== undefined && /^\d+$/.test(data) ? Number(data) : undefined;
  if (action === "ERRNO" && number !== undefined && number < 4096) return `ERRNO(${errnoNamed(number) ?? number})`;
  if (action !== undefined && action !== "ERRNO" && number !== undefined && number < 65536) return text;
  if (action === "ERRNO" && data !== undefined && Object.hasOwn(E, data)) return text;
  const help = Object.hasOwn(E, text)
    ? `write "ERRNO(${text})"`
    : data === undefined
      ? didYouMean(text, verdicts)
      : didYouMean(data, Object.keys(E));
  throw new Problem("unknown-name", `toBeDenied: verdict cannot be ${JSON.stringify(text)}`, {
    help: help ?? 'such as "ERRNO(EPERM)", "KILL", "TRAP"',
  });
};
const verdicts = ["KILL", "KILL_PROCESS", "KILL_THREAD", "USER_NOTIF", "ERRNO", "TRAP", "TRACE"];
const someOptions = optionsOf<DeniedOptions>({
  abi: optional(oneOf(abis)),
  via: optional(oneOf(Object.keys(doors))),
  verdict: optional(aText),
});

const holdOptions = optionsOf<HoldOptions>({
  within: optionsOf<HoldOptions["within"]>({
    departures: optional(wholeNumber(0, MOST)),
    schedules: optional(wholeNumber(1, MOST)),
  }),
});
const GIVEN_UP = "it was given up before its bound";
const DRAWN = "it drew them, which is no proof (within: { schedules } states how many are enough)";
/** What a search has tried and covered. */
const tried = ({ schedules, coverage }: Exploration): string => {
  if (!coverage) return `${schedules} schedules`;
  const { distinct, tasks, points, words, readsFrom } = coverage;
  return `${schedules} schedules (${distinct} different, of ${tasks} tasks with up to ${points} points, ${words} shared words, ${readsFrom} pairs of a write and a read)`;
};

/** The condition on denials that a call's text and options express. */
const denialTest = (text: unknown, options: DeniedOptions): ((denial: Denial) => boolean) => {
  check("toBeDenied", { call: aText, options: someOptions }, [text, options]);
  const match = /^(?:(x64|i386|x32)\.)?(-?\w+)(\([\s\S]*)?$/.exec((text as string).trim());
  if (!match) throw new Problem("bad-call", `toBeDenied wants a system call, not ${JSON.stringify(text)}`, { help: "such as openat" });
  const [, before, name = "", args = ""] = match;
  if (!/^-?\d+$/.test(name)) parseCall(before === undefined ? name : `${before}.${name}`);
  const verdict = options.verdict === undefined ? undefined : verdictOf(options.verdict);
  const abi = options.abi ?? before;
  const through = options.via === undefined ? undefined : doors[options.via];
  const squeezed = (of: string): string => of.replace(/\s+/g, "");
  return (denial) =>
    (denial.name ?? String(denial.number)) === name &&
    (abi === undefined || denial.abi === abi) &&
    (through === undefined || through.some((door) => door === denial.door)) &&
    (verdict === undefined || denial.verdict.startsWith(verdict)) &&
    squeezed(denial.call).startsWith(squeezed(`${name}${args}`));
};
const denialText = ({ call, abi, door, verdict }: Denial): string => `${call} [${abi} by ${door}] ${verdict}`;
const SHOWN = 10;

const aSignal: Want = (value, args) =>
  typeof value === "string" && /^SIGRT(MIN|_\d+)$/.test(value) ? undefined : oneOf(signalNames)(value, args);
const aLine = wants(
  "a text or a pattern",
  (value) => typeof value === "string" || Object.prototype.toString.call(value) === "[object RegExp]",
);

/** Matchers on runs. */
export const runMatchers = {
  toExitWith(this: State, value: unknown, status: number) {
    const run = runOf(value, "toExitWith");
    check("toExitWith", { status: wholeNumber(0, 255) }, [status]);
    const pass = "exit" in run.status && run.status.exit === status;
    return {
      pass,
      message: () => `expected the guest ${not(this)}to exit with ${status}, but it ${how(run)}${lastCalls(run)}`,
      actual: run.status,
      expected: { exit: status },
    };
  },
  toBeKilledBy(this: State, value: unknown, signal: string) {
    const run = runOf(value, "toBeKilledBy");
    check("toBeKilledBy", { signal: aSignal }, [signal]);
    const pass = "signal" in run.status && run.status.signal === signal;
    return {
      pass,
      message: () => `expected the guest ${not(this)}to be killed by ${signal}, but it ${how(run)}${lastCalls(run)}`,
      actual: run.status,
      expected: { signal },
    };
  },
  toTrace(value: unknown, ...lines: TraceLine[]) {
    const run = tracedRunOf(value, "toTrace");
    check("toTrace", { lines: listOf(aLine, 1) }, [lines]);
    const found = findLines(run.trace, lines);
    const pass = found.absent === undefined;
    return {
      pass,
      message: () =>
        pass
          ? `expected the trace not to have these lines, but it has\n${presenceText(run.trace, found)}`
          : `expected the trace to have the line\n${absenceText(run.trace, found)}\n  The guest ${how(run)}${lastCalls(run)}`,
    };
  },
  toBeDenied(value: unknown, call: string, options: DeniedOptions = {}) {
    const run = deniedRunOf(value, "toBeDenied");
    const found = run.denials.filter(denialTest(call, options));
    const wanted = [call, ...Object.entries(options).map(([name, text]) => `${name} ${text}`)].join(", ");
    return {
      pass: found.length > 0,
      message: () => {
        if (found.length > 0)
          return `expected no filter to deny ${wanted}, but${listed("denied calls", found.slice(0, SHOWN).map(denialText))}`;
        const others = run.denials.slice(0, SHOWN).map(denialText);
        const none = others.length === 0 ? "no call was denied" : "others were";
        return `expected a filter to deny ${wanted}, but ${none}; the guest ${how(run)}${listed("denied calls", others)}${lastCalls(run)}`;
      },
    };
  },
  toHoldInEverySchedule(this: State, value: unknown, options?: HoldOptions) {
    if (options !== undefined) check("toHoldInEverySchedule", { options: holdOptions }, [options]);
    const exploration = explorationOf(value, "toHoldInEverySchedule");
    const { violation, schedules, complete, bound, search, races = [] } = exploration;
    const { departures, schedules: least } = options?.within ?? { departures: bound };
    const lacks = [
      ...(departures !== undefined && complete < departures ? [search === "systematic" || search === "portfolio" ? GIVEN_UP : DRAWN] : []),
      ...(least !== undefined && schedules < least ? [`within wants ${least} of them`] : []),
    ];
    const pass = !violation && races.length === 0 && lacks.length === 0;
    const result = violation
      ? `under the schedule ${violation.schedule}, ${violation.what}${lastCalls(violation.run)}`
      : races.length > 0
        ? `there are data races:\n${races.flatMap(raceLines).join("\n")}`
        : pass
          ? `it does in ${tried(exploration)}`
          : `the search tried ${tried(exploration)}: ${lacks.join(", ")}`;
    return { pass, message: () => `expected the program ${not(this)}to hold in every schedule, but ${result}` };
  },
};
