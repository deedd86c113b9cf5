// fcntl(2)'s owners, signals, leases and directory notification. Linux fs/fcntl.c, fs/locks.c,
// fs/notify/dnotify.

import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { O_ASYNC } from "../../../abi/uapi/fcntl.ts";
import type { Task } from "../../core/task.ts";
import { AsyncFile } from "../../fs/vfs/async-file.ts";
import type { FileDescription, FileOwner } from "../../fs/vfs/file.ts";
import { EVENT, type FileEvent, type InodeMark } from "../../fs/vfs/notify.ts";
import { tellOwner } from "../../fs/vfs/owner.ts";

/** Types of struct f_owner_ex, by F_OWNER_TID, F_OWNER_PID and F_OWNER_PGRP. */
const types: readonly FileOwner["type"][] = ["thread", "process", "group"];

/** The kernel's id of an owner, or -ESRCH. 0 means none. */
const idOf = (t: Task, type: FileOwner["type"], number: number): number => {
  if (number === 0) return 0;
  const id = t.pidNs.idOf(number);
  const { tasks, processes } = t.kernel;
  if (type === "group") return [...processes.values()].some((p) => p.pgid === id) ? id : -E.ESRCH;
  return tasks.has(id) || processes.has(id) ? id : -E.ESRCH;
};
const setTo = (t: Task, file: FileDescription, type: FileOwner["type"], number: number): number => {
  const pid = idOf(t, type, number);
  if (pid < 0) return pid;
  file.owner = { type, pid };
  return 0;
};
/** F_SETOWN: a process, or a group if negative. */
export const setOwner = (t: Task, file: FileDescription, who: number): number => {
  if (who === -0x8000_0000) return -E.EINVAL;
  return who < 0 ? setTo(t, file, "group", -who) : setTo(t, file, "process", who);
};
/** F_GETOWN. */
export const getOwner = (t: Task, { owner }: FileDescription): number => {
  const number = t.pidNs.numberOf(owner.pid);
  return owner.type === "group" ? -number : number;
};
/** F_SETOWN_EX. */
export const setOwnerEx = (t: Task, file: FileDescription, at: VAddr): number => {
  const [kind, pid] = [t.mem.u32(at), t.mem.u32(at + 4)];
  if (kind < 0 || pid < 0) return -E.EFAULT;
  const type = types[kind];
  return type === undefined ? -E.EINVAL : setTo(t, file, type, pid | 0);
};
/** F_GETOWN_EX. */
export const getOwnerEx = (t: Task, { owner }: FileDescription, at: VAddr): number =>
  t.mem.setU32(at, types.indexOf(owner.type)) && t.mem.setU32(at + 4, t.pidNs.numberOf(owner.pid)) ? 0 : -E.EFAULT;

/** After a change of O_ASYNC. Linux setfl(). */
export const asyncChanged = (t: Task, file: FileDescription, fd: number): void => {
  const on = (file.flags & O_ASYNC) !== 0;
  if (on === (file.async !== undefined)) return;
  file.async?.end();
  file.async = on ? new AsyncFile(t, file) : undefined;
  file.signalFd = fd;
};

/** DN_*, and the events that they mean. */
const DN_MULTISHOT = 0x8000_0000;
const DN: readonly (readonly [number, number])[] = [
  [0x1, EVENT.ACCESS],
  [0x2, EVENT.MODIFY],
  [0x4, EVENT.CREATE | EVENT.MOVED_TO],
  [0x8, EVENT.DELETE | EVENT.MOVED_FROM],
  [0x10, EVENT.RENAMED_WITHIN],
  [0x20, EVENT.ATTRIB],
];
const POLL_MSG = { code: 3, band: 0x1 | 0x40 | 0x400 };

/** F_NOTIFY of one descriptor: a signal for events in a directory. */
export class DirectoryMark implements InodeMark {
  private readonly _task: Task;
  private readonly _file: FileDescription;
  private _mask = 0;
  private _isRepeated = false;
  constructor(task: Task, file: FileDescription) {
    this._task = task;
    this._file = file;
    file.inode.marks ??= new Set();
    file.inode.marks.add(this);
  }
  /** Adds events to those of earlier calls. Linux attach_dn(). */
  add(mask: number): void {
    this._isRepeated ||= (mask & DN_MULTISHOT) !== 0;
    this._mask |= DN.reduce((events, [bit, means]) => (mask & bit ? events | means : events), 0);
  }
  happened({ mask, name }: FileEvent): void {
    if ((name === undefined && !(mask & EVENT.ISDIR)) || (mask & this._mask) === 0) return;
    if (!this._isRepeated) this.end();
    tellOwner(this._task.kernel, this._file, POLL_MSG);
  }
  gone(): void {
    this._mask = 0;
  }
  end(): void {
    const { inode } = this._file;
    if (this._file.dirMark === this) this._file.dirMark = undefined;
    inode.marks?.delete(this);
    if (inode.marks?.size === 0) inode.marks = undefined;
  }
}
/** F_NOTIFY: 0 or -errno. Linux fcntl_dirnotify(). */
export const notifyDirectory = (t: Task, file: FileDescription, mask: number, fd: number): number => {
  if (!file.inode.isDir) return -E.ENOTDIR;
  if ((mask & ~DN_MULTISHOT) === 0) {
    file.dirMark?.end();
    return 0;
  }
  const mark = file.dirMark instanceof DirectoryMark ? file.dirMark : new DirectoryMark(t, file);
  mark.add(mask);
  file.dirMark = mark;
  file.signalFd = fd;
  if (file.owner.pid === 0) file.owner = { type: "process", pid: t.tgid };
  return 0;
};
