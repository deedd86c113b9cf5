// Unpacked bytes of archives, with a limit. A host keeps them in a file (src/host/image), a page in memory
// (src/browser/image).
import type { FileBytes } from "../machine/options.ts";

/** A piece of the store. */
export interface Piece {
  readonly at: number;
  readonly size: number;
}
/** The store. */
export interface BlobStore {
  /** The end, where the next bytes go. */
  readonly size: number;
  /** @throws {Problem} The store would be larger than its limit, or the host has no room. */
  append(bytes: Uint8Array): void;
  /** Reads a piece: for layers and JSON in an archive. The result is the number of bytes. */
  read(at: number, into: Uint8Array): number;
  /** A piece as the content of a guest's file. */
  content(piece: Piece): FileBytes;
  /** The bytes of a piece, in chunks. */
  chunks(piece: Piece): AsyncIterable<Uint8Array>;
}
/** Bytes of a chunk. */
const CHUNK = 1 << 18;
/** The bytes of a piece in chunks. `read` fills `into` from an offset of the store: the number of bytes. */
export async function* chunksOf(read: (at: number, into: Uint8Array) => number, { at, size }: Piece): AsyncGenerator<Uint8Array> {
  for (let done = 0; done < size; ) {
    const chunk = new Uint8Array(Math.min(CHUNK, size - done));
    const n = read(at + done, chunk);
    if (n === 0) return;
    done += n;
    yield chunk.subarray(0, n);
  }
}
