// The upper layer of an overlay as the core sees it: records of changes, and files of bytes by number. A host
// implements it (src/host/overlay). A record is one line of a journal: all of it is kept, or nothing.

import type { WorkBudget } from "../../../budget.ts";

/** A file of the upper layer apart from its names. */
export interface UpperNode {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** The device of a device node, as in `Inode`. */
  readonly rdev: number;
  /** Seconds and nanoseconds of atime, mtime and ctime. */
  readonly times: readonly number[];
  /** Extended attributes: the values as byte strings. */
  readonly xattrs?: Readonly<Record<string, string>> | undefined;
  /** The text of a symbolic link. */
  readonly target?: string | undefined;
  /**
   * The path in the lower layer of a file that holds the content, or of a directory that holds the names. ""
   * is the root.
   */
  readonly lower?: string | undefined;
  /** The bytes of the lower file that can still be seen. */
  readonly base?: number | undefined;
}

/** One change. Names are byte strings. */
export interface UpperRecord {
  /** New or changed files by number. */
  readonly nodes?: readonly (readonly [id: number, node: UpperNode])[] | undefined;
  /** Names of directories: the number of the file, or 0 for a name that was removed. */
  readonly names?: readonly (readonly [directory: number, name: string, id: number])[] | undefined;
  /** Chunks of files whose bytes are in the upper layer. */
  readonly chunks?: readonly (readonly [id: number, first: number, count: number])[] | undefined;
}

/** Calls return -errno if the host refuses. */
export interface UpperStore {
  /**
   * Begins the use by one machine: the records so far, each charged when it is taken.
   *
   * @throws {Problem} Another run uses the layer, it is damaged, or a limit is reached.
   */
  begin(budget: WorkBudget): Iterable<UpperRecord>;
  /** Begins it again after `end`. @throws {Problem} Another run has changed the layer meanwhile. */
  resume(): void;
  end(): void;
  /** True between `begin` or `resume`, and `end`. */
  readonly isUsed?: boolean;
  /** The state of the layer in a text that no other state has. @throws {Problem} It cannot be read. */
  mark?(): string;
  append(record: UpperRecord): number;
  /** True if the journal is much longer than the records that it would need. */
  readonly isLong: boolean;
  /** Replaces the journal by these records. */
  replace(records: readonly UpperRecord[]): number;

  /** The size of a file of bytes in bytes; undefined: there is none. */
  size(id: number): number | undefined;
  /** Fills `into`; bytes after the end of the file are zero. */
  read(id: number, at: number, into: Uint8Array): number;
  /** Writes all bytes. A missing file is made. */
  write(id: number, at: number, bytes: Uint8Array): number;
  truncate(id: number, size: number): number;
  remove(id: number): void;
  /** Removes all files of bytes but these. */
  keep(ids: ReadonlySet<number>): void;
}
