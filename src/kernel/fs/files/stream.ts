// The machine's ends of byte streams: what a standard stream or a terminal is connected to outside. The host makes them; the core
// only reads what is there and writes what it has.
import { WaitQueue } from "../../base/wait.ts";
import { ByteQueue } from "./byte-queue.ts";

/** Bytes that come from the host. Bounded only by what the host pushes. */
export class ByteSource {
  readonly queue = new WaitQueue(true);
  readonly #bytes = new ByteQueue();
  /** No more will come. */
  ended = false;

  /** The host's end. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#bytes.put(bytes);
    this.queue.wake();
  }
  end(): void {
    this.ended = true;
    this.queue.wake();
  }

  get available(): number {
    return this.#bytes.length;
  }
  /** The guest's end: up to n bytes, empty if there are none yet. */
  take(n: number): Uint8Array {
    return this.#bytes.take(n);
  }
}

/** Bytes that go to the host. */
export interface ByteSink {
  /** Takes a copy of what it wants to keep; returns how many bytes it took, 0 if it is full, a negative errno if it is broken. */
  write(bytes: Uint8Array): number;
  /** Woken when a full sink takes bytes again. */
  readonly queue: WaitQueue;
}

/** A sink that hands every write to a function and is never full. */
export const sink = (write: (bytes: Uint8Array) => void): ByteSink => ({
  queue: new WaitQueue(true),
  write(bytes) {
    write(bytes);
    return bytes.length;
  },
});
