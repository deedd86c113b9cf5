// A growing buffer of WebAssembly code for plain loops: no expressions, no objects.

import { op } from "../../wasm/encoder.ts";

/** The code under construction. */
export class CodeBuffer {
  protected out = new Uint8Array(1 << 16);
  protected at = 0;

  /** Makes room for so many bytes. No write checks it. */
  protected reserve(room: number): void {
    if (this.at + room <= this.out.length) return;
    const grown = new Uint8Array(2 * this.out.length + room);
    grown.set(this.out.subarray(0, this.at));
    this.out = grown;
  }
  protected byte(v: number): void {
    this.out[this.at++] = v;
  }
  protected unsigned(n: number): void {
    let rest = n >>> 0;
    while (rest >= 0x80) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.byte(rest);
  }
  protected i32c(n: number): void {
    this.byte(op.i32const);
    this.signed(n);
  }
  protected signed(n: number): void {
    let rest = n | 0;
    while (rest < -64 || rest > 63) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>= 7;
    }
    this.byte(rest & 0x7f);
  }
  /** A constant by its halves. */
  protected i64c(low: number, high: number): void {
    this.byte(op.i64const);
    if (high === low >> 31) return this.signed(low);
    let a = low;
    let b = high;
    for (;;) {
      const digit = a & 0x7f;
      a = (a >>> 7) | (b << 25);
      b >>= 7;
      if ((a === 0 && b === 0 && digit < 64) || (a === -1 && b === -1 && digit >= 64)) return this.byte(digit);
      this.byte(digit | 0x80);
    }
  }
  /** A number of fixed width. */
  protected length(place: number, n: number): void {
    for (let i = 0; i < 5; i++) this.out[place + i] = ((n >>> (7 * i)) & 0x7f) | (i < 4 ? 0x80 : 0);
  }
}
