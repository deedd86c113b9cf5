// Files of /proc/PID on the address space of a task: mem, pagemap. Linux fs/proc/base.c mm_access().
import { E } from "../../../abi/errno.ts";
import type { Task } from "../../core/task.ts";
import { mayAccess } from "../../cred/read-access.ts";
import { SEEK_END, seekTo } from "../files/regular.ts";
import type { Path } from "../vfs/dentry.ts";
import { FileDescription } from "../vfs/file.ts";
import { type FileSystem, Inode, type Or } from "../vfs/inode.ts";
import { S_IFREG } from "../vfs/mode.ts";
import type { InodeOwner } from "./tree/node.ts";

/** An open file. It belongs to the address space of the time of open(2), and its offset has no end. */
export abstract class MemoryFile extends FileDescription {
  protected readonly target: Task;
  protected readonly mem: Task["mem"];
  constructor(target: Task, inode: Inode, flags: number, path: Path) {
    super(inode, flags, path);
    this.target = target;
    this.mem = target.mem;
  }
  override get isSource(): boolean {
    return false;
  }
  override get seekable(): boolean {
    return true;
  }
  override seek(_task: Task, offset: number, whence: number): number {
    return whence === SEEK_END ? -E.EINVAL : seekTo(this, offset, whence, 0);
  }
}

type FileClass = new (...parameters: ConstructorParameters<typeof MemoryFile>) => MemoryFile;

/** The inode of such a file. Opening it needs ptrace read access to the target, else -EACCES. */
export class MemoryNode extends Inode {
  private readonly _target: Task;
  private readonly _File: new (
    ...of: ConstructorParameters<typeof MemoryFile>
  ) => MemoryFile;
  constructor(fs: FileSystem, ino: number, target: Task, owner: InodeOwner, mode: number, File: FileClass) {
    super(fs, S_IFREG | mode, ino);
    this.uid = owner.uid;
    this.gid = owner.gid;
    this._target = target;
    this._File = File;
  }
  override open(task: Task, flags: number, path: Path): Or<FileDescription> {
    return mayAccess(task, this._target) ? new this._File(this._target, this, flags, path) : -E.EACCES;
  }
}
