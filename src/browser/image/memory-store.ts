// Bytes that archives are unpacked to, in the memory of a page.
import type { UnpackLimit } from "../../image/limit.ts";
import { type BlobStore, chunksOf, type Piece } from "../../image/store.ts";
import type { FileBytes } from "../../machine/options.ts";

/** Bytes of a block. */
const BLOCK = 1 << 20;

/** The store, and the limit of its bytes. */
export class MemoryStore implements BlobStore {
  readonly #limit: UnpackLimit;
  readonly #blocks: Uint8Array[] = [];
  #size = 0;

  constructor(limit: UnpackLimit) {
    this.#limit = limit;
  }
  get size(): number {
    return this.#size;
  }
  append(bytes: Uint8Array): void {
    this.#limit.check(this.#size + bytes.length);
    for (let done = 0; done < bytes.length; ) {
      const within = this.#size % BLOCK;
      if (within === 0) this.#blocks.push(new Uint8Array(BLOCK));
      const part = bytes.subarray(done, done + BLOCK - within);
      this.#blocks.at(-1)?.set(part, within);
      done += part.length;
      this.#size += part.length;
    }
  }
  read(at: number, into: Uint8Array): number {
    const length = Math.max(0, Math.min(into.length, this.#size - at));
    for (let done = 0; done < length; ) {
      const within = (at + done) % BLOCK;
      const part = this.#blocks[Math.floor((at + done) / BLOCK)]?.subarray(within, Math.min(BLOCK, within + length - done));
      if (!part) break;
      into.set(part, done);
      done += part.length;
    }
    return length;
  }
  content({ at, size }: Piece): FileBytes {
    return { size, read: (offset, into) => this.read(at + offset, into.subarray(0, Math.max(0, Math.min(into.length, size - offset)))) };
  }
  chunks(piece: Piece): AsyncGenerator<Uint8Array> {
    return chunksOf((at, into) => this.read(at, into), piece);
  }
}
