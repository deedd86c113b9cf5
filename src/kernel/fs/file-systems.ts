// File systems that a guest may mount, and their options. man 5 tmpfs, man 5 proc; Linux mm/shmem.c,
// fs/proc/root.c, fs/devpts/inode.c.
import { E } from "../../abi/errno.ts";
import { HUGE_SIZE, hugePool } from "../../memory/huge/pool.ts";
import type { Kernel } from "../core/kernel.ts";
import type { Task } from "../core/task.ts";
import { CAP, capable, capableIn } from "../cred/cred.ts";
import { toKernel } from "../cred/user-namespace.ts";
import { newDevPts } from "./devtmpfs.ts";
import { ProcFs } from "./proc/procfs.ts";
import { CgroupFs } from "./sys/cgroup-fs.ts";
import { SysFs } from "./sys/sysfs.ts";
import { HugeFs } from "./types/hugetlbfs.ts";
import { MemFs } from "./types/memfs.ts";
import { type FileSystemType, MountContext, owned } from "./types/mountable.ts";
import { RamFs } from "./types/ramfs.ts";
import type { FileSystem, Or } from "./vfs/inode.ts";

const PAGE = 4096;

const number = (text: string | undefined, pattern: RegExp, base: number): number | undefined =>
  text !== undefined && pattern.test(text) ? Number.parseInt(text, base) : undefined;

/** The pages of a size option: bytes with a suffix ("64k", "1m"), or a share of the memory ("50%"). */
const pagesOf = (t: Task, text: string): number | undefined => {
  const share = /^(\d+)%$/.exec(text);
  if (share) return Math.floor((t.kernel.frames.total * Number(share[1])) / 100);
  const bytes = bytesOf(text);
  return bytes === undefined ? undefined : Math.ceil(bytes / PAGE);
};
/** Linux memparse(), without a rest. */
const bytesOf = (text: string): number | undefined => {
  const found = /^(\d+)([kmg]?)$/i.exec(text);
  return found ? Number(found[1]) * 2 ** (10 * " kmg".indexOf((found[2] || " ").toLowerCase())) : undefined;
};

/** The option `uid` or `gid`, by default the id of the mounting task; undefined: it has no meaning. */
const ownerOf = (t: Task, options: ReadonlyMap<string, string>, name: "uid" | "gid"): number | undefined => {
  const text = options.get(name);
  if (text === undefined) return t.cred[`fs${name}`];
  const id = number(text, /^\d+$/, 10);
  return id === undefined ? undefined : toKernel(t.cred.userNs, `${name}Map`, id);
};

const tmpfs = (t: Task, options: ReadonlyMap<string, string>): Or<FileSystem> => {
  const size = options.get("size");
  const pages = size === undefined ? undefined : pagesOf(t, size);
  const mode = options.has("mode") ? number(options.get("mode"), /^[0-7]+$/, 8) : 0o1777;
  const uid = ownerOf(t, options, "uid");
  const gid = ownerOf(t, options, "gid");
  if (mode === undefined || uid === undefined || gid === undefined || (size !== undefined && pages === undefined)) return -E.EINVAL;
  const { vfs } = t.kernel;
  const fs = new MemFs(vfs.newDev(), vfs.clock, { mode: mode & 0o7777, ...(pages === undefined ? {} : { pages }) });
  Object.assign(fs.root.inode, { uid, gid });
  return owned(t, fs);
};

/** A bad mode is refused, and options that it does not know are ignored. Linux ramfs_parse_param(). */
const ramfs = (t: Task, options: ReadonlyMap<string, string>): Or<FileSystem> => {
  const mode = options.has("mode") ? number(options.get("mode"), /^[0-7]+$/, 8) : 0o755;
  if (mode === undefined) return -E.EINVAL;
  const { vfs, frames } = t.kernel;
  const fs = new RamFs(vfs.newDev(), vfs.clock, { mode: mode & 0o7777, pages: frames.total });
  Object.assign(fs.root.inode, { uid: t.cred.fsuid, gid: t.cred.fsgid });
  return owned(t, fs);
};

/** The number of huge pages of an option `size`: bytes with a suffix, or a share of the pool. */
const hugePagesOf = (t: Task, text: string): number | undefined => {
  const share = /^(\d+)%$/.exec(text);
  if (share) return Math.floor((hugePool(t.kernel.frames).total * Number(share[1])) / 100);
  const pages = pagesOf(t, text);
  return pages === undefined ? undefined : Math.floor((pages * PAGE) / HUGE_SIZE);
};
/** Linux hugetlbfs_parse_param(). */
const hugetlbfs = (t: Task, options: ReadonlyMap<string, string>): Or<FileSystem> => {
  if (!capable(t.cred, CAP.SYS_ADMIN)) return -E.EPERM;
  const [size, pagesize, inodes] = ["size", "pagesize", "nr_inodes"].map((name) => options.get(name));
  const pages = size === undefined ? undefined : hugePagesOf(t, size);
  const mode = options.has("mode") ? number(options.get("mode"), /^[0-7]+$/, 8) : 0o755;
  const uid = ownerOf(t, options, "uid");
  const gid = ownerOf(t, options, "gid");
  const most = inodes === undefined ? undefined : number(inodes, /^\d+$/, 10);
  if (mode === undefined || uid === undefined || gid === undefined || (size !== undefined && pages === undefined)) return -E.EINVAL;
  if ((inodes !== undefined && most === undefined) || (pagesize !== undefined && bytesOf(pagesize) !== HUGE_SIZE)) return -E.EINVAL;
  const { vfs } = t.kernel;
  const fs = new HugeFs(vfs.newDev(), vfs.clock, { mode: mode & 0o1777, pages, inodes: most });
  Object.assign(fs.root.inode, { uid, gid });
  return owned(t, fs);
};

/**
 * Shows the pid namespace of the mounting task. The task needs CAP_SYS_ADMIN in the owner of that namespace.
 */
const proc = (t: Task): Or<FileSystem> => {
  if (!capableIn(t.cred, t.pidNs.owner, CAP.SYS_ADMIN)) return -E.EPERM;
  return owned(t, new ProcFs(t.kernel.vfs.newDev(), t.kernel, t.pidNs));
};

const devpts = (t: Task): Or<FileSystem> => {
  const fs = newDevPts(t.kernel.vfs.newDev(), t.kernel.vfs.clock);
  Object.assign(fs.root.inode, { uid: t.cred.fsuid, gid: t.cred.fsgid });
  return owned(t, fs);
};

/** Linux sysfs_init_fs_context(): the caller needs CAP_SYS_ADMIN in the owner of its network namespace. */
const sysfs = (t: Task): Or<FileSystem> =>
  capableIn(t.cred, t.net.owner, CAP.SYS_ADMIN) ? owned(t, new SysFs(t.kernel.vfs.newDev(), t.kernel)) : -E.EPERM;

/** The one hierarchy; in a cgroup namespace its part from the namespace's root on. */
const cgroup2 = (t: Task): Or<FileSystem> => {
  const { kernel, namespaces } = t;
  const { top: root } = namespaces.cgroup;
  return root === kernel.cgroups ? kernel.cgroupFs : new CgroupFs(kernel.vfs.newDev(), kernel, root);
};

/** A new size for a mounted tmpfs; the other options stay. Linux shmem_reconfigure(). */
const resize = (t: Task, fs: FileSystem, options: ReadonlyMap<string, string>): number => {
  const size = options.get("size");
  if (size === undefined || !(fs instanceof MemFs)) return 0;
  const pages = pagesOf(t, size);
  return pages === undefined || !fs.budget.resize(pages) ? -E.EINVAL : 0;
};

/** The types by name. */
// biome-ignore format: table
export const fileSystemTypes: Readonly<Record<string, FileSystemType>> = {
  tmpfs: {
    options: ["mode", "uid", "gid", "size", "nr_blocks", "nr_inodes", "huge", "mpol", "inode32", "inode64", "noswap"],
    make: tmpfs,
    change: resize,
  },
  ramfs: { options: ["mode"], make: ramfs, ignores: true },
  hugetlbfs: { options: ["gid", "mode", "nr_inodes", "pagesize", "size", "uid"], make: hugetlbfs },
  proc: { options: ["hidepid", "gid", "subset"], make: proc },
  devpts: { options: ["newinstance", "ptmxmode", "mode", "uid", "gid", "max"], make: devpts },
  sysfs: { options: [], make: sysfs },
  cgroup2: {
    options: ["nsdelegate", "favordynmods", "memory_localevents", "memory_recursiveprot", "memory_hugetlb_accounting", "pids_localevents"],
    make: cgroup2,
    single: true,
  },
};
/** The type of a name, or -ENODEV. */
export const fileSystemType = (kernel: Kernel, name: string): Or<FileSystemType> => {
  if (Object.hasOwn(fileSystemTypes, name)) return fileSystemTypes[name] as FileSystemType;
  const feature = kernel.features.find(({ fileSystems }) => fileSystems && Object.hasOwn(fileSystems, name));
  return feature?.fileSystems?.[name]?.() ?? -E.ENODEV;
};
/** Options for a change of a mounted file system. */
export const optionsOf = (kernel: Kernel, fs: FileSystem): MountContext => {
  const type = fileSystemType(kernel, fs.type);
  return new MountContext(typeof type === "number" ? { options: [], make: () => -E.ENODEV } : type);
};
