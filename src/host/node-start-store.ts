// Starts of runs between processes: a file for each program with its arguments, in the folder of compiled
// code. It is read only if no other user can have written it, so its state is taken as one of a run.
import { existsSync } from "node:fs";
import type { Stats } from "../machine/run.ts";
import type { FileHead, FileParts, WrittenParts } from "../machine/snapshot/file/file.ts";
import type { TreeNote } from "../machine/starts/tree-memory.ts";
import type { WrittenBytes } from "../machine/starts/watcher.ts";
import type { End } from "../machine/tracing/status.ts";
import { attempt, cacheFile, cachePath, type Label, noteUse, readCacheFile, readOwn, textLength, writeOwn } from "./node-cache-files.ts";
import { makeRoom } from "./node-code-store.ts";

/** What a kept start or run depends on. */
interface Asked {
  /** The guest's time of day at boot. */
  readonly clock: number | string | undefined;
  /** Of each tree, that of the root first. */
  readonly notes: readonly (readonly TreeNote[])[];
}
/** The state of a machine behind the start of its program. */
export interface KeptStart extends Asked {
  readonly output: WrittenBytes | undefined;
}
/** The end of a whole run, without its machine. */
interface RunEnd {
  /** Of trapgate. */
  readonly build: string;
  readonly status: End;
  readonly stats: Stats;
}
/** A whole run. */
export interface KeptRun extends Asked, RunEnd {
  readonly outputs: readonly WrittenBytes[];
}
/** Runs that did not fit the file, one after the other. */
interface Misses {
  readonly misses: number;
}
/** With neither a header nor an end, the file has misses only. */
interface Packed extends Misses, Asked {
  readonly header?: FileHead;
  readonly end?: RunEnd;
  /** Streams and lengths of what was written. */
  readonly outputs: readonly (readonly [stream: WrittenBytes["stream"], length: number])[];
}

/** The content of a file: the state, then the outputs. */
interface Stored {
  readonly file: NonNullable<ReturnType<typeof readCacheFile>>;
  readonly packed: Packed;
}
/** A start from a file. */
export interface StoredStart extends KeptStart {
  readonly parts: FileParts;
}
/** A file: its start or its whole run, if it has one, and misses. */
interface Found extends Misses {
  readonly start?: StoredStart;
  readonly whole?: KeptRun;
  readonly stored: Stored;
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
      const { header, end, misses, clock, notes } = packed;
      const found = { misses, stored: { file, packed } };
      let at = header?.length ?? 0;
      const outputs = packed.outputs.map(([stream, length]) => ({
        stream,
        bytes: new Uint8Array(file.bytes.subarray(at, (at += length))),
      }));
      if (end) return { ...found, whole: { clock, notes, outputs, ...end } };
      if (!header) return found;
      return { ...found, start: { clock, notes, output: outputs[0], parts: { header, body: file.bytes.subarray(0, header.length) } } };
    });
  }
  /** The file was of use: its misses are over. */
  used({ file: { label, bytes }, packed }: Stored): void {
    if (packed.misses > 0) attempt(() => writeOwn(this.#folder, this.#path, aligned(label, { ...packed, misses: 0 }, [bytes])));
    else noteUse(this.#path);
  }
  write({ clock, notes, output }: KeptStart, { header, body }: WrittenParts, misses: number, instructions: number): void {
    this.#write({ clock, notes, header, misses }, body, output ? [output] : [], instructions);
  }
  /** It takes the place of the run's start. */
  writeRun({ clock, notes, outputs, build, status, stats }: KeptRun, misses: number): void {
    this.#write({ clock, notes, misses, end: { build, status, stats } }, [], outputs, stats.instructions);
  }
  /** A file without a start. */
  writeMisses(misses: number): void {
    this.#write({ clock: undefined, notes: [], misses }, [], [], 0);
  }
  #write(head: Omit<Packed, "outputs">, body: readonly Uint8Array[], outputs: readonly WrittenBytes[], start: number): void {
    const packed: Packed = { ...head, outputs: outputs.map(({ stream, bytes }) => [stream, bytes.length]) };
    const label = { identity: this.#identity, name: this.#name, start };
    attempt(() => {
      writeOwn(this.#folder, this.#path, aligned(label, packed, [...body, ...outputs.map(({ bytes }) => bytes)]));
      makeRoom(this.#folder);
    });
  }
}
