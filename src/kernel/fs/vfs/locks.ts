// Advisory locks: POSIX record locks of fcntl(2), owned by a descriptor table, and flock(2), owned by a
// description. Linux fs/locks.c.

import { OrderedMap } from "../../../memory/ordered-map.ts";
import { sizes } from "../../base/sizes.ts";
import { WaitQueue } from "../../base/wait.ts";
import type { FdTable } from "./fd-table.ts";
import type { FileDescription } from "./file.ts";
import type { Inode } from "./inode.ts";

declare module "../../core/kernel.ts" {
  interface KernelMembers {
    readonly lockTable: LockTable;
  }
}

/** A read lock. man 2 fcntl, "Advisory record locking". */
export const F_RDLCK = 0;
/** A write lock. */
export const F_WRLCK = 1;
/** No lock: removes one. */
export const F_UNLCK = 2;

/**
 * A lock of the bytes [start, end). Infinity is the end of the file. The owner of an OFD lock is a file
 * description.
 */
export interface RecordLock {
  readonly type: typeof F_RDLCK | typeof F_WRLCK;
  readonly start: number;
  readonly end: number;
  readonly owner: FdTable | FileDescription;
  readonly pid: number;
}

/** A lock with its number among those that the inode has had. */
interface AgedLock extends RecordLock {
  readonly age: number;
}

/** The record locks of one owner, by their first bytes. They do not overlap. */
export class OwnRecords {
  private readonly _byStart = new OrderedMap<AgedLock>();
  private readonly _locks: Locks;
  private _writes = 0;
  constructor(locks: Locks) {
    this._locks = locks;
  }

  get size(): number {
    return this._byStart.size;
  }
  /** True if the range is in the middle of one lock, which a removal would split. */
  splits(start: number, end: number): boolean {
    const [first] = this._within(start, end);
    return first !== undefined && first.start < start && first.end > end;
  }
  /** The first lock that overlaps the range and conflicts with `type`. */
  conflict(start: number, end: number, type: number): RecordLock | undefined {
    if (type !== F_WRLCK && this._writes === 0) return undefined;
    for (const lock of this._within(start, end)) if (lock.type === F_WRLCK || type === F_WRLCK) return lock;
    return undefined;
  }
  /** The locks that overlap the range. The map may change meanwhile. */
  private *_within(start: number, end: number): Generator<AgedLock> {
    const before = this._byStart.previous(start);
    const first = before !== undefined && (this._byStart.get(before) as RecordLock).end > start ? before : this._byStart.next(start);
    for (let key = first; key !== undefined && key < end; key = this._byStart.next(key + 1)) yield this._byStart.get(key) as AgedLock;
  }
  /** All locks with the number that each got when it came to be. */
  each(visit: (lock: RecordLock, age: number) => void): void {
    this._byStart.each((lock) => visit(lock, lock.age));
  }
  put(lock: RecordLock, age = this._locks.count++): void {
    this._byStart.set(lock.start, { ...lock, age });
    if (lock.type === F_WRLCK) this._writes++;
  }
  /** Adds a lock in a free range and merges it with neighbours of its type. */
  join(lock: RecordLock): void {
    let { start, end } = lock;
    const before = this._byStart.get(this._byStart.previous(start) ?? Number.NaN);
    const after = this._byStart.get(end);
    if (before?.end === start && before.type === lock.type) start = before.start;
    if (after?.type === lock.type) end = after.end;
    if (start < lock.start) this.clear(start, lock.start);
    if (end > lock.end) this.clear(lock.end, end);
    this.put({ ...lock, start, end });
  }
  /**
   * Unlocks the range: true if there was a lock in it. Of a lock that is cut in two the first part is the new
   * one. Linux posix_lock_inode().
   */
  clear(start: number, end: number): boolean {
    let found = false;
    for (const lock of this._within(start, end)) {
      found = true;
      this._byStart.delete(lock.start);
      if (lock.type === F_WRLCK) this._writes--;
      const isCut = lock.start < start && end < lock.end;
      if (lock.start < start) this.put({ ...lock, end: start }, isCut ? undefined : lock.age);
      if (end < lock.end) this.put({ ...lock, start: end }, lock.age);
    }
    return found;
  }
}

/** A lock of flock(2). `pid` is the process that called it. */
export interface FileLock {
  readonly type: typeof F_RDLCK | typeof F_WRLCK;
  readonly pid: number;
}

/** The locks of one inode. */
export class Locks {
  readonly records = new Map<RecordLock["owner"], OwnRecords>();
  readonly flocks = new Map<FileDescription, FileLock>();
  readonly queue = new WaitQueue();
  /** The number of locks of ranges that there have been. */
  count = 0;
  /** Its key in the table of the machine, while it has locks or leases. */
  key: number | undefined = undefined;
  /** All locks of ranges, the newest first. */
  ranges(): RecordLock[] {
    const all: { readonly lock: RecordLock; readonly age: number }[] = [];
    for (const own of this.records.values()) own.each((lock, age) => all.push({ lock, age }));
    return all.sort((a, b) => b.age - a.age).map(({ lock }) => lock);
  }
}
const of = (inode: Inode): Locks => {
  inode.locks ??= new Locks();
  return inode.locks;
};

/** The inodes that have locks or leases, the newest first. /proc/locks shows them. */
export class LockTable {
  readonly inodes = new OrderedMap<Inode>();
  private _next = 2 ** 48;
  /** Takes an inode into the table, or out of it, after a change of its locks. */
  update(inode: Inode): void {
    const locks = of(inode);
    const listed = locks.records.size > 0 || locks.flocks.size > 0 || inode.leases !== undefined;
    if (listed && locks.key === undefined) {
      locks.key = this._next--;
      this.inodes.set(locks.key, inode);
    } else if (!listed && locks.key !== undefined) {
      this.inodes.delete(locks.key);
      locks.key = undefined;
    }
  }
}
/** After a change of an inode's locks. `freed`: a waiting call may go on. */
const changed = (inode: Inode, freed = true): void => {
  inode.fs.clock.lockTable.update(inode);
  if (freed) inode.locks?.queue.wake();
};
/** The queue of tasks that wait for a lock of the inode. */
export const lockQueue = (inode: Inode): WaitQueue => of(inode).queue;

/** The first lock that conflicts with `want`. */
export const conflicting = (inode: Inode, want: Omit<RecordLock, "pid">): RecordLock | undefined => {
  for (const [owner, records] of of(inode).records) {
    const found = owner === want.owner ? undefined : records.conflict(want.start, want.end, want.type);
    if (found) return found;
  }
  return undefined;
};

/**
 * A call that waits for a record lock. Its owner's waits are found through the owner: a lock that would close
 * a circle of owners is refused.
 */
export class LockWait {
  readonly file: FileDescription;
  readonly want: Omit<RecordLock, "pid">;
  constructor(file: FileDescription, want: Omit<RecordLock, "pid">) {
    this.file = file.hold();
    this.want = want;
    const { owner } = want;
    if ("lockWaits" in owner) (owner.lockWaits ??= new Set()).add(this);
  }
  drop(): void {
    const { owner } = this.want;
    if ("lockWaits" in owner) owner.lockWaits?.delete(this);
    this.file.drop();
  }
}
/** Linux MAX_DEADLK_ITERATIONS: a longer chain of owners is not followed. */
const MAX_CHAIN = 10;
/**
 * True if the owner of a conflicting lock waits, itself or through others, for `owner`. OFD locks belong to
 * no process and take no part. Linux posix_locks_deadlock().
 */
export const wouldDeadlock = (owner: FdTable, conflict: RecordLock): boolean => {
  let by: RecordLock | undefined = conflict;
  for (let i = 0; by && i < MAX_CHAIN; i++) {
    const [next]: Iterable<LockWait> = ("lockWaits" in by.owner && by.owner.lockWaits) || [];
    if (!next) return false;
    by = conflicting(next.file.inode, next.want);
    if (by?.owner === owner) return true;
  }
  return false;
};

/** Replaces the locks of `owner` in the range by `type`, or unlocks it. False: memory is short. */
export const setRecord = (
  inode: Inode,
  range: Omit<RecordLock, "type">,
  type: typeof F_RDLCK | typeof F_WRLCK | typeof F_UNLCK,
): boolean => {
  const locks = of(inode);
  const { start, end, owner } = range;
  const { account } = inode.fs;
  const records = locks.records.get(owner) ?? new OwnRecords(locks);
  const room = (records.splits(start, end) ? sizes.lock : 0) + (type === F_UNLCK ? 0 : sizes.lock);
  if (!account.take(room)) return false;
  const before = records.size;
  const freed = records.clear(start, end);
  if (type !== F_UNLCK) records.join({ ...range, type });
  account.give(room - (records.size - before) * sizes.lock);
  if (records.size === 0) locks.records.delete(owner);
  else locks.records.set(owner, records);
  changed(inode, freed);
  return true;
};

/**
 * Releases all POSIX locks of a process on a file, after the close of any descriptor of the file. man 2
 * fcntl.
 */
export const releasePosixLocks = (inode: Inode, owner: FdTable | FileDescription): void => {
  const records = inode.locks?.records.get(owner);
  if (!inode.locks || !records) return;
  inode.locks.records.delete(owner);
  inode.fs.account.give(records.size * sizes.lock);
  changed(inode);
};

/** flock(2): "done", or the reason of a refusal. */
export const flock = (
  file: FileDescription,
  type: typeof F_RDLCK | typeof F_WRLCK | typeof F_UNLCK,
  pid: number,
): "done" | "in the way" | "no memory" => {
  const locks = of(file.inode);
  if (type !== F_UNLCK) {
    // A lock for writing is the only one of its file.
    const [first] = locks.flocks;
    const others = locks.flocks.size - Number(locks.flocks.has(file));
    if (others > 0 && (type === F_WRLCK || first?.[1].type === F_WRLCK)) return "in the way";
  }
  const { account } = file.inode.fs;
  const held = locks.flocks.has(file) ? sizes.lock : 0;
  if (!account.resize(held, type === F_UNLCK ? 0 : sizes.lock)) return "no memory";
  if (type === F_UNLCK) locks.flocks.delete(file);
  else locks.flocks.set(file, { type, pid });
  changed(file.inode);
  return "done";
};
/** Releases the flock(2) and OFD locks of a file description. */
export const releaseFileLocks = (file: FileDescription): void => {
  const { locks } = file.inode;
  if (!locks) return;
  releasePosixLocks(file.inode, file);
  if (!locks.flocks.delete(file)) return;
  file.inode.fs.account.give(sizes.lock);
  changed(file.inode);
};
