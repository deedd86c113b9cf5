// Files of the guest for gdb: vFile packets. They are read in a copy of the machine, so that no look of a
// debugger changes the guest's tables of files and names. Writes are changes at the moment of now.
// https://sourceware.org/gdb/current/onlinedocs/gdb.html/Host-I_002fO-Packets.html
import { E } from "../../abi/errno.ts";
import { O_ACCMODE, O_LARGEFILE, O_RDONLY } from "../../abi/uapi/fcntl.ts";
import type { Task } from "../../kernel/core/task.ts";
import type { Path } from "../../kernel/fs/vfs/dentry.ts";
import { FileDescription } from "../../kernel/fs/vfs/file.ts";
import { open } from "../../kernel/fs/vfs/open.ts";
import { unlink } from "../../kernel/fs/vfs/remove.ts";
import { resolve } from "../../kernel/fs/vfs/resolve.ts";
import { Live } from "../../machine/snapshot/live.ts";
import type { Timeline } from "../../machine/timeline/timeline.ts";
import { Problem } from "../../problem.ts";
import type { Debugger } from "../debugger.ts";

/** An open file: its bytes, which are read once, or the name that is written. */
type Opened = { readonly bytes: Uint8Array } | { readonly name: string; readonly pid: number; readonly flags: number };
/** Bytes of one file, at most. */
const MOST = 2 ** 30;
const STEP = 1 << 20;
/** gdb's numbers of errors: those of File-I/O, which are Linux's for the usual ones. */
const EMFILE = 24;

/** The files that gdb has open. */
export class GuestFiles {
  private readonly _debug: Debugger;
  private readonly _open = new Map<number, Opened>();
  private _copy: Live | undefined = undefined;
  private _at = "";
  private _of: Timeline | undefined = undefined;
  private readonly _onMissing: (name: string) => void;
  /** `onMissing`: a recording has only parts of this file. */
  constructor(debug: Debugger, onMissing: (name: string) => void) {
    this._debug = debug;
    this._onMissing = onMissing;
  }
  /** A copy of the machine; for /proc one of now. */
  private _machine(isNow: boolean): Live {
    const { timeline } = this._debug;
    const { live, moment } = timeline;
    const at = `${moment.instructions}:${moment.steps}`;
    if (this._copy && this._of === timeline && (!isNow || at === this._at)) return this._copy;
    this._at = at;
    this._of = timeline;
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
  /** A descriptor, or -errno. `pid`: the process whose root directory holds. `flags`: those of open(2). */
  open(name: string, pid: number, flags: number, mode: number): number {
    if (this._open.size >= 64) return -EMFILE;
    if ((flags & O_ACCMODE) !== O_RDONLY) {
      const made = this._write(pid, (task, base) => withFile(open(task, base, name, { flags: flags | O_LARGEFILE, mode }), () => 0));
      return made < 0 ? made : this._add({ name, pid, flags: (flags & O_ACCMODE) | O_LARGEFILE });
    }
    const place = this._place(name, pid);
    if (!place) return -E.ENOENT;
    const bytes = read(place.task, place.path);
    if (bytes === -E.EIO) this._onMissing(name);
    return typeof bytes === "number" ? bytes : this._add({ bytes });
  }
  private _add(file: Opened): number {
    let fd = 3;
    while (this._open.has(fd)) fd++;
    this._open.set(fd, file);
    return fd;
  }
  /** Changes a file now, in the place of a process. It happens again whenever the run comes here. */
  private _write(pid: number, work: (task: Task, base: Path) => number): number {
    this._copy = undefined;
    let result: number = -E.ESRCH;
    this._debug.timeline.change(({ kernel }) => {
      const task = kernel.tasks.get(pid);
      result = task ? work(task, task.fs.cwd) : -E.ESRCH;
    });
    return result;
  }
  /** Writes bytes of a file: their number, or -errno. */
  write(fd: number, offset: number, bytes: Uint8Array): number {
    const file = this._open.get(fd);
    if (!file || "bytes" in file) return -E.EBADF;
    const copy = bytes.slice();
    const { name, flags } = file;
    return this._write(file.pid, (task, base) =>
      withFile(open(task, base, name, { flags, mode: 0 }), (opened) => opened.write(task, copy, offset)),
    );
  }
  /** Removes a name: 0, or -errno. */
  unlink(name: string, pid: number): number {
    return this._write(pid, (task, base) => unlink(task, base, name));
  }
  close(fd: number): number {
    return this._open.delete(fd) ? 0 : -E.EBADF;
  }
  /** Bytes of a file, or -errno. */
  read(fd: number, count: number, offset: number): Uint8Array | number {
    const file = this._open.get(fd);
    return file && "bytes" in file ? file.bytes.subarray(offset, offset + count) : -E.EBADF;
  }
  /** The size of a file, or -errno. */
  size(fd: number): number {
    const file = this._open.get(fd);
    return file && "bytes" in file ? file.bytes.length : -E.EBADF;
  }
}

/** The result of some work with a file, which is closed then; or the -errno of its open. */
const withFile = (file: ReturnType<typeof open>, work: (file: FileDescription) => number): number => {
  if (typeof file === "number") return file;
  if (!(file instanceof FileDescription)) return -E.EAGAIN;
  file.hold();
  try {
    return work(file);
  } finally {
    file.drop();
  }
};
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
