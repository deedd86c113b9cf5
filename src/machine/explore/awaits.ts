// Loops that wait for another task: a task that comes back to an instruction with the same registers and the
// same memory has changed nothing, and does so for ever unless a word that it has read changes. Until then it
// counts as waiting, so that a proof has no endless runs (as the assumptions about spin loops of
// Kokologiannakis, Ren, Vafeiadis, "Dynamic Partial Order Reductions for Spinloops", FMCAD 2021, here by
// states).
import type { Kernel } from "../../kernel/core/kernel.ts";
import type { Task } from "../../kernel/core/task.ts";
import { frameOf } from "../../memory/page-table.ts";
import { PROT, VM } from "../../memory/vma.ts";
import type { PendingEvent } from "./strategy.ts";

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

/** Accesses of one task to pages that others use, without an event. */
const LONG = 5000;

interface Word {
  readonly address: number;
  readonly bytes: number;
  readonly value: string;
}
interface State {
  readonly registers: string;
  /** Undefined: it was not needed, the registers differed from the state before. */
  readonly memory: string | undefined;
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

/** Two sums over words, which differ for different memory but for a chance of 2^-64. */
class Hash {
  private _a = 0x811c9dc5;
  private _b = 0x9e3779b9;
  add(words: Uint32Array): void {
    let [a, b] = [this._a, this._b];
    for (const word of words) {
      a = Math.imul(a ^ word, 0x01000193);
      a ^= a >>> 15;
      b = Math.imul(b + word, 0x85ebca6b);
      b ^= b >>> 13;
    }
    [this._a, this._b] = [a, b];
  }
  get text(): string {
    return `${this._a},${this._b}`;
  }
}

/** The waiting loops of one run. */
export class Awaits {
  private readonly _kernel: Kernel;
  private readonly _stretches = new Map<number, Stretch>();
  private readonly _waiting = new Map<number, readonly Word[]>();
  /** The task that has stopped, or is to stop, for a look at its state. */
  private _looking = 0;
  private _isComparing = false;
  isLivelock = false;
  private _unseenOf = 0;
  private _unseen = 0;
  constructor(kernel: Kernel) {
    this._kernel = kernel;
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
    if (!visits)
      stretch.visits.set(ip, (visits = { count: 0, next: isLibrary === true ? VISIT_OF_LIBRARY : VISIT, between: 1, last: undefined }));
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
    const isSame = last?.registers === registers;
    const memory = isSame || !last ? this._memory(task) : undefined;
    const before = last?.memory === undefined ? undefined : last;
    const calls = this._kernel.syscalls - stretch.yields;
    visits.last = { registers, memory, reads: stretch.reads.length, calls };
    // A loop that goes on is looked at less and less.
    visits.between = isSame || !before ? 1 : Math.min(MOST_BETWEEN, visits.between * 2);
    if (!isSame || !before || before.memory !== memory || before.calls !== calls) return;
    const words = stretch.reads.slice(before.reads).map(({ address, bytes }) => ({ address, bytes, value: valueOf(task, address, bytes) }));
    this._waiting.set(task.pid, words);
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
  private _registers({ mem }: Task): string {
    const hash = new Hash();
    for (const [from, to] of REGISTERS) hash.add(new Uint32Array(mem.frames.u8.buffer, from, (to - from) / 4));
    return hash.text;
  }
  private _memory({ mem }: Task): string {
    const { frames, table } = mem;
    const hash = new Hash();
    for (const { start, end, prot, flags } of mem.mappings()) {
      if ((prot & PROT.WRITE) === 0 || (flags & VM.SHARED) !== 0) continue;
      table.walk(start, end, (pte) => {
        const { buffer, byteOffset } = frames.bytes(frameOf(pte));
        hash.add(new Uint32Array(buffer, byteOffset, 1024));
        return undefined;
      });
    }
    return hash.text;
  }
}

const valueOf = ({ mem }: Task, address: number, bytes: number): string => mem.read(address, bytes)?.join() ?? "";
