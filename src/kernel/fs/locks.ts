// Advisory locks: POSIX record locks of fcntl(2), which belong to a descriptor table, and flock(2), which belongs to a file description.
// Linux fs/locks.c.

import { sizes } from "../sizes.ts";
import { WaitQueue } from "../wait.ts";
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

/** The locks of one inode. */
export class Locks {
  records: RecordLock[] = [];
  readonly flocks = new Map<FileDescription, typeof F_RDLCK | typeof F_WRLCK>();
  readonly queue = new WaitQueue();
}
const of = (inode: Inode): Locks => {
  inode.locks ??= new Locks();
  return inode.locks;
};
export const lockQueue = (inode: Inode): WaitQueue => of(inode).queue;

/** The first lock that keeps `want` from being had. */
export const conflicting = (inode: Inode, want: Omit<RecordLock, "pid">): RecordLock | undefined =>
  of(inode).records.find(
    (l) => l.owner !== want.owner && l.start < want.end && want.start < l.end && (l.type === F_WRLCK || want.type === F_WRLCK),
  );

/** Replace what `owner` holds in the range by `type`, or by nothing. False: there is no memory. */
export const setRecord = (
  inode: Inode,
  range: Omit<RecordLock, "type">,
  type: typeof F_RDLCK | typeof F_WRLCK | typeof F_UNLCK,
): boolean => {
  const locks = of(inode);
  const { start, end, owner, pid } = range;
  const kept: RecordLock[] = [];
  for (const l of locks.records) {
    if (l.owner !== owner || l.end <= start || end <= l.start) {
      kept.push(l);
      continue;
    }
    if (l.start < start) kept.push({ ...l, end: start });
    if (end < l.end) kept.push({ ...l, start: end });
  }
  if (type !== F_UNLCK) kept.push({ type, start, end, owner, pid });
  if (!inode.fs.account.resize(locks.records.length * sizes.lock, kept.length * sizes.lock)) return false;
  locks.records = kept.sort((a, b) => a.start - b.start);
  locks.queue.wake();
  return true;
};

/** man 2 fcntl: "if a process closes any file descriptor referring to a file, then all of the process's locks on that file are released". */
export const releasePosixLocks = (inode: Inode, owner: FdTable | FileDescription): void => {
  const { locks } = inode;
  if (!locks?.records.some((l) => l.owner === owner)) return;
  const before = locks.records.length;
  locks.records = locks.records.filter((l) => l.owner !== owner);
  inode.fs.account.give((before - locks.records.length) * sizes.lock);
  locks.queue.wake();
};

/** flock(2): "done", or why not. */
export const flock = (
  file: FileDescription,
  type: typeof F_RDLCK | typeof F_WRLCK | typeof F_UNLCK,
): "done" | "in the way" | "no memory" => {
  const locks = of(file.inode);
  if (type !== F_UNLCK) {
    for (const [other, held] of locks.flocks) if (other !== file && (held === F_WRLCK || type === F_WRLCK)) return "in the way";
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
