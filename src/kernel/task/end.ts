// The end of a process for its parent: status word, SIGCHLD, zombie. Linux kernel/signal.c
// do_notify_parent(), kernel/exit.c release_task().
import { sizes } from "../base/sizes.ts";
import type { Process } from "../core/process.ts";
import type { Task } from "../core/task.ts";
import { addUsage, ticks } from "../core/usage.ts";
import { sendToProcess } from "../signal/send.ts";
import { SA, SIG_IGN } from "../signal/state/action.ts";
import { SI, type SigInfo } from "../signal/state/info.ts";
import { isSendable, SIG } from "../signal/state/set.ts";

/** wait(2) status word of an exit code: bits 8..15. A signal has bits 0..6, and bit 7 for a core. */
export const exitStatus = (code: number): number => (code & 0xff) << 8;
/** The bit of a core dump in a status word. */
export const CORE = 0x80;

/** Wakes a tracer and sends it SIGCHLD: for a tracer that is not the parent, or about a thread. */
export const tellOfEnd = (to: Process, process: Process, thread: Task, status: number): void => {
  sendToProcess(to, { ...endedInfo(process, status), signo: SIG.SIGCHLD, pid: thread.pid });
  to.childEvents.wake();
};

/** siginfo of SIGCHLD for an end. Linux do_notify_parent(). */
export const endedInfo = (process: Process, status: number): SigInfo => {
  const signal = status & 0x7f;
  return {
    signo: process.exitSignal || SIG.SIGCHLD,
    code: signal === 0 ? SI.CLD_EXITED : (status & CORE) !== 0 ? SI.CLD_DUMPED : SI.CLD_KILLED,
    pid: process.pid,
    uid: process.leader.cred.uid,
    status: signal === 0 ? status >> 8 : signal,
    utime: ticks(process.usage.user),
    stime: ticks(process.usage.system),
  };
};

/** Reports the end to the parent, and reaps the process if the parent ignores SIGCHLD or has SA_NOCLDWAIT. */
export const notifyParent = (process: Process): void => {
  const { parent, kernel } = process;
  if (!parent || parent === kernel.init) {
    reap(process);
    return;
  }
  const action = parent.threads[0]?.actions.get(SIG.SIGCHLD);
  const ignored = process.exitSignal === SIG.SIGCHLD && action && (action.handler === SIG_IGN || (action.flags & SA.NOCLDWAIT) !== 0);
  if (isSendable(process.exitSignal) && !(ignored && action.handler === SIG_IGN))
    sendToProcess(parent, endedInfo(process, process.ended as number));
  if (ignored) reap(process);
  parent.childEvents.wake();
};

/** Removes a zombie. Linux release_task(). */
export const reap = (process: Process): void => {
  const { parent, kernel } = process;
  addUsage(kernel.endedUsage, process.usage);
  if (parent) {
    addUsage(parent.childUsage, process.usage);
    addUsage(parent.childUsage, process.childUsage);
    parent.children.delete(process);
  }
  kernel.processes.delete(process.pid);
  process.cgroup.delete(process);
  kernel.frames.account.give(sizes.process);
  process.leader?.pidNs.leave(process.pid);
};
