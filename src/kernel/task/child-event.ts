// wait(2) for one child. Linux kernel/exit.c wait_consider_task(), wait_task_zombie(), wait_task_stopped().
import { W } from "../../abi/uapi/wait.ts";
import type { Process, Usage } from "../core/process.ts";
import type { Task } from "../core/task.ts";
import { addUsage } from "../core/usage.ts";
import { SI } from "../signal/state/info.ts";
import { SIG } from "../signal/state/set.ts";
import { CORE, reap } from "./end.ts";

/** Selects children. `thread`: a traced thread instead of the process. */
export type ChildSelector = (child: Process, thread?: Task) => boolean;

/** The event of a child. `pid` is its number in the namespace of the waiting process. */
export interface ChildEvent {
  readonly pid: number;
  readonly uid: number;
  /** waitid's si_code and si_status. */
  readonly code: number;
  readonly status: number;
  /** wait4's status word. */
  readonly word: number;
  readonly usage: Usage;
}

const CONTINUED_WORD = 0xffff;
const stoppedWord = (signal: number): number => (signal << 8) | 0x7f;

/**
 * False if the options exclude the child. Clone children are those whose end sends no SIGCHLD. Linux
 * eligible_child().
 */
export const isEligible = (child: Process, options: number): boolean =>
  (options & W.ALL) !== 0 || (child.exitSignal !== SIG.SIGCHLD) === ((options & W.CLONE) !== 0);

const usageOf = (child: Process): Usage => {
  const sum = { ...child.usage };
  addUsage(sum, child.childUsage);
  return sum;
};

const event = (child: Process, code: number, status: number, word: number): ChildEvent => ({
  pid: child.parent?.leader?.pidNs.numberOf(child.pid) ?? child.pid,
  uid: child.leader.cred.uid,
  code,
  status,
  word,
  usage: usageOf(child),
});

/** The event of an ended child with status `word`. */
export const endEvent = (child: Process, word: number): ChildEvent => {
  const signal = word & 0x7f;
  const code = signal === 0 ? SI.CLD_EXITED : (word & CORE) !== 0 ? SI.CLD_DUMPED : SI.CLD_KILLED;
  return event(child, code, signal === 0 ? word >> 8 : signal, word);
};

/** The event of one child. It is consumed unless WNOWAIT is set. */
export const consider = (child: Process, options: number): ChildEvent | undefined => {
  const keep = (options & W.NOWAIT) !== 0;
  if (child.ended !== undefined) {
    if ((options & W.EXITED) === 0) return undefined;
    const found = endEvent(child, child.ended);
    if (!keep) reap(child);
    return found;
  }
  if (child.stopped && !child.stopped.reported && (options & W.STOPPED) !== 0) {
    const { signal } = child.stopped;
    if (!keep) child.stopped = { signal, reported: true };
    return event(child, SI.CLD_STOPPED, signal, stoppedWord(signal));
  }
  if (child.continued && !child.continued.reported && (options & W.CONTINUED) !== 0) {
    if (!keep) child.continued = undefined;
    return event(child, SI.CLD_CONTINUED, SIG.SIGCONT, CONTINUED_WORD);
  }
  return undefined;
};
