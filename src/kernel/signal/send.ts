// Sending signals. Linux kernel/signal.c: prepare_signal(), complete_signal(), force_sig_info_to_task().

import { exitWork } from "../base/pending-work.ts";
import { RLIMIT } from "../base/rlimit.ts";
import { sizes } from "../base/sizes.ts";
import type { Kernel } from "../core/kernel.ts";
import type { Process } from "../core/process.ts";
import type { Task } from "../core/task.ts";
import { ticks } from "../core/usage.ts";
import { DEFAULT_ACTION, SA, SIG_DFL, SIG_IGN } from "./state/action.ts";
import { SI, type SigInfo } from "./state/info.ts";
import { DUMPS_CORE, has, IGNORED_BY_DEFAULT, SIG, SIGRTMIN, type SigSet, STOPS, setOf, sigbit, UNBLOCKABLE } from "./state/set.ts";
import { continuedUnderTrace } from "./trap.ts";

const isIgnored = (task: Task, sig: number): boolean => {
  const { handler } = task.actions.get(sig);
  return handler === SIG_IGN || (handler === SIG_DFL && has(IGNORED_BY_DEFAULT, sig));
};
/** Linux sig_ignored(). A blocked signal is queued even if it is ignored: its action may change before it is
 *  unblocked. */
const isDropped = (task: Task, sig: number): boolean =>
  !has(task.blocked, sig) && isIgnored(task, sig) && (!task.trace || sig === SIG.SIGKILL);

const NOT_FATAL = IGNORED_BY_DEFAULT | STOPS | setOf(SIG.SIGCONT);
const isFatal = (task: Task, sig: number): boolean => task.actions.get(sig).handler === SIG_DFL && !has(NOT_FATAL, sig);

const discardEverywhere = (process: Process, sigs: SigSet): void => {
  process.pending.discard(sigs);
  for (const t of process.threads) t.pending.discard(sigs);
};

/** Wakes a task for a signal, and interrupts its wait. `fatal` also ends waits that only SIGKILL may end. */
export const interrupt = (task: Task, fatal = false): void => {
  task.exitWork |= exitWork.signal;
  if (task.state === "sleeping" && (fatal || !task.waiting?.killable)) task.kernel.scheduler.wake(task);
};

/**
 * Ends a process with this wait(2) status: every thread exits before it returns to user code.
 * Linux do_group_exit(), zap_other_threads().
 */
export const endProcess = (process: Process, status: number): void => {
  if (process.exiting !== undefined) return;
  process.exiting = status;
  for (const t of process.threads) {
    t.exitWork |= exitWork.ended;
    t.kernel.scheduler.release(t);
    if (t.state === "sleeping") t.kernel.scheduler.wake(t);
    else if (t.state === "stopped") {
      if (t.trace) t.trace.stop = undefined;
      t.kernel.scheduler.start(t);
    }
  }
};

/** Effects of a signal before it is queued. False: it is not queued at all. */
const prepare = (task: Task, info: SigInfo): boolean => {
  const { process } = task;
  const sig = info.signo;
  if (process.exiting !== undefined) {
    if (sig === SIG.SIGKILL) process.dump?.cancel();
    return false;
  }
  if (has(STOPS, sig)) discardEverywhere(process, setOf(SIG.SIGCONT));
  else if (sig === SIG.SIGCONT) {
    discardEverywhere(process, STOPS);
    noteContinued(process);
  }
  const dropped = isDropped(task, sig);
  if (dropped) task.kernel.observer?.ignored?.(task, info);
  return !dropped;
};

const wants = (task: Task, sig: number): boolean =>
  task.state !== "dead" && (sig === SIG.SIGKILL || (!has(task.blocked, sig) && task.state !== "stopped"));

/**
 * Wakes a thread. A fatal signal without a core dump ends the whole group at once. Linux complete_signal().
 */
const complete = (chosen: Task, info: SigInfo): void => {
  const sig = info.signo;
  const fatal = sig === SIG.SIGKILL || (isFatal(chosen, sig) && !has(DUMPS_CORE, sig) && !has(chosen.blocked, sig) && !chosen.trace);
  if (!fatal) return interrupt(chosen);
  if (sig !== SIG.SIGKILL) chosen.kernel.observer?.signal?.(chosen, info);
  endProcess(chosen.process, sig);
};

/** The length limit of a queue for every RLIMIT_SIGPENDING. */
const MAX_QUEUED = 100_000;
const room = (process: Process): number => Math.min(process.limit(RLIMIT.SIGPENDING), MAX_QUEUED);

const hasRoom = (process: Process, { count } = process.pending): boolean =>
  count < room(process) && process.kernel.frames.account.canTake(sizes.signal);
/**
 * False: a real-time signal for one thread would be lost, because the queue is full. Others are marked as
 * pending without an entry. Linux __send_signal_locked().
 */
export const maySendToTask = (task: Task, { signo, code }: SigInfo): boolean =>
  signo < SIGRTMIN || code === SI.USER || hasRoom(task.process, task.pending);

/**
 * The signal as its receiver sees it: the sender has its number in the receiver's pid namespace. The init of
 * a namespace ignores signals for which it has no handler when they arrive unblocked; from outside, SIGKILL
 * and SIGSTOP reach it. Linux send_signal_locked(), sig_task_ignored().
 */
const arriving = (task: Task, info: SigInfo): SigInfo | undefined => {
  if (task.process === task.kernel.init) return undefined;
  const { pidNs, process } = task;
  if (!pidNs.parent) return info;
  const seen = info.pid === undefined ? info : { ...info, pid: pidNs.numberOf(info.pid) };
  const fromAbove = info.code === SI.KERNEL || seen.pid === 0;
  const waits = has(task.blocked, info.signo) || (task.trace && info.signo !== SIG.SIGKILL);
  const ignored = process.unkillable && !waits && task.actions.get(info.signo).handler === SIG_DFL;
  return ignored && !(fromAbove && has(UNBLOCKABLE, info.signo)) ? undefined : seen;
};

/** Sends to one thread: tkill, faults. */
export const sendToTask = (task: Task, sent: SigInfo): void => {
  const info = arriving(task, sent);
  if (!info || !prepare(task, info) || !task.pending.add(info, room(task.process))) return;
  task.actions.arrivals.wake();
  if (wants(task, info.signo)) complete(task, info);
};

/**
 * Sends to a process: a thread that does not block the signal takes it, the leader first. False: no room for
 * another real-time signal.
 */
export const sendToProcess = (process: Process, sent: SigInfo): boolean => {
  const [first] = process.threads;
  const info = first && arriving(first, sent);
  if (!first || !info) return true;
  if (info.code !== SI.KERNEL && info.code !== SI.USER && !hasRoom(process)) return false;
  if (!prepare(first, info) || !process.pending.add(info, room(process))) return true;
  first.actions.arrivals.wake();
  const taker =
    process.threads.find((t) => wants(t, info.signo) && (t.exitWork & exitWork.signal) === 0) ??
    process.threads.find((t) => wants(t, info.signo));
  if (taker) complete(taker, info);
  return true;
};

/**
 * Sends to every process of a group (the terminal's SIGINT, kill(-pgid)). Returns the number of processes.
 */
export const sendToGroup = (kernel: Kernel, pgid: number, info: SigInfo): number => {
  let found = 0;
  for (const process of [...kernel.processes.values()]) {
    if (process.pgid !== pgid || process.threads.length === 0) continue;
    sendToProcess(process, info);
    found++;
  }
  return found;
};

/**
 * Sends a signal that the thread cannot avoid, raised by its own instruction. If it is blocked or ignored,
 * its action becomes the default, which ends the process; with `isFatal` always (HANDLER_SIG_DFL). With
 * `ends` a tracer does not see it either (HANDLER_EXIT). Linux force_sig_info_to_task().
 */
export const forceSignal = (task: Task, info: SigInfo, how: { isFatal?: boolean; ends?: boolean } = {}): void => {
  const sig = info.signo;
  const blocked = has(task.blocked, sig);
  if (blocked || task.actions.get(sig).handler === SIG_IGN || how.isFatal || how.ends)
    task.actions.set(sig, how.ends ? { ...DEFAULT_ACTION, flags: SA.IMMUTABLE } : DEFAULT_ACTION);
  if (blocked) task.blocked &= ~sigbit(sig);
  if (task.actions.get(sig).handler === SIG_DFL && (!task.trace || how.ends)) task.process.unkillable = false;
  task.pending.add(info);
  task.exitWork |= exitWork.signal;
};

/** Changes the blocked set. Signals that become deliverable are handled on the way out. Linux
 *  set_current_blocked(). */
export const setBlocked = (task: Task, set: SigSet): void => {
  task.blocked = set & ~UNBLOCKABLE;
  const ready = (task.pending.set | task.process.pending.set) & ~task.blocked;
  if (ready !== 0n) task.exitWork |= exitWork.signal;
  else task.exitWork &= ~exitWork.signal;
};

/** Sends SIGCHLD about a stop or continuation, unless SA_NOCLDSTOP is set, and wakes wait4 in the parent. */
export const tellParent = (process: Process, code: number, status: number): void => {
  const { parent } = process;
  if (!parent) return;
  const action = parent.threads[0]?.actions.get(SIG.SIGCHLD);
  if (action && action.handler !== SIG_IGN && (action.flags & SA.NOCLDSTOP) === 0) {
    sendToProcess(parent, {
      signo: SIG.SIGCHLD,
      code,
      pid: process.pid,
      uid: process.leader.cred.uid,
      status,
      utime: ticks(process.usage.user),
      stime: ticks(process.usage.system),
    });
  }
  parent.childEvents.wake();
};

/** SIGCONT: continues a stopped process, even if the signal is blocked or ignored. */
const noteContinued = (process: Process): void => {
  if (!process.stopped) return;
  process.stopped = undefined;
  process.continued = { reported: false };
  for (const task of process.threads) {
    if (task.trace) continuedUnderTrace(task, task.trace);
    else if (task.state === "stopped") process.kernel.scheduler.start(task);
  }
  tellParent(process, SI.CLD_CONTINUED, SIG.SIGCONT);
};
