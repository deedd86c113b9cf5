// `-e inject=`: results, signals and delays that a trace puts into calls. man 1 strace, "Tampering".
import { E, type ErrnoName } from "../../../abi/errno.ts";
import { didYouMean } from "../../../nearest.ts";
import { Problem } from "../../../problem.ts";
import { callSet, type Has, signalOf } from "./select.ts";

/** The change of one call. */
export interface Injection {
  /** The result in place of the call: -errno, or a value. Undefined: the call runs. */
  readonly result: number | undefined;
  /** A signal for the task. */
  readonly signal: number | undefined;
  /** Virtual nanoseconds before and after the call. */
  readonly delayEnter: number;
  readonly delayExit: number;
}

interface Rule extends Injection {
  readonly has: Has;
  readonly first: number;
  readonly last: number;
  readonly step: number;
}

const usage = (message: string, help?: string): Problem => new Problem("bad-value", message, help === undefined ? {} : { help });

/** `FIRST[..LAST][+[STEP]]`. */
const whenOf = (text: string): Pick<Rule, "first" | "last" | "step"> => {
  const match = /^(\d+)(?:\.\.(\d+))?(?:(\+)(\d*))?$/.exec(text);
  if (!match || Number(match[1]) === 0) throw usage(`-e inject: when=${text} is not FIRST[..LAST][+[STEP]] with FIRST from 1`);
  const first = Number(match[1]);
  const repeats = match[3] !== undefined || match[2] !== undefined;
  const last = match[2] === undefined ? (repeats ? Number.POSITIVE_INFINITY : first) : Number(match[2]);
  return { first, last, step: match[4] ? Number(match[4]) : 1 };
};
const errnoOf = (text: string): number => {
  const number = /^\d+$/.test(text) ? Number(text) : E[text.toUpperCase() as ErrnoName];
  if (number === undefined || number < 1 || number > 4095)
    throw usage(`-e inject: there is no error "${text}"`, didYouMean(text.toUpperCase(), Object.keys(E)));
  return number;
};
/** Microseconds, or with a unit: `10ms`. */
const delayOf = (text: string): number => {
  const match = /^(\d+)(s|ms|us|ns)?$/.exec(text);
  if (!match) throw usage(`-e inject: a delay is such as 100, 5ms, 1s, not "${text}"`);
  return Number(match[1]) * { s: 1e9, ms: 1e6, us: 1e3, ns: 1 }[(match[2] ?? "us") as "s"];
};

/** `SET[:error=…][:retval=…][:signal=…][:delay_enter=…][:delay_exit=…][:when=…]`. */
const ruleOf = (text: string, fault: boolean): Rule => {
  const [set = "", ...parts] = text.split(":");
  const rule = {
    has: callSet(set, "-e inject"),
    result: undefined,
    signal: undefined,
    delayEnter: 0,
    delayExit: 0,
    first: 1,
    last: Number.POSITIVE_INFINITY,
    step: 1,
  };
  let made: Rule = rule;
  for (const part of parts) {
    const at = part.indexOf("=");
    const [key, value] = [part.slice(0, at), part.slice(at + 1)];
    if (key === "error") made = { ...made, result: -errnoOf(value) };
    else if (key === "retval" && /^(\d+|0x[0-9a-f]+)$/i.test(value)) made = { ...made, result: Number(value) };
    else if (key === "signal") made = { ...made, signal: signalOf(value, "-e inject") };
    else if (key === "delay_enter") made = { ...made, delayEnter: delayOf(value) };
    else if (key === "delay_exit") made = { ...made, delayExit: delayOf(value) };
    else if (key === "when") made = { ...made, ...whenOf(value) };
    else throw usage(`-e inject does not know "${part}"`, "it has error, retval, signal, delay_enter, delay_exit, when");
  }
  if (fault && made.result === undefined) made = { ...made, result: -E.ENOSYS };
  if (made.result === undefined && made.signal === undefined && made.delayEnter === 0 && made.delayExit === 0)
    throw usage(`-e inject=${text} injects nothing`, "add :error=ENOENT, :retval=0, :signal=SIGINT or :delay_enter=10ms");
  return made;
};

/** The rules of a trace, and how often each call has come, per task. */
export class Injector {
  private readonly _rules: readonly Rule[];
  private readonly _counts = new WeakMap<object, number[]>();

  /** `rules`: texts of `-e inject=`; one that begins with `fault=` defaults to ENOSYS. */
  constructor(rules: readonly string[]) {
    this._rules = rules.map((text) => (text.startsWith("fault=") ? ruleOf(text.slice(6), true) : ruleOf(text, false)));
  }
  /** Counts the call and returns its injection, or undefined. */
  next(task: object, name: string): Injection | undefined {
    let found: Rule | undefined;
    this._rules.forEach((rule, i) => {
      if (!rule.has(name)) return;
      const counts = this._counts.get(task) ?? [];
      this._counts.set(task, counts);
      const n = (counts[i] = (counts[i] ?? 0) + 1);
      if (n >= rule.first && n <= rule.last && (n - rule.first) % rule.step === 0) found = rule;
    });
    return found;
  }
}
