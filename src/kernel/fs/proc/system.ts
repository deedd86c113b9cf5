// The files of /proc that describe the whole machine. man 5 proc; Linux fs/proc/*.c.

import { UPTIME } from "../../base/time.ts";
import type { Kernel } from "../../core/kernel.ts";
import type { ProcessorTimes } from "../../core/scheduling.ts";
import { ticks } from "../../core/usage.ts";
import { openProcKmsg } from "../files/kmsg.ts";
import { major, minor } from "../vfs/mode.ts";
import { gzip } from "./config/gzip.ts";
import { configText } from "./config/options.ts";
import { locksFile } from "./locks.ts";
import { cpuinfo } from "./machine/cpuinfo.ts";
import { deviceFiles } from "./machine/devices.ts";
import { memoryFiles } from "./machine/memory.ts";
import { machineUsage } from "./machine/usage.ts";
import { sysctlTree } from "./sysctls.ts";
import { type FixedTree, mergeTrees } from "./tree/fixed-tree.ts";
import type { ProcContent } from "./tree/node.ts";

const constant = (s: string | number): ProcContent => ({ read: () => `${s}\n` });
/** Linux show_partition(): devices without a size are left out. */
const partitions = ({ vfs }: Kernel): string =>
  ["major minor  #blocks  name\n\n"]
    .concat(
      vfs.loops.all
        .filter(({ size }) => size > 0)
        .map(
          ({ number, size, index }) =>
            `${`${major(number)}`.padStart(4)}  ${`${minor(number)}`.padStart(7)} ${`${size / 1024}`.padStart(10)} loop${index}\n`,
        ),
    )
    .join("");
const NEVER: ProcessorTimes = { user: 0, system: 0 };
const stat = (kernel: Kernel): string => {
  const { user, system, idle, voluntarySwitches, involuntarySwitches } = machineUsage(kernel);
  const cpu = `${ticks(user)} 0 ${ticks(system)} ${ticks(idle)} 0 0 0 0 0 0`;
  const running = [...kernel.tasks.values()].filter((t) => t.state === "runnable").length;
  const others = Array.from({ length: kernel.cpus - 1 }, (_, i) => kernel.scheduler.processorTimes(i + 1) ?? NEVER);
  const line = (name: string, { user, system }: ProcessorTimes): string =>
    `${name} ${ticks(user)} 0 ${ticks(system)} ${ticks(Math.max(0, kernel.now - user - system))} 0 0 0 0 0 0\n`;
  // What ran for no task counts as the first one's.
  const first = others.reduce((rest, { user, system: own }) => ({ user: rest.user - user, system: rest.system - own }), { user, system });
  return (
    `cpu  ${cpu}\n${line("cpu0", first)}${others.map((times, i) => line(`cpu${i + 1}`, times)).join("")}intr 0\nctxt ${voluntarySwitches + involuntarySwitches}\nbtime ${kernel.bootTime - UPTIME.sec}\n` +
    `processes ${kernel.lastPid}\nprocs_running ${running}\nprocs_blocked 0\nsoftirq 0 0 0 0 0 0 0 0 0 0 0\n`
  );
};
const seconds = (ns: number): string => (Math.floor(ns / 1e7) / 100).toFixed(2);

/** The first inode number below /proc/sys. Those of processes begin at 0x10000. */
const SYSCTL_INODES = 0x4000;

/** The tree of these files. */
export const systemFiles = (kernel: Kernel): FixedTree =>
  kernel.features.reduce((tree, { procFiles }) => (procFiles ? mergeTrees(tree, procFiles(kernel)) : tree), coreFiles(kernel));
const coreFiles = (kernel: Kernel): FixedTree => {
  const { profile } = kernel;
  return {
    cmdline: constant("BOOT_IMAGE=trapgate"),
    "config.gz": { read: () => gzip(new TextEncoder().encode(configText(profile, kernel.features))) },
    cpuinfo: { read: () => cpuinfo(kernel) },
    devices: constant(
      "Character devices:\n  1 mem\n  5 /dev/tty\n  5 /dev/console\n  5 /dev/ptmx\n 10 misc\n128 ptm\n136 pts\n\nBlock devices:\n  7 loop",
    ),
    filesystems: {
      read: () =>
        [
          ...["sysfs", "tmpfs", "cgroup2", "proc", "devtmpfs", "ramfs", "hugetlbfs", "devpts", "pipefs", "sockfs", "hostfs"].map(
            (name) => `nodev\t${name}\n`,
          ),
          ...kernel.features.flatMap(({ fileSystems = {} }) =>
            Object.entries(fileSystems).map(([name, type]) => `${type().isOnDevice ? "" : "nodev"}\t${name}\n`),
          ),
        ].join(""),
    },
    consoles: { read: () => "" },
    kmsg: { mode: 0o400, open: (task, inode, flags, path) => openProcKmsg(task, inode, flags, path) },
    locks: locksFile,
    loadavg: { read: () => `0.00 0.00 0.00 1/${kernel.tasks.size} ${kernel.lastPid}\n` },
    modules: { read: () => "" },
    partitions: { read: () => partitions(kernel) },
    stat: { read: () => stat(kernel) },
    swaps: { isSource: false, read: () => "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n" },
    uptime: {
      read: (task) => `${seconds(kernel.now + task.namespaces.time.nanoseconds("boottime"))} ${seconds(machineUsage(kernel).idle)}\n`,
    },
    version: { read: () => `Linux version ${profile.release} (trapgate) (gcc) ${profile.version}\n` },
    ...memoryFiles(kernel),
    ...deviceFiles(kernel),
    sys: { inodes: SYSCTL_INODES, make: () => sysctlTree(kernel) },
  };
};
