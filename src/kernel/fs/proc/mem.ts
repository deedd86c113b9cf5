// /proc/PID/mem: the memory of a process as a file. Linux fs/proc/base.c mem_rw().
import { E } from "../../../abi/errno.ts";
import { mayAccess } from "../../cred/read-access.ts";
import type { Task } from "../../task/task.ts";
import { seekTo } from "../files/regular.ts";
import type { Path } from "../vfs/dentry.ts";
import { FileDescription } from "../vfs/file.ts";
import { type FileSystem, Inode, type Or } from "../vfs/inode.ts";
import { S_IFREG } from "../vfs/mode.ts";
import type { Owner } from "./node.ts";

class MemFile extends FileDescription {
  readonly #target: Task;
  /** The address space at the time of open(2). After an execve(2) of the target the file gives no access. */
  readonly #mem: Task["mem"];
  constructor(target: Task, inode: Inode, flags: number, path: Path) {
    super(inode, flags, path);
    this.#target = target;
    this.#mem = target.mem;
  }
  override get seekable(): boolean {
    return true;
  }
  #gone(): boolean {
    return this.#target.state === "dead" || this.#target.mem !== this.#mem;
  }
  override read(_task: Task, n: number, at: number): Or<Uint8Array> {
    if (this.#gone()) return new Uint8Array(0);
    const bytes = new Uint8Array(n);
    const got = this.#mem.peek(at, bytes);
    return got === 0 && n > 0 ? -E.EIO : bytes.subarray(0, got);
  }
  override write(_task: Task, bytes: Uint8Array, at: number): number {
    if (this.#gone()) return 0;
    return this.#mem.poke(at, bytes) || (bytes.length > 0 ? -E.EIO : 0);
  }
  override seek(_task: Task, offset: number, whence: number): number {
    return whence === 2 ? -E.EINVAL : seekTo(this, offset, whence, 0);
  }
}

/** The inode of /proc/PID/mem. Opening it needs ptrace read access to the target, else -EACCES. */
export class MemNode extends Inode {
  readonly #target: Task;
  constructor(fs: FileSystem, ino: number, target: Task, owner: Owner) {
    super(fs, S_IFREG | 0o600, ino);
    this.uid = owner.uid;
    this.gid = owner.gid;
    this.#target = target;
  }
  override open(task: Task, flags: number, path: Path): Or<FileDescription> {
    return mayAccess(task, this.#target) ? new MemFile(this.#target, this, flags, path) : -E.EACCES;
  }
}
