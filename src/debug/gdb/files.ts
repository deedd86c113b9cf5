// Files of the guest for gdb: vFile packets. They are opened in a copy of the machine, so that no look of a
// debugger changes the guest's tables of files and names.
// https://sourceware.org/gdb/current/onlinedocs/gdb.html/Host-I_002fO-Packets.html
import { E } from "../../abi/errno.ts";
import { O_LARGEFILE, O_RDONLY } from "../../abi/uapi/fcntl.ts";
import type { Task } from "../../kernel/core/task.ts";
import { FileDescription } from "../../kernel/fs/vfs/file.ts";
import { open } from "../../kernel/fs/vfs/open.ts";
import { resolve } from "../../kernel/fs/vfs/resolve.ts";
import { Live } from "../../machine/snapshot/live.ts";
import type { Timeline } from "../../machine/timeline/timeline.ts";
import { Problem } from "../../problem.ts";

/** An open file: its bytes, which are read once. */
interface Opened {
  readonly bytes: Uint8Array;
}
/** Bytes of one file, at most. */
const MOST = 2 ** 30;
const STEP = 1 << 20;
/** gdb's numbers of errors: those of File-I/O, which are Linux's for the usual ones. */
const EMFILE = 24;

/** The files that gdb has open. */
export class GuestFiles {
  private readonly _timeline: Timeline;
  private readonly _open = new Map<number, Opened>();
  private _copy: Live | undefined = undefined;
  private _at = "";
  constructor(timeline: Timeline) {
    this._timeline = timeline;
  }
  /** A copy of the machine; for /proc one of now. */
  private _machine(isNow: boolean): Live {
    const { live, moment } = this._timeline;
    const at = `${moment.instructions}:${moment.steps}`;
    if (this._copy && (!isNow || at === this._at)) return this._copy;
    this._at = at;
    return (this._copy = Live.copy(live.save(), live.machine.options));
  }
  /** A task in the copy whose root directory holds, and the name for it. */
  private _place(name: string, pid: number): { readonly task: Task; readonly path: string } | undefined {
    const { kernel } = this._machine(name.startsWith("/proc/"));
    const task = kernel.tasks.get(pid) ?? [...kernel.tasks.values()].find(({ process }) => process !== kernel.init);
    return task && { task, path: name.replace(/^\/proc\/self(?=\/|$)/, `/proc/${pid}`) };
  }
  /** The text of a link, or -errno. */
  readlink(name: string, pid: number): string | number {
    const place = this._place(name, pid);
    if (!place) return -E.ENOENT;
    const { task, path } = place;
    const found = resolve(task, path.startsWith("/") ? task.fs.root : task.fs.cwd, path, false);
    if (typeof found === "number") return found;
    const { inode } = found.dentry;
    return inode.isLink ? inode.readlink(task) : -E.EINVAL;
  }
  /** A descriptor, or -errno. `pid`: the process whose root directory holds. */
  open(name: string, pid: number): number {
    if (this._open.size >= 64) return -EMFILE;
    const place = this._place(name, pid);
    if (!place) return -E.ENOENT;
    const bytes = read(place.task, place.path);
    if (typeof bytes === "number") return bytes;
    let fd = 3;
    while (this._open.has(fd)) fd++;
    this._open.set(fd, { bytes });
    return fd;
  }
  close(fd: number): number {
    return this._open.delete(fd) ? 0 : -E.EBADF;
  }
  /** Bytes of a file, or -errno. */
  read(fd: number, count: number, offset: number): Uint8Array | number {
    const file = this._open.get(fd);
    return file ? file.bytes.subarray(offset, offset + count) : -E.EBADF;
  }
  /** The size of a file, or -errno. */
  size(fd: number): number {
    return this._open.get(fd)?.bytes.length ?? -E.EBADF;
  }
}

/** EIO for what a recording does not have: the program has not read it. */
const read = (task: Task, name: string): Uint8Array | number => {
  try {
    return wholeFile(task, name);
  } catch (error) {
    if (error instanceof Problem && error.kind === "bad-recording") return -E.EIO;
    throw error;
  }
};
const wholeFile = (task: Task, name: string): Uint8Array | number => {
  const file = open(task, name.startsWith("/") ? task.fs.root : task.fs.cwd, name, { flags: O_RDONLY | O_LARGEFILE, mode: 0 });
  if (typeof file === "number") return file;
  if (!(file instanceof FileDescription)) return -E.EAGAIN;
  if (!file.seekable) return -E.EACCES;
  const parts: Uint8Array[] = [];
  let at = 0;
  while (at < MOST) {
    const part = file.read(task, STEP, at);
    if (typeof part === "number") return part;
    if (part.length === 0) break;
    parts.push(part.slice());
    at += part.length;
  }
  const bytes = new Uint8Array(at);
  let done = 0;
  for (const part of parts) {
    bytes.set(part, done);
    done += part.length;
  }
  return bytes;
};
