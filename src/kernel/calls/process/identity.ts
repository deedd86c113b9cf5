// Ids of tasks, groups and sessions. man 2 getpid, gettid, setpgid, setsid.
import { E } from "../../../abi/errno.ts";
import type { Process } from "../../core/process.ts";
import type { Task } from "../../core/task.ts";
import { int } from "../../syscall/arg.ts";
import { type Syscall, syscall } from "../../syscall/declaration.ts";
import { findProcess, findTask, shownPid } from "../../task/pid-namespace.ts";

/** The process of a pid. 0: the caller's own. */
const processOf = (t: Task, pid: number): Process | undefined =>
  pid === 0 ? t.process : (findTask(t, pid)?.process ?? findProcess(t, pid));

const shownOf = (t: Task, id: number | undefined): number => (id === undefined ? -E.ESRCH : shownPid(t, id));

/** Linux kernel/sys.c SYSCALL_DEFINE2(setpgid). */
const setpgid = (t: Task, pid: number, pgid: number): number => {
  const target = pid === 0 ? t.process : findProcess(t, pid);
  if (pgid < 0) return -E.EINVAL;
  const to = pgid === 0 ? (target?.pid ?? 0) : t.pidNs.idOf(pgid);
  if (!target || (target !== t.process && target.parent !== t.process)) return -E.ESRCH;
  if (target !== t.process) {
    if (target.sid !== t.process.sid) return -E.EPERM;
    if (target.hasExecuted) return -E.EACCES;
  }
  if (target.sid === target.pid) return -E.EPERM;
  if (to !== target.pid && ![...t.kernel.processes.values()].some((p) => p.pgid === to && p.sid === t.process.sid)) return -E.EPERM;
  target.pgid = to;
  return 0;
};

const setsid = (t: Task): number => {
  const { process } = t;
  if ([...t.kernel.processes.values()].some((p) => p.pgid === process.pid)) return -E.EPERM;
  process.sid = process.pgid = process.pid;
  process.tty = undefined;
  return shownPid(t, process.pid);
};

/** Calls on process ids, groups and sessions. man 2 getpid, setpgid, setsid. */
export const identityCalls: readonly Syscall[] = [
  syscall("getpid", {}, (t) => shownPid(t, t.tgid)),
  syscall("gettid", {}, (t) => shownPid(t, t.pid)),
  syscall("getppid", {}, (t) => shownPid(t, t.ppid)),
  syscall("getpgrp", {}, (t) => shownPid(t, t.process.pgid)),
  syscall("getpgid", { pid: int }, (t, a) => shownOf(t, processOf(t, a.pid)?.pgid)),
  syscall("getsid", { pid: int }, (t, a) => shownOf(t, processOf(t, a.pid)?.sid)),
  syscall("setpgid", { pid: int, pgid: int }, (t, a) => (a.pid < 0 ? -E.ESRCH : setpgid(t, a.pid, a.pgid))),
  syscall("setsid", {}, setsid),
];
