// A file of the host, of which pieces are read when they are wanted: of a program mostly a small part is.
import { closeSync, constants, fstatSync, openSync, readFileSync, readSync, type Stats } from "node:fs";
import { E } from "../abi/errno.ts";
import type { FileBytes } from "../machine/options.ts";
import { failure } from "./node-errno.ts";

const pieceBytes = 32768;

/** An open file of the host, with random access. */
export interface OpenBytes extends FileBytes {
  readonly fd: number;
  close(): void;
}

/**
 * Opens a regular file for reading. Any other file is EACCES, as for execve(2): a fifo does not wait for a
 * writer, a terminal does not become ours. `flags`: additional flags for openSync. Throws the errors of
 * openSync.
 */
const openRegular = (path: string, flags = 0): { readonly fd: number; readonly status: Stats } => {
  const { O_RDONLY, O_NONBLOCK = 0, O_NOCTTY = 0 } = constants;
  const fd = openSync(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | flags);
  const status = fstatSync(fd);
  if (status.isFile()) return { fd, status };
  closeSync(fd);
  throw failure("EACCES");
};
/** All of a regular file. `check` may throw first. */
export const readRegular = (path: string, flags = 0, check: (status: Stats) => void = () => {}): Buffer => {
  const { fd, status } = openRegular(path, flags);
  try {
    check(status);
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
};

/** Opens a file of the host as bytes. Throws the errors of openSync. */
export const hostBytes = (path: string): OpenBytes => {
  const { fd, status } = openRegular(path);
  const { size } = status;
  const pieces = new Map<number, Uint8Array>();
  const piece = (n: number): Uint8Array => {
    const known = pieces.get(n);
    if (known) return known;
    const bytes = Buffer.allocUnsafeSlow(Math.min(pieceBytes, size - n * pieceBytes));
    let end = 0;
    for (let got = -1; got !== 0 && end < bytes.length; end += got)
      got = readSync(fd, bytes, end, bytes.length - end, n * pieceBytes + end);
    // The file was truncated meanwhile: bytes of our memory must not be read as its bytes.
    bytes.fill(0, end);
    pieces.set(n, bytes);
    return bytes;
  };
  return {
    fd,
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

/** All of standard input, up to its end; undefined if it has more than `most` bytes. */
export const standardInput = (most: number): Uint8Array | undefined => {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const chunk = new Uint8Array(1 << 16);
    const n = readSync(0, chunk, 0, chunk.length, null);
    if (n === 0) return Buffer.concat(chunks, length);
    length += n;
    if (length > most) return undefined;
    chunks.push(chunk.subarray(0, n));
  }
};
