// A file of the host, of which pieces are read when they are wanted: of a program mostly a small part is.
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { E } from "../abi/errno.ts";
import type { FileBytes } from "../machine/options.ts";

const pieceBytes = 32768;

export interface OpenBytes extends FileBytes {
  close(): void;
}

/** Throws what opening it does. */
export const hostBytes = (path: string): OpenBytes => {
  const fd = openSync(path, "r");
  const { size } = fstatSync(fd);
  const pieces = new Map<number, Uint8Array>();
  const piece = (n: number): Uint8Array => {
    const known = pieces.get(n);
    if (known) return known;
    const bytes = Buffer.allocUnsafeSlow(Math.min(pieceBytes, size - n * pieceBytes));
    let end = 0;
    for (let got = -1; got !== 0 && end < bytes.length; end += got)
      got = readSync(fd, bytes, end, bytes.length - end, n * pieceBytes + end);
    // A file that was cut off meanwhile: what is in our memory is nobody else's.
    bytes.fill(0, end);
    pieces.set(n, bytes);
    return bytes;
  };
  return {
    size,
    read(offset, into) {
      const length = Math.min(into.length, size - offset);
      try {
        for (let done = 0; done < length; ) {
          const from = (offset + done) % pieceBytes;
          const part = piece(Math.floor((offset + done) / pieceBytes)).subarray(from, from + length - done);
          into.set(part, done);
          done += part.length;
        }
        return Math.max(0, length);
      } catch {
        return -E.EIO;
      }
    },
    close: () => closeSync(fd),
  };
};
