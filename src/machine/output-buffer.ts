// The program's output for a run's result, up to the caller's limit. Node's child_process.spawnSync,
// maxBuffer.
import { type ByteSink, sink } from "../kernel/fs/files/stream.ts";
import { Output } from "./run.ts";

/** Bytes of each stream, unless the caller says another number. */
export const MAX_OUTPUT = 2 ** 26;

/** Bytes of a block of output: as many as there are already, within these bounds. */
const SMALLEST_BLOCK = 1 << 12;
const LARGEST_BLOCK = 1 << 20;

/**
 * The bytes of a stream, and its listener. The end of a run does not join them: that would take as long as
 * the writes took, after the time of the run is up.
 */
export class OutputBuffer {
  private readonly _blocks: Uint8Array[] = [];
  /** Bytes that the last block has still room for. */
  private _room = 0;
  private _length = 0;
  private _truncated = false;
  readonly sink: ByteSink;

  /** `full`: called once, when there is more than `most`. */
  constructor(listen: ((bytes: Uint8Array) => void) | undefined, most: number, full: () => void) {
    this.sink = sink((bytes) => {
      listen?.(bytes.slice());
      const kept = bytes.subarray(0, most - this._length);
      this._keep(kept);
      if (kept.length === bytes.length || this._truncated) return;
      this._truncated = true;
      full();
    });
  }
  output(): Output {
    const blocks = [...this._blocks];
    const length = this._length;
    return new Output(() => joined(blocks, length), this._truncated);
  }

  private _keep(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      if (this._room === 0) {
        this._room = Math.min(LARGEST_BLOCK, Math.max(SMALLEST_BLOCK, this._length));
        this._blocks.push(new Uint8Array(this._room));
      }
      const block = this._blocks.at(-1) as Uint8Array;
      const part = bytes.subarray(done, done + this._room);
      block.set(part, block.length - this._room);
      this._room -= part.length;
      this._length += part.length;
      done += part.length;
    }
  }
}

/** The first `length` bytes of full blocks and one that need not be full. */
const joined = (blocks: readonly Uint8Array[], length: number): Uint8Array => {
  const all = new Uint8Array(length);
  let at = 0;
  for (const block of blocks) {
    all.set(block.subarray(0, length - at), at);
    at += block.length;
  }
  return all;
};

/** Lines of a trace, up to so many characters. */
export class Lines {
  readonly kept: string[] = [];
  private _left: number;
  constructor(most: number) {
    this._left = most;
  }
  add(line: string): void {
    if (this._left < line.length) this._left = 0;
    else {
      this._left -= line.length + 1;
      this.kept.push(line);
    }
  }
}
