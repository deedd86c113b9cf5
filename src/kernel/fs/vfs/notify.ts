// Events of files for their watchers: the hooks of open, read, write, close, names and attributes. man 7
// inotify; Linux include/linux/fsnotify.h, fs/notify/fsnotify.c.
import { E } from "../../../abi/errno.ts";
import type { Waited } from "../../base/wait.ts";
import { type Wait, type WaitQueue, wait } from "../../base/wait.ts";
import type { Task } from "../../core/task.ts";
import type { Dentry, Path } from "./dentry.ts";
import type { FileDescription } from "./file.ts";
import type { Inode } from "./inode.ts";
import type { Mount } from "./mount.ts";

/** Events as bits, one at a time, and properties of an event. Linux uapi linux/inotify.h IN_*. */
// biome-ignore format: table
export const EVENT = {
  ACCESS: 0x1, MODIFY: 0x2, ATTRIB: 0x4, CLOSE_WRITE: 0x8, CLOSE_NOWRITE: 0x10, OPEN: 0x20, MOVED_FROM: 0x40, MOVED_TO: 0x80,
  CREATE: 0x100, DELETE: 0x200, DELETE_SELF: 0x400, MOVE_SELF: 0x800,
  OPEN_EXEC: 0x1000, RENAME: 0x1000_0000, OPEN_PERM: 0x1_0000, ACCESS_PERM: 0x2_0000, OPEN_EXEC_PERM: 0x4_0000,
  UNMOUNT: 0x2000, ISDIR: 0x4000_0000,
  // Not of inotify: a rename inside one directory, for DN_RENAME.
  RENAMED_WITHIN: 0x10_0000,
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
export interface InodeMark {
  /** Its group gets one event for all its marks, by `GroupEvent`: fanotify. */
  readonly group?: MarkGroup;
  happened(event: FileEvent): void;
  /** The inode has ended, or its file system was unmounted. The mark is already removed from it. */
  gone(): void;
}

/** An event as fanotify sees it. */
export interface GroupEvent {
  readonly mask: number;
  /** The event's file, and its directory and name if they are known. */
  readonly inode: Inode;
  readonly dir: Dentry | undefined;
  readonly name: string | undefined;
  /** The way by which the file was opened. */
  readonly path: Path | undefined;
  /** The new place of a renamed file. */
  readonly target?: { readonly dir: Dentry; readonly name: string };
}
/**
 * The object that a mark is on: the file, its directory, its mount or file system, or the target directory of
 * a move.
 */
export type MarkPlace = "inode" | "child" | "wide" | "target";
/** A mark that an event concerns, and the object that the mark is on. */
export interface Hit {
  readonly mark: InodeMark;
  readonly place: MarkPlace;
}
/** A group of marks. Linux struct fsnotify_group. */
export interface MarkGroup {
  /** Groups with a higher class are asked first. */
  readonly order: number;
  told(hits: readonly Hit[], event: GroupEvent): void;
  /** Asks for a permission. Undefined: the group's marks do not ask. */
  ask(hits: readonly Hit[], event: GroupEvent): Question | undefined;
}
/** A permission event. */
export interface Question {
  readonly answered: WaitQueue;
  /** Undefined: no answer yet. */
  readonly denied: boolean | undefined;
  cancel(): void;
}
/** A mark of a mount, or (no mount) of its whole file system. */
export interface WideMark extends InodeMark {
  readonly mount: Mount | undefined;
}

/** The marks of groups that an event reaches. */
const hitsOf = (event: GroupEvent, child: boolean): Map<MarkGroup, Hit[]> => {
  const groups = new Map<MarkGroup, Hit[]>();
  const add = (marks: Iterable<InodeMark> | undefined, place: MarkPlace): void => {
    for (const mark of marks ?? []) {
      if (!mark.group) continue;
      const hits = groups.get(mark.group);
      if (hits) hits.push({ mark, place });
      else groups.set(mark.group, [{ mark, place }]);
    }
  };
  const { inode, dir, path, target } = event;
  const isOfName = dir !== undefined && !child;
  if (child && dir) add(dir.inode.marks, "child");
  add(isOfName ? dir.inode.marks : inode.marks, "inode");
  if (target) add(target.dir.inode.marks, "target");
  for (const mark of inode.fs.wide ?? []) if (!mark.mount || mark.mount === path?.mount) add([mark], "wide");
  return groups;
};
const tellGroups = (event: GroupEvent, child: boolean): void => {
  for (const [group, hits] of hitsOf(event, child)) group.told(hits, event);
};

/** Events of inotify. */
const ALL_INOTIFY = 0xfff | EVENT.UNMOUNT | EVENT.ISDIR | EVENT.RENAMED_WITHIN;
const tell = (inode: Inode, seen: FileEvent): void => {
  const event = seen.mask & ~ALL_INOTIFY ? { ...seen, mask: seen.mask & ALL_INOTIFY } : seen;
  if (inode.marks) for (const mark of [...inode.marks]) mark.happened(event);
};
const bits = (inode: Inode, mask: number): number => (inode.isDir ? mask | EVENT.ISDIR : mask);

/** True if an event of the file has a watcher. */
export const isWatched = ({ inode, parent }: Dentry): boolean =>
  inode.marks !== undefined || parent.inode.marks !== undefined || inode.fs.wide !== undefined;

/** An event of a file that was reached by a name: its directory and itself. Linux fsnotify_dentry(). */
export const notifyDentry = (dentry: Dentry, mask: number, path?: Path): void => {
  if (!isWatched(dentry)) return;
  const { inode, parent } = dentry;
  const seen = bits(inode, mask);
  const dir = parent === dentry ? undefined : parent;
  tellGroups({ mask: seen, inode, dir, name: dentry.name, path }, true);
  if (dir) tell(dir.inode, { mask: seen, cookie: 0, name: dentry.name, unlinked: dentry.deleted });
  tell(inode, { mask: seen, cookie: 0, name: undefined, unlinked: dentry.deleted });
};
/** An event of an open file. O_PATH descriptors, and those of a watcher, have none. Linux fsnotify_file(). */
export const notifyFile = (file: FileDescription, mask: number): void => {
  if (!file.isPath && !file.isQuiet) notifyDentry(file.path.dentry, mask, file.path);
};
/** An event of an inode alone. Linux fsnotify_inode(). */
export const notifyInode = (inode: Inode, mask: number): void => {
  if (!inode.marks && !inode.fs.wide) return;
  const seen = bits(inode, mask);
  tellGroups({ mask: seen, inode, dir: undefined, name: undefined, path: undefined }, false);
  tell(inode, { mask: seen, cookie: 0, name: undefined, unlinked: false });
};
/** A name begins or ends in a directory. `inode` is its file. Linux fsnotify_name(). */
export const notifyName = (dir: Dentry, mask: number, name: string, inode: Inode, cookie = 0): void => {
  if (!dir.inode.marks && !inode.fs.wide) return;
  const seen = bits(inode, mask);
  tellGroups({ mask: seen, inode, dir, name, path: undefined }, false);
  tell(dir.inode, { mask: seen, cookie, name, unlinked: false });
};
/** A rename of `inode`; `replaced` has lost its name. Linux fsnotify_move(). */
export const notifyMove = (from: Dentry, name: string, to: Dentry, newName: string, inode: Inode, replaced?: Inode): void => {
  const cookie = ++from.inode.fs.clock.fileEvents.renameCookie;
  if (from === to) notifyName(from, EVENT.RENAMED_WITHIN, name, inode);
  if (from.inode.marks || to.inode.marks || inode.fs.wide) {
    const target = { dir: to, name: newName };
    tellGroups({ mask: bits(inode, EVENT.RENAME), inode, dir: from, name, path: undefined, target }, false);
  }
  notifyName(from, EVENT.MOVED_FROM, name, inode, cookie);
  notifyName(to, EVENT.MOVED_TO, newName, inode, cookie);
  if (replaced) notifyInode(replaced, EVENT.ATTRIB);
  notifyInode(inode, EVENT.MOVE_SELF);
};

/** The questions of a call. */
export const permissionsOf = ({ permissions }: Waited): Permissions | undefined => permissions as Permissions | undefined;
/** The questions of one call about files: plain data in the thread's `waited`. */
export interface Permissions {
  /** Files about which all groups have answered. */
  readonly allowed: Set<Dentry>;
  /** The file that the call has made. */
  made?: Dentry;
  asking:
    | {
        readonly dentry: Dentry;
        readonly steps: { readonly group: MarkGroup; ask(): Question | undefined }[];
        question: Question | undefined;
      }
    | undefined;
}
/** Asks all groups, one after the other: 0, -EPERM, or the Wait for an answer. Linux fsnotify_perm(). */
export const askGroups = (task: Task, path: Path, masks: readonly number[]): number | Wait => {
  const { dentry } = path;
  if ((!isWatched(dentry) && !task.waited.permissions) || !(dentry.inode.isFile || dentry.inode.isDir)) return 0;
  const state: Permissions = permissionsOf(task.waited) ?? { allowed: new Set(), asking: undefined };
  task.waited.permissions = state;
  if (state.allowed.has(dentry)) return 0;
  state.asking ??= { dentry, steps: masks.flatMap((mask) => stepsOf(path, mask)), question: undefined };
  const { asking } = state;
  for (;;) {
    const { question } = asking;
    if (question) {
      if (question.denied === undefined) {
        return wait([question.answered], { killable: true });
      }
      asking.question = undefined;
      if (question.denied) {
        state.asking = undefined;
        return -E.EPERM;
      }
    }
    const next = asking.steps.shift();
    if (!next) break;
    asking.question = next.ask();
  }
  state.asking = undefined;
  state.allowed.add(dentry);
  return 0;
};
const stepsOf = (path: Path, mask: number) => {
  const { dentry } = path;
  const { inode, parent } = dentry;
  const event = { mask: bits(inode, mask), inode, dir: parent === dentry ? undefined : parent, name: dentry.name, path };
  const groups = [...hitsOf(event, true)].sort(([a], [b]) => b.order - a.order);
  return groups.map(([group, hits]) => ({ group, ask: () => group.ask(hits, event) }));
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
/**
 * The inode has lost a name. It ends if that was its last one and no file is open. Linux
 * fsnotify_inoderemove().
 */
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
