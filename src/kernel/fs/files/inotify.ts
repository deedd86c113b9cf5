// An inotify instance: watches on inodes, and a queue of their events. man 7 inotify; Linux
// fs/notify/inotify.
import { E } from "../../../abi/errno.ts";
import { asBytes } from "../../base/byte-string.ts";
import { Fifo } from "../../base/fifo.ts";
import { sizes } from "../../base/sizes.ts";
import { WaitQueue } from "../../base/wait.ts";
import type { Kernel } from "../../core/kernel.ts";
import type { Task } from "../../core/task.ts";
import type { Path } from "../vfs/dentry.ts";
import { FileDescription, POLLIN, POLLRDNORM } from "../vfs/file.ts";
import type { Inode, Or } from "../vfs/inode.ts";
import { EVENT, type FileEvent, type InodeMark } from "../vfs/notify.ts";
import { inotifyOf } from "./watch-limits.ts";

/** Flags of inotify_add_watch(2), and bits that only events have. */
// biome-ignore format: table
export const IN = {
  ONLYDIR: 0x0100_0000, DONT_FOLLOW: 0x0200_0000, EXCL_UNLINK: 0x0400_0000, MASK_CREATE: 0x1000_0000, MASK_ADD: 0x2000_0000,
  ONESHOT: 0x8000_0000, Q_OVERFLOW: 0x4000, IGNORED: 0x8000, ALL_EVENTS: 0xfff,
} as const;

/** sizeof(struct inotify_event); a name is padded to a multiple of it. */
const EVENT_SIZE = 16;
/** The bits of a watch that /proc/PID/fdinfo shows. */
const SHOWN = IN.ALL_EVENTS | IN.EXCL_UNLINK | IN.ONESHOT;
/** The greatest watch descriptor: INT_MAX. */
const WD_END = 2 ** 31;

interface Queued {
  readonly wd: number;
  readonly mask: number;
  readonly cookie: number;
  readonly name: string;
}
const sizeOf = ({ name }: Queued): number =>
  name === "" ? EVENT_SIZE : EVENT_SIZE + Math.ceil((name.length + 1) / EVENT_SIZE) * EVENT_SIZE;
const charge = ({ name }: Queued): number => sizes.fileEvent + name.length;

/** One watch. Linux struct inotify_inode_mark. */
export class InotifyWatch implements InodeMark {
  readonly file: InotifyFile;
  readonly wd: number;
  readonly inode: Inode;
  /** Events and flags, as the caller gave them. */
  mask: number;
  constructor(file: InotifyFile, wd: number, inode: Inode, mask: number) {
    this.file = file;
    this.wd = wd;
    this.inode = inode;
    this.mask = mask;
  }
  happened({ mask, cookie, name, unlinked }: FileEvent): void {
    if (mask !== EVENT.UNMOUNT && (mask & this.mask & IN.ALL_EVENTS) === 0 && (mask & EVENT.UNMOUNT) === 0) return;
    if (unlinked && name !== undefined && (this.mask & IN.EXCL_UNLINK) !== 0) return;
    // The end of a directory and its move do not say that it is one.
    const self = name === undefined && (mask & (EVENT.DELETE_SELF | EVENT.MOVE_SELF)) !== 0;
    this.file.queue({ wd: this.wd, mask: self ? mask & ~EVENT.ISDIR : mask, cookie, name: name ?? "" });
    if ((this.mask & IN.ONESHOT) !== 0) this.file.remove(this);
  }
  gone(): void {
    this.file.forget(this);
  }
}

/** The file description of inotify_init(2). */
export class InotifyFile extends FileDescription {
  private readonly _kernel: Kernel;
  private readonly _uid: number;
  private readonly _watches = new Map<number, InotifyWatch>();
  private readonly _byInode = new Map<Inode, InotifyWatch>();
  private readonly _events = new Fifo<Queued>();
  private readonly _arrivals = new WaitQueue();
  private _lastWd = 0;
  /** The bytes of all queued events, as read(2) returns them. */
  private _waitingBytes = 0;
  private _overflown = false;

  constructor(task: Task, path: Path, flags: number) {
    super(path.dentry.inode, flags, path);
    this._kernel = task.kernel;
    this._uid = task.cred.uid;
    inotifyOf(this._kernel).files.add(this);
  }
  override get waitingBytes(): number {
    return this._waitingBytes;
  }
  /** The watched inodes. */
  get inodes(): Iterable<Inode> {
    return this._byInode.keys();
  }

  /** inotify_add_watch(2): the watch descriptor or -errno. Linux inotify_update_watch(). */
  watch(inode: Inode, mask: number): number {
    const present = this._byInode.get(inode);
    if (present) {
      if ((mask & IN.MASK_CREATE) !== 0) return -E.EEXIST;
      present.mask = ((mask & IN.MASK_ADD) !== 0 ? present.mask | mask : mask) & ~IN.MASK_ADD;
      return present.wd;
    }
    const { frames } = this._kernel;
    const inotify = inotifyOf(this._kernel);
    if (!inotify.take("watches", this._uid)) return -E.ENOSPC;
    if (!frames.account.take(sizes.watch)) {
      inotify.give("watches", this._uid);
      return -E.ENOMEM;
    }
    do this._lastWd = this._lastWd + 1 === WD_END ? 1 : this._lastWd + 1;
    while (this._watches.has(this._lastWd));
    const watch = new InotifyWatch(this, this._lastWd, inode, mask & ~IN.MASK_ADD);
    this._watches.set(watch.wd, watch);
    this._byInode.set(inode, watch);
    inode.marks ??= new Set();
    inode.marks.add(watch);
    return watch.wd;
  }
  /** inotify_rm_watch(2): 0 or -EINVAL. */
  unwatch(wd: number): number {
    const watch = this._watches.get(wd);
    if (!watch) return -E.EINVAL;
    this.remove(watch);
    return 0;
  }
  /** Ends a watch, with an IN_IGNORED event. */
  remove(watch: InotifyWatch): void {
    const { inode } = watch;
    inode.marks?.delete(watch);
    if (inode.marks?.size === 0) inode.marks = undefined;
    this.forget(watch);
  }
  /** Ends a watch that is not in its inode any more. */
  forget(watch: InotifyWatch): void {
    if (!this._watches.delete(watch.wd)) return;
    this._byInode.delete(watch.inode);
    inotifyOf(this._kernel).give("watches", this._uid);
    this._kernel.frames.account.give(sizes.watch);
    this.queue({ wd: watch.wd, mask: IN.IGNORED, cookie: 0, name: "" });
  }

  /** Adds an event, unless it equals the last one or the queue is full. Linux fsnotify_insert_event(). */
  queue(event: Queued): void {
    const last = this._events.last();
    if (last && last.mask !== IN.IGNORED && last.mask === event.mask && last.wd === event.wd && last.name === event.name) return;
    if (this._events.length >= inotifyOf(this._kernel).events || !this._kernel.frames.account.take(charge(event))) {
      if (this._overflown) return;
      this._overflown = true;
      this._push({ wd: -1, mask: IN.Q_OVERFLOW, cookie: 0, name: "" });
      return;
    }
    this._push(event);
  }
  private _push(event: Queued): void {
    this._events.push(event);
    this._waitingBytes += sizeOf(event);
    this._arrivals.wake();
  }
  private _shift(): Queued {
    const event = this._events.shift() as Queued;
    this._waitingBytes -= sizeOf(event);
    if (event.mask === IN.Q_OVERFLOW) this._overflown = false;
    else this._kernel.frames.account.give(charge(event));
    return event;
  }

  /** As many events as fit. Linux inotify_read(). */
  override read(_task: Task, n: number): Or<Uint8Array> {
    const first = this._events.at(0);
    if (!first) return -E.EAGAIN;
    if (sizeOf(first) > n) return -E.EINVAL;
    let length = 0;
    let count = 0;
    for (const event of this._events) {
      if (length + sizeOf(event) > n) break;
      length += sizeOf(event);
      count++;
    }
    const out = new Uint8Array(length);
    const view = new DataView(out.buffer);
    for (let at = 0; count > 0; count--) {
      const event = this._shift();
      view.setInt32(at, event.wd, true);
      view.setUint32(at + 4, event.mask, true);
      view.setUint32(at + 8, event.cookie, true);
      view.setUint32(at + 12, sizeOf(event) - EVENT_SIZE, true);
      out.set(asBytes(event.name), at + EVENT_SIZE);
      at += sizeOf(event);
    }
    return out;
  }
  /** Accepted without effect. Linux noop_llseek(). */
  override seek(): number {
    return 0;
  }
  override poll(): number {
    return this._events.length > 0 ? POLLIN | POLLRDNORM : 0;
  }
  override queues(): readonly WaitQueue[] {
    return [this._arrivals];
  }
  override info(): string {
    const hex = (n: number): string => n.toString(16);
    return Array.from(
      this._watches.values(),
      ({ wd, inode, mask }) =>
        `inotify wd:${hex(wd)} ino:${hex(inode.ino)} sdev:${hex(inode.fs.dev)} mask:${hex((mask & SHOWN) >>> 0)} ignored_mask:0\n`,
    ).join("");
  }
  override release(): void {
    for (const watch of [...this._watches.values()]) this.remove(watch);
    while (this._events.length > 0) this._shift();
    inotifyOf(this._kernel).files.delete(this);
    inotifyOf(this._kernel).give("instances", this._uid);
  }
}
