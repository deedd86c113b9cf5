// Parts of a task that most tasks do not have: keyrings, rings of io_uring, undo lists. A part is declared in
// its feature, with its rules for clone(2), execve(2) and the end of a task. `task.ts` and the lifecycle name
// none.
import { Part } from "../base/part.ts";
import type { Task } from "./task.ts";

/** The rules of a part. A rule is called for tasks that have a value. */
export interface TaskPartRules<T> {
  /** True: `fork` is called for tasks without a value too. */
  readonly always?: true;
  /** clone(2): the value of the child. Default: none. */
  fork?(value: T | undefined, child: Task, parent: Task, flags: number): T | undefined;
  /** The value after execve(2); default: the same. Called before the new program, with its credentials. */
  exec?(value: T, task: Task, cred: Task["cred"]): T | undefined;
  /** The task gets other credentials, `now`. */
  cred?(value: T, task: Task, now: Task["cred"]): void;
  /** The value after unshare(2), or setns(2) to a namespace of a flag CLONE_*; default: the same. */
  unshare?(value: T, task: Task, flags: number): T | undefined;
  /** The type of kcmp(2) that compares the values of two tasks. */
  readonly kcmp?: number;
  /** The task ends, or never began. */
  exit?(value: T, task: Task): void;
}

/** A part of tasks. */
export class TaskPart<T> extends Part<Task, T> {
  readonly rules: TaskPartRules<T>;
  constructor(key: string, rules: TaskPartRules<T>) {
    super(key);
    this.rules = rules;
  }
}
// Parts of all types of values: the registry of features.
type AnyPart = TaskPart<unknown>;

/** clone(2). */
export const forkParts = (child: Task, parent: Task, flags: number): void => {
  for (const part of parent.kernel.taskParts as readonly AnyPart[]) {
    const value = part.of(parent);
    const { fork, always } = part.rules;
    if (fork && (value !== undefined || always)) part.set(child, fork(value, child, parent, flags));
  }
};
/** execve(2). */
export const executeParts = (task: Task, cred: Task["cred"]): void => {
  if (!task.parts) return;
  for (const part of task.kernel.taskParts as readonly AnyPart[]) {
    const value = part.of(task);
    const { exec } = part.rules;
    if (exec && value !== undefined) part.set(task, exec(value, task, cred));
  }
};
/** Credentials change: setuid(2) and its like, a new user namespace. Called before. */
export const changeCred = (task: Task, now: Task["cred"]): void => {
  if (task.parts)
    for (const part of task.kernel.taskParts as readonly AnyPart[]) {
      const value = part.of(task);
      if (value !== undefined) part.rules.cred?.(value, task, now);
    }
  task.cred = now;
};
/** unshare(2), setns(2). */
export const unshareParts = (task: Task, flags: number): void => {
  if (!task.parts) return;
  for (const part of task.kernel.taskParts as readonly AnyPart[]) {
    const value = part.of(task);
    const { unshare } = part.rules;
    if (unshare && value !== undefined) part.set(task, unshare(value, task, flags));
  }
};
/** The end of a task. */
export const endParts = (task: Task): void => {
  if (!task.parts) return;
  for (const part of task.kernel.taskParts as readonly AnyPart[]) {
    const value = part.of(task);
    part.set(task, undefined);
    if (value !== undefined) part.rules.exit?.(value, task);
  }
};
