// Open directories: entries are read from a position that stays valid while names come and go. man 2
// getdents.
import { E } from "../../../abi/errno.ts";
import type { Task } from "../../core/task.ts";
import { FileDescription } from "../vfs/file.ts";
import type { DirEntry, Or } from "../vfs/inode.ts";
import { direntType, S_IFDIR } from "../vfs/mode.ts";
import { SEEK_CUR, SEEK_SET } from "./regular.ts";

const DT_DIR = direntType(S_IFDIR);

/** An open directory. The offset is the cookie of the last entry that was read. */
export class DirFile extends FileDescription {
  /** The inode's start cookie at the first read past the dots. Later names are not listed until a rewind. */
  private _start: number | undefined;

  override get positioned(): boolean {
    return true;
  }
  override read(): Or<Uint8Array> {
    return -E.EISDIR;
  }

  override seek(_task: Task, offset: number, whence: number): number {
    const to = whence === SEEK_SET ? offset : whence === SEEK_CUR ? this.offset + offset : -1;
    if (to === 0) this._start = undefined;
    return to < 0 ? -E.EINVAL : (this.offset = to);
  }

  /**
   * Entries from the offset on: ".", "..", then those of the file system. The dots have the cookies 1 and 2.
   */
  *entries(task: Task): Generator<DirEntry> {
    const { inode, path } = this;
    const up = path.dentry.parent.inode;
    if (this.offset < 1) yield { name: ".", ino: inode.ino, type: DT_DIR, cookie: 1 };
    if (this.offset < 2) yield { name: "..", ino: up.ino, type: DT_DIR, cookie: 2 };
    this._start ??= inode.start;
    const own = inode.entries(this.offset > 2 ? this.offset - 2 : (this._start ?? 0), task);
    for (let next = own.next(); !next.done; next = own.next()) yield { ...next.value, cookie: next.value.cookie + 2 };
  }
}
