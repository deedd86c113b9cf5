// Events from the host into a machine: bytes, signals, the size of a terminal, the passing of real time.
// There is no other way in. The machine takes queued events between two segments of guest code. The list of
// taken events with their virtual times is a recording of the run.

import type { Kernel } from "../kernel/core/kernel.ts";
import type { NetworkEvent } from "../kernel/net/host-network.ts";
import { sendToGroup } from "../kernel/signal/send.ts";
import { kernelSignal } from "../kernel/signal/state/info.ts";
import type { Session } from "./session.ts";

/** An event of the host. */
export type InputEvent =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "end" }
  | { readonly kind: "signal"; readonly signal: number }
  | { readonly kind: "resize"; readonly columns: number; readonly rows: number }
  | { readonly kind: "network"; readonly event: NetworkEvent }
  /** All tasks slept, and real time passed: virtual time may advance to `until`. */
  | { readonly kind: "time"; readonly until: number }
  /** The time limit of the run has passed. */
  | { readonly kind: "timeout" }
  /** The run ends, and its promise is rejected with this reason. */
  | { readonly kind: "abort"; readonly reason: unknown };

/** The run ends without its program. */
export type GivenUp = Extract<InputEvent, { kind: "timeout" | "abort" }>;
/** An event that changes the machine. */
export type MachineEvent = Exclude<InputEvent, GivenUp>;

/** Delivers an event between two slices. */
export const deliver = (event: MachineEvent, kernel: Kernel, { process, streams }: Session): void => {
  switch (event.kind) {
    case "bytes":
      return streams.receive(event.bytes);
    case "end":
      return streams.end();
    case "signal":
      sendToGroup(kernel, process.pgid, kernelSignal(event.signal));
      return;
    case "time":
      return kernel.advance(event.until);
    case "network":
      return kernel.guarded(() => kernel.namespaces.net.uplink?.deliver(event.event));
    case "resize":
      return streams.resize(event.columns, event.rows);
  }
};

/** An event, and the virtual time at which it took effect. */
export interface TakenInput {
  /** Virtual nanoseconds since boot. */
  readonly now: number;
  readonly event: InputEvent;
}

/** Node.js has it, browsers do not. A timer of 0 ms takes 1 ms, in browsers 4 ms. */
const { setImmediate } = globalThis as { setImmediate?: (callback: () => void) => unknown };

/** The queue of events of one machine. */
export class Inputs {
  private _queue: InputEvent[] = [];
  private _arrived: (() => void) | undefined;
  /** Called with every event when it takes effect, for recorders. */
  onTaken: ((taken: TakenInput) => void) | undefined;

  /** Adds an event of the host. */
  push(event: InputEvent): void {
    this._queue.push(event);
    this._arrived?.();
  }

  /** Adds the passing of time, which is before the events that are queued. */
  pass(until: number): void {
    this._queue.unshift({ kind: "time", until });
  }
  /** No event is queued. */
  get idle(): boolean {
    return this._queue.length === 0;
  }

  /** Removes and returns all queued events. `now`: virtual nanoseconds since boot. */
  take(now: number): InputEvent[] {
    const events = this._queue;
    if (events.length === 0) return events;
    this._queue = [];
    for (const event of events) this.onTaken?.({ now, event });
    return events;
  }

  /** Waits for an event, at most this number of milliseconds of real time; without limit if undefined. */
  async arrival(milliseconds: number | undefined): Promise<void> {
    if (this._queue.length > 0) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve) => {
      this._arrived = resolve;
      if (milliseconds !== undefined) timer = setTimeout(resolve, milliseconds);
    });
    this._arrived = undefined;
    clearTimeout(timer);
  }

  /** Waits for one turn of the host's event loop, in which events can be pushed. */
  turn(): Promise<void> {
    return new Promise((resolve) => (setImmediate ?? setTimeout)(resolve));
  }
}
