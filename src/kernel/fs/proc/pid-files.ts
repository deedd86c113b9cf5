// The files of /proc/PID and /proc/PID/task/TID. man 5 proc; Linux fs/proc/base.c. Programs that read none of
// them do not load this module.

import { E } from "../../../abi/errno.ts";
import { procMapsFrom } from "../../../memory/show/maps.ts";
import { smapsFrom, smapsRollup } from "../../../memory/show/smaps.ts";
import { cost } from "../../base/cost.ts";
import { cgroupText } from "../../cgroup/cgroup.ts";
import { parentThread, type Usage } from "../../core/process.ts";
import type { Task } from "../../core/task.ts";
import { processUsage } from "../../core/usage.ts";
import { mapText, setgroupsText, writeMap, writeSetgroups } from "../../cred/id-map.ts";
import { mayAccess } from "../../cred/read-access.ts";
import type { IdKind } from "../../cred/user-namespace.ts";
import { offsetsText, writeOffsets } from "../../task/time-namespace.ts";
import { vsyscallRights } from "../../task/vsyscall-page.ts";
import type { Inode, Or } from "../vfs/inode.ts";
import { limitsText } from "./limits.ts";
import { mountinfoFrom, mountsFrom, mountstatsFrom } from "./mounts.ts";
import { loginuid, sessionid } from "./process/audit.ts";
import { numaMapsFrom } from "./process/numa-maps.ts";
import { oomAdj, oomScore, oomScoreAdj } from "./process/oom.ts";
import { schedText } from "./process/sched.ts";
import { autogroup, comm, coredumpFilter, timerSlack } from "./process/settings.ts";
import { timersText } from "./process/timers.ts";
import type { Viewer } from "./process/viewer.ts";
import type { ProcFs } from "./procfs.ts";
import { PROCMAP_QUERY, procmapQuery } from "./procmap-query.ts";
import { statmText, statText, statusText } from "./status.ts";
import { syscallText } from "./syscall.ts";
import { recipe } from "./tree/derived.ts";
import { DT, inodesOf, ownerOf, type ProcContent, type ProcEntry, ProcFileNode, type ProcRecord } from "./tree/node.ts";

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
const mapsQuery = (target: Task): Pick<ProcContent, "memory" | "ioctl"> => ({
  memory: () => target.mem,
  ioctl: (task, request, at, mem) =>
    request === PROCMAP_QUERY ? procmapQuery(task, target.mem === mem && target.state !== "dead" ? mem : undefined, at) : -E.ENOTTY,
});

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
/** Linux proc_pid_file_ops and its like have no splice_read: most of the files cannot be spliced. */
const fileContent = recipe("proc file", (fs: ProcFs, target: Task, whole: boolean, name: string): ProcContent => {
  const row = files.find((file) => file[0] === name);
  return { isSource: false, ...row?.[2](target, whole, fs) };
});
const fileEntry = (fs: ProcFs, target: Task, whole: boolean, i: number): ProcEntry => {
  const [name, mode] = files[i] as FileRow;
  const ino = inodesOf(target) + 16 + i;
  const make = (): Inode => new ProcFileNode(fs, ino, mode, fileContent(fs, target, whole, name), ownerOf(target));
  return { name, ino, type: DT.reg, make };
};
const isIn = ([, , , only]: FileRow, whole: boolean): boolean => only === undefined || (only === "process") === whole;
/** The files of a process (`whole`) or of a thread. */
export const filesOf = (fs: ProcFs, target: Task, whole: boolean): ProcEntry[] =>
  files.flatMap((row, i) => (isIn(row, whole) ? [fileEntry(fs, target, whole, i)] : []));
/** The file with a name. */
export const fileNamed = (fs: ProcFs, target: Task, whole: boolean, name: string): ProcEntry | undefined => {
  const i = files.findIndex((row) => row[0] === name && isIn(row, whole));
  return i >= 0 ? fileEntry(fs, target, whole, i) : undefined;
};
