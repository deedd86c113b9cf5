// All that the file systems of one machine share: the mount tree, device numbers, the file systems without a mount point.
import { E } from "../../abi/errno.ts";
import type { Wait } from "../base/wait.ts";
import type { Task } from "../task/task.ts";
import { openFifo, PipeEnd } from "./files/pipe.ts";
import { MemFs } from "./types/memfs.ts";
import { NsFs } from "./types/nsfs.ts";
import { AnonFs, AnonInode } from "./vfs/anon.ts";
import type { Path } from "./vfs/dentry.ts";
import type { FileDescription } from "./vfs/file.ts";
import type { Clock, FileSystem, Inode, Or } from "./vfs/inode.ts";
import { major, makedev, S_IFCHR, S_IFIFO } from "./vfs/mode.ts";
import { Mount, MountNamespace } from "./vfs/mount.ts";
import { O_DIRECT, O_NONBLOCK, O_RDONLY, O_WRONLY } from "./vfs/open-flags.ts";

/** /proc/sys/fs/protected_*, as Debian sets them. man 5 proc_sys_fs */
export interface Protection {
  hardlinks: number;
  symlinks: number;
  fifos: number;
  regular: number;
}

/** What a character device node opens. */
export type OpenDevice = (task: Task, inode: Inode, flags: number, path: Path) => Or<FileDescription>;

export class Vfs {
  readonly clock: Clock;
  namespace: MountNamespace;
  /** Character devices by number (mode.ts makedev), and those whose driver has all of a major number by that. */
  readonly devices = new Map<number, OpenDevice>();
  readonly drivers = new Map<number, OpenDevice>();
  readonly pipefs: AnonFs;
  readonly anonfs: AnonFs;
  readonly sockfs: AnonFs;
  readonly nsfs: NsFs;
  /** Where memfds live. */
  readonly memfds: Mount;
  readonly protection: Protection = { hardlinks: 1, symlinks: 1, fifos: 1, regular: 2 };
  #nextDev = 1;

  /** `root` makes the root file system, given its device number. */
  constructor(clock: Clock, root: (dev: number, clock: Clock) => FileSystem) {
    this.clock = clock;
    const fs = root(this.newDev(), clock);
    this.namespace = new MountNamespace(fs, fs.type);
    this.pipefs = new AnonFs(this.newDev(), clock, "pipefs", 0x50495045);
    this.anonfs = new AnonFs(this.newDev(), clock, "anon_inodefs", 0x09041934);
    const shm = new MemFs(this.newDev(), clock);
    this.memfds = new Mount(0, shm, shm.root, "tmpfs", 0);
    this.nsfs = new NsFs(this.newDev(), clock);
    this.sockfs = new AnonFs(this.newDev(), clock, "sockfs", 0x534f434b);
  }

  /** A device number for a file system without a device: major 0. */
  newDev(): number {
    return makedev(0, this.#nextDev++);
  }

  openSpecial(task: Task, inode: Inode, flags: number, path: Path): Or<FileDescription> | Wait {
    if (inode.type === S_IFIFO) return openFifo(task, inode, flags, path);
    if (inode.type !== S_IFCHR) return -E.ENXIO;
    const open = this.devices.get(inode.rdev) ?? this.drivers.get(major(inode.rdev));
    return open ? open(task, inode, flags, path) : -E.ENXIO;
  }

  /** pipe2(2): the reading end, the writing end. */
  pipe(task: Task, flags: number): [PipeEnd, PipeEnd] {
    const inode = new AnonInode(this.pipefs, S_IFIFO | 0o600);
    inode.uid = task.cred.fsuid;
    inode.gid = task.cred.fsgid;
    const path = this.pipefs.path(inode, (ino) => `pipe:[${ino}]`);
    const kept = flags & (O_NONBLOCK | O_DIRECT);
    return [new PipeEnd(inode, kept | O_RDONLY, path), new PipeEnd(inode, kept | O_WRONLY, path)];
  }

  /** An inode for eventfd and its like; all show one label. */
  anonymous(task: Task, label: string): Path {
    const inode = new AnonInode(this.anonfs, 0o600);
    inode.uid = task.cred.fsuid;
    inode.gid = task.cred.fsgid;
    return this.anonfs.path(inode, () => `anon_inode:${label}`);
  }
}
