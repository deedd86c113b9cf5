// Sessions and controlling terminals: job control of reads, writes and changes. man 7 credentials, man 4
// tty_ioctl; Linux drivers/tty/tty_jobctrl.c.
import { E, restart } from "../../../abi/errno.ts";
import type { Process } from "../../core/process.ts";
import type { Task } from "../../core/task.ts";
import { CAP, capable } from "../../cred/cred.ts";
import { isOrphanedGroup } from "../../signal/job-control.ts";
import { sendToGroup } from "../../signal/send.ts";
import { SIG_IGN } from "../../signal/state/action.ts";
import { kernelSignal } from "../../signal/state/info.ts";
import { has, SIG } from "../../signal/state/set.ts";
import type { Tty } from "./tty.ts";

/** The controlling terminal of the process's session, if any. */
export const controllingTty = (process: Process): Tty | undefined => process.tty as Tty | undefined;

/** Makes `tty` the controlling terminal of the session that the task leads. Linux __proc_set_tty(). */
export const setControlling = (task: Task, tty: Tty): void => {
  tty.session = task.process.sid;
  tty.pgrp = task.process.pgid;
  task.process.tty = tty;
};

/** A session leader without a terminal acquires a free one by opening it. Linux tty_open_proc_set_tty(). */
export const acquireOnOpen = (task: Task, tty: Tty): void => {
  const { process } = task;
  if (process.sid === process.pid && !process.tty && tty.session === 0) setControlling(task, tty);
};

/**
 * TIOCSCTTY: 0 or -EPERM. With `force` and CAP_SYS_ADMIN another session loses the terminal. Linux
 * tiocsctty().
 */
export const stealControlling = (task: Task, tty: Tty, force: boolean): number => {
  const { process } = task;
  if (process.sid === process.pid && tty.session === process.sid) return 0;
  if (process.sid !== process.pid || process.tty) return -E.EPERM;
  if (tty.session > 0) {
    if (!force || !capable(task.cred, CAP.SYS_ADMIN)) return -E.EPERM;
    for (const p of task.kernel.processes.values()) if (p.tty === tty) p.tty = undefined;
  }
  setControlling(task, tty);
  return 0;
};

/**
 * The session loses its terminal: TIOCNOTTY, or the end of its leader. A leader's foreground group gets
 * SIGHUP and SIGCONT. Linux disassociate_ctty().
 */
export const disassociate = (process: Process): void => {
  const tty = controllingTty(process);
  process.tty = undefined;
  if (!tty || process.sid !== process.pid || tty.session !== process.sid) return;
  if (tty.pgrp > 0) {
    sendToGroup(process.kernel, tty.pgrp, kernelSignal(SIG.SIGHUP));
    sendToGroup(process.kernel, tty.pgrp, kernelSignal(SIG.SIGCONT));
  }
  tty.session = 0;
  tty.pgrp = 0;
  for (const p of process.kernel.processes.values()) if (p.tty === tty && p.sid === process.sid) p.tty = undefined;
};

/**
 * Job control: an access of a background process to its terminal signals its group. Returns 0 (continue),
 * -EIO, or -ERESTARTSYS after the signal. `signal` is SIGTTIN for reads, SIGTTOU for changes and, with
 * TOSTOP, for writes. Linux __tty_check_change(), job_control().
 */
export const checkForeground = (task: Task, tty: Tty, signal: typeof SIG.SIGTTIN | typeof SIG.SIGTTOU): number => {
  const { process } = task;
  if (process.tty !== tty || tty.pgrp <= 0 || process.pgid === tty.pgrp) return 0;
  const ignored = has(task.blocked, signal) || task.actions.get(signal).handler === SIG_IGN;
  if (ignored) return signal === SIG.SIGTTIN ? -E.EIO : 0;
  if (isOrphanedGroup(task.kernel, process.pgid)) return -E.EIO;
  sendToGroup(task.kernel, process.pgid, kernelSignal(signal));
  return -restart.ERESTARTSYS;
};

/** TIOCSPGRP: sets the foreground process group. 0 or -errno. Linux tiocspgrp(). */
export const setForeground = (task: Task, tty: Tty, pgrp: number): number => {
  const { process, kernel } = task;
  const changed = checkForeground(task, tty, SIG.SIGTTOU);
  if (changed === -E.EIO) return -E.ENOTTY;
  if (changed < 0) return changed;
  if (process.tty !== tty || tty.session !== process.sid) return -E.ENOTTY;
  if (pgrp < 0) return -E.EINVAL;
  const member = [...kernel.processes.values()].find((p) => p.pgid === pgrp);
  if (!member) return -E.ESRCH;
  if (member.sid !== process.sid) return -E.EPERM;
  tty.pgrp = pgrp;
  return 0;
};
