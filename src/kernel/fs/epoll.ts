// An epoll instance: a set of files with the events that somebody wants of them. man 7 epoll; Linux fs/eventpoll.c.
import { E } from "../../abi/errno.ts";
import { sizes } from "../sizes.ts";
import type { Task } from "../task.ts";
import { type Sleeper, WaitQueue } from "../wait.ts";
import type { Path } from "./dentry.ts";
import { FileDescription, POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDNORM } from "./file.ts";
import { O_RDWR } from "./open-flags.ts";

export const EPOLL_CTL = { ADD: 1, DEL: 2, MOD: 3 } as const;
export const EPOLLEXCLUSIVE = 2 ** 28;
const EPOLLONESHOT = 2 ** 30;
const EPOLLET = 0x80000000;
/** Flags that are no events. */
const PRIVATE = 0xf0000000;

const MAX_NESTS = 5;

type Data = readonly [number, number];

/** One file in the set. It sleeps on the file's queues all the time, to know what has happened since it was last reported. */
class Item implements Sleeper {
  readonly ep: EpollFile;
  readonly fd: number;
  readonly file: FileDescription;
  events: number;
  data: Data;
  /** Something happened since the last report; level-triggered items are looked at as long as they are ready. */
  candidate = true;
  constructor(ep: EpollFile, fd: number, file: FileDescription, events: number, data: Data) {
    this.ep = ep;
    this.fd = fd;
    this.file = file;
    this.events = events;
    this.data = data;
    this.#listen(true);
  }
  #listen(on: boolean): void {
    for (const queue of this.file.queues(POLLIN | POLLOUT)) {
      if (on) queue.sleepers.add(this);
      else queue.sleepers.delete(this);
    }
  }
  wake(): void {
    this.candidate = true;
    this.ep.queue.wake();
  }
  end(): void {
    this.#listen(false);
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
  /** In the order in which they will be reported. */
  #items: Item[] = [];

  constructor(path: Path) {
    super(path.dentry.inode, O_RDWR, path);
  }

  /** A file that is closed for good leaves the set by itself. */
  #live(): Item[] {
    for (const item of this.#items) if (item.file.refs === 0) this.#end(item);
    this.#items = this.#items.filter((item) => item.file.refs > 0);
    return this.#items;
  }
  #end(item: Item): void {
    item.end();
    this.inode.fs.account.give(sizes.epollItem);
  }
  #find(fd: number, file: FileDescription): Item | undefined {
    return this.#live().find((i) => i.fd === fd && i.file === file);
  }

  add(task: Task, fd: number, file: FileDescription, events: number, data: Data): number {
    if (this.#find(fd, file)) return -E.EEXIST;
    if (!this.inode.fs.account.take(sizes.epollItem)) return -E.ENOMEM;
    const item = new Item(this, fd, file, events, data);
    this.#items.push(item);
    if (item.now(task) !== 0) this.queue.wake();
    return 0;
  }
  modify(task: Task, fd: number, file: FileDescription, events: number, data: Data): number {
    const item = this.#find(fd, file);
    if (!item) return -E.ENOENT;
    if (item.events & EPOLLEXCLUSIVE) return -E.EINVAL;
    item.events = events;
    item.data = data;
    item.candidate = true;
    if (item.now(task) !== 0) this.queue.wake();
    return 0;
  }
  remove(fd: number, file: FileDescription): number {
    const item = this.#find(fd, file);
    if (!item) return -E.ENOENT;
    this.#end(item);
    this.#items.splice(this.#items.indexOf(item), 1);
    return 0;
  }

  /** Up to `max` ready items; those that stay ready go to the end of the line, so that all get their turn. */
  collect(task: Task, max: number): { events: number; data: Data }[] {
    const out: { events: number; data: Data }[] = [];
    const again: Item[] = [];
    for (const item of this.#live()) {
      if (out.length === max || !item.candidate) continue;
      const events = item.now(task);
      if (events === 0) {
        if (item.events & EPOLLET) item.candidate = false;
        continue;
      }
      out.push({ events, data: item.data });
      again.push(item);
      if (item.events & EPOLLONESHOT) item.events &= PRIVATE;
      else if (item.events & EPOLLET) item.candidate = false;
    }
    this.#items = [...this.#items.filter((i) => !again.includes(i)), ...again];
    return out;
  }
  /** Levels of sets below this one, and above it. Adding must close no circle and stack no more than five. */
  #below(): number {
    return 1 + Math.max(0, ...this.#items.map((i) => (i.file instanceof EpollFile ? i.file.#below() : 0)));
  }
  #above(): number {
    return 1 + Math.max(0, ...[...this.queue.sleepers].map((s) => (s instanceof Item ? s.ep.#above() : 0)));
  }
  /** May `inner` be added? Linux ep_loop_check(), EP_MAX_NESTS. */
  mayHold(inner: EpollFile): boolean {
    return !inner.#reaches(this) && this.#above() + inner.#below() <= MAX_NESTS;
  }
  #reaches(other: EpollFile): boolean {
    return this.#items.some((i) => i.file === other || (i.file instanceof EpollFile && i.file.#reaches(other)));
  }

  override poll(task: Task): number {
    return this.#live().some((i) => i.candidate && i.now(task) !== 0) ? POLLIN | POLLRDNORM : 0;
  }
  override queues(): readonly WaitQueue[] {
    return [this.queue];
  }
  override release(): void {
    for (const item of this.#items) this.#end(item);
    this.#items = [];
  }
  override info(): string {
    return this.#live()
      .map(
        (i) =>
          `tfd: ${String(i.fd).padStart(8)} events: ${(i.events >>> 0).toString(16).padStart(8)} data: ${i.data[0].toString(16).padStart(16)}\n`,
      )
      .join("");
  }
}
