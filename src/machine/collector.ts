// The program's output for a run's result, up to the caller's limit. Node's child_process.spawnSync,
// maxBuffer.
import { type ByteSink, sink } from "../kernel/fs/files/stream.ts";
import { Output } from "./run.ts";

/** Bytes of each stream, unless the caller says another number. */
export const MAX_OUTPUT = 2 ** 26;

/** The bytes of a stream, and its listener. */
export class Collector {
  readonly #chunks: Uint8Array[] = [];
  #length = 0;
  #truncated = false;
  readonly sink: ByteSink;

  /** `full`: called once, when there is more than `most`. */
  constructor(listen: ((bytes: Uint8Array) => void) | undefined, most: number, full: () => void) {
    this.sink = sink((bytes) => {
      const copy = bytes.slice();
      listen?.(copy);
      const kept = copy.subarray(0, most - this.#length);
      if (kept.length > 0) this.#chunks.push(kept);
      this.#length += kept.length;
      if (kept.length === copy.length || this.#truncated) return;
      this.#truncated = true;
      full();
    });
  }
  output(): Output {
    const all = new Uint8Array(this.#length);
    let at = 0;
    for (const chunk of this.#chunks) {
      all.set(chunk, at);
      at += chunk.length;
    }
    return new Output(all, this.#truncated);
  }
}

/** Lines of a trace, up to so many characters. */
export class Lines {
  readonly kept: string[] = [];
  #left: number;
  constructor(most: number) {
    this.#left = most;
  }
  add(line: string): void {
    if (this.#left < line.length) this.#left = 0;
    else {
      this.#left -= line.length + 1;
      this.kept.push(line);
    }
  }
}
