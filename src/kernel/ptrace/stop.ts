// Stopping for the tracer and resuming. Linux kernel/signal.c ptrace_stop(), ptrace_notify(),
// do_jobctl_trap(), do_notify_parent_cldstop(); kernel/ptrace.c ptrace_resume().
import { at, EF } from "../../cpu/machine/state.ts";
import { exitWork } from "../base/pending-work.ts";
import type { Task } from "../core/task.ts";
import { ticks } from "../core/usage.ts";
import { sendToProcess } from "../signal/send.ts";
import { SA, SIG_IGN } from "../signal/state/action.ts";
import { SI, type SigInfo } from "../signal/state/info.ts";
import { SIG } from "../signal/state/set.ts";
import { EVENT, OPTION, type PtraceEvent, type PtraceStop, type Tracing } from "../signal/tracing.ts";
import { loadSelectors } from "./registers.ts";

/** SIGTRAP of a syscall stop under TRACESYSGOOD. */
const SYSGOOD = 0x80;

const stopInfo = (task: Task, signo: number, code: number): SigInfo => ({ signo, code, pid: task.pid, uid: task.cred.uid });

/** Wakes the tracer's wait and sends it SIGCHLD about a stop, unless it ignores SIGCHLD. */
const notifyTracer = (task: Task, tracing: Tracing, code: number): void => {
  const { process } = tracing.tracer;
  const action = tracing.tracer.actions.get(SIG.SIGCHLD);
  if (action.handler !== SIG_IGN && (action.flags & SA.NOCLDSTOP) === 0) {
    sendToProcess(process, {
      signo: SIG.SIGCHLD,
      code,
      pid: task.pid,
      uid: task.cred.uid,
      status: (tracing.stop as PtraceStop).code & 0x7f,
      utime: ticks(task.usage.user),
      stime: ticks(task.usage.system),
    });
  }
  process.childEvents.wake();
};

/** Stops the running task until its tracer resumes it. */
const stop = (task: Task, tracing: Tracing, how: Omit<PtraceStop, "reported">, code: number): void => {
  endStep(task, tracing);
  tracing.stop = { ...how, reported: false };
  task.kernel.scheduler.stop(task);
  notifyTracer(task, tracing, code);
};

const endStep = (task: Task, tracing: Tracing): void => {
  if (!tracing.forcedTrap) return;
  task.kernel.processor.flags &= ~EF.TF;
  tracing.forcedTrap = false;
};

/** Signal-delivery-stop. */
export const stopForSignal = (task: Task, tracing: Tracing, info: SigInfo): void =>
  stop(task, tracing, { kind: "signal", code: info.signo, info }, SI.CLD_TRAPPED);

/** Syscall-stop. `message` distinguishes entry and exit. */
export const stopForSyscall = (task: Task, tracing: Tracing, message: number): void => {
  tracing.message = message;
  const code = SIG.SIGTRAP | ((tracing.options & OPTION.TRACESYSGOOD) !== 0 ? SYSGOOD : 0);
  stop(task, tracing, { kind: "syscall", code, info: stopInfo(task, SIG.SIGTRAP, code) }, SI.CLD_TRAPPED);
};

/** True if the task is traced and its tracer has enabled the event. */
export const eventEnabled = (task: Task, event: PtraceEvent): task is Task & { trace: Tracing } =>
  task.trace !== undefined && (task.trace.options & (1 << event)) !== 0;

/** PTRACE_EVENT stop for an enabled event. Inside a call, the handler returns a wait and is called again. */
export const stopForEvent = (task: Task & { trace: Tracing }, event: PtraceEvent, message: number): void => {
  task.trace.message = message;
  const code = SIG.SIGTRAP | (event << 8);
  stop(task, task.trace, { kind: "event", code, info: stopInfo(task, SIG.SIGTRAP, code) }, SI.CLD_TRAPPED);
};

/** Stop of a single-stepped task at the start of a handler. Linux signal_setup_done(). */
export const stopInHandler = (task: Task, tracing: Tracing): void =>
  stop(task, tracing, { kind: "event", code: SIG.SIGTRAP, info: stopInfo(task, SIG.SIGTRAP, SIG.SIGTRAP) }, SI.CLD_TRAPPED);

/** Stops for the pending trap of job control, of PTRACE_INTERRUPT or of a seized child's start. */
export const takeTrap = (task: Task, tracing: Tracing): void => {
  const signal = tracing.trapPending ?? SIG.SIGTRAP;
  tracing.trapPending = undefined;
  if (!tracing.seized) {
    stop(task, tracing, { kind: "group", code: signal, info: undefined }, SI.CLD_STOPPED);
    return;
  }
  const shown = task.process.stopped ? task.process.stopped.signal : SIG.SIGTRAP;
  const code = shown | (EVENT.STOP << 8);
  stop(task, tracing, { kind: "group", code, info: stopInfo(task, shown, code) }, SI.CLD_STOPPED);
};

/** Resumes a stopped task. `signal` is the signal that the tracer injects; 0: none. */
export const resume = (task: Task, tracing: Tracing, signal: number): void => {
  const was = tracing.stop;
  loadSelectors(task, tracing);
  tracing.stop = undefined;
  tracing.listening = false;
  if (was?.kind === "signal" && signal !== 0) {
    const { tracer } = tracing;
    const same = was.info?.signo === signal;
    tracing.delivers = same ? was.info : { signo: signal, code: SI.USER, pid: tracer.tgid, uid: tracer.cred.uid };
  } else if (was?.kind === "syscall" && signal !== 0) task.pending.add({ signo: signal, code: SI.KERNEL });
  // These two kinds interrupted the return to user code, so the rest of it (restarting the call) is still
  // pending.
  const leaving = was?.kind === "signal" || was?.kind === "group";
  const ready = ((task.pending.set | task.process.pending.set) & ~task.blocked) !== 0n;
  if (leaving || ready || tracing.trapPending !== undefined) task.exitWork |= exitWork.signal;
  else task.exitWork &= ~exitWork.signal;
  task.kernel.scheduler.start(task);
};

/** Sets TF for one instruction in the saved registers of a stopped task. */
export const beginStep = (task: Task, tracing: Tracing): void => {
  const flags = new DataView(task.registers.buffer);
  const old = flags.getUint32(at.systemFlags, true);
  if ((old & EF.TF) !== 0) return;
  flags.setUint32(at.systemFlags, old | EF.TF, true);
  tracing.forcedTrap = true;
};
