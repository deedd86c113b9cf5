// Seccomp at the gate: what the filters say is done here. Linux kernel/seccomp.c __secure_computing(), __seccomp_filter();
// the rules of the kernel at hand are in profile.seccomp.
import { type Abi, i386, x64 } from "../../abi/abi.ts";
import { at, R } from "../../cpu/machine/state.ts";
import type { FilterResult } from "../../seccomp/filter.ts";
import { denialLine, isLogged } from "../../seccomp/log.ts";
import type { SeccompRules } from "../../seccomp/profile/profile.ts";
import { type Action, actionOf, dataOf, describeReturn, errnoResult, NO_RECIPIENT } from "../../seccomp/returns.ts";
import { strictNumbers } from "../../seccomp/strict.ts";
import { entryWork } from "../base/pending-work.ts";
import { MODE, type SeccompState } from "../base/seccomp-state.ts";
import { pathName } from "../fs/vfs/dentry.ts";
import { exitTask } from "../lifecycle/exit.ts";
import { eventEnabled, stopForEvent } from "../ptrace/stop.ts";
import { EVENT } from "../ptrace/tracing.ts";
import { SI } from "../signal/info.ts";
import { forceSignal } from "../signal/send.ts";
import { SIG } from "../signal/set.ts";
import type { Task } from "../task/task.ts";
import { awaitAnswer, Listener, type Notification } from "../user-notif/notification.ts";
import type { Incoming } from "./call.ts";
import { refetchArguments } from "./doors.ts";
import { type Verdict, verdict } from "./verdict.ts";

/** The call being judged and what was said about it. One of each: judging never nests. */
const data = { nr: 0, arch: 0, ipLo: 0, ipHi: 0, args: new Uint32Array(12) };
const said: FilterResult = { value: 0, filter: null };

const ALLOWED = "allow";

/** Whether the fast path may be taken: every filter says no more than ALLOW. */
export const plainlyAllowed = (task: Task, abi: Abi): boolean => {
  const { mode, filter } = task.seccomp as SeccompState;
  if (mode !== MODE.FILTER || !filter) return false;
  if (filter.hasConstantAllowed(task.origAx, abi === i386) || filter.hasCachedAllowed(task.origAx, abi.auditArch, task.args)) return true;
  look(task, abi);
  filter.decide(data, said);
  return said.filter === null;
};

export const seccompCheck = (task: Task, abi: Abi, incoming?: Incoming): Verdict => {
  const rules = task.kernel.profile.seccomp;
  const { seccomp, origAx: nr } = task;
  if (!seccomp || (abi !== i386 && rules.exempt.includes(nr))) return verdict.run;
  if (seccomp.mode === MODE.STRICT) return strict(task, abi);
  if (!seccomp.filter) return kill(task, rules, "kill_thread");
  if (incoming?.notification) return answered(task, incoming, incoming.notification);
  const rechecked = incoming?.stopped === "event";
  if (rechecked && !mayGoOn(task, abi, incoming)) return verdict.skip;
  if (rechecked && !rules.recheckAfterTrace) return verdict.run;
  look(task, abi);
  const value = seccomp.filter.decide(data, said);
  const action = actionOf(rules.returns, value);
  if (action === ALLOWED) return verdict.run;
  // The tracer has been asked about this call.
  if (rechecked && action === "trace") return verdict.run;
  log(task, rules, action, said.filter?.log ?? false);
  return act(task, rules, action, incoming);
};

/** After PTRACE_EVENT_SECCOMP: the registers are the tracer's; a negative number means that the call is not to run. */
const mayGoOn = (task: Task, abi: Abi, incoming: Incoming): boolean => {
  incoming.touched = true;
  refetchArguments(task, abi);
  return task.origAx >= 0;
};

/** struct seccomp_data. The number is an int, the arguments are whole registers, whatever the ABI looks at. */
const look = (task: Task, abi: Abi): void => {
  const { u32 } = task.kernel.processor.state;
  data.nr = task.origAx | 0;
  data.arch = (task.entryWork & entryWork.staleCompat) === 0 ? abi.auditArch : i386.auditArch;
  data.ipLo = u32[at.rip >> 2] as number;
  data.ipHi = u32[(at.rip >> 2) + 1] as number;
  data.args = task.args;
};

/** Carry out an action other than ALLOW. */
const act = (task: Task, rules: SeccompRules, action: Action, incoming: Incoming | undefined): Verdict => {
  const { kernel } = task;
  switch (action) {
    case "errno":
      return finish(task, errnoResult(rules.returns, said.value));
    case "trace":
      if (!incoming || !eventEnabled(task, EVENT.SECCOMP)) return finish(task, NO_RECIPIENT);
      incoming.stopped = "event";
      stopForEvent(task, EVENT.SECCOMP, dataOf(said.value));
      return verdict.wait;
    case "user_notif": {
      const listener = said.filter?.listener;
      if (!incoming || !(listener instanceof Listener)) return finish(task, NO_RECIPIENT);
      incoming.notification = listener.notify(task, data);
      return answered(task, incoming, incoming.notification);
    }
    case "trap":
      kernel.observer?.verdict?.(task, describeReturn(rules.returns, said.value));
      rollBack(task);
      forceSignal(task, sigsys(dataOf(said.value)));
      return verdict.skip;
    case "kill_process":
    case "kill_thread":
      kernel.observer?.verdict?.(task, describeReturn(rules.returns, said.value));
      return kill(task, rules, action);
    default:
      return verdict.run;
  }
};

/** The listener has been told: wait for what it says. Linux seccomp_do_user_notification(). */
const answered = (task: Task, incoming: Incoming, notification: Notification): Verdict => {
  const answer = awaitAnswer(task, notification);
  if (answer === "wait") return verdict.wait;
  incoming.notification = undefined;
  if (answer === "continue") return verdict.run;
  task.kernel.processor.state.setGpr(R.ax, answer);
  return verdict.skip;
};

const finish = (task: Task, result: number): Verdict => {
  const { kernel } = task;
  kernel.observer?.verdict?.(task, describeReturn(kernel.profile.seccomp.returns, said.value));
  kernel.processor.state.setGpr(R.ax, result);
  return verdict.skip;
};

/**
 * The registers are as before the call: rax holds its number again, all 64 bits of it unless a tracer chose another, or the low half if it came
 * by a door of 32 bits. Linux syscall_rollback(), do_int80_emulation().
 */
const rollBack = (task: Task): void => {
  const { state } = task.kernel.processor;
  if (data.arch !== x64.auditArch) state.setGpr(R.ax, task.origAx >>> 0);
  else if ((state.lo(R.ax) | 0) !== task.origAx) state.setGpr(R.ax, task.origAx);
};

const sigsys = (errno: number) => ({
  signo: SIG.SIGSYS,
  code: SI.SYS_SECCOMP,
  errno,
  callAddr: (BigInt(data.ipHi) << 32n) | BigInt(data.ipLo),
  syscall: data.nr,
  arch: data.arch,
});

/** `exit` and a thread among others: do_exit(). A whole process: a forced SIGSYS that no handler sees. */
const kill = (task: Task, rules: SeccompRules, action: Action): Verdict => {
  const { how, signal } = rules.kill;
  const whole = action === "kill_process" || task.process.threads.length === 1;
  if (how === "exit" || !whole) {
    exitTask(task, signal);
    return verdict.killed;
  }
  rollBack(task);
  task.seccomp = { ...(task.seccomp as SeccompState), mode: MODE.DEAD };
  forceSignal(task, sigsys(dataOf(said.value)), { ends: true });
  return verdict.killed;
};

const strict = (task: Task, abi: Abi): Verdict => {
  const rules = task.kernel.profile.seccomp;
  const table = task.kernel.profile.bugs.includes("strict-wrong-table") ? task.program.abi : abi;
  if (strictNumbers[table.name].includes(task.origAx)) return verdict.run;
  look(task, abi);
  said.value = 0;
  log(task, rules, "kill_thread", true, SIG.SIGKILL);
  task.kernel.observer?.verdict?.(task, "strict mode");
  exitTask(task, SIG.SIGKILL);
  return verdict.killed;
};

const SIGNALS: Partial<Record<Action, number>> = { kill_process: SIG.SIGSYS, kill_thread: SIG.SIGSYS, trap: SIG.SIGSYS };

const log = (task: Task, rules: SeccompRules, action: Action, asked: boolean, signal = SIGNALS[action] ?? 0): void => {
  const { kernel } = task;
  if (!isLogged(rules.log, action, asked, kernel.seccompLogged)) return;
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
    value: said.value & rules.returns.mask,
  });
  kernel.printk(LOG_INFO, line);
};
const LOG_INFO = 6;
