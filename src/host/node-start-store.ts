// Starts of runs between processes: a file for each program with its arguments, in the folder of compiled
// code. It is read only if no other user can have written it, so its state is taken as one of a run.
import { existsSync } from "node:fs";
import type { FileHead, FileParts, WrittenParts } from "../machine/snapshot/file/file.ts";
import type { TreeNote } from "../machine/starts/tree-memory.ts";
import type { FirstOutput } from "../machine/starts/watcher.ts";
import { attempt, cacheFile, cachePath, type Label, noteUse, readCacheFile, readOwn, textLength, writeOwn } from "./node-cache-files.ts";
import { makeRoom } from "./node-code-store.ts";

/** The state of a machine behind the start of its program. */
export interface KeptStart {
  /** The guest's time of day at boot. */
  readonly clock: number | string | undefined;
  /** Of each tree, that of the root first. */
  readonly notes: readonly (readonly TreeNote[])[];
  readonly output: FirstOutput | undefined;
}
/** Runs that did not fit the file, one after the other. */
interface Misses {
  readonly misses: number;
}
interface Packed extends Misses, Omit<KeptStart, "output"> {
  /** Undefined: the file has misses only. */
  readonly header?: FileHead;
  readonly stream?: FirstOutput["stream"];
}

/** The content of a file: the state, then the output. */
interface Stored {
  readonly file: NonNullable<ReturnType<typeof readCacheFile>>;
  readonly packed: Packed;
}
/** A start from a file. */
export interface StoredStart extends KeptStart {
  readonly parts: FileParts;
  readonly stored: Stored;
}
/** A file: its start, if it has one, and misses. */
interface Found extends Misses {
  readonly start: StoredStart | undefined;
}

/** Text and bytes whose first one lies at a multiple of four of the file, so that words are read in place. */
const aligned = (label: Label, packed: Packed, bytes: readonly Uint8Array[]): readonly Uint8Array[] => {
  const content = JSON.stringify(packed);
  return cacheFile(label, content + " ".repeat(-textLength(label, content) & 3), bytes);
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
    this.#identity = JSON.stringify(["start", facts]);
    this.#path = cachePath(folder, this.#identity);
  }
  read(): Found | undefined {
    if (!existsSync(this.#path)) return undefined;
    return attempt(() => {
      const file = readCacheFile(readOwn(this.#path));
      if (file?.label.identity !== this.#identity) return undefined;
      const packed = JSON.parse(file.text) as Packed;
      const { header, stream, misses, clock, notes } = packed;
      if (!header) return { misses, start: undefined };
      const body = file.bytes.subarray(0, header.length);
      const output = stream && { stream, bytes: new Uint8Array(file.bytes.subarray(header.length)) };
      return { misses, start: { clock, notes, output, parts: { header, body }, stored: { file, packed } } };
    });
  }
  /** The file was of use: its misses are over. */
  used({ file: { label, bytes }, packed }: Stored): void {
    if (packed.misses > 0) attempt(() => writeOwn(this.#folder, this.#path, aligned(label, { ...packed, misses: 0 }, [bytes])));
    else noteUse(this.#path);
  }
  write({ clock, notes, output }: KeptStart, { header, body }: WrittenParts, misses: number, instructions: number): void {
    const packed: Packed = { clock, notes, header, misses, ...(output ? { stream: output.stream } : {}) };
    this.#write(packed, output ? [...body, output.bytes] : body, instructions);
  }
  /** A file without a start. */
  writeMisses(misses: number): void {
    this.#write({ clock: undefined, notes: [], misses }, [], 0);
  }
  #write(packed: Packed, bytes: readonly Uint8Array[], start: number): void {
    const label = { identity: this.#identity, name: this.#name, start };
    attempt(() => {
      writeOwn(this.#folder, this.#path, aligned(label, packed, bytes));
      makeRoom(this.#folder);
    });
  }
}
