// /proc/PID and /proc/PID/task/TID. man 5 proc; Linux fs/proc/base.c, fd.c.

import { E } from "../../../abi/errno.ts";
import { procMapsFrom } from "../../../memory/show/maps.ts";
import { smapsFrom, smapsRollup } from "../../../memory/show/smaps.ts";
import { cost } from "../../base/cost.ts";
import { processUsage } from "../../base/usage.ts";
import { vsyscallRights } from "../../base/vsyscall-page.ts";
import { cgroupText } from "../../cgroup/cgroup.ts";
import { mapText, setgroupsText, writeMap, writeSetgroups } from "../../cred/id-map.ts";
import { mayAccess } from "../../cred/read-access.ts";
import type { IdKind } from "../../cred/user-namespace.ts";
import type { PidNamespace } from "../../namespace/pid.ts";
import { parentThread, type Usage } from "../../task/process.ts";
import type { Task } from "../../task/task.ts";
import { offsetsText, writeOffsets } from "../../task/time-namespace.ts";
import { type NsType, namespaceOf, nsTypes } from "../types/nsfs.ts";
import { type Path, pathName } from "../vfs/dentry.ts";
import type { FileDescription } from "../vfs/file.ts";
import type { Inode, Or } from "../vfs/inode.ts";
import { O_CLOEXEC } from "../vfs/open-flags.ts";
import { attributes } from "./attributes.ts";
import { limitsText } from "./limits.ts";
import { MemFile } from "./mem.ts";
import { MemoryNode } from "./memory-file.ts";
import { mountinfoFrom, mountsFrom, mountstatsFrom } from "./mounts.ts";
import {
  DT,
  linksOf,
  type Owner,
  type ProcContent,
  ProcDirNode,
  type ProcEntry,
  ProcFileNode,
  ProcLinkNode,
  type ProcRecord,
} from "./node.ts";
import { PagemapFile } from "./pagemap.ts";
import { loginuid, sessionid } from "./process/audit.ts";
import { numaMapsFrom } from "./process/numa-maps.ts";
import { oomAdj, oomScore, oomScoreAdj } from "./process/oom.ts";
import { schedText } from "./process/sched.ts";
import { autogroup, comm, coredumpFilter, timerSlack } from "./process/settings.ts";
import { timersText } from "./process/timers.ts";
import type { ProcFs } from "./procfs.ts";
import { PROCMAP_QUERY, procmapQuery } from "./procmap-query.ts";
import { statmText, statText, statusText } from "./status.ts";
import { syscallText } from "./syscall.ts";

/**
 * The owner of a task's files: its effective ids, or root if the task is not dumpable. Linux
 * task_dump_owner().
 */
const ownerOf = (target: Task): Owner => (target.dumpable === 1 ? { uid: target.cred.euid, gid: target.cred.egid } : { uid: 0, gid: 0 });

/** Content that is read only with ptrace read access to the target, else -EACCES. */
const guarded = (target: Task, read: (task: Task) => Or<string | Uint8Array>): ProcContent => ({
  read: (task) => (mayAccess(task, target) ? read(task) : -E.EACCES),
});
/** Records that are read only with ptrace read access to the target, else -EACCES. */
const sequence = (target: Task, records: (task: Task, from: number) => Iterable<ProcRecord>): ProcContent => ({
  records: (task, from) => (mayAccess(task, target) ? records(task, from) : -E.EACCES),
});
/** The same for a file about memory, which is refused when it is opened. Linux proc_mem_open(). */
const ofMemory = (target: Task, content: ProcContent): ProcContent => ({
  ...content,
  mayOpen: (task) => (mayAccess(task, target) ? 0 : -E.EACCES),
});
/** The target's memory in [start, end): at most 2 MiB, up to the first page that is not mapped. */
const area = (target: Task, start: number, end: number): Uint8Array => {
  if (target.state === "dead") return new Uint8Array(0);
  const bytes = new Uint8Array(Math.min(Math.max(0, end - start), 1 << 21));
  return bytes.subarray(0, target.mem.peek(start, bytes));
};
/**
 * The arguments of the target. If the program overwrote the last NUL, the text extends into the environment
 * up to the next NUL (setproctitle). Linux get_mm_cmdline().
 */
const cmdline = (target: Task): Uint8Array => {
  const { argStart, argEnd, envEnd } = target.mem;
  const args = area(target, argStart, argEnd);
  if (args.length === 0 || args.at(-1) === 0) return args;
  const all = area(target, argStart, envEnd);
  const end = all.indexOf(0);
  return all.subarray(0, end < 0 ? all.length : end);
};
/** Charges the pages that a record counts. */
function* counted(task: Task, records: Iterable<ProcRecord & { readonly pages: number }>): Generator<ProcRecord> {
  for (const record of records) {
    task.kernel.charge(record.pages * cost.page);
    yield record;
  }
}
/** The view of a reader of /proc: the pid namespace that numbers the tasks, and the reading task. */
export interface Viewer {
  readonly pidNs: PidNamespace;
  readonly reader: Task;
}
/**
 * A file. `whole`: it describes the process, not one thread. `only`: it is in the directory of the process or
 * of the thread alone.
 */
type FileRow = readonly [
  name: string,
  mode: number,
  content: (target: Task, whole: boolean, fs: ProcFs) => ProcContent,
  only?: "process" | "thread",
];
const open =
  (read: (target: Task, whole: boolean, viewer: Viewer) => string): FileRow[2] =>
  (target, whole, fs) => ({ read: (reader) => read(target, whole, { pidNs: fs.pidNs, reader }) });

/** The children that a thread has made, in order. Linux get_children_pid(). */
const childrenText = (thread: Task, { pidNs }: Viewer): string =>
  [...thread.process.children]
    .filter(({ leader }) => leader !== undefined && parentThread(leader) === thread)
    .map(({ pid }) => `${pidNs.numberOf(pid)} `)
    .join("");

const idMap =
  (kind: IdKind): FileRow[2] =>
  (target) => ({
    read: (task) => mapText(task, target.cred.userNs, kind),
    write: (task, bytes) => writeMap(task, target.cred.userNs, kind, bytes),
  });

/** The ioctl of /proc/PID/maps. The address space is that of the time of open(2). */
const mapsQuery = (target: Task): Pick<ProcContent, "ioctl"> => {
  const { mem } = target;
  return {
    ioctl: (task, request, at) =>
      request === PROCMAP_QUERY ? procmapQuery(task, target.mem === mem && target.state !== "dead" ? mem : undefined, at) : -E.ENOTTY,
  };
};

/** No bytes reach a block device. Linux do_io_accounting(). */
const ioText = ({ readBytes, writtenBytes, reads, writes }: Usage): string =>
  `rchar: ${readBytes}\nwchar: ${writtenBytes}\nsyscr: ${reads}\nsyscw: ${writes}\nread_bytes: 0\nwrite_bytes: 0\ncancelled_write_bytes: 0\n`;

// biome-ignore format: table
const files: readonly FileRow[] = [
  ["environ", 0o400, (t) => ofMemory(t, guarded(t, () => area(t, t.mem.envStart, t.mem.envEnd)))],
  ["auxv", 0o400, (t) => ofMemory(t, guarded(t, () => t.mem.auxv))],
  ["status", 0o444, open((t, _whole, viewer) => statusText(t, viewer))],
  ["personality", 0o400, (t) => guarded(t, () => `${t.personality.toString(16).padStart(8, "0")}\n`)],
  ["limits", 0o444, open((t) => limitsText(t.process))],
  ["comm", 0o644, comm],
  ["timerslack_ns", 0o666, timerSlack, "process"],
  ["timens_offsets", 0o644, (t) => ({ read: () => offsetsText(t), write: (task, bytes) => writeOffsets(task, t, bytes) }), "process"],
  ["cmdline", 0o444, (t) => ({ read: () => cmdline(t) })],
  ["stat", 0o444, open((t, whole, viewer) => statText(t, whole, viewer))],
  ["statm", 0o444, open((t) => statmText(t))],
  ["maps", 0o444, (t) => ofMemory(t, { ...sequence(t, (_task, from) => procMapsFrom(t.mem, vsyscallRights(t), from)), ...mapsQuery(t) })],
  ["smaps", 0o444, (t) => ofMemory(t, sequence(t, (task, from) => counted(task, smapsFrom(t.mem, from))))],
  ["smaps_rollup", 0o444, (t) => ofMemory(t, guarded(t, () => smapsRollup(t.mem)))],
  ["numa_maps", 0o444, (t) => ofMemory(t, sequence(t, (task, from) => counted(task, numaMapsFrom(t, from))))],
  ["coredump_filter", 0o644, coredumpFilter, "process"],
  ["mounts", 0o444, (t) => ({ isSource: true, records: (_task, from) => mountsFrom(t, from), changes: () => t.namespaces.mnt })],
  ["mountinfo", 0o444, (t) => ({ isSource: true, records: (_task, from) => mountinfoFrom(t, from), changes: () => t.namespaces.mnt })],
  ["mountstats", 0o400, (t) => ({ isSource: true, records: (_task, from) => mountstatsFrom(t, from) }), "process"],
  ["syscall", 0o400, (t) => guarded(t, () => syscallText(t))],
  ["wchan", 0o444, open(() => "0")],
  ["schedstat", 0o444, open((t) => `${t.usage.user + t.usage.system} 0 ${t.usage.voluntarySwitches + t.usage.involuntarySwitches}\n`)],
  ["cgroup", 0o444, open((t, _whole, { reader }) => cgroupText(t.process, reader.namespaces.cgroup.top))],
  ["cpuset", 0o444, open((t, _whole, { reader }) => `${t.kernel.cgroups.pathFrom(reader.namespaces.cgroup.top)}\n`)],
  ["autogroup", 0o644, autogroup, "process"],
  ["sched", 0o644, (t, _whole, { pidNs }) => ({ read: (reader) => schedText(t, { pidNs, reader }), write: (_task, bytes) => bytes.length })],
  ["timers", 0o444, open((t, _whole, viewer) => timersText(t, viewer)), "process"],
  ["children", 0o444, open((t, _whole, viewer) => childrenText(t, viewer)), "thread"],
  ["oom_score", 0o444, oomScore],
  ["oom_adj", 0o644, oomAdj],
  ["oom_score_adj", 0o644, oomScoreAdj],
  ["loginuid", 0o644, loginuid],
  ["sessionid", 0o444, sessionid],
  ["uid_map", 0o644, idMap("uidMap")],
  ["gid_map", 0o644, idMap("gidMap")],
  ["projid_map", 0o644, idMap("projidMap")],
  ["setgroups", 0o644, (t) => ({ read: () => setgroupsText(t.cred.userNs), write: (task, bytes) => writeSetgroups(task, t.cred.userNs, bytes) })],
  ["io", 0o400, (t, whole) => guarded(t, () => ioText(whole ? processUsage(t.process) : t.usage))],
];

type LinkRow = readonly [name: string, to: (target: Task) => Path | undefined];
const links: readonly LinkRow[] = [
  ["cwd", (t) => t.fs.cwd],
  ["root", (t) => t.fs.root],
  ["exe", (t) => t.program.exe?.path],
];

/**
 * A magic link: it resolves to a path itself. Without ptrace read access to the target the result is -EACCES.
 */
const pathLink = (fs: ProcFs, ino: number, target: Task, to: () => Path | undefined, mode = 0o777): Inode => {
  const reach = (task: Task): Or<Path> => (mayAccess(task, target) ? (to() ?? -E.ENOENT) : -E.EACCES);
  return new ProcLinkNode(
    fs,
    ino,
    (task) => {
      const path = reach(task);
      return typeof path === "number" ? path : pathName(path, task.fs.root).name;
    },
    reach,
    mode,
    ownerOf(target),
  );
};

const fdMode = (file: FileDescription): number => 0o100 | (file.readable ? 0o400 : 0) | (file.writable ? 0o200 : 0);
const fdInfo = (target: Task, fd: number): Or<string> => {
  const file = target.files.getRaw(fd);
  if (!file) return -E.ENOENT;
  const flags = file.flags | (target.files.cloexec(fd) ? O_CLOEXEC : 0);
  return `pos:\t${file.offset}\nflags:\t0${flags.toString(8)}\nmnt_id:\t${file.path.mount.id}\nino:\t${file.inode.ino}\n${file.info()}`;
};

/** The entries of /proc/PID/ns, with inode numbers from `first` on. man 7 namespaces. */
const namespaceLinks = (fs: ProcFs, target: Task, first: number): ProcEntry[] => {
  const { nsfs } = target.kernel.vfs;
  const link = (name: string, i: number, to: () => Path): ProcEntry => ({
    name,
    ino: first + i,
    type: DT.link,
    make: () => pathLink(fs, first + i, target, to),
  });
  const types = Object.keys(nsTypes) as NsType[];
  return [
    ...types.map((type, i) => link(type, i, () => nsfs.pathOf(namespaceOf(target, type), type))),
    link("pid_for_children", types.length, () => nsfs.pathOf(target.childPidNs, "pid")),
    link("time_for_children", types.length + 1, () => nsfs.pathOf(target.namespaces.timeForChildren, "time")),
  ];
};

/** An inode number is the task's unique number times 2^16 plus the file's number. */
const FDS = 0x4000;
const FDINFO = 0x8000;
const NET = 0x200;
const PAGEMAP = 0x300;
const ATTR = 0x310;
const base = (target: Task): number => (target.kernel.objectNumber(target) + 1) * 0x10000;

const fdEntry = (target: Task, fd: number, from: number, make: (fd: number, ino: number) => Inode, type: number): ProcEntry => {
  const ino = base(target) + from + (fd & 0x3fff);
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

const directories = (fs: ProcFs, target: Task): ProcEntry[] => {
  const owner = ownerOf(target);
  const dir = (
    name: string,
    ino: number,
    mode: number,
    list: (task: Task, from: number) => Iterable<ProcEntry>,
    find?: (name: string) => ProcEntry | undefined,
    { size, isOwn = false }: { readonly size?: () => number; readonly isOwn?: boolean } = {},
  ): ProcEntry => ({
    name,
    ino,
    type: DT.dir,
    make: () => {
      const made = new ProcDirNode(
        fs,
        ino,
        mode,
        (task, from) => (mayAccess(task, target) ? list(task, from) : []),
        find && ((text, task) => (mayAccess(task, target) ? find(text) : undefined)),
        owner,
      );
      if (size) made.shape = { size };
      if (isOwn) made.permission = (task) => (task.process === target.process ? 0 : undefined);
      return made;
    },
  });
  const fds = fdDir(
    target,
    FDS,
    (fd, ino) => pathLink(fs, ino, target, () => target.files.getRaw(fd)?.path, fdMode(target.files.getRaw(fd) as FileDescription)),
    DT.link,
  );
  const netNames = Object.keys(target.kernel.vfs.netFiles);
  const infos = fdDir(
    target,
    FDINFO,
    (fd, ino) => new ProcFileNode(fs, ino, 0o444, { isSource: false, read: () => fdInfo(target, fd) }, owner),
    DT.reg,
  );
  return [
    // Linux proc_fd_getattr(), since 6.2.
    // The process itself may always look. Linux proc_fd_permission().
    dir("fd", base(target) + 2, 0o500, fds.list, fds.find, { size: () => target.files.count, isOwn: true }),
    dir("ns", base(target) + 6, 0o511, () => namespaceLinks(fs, target, base(target) + 0x100)),
    {
      name: "net",
      ino: base(target) + 7,
      type: DT.dir,
      make: () =>
        new ProcDirNode(fs, base(target) + 7, 0o555, () =>
          netNames.map((name, i) => {
            const ino = base(target) + NET + i;
            const content = { isSource: false, read: () => target.kernel.vfs.netFiles[name]?.(target) ?? "" };
            return { name, ino, type: DT.reg, make: () => new ProcFileNode(fs, ino, 0o444, content, owner) };
          }),
        ),
    },
    {
      name: "attr",
      ino: base(target) + ATTR,
      type: DT.dir,
      make: () =>
        new ProcDirNode(fs, base(target) + ATTR, 0o555, () => attributes(fs, target, owner, base(target) + ATTR + 1), undefined, owner),
    },
    dir("fdinfo", base(target) + 3, 0o555, infos.list, infos.find),
  ];
};

/** Linux proc_pid_file_ops and its like have no splice_read: most of the files cannot be spliced. */
const fileEntry = (fs: ProcFs, target: Task, whole: boolean, i: number): ProcEntry => {
  const [name, mode, content] = files[i] as (typeof files)[number];
  const ino = base(target) + 16 + i;
  const make = (): Inode => new ProcFileNode(fs, ino, mode, { isSource: false, ...content(target, whole, fs) }, ownerOf(target));
  return { name, ino, type: DT.reg, make };
};
const isIn = ([, , , only]: FileRow, whole: boolean): boolean => only === undefined || (only === "process") === whole;
const linkEntry = (fs: ProcFs, target: Task, i: number): ProcEntry => {
  const [name, to] = links[i] as (typeof links)[number];
  const ino = base(target) + 8 + i;
  return { name, ino, type: DT.link, make: () => pathLink(fs, ino, target, () => to(target)) };
};
/** The entries that are common to /proc/PID and /proc/PID/task/TID. */
const common = (fs: ProcFs, target: Task, whole: boolean): ProcEntry[] => [
  ...directories(fs, target),
  ...files.flatMap((row, i) => (isIn(row, whole) ? [fileEntry(fs, target, whole, i)] : [])),
  {
    name: "mem",
    ino: base(target) + 4,
    type: DT.reg,
    make: () => new MemoryNode(fs, base(target) + 4, target, ownerOf(target), 0o600, MemFile),
  },
  {
    name: "pagemap",
    ino: base(target) + PAGEMAP,
    type: DT.reg,
    make: () => new MemoryNode(fs, base(target) + PAGEMAP, target, ownerOf(target), 0o400, PagemapFile),
  },
  ...links.map((_, i) => linkEntry(fs, target, i)),
];
/** The common entry with a name. Links are searched first, because C libraries read `exe` at their start. */
const commonNamed = (fs: ProcFs, target: Task, whole: boolean, name: string): ProcEntry | undefined => {
  const link = links.findIndex(([linkName]) => linkName === name);
  if (link >= 0) return linkEntry(fs, target, link);
  const file = files.findIndex((row) => row[0] === name && isIn(row, whole));
  return file >= 0 ? fileEntry(fs, target, whole, file) : common(fs, target, whole).find((entry) => entry.name === name);
};

const threadEntry = (fs: ProcFs, target: Task): ProcEntry => {
  const ino = base(target) + 1;
  return {
    name: String(fs.pidNs.numberOf(target.pid)),
    ino,
    type: DT.dir,
    make: () => {
      const dir = new ProcDirNode(
        fs,
        ino,
        0o555,
        () => common(fs, target, false),
        (name) => commonNamed(fs, target, false, name),
        ownerOf(target),
      );
      dir.shape = { links: () => linksOf(common(fs, target, false)) };
      return dir;
    },
  };
};

/**
 * The entry /proc/PID of a process. `target` is its leader in a listing; a lookup also finds the ids of other
 * threads. Linux proc_pid_lookup().
 */
export const pidEntry = (fs: ProcFs, target: Task): ProcEntry => {
  const ino = base(target);
  const threads: ProcEntry = {
    name: "task",
    ino: base(target) + 5,
    type: DT.dir,
    make: () => {
      const dir = new ProcDirNode(
        fs,
        base(target) + 5,
        0o555,
        () => (target.process.threads.length > 0 ? target.process.threads : [target]).map((t) => threadEntry(fs, t)),
        (name) => {
          const thread = fs.taskNamed(name);
          return thread?.process === target.process ? threadEntry(fs, thread) : undefined;
        },
        ownerOf(target),
      );
      // Linux proc_task_getattr(). Sandboxes count threads so.
      dir.shape = { links: () => 2 + target.process.threads.length };
      return dir;
    },
  };
  return {
    name: String(fs.pidNs.numberOf(target.pid)),
    ino,
    type: DT.dir,
    make: () => {
      const dir = new ProcDirNode(
        fs,
        ino,
        0o555,
        () => [threads, ...common(fs, target, true)],
        (name) => (name === "task" ? threads : commonNamed(fs, target, true, name)),
        ownerOf(target),
      );
      dir.process = target.process;
      dir.shape = { links: () => linksOf([threads, ...common(fs, target, true)]) };
      return dir;
    },
  };
};
