// The shared state of the file systems of one machine: mount tree, device numbers, file systems without a
// mount point.

import { E } from "../../abi/errno.ts";
import { O_ACCMODE, O_DIRECT, O_NONBLOCK, O_RDONLY, O_WRONLY } from "../../abi/uapi/fcntl.ts";
import { setHugeDevice } from "../../memory/huge/device.ts";
import { LowestIds } from "../base/lowest-ids.ts";
import type { Wait } from "../base/wait.ts";
import { ACCESS, mayUseDevice } from "../cgroup/devices.ts";
import type { Task } from "../core/task.ts";
import { LOOP_MAJOR, Loops } from "./files/loop-device.ts";
import { openFifo, PIPEFS_MAGIC, Pipe, PipeEnd, PipeLimits } from "./files/pipe.ts";
import { HugeFs } from "./types/hugetlbfs.ts";
import { MemFs } from "./types/memfs.ts";
import { NsFs } from "./types/nsfs.ts";
import { AnonFs, AnonInode } from "./vfs/anon.ts";
import type { Path } from "./vfs/dentry.ts";
import { characterDevices, type OpenDevice } from "./vfs/device.ts";
import type { FileDescription } from "./vfs/file.ts";
import type { BlockDevice, Clock, FileSystem, Inode, Or } from "./vfs/inode.ts";
import { major, makedev, minor, S_IFCHR, S_IFIFO } from "./vfs/mode.ts";
import { Mount, MountNamespace } from "./vfs/mount.ts";

declare module "../core/kernel.ts" {
  interface KernelMembers {
    /** Set at boot, before the first task: file systems need this kernel's clock. */
    vfs: Vfs;
  }
}

/** The values of /proc/sys/fs/protected_*. man 5 proc_sys_fs. */
export interface Protection {
  hardlinks: number;
  symlinks: number;
  fifos: number;
  regular: number;
}

/** The drivers of a kernel's devices. */
export interface DeviceDrivers {
  /** Character devices, by device number (mode.ts makedev). */
  readonly characters: ReadonlyMap<number, OpenDevice>;
  /** All character devices with one major number, by that number. `characters` has precedence. */
  readonly characterMajors: ReadonlyMap<number, OpenDevice>;
  /** Block devices, by major number. */
  readonly blockMajors: ReadonlyMap<number, OpenDevice>;
}

/** The access to a device by the mode of an open. */
const deviceAccess = [ACCESS.read, ACCESS.write, ACCESS.read | ACCESS.write, 0];

/** The virtual file system of one kernel. */
export class Vfs {
  readonly clock: Clock;
  /** The file system that the machine was booted with. */
  readonly rootFs: FileSystem;
  namespace: MountNamespace;
  /** The drivers of devices, the first devpts, and the host's terminal if there is one: set at boot. */
  drivers: DeviceDrivers | undefined = undefined;
  firstPts!: FileSystem;
  console: object | undefined = undefined;
  readonly loops = new Loops();
  readonly pipefs: AnonFs;
  readonly anonfs: AnonFs;
  readonly sockfs: AnonFs;
  readonly nsfs: NsFs;
  /** The internal tmpfs mount of memfds. */
  readonly memfds: Mount;
  /** The internal hugetlbfs mount of memfds and segments with huge pages. */
  readonly hugeFiles: Mount;
  /** The initial values are those of Debian. */
  readonly protection: Protection = { hardlinks: 1, symlinks: 1, fifos: 1, regular: 2 };
  readonly pipes = new PipeLimits();
  /** The numbers of eventfds in /proc/PID/fdinfo. */
  readonly eventIds = new LowestIds(0);
  /** /proc/sys/fs/lease-break-time in seconds. */
  leaseSeconds = 45;
  private _nextDev = 1;

  /** `root` makes the root file system with a given device number. */
  constructor(clock: Clock, root: (dev: number, clock: Clock) => FileSystem) {
    this.clock = clock;
    const fs = root(this.newDev(), clock);
    this.rootFs = fs;
    this.namespace = MountNamespace.initial(fs, fs.type);
    this.pipefs = new AnonFs(this.newDev(), clock, "pipefs", PIPEFS_MAGIC);
    this.anonfs = new AnonFs(this.newDev(), clock, "anon_inodefs", 0x09041934);
    const shm = new MemFs(this.newDev(), clock);
    shm.internal = true;
    this.memfds = new Mount(0, shm, shm.root, "tmpfs", 0);
    const huge = new HugeFs(this.newDev(), clock);
    huge.internal = true;
    this.hugeFiles = new Mount(0, huge, huge.root, "hugetlbfs", 0);
    setHugeDevice(clock.frames, minor(huge.dev));
    this.nsfs = new NsFs(this.newDev(), clock);
    this.sockfs = new AnonFs(this.newDev(), clock, "sockfs", 0x534f434b);
  }

  /** The block device of a number. */
  blockDevice(rdev: number): BlockDevice | undefined {
    return major(rdev) === LOOP_MAJOR ? this.loops.get(minor(rdev)) : undefined;
  }
  /** A device number for a file system without a device: major 0. */
  newDev(): number {
    return makedev(0, this._nextDev++);
  }

  /**
   * Opens a FIFO or a character device: a file description, -errno (-ENXIO without a driver), or a wait of a
   * FIFO's opener.
   */
  openSpecial(task: Task, inode: Inode, flags: number, path: Path): Or<FileDescription> | Wait {
    if (inode.opensItself) return inode.open(task, flags, path);
    if (inode.type === S_IFIFO) return openFifo(task, inode, flags, path);
    const denied = mayUseDevice(task, inode.type, inode.rdev, deviceAccess[flags & O_ACCMODE] as number);
    if (denied < 0) return denied;
    const { rdev } = inode;
    if (inode.type !== S_IFCHR) return this.drivers?.blockMajors.get(major(rdev))?.(task, inode, flags, path) ?? -E.ENXIO;
    const open =
      this.drivers?.characters.get(rdev) ??
      characterDevices(task.kernel).find((device) => device.rdev === rdev)?.open ??
      this.drivers?.characterMajors.get(major(rdev));
    return open ? open(task, inode, flags, path) : -E.ENXIO;
  }

  /** pipe2(2): a new pipe's read end and write end. */
  pipe(task: Task, flags: number): Or<[PipeEnd, PipeEnd]> {
    const pipe = Pipe.of(task);
    if (typeof pipe === "number") return pipe;
    const inode = new AnonInode(this.pipefs, S_IFIFO | 0o600);
    inode.pipe = pipe;
    inode.uid = task.cred.fsuid;
    inode.gid = task.cred.fsgid;
    const path = this.pipefs.path(inode, (ino) => `pipe:[${ino}]`);
    const status = flags & (O_NONBLOCK | O_DIRECT);
    return [new PipeEnd(inode, status | O_RDONLY, path), new PipeEnd(inode, status | O_WRONLY, path)];
  }

  /**
   * A path with a new anonymous inode, for example of an eventfd. /proc/PID/fd shows it as
   * "anon_inode:LABEL".
   */
  anonymous(task: Task, label: string): Path {
    const inode = new AnonInode(this.anonfs, 0o600);
    inode.uid = task.cred.fsuid;
    inode.gid = task.cred.fsgid;
    return this.anonfs.path(inode, () => `anon_inode:${label}`);
  }
}
