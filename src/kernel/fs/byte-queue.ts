// Bytes on their way, in pieces of a page: small writes join, and no large one is kept for its last byte.

const PIECE = 4096;

export class ByteQueue {
  /** All full but the first, which begins at `#from`, and the last, which ends at `#end`. Those before `#head` are gone. */
  #pieces: Uint8Array[] = [];
  #head = 0;
  #from = 0;
  #end = PIECE;
  length = 0;

  /** Takes a copy. */
  put(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      if (this.#end === PIECE) {
        this.#pieces.push(new Uint8Array(PIECE));
        this.#end = 0;
      }
      const n = Math.min(PIECE - this.#end, bytes.length - done);
      (this.#pieces.at(-1) as Uint8Array).set(bytes.subarray(done, done + n), this.#end);
      this.#end += n;
      done += n;
    }
    this.length += bytes.length;
  }
  /** Up to n bytes, over as many pieces as it takes. */
  take(n: number): Uint8Array {
    const out = this.peek(n);
    this.length -= out.length;
    if (this.length === 0) this.clear();
    else {
      this.#head += Math.floor((this.#from + out.length) / PIECE);
      this.#from = (this.#from + out.length) % PIECE;
      if (2 * this.#head > this.#pieces.length) {
        this.#pieces.splice(0, this.#head);
        this.#head = 0;
      }
    }
    return out;
  }
  /** The first n bytes, which stay. */
  peek(n: number): Uint8Array {
    const out = new Uint8Array(Math.max(0, Math.min(n, this.length)));
    let from = this.#from;
    for (let at = 0, piece = this.#head; at < out.length; piece++) {
      const part = (this.#pieces[piece] as Uint8Array).subarray(from, from + out.length - at);
      out.set(part, at);
      at += part.length;
      from = 0;
    }
    return out;
  }
  clear(): void {
    this.#pieces = [];
    this.#head = this.#from = this.length = 0;
    this.#end = PIECE;
  }
}
