// What happens in a run that a debugger wants to know: breakpoints and watchpoints that are met, and events
// of the kernel, each noted with its moment. Nothing of it can be seen by a guest.
import type { Cpu } from "../cpu/cpu.ts";
import type { DebugStops } from "../cpu/machine/debug-stops.ts";
import type { Kernel } from "../kernel/core/kernel.ts";
import type { Task } from "../kernel/core/task.ts";
import { pathName } from "../kernel/fs/vfs/dentry.ts";
import type { Observer } from "../kernel/observer.ts";
import type { SigInfo } from "../kernel/signal/state/info.ts";
import type { Denial } from "../machine/denial.ts";
import { compareMoments, type Moment } from "../machine/moment.ts";
import type { Timeline } from "../machine/timeline/timeline.ts";
import { callName } from "../machine/tracing/call-text.ts";
import { PointCommands } from "./commands.ts";
import { peek } from "./memory.ts";
import { Points } from "./points.ts";
import type { Stop, Wanted, Watch, WhyStopped } from "./stop.ts";

/** Something that a debugger wants to know has happened. */
export interface Noticed extends Stop {
  /** The moment, or the one after the transition of the kernel in which it happened. */
  readonly moment: Moment;
  /** True: the stop is at the moment before that transition. */
  readonly isBefore: boolean;
  /** A watchpoint is about to be met: its bytes before. */
  readonly watch?: { readonly watch: Watch; readonly bytes: Uint8Array; readonly repeats: boolean };
  readonly info?: SigInfo;
}
/** quiet: nothing is noted. forward: the run stops. collect: it goes on. */
export type NoticeMode = "quiet" | "forward" | "collect";

/** Instruction pointers, the second one excluded. */
export type CodeRange = readonly [from: number, to: number];
const isOutside = (ip: number, [from, to]: CodeRange): boolean => ip < from || ip >= to;

/** Where a thread stood at its last stop: this stop is not met again when it goes on. */
interface Left {
  readonly user: number;
  readonly ip: number;
  readonly kind: WhyStopped["kind"];
}
/** A denied call, with its moment. */
export interface SeenDenial {
  readonly moment: Moment;
  readonly denial: Denial;
}

/** Stops on code that the processor keeps after their removal. */
const MOST_STALE = 8;

/** True if the bytes are equal. */
export const isEqual = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);

/** The notes of one timeline. */
export class Notices {
  readonly timeline: Timeline;
  readonly points = new Points();
  readonly commands: PointCommands;
  readonly noted: Noticed[] = [];
  /** The run stops at so many notes, also in the mode "collect". */
  most = Infinity;
  mode: NoticeMode = "quiet";
  private _ranges: ReadonlyMap<number, CodeRange> = new Map();
  readonly wanted: Wanted;
  /** The process whose end ends the history: the one that is followed. Undefined: the first one. */
  followed: number | undefined = undefined;
  /** Where that process begins for gdb. An exec up to this moment does not end its history. */
  followedFrom: Moment = { instructions: 0, steps: 0 };
  /** gdb has let all processes go: only commands of breakpoints that persist are left. */
  isReleased = false;
  /** Threads that begin stand still: only named threads run. */
  holdsNew = false;
  /** Processes that gdb has let go. */
  readonly detached = new Set<number>();
  /** Processes that gdb has got: their fork, when it happens again, does not let them go. */
  readonly got = new Set<number>();
  /** By thread. */
  readonly left = new Map<number, Left>();
  /** Signals that gdb has told a thread to get: they do not stop it again. */
  readonly granted = new Map<number, number>();
  /** Values of watched memory before the call that is served. */
  readonly known = new Map<Watch, Uint8Array>();
  private _code: ReadonlySet<number> = new Set();
  private readonly _vforking = new Set<number>();
  /** True: the run rests when a task begins that gdb sees. */
  awaitsTask = false;
  private readonly _denials: SeenDenial[] = [];

  constructor(timeline: Timeline, wanted: Wanted) {
    this.timeline = timeline;
    this.wanted = wanted;
    this.commands = new PointCommands(this.points, (text) => wanted.print(text));
    timeline.observer = this._observer();
  }
  private get _kernel(): Kernel {
    return this.timeline.kernel;
  }
  /** The process whose end is the end of history. */
  get main(): number {
    return this.followed ?? this.timeline.live.session.process.pid;
  }
  isSeen(task: Task): boolean {
    return !this.detached.has(task.process.pid) && task.process !== this._kernel.init;
  }

  /** Begins a run: the processor gets the stops, and there are no notes. */
  begin(mode: NoticeMode, isStep = false): void {
    this.arm(isStep);
    this.noted.length = 0;
    this.known.clear();
    this.mode = mode;
  }
  async quietly<T>(work: () => Promise<T>): Promise<T> {
    const { mode: before } = this;
    this.mode = "quiet";
    try {
      return await work();
    } finally {
      this.mode = before;
    }
  }
  /**
   * Gives the processor the stops, if they have changed. It may keep some more on code, which `_onCode`
   * ignores: gdb removes its breakpoints for a step over one of them.
   */
  arm(isStep = false): void {
    const { points, _ranges: ranges } = this;
    if (!points.isChanged) return;
    if (ranges.size > 0) {
      const outside = [...ranges.values()];
      points.isChanged = false;
      this._code = points.addresses;
      const code = { size: 1, has: (ip: number) => outside.some((range) => isOutside(ip, range)) || points.isBreakpoint(ip) };
      (this._kernel.processor as Cpu).debugStops = { ...this._stops(), code };
      this.known.clear();
      return;
    }
    const code = points.addresses;
    const isKnown = [...code].every((address) => this._code.has(address));
    if (!isKnown || (!isStep && this._code.size > code.size + MOST_STALE) || (!isStep && code.size === 0)) this._code = code;
    points.isChanged = this._code.size !== code.size;
    const stops = this._stops();
    (this._kernel.processor as Cpu).debugStops = stops.code.size === 0 && stops.data.length === 0 ? undefined : stops;
    this.known.clear();
  }
  /** The processor has no stops until `arm`. A stop costs time also if it is ignored. */
  disarm(): void {
    (this._kernel.processor as Cpu).debugStops = undefined;
    this._code = new Set();
    this.points.isChanged = true;
  }
  /** For these threads and no others all code outside of a range is a stop. */
  set ranges(ranges: ReadonlyMap<number, CodeRange>) {
    const before = this._ranges;
    if (ranges.size === before.size && [...ranges].every(([tid, range]) => before.get(tid) === range)) return;
    this._ranges = ranges;
    this._code = new Set();
    this.points.isChanged = true;
    this.arm();
  }
  private _stops(): DebugStops {
    const data = this.points.watches.map(({ address, length, on }) => ({
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
    const { now, processor, scheduler } = this._kernel;
    const counted = now + processor.retired - scheduler.time;
    return { instructions, steps: instructions > counted ? 0 : scheduler.steps };
  }
  private _onCode(ip: number, instructions: number): boolean {
    const { scheduler } = this._kernel;
    const task = scheduler.current;
    if (!task) return false;
    const user = scheduler.userTime(instructions);
    if (this.mode === "quiet") {
      if (this.isReleased) this.commands.run(task, ip, user, true);
      return false;
    }
    const point = this.points.at(task.process.pid, ip);
    const range = this._ranges.get(task.pid);
    const stepped = (): boolean => {
      if (!range || !isOutside(ip, range)) return false;
      this._note(task, { kind: "step" }, this._momentAt(instructions), false);
      return true;
    };
    if (point === undefined) return stepped();
    const isForward = this.mode === "forward";
    const isSeen = this.isSeen(task);
    const left = this.left.get(task.pid);
    if (isSeen && isForward && left?.ip === ip && left.user === user) return false;
    if (isForward) this.commands.run(task, ip, user, !isSeen);
    const how = isSeen ? this.commands.stopAt(task, ip) : undefined;
    if (!how) return stepped();
    this._note(task, { kind: "breakpoint", how }, this._momentAt(instructions), false);
    return this._isEnough;
  }
  private _onData(address: number, bytes: number, isWrite: boolean, instructions: number, repeats: boolean): boolean {
    const task = this._kernel.scheduler.current;
    if (this.mode === "quiet" || !task || !this.isSeen(task)) return false;
    const met = this.points.watches.filter(
      (watch) =>
        watch.pid === task.process.pid &&
        (watch.on === "access" || (watch.on === "write") === isWrite) &&
        address < watch.address + watch.length &&
        watch.address < address + bytes,
    );
    for (const watch of met) {
      const why: WhyStopped = { kind: "watch", on: watch.on, address: watch.address };
      const moment = this._momentAt(instructions);
      const last = this.noted.at(-1);
      if (last?.watch?.watch === watch && compareMoments(last.moment, moment) === 0) continue;
      this._note(task, why, moment, false, { watch: { watch, bytes: this.bytesOf(watch), repeats } });
      this.known.delete(watch);
    }
    return met.length > 0 && this._isEnough;
  }
  /** The bytes of a watchpoint that can be read: a page of zeros that goes away is a change. */
  bytesOf({ pid, address, length }: Watch): Uint8Array {
    const out = new Uint8Array(length);
    const mem = this._kernel.processes.get(pid)?.threads[0]?.mem;
    return out.subarray(0, mem ? peek(mem, address, out) : 0);
  }
  private _note(task: Task, why: WhyStopped, moment: Moment, isBefore: boolean, more: Pick<Noticed, "watch" | "info"> = {}): void {
    this.noted.push({ pid: task.process.pid, tid: task.pid, why, moment, isBefore, ...more });
    if (this._isEnough) this.timeline.stop();
  }
  private get _isEnough(): boolean {
    return this.mode === "forward" || this.noted.length >= this.most;
  }
  /** True: the thread has just stood here, or gdb has given it this signal. */
  private _skips(task: Task, why: WhyStopped): boolean {
    if (this.mode === "collect") return false;
    if (why.kind === "signal") {
      if (this.granted.get(task.pid) !== why.signo) return false;
      return this.granted.delete(task.pid);
    }
    const left = this.left.get(task.pid);
    return this.mode === "forward" && left?.kind === why.kind && left.user + 1 === task.usage.user;
  }

  // Events of the kernel. They happen in the middle of a transition.
  private _after(): Moment {
    const { instructions, steps } = this._momentAt(this._kernel.processor.progress.instructions);
    return { instructions, steps: steps + 1 };
  }
  private _observer(): Observer {
    const note = (task: Task, why: WhyStopped, isBefore: boolean, info?: SigInfo): void => {
      if (!this.isSeen(task) || (isBefore && this._skips(task, why)) || this.mode === "quiet") return;
      this._note(task, why, this._after(), isBefore, info ? { info } : {});
    };
    const { wanted } = this;
    const { events, conditions } = wanted;
    const catches = (nr: number): boolean => wanted.catches === "all" || (wanted.catches?.has(nr) ?? false);
    return {
      enter: (task, call, door) => {
        if (this.mode !== "quiet")
          for (const watch of this.points.watches) if (!this.known.has(watch)) this.known.set(watch, this.bytesOf(watch));
        if (catches(task.origAx)) note(task, { kind: "syscall", way: "entry", nr: task.origAx }, true);
        for (const condition of conditions)
          if (condition.kind === "door" && condition.door === door.name)
            note(task, { kind: "condition", text: `a call through ${door.name}: ${callName(task, call)}` }, true);
      },
      leave: (task, call, result) => {
        this._compareWatches(task, this._after());
        if (catches(task.origAx)) note(task, { kind: "syscall", way: "return", nr: task.origAx }, false);
        if (this._vforking.delete(task.pid) && events.vfork) note(task, { kind: "vforkdone" }, false);
        const name = call?.entry.syscall.name;
        if ((name === "execve" || name === "execveat") && result === 0) {
          if (this._isLastProgram(task)) this._note(task, { kind: "history", end: "end" }, this._after(), true);
          else if (events.exec) note(task, { kind: "exec", path: pathOf(task) }, false);
        }
      },
      decided: ({ task, value, filter, call }) => {
        const depth = filter?.depth ?? 0;
        for (const condition of conditions)
          if (condition.kind === "denied" && (condition.filter === undefined || condition.filter === depth))
            note(
              task,
              { kind: "condition", text: `${callName(task, call)} is denied by filter ${depth}: 0x${(value >>> 0).toString(16)}` },
              true,
            );
      },
      signal: (task, info) => {
        if (!wanted.passes.has(info.signo)) note(task, { kind: "signal", signo: info.signo }, true, info);
      },
      ignored: (task, info) => {
        const { scheduler } = this._kernel;
        // A thread that stands still gets no signal. Another one of its process does.
        const one = scheduler.isHeld(task) ? task.process.threads.find((other) => !scheduler.isHeld(other)) : task;
        if (one && !wanted.passes.has(info.signo)) note(one, { kind: "signal", signo: info.signo, isIgnored: true }, false, info);
      },
      started: (child, parent) => {
        if (!parent) return;
        if (this.awaitsTask && this.isSeen(child)) this.timeline.stop();
        if (child.process === parent.process) {
          if (events.clones.has(parent.pid)) note(parent, { kind: "child", how: "clone", child: child.pid }, false);
          else if (events.threads || (this.holdsNew && this.mode === "forward")) note(child, { kind: "thread-created" }, false);
          return;
        }
        // A child of a process that gdb does not see.
        if (!this.isSeen(parent) && !this.got.has(child.process.pid)) return void this.detached.add(child.process.pid);
        const isVfork = child.vforkParent !== undefined;
        if (!(isVfork ? events.vfork : events.fork)) {
          if (this.mode !== "quiet" && !this.got.has(child.process.pid)) this.detached.add(child.process.pid);
          return;
        }
        this.got.add(child.process.pid);
        if (isVfork) this._vforking.add(parent.pid);
        note(parent, { kind: "child", how: isVfork ? "vfork" : "fork", child: child.pid }, false);
      },
      ended: (task, status) => {
        this.left.delete(task.pid);
        this.granted.delete(task.pid);
        if (task.process.threads.length <= 1) note(task, { kind: "ended", status }, false);
        // A thread that another one ends is of a program that is replaced: execve(2).
        else if (task.process.exiting === undefined && this._kernel.scheduler.current === task) {
          if (events.threads || events.ends.has(task.pid)) note(task, { kind: "thread-ended", status }, false);
          else if (events.noResumed && this._isLastResumed(task)) note(task, { kind: "no-resumed" }, false);
        }
      },
    };
  }
  /** True: history ends before a task's exec. A run forward comes to it again from the moment before. */
  private _isLastProgram(task: Task): boolean {
    return (
      this.wanted.endsAtExec &&
      this.mode === "forward" &&
      this.isSeen(task) &&
      task.process.pid === this.main &&
      compareMoments(this._after(), this.followedFrom) > 0
    );
  }
  /** True: all other threads are held. */
  private _isLastResumed(task: Task): boolean {
    const { tasks, scheduler } = this._kernel;
    const others = [...tasks.values()].filter((other) => other !== task && this.isSeen(other) && other.state !== "dead");
    return others.length > 0 && others.every((other) => scheduler.isHeld(other));
  }
  /** A call has written into watched memory. */
  private _compareWatches(task: Task, moment: Moment): void {
    if (this.mode === "quiet") return;
    for (const watch of this.points.watches) {
      const before = this.known.get(watch);
      if (!before || watch.on === "read" || watch.pid !== task.process.pid) continue;
      const now = this.bytesOf(watch);
      if (isEqual(before, now)) continue;
      this.known.set(watch, now);
      this._note(task, { kind: "watch", on: watch.on, address: watch.address }, moment, this.mode === "collect");
    }
  }
  /** For the hook `denied` of the program. */
  denied(denial: Denial): void {
    const moment = this._momentAt(this._kernel.processor.progress.instructions);
    const last = this._denials.at(-1);
    if (!last || compareMoments(last.moment, moment) < 0) this._denials.push({ moment, denial });
  }
  /** The last denied call before now. */
  get lastDenial(): SeenDenial | undefined {
    const { moment } = this.timeline;
    return this._denials.findLast((seen) => compareMoments(seen.moment, moment) <= 0);
  }
}
/** The path of a task's program, in its own root. */
export const pathOf = (task: Task): string => {
  const exe = task.program.exe;
  return exe ? pathName(exe.path, task.fs.root).name : "";
};
