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
  private readonly _store: UpperStore;
  /** The file, set when it is made. */
  owner!: ContentOwner;
  private readonly _base: Base | undefined;
  /** The bytes of the lower file that can be seen. */
  baseSize: number;
  private readonly _chunks: Set<number>;
  size: number;

  /** `id`: of a file that the upper layer has. `chunks`: those that it has. */
  constructor(store: UpperStore, base: Base | undefined, known: { id?: number; base?: number; chunks?: ReadonlySet<number> } = {}) {
    this._store = store;
    this._base = base;
    const own = known.id === undefined ? undefined : store.size(known.id);
    const shown = Math.min(known.base ?? base?.size ?? 0, base?.size ?? 0);
    this.size = own ?? shown;
    this.baseSize = Math.min(shown, this.size);
    this._chunks = new Set(known.chunks);
    this._id = own === undefined ? undefined : known.id;
  }
  /** The number of the file of bytes, if there is one. */
  private _id: number | undefined;

  get heldPages(): number {
    return 0;
  }
  get blocks(): number {
    return Math.ceil(this.size / 4096) * 8;
  }
  /** True if a chunk's bytes are those of the lower file. */
  private _isLower(chunk: number): boolean {
    return chunk * CHUNK < this.baseSize && !this._chunks.has(chunk);
  }
  read(at: number, into: Uint8Array): number {
    for (let done = 0; done < into.length; ) {
      const chunk = Math.floor((at + done) / CHUNK);
      const lower = this._isLower(chunk);
      let end = chunk + 1;
      while (end * CHUNK < at + into.length && this._isLower(end) === lower) end++;
      const part = into.subarray(done, Math.min(into.length, end * CHUNK - at));
      const error = lower ? this._readBase(at + done, part) : this._readOwn(at + done, part);
      if (error < 0) return error;
      done += part.length;
    }
    return into.length;
  }
  private _readOwn(at: number, into: Uint8Array): number {
    if (this._id !== undefined) return this._store.read(this._id, at, into);
    into.fill(0);
    return 0;
  }
  private _readBase(at: number, into: Uint8Array): number {
    const length = Math.max(0, Math.min(into.length, this.baseSize - at));
    const got = length > 0 ? (this._base?.read(at, into.subarray(0, length)) ?? -E.EIO) : 0;
    into.fill(0, Math.max(0, got));
    return Math.min(got, 0);
  }

  /** The file of bytes, which the first call makes. */
  private _own(): number {
    if (this._id !== undefined) return this._id;
    const id = this.owner.number();
    if (id < 0) return id;
    const made = this._store.truncate(id, this.size);
    if (made < 0) return made;
    return (this._id = id);
  }
  write(at: number, bytes: Uint8Array): number {
    const id = this._own();
    if (id < 0) return id;
    const copied: number[] = [];
    for (let chunk = Math.floor(at / CHUNK); chunk * CHUNK < at + bytes.length; chunk++) {
      if (!this._isLower(chunk)) continue;
      const start = chunk * CHUNK;
      const length = Math.min(CHUNK, this.size - start);
      if (at > start || at + bytes.length < start + length) {
        const below = new Uint8Array(length);
        const got = this._readBase(start, below);
        const put = got < 0 ? got : this._store.write(id, start, below);
        if (put < 0) return put;
      }
      copied.push(chunk);
    }
    const written = this._store.write(id, at, bytes);
    if (written < 0) return written;
    if (copied.length > 0) {
      const noted = this.owner.note({ chunks: runsOf(copied).map(([first, count]) => [id, first, count] as const) });
      if (noted < 0) return noted;
      for (const chunk of copied) this._chunks.add(chunk);
    }
    this.size = Math.max(this.size, at + bytes.length);
    return bytes.length;
  }
  truncate(size: number): number {
    const id = this._own();
    if (id < 0) return id;
    const done = this._store.truncate(id, size);
    if (done < 0) return done;
    this.size = size;
    if (size >= this.baseSize) return 0;
    this.baseSize = size;
    return this.owner.note("base");
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
