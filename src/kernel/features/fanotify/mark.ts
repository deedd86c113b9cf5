// A mark of fanotify: an object with masks of events that its group wants or ignores. Linux
// include/linux/fsnotify_backend.h fsnotify_mask_applicable(), fsnotify_effective_ignore_mask().
import { FAN, MASK_FLAGS } from "../../../abi/uapi/fanotify.ts";
import type { FileSystem, Inode } from "../../fs/vfs/inode.ts";
import type { Mount } from "../../fs/vfs/mount.ts";
import type { MarkPlace, WideMark } from "../../fs/vfs/notify.ts";
import type { FanotifyFile } from "./group.ts";

/** The object of a mark: an inode, a mount, or a file system. */
export type Marked = Inode | Mount | FileSystem;

/** A mark of one group on one object. */
export class FanotifyMark implements WideMark {
  readonly group: FanotifyFile;
  readonly object: Marked;
  readonly mount: Mount | undefined;
  mask = 0;
  ignored = 0;
  /** FAN_MARK_IGNORE: the ignore mask has flags of its own. */
  ignoresByFlags = false;
  /** The ignore mask stays after a modification of the file. */
  survives = false;
  evictable = false;

  constructor(group: FanotifyFile, object: Marked, mount: Mount | undefined) {
    this.group = group;
    this.object = object;
    this.mount = mount;
  }
  /** Events reach it as `GroupEvent`. */
  happened(): void {}
  gone(): void {
    this.group.forget(this);
  }
  /** The events that it wants at this place. */
  wanted(place: MarkPlace, isDir: boolean): number {
    return applies(this.mask, place, isDir) ? this.mask : 0;
  }
  /** The events that it ignores there. */
  ignores(place: MarkPlace, isDir: boolean): number {
    const legacy = FAN.ONDIR | (this.mask & FAN.EVENT_ON_CHILD);
    const mask = this.ignoresByFlags ? this.ignored : this.ignored | legacy;
    return applies(mask, place, isDir) ? mask & ~MASK_FLAGS : 0;
  }
  /** FAN_MARK_* as /proc/PID/fdinfo shows them. Linux fanotify_mark_user_flags(). */
  get shownFlags(): number {
    return (this.survives ? 0x40 : 0) | (this.evictable ? 0x200 : 0) | (this.ignoresByFlags ? 0x400 : 0);
  }
}
const applies = (mask: number, place: MarkPlace, isDir: boolean): boolean =>
  !(isDir && (mask & FAN.ONDIR) === 0) && !(place === "child" && (mask & FAN.EVENT_ON_CHILD) === 0);
