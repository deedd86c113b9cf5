// Pid namespaces: a task has a number in its own and in every one above. man 7 pid_namespaces; Linux kernel/pid_namespace.c, kernel/pid.c.
// Inside the kernel everybody has the initial namespace's number; it is translated where user code says or sees one.

import type { UserNamespace } from "../cred/user-namespace.ts";
import type { Process } from "../task/process.ts";
import type { Task } from "../task/task.ts";

const MAX_LEVEL = 32;

export class PidNamespace {
  readonly parent: PidNamespace | undefined;
  readonly level: number;
  readonly owner: UserNamespace | undefined;
  /** Its number 1: adopts orphans; with it all members end. */
  init: Process | undefined = undefined;
  #last = 0;
  readonly #numbers = new Map<number, number>();
  readonly #ids = new Map<number, number>();

  constructor(parent: PidNamespace | undefined, owner: UserNamespace | undefined) {
    this.parent = parent;
    this.level = parent ? parent.level + 1 : 0;
    this.owner = owner;
  }
  get tooDeep(): boolean {
    return this.level > MAX_LEVEL;
  }
  /** Its init has come and gone: nobody can be born here. */
  get ended(): boolean {
    return this.init !== undefined && this.init.ended !== undefined;
  }

  /** The number that members see for the kernel's id; 0: they cannot see it. */
  numberOf(id: number): number {
    return this.parent ? (this.#numbers.get(id) ?? 0) : id;
  }
  /** The kernel's id for a number said by a member; 0: nobody's. */
  idOf(number: number): number {
    return this.parent ? (this.#ids.get(number) ?? 0) : number;
  }
  /** All members' ids, by number. */
  get ids(): Iterable<number> {
    return this.#ids.values();
  }

  /** A new task: it gets a number here and in the namespaces above. */
  enter(id: number): void {
    if (!this.parent) return;
    this.parent.enter(id);
    const number = ++this.#last;
    this.#numbers.set(id, number);
    this.#ids.set(number, id);
  }
  leave(id: number): void {
    if (!this.parent) return;
    this.parent.leave(id);
    const number = this.#numbers.get(id);
    if (number === undefined) return;
    this.#numbers.delete(id);
    this.#ids.delete(number);
  }
}

/** Whom a number in a call's argument means, to the caller. */
export const findTask = (t: Task, number: number): Task | undefined => t.kernel.tasks.get(t.pidNs.idOf(number));
export const findProcess = (t: Task, number: number): Process | undefined => t.kernel.processes.get(t.pidNs.idOf(number));
/** A thread, or the leader of a process whose leader has gone. */
export const findThread = (t: Task, number: number): Task | undefined => findTask(t, number) ?? findProcess(t, number)?.leader;
/** What the caller sees. */
export const shownPid = (t: Task, id: number): number => t.pidNs.numberOf(id);
