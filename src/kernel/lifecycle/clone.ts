// New threads and processes. man 2 clone; Linux kernel/fork.c copy_process(), kernel_clone().

import type { Abi } from "../../abi/abi.ts";
import { E } from "../../abi/errno.ts";
import { CLONE } from "../../abi/uapi/sched.ts";
import { at, R } from "../../cpu/machine/state.ts";
import type { AddressSpace } from "../../memory/space.ts";
import { cost } from "../base/cost.ts";
import { entryWork } from "../base/pending-work.ts";
import { RLIMIT } from "../base/rlimit.ts";
import { sizes } from "../base/sizes.ts";
import type { Cgroup } from "../cgroup/cgroup.ts";
import { charged } from "../core/charged.ts";
import { copyFields } from "../core/fields.ts";
import type { Kernel } from "../core/kernel.ts";
import type { Process } from "../core/process.ts";
import { NO_ALT_STACK, type Task } from "../core/task.ts";
import { endParts, forkParts } from "../core/task-part.ts";
import { CAP, capableIn } from "../cred/cred.ts";
import { enterNamespaces } from "../namespace/create.ts";
import { SS } from "../signal/alt-stack.ts";
import { processLimits } from "../task/limits.ts";
import { type PidNamespace, shownPid } from "../task/pid-namespace.ts";
import { inheritPolicy } from "../task/sched-policy.ts";
import { setThreadPointer } from "../task/thread-pointer.ts";
import { enterTime } from "../task/time-namespace.ts";
import { watchCpuLimit } from "../timer/cpu-limit.ts";
import { newProcess, newTask } from "./new-task.ts";

/** The request of fork, vfork, clone and clone3 in one form. */
export interface CloneRequest {
  /** CLONE bits below 2^32, without the exit signal. */
  readonly flags: number;
  readonly clearSighand?: boolean;
  readonly exitSignal: number;
  /** The new stack pointer; 0 keeps the caller's. */
  readonly stack: number;
  readonly tls: number;
  readonly parentTid: number;
  readonly childTid: number;
  /** The address for the pidfd (CLONE_PIDFD). */
  readonly pidfd: number;
  readonly setTid?: readonly number[];
  /** CLONE_INTO_CGROUP: the group of the new process. Undefined: the caller's. */
  readonly cgroup?: Cgroup;
}

/** Invalid combinations of flags, in Linux's order. */
const flagError = (task: Task, flags: number): number => {
  const has = (bit: number): boolean => (flags & bit) !== 0;
  if (has(CLONE.NEWNS) && has(CLONE.FS)) return -E.EINVAL;
  if (has(CLONE.NEWUSER) && has(CLONE.FS)) return -E.EINVAL;
  if (has(CLONE.THREAD) && !has(CLONE.SIGHAND)) return -E.EINVAL;
  if (has(CLONE.SIGHAND) && !has(CLONE.VM)) return -E.EINVAL;
  if (has(CLONE.NEWIPC) && has(CLONE.SYSVSEM)) return -E.EINVAL;
  // The init of a pid namespace has no siblings. Linux SIGNAL_UNKILLABLE.
  if (has(CLONE.PARENT) && (!task.process.parent || task.pidNs.init === task.process)) return -E.EINVAL;
  if (has(CLONE.PIDFD) && has(CLONE.DETACHED)) return -E.EINVAL;
  if (has(CLONE.THREAD) && (has(CLONE.NEWUSER | CLONE.NEWPID) || task.childPidNs !== task.pidNs)) return -E.EINVAL;
  if (task.childPidNs.ended) return -E.ENOMEM;
  return 0;
};

/** The descriptor of CLONE_PIDFD is made and stored before the child: EMFILE and EFAULT leave none. */
const pidfdError = (task: Task, { flags, pidfd }: CloneRequest): number => {
  if ((flags & CLONE.PIDFD) === 0) return 0;
  if (task.files.lowest(0) >= task.process.limit(RLIMIT.NOFILE)) return -E.EMFILE;
  const word = task.mem.u32(pidfd);
  return word >= 0 && task.mem.setU32(pidfd, word) ? 0 : -E.EFAULT;
};

/** Linux alloc_pid(). */
const pidError = (task: Task, pidNs: PidNamespace, wanted: readonly number[] | undefined): number => {
  const [pid] = wanted ?? [];
  if (pid === undefined) return 0;
  if (wanted && wanted.length > 1) return -E.EINVAL;
  if (pid < 1) return -E.EINVAL;
  const { owner } = pidNs;
  if (!capableIn(task.cred, owner, CAP.CHECKPOINT_RESTORE) && !capableIn(task.cred, owner, CAP.SYS_ADMIN)) return -E.EPERM;
  return task.kernel.tasks.has(pid) || task.kernel.processes.has(pid) ? -E.EEXIST : 0;
};

/**
 * The limit of all threads and unreaped processes together: sysctl kernel.threads-max. It holds for root too.
 */
const THREADS_MAX = 4096;
/** The limit of the machine. Zombies, processes without a thread, are counted only near the limit. */
const isPidsFull = ({ programs, processes, pidsMax }: Kernel): boolean => {
  if (programs + processes.size <= pidsMax) return false;
  let count = programs;
  for (const process of processes.values()) if (process.ended !== undefined) count++;
  return count >= pidsMax;
};
const tooMany = (task: Task): boolean => {
  const { uid } = task.cred;
  if (isPidsFull(task.kernel)) return true;
  if (task.kernel.tasks.size + task.kernel.processes.size >= 2 * THREADS_MAX) return true;
  if (uid === 0) return false;
  let n = 0;
  for (const t of task.kernel.tasks.values()) if (t.cred.uid === uid) n++;
  return n >= task.process.limit(RLIMIT.NPROC);
};

/** fork(2)'s memory: a copy of each mapping. */
const copied = ({ kernel, mem }: Task): AddressSpace => {
  kernel.charge(mem.areas.count * cost.mapping);
  return charged(kernel, mem, () => mem.fork());
};

/** The new task, runnable, or -errno. Writes the ids that the flags ask for. The caller makes the pidfd. */
export const cloneTask = (parent: Task, abi: Abi, q: CloneRequest): Task | number => {
  const { kernel } = parent;
  const { flags } = q;
  const bad = flagError(parent, flags) || pidfdError(parent, q);
  if (bad !== 0) return bad;
  const spaces = enterNamespaces(parent, flags);
  if (typeof spaces === "number") return spaces;
  const taken = pidError(parent, spaces.pidNs, q.setTid);
  if (taken !== 0) return taken;
  if (tooMany(parent) || !(q.cgroup ?? parent.process.cgroup).mayFork()) return -E.EAGAIN;
  if (!kernel.frames.account.canTake(weightOf(parent, flags))) return -E.ENOMEM;
  const files = (flags & CLONE.FILES) !== 0 ? parent.files : parent.files.clone();
  if (!files) return -E.ENOMEM;
  if (files === parent.files) files.refs++;
  const mem = (flags & CLONE.VM) !== 0 ? parent.mem : copied(parent);
  if (mem === parent.mem) mem.retain();

  const thread = (flags & CLONE.THREAD) !== 0;
  const pid = q.setTid?.[0] ?? kernel.newPid();
  const process = thread ? parent.process : childProcess(parent, pid, q);
  const fs = (flags & CLONE.FS) !== 0 ? parent.fs : parent.fs.clone();
  const actions = (flags & CLONE.SIGHAND) !== 0 ? parent.actions : parent.actions.clone();
  const { cred, pidNs, namespaces } = spaces;
  const child = newTask(kernel, pid, process, { mem, files, fs, cred, actions, tls: parent.tls.slice(), pidNs, namespaces });
  if (mem !== parent.mem) joinTime(child);
  spaces.enterMounts?.(fs);
  if (!thread) {
    process.leader = child;
    mem.limits = processLimits(process);
  }
  inherit(child, parent, flags, q.clearSighand ?? false);
  setRegisters(child, parent, q.stack);
  if ((flags & CLONE.SETTLS) !== 0) {
    const failed = setThreadPointer(child, abi, q.tls);
    if (failed !== 0) {
      discard(child);
      return failed;
    }
  }
  child.pidNs.enter(pid);
  if (!child.pidNs.init) {
    child.pidNs.init = process;
    process.unkillable = true;
  }
  enlist(child, parent, q);
  return child;
};

/** A process with own memory enters the time namespace of its parent's children. */
const joinTime = (child: Task): void => {
  const { time } = child.namespaces;
  enterTime(child);
  if (child.namespaces.time !== time) child.kernel.vdso.joinTime(child.mem, child.namespaces.time);
};

/** The charge for a new task, without its descriptors and the pages that it writes. */
const weightOf = ({ mem }: Task, flags: number): number =>
  sizes.task + ((flags & CLONE.THREAD) !== 0 ? 0 : sizes.process) + ((flags & CLONE.VM) !== 0 ? 0 : mem.weight);

const childProcess = (parent: Task, pid: number, q: CloneRequest): Process => {
  const sibling = (q.flags & CLONE.PARENT) !== 0;
  const process = newProcess(
    parent.kernel,
    pid,
    sibling ? parent.process.parent : parent.process,
    sibling ? parent.process.exitSignal : q.exitSignal,
    { limits: parent.process.limits, cgroup: q.cgroup ?? parent.process.cgroup },
  );
  process.maker = sibling ? parent.process.maker : parent;
  process.pgid = parent.process.pgid;
  process.sid = parent.process.sid;
  process.tty = parent.process.tty;
  return process;
};

const inherit = (child: Task, parent: Task, flags: number, clearSighand: boolean): void => {
  copyFields(child, parent);
  child.program = parent.program.hold();
  child.ldt = (flags & CLONE.VM) !== 0 ? parent.ldt : { table: parent.ldt.table?.slice() };
  if (child.ldt !== parent.ldt && child.ldt.table) child.kernel.garbage.add(child.ldt, child.ldt.table.length);
  if (clearSighand) child.actions.resetCaught();
  // A thread starts without an alternate stack. So does a process with shared memory, unless its parent
  // sleeps.
  const keepsStack = (flags & (CLONE.VM | CLONE.VFORK)) !== CLONE.VM;
  child.altStack = keepsStack ? parent.altStack : { ...NO_ALT_STACK, flags: SS.DISABLE };
  child.entryWork = parent.entryWork & ~(entryWork.trace | entryWork.dispatch);
  const sticks = parent.compat && parent.program.abi.long === 8 && parent.kernel.profile.bugs.includes("ts-compat-sticks");
  if (sticks) child.entryWork |= entryWork.staleCompat;
  child.timerSlack = child.defaultTimerSlack = parent.timerSlack;
  // A copy of the memory contains a copy of the rseq area. A thread has no area yet.
  if ((flags & CLONE.VM) === 0) child.rseq = parent.rseq;
  inheritPolicy(child, parent);
  forkParts(child, parent, flags);
};

/** The child returns 0 from the same call, and its TS_COMPAT is clear. CVE-2015-2830: it was not cleared. */
const setRegisters = (child: Task, parent: Task, stack: number): void => {
  const { state } = parent.kernel.processor;
  child.registers.set(state.u8.subarray(0, at.size));
  const words = new DataView(child.registers.buffer);
  words.setBigUint64(at.gpr + 8 * R.ax, 0n, true);
  if (stack !== 0) words.setBigUint64(at.gpr + 8 * R.sp, BigInt(stack), true);
};

const enlist = (child: Task, parent: Task, q: CloneRequest): void => {
  const { kernel } = parent;
  if ((q.flags & CLONE.PARENT_SETTID) !== 0) parent.mem.setU32(q.parentTid, shownPid(parent, child.pid));
  if ((q.flags & CLONE.CHILD_SETTID) !== 0) child.mem.setU32(q.childTid, shownPid(child, child.pid));
  if ((q.flags & CLONE.CHILD_CLEARTID) !== 0) child.clearChildTid = q.childTid as typeof child.clearChildTid;
  if ((q.flags & CLONE.VFORK) !== 0) child.vforkParent = parent;
  child.process.threads.push(child);
  kernel.tasks.set(child.pid, child);
  kernel.processes.set(child.process.pid, child.process);
  if (child.process.leader === child) watchCpuLimit(child.process);
  kernel.observer?.started?.(child, parent);
  kernel.scheduler.place(child);
  kernel.scheduler.start(child);
};

const discard = (child: Task): void => {
  endParts(child);
  child.program.drop();
  child.files.drop();
  child.mem.release();
  child.kernel.frames.account.give(sizes.task + (child.process.leader === child ? sizes.process : 0));
  if (child.process.leader !== child) return;
  child.process.parent?.children.delete(child.process);
  child.process.cgroup.delete(child.process);
};
