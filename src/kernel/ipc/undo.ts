// SEM_UNDO: the values that the end of a process gives back to semaphores. man 2 semop; Linux ipc/sem.c
// find_alloc_undo(), exit_sem().
import { cost } from "../base/cost.ts";
import type { Task } from "../task/task.ts";
import { SEMVMX, type SemaphoreSet, type Undo, undoBytes } from "./sem.ts";

/** The undo values of a process. Threads made with CLONE_SYSVSEM share it. Linux struct sem_undo_list. */
export class UndoList {
  users = 1;
  readonly undos = new Map<SemaphoreSet, Undo>();
}

/** The values for a set, made at the first use. Undefined: memory is short. */
export const undoOf = (t: Task, set: SemaphoreSet): Undo | undefined => {
  t.semUndo ??= new UndoList();
  const present = t.semUndo.undos.get(set);
  if (present) return present;
  for (const gone of t.semUndo.undos.keys()) if (gone.removed) t.semUndo.undos.delete(gone);
  if (!t.kernel.frames.account.take(undoBytes(set))) return undefined;
  const undo: Undo = { set, adjust: new Int16Array(set.count) };
  t.semUndo.undos.set(set, undo);
  set.undos.add(undo);
  return undo;
};

/** clone(2) with CLONE_SYSVSEM. Linux copy_semundo(). */
export const shareUndo = (t: Task): UndoList => {
  t.semUndo ??= new UndoList();
  t.semUndo.users++;
  return t.semUndo;
};

/** The task ends, or leaves its list: with the last user the values are given back. Linux exit_sem(). */
export const leaveUndo = (t: Task): void => {
  const list = t.semUndo;
  t.semUndo = undefined;
  if (!list || --list.users > 0) return;
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
