// SEM_UNDO: the values that the end of a process gives back to semaphores. man 2 semop; Linux ipc/sem.c
// find_alloc_undo(), exit_sem().
import { CLONE } from "../../../abi/uapi/sched.ts";
import { cost } from "../../base/cost.ts";
import type { Task } from "../../core/task.ts";
import { TaskPart } from "../../core/task-part.ts";
import { SEMVMX, type SemaphoreSet, type Undo, undoBytes } from "./semaphores.ts";

/** Linux uapi linux/kcmp.h. */
const KCMP_SYSVSEM = 6;

/** The undo values of a process. Threads made with CLONE_SYSVSEM share it. Linux struct sem_undo_list. */
export class UndoList {
  users = 1;
  readonly undos = new Map<SemaphoreSet, Undo>();
}

/** semop(2) with SEM_UNDO: the list of a task. Threads may share it before one of them uses it. */
export const undoPart = new TaskPart<UndoList>("semaphore undo", {
  always: true,
  kcmp: KCMP_SYSVSEM,
  fork: (_list, _child, parent, flags) => ((flags & CLONE.SYSVSEM) !== 0 ? shareUndo(parent) : undefined),
  unshare: (list, task, flags) => {
    if ((flags & (CLONE.SYSVSEM | CLONE.NEWIPC)) === 0) return list;
    leaveUndo(list, task);
    return undefined;
  },
  exit: (list, task) => leaveUndo(list, task),
});

/** The values for a set, made at the first use. Undefined: memory is short. */
export const undoOf = (t: Task, set: SemaphoreSet): Undo | undefined => {
  const list = undoPart.make(t, () => new UndoList());
  const present = list.undos.get(set);
  if (present) return present;
  for (const gone of list.undos.keys()) if (gone.removed) list.undos.delete(gone);
  if (!t.kernel.frames.account.take(undoBytes(set))) return undefined;
  const undo: Undo = { set, adjust: new Int16Array(set.count) };
  list.undos.set(set, undo);
  set.undos.add(undo);
  return undo;
};

const shareUndo = (t: Task): UndoList => {
  const list = undoPart.make(t, () => new UndoList());
  list.users++;
  return list;
};

/** The task ends, or leaves its list: with the last user the values are given back. Linux exit_sem(). */
const leaveUndo = (list: UndoList, t: Task): void => {
  if (--list.users > 0) return;
  for (const [set, { adjust }] of list.undos) {
    if (set.removed) continue;
    adjust.forEach((n, num) => {
      if (n === 0) return;
      set.set(num, Math.min(SEMVMX, Math.max(0, (set.values[num] as number) + n)), t.tgid);
    });
    t.kernel.charge(adjust.length);
    set.undos.delete(list.undos.get(set) as Undo);
    t.kernel.frames.account.give(undoBytes(set));
    set.update();
    set.otime = t.kernel.realtime().sec;
  }
  t.kernel.charge(list.undos.size * cost.entry);
};
