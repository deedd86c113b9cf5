// Events of files for their watchers: the hooks of open, read, write, close, names and attributes. man 7
// inotify; Linux include/linux/fsnotify.h, fs/notify/fsnotify.c.
import type { Dentry } from "./dentry.ts";
import type { FileDescription } from "./file.ts";
import type { Inode } from "./inode.ts";

/** Events as bits, one at a time, and properties of an event. Linux uapi linux/inotify.h IN_*. */
// biome-ignore format: table
export const EVENT = {
  ACCESS: 0x1, MODIFY: 0x2, ATTRIB: 0x4, CLOSE_WRITE: 0x8, CLOSE_NOWRITE: 0x10, OPEN: 0x20, MOVED_FROM: 0x40, MOVED_TO: 0x80,
  CREATE: 0x100, DELETE: 0x200, DELETE_SELF: 0x400, MOVE_SELF: 0x800,
  UNMOUNT: 0x2000, ISDIR: 0x4000_0000,
  // Not of inotify: a rename inside one directory, for DN_RENAME.
  RENAMED_WITHIN: 0x1_0000,
} as const;

/** An event that reaches a watcher. */
export interface FileEvent {
  /** A bit of `EVENT`, and ISDIR if the event's file is a directory. */
  readonly mask: number;
  /** Equal for both names of a rename, else 0. */
  readonly cookie: number;
  /** The name in the watched directory. Undefined: the event is about the watched file itself. */
  readonly name: string | undefined;
  /** The event came through a name that does not exist any more. */
  readonly unlinked: boolean;
}

/** A watcher of one inode. Linux struct fsnotify_mark. */
export interface Mark {
  happened(event: FileEvent): void;
  /** The inode has ended, or its file system was unmounted. The mark is already removed from it. */
  gone(): void;
}

/** The last cookie of each machine, by its clock. */
const cookies = new WeakMap<object, number>();

const tell = (inode: Inode, event: FileEvent): void => {
  if (inode.marks) for (const mark of [...inode.marks]) mark.happened(event);
};
const bits = (inode: Inode, mask: number): number => (inode.isDir ? mask | EVENT.ISDIR : mask);

/** An event of a file that was reached by a name: its directory and itself. Linux fsnotify_dentry(). */
export const notifyDentry = (dentry: Dentry, mask: number): void => {
  const { inode, parent } = dentry;
  if (inode.marks === undefined && parent.inode.marks === undefined) return;
  const seen = bits(inode, mask);
  if (parent !== dentry) tell(parent.inode, { mask: seen, cookie: 0, name: dentry.name, unlinked: dentry.deleted });
  tell(inode, { mask: seen, cookie: 0, name: undefined, unlinked: dentry.deleted });
};
/** An event of an open file. O_PATH descriptors have none. Linux fsnotify_file(). */
export const notifyFile = (file: FileDescription, mask: number): void => {
  if (!file.isPath) notifyDentry(file.path.dentry, mask);
};
/** An event of an inode alone. Linux fsnotify_inode(). */
export const notifyInode = (inode: Inode, mask: number): void => {
  if (inode.marks) tell(inode, { mask: bits(inode, mask), cookie: 0, name: undefined, unlinked: false });
};
/** A name begins or ends in a directory. `inode` is its file. Linux fsnotify_name(). */
export const notifyName = (dir: Inode, mask: number, name: string, inode: Inode, cookie = 0): void => {
  if (dir.marks) tell(dir, { mask: bits(inode, mask), cookie, name, unlinked: false });
};
/** A rename of `inode`; `replaced` has lost its name. Linux fsnotify_move(). */
export const notifyMove = (from: Inode, name: string, to: Inode, newName: string, inode: Inode, replaced?: Inode): void => {
  const { clock } = from.fs;
  const cookie = (cookies.get(clock) ?? 0) + 1;
  cookies.set(clock, cookie);
  if (from === to) notifyName(from, EVENT.RENAMED_WITHIN, name, inode);
  notifyName(from, EVENT.MOVED_FROM, name, inode, cookie);
  notifyName(to, EVENT.MOVED_TO, newName, inode, cookie);
  if (replaced) notifyInode(replaced, EVENT.ATTRIB);
  notifyInode(inode, EVENT.MOVE_SELF);
};

/** Runs `act`, during which a watched inode does not end. */
export const withInode = <T>(inode: Inode | undefined, act: () => T): T => {
  if (!inode?.marks) return act();
  inode.opens++;
  try {
    return act();
  } finally {
    inode.opens--;
  }
};
/** The inode has lost a name: it ends if that was its last, and no file is open. Linux fsnotify_inoderemove(). */
export const afterRemoval = (inode: Inode): void => {
  if (inode.marks && inode.nlink === 0 && inode.opens === 0) inode.unused();
};
/** Called when an inode has ended. */
export const inodeEnded = (inode: Inode): void => {
  notifyInode(inode, EVENT.DELETE_SELF);
  dropMarks(inode);
};
/** Removes all marks of an inode. */
const dropMarks = (inode: Inode): void => {
  const { marks } = inode;
  inode.marks = undefined;
  if (marks) for (const mark of marks) mark.gone();
};
/** The file system was unmounted for the last time. Linux fsnotify_sb_delete(). */
export const unmounted = (inode: Inode): void => {
  notifyInode(inode, EVENT.UNMOUNT);
  dropMarks(inode);
};
