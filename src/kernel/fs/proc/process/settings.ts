// Files of /proc/PID that set something of the process. man 5 proc; Linux fs/proc/base.c.

import { E } from "../../../../abi/errno.ts";
import { ofBytes } from "../../../base/byte-string.ts";
import type { Task } from "../../../core/task.ts";
import { CAP, capable } from "../../../cred/cred.ts";
import type { ProcContent } from "../tree/node.ts";

const number = (bytes: Uint8Array): number => Number(ofBytes(bytes.subarray(0, 32)).trim());

/** The group of a session and its nice value, which is stored on the session's first process. man 7 sched. */
export const autogroup = (target: Task): ProcContent => {
  const { process, kernel } = target;
  const leader = kernel.processes.get(process.sid) ?? process;
  return {
    read: () => `/autogroup-${process.sid} nice ${leader.autogroupNice}\n`,
    write: (task, bytes) => {
      const value = number(bytes);
      if (!Number.isInteger(value) || value < -20 || value > 19) return -E.EINVAL;
      if (value < 0 && !capable(task.cred, CAP.SYS_NICE)) return -E.EPERM;
      leader.autogroupNice = value;
      return bytes.length;
    },
  };
};
/** The name of a thread. Its process alone may write it. */
export const comm = (target: Task): ProcContent => ({
  read: () => `${target.comm}\n`,
  write: (task, bytes) => {
    if (task.process !== target.process) return -E.EINVAL;
    target.comm = ofBytes(bytes.subarray(0, 15)).split("\0", 1)[0] ?? "";
    return bytes.length;
  },
});

/** Linux timerslack_ns_write(): 0 is the default. */
export const timerSlack = (target: Task): ProcContent => ({
  read: (task) => (maySetSlack(task, target) ? `${target.timerSlack}\n` : -E.EPERM),
  write: (task, bytes) => {
    const value = number(bytes);
    if (!Number.isInteger(value) || value < 0) return -E.EINVAL;
    if (!maySetSlack(task, target)) return -E.EPERM;
    target.timerSlack = value === 0 ? target.defaultTimerSlack : value;
    return bytes.length;
  },
});
const maySetSlack = (task: Task, target: Task): boolean => task === target || capable(task.cred, CAP.SYS_NICE);

/** The mappings that a core file contains. man 5 core. */
export const coredumpFilter = (target: Task): ProcContent => ({
  read: () => `${target.mem.coredumpFilter.toString(16).padStart(8, "0")}\n`,
  write: (_task, bytes) => {
    const value = number(bytes);
    if (!Number.isInteger(value) || value < 0) return -E.EINVAL;
    target.mem.coredumpFilter = value & 0x1ff;
    return bytes.length;
  },
});
