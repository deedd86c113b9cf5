// Unpacked bytes of archives, with a limit. A host keeps them in a file (src/host/image), a page in memory
// (src/browser/image).
import type { FileBytes } from "../machine/options.ts";
import { Problem } from "../problem.ts";

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
/**
 * Decompresses a stream. More than `most` bytes are a Problem. `digest`: the sha256 of the input in hex,
 * which must match.
 */
export type Unpack = (
  source: AsyncIterable<Uint8Array>,
  name: string,
  limits: { readonly most: number; readonly digest?: string | undefined },
) => AsyncIterable<Uint8Array>;

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

const sizeText = (bytes: number): string =>
  bytes % 2 ** 30 === 0 ? `${bytes / 2 ** 30} GiB` : bytes % 2 ** 20 === 0 ? `${bytes / 2 ** 20} MiB` : `${bytes} bytes`;

/** The image unpacks to more bytes than its limit. `option`: the name of the option that sets another one. */
export const tooLarge = (most: number, option: string): Problem =>
  new Problem("bad-image", `the image unpacks to more than ${sizeText(most)}`, { help: `${option} sets another limit` });
