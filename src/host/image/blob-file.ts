// Unpacked bytes of archives: one temporary file without a name and with a limit. Guests read pieces of it on
// demand.
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { E } from "../../abi/errno.ts";
import type { UnpackLimit } from "../../image/limit.ts";
import { type BlobStore, chunksOf, type Piece } from "../../image/store.ts";
import type { FileBytes } from "../../machine/options.ts";
import { Problem } from "../../problem.ts";

/** The file, and the limit of its bytes. */
export class BlobFile implements BlobStore {
  readonly #fd: number;
  readonly #limit: UnpackLimit;
  #size = 0;

  constructor(limit: UnpackLimit) {
    this.#limit = limit;
    const folder = mkdtempSync(join(tmpdir(), "trapgate-image-"));
    try {
      this.#fd = openSync(join(folder, "bytes"), "wx+", 0o600);
    } finally {
      // The file stays open without a name, so it ends with this process.
      rmSync(folder, { recursive: true, force: true });
    }
  }
  /** The end, where the next bytes go. */
  get size(): number {
    return this.#size;
  }
  /** @throws {Problem} The file would be larger than its limit, or the host has no room. */
  append(bytes: Uint8Array): void {
    this.#limit.check(this.#size + bytes.length);
    try {
      for (let done = 0; done < bytes.length; ) {
        const n = writeSync(this.#fd, bytes, done, bytes.length - done, this.#size);
        done += n;
        this.#size += n;
      }
    } catch (cause) {
      throw new Problem("host", "the host has no room to unpack the image", { cause });
    }
  }
  /** Reads a piece: for layers and JSON in an archive. */
  read(at: number, into: Uint8Array): number {
    let done = 0;
    for (let got = -1; got !== 0 && done < into.length; done += got) got = readSync(this.#fd, into, done, into.length - done, at + done);
    return done;
  }
  /** A piece as the content of a guest's file. */
  content({ at, size }: Piece): FileBytes {
    return {
      size,
      read: (offset, into) => {
        try {
          return this.read(at + offset, into.subarray(0, Math.max(0, Math.min(into.length, size - offset))));
        } catch {
          return -E.EIO;
        }
      },
    };
  }
  /** The bytes of a piece, in chunks. */
  chunks(piece: Piece): AsyncGenerator<Uint8Array> {
    return chunksOf((at, into) => this.read(at, into), piece);
  }
  close(): void {
    closeSync(this.#fd);
  }
}
