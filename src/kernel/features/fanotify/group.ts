// An instance of fanotify: its marks, its queue of events, and permission events without an answer. man 7
// fanotify; Linux fs/notify/fanotify.
import { E } from "../../../abi/errno.ts";
import { ANSWER, FAN, FIDS, INIT, MASK_FLAGS, NO_FD, PERMISSIONS, PIDFD_ERROR } from "../../../abi/uapi/fanotify.ts";
import { O_RDWR } from "../../../abi/uapi/fcntl.ts";
import { Fifo } from "../../base/fifo.ts";
import { sizes } from "../../base/sizes.ts";
import { WaitQueue } from "../../base/wait.ts";
import type { Kernel } from "../../core/kernel.ts";
import type { Task } from "../../core/task.ts";
import type { Dentry, Path } from "../../fs/vfs/dentry.ts";
import { FileDescription, POLLIN, POLLRDNORM } from "../../fs/vfs/file.ts";
import { FileSystem, Inode, type Or } from "../../fs/vfs/inode.ts";
import { install } from "../../fs/vfs/install.ts";
import type { GroupEvent, Hit, MarkGroup, Question } from "../../fs/vfs/notify.ts";
import { Pidfd } from "../../task/pidfd.ts";
import { eventBytes, eventLength, type FidRecord } from "./event.ts";
import { limitsOf } from "./limits.ts";
import { FanotifyMark, type Marked } from "./mark.ts";
import { PermissionEvent } from "./question.ts";
import { handleText, recordKey, recordsOf } from "./records.ts";

/** O_CLOEXEC of event_f_flags. */
const CLOEXEC = 0x8_0000;

/** An event that waits to be read. */
interface Queued {
  mask: number;
  /** The process, or with FAN_REPORT_TID the thread, by its id in the first pid namespace. */
  readonly pid: number;
  /** The file, held open, if the event has a descriptor. */
  readonly path: Path | undefined;
  readonly records: readonly FidRecord[];
  /** Events with equal keys become one. */
  readonly key: string | undefined;
  readonly question: PermissionEvent | undefined;
}
/** The open file of a group, with its marks and its queue. man 2 fanotify_init. */
export class FanotifyFile extends FileDescription implements MarkGroup {
  readonly kernel: Kernel;
  private readonly _uid: number;
  /** Flags of fanotify_init(2), and of the descriptors of events. */
  readonly how: number;
  readonly eventFlags: number;
  readonly isPrivileged: boolean;
  private readonly _marks = new Map<Marked, FanotifyMark>();
  private _events = new Fifo<Queued>();
  /** Events that can still be merged with, by key. */
  private readonly _mergeable = new Map<string, Queued>();
  private readonly _asked = new Set<PermissionEvent>();
  private readonly _arrivals = new WaitQueue();
  private _overflown = false;

  constructor(task: Task, path: Path, flags: number, how: number, eventFlags: number, isPrivileged: boolean) {
    super(path.dentry.inode, O_RDWR | flags, path);
    this.kernel = task.kernel;
    this._uid = task.cred.euid;
    this.how = how;
    this.eventFlags = eventFlags;
    this.isPrivileged = isPrivileged;
    this.isQuiet = true;
    limitsOf(this.kernel).files.add(this);
  }
  get fids(): number {
    return this.how & FIDS;
  }
  get order(): number {
    return this.how & (INIT.CLASS_CONTENT | INIT.CLASS_PRE_CONTENT);
  }
  get inodes(): Iterable<Inode> {
    return [...this._marks.keys()].filter((object) => object instanceof Inode);
  }

  mark(object: Marked): FanotifyMark | undefined {
    return this._marks.get(object);
  }
  /** A new mark, or -errno. */
  addMark(object: Marked): FanotifyMark | number {
    const { frames } = this.kernel;
    const limits = limitsOf(this.kernel);
    const isCounted = (this.how & INIT.UNLIMITED_MARKS) === 0;
    if (isCounted && !limits.take("watches", this._uid)) return -E.ENOSPC;
    if (!frames.account.take(sizes.watch)) {
      if (isCounted) limits.give("watches", this._uid);
      return -E.ENOMEM;
    }
    const isMount = !(object instanceof Inode || object instanceof FileSystem);
    const mark = new FanotifyMark(this, object, isMount ? object : undefined);
    this._marks.set(object, mark);
    if (object instanceof Inode) (object.marks ??= new Set()).add(mark);
    else {
      const fs = object instanceof FileSystem ? object : object.fs;
      (fs.wide ??= new Set()).add(mark);
    }
    return mark;
  }
  /** Ends a mark. */
  removeMark(mark: FanotifyMark): void {
    const { object } = mark;
    if (object instanceof Inode) {
      object.marks?.delete(mark);
      if (object.marks?.size === 0) object.marks = undefined;
    } else {
      const fs = mark.mount ? mark.mount.fs : (object as FileSystem);
      fs.wide?.delete(mark);
      if (fs.wide?.size === 0) fs.wide = undefined;
    }
    this.forget(mark);
  }
  /** Ends a mark that is not at its object any more. */
  forget(mark: FanotifyMark): void {
    if (!this._marks.delete(mark.object)) return;
    if ((this.how & INIT.UNLIMITED_MARKS) === 0) limitsOf(this.kernel).give("watches", this._uid);
    this.kernel.frames.account.give(sizes.watch);
  }
  /** Ends all marks of a kind. */
  flush(is: (object: Marked) => boolean): void {
    for (const mark of [...this._marks.values()]) if (is(mark.object)) this.removeMark(mark);
  }

  /** The bits of an event that the marks want. Linux fanotify_group_event_mask(). */
  private _wanted(hits: readonly Hit[], { mask, dir, path, inode }: GroupEvent): number {
    const isDir = (mask & FAN.ONDIR) !== 0;
    const { fids } = this;
    if (fids === 0 && (!path || !(inode.isFile || inode.isDir))) return 0;
    if (fids !== 0 && (fids & INIT.REPORT_FID) === 0 && !dir && !isDir) return 0;
    let wanted = 0;
    let ignored = 0;
    for (const { mark, place } of hits as readonly { mark: FanotifyMark; place: Hit["place"] }[]) {
      ignored |= mark.ignores(place, isDir);
      wanted |= mark.wanted(place, isDir);
    }
    const seen = mask & wanted & ~ignored;
    if ((seen & ~MASK_FLAGS) === 0) return 0;
    return fids !== 0 ? seen : seen & ~MASK_FLAGS;
  }
  told(hits: readonly Hit[], event: GroupEvent): void {
    const mask = this._wanted(hits, event);
    if ((event.mask & FAN.MODIFY) !== 0)
      for (const { mark } of hits) if (!(mark as FanotifyMark).survives) (mark as FanotifyMark).ignored = 0;
    if (mask === 0) return;
    const { current } = this.kernel.scheduler;
    const pid = ((this.how & INIT.REPORT_TID) !== 0 ? current?.pid : current?.tgid) ?? 0;
    const records = this.fids === 0 ? [] : recordsOf(this.fids, hits, event, mask);
    const path = this.fids === 0 ? event.path : undefined;
    const key = [pid, mask & (FAN.ONDIR | FAN.RENAME), path ? this._pathKey(path) : records.map(recordKey).join("/")].join(" ");
    const old = this._mergeable.get(key);
    if (old) old.mask |= mask;
    else this._queue({ mask, pid, path, records, key, question: undefined });
  }
  ask(hits: readonly Hit[], event: GroupEvent): Question | undefined {
    const mask = this._wanted(hits, event) & PERMISSIONS;
    const { current } = this.kernel.scheduler;
    if (mask === 0 || !event.path) return undefined;
    const question = new PermissionEvent(this);
    const pid = ((this.how & INIT.REPORT_TID) !== 0 ? current?.pid : current?.tgid) ?? 0;
    this._asked.add(question);
    this._queue({ mask, pid, path: event.path, records: [], key: undefined, question });
    return question;
  }
  private _pathKey({ mount, dentry }: Path): string {
    return `${this.kernel.objectNumber(mount)}:${this.kernel.objectNumber(dentry)}`;
  }
  private _queue(event: Queued): void {
    const { account } = this.kernel.frames;
    const most = (this.how & INIT.UNLIMITED_QUEUE) !== 0 ? Number.POSITIVE_INFINITY : limitsOf(this.kernel).events;
    if ((!event.question && this._events.length >= most) || !account.take(charge(event))) {
      if (event.question) event.question.answer(true);
      else if (!this._overflown) {
        this._overflown = true;
        account.force(charge(OVERFLOW));
        this._events.push(OVERFLOW);
        this._arrivals.wake();
      }
      return;
    }
    if (event.path) holdPath(event.path);
    if (event.key !== undefined) this._mergeable.set(event.key, event);
    this._events.push(event);
    this._arrivals.wake();
  }
  /** The event has left the queue. */
  private _done(event: Queued): void {
    if (event === OVERFLOW) this._overflown = false;
    if (event.key !== undefined) this._mergeable.delete(event.key);
    this.kernel.frames.account.give(charge(event));
    if (event.path) dropPath(event.path);
  }
  /** A call does not wait for its answer any more. */
  withdraw(question: PermissionEvent): void {
    if (question.fd !== undefined) return;
    this._asked.delete(question);
    const kept = new Fifo<Queued>();
    for (const event of this._events) {
      if (event.question === question) this._done(event);
      else kept.push(event);
    }
    this._events = kept;
  }

  /** As many events as fit. Linux fanotify_read(). */
  override read(task: Task, n: number): Or<Uint8Array> {
    const parts: Uint8Array[] = [];
    const hasPidfd = (this.how & INIT.REPORT_PIDFD) !== 0;
    let room = n;
    let error = -E.EAGAIN;
    for (let event = this._events.at(0); event; event = this._events.at(0)) {
      if (eventLength(event.records, hasPidfd) > room) {
        error = -E.EINVAL;
        break;
      }
      this._events.shift();
      const bytes = this._bytes(task, event);
      this._done(event);
      if (typeof bytes === "number") {
        error = bytes;
        break;
      }
      room -= bytes.length;
      parts.push(bytes);
    }
    if (parts.length === 0) return error;
    const out = new Uint8Array(n - room);
    let at = 0;
    for (const part of parts) {
      out.set(part, at);
      at += part.length;
    }
    return out;
  }
  private _bytes(task: Task, event: Queued): Or<Uint8Array> {
    const { path, question, records } = event;
    const reportsError = (this.how & INIT.REPORT_FD_ERROR) !== 0;
    const fd = path && this.isPrivileged ? this._descriptor(task, path) : -E.EBADF;
    if (path && fd < 0 && !reportsError) {
      question?.answer(true);
      return fd;
    }
    if (question) {
      if (fd < 0 || question.cancelled) question.answer(true);
      else question.fd = fd;
    }
    const shown = task.pidNs.numberOf(event.pid);
    const pid = this.isPrivileged || event.pid === task.tgid ? shown : 0;
    return eventBytes({ mask: event.mask, fd: fd >= 0 || reportsError ? fd : NO_FD, pid }, records, this._pidfd(task, event.pid));
  }
  /** A descriptor of an event's file, whose use makes no events. Linux create_fd(). */
  private _descriptor(task: Task, path: Path): number {
    const file = path.dentry.inode.open(task, this.eventFlags & ~CLOEXEC, path);
    if (typeof file === "number") return file;
    if (!(file instanceof FileDescription)) return -E.EAGAIN;
    file.isQuiet = true;
    return install(task, file, (this.eventFlags & CLOEXEC) !== 0);
  }
  private _pidfd(task: Task, pid: number): number | undefined {
    if ((this.how & INIT.REPORT_PIDFD) === 0) return undefined;
    const process = this.kernel.processes.get(pid);
    if (!process || task.pidNs.numberOf(pid) === 0) return (this.how & INIT.REPORT_FD_ERROR) !== 0 ? -E.ESRCH : NO_FD;
    const fd = install(task, new Pidfd(task, process, 0), true);
    return fd < 0 && (this.how & INIT.REPORT_FD_ERROR) === 0 ? PIDFD_ERROR : fd;
  }
  /** An answer to a permission event. Linux process_access_response(). */
  override write(_task: Task, bytes: Uint8Array): number {
    if (bytes.length < 8) return -E.EINVAL;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const [fd, answer] = [view.getInt32(0, true), view.getUint32(4, true)];
    if (answer & ~(ANSWER.ALLOW | ANSWER.DENY | ANSWER.AUDIT | ANSWER.INFO)) return -E.EINVAL;
    const access = answer & (ANSWER.ALLOW | ANSWER.DENY);
    if (access !== ANSWER.ALLOW && access !== ANSWER.DENY) return -E.EINVAL;
    if (answer & ANSWER.AUDIT && (this.how & INIT.ENABLE_AUDIT) === 0) return -E.EINVAL;
    let used = 8;
    if (answer & ANSWER.INFO) {
      const ok = bytes.length === 24 && view.getUint8(8) === 1 && view.getUint8(9) === 0 && view.getUint16(10, true) === 16;
      if (!ok) return -E.EINVAL;
      used = 24;
      if (fd === NO_FD) return used;
    }
    if (fd < 0) return -E.EINVAL;
    for (const question of this._asked) {
      if (question.fd !== fd) continue;
      this._asked.delete(question);
      question.answer(access === ANSWER.DENY);
      return used;
    }
    return -E.ENOENT;
  }
  override poll(): number {
    return this._events.length > 0 ? POLLIN | POLLRDNORM : 0;
  }
  override queues(): readonly WaitQueue[] {
    return [this._arrivals];
  }
  /** The bytes that FIONREAD shows. */
  override get waitingBytes(): number {
    let bytes = 0;
    for (const event of this._events) bytes += eventLength(event.records, (this.how & INIT.REPORT_PIDFD) !== 0);
    return bytes;
  }
  override info(): string {
    const hex = (n: number): string => (n >>> 0).toString(16);
    const lines = [`fanotify flags:${hex(this.how)} event-flags:${hex(this.eventFlags)}\n`];
    for (const mark of this._marks.values()) {
      const { object, mount } = mark;
      const masks = `mflags:${hex(mark.shownFlags)} mask:${hex(mark.mask)} ignored_mask:${hex(mark.ignored)}`;
      if (mount) lines.push(`fanotify mnt_id:${hex(mount.id)} ${masks}\n`);
      else if (object instanceof FileSystem) lines.push(`fanotify sdev:${hex(object.dev)} ${masks}\n`);
      else
        lines.push(
          `fanotify ino:${(object as Inode).ino.toString(16)} sdev:${hex(object.fs.dev)} ${masks} ${handleText(object as Inode)}\n`,
        );
    }
    return lines.join("");
  }
  override release(): void {
    this.flush(() => true);
    for (const question of this._asked) question.answer(false);
    this._asked.clear();
    for (let event = this._events.shift(); event; event = this._events.shift()) this._done(event);
    limitsOf(this.kernel).files.delete(this);
    limitsOf(this.kernel).give("instances", this._uid);
  }
}

/** The charge for a record, without its name. */
const RECORD = 128;
const OVERFLOW: Queued = { mask: FAN.Q_OVERFLOW, pid: 0, path: undefined, records: [], key: undefined, question: undefined };
const charge = ({ records }: Queued): number =>
  records.reduce((sum: number, { name }) => sum + RECORD + (name?.length ?? 0), sizes.fileEvent);
/** An event keeps its file. */
const holdPath = ({ dentry, mount }: { readonly dentry: Dentry; readonly mount: Path["mount"] }): void => {
  dentry.inode.opens++;
  mount.opens++;
};
const dropPath = ({ dentry, mount }: Path): void => {
  dentry.inode.opens--;
  mount.opens--;
  dentry.inode.unused();
};
