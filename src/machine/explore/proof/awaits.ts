// Loops that wait for another task: a task that comes back to an instruction with the same registers and the
// same memory has changed nothing, and does so for ever unless a word that it has read changes. Until then it
// counts as waiting, so that a proof has no endless runs (as the assumptions about spin loops of
// Kokologiannakis, Ren, Vafeiadis, "Dynamic Partial Order Reductions for Spinloops", FMCAD 2021, here by
// states).
import type { Kernel } from "../../../kernel/core/kernel.ts";
import type { Task } from "../../../kernel/core/task.ts";
import { frameOf } from "../../../memory/page-table.ts";
import { PROT, VM } from "../../../memory/vma.ts";
import type { PendingEvent } from "../strategy.ts";

/**
 * The visit of an instruction without a write at which its state is noted: a proof has a run for each
 * iteration before the loop is known. Loops of libraries end in calls as a rule. At most so many between two
 * looks.
 */
const VISIT = 2;
const VISIT_OF_LIBRARY = 8;
const MOST_BETWEEN = 32;
/** Bytes of the register file (cpu/machine/state.ts) without budgets and segments. */
const REGISTERS: readonly (readonly [from: number, to: number])[] = [
  [0, 0xa8],
  [0x150, 0x170],
  [0x180, 0x400],
];

/** A task with more private memory is not looked at: it never counts as waiting. */
const MOST_PAGES = 8192;

/** Accesses of one task to pages that others use, without an event. */
const LONG = 5000;

interface Word {
  readonly address: number;
  readonly bytes: number;
  readonly value: string;
}
/** A copy of a page of private memory. */
interface Page {
  readonly address: number;
  readonly words: Uint32Array;
}
interface State {
  readonly registers: Uint32Array;
  /** Undefined: it was not needed, the registers differed from the state before, or it is too large. */
  readonly memory: readonly Page[] | undefined;
  readonly reads: number;
  readonly calls: number;
}
/** Visits of an instruction, and the number of the next one with a look at the state. */
interface Visits {
  count: number;
  next: number;
  between: number;
  last: State | undefined;
}
/** What a task has done since it has written shared memory. */
class Stretch {
  readonly visits = new Map<number, Visits>();
  readonly reads: { readonly address: number; readonly bytes: number }[] = [];
  yields = 0;
}

const areEqual = (a: Uint32Array, b: Uint32Array): boolean => {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return a.length === b.length;
};
/** The states themselves are compared: a proof rests on no sum. */
const isSameMemory = (a: readonly Page[] | undefined, b: readonly Page[] | undefined): boolean =>
  a !== undefined && a.length === b?.length && a.every(({ address, words }, i) => b[i]?.address === address && areEqual(words, b[i].words));

/** The waiting loops of one run. */
export class Awaits {
  private readonly _kernel: Kernel;
  private readonly _stretches = new Map<number, Stretch>();
  private readonly _waiting = new Map<number, readonly Word[]>();
  /** The task that has stopped, or is to stop, for a look at its state. */
  private _looking = 0;
  private _isComparing = false;
  /** The reads since a state to which the running task has come back: it begins to wait. */
  private _back: number | undefined = undefined;
  isLivelock = false;
  private _unseenOf = 0;
  private _unseen = 0;
  /** Instructions of loops that wait, in all runs: their states are noted at the first visit. */
  private readonly _loops: Set<number>;
  constructor(kernel: Kernel, loops: Set<number>) {
    this._kernel = kernel;
    this._loops = loops;
  }

  /**
   * A task accesses a page that others use. True after very many accesses without an event: it may wait for a
   * word that no run has shown to be written, so all accesses are events up to its next write.
   */
  isLong({ pid }: Task): boolean {
    if (this._unseenOf !== pid) [this._unseenOf, this._unseen] = [pid, 0];
    return ++this._unseen > LONG;
  }
  /** A task executes an event. */
  executed({ pid }: Task, { address, bytes, reads, writes, call, opens }: PendingEvent): void {
    if ((this._unseen < LONG && this._unseenOf === pid) || (writes && !reads) || call !== undefined) this._unseen = 0;
    this._waiting.delete(pid);
    const stretch = this._stretches.get(pid);
    if (call === "sched_yield") {
      if (stretch) stretch.yields++;
    } else if ((writes && !reads) || call !== undefined) this._stretches.delete(pid);
    else if (stretch && !opens) stretch.reads.push({ address, bytes });
  }
  /** A read by a library, which is no event. */
  reads({ pid }: Task, address: number, bytes: number): void {
    this._stretches.get(pid)?.reads.push({ address, bytes });
  }
  /** A task is about to execute an event: is its state to be seen? */
  visits(task: Task, event: PendingEvent): boolean {
    const compares = this._visits(task, event);
    if (!compares && !event.compares) return false;
    this._looking = task.pid;
    this._isComparing = compares;
    return true;
  }
  private _visits({ pid }: Task, { ip, writes, reads, isLibrary }: PendingEvent): boolean {
    if (writes && !reads) return false;
    let stretch = this._stretches.get(pid);
    if (!stretch) this._stretches.set(pid, (stretch = new Stretch()));
    let visits = stretch.visits.get(ip);
    if (!visits) {
      const next = this._loops.has(ip) ? 1 : isLibrary === true ? VISIT_OF_LIBRARY : VISIT;
      stretch.visits.set(ip, (visits = { count: 0, next, between: 1, last: undefined }));
    }
    if (++visits.count < visits.next) return false;
    visits.next += visits.between;
    return true;
  }
  /** True: the task gives way now, before its event, so that its state is seen or because it waits. */
  looks(task: Task, event: PendingEvent): boolean {
    if (this._looking === task.pid) {
      if (this._isComparing) this._compare(task, event);
    } else if (!this.waits(task)) return false;
    this._looking = task.pid;
    this._isComparing = false;
    return true;
  }
  /** The same, once. */
  back(): number | undefined {
    const { _back: back } = this;
    this._back = undefined;
    return back;
  }
  /** True once after `looks`. */
  hasLooked({ pid }: Task): boolean {
    if (this._looking !== pid) return false;
    this._looking = 0;
    return true;
  }
  /** True: the task that is to run waits, as all others do, and no time ends that. It runs no more. */
  sleeps(task: Task): boolean {
    if (!this.waits(task) || this._kernel.timers.next !== Infinity) return false;
    this.isLivelock = true;
    this._kernel.scheduler.sleep(task, { on: [], interrupted: 0 });
    return true;
  }
  /** Compares the state of the running task, which has stopped before an event, with its last state there. */
  private _compare(task: Task, { ip }: PendingEvent): void {
    const stretch = this._stretches.get(task.pid);
    if (!stretch) return;
    const visits = stretch.visits.get(ip);
    if (!visits) return;
    const { last } = visits;
    const registers = this._registers(task);
    const isSame = last !== undefined && areEqual(last.registers, registers);
    const memory = isSame || !last || this._loops.has(ip) ? this._memory(task) : undefined;
    const before = last?.memory === undefined ? undefined : last;
    const calls = this._kernel.syscalls - stretch.yields;
    visits.last = { registers, memory, reads: stretch.reads.length, calls };
    // A loop that goes on is looked at less and less.
    visits.between = isSame || !before ? 1 : Math.min(MOST_BETWEEN, visits.between * 2);
    if (!isSame || !before || !isSameMemory(before.memory, memory) || before.calls !== calls) return;
    const words = stretch.reads.slice(before.reads).map(({ address, bytes }) => ({ address, bytes, value: valueOf(task, address, bytes) }));
    this._waiting.set(task.pid, words);
    this._loops.add(ip);
    this._back = words.length;
  }
  /** The task only waits: no word that its loop reads has changed. */
  waits(task: Task): boolean {
    const words = this._waiting.get(task.pid);
    if (!words) return false;
    if (words.every(({ address, bytes, value }) => valueOf(task, address, bytes) === value)) return true;
    this._waiting.delete(task.pid);
    this._stretches.delete(task.pid);
    return false;
  }
  private _registers({ mem }: Task): Uint32Array {
    const registers = new Uint32Array(REGISTERS.reduce((n, [from, to]) => n + (to - from) / 4, 0));
    let at = 0;
    for (const [from, to] of REGISTERS) {
      registers.set(new Uint32Array(mem.frames.u8.buffer, from, (to - from) / 4), at);
      at += (to - from) / 4;
    }
    return registers;
  }
  private _memory({ mem }: Task): readonly Page[] | undefined {
    const { frames, table } = mem;
    const pages: Page[] = [];
    for (const { start, end, prot, flags } of mem.mappings()) {
      if ((prot & PROT.WRITE) === 0 || (flags & VM.SHARED) !== 0) continue;
      table.walk(start, end, (pte, address) => {
        const { buffer, byteOffset } = frames.bytes(frameOf(pte));
        if (pages.length <= MOST_PAGES) pages.push({ address, words: new Uint32Array(buffer.slice(byteOffset, byteOffset + 4096)) });
        return undefined;
      });
    }
    return pages.length <= MOST_PAGES ? pages : undefined;
  }
}

const valueOf = ({ mem }: Task, address: number, bytes: number): string => mem.read(address, bytes)?.join() ?? "";
