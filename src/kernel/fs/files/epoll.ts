// An epoll instance: a set of files with the events that somebody wants of them. man 7 epoll; Linux fs/eventpoll.c.
import { E } from "../../../abi/errno.ts";
import { sizes } from "../../base/sizes.ts";
import { type Sleeper, WaitQueue } from "../../base/wait.ts";
import type { Task } from "../../task/task.ts";
import type { Path } from "../vfs/dentry.ts";
import { FileDescription, POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDNORM } from "../vfs/file.ts";
import { O_RDWR } from "../vfs/open-flags.ts";
import { depthAbove, depthBelow, reaches, tooManyPaths } from "./epoll-graph.ts";

export const EPOLL_CTL = { ADD: 1, DEL: 2, MOD: 3 } as const;
export const EPOLLEXCLUSIVE = 2 ** 28;
const EPOLLONESHOT = 2 ** 30;
const EPOLLET = 0x80000000;
/** Flags that are no events. */
const PRIVATE = 0xf0000000;

/** Sets of epoll instances stand in at most five levels. Linux EP_MAX_NESTS. */
const MAX_NESTS = 4;

type Data = readonly [number, number];

/** One file in the set. It sleeps on the file's queues all the time, to know what has happened since it was last reported. */
class Item implements Sleeper {
  readonly ep: EpollFile;
  readonly fd: number;
  readonly file: FileDescription;
  events: number;
  data: Data;
  constructor(ep: EpollFile, fd: number, file: FileDescription, events: number, data: Data) {
    this.ep = ep;
    this.fd = fd;
    this.file = file;
    this.events = events;
    this.data = data;
    this.#listen(true);
    file.watchers ??= new Set();
    file.watchers.add(this);
  }
  #listen(on: boolean): void {
    for (const queue of this.file.queues(POLLIN | POLLOUT)) {
      if (on) queue.sleepers.add(this);
      else queue.sleepers.delete(this);
    }
  }
  /** ep_poll_callback. */
  wake(): void {
    if (this.disabled) return;
    this.ep.happened(this);
  }
  end(): void {
    this.#listen(false);
    this.file.watchers?.delete(this);
  }
  /** Watcher: the file is closed for good, and leaves the set by itself. */
  closed(): void {
    this.ep.forget(this);
  }
  get disabled(): boolean {
    return (this.events & ~PRIVATE) === 0;
  }
  now(task: Task): number {
    return this.disabled ? 0 : this.file.poll(task) & ((this.events & ~PRIVATE) | POLLERR | POLLHUP);
  }
}

export class EpollFile extends FileDescription {
  readonly queue = new WaitQueue();
  /** By file and descriptor: a duplicate of a descriptor is another item. */
  readonly #items = new Map<FileDescription, Map<number, Item>>();
  /** Items to look at, in the order in which they will be reported. The others are known not to be ready: their queues tell. */
  readonly #ready = new Set<Item>();

  constructor(path: Path) {
    super(path.dentry.inode, O_RDWR, path);
  }

  #find(fd: number, file: FileDescription): Item | undefined {
    return this.#items.get(file)?.get(fd);
  }
  *#all(): Generator<Item> {
    for (const items of this.#items.values()) yield* items.values();
  }
  /** The files in the set. */
  get inside(): Iterable<FileDescription> {
    return this.#items.keys();
  }

  add(task: Task, fd: number, file: FileDescription, events: number, data: Data): number {
    if (this.#find(fd, file)) return -E.EEXIST;
    if (!this.inode.fs.account.take(sizes.epollItem)) return -E.ENOMEM;
    const item = new Item(this, fd, file, events, data);
    const items = this.#items.get(file);
    if (items === undefined) this.#items.set(file, new Map([[fd, item]]));
    else items.set(fd, item);
    // Only graphs have paths to be counted.
    if ((file instanceof EpollFile || (this.watchers?.size ?? 0) > 0) && tooManyPaths(file)) {
      this.forget(item);
      return -E.EINVAL;
    }
    if (item.now(task) !== 0) this.happened(item);
    return 0;
  }
  modify(task: Task, fd: number, file: FileDescription, events: number, data: Data): number {
    const item = this.#find(fd, file);
    if (!item) return -E.ENOENT;
    if (item.events & EPOLLEXCLUSIVE) return -E.EINVAL;
    item.events = events;
    item.data = data;
    if (item.now(task) !== 0) this.happened(item);
    return 0;
  }
  remove(fd: number, file: FileDescription): number {
    const item = this.#find(fd, file);
    if (!item) return -E.ENOENT;
    this.forget(item);
    return 0;
  }
  #end(item: Item): void {
    item.end();
    this.inode.fs.account.give(sizes.epollItem);
  }
  forget(item: Item): void {
    this.#end(item);
    this.#ready.delete(item);
    const items = this.#items.get(item.file);
    items?.delete(item.fd);
    if (items?.size === 0) this.#items.delete(item.file);
  }
  /** An item may be ready. */
  happened(item: Item): void {
    this.#ready.add(item);
    this.queue.wake();
  }

  /** Up to `max` ready items; those that stay ready go to the end of the line, so that all get their turn. Linux ep_send_events(). */
  collect(task: Task, max: number): { events: number; data: Data }[] {
    const out: { events: number; data: Data }[] = [];
    const again: Item[] = [];
    for (const item of this.#ready) {
      if (out.length === max) break;
      this.#ready.delete(item);
      const events = item.now(task);
      if (events === 0) continue;
      out.push({ events, data: item.data });
      if (item.events & EPOLLONESHOT) item.events &= PRIVATE;
      else if ((item.events & EPOLLET) === 0) again.push(item);
    }
    for (const item of again) this.#ready.add(item);
    return out;
  }
  /** May `inner` be added? Linux ep_loop_check(). */
  mayHold(inner: EpollFile): boolean {
    if (reaches(inner, this)) return false;
    return depthBelow(inner) + 1 + depthAbove(this) <= MAX_NESTS;
  }

  /** What is found not to be ready is not looked at again until its file tells. Linux __ep_eventpoll_poll(). */
  override poll(task: Task): number {
    for (const item of this.#ready) {
      if (item.now(task) !== 0) return POLLIN | POLLRDNORM;
      this.#ready.delete(item);
    }
    return 0;
  }
  override queues(): readonly WaitQueue[] {
    return [this.queue];
  }
  override release(): void {
    for (const item of this.#all()) this.#end(item);
    this.#items.clear();
    this.#ready.clear();
  }
  override info(): string {
    return Array.from(
      this.#all(),
      (i) =>
        `tfd: ${String(i.fd).padStart(8)} events: ${(i.events >>> 0).toString(16).padStart(8)} data: ${i.data[0].toString(16).padStart(16)}\n`,
    ).join("");
  }
}
