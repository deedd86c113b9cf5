// Open files of /proc: their text is computed when they are read. Linux fs/seq_file.c.
import type { VAddr } from "../../../../abi/brand.ts";
import { E } from "../../../../abi/errno.ts";
import type { AddressSpace } from "../../../../memory/space.ts";
import { asBytes } from "../../../base/byte-string.ts";
import { cost } from "../../../base/cost.ts";
import type { WaitQueue } from "../../../base/wait.ts";
import type { Task } from "../../../core/task.ts";
import { seekTo } from "../../files/regular.ts";
import type { Path } from "../../vfs/dentry.ts";
import { alwaysReady, FileDescription, POLLERR, POLLIN, POLLPRI, POLLRDNORM } from "../../vfs/file.ts";
import type { Or } from "../../vfs/inode.ts";
import type { ProcContent, ProcFileNode } from "./node.ts";

/** The size of the buffer of records, in bytes. Linux seq_file. */
const BUFFER = 4096;

/**
 * An open file of records. Each read computes the records that it needs, up to a buffer. Linux
 * seq_read_iter().
 */
export class ProcSequence extends FileDescription {
  declare readonly inode: ProcFileNode;
  /** The address space of the time of open(2), for content about it. */
  private readonly _memory: AddressSpace | undefined;
  private readonly _changes: ReturnType<NonNullable<ProcContent["changes"]>> | undefined;
  /** The number of changes that the last poll has seen. */
  private _seen: number;
  /** Computed bytes that were not read yet. */
  private _buffer: Uint8Array = new Uint8Array(0);
  /** The bytes that the account holds for `_buffer`, read ones included. */
  private _charged = 0;
  /** The file offset of `_buffer`. */
  private _at = 0;
  /** The key of the next record. */
  private _next = 0;
  constructor(inode: ProcFileNode, flags: number, path: Path) {
    super(inode, flags, path);
    this._memory = inode.content.memory?.();
    this._changes = inode.content.changes?.();
    this._seen = this._changes?.events ?? 0;
  }
  override ioctl(task: Task, request: number, arg: VAddr): number {
    return this.inode.content.ioctl?.(task, request, arg, this._memory) ?? -E.ENOTTY;
  }
  override get isSource(): boolean {
    return this.inode.content.isSource ?? true;
  }
  override get pollable(): boolean {
    return this._changes !== undefined;
  }
  /** A change is reported once. Linux mounts_poll(). */
  override poll(): number {
    const now = this._changes?.events ?? this._seen;
    if (now === this._seen) return this._changes ? POLLIN | POLLRDNORM : alwaysReady;
    this._seen = now;
    return POLLIN | POLLRDNORM | POLLERR | POLLPRI;
  }
  override queues(): readonly WaitQueue[] {
    return this._changes ? [this._changes.changed] : [];
  }
  override get seekable(): boolean {
    return true;
  }
  override read(task: Task, n: number, at: number): Or<Uint8Array> {
    if (at < this._at) {
      this._buffer = this._buffer.subarray(0, 0);
      this._at = this._next = 0;
    }
    // Records before the offset are computed and skipped.
    while (at >= this._at + this._buffer.length) {
      this._at += this._buffer.length;
      const bytes = this._fill(task);
      if (typeof bytes === "number") return bytes;
      if (!this.inode.fs.account.resize(this._charged, bytes.length)) return -E.ENOMEM;
      this._charged = bytes.length;
      this._buffer = bytes;
      if (bytes.length === 0) return bytes;
    }
    const out = this._buffer.slice(at - this._at, at - this._at + n);
    this._buffer = this._buffer.subarray(at - this._at + out.length);
    this._at = at + out.length;
    return out;
  }
  /** The next records: as many as fit into the buffer, but at least one. */
  private _fill(task: Task): Or<Uint8Array> {
    const records = this.inode.content.records?.(task, this._next) ?? [];
    if (typeof records === "number") return records;
    let text = "";
    for (const record of records) {
      if (text !== "" && text.length + record.text.length > BUFFER) break;
      text += record.text;
      this._next = record.next;
    }
    task.kernel.charge(text.length * cost.character);
    return asBytes(text);
  }
  override release(): void {
    this.inode.fs.account.give(this._charged);
  }
  override seek(_task: Task, offset: number, whence: number): number {
    return whence === 2 ? -E.EINVAL : seekTo(this, offset, whence, 0);
  }
}

/**
 * An open file of /proc. The first read and each read at offset 0 compute its content. Linux fs/seq_file.c.
 */
export class ProcFile extends FileDescription {
  declare readonly inode: ProcFileNode;
  private _bytes: Uint8Array | undefined;
  private readonly _changes: ReturnType<NonNullable<ProcContent["changes"]>> | undefined;
  /** The number of changes at the last read. */
  private _seen = -1;
  constructor(inode: ProcFileNode, flags: number, path: Path) {
    super(inode, flags, path);
    this._changes = inode.content.changes?.();
  }
  override get isSource(): boolean {
    return this.inode.content.isSource ?? true;
  }
  override get pollable(): boolean {
    return this._changes !== undefined;
  }
  /** A change is reported until it is read. Linux kernfs_generic_poll(). */
  override poll(): number {
    return this._changes && this._changes.events !== this._seen ? alwaysReady | POLLERR | POLLPRI : alwaysReady;
  }
  override queues(): readonly WaitQueue[] {
    return this._changes ? [this._changes.changed] : [];
  }
  override get seekable(): boolean {
    return true;
  }
  override read(task: Task, n: number, at: number): Or<Uint8Array> {
    const { content: source } = this.inode;
    if (!source.read) return -E.EINVAL;
    if (at === 0 || !this._bytes) {
      this._seen = this._changes?.events ?? -1;
      const content = source.read(task);
      if (typeof content === "number") return content;
      if (!this.inode.fs.account.resize(this._bytes?.length ?? 0, content.length)) return -E.ENOMEM;
      this._bytes = typeof content === "string" ? asBytes(content) : content;
      task.kernel.charge(this._bytes.length * cost.character);
    }
    return this._bytes.slice(at, at + n);
  }
  override release(): void {
    this.inode.fs.account.give(this._bytes?.length ?? 0);
  }
  override write(task: Task, bytes: Uint8Array, at: number): number {
    return this.inode.content.write?.(task, bytes, at) ?? -E.EIO;
  }
  override seek(_task: Task, offset: number, whence: number): number {
    return whence === 2 ? -E.EINVAL : seekTo(this, offset, whence, 0);
  }
}
