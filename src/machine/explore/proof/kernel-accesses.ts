// The kernel's accesses to the program's memory in a proof: what a call reads and writes belongs to the
// call's event, seen where the kernel touches memory, for all calls alike. Calls that unmap, protect or move
// pages count as writes of all of them, for tasks that use these pages and that no birth or join orders.
import type { Cpu } from "../../../cpu/cpu.ts";
import { type Access, access } from "../../../cpu/machine/mmu.ts";
import { DOOR_LENGTH } from "../../../kernel/base/processor.ts";
import type { Kernel } from "../../../kernel/core/kernel.ts";
import type { Task } from "../../../kernel/core/task.ts";
import type { KernelReads } from "../../../memory/frames.ts";
import type { UserMemory } from "../../../memory/user.ts";
import type { PagesInUse } from "../shared-words.ts";
import type { PendingEvent } from "../strategy.ts";
import type { HiddenAccess } from "./hidden.ts";
import type { ThreadIds } from "./thread-ids.ts";

const PAGE = 4096;
const BIRTHS = /^clone3?$/;

/** What all runs have shown of calls that count as a task's own. */
export class CallFacts {
  /** Instructions of such calls that have touched memory which other tasks use: events of a proof. */
  readonly telling = new Set<number>();
}
/** A change of mappings: by a task, its number in the run, and the instruction behind the call. */
export interface Remap {
  readonly pid: number;
  readonly number: number;
  readonly ip: number;
}
/** The run that asks. */
interface Watching {
  readonly kernel: Kernel;
  readonly cpu: Cpu;
  readonly facts: CallFacts;
  readonly ids: ThreadIds;
  readonly pages: () => PagesInUse;
  /** The second task has begun. */
  readonly hasBegun: () => boolean;
  readonly callName: (task: Task) => string | undefined;
  /** The call that the task makes is no event. */
  readonly isOwnCall: (task: Task) => boolean;
  /** The call writes memory of its task. */
  readonly written: (pid: number, address: number, bytes: number) => void;
  /** An access of the call that is the task's last event. */
  readonly also: (pid: number, event: PendingEvent) => void;
  /** An access that is no part of an event. */
  readonly hides: (pid: number, access: HiddenAccess) => void;
}

/** The accesses of one run. */
export class KernelAccesses implements KernelReads {
  private readonly _run: Watching;
  /** Tasks with their parents, and the number of changes of mappings before each began. */
  private readonly _births = new Map<number, { readonly parent: number; readonly after: number }>();
  private _remaps = 0;
  constructor(run: Watching) {
    this._run = run;
    run.kernel.frames.kernelReads = this;
  }
  /** A task is there; its parent runs. */
  born({ pid }: Task, parent: Task | undefined): void {
    if (parent && parent.pid !== pid && !this._births.has(pid)) this._births.set(pid, { parent: parent.pid, after: this._remaps });
  }
  file(): void {}
  memory(space: UserMemory, at: number, kind: Access, bytes: number): void {
    const task = this._calling(space);
    if (!task) return;
    const isBirth = BIRTHS.test(this._run.callName(task) ?? "");
    // Ids of threads: the events about them know more (thread-ids.ts).
    if (kind === access.write && this._run.ids.isId(at)) return;
    const length = Math.min(bytes, PAGE - (at % PAGE));
    const how = kind === access.write ? access.write : access.read;
    if (how === access.write) this._run.written(task.pid, at, length);
    this._run.pages().cached(task, at, how);
    if (isBirth) this._gives(task, at, length, how);
    else if (this._run.pages().meetsCall(task, at, length, how))
      this._tell(task, { address: at, bytes: length, writes: kind === access.write });
  }
  /** A thread's id, as a rule in memory that the thread alone knows so far. */
  private _gives(task: Task, address: number, bytes: number, how: number): void {
    if (!this._run.pages().meets(task, address, bytes, how)) return;
    const written = {
      ip: this._ip,
      space: task.mem,
      address,
      bytes,
      writes: how === access.write,
      isPart: true,
      orders: "nothing" as const,
      isFixed: true,
      ask: () => {},
      promote: () => {},
    };
    this._run.hides(task.pid, { ...written, gap: "clone writes an id that other threads use" });
  }
  mapped(space: UserMemory, start: number, end: number): void {
    const task = this._calling(space);
    if (!task || BIRTHS.test(this._run.callName(task) ?? "")) return;
    const remap = { pid: task.pid, number: ++this._remaps, ip: this._ip };
    const isShared = this._run.pages().remapped(task, start, end, remap, this);
    // Others may use the pages later.
    if (isShared || !this._run.isOwnCall(task)) this._tell(task, { address: start, bytes: end - start, writes: true });
  }
  /** Nothing that the task does can come before the change, or nothing behind it. */
  isOrdered({ pid, number }: Remap, other: number): boolean {
    if (other === pid || this._run.ids.hasJoined(pid, other)) return true;
    for (let birth = this._births.get(other); birth; birth = this._births.get(birth.parent))
      if (birth.parent === pid) return birth.after >= number;
    return false;
  }
  /** A task has used a page after a change that is not ordered with it. */
  collides({ ip }: Remap): void {
    this._run.facts.telling.add(ip);
  }
  /** The task whose call the kernel executes, if it is one of several. */
  private _calling(space: UserMemory): Task | undefined {
    const { kernel, hasBegun } = this._run;
    const { scheduler, tasks } = kernel;
    const task = scheduler.current;
    if (!scheduler.isInCall || task?.mem !== space || !hasBegun() || tasks.size === 1) return undefined;
    return task;
  }
  private get _ip(): number {
    return this._run.cpu.state.rip - DOOR_LENGTH;
  }
  private _tell(task: Task, place: { readonly address: number; readonly bytes: number; readonly writes: boolean }): void {
    const { facts, isOwnCall, also } = this._run;
    if (isOwnCall(task)) facts.telling.add(this._ip);
    else also(task.pid, { ip: this._ip, space: task.mem, ...place, reads: !place.writes });
  }
}
