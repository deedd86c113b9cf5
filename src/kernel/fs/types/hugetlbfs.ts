// hugetlbfs: files of huge pages. Linux fs/hugetlbfs/inode.c; Documentation/admin-guide/mm/hugetlbpage.rst.
import { E } from "../../../abi/errno.ts";
import { type Frames, PAGE_SIZE } from "../../../memory/frames.ts";
import { HugeCache } from "../../../memory/huge/cache.ts";
import { punchHuge } from "../../../memory/huge/map.ts";
import { HugeObject } from "../../../memory/huge/object.ts";
import { HUGE_SIZE, type HugeLimit, hugePool } from "../../../memory/huge/pool.ts";
import type { PageCache } from "../../../memory/page-cache.ts";
import type { Task } from "../../core/task.ts";
import { RegularFile } from "../files/regular.ts";
import type { Path } from "../vfs/dentry.ts";
import type { FileDescription } from "../vfs/file.ts";
import type { Clock, NewInode, Or, StatFs } from "../vfs/inode.ts";
import type { FileContent } from "./content.ts";
import { MemFile, MemFs } from "./memfs.ts";

/** The bytes of a file: its huge pages. */
export class HugeContent implements FileContent {
  readonly copies = true;
  private readonly _object: HugeObject;
  constructor(object: HugeObject) {
    this._object = object;
  }
  get size(): number {
    return this._object.size;
  }
  get heldPages(): number {
    return this._object.count * (HUGE_SIZE / PAGE_SIZE);
  }
  get blocks(): number {
    return this._object.count * (HUGE_SIZE / 512);
  }
  read(at: number, into: Uint8Array): number {
    this._object.read(at, into);
    return into.length;
  }
  write(): number {
    return -E.EINVAL;
  }
  truncate(size: number): number {
    if (size % HUGE_SIZE !== 0) return -E.EINVAL;
    if (size < this.size) this._object.drop(size / HUGE_SIZE);
    this._object.size = size;
    return 0;
  }
  /** Data and holes are not told apart. */
  next(at: number, data: boolean): number {
    return data ? at : this.size;
  }
  /** Makes the pages of [at, end): 0, or -ENOSPC after some. Linux hugetlbfs_fallocate(). */
  reserve(at: number, end: number): number {
    for (let n = Math.floor(at / HUGE_SIZE); n * HUGE_SIZE < end; n++) if (!this._object.obtain(n)) return -E.ENOSPC;
    return 0;
  }
  punch(): number {
    return -E.EOPNOTSUPP;
  }
  clear(): void {
    this._object.drop(0);
  }
}

/** A regular file of huge pages. */
export class HugeFile extends MemFile {
  override readonly huge: HugeObject;
  constructor(fs: HugeFs, made: NewInode) {
    const huge = new HugeObject(hugePool(fs.clock.frames), 0, fs.limit);
    super(fs, made, new HugeContent(huge));
    this.huge = huge;
  }
  override get blockSize(): number {
    return HUGE_SIZE;
  }
  makeCache(frames: Frames): PageCache {
    return new HugeCache(frames, this, this.huge);
  }
  override allocate(at: number, end: number, punch: boolean): number {
    if (!punch) return this.content.reserve(at, end);
    punchHuge(this, this.huge, at, end);
    return 0;
  }
  override open(_task: Task, flags: number, path: Path): Or<FileDescription> {
    return new HugeDescription(this, flags, path);
  }
}
/** An open file. Its bytes change through mappings only. */
export class HugeDescription extends RegularFile {
  override write(): number {
    return -E.EINVAL;
  }
}

/** A hugetlbfs. */
export class HugeFs extends MemFs {
  override readonly type: string = "hugetlbfs";
  override readonly magic: number = 0x958458f6;
  override readonly keepsBirths = false;
  override readonly keepsXattrs = false;
  override readonly attributes = 0n;
  override readonly fileFlags = 0;
  override readonly counts = false;
  /** The option `size`. */
  readonly limit: HugeLimit | undefined;
  /** The option `nr_inodes`. */
  private readonly _inodes: number | undefined;

  /** `pages`: the most huge pages of its files. */
  constructor(dev: number, clock: Clock, options: { mode?: number; pages?: number | undefined; inodes?: number | undefined } = {}) {
    super(dev, clock, { mode: options.mode ?? 0o755, inodes: options.inodes });
    this._inodes = options.inodes;
    this.limit = options.pages === undefined ? undefined : { most: options.pages, used: 0 };
  }
  override makeFile(made: NewInode): MemFile {
    return new HugeFile(this, made);
  }
  override statfs(): StatFs {
    const { limit } = this;
    const { inodes, usedInodes } = this.budget;
    const files = limit ? { files: inodes, filesFree: inodes - usedInodes } : { files: 0, filesFree: 0 };
    return { blockSize: HUGE_SIZE, blocks: limit?.most ?? 0, free: limit ? limit.most - limit.used : 0, ...files, nameMax: 255 };
  }
  /** Linux hugetlbfs_show_options(). */
  override options(): string {
    const { mode, uid, gid } = this.root.inode;
    const permissions = mode & 0o7777;
    const { limit } = this;
    return [
      uid === 0 ? "" : `,uid=${uid}`,
      gid === 0 ? "" : `,gid=${gid}`,
      permissions === 0o755 ? "" : `,mode=${permissions.toString(8)}`,
      this._inodes === undefined ? "" : `,nr_inodes=${this._inodes}`,
      ",pagesize=2M",
      limit ? `,size=${limit.most * HUGE_SIZE}` : "",
    ].join("");
  }
}
