// Lists of byte strings for execve(2), as they lie at the top of the first stack: each with its NUL, one
// after another. Linux fs/exec.c copy_strings().
import type { UserMemory } from "../../memory/user.ts";

/**
 * A list of byte strings. `bytes` has all of them, each with its NUL. A list of a `StringBuffer` is valid
 * until the buffer is filled again.
 */
export interface StringList {
  readonly bytes: Uint8Array;
  readonly count: number;
}

/** Byte strings, with one character a byte, as a list. */
export const listOf = (texts: readonly string[]): StringList => {
  const bytes = new Uint8Array(texts.reduce((sum, text) => sum + text.length + 1, 0));
  let at = 0;
  for (const text of texts) {
    for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
    at += text.length + 1;
  }
  return { bytes, count: texts.length };
};

/** The strings of two lists. */
export const joined = (first: StringList, second: StringList): StringList => {
  const bytes = new Uint8Array(first.bytes.length + second.bytes.length);
  bytes.set(first.bytes);
  bytes.set(second.bytes, first.bytes.length);
  return { bytes, count: first.count + second.count };
};

/** The list without its first string. It shares the bytes. */
export const withoutFirst = ({ bytes, count }: StringList): StringList =>
  count === 0 ? { bytes, count } : { bytes: bytes.subarray(bytes.indexOf(0) + 1), count: count - 1 };

/** Calls a function with the place of each string in the list's bytes, and with its length. */
export const eachString = ({ bytes, count }: StringList, see: (at: number, length: number) => void): void => {
  let at = 0;
  for (let n = 0; n < count; n++) {
    const end = bytes.indexOf(0, at);
    see(at, end - at);
    at = end + 1;
  }
};

const SMALLEST = 1 << 14;

/**
 * The strings of one call, read from user memory. A kernel has one, so that long arguments leave no garbage.
 * It grows to the length of the longest arguments, which execve(2) limits.
 */
export class StringBuffer {
  private _bytes = new Uint8Array(SMALLEST);
  private _length = 0;

  /** Bytes so far. */
  get length(): number {
    return this._length;
  }
  clear(): void {
    this._length = 0;
  }
  /** Appends a string of so many bytes and its NUL. False is -EFAULT. */
  append(memory: UserMemory, at: number, length: number): boolean {
    const end = this._length + length + 1;
    if (end > this._bytes.length) this._grow(end);
    if (memory.readSome(at, this._bytes.subarray(this._length, end)) <= length) return false;
    this._length = end;
    return true;
  }
  /** The strings between two places. */
  list(from: number, to: number, count: number): StringList {
    return { bytes: this._bytes.subarray(from, to), count };
  }
  private _grow(least: number): void {
    const bytes = new Uint8Array(Math.max(least, 2 * this._bytes.length));
    bytes.set(this._bytes.subarray(0, this._length));
    this._bytes = bytes;
  }
}
