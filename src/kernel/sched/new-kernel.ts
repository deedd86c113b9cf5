// A kernel with its scheduler, the members that all rooms add to it and, unless its owner gives others, all
// features.
import { Cgroup } from "../cgroup/cgroup.ts";
import { Kernel, type KernelMembers, type KernelOptions } from "../core/kernel.ts";
import { CpuTime } from "../cpu-time.ts";
import { features } from "../features/index.ts";
import { FileEvents } from "../fs/vfs/inode.ts";
import { LockTable } from "../fs/vfs/locks.ts";
import { FutexTable } from "../futex/table.ts";
import { GarbageCollector } from "../garbage-collector.ts";
import { newProcess } from "../lifecycle/new-task.ts";
import { initialNamespaces } from "../namespace/initial.ts";
import { OomKiller } from "../oom.ts";
import { PidNamespace } from "../task/pid-namespace.ts";
import { mapVsyscallPage } from "../task/vsyscall-page.ts";
import { Timers } from "../timer/timers.ts";
import { Scheduler } from "./scheduler.ts";

/** The options of a new kernel. Default of `features`: all. */
type Options = Omit<KernelOptions, "features" | "scheduler" | "members"> & Partial<Pick<KernelOptions, "features">>;

/** Set at boot, before the first task: file systems need the kernel's clock. */
const atBoot = { vfs: undefined, cgroupFs: undefined } as unknown as Pick<KernelMembers, "vfs" | "cgroupFs">;

const members = (kernel: Kernel, { features, hostname }: KernelOptions): KernelMembers => {
  const cgroups = new Cgroup();
  return {
    ...atBoot,
    pidNamespace: new PidNamespace(undefined, undefined),
    cgroups,
    namespaces: initialNamespaces(kernel, cgroups, hostname ?? "trapgate"),
    timers: new Timers(),
    futexes: new FutexTable(),
    lockTable: new LockTable(),
    fileEvents: new FileEvents(),
    garbage: new GarbageCollector(kernel),
    cpuTime: new CpuTime(kernel),
    observer: undefined,
    securityModules: features.flatMap(({ security }) => security ?? []),
  };
};

/** A new kernel. */
export const newKernel = (options: Options): Kernel => {
  if (options.profile.vsyscall === "emulate") mapVsyscallPage(options.frames);
  const kernel = new Kernel({ features, scheduler: (owner) => new Scheduler(owner), members, ...options });
  kernel.frames.reclaimers.add(kernel.garbage);
  kernel.frames.account.killer = new OomKiller(kernel);
  kernel.init = newProcess(kernel, kernel.newPid(), undefined, 0);
  kernel.processes.set(kernel.init.pid, kernel.init);
  kernel.pidNamespace.init = kernel.init;
  kernel.attach(options.processor);
  return kernel;
};
