// When a condition became true: of memory at known addresses by its writes, of others before each
// instruction.
import type { DebugStops } from "../../cpu/machine/debug-stops.ts";
import type { Observer } from "../../kernel/observer.ts";
import { signalName } from "../../kernel/signal/state/set.ts";
import { compareMoments, type Moment } from "../../machine/moment.ts";
import { Problem } from "../../problem.ts";
import type { ConditionExpression } from "./expression.ts";
import type { History, When } from "./history.ts";
import { WriteWatch } from "./writes.ts";

/** A condition has become true. */
export interface Became {
  readonly when: When;
  readonly pid: number;
  readonly tid: number;
  readonly comm: string;
  /** What made it true; undefined: an instruction. */
  readonly by: string | undefined;
}

const all =
  (observers: readonly Observer[], name: "enter" | "leave" | "signal" | "started" | "ended") =>
  (...args: unknown[]): void => {
    for (const observer of observers) (observer[name] as ((...a: unknown[]) => void) | undefined)?.(...args);
  };

/** By the writes of its memory. */
const byWrites = async (history: History, pid: number, expression: ConditionExpression, until: Moment): Promise<readonly Became[]> => {
  const found: Became[] = [];
  let isTrue = false;
  const holds = (): boolean => {
    const task = history.taskOf(pid);
    const value = task && expression.evaluate(task);
    return value !== undefined && value !== 0n;
  };
  const watches = expression.ranges.map(({ address, length }) => {
    const watch = new WriteWatch(history, { pid, address, length });
    watch.onSettled = ({ when, pid: writer, tid, comm, by }) => {
      const now = holds();
      if (now && !isTrue) found.push({ when, pid: writer, tid, comm, by });
      isTrue = now;
    };
    return watch;
  });
  const stops: DebugStops = {
    code: new Set(),
    data: watches.flatMap(({ stops: { data } }) => data),
    onCode: () => false,
    onData: (...args) => {
      for (const watch of watches) watch.stops.onData(...args);
      return false;
    },
  };
  const observers = watches.map(({ observer }) => observer);
  const observer: Observer = Object.fromEntries(
    (["enter", "leave", "signal", "started", "ended"] as const).map((name) => [name, all(observers, name)]),
  );
  const settle = (): void => {
    for (const watch of watches) watch.settle();
  };
  await history.sweep(observer, until, {
    stops,
    begin: () => {
      settle();
      isTrue = holds();
      const task = history.taskOf(pid);
      if (isTrue && task) found.push({ when: { at: history.timeline.moment }, pid, tid: task.pid, comm: task.comm, by: "the beginning" });
    },
  });
  settle();
  return found.sort((a, b) => compareMoments(timeOf(a), timeOf(b)));
};
const timeOf = ({ when }: Became): Moment => ("at" in when ? when.at : when.before);

/** Before each instruction of a process, or each time that it comes to an address. */
const byInstructions = async (
  history: History,
  pid: number,
  expression: ConditionExpression,
  until: Moment,
  pc: number | undefined,
): Promise<readonly Became[]> => {
  const found: Became[] = [];
  const before = new Set<number>();
  await history.sweep({}, until, {
    stops: {
      code: pc === undefined ? { size: 1, has: () => true } : new Set([pc]),
      data: [],
      onCode: (_ip, instructions) => {
        const task = history.kernel.scheduler.current;
        if (!task || task.process.pid !== pid) return false;
        const value = expression.evaluate(task);
        if (value === undefined || value === 0n) before.delete(task.pid);
        else {
          if (pc !== undefined || !before.has(task.pid))
            found.push({ when: { at: history.momentAt(instructions) }, pid, tid: task.pid, comm: task.comm, by: undefined });
          before.add(task.pid);
        }
        return false;
      },
      onData: () => false,
    },
  });
  return found;
};

/**
 * All moments at which an expression became true. `pc`: it is looked at before the instruction there only.
 */
export const findWhen = (
  history: History,
  pid: number,
  expression: ConditionExpression,
  { pc, until = history.end }: { pc?: number | undefined; until?: Moment | undefined } = {},
): Promise<readonly Became[]> =>
  pc === undefined && !expression.isDynamic
    ? byWrites(history, pid, expression, until)
    : byInstructions(history, pid, expression, until, pc);

/** `output:TEXT`, `signal:NAME`: the moments of described events. Undefined: the text describes none. */
export const findEvent = async (history: History, text: string, until: Moment = history.end): Promise<readonly Became[] | undefined> => {
  const [, kind, value = ""] = /^(output|signal):(.*)$/s.exec(text) ?? [];
  if (kind === "output") return outputs(history, value.replaceAll("\\n", "\n"));
  if (kind !== "signal") return undefined;
  const found: Became[] = [];
  const wanted = value.toUpperCase().replace(/^SIG/, "");
  const isWanted = (signo: number): boolean => wanted === "" || signalName(signo) === `SIG${wanted}`;
  /** Signals by process, whose death by one of them is no news. */
  const seen = new Set<string>();
  await history.sweep(
    {
      signal: (task, { signo }) => {
        const { pid } = task.process;
        seen.add(`${pid} ${signo}`);
        if (isWanted(signo))
          found.push({ when: { before: history.after() }, pid, tid: task.pid, comm: task.comm, by: `delivery of ${signalName(signo)}` });
      },
      // A filter's KILL and SIGKILL deliver nothing.
      ended: (task, status) => {
        const { pid } = task.process;
        const signo = status & 0x7f;
        if (signo === 0 || !isWanted(signo) || seen.has(`${pid} ${signo}`)) return;
        seen.add(`${pid} ${signo}`);
        found.push({ when: { before: history.after() }, pid, tid: task.pid, comm: task.comm, by: `death by ${signalName(signo)}` });
      },
    },
    compareMoments(until, history.end) === 0 ? history.beyond : { ...until, steps: until.steps + 1 },
  );
  // Where names and memory can be read.
  await history.timeline.approach(until);
  return found;
};
/** The writes after which the output has a text, each time that it comes. */
const outputs = async (history: History, wanted: string): Promise<readonly Became[]> => {
  if (wanted === "") throw new Problem("bad-value", "output: wants a text", { help: "such as: output:ready" });
  const found: Became[] = [];
  const rest = { 1: "", 2: "" };
  const decoders = { 1: new TextDecoder(), 2: new TextDecoder() };
  for (const { stream, bytes, after } of history.written) {
    let text = rest[stream] + decoders[stream].decode(bytes, { stream: true });
    for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted)) {
      await history.timeline.approach(after);
      found.push({ when: { before: after }, pid: 0, tid: 0, comm: "", by: `output on descriptor ${stream}` });
      text = text.slice(at + wanted.length);
    }
    rest[stream] = text.slice(-wanted.length);
  }
  return found;
};
