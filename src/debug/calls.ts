// Functions that gdb calls in the past. gdb changes a thread's registers, lets it run, and puts them back;
// no packet says that these belong together. What the function does is a branch. When it is over, the run
// goes on where it stood: a recording keeps its inputs, and `print f()` changes nothing.
import type { Task } from "../kernel/core/task.ts";
import { compareMoments, type Moment } from "../machine/moment.ts";
import type { TimelinePlace } from "../machine/timeline/timeline.ts";
import { generalRegisters, programCounter, registerOf } from "./registers.ts";
import type { Standing } from "./standing.ts";
import type { Stop } from "./stop.ts";

/** Bytes below the stack pointer that belong to the function that runs. System V ABI of x86-64, 3.2.2. */
const RED_ZONE = 128;
/** Bytes below the stack pointer that arguments of a call take, at most. */
const ARGUMENTS = 1 << 16;

/** Bytes of a process's memory. */
export interface WrittenMemory {
  readonly pid: number;
  readonly address: number;
  readonly length: number;
}
/** A thread's stack pointer and program counter. */
interface Frame {
  readonly stack: number;
  readonly counter: number;
}
/** A change that may be the begin of a call. */
interface BegunCall {
  readonly place: TimelinePlace;
  /** True: the run was not known from there on, so what the function does stays. */
  readonly isNew: boolean;
  /** The registers before it, by thread. */
  readonly registers: ReadonlyMap<number, string>;
  /** Where each thread stood before it. */
  readonly frames: ReadonlyMap<number, Frame>;
  /** The thread that executes the function. Absent: it is a change of another kind. */
  tid?: number;
}

const isNarrow = (task: Task): boolean => task.program.abi.registers === 32;
const frameOf = (task: Task): Frame => ({
  stack: Number(registerOf(task, isNarrow(task) ? "esp" : "rsp") ?? 0n),
  counter: programCounter(task),
});

/** The calls of one debugged run. */
export class Calls {
  private readonly _standing: Standing;
  /** Calls that are not over: one may stop within another. */
  private readonly _begun: BegunCall[] = [];
  /** The call that is over: its thread has the registers from before it. */
  private _over: BegunCall | undefined = undefined;
  /** The result of the function at whose end the thread stands. */
  private _result: { readonly moment: Moment; readonly value: bigint } | undefined = undefined;
  /** Memory was written after a call: for a string among the next one's arguments, or by gdb's user. */
  private _isWritten = false;
  /** Where the run has come back to from a call that ended the program. */
  private _back: Moment | undefined = undefined;

  constructor(standing: Standing) {
    this._standing = standing;
  }
  /** Before memory is written. */
  write(memory: WrittenMemory): void {
    if (this._isUnused(memory)) this._begin();
    else if (this._over) {
      this._isWritten = true;
      // For a string among the arguments gdb calls malloc first, and writes to where its result points.
      if (this._result?.value !== BigInt(memory.address)) this._keep();
    }
  }
  /** What gdb's user changes while a call's effects are there stays, and they with it. */
  private _keep(): void {
    if (this._over) this._begun.splice(this._begun.indexOf(this._over));
    this._over = undefined;
  }
  /** Before a thread's registers change. */
  change(tid: number): void {
    this._isWritten = false;
    this._begin();
    const { moment } = this._standing.timeline;
    const task = this._standing.task(tid);
    if (task && (!this._result || compareMoments(this._result.moment, moment) !== 0))
      this._result = { moment, value: registerOf(task, "rax") ?? 0n };
  }
  /** A thread's registers have changed. */
  changed(tid: number): void {
    const { moment } = this._standing.timeline;
    const task = this._standing.task(tid);
    const now = task && generalRegisters(task);
    // Behind a call that has ended the program gdb writes what is there already.
    const isBack = this._back !== undefined && compareMoments(this._back, moment) === 0;
    this._over = this._begun.findLast(
      ({ place, registers }) => (isBack || compareMoments(place.moment, moment) !== 0) && registers.get(tid) === now,
    );
    // What gdb has changed at the end of this call begins no other one.
    if (this._over?.isNew) this._keep();
  }
  /** Before the run goes on: a thread that is elsewhere now, with more on its stack, executes a function. */
  go(): void {
    const { timeline, threads } = this._standing;
    const isCalled = (one: BegunCall, task: Task): boolean => {
      const before = one.frames.get(task.pid);
      const now = frameOf(task);
      return before !== undefined && now.counter !== before.counter && now.stack < before.stack;
    };
    const last = this._begun.at(-1);
    for (const begun of this._begun.filter((one) => one.isNew || one === last)) {
      const isHere = compareMoments(begun.place.moment, timeline.moment) === 0;
      const task = isHere ? threads.find((each) => isCalled(begun, each)) : undefined;
      if (task) begun.tid = task.pid;
    }
    const isOther = (one: BegunCall | undefined): boolean => one?.isNew === true && one.tid === undefined;
    while (isOther(this._begun.at(-1))) this._begun.pop();
  }
  /** If a call has led to the end of the program or of history: its thread, and where the run goes on. */
  ended({ why }: Stop): { readonly place: TimelinePlace; readonly tid: number } | undefined {
    if (why.kind !== "ended" && !(why.kind === "history" && why.end === "end")) return undefined;
    const begun = this._begun.find((one) => one.tid !== undefined && !one.isNew);
    if (begun?.tid === undefined) return undefined;
    this.forget();
    this._back = begun.place.moment;
    return { place: begun.place, tid: begun.tid };
  }
  /** If a call is over, where the run has to go on. */
  leave(): TimelinePlace | undefined {
    const place = this._isWritten ? undefined : this._over?.place;
    this._keep();
    return place;
  }
  /** The run goes elsewhere. */
  forget(): void {
    this._begun.length = 0;
    this._over = undefined;
  }
  /** Memory of the stack that no function uses yet: there gdb puts arguments. */
  private _isUnused({ pid, address, length }: WrittenMemory): boolean {
    const isBelow = (task: Task): boolean => {
      const { stack } = frameOf(task);
      return address >= stack - ARGUMENTS && address + length <= stack - (isNarrow(task) ? 0 : RED_ZONE);
    };
    return this._standing.threads.some((task) => task.process.pid === pid && isBelow(task));
  }
  private _begin(): void {
    const { timeline, threads } = this._standing;
    const isNew = !timeline.isPast;
    // On the branch of a change in the past all is known.
    if (isNew && this._begun.some((one) => !one.isNew)) return;
    if (!isNew) timeline.keepIfFar();
    this._begun.push({
      place: timeline.place,
      isNew,
      registers: new Map(threads.map((task) => [task.pid, generalRegisters(task)])),
      frames: new Map(threads.map((task) => [task.pid, frameOf(task)])),
    });
  }
}
