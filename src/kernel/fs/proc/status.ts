// /proc/PID/status, stat and statm. Linux fs/proc/array.c.

import { PAGE_SIZE } from "../../../memory/frames.ts";
import type { Task } from "../../core/task.ts";
import { processUsage, ticks } from "../../core/usage.ts";
import { shownGid, shownUid } from "../../cred/user-namespace.ts";
import { SIG_DFL, SIG_IGN } from "../../signal/state/action.ts";
import { type SigSet, sigbit } from "../../signal/state/set.ts";
import type { PidNamespace } from "../../task/pid-namespace.ts";
import { isRealtime, priorityOf, RESET_ON_FORK } from "../../task/sched-policy.ts";
import type { Tty } from "../tty/tty.ts";
import { encodeDev } from "../vfs/mode.ts";
import type { Viewer } from "./process/viewer.ts";

const states = { runnable: ["R", "running"], sleeping: ["S", "sleeping"], stopped: ["T", "stopped"], dead: ["Z", "zombie"] } as const;
/** The state of a task as its letter and word in /proc/PID/status. Linux get_task_state(). */
export const stateOf = (task: Task): readonly [string, string] => {
  if (task.process.ended !== undefined) return states.dead;
  if (task.trace?.stop) return ["t", "tracing stop"];
  // Linux shows TASK_KILLABLE as uninterruptible sleep.
  return task.waiting?.killable ? ["D", "disk sleep"] : states[task.state];
};

const hex16 = (n: bigint): string => n.toString(16).padStart(16, "0");
const kB = (pages: number): string => `${String((pages * PAGE_SIZE) / 1024).padStart(8)} kB`;

/** The numbers of an id in each pid namespace from the viewer's down to the task's own. */
const inEvery = (task: Task, id: number, { pidNs }: Viewer): string => {
  const numbers: number[] = [];
  for (let ns: PidNamespace | undefined = task.pidNs; ns && ns.level >= pidNs.level; ns = ns.parent) numbers.unshift(ns.numberOf(id));
  return numbers.join("\t");
};

/** The set of ignored signals and the set of signals with a handler. */
const dispositions = (task: Task): { ignored: SigSet; caught: SigSet } => {
  let ignored = 0n;
  let caught = 0n;
  for (let sig = 1; sig <= 64; sig++) {
    const { handler } = task.actions.get(sig);
    if (handler === SIG_IGN) ignored |= sigbit(sig);
    else if (handler !== SIG_DFL) caught |= sigbit(sig);
  }
  return { ignored, caught };
};

const memoryLines = (task: Task): string[] => {
  if (task.state === "dead") return [];
  const u = task.mem.usage();
  return [
    `VmPeak:\t${kB(u.total)}`,
    `VmSize:\t${kB(u.total)}`,
    `VmLck:\t${kB(u.locked)}`,
    `VmPin:\t${kB(0)}`,
    `VmHWM:\t${kB(u.peak)}`,
    `VmRSS:\t${kB(u.resident)}`,
    `RssAnon:\t${kB(u.resident)}`,
    `RssFile:\t${kB(0)}`,
    `RssShmem:\t${kB(0)}`,
    `VmData:\t${kB(u.data)}`,
    `VmStk:\t${kB(u.stack)}`,
    `VmExe:\t${kB(u.exec)}`,
    `VmLib:\t${kB(0)}`,
    `VmPTE:\t${kB(0)}`,
    `VmSwap:\t${kB(0)}`,
    `HugetlbPages:\t${kB(task.mem.table.huge)}`,
  ];
};

/** The lines that the kernel version of the profile shows. Linux task_seccomp(). */
const seccompLines = (task: Task): string[] => {
  const { proc } = task.kernel.profile.seccomp;
  return [
    ...(proc.includes("status-no-new-privs") ? [`NoNewPrivs:\t${Number(task.noNewPrivs)}`] : []),
    ...(proc.includes("status-seccomp") ? [`Seccomp:\t${task.seccomp?.mode ?? 0}`] : []),
    ...(proc.includes("status-filter-count") ? [`Seccomp_filters:\t${task.seccomp?.filterCount ?? 0}`] : []),
  ];
};

/** The numbers of the bits of a mask, as ranges. Linux bitmap_print_to_pagebuf(). */
const listOf = (mask: bigint): string => {
  const ranges: string[] = [];
  const has = (bit: number): boolean => ((mask >> BigInt(bit)) & 1n) === 1n;
  for (let bit = 0; mask >> BigInt(bit) !== 0n; bit++) {
    if (!has(bit)) continue;
    const first = bit;
    while (has(bit + 1)) bit++;
    ranges.push(first === bit ? `${first}` : `${first}-${bit}`);
  }
  return ranges.join(",");
};

/** The text of /proc/PID/status as the viewer sees it. man 5 proc_pid_status. */
export const statusText = (task: Task, viewer: Viewer): string => {
  const { cred, process } = task;
  const pid = (id: number): number => viewer.pidNs.numberOf(id);
  const ids = (kind: "uid" | "gid"): string => {
    const show = kind === "uid" ? shownUid : shownGid;
    return ([kind, `e${kind}`, `s${kind}`, `fs${kind}`] as const).map((key) => show(viewer.reader.cred.userNs, cred[key])).join("\t");
  };
  const { ignored, caught } = dispositions(task);
  const [letter, word] = stateOf(task);
  return [
    `Name:\t${task.comm.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}`,
    `Umask:\t${task.fs.umask.toString(8).padStart(4, "0")}`,
    `State:\t${letter} (${word})`,
    `Tgid:\t${pid(task.tgid)}`,
    "Ngid:\t0",
    `Pid:\t${pid(task.pid)}`,
    `PPid:\t${pid(task.ppid)}`,
    `TracerPid:\t${pid(task.trace?.tracer.tgid ?? 0)}`,
    `Uid:\t${ids("uid")}`,
    `Gid:\t${ids("gid")}`,
    `FDSize:\t${Math.max(64, 2 ** Math.ceil(Math.log2(Math.max(1, task.files.size))))}`,
    `Groups:\t${cred.groups.map((g) => `${shownGid(viewer.reader.cred.userNs, g)} `).join("")}`,
    `NStgid:\t${inEvery(task, task.tgid, viewer)}`,
    `NSpid:\t${inEvery(task, task.pid, viewer)}`,
    `NSpgid:\t${inEvery(task, process.pgid, viewer)}`,
    `NSsid:\t${inEvery(task, process.sid, viewer)}`,
    "Kthread:\t0",
    ...memoryLines(task),
    `CoreDumping:\t${Number(process.dump !== undefined)}`,
    "THP_enabled:\t0",
    "untag_mask:\t0xffffffffffffffff",
    `Threads:\t${process.threads.length}`,
    `SigQ:\t${process.pending.count}/${process.limit(11)}`,
    `SigPnd:\t${hex16(task.pending.set)}`,
    `ShdPnd:\t${hex16(process.pending.set)}`,
    `SigBlk:\t${hex16(task.blocked)}`,
    `SigIgn:\t${hex16(ignored)}`,
    `SigCgt:\t${hex16(caught)}`,
    `CapInh:\t${hex16(cred.inheritable)}`,
    `CapPrm:\t${hex16(cred.permitted)}`,
    `CapEff:\t${hex16(cred.effective)}`,
    `CapBnd:\t${hex16(cred.bounding)}`,
    `CapAmb:\t${hex16(cred.ambient)}`,
    ...seccompLines(task),
    "Speculation_Store_Bypass:\tnot vulnerable",
    "SpeculationIndirectBranch:\tnot affected",
    `Cpus_allowed:\t${task.affinity.toString(16)}`,
    `Cpus_allowed_list:\t${listOf(task.affinity)}`,
    "Mems_allowed:\t1",
    "Mems_allowed_list:\t0",
    `voluntary_ctxt_switches:\t${task.usage.voluntarySwitches}`,
    `nonvoluntary_ctxt_switches:\t${task.usage.involuntarySwitches}`,
  ]
    .map((line) => `${line}\n`)
    .join("");
};

/** The 52 fields of /proc/PID/stat. `whole`: times and faults are those of the process, not of one thread. */
export const statText = (task: Task, whole: boolean, viewer: Viewer): string => {
  const pid = (id: number): number => viewer.pidNs.numberOf(id);
  const { process, mem } = task;
  const own = whole ? processUsage(process) : task.usage;
  const tty = process.tty as Tty | undefined;
  const u = task.state === "dead" ? undefined : mem.usage();
  const low = (set: SigSet): bigint => set & 0x7fff_ffffn;
  const { ignored, caught } = dispositions(task);
  const live = u ? mem : undefined;
  return `${[
    pid(task.pid),
    `(${task.comm})`,
    stateOf(task)[0],
    pid(task.ppid),
    pid(process.pgid),
    pid(process.sid),
    tty ? encodeDev(tty.rdev) : 0,
    tty ? pid(tty.pgrp) || -1 : -1,
    0x400000,
    own.minorFaults,
    process.childUsage.minorFaults,
    0,
    0,
    ticks(own.user),
    ticks(own.system),
    ticks(process.childUsage.user),
    ticks(process.childUsage.system),
    priorityOf(task),
    task.nice,
    process.threads.length,
    0,
    ticks(task.startTime + viewer.reader.namespaces.time.nanoseconds("boottime")),
    (u?.total ?? 0) * PAGE_SIZE,
    u?.resident ?? 0,
    "18446744073709551615",
    live?.startCode ?? 0,
    live?.endCode ?? 0,
    live?.startStack ?? 0,
    0,
    0,
    low(task.pending.set),
    low(task.blocked),
    low(ignored),
    low(caught),
    0,
    0,
    0,
    process.exitSignal,
    task.cpu,
    isRealtime(task.policy & ~RESET_ON_FORK) ? task.priority : 0,
    task.policy & ~RESET_ON_FORK,
    0,
    0,
    0,
    live?.startData ?? 0,
    live?.endData ?? 0,
    live?.brkStart ?? 0,
    live?.argStart ?? 0,
    live?.argEnd ?? 0,
    live?.envStart ?? 0,
    live?.envEnd ?? 0,
    process.ended ?? 0,
  ].join(" ")}\n`;
};
/** The text of /proc/PID/statm, in pages. */
export const statmText = (task: Task): string => {
  if (task.state === "dead") return "0 0 0 0 0 0 0\n";
  const u = task.mem.usage();
  return `${u.total} ${u.resident} 0 ${u.exec} 0 ${u.data + u.stack} 0\n`;
};
