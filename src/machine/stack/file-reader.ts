// Bytes of a mapped file for symbols and unwind tables, read page by page and never more than is asked for.
import type { Backing } from "../../memory/backing.ts";
import { PAGE_SIZE } from "../../memory/frames.ts";

/** Pages that a reader keeps. */
const KEPT = 64;

/** Random access to the bytes of a mapped file, with a small cache of pages. */
export class FileReader {
  readonly size: number;
  private readonly _backing: Backing;
  private readonly _pages = new Map<number, DataView>();

  constructor(backing: Backing) {
    this._backing = backing;
    this.size = backing.size;
  }
  private _page(index: number): DataView | undefined {
    const known = this._pages.get(index);
    if (known) return known;
    const bytes = new Uint8Array(PAGE_SIZE);
    if (this._backing.readPage(index, bytes) < 0) return undefined;
    const oldest = this._pages.size >= KEPT ? this._pages.keys().next().value : undefined;
    if (oldest !== undefined) this._pages.delete(oldest);
    const view = new DataView(bytes.buffer);
    this._pages.set(index, view);
    return view;
  }
  /** One byte; undefined outside of the file. */
  u8(at: number): number | undefined {
    if (!(at >= 0 && at < this.size)) return undefined;
    return this._page(Math.floor(at / PAGE_SIZE))?.getUint8(at % PAGE_SIZE);
  }
  /** A copy of `n` bytes; undefined if they are not all there. */
  bytes(at: number, n: number): Uint8Array | undefined {
    if (!(at >= 0 && n >= 0 && at + n <= this.size)) return undefined;
    const out = new Uint8Array(n);
    for (let done = 0; done < n; ) {
      const page = this._page(Math.floor((at + done) / PAGE_SIZE));
      if (!page) return undefined;
      const from = (at + done) % PAGE_SIZE;
      const part = Math.min(PAGE_SIZE - from, n - done);
      out.set(new Uint8Array(page.buffer, from, part), done);
      done += part;
    }
    return out;
  }
}

/** A position in bytes that only moves on. Reading past the end throws RangeError. */
export class Cursor {
  readonly view: DataView;
  at = 0;
  constructor(bytes: Uint8Array, at = 0) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = at;
  }
  get ended(): boolean {
    return this.at >= this.view.byteLength;
  }
  u8(): number {
    return this.view.getUint8(this.at++);
  }
  /** Little endian, 2, 4 or 8 bytes. Numbers above 2^53 are not exact. */
  unsigned(bytes: number): number {
    const { view, at } = this;
    this.at += bytes;
    if (bytes === 2) return view.getUint16(at, true);
    return bytes === 4 ? view.getUint32(at, true) : view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true);
  }
  signed(bytes: number): number {
    const value = this.unsigned(bytes);
    return value >= 2 ** (8 * bytes - 1) ? value - 2 ** (8 * bytes) : value;
  }
  /** LEB128. DWARF 4, 7.6. */
  uleb(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }
  sleb(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return byte & 0x40 ? value - scale * 128 : value;
    }
  }
  text(): string {
    let out = "";
    for (let byte = this.u8(); byte !== 0; byte = this.u8()) out += String.fromCharCode(byte);
    return out;
  }
}
