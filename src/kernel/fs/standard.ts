// The mounts that every program expects: /proc, /sys, /dev, /dev/pts, /dev/shm, /tmp. The boot of a machine
// makes them once.
import { E } from "../../abi/errno.ts";
import type { Kernel } from "../core/kernel.ts";
import { DevTmpFs, deviceDrivers, newDevPts } from "./devtmpfs.ts";
import { ProcFs } from "./proc/procfs.ts";
import { CgroupFs } from "./sys/cgroup-fs.ts";
import { SysFs } from "./sys/sysfs.ts";
import type { Tty } from "./tty/tty.ts";
import { MemDir, MemFs } from "./types/memfs.ts";
import { Dentry, type Path } from "./vfs/dentry.ts";
import { characterDevices } from "./vfs/device.ts";
import type { FileSystem, Inode, Or } from "./vfs/inode.ts";
import { S_IFDIR } from "./vfs/mode.ts";
import { MountNamespace, MS_NODEV, MS_NOEXEC, MS_NOSUID } from "./vfs/mount.ts";
import { adopt } from "./vfs/resolve.ts";
import type { Vfs } from "./vfs.ts";

/** True for the errors of a directory that cannot be made because the memory is used up. */
export const isShortage = (errno: unknown): boolean => errno === -E.ENOMEM || errno === -E.ENOSPC;
/**
 * The path of an absolute name of directories. A missing directory is made with `mode` if its file system is
 * writable. -errno if a component cannot be made or is not a directory.
 */
export const mountpoint = (vfs: Vfs, name: string, mode = 0o755): Or<Path> => {
  let at = MountNamespace.cross(vfs.namespace.root.path);
  for (const component of name.split("/").filter((p) => p !== "" && p !== ".")) {
    const dir = at.dentry.inode;
    const present = at.dentry.children.get(component)?.inode ?? (dir instanceof MemDir ? dir.lookup(component) : undefined);
    const found =
      present === -E.ENOENT && !dir.fs.readOnly ? dir.create(component, { mode: S_IFDIR | mode, uid: 0, gid: 0, rdev: 0 }) : present;
    if (typeof found === "number") return found;
    if (!found?.isDir) return -E.ENOTDIR;
    const dentry = at.dentry.children.get(component) ?? adopt(at.dentry, component, found);
    at = MountNamespace.cross({ mount: at.mount, dentry });
  }
  return at;
};

const mountAt = (vfs: Vfs, name: string, fs: FileSystem, flags: number, mode?: number): number => {
  const at = mountpoint(vfs, name, mode);
  if (typeof at === "number") return at;
  vfs.namespace.attach(at, fs, { flags });
  return 0;
};

const FLAGS = MS_NOSUID | MS_NODEV | MS_NOEXEC;
/** /sys, and cgroup2 at /sys/fs/cgroup. A /sys of the host's root stays hidden below. */
const mountSys = (kernel: Kernel): number => {
  const { vfs } = kernel;
  const at = mountpoint(vfs, "/sys");
  if (typeof at === "number") return at;
  const flags = FLAGS;
  const mount = vfs.namespace.attach(at, new SysFs(vfs.newDev(), kernel), { flags });
  let { root: dentry } = mount;
  for (const name of ["fs", "cgroup"]) dentry = new Dentry(name, dentry, dentry.inode.lookup(name, undefined as never) as Inode);
  vfs.namespace.attach({ mount, dentry }, kernel.cgroupFs, { flags });
  return 0;
};

/**
 * Mounts the standard file systems where their mount points exist or can be made. `console` is the host's
 * terminal, if the standard streams are one. Without `ownTmp` /tmp remains a directory of the root file
 * system. False: the memory was used up by the names of the root.
 */
export const mountStandard = (kernel: Kernel, console?: Tty, ownTmp = true): boolean => {
  const { vfs } = kernel;
  const pts = newDevPts(vfs.newDev(), vfs.clock);
  vfs.drivers = deviceDrivers;
  vfs.firstPts = pts;
  vfs.console = console;
  kernel.cgroupFs = new CgroupFs(vfs.newDev(), kernel);
  const ends = [
    mountAt(vfs, "/proc", new ProcFs(vfs.newDev(), kernel), FLAGS),
    mountSys(kernel),
    mountAt(vfs, "/dev", new DevTmpFs(vfs.newDev(), vfs.clock, characterDevices(kernel)), MS_NOSUID),
    mountAt(vfs, "/dev/pts", pts, MS_NOSUID | MS_NOEXEC),
    ...kernel.features.flatMap(({ mounts = {} }) =>
      Object.entries(mounts).map(([at, make]) => mountAt(vfs, at, make(kernel), FLAGS, 0o1777)),
    ),
    mountAt(vfs, "/dev/shm", new MemFs(vfs.newDev(), vfs.clock, { mode: 0o1777 }), MS_NOSUID | MS_NODEV),
    ownTmp ? mountAt(vfs, "/tmp", new MemFs(vfs.newDev(), vfs.clock, { mode: 0o1777 }), MS_NOSUID | MS_NODEV) : 0,
  ];
  return !ends.some(isShortage);
};
