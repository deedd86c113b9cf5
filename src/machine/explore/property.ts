// Properties that must hold in every schedule, and the observer that checks them in one run.
import { type Abi, i386, x32, x64 } from "../../abi/abi.ts";
import { type SyscallName, syscallNumbers } from "../../abi/numbers.ts";
import type { Task } from "../../kernel/core/task.ts";
import type { Observer } from "../../kernel/observer.ts";
import type { PendingCall } from "../../kernel/syscall/call.ts";
import { didYouMean } from "../../nearest.ts";
import { Problem } from "../../problem.ts";
import type { ClosedRun } from "../machine.ts";
import { givenArguments } from "../tracing/call-text.ts";
import type { Properties } from "./options.ts";

interface CallPattern {
  readonly abi: string | undefined;
  readonly name: SyscallName;
  readonly given: RegExp | undefined;
  readonly task: string | undefined;
}

const ABIS: readonly Abi[] = [x64, i386, x32];
const HELP = 'a call is such as getppid, i386:unlink, openat(*, "/etc/*"*), openat@sshd';

const glob = (text: string): RegExp =>
  new RegExp(
    `^${text
      .split("*")
      .map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"))
      .join(".*")}$`,
    "s",
  );

const parsePattern = (text: string): CallPattern => {
  const match = /^(?:([a-z0-9]+):)?([a-z0-9_]+)(?:\((.*)\))?(?:@([^@()]+))?$/s.exec(text.trim());
  if (!match) throw new Problem("bad-property", `"${text}" names no call`, { help: HELP });
  const [, abi, name = "", given, task] = match;
  if (abi !== undefined && !ABIS.some((known) => known.name === abi)) {
    throw new Problem("bad-property", `there is no ABI "${abi}"`, { help: `there are ${ABIS.map((known) => known.name).join(", ")}` });
  }
  if (!Object.hasOwn(syscallNumbers, name))
    throw new Problem("bad-property", `there is no system call "${name}"`, { help: didYouMean(name, Object.keys(syscallNumbers)) ?? HELP });
  return { abi, name: name as SyscallName, given: given === undefined ? undefined : glob(given), task };
};

const matches = (pattern: CallPattern, task: Task, call: PendingCall): boolean =>
  pattern.name === call.entry.syscall.name &&
  (pattern.abi === undefined || pattern.abi === call.abi.name) &&
  (pattern.task === undefined || pattern.task === String(task.pid) || pattern.task === task.comm) &&
  (pattern.given === undefined || pattern.given.test(givenArguments(task, call)));

const inWords = (task: Task, call: PendingCall): string => {
  const abi = call.abi === task.program.abi ? "" : ` [${call.abi.name}]`;
  return `task ${task.pid} ran ${call.entry.syscall.name}(${givenArguments(task, call)})${abi}`;
};

/** Two calls of one task, and one that no other task may run between them. */
class Pair {
  private readonly _first: CallPattern;
  private readonly _second: CallPattern;
  private readonly _other: CallPattern;
  /** Tasks that have run the first call, with it and what others have run since, in words. */
  private readonly _begun = new Map<number, { readonly first: string; other: string | undefined }>();

  constructor(text: string) {
    const [first, second, other, ...more] = text.split(";");
    if (first === undefined || second === undefined || other === undefined || more.length > 0)
      throw new Problem("bad-property", `"${text}" does not name three calls`, {
        help: "a pair is such as access(*); openat(*); rename(*): the two calls of one task, and that of another one",
      });
    this._first = parsePattern(first);
    this._second = parsePattern(second);
    this._other = parsePattern(other);
  }
  /** A call runs. The violation in words, or undefined. */
  runs(task: Task, call: PendingCall): string | undefined {
    const mine = this._begun.get(task.pid);
    const ends = mine !== undefined && matches(this._second, task, call);
    if (ends) this._begun.delete(task.pid);
    if (ends && mine.other !== undefined) return `${mine.other} between two calls: ${mine.first}, and then ${call.entry.syscall.name}`;
    if (matches(this._other, task, call)) for (const [pid, begun] of this._begun) if (pid !== task.pid) begun.other ??= inWords(task, call);
    if (matches(this._first, task, call)) this._begun.set(task.pid, { first: inWords(task, call), other: undefined });
    return undefined;
  }
}

/** Checks the properties in one run. */
export class PropertyChecker implements Observer {
  private readonly _never: readonly CallPattern[];
  private readonly _pairs: readonly Pair[];
  private readonly _properties: Properties & { readonly races?: unknown };
  /** What ran that must not, in words. */
  private _ran: string | undefined = undefined;

  constructor(properties: Properties & { readonly races?: unknown }) {
    this._properties = properties;
    this._never = (properties.never ?? []).map(parsePattern);
    this._pairs = (properties.pairs ?? []).map((text) => new Pair(text));
  }

  runs(task: Task, call: PendingCall): void {
    if (this._ran !== undefined) return;
    if (this._never.some((pattern) => matches(pattern, task, call))) this._ran = inWords(task, call);
    for (const pair of this._pairs) this._ran ??= pair.runs(task, call);
  }

  /** True if a call has run that must not. */
  get isViolated(): boolean {
    return this._ran !== undefined;
  }
  /** After the run: the violation in words; undefined if there is none. */
  judge({ run, end }: ClosedRun): string | undefined {
    const { never, pairs, neverOutput = [], exit, races = false } = this._properties;
    if (this._ran !== undefined) return this._ran;
    const written = neverOutput.find((text) => run.stdout.text.includes(text) || run.stderr.text.includes(text));
    if (written !== undefined) return `the program wrote "${written}"`;
    const wanted = exit ?? ((never ?? pairs) === undefined && neverOutput.length === 0 && races === false ? 0 : undefined);
    return wanted === undefined ? undefined : endVerdict(run.status, end, wanted);
  }
}

const endVerdict = (status: ClosedRun["run"]["status"], end: ClosedRun["end"], wanted: number): string | undefined => {
  if (end === "stuck") return "every task waits, and nothing can wake one";
  if (end === "limit" || "timeout" in status) return "the program does not end in ten times the virtual time of its first schedule";
  if ("signal" in status) return `the program was killed by ${status.signal}`;
  return status.exit === wanted ? undefined : `the program exited with ${status.exit}, not ${wanted}`;
};
