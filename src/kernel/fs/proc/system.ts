// The files of /proc that describe the whole machine. man 5 proc; Linux fs/proc/*.c, kernel/sysctl.c.
import { E } from "../../../abi/errno.ts";
import { EPHEMERAL } from "../../../abi/uapi/socket.ts";
import type { Action } from "../../../seccomp/returns.ts";
import { PID_MAX } from "../../base/rlimit.ts";
import { UPTIME } from "../../base/time.ts";
import { ticks } from "../../base/usage.ts";
import { CAP, capable, capableIn, LAST_CAP } from "../../cred/cred.ts";
import type { Kernel } from "../../kernel.ts";
import { CORE_PATTERN_MAX } from "../../signal/core-settings.ts";
import type { Task } from "../../task/task.ts";
import { POOL_BITS } from "../files/devices.ts";
import type { WatchLimits } from "../files/inotify.ts";
import { roundPipeSize } from "../files/pipe.ts";
import { major, minor } from "../vfs/mode.ts";
import { gzip } from "./config/gzip.ts";
import { configText } from "./config/options.ts";
import { deviceTag } from "./device-tag.ts";
import type { FixedTree } from "./fixed-tree.ts";
import { keyFiles, keySettings } from "./keys.ts";
import { locksFile } from "./locks.ts";
import { cpuinfo } from "./machine/cpuinfo.ts";
import { deviceFiles } from "./machine/devices.ts";
import { hugeSettings } from "./machine/huge-pages.ts";
import { memoryFiles } from "./machine/memory.ts";
import { pingGroups } from "./machine/ping-groups.ts";
import { machineUsage } from "./machine/usage.ts";
import type { ProcContent } from "./node.ts";
import { storedSettings } from "./sysctls.ts";
import { ipcSysctls, mqueueSettings, sysvipcFiles } from "./sysvipc.ts";

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
const stat = (kernel: Kernel): string => {
  const { user, system, idle, voluntarySwitches, involuntarySwitches } = machineUsage(kernel);
  const cpu = `${ticks(user)} 0 ${ticks(system)} ${ticks(idle)} 0 0 0 0 0 0`;
  const running = [...kernel.tasks.values()].filter((t) => t.state === "runnable").length;
  const others = Array.from({ length: kernel.cpus - 1 }, (_, i) => `cpu${i + 1} 0 0 0 ${ticks(kernel.now)} 0 0 0 0 0 0\n`).join("");
  return (
    `cpu  ${cpu}\ncpu0 ${cpu}\n${others}intr 0\nctxt ${voluntarySwitches + involuntarySwitches}\nbtime ${kernel.bootTime - UPTIME.sec}\n` +
    `processes ${kernel.lastPid}\nprocs_running ${running}\nprocs_blocked 0\nsoftirq 0 0 0 0 0 0 0 0 0 0 0\n`
  );
};
const seconds = (ns: number): string => (Math.floor(ns / 1e7) / 100).toFixed(2);

/** Linux shows the greatest long for no limit. */
const fileMax = ({ frames }: Kernel): string => {
  const { most } = frames.openFiles;
  return most === Number.POSITIVE_INFINITY ? "9223372036854775807" : String(most);
};

/** 16 random bytes as a version 4 UUID. */
const uuid = (bytes: Uint8Array): string => {
  const b = bytes.slice();
  b[6] = ((b[6] as number) & 0x0f) | 0x40;
  b[8] = ((b[8] as number) & 0x3f) | 0x80;
  const hex = [...b].map((x) => x.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
};

/** A numeric sysctl with bounds. A write needs CAP_SYS_ADMIN. */
const setting = (get: () => number, set: (value: number) => void, min: number, max: number): ProcContent => ({
  read: () => `${get()}\n`,
  write: (task: Task, bytes: Uint8Array) => {
    if (!capable(task.cred, CAP.SYS_ADMIN)) return -E.EPERM;
    const value = Number(String.fromCharCode(...bytes.subarray(0, 32)).trim());
    if (!Number.isInteger(value) || value < min || value > max) return -E.EINVAL;
    set(value);
    return bytes.length;
  },
});
/** A numeric sysctl without effect. Its value is stored in `state`. */
const number = (state: Map<string, number>, key: string, initial: number, min: number, max: number): ProcContent =>
  setting(
    () => state.get(key) ?? initial,
    (value) => {
      state.set(key, value);
    },
    min,
    max,
  );
const protection = ({ vfs }: Kernel, key: keyof Kernel["vfs"]["protection"], max: number): ProcContent =>
  setting(
    () => vfs.protection[key],
    (value) => {
      vfs.protection[key] = value;
    },
    0,
    max,
  );
/** The name of core files. man 5 core. */
const corePattern = ({ coreSettings }: Kernel): ProcContent => ({
  read: () => `${coreSettings.pattern}\n`,
  write: (task, bytes) => {
    if (!capable(task.cred, CAP.SYS_ADMIN)) return -E.EPERM;
    coreSettings.pattern = String.fromCharCode(...bytes.subarray(0, CORE_PATTERN_MAX)).split("\n", 1)[0] ?? "";
    return bytes.length;
  },
});
/** The greatest RLIMIT_NOFILE. */
const nrOpen = (kernel: Kernel): ProcContent =>
  setting(
    () => kernel.nrOpen,
    (value) => {
      kernel.nrOpen = value;
    },
    64,
    0x7fff_ffc0,
  );
/** The last pid of the reading task's namespace; the next one follows it. Linux pid_ns_ctl_handler(). */
const lastPid: ProcContent = {
  read: (task) => `${task.pidNs.parent ? task.pidNs.last : task.kernel.lastPid}\n`,
  write: (task, bytes) => {
    const { owner } = task.pidNs;
    if (!capableIn(task.cred, owner, CAP.CHECKPOINT_RESTORE) && !capableIn(task.cred, owner, CAP.SYS_ADMIN)) return -E.EPERM;
    const value = Number(String.fromCharCode(...bytes.subarray(0, 32)).trim());
    if (!Number.isInteger(value) || value < 0 || value > PID_MAX) return -E.EINVAL;
    if (task.pidNs.parent) task.pidNs.last = value;
    else task.kernel.lastPid = value;
    return bytes.length;
  },
};
/** A size in bytes that is rounded as F_SETPIPE_SZ rounds. Linux do_proc_dopipe_max_size_conv(). */
const pipeMaxSize = ({ vfs }: Kernel): ProcContent =>
  setting(
    () => vfs.pipes.max,
    (value) => {
      vfs.pipes.max = roundPipeSize(value);
    },
    0,
    2 ** 31,
  );
const pipePages = ({ vfs }: Kernel, key: "soft" | "hard"): ProcContent =>
  setting(
    () => vfs.pipes[key],
    (value) => {
      vfs.pipes[key] = value;
    },
    0,
    0x7fff_ffff,
  );
/** A name in the reading task's UTS namespace. */
const utsName = (key: "hostname" | "domainname"): ProcContent => ({
  read: (task) => `${task.namespaces.uts[key]}\n`,
  write: (task, bytes) => {
    const { uts } = task.namespaces;
    if (!capableIn(task.cred, uts.owner, CAP.SYS_ADMIN)) return -E.EPERM;
    uts[key] =
      String.fromCharCode(...bytes.subarray(0, 65))
        .split("\n", 1)[0]
        ?.slice(0, 64) ?? "";
    return bytes.length;
  },
});

/**
 * kernel/seccomp/actions_avail and actions_logged, if the profile has them. ALLOW is never logged. The names
 * end at the first empty one (Linux kernel/seccomp.c write_actions_logged()). proc_dostring() accepts the
 * bytes that fit, and none of a write at another offset than 0 (kernel/sysctl.c, SYSCTL_WRITES_STRICT).
 */
const seccompFiles = (kernel: Kernel): FixedTree => {
  const { seccomp } = kernel.profile;
  if (!seccomp.proc.includes("actions")) return {};
  const available = seccomp.returns.actions.map((row) => row.action);
  const read = (): string => `${available.filter((action) => kernel.seccompLogged.has(action)).join(" ")}\n`;
  const capacity = available.join(" ").length;
  const write = (task: Task, bytes: Uint8Array, at: number): number => {
    if (!capable(task.cred, CAP.SYS_ADMIN)) return -E.EPERM;
    const [line = ""] = String.fromCharCode(...(at === 0 ? bytes.subarray(0, capacity) : [])).split(/[\n\0]/, 1);
    const names = line.split(" ");
    const end = names.indexOf("");
    const wanted = (end < 0 ? names : names.slice(0, end)).map((name) => available.find((action) => action === name));
    if (wanted.some((action) => action === undefined || action === "allow")) return -E.EINVAL;
    kernel.seccompLogged = new Set(wanted as Action[]);
    return bytes.length;
  };
  return { seccomp: { actions_avail: constant(available.join(" ")), actions_logged: { read, write } } };
};

const watchSettings = (limits: WatchLimits, names: Readonly<Record<"instances" | "watches" | "events", string>>): FixedTree => {
  const row = (key: "instances" | "watches" | "events"): ProcContent =>
    setting(
      () => limits[key],
      (value) => {
        limits[key] = value;
      },
      0,
      0x7fffffff,
    );
  return { [names.events]: row("events"), [names.instances]: row("instances"), [names.watches]: row("watches") };
};

/** The tree of these files. `state` has the values of sysctls without effect. */
export const systemFiles = (kernel: Kernel, state: Map<string, number>, bootId: Uint8Array): FixedTree => {
  const { profile } = kernel;
  const n = (key: string, start: number, min = 0, max = 0x7fffffff): ProcContent => number(state, key, start, min, max);
  const stored = (folder: string): FixedTree => storedSettings(state, folder);
  return {
    cmdline: constant("BOOT_IMAGE=trapgate"),
    "config.gz": { read: () => gzip(new TextEncoder().encode(configText(profile))) },
    cpuinfo: { read: () => cpuinfo(kernel) },
    devices: constant(
      "Character devices:\n  1 mem\n  5 /dev/tty\n  5 /dev/console\n  5 /dev/ptmx\n 10 misc\n128 ptm\n136 pts\n\nBlock devices:\n  7 loop",
    ),
    filesystems: {
      read: () =>
        ["sysfs", "tmpfs", "cgroup2", "proc", "devtmpfs", "ramfs", "hugetlbfs", "devpts", "mqueue", "overlay", "pipefs", "sockfs", "hostfs"]
          .map((t) => `nodev\t${t}\n`)
          .concat("\text2\n")
          .join(""),
    },
    locks: locksFile,
    loadavg: { read: () => `0.00 0.00 0.00 1/${kernel.tasks.size} ${kernel.lastPid}\n` },
    modules: { read: () => "" },
    partitions: { read: () => partitions(kernel) },
    stat: { read: () => stat(kernel) },
    sysvipc: sysvipcFiles,
    ...keyFiles,
    swaps: { isSource: false, read: () => "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n" },
    uptime: {
      read: (task) => `${seconds(kernel.now + task.namespaces.time.nanoseconds("boottime"))} ${seconds(machineUsage(kernel).idle)}\n`,
    },
    version: { read: () => `Linux version ${profile.release} (trapgate) (gcc) ${profile.version}\n` },
    ...memoryFiles(kernel),
    ...deviceFiles(kernel),
    sys: {
      abi: stored("abi"),
      debug: stored("debug"),
      dev: { tty: stored("dev/tty") },
      net: {
        core: stored("net/core"),
        ipv4: {
          ...stored("net/ipv4"),
          conf: { all: { tag: deviceTag("all") }, default: { tag: deviceTag("default") }, lo: { tag: deviceTag("lo") } },
          ping_group_range: pingGroups,
          ip_local_port_range: constant(`${EPHEMERAL.first}\t${EPHEMERAL.last}`),
        },
        ipv6: stored("net/ipv6"),
        unix: stored("net/unix"),
      },
      user: { max_user_namespaces: n("max_user_namespaces", 7760) },
      fs: {
        ...stored("fs"),
        "aio-max-nr": setting(
          () => kernel.aio.max,
          (value) => {
            kernel.aio.max = value;
          },
          0,
          2 ** 52,
        ),
        "aio-nr": { read: () => `${kernel.aio.nr}\n` },
        "file-max": constant(fileMax(kernel)),
        "file-nr": { read: () => `${kernel.frames.openFiles.now}\t0\t${fileMax(kernel)}\n` },
        fanotify: watchSettings(kernel.fanotify, { events: "max_queued_events", instances: "max_user_groups", watches: "max_user_marks" }),
        inotify: watchSettings(kernel.inotify, {
          events: "max_queued_events",
          instances: "max_user_instances",
          watches: "max_user_watches",
        }),
        nr_open: nrOpen(kernel),
        "pipe-max-size": pipeMaxSize(kernel),
        "pipe-user-pages-hard": pipePages(kernel, "hard"),
        "pipe-user-pages-soft": pipePages(kernel, "soft"),
        "lease-break-time": setting(
          () => kernel.vfs.leaseSeconds,
          (value) => {
            kernel.vfs.leaseSeconds = value;
          },
          0,
          0x7fffffff,
        ),
        mqueue: mqueueSettings(),
        protected_hardlinks: protection(kernel, "hardlinks", 1),
        protected_symlinks: protection(kernel, "symlinks", 1),
        protected_fifos: protection(kernel, "fifos", 2),
        protected_regular: protection(kernel, "regular", 2),
        suid_dumpable: constant(0),
      },
      kernel: {
        ...stored("kernel"),
        pty: stored("kernel/pty"),
        cap_last_cap: constant(LAST_CAP),
        core_pattern: corePattern(kernel),
        core_uses_pid: setting(
          () => kernel.coreSettings.usesPid,
          (value) => {
            kernel.coreSettings.usesPid = value;
          },
          0,
          1,
        ),
        dmesg_restrict: constant(0),
        domainname: utsName("domainname"),
        hostname: utsName("hostname"),
        keys: keySettings(kernel),
        hung_task_timeout_secs: constant(0),
        kptr_restrict: constant(0),
        ngroups_max: constant(65536),
        osrelease: constant(profile.release),
        ostype: constant("Linux"),
        overflowgid: constant(65534),
        overflowuid: constant(65534),
        perf_event_paranoid: constant(3),
        ns_last_pid: lastPid,
        pid_max: constant(PID_MAX),
        printk: constant("7\t4\t1\t7"),
        random: {
          boot_id: { read: () => `${uuid(bootId)}\n` },
          entropy_avail: constant(POOL_BITS),
          poolsize: constant(POOL_BITS),
          uuid: { read: (task) => `${uuid(task.kernel.random.bytes(16))}\n` },
        },
        randomize_va_space: n("randomize_va_space", kernel.randomizeLayout ? 2 : 0, 0, 2),
        ...seccompFiles(kernel),
        ...ipcSysctls,
        tainted: constant(0),
        "threads-max": constant(Math.min(7760, kernel.pidsMax)),
        unprivileged_userns_clone: constant(1),
        version: constant(profile.version),
        yama: { ptrace_scope: constant(0) },
      },
      vm: {
        ...stored("vm"),
        ...hugeSettings(kernel.frames.huge),
        max_map_count: constant(65530),
        mmap_min_addr: constant(65536),
        overcommit_memory: n("overcommit_memory", 0, 0, 2),
        overcommit_ratio: constant(50),
        swappiness: n("swappiness", 60, 0, 200),
        drop_caches: n("drop_caches", 0, 0, 4),
        unprivileged_userfaultfd: setting(
          () => Number(kernel.unprivilegedUserfaults),
          (value) => {
            kernel.unprivilegedUserfaults = value === 1;
          },
          0,
          1,
        ),
      },
    },
  };
};
