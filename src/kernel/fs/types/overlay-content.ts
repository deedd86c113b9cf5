// The bytes of an overlay's file: chunks of the upper layer over the file of the lower layer. The first write
// to a chunk copies the whole chunk up.
import { E } from "../../../abi/errno.ts";
import type { Base, FileContent } from "./content.ts";
import { runsOf } from "./upper-state.ts";
import type { UpperRecord, UpperStore } from "./upper-store.ts";

/** Bytes of a chunk. */
const CHUNK = 65_536;

/** The file that the bytes are of. */
export interface ContentOwner {
  readonly store: UpperStore;
  /** The file's number. The first call makes the file one of the upper layer; -errno if that fails. */
  number(): number;
  /** Keeps that chunks are in the upper layer, or that fewer bytes of the lower file can be seen. */
  note(record: Pick<UpperRecord, "chunks"> | "base"): number;
}

/** The bytes of one file. */
export class OverlayContent implements FileContent {
  /** Stores are of the host, and may keep the bytes. */
  get copies(): boolean {
    return false;
  }
  readonly #owner: ContentOwner;
  readonly #base: Base | undefined;
  /** The bytes of the lower file that can be seen. */
  baseSize: number;
  readonly #chunks: Set<number>;
  size: number;

  /** `id`: of a file that the upper layer has. `chunks`: those that it has. */
  constructor(owner: ContentOwner, base: Base | undefined, known: { id?: number; base?: number; chunks?: ReadonlySet<number> } = {}) {
    this.#owner = owner;
    this.#base = base;
    const own = known.id === undefined ? undefined : owner.store.size(known.id);
    const shown = Math.min(known.base ?? base?.size ?? 0, base?.size ?? 0);
    this.size = own ?? shown;
    this.baseSize = Math.min(shown, this.size);
    this.#chunks = new Set(known.chunks);
    this.#id = own === undefined ? undefined : known.id;
  }
  /** The number of the file of bytes, if there is one. */
  #id: number | undefined;

  get heldPages(): number {
    return 0;
  }
  get blocks(): number {
    return Math.ceil(this.size / 4096) * 8;
  }
  /** True if a chunk's bytes are those of the lower file. */
  #isLower(chunk: number): boolean {
    return chunk * CHUNK < this.baseSize && !this.#chunks.has(chunk);
  }
  read(at: number, into: Uint8Array): number {
    for (let done = 0; done < into.length; ) {
      const chunk = Math.floor((at + done) / CHUNK);
      const lower = this.#isLower(chunk);
      let end = chunk + 1;
      while (end * CHUNK < at + into.length && this.#isLower(end) === lower) end++;
      const part = into.subarray(done, Math.min(into.length, end * CHUNK - at));
      const error = lower ? this.#readBase(at + done, part) : this.#readOwn(at + done, part);
      if (error < 0) return error;
      done += part.length;
    }
    return into.length;
  }
  #readOwn(at: number, into: Uint8Array): number {
    if (this.#id !== undefined) return this.#owner.store.read(this.#id, at, into);
    into.fill(0);
    return 0;
  }
  #readBase(at: number, into: Uint8Array): number {
    const length = Math.max(0, Math.min(into.length, this.baseSize - at));
    const got = length > 0 ? (this.#base?.read(at, into.subarray(0, length)) ?? -E.EIO) : 0;
    into.fill(0, Math.max(0, got));
    return Math.min(got, 0);
  }

  /** The file of bytes, which the first call makes. */
  #own(): number {
    if (this.#id !== undefined) return this.#id;
    const id = this.#owner.number();
    if (id < 0) return id;
    const made = this.#owner.store.truncate(id, this.size);
    if (made < 0) return made;
    return (this.#id = id);
  }
  write(at: number, bytes: Uint8Array): number {
    const id = this.#own();
    if (id < 0) return id;
    const copied: number[] = [];
    for (let chunk = Math.floor(at / CHUNK); chunk * CHUNK < at + bytes.length; chunk++) {
      if (!this.#isLower(chunk)) continue;
      const start = chunk * CHUNK;
      const length = Math.min(CHUNK, this.size - start);
      if (at > start || at + bytes.length < start + length) {
        const below = new Uint8Array(length);
        const got = this.#readBase(start, below);
        const put = got < 0 ? got : this.#owner.store.write(id, start, below);
        if (put < 0) return put;
      }
      copied.push(chunk);
    }
    const written = this.#owner.store.write(id, at, bytes);
    if (written < 0) return written;
    if (copied.length > 0) {
      const noted = this.#owner.note({ chunks: runsOf(copied).map(([first, count]) => [id, first, count] as const) });
      if (noted < 0) return noted;
      for (const chunk of copied) this.#chunks.add(chunk);
    }
    this.size = Math.max(this.size, at + bytes.length);
    return bytes.length;
  }
  truncate(size: number): number {
    const id = this.#own();
    if (id < 0) return id;
    const done = this.#owner.store.truncate(id, size);
    if (done < 0) return done;
    this.size = size;
    if (size >= this.baseSize) return 0;
    this.baseSize = size;
    return this.#owner.note("base");
  }
  next(at: number, data: boolean): number {
    return data ? at : this.size;
  }
  reserve(): number {
    return -E.EOPNOTSUPP;
  }
  punch(): number {
    return -E.EOPNOTSUPP;
  }
  /** The bytes stay: the file system removes them after the record that removes the last name. */
  clear(): void {}
}
