// Sending signals. man 2 kill, tgkill, rt_sigqueueinfo, pidfd_send_signal; Linux kernel/signal.c.
import type { Abi } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { O_NONBLOCK } from "../../../abi/uapi/fcntl.ts";
import { cost } from "../../base/cost.ts";
import type { Process } from "../../core/process.ts";
import type { Task } from "../../core/task.ts";
import { CAP, type Cred, capableIn } from "../../cred/cred.ts";
import { maySignal } from "../../cred/security.ts";
import type { FileDescription } from "../../fs/vfs/file.ts";
import { SIGINFO_SIZE, siginfoFrom } from "../../signal/layout.ts";
import { maySendToTask, sendToProcess, sendToTask } from "../../signal/send.ts";
import { SI, type SigInfo, userSignal } from "../../signal/state/info.ts";
import { NSIG, SIG } from "../../signal/state/set.ts";
import { fd, int, ptr, uint } from "../../syscall/arg.ts";
import { flags } from "../../syscall/arg-flags.ts";
import { signal } from "../../syscall/arg-signal.ts";
import { given } from "../../syscall/arg-struct.ts";
import { type Syscall, syscall } from "../../syscall/declaration.ts";
import { findProcess, findTask, shownPid } from "../../task/pid-namespace.ts";
import { installPidfd, Pidfd } from "../../task/pidfd.ts";

/** Linux kill_ok_by_cred(). */
const credAllows = (from: Cred, to: Cred): boolean =>
  from.euid === to.suid || from.euid === to.uid || from.uid === to.suid || from.uid === to.uid || capableIn(from, to.userNs, CAP.KILL);

/**
 * Linux check_kill_permission(): SIGCONT is allowed within a session. `thread` is the receiver, or the
 * leader.
 */
const denied = (t: Task, sig: number, to: Process, thread = to.leader ?? t.kernel.tasks.get(to.pid)): boolean => {
  if (to === t.process) return false;
  if (!credAllows(t.cred, thread?.cred ?? t.cred) && (sig !== SIG.SIGCONT || to.sid !== t.process.sid)) return true;
  return !maySignal(t, thread?.cred);
};

const isSignal = (sig: number): boolean => sig >= 0 && sig <= NSIG;

/** Signal 0 only checks. */
const toProcess = (t: Task, to: Process, info: SigInfo): number => {
  if (denied(t, info.signo, to)) return -E.EPERM;
  if (info.signo === 0) return 0;
  return sendToProcess(to, info) ? 0 : -E.EAGAIN;
};

/**
 * 0 if at least one process was signalled, else the first error. Linux kill_something_info(),
 * __kill_pgrp_info().
 */
const toSeveral = (t: Task, targets: readonly Process[], info: SigInfo): number => {
  if (targets.length === 0) return -E.ESRCH;
  let result = -E.ESRCH;
  let done = false;
  for (const p of targets) {
    const r = toProcess(t, p, info);
    t.kernel.charge(cost.call);
    if (r === 0) done = true;
    else if (result === -E.ESRCH) result = r;
  }
  return done ? 0 : result;
};

const kill = (t: Task, pid: number, sig: number): number => {
  if (!isSignal(sig)) return -E.EINVAL;
  const info = userSignal(sig, t.tgid, t.cred.uid);
  if (pid > 0) {
    const to = findProcess(t, pid) ?? findTask(t, pid)?.process;
    return to ? toProcess(t, to, info) : -E.ESRCH;
  }
  if (pid === -0x8000_0000) return -E.ESRCH;
  const all = [...t.kernel.processes.values()];
  t.kernel.charge(all.length * cost.entry);
  if (pid === -1)
    return toSeveral(
      t,
      all.filter((p) => shownPid(t, p.pid) > 1 && p !== t.process),
      info,
    );
  const pgid = pid === 0 ? t.process.pgid : t.pidNs.idOf(-pid);
  return toSeveral(
    t,
    all.filter((p) => p.pgid === pgid && p !== t.kernel.init && shownPid(t, p.pid) !== 0),
    info,
  );
};

/** Linux do_send_specific(): a signal to an ended thread is lost. */
const toThread = (t: Task, tgid: number, tid: number, info: SigInfo): number => {
  const to = findTask(t, tid);
  if (!to || (tgid > 0 && shownPid(t, to.tgid) !== tgid)) return -E.ESRCH;
  if (!isSignal(info.signo)) return -E.EINVAL;
  if (denied(t, info.signo, to.process, to)) return -E.EPERM;
  if (info.signo === 0) return 0;
  if (!maySendToTask(to, info)) return -E.EAGAIN;
  sendToTask(to, info);
  return 0;
};

/** The caller's siginfo. Only for the caller itself may it look as if kill or the kernel had sent it. */
const readInfo = (t: Task, sig: number, at: VAddr, target: number, abi: Abi): SigInfo | number => {
  const bytes = t.mem.read(at, SIGINFO_SIZE);
  if (!bytes) return -E.EFAULT;
  const info = siginfoFrom(sig, bytes, abi);
  return (info.code >= 0 || info.code === SI.TKILL) && target !== shownPid(t, t.tgid) && target !== shownPid(t, t.pid) ? -E.EPERM : info;
};

const sigqueue = (t: Task, pid: number, sig: number, at: VAddr, abi: Abi): number => {
  const info = readInfo(t, sig, at, pid, abi);
  if (typeof info === "number") return info;
  // The id of any thread means its process.
  const to = findProcess(t, pid) ?? findTask(t, pid)?.process;
  if (!isSignal(sig)) return -E.EINVAL;
  return to ? toProcess(t, to, info) : -E.ESRCH;
};

const tgsigqueue = (t: Task, tgid: number, tid: number, sig: number, at: VAddr, abi: Abi): number => {
  if (tid <= 0 || tgid <= 0) return -E.EINVAL;
  const info = readInfo(t, sig, at, tid, abi);
  return typeof info === "number" ? info : toThread(t, tgid, tid, info);
};

const tkill = (t: Task, tgid: number, tid: number, sig: number): number =>
  toThread(t, tgid, tid, userSignal(sig, t.tgid, t.cred.uid, SI.TKILL));

/** Linux uapi linux/pidfd.h. */
const PIDFD_NONBLOCK = O_NONBLOCK;
const PIDFD_SIGNAL_THREAD = 1;
const pidfdOpenFlags = flags("unsigned int", { PIDFD_NONBLOCK }, "PIDFD_???");

const pidfdOpen = (t: Task, pid: number, how: number): number => {
  if ((how & ~PIDFD_NONBLOCK) !== 0 || pid <= 0) return -E.EINVAL;
  const process = findProcess(t, pid);
  if (process) return installPidfd(t, process, how);
  // A thread that is not a leader: -ENOENT since 6.9, without PIDFD_THREAD.
  return findTask(t, pid) ? -E.ENOENT : -E.ESRCH;
};

/** The process of a pidfd, or of a directory /proc/PID. Linux pidfd_to_pid(). */
const processOfFile = (file: FileDescription): Process | undefined => (file instanceof Pidfd ? file.process : file.inode.process);

const pidfdSendSignal = (t: Task, pidfd: number, sig: number, at: VAddr, how: number, abi: Abi): number => {
  if ((how & ~PIDFD_SIGNAL_THREAD & 7) !== 0 || how > 7) return -E.EINVAL;
  const file = t.files.get(pidfd);
  const to = file && processOfFile(file);
  if (!to) return -E.EBADF;
  const info = at === 0 ? userSignal(sig, t.tgid, t.cred.uid) : readInfo(t, sig, at, shownPid(t, to.pid), abi);
  if (typeof info === "number") return info;
  if (!isSignal(sig) || (at !== 0 && t.mem.u32(at) !== sig)) return -E.EINVAL;
  return to.ended === undefined ? toProcess(t, to, info) : -E.ESRCH;
};

/** Calls that send signals, and pidfd_open(2). man 2 kill, tgkill, rt_sigqueueinfo. */
export const killCalls: readonly Syscall[] = [
  syscall("kill", { pid: int, sig: signal }, (t, a) => kill(t, a.pid, a.sig)),
  syscall("tkill", { tid: int, sig: signal }, (t, a) => (a.tid <= 0 ? -E.EINVAL : tkill(t, 0, a.tid, a.sig))),
  syscall("tgkill", { tgid: int, tid: int, sig: signal }, (t, a) =>
    a.tid <= 0 || a.tgid <= 0 ? -E.EINVAL : tkill(t, a.tgid, a.tid, a.sig),
  ),
  syscall("rt_sigqueueinfo", { tgid: int, sig: signal, info: given("siginfo") }, (t, a, abi) => sigqueue(t, a.tgid, a.sig, a.info, abi)),
  syscall("rt_tgsigqueueinfo", { tgid: int, tid: int, sig: signal, info: given("siginfo") }, (t, a, abi) =>
    tgsigqueue(t, a.tgid, a.tid, a.sig, a.info, abi),
  ),
  syscall("pidfd_open", { pid: int, flags: pidfdOpenFlags }, (t, a) => pidfdOpen(t, a.pid, a.flags), { note: "no PIDFD_THREAD" }),
  syscall(
    "pidfd_send_signal",
    { pidfd: fd, sig: signal, info: ptr, flags: uint },
    (t, a, abi) => pidfdSendSignal(t, a.pidfd, a.sig, a.info, a.flags, abi),
    {
      note: "signals the whole process only; no PIDFD_SELF",
    },
  ),
];
