// The machine's ends of byte streams: what a standard stream or a terminal is connected to outside. The host makes them; the core
// only reads what is there and writes what it has.
import { WaitQueue } from "../../base/wait.ts";
import { ByteQueue } from "./byte-queue.ts";

/** Of a file: what is read to know whether there is more, and what is read at a time at most. */
const AHEAD = 4096;
const MOST = 1 << 20;

/** Bytes that the host has at once, whenever they are asked for. */
export interface ByteFile {
  /** Fills the array from where it stands; how many bytes there were, 0 at its end. */
  read(into: Uint8Array): number;
}

/** Bytes that come from the host: what it pushes, or what is read of a file, on demand. */
export class ByteSource {
  readonly queue = new WaitQueue(true);
  readonly #bytes = new ByteQueue();
  readonly #file: ByteFile | undefined;
  /** No more will come. */
  ended = false;

  constructor(file?: ByteFile) {
    this.#file = file;
  }

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
    if (this.#bytes.length === 0) this.#fetch(AHEAD);
    return this.#bytes.length;
  }
  /** The guest's end: up to n bytes, empty if there are none yet. */
  take(n: number): Uint8Array {
    this.#fetch(n - this.#bytes.length);
    return this.#bytes.take(n);
  }
  #fetch(n: number): void {
    if (!this.#file || this.ended || n <= 0) return;
    const bytes = new Uint8Array(Math.min(n, MOST));
    for (let done = 0; done < bytes.length && !this.ended; ) {
      const got = this.#file.read(bytes.subarray(done));
      if (got === 0) this.ended = true;
      this.#bytes.put(bytes.subarray(done, done + got));
      done += got;
    }
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
