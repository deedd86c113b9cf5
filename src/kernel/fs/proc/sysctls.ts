// /proc/sys: settings with an effect, and those that are stored. man 5 proc_sys;
// Documentation/admin-guide/sysctl.
import { E } from "../../../abi/errno.ts";
import { hugePool } from "../../../memory/huge/pool.ts";
import { PID_MAX, RESERVED_PIDS } from "../../base/rlimit.ts";
import type { Kernel } from "../../core/kernel.ts";
import { LAST_CAP } from "../../cred/cred.ts";
import { devicesOf } from "../../net/devices.ts";
import { coreSettingsOf } from "../../signal/core-settings.ts";
import { POOL_BITS } from "../files/devices.ts";
import { inotifyOf } from "../files/watch-limits.ts";
import { hugeSettings } from "./machine/huge-pages.ts";
import { pingGroups } from "./machine/ping-groups.ts";
import { corePattern, lastPid, pipeSettings, protections, seccompFiles, utsName, watchSettings } from "./sysctl/effective.ts";
import { generalSettings } from "./sysctl/general.ts";
import { deviceSettings, netSettings } from "./sysctl/net.ts";
import { localPorts } from "./sysctl/ports.ts";
import { field, isAdministrator, setting } from "./sysctl/setting.ts";
import { storedSettings } from "./sysctl/stored.ts";
import { type FixedTree, mergeTrees } from "./tree/fixed-tree.ts";
import type { ProcContent } from "./tree/node.ts";
import { numbersWriter } from "./tree/numbers.ts";

const INT_MAX = 0x7fff_ffff;
const constant = (s: string | number): ProcContent => ({ read: () => `${s}\n` });
/** Accepts all that is written, and cannot be read. */
const trigger = { mode: 0o200, write: (_task: unknown, bytes: Uint8Array) => bytes.length };

/** 16 random bytes as a version 4 UUID. */
const uuid = (bytes: Uint8Array): string => {
  const b = bytes.slice();
  b[6] = ((b[6] as number) & 0x0f) | 0x40;
  b[8] = ((b[8] as number) & 0x3f) | 0x80;
  const hex = [...b].map((x) => x.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
};

/** Linux shows the greatest long for no limit. */
const fileMax = ({ frames }: Kernel): string => {
  const { most } = frames.openFiles;
  return most === Number.POSITIVE_INFINITY ? "9223372036854775807" : String(most);
};

const stored = (folder: string): FixedTree => storedSettings(generalSettings, folder);
const net = (folder: string): FixedTree => storedSettings(netSettings, folder);

const devices = ({ namespaces }: Kernel): readonly string[] => devicesOf(namespaces.net).map(({ name }) => name);
const networkTree = (kernel: Kernel): FixedTree => ({
  core: { ...net("net/core"), somaxconn: field(({ net }) => net, "maxBacklog", { min: 0, max: INT_MAX }) },
  ipv4: {
    ...net("net/ipv4"),
    ...deviceSettings(devices(kernel), "net/ipv4"),
    ip_local_port_range: localPorts,
    ip_nonlocal_bind: field(({ net }) => net.foreignBind, "four", { min: 0, max: 1 }),
    ip_unprivileged_port_start: field(({ net }) => net, "firstFreePort", { min: 0, max: 65535 }),
    ping_group_range: pingGroups,
    route: { ...net("net/ipv4/route"), flush: trigger },
  },
  ipv6: {
    ...net("net/ipv6"),
    ...deviceSettings(devices(kernel), "net/ipv6"),
    bindv6only: field(({ net }) => net, "only6", { min: 0, max: 1 }),
    icmp: net("net/ipv6/icmp"),
    ip_nonlocal_bind: field(({ net }) => net.foreignBind, "six", { min: 0, max: 1 }),
    route: { ...net("net/ipv6/route"), flush: trigger },
  },
  unix: net("net/unix"),
});

const fileTree = (kernel: Kernel): FixedTree => ({
  ...stored("fs"),
  epoll: stored("fs/epoll"),
  "file-max": constant(fileMax(kernel)),
  "file-nr": { read: () => `${kernel.frames.openFiles.now}\t0\t${fileMax(kernel)}\n` },
  inotify: watchSettings(() => inotifyOf(kernel), {
    events: "max_queued_events",
    instances: "max_user_instances",
    watches: "max_user_watches",
  }),
  nr_open: field(() => kernel, "nrOpen", { min: 64, max: 0x7fff_ffc0 }),
  ...pipeSettings(kernel),
  "lease-break-time": field(() => kernel.vfs, "leaseSeconds", { min: 0, max: INT_MAX }),
  ...protections(kernel),
  quota: stored("fs/quota"),
});

/** Settings that only an administrator may change, and that are stored. */
const restricted = (kernel: Kernel, key: "dmesg_restrict" | "kptr_restrict", max: number): ProcContent =>
  setting(
    () => (kernel.sysctls.get(key) as readonly number[] | undefined)?.[0] ?? 0,
    (value) => void kernel.sysctls.set(key, [value]),
    { min: 0, max, mayWrite: isAdministrator },
  );

const kernelTree = (kernel: Kernel): FixedTree => ({
  ...stored("kernel"),
  pty: stored("kernel/pty"),
  usermodehelper: stored("kernel/usermodehelper"),
  cad_pid: { ...constant(1), mode: 0o600 },
  cap_last_cap: constant(LAST_CAP),
  core_pattern: corePattern(kernel),
  core_uses_pid: field(() => coreSettingsOf(kernel), "usesPid", { min: 0, max: 1 }),
  dmesg_restrict: restricted(kernel, "dmesg_restrict", 1),
  domainname: utsName("domainname"),
  hostname: utsName("hostname"),
  kptr_restrict: restricted(kernel, "kptr_restrict", 2),
  ngroups_max: constant(65536),
  osrelease: constant(kernel.profile.release),
  ostype: constant("Linux"),
  overflowgid: constant(65534),
  overflowuid: constant(65534),
  ns_last_pid: lastPid,
  pid_max: field(() => kernel, "pidMax", { min: RESERVED_PIDS + 1, max: PID_MAX }),
  random: {
    boot_id: { read: () => `${uuid(kernel.bootId as Uint8Array)}\n` },
    entropy_avail: constant(POOL_BITS),
    poolsize: constant(POOL_BITS),
    uuid: { read: (task) => `${uuid(task.kernel.random.bytes(16))}\n` },
  },
  randomize_va_space: field(() => kernel, "randomizes", { min: 0, max: 2 }),
  ...seccompFiles(kernel),
  tainted: constant(0),
  "threads-max": constant(Math.min(7760, kernel.pidsMax)),
  unprivileged_userns_clone: constant(1),
  version: constant(kernel.profile.version),
  watchdog_cpumask: constant(kernel.cpus === 1 ? "0" : `0-${kernel.cpus - 1}`),
  yama: { ptrace_scope: constant(0) },
});

/** There is no cache to drop. Linux fs/drop_caches.c. */
const dropCaches: FixedTree[string] = {
  mode: 0o200,
  write: numbersWriter(1, ([value = 0n]) => (value < 1n || value > 4n ? -E.EINVAL : 0)),
};

const memoryTree = (kernel: Kernel): FixedTree => ({
  ...stored("vm"),
  ...hugeSettings(hugePool(kernel.frames)),
  drop_caches: dropCaches,
  max_map_count: field(() => kernel.frames, "mostAreas", { min: 0, max: INT_MAX }),
  mmap_min_addr: constant(65536),
  stat_refresh: { mode: 0o600, read: () => "", write: trigger.write },
});

const coreTree = (kernel: Kernel): FixedTree => ({
  abi: stored("abi"),
  debug: stored("debug"),
  dev: { tty: stored("dev/tty") },
  fs: fileTree(kernel),
  kernel: kernelTree(kernel),
  net: networkTree(kernel),
  user: stored("user"),
  vm: memoryTree(kernel),
});
/** The tree of /proc/sys. */
export const sysctlTree = (kernel: Kernel): FixedTree =>
  kernel.features.reduce((tree, { sysctls }) => (sysctls ? mergeTrees(tree, sysctls(kernel)) : tree), coreTree(kernel));
