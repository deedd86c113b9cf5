// Types of file systems that a guest may mount, and the options of a mount. man 2 mount; Linux
// fs/fs_context.c.
import { E } from "../../../abi/errno.ts";
import type { Kernel } from "../../core/kernel.ts";
import type { Task } from "../../core/task.ts";
import { type FileSystem, type Or, SB } from "../vfs/inode.ts";

declare module "../../core/feature.ts" {
  interface Feature {
    /** Types for mount(2), by name. */
    readonly fileSystems?: Readonly<Record<string, () => FileSystemType>>;
    /** File systems that a boot mounts, by path. */
    readonly mounts?: Readonly<Record<string, (kernel: Kernel) => FileSystem>>;
  }
}

/** A type of file system that a guest may mount. */
export interface FileSystemType {
  /** The names of its options. */
  readonly options: readonly string[];
  /** A new file system, or an existing one for a type of which there is one instance. */
  readonly make: (
    t: Task,
    options: ReadonlyMap<string, string>,
    how: { readonly source: string | undefined; readonly flags: number },
  ) => Or<FileSystem>;
  /** True if several mounts may get one instance, whose flags then do not change. */
  readonly single?: true;
  /** True if its source is a block device. */
  readonly isOnDevice?: true;
  /** True if it ignores options that it does not know. */
  readonly ignores?: true;
  /** Changes a mounted file system: 0 or -errno. Absent: options are ignored. */
  readonly change?: (t: Task, fs: FileSystem, options: ReadonlyMap<string, string>, flags: number) => number;
}

/** Options that set or clear flags of any file system. Linux fs/fs_context.c common_set_sb_flag. */
const flagOptions: Readonly<Record<string, { readonly set?: number; readonly clear?: number }>> = {
  ro: { set: SB.RDONLY },
  sync: { set: SB.SYNCHRONOUS },
  dirsync: { set: SB.DIRSYNC },
  mand: { set: SB.MANDLOCK },
  lazytime: { set: SB.LAZYTIME },
  rw: { clear: SB.RDONLY },
  async: { clear: SB.SYNCHRONOUS },
  nomand: { clear: SB.MANDLOCK },
  nolazytime: { clear: SB.LAZYTIME },
};

/** The options of a mount that is being made or changed. Linux struct fs_context. */
export class MountContext {
  readonly type: FileSystemType;
  readonly values = new Map<string, string>();
  source: string | undefined = undefined;
  flags = 0;
  /** The flags that were named. */
  flagMask = 0;
  constructor(type: FileSystemType) {
    this.type = type;
  }
  /** Takes one option: 0, or -EINVAL for one that the type does not know. Linux vfs_parse_fs_param(). */
  add(name: string, value: string | undefined): number {
    const flag = Object.hasOwn(flagOptions, name) && value === undefined ? flagOptions[name] : undefined;
    if (flag) {
      const { set = 0, clear = 0 } = flag;
      this.flags = (this.flags | set) & ~clear;
      this.flagMask |= set | clear;
      return 0;
    }
    if (this.type.options.includes(name)) {
      this.values.set(name, value ?? "");
      return 0;
    }
    if (name !== "source" && this.type.ignores) return 0;
    if (name !== "source" || value === undefined || this.source !== undefined) return -E.EINVAL;
    this.source = value;
    return 0;
  }
  /** Takes the data of mount(2): "a=1,b". Linux generic_parse_monolithic(). */
  addAll(data: string): number {
    for (const option of data.split(",")) {
      if (option === "") continue;
      const equals = option.indexOf("=");
      const bad = equals < 0 ? this.add(option, undefined) : this.add(option.slice(0, equals), option.slice(equals + 1));
      if (bad < 0) return bad;
    }
    return 0;
  }
  /** The file system of these options. */
  make(t: Task): Or<FileSystem> {
    const fs = this.type.make(t, this.values, this);
    if (typeof fs !== "number" && !this.type.single) fs.superFlags = this.flags;
    return fs;
  }
  /** Changes the flags in `mask` and the options of a file system: 0 or -errno. Linux reconfigure_super(). */
  change(t: Task, fs: FileSystem, mask = this.flagMask): number {
    if (!fs.writable && (mask & SB.RDONLY & ~this.flags) !== 0) return -E.EACCES;
    // Linux sb_prepare_remount_readonly()
    if (mask & this.flags & SB.RDONLY && !fs.readOnly && fs.writers > 0) return -E.EBUSY;
    const bad = this.type.change?.(t, fs, this.values, (fs.superFlags & ~mask) | (this.flags & mask)) ?? 0;
    if (bad < 0) return bad;
    fs.superFlags = (fs.superFlags & ~mask) | (this.flags & mask);
    return 0;
  }
}
/** A file system that belongs to the user namespace of its mounter. */
export const owned = (t: Task, fs: FileSystem): FileSystem => {
  fs.owner = t.cred.userNs;
  return fs;
};
