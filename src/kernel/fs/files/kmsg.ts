// The kernel log as files: each reader of /dev/kmsg reads all records, those of /proc/kmsg share them with
// syslog(2). Documentation/ABI/testing/dev-kmsg; Linux kernel/printk/printk.c, fs/proc/kmsg.c.
import { E } from "../../../abi/errno.ts";
import { asBytes, ofBytes } from "../../base/byte-string.ts";
import type { KernelLog } from "../../base/log.ts";
import type { WaitQueue } from "../../base/wait.ts";
import type { Task } from "../../core/task.ts";
import { CAP, capable } from "../../cred/cred.ts";
import type { Path } from "../vfs/dentry.ts";
import { FileDescription, POLLERR, POLLIN, POLLPRI, POLLRDNORM } from "../vfs/file.ts";
import type { Inode, Or } from "../vfs/inode.ts";

/** The longest record that a program can write. Linux PRINTKRB_RECORD_MAX. */
const MOST = 1024;
/** LOG_USER and the level of records without one: LOG_WARNING. */
const USER = 1 << 3;
const WARNING = 4;
const SEEK = { SET: 0, END: 2, DATA: 3 } as const;

/** An open /dev/kmsg: a read is one record. */
export class KmsgDevice extends FileDescription {
  private readonly _log: KernelLog;
  /** The number of the next record. */
  private _next: number;
  constructor(log: KernelLog, inode: Inode, flags: number, path: Path) {
    super(inode, flags, path);
    this._log = log;
    this._next = log.first;
  }
  override get positioned(): boolean {
    return true;
  }
  override read(_task: Task, n: number): Or<Uint8Array> {
    if (this._next < this._log.first) {
      this._next = this._log.first;
      return -E.EPIPE;
    }
    const record = this._log.at(this._next);
    if (!record) return -E.EAGAIN;
    const text = record.text.replace(/[^ -[\]-~]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`);
    const line = `${record.level},${this._next},${Math.floor(record.now / 1000)},-;${text}\n`;
    // Linux devkmsg_read() passes over a record that the buffer cannot hold.
    this._next++;
    return line.length > n ? -E.EINVAL : asBytes(line);
  }
  override write({ kernel }: Task, bytes: Uint8Array): number {
    if (bytes.length > MOST) return -E.EINVAL;
    const [, given, text = ""] = /^(?:<(\d{1,9})>)?([\s\S]*)$/.exec(ofBytes(bytes)) ?? [];
    const level = given === undefined ? WARNING : Number(given);
    kernel.printk(level < USER ? level | USER : level, text.replace(/\n$/, ""));
    return bytes.length;
  }
  override poll(): number {
    if (!this._log.at(this._next) && this._next >= this._log.first) return 0;
    return POLLIN | POLLRDNORM | (this._next < this._log.first ? POLLERR | POLLPRI : 0);
  }
  override queues(): readonly WaitQueue[] {
    return [this._log.changed];
  }
  override seek(_task: Task, offset: number, whence: number): number {
    if (offset !== 0) return -E.ESPIPE;
    if (whence === SEEK.SET) this._next = this._log.first;
    else if (whence === SEEK.DATA) this._next = this._log.cleared;
    else if (whence === SEEK.END) this._next = this._log.total;
    else return -E.EINVAL;
    return 0;
  }
}

/** Opens /dev/kmsg. */
export const openKmsg = ({ kernel }: Task, inode: Inode, flags: number, path: Path): FileDescription =>
  new KmsgDevice(kernel.log, inode, flags, path);

/** An open /proc/kmsg: a read takes lines from the log. */
export class ProcKmsg extends FileDescription {
  private readonly _log: KernelLog;
  constructor(log: KernelLog, inode: Inode, flags: number, path: Path) {
    super(inode, flags, path);
    this._log = log;
  }
  override get isSource(): boolean {
    return false;
  }
  override get seekable(): boolean {
    return true;
  }
  override get positioned(): boolean {
    return true;
  }
  override seek(): number {
    return 0;
  }
  override read(_task: Task, n: number): Or<Uint8Array> {
    if (n === 0) return new Uint8Array(0);
    const lines = this._log.take(n);
    return lines === "" ? -E.EAGAIN : asBytes(lines);
  }
  override poll(): number {
    return this._log.unread > 0 ? POLLIN | POLLRDNORM : 0;
  }
  override queues(): readonly WaitQueue[] {
    return [this._log.changed];
  }
}

/** Opens /proc/kmsg, as syslog(2) with SYSLOG_ACTION_OPEN does. */
export const openProcKmsg = ({ kernel, cred }: Task, inode: Inode, flags: number, path: Path): Or<FileDescription> =>
  capable(cred, CAP.SYSLOG) ? new ProcKmsg(kernel.log, inode, flags, path) : -E.EPERM;
