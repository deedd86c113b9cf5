// File systems that a guest may mount, and their options. man 5 tmpfs, man 5 proc; Linux mm/shmem.c,
// fs/proc/root.c, fs/devpts/inode.c.
import { E } from "../../abi/errno.ts";
import { CAP, capableIn } from "../cred/cred.ts";
import { toKernel } from "../cred/user-namespace.ts";
import { mqueueOf } from "../ipc/mqueue.ts";
import type { Task } from "../task/task.ts";
import { newDevPts } from "./devtmpfs.ts";
import { ProcFs } from "./proc/procfs.ts";
import { CgroupFs } from "./sys/cgroup-fs.ts";
import { SysFs } from "./sys/sysfs.ts";
import { MemFs } from "./types/memfs.ts";
import type { FileSystem, Or } from "./vfs/inode.ts";

const PAGE = 4096;

/** Parses mount options such as "a=1,b". -EINVAL for a name that is not in `names`. */
const parse = (data: string, names: readonly string[]): Or<Map<string, string>> => {
  const options = new Map<string, string>();
  for (const option of data.split(",")) {
    if (option === "") continue;
    const [name = "", value = ""] = option.split("=", 2);
    if (!names.includes(name)) return -E.EINVAL;
    options.set(name, value);
  }
  return options;
};
const number = (text: string | undefined, pattern: RegExp, base: number): number | undefined =>
  text !== undefined && pattern.test(text) ? Number.parseInt(text, base) : undefined;

/** The pages of a size option: bytes with a suffix ("64k", "1m"), or a share of the memory ("50%"). */
const pagesOf = (t: Task, text: string): number | undefined => {
  const found = /^(\d+)([kmg%]?)$/i.exec(text);
  if (!found) return undefined;
  const n = Number(found[1]);
  const unit = (found[2] as string).toLowerCase();
  if (unit === "%") return Math.floor((t.kernel.frames.total * n) / 100);
  return Math.ceil((n * ({ "": 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 }[unit] as number)) / PAGE);
};

const tmpfs = (t: Task, data: string): Or<FileSystem> => {
  const options = parse(data, ["mode", "uid", "gid", "size", "nr_blocks", "nr_inodes", "huge", "mpol", "inode32", "inode64", "noswap"]);
  if (typeof options === "number") return options;
  const size = options.get("size");
  const pages = size === undefined ? undefined : pagesOf(t, size);
  const mode = options.has("mode") ? number(options.get("mode"), /^[0-7]+$/, 8) : 0o1777;
  const id = (name: "uid" | "gid", mine: number): number | undefined => {
    const text = options.get(name);
    return text === undefined ? mine : toKernel(t.cred.userNs, `${name}Map`, number(text, /^\d+$/, 10) ?? -1);
  };
  const uid = id("uid", t.cred.fsuid);
  const gid = id("gid", t.cred.fsgid);
  if (mode === undefined || uid === undefined || gid === undefined || (size !== undefined && pages === undefined)) return -E.EINVAL;
  const { vfs } = t.kernel;
  const fs = new MemFs(vfs.newDev(), vfs.clock, { mode: mode & 0o7777, ...(pages === undefined ? {} : { pages }) });
  Object.assign(fs.root.inode, { uid, gid });
  return owned(t, fs);
};

/**
 * Shows the pid namespace of the mounting task. The task needs CAP_SYS_ADMIN in the owner of that namespace.
 */
const proc = (t: Task, data: string): Or<FileSystem> => {
  const options = parse(data, ["hidepid", "gid", "subset"]);
  if (typeof options === "number") return options;
  if (!capableIn(t.cred, t.pidNs.owner, CAP.SYS_ADMIN)) return -E.EPERM;
  return owned(t, new ProcFs(t.kernel.vfs.newDev(), t.kernel, t.pidNs));
};

const devpts = (t: Task, data: string): Or<FileSystem> => {
  const options = parse(data, ["newinstance", "ptmxmode", "mode", "uid", "gid", "max"]);
  if (typeof options === "number") return options;
  const fs = newDevPts(t.kernel.vfs.newDev(), t.kernel.vfs.clock);
  Object.assign(fs.root.inode, { uid: t.cred.fsuid, gid: t.cred.fsgid });
  return owned(t, fs);
};

/** Linux sysfs_init_fs_context(): the caller needs CAP_SYS_ADMIN in the owner of its network namespace. */
const sysfs = (t: Task): Or<FileSystem> =>
  capableIn(t.cred, t.net.owner, CAP.SYS_ADMIN) ? owned(t, new SysFs(t.kernel.vfs.newDev(), t.kernel)) : -E.EPERM;

/** The one hierarchy; in a cgroup namespace its part from the namespace's root on. */
const cgroup2 = (t: Task, data: string): Or<FileSystem> => {
  const options = parse(data, [
    "nsdelegate",
    "favordynmods",
    "memory_localevents",
    "memory_recursiveprot",
    "memory_hugetlb_accounting",
    "pids_localevents",
  ]);
  if (typeof options === "number") return options;
  const { kernel, namespaces } = t;
  const { top: root } = namespaces.cgroup;
  return root === kernel.cgroups ? kernel.cgroupFs : new CgroupFs(kernel.vfs.newDev(), kernel, root);
};

const owned = (t: Task, fs: FileSystem): FileSystem => {
  fs.owner = t.cred.userNs;
  return fs;
};

/** The queues of the mounting task's IPC namespace. */
const mqueue = (t: Task): FileSystem => mqueueOf(t.kernel, t.namespaces.ipc);

/**
 * Makes a file system for mount(2), by type name. `data` is the option string; the result is a file system or
 * -errno.
 */
export const fileSystemTypes: Readonly<Record<string, (t: Task, data: string) => Or<FileSystem>>> = {
  tmpfs,
  proc,
  devpts,
  sysfs,
  cgroup2,
  mqueue,
};
