// wait(2) for tracers. Linux kernel/exit.c ptrace_do_wait(), wait_task_stopped(), wait_task_zombie().

import { W } from "../../abi/uapi/wait.ts";
import type { Process } from "../core/process.ts";
import type { Task } from "../core/task.ts";
import { SI } from "../signal/state/info.ts";
import type { Tracing } from "../signal/tracing.ts";
import { type ChildEvent, type ChildSelector, consider, endEvent } from "../task/child-event.ts";
import { notifyParent, reap } from "../task/end.ts";

/**
 * True if another process than the parent traces it. The tracer gets its stops and its end before the parent
 * does.
 */
export const isTracedByAnother = (child: Process): boolean => {
  const { trace } = child.leader;
  return trace !== undefined && trace.tracer.process !== child.parent;
};
/** True if its parent traces it: wait treats it as a tracee, not as a child. */
export const isTracedByParent = (child: Process): boolean =>
  child.leader.trace?.tracer.process === child.parent && child.leader.trace !== undefined;

const seenBy = (trace: Tracing | undefined, target: Task): number => (trace ? trace.tracer.pidNs.numberOf(target.pid) : target.pid);

/** The end of a traced thread. Reaping it ends the tracing. */
const ended = (target: Task, keep: boolean): ChildEvent | undefined => {
  const { process, trace } = target;
  const pid = seenBy(trace, target);
  if (process.leader === target) {
    if (process.ended === undefined) return undefined;
    const found = { ...endEvent(process, process.ended), pid };
    if (!keep) release(target);
    return found;
  }
  const found = { ...endEvent(process, target.exitCode), pid };
  if (!keep) trace?.tracer.tracees.delete(target);
  return found;
};
const release = (target: Task): void => {
  const { process, trace } = target;
  const { parent } = process;
  trace?.tracer.tracees.delete(target);
  target.trace = undefined;
  if (trace?.tracer.process === parent) reap(process);
  else notifyParent(process);
};

const look = (target: Task, options: number): ChildEvent | undefined => {
  const keep = (options & W.NOWAIT) !== 0;
  if (target.state === "dead") return (options & W.EXITED) === 0 ? undefined : ended(target, keep);
  const { trace } = target;
  if (!trace) return undefined;
  const { stop } = trace;
  if (stop && !stop.reported && !trace.listening) {
    if (!keep) stop.reported = true;
    return {
      pid: seenBy(trace, target),
      uid: target.cred.uid,
      code: SI.CLD_TRAPPED,
      status: stop.code,
      word: (stop.code << 8) | 0x7f,
      usage: target.usage,
    };
  }
  return target.process.leader === target ? consider(target.process, options & ~(W.STOPPED | W.EXITED)) : undefined;
};

/** The event of a thread that this process traces. Without an event: true if any thread qualifies. */
export const waitForTracee = (task: Task, selects: ChildSelector, options: number): ChildEvent | boolean => {
  let any = false;
  const tracers = (options & W.NOTHREAD) !== 0 ? [task] : task.process.threads;
  for (const tracer of tracers) {
    for (const target of tracer.tracees) {
      if (!selects(target.process, target)) continue;
      any = true;
      const found = look(target, options);
      if (found) return found;
    }
  }
  return any;
};
