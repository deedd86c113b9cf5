// The bytes of a snapshot's file: numbers of variable length (LEB128), texts, blocks. The reader trusts
// nothing:
// each mistake is a Problem.
import { Problem } from "../../../problem.ts";

/** The file is none, is damaged, or is another's. */
export const badFile = (why: string): Problem =>
  new Problem("bad-snapshot", `this is no snapshot that can be read: ${why}`, { help: "save it again, with this build of trapgate" });

const TEXT = new TextEncoder();

/** Bytes in pieces as one array. */
export const joined = (parts: readonly Uint8Array[]): Uint8Array => {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
};
/** A longer array is kept as a piece of its own, without a copy: its owner leaves it as it is. */
const PIECE = 4096;
const ROOM = 1 << 16;

/** Collects bytes. */
export class Writer {
  /** Whole pieces, and their length. */
  private readonly _before: Uint8Array[] = [];
  private _ended = 0;
  private _bytes = new Uint8Array(ROOM);
  private _length = 0;

  private _room(n: number): void {
    if (this._length + n <= this._bytes.length) return;
    const more = new Uint8Array(Math.max(ROOM, this._bytes.length * 2, this._length + n));
    more.set(this._bytes.subarray(0, this._length));
    this._bytes = more;
  }
  /** Ends the piece that is being written, and adds one. Two that are neighbours in a buffer are one. */
  private _append(piece: Uint8Array): void {
    if (this._length > 0) {
      this._before.push(this._bytes.subarray(0, this._length));
      this._bytes = this._bytes.subarray(this._length);
    }
    const last = this._length > 0 ? undefined : this._before.at(-1);
    this._ended += this._length + piece.length;
    this._length = 0;
    if (last && last.buffer === piece.buffer && last.byteOffset + last.length === piece.byteOffset)
      this._before[this._before.length - 1] = new Uint8Array(last.buffer, last.byteOffset, last.length + piece.length);
    else this._before.push(piece);
  }
  byte(n: number): void {
    this._room(1);
    this._bytes[this._length++] = n;
  }
  /** A whole number from 0 to 2^53 - 1. */
  count(n: number): void {
    let rest = n;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.byte((rest % 0x80) | 0x80);
    this.byte(rest);
  }
  double(n: number): void {
    this._room(8);
    new DataView(this._bytes.buffer, this._bytes.byteOffset).setFloat64(this._length, n, true);
    this._length += 8;
  }
  block(bytes: Uint8Array): void {
    this.count(bytes.length);
    this.raw(bytes);
  }
  /** Bytes whose number the reader knows. */
  raw(bytes: Uint8Array): void {
    if (bytes.length >= PIECE) return this._append(bytes);
    this._room(bytes.length);
    this._bytes.set(bytes, this._length);
    this._length += bytes.length;
  }
  /** Zeros up to a multiple of `size`. */
  align(size: number): void {
    while (this.length % size !== 0) this.byte(0);
  }
  text(text: string): void {
    this.block(TEXT.encode(text));
  }
  get length(): number {
    return this._ended + this._length;
  }
  get parts(): readonly Uint8Array[] {
    return [...this._before, this._bytes.subarray(0, this._length)];
  }
  get bytes(): Uint8Array {
    return joined(this.parts);
  }
}

/** Reads bytes. All methods throw a Problem beyond the end. */
export class Reader {
  private readonly _bytes: Uint8Array;
  private _at = 0;
  constructor({ buffer, byteOffset, length }: Uint8Array) {
    // A Buffer of Node.js would give views where a copy is wanted.
    this._bytes = new Uint8Array(buffer, byteOffset, length);
  }
  get left(): number {
    return this._bytes.length - this._at;
  }
  byte(): number {
    if (this._at >= this._bytes.length) throw badFile("it ends too early");
    return this._bytes[this._at++] as number;
  }
  /** The next byte, which stays. */
  peek(): number | undefined {
    return this._bytes[this._at];
  }
  count(): number {
    let n = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.byte();
      n += (byte & 0x7f) * scale;
      if (n > Number.MAX_SAFE_INTEGER) throw badFile("a number is too large");
      if (byte < 0x80) return n;
    }
  }
  /** A count of things that take at least `least` bytes each. */
  countOf(least: number): number {
    const n = this.count();
    if (n * least > this.left) throw badFile("it ends too early");
    return n;
  }
  double(): number {
    const at = this._take(8);
    return new DataView(this._bytes.buffer, this._bytes.byteOffset).getFloat64(at, true);
  }
  block(): Uint8Array {
    return this.raw(this.count());
  }
  /** So many bytes, which are part of the whole. */
  raw(n: number): Uint8Array {
    const at = this._take(n);
    return this._bytes.subarray(at, at + n);
  }
  /** Passes over zeros up to a multiple of `size`. */
  align(size: number): void {
    while (this._at % size !== 0) if (this.byte() !== 0) throw badFile("it has bytes between its parts");
  }
  text(): string {
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(this.block());
    } catch (error) {
      if (error instanceof Problem) throw error;
      throw badFile("a text is no UTF-8");
    }
  }
  private _take(n: number): number {
    if (n > this.left) throw badFile("it ends too early");
    this._at += n;
    return this._at - n;
  }
}
