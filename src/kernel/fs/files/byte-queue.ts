// Bytes on their way, in pieces as they came.

export class ByteQueue {
  #pieces: Uint8Array[] = [];
  length = 0;

  /** Takes a copy. */
  put(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#pieces.push(bytes.slice());
    this.length += bytes.length;
  }
  /** Up to n bytes, over as many pieces as it takes. */
  take(n: number): Uint8Array {
    const out = new Uint8Array(Math.max(0, Math.min(n, this.length)));
    let used = 0;
    for (let at = 0; at < out.length; ) {
      const piece = this.#pieces[used] as Uint8Array;
      const part = piece.subarray(0, out.length - at);
      out.set(part, at);
      at += part.length;
      if (part.length === piece.length) used++;
      else this.#pieces[used] = piece.subarray(part.length);
    }
    this.#pieces.splice(0, used);
    this.length -= out.length;
    return out;
  }
  /** The first n bytes, which stay. */
  peek(n: number): Uint8Array {
    const out = new Uint8Array(Math.max(0, Math.min(n, this.length)));
    let at = 0;
    for (const piece of this.#pieces) {
      if (at === out.length) break;
      const part = piece.subarray(0, out.length - at);
      out.set(part, at);
      at += part.length;
    }
    return out;
  }
  clear(): void {
    this.#pieces = [];
    this.length = 0;
  }
}
