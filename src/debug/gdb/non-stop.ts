// gdb's non-stop mode: each thread stops alone, and the others run on. Stops are told by notifications.
// https://sourceware.org/gdb/current/onlinedocs/gdb.html/Remote-Non_002dStop.html
import type { Task } from "../../kernel/core/task.ts";
import { Problem } from "../../problem.ts";
import type { Debugger } from "../debugger.ts";
import { programCounter } from "../registers.ts";
import type { Stop } from "../stop.ts";
import { OK } from "./replies.ts";
import { actionOf, type ThreadAction } from "./resume.ts";

/** A stop that gdb has not read, and the threads that still count as running: its own, and a new child. */
interface Told {
  readonly text: string;
  readonly tids: readonly number[];
}
/** The threads of one connection in non-stop mode. */
export class NonStop {
  private readonly _debug: Debugger;
  private readonly _text: (stop: Stop) => string;
  private readonly _notify: (text: string) => void;
  /** Threads that stand still. All others run, new ones too. */
  private readonly _stopped = new Set<number>();
  /** Steps of threads; "continue" with a range: it runs until it leaves the range. */
  private readonly _steps = new Map<number, ThreadAction>();
  /** Stops that gdb has not read. The first one has been told. */
  private readonly _told: Told[] = [];

  constructor(debug: Debugger, text: (stop: Stop) => string, notify: (text: string) => void) {
    this._debug = debug;
    this._text = text;
    this._notify = notify;
    for (const { pid } of debug.threads) this._stopped.add(pid);
  }
  private get _running(): readonly Task[] {
    return this._debug.threads.filter(({ pid }) => !this._stopped.has(pid));
  }
  get isRunning(): boolean {
    return this._running.length > 0;
  }
  /** The answer to `?`: all threads that stand still, one after the other. */
  status(): string {
    this._told.length = 0;
    const { stop } = this._debug;
    for (const { pid: tid, process } of this._debug.threads) {
      if (!this._stopped.has(tid)) continue;
      const isLast = stop?.tid === tid && stop.why.kind !== "ended";
      this._told.push({ text: this._text(isLast ? stop : { pid: process.pid, tid, why: { kind: "halted" } }), tids: [tid] });
    }
    return this._told[0]?.text ?? OK;
  }
  /** vStopped: gdb has read the first one. */
  next(): string {
    this._told.shift();
    return this._told[0]?.text ?? OK;
  }
  private _tell(stop: Stop): void {
    const { pid, tid, why } = stop;
    if (why.kind !== "no-resumed") this._stopped.add(tid);
    this._steps.delete(tid);
    if (why.kind === "child") {
      this._stopped.add(why.child);
    }
    if (why.kind === "ended")
      for (const { pid: other, process } of this._debug.threads) if (process.pid === pid) this._stopped.delete(other);
    const text = this._text(stop);
    this._told.push({ text, tids: why.kind === "child" ? [tid, why.child] : [tid] });
    if (this._told.length === 1) this._notify(`Stop:${text}`);
  }
  /** vCont. */
  resume(actions: readonly ThreadAction[]): string {
    const { _debug: debug } = this;
    // An action for all threads was sent before gdb read these stops, and does not mean their threads.
    const unread = new Set(this._told.flatMap(({ tids }) => tids));
    for (const task of debug.threads) {
      const { pid: tid, process } = task;
      if (unread.has(tid)) continue;
      const action = actionOf(actions, task);
      const isStopped = this._stopped.has(tid);
      if (!action || isStopped === (action.kind === "halt")) continue;
      if (action.kind === "halt") {
        this._tell({ pid: process.pid, tid, why: { kind: "halted" } });
        continue;
      }
      this._stopped.delete(tid);
      if (action.kind === "step") this._steps.set(tid, action);
      debug.giveSignal(tid, action.signal);
    }
    return OK;
  }
  /** vCtrlC: a thread stops as by Ctrl-C. */
  interrupt(): string {
    const { _running: running, _debug: debug } = this;
    const task = running.find((one) => one === debug.current) ?? running[0];
    if (task) this._tell({ pid: task.process.pid, tid: task.pid, why: { kind: "interrupt" } });
    return OK;
  }
  /** True: a thread that has executed many instructions of a range runs in it, beside all others. */
  private _runsOn({ tid, why }: Stop): boolean {
    const [action, task] = [this._steps.get(tid), this._debug.task(tid)];
    if (why.kind !== "step" || action?.kind !== "step" || !action.within || !task) return false;
    const [from, to] = action.within;
    const ip = programCounter(task);
    if (ip < from || ip >= to) return false;
    this._steps.set(tid, { ...action, kind: "continue" });
    return true;
  }
  /** Runs until gdb sends something, or all threads stand still. After a Problem they do, where they were. */
  async run(hasMore: () => boolean, complain: (problem: Problem) => void): Promise<void> {
    const { _debug: debug } = this;
    while (!hasMore() && this.isRunning) {
      const steppers = this._running.filter(({ pid }) => this._steps.get(pid)?.kind === "step");
      const stepper = steppers.find(({ state }) => state === "runnable") ?? steppers[0];
      const ranges = this._running.map(({ pid }) => [pid, this._steps.get(pid)] as const);
      debug.ranges = new Map(ranges.flatMap(([tid, step]) => (step?.kind === "continue" && step.within ? [[tid, step.within]] : [])));
      // Threads step one after the other: the next one must not run on meanwhile.
      debug.hold((task) => this._stopped.has(task.pid) || (task !== stepper && steppers.includes(task)));
      let stop: Stop;
      try {
        stop = stepper ? await debug.step(stepper.pid, this._steps.get(stepper.pid)?.within) : await debug.continue();
      } catch (problem) {
        if (!(problem instanceof Problem)) throw problem;
        complain(problem);
        for (const { pid: tid, process } of this._running) this._tell({ pid: process.pid, tid, why: { kind: "halted" } });
        return;
      }
      if (stop.why.kind === "interrupt" || this._runsOn(stop)) continue;
      this._tell(stop);
      const hasEnded = stop.why.kind === "thread-ended" || stop.why.kind === "ended";
      if (hasEnded && debug.events.noResumed && !this.isRunning && debug.threads.length > 0)
        this._tell({ ...stop, why: { kind: "no-resumed" } });
    }
  }
}
