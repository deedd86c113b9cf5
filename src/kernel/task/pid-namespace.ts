// Pid namespaces: a task has a number in its own namespace and in every namespace above. man 7
// pid_namespaces; Linux kernel/pid_namespace.c, kernel/pid.c. The kernel uses the numbers of the initial
// namespace and translates them at the boundary to user code.

import type { Process } from "../core/process.ts";
import type { Task } from "../core/task.ts";
import type { UserNamespace } from "../cred/user-namespace.ts";

declare module "../core/task.ts" {
  interface TaskMembers {
    /** The task's pid namespace, and that of its children. */
    pidNs: PidNamespace;
    childPidNs: PidNamespace;
  }
}
declare module "../core/kernel.ts" {
  interface KernelMembers {
    /** The initial pid namespace. */
    readonly pidNamespace: PidNamespace;
  }
}

const MAX_LEVEL = 32;

/** One namespace with the numbers of its members. Linux struct pid_namespace. */
export class PidNamespace {
  readonly parent: PidNamespace | undefined;
  readonly level: number;
  readonly owner: UserNamespace | undefined;
  /** Its process 1. It adopts orphans, and its end ends all members. */
  init: Process | undefined = undefined;
  /** The last number that was given. Only a namespace below the initial one counts its own. */
  last = 0;
  private readonly _numbers = new Map<number, number>();
  private readonly _ids = new Map<number, number>();

  constructor(parent: PidNamespace | undefined, owner: UserNamespace | undefined) {
    this.parent = parent;
    this.level = parent ? parent.level + 1 : 0;
    this.owner = owner;
  }
  get tooDeep(): boolean {
    return this.level > MAX_LEVEL;
  }
  /** True after the end of its init. No task can be created here any more. */
  get ended(): boolean {
    return this.init !== undefined && this.init.ended !== undefined;
  }

  /** The number that members see for the kernel's id. 0: they cannot see it. */
  numberOf(id: number): number {
    return this.parent ? (this._numbers.get(id) ?? 0) : id;
  }
  /** The kernel's id for a number that a member passes. 0: none. */
  idOf(number: number): number {
    return this.parent ? (this._ids.get(number) ?? 0) : number;
  }
  /** The kernel's ids of all members, in order of their numbers. */
  get ids(): Iterable<number> {
    return this._ids.values();
  }

  /** Gives a new task a number here and in the namespaces above. */
  enter(id: number): void {
    if (!this.parent) return;
    this.parent.enter(id);
    let number = this.last + 1;
    while (this._ids.has(number)) number++;
    this.last = number;
    this._numbers.set(id, number);
    this._ids.set(number, id);
  }
  leave(id: number): void {
    if (!this.parent) return;
    this.parent.leave(id);
    const number = this._numbers.get(id);
    if (number === undefined) return;
    this._numbers.delete(id);
    this._ids.delete(number);
  }
}

/** The task of a number that the caller passes. Linux find_task_by_vpid(). */
export const findTask = (t: Task, number: number): Task | undefined => t.kernel.tasks.get(t.pidNs.idOf(number));
/** The process of a number that the caller passes. */
export const findProcess = (t: Task, number: number): Process | undefined => t.kernel.processes.get(t.pidNs.idOf(number));
/** A thread, or the leader of a process whose leading thread has ended. */
export const findThread = (t: Task, number: number): Task | undefined => findTask(t, number) ?? findProcess(t, number)?.leader;
/** The number that the caller sees for the kernel's id. */
export const shownPid = (t: Task, id: number): number => t.pidNs.numberOf(id);
