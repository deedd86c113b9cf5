// Matchers for results of runs and searches: the end, the trace, the calls that were denied.
import type { Denial } from "../machine/denial.ts";
import { signalNames } from "../machine/tracing/status.ts";
import { didYouMean } from "../nearest.ts";
import { Problem } from "../problem.ts";
import type { DeniedOptions } from "./matcher-types.ts";
import { deniedRunOf, type Ended, explorationOf, oneOf, runOf, tracedRunOf } from "./subject.ts";
import { absenceText, findLines, presenceText, type TraceLine } from "./trace-lines.ts";

interface State {
  readonly isNot?: boolean | undefined;
}
const not = ({ isNot }: State): string => (isNot ? "not " : "");

const LAST = 5;
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
const optionNames = ["abi", "via", "verdict"];

/** The condition on denials that a call's text and options express. */
const denialTest = (text: unknown, options: DeniedOptions): ((denial: Denial) => boolean) => {
  for (const name of Object.keys(options))
    if (!optionNames.includes(name))
      throw new Problem("unknown-property", `toBeDenied has no option ${name}`, {
        help: didYouMean(name, optionNames) ?? `there are ${optionNames.join(", ")}`,
      });
  const match = typeof text === "string" ? /^(?:(x64|i386|x32)\.)?(\w+)(\([\s\S]*)?$/.exec(text.trim()) : null;
  if (!match) throw new Problem("bad-call", `toBeDenied wants a system call, not ${JSON.stringify(text)}`, { help: "such as openat" });
  const [, before, name, args = ""] = match;
  const { verdict, via } = options;
  const abi = options.abi ?? before;
  if (abi !== undefined) oneOf(abi, abis, "abi");
  const through = via === undefined ? undefined : doors[oneOf(via, Object.keys(doors) as (keyof typeof doors)[], "via")];
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

/** Matchers on runs. */
export const runMatchers = {
  toExitWith(this: State, value: unknown, status: number) {
    const run = runOf(value, "toExitWith");
    if (!Number.isInteger(status) || status < 0 || status > 255)
      throw new Problem("bad-property-value", `toExitWith wants a status from 0 to 255, not ${String(status)}`);
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
    if (!/^SIGRT(MIN|_\d+)$/.test(signal)) oneOf(signal, signalNames, "a signal");
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
    for (const line of lines)
      if (typeof line !== "string" && !(line instanceof RegExp))
        throw new Problem("bad-property-value", `toTrace wants texts and patterns, not ${String(line)}`);
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
  toHoldInEverySchedule(this: State, value: unknown) {
    const { violation, schedules, complete, bound } = explorationOf(value, "toHoldInEverySchedule");
    const pass = !violation && complete === bound;
    const tried = `${schedules} schedules`;
    const result = violation
      ? `under the schedule ${violation.schedule}, ${violation.what}${lastCalls(violation.run)}`
      : pass
        ? `it does in ${tried}`
        : `the search was given up after ${tried}`;
    return { pass, message: () => `expected the program ${not(this)}to hold in every schedule, but ${result}` };
  },
};
