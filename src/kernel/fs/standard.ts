// The mounts that every program expects: /proc, /sys, /dev, /dev/pts, /dev/shm, /tmp. The boot of a machine
// makes them once.
import { mqueueOf } from "../ipc/mqueue.ts";
import type { Kernel } from "../kernel.ts";
import { DevTmpFs, newDevPts, registerDevices } from "./devtmpfs.ts";
import { ProcFs } from "./proc/procfs.ts";
import { CgroupFs } from "./sys/cgroup-fs.ts";
import { SysFs } from "./sys/sysfs.ts";
import type { Tty } from "./tty/tty.ts";
import { MemDir, MemFs } from "./types/memfs.ts";
import { Dentry, type Path } from "./vfs/dentry.ts";
import type { FileSystem, Inode } from "./vfs/inode.ts";
import { S_IFDIR } from "./vfs/mode.ts";
import { MountNamespace, MS_NODEV, MS_NOEXEC, MS_NOSUID } from "./vfs/mount.ts";
import { adopt } from "./vfs/resolve.ts";
import type { Vfs } from "./vfs.ts";

/**
 * The path of an absolute name of directories. A missing directory is made with `mode` if its file system is
 * writable. Undefined if a component cannot be made or is not a directory.
 */
export const mountpoint = (vfs: Vfs, name: string, mode = 0o755): Path | undefined => {
  let at = MountNamespace.cross(vfs.namespace.root.path);
  for (const component of name.split("/").filter((p) => p !== "")) {
    const dir = at.dentry.inode;
    const present = at.dentry.children.get(component)?.inode ?? (dir instanceof MemDir ? dir.lookup(component) : undefined);
    const found =
      typeof present === "number" && !dir.fs.readOnly ? dir.create(component, { mode: S_IFDIR | mode, uid: 0, gid: 0, rdev: 0 }) : present;
    if (found === undefined || typeof found === "number" || !found.isDir) return undefined;
    const dentry = at.dentry.children.get(component) ?? adopt(at.dentry, component, found);
    at = MountNamespace.cross({ mount: at.mount, dentry });
  }
  return at;
};

const mountAt = (vfs: Vfs, name: string, fs: FileSystem, flags: number): void => {
  const at = mountpoint(vfs, name);
  if (at) vfs.namespace.attach(at, fs, { flags });
};

/** /sys, and cgroup2 at /sys/fs/cgroup. A /sys of the host's root stays hidden below. */
const mountSys = (kernel: Kernel): void => {
  const { vfs } = kernel;
  const at = mountpoint(vfs, "/sys");
  if (!at) return;
  const flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  const mount = vfs.namespace.attach(at, new SysFs(vfs.newDev(), kernel), { flags });
  let { root: dentry } = mount;
  for (const name of ["fs", "cgroup"]) dentry = new Dentry(name, dentry, dentry.inode.lookup(name, undefined as never) as Inode);
  vfs.namespace.attach({ mount, dentry }, kernel.cgroupFs, { flags });
};

/**
 * Mounts the standard file systems where their mount points exist or can be made. `console` is the host's
 * terminal, if the standard streams are one. Without `ownTmp` /tmp remains a directory of the root file
 * system.
 */
export const mountStandard = (kernel: Kernel, console?: Tty, ownTmp = true): void => {
  const { vfs } = kernel;
  const pts = newDevPts(vfs.newDev(), vfs.clock);
  registerDevices(vfs, pts, console);
  mountAt(vfs, "/proc", new ProcFs(vfs.newDev(), kernel), MS_NOSUID | MS_NODEV | MS_NOEXEC);
  kernel.cgroupFs = new CgroupFs(vfs.newDev(), kernel);
  mountSys(kernel);
  mountAt(vfs, "/dev", new DevTmpFs(vfs.newDev(), vfs.clock), MS_NOSUID);
  mountAt(vfs, "/dev/pts", pts, MS_NOSUID | MS_NOEXEC);
  mountAt(vfs, "/dev/mqueue", mqueueOf(kernel, kernel.namespaces.ipc), MS_NOSUID | MS_NODEV | MS_NOEXEC);
  mountAt(vfs, "/dev/shm", new MemFs(vfs.newDev(), vfs.clock, { mode: 0o1777 }), MS_NOSUID | MS_NODEV);
  if (ownTmp) mountAt(vfs, "/tmp", new MemFs(vfs.newDev(), vfs.clock, { mode: 0o1777 }), MS_NOSUID | MS_NODEV);
};
