// The store buffers of x86-TSO, one a task. Sewell, Sarkar, Owens, Zappa Nardelli, Myreen, "x86-TSO", CACM
// 2010; SDM Vol. 3A 9.2.3. While a task runs, memory shows its own view: its buffered stores are in place,
// and the values that the other tasks see are kept aside. So loads forward by themselves.
import { access } from "../cpu/machine/mmu.ts";
import type { Task } from "../kernel/core/task.ts";

/** A store that the other tasks do not see yet. */
interface BufferedStore {
  /** Non-temporal: it leaves in any order with other stores, except those to its bytes and across SFENCE. */
  readonly isNonTemporal: boolean;
  /** SFENCEs of the task before it. */
  readonly epoch: number;
  /** The place of the store: its name in a schedule's text. */
  readonly place: string;
  /** Positions of its bytes in the machine's memory. */
  readonly bytes: readonly number[];
  /** Empty until the store is done. */
  values: readonly number[];
}

const mayLeave = (stores: readonly BufferedStore[], store: BufferedStore): boolean => {
  for (const before of stores) {
    if (before === store) return true;
    const isFree = store.isNonTemporal || before.isNonTemporal;
    if (!isFree || before.epoch < store.epoch || before.bytes.some((at) => store.bytes.includes(at))) return false;
  }
  return false;
};

/** The buffer of a task. */
class StoreBuffer {
  readonly task: Task;
  readonly stores: BufferedStore[] = [];
  /** While the task runs: what other tasks see, by the position of a byte. */
  readonly under = new Map<number, number>();
  isInPlace = false;
  epoch = 0;
  constructor(task: Task) {
    this.task = task;
  }
}

/** All buffers of a run. */
export class StoreBuffers {
  private readonly _buffers = new Map<number, StoreBuffer>();
  private _running: StoreBuffer | undefined = undefined;

  /** The same in a copy of the machine, whose only task is `task`. */
  copy(task: Task): StoreBuffers {
    const copy = new StoreBuffers();
    for (const [pid, buffer] of this._buffers) {
      const own = new StoreBuffer(task);
      for (const store of buffer.stores) own.stores.push({ ...store });
      for (const [at, value] of buffer.under) own.under.set(at, value);
      own.isInPlace = buffer.isInPlace;
      own.epoch = buffer.epoch;
      copy._buffers.set(pid, own);
      if (this._running === buffer) copy._running = own;
    }
    return copy;
  }

  /** Stores that have been done and may leave now: the oldest of each task, and non-temporal ones. */
  *waiting(): Iterable<{ readonly pid: number; readonly place: string }> {
    for (const [pid, { stores }] of this._buffers)
      for (const store of stores) if (store.values.length > 0 && mayLeave(stores, store)) yield { pid, place: store.place };
  }
  mayLeave(pid: number, place: string): boolean {
    const { stores = [] } = this._buffers.get(pid) ?? {};
    const store = stores.find((one) => one.place === place);
    return store !== undefined && mayLeave(stores, store);
  }
  /** Two or more stores may leave now. */
  isReorderable(pid: number): boolean {
    let count = 0;
    for (const one of this.waiting()) if (one.pid === pid) count++;
    return count > 1;
  }
  /** SFENCE. */
  fence(pid: number): void {
    const buffer = this._buffers.get(pid);
    if (buffer) buffer.epoch++;
  }
  isEmpty(pid: number): boolean {
    return (this._buffers.get(pid)?.stores.length ?? 0) === 0;
  }
  /** The places of a task's stores, the oldest first. */
  placesOf(pid: number): string[] {
    return this._buffers.get(pid)?.stores.map(({ place }) => place) ?? [];
  }

  /** The places of all stores but one task's. */
  *placesOfOthers(pid: number): Iterable<string> {
    for (const [other, { stores }] of this._buffers) if (other !== pid) for (const { place } of stores) yield place;
  }

  /** Another task's view comes into memory. */
  switchTo(task: Task): void {
    const next = this._buffers.get(task.pid);
    if (this._running === next) return;
    this._takeOut();
    if (!next || next.stores.length === 0) return;
    const { u8 } = task.mem.frames;
    for (const { bytes, values } of next.stores)
      bytes.forEach((at, i) => {
        if (!next.under.has(at)) next.under.set(at, u8[at] as number);
        u8[at] = values[i] as number;
      });
    next.isInPlace = true;
    this._running = next;
  }
  private _takeOut(): void {
    const before = this._running;
    this._running = undefined;
    if (!before) return;
    this.done(before.task.pid);
    const { u8 } = before.task.mem.frames;
    for (const [at, value] of before.under) u8[at] = value;
    before.under.clear();
    before.isInPlace = false;
  }

  /** The running task is about to store: the bytes' present values are what others go on to see. */
  begin(
    task: Task,
    { address, bytes, place }: { readonly address: number; readonly bytes: number; readonly place: string },
    isNonTemporal: boolean,
  ): void {
    const list: number[] = [];
    for (let i = 0; i < bytes; i++) {
      const frame = task.mem.translate(address + i, access.write);
      // The store faults.
      if (frame < 0) return;
      list.push(frame - (frame & 0xfff) + ((address + i) & 0xfff));
    }
    let buffer = this._buffers.get(task.pid);
    if (!buffer) this._buffers.set(task.pid, (buffer = new StoreBuffer(task)));
    const { u8 } = task.mem.frames;
    for (const at of list) if (!buffer.under.has(at)) buffer.under.set(at, u8[at] as number);
    buffer.stores.push({ place, bytes: list, values: [], isNonTemporal, epoch: buffer.epoch });
    buffer.isInPlace = true;
    this._running = buffer;
  }
  /** The store that was begun is done. */
  done(pid: number): void {
    const buffer = this._buffers.get(pid);
    const last = buffer?.stores.at(-1);
    if (!buffer || !last || last.values.length > 0) return;
    const { u8 } = buffer.task.mem.frames;
    last.values = last.bytes.map((at) => u8[at] as number);
  }

  /** A store of a task leaves, the oldest one if none is named: all tasks see it now. */
  leave(pid: number, place?: string): void {
    const buffer = this._buffers.get(pid);
    const at = place === undefined ? 0 : (buffer?.stores.findIndex((one) => one.place === place) ?? -1);
    const [store] = at < 0 ? [] : (buffer?.stores.splice(at, 1) ?? []);
    if (!buffer || !store) return;
    const { u8 } = buffer.task.mem.frames;
    store.bytes.forEach((at, i) => {
      const value = store.values[i] as number;
      if (!buffer.isInPlace) this._show(u8, at, value);
      else if (buffer.stores.some(({ bytes }) => bytes.includes(at))) buffer.under.set(at, value);
      else buffer.under.delete(at);
    });
  }
  private _show(u8: Uint8Array, at: number, value: number): void {
    const under = this._running?.under;
    if (under?.has(at)) under.set(at, value);
    else u8[at] = value;
  }
  /** All stores of a task leave: a fence, a locked instruction, a system call. */
  drain(pid: number): void {
    while (!this.isEmpty(pid)) this.leave(pid);
  }
}
