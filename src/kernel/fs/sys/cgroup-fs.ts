// The cgroup2 file system: a directory is a group. Linux kernel/cgroup/cgroup.c, kernfs.

import { E } from "../../../abi/errno.ts";
import { ofBytes } from "../../base/byte-string.ts";
import { sizes } from "../../base/sizes.ts";
import type { Cgroup } from "../../cgroup/cgroup.ts";
import { programWeight } from "../../cgroup/devices.ts";
import type { Kernel } from "../../core/kernel.ts";
import type { Task } from "../../core/task.ts";
import { DirFile } from "../files/dir-file.ts";
import { recipe } from "../proc/tree/derived.ts";
import { DT, type ProcContent, ProcFileNode } from "../proc/tree/node.ts";
import type { Dentry, Path } from "../vfs/dentry.ts";
import type { FileDescription } from "../vfs/file.ts";
import { type Changes, type DirEntry, FileSystem, Inode, type NewInode, type Or } from "../vfs/inode.ts";
import { S_IFDIR, S_IFMT, S_IFREG } from "../vfs/mode.ts";
import { EVENT, notifyInode } from "../vfs/notify.ts";
import type { CgroupFileRow } from "./cgroup-files.ts";
import { lazyCgroupFiles } from "./lazy.ts";

/** A file of a group. Its owner and mode can be changed, so that a user can manage a subtree. */
export class CgroupFileNode extends ProcFileNode {
  /** The group's events have changed. */
  happened(): void {
    notifyInode(this, EVENT.MODIFY);
  }
  override setattr(changes: Changes): number {
    Object.assign(this, changes);
    return 0;
  }
}

const EVENTS = "cgroup.events";

const fileContent = recipe("cgroup file", (dir: CgroupDir, name: string): ProcContent => {
  const { group } = dir;
  const row = lazyCgroupFiles()
    .filesOf(group)
    .find((file) => file.name === name);
  return {
    ...(row?.read ? { read: (task) => row.read?.(group, task) ?? "" } : {}),
    ...(row?.write ? { write: (task, bytes) => dir.write(row, task, bytes) } : {}),
    ...(name === EVENTS ? { changes: () => group.populatedChanges } : {}),
  };
});
/** The directory of a group. */
export class CgroupDir extends Inode {
  declare readonly fs: CgroupFs;
  readonly group: Cgroup;
  private readonly _files = new Map<string, CgroupFileNode>();
  constructor(fs: CgroupFs, group: Cgroup, owner: { readonly uid: number; readonly gid: number }) {
    super(fs, S_IFDIR | (group.parent ? 0o755 : 0o555));
    this.nlink = 2;
    this.uid = owner.uid;
    this.gid = owner.gid;
    this.group = group;
  }
  /** The node of a file, the same for all lookups. */
  file(row: CgroupFileRow): CgroupFileNode {
    const { group, fs } = this;
    let node = this._files.get(row.name);
    if (!node) {
      const mode = (row.read ? 0o444 : 0) | (row.write ? 0o200 : 0);
      node = new CgroupFileNode(fs, fs.newIno(), mode, fileContent(this, row.name), this);
      if (row.name === EVENTS) group.watchers.add(node);
      this._files.set(row.name, node);
    }
    return node;
  }
  write(row: CgroupFileRow, task: Task, bytes: Uint8Array): number {
    if (this.group.removed) return -E.ENODEV;
    const text = ofBytes(bytes.subarray(0, 4096)).trim();
    const done = bytes.length === 0 ? 0 : (row.write?.(this.group, text, task) ?? -E.EINVAL);
    return done < 0 ? done : bytes.length;
  }
  override get links(): number {
    return this.nlink + this.group.children.size;
  }
  override get isEmpty(): boolean {
    // rmdir(2) of a group with groups is EBUSY, not ENOTEMPTY.
    return true;
  }
  override open(_task: Task, flags: number, path: Path): Or<FileDescription> {
    return new DirFile(this, flags, path);
  }
  override lookup(name: string): Or<Inode> {
    const child = this.group.children.get(name);
    if (child) return this.fs.dirOf(child);
    const row = lazyCgroupFiles()
      .filesOf(this.group)
      .find((file) => file.name === name);
    return row && !this.group.removed ? this.file(row) : -E.ENOENT;
  }
  override *entries(cookie: number): Generator<DirEntry> {
    let at = 0;
    for (const row of this.group.removed ? [] : lazyCgroupFiles().filesOf(this.group)) {
      at++;
      if (at > cookie) yield { name: row.name, ino: this.file(row).ino, type: DT.reg, cookie: at };
    }
    for (const child of this.group.children.values()) {
      at++;
      if (at > cookie) yield { name: child.name, ino: this.fs.dirOf(child).ino, type: DT.dir, cookie: at };
    }
  }
  override create(name: string, made: NewInode): Or<Inode> {
    const type = made.mode & S_IFMT;
    // A group has no files but its own. Linux kernfs_dir_iops has neither create nor symlink.
    if (type !== S_IFDIR) return type === S_IFREG ? -E.EACCES : -E.EPERM;
    if (name.includes("\n")) return -E.EINVAL;
    if (
      lazyCgroupFiles()
        .filesOf(this.group)
        .some((file) => file.name === name)
    )
      return -E.EEXIST;
    if (!this.fs.account.take(sizes.cgroup)) return -E.ENOMEM;
    const group = this.group.make(name);
    if (typeof group !== "number") return this.fs.dirOf(group, made);
    this.fs.account.give(sizes.cgroup);
    return group;
  }
  override rmdir(name: string): number {
    const group = this.group.children.get(name);
    if (!group) return -E.ENOENT;
    const done = group.remove();
    if (done < 0) return done;
    this.fs.forget(group);
    this.fs.account.give(sizes.cgroup);
    for (const program of group.devices.programs.splice(0)) this.fs.account.give(programWeight(program));
    return done;
  }
  override setattr(changes: Changes): number {
    Object.assign(this, changes);
    return 0;
  }
}

/** The file system. All mounts of a machine show the same hierarchy. */
export class CgroupFs extends FileSystem {
  override readonly type = "cgroup2";
  override readonly magic = 0x6367_7270;
  /** Groups come and go also by other mounts, so names are not cached. */
  override readonly dynamic = true;
  /** The directories of groups that were looked up and not removed. */
  private readonly _dirs = new Map<Cgroup, CgroupDir>();
  private readonly _root: Dentry;
  constructor(dev: number, kernel: Kernel, root: Cgroup = kernel.cgroups) {
    super(dev, kernel);
    this._root = this.makeRoot(this.dirOf(root));
  }
  override get root(): Dentry {
    return this._root;
  }
  dirOf(group: Cgroup, owner: { readonly uid: number; readonly gid: number } = { uid: 0, gid: 0 }): CgroupDir {
    let dir = this._dirs.get(group);
    if (!dir) this._dirs.set(group, (dir = new CgroupDir(this, group, owner)));
    return dir;
  }
  forget(group: Cgroup): void {
    this._dirs.delete(group);
  }
}
