// The kernel's access to user memory: copy_from_user, copy_to_user, get_user, put_user, strncpy_from_user.
// Every access uses the page permissions of the address space, breaks copy-on-write and invalidates
// translated code.
import { type Access, access } from "../cpu/machine/mmu.ts";
import { type Frames, howMuch, PAGE_SIZE } from "./frames.ts";

/** Bytes that are looked at one by one before a search of the page. */
const FEW = 24;
/** The offset of a byte in its page. `%` of a number above 2^31 would be a call of fmod. */
const inPage = (at: number): number => at & (PAGE_SIZE - 1);

/** User memory by address. A scalar read returns -1, a write false for -EFAULT. */
export abstract class UserMemory {
  abstract readonly frames: Frames;
  /**
   * The frame of a byte's page, with flags in the low 12 bits. A negative result is -1 minus the error code
   * of the page fault.
   */
  abstract translate(address: number, kind: Access): number;

  /** A copy of `n` bytes, or undefined (-EFAULT). */
  read(at: number, n: number): Uint8Array | undefined {
    const out = new Uint8Array(n);
    return this._fill(at, out, howMuch.all) === n ? out : undefined;
  }

  /** Fills `into` up to the first bad page. Returns the number of bytes read. */
  readSome(at: number, into: Uint8Array): number {
    return this._fill(at, into, howMuch.some);
  }
  private _fill(at: number, into: Uint8Array, kind: number): number {
    const { u8 } = this.frames;
    let done = 0;
    while (done < into.length) {
      const from = this._frame(at + done, access.read, into.length - done, kind);
      if (from < 0) break;
      const n = Math.min(PAGE_SIZE - inPage(from), into.length - done);
      into.set(u8.subarray(from, from + n), done);
      done += n;
    }
    return done;
  }

  /**
   * Writes all of `bytes`, or returns false (-EFAULT). Bytes before the bad page are written, as by
   * copy_to_user().
   */
  write(at: number, bytes: Uint8Array): boolean {
    return this.writeSome(at, bytes) === bytes.length;
  }

  /** Writes up to the first bad page. Returns the number of bytes written. */
  writeSome(at: number, bytes: Uint8Array): number {
    const { u8 } = this.frames;
    let done = 0;
    while (done < bytes.length) {
      const to = this._frame(at + done, access.write, bytes.length - done);
      if (to < 0) break;
      const n = Math.min(PAGE_SIZE - inPage(to), bytes.length - done);
      u8.set(n === bytes.length ? bytes : bytes.subarray(done, done + n), to);
      this.frames.changed(to);
      done += n;
    }
    return done;
  }

  /** Zeroes `n` bytes. False is -EFAULT. Linux clear_user(). */
  clear(at: number, n: number): boolean {
    for (let done = 0; done < n; ) {
      const to = this._frame(at + done, access.write, n - done);
      if (to < 0) return false;
      const step = Math.min(PAGE_SIZE - inPage(to), n - done);
      this.frames.clear(to, to + step);
      this.frames.changed(to);
      done += step;
    }
    return true;
  }

  /** The position of a user byte in machine memory, or negative. `how`: see `howMuch`. */
  private _frame(at: number, kind: Access, bytes: number, how: number = howMuch.all): number {
    const { kernelReads } = this.frames;
    if (kernelReads !== undefined) {
      kernelReads.memory(this, at, kind, bytes);
      const placed = kernelReads.place?.(this, at, kind, bytes, how);
      if (placed) return placed;
    }
    const found = this.translate(at, kind);
    return found < 0 ? -1 : found - (found & (PAGE_SIZE - 1)) + (at & (PAGE_SIZE - 1));
  }

  /** Unsigned scalars; -1 is a fault. */
  u8(at: number): number {
    const from = this._frame(at, access.read, 1);
    return from < 0 ? -1 : (this.frames.u8[from] as number);
  }
  u16(at: number): number {
    if (inPage(at) > PAGE_SIZE - 2) return this._slow(at, 2);
    const from = this._frame(at, access.read, 2);
    return from < 0 ? -1 : this.frames.view.getUint16(from, true);
  }
  u32(at: number): number {
    if (inPage(at) > PAGE_SIZE - 4) return this._slow(at, 4);
    const from = this._frame(at, access.read, 4);
    return from < 0 ? -1 : this.frames.view.getUint32(from, true);
  }
  /** 8 bytes as a number: exact below 2^53. -1 is a fault. */
  u64(at: number): number {
    if (inPage(at) <= PAGE_SIZE - 8) {
      const from = this._frame(at, access.read, 8);
      const { view } = this.frames;
      return from < 0 ? -1 : view.getUint32(from + 4, true) * 0x1_0000_0000 + view.getUint32(from, true);
    }
    const lo = this.u32(at);
    const hi = this.u32(at + 4);
    return lo < 0 || hi < 0 ? -1 : hi * 0x1_0000_0000 + lo;
  }
  /** Stores the halves of 8 bytes in `out[i]` and `out[i + 1]`. False is a fault. */
  u64Halves(at: number, out: Uint32Array, i: number): boolean {
    const lo = this.u32(at);
    const hi = this.u32(at + 4);
    if (lo < 0 || hi < 0) return false;
    out[i] = lo;
    out[i + 1] = hi;
    return true;
  }

  private _slow(at: number, n: number): number {
    let value = 0;
    for (let i = n - 1; i >= 0; i--) {
      const byte = this.u8(at + i);
      if (byte < 0) return -1;
      value = value * 256 + byte;
    }
    return value;
  }

  setU8(at: number, value: number): boolean {
    const to = this._frame(at, access.write, 1);
    if (to < 0) return false;
    this.frames.u8[to] = value;
    this.frames.changed(to);
    return true;
  }
  setU16(at: number, value: number): boolean {
    if (inPage(at) > PAGE_SIZE - 2)
      return this._frame(at + 1, access.write, 1) >= 0 && this.setU8(at, value) && this.setU8(at + 1, value >>> 8);
    const to = this._frame(at, access.write, 2);
    if (to < 0) return false;
    this.frames.view.setUint16(to, value, true);
    this.frames.changed(to);
    return true;
  }
  setU32(at: number, value: number): boolean {
    if (inPage(at) > PAGE_SIZE - 4) {
      // put_user() is one store: it writes all bytes or none.
      return (
        this._frame(at + 3, access.write, 1) >= 0 &&
        this.setU8(at, value) &&
        this.setU8(at + 1, value >>> 8) &&
        this.setU8(at + 2, value >>> 16) &&
        this.setU8(at + 3, value >>> 24)
      );
    }
    const to = this._frame(at, access.write, 4);
    if (to < 0) return false;
    this.frames.view.setUint32(to, value, true);
    this.frames.changed(to);
    return true;
  }
  setU64(at: number, lo: number, hi: number): boolean {
    if (inPage(at) <= PAGE_SIZE - 8) {
      const to = this._frame(at, access.write, 8);
      if (to < 0) return false;
      const { view } = this.frames;
      view.setUint32(to, lo, true);
      view.setUint32(to + 4, hi, true);
      this.frames.changed(to);
      return true;
    }
    return this._frame(at + 7, access.write, 1) >= 0 && this.setU32(at, lo) && this.setU32(at + 4, hi);
  }
  /** Writes a `long` of an ABI, which has 4 or 8 bytes. The value is a signed integer of at most 53 bits. */
  setLong(at: number, value: number, long: 4 | 8): boolean {
    return long === 4 ? this.setU32(at, value) : this.setU64(at, value, Math.floor(value / 0x1_0000_0000));
  }
  /** A pointer or unsigned long of an ABI. -1 is a fault. */
  word(at: number, long: 4 | 8): number {
    return long === 4 ? this.u32(at) : this.u64(at);
  }

  /** The bytes of a string before its NUL, at most `max`. -1 is a fault. Linux strnlen_user(). */
  stringLength(at: number, max: number): number {
    const { u8 } = this.frames;
    for (let length = 0; ; ) {
      const from = this._frame(at + length, access.read, max - length, max - length);
      if (from < 0) return -1;
      const end = Math.min(from - inPage(from) + PAGE_SIZE, from + max - length);
      // Most strings are short: an array for the rest of the page takes longer.
      let stop = from;
      for (const near = Math.min(end, from + FEW); stop < near && u8[stop] !== 0; stop++);
      if (stop < end && u8[stop] !== 0) stop = from + u8.subarray(from, end).indexOf(0);
      if (stop >= from && stop < end) return length + stop - from;
      length += end - from;
      if (length >= max) return max;
    }
  }

  /**
   * A byte string up to its NUL. Without a NUL in the first `max` bytes the result has length `max`.
   * Undefined is -EFAULT. Linux strncpy_from_user().
   */
  cString(at: number, max: number): string | undefined {
    const { u8 } = this.frames;
    let text = "";
    while (text.length < max) {
      const from = this._frame(at + text.length, access.read, 1, max - text.length);
      if (from < 0) return undefined;
      const end = Math.min(from - inPage(from) + PAGE_SIZE, from + max - text.length);
      let stop = from;
      while (stop < end && u8[stop] !== 0) stop++;
      this.frames.kernelReads?.memory(this, at + text.length, access.read, Math.min(stop + 1, end) - from);
      for (let i = from; i < stop; i += 4096)
        text += String.fromCharCode.apply(null, u8.subarray(i, Math.min(stop, i + 4096)) as unknown as number[]);
      if (stop < end) return text;
    }
    return text;
  }
}
