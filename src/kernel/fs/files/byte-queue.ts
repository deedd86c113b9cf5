// Bytes on their way. What comes in small pieces shares larger ones.
import { Fifo } from "../../base/fifo.ts";

/** Room in a piece that holds more than came with it: at least, at most. */
const SMALL = 64;
const PAGE = 4096;

interface Piece {
  readonly bytes: Uint8Array;
  start: number;
  end: number;
}

export class ByteQueue {
  #pieces = new Fifo<Piece>();
  length = 0;

  /** Takes a copy. */
  put(bytes: Uint8Array): void {
    const last = this.#pieces.last();
    const joined = last ? Math.min(bytes.length, last.bytes.length - last.end) : 0;
    if (last && joined > 0) {
      last.bytes.set(bytes.subarray(0, joined), last.end);
      last.end += joined;
    }
    const rest = bytes.length - joined;
    if (rest > 0) {
      const piece = new Uint8Array(Math.max(rest, Math.min(PAGE, Math.max(SMALL, this.length))));
      piece.set(bytes.subarray(joined));
      this.#pieces.push({ bytes: piece, start: 0, end: rest });
    }
    this.length += bytes.length;
  }
  /** Up to n bytes, over as many pieces as it takes. */
  take(n: number): Uint8Array {
    const out = this.peek(n);
    for (let left = out.length; left > 0; ) {
      const first = this.#pieces.at(0) as Piece;
      const step = Math.min(left, first.end - first.start);
      first.start += step;
      if (first.start === first.end) this.#pieces.shift();
      left -= step;
    }
    this.length -= out.length;
    return out;
  }
  /** The first n bytes, which stay. */
  peek(n: number): Uint8Array {
    const out = new Uint8Array(Math.max(0, Math.min(n, this.length)));
    let at = 0;
    for (const { bytes, start, end } of this.#pieces) {
      if (at === out.length) break;
      const part = bytes.subarray(start, Math.min(end, start + out.length - at));
      out.set(part, at);
      at += part.length;
    }
    return out;
  }
  clear(): void {
    this.#pieces = new Fifo();
    this.length = 0;
  }
}
