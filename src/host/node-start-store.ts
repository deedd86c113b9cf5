// Starts of runs between processes: a file for each program with its arguments, in the folder of compiled
// code. It is read only if no other user can have written it, so its state is taken as one of a run.
import type { FileHead, FileParts } from "../machine/snapshot/file/file.ts";
import { attempt, cacheFile, cachePath, noteUse, readCacheFile, readOwn, writeOwn } from "./node-cache-files.ts";
import { makeRoom } from "./node-code-store.ts";
import { inflateRaw, zstd } from "./node-zlib.ts";
import type { TreeNote } from "./tree-notes.ts";

/** A program's first output. */
export interface FirstOutput {
  readonly stream: "stdout" | "stderr" | "terminal";
  readonly bytes: Uint8Array;
}
/** The state of a machine behind the start of its program. */
export interface KeptStart {
  /** The guest's time of day at boot. */
  readonly clock: number | string | undefined;
  /** Of each tree, that of the root first. */
  readonly notes: readonly (readonly TreeNote[])[];
  readonly output: FirstOutput | undefined;
  readonly parts: FileParts;
}
/** Runs that did not fit the file, one after the other. */
interface Misses {
  readonly misses: number;
}
interface Packed extends Misses, Omit<KeptStart, "parts" | "output"> {
  /** Undefined: the file has misses only. */
  readonly header?: FileHead;
  readonly stream?: FirstOutput["stream"];
  /** Bytes of the output, which are before those of the state. */
  readonly length: number;
}

/** The content of a file. */
interface Stored {
  readonly file: NonNullable<ReturnType<typeof readCacheFile>>;
  readonly packed: Packed;
}
/** A file: its start, if it has one, and misses. `open` unpacks the state. */
interface Found extends Misses {
  readonly start:
    | (Omit<KeptStart, "parts"> & { readonly header: FileHead; readonly open: () => FileParts | undefined; readonly stored: Stored })
    | undefined;
}

interface Codec {
  readonly pack: (bytes: Uint8Array) => Uint8Array;
  readonly unpack: (bytes: Uint8Array, length: number) => Uint8Array;
}
const codec = (): Codec => {
  const found = zstd();
  if (!found)
    return { pack: (bytes) => process.getBuiltinModule("node:zlib").deflateRawSync(bytes, { level: 1, memLevel: 9 }), unpack: inflateRaw };
  const { zstdCompressSync, zstdDecompressSync, constants } = found;
  const params = { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_minMatch]: 5 };
  return {
    pack: (bytes) => zstdCompressSync(bytes, { params, chunkSize: Math.max(64, bytes.length >> 2) }),
    unpack(bytes, length) {
      const { buffer, byteOffset, byteLength } = zstdDecompressSync(bytes, { maxOutputLength: length, chunkSize: length + 1 });
      return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
    },
  };
};

/** The file of one program with one set of options: `facts` tells them apart. */
export class StartFile {
  readonly #folder: string;
  readonly #identity: string;
  readonly #name: string;
  readonly #path: string;
  constructor(folder: string, name: string, facts: unknown) {
    this.#folder = folder;
    this.#name = name;
    // A file is for the Node.js that can unpack it.
    this.#identity = JSON.stringify(["start", zstd() !== undefined, facts]);
    this.#path = cachePath(folder, this.#identity);
  }
  read(): Found | undefined {
    return attempt(() => {
      const found = readCacheFile(readOwn(this.#path));
      if (found?.label.identity !== this.#identity) return undefined;
      const packed = JSON.parse(found.text) as Packed;
      const { header, stream, length, misses, clock, notes } = packed;
      const { bytes } = found;
      const output = stream && { stream, bytes: new Uint8Array(bytes.subarray(0, length)) };
      const open = (): FileParts | undefined =>
        attempt(() => header && { header, body: codec().unpack(bytes.subarray(length), header.length) });
      return { misses, start: header && { clock, notes, output, header, open, stored: { file: found, packed } } };
    });
  }
  /** The file was of use: its misses are over. */
  used({ file, packed }: Stored): void {
    if (packed.misses > 0)
      attempt(() => writeOwn(this.#folder, this.#path, cacheFile(file.label, JSON.stringify({ ...packed, misses: 0 }), [file.bytes])));
    else noteUse(this.#path);
  }
  write({ clock, notes, output, parts: { header, body } }: KeptStart, misses: number, instructions: number): void {
    const { stream, bytes = new Uint8Array(0) } = output ?? {};
    const packed: Packed = { clock, notes, header, length: bytes.length, misses, ...(stream ? { stream } : {}) };
    this.#write(packed, [bytes, codec().pack(body)], instructions);
  }
  /** A file without a start. */
  writeMisses(misses: number): void {
    this.#write({ clock: undefined, notes: [], length: 0, misses }, [], 0);
  }
  #write(packed: Packed, bytes: readonly Uint8Array[], start: number): void {
    const label = { identity: this.#identity, name: this.#name, start };
    attempt(() => {
      writeOwn(this.#folder, this.#path, cacheFile(label, JSON.stringify(packed), bytes));
      makeRoom(this.#folder);
    });
  }
}
