// A debugger of all programs of a machine, without a protocol: breakpoints, watchpoints, catchpoints and
// steps, forward and backward on a timeline. Nothing of it can be seen by a guest.
import type { Kernel } from "../kernel/core/kernel.ts";
import type { Task } from "../kernel/core/task.ts";
import { sendToProcess, sendToTask } from "../kernel/signal/send.ts";
import { kernelSignal, type SigInfo } from "../kernel/signal/state/info.ts";
import { has, SIG } from "../kernel/signal/state/set.ts";
import type { Denial } from "../machine/denial.ts";
import type { Moment } from "../machine/moment.ts";
import type { Timeline } from "../machine/timeline/timeline.ts";
import { Problem } from "../problem.ts";
import { Backward } from "./backward.ts";
import { Calls } from "./calls.ts";
import { type Followed, follow } from "./follow.ts";
import { Forward } from "./forward.ts";
import { peek } from "./memory.ts";
import { type CodeRange, type Notices, pathOf, type SeenDenial } from "./notices.ts";
import type { BreakKind, PointActions } from "./points.ts";
import { changeRegisters, programCounter } from "./registers.ts";
import { Standing } from "./standing.ts";
import type { Events, Stop, StopCondition, Wanted, Watch } from "./stop.ts";

/** One program that is debugged. */
class DebuggedRun {
  readonly standing: Standing;
  readonly forward: Forward;
  readonly backward: Backward;
  readonly calls: Calls;
  constructor(timeline: Timeline, wanted: Wanted) {
    this.standing = new Standing(timeline, wanted);
    this.forward = new Forward(this.standing);
    this.backward = new Backward(this.standing);
    this.calls = new Calls(this.standing);
  }
}

/**
 * The debugger. Processes and threads are named by their ids: after a step back they are other objects. A run
 * or a way that throws a Problem leaves the program at the moment at which it was.
 */
export class Debugger {
  private readonly _wanted: Wanted = {
    catches: undefined,
    passes: new Set(),
    events: { fork: false, vfork: false, exec: false, threads: false, clones: new Set(), ends: new Set(), noResumed: false },
    conditions: [],
    endsAtExec: false,
    print: () => {},
  };
  private _run: DebuggedRun | undefined = undefined;
  private _keepsEnd = false;
  private _isEachAlone = false;
  /** The process with which it begins. Absent: the first one. */
  followed: Followed | undefined = undefined;
  private _begin: Moment | undefined = undefined;
  private _input: (() => Promise<Uint8Array | undefined>) | undefined = undefined;

  /** Without a timeline there is no program yet. */
  constructor(timeline?: Timeline) {
    if (timeline) this.load(timeline);
  }
  /** Debugs this run from now on. The points of the last one are gone. */
  load(timeline: Timeline): void {
    this._run = new DebuggedRun(timeline, this._wanted);
    this._begin = undefined;
    this.isEachAlone = this._isEachAlone;
    this.keepsEnd = this._keepsEnd;
    this.input = this._input;
  }
  /** There is no program any more. */
  unload(): void {
    this._run = undefined;
  }
  get hasProgram(): boolean {
    return this._run !== undefined;
  }
  private get _at(): DebuggedRun {
    if (!this._run) throw new Problem("usage", "there is no program");
    return this._run;
  }
  private get _standing(): Standing {
    return this._at.standing;
  }
  private get _notes(): Notices {
    return this._standing.notes;
  }
  get timeline(): Timeline {
    return this._standing.timeline;
  }
  get kernel(): Kernel {
    return this.timeline.kernel;
  }

  // Tasks.
  task(tid: number): Task | undefined {
    return this._run?.standing.task(tid);
  }
  /** The threads that gdb sees. */
  get threads(): readonly Task[] {
    return this._run?.standing.threads ?? [];
  }
  /** The thread that runs, or the first one of the first program. */
  get current(): Task | undefined {
    return this._run?.standing.current;
  }
  /** The path of a task's program, in its own root. */
  pathOf(task: Task): string {
    return pathOf(task);
  }

  // What to stop at.
  addBreakpoint(pid: number, address: number, kind: BreakKind, actions?: PointActions): void {
    this._notes.points.addBreakpoint(pid, address, kind, actions);
  }
  removeBreakpoint(pid: number, address: number, kind: BreakKind): void {
    this._notes.points.removeBreakpoint(pid, address, kind);
  }
  addWatch(watch: Watch): void {
    this._notes.points.addWatch(watch);
  }
  removeWatch(watch: Watch): void {
    this._notes.points.removeWatch(watch);
  }
  /** Numbers of calls to catch. "all", or none. */
  set catches(numbers: "all" | ReadonlySet<number> | undefined) {
    this._wanted.catches = numbers;
  }
  /** Gets the output of breakpoints' commands, one character a byte. */
  set print(print: (text: string) => void) {
    this._wanted.print = print;
  }
  /** Signals that are delivered without a stop. */
  set passes(signals: ReadonlySet<number>) {
    this._wanted.passes = signals;
  }
  get events(): Events {
    return this._wanted.events;
  }
  get conditions(): StopCondition[] {
    return this._wanted.conditions;
  }
  /** Lets a process go: it runs on unseen. */
  detach(pid: number): void {
    this._notes.detached.add(pid);
    this._notes.points.forget(pid);
    const { scheduler } = this.kernel;
    this.hold((task) => scheduler.isHeld(task));
  }

  /** Lets all processes go but one, as a debugger that had followed this one from the start. */
  detachOthers(own = this.current?.process.pid): void {
    for (const { process } of [...this.threads]) if (process.pid !== own) this.detach(process.pid);
    if (own !== undefined) this._notes.got.add(own);
  }
  /** Takes a process back that runs on unseen. False: there is none. */
  attach(pid: number): boolean {
    const process = this.kernel.processes.get(pid);
    if (process === undefined || process.ended !== undefined || !this._notes.detached.delete(pid)) return false;
    this._notes.got.add(pid);
    return true;
  }
  /** Ends a process. */
  kill(pid: number): void {
    this.detach(pid);
    this.timeline.change(({ kernel }) => {
      const process = kernel.processes.get(pid);
      if (process) sendToProcess(process, kernelSignal(SIG.SIGKILL));
    });
  }

  // Where it stands.
  /** The last stop, at the moment at which it was. */
  get stop(): Stop | undefined {
    return this._run?.standing.stop;
  }
  /** The signal before which a thread stands. */
  signalOf(tid: number): SigInfo | undefined {
    return this._standing.signalOf(tid);
  }
  /** For the hook `denied` of the program. */
  denied(denial: Denial): void {
    this._run?.standing.notes.denied(denial);
  }
  /** The last denied call before now. */
  get lastDenial(): SeenDenial | undefined {
    return this._notes.lastDenial;
  }

  // Runs.
  /** True: the end of the first program is the end of history, not an exit. */
  set keepsEnd(keeps: boolean) {
    this._keepsEnd = keeps;
    if (this._run) this._run.forward.keepsEnd = keeps;
  }
  /** True: the process's history ends before it executes another program. */
  set endsAtExec(ends: boolean) {
    this._wanted.endsAtExec = ends;
  }
  /** Waits for input of the program; undefined is its end. Absent: the input has ended. */
  set input(input: (() => Promise<Uint8Array | undefined>) | undefined) {
    this._input = input;
    if (this._run) this._run.forward.input = input;
  }
  /** Sleeps of all tasks take real time. Set it before gdb connects. */
  sleepsInRealTime = false;
  /** Each thread stops alone, and the others run on: gdb's non-stop mode. */
  get isEachAlone(): boolean {
    return this._isEachAlone;
  }
  set isEachAlone(isAlone: boolean) {
    this._isEachAlone = isAlone;
    if (!this._run) return;
    this._standing.isEachAlone = isAlone;
    // Threads that stand still are looked at while others sleep.
    this.timeline.isPaced = isAlone || this.sleepsInRealTime;
  }
  /** Keeps these threads from running, and no others. In the past a difference opens a branch. */
  hold(isHeld: (task: Task) => boolean): void {
    this._standing.hold(isHeld);
  }
  /** Threads that begin stand still, until `hold` lets them run. */
  set holdsNew(holds: boolean) {
    this._notes.holdsNew = holds;
  }
  /** From outside: the program stops soon. A way to the moment of a stop goes on to its end. */
  interrupt(): void {
    this._run?.standing.interrupt();
  }
  /** From outside, as Ctrl-C: the program stops soon, also on a long way, and if it runs backward. */
  giveUp(): void {
    this._run?.standing.giveUp();
  }
  /** For these threads and no others all code outside of a range is a stop. */
  set ranges(ranges: ReadonlyMap<number, CodeRange>) {
    this._notes.ranges = ranges;
  }
  /** Runs on. */
  async continue(): Promise<Stop> {
    await this.settle();
    return this._forward(() => this._at.forward.continue());
  }
  /**
   * Executes an instruction of a thread, and those of others that come first. `within`: until it leaves, or
   * until many were executed if each thread stops alone.
   */
  async step(tid: number, within?: CodeRange): Promise<Stop> {
    await this.settle();
    const { inside } = this._standing;
    // As on a processor, a step is an iteration.
    if (!within && !this._isEachAlone && (await inside.enter(tid, inside.iterations + 1)) !== undefined)
      return this._standing.here({ kind: "step" }, tid);
    return this._forward(() => this._at.forward.step(tid, within));
  }
  /** Undoes the last instruction of a thread, and all that others have done since. */
  async stepBack(tid: number, within?: readonly [from: number, to: number]): Promise<Stop> {
    await this.settle();
    const { inside } = this._standing;
    const { iterations } = inside;
    if (iterations > 1) await inside.enter(tid, iterations - 1);
    if (iterations === 1) inside.forget();
    if (iterations > 0) return this._standing.here({ kind: "step" }, tid);
    return this._going(() => this._at.backward.stepBack(tid, within));
  }
  /** Runs backward to the last stop before now. */
  async continueBack(): Promise<Stop> {
    await this.settle();
    return this._going(() => this._at.backward.continueBack());
  }
  /** Runs to the end of the program, and stops at its last moment. */
  async goToEnd(): Promise<Stop> {
    await this.settle();
    return this._going(() => this._at.forward.goToEnd());
  }
  /** Runs to the end of the program without a stop. */
  async finish(): Promise<void> {
    await this.settle();
    this.hold(() => false);
    await this._at.forward.finish();
  }
  /**
   * Goes to the moment before the instruction in whose midst the run stands, if it does. A step goes on from
   * there. Of a call in the past that is over it goes back to where the call began.
   */
  async settle(): Promise<void> {
    await this._run?.standing.inside.leave();
    const place = this._run?.calls.leave();
    if (place) await this._go(() => this.timeline.returnTo(place), "step");
  }
  /** Goes back to where it stood before `settle`. */
  async unsettle(): Promise<void> {
    if (!this._run) return;
    const { inside, current } = this._standing;
    if (current && inside.iterations > 0) await inside.enter(current.pid, inside.iterations);
  }
  /** Iterations of a repeated instruction that have been executed since the moment of now. */
  get iterations(): number {
    return this._run?.standing.inside.iterations ?? 0;
  }
  /** Runs on. From a function that gdb has called in the past and that ends the program it comes back. */
  private async _forward(work: () => Promise<Stop>): Promise<Stop> {
    const { calls } = this._at;
    calls.go();
    const stop = await this._going(work);
    // gdb steps over the breakpoint at which a thread stands, without the breakpoint.
    const task = this.task(stop.tid);
    if (task && stop.why.kind !== "ended") this._notes.commands.run(task, programCounter(task), task.usage.user);
    const call = calls.ended(stop);
    if (!call) return stop;
    await this._go(() => this.timeline.returnTo(call.place), "step");
    return this._standing.here({ kind: "call-ended" }, call.tid);
  }
  /** Runs or goes somewhere. After a Problem it stands where it was, also in the midst of an instruction. */
  private async _going(work: () => Promise<Stop>): Promise<Stop> {
    try {
      return await this._standing.going(work);
    } catch (error) {
      if (error instanceof Problem) await this.unsettle();
      throw error;
    }
  }
  private async _go(work: () => Promise<void>, kind: "step" | "start"): Promise<Stop> {
    await this.settle();
    const { _standing: standing, _notes: notes } = this;
    return this._going(async () => {
      await notes.quietly(work);
      standing.forget();
      const signal = kind === "step" ? await this._at.forward.signalAhead() : undefined;
      return signal ? standing.stopped(signal) : standing.here({ kind });
    });
  }
  /** Goes to a moment. Throws a Problem if the run has none such. */
  goTo(moment: Moment): Promise<Stop> {
    return this._go(() => this.timeline.goTo(moment), "step");
  }
  /** Goes to the beginning: of the program, or where the process begins that `followed` names. */
  async restart(): Promise<Stop> {
    const begin = this._begin;
    if (begin) return this._go(() => this.timeline.goTo(begin), "start");
    const stop = await this._go(() => this._standing.goToFirst(), "start");
    if (!this.followed) return stop;
    await follow(this, this.followed);
    this._notes.followed = this.threads[0]?.process.pid;
    this._begin = this._notes.followedFrom = this.timeline.moment;
    return this._standing.here({ kind: "start" });
  }
  /** Goes to another branch. */
  selectBranch(number: number): Promise<Stop> {
    this._at.calls.forget();
    return this._go(() => this.timeline.select(number), "step");
  }

  /** History begins here, and there are no other branches. */
  forgetPast(): void {
    this._at.calls.forget();
    this.timeline.forgetPast();
  }

  // Changes. In the past each opens a branch.
  /** The thread gets this signal, in place of the one before which it stands. 0: none. */
  giveSignal(tid: number, signo: number): void {
    const { stop } = this;
    const hasGone = stop?.tid === tid && stop.why.kind === "signal" && stop.why.isIgnored === true;
    const waiting = hasGone ? undefined : this.signalOf(tid);
    this._standing.signals.delete(tid);
    if (hasGone && stop.why.signo === signo) return;
    if (signo !== 0) this._notes.granted.set(tid, signo);
    if (waiting?.signo === signo || (!waiting && signo === 0)) return;
    this.timeline.change(({ kernel }) => {
      const task = kernel.tasks.get(tid);
      if (!task) return;
      if (waiting) (has(task.pending.set, waiting.signo) ? task.pending : task.process.pending).take(waiting.signo);
      if (signo !== 0) sendToTask(task, kernelSignal(signo));
    });
  }
  /** The signal before which a thread stands has another siginfo. False: it stands before none. */
  changeSignal(tid: number, info: SigInfo): boolean {
    const waiting = this.signalOf(tid);
    if (!waiting) return false;
    this._standing.signals.set(tid, info);
    this.timeline.change(({ kernel }) => {
      const task = kernel.tasks.get(tid);
      if (!task) return;
      (has(task.pending.set, waiting.signo) ? task.pending : task.process.pending).take(waiting.signo);
      sendToTask(task, info);
    });
    return true;
  }
  /** Changes memory. False: a byte cannot be written. */
  write(pid: number, address: number, bytes: Uint8Array): boolean {
    // History has no such moment.
    if (this._standing.inside.isThere) return false;
    const mem = this.kernel.processes.get(pid)?.threads[0]?.mem;
    if (!mem || peek(mem, address, new Uint8Array(bytes.length)) !== bytes.length) return false;
    const copy = bytes.slice();
    this._at.calls.write({ pid, address, length: bytes.length });
    let isWritten = false;
    this.timeline.change(({ kernel }) => {
      isWritten = kernel.processes.get(pid)?.threads[0]?.mem.poke(address, copy) === copy.length;
    });
    return isWritten;
  }
  /** Changes a thread's registers. */
  writeRegisters(tid: number, change: (task: Task) => boolean): boolean {
    if (this._standing.inside.isThere) return false;
    this._at.calls.change(tid);
    let isWritten = false;
    this.timeline.change(({ kernel }) => {
      const task = kernel.tasks.get(tid);
      isWritten = task !== undefined && changeRegisters(task, change);
    });
    this._at.calls.changed(tid);
    return isWritten;
  }
}
