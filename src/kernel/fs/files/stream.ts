// The machine's ends of byte streams, to which standard streams and terminals are connected. The host makes
// them. The core reads and writes without waiting.
import { WaitQueue } from "../../base/wait.ts";
import { ByteQueue } from "./byte-queue.ts";

/** Bytes that are read ahead of a host file to report whether it has more. */
const READ_AHEAD = 4096;
/** The largest read of a host file, in bytes. */
const MAX_READ = 1 << 20;

/** A host file whose bytes are always available at once. */
export interface ByteFile {
  /** Reads from the file's position into the array. Returns the number of bytes, 0 at the end of the file. */
  read(into: Uint8Array): number;
}

/** Bytes from the host: bytes that it pushes, or bytes that are read from a file on demand. */
export class ByteSource {
  readonly queue = new WaitQueue(true);
  private readonly _bytes = new ByteQueue();
  private readonly _file: ByteFile | undefined;
  /** True if no more bytes will come. */
  ended = false;

  constructor(file?: ByteFile) {
    this._file = file;
  }

  /** Called by the host: appends a copy of the bytes and wakes readers. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this._bytes.put(bytes);
    this.queue.wake();
  }
  /** Called by the host: the end of the stream. */
  end(): void {
    this.ended = true;
    this.queue.wake();
  }

  /** The number of bytes that `take` can return now; 0 if none has come yet. */
  get available(): number {
    if (this._bytes.length === 0) this._fetch(READ_AHEAD);
    return this._bytes.length;
  }
  /** Called for the guest: removes up to `n` bytes. The result is empty if none has come yet. */
  take(n: number): Uint8Array {
    this._fetch(n - this._bytes.length);
    return this._bytes.take(n);
  }
  private _fetch(n: number): void {
    if (!this._file || this.ended || n <= 0) return;
    const bytes = new Uint8Array(Math.min(n, MAX_READ));
    for (let done = 0; done < bytes.length && !this.ended; ) {
      const got = this._file.read(bytes.subarray(done));
      if (got === 0) this.ended = true;
      this._bytes.put(bytes.subarray(done, done + got));
      done += got;
    }
  }
}

/** Bytes that go to the host. */
export interface ByteSink {
  /**
   * Returns the number of accepted bytes, 0 if the sink is full, or a negative errno if it is broken. A sink
   * copies the bytes that it needs after the call.
   */
  write(bytes: Uint8Array): number;
  /** Woken when a full sink takes bytes again. */
  readonly queue: WaitQueue;
}

/** A sink that passes every write to a function and is never full. */
export const sink = (write: (bytes: Uint8Array) => void): ByteSink => ({
  queue: new WaitQueue(true),
  write(bytes) {
    write(bytes);
    return bytes.length;
  },
});
