// Things that happen at a point of virtual time, soonest first: a binary heap. Equal times keep the order in which they were set,
// so that two runs are the same.

/** Identity objects with a method, not closures: a snapshot can name them. */
export interface Timer {
  fire(now: number): void;
}
/** A periodic timer fires at most so often; shorter periods are counted (overruns, expirations), not waited for. */
export const MIN_PERIOD = 10_000;

/** Cancelled slots that are not worth a thought. */
const FEW = 64;

interface Slot {
  at: number;
  readonly order: number;
  timer: Timer | undefined;
}

const before = (a: Slot, b: Slot): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

export class Timers {
  readonly #heap: Slot[] = [];
  readonly #slots = new Map<Timer, Slot>();
  #order = 0;
  /** Time of the soonest, Infinity if there is none. */
  next = Infinity;

  /** Set or move a timer. `at` is absolute monotonic nanoseconds; a fraction waits for the next whole one, as the clock has no others. */
  set(timer: Timer, at: number): void {
    this.cancel(timer);
    const slot = { at: Math.ceil(at), order: this.#order++, timer };
    this.#slots.set(timer, slot);
    this.#heap.push(slot);
    this.#up(this.#heap.length - 1);
    this.#settle();
  }

  cancel(timer: Timer): void {
    const slot = this.#slots.get(timer);
    if (!slot) return;
    slot.timer = undefined;
    this.#slots.delete(timer);
    if (this.#heap.length > 2 * this.#slots.size + FEW) this.#compact();
    this.#settle();
  }

  /** When `timer` will fire, if it is set. */
  at(timer: Timer): number | undefined {
    return this.#slots.get(timer)?.at;
  }

  /** Fire everything that is due. */
  run(now: number): void {
    while (this.next <= now) {
      const { timer } = this.#pop();
      if (timer) this.#slots.delete(timer);
      this.#settle();
      timer?.fire(now);
    }
  }

  /** Only those that are set stay. */
  #compact(): void {
    const set = [...this.#slots.values()];
    this.#heap.length = 0;
    for (const slot of set) {
      this.#heap.push(slot);
      this.#up(this.#heap.length - 1);
    }
  }
  /** Cancelled slots leave when they reach the top, or when there are more of them than of others. */
  #settle(): void {
    while (this.#heap.length > 0 && !(this.#heap[0] as Slot).timer) this.#pop();
    this.next = this.#heap[0]?.at ?? Infinity;
  }

  #pop(): Slot {
    const top = this.#heap[0] as Slot;
    const last = this.#heap.pop() as Slot;
    if (this.#heap.length > 0) {
      this.#heap[0] = last;
      this.#down();
    }
    return top;
  }

  #up(start: number): void {
    const h = this.#heap;
    let i = start;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (before(h[parent] as Slot, h[i] as Slot)) return;
      [h[parent], h[i]] = [h[i] as Slot, h[parent] as Slot];
      i = parent;
    }
  }

  #down(): void {
    const h = this.#heap;
    for (let i = 0; ; ) {
      let least = i;
      for (const child of [2 * i + 1, 2 * i + 2]) if (child < h.length && before(h[child] as Slot, h[least] as Slot)) least = child;
      if (least === i) return;
      [h[least], h[i]] = [h[i] as Slot, h[least] as Slot];
      i = least;
    }
  }
}
