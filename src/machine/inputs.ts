// The one door through which anything that is not the program's own doing comes in: host bytes, signals, a terminal's size, the
// passing of real time. Events are kept until the machine takes them between two stretches of guest code, so the list of what was
// taken, each with its virtual time, is a recording of the run.

export type InputEvent =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "end" }
  | { readonly kind: "signal"; readonly signal: number }
  | { readonly kind: "resize"; readonly columns: number; readonly rows: number }
  /** Everybody slept and nothing came: virtual time may go on to this. */
  | { readonly kind: "time"; readonly until: number }
  /** The user's patience is at an end. */
  | { readonly kind: "timeout" }
  /** The run is to be given up, and to reject with this. */
  | { readonly kind: "abort"; readonly reason: unknown };

export interface TakenInput {
  /** Virtual nanoseconds since boot. */
  readonly now: number;
  readonly event: InputEvent;
}

/** Node's, where there is one: a timer of no time is one of a millisecond, and of four in browsers. */
const { setImmediate } = globalThis as { setImmediate?: (callback: () => void) => unknown };

export class Inputs {
  #queue: InputEvent[] = [];
  #arrived: (() => void) | undefined;
  /** Sees every event as it takes effect: what a recorder keeps. */
  onTaken: ((taken: TakenInput) => void) | undefined;

  /** The host's end. */
  push(event: InputEvent): void {
    this.#queue.push(event);
    this.#arrived?.();
  }

  /** Nothing has come. */
  get idle(): boolean {
    return this.#queue.length === 0;
  }

  /** The machine's end: what has come so far. */
  take(now: number): InputEvent[] {
    const events = this.#queue;
    if (events.length === 0) return events;
    this.#queue = [];
    for (const event of events) this.onTaken?.({ now, event });
    return events;
  }

  /** Until something comes, at most so many milliseconds of real time (for ever if undefined). */
  async arrival(milliseconds: number | undefined): Promise<void> {
    if (this.#queue.length > 0) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve) => {
      this.#arrived = resolve;
      if (milliseconds !== undefined) timer = setTimeout(resolve, milliseconds);
    });
    this.#arrived = undefined;
    clearTimeout(timer);
  }

  /** One turn of the host's event loop, so that what has happened outside can be pushed. */
  turn(): Promise<void> {
    return new Promise((resolve) => (setImmediate ?? setTimeout)(resolve));
  }
}
