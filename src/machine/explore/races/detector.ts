// Data races by happens-before, in one run. Each task has a vector clock (Fidge 1988, Mattern 1989). A
// release leaves it at an object, an acquire takes it up. Pozniansky and Schuster,
// "Efficient on-the-fly data race detection", PPoPP 2003; Flanagan and Freund, "FastTrack", PLDI 2009.
// Two accesses to a byte race if one writes, one is not atomic, and neither happens before the other.
import { access } from "../../../cpu/machine/mmu.ts";
import type { Task } from "../../../kernel/core/task.ts";
import type { Instruction } from "../../accessing-instructions.ts";
import type { PageUse } from "../run/page-use.ts";
import type { PagesInUse } from "../shared-words.ts";

const PAGE = 4096;
/** The bytes of a granule: accesses to it are compared by a mask of bytes. */
const GRANULE = 8;

/** The bytes that atomic instructions or futexes use, as all runs have shown them, by the page's name. */
export class SyncBytes {
  private readonly _pages = new Map<string, Uint8Array>();
  /** Number of bytes. */
  known = 0;
  of(page: string): Uint8Array {
    let bytes = this._pages.get(page);
    if (!bytes) this._pages.set(page, (bytes = new Uint8Array(PAGE)));
    return bytes;
  }
  mark(bytes: Uint8Array, from: number, to: number): void {
    for (let i = from; i < to; i++) {
      if (bytes[i] === 1) continue;
      bytes[i] = 1;
      this.known++;
    }
  }
}

/** A task's position among the clocks, and what happened before its present moment. */
interface Thread {
  readonly pid: number;
  readonly index: number;
  readonly clock: number[];
}
type Clock = readonly number[];

/** An access, as long as a later one can race with it. */
export interface RacingAccess {
  readonly pid: number;
  readonly ip: number;
  /** Instructions of the task before it: with `pid` its place. */
  readonly user: number;
  readonly writes: boolean;
  readonly isAtomic: boolean;
}
/** The last access of its kind by a thread. */
interface Cell extends Pick<RacingAccess, "pid" | "writes" | "isAtomic"> {
  ip: number;
  user: number;
  readonly thread: number;
  time: number;
  mask: number;
}
/** The part of an access in a granule. */
interface Part {
  readonly mask: number;
  readonly isAtomic: boolean;
  readonly address: number;
  readonly bytes: number;
}
/** Two accesses without an order, the earlier one in this run first. */
export interface Race {
  readonly address: number;
  readonly bytes: number;
  readonly accesses: readonly [RacingAccess, RacingAccess];
}

/** What is known of a page in this run. */
class Shadow {
  readonly cells: (Cell[] | undefined)[] = [];
  readonly clocks: (number[] | undefined)[] = [];
  readonly syncs: Uint8Array;
  constructor(syncs: Uint8Array) {
    this.syncs = syncs;
  }
}

/** An access that a task makes now. */
export interface CurrentAccess {
  readonly address: number;
  readonly bytes: number;
  readonly how: number;
  readonly ip: number;
  readonly user: number;
  readonly instruction: Instruction;
}

/** Code whose plain accesses are its own synchronisation: libgomp waits for plain stores of other threads. */
const SYNCHRONISES = /\/libgomp\.so/;
/** The dynamic linker binds functions while other threads call them. */
const LINKER = /\/ld-linux[^/]*$|\/ld-\d[^/]*\.so$/;

const join = (into: number[], from: Clock): void => {
  for (let i = 0; i < from.length; i++) if ((from[i] ?? 0) > (into[i] ?? 0)) into[i] = from[i] as number;
};

/** The detector of one run. */
export class RaceDetector {
  private readonly _pages: PagesInUse;
  private readonly _syncs: SyncBytes;
  private readonly _threads = new Map<number, Thread>();
  private readonly _shadows = new WeakMap<PageUse, Shadow>();
  private readonly _objects = new Map<unknown, number[]>();
  /** By the file of code. */
  private readonly _code = new Map<string | undefined, { readonly isLinker: boolean; readonly synchronises: boolean }>();
  /** By the two instructions. */
  readonly races = new Map<string, Race>();

  constructor(pages: PagesInUse, syncs: SyncBytes) {
    this._pages = pages;
    this._syncs = syncs;
  }
  private _of({ pid }: Task): Thread {
    let thread = this._threads.get(pid);
    if (!thread) {
      const index = this._threads.size;
      this._threads.set(pid, (thread = { pid, index, clock: [] }));
      // Times begin at 1, so that 0 in a clock means none.
      for (let i = 0; i <= index; i++) thread.clock[i] = i === index ? 1 : 0;
    }
    return thread;
  }
  private _shadow(page: PageUse): Shadow {
    let shadow = this._shadows.get(page);
    if (!shadow) this._shadows.set(page, (shadow = new Shadow(this._syncs.of(page.name))));
    return shadow;
  }

  /** A second task has begun. */
  get hasBegun(): boolean {
    return this._threads.size > 1;
  }
  /** All that the parent has done happens before all that the child does. */
  started(child: Task, parent: Task): void {
    const from = this._of(parent);
    join(this._of(child).clock, from.clock);
    this._tick(from);
  }
  private _tick({ index, clock }: Thread): void {
    clock[index] = (clock[index] as number) + 1;
  }
  /** All that the task has done happens before what a task does that acquires the object. */
  release(task: Task, object: unknown): void {
    let clock = this._objects.get(object);
    if (!clock) this._objects.set(object, (clock = []));
    const thread = this._of(task);
    join(clock, thread.clock);
    this._tick(thread);
  }
  acquire(task: Task, object: unknown): void {
    const clock = this._objects.get(object);
    if (clock) join(this._of(task).clock, clock);
  }
  /** The kernel uses a word for synchronisation: a futex, a thread's id. */
  syncWord(task: Task, address: number, how: "release" | "acquire" | "mark"): void {
    const page = this._pages.at(task, address);
    const at = address % PAGE;
    this._syncs.mark(this._shadow(page).syncs, at, Math.min(PAGE, at + 4));
    if (how === "release") this._release(this._of(task), page, at);
    else if (how === "acquire") this._acquire(this._of(task), page, at);
  }
  private _release(thread: Thread, page: PageUse, at: number, replaces = false): void {
    const { clocks } = this._shadow(page);
    const granule = Math.floor(at / GRANULE);
    const clock = clocks[granule];
    if (clock && !replaces) join(clock, thread.clock);
    else clocks[granule] = [...thread.clock];
    this._tick(thread);
  }
  private _acquire(thread: Thread, page: PageUse, at: number): void {
    const clock = this._shadow(page).clocks[Math.floor(at / GRANULE)];
    if (clock) join(thread.clock, clock);
  }

  /** The task makes an access to memory. */
  access(task: Task, now: CurrentAccess): void {
    const { address, bytes, instruction } = now;
    const { path } = instruction;
    let code = this._code.get(path);
    if (!code) this._code.set(path, (code = { isLinker: LINKER.test(path ?? ""), synchronises: SYNCHRONISES.test(path ?? "") }));
    if (code.isLinker) return;
    const marks = instruction.isAtomic || (instruction.isLibrary && now.how === access.write && code.synchronises);
    const rest = PAGE - (address % PAGE);
    this._inPage(task, now, { address, bytes: Math.min(bytes, rest), marks });
    if (bytes > rest) this._inPage(task, now, { address: address + rest, bytes: bytes - rest, marks });
  }
  private _inPage(
    task: Task,
    now: CurrentAccess,
    { address, bytes, marks }: { readonly address: number; readonly bytes: number; readonly marks: boolean },
  ): void {
    const { isAtomic, isLibrary, reads } = now.instruction;
    const page = this._pages.at(task, address);
    const { syncs, cells } = this._shadow(page);
    const from = address % PAGE;
    const to = from + bytes;
    const writes = now.how === access.write;
    if (marks) this._syncs.mark(syncs, from, to);
    const thread = this._of(task);
    let isSync = false;
    for (let i = from; i < to; i++) isSync ||= syncs[i] === 1;
    // A change in one instruction without LOCK is not atomic on several processors.
    const isPlainChange = writes && reads && !isAtomic && !isLibrary;
    for (let granule = Math.floor(from / GRANULE); granule * GRANULE < to; granule++) {
      const at = granule * GRANULE;
      if (isSync && (isAtomic || !writes)) this._acquire(thread, page, at);
      const mask = ((1 << Math.min(GRANULE, to - at)) - 1) & -(1 << Math.max(0, from - at));
      this._check(thread, (cells[granule] ??= []), now, { mask, isAtomic: isSync && !isPlainChange, address, bytes });
      if (isSync && writes && !isPlainChange) this._release(thread, page, at, !isAtomic);
    }
  }
  private _check(thread: Thread, list: Cell[], { how, ip, user }: CurrentAccess, { mask, isAtomic, address, bytes }: Part): void {
    const writes = how === access.write;
    const { index, clock, pid } = thread;
    // A later access of the same task takes the place of an earlier one that it covers.
    let same: Cell | undefined;
    for (const before of list) {
      if (before.thread === index) {
        if (!same && (before.mask & ~mask) === 0 && before.isAtomic === isAtomic && before.writes === writes) same = before;
        continue;
      }
      if ((before.mask & mask) === 0 || !(before.writes || writes) || (before.isAtomic && isAtomic)) continue;
      if (before.time <= (clock[before.thread] ?? 0)) continue;
      const key = before.ip < ip ? `${before.ip}:${ip}` : `${ip}:${before.ip}`;
      if (!this.races.has(key)) this.races.set(key, { address, bytes, accesses: [{ ...before }, { pid, ip, user, writes, isAtomic }] });
    }
    const time = clock[index] as number;
    if (!same) return void list.push({ pid, ip, user, writes, isAtomic, thread: index, time, mask });
    same.ip = ip;
    same.user = user;
    same.time = time;
    same.mask = mask;
  }
}
