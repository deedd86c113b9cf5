// Limits of the instances of inotify and fanotify, and the inodes that they watch. man 7 inotify.
import { Part } from "../../base/part.ts";
import type { Kernel } from "../../core/kernel.ts";
import type { FileSystem, Inode } from "../vfs/inode.ts";

/** An instance, as the end of a file system sees it. */
interface Watching {
  readonly inodes: Iterable<Inode>;
}
/** The limits of /proc/sys/fs/inotify or fanotify, the number of objects of each user, and all instances. */
export class WatchLimits {
  readonly files = new Set<Watching>();
  instances = 128;
  watches = 8192;
  events = 16384;
  private readonly _used = new Map<string, number>();
  /** Counts an object of a user: false if there would be more than `most`. */
  take(kind: "instances" | "watches", uid: number): boolean {
    const used = this._used.get(`${kind} ${uid}`) ?? 0;
    if (used >= this[kind]) return false;
    this._used.set(`${kind} ${uid}`, used + 1);
    return true;
  }
  give(kind: "instances" | "watches", uid: number): void {
    const used = (this._used.get(`${kind} ${uid}`) ?? 1) - 1;
    if (used === 0) this._used.delete(`${kind} ${uid}`);
    else this._used.set(`${kind} ${uid}`, used);
  }
}

/** A file system has no mount any more: its watched inodes. */
export const watchedOn = (limits: WatchLimits, fs: FileSystem): Set<Inode> =>
  new Set([...limits.files].flatMap((file) => [...file.inodes].filter((inode) => inode.fs === fs)));

const watchersPart = new Part<Kernel, Set<WatchLimits>>("watches of inodes");
/** The limits and instances of all that watches inodes. */
export const watchersOf = (kernel: Kernel): Set<WatchLimits> => watchersPart.make(kernel, () => new Set());
/** New limits among them, as a part of the kernel. */
export const watchPart = (key: string): ((kernel: Kernel) => WatchLimits) => {
  const part = new Part<Kernel, WatchLimits>(key);
  return (kernel) =>
    part.make(kernel, () => {
      const limits = new WatchLimits();
      watchersOf(kernel).add(limits);
      return limits;
    });
};
/** The limits of inotify. */
export const inotifyOf = watchPart("inotify");
