// The waiters of each futex. man 2 futex; Linux kernel/futex/core.c get_futex_key().
import { access } from "../../cpu/machine/mmu.ts";
import { PAGE_SIZE } from "../../memory/frames.ts";
import type { AddressSpace } from "../../memory/space.ts";
import { VM } from "../../memory/vma.ts";
import type { Held } from "../base/wait.ts";
import type { Task } from "../core/task.ts";
import { rank } from "../task/sched-policy.ts";

declare module "../core/kernel.ts" {
  interface KernelMembers {
    readonly futexes: FutexTable;
  }
}

/** The rank of tasks that are not real-time. */
const ORDINARY = 1;

/** A sleeping thread, in the thread's `waited` and in one queue until it is woken. */
export class FutexWaiter implements Held {
  readonly task: Task;
  readonly bitset: number;
  /** Its queue, which a requeue changes. Undefined after the wakeup. */
  queue: FutexQueue | undefined = undefined;
  /** The address of the lock that a waiter with priority inheritance waits for. */
  readonly lock: number | undefined;
  constructor(task: Task, bitset: number, lock?: number) {
    this.task = task;
    this.bitset = bitset;
    this.lock = lock;
  }
  drop(): void {
    this.queue?.remove(this);
  }
}

/** Waiters by the priority of a real-time task, then in order of arrival. Linux struct plist_head. */
export class FutexWaiters {
  size = 0;
  /** The highest priority first. */
  private readonly _ranks: { readonly rank: number; readonly waiters: Set<FutexWaiter> }[] = [];

  add(waiter: FutexWaiter): void {
    const own = Math.max(ORDINARY, rank(waiter.task));
    let at = this._ranks.findIndex((r) => r.rank <= own);
    if (at < 0) at = this._ranks.length;
    if (this._ranks[at]?.rank !== own) this._ranks.splice(at, 0, { rank: own, waiters: new Set() });
    this._ranks[at]?.waiters.add(waiter);
    this.size++;
  }
  delete(waiter: FutexWaiter): void {
    // Its priority may have changed.
    if (this._ranks.some(({ waiters }) => waiters.delete(waiter))) this.size--;
  }
  *[Symbol.iterator](): Generator<FutexWaiter> {
    for (const { waiters } of this._ranks) yield* waiters;
  }
}

/** The waiters of one futex. A queue without waiters is not in its map. */
export class FutexQueue {
  readonly waiters = new FutexWaiters();
  private readonly _in: Map<number, FutexQueue>;
  private readonly _key: number;
  private readonly _table: FutexTable;

  constructor(table: FutexTable, map: Map<number, FutexQueue>, key: number) {
    this._table = table;
    this._in = map;
    this._key = key;
  }
  add(waiter: FutexWaiter): void {
    waiter.queue = this;
    if (waiter.lock !== undefined) this._table.lockWaiters.add(waiter);
    this.waiters.add(waiter);
    this._in.set(this._key, this);
  }
  remove(waiter: FutexWaiter): void {
    this.waiters.delete(waiter);
    if (waiter.lock !== undefined) this._table.lockWaiters.delete(waiter);
    waiter.queue = undefined;
    if (this.waiters.size === 0) this._in.delete(this._key);
  }
  /** Wakes up to `n` waiters with a bit of `bitset`, in their order. Returns their number. */
  wake(n: number, bitset: number): number {
    let woken = 0;
    for (const w of this.waiters) {
      if (woken >= n) break;
      if ((w.bitset & bitset) === 0) continue;
      this.remove(w);
      w.task.wake();
      woken++;
    }
    return woken;
  }
  /** Moves up to `n` waiters to another queue. Returns their number. */
  requeue(n: number, to: FutexQueue): number {
    if (to === this) return 0;
    let moved = 0;
    for (const w of this.waiters) {
      if (moved >= n) break;
      this.remove(w);
      to.add(w);
      moved++;
    }
    return moved;
  }
}

/**
 * All futexes. The key is address space and address in private memory, and machine address in shared memory.
 */
export class FutexTable {
  private readonly _shared = new Map<number, FutexQueue>();
  /** All waiters for locks with priority inheritance: an ending owner finds its own among them. */
  readonly lockWaiters = new Set<FutexWaiter>();

  /** The queue of an address, possibly empty. Undefined: the address is not mapped (EFAULT). */
  queue(mem: AddressSpace, address: number): FutexQueue | undefined {
    const shared = ((mem.find(address)?.flags ?? 0) & VM.SHARED) !== 0;
    if (shared) {
      const frame = mem.translate(address, access.read);
      return frame < 0 ? undefined : at(this, this._shared, frame - (frame % PAGE_SIZE) + (address % PAGE_SIZE));
    }
    return mem.u32(address) < 0 ? undefined : at(this, this._mapOf(mem), address);
  }

  private _mapOf(mem: AddressSpace): Map<number, FutexQueue> {
    return (mem.futexes ??= new Map<number, FutexQueue>()) as Map<number, FutexQueue>;
  }
}

const at = (table: FutexTable, map: Map<number, FutexQueue>, key: number): FutexQueue => map.get(key) ?? new FutexQueue(table, map, key);
