// One run under a strategy: the points, with accesses to shared memory among them, the choices, and the
// schedule that they make.
import type { Cpu } from "../../cpu/cpu.ts";
import type { AccessWatch, ALL, READS } from "../../cpu/machine/access-watch.ts";
import { access } from "../../cpu/machine/mmu.ts";
import { exitWork } from "../../kernel/base/pending-work.ts";
import { DOOR_LENGTH } from "../../kernel/base/processor.ts";
import type { Kernel } from "../../kernel/core/kernel.ts";
import type { CallReads, Chooser, PointKind } from "../../kernel/core/scheduling.ts";
import type { Task } from "../../kernel/core/task.ts";
import { SplitReads } from "../../kernel/entry/split-reads.ts";
import type { Observer } from "../../kernel/observer.ts";
import { Instructions } from "../accessing-instructions.ts";
import { type Delay, type Departure, EarlyDeadlines, PointPlaces } from "../schedule.ts";
import { ProofParts } from "./proof/parts.ts";
import { type Race, RaceDetector, type SyncBytes } from "./races/detector.ts";
import { SyncCalls } from "./races/sync-calls.ts";
import { BufferedStores } from "./run/buffered-stores.ts";
import { RunNotes, type Steps } from "./run/notes.ts";
import { PointRules, type PointsAt, type RunOptions } from "./run/points.ts";
import { AtomicSections } from "./run/sections.ts";
import { Spins } from "./run/spins.ts";
import { RunStates } from "./run/states.ts";
import { PagesInUse } from "./shared-words.ts";
import type { Candidate, Notes, PendingEvent, Strategy } from "./strategy.ts";

/** The chooser and the watch of one run. */
export class ObservedRun implements Chooser, AccessWatch {
  private readonly _kernel: Kernel;
  private readonly _cpu: Cpu;
  private readonly _strategy: Strategy;
  private readonly _at: PointsAt;
  private readonly _where: PointRules;
  private _pages: PagesInUse;
  private readonly _instructions: Instructions;
  private readonly _places = new PointPlaces();
  private readonly _early = new EarlyDeadlines();
  /** The events before which tasks have stopped. */
  private readonly _pending = new Map<number, PendingEvent>();
  /** The instruction that may access memory now: its number since boot. */
  private _granted = -1;
  /** A task that stopped before an access goes on with it. */
  private readonly _resuming = new Set<number>();
  private _user = 0;
  private readonly _buffers: BufferedStores | undefined;
  /** The task that runs, if it has a signal to take; 0: none. */
  private _signalled = 0;
  /** The task whose accesses the TLB knows. */
  private _turn = 0;
  private _alive = 0;
  /** For strategies that see all. */
  readonly proof: ProofParts | undefined;
  private readonly _sections: AtomicSections | undefined;
  /** In a proof, and with states, accesses count from the second task on: all runs have those before. */
  private _hasBegun: boolean;
  private _spins = new Spins();
  private readonly _states: RunStates | undefined;

  private readonly _splitsReads: boolean;
  readonly departures: Departure[] = [];
  /** Points with two or more candidates. */
  points = 0;
  readonly tasks = new Set<number>();
  /** What it has shown. */
  readonly notes: RunNotes;
  private readonly _syncs: SyncBytes | undefined;
  private _detector: RaceDetector | undefined;

  constructor(
    kernel: Kernel,
    cpu: Cpu,
    strategy: Strategy,
    { at, words, memory, syncs, splitReads, atomic }: RunOptions,
    steps: Steps = "none",
  ) {
    this.notes = new RunNotes(steps);
    this._kernel = kernel;
    this._cpu = cpu;
    this._strategy = strategy;
    this._sections = atomic === undefined ? undefined : new AtomicSections(kernel, atomic);
    this._hasBegun = strategy.seesAll !== true && strategy.seesStates !== true;
    this._states = strategy.seesStates ? new RunStates() : undefined;
    this._at = at;
    this._splitsReads = splitReads && !strategy.seesAll;
    this._buffers = memory === "tso" ? new BufferedStores() : undefined;
    this._pages = new PagesInUse(words);
    this._instructions = new Instructions(cpu);
    this._syncs = syncs;
    if (at !== "calls") cpu.accessWatch = this;
    if (strategy.seesAll) {
      const around = {
        kernel,
        cpu,
        strategy,
        words,
        instructions: this._instructions,
        pages: () => this._pages,
        hasBegun: () => this._hasBegun,
      };
      this.proof = new ProofParts(around);
    }
    this._where = new PointRules(cpu, this._instructions, at, this.proof);
    strategy.begin();
  }
  /** Sees calls for the detector of races, if there is one. */
  get calls(): Observer | undefined {
    if (!this._syncs) return undefined;
    this._detector = new RaceDetector(this._pages, this._syncs);
    return new SyncCalls(this._detector, this._pages);
  }
  readonly races = (): ReadonlyMap<string, Race> => this._detector?.races ?? new Map();

  /**
   * Goes on where another run has come to, in a copy of its machine: that run was the same so far. `notes`:
   * what its strategy was told. `task`: its only task.
   */
  goOn(before: ObservedRun, notes: Notes, task: Task): void {
    const { current } = this._kernel.scheduler;
    if (!current) throw new Error("no task runs at the end of the common beginning");
    const seenIn = (space: object): object => (space === task.mem ? current.mem : space);
    this._granted = before._granted;
    this._user = before._user;
    this._places.last = before._places.last && current;
    if (!this._hasBegun) return;
    notes.tell(this._strategy, seenIn);
    const here = (event: PendingEvent): PendingEvent => ({ ...event, space: seenIn(event.space) });
    this._pages = before._pages.copy(task.mem, current.mem);
    if (before._buffers) this._buffers?.goOn(before._buffers, current, here);
    for (const [pid, event] of before._pending) this._pending.set(pid, here(event));
    for (const pid of before._resuming) this._resuming.add(pid);
    this.notes.goOn(before.notes, here);
    this._spins = before._spins.copy();
  }

  // The chooser.
  turn(task: Task): void {
    const { pid } = task;
    const { scheduler, tasks } = this._kernel;
    const runs = scheduler.current === task;
    this.proof?.born(task);
    if (runs) this._buffers?.turn(task);
    // A task that has become runnable does not run yet: the TLB goes on to know the running one's accesses.
    const isNew = tasks.size !== this._alive;
    this._hasBegun ||= this._kernel.programs > 1;
    if (this._at !== "calls" && (isNew || (runs && pid !== this._turn))) this._cpu.flushWrites();
    this._alive = tasks.size;
    if (runs) this._turn = pid;
    if (runs && (task.exitWork & exitWork.signal) !== 0) this._signalled = pid;
    if (!this.proof || !this._hasBegun) return;
    this.proof.turn(task);
    // The rest of a call that has waited is an event of its own: others may have come in between.
    const call = runs ? task.call?.entry.syscall.name : undefined;
    if (call !== undefined && !call.startsWith("futex"))
      this._execute(task, { ip: 0, space: task.mem, address: 0, bytes: 0, reads: false, writes: false, call });
  }
  before(task: Task): number {
    if (this._signalled === task.pid) this._interrupt(task);
    return this._goesOn(task);
  }
  /** A signal's handler comes before the event that the task has stopped before. */
  private _interrupt({ pid }: Task): void {
    this._signalled = 0;
    this.proof?.interrupted(pid);
    if (this._pending.get(pid)?.ip === this._cpu.state.rip) return;
    this._pending.delete(pid);
    this._resuming.delete(pid);
  }
  private _goesOn(task: Task): number {
    this._places.last = task;
    const pending = this._pending.get(task.pid);
    if (this._resuming.delete(task.pid)) this._granted = this._cpu.instructions;
    if (pending && this.proof?.looks(task, pending)) return 0;
    if (pending) {
      this._pending.delete(task.pid);
      this._execute(task, pending);
    }
    if (!this._buffers) return Infinity;
    const steps = this._buffers.step(task, this._instructions.at(task, this._cpu.state.rip));
    if (steps === 0) this._user = task.usage.user;
    return steps;
  }
  /** The stores that another task could have missed, and the points at which they left. */
  get delays(): Delay[] {
    return this._buffers?.delays ?? [];
  }
  /** A proof is for one order of deadlines and computations. */
  letsTimePass(task: Task): boolean {
    return !this._strategy.seesAll && this._early.mayCome(task);
  }
  splitReads(kernel: Kernel): CallReads | undefined {
    return this._splitsReads ? new SplitReads(kernel) : undefined;
  }
  /** A call is about to read bytes that other tasks may write. */
  reads(task: Task, address: number, bytes: number, mayGiveWay: boolean): boolean {
    if (!this._isShared || this._sections?.holds(task)) return false;
    if (this._at !== "calls") {
      this._pages.cached(task, address, access.read);
      if (!this._pages.meets(task, address, bytes, access.read)) return false;
    }
    const ip = this._cpu.state.rip - DOOR_LENGTH;
    this._pending.set(task.pid, { ip, space: task.mem, address, bytes, writes: false, reads: true });
    if (!mayGiveWay) this._readsNow(task);
    return mayGiveWay;
  }
  private _readsNow(task: Task): void {
    const event = this._pending.get(task.pid);
    this._pending.delete(task.pid);
    if (event) this._execute(task, event);
  }
  choose(kind: PointKind, candidates: readonly Task[], read?: number): Task {
    const usual = candidates[0] as Task;
    this.proof?.comesTo(kind, usual);
    const place = this._places.of(kind, candidates, { user: kind === "access" ? this._user : undefined, read });
    // After a call a task goes on to its next access or call, unless it has made a task.
    const isBirth = kind === "return" && candidates.some(({ pid }) => !this.tasks.has(pid));
    if ((kind === "return" && !isBirth) || (kind === "checked" && this._at !== "calls")) return usual;
    if (kind === "call" && ((this._at === "accesses" && this._where.isOwnCall(usual)) || this._fails(usual))) return usual;
    if (kind !== "next" && this._sections?.holds(usual)) {
      if (kind === "call") this._execute(usual, this._where.callOf(usual), true);
      return usual;
    }
    if (kind === "call") this._pending.set(usual.pid, this._where.callOf(usual));
    if (kind === "next") {
      const { last } = this._places;
      // Its slice is over.
      if (last && last.state === "runnable" && candidates.includes(last) && !this._pending.has(last.pid))
        this._strategy.starves(last.pid, true);
    }
    this.points++;
    if (kind !== "next") this.notes.isAt(usual.pid, place);
    for (const { pid } of candidates) this.tasks.add(pid);
    const task = this._decide(candidates, place);
    this._early.chosen(task);
    if (task !== usual && this.departures.push({ point: place, task: task.pid }) === 1) this.notes.departs();
    if (kind === "call" && task === usual) this._goesOn(usual);
    if (kind === "read" && task === usual) this._readsNow(usual);
    if (kind === "access") this._compared(usual, task === usual);
    if (task === usual && kind === "access") this._buffers?.drainAt(usual, this._user);
    return task;
  }
  /** The task has stopped for a look at its state alone: it goes on with its event, now or later. */
  private _compared(task: Task, isNow: boolean): void {
    if (!this.proof?.awaits.hasLooked(task)) return;
    this._resuming.add(task.pid);
    if (isNow && !this.proof.awaits.sleeps(task)) this.before(task);
  }
  private _decide(candidates: readonly Task[], place: string): Task {
    for (;;) {
      const list = candidates.map((one): Candidate => {
        const event = this._pending.get(one.pid);
        return this.proof?.candidate(one, event) ?? { pid: one.pid, event };
      });
      list.push(...(this._buffers?.candidates() ?? []));
      const chosen = this._strategy.choose(list, place, this._states?.at(list, this._others()));
      const task = candidates[chosen];
      const store = list[chosen];
      if (task || !this._buffers || !store) return task as Task;
      this._buffers.leave(store, place);
      if (store.event) this._strategy.executed(store.pid, store.event, this._others());
    }
  }
  /** The task has failed an assumption: it waits on the variable of sections. */
  private _fails(task: Task): boolean {
    if (!this._sections) return false;
    const { call, address, reads } = this._where.concernOf(task);
    const fails = reads && call.startsWith("futex") && this._sections.isVariable(task, address);
    if (fails) this.proof?.goesNowhere(task);
    return fails;
  }
  alone(kind: PointKind, task: Task): void {
    this.proof?.comesTo(kind, task);
    if (kind === "access") this._buffers?.drainAt(task, this._user);
    if (kind === "access") this._compared(task, true);
    if (kind === "read") this._readsNow(task);
    if (kind !== "call" || !this.proof || this._where.isOwnCall(task) || this._fails(task)) return;
    this._execute(task, this._where.callOf(task), this._sections?.holds(task));
  }

  // The watch.
  cached(address: number, how: number): 0 | typeof READS | typeof ALL {
    const task = this._kernel.scheduler.current;
    if (!task || !this._isShared || this._isLibrarys(task, address)) return 2;
    const cached = this._pages.cached(task, address, how);
    return this.proof?.ids.isOnPage(address) || this._sections?.isOnPage(task, address) ? 0 : cached;
  }
  /** Plain accesses of libraries to their own data are no points: their pages go at full speed. */
  private _isLibrarys(task: Task, address: number): boolean {
    return this._at !== "all" && !this._detector && !this.proof && this._instructions.isLibraryData(task, address);
  }
  /** More than one task lives, process 1 among them; for races, also if others have lived. */
  private get _isShared(): boolean {
    return (this._hasBegun && this._kernel.tasks.size > 1) || this._detector?.hasBegun === true;
  }
  holds(address: number, bytes: number, how: number, record: number, budget: number): boolean {
    const { scheduler } = this._kernel;
    const task = scheduler.current;
    if (!task || scheduler.isInCall || !this._isShared) return false;
    const opens = this._sections?.isVariable(task, address) === true;
    if (opens && (how !== access.write || !this._sections?.begins(task))) return false;
    const cpu = this._cpu;
    const isKnown = record !== 0 || cpu.isEvaluating;
    const ip = !isKnown ? 0 : record === 0 ? cpu.state.rip : cpu.blocks.records.ipOf(record);
    const isPoint =
      opens ||
      this.proof?.awaits.isLong(task) === true ||
      this._pages.meets(task, address, bytes, how, this._where.of(ip)) ||
      this.proof?.ids.isRead(task, address, how) === true;
    if (!isPoint && !(this._detector && this._pages.isWatched(task, address))) return false;
    if (!isKnown) return true;
    const start = cpu.startOf(record, budget);
    if (isPoint && this._kernel.tasks.size > 1 && this._stops(task, { address, bytes, how, ip, start })) return true;
    if (this._detector) {
      const instruction = this._instructions.at(task, ip);
      this._detector.access(task, { address, bytes, how, ip, user: scheduler.userTime(start), instruction });
    }
    return false;
  }
  /** True if the task stops before the access. */
  private _stops(
    task: Task,
    { address, bytes, how, ip, start }: { address: number; bytes: number; how: number; ip: number; start: number },
  ): boolean {
    const isSecond = start === this._granted;
    if (isSecond && this.proof?.isSecond(task, address, bytes) !== true) return false;
    const { scheduler } = this._kernel;
    const instruction = this._instructions.at(task, ip);
    const readsId = this.proof?.ids.isRead(task, address, how) === true;
    if (instruction.repeats || isSecond || (!readsId && !this._where.isEvent(task, instruction, address, bytes))) {
      this.proof?.hides(task, { ip, address, bytes }, how, instruction, isSecond);
      return false;
    }
    this._granted = start;
    const opens = this._sections?.isVariable(task, address) === true;
    const writes = how === access.write && !opens;
    const reads = !opens && (!writes || instruction.reads);
    const known = this.proof?.flagsOf(task, { ip, address, bytes }, instruction, readsId);
    const flags = opens ? { ...known, opens } : known;
    const event = { ip, space: task.mem, address, bytes, writes, reads, isLibrary: instruction.isLibrary, ...flags };
    this._user = scheduler.userTime(start);
    if (this._sections?.holds(task)) {
      this.notes.isAt(task.pid, `${task.pid}@${this._user}`);
      this._execute(task, event, true);
      return false;
    }
    this._pending.set(task.pid, event);
    if (this._kernel.programs > 1 && this._spins.note(task.pid, event)) this._strategy.starves(task.pid, false);
    this.notes.isAt(task.pid, `${task.pid}@${this._user}`);
    if (this.proof?.awaits.visits(task, event)) {
      this._granted = -1;
      return true;
    }
    const isBuffered = this._buffers !== undefined && writes && !instruction.isAtomic;
    if (isBuffered) this._buffers?.add(task, event, `${task.pid}@${this._user}`);
    // A store that is buffered begins in `before`.
    if (scheduler.givesWay(task, "access") || isBuffered) {
      this._resuming.add(task.pid);
      // The next task's first instruction has the same number.
      this._granted = -1;
      return true;
    }
    this._pending.delete(task.pid);
    this._execute(task, event);
    return false;
  }
  /** `isMore`: the event belongs to the section that the task is in. */
  private _execute(task: Task, begun: PendingEvent, isMore = false): void {
    const { pid } = task;
    const event = this.proof?.executed(task, begun, isMore) ?? begun;
    if (event.opens) this._sections?.enter(task);
    else if (event.bytes > 0) {
      const source = this._pages.source(task, event.address, event.ip, event.writes);
      // Not of words that count as shared for want of knowledge.
      if (this._pages.isShared(task, event.address)) {
        this._states?.executes(task, event);
        this._strategy.observe?.(event, source);
        this.notes.accessed(task, event, source);
      }
    }
    this.notes.executed(task, event);
    if (isMore) this._strategy.also?.(pid, event);
    else this._strategy.executed(pid, event, this._others());
  }
  private *_others(): Iterable<Candidate> {
    for (const [pid, event] of this._pending) yield { pid, event };
  }
}
