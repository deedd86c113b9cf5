// Seccomp at the gate: carries out the filter result. Linux kernel/seccomp.c __secure_computing(),
// __seccomp_filter(). The rules of the kernel version are in profile.seccomp.
import { type Abi, i386 } from "../../abi/abi.ts";
import { at, R } from "../../cpu/machine/state.ts";
import type { FilterResult } from "../../seccomp/filter.ts";
import { denialLine } from "../../seccomp/log.ts";
import type { SeccompRules } from "../../seccomp/profile/profile.ts";
import { type Action, describeReturn, NO_RECIPIENT } from "../../seccomp/returns.ts";
import { strictNumbers } from "../../seccomp/strict.ts";
import { actionOf, dataOf, errnoResult, isLogged } from "../../seccomp/unchecked.ts";
import { entryWork } from "../base/pending-work.ts";
import { MODE, type SeccompState } from "../base/seccomp-state.ts";
import type { Task } from "../core/task.ts";
import { pathName } from "../fs/vfs/dentry.ts";
import { exitTask } from "../lifecycle/exit.ts";
import { eventEnabled, stopForEvent } from "../ptrace/stop.ts";
import { forceSignal } from "../signal/send.ts";
import { SI } from "../signal/state/info.ts";
import { SIG } from "../signal/state/set.ts";
import { EVENT } from "../signal/tracing.ts";
import type { Incoming } from "../syscall/call.ts";
import { awaitAnswer, Listener, type Notification } from "../user-notif/notification.ts";
import { refetchArguments } from "./doors.ts";
import { rollBack } from "./roll-back.ts";
import { type EntryAction, entryAction } from "./verdict.ts";

/** The call under evaluation and its filter result. Shared, because evaluations never nest. */
const data = { nr: 0, arch: 0, ipLo: 0, ipHi: 0, args: new Uint32Array(12) };
const filterResult: FilterResult = { value: 0, filter: null };

const ALLOWED = "allow";

/** True if every filter allows the call, so that the fast path may continue. */
export const allowedByAll = (task: Task, abi: Abi): boolean => {
  const { mode, filter } = task.seccomp as SeccompState;
  if (mode !== MODE.FILTER || !filter) return false;
  if (filter.hasConstantAllowed(task.origAx, abi === i386) || filter.hasCachedAllowed(task.origAx, abi.auditArch, task.args)) return true;
  fillData(task, abi);
  filter.decide(data, filterResult);
  return filterResult.filter === null;
};

/** Evaluate the mode and filters of a task and carry out the result. Linux __secure_computing(). */
export const seccompCheck = (task: Task, abi: Abi, incoming?: Incoming): EntryAction => {
  const rules = task.kernel.profile.seccomp;
  const { seccomp, origAx: nr } = task;
  if (!seccomp || (abi !== i386 && rules.exempt.includes(nr))) return entryAction.run;
  if (seccomp.mode === MODE.STRICT) return strict(task, abi, incoming);
  if (!seccomp.filter) return kill(task, rules, "kill_thread");
  if (incoming?.notification) return awaitListener(task, incoming, incoming.notification);
  const rechecked = incoming?.stopped === "event";
  if (rechecked && !stillRuns(task, abi, incoming)) return entryAction.skip;
  if (rechecked && !rules.recheckAfterTrace) return entryAction.run;
  fillData(task, abi);
  const value = seccomp.filter.decide(data, filterResult);
  task.kernel.observer?.evaluated?.(task, data, seccomp.filter, filterResult);
  const action = actionOf(rules.returns, value);
  if (action === ALLOWED) return entryAction.run;
  // The tracer has already decided about this call.
  if (rechecked && action === "trace") return entryAction.run;
  log(task, rules, action, filterResult.filter?.log ?? false);
  return carryOut(task, rules, action, incoming);
};

/**
 * After PTRACE_EVENT_SECCOMP: reads the tracer's registers. False: the number is negative and the call is
 * skipped.
 */
const stillRuns = (task: Task, abi: Abi, incoming: Incoming): boolean => {
  incoming.mayBeChanged = true;
  refetchArguments(task, abi);
  return task.origAx >= 0;
};

/** Fills struct seccomp_data. The number is an int; the arguments are whole registers in every ABI. */
const fillData = (task: Task, abi: Abi): void => {
  const { u32 } = task.kernel.processor.state;
  data.nr = task.origAx | 0;
  data.arch = (task.entryWork & entryWork.staleCompat) === 0 ? abi.auditArch : i386.auditArch;
  data.ipLo = u32[at.rip >> 2] as number;
  data.ipHi = u32[(at.rip >> 2) + 1] as number;
  data.args = task.args;
};

/** Carry out an action other than ALLOW. */
const carryOut = (task: Task, rules: SeccompRules, action: Action, incoming: Incoming | undefined): EntryAction => {
  switch (action) {
    case "errno":
      return finish(task, errnoResult(rules.returns, filterResult.value), incoming);
    case "trace":
      if (!incoming || !eventEnabled(task, EVENT.SECCOMP)) return finish(task, NO_RECIPIENT, incoming);
      incoming.stopped = "event";
      stopForEvent(task, EVENT.SECCOMP, dataOf(filterResult.value));
      return entryAction.wait;
    case "user_notif": {
      const listener = filterResult.filter?.listener;
      if (!incoming || !(listener instanceof Listener)) return finish(task, NO_RECIPIENT, incoming);
      incoming.notification = listener.notify(task, data);
      return awaitListener(task, incoming, incoming.notification);
    }
    case "trap":
      tell(task, incoming);
      rollBack(task, data.arch);
      forceSignal(task, sigsys(dataOf(filterResult.value)));
      return entryAction.skip;
    case "kill_process":
    case "kill_thread":
      tell(task, incoming);
      return kill(task, rules, action);
    default:
      tellHook(task, incoming);
      return entryAction.run;
  }
};

/** Waits for the answer to a notification. Linux seccomp_do_user_notification(). */
const awaitListener = (task: Task, incoming: Incoming, notification: Notification): EntryAction => {
  const answer = awaitAnswer(task, notification);
  if (answer === "wait") return entryAction.wait;
  incoming.notification = undefined;
  if (answer === "continue") return entryAction.run;
  task.kernel.processor.state.setGpr(R.ax, answer);
  return entryAction.skip;
};

/** Tells the observers of a call that does not run. */
const tell = (task: Task, incoming: Incoming | undefined): void => {
  const { observer, profile } = task.kernel;
  observer?.filtered?.(task, describeReturn(profile.seccomp.returns, filterResult.value));
  tellHook(task, incoming);
};
const tellHook = (task: Task, incoming: Incoming | undefined): void => {
  const { value, filter } = filterResult;
  task.kernel.observer?.decided?.({ task, door: incoming?.door ?? "vsyscall", call: incoming?.call, data, value, filter });
};

const finish = (task: Task, result: number, incoming: Incoming | undefined): EntryAction => {
  tell(task, incoming);
  task.kernel.processor.state.setGpr(R.ax, result);
  return entryAction.skip;
};

const sigsys = (errno: number) => ({
  signo: SIG.SIGSYS,
  code: SI.SYS_SECCOMP,
  errno,
  callAddr: (BigInt(data.ipHi) << 32n) | BigInt(data.ipLo),
  syscall: data.nr,
  arch: data.arch,
});

/** `exit`, or a thread of several: do_exit(). A whole process: a forced SIGSYS that no handler gets. */
const kill = (task: Task, rules: SeccompRules, action: Action): EntryAction => {
  const { how, signal } = rules.kill;
  const whole = action === "kill_process" || task.process.threads.length === 1;
  if (how === "exit" || !whole) {
    exitTask(task, signal);
    return entryAction.killed;
  }
  rollBack(task, data.arch);
  task.seccomp = { ...(task.seccomp as SeccompState), mode: MODE.DEAD };
  forceSignal(task, sigsys(dataOf(filterResult.value)), { ends: true });
  return entryAction.killed;
};

const strict = (task: Task, abi: Abi, incoming: Incoming | undefined): EntryAction => {
  const rules = task.kernel.profile.seccomp;
  const table = task.kernel.profile.bugs.includes("strict-wrong-table") ? task.program.abi : abi;
  if (strictNumbers[table.name].includes(task.origAx)) return entryAction.run;
  fillData(task, abi);
  filterResult.value = 0;
  filterResult.filter = null;
  log(task, rules, "kill_thread", true, SIG.SIGKILL);
  task.kernel.observer?.filtered?.(task, "strict mode");
  tellHook(task, incoming);
  exitTask(task, SIG.SIGKILL);
  return entryAction.killed;
};

const SIGNALS: Partial<Record<Action, number>> = { kill_process: SIG.SIGSYS, kill_thread: SIG.SIGSYS, trap: SIG.SIGSYS };

const log = (task: Task, rules: SeccompRules, action: Action, requested: boolean, signal = SIGNALS[action] ?? 0): void => {
  const { kernel } = task;
  if (!isLogged(rules.log, action, requested, kernel.seccompLogged)) return;
  const { sec, nsec } = kernel.realtime();
  const exe = task.program.exe?.path;
  const line = denialLine(rules.log, {
    comm: task.comm,
    exe: exe ? pathName(exe, task.fs.root).name : "",
    pid: task.pid,
    uid: task.cred.uid,
    gid: task.cred.gid,
    time: sec + nsec / 1e9,
    serial: ++kernel.auditSerial,
    signal,
    nr: data.nr,
    arch: data.arch,
    ipLo: data.ipLo,
    ipHi: data.ipHi,
    value: filterResult.value & rules.returns.mask,
  });
  kernel.printk(LOG_INFO, line);
};
const LOG_INFO = 6;
