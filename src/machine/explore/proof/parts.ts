// The parts of a run that only a proof has: what tasks wait for, what leads nowhere, what the kernel does.
import type { Cpu } from "../../../cpu/cpu.ts";
import { access } from "../../../cpu/machine/mmu.ts";
import { R } from "../../../cpu/machine/state.ts";
import { exitWork } from "../../../kernel/base/pending-work.ts";
import { DOOR_LENGTH } from "../../../kernel/base/processor.ts";
import type { Kernel } from "../../../kernel/core/kernel.ts";
import type { PointKind } from "../../../kernel/core/scheduling.ts";
import type { Task } from "../../../kernel/core/task.ts";
import type { Instruction, Instructions } from "../../accessing-instructions.ts";
import type { PagesInUse, SharedWords } from "../shared-words.ts";
import type { Candidate, PendingEvent, Strategy } from "../strategy.ts";
import { Awaits } from "./awaits.ts";
import { isOnMappedFile, isOnSignals, isUnseen, uncovered } from "./calls.ts";
import { FruitlessReads } from "./fruitless.ts";
import type { HiddenAccess } from "./hidden.ts";
import { KernelAccesses } from "./kernel-accesses.ts";
import type { LibraryWork, Orders } from "./library-functions.ts";
import { Mutexes } from "./mutexes.ts";
import { ThreadIds } from "./thread-ids.ts";

/** The run. */
interface Around {
  readonly kernel: Kernel;
  readonly cpu: Cpu;
  readonly strategy: Strategy;
  readonly words: SharedWords;
  readonly instructions: Instructions;
  readonly pages: () => PagesInUse;
  /** The second task has begun. */
  readonly hasBegun: () => boolean;
}
/** An access before which a task may stop. */
interface Place {
  readonly ip: number;
  readonly address: number;
  readonly bytes: number;
}

/** An access by the program. */
const NONE: LibraryWork = { orders: "nothing", name: "" };

/** An access without an event. A run has hundreds: what few of them need is a method. */
class UnorderedAccess implements HiddenAccess {
  readonly ip: number;
  readonly space: object;
  readonly address: number;
  readonly bytes: number;
  readonly writes: boolean;
  readonly isPart: boolean;
  readonly orders: Orders | undefined;
  private readonly _task: Task;
  private readonly _repeats: boolean;
  private readonly _name: string;
  private readonly _words: SharedWords;
  private readonly _pages: () => PagesInUse;

  constructor(
    of: Place & { readonly task: Task; readonly writes: boolean; readonly isPart: boolean; readonly repeats: boolean },
    orders: Orders | undefined,
    name: string,
    words: SharedWords,
    pages: () => PagesInUse,
  ) {
    this._task = of.task;
    this.ip = of.ip;
    this.space = of.task.mem;
    this.address = of.address;
    this.bytes = of.bytes;
    this.writes = of.writes;
    this.isPart = of.isPart;
    this.orders = orders;
    this._repeats = of.repeats;
    this._name = name;
    this._words = words;
    this._pages = pages;
  }
  get isFixed(): boolean {
    return this._repeats || this.isPart;
  }
  get gap(): string {
    const { _repeats: repeats, isPart, _name: name } = this;
    const what = repeats ? "a repeated string instruction" : isPart ? "an instruction with several accesses" : "what a library keeps";
    return `threads share memory by ${what}${name === "" ? "" : ` (${name})`}`;
  }
  ask(): void {
    this._words.hidden.ask(this.ip);
  }
  promote(): void {
    this._pages().use(this._task, this.address, this.bytes);
  }
}

/** The parts for one run. */
export class ProofParts {
  private readonly _run: Around;
  readonly ids: ThreadIds;
  readonly awaits: Awaits;
  private readonly _mutexes: Mutexes;
  private readonly _fruitless: FruitlessReads;
  private readonly _kernelAccesses: KernelAccesses;
  /** The last event of each task that accesses memory. */
  private readonly _last = new Map<number, Place>();
  /** What a proof does not cover, and this run has: in words. */
  unproved: string | undefined = undefined;

  constructor(run: Around) {
    this._run = run;
    const { kernel, cpu, strategy, words, instructions, pages, hasBegun } = run;
    const ids = new ThreadIds(kernel, words.joins);
    this.ids = ids;
    this._mutexes = new Mutexes(words.mutexes, words.functions);
    this.awaits = new Awaits(kernel, words.loops);
    this._fruitless = new FruitlessReads(words.fruitless, () => words.state);
    const callName = (task: Task): string | undefined => instructions.runningCall(task);
    this._kernelAccesses = new KernelAccesses({
      ...{ kernel, cpu, facts: words.calls, ids, pages, hasBegun, callName },
      isOwnCall: (task) => this.isOwnCall(callName(task)),
      written: (pid, address, bytes) => this._fruitless.written(pid, address, bytes),
      also: (pid, event) => strategy.also?.(pid, event),
      hides: (pid, access) => strategy.hidden?.(pid, access),
    });
  }
  /** A task is there, and another one runs. */
  born(task: Task): void {
    const { current } = this._run.kernel.scheduler;
    this.ids.note(task);
    this._fruitless.born(task, current);
    this._kernelAccesses.born(task, current);
  }
  /** A slice of a task begins, or it has become runnable. */
  turn(task: Task): void {
    this.unproved ??= uncovered(task);
  }
  /** A task comes to a point. */
  comesTo(kind: PointKind, task: Task): void {
    if (kind !== "return") return;
    const { u32 } = this._run.cpu.state;
    this._fruitless.returned(task, `${u32[2 * R.ax]}:${u32[2 * R.ax + 1]}`);
  }
  /** A handler of a signal runs. */
  interrupted(pid: number): void {
    this._fruitless.interrupted(pid);
  }
  /** True: the task gives way before its event. */
  looks(task: Task, pending: PendingEvent): boolean {
    if (!this.awaits.looks(task, pending)) return false;
    const back = this.awaits.back();
    if (back !== undefined) this.goesNowhere(task, back);
    return true;
  }
  /** `back`: it is in the state before so many reads; undefined: it has failed an assumption. */
  goesNowhere(task: Task, back?: number): void {
    if (this._fruitless.note(task, back)) this._run.strategy.fruitless?.(task.pid);
  }
  candidate(task: Task, event: PendingEvent | undefined): Candidate {
    const { pid } = task;
    // What its handler does first is not known.
    if ((task.exitWork & exitWork.signal) !== 0) return { pid, event: undefined };
    if (this.awaits.waits(task)) return { pid, event, spins: true };
    if (this._fruitless.waits(task, event)) return { pid, event, idles: true };
    return this.ids.waits(event) || this._mutexes.waits(task, event) ? { pid, event, waits: true } : { pid, event };
  }
  /** A call that concerns the caller alone is one of these also in a proof. */
  isOwnCall(name: string | undefined): boolean {
    const { words, cpu } = this._run;
    if (name === undefined || !isUnseen(name) || isOnSignals(name)) return false;
    return !words.calls.telling.has(cpu.state.rip - DOOR_LENGTH);
  }
  /** The instruction of the task's last event comes to other bytes. */
  isSecond({ pid }: Task, address: number, bytes: number): boolean {
    const last = this._last.get(pid);
    return !last || address < last.address || address + bytes > last.address + last.bytes;
  }
  isPromoted(task: Task, address: number, bytes: number): boolean {
    return this._run.pages().isPromoted(task, address, bytes);
  }
  /** A task accesses a shared word without an event. */
  hides(task: Task, { ip, address, bytes }: Place, how: number, instruction: Instruction, isSecond: boolean): void {
    const { pages, instructions, words, strategy } = this._run;
    const { isLibrary, isLinker, isAtomic, repeats } = instruction;
    if (how !== access.write) {
      this.awaits.reads(task, address, bytes);
      this._fruitless.reads(task, address, bytes);
    }
    if (isLinker) return;
    const work = isLibrary ? words.hidden.workOf(task, ip) : NONE;
    const orders = work?.orders;
    // The order of files' locks decides; and what the program gives and gets is not the library's.
    const isOpen = orders === "files" && (isAtomic || !instructions.isLibraryData(task, address));
    const writes = how === access.write;
    const place = { task, ip, address, bytes, writes, isPart: isSecond, repeats };
    strategy.hidden?.(task.pid, new UnorderedAccess(place, isOpen ? "nothing" : orders, work?.name ?? "", words, pages));
  }
  /** A task comes to an event; what a proof knows of it. `readsId`: the id of another thread. */
  flagsOf(task: Task, place: Place, instruction: Instruction, readsId: boolean): Partial<PendingEvent> {
    this._fruitless.arrives(task);
    return {
      ...(instruction.isCompareExchange ? { compares: true } : {}),
      ...(this._mutexes.takes(task, place, instruction) ? { takes: true } : {}),
      ...(readsId && this.ids.joins(place.ip) ? { joins: true } : {}),
    };
  }
  /** An event begins; it is returned with what is known of it now. `isMore`: it belongs to a section. */
  executed(task: Task, begun: PendingEvent, isMore: boolean): PendingEvent {
    const { instructions, kernel, cpu } = this._run;
    if (begun.bytes > 0 && begun.call === undefined) this._last.set(task.pid, begun);
    const fails = begun.compares && !isMore && !instructions.exchanges(task, begun);
    const event = fails ? { ...begun, writes: false } : this._mutexes.frees(task, begun) ? { ...begun, wasFree: true } : begun;
    this._mutexes.executed(task, event);
    this.ids.executed(task, event);
    this.awaits.executed(task, event);
    this._fruitless.executed(task, event, isMore);
    if (event.call !== undefined && kernel.programs > 1 && isOnMappedFile(task, cpu, event.call))
      this.unproved ??= "a call is about a file that the process has mapped";
    if (event.call?.startsWith("execve") && kernel.programs > 1) this.unproved ??= "a thread executed another program beside others";
    return event;
  }
}
