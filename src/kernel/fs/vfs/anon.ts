// Inodes without a directory: pipes, eventfds, sockets, memfds. Linux fs/pipe.c pipefs, fs/anon_inodes.c,
// net/socket.c sockfs.
import { E } from "../../../abi/errno.ts";
import { Dentry, type Path } from "./dentry.ts";
import type { FileDescription } from "./file.ts";
import { type Clock, FileSystem, Inode, type Or } from "./inode.ts";
import { S_IFDIR } from "./mode.ts";
import { Mount } from "./mount.ts";

/** An inode without a name. open(2) through /proc/PID/fd returns -ENXIO. */
export class AnonInode extends Inode {
  override open(): Or<FileDescription> {
    return -E.ENXIO;
  }
}

/** An internal file system without a mount point. */
export class AnonFs extends FileSystem {
  override readonly type: string;
  override readonly magic: number;
  override readonly internal = true;
  private readonly _root: Dentry;
  readonly mount: Mount;
  constructor(dev: number, clock: Clock, type: string, magic: number) {
    super(dev, clock);
    this.type = type;
    this.magic = magic;
    this._root = this.makeRoot(new AnonInode(this, S_IFDIR | 0o555));
    this.mount = new Mount(0, this, this.root, type, 0);
  }
  override get root(): Dentry {
    return this._root;
  }
  /** A path for an inode. `label` is its name in /proc/PID/fd. */
  path(inode: Inode, label: (ino: number) => string): Path {
    const dentry = new Dentry("", undefined, inode);
    dentry.label = label(inode.ino);
    return { mount: this.mount, dentry };
  }
}
