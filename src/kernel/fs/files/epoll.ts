// An epoll instance: a set of files and the events of interest. man 7 epoll; Linux fs/eventpoll.c.
import { E } from "../../../abi/errno.ts";
import { O_RDWR } from "../../../abi/uapi/fcntl.ts";
import { sizes } from "../../base/sizes.ts";
import { type Sleeper, WaitQueue } from "../../base/wait.ts";
import type { Task } from "../../core/task.ts";
import type { Path } from "../vfs/dentry.ts";
import { FileDescription, POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDNORM } from "../vfs/file.ts";
import { depthAbove, depthBelow, reaches, tooManyPaths } from "./epoll-graph.ts";

/** Operations of epoll_ctl(2). */
export const EPOLL_CTL = { ADD: 1, DEL: 2, MOD: 3 } as const;
/** Only one of several exclusive waiters is woken. It cannot be modified. */
export const EPOLLEXCLUSIVE = 2 ** 28;
const EPOLLONESHOT = 2 ** 30;
const EPOLLET = 0x80000000;
/** The flags that are not events. Linux EP_PRIVATE_BITS. */
const PRIVATE = 0xf0000000;

/** The greatest nesting of epoll instances: five levels. Linux EP_MAX_NESTS. */
const MAX_NESTS = 4;

type Data = readonly [number, number];

/**
 * One file in the set. It always sleeps on the file's queues, to record events since the last report. Linux
 * struct epitem.
 */
export class EpollItem implements Sleeper {
  readonly ep: EpollFile;
  readonly fd: number;
  readonly file: FileDescription;
  events: number;
  data: Data;
  constructor(ep: EpollFile, fd: number, file: FileDescription, events: number, data: Data) {
    this.ep = ep;
    this.fd = fd;
    this.file = file;
    this.events = events | POLLERR | POLLHUP;
    this.data = data;
    this._listen(true);
    file.watchers ??= new Set();
    file.watchers.add(this);
  }
  private _listen(on: boolean): void {
    for (const queue of this.file.queues(POLLIN | POLLOUT)) {
      if (on) queue.sleepers.add(this);
      else queue.sleepers.delete(this);
    }
  }
  get exclusive(): boolean {
    return (this.events & EPOLLEXCLUSIVE) !== 0;
  }
  /** True if a waiter of the instance is woken. Linux ep_poll_callback(). */
  wake(): boolean {
    if (this.disabled) return false;
    const { isAwaited } = this.ep.queue;
    this.ep.happened(this);
    return isAwaited;
  }
  end(): void {
    this._listen(false);
    this.file.watchers?.delete(this);
  }
  /** Watcher: the last reference of the file was closed, which removes it from the set. */
  closed(): void {
    this.ep.forget(this);
  }
  get disabled(): boolean {
    return (this.events & ~PRIVATE) === 0;
  }
  /** The events of interest that hold now. */
  now(task: Task): number {
    return this.disabled ? 0 : this.file.poll(task) & (this.events & ~PRIVATE);
  }
}

/** An epoll file description. */
export class EpollFile extends FileDescription {
  readonly queue = new WaitQueue();
  /** Items by file and descriptor: a duplicate of a descriptor is another item. */
  private readonly _items = new Map<FileDescription, Map<number, EpollItem>>();
  /**
   * Items that may be ready, in the order of their reports. Other items are not ready: their queues wake
   * them.
   */
  private readonly _ready = new Set<EpollItem>();

  constructor(path: Path) {
    super(path.dentry.inode, O_RDWR, path);
  }

  private _find(fd: number, file: FileDescription): EpollItem | undefined {
    return this._items.get(file)?.get(fd);
  }
  private *_all(): Generator<EpollItem> {
    for (const items of this._items.values()) yield* items.values();
  }
  /** The files in the set. */
  get inside(): Iterable<FileDescription> {
    return this._items.keys();
  }

  /** EPOLL_CTL_ADD: 0 or -errno. Linux ep_insert(). */
  add(task: Task, fd: number, file: FileDescription, events: number, data: Data): number {
    if (this._find(fd, file)) return -E.EEXIST;
    if (!this.inode.fs.account.take(sizes.epollItem)) return -E.ENOMEM;
    const item = new EpollItem(this, fd, file, events, data);
    const items = this._items.get(file);
    if (items === undefined) this._items.set(file, new Map([[fd, item]]));
    else items.set(fd, item);
    // Only nested instances have paths to count.
    if ((file instanceof EpollFile || (this.watchers?.size ?? 0) > 0) && tooManyPaths(file)) {
      this.forget(item);
      return -E.EINVAL;
    }
    if (item.now(task) !== 0) this.happened(item);
    return 0;
  }
  /** EPOLL_CTL_MOD: 0 or -errno. */
  modify(task: Task, fd: number, file: FileDescription, events: number, data: Data): number {
    const item = this._find(fd, file);
    if (!item) return -E.ENOENT;
    if (item.events & EPOLLEXCLUSIVE) return -E.EINVAL;
    item.events = events | POLLERR | POLLHUP;
    item.data = data;
    if (item.now(task) !== 0) this.happened(item);
    return 0;
  }
  /** EPOLL_CTL_DEL: 0 or -errno. */
  remove(fd: number, file: FileDescription): number {
    const item = this._find(fd, file);
    if (!item) return -E.ENOENT;
    this.forget(item);
    return 0;
  }
  private _endItem(item: EpollItem): void {
    item.end();
    this.inode.fs.account.give(sizes.epollItem);
  }
  forget(item: EpollItem): void {
    this._endItem(item);
    this._ready.delete(item);
    const items = this._items.get(item.file);
    items?.delete(item.fd);
    if (items?.size === 0) this._items.delete(item.file);
  }
  /** Called when an item may be ready. */
  happened(item: EpollItem): void {
    this._ready.add(item);
    this.queue.wake();
  }

  /**
   * Reports up to `max` ready items. Items that remain ready move to the end, for fairness. Linux
   * ep_send_events().
   */
  collect(task: Task, max: number): { events: number; data: Data }[] {
    const out: { events: number; data: Data }[] = [];
    const again: EpollItem[] = [];
    for (const item of this._ready) {
      if (out.length === max) break;
      this._ready.delete(item);
      const events = item.now(task);
      if (events === 0) continue;
      out.push({ events, data: item.data });
      if (item.events & EPOLLONESHOT) item.events &= PRIVATE;
      else if ((item.events & EPOLLET) === 0) again.push(item);
    }
    for (const item of again) this._ready.add(item);
    return out;
  }
  /** True if `inner` may be added: no cycle and not too deep. Linux ep_loop_check(). */
  mayHold(inner: EpollFile): boolean {
    if (reaches(inner, this)) return false;
    return depthBelow(inner) + 1 + depthAbove(this) <= MAX_NESTS;
  }

  /**
   * Items that are not ready leave the ready list until their file wakes them. Linux __ep_eventpoll_poll().
   */
  override poll(task: Task): number {
    for (const item of this._ready) {
      if (item.now(task) !== 0) return POLLIN | POLLRDNORM;
      this._ready.delete(item);
    }
    return 0;
  }
  override queues(): readonly WaitQueue[] {
    return [this.queue];
  }
  override release(): void {
    for (const item of this._all()) this._endItem(item);
    this._items.clear();
    this._ready.clear();
  }
  /** Linux ep_show_fdinfo(). */
  override info(): string {
    return Array.from(this._all(), ({ fd, file, events, data }) => {
      const hex = (n: number | bigint, width = 0): string => n.toString(16).padStart(width);
      const { ino, fs } = file.inode;
      const target = `pos:${file.offset} ino:${hex(ino)} sdev:${hex(fs.dev)}`;
      return `tfd: ${String(fd).padStart(8)} events: ${hex(events >>> 0, 8)} data: ${hex(data[0], 16)}  ${target}\n`;
    }).join("");
  }
}
