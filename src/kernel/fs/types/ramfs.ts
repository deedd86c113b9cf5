// ramfs: a tmpfs without a limit, without reserved space and without extended attributes. Linux
// fs/ramfs/inode.c. The memory of the machine bounds it.
import type { StatFs } from "../vfs/inode.ts";
import { MemFs } from "./memfs.ts";

/** A ramfs. */
export class RamFs extends MemFs {
  override readonly type: string = "ramfs";
  override readonly magic: number = 0x858458f6;
  override readonly keepsBirths = false;
  override readonly keepsXattrs = false;
  override readonly attributes = 0n;
  override readonly fileFlags = 0;
  override readonly counts = false;

  /** Linux simple_statfs(). */
  override statfs(): StatFs {
    return { blockSize: 4096, blocks: 0, free: 0, files: 0, filesFree: 0, nameMax: 255 };
  }
  /** Linux ramfs_show_options(). */
  override options(): string {
    const permissions = this.root.inode.mode & 0o7777;
    return permissions === 0o755 ? "" : `,mode=${permissions.toString(8)}`;
  }
}
