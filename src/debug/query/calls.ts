// All system calls of a run that fit a description: name, descriptor, path, verdict, door, result.

import type { DoorName } from "../../abi/door.ts";
import type { Task } from "../../kernel/core/task.ts";
import type { Observer } from "../../kernel/observer.ts";
import type { PendingCall } from "../../kernel/syscall/call.ts";
import { compareMoments, type Moment } from "../../machine/moment.ts";
import {
  abiRemark,
  addedText,
  type BegunCall,
  beginCall,
  filledArguments,
  following,
  resultText,
} from "../../machine/tracing/call-text.ts";
import { Filters } from "../../machine/tracing/strace/filters.ts";
import { plainStyle } from "../../machine/tracing/style.ts";
import type { CallQuery } from "./answers.ts";
import type { History } from "./history.ts";

/** A call of a run. */
export interface FoundCall {
  /** The moment after the transition that began it. */
  readonly after: Moment;
  readonly pid: number;
  readonly tid: number;
  readonly comm: string;
  readonly name: string;
  readonly door: DoorName;
  /** As strace writes it, with its result. */
  readonly text: string;
  /** Undefined: it has not returned. */
  readonly result: number | undefined;
  /** `ALLOW`, or that of the filters. Undefined: the task had no filter. */
  readonly verdict: string | undefined;
}

interface Open extends BegunCall {
  readonly after: Moment;
  readonly door: DoorName;
  readonly task: Task;
  verdict: string | undefined;
}

const hasDescriptor = (call: PendingCall | undefined, fd: number): boolean =>
  call !== undefined &&
  Object.entries(call.entry.syscall.args).some(
    ([key, arg]) => arg.c === "int" && /fd(_?\w+)?$/.test(key) && ((call.args[key] as number) | 0) === fd,
  );
const fitsVerdict = (wanted: string, verdict: string | undefined): boolean => {
  if (wanted === "denied") return verdict !== undefined && verdict !== "ALLOW";
  if (wanted === "allowed") return verdict === undefined || verdict === "ALLOW";
  return verdict?.toUpperCase().includes(wanted.toUpperCase()) ?? false;
};
const fitsResult = (wanted: string, result: number | undefined, text: string): boolean => {
  if (wanted === "successful") return result !== undefined && result >= 0;
  if (result === undefined || result >= 0) return false;
  return wanted === "failed" || text.startsWith(`-1 ${wanted.toUpperCase()} `);
};

/**
 * Calls that began before `history.end`, in the order in which they began. Throws a Problem for an unknown
 * name.
 */
export const findCalls = async (history: History, query: CallQuery): Promise<FoundCall[]> => {
  const { name, path } = query;
  const filters = new Filters({ ...(name === undefined ? {} : { calls: name }), ...(path === undefined ? {} : { files: [path] }) });
  const found: FoundCall[] = [];
  const open = new Map<Task, Open>();
  const close = (begun: Open, text: string, result: number | undefined, shown: string): void => {
    const { task, after, door, verdict } = begun;
    if (query.verdict !== undefined && !fitsVerdict(query.verdict, verdict)) return;
    if (query.result !== undefined && !fitsResult(query.result, result, shown)) return;
    found.push({ after, pid: task.process.pid, tid: task.pid, comm: task.comm, name: begun.name, door, text, result, verdict });
  };
  const touches = (task: Task, call: PendingCall | undefined): boolean => !filters.hasPaths || filters.touches(task, call, plainStyle);
  const observer: Observer = {
    enter: (task, call, door) => {
      if (query.pid !== undefined && task.process.pid !== query.pid) return;
      if (query.door !== undefined && door.name !== query.door) return;
      if (query.fd !== undefined && !hasDescriptor(call, query.fd)) return;
      const begun = beginCall(task, call);
      if (!filters.call(begun.name)) return;
      // A call that opens the path names it; one that gets its descriptor has it only now.
      if (!touches(task, call)) return;
      open.set(task, { ...begun, after: history.after(), door: door.name, task, verdict: task.seccomp ? "ALLOW" : undefined });
    },
    filtered: (task, text) => {
      const begun = open.get(task);
      if (begun) begun.verdict = text.replace(/^SECCOMP_RET_/, "");
    },
    leave: (task, call, result) => {
      const begun = open.get(task);
      if (!begun) return;
      open.delete(task);
      const head = `${begun.head}${addedText(task, call, begun, result)}`;
      const shown = resultText(task, call, result);
      const denied = begun.verdict !== undefined && begun.verdict !== "ALLOW" ? ` (seccomp: ${begun.verdict})` : "";
      const rest = filledArguments(task, call, begun, result);
      close(begun, `${head}${following(head, rest)}) = ${shown}${abiRemark(task, begun)}${denied}`, result, shown);
    },
    ended: (task) => {
      const begun = open.get(task);
      open.delete(task);
      if (begun) close(begun, unfinished(begun), undefined, "?");
    },
  };
  await history.sweep(observer, history.end);
  for (const begun of open.values()) close(begun, unfinished(begun), undefined, "?");
  return found.sort((a, b) => compareMoments(a.after, b.after));
};
const unfinished = (begun: Open): string => {
  const denied = begun.verdict !== undefined && begun.verdict !== "ALLOW" ? ` (seccomp: ${begun.verdict})` : "";
  return `${begun.head}) = ?${abiRemark(begun.task, begun)}${denied}`;
};
