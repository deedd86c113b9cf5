// /proc/PID and /proc/PID/task/TID. man 5 proc; Linux fs/proc/base.c, fd.c.

import { E } from "../../../abi/errno.ts";
import { O_CLOEXEC } from "../../../abi/uapi/fcntl.ts";
import type { Task } from "../../core/task.ts";
import { mayAccess } from "../../cred/read-access.ts";
import { lazyNetTables } from "../../net/show/lazy.ts";
import { type NsType, namespaceOf, nsTypes } from "../types/nsfs.ts";
import { type Path, pathName } from "../vfs/dentry.ts";
import type { FileDescription } from "../vfs/file.ts";
import type { Inode, Or } from "../vfs/inode.ts";
import { attributes } from "./attributes.ts";
import { ProcMemFile } from "./mem.ts";
import { MemoryNode } from "./memory-file.ts";
import { PagemapFile } from "./pagemap.ts";
import { fileNamed, filesOf } from "./pid-files.ts";
import type { ProcFs } from "./procfs.ts";
import { type Derived, recipe } from "./tree/derived.ts";
import {
  DT,
  type InodeOwner,
  inodesOf,
  linksOf,
  ownerOf,
  type ProcContent,
  ProcDirNode,
  type ProcEntry,
  ProcFileNode,
  type ProcFolder,
  ProcLinkNode,
  type ProcTarget,
} from "./tree/node.ts";

type LinkRow = readonly [name: string, to: (target: Task) => Path | undefined];
const links: readonly LinkRow[] = [
  ["cwd", (t) => t.fs.cwd],
  ["root", (t) => t.fs.root],
  ["exe", (t) => t.program.exe?.path],
];

/**
 * A magic link: it resolves to a path itself. Without ptrace read access to the target the result is -EACCES.
 */
const magic = (target: Task, to: () => Path | undefined): ProcTarget => {
  const jump = (task: Task): Or<Path> => (mayAccess(task, target) ? (to() ?? -E.ENOENT) : -E.EACCES);
  const text = (task: Task): Or<string> => {
    const path = jump(task);
    return typeof path === "number" ? path : pathName(path, task.fs.root).name;
  };
  return { text, jump };
};
const pathLink = (fs: ProcFs, ino: number, task: Task, target: Derived<ProcTarget>, mode = 0o777): Inode =>
  new ProcLinkNode(fs, ino, target, mode, ownerOf(task));
const fdTarget = recipe("proc fd", (target: Task, fd: number) => magic(target, () => target.files.getRaw(fd)?.path));
const linkTarget = recipe("proc link", (target: Task, i: number) => magic(target, () => links[i]?.[1](target)));
const namespaceTarget = recipe("proc namespace", (target: Task, type: NsType, ofChildren: boolean) =>
  magic(target, () => {
    const { childPidNs, namespaces } = target;
    const children = type === "pid" ? childPidNs : namespaces.timeForChildren;
    return target.kernel.vfs.nsfs.pathOf(ofChildren ? children : namespaceOf(target, type), type);
  }),
);

const fdMode = (file: FileDescription): number => 0o100 | (file.readable ? 0o400 : 0) | (file.writable ? 0o200 : 0);
const fdInfo = (target: Task, fd: number): Or<string> => {
  const file = target.files.getRaw(fd);
  if (!file) return -E.ENOENT;
  const flags = file.flags | (target.files.cloexec(fd) ? O_CLOEXEC : 0);
  return `pos:\t${file.offset}\nflags:\t0${flags.toString(8)}\nmnt_id:\t${file.path.mount.id}\nino:\t${file.inode.ino}\n${file.info()}`;
};

/** The entries of /proc/PID/ns, with inode numbers from `first` on. man 7 namespaces. */
const namespaceLinks = (fs: ProcFs, target: Task, first: number): ProcEntry[] => {
  const link = (name: string, i: number, type: NsType, ofChildren = false): ProcEntry => ({
    name,
    ino: first + i,
    type: DT.link,
    make: () => pathLink(fs, first + i, target, namespaceTarget(target, type, ofChildren)),
  });
  const types = Object.keys(nsTypes) as NsType[];
  return [
    ...types.map((type, i) => link(type, i, type)),
    link("pid_for_children", types.length, "pid", true),
    link("time_for_children", types.length + 1, "time", true),
  ];
};

/** The numbers of files among those of a task. */
const FDS = 0x4000;
const FDINFO = 0x8000;
const NET = 0x200;
const PAGEMAP = 0x300;
const ATTR = 0x310;

const fdEntry = (target: Task, fd: number, from: number, make: (fd: number, ino: number) => Inode, type: number): ProcEntry => {
  const ino = inodesOf(target) + from + (fd & 0x3fff);
  return { name: String(fd), ino, type, cookie: fd + 1, make: () => make(fd, ino) };
};
/** The directories /proc/PID/fd and fdinfo. The cookie of a descriptor is its number plus 1. */
const fdDir = (target: Task, from: number, make: (fd: number, ino: number) => Inode, type: number) => ({
  *list(_task: Task, cookie: number): Generator<ProcEntry> {
    for (const [fd] of target.files.list(cookie)) yield fdEntry(target, fd, from, make, type);
  },
  find(name: string): ProcEntry | undefined {
    const fd = /^(0|[1-9][0-9]{0,9})$/.test(name) ? Number(name) : -1;
    return target.files.getRaw(fd) && fdEntry(target, fd, from, make, type);
  },
});

/** A directory that is empty without ptrace read access to the target. */
const guardedFolder = (target: Task, { list, find, ...rest }: ProcFolder): ProcFolder => ({
  ...rest,
  list: (task, from) => (mayAccess(task, target) ? list(task, from) : []),
  ...(find ? { find: (name, task) => (mayAccess(task, target) ? find(name, task) : undefined) } : {}),
});
const fdFolder = recipe("proc fds", (fs: ProcFs, target: Task) => {
  const { files } = target;
  const make = (fd: number, ino: number): Inode =>
    pathLink(fs, ino, target, fdTarget(target, fd), fdMode(files.getRaw(fd) as FileDescription));
  return guardedFolder(target, {
    ...fdDir(target, FDS, make, DT.link),
    // Linux proc_fd_getattr(), since 6.2.
    size: () => target.files.count,
    // The process itself may always look. Linux proc_fd_permission().
    permission: (task) => (task.process === target.process ? 0 : undefined),
  });
});
const infoContent = recipe("proc fdinfo", (target: Task, fd: number): ProcContent => ({ isSource: false, read: () => fdInfo(target, fd) }));
const infoFolder = recipe("proc fdinfos", (fs: ProcFs, target: Task) => {
  const owner = ownerOf(target);
  const make = (fd: number, ino: number): Inode => new ProcFileNode(fs, ino, 0o444, infoContent(target, fd), owner);
  return guardedFolder(target, fdDir(target, FDINFO, make, DT.reg));
});
const namespaceFolder = recipe("proc namespaces", (fs: ProcFs, target: Task) =>
  guardedFolder(target, { list: () => namespaceLinks(fs, target, inodesOf(target) + 0x100) }),
);
const netFilesOf = ({ kernel }: Task): Readonly<Record<string, (task: Task) => string>> =>
  Object.assign({}, lazyNetTables().netFiles, ...kernel.features.map(({ netFiles }) => netFiles));
const netContent = recipe(
  "proc net file",
  (target: Task, name: string): ProcContent => ({ isSource: false, read: () => netFilesOf(target)[name]?.(target) ?? "" }),
);
const netFolder = recipe("proc net", (fs: ProcFs, target: Task): ProcFolder => {
  const owner = ownerOf(target);
  return {
    list: () =>
      Object.keys(netFilesOf(target)).map((name, i) => {
        const ino = inodesOf(target) + NET + i;
        return { name, ino, type: DT.reg, make: () => new ProcFileNode(fs, ino, 0o444, netContent(target, name), owner) };
      }),
  };
});
const attributeFolder = recipe("proc attributes", (fs: ProcFs, target: Task): ProcFolder => {
  const owner = ownerOf(target);
  return { list: () => attributes(fs, target, owner, inodesOf(target) + ATTR + 1) };
});

const folderEntry = (fs: ProcFs, name: string, ino: number, mode: number, folder: Derived<ProcFolder>, owner?: InodeOwner): ProcEntry => ({
  name,
  ino,
  type: DT.dir,
  make: () => new ProcDirNode(fs, ino, mode, folder, owner),
});
const directories = (fs: ProcFs, target: Task): ProcEntry[] => {
  const owner = ownerOf(target);
  const first = inodesOf(target);
  return [
    folderEntry(fs, "fd", first + 2, 0o500, fdFolder(fs, target), owner),
    folderEntry(fs, "ns", first + 6, 0o511, namespaceFolder(fs, target), owner),
    folderEntry(fs, "net", first + 7, 0o555, netFolder(fs, target)),
    folderEntry(fs, "attr", first + ATTR, 0o555, attributeFolder(fs, target), owner),
    folderEntry(fs, "fdinfo", first + 3, 0o555, infoFolder(fs, target), owner),
  ];
};

const linkEntry = (fs: ProcFs, target: Task, i: number): ProcEntry => {
  const [name] = links[i] as LinkRow;
  const ino = inodesOf(target) + 8 + i;
  return { name, ino, type: DT.link, make: () => pathLink(fs, ino, target, linkTarget(target, i)) };
};
/** The entries that are common to /proc/PID and /proc/PID/task/TID. */
const common = (fs: ProcFs, target: Task, whole: boolean): ProcEntry[] => [
  ...directories(fs, target),
  ...filesOf(fs, target, whole),
  {
    name: "mem",
    ino: inodesOf(target) + 4,
    type: DT.reg,
    make: () => new MemoryNode(fs, inodesOf(target) + 4, target, ownerOf(target), 0o600, ProcMemFile),
  },
  {
    name: "pagemap",
    ino: inodesOf(target) + PAGEMAP,
    type: DT.reg,
    make: () => new MemoryNode(fs, inodesOf(target) + PAGEMAP, target, ownerOf(target), 0o400, PagemapFile),
  },
  ...links.map((_, i) => linkEntry(fs, target, i)),
];
/** The common entry with a name. Links are searched first, because C libraries read `exe` at their start. */
const commonNamed = (fs: ProcFs, target: Task, whole: boolean, name: string): ProcEntry | undefined => {
  const link = links.findIndex(([linkName]) => linkName === name);
  if (link >= 0) return linkEntry(fs, target, link);
  const file = fileNamed(fs, target, whole, name);
  return file ?? common(fs, target, whole).find((entry) => entry.name === name);
};

const threadFolder = recipe(
  "proc thread",
  (fs: ProcFs, target: Task): ProcFolder => ({
    list: () => common(fs, target, false),
    find: (name) => commonNamed(fs, target, false, name),
    links: () => linksOf(common(fs, target, false)),
  }),
);
const threadEntry = (fs: ProcFs, target: Task): ProcEntry =>
  folderEntry(fs, String(fs.pidNs.numberOf(target.pid)), inodesOf(target) + 1, 0o555, threadFolder(fs, target), ownerOf(target));

const threadsFolder = recipe(
  "proc threads",
  (fs: ProcFs, target: Task): ProcFolder => ({
    list: () => (target.process.threads.length > 0 ? target.process.threads : [target]).map((t) => threadEntry(fs, t)),
    find: (name) => {
      const thread = fs.taskNamed(name);
      return thread?.process === target.process ? threadEntry(fs, thread) : undefined;
    },
    // Linux proc_task_getattr(). Sandboxes count threads so.
    links: () => 2 + target.process.threads.length,
  }),
);
const threadsEntry = (fs: ProcFs, target: Task): ProcEntry =>
  folderEntry(fs, "task", inodesOf(target) + 5, 0o555, threadsFolder(fs, target), ownerOf(target));
const processFolder = recipe(
  "proc process",
  (fs: ProcFs, target: Task): ProcFolder => ({
    list: () => [threadsEntry(fs, target), ...common(fs, target, true)],
    find: (name) => (name === "task" ? threadsEntry(fs, target) : commonNamed(fs, target, true, name)),
    links: () => linksOf([threadsEntry(fs, target), ...common(fs, target, true)]),
  }),
);

/**
 * The entry /proc/PID of a process. `target` is its leader in a listing; a lookup also finds the ids of other
 * threads. Linux proc_pid_lookup().
 */
export const pidEntry = (fs: ProcFs, target: Task): ProcEntry => {
  const ino = inodesOf(target);
  return {
    name: String(fs.pidNs.numberOf(target.pid)),
    ino,
    type: DT.dir,
    make: () => {
      const dir = new ProcDirNode(fs, ino, 0o555, processFolder(fs, target), ownerOf(target));
      dir.process = target.process;
      return dir;
    },
  };
};
