// The return to user code: exit, signals, restart of interrupted calls. Linux arch/x86/kernel/signal.c
// arch_do_signal_or_restart(), kernel/signal.c get_signal().

import { X32_BIT } from "../../abi/abi.ts";
import { E, restart } from "../../abi/errno.ts";
import { R } from "../../cpu/machine/state.ts";
import { exitWork } from "../base/pending-work.ts";
import { DOOR_LENGTH } from "../base/processor.ts";
import { NO_ALT_STACK, type Task } from "../core/task.ts";
import { CoreDump } from "../coredump/core-dump.ts";
import { exitTask } from "../lifecycle/exit.ts";
import { stopForSignal, stopInHandler, takeTrap } from "../ptrace/stop.ts";
import { SS } from "../signal/alt-stack.ts";
import { pushFrame } from "../signal/frame.ts";
import { isOrphanedGroup, stopProcess } from "../signal/job-control.ts";
import { endProcess, forceSignal, setBlocked } from "../signal/send.ts";
import { SA, SIG_DFL, SIG_IGN, type SigAction } from "../signal/state/action.ts";
import { kernelSignal, type SigInfo } from "../signal/state/info.ts";
import { DUMPS_CORE, has, IGNORED_BY_DEFAULT, SIG, STOPS, sigbit, UNBLOCKABLE } from "../signal/state/set.ts";
import type { Tracing } from "../signal/tracing.ts";
import { restartSequence } from "../task/rseq.ts";

/** Numbers of restart_syscall(2). A 32-bit door uses the 32-bit number. */
const RESTART_NR = { native: 219, compat: 0 } as const;

/** Does one item of exit work. The caller repeats it until task.exitWork is 0 or the task stops running. */
export const leaveKernel = (task: Task): void => {
  if ((task.exitWork & exitWork.ended) !== 0) {
    if (task.process.dump?.step(task)) return;
    exitTask(task, task.process.exiting as number);
    return;
  }
  if ((task.exitWork & exitWork.exiting) !== 0) {
    exitTask(task, task.exitCode);
    return;
  }
  if ((task.exitWork & exitWork.rseq) !== 0) {
    task.exitWork &= ~exitWork.rseq;
    restartSequence(task);
    return;
  }
  if (task.trace && leaveUnderTrace(task, task.trace)) return;
  const info = nextSignal(task);
  if (info) {
    deliver(task, info);
    return;
  }
  task.exitWork &= ~exitWork.signal;
  restartWithoutHandler(task);
  restoreSavedMask(task);
};

const nextSignal = (task: Task): SigInfo | undefined => {
  const own = task.pending.next(task.blocked);
  const sig = own === 0 ? task.process.pending.next(task.blocked) : own;
  if (sig === 0) return undefined;
  return (own !== 0 ? task.pending : task.process.pending).take(sig);
};

/**
 * Delivers a signal that the tracer chose, or reports a trap. False: there was none. Linux ptrace_signal().
 */
const leaveUnderTrace = (task: Task, tracing: Tracing): boolean => {
  const { delivers } = tracing;
  if (delivers) {
    tracing.delivers = undefined;
    // The mask may have changed during the stop.
    if (has(task.blocked, delivers.signo)) task.pending.add(delivers);
    else runAction(task, delivers);
    return true;
  }
  if (tracing.trapPending === undefined) return false;
  takeTrap(task, tracing);
  return true;
};

/** A tracer decides about every signal except SIGKILL and forced fatal signals. */
const deliver = (task: Task, info: SigInfo): void => {
  const { trace } = task;
  if (trace && info.signo !== SIG.SIGKILL && (task.actions.get(info.signo).flags & SA.IMMUTABLE) === 0) stopForSignal(task, trace, info);
  else runAction(task, info);
};

const runAction = (task: Task, info: SigInfo): void => {
  const sig = info.signo;
  const action = task.actions.get(sig);
  if ((action.flags & SA.IMMUTABLE) === 0) task.kernel.observer?.signal?.(task, info);
  if (action.handler === SIG_IGN) return;
  if (action.handler !== SIG_DFL) {
    if ((action.flags & SA.RESETHAND) !== 0) task.actions.set(sig, { ...action, handler: SIG_DFL });
    enterHandler(task, info, action);
  } else if (task.process.unkillable && !has(UNBLOCKABLE, sig)) {
    // Linux get_signal(): it was blocked when it came.
  } else if (has(STOPS, sig)) {
    // An orphaned group cannot be continued, so only SIGSTOP stops it.
    if (sig === SIG.SIGSTOP || !isOrphanedGroup(task.kernel, task.process.pgid)) stopProcess(task.process, sig);
  } else if (!has(IGNORED_BY_DEFAULT, sig)) {
    if (!has(DUMPS_CORE, sig)) return endProcess(task.process, sig);
    task.kernel.observer?.crashed?.(task, info);
    CoreDump.end(task, info);
  }
};

const enterHandler = (task: Task, info: SigInfo, action: SigAction): void => {
  restartForHandler(task, action);
  restartSequence(task, info.signo);
  const masked = task.savedMask ?? task.blocked;
  if (!pushFrame(task, info, action, masked)) {
    // signal_setup_done(): a frame that does not fit is SIGSEGV, and a fatal one if the signal was SIGSEGV.
    forceSignal(task, kernelSignal(SIG.SIGSEGV), { isFatal: info.signo === SIG.SIGSEGV });
    return;
  }
  task.savedMask = undefined;
  const own = (action.flags & SA.NODEFER) !== 0 ? 0n : sigbit(info.signo);
  setBlocked(task, task.blocked | action.mask | own);
  if ((task.altStack.flags & SS.AUTODISARM) !== 0) task.altStack = { ...NO_ALT_STACK, flags: SS.DISABLE };
  if (task.trace?.stepping) stopInHandler(task, task.trace);
};

/** rt_sigsuspend and similar calls restore the mask of their caller. */
const restoreSavedMask = (task: Task): void => {
  if (task.savedMask === undefined) return;
  const mask = task.savedMask;
  task.savedMask = undefined;
  setBlocked(task, mask);
};

/** The restart code of an interrupted call. 0: there is none. */
const restartCode = (task: Task): number => {
  if (task.origAx === -1) return 0;
  const { state } = task.kernel.processor;
  const code = -(state.i32[2 * R.ax] as number);
  return code >= restart.ERESTARTSYS && code <= restart.ERESTART_RESTARTBLOCK && state.hi(R.ax) === 0xffff_ffff ? code : 0;
};

const again = (task: Task, nr: number): void => {
  const { state } = task.kernel.processor;
  state.setGpr(R.ax, nr);
  state.rip -= DOOR_LENGTH;
};

const restartForHandler = (task: Task, action: SigAction): void => {
  const code = restartCode(task);
  if (code === 0) return;
  const wanted = code === restart.ERESTARTNOINTR || (code === restart.ERESTARTSYS && (action.flags & SA.RESTART) !== 0);
  if (wanted) again(task, task.origAx);
  else task.kernel.processor.state.setGpr(R.ax, -E.EINTR);
  task.origAx = -1;
};

const restartWithoutHandler = (task: Task): void => {
  const code = restartCode(task);
  if (code === 0) return;
  if (code === restart.ERESTART_RESTARTBLOCK) again(task, task.compat ? RESTART_NR.compat : RESTART_NR.native | (task.origAx & X32_BIT));
  else again(task, task.origAx);
  task.origAx = -1;
};
