// Advisory locks: POSIX record locks of fcntl(2), which belong to a descriptor table, and flock(2), which belongs to a file description.
// Linux fs/locks.c.

import { OrderedMap } from "../../../memory/ordered-map.ts";
import { sizes } from "../../base/sizes.ts";
import { WaitQueue } from "../../base/wait.ts";
import type { FdTable } from "./fd-table.ts";
import type { FileDescription } from "./file.ts";
import type { Inode } from "./inode.ts";

export const F_RDLCK = 0;
export const F_WRLCK = 1;
export const F_UNLCK = 2;

/** Bytes start to end (exclusive; Infinity is "to the end of the file"). OFD locks have a file description as owner. */
export interface RecordLock {
  readonly type: typeof F_RDLCK | typeof F_WRLCK;
  readonly start: number;
  readonly end: number;
  readonly owner: FdTable | FileDescription;
  readonly pid: number;
}

/** The record locks of one owner: they do not overlap, so that they are known by their first bytes. */
class OwnRecords {
  readonly #byStart = new OrderedMap<RecordLock>();
  #writes = 0;

  get size(): number {
    return this.#byStart.size;
  }
  /** Is the range in the middle of one lock? */
  splits(start: number, end: number): boolean {
    const [first] = this.#within(start, end);
    return first !== undefined && first.start < start && first.end > end;
  }
  /** The first lock that meets the range and stands in the way of `type`. */
  meeting(start: number, end: number, type: number): RecordLock | undefined {
    if (type !== F_WRLCK && this.#writes === 0) return undefined;
    for (const lock of this.#within(start, end)) if (lock.type === F_WRLCK || type === F_WRLCK) return lock;
    return undefined;
  }
  /** Locks that meet the range; the map may change meanwhile. */
  *#within(start: number, end: number): Generator<RecordLock> {
    const before = this.#byStart.previous(start);
    const first = before !== undefined && (this.#byStart.get(before) as RecordLock).end > start ? before : this.#byStart.next(start);
    for (let key = first; key !== undefined && key < end; key = this.#byStart.next(key + 1)) yield this.#byStart.get(key) as RecordLock;
  }
  put(lock: RecordLock): void {
    this.#byStart.set(lock.start, lock);
    if (lock.type === F_WRLCK) this.#writes++;
  }
  /** Add a lock where nothing is, which takes in neighbours of its type. */
  join(lock: RecordLock): void {
    let { start, end } = lock;
    const before = this.#byStart.get(this.#byStart.previous(start) ?? Number.NaN);
    const after = this.#byStart.get(end);
    if (before?.end === start && before.type === lock.type) start = before.start;
    if (after?.type === lock.type) end = after.end;
    if (start < lock.start) this.clear(start, lock.start);
    if (end > lock.end) this.clear(lock.end, end);
    this.put({ ...lock, start, end });
  }
  /** The range is free again. */
  clear(start: number, end: number): void {
    for (const lock of this.#within(start, end)) {
      this.#byStart.delete(lock.start);
      if (lock.type === F_WRLCK) this.#writes--;
      if (lock.start < start) this.put({ ...lock, end: start });
      if (end < lock.end) this.put({ ...lock, start: end });
    }
  }
}

/** The locks of one inode. */
export class Locks {
  readonly records = new Map<RecordLock["owner"], OwnRecords>();
  readonly flocks = new Map<FileDescription, typeof F_RDLCK | typeof F_WRLCK>();
  readonly queue = new WaitQueue();
}
const of = (inode: Inode): Locks => {
  inode.locks ??= new Locks();
  return inode.locks;
};
export const lockQueue = (inode: Inode): WaitQueue => of(inode).queue;

/** The first lock that keeps `want` from being had. */
export const conflicting = (inode: Inode, want: Omit<RecordLock, "pid">): RecordLock | undefined => {
  for (const [owner, records] of of(inode).records) {
    const found = owner === want.owner ? undefined : records.meeting(want.start, want.end, want.type);
    if (found) return found;
  }
  return undefined;
};

/** Replace what `owner` holds in the range by `type`, or by nothing. False: there is no memory. */
export const setRecord = (
  inode: Inode,
  range: Omit<RecordLock, "type">,
  type: typeof F_RDLCK | typeof F_WRLCK | typeof F_UNLCK,
): boolean => {
  const locks = of(inode);
  const { start, end, owner } = range;
  const { account } = inode.fs;
  const records = locks.records.get(owner) ?? new OwnRecords();
  const room = (records.splits(start, end) ? sizes.lock : 0) + (type === F_UNLCK ? 0 : sizes.lock);
  if (!account.take(room)) return false;
  const before = records.size;
  records.clear(start, end);
  if (type !== F_UNLCK) records.join({ ...range, type });
  account.give(room - (records.size - before) * sizes.lock);
  if (records.size === 0) locks.records.delete(owner);
  else locks.records.set(owner, records);
  locks.queue.wake();
  return true;
};

/** man 2 fcntl: "if a process closes any file descriptor referring to a file, then all of the process's locks on that file are released". */
export const releasePosixLocks = (inode: Inode, owner: FdTable | FileDescription): void => {
  const records = inode.locks?.records.get(owner);
  if (!inode.locks || !records) return;
  inode.locks.records.delete(owner);
  inode.fs.account.give(records.size * sizes.lock);
  inode.locks.queue.wake();
};

/** flock(2): "done", or why not. */
export const flock = (
  file: FileDescription,
  type: typeof F_RDLCK | typeof F_WRLCK | typeof F_UNLCK,
): "done" | "in the way" | "no memory" => {
  const locks = of(file.inode);
  if (type !== F_UNLCK) {
    // A lock for writing is the only one of its file.
    const [first] = locks.flocks;
    const others = locks.flocks.size - Number(locks.flocks.has(file));
    if (others > 0 && (type === F_WRLCK || first?.[1] === F_WRLCK)) return "in the way";
  }
  const { account } = file.inode.fs;
  const held = locks.flocks.has(file) ? sizes.lock : 0;
  if (!account.resize(held, type === F_UNLCK ? 0 : sizes.lock)) return "no memory";
  if (type === F_UNLCK) locks.flocks.delete(file);
  else locks.flocks.set(file, type);
  locks.queue.wake();
  return "done";
};
export const releaseFileLocks = (file: FileDescription): void => {
  const { locks } = file.inode;
  if (!locks) return;
  releasePosixLocks(file.inode, file);
  if (!locks.flocks.delete(file)) return;
  file.inode.fs.account.give(sizes.lock);
  locks.queue.wake();
};
