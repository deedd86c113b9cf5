// A queue of bytes in buffers. Small writes share a buffer.
import { Fifo } from "../../base/fifo.ts";

/** The smallest and the largest buffer for a small write, in bytes. */
const SMALL = 64;
const PAGE = 4096;

interface Piece {
  readonly bytes: Uint8Array;
  start: number;
  end: number;
}

/** A byte queue of unlimited length. */
export class ByteQueue {
  private _pieces = new Fifo<Piece>();
  length = 0;

  /** Appends a copy of the bytes. */
  put(bytes: Uint8Array): void {
    const last = this._pieces.last();
    const joined = last ? Math.min(bytes.length, last.bytes.length - last.end) : 0;
    if (last && joined > 0) {
      last.bytes.set(bytes.subarray(0, joined), last.end);
      last.end += joined;
    }
    const rest = bytes.length - joined;
    if (rest > 0) {
      const piece = new Uint8Array(Math.max(rest, Math.min(PAGE, Math.max(SMALL, this.length))));
      piece.set(bytes.subarray(joined));
      this._pieces.push({ bytes: piece, start: 0, end: rest });
    }
    this.length += bytes.length;
  }
  /** Removes up to `n` bytes. */
  take(n: number): Uint8Array {
    const out = this.peek(n);
    for (let remaining = out.length; remaining > 0; ) {
      const first = this._pieces.at(0) as Piece;
      const step = Math.min(remaining, first.end - first.start);
      first.start += step;
      if (first.start === first.end) this._pieces.shift();
      remaining -= step;
    }
    this.length -= out.length;
    return out;
  }
  /** A copy of the first `n` bytes. */
  peek(n: number): Uint8Array {
    const out = new Uint8Array(Math.max(0, Math.min(n, this.length)));
    let at = 0;
    for (const { bytes, start, end } of this._pieces) {
      if (at === out.length) break;
      const part = bytes.subarray(start, Math.min(end, start + out.length - at));
      out.set(part, at);
      at += part.length;
    }
    return out;
  }
  clear(): void {
    this._pieces = new Fifo();
    this.length = 0;
  }
}
