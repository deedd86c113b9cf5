// The files of a control group: one row each. Linux Documentation/admin-guide/cgroup-v2.rst, "Interface
// Files"; kernel/cgroup/cgroup.c cgroup_base_files[].
import { E } from "../../../abi/errno.ts";
import { type Cgroup, CONTROLLERS, type Controller } from "../../cgroup/cgroup.ts";
import type { Process } from "../../core/process.ts";
import type { Task } from "../../core/task.ts";
import { processUsage } from "../../core/usage.ts";
import { sendToProcess } from "../../signal/send.ts";
import { SI } from "../../signal/state/info.ts";
import { SIG } from "../../signal/state/set.ts";
import { findProcess, shownPid } from "../../task/pid-namespace.ts";
import { may } from "../vfs/mode.ts";
import { permission } from "../vfs/permission.ts";
import type { CgroupFs } from "./cgroup-fs.ts";

/**
 * A file. `read` gives the text; `write` gets the text without white space around it and returns 0 or -errno.
 */
export interface CgroupFileRow {
  readonly name: string;
  /** "all" groups, or all but the root. */
  readonly where: "all" | "below";
  /** Only in groups that have this controller from their parent. */
  readonly controller?: Controller;
  read?(group: Cgroup, task: Task): string;
  write?(group: Cgroup, text: string, task: Task): number;
}

const lines = (list: readonly (string | number)[]): string => list.map((item) => `${item}\n`).join("");
const live = (group: Cgroup): Process[] => [...group.members].filter((p) => p.ended === undefined);

/** A number or "max"; undefined if it is neither. */
const limit = (text: string): number | undefined =>
  text === "max" ? Number.POSITIVE_INFINITY : /^\d{1,15}$/.test(text) ? Number(text) : undefined;
const shownLimit = (n: number): string => (n === Number.POSITIVE_INFINITY ? "max\n" : `${n}\n`);

/** A setting without effect: it reads as it was written. */
const stored = (name: string, controller: Controller, initial: string, valid: RegExp): CgroupFileRow => ({
  name,
  where: "below",
  controller,
  read: (group) => `${group.settings.get(name) ?? initial}\n`,
  write: (group, text) => {
    if (!valid.test(text)) return -E.EINVAL;
    group.settings.set(name, text);
    return 0;
  },
});
const BYTES = /^(max|\d{1,18}[kKmMgG]?)$/;
const fixed = (name: string, where: CgroupFileRow["where"], text: string, controller?: Controller): CgroupFileRow => ({
  name,
  where,
  ...(controller ? { controller } : {}),
  read: () => text,
});

/** Moves a process. The writer needs the right to write cgroup.procs of the common ancestor. */
const attach = (group: Cgroup, text: string, task: Task): number => {
  if (!/^\d{1,10}$/.test(text)) return -E.EINVAL;
  const process = text === "0" ? task.process : findProcess(task, Number(text));
  if (!process || process.ended !== undefined) return -E.ESRCH;
  const above = new Set(group.up());
  let common = process.cgroup;
  while (!above.has(common)) common = common.parent as Cgroup;
  const row = rows.find(({ name }) => name === "cgroup.procs") as CgroupFileRow;
  const denied = permission(task, (task.kernel.cgroupFs as CgroupFs).dirOf(common).file(row), may.write);
  return denied < 0 ? denied : group.take(process);
};

const control = (group: Cgroup, text: string): number => {
  const words = text.split(/\s+/).filter((word) => word !== "");
  const named = words.map((word) => ({ sign: word[0], name: word.slice(1) as Controller }));
  if (named.some(({ sign, name }) => (sign !== "+" && sign !== "-") || !CONTROLLERS.includes(name))) return -E.EINVAL;
  const of = (wanted: string): Controller[] => named.filter(({ sign }) => sign === wanted).map(({ name }) => name);
  return group.control(of("+"), of("-"));
};

const kill = (group: Cgroup, text: string): number => {
  if (text !== "1") return /^\d+$/.test(text) ? -E.ERANGE : -E.EINVAL;
  for (const g of group.down()) for (const p of live(g)) sendToProcess(p, { signo: SIG.SIGKILL, code: SI.KERNEL });
  return 0;
};

const cpuStat = (group: Cgroup): string => {
  let user = 0;
  let system = 0;
  for (const g of group.down()) {
    for (const process of g.members) {
      const used = processUsage(process);
      user += used.user;
      system += used.system;
    }
  }
  const us = (ns: number): number => Math.floor(ns / 1000);
  const throttled = group.parent ? "nr_periods 0\nnr_throttled 0\nthrottled_usec 0\nnr_bursts 0\nburst_usec 0\n" : "";
  return `usage_usec ${us(user) + us(system)}\nuser_usec ${us(user)}\nsystem_usec ${us(system)}\nnice_usec 0\n${throttled}`;
};
/** The resident bytes of the processes. Shared pages count for each. */
const memory = (group: Cgroup): number => {
  let pages = 0;
  for (const g of group.down()) for (const p of live(g)) pages += p.leader?.mem.usage().resident ?? 0;
  return pages * 4096;
};
const count = (group: Cgroup): number => [...group.down()].length - 1;

const rows: readonly CgroupFileRow[] = [
  { name: "cgroup.type", where: "below", read: () => "domain\n", write: (_, text) => (text === "threaded" ? -E.EOPNOTSUPP : -E.EINVAL) },
  {
    name: "cgroup.procs",
    where: "all",
    read: (group, task) => lines(live(group).map((p) => shownPid(task, p.pid))),
    write: attach,
  },
  {
    name: "cgroup.threads",
    where: "all",
    read: (group, task) => lines(live(group).flatMap((p) => p.threads.map((t) => shownPid(task, t.pid)))),
    write: attach,
  },
  { name: "cgroup.controllers", where: "all", read: (group) => `${group.controllers.join(" ")}\n` },
  {
    name: "cgroup.subtree_control",
    where: "all",
    read: (g) => `${CONTROLLERS.filter((c) => g.subtree.has(c)).join(" ")}\n`,
    write: control,
  },
  { name: "cgroup.events", where: "below", read: (group) => `populated ${group.populated ? 1 : 0}\nfrozen 0\n` },
  fixed("cgroup.max.descendants", "all", "max\n"),
  fixed("cgroup.max.depth", "all", "max\n"),
  { name: "cgroup.stat", where: "all", read: (group) => `nr_descendants ${count(group)}\nnr_dying_descendants 0\n` },
  // Groups cannot be frozen.
  { name: "cgroup.freeze", where: "below", read: () => "0\n", write: (_, text) => (text === "0" ? 0 : -E.EOPNOTSUPP) },
  { name: "cgroup.kill", where: "below", write: kill },
  { name: "cpu.stat", where: "all", read: cpuStat },
  stored("cpu.max", "cpu", "max 100000", /^(max|\d{1,9})( \d{4,7})?$/),
  stored("cpu.weight", "cpu", "100", /^([1-9]\d{0,3}|10000)$/),
  stored("cpu.weight.nice", "cpu", "0", /^(-?1?\d|-20)$/),
  stored("cpu.idle", "cpu", "0", /^[01]$/),
  { name: "memory.current", where: "below", controller: "memory", read: (group) => `${memory(group)}\n` },
  stored("memory.min", "memory", "0", BYTES),
  stored("memory.low", "memory", "0", BYTES),
  stored("memory.high", "memory", "max", BYTES),
  stored("memory.max", "memory", "max", BYTES),
  stored("memory.oom.group", "memory", "0", /^[01]$/),
  fixed("memory.swap.current", "below", "0\n", "memory"),
  stored("memory.swap.max", "memory", "max", BYTES),
  fixed("memory.events", "below", "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\noom_group_kill 0\n", "memory"),
  { name: "memory.stat", where: "all", controller: "memory", read: (group) => `anon ${memory(group)}\nfile 0\nkernel 0\n` },
  { name: "pids.current", where: "below", controller: "pids", read: (group) => `${group.tasks}\n` },
  {
    name: "pids.max",
    where: "below",
    controller: "pids",
    read: (group) => shownLimit(group.pidsMax),
    write: (group, text) => {
      const n = limit(text);
      if (n === undefined) return -E.EINVAL;
      group.pidsMax = n;
      return 0;
    },
  },
  { name: "pids.events", where: "below", controller: "pids", read: (group) => `max ${group.refused}\n` },
];

/** The files of a group. */
export const filesOf = (group: Cgroup): readonly CgroupFileRow[] =>
  rows.filter(
    ({ where, controller }) =>
      (where === "all" || group.parent !== undefined) && (controller === undefined || group.controllers.includes(controller)),
  );
