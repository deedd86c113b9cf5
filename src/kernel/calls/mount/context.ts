// The file of fsopen(2) and fspick(2): a file system that is being made or changed. Linux fs/fsopen.c.
import { E } from "../../../abi/errno.ts";
import { O_RDWR } from "../../../abi/uapi/fcntl.ts";
import { FSCONFIG } from "../../../abi/uapi/mount.ts";
import type { Task } from "../../core/task.ts";
import { CAP, capableHere, capableIn } from "../../cred/cred.ts";
import type { MountContext } from "../../fs/types/mountable.ts";
import { FileDescription } from "../../fs/vfs/file.ts";
import type { FileSystem, Or } from "../../fs/vfs/inode.ts";

/**
 * Linux enum fs_context_phase. "awaiting-mount": the file system is made; "changing": options of a mounted
 * one.
 */
type Phase = "making" | "awaiting-mount" | "mounted" | "changing" | "failed";

/** A configuration context. */
export class ContextFile extends FileDescription {
  options: MountContext;
  phase: Phase;
  /** The file system, after FSCONFIG_CMD_CREATE or from fspick(2). */
  fs: FileSystem | undefined;
  constructor(t: Task, options: MountContext, fs?: FileSystem) {
    const path = t.kernel.vfs.anonymous(t, "[fscontext]");
    super(path.dentry.inode, O_RDWR, path);
    this.options = options;
    this.fs = fs;
    this.phase = fs ? "changing" : "making";
    if (fs) this.inode.fs.clock.garbage.files.set(this, fs);
  }
  override release(): void {
    this.inode.fs.clock.garbage.files.delete(this);
  }
  override get pollable(): boolean {
    return false;
  }
  /** The log of messages is empty. */
  override read(_task: Task, _n: number): Or<Uint8Array> {
    return -E.ENODATA;
  }
  /** Takes an option: 0 or -errno. */
  set(name: string, value: string | undefined): number {
    return this._takesOptions() ? this.options.add(name, value) : -E.EBUSY;
  }
  private _takesOptions(): boolean {
    return this.phase === "making" || this.phase === "changing";
  }
  /** FSCONFIG_CMD_CREATE, _CREATE_EXCL and _RECONFIGURE. Linux vfs_cmd_create(), vfs_cmd_reconfigure(). */
  command(t: Task, command: number): number {
    const { options } = this;
    if (command === FSCONFIG.FSCONFIG_CMD_RECONFIGURE) {
      if (this.phase !== "changing" || !this.fs) return -E.EBUSY;
      if (!capableIn(t.cred, this.fs.owner, CAP.SYS_ADMIN)) return -E.EPERM;
      const bad = options.change(t, this.fs);
      if (bad < 0) this.phase = "failed";
      return bad;
    }
    if (this.phase !== "making") return -E.EBUSY;
    if (!capableHere(t.cred, CAP.SYS_ADMIN)) return -E.EPERM;
    if (command === FSCONFIG.FSCONFIG_CMD_CREATE_EXCL && options.type.single) return -E.EBUSY;
    const fs = options.make(t);
    this.phase = typeof fs === "number" ? "failed" : "awaiting-mount";
    if (typeof fs === "number") return fs;
    this.fs = fs;
    this.inode.fs.clock.garbage.files.set(this, fs);
    return 0;
  }
  /** The context has a mount: from now on it changes the file system. */
  mounted(): void {
    this.phase = "mounted";
  }
}
