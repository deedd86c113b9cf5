// Requests that are to begin. Each may begin the next one of its chain: they do so one after the other, not
// inside of each other, and in pieces. Linux runs the rest of a chain as work of the task.
import { cost, PIECE_BYTES } from "../../base/cost.ts";
import { Fifo } from "../../base/fifo.ts";
import type { Kernel } from "../../core/kernel.ts";
import type { Timer } from "../../timer/timers.ts";
import type { UringRequest } from "./request.ts";

/** The virtual time of a piece. */
const PIECE = PIECE_BYTES * cost.byte;

/** The requests of one ring that are to begin. */
export class Starting implements Timer {
  private readonly _ring: { readonly kernel: Kernel };
  private readonly _requests = new Fifo<UringRequest>();
  /** True while one begins, or the rest waits for the next piece. */
  private _isBusy = false;
  constructor(ring: { readonly kernel: Kernel }) {
    this._ring = ring;
  }
  /** Begins a request at once, unless others are before it. */
  add(request: UringRequest): void {
    this._requests.push(request);
    if (!this._isBusy) this.fire();
  }
  /** Begins as many as a piece has time for. The rest follows at the next point at which timers fire. */
  fire(): void {
    const { kernel } = this._ring;
    const end = kernel.now + PIECE;
    this._isBusy = true;
    for (let next = this._requests.shift(); next; next = this._requests.shift()) {
      kernel.charge(cost.call);
      next.begin();
      if (kernel.now <= end || this._requests.length === 0) continue;
      kernel.timers.set(this, kernel.now);
      return;
    }
    this._isBusy = false;
  }
}
