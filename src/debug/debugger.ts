// A debugger of all programs of a machine, without a protocol: breakpoints, watchpoints, catchpoints and
// steps, forward and backward on a timeline. Nothing of it can be seen by a guest.
import type { Cpu } from "../cpu/cpu.ts";
import type { DebugStops } from "../cpu/machine/debug-stops.ts";
import type { Kernel } from "../kernel/core/kernel.ts";
import type { Task } from "../kernel/core/task.ts";
import { pathName } from "../kernel/fs/vfs/dentry.ts";
import type { Observer } from "../kernel/observer.ts";
import { sendToTask } from "../kernel/signal/send.ts";
import { kernelSignal, type SigInfo } from "../kernel/signal/state/info.ts";
import { has } from "../kernel/signal/state/set.ts";
import type { Denial } from "../machine/denial.ts";
import { compareMoments, type Moment } from "../machine/moment.ts";
import { NEVER, type Rest, type Timeline } from "../machine/timeline/timeline.ts";
import { callName } from "../machine/tracing/call-text.ts";
import { peek } from "./memory.ts";
import { programCounter } from "./registers.ts";
import type { Stop, StopCondition, Watch, WhyStopped } from "./stop.ts";

/** Something that a debugger wants to know has happened. */
interface Note extends Stop {
  /** The moment, or the one after the transition of the kernel in which it happened. */
  readonly moment: Moment;
  /** True: the stop is at the moment before that transition. */
  readonly isBefore: boolean;
  /** A watchpoint is about to be met: its bytes before. */
  readonly watch?: { readonly watch: Watch; readonly bytes: Uint8Array; readonly repeats: boolean };
  readonly info?: SigInfo;
}
/** quiet: nothing is noted. forward: the run stops. collect: it goes on. */
type Mode = "quiet" | "forward" | "collect";

/** Which events of processes are reported. */
export interface Events {
  fork: boolean;
  vfork: boolean;
  exec: boolean;
}

/** Breakpoint kinds of gdb. */
export type BreakKind = "swbreak" | "hwbreak";

/** Stops on code that the processor keeps after their removal. */
const MOST_STALE = 8;
/** Instructions that a step over a range executes one by one, before the range runs at full speed. */
const MOST_SINGLE = 1000;

const isEqual = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);

/** A denied call, with its moment. */
export interface SeenDenial {
  readonly moment: Moment;
  readonly denial: Denial;
}

/** The debugger. Processes and threads are named by their ids: after a step back they are other objects. */
export class Debugger {
  readonly timeline: Timeline;
  private _mode: Mode = "quiet";
  private readonly _notes: Note[] = [];
  private readonly _breakpoints = new Map<number, Map<number, BreakKind>>();
  private readonly _watches: Watch[] = [];
  private _isChanged = false;
  private _code: ReadonlySet<number> = new Set();
  /** A thread that runs until it leaves a range. */
  private _range: { readonly tid: number; readonly from: number; readonly to: number } | undefined = undefined;
  /** Numbers of calls to catch. "all", or none. */
  catches: "all" | ReadonlySet<number> | undefined = undefined;
  /** Signals that are delivered without a stop. */
  passes: ReadonlySet<number> = new Set();
  readonly events: Events = { fork: false, vfork: false, exec: false };
  readonly conditions: StopCondition[] = [];
  /** Processes that gdb has let go. */
  readonly detached = new Set<number>();
  /** The last stop, at the moment at which it was. */
  stop: Stop | undefined = undefined;
  private _stopInfo: SigInfo | undefined = undefined;
  private _stopMoment: Moment = { instructions: 0, steps: 0 };
  private _skipBreak: { readonly tid: number; readonly instructions: number; readonly ip: number } | undefined = undefined;
  private _skipBefore: { readonly tid: number; readonly moment: Moment; readonly kind: string } | undefined = undefined;
  private readonly _known = new Map<Watch, Uint8Array>();
  private readonly _vforking = new Set<number>();
  private _isInterrupted = false;
  private _wake: (() => void) | undefined = undefined;
  private readonly _denials: SeenDenial[] = [];
  /** True: the end of the first program is the end of history, not an exit. */
  keepsEnd = false;
  /** Waits for input of the program; undefined is its end. Absent: the input has ended. */
  input: (() => Promise<Uint8Array | undefined>) | undefined = undefined;

  constructor(timeline: Timeline) {
    this.timeline = timeline;
    timeline.observer = this._observer();
  }
  get kernel(): Kernel {
    return this.timeline.kernel;
  }

  // Tasks.
  task(tid: number): Task | undefined {
    const task = this.kernel.tasks.get(tid);
    return task && task.process !== this.kernel.init ? task : undefined;
  }
  /** The threads that gdb sees. */
  get threads(): readonly Task[] {
    return [...this.kernel.tasks.values()].filter(
      (task) => task.process !== this.kernel.init && task.state !== "dead" && !this.detached.has(task.process.pid),
    );
  }
  /** The thread that runs, or the first one of the first program. */
  get current(): Task | undefined {
    const { current } = this.kernel.scheduler;
    const { threads } = this;
    return current && threads.includes(current) ? current : threads[0];
  }
  private _isSeen(task: Task): boolean {
    return !this.detached.has(task.process.pid) && task.process !== this.kernel.init;
  }

  // Breakpoints and watchpoints.
  addBreakpoint(pid: number, address: number, kind: BreakKind): void {
    let own = this._breakpoints.get(pid);
    if (!own) this._breakpoints.set(pid, (own = new Map()));
    own.set(address, kind);
    this._isChanged = true;
  }
  removeBreakpoint(pid: number, address: number): void {
    this._breakpoints.get(pid)?.delete(address);
    this._isChanged = true;
  }
  addWatch(watch: Watch): void {
    this._watches.push(watch);
    this._isChanged = true;
  }
  removeWatch({ pid, address, length, on }: Watch): void {
    const i = this._watches.findIndex((w) => w.pid === pid && w.address === address && w.length === length && w.on === on);
    if (i >= 0) this._watches.splice(i, 1);
    this._isChanged = true;
  }
  /** Lets a process go: it runs on unseen. */
  detach(pid: number): void {
    this.detached.add(pid);
    this._breakpoints.delete(pid);
    for (let i = this._watches.length - 1; i >= 0; i--) if (this._watches[i]?.pid === pid) this._watches.splice(i, 1);
    this._isChanged = true;
  }
  /**
   * Gives the processor the stops, if they have changed. It may keep some more on code, which `_onCode`
   * ignores: gdb removes its breakpoints for a step over one of them, and a change drops all compiled code.
   */
  private _arm(isStep = false): void {
    if (!this._isChanged) return;
    const code = new Set([...this._breakpoints.values()].flatMap((own) => [...own.keys()]));
    const isKnown = [...code].every((address) => this._code.has(address));
    if (!isKnown || (!isStep && this._code.size > code.size + MOST_STALE) || (!isStep && code.size === 0)) this._code = code;
    this._isChanged = this._code.size !== code.size;
    const stops = this._stops();
    (this.kernel.processor as Cpu).debugStops = stops.code.size === 0 && stops.data.length === 0 ? undefined : stops;
    this._known.clear();
  }
  private _stops(): DebugStops {
    const data = this._watches.map(({ address, length, on }) => ({
      bit: 1,
      address,
      length,
      on: on === "write" ? ("write" as const) : ("access" as const),
    }));
    return {
      code: this._code,
      data,
      onCode: (ip, instructions) => this._onCode(ip, instructions),
      onData: (address, bytes, how, instructions, repeats) => this._onData(address, bytes, how === 1, instructions, repeats),
    };
  }
  private _momentAt(instructions: number): Moment {
    const { now, processor, scheduler } = this.kernel;
    const counted = now + processor.retired - scheduler.time;
    return { instructions, steps: instructions > counted ? 0 : scheduler.steps };
  }
  private _onCode(ip: number, instructions: number): boolean {
    const task = this.kernel.scheduler.current;
    if (this._mode === "quiet" || !task) return false;
    const how = this._breakpoints.get(task.process.pid)?.get(ip);
    const { _range: range } = this;
    if (how === undefined && range?.tid === task.pid && (ip < range.from || ip >= range.to)) {
      this._note(task, { kind: "step" }, this._momentAt(instructions), false);
      return true;
    }
    if (how === undefined || !this._isSeen(task)) return false;
    const skip = this._skipBreak;
    if (this._mode === "forward" && skip && skip.instructions === instructions && skip.ip === ip && skip.tid === task.pid) return false;
    this._note(task, { kind: "breakpoint", how }, this._momentAt(instructions), false);
    return this._mode === "forward";
  }
  private _onData(address: number, bytes: number, isWrite: boolean, instructions: number, repeats: boolean): boolean {
    const task = this.kernel.scheduler.current;
    if (this._mode === "quiet" || !task || !this._isSeen(task)) return false;
    const met = this._watches.filter(
      (watch) =>
        watch.pid === task.process.pid &&
        (watch.on === "access" || (watch.on === "write") === isWrite) &&
        address < watch.address + watch.length &&
        watch.address < address + bytes,
    );
    for (const watch of met) {
      const why: WhyStopped = { kind: "watch", on: watch.on, address: watch.address };
      const moment = this._momentAt(instructions);
      const last = this._notes.at(-1);
      if (last?.watch?.watch === watch && compareMoments(last.moment, moment) === 0) continue;
      this._note(task, why, moment, false, { watch: { watch, bytes: this._bytesOf(watch), repeats } });
      this._known.delete(watch);
    }
    return met.length > 0 && this._mode === "forward";
  }
  private _bytesOf({ pid, address, length }: Watch): Uint8Array {
    const out = new Uint8Array(length);
    const mem = this._memoryOf(pid);
    if (mem) peek(mem, address, out);
    return out;
  }
  private _memoryOf(pid: number): Task["mem"] | undefined {
    return this.kernel.processes.get(pid)?.threads[0]?.mem;
  }
  private _note(task: Task, why: WhyStopped, moment: Moment, isBefore: boolean, more: Pick<Note, "watch" | "info"> = {}): void {
    this._notes.push({ pid: task.process.pid, tid: task.pid, why, moment, isBefore, ...more });
    if (this._mode === "forward") this.timeline.stop();
  }

  // Events of the kernel. They happen in the middle of a transition.
  private _observer(): Observer {
    const after = (): Moment => {
      const { instructions, steps } = this._momentAt(this.kernel.processor.progress.instructions);
      return { instructions, steps: steps + 1 };
    };
    const skips = (task: Task, kind: string): boolean => {
      const skip = this._skipBefore;
      if (this._mode !== "forward" || skip?.tid !== task.pid || skip.kind !== kind) return false;
      const { instructions } = this.kernel.processor.progress;
      return kind === "signal" ? skip.moment.instructions === instructions : skip.moment.instructions + 1 === instructions;
    };
    const note = (task: Task, why: WhyStopped, isBefore: boolean, info?: SigInfo): void => {
      if (this._mode === "quiet" || !this._isSeen(task) || (isBefore && skips(task, why.kind))) return;
      this._note(task, why, after(), isBefore, info ? { info } : {});
    };
    const catches = (nr: number): boolean => this.catches === "all" || (this.catches?.has(nr) ?? false);
    return {
      enter: (task, _call, door) => {
        if (this._mode !== "quiet")
          for (const watch of this._watches) if (!this._known.has(watch)) this._known.set(watch, this._bytesOf(watch));
        if (catches(task.origAx)) note(task, { kind: "syscall", way: "entry", nr: task.origAx }, true);
        for (const condition of this.conditions)
          if (condition.kind === "door" && condition.door === door.name)
            note(task, { kind: "condition", text: `a call through ${door.name}: ${callName(task, _call)}` }, true);
      },
      leave: (task, call, result) => {
        this._compareWatches(task, after());
        if (catches(task.origAx)) note(task, { kind: "syscall", way: "return", nr: task.origAx }, false);
        if (this._vforking.delete(task.pid) && this.events.vfork) note(task, { kind: "vforkdone" }, false);
        const name = call?.entry.syscall.name;
        if ((name === "execve" || name === "execveat") && result === 0 && this.events.exec) {
          note(task, { kind: "exec", path: this.pathOf(task) }, false);
        }
      },
      decided: ({ task, value, filter, call }) => {
        const depth = filter?.depth ?? 0;
        for (const condition of this.conditions)
          if (condition.kind === "denied" && (condition.filter === undefined || condition.filter === depth))
            note(
              task,
              { kind: "condition", text: `${callName(task, call)} is denied by filter ${depth}: 0x${(value >>> 0).toString(16)}` },
              true,
            );
      },
      signal: (task, info) => {
        if (!this.passes.has(info.signo)) note(task, { kind: "signal", signo: info.signo }, true, info);
      },
      started: (child, parent) => {
        if (!parent || child.process === parent.process) return;
        const isVfork = child.vforkParent !== undefined;
        if (!(isVfork ? this.events.vfork : this.events.fork)) {
          if (this._mode !== "quiet") this.detached.add(child.process.pid);
          return;
        }
        if (isVfork) this._vforking.add(parent.pid);
        note(parent, { kind: "child", how: isVfork ? "vfork" : "fork", child: child.pid }, false);
      },
      ended: (task, status) => {
        if (task.process.threads.length <= 1) note(task, { kind: "ended", status }, false);
      },
    };
  }
  /** A call has written into watched memory. */
  private _compareWatches(task: Task, moment: Moment): void {
    if (this._mode === "quiet") return;
    for (const watch of this._watches) {
      const before = this._known.get(watch);
      if (!before || watch.on === "read" || watch.pid !== task.process.pid) continue;
      const now = this._bytesOf(watch);
      if (isEqual(before, now)) continue;
      this._known.set(watch, now);
      this._note(task, { kind: "watch", on: watch.on, address: watch.address }, moment, this._mode === "collect");
    }
  }
  /** For the hook `denied` of the program. */
  denied(denial: Denial): void {
    const moment = this._momentAt(this.kernel.processor.progress.instructions);
    const last = this._denials.at(-1);
    if (!last || compareMoments(last.moment, moment) < 0) this._denials.push({ moment, denial });
  }
  /** The last denied call before now. */
  get lastDenial(): SeenDenial | undefined {
    const { moment } = this.timeline;
    return this._denials.findLast((seen) => compareMoments(seen.moment, moment) <= 0);
  }
  /** The path of a task's program, in its own root. */
  pathOf(task: Task): string {
    const exe = task.program.exe;
    return exe ? pathName(exe.path, task.fs.root).name : "";
  }
  /** The signal of the last stop. */
  get signalInfo(): SigInfo | undefined {
    return this._stopInfo;
  }

  // Runs.
  /** From outside: the program stops soon, also if it runs backward. */
  interrupt(): void {
    this._isInterrupted = true;
    this.timeline.interrupt();
    this._wake?.();
  }
  private _begin(mode: Mode, isStep = false): void {
    this._arm(isStep);
    this._notes.length = 0;
    this._known.clear();
    this._mode = mode;
    this._isInterrupted = false;
  }
  private async _quietly<T>(work: () => Promise<T>): Promise<T> {
    const { _mode: before } = this;
    this._mode = "quiet";
    try {
      return await work();
    } finally {
      this._mode = before;
    }
  }
  private _stopped(tid: number, pid: number, why: WhyStopped, info?: SigInfo): Stop {
    this._mode = "quiet";
    this._notes.length = 0;
    this._stopInfo = info;
    this._stopMoment = this.timeline.moment;
    return (this.stop = { pid, tid, why });
  }
  private _here(why: WhyStopped, tid?: number): Stop {
    const task = (tid === undefined ? undefined : this.task(tid)) ?? this.current;
    return this._stopped(task?.pid ?? 0, task?.process.pid ?? 0, why);
  }
  /** True if the last stop was a signal's, before its delivery, and nothing has moved since. */
  get awaitsSignal(): boolean {
    return this.stop?.why.kind === "signal" && compareMoments(this._stopMoment, this.timeline.moment) === 0;
  }
  private _leave(tid: number): void {
    const task = this.task(tid);
    const { moment } = this.timeline;
    this._skipBreak = task && { tid: task.pid, instructions: moment.instructions, ip: programCounter(task) };
    const { stop } = this;
    const isHere = stop !== undefined && compareMoments(this._stopMoment, moment) === 0;
    this._skipBefore = isHere ? { tid: stop.tid, moment, kind: stop.why.kind } : undefined;
  }

  /** Runs on. */
  async continue(): Promise<Stop> {
    this._begin("forward");
    this._leave(this.current?.pid ?? 0);
    for (;;) {
      const rest = await this.timeline.run(NEVER);
      const stop = (await this._settled()) ?? (await this._rested(rest));
      if (stop) return stop;
    }
  }
  /** Executes an instruction of a thread, and those of others that come first. `within`: until it leaves. */
  async step(tid: number, within?: readonly [from: number, to: number]): Promise<Stop> {
    this._begin("forward", true);
    this._leave(tid);
    for (let single = 0; ; single++) {
      if (within && single >= MOST_SINGLE) {
        const rest = await this._leaveRange(tid, within);
        const stop = (await this._settled()) ?? (await this._rested(rest));
        if (stop) return stop;
        continue;
      }
      const before = this.task(tid)?.usage.user;
      if (before === undefined) return this.continue();
      for (let isDone = false; !isDone; ) {
        const { scheduler } = this.kernel;
        const task = this.task(tid);
        let rest: Rest;
        if (!task || (scheduler.current === task && task.state === "runnable")) rest = await this.timeline.step();
        else rest = await this.timeline.run(NEVER, tid);
        const stop = (await this._settled()) ?? (await this._rested(rest));
        if (stop) return stop;
        const now = this.task(tid);
        isDone = now !== undefined && now.usage.user > before && now.state === "runnable" && !now.call && !now.incoming;
      }
      const pc = programCounter(this.task(tid) as Task);
      if (!within || pc < within[0] || pc >= within[1]) return this._here({ kind: "step" }, tid);
      if (this._isInterrupted) return this._here({ kind: "interrupt" }, tid);
      // A breakpoint in the range stops the program before its instruction.
      if (this._breakpoints.get(this.task(tid)?.process.pid as number)?.has(pc))
        return this._here({ kind: "breakpoint", how: "swbreak" }, tid);
    }
  }
  /** Runs until a thread leaves a range: all code outside of it is a stop. */
  private async _leaveRange(tid: number, [from, to]: readonly [from: number, to: number]): Promise<Rest> {
    const isBreakpoint = (ip: number): boolean => [...this._breakpoints.values()].some((own) => own.has(ip));
    const { processor } = this.kernel;
    this._range = { tid, from, to };
    const code = { size: 1, has: (ip: number) => ip < from || ip >= to || isBreakpoint(ip) };
    (processor as Cpu).debugStops = { ...this._stops(), code };
    try {
      return await this.timeline.run(NEVER);
    } finally {
      this._range = undefined;
      (this.kernel.processor as Cpu).debugStops = this._stops();
    }
  }
  /** The stop of the notes, at its moment. Undefined: none of them is one. */
  private async _settled(): Promise<Stop | undefined> {
    const notes = this._notes.splice(0);
    for (const note of notes) {
      const { tid, pid, why } = note;
      if (note.watch) {
        const stop = await this._overWatch(note, note.watch);
        if (stop) return stop;
      } else if (note.isBefore) {
        await this._quietly(() => this.timeline.back());
        return this._stopped(tid, pid, why, note.info);
      } else if (why.kind !== "ended") return this._stopped(tid, pid, why);
      else {
        const process = this.kernel.processes.get(pid);
        const isFirst = this.timeline.live.session.process.pid === pid;
        if (isFirst && this.keepsEnd) return this._lastMoment();
        if (!process || process.ended !== undefined || process.threads.length === 0)
          return this._stopped(tid, pid, { ...why, status: process?.ended ?? why.status });
      }
    }
    return undefined;
  }
  /** Executes the instruction that meets a watchpoint. */
  private async _overWatch(
    { tid, pid, why, moment }: Note,
    { watch, bytes, repeats }: NonNullable<Note["watch"]>,
  ): Promise<Stop | undefined> {
    return this._quietly(async () => {
      if (repeats) {
        await this.timeline.goTo({ instructions: moment.instructions, steps: 0 }).catch(() => undefined);
        await this.timeline.goTo(moment);
      }
      const { instructions } = this.timeline.moment;
      while (this.timeline.moment.instructions === instructions) {
        const rest = await this.timeline.step();
        if (rest !== "moment" && rest !== "stopped") break;
        // It has faulted.
        if (this.timeline.moment.instructions === instructions) return undefined;
      }
      if (watch.on === "write" && isEqual(bytes, this._bytesOf(watch))) return undefined;
      return this._stopped(tid, pid, why);
    });
  }
  private async _rested(rest: Rest): Promise<Stop | undefined> {
    switch (rest) {
      case "interrupted":
        return this._here({ kind: "interrupt" });
      case "ended": {
        if (this.keepsEnd) return this._lastMoment();
        const { process } = this.timeline.live.session;
        return this._stopped(process.pid, process.pid, { kind: "ended", status: process.ended ?? 0 });
      }
      case "input":
      case "stuck":
        await this._await(rest);
        return this._isInterrupted ? this._here({ kind: "interrupt" }) : undefined;
      default:
        return this._isInterrupted ? this._here({ kind: "interrupt" }) : undefined;
    }
  }
  /** All tasks sleep: waits for input, or for an interrupt. */
  private async _await(rest: "input" | "stuck"): Promise<void> {
    if (this._isInterrupted) return;
    const woken = new Promise<void>((done) => (this._wake = done));
    const { input } = this;
    const arrived =
      rest === "input" && input
        ? input().then((bytes) => {
            if (this._isInterrupted) return;
            this.timeline.change(({ session: { streams } }) => (bytes ? streams.receive(bytes) : streams.end()));
          })
        : rest === "input"
          ? Promise.resolve(this.timeline.change(({ session: { streams } }) => streams.end()))
          : new Promise<never>(() => {});
    await Promise.race([woken, arrived]);
    this._wake = undefined;
  }
  /** Goes to the last moment before the first program began to end. */
  private async _lastMoment(): Promise<Stop> {
    const { process } = this.timeline.live.session;
    const { pid } = process;
    return this._quietly(async () => {
      const isOver = (): boolean => {
        const now = this.kernel.processes.get(pid);
        return !now || now.ended !== undefined || now.exiting !== undefined || now.threads.length === 0;
      };
      while (isOver() && (await this.timeline.back()));
      const task = this.kernel.processes.get(pid)?.threads[0];
      return this._stopped(task?.pid ?? pid, pid, { kind: "history", end: "end" });
    });
  }
  /** Runs to the end of the program, and stops at its last moment. */
  async goToEnd(): Promise<Stop> {
    return this._quietly(async () => {
      for (;;) {
        const rest = await this.timeline.run(NEVER);
        if (rest === "ended") return this._lastMoment();
        const stop = await this._rested(rest);
        if (stop) return stop;
      }
    });
  }
  /** Runs to the end of the program without a stop. */
  async finish(): Promise<void> {
    await this._quietly(async () => {
      for (;;) {
        const rest = await this.timeline.run(NEVER);
        if (rest === "ended" || rest === "stuck") return;
        if (rest === "input") await this._await(rest);
      }
    });
  }
  /** Goes to a moment. Throws a Problem if the run has none such. */
  async goTo(moment: Moment): Promise<Stop> {
    await this._quietly(() => this.timeline.goTo(moment));
    return this._here({ kind: "step" });
  }
  /** Goes to the beginning. */
  async restart(): Promise<Stop> {
    await this._quietly(() => this.timeline.goToStart());
    return this._here({ kind: "start" });
  }

  /** Goes to another branch. */
  async selectBranch(number: number): Promise<Stop> {
    await this._quietly(() => this.timeline.select(number));
    return this._here({ kind: "step" });
  }
  /** Delivers no signal in place of the one that the program is about to get, or another one. 0: none. */
  replaceSignal(signo: number): void {
    const { stop } = this;
    if (stop?.why.kind !== "signal") return;
    const { tid, why } = stop;
    this.timeline.change(({ kernel }) => {
      const task = kernel.tasks.get(tid);
      if (!task) return;
      const from = has(task.pending.set, why.signo) ? task.pending : task.process.pending;
      from.take(why.signo);
      if (signo !== 0) sendToTask(task, kernelSignal(signo));
    });
  }
  /** Sends a signal to a thread. */
  send(tid: number, signo: number): void {
    this.timeline.change(({ kernel }) => {
      const task = kernel.tasks.get(tid);
      if (task) sendToTask(task, kernelSignal(signo));
    });
  }
  /** Changes memory. False: a byte cannot be written. In the past this opens a branch. */
  write(pid: number, address: number, bytes: Uint8Array): boolean {
    const mem = this._memoryOf(pid);
    if (!mem || peek(mem, address, new Uint8Array(bytes.length)) !== bytes.length) return false;
    const copy = bytes.slice();
    let isWritten = false;
    this.timeline.change(({ kernel }) => {
      isWritten = kernel.processes.get(pid)?.threads[0]?.mem.poke(address, copy) === copy.length;
    });
    return isWritten;
  }
  /** Changes a thread's registers. In the past this opens a branch. */
  writeRegisters(tid: number, change: (task: Task) => boolean): boolean {
    let isWritten = false;
    this.timeline.change(({ kernel }) => {
      const task = kernel.tasks.get(tid);
      isWritten = task !== undefined && change(task);
    });
    return isWritten;
  }

  // Backward.
  /** Undoes the last instruction of a thread, and all that others have done since. */
  async stepBack(tid: number, within?: readonly [from: number, to: number]): Promise<Stop> {
    this._arm(true);
    this._isInterrupted = false;
    return this._quietly(async () => {
      for (;;) {
        const values = this._watches.filter(({ on }) => on !== "read").map((watch) => [watch, this._bytesOf(watch)] as const);
        if (!(await this._undo(tid))) return this._here({ kind: "history", end: "begin" }, tid);
        for (const [watch, bytes] of values)
          if (!isEqual(bytes, this._bytesOf(watch))) return this._here({ kind: "watch", on: watch.on, address: watch.address }, tid);
        const task = this.task(tid);
        const pc = task ? programCounter(task) : 0;
        if (!within || pc < within[0] || pc >= within[1]) return this._here({ kind: "step" }, tid);
        if (this._isInterrupted) return this._here({ kind: "interrupt" }, tid);
      }
    });
  }
  /** False: the thread has executed nothing. */
  private async _undo(tid: number): Promise<boolean> {
    const { timeline } = this;
    const wanted = this.task(tid)?.usage.user ?? 0;
    if (wanted === 0) {
      if (await timeline.back()) return this.task(tid) !== undefined;
      return false;
    }
    const isBefore = (): boolean => {
      const task = this.task(tid);
      return task === undefined || task.usage.user < wanted;
    };
    for (let n = 0; n < 8; n++) {
      if (!(await timeline.back())) return false;
      if (isBefore()) return this.task(tid) !== undefined;
    }
    // Others have run meanwhile: the last slice of the thread is found in the last interval in which it ran.
    const here = timeline.moment;
    let upper = here;
    while (!isBefore()) {
      const entry = timeline.entryBefore(upper);
      if (!entry) return false;
      timeline.goToEntry(entry);
      upper = entry.moment;
    }
    let last = timeline.moment;
    for (;;) {
      const rest = await timeline.run(here, tid);
      if (rest !== "slice" || !isBefore() || compareMoments(timeline.moment, here) >= 0) break;
      last = timeline.moment;
    }
    await timeline.goTo(last);
    const left = wanted - 1 - (this.task(tid)?.usage.user ?? wanted);
    if (left > 0) await timeline.run({ instructions: last.instructions + left, steps: 0 });
    while (isBefore()) await timeline.step();
    while (!isBefore()) if (!(await timeline.back())) return false;
    return this.task(tid) !== undefined;
  }
  /** Runs backward to the last stop before now. */
  async continueBack(): Promise<Stop> {
    const { timeline } = this;
    const here = timeline.moment;
    const tid = this.current?.pid;
    this._begin("collect");
    let upper = here;
    try {
      for (;;) {
        const entry = timeline.entryBefore(upper);
        if (!entry || this._isInterrupted) {
          this._mode = "quiet";
          if (!entry) {
            await timeline.goToStart();
            return this._here({ kind: "history", end: "begin" }, tid);
          }
          if (compareMoments(timeline.moment, upper) !== 0) await timeline.goTo(upper);
          return this._here({ kind: "interrupt" }, tid);
        }
        const found = await this._lastIn(() => timeline.goToEntry(entry), upper);
        if (found) {
          this._mode = "quiet";
          await timeline.goTo(found.moment);
          if (found.isBefore) await timeline.back();
          return this._stopped(found.tid, found.pid, found.why, found.info);
        }
        upper = entry.moment;
      }
    } finally {
      this._mode = "quiet";
    }
  }
  /** The last stop from a snapshot up to a moment. */
  private async _lastIn(begin: () => void, upper: Moment): Promise<Note | undefined> {
    this._notes.length = 0;
    this._known.clear();
    this._mode = "quiet";
    begin();
    this._mode = "collect";
    for (;;) {
      const rest = await this.timeline.run(upper);
      if (rest !== "stopped") break;
    }
    this._mode = "quiet";
    if (this._isInterrupted) return undefined;
    const notes = this._notes.splice(0).filter(({ moment, isBefore }) => (compareMoments(moment, upper) || (isBefore ? -1 : 0)) < 0);
    const after = new Map<Watch, Uint8Array>();
    for (let i = notes.length - 1; i >= 0; i--) {
      const note = notes[i] as Note;
      if (note.why.kind === "ended") continue;
      if (!note.watch) return note;
      const { watch, bytes } = note.watch;
      const now = after.get(watch) ?? this._bytesOf(watch);
      if (watch.on !== "write" || !isEqual(now, bytes)) return note;
      after.set(watch, bytes);
    }
    return undefined;
  }
}
