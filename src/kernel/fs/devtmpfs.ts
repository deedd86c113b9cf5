// /dev: device nodes, and the links into /proc that every program expects. Linux drivers/base/devtmpfs.c;
// man 4 console, tty.
import { E } from "../../abi/errno.ts";
import { KMSG } from "../../abi/uapi/devices.ts";
import { O_NOCTTY } from "../../abi/uapi/fcntl.ts";
import type { Task } from "../core/task.ts";
import { memoryDevices } from "./files/devices.ts";
import { openKmsg } from "./files/kmsg.ts";
import { openLoop, openLoopControl } from "./files/loop.ts";
import { LOOP_CONTROL, LOOP_MAJOR, LOOPS } from "./files/loop-device.ts";
import { acquireOnOpen, controllingTty } from "./tty/control.ts";
import { DevPts } from "./tty/pty.ts";
import type { Tty } from "./tty/tty.ts";
import { TtyFile } from "./tty/tty-file.ts";
import { type MemDir, MemFs, MemLink, MemNode } from "./types/memfs.ts";
import type { Path } from "./vfs/dentry.ts";
import type { CharacterDevice, OpenDevice } from "./vfs/device.ts";
import type { FileDescription } from "./vfs/file.ts";
import type { Clock, FileSystem, Inode, Or } from "./vfs/inode.ts";
import { makedev, S_IFBLK, S_IFCHR, S_IFDIR, S_IFLNK } from "./vfs/mode.ts";
import type { DeviceDrivers } from "./vfs.ts";

const TTY = makedev(5, 0);
/** The number of /dev/console, in the form of `makedev`. */
export const CONSOLE = makedev(5, 1);
const MISC_MAJOR = 10;
const PTMX = makedev(5, 2);
const PTS_MAJOR = 136;

const links = [
  ["fd", "/proc/self/fd"],
  ["stdin", "/proc/self/fd/0"],
  ["stdout", "/proc/self/fd/1"],
  ["stderr", "/proc/self/fd/2"],
  ["ptmx", "pts/ptmx"],
] as const;

/** A devtmpfs. The constructor fills it with the nodes, links and directories of `/dev`. */
export class DevTmpFs extends MemFs {
  override readonly type: string = "devtmpfs";
  /** `more`: the devices of features. */
  constructor(dev: number, clock: Clock, more: readonly CharacterDevice[]) {
    super(dev, clock);
    const dir = this.root.inode as MemDir;
    const node = (name: string, mode: number, rdev: number): void =>
      dir.add(name, new MemNode(this, { mode: S_IFCHR | mode, uid: 0, gid: 0, rdev }));
    for (const { name, mode, rdev } of memoryDevices) node(name, mode, rdev);
    node("kmsg", 0o644, KMSG);
    node("tty", 0o666, TTY);
    node("console", 0o600, CONSOLE);
    node("loop-control", 0o600, LOOP_CONTROL);
    for (let n = 0; n < LOOPS; n++)
      dir.add(`loop${n}`, new MemNode(this, { mode: S_IFBLK | 0o660, uid: 0, gid: 0, rdev: makedev(LOOP_MAJOR, n) }));
    for (const { name, mode, rdev } of more) node(name, mode, rdev);
    for (const [name, target] of links) dir.add(name, new MemLink(this, { mode: S_IFLNK | 0o777, uid: 0, gid: 0, rdev: 0 }, target));
    for (const [name, mode] of [
      ["pts", 0o755],
      ["shm", 0o1777],
    ] as const)
      dir.create(name, { mode: S_IFDIR | mode, uid: 0, gid: 0, rdev: 0 });
  }
}

/** Opens /dev/tty, the controlling terminal of the task's session. -ENXIO without one. */
const openControlling: OpenDevice = (task, inode, flags, path) => {
  const tty = controllingTty(task.process);
  return tty ? new TtyFile(tty, inode, flags, path) : -E.ENXIO;
};

/**
 * Opens a terminal whose other side is the host. It can become the session's controlling terminal. Linux
 * tty_open().
 */
export const openTty = (task: Task, tty: Tty, inode: Inode, flags: number, path: Path): Or<FileDescription> => {
  if (!(flags & O_NOCTTY)) acquireOnOpen(task, tty);
  return new TtyFile(tty, inode, flags, path);
};

/**
 * The devpts of a node: its own file system if that is a devpts, else `first`. Linux devpts_acquire(), which
 * also searches for a "pts" beside the node.
 */
const ptsOf = (inode: Inode, first: FileSystem): DevPts => (inode.fs instanceof DevPts ? inode.fs : (first as DevPts));

/** The host's terminal, if the machine has one. */
const openConsole: OpenDevice = (task, inode, flags, path) => {
  const console = task.kernel.vfs.console as Tty | undefined;
  return console ? openTty(task, console, inode, flags, path) : -E.ENXIO;
};

/** The drivers of all device numbers. */
export const deviceDrivers: DeviceDrivers = {
  // Functions of their own: most programs do without some of the modules.
  characters: new Map<number, OpenDevice>([
    ...memoryDevices.map(({ rdev, open }): [number, OpenDevice] => [rdev, open]),
    [TTY, openControlling],
    [CONSOLE, openConsole],
    [KMSG, (...given) => openKmsg(...given)],
    [LOOP_CONTROL, (...given) => openLoopControl(...given)],
    [PTMX, (task, inode, flags, path) => ptsOf(inode, task.kernel.vfs.firstPts).openMaster(task, inode, flags, path)],
  ]),
  characterMajors: new Map<number, OpenDevice>([
    // Linux misc_open(): no device has the minor number.
    [MISC_MAJOR, () => -E.ENODEV],
    [PTS_MAJOR, (task, inode, flags, path) => ptsOf(inode, task.kernel.vfs.firstPts).openSlave(task, inode, flags, path)],
  ]),
  blockMajors: new Map<number, OpenDevice>([[LOOP_MAJOR, (...given) => openLoop(...given)]]),
};

/** A new devpts with its own `ptmx`. /dev/ptmx links to that of the first devpts. */
export const newDevPts = (dev: number, clock: Clock): DevPts => {
  const pts = new DevPts(dev, clock);
  (pts.root.inode as MemDir).add("ptmx", new MemNode(pts, { mode: S_IFCHR | 0o666, uid: 0, gid: 0, rdev: PTMX }));
  return pts;
};
