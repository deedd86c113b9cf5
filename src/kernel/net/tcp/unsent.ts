// Bytes that a TCP socket keeps for a full segment: MSG_MORE and TCP_CORK. man 7 tcp; Linux net/ipv4/tcp.c
// tcp_push(), tcp_output.c tcp_nagle_check(), tcp_check_probe_timer().
import type { Kernel } from "../../core/kernel.ts";
import type { Timer } from "../../timer/timers.ts";

/**
 * The size of a segment over the loopback device, in bytes: half of the window that the other end offers
 * first. Linux tcp_bound_to_half_wnd().
 */
export const SEGMENT = 32_741;
/** TCP_RTO_MIN in nanoseconds: unsent bytes are sent after this time. */
const LONGEST = 200e6;

/** The socket of unsent bytes. */
export interface UnsentBytesOwner {
  /** Tells the other end that it can read more. */
  pushed(): void;
}
/** The last bytes in the other end's queue which were not sent yet. */
export class UnsentBytes implements Timer {
  private readonly _kernel: Kernel;
  private readonly _socket: UnsentBytesOwner;
  bytes = 0;

  constructor(kernel: Kernel, socket: UnsentBytesOwner) {
    this._kernel = kernel;
    this._socket = socket;
  }
  private _push(): void {
    this._socket.pushed();
  }
  /** `added` bytes were queued. Full segments are sent, and the rest too unless the socket is corked. */
  add(added: number, isCorked: boolean): void {
    if (this.bytes === 0 && !isCorked) return this._push();
    const all = this.bytes + added;
    this._hold(isCorked ? all % SEGMENT : 0);
    if (this.bytes < all) this._push();
  }
  /** Sends all. */
  flush(): void {
    if (this.bytes === 0) return;
    this._hold(0);
    this._push();
  }
  private _hold(bytes: number): void {
    if (bytes === 0) this._kernel.timers.cancel(this);
    else if (this.bytes === 0) this._kernel.timers.set(this, this._kernel.now + LONGEST);
    this.bytes = bytes;
  }
  fire(): void {
    this.flush();
  }
}
