// /proc/PID/pagemap: eight bytes for each page of a process. Linux fs/proc/task_mmu.c pagemap_read().
import { E } from "../../../abi/errno.ts";
import { PAGE_SIZE } from "../../../memory/frames.ts";
import { pagemap } from "../../../memory/pagemap.ts";
import { cost } from "../../base/cost.ts";
import { CAP, capable } from "../../cred/cred.ts";
import { mayAccess } from "../../cred/read-access.ts";
import type { Task } from "../../task/task.ts";
import { seekTo } from "../files/regular.ts";
import type { Path } from "../vfs/dentry.ts";
import { FileDescription } from "../vfs/file.ts";
import { type FileSystem, Inode, type Or } from "../vfs/inode.ts";
import { S_IFREG } from "../vfs/mode.ts";
import type { Owner } from "./node.ts";

const ENTRY = 8;

class PagemapFile extends FileDescription {
  readonly #mem: Task["mem"];
  constructor(target: Task, inode: Inode, flags: number, path: Path) {
    super(inode, flags, path);
    this.#mem = target.mem;
  }
  override get seekable(): boolean {
    return true;
  }
  override read(task: Task, n: number, at: number): Or<Uint8Array> {
    if (at % ENTRY !== 0 || n % ENTRY !== 0) return -E.EINVAL;
    const from = (at / ENTRY) * PAGE_SIZE;
    const to = Math.min(from + (n / ENTRY) * PAGE_SIZE, this.#mem.layout.taskSize);
    if (to <= from) return new Uint8Array(0);
    task.kernel.charge(((to - from) / PAGE_SIZE) * cost.page);
    return new Uint8Array(pagemap(this.#mem, from, to, capable(task.cred, CAP.SYS_ADMIN)).buffer);
  }
  override seek(_task: Task, offset: number, whence: number): number {
    return whence === 2 ? -E.EINVAL : seekTo(this, offset, whence, 0);
  }
}

/** The inode of /proc/PID/pagemap. Opening it needs ptrace read access to the target, else -EACCES. */
export class PagemapNode extends Inode {
  readonly #target: Task;
  constructor(fs: FileSystem, ino: number, target: Task, owner: Owner) {
    super(fs, S_IFREG | 0o400, ino);
    this.uid = owner.uid;
    this.gid = owner.gid;
    this.#target = target;
  }
  override open(task: Task, flags: number, path: Path): Or<FileDescription> {
    return mayAccess(task, this.#target) ? new PagemapFile(this.#target, this, flags, path) : -E.EACCES;
  }
}
