// ioprio_set and ioprio_get: remembered, because there is no disk. man 2 ioprio_set; Linux block/ioprio.c.
import { E } from "../../../abi/errno.ts";
import type { Task } from "../../core/task.ts";
import { CAP, capable } from "../../cred/cred.ts";
import { toKernel } from "../../cred/user-namespace.ts";
import { int } from "../../syscall/arg.ts";
import { choice } from "../../syscall/arg-flags.ts";
import { type Syscall, syscall } from "../../syscall/declaration.ts";
import { findTask } from "../../task/pid-namespace.ts";

const WHO = { IOPRIO_WHO_PROCESS: 1, IOPRIO_WHO_PGRP: 2, IOPRIO_WHO_USER: 3 } as const;
const CLASS = { NONE: 0, RT: 1, BE: 2, IDLE: 3 } as const;
const CLASS_SHIFT = 13;
const LEVELS = 8;

/** 0, -EPERM or -EINVAL. Linux ioprio_check_cap(). */
export const checkPriority = (t: Task, value: number): number => {
  const kind = value >>> CLASS_SHIFT;
  const level = value & 7;
  switch (kind) {
    case CLASS.RT:
      if (!capable(t.cred, CAP.SYS_ADMIN) && !capable(t.cred, CAP.SYS_NICE)) return -E.EPERM;
      return (value & 0x1fff) >= LEVELS << 10 ? -E.EINVAL : 0;
    case CLASS.BE:
    case CLASS.IDLE:
      return 0;
    case CLASS.NONE:
      return level !== 0 ? -E.EINVAL : 0;
    default:
      return -E.EINVAL;
  }
};

/** The tasks that a call names, or -errno. */
const tasksOf = (t: Task, which: number, who: number): Task[] | number => {
  const all = [...t.kernel.tasks.values()];
  let found: (Task | undefined)[];
  switch (which) {
    case WHO.IOPRIO_WHO_PROCESS:
      found = [who === 0 ? t : findTask(t, who)];
      break;
    case WHO.IOPRIO_WHO_PGRP: {
      const group = who === 0 ? t.process.pgid : t.pidNs.idOf(who);
      found = all.filter((other) => other.process.pgid === group);
      break;
    }
    case WHO.IOPRIO_WHO_USER: {
      const uid = who === 0 ? t.cred.uid : toKernel(t.cred.userNs, "uidMap", who);
      found = all.filter((other) => other.cred.uid === uid);
      break;
    }
    default:
      return -E.EINVAL;
  }
  const live = found.filter((other) => other !== undefined);
  return live.length === 0 ? -E.ESRCH : live;
};

/** Linux set_task_ioprio(). */
const set = (t: Task, which: number, who: number, value: number): number => {
  const bad = checkPriority(t, value);
  if (bad < 0) return bad;
  const tasks = tasksOf(t, which, who);
  if (typeof tasks === "number") return tasks;
  const { euid, uid } = t.cred;
  for (const task of tasks) {
    const mine = task.cred.uid === euid || task.cred.uid === uid;
    if (!mine && !capable(t.cred, CAP.SYS_NICE)) return -E.EPERM;
    task.ioprio = value;
  }
  return 0;
};

/** The class and level that follow from the nice value. Linux task_nice_ioprio(). */
const effective = (task: Task): number =>
  task.ioprio >>> CLASS_SHIFT !== CLASS.NONE ? task.ioprio : (CLASS.BE << CLASS_SHIFT) | Math.floor((task.nice + 20) / 5);
const get = (t: Task, which: number, who: number): number => {
  const tasks = tasksOf(t, which, who);
  if (typeof tasks === "number") return tasks;
  if (which === WHO.IOPRIO_WHO_PROCESS) return (tasks[0] as Task).ioprio;
  return Math.min(...tasks.map(effective));
};

const which = choice("int", WHO, "IOPRIO_WHO_???");
/** Calls on I/O priorities. man 2 ioprio_set. */
export const ioprioCalls: readonly Syscall[] = [
  syscall("ioprio_set", { which, who: int, ioprio: int }, (t, a) => set(t, a.which, a.who, a.ioprio)),
  syscall("ioprio_get", { which, who: int }, (t, a) => get(t, a.which, a.who)),
];
