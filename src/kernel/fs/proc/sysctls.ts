// Settings of /proc/sys that programs read and that change nothing here: a write is stored. Values are the
// defaults of Linux. Documentation/admin-guide/sysctl; man 5 proc_sys.
import { E } from "../../../abi/errno.ts";
import { CAP, capable } from "../../cred/cred.ts";
import type { FixedTree } from "./fixed-tree.ts";
import type { ProcContent } from "./node.ts";

const INT_MAX = 0x7fff_ffff;
const flag = [0, 1] as const;
const count = [0, INT_MAX] as const;
/** The value and its bounds, or the values of a row of several, which cannot be changed. */
type Setting = readonly [initial: number, min: number, max: number] | string;

// biome-ignore format: table
const settings: Readonly<Record<string, Readonly<Record<string, Setting>>>> = {
  abi: { vsyscall32: [1, ...flag] },
  debug: { "exception-trace": [1, ...count] },
  "dev/tty": { ldisc_autoload: [1, ...flag], legacy_tiocsti: [1, ...flag] },
  fs: {
    "dentry-state": "0\t0\t45\t0\t0\t0", "dir-notify-enable": [1, ...count], "inode-nr": "0\t0", "inode-state": "0\t0\t0\t0\t0\t0\t0",
    "leases-enable": [1, ...count], "mount-max": [100000, 1, INT_MAX], overflowgid: [65534, 0, 65535], overflowuid: [65534, 0, 65535],
  },
  kernel: {
    acct: "4\t2\t30", arch: "x86_64", core_pipe_limit: [0, ...count], "ctrl-alt-del": [1, ...count], hung_task_warnings: [10, -1, INT_MAX],
    io_uring_disabled: [0, 0, 2], io_uring_group: [-1, -1, INT_MAX], panic: [0, ...count], panic_on_oops: [0, ...flag],
    perf_event_max_sample_rate: [100000, 1, INT_MAX], perf_event_mlock_kb: [516, ...count], "print-fatal-signals": [0, ...count],
    printk_ratelimit: [5, ...count], printk_ratelimit_burst: [10, ...count], sched_autogroup_enabled: [1, ...flag],
    sched_cfs_bandwidth_slice_us: [5000, 1, INT_MAX], sched_rr_timeslice_ms: [100, 1, INT_MAX], sched_rt_period_us: [1000000, 1, INT_MAX],
    sched_rt_runtime_us: [950000, -1, INT_MAX], sysctl_writes_strict: [1, -1, 1], timer_migration: [1, ...flag],
    unprivileged_bpf_disabled: [2, 0, 2],
  },
  "kernel/pty": { max: [4096, ...count], reserve: [1024, ...count] },
  "net/core": {
    bpf_jit_enable: [1, 0, 2], busy_poll: [0, ...count], busy_read: [0, ...count], default_qdisc: "pfifo_fast", dev_weight: [64, 1, INT_MAX],
    netdev_max_backlog: [1000, ...count], optmem_max: [131072, ...count], rmem_default: [212992, 2304, INT_MAX],
    rmem_max: [212992, 2304, INT_MAX], somaxconn: [4096, ...count], wmem_default: [212992, 4608, INT_MAX], wmem_max: [212992, 4608, INT_MAX],
  },
  "net/ipv4": {
    icmp_echo_ignore_all: [0, ...flag], ip_default_ttl: [64, 1, 255], ip_forward: [0, ...flag], ip_local_reserved_ports: "",
    ip_nonlocal_bind: [0, ...flag], ip_unprivileged_port_start: [1024, 0, 65535], tcp_abort_on_overflow: [0, ...flag],
    tcp_available_congestion_control: "reno cubic", tcp_congestion_control: "cubic", tcp_fastopen: [1, ...count], tcp_fin_timeout: [60, ...count],
    tcp_keepalive_intvl: [75, ...count], tcp_keepalive_probes: [9, 0, 255], tcp_keepalive_time: [7200, ...count],
    tcp_max_syn_backlog: [128, ...count], tcp_max_tw_buckets: [4096, ...count], tcp_retries1: [3, 0, 255], tcp_retries2: [15, 0, 255],
    tcp_rmem: "4096\t131072\t6291456", tcp_sack: [1, ...flag], tcp_slow_start_after_idle: [1, ...flag], tcp_syn_retries: [6, 1, 127],
    tcp_synack_retries: [5, 0, 255], tcp_syncookies: [1, 0, 2], tcp_timestamps: [1, 0, 2], tcp_tw_reuse: [2, 0, 2],
    tcp_window_scaling: [1, ...flag], tcp_wmem: "4096\t16384\t4194304",
  },
  "net/ipv6": { bindv6only: [0, ...flag] },
  "net/unix": { max_dgram_qlen: [10, ...count] },
  vm: {
    admin_reserve_kbytes: [8192, ...count], compaction_proactiveness: [20, 0, 100], dirty_background_bytes: [0, ...count],
    dirty_background_ratio: [10, 0, 100], dirty_bytes: [0, ...count], dirty_expire_centisecs: [3000, ...count], dirty_ratio: [20, 0, 100],
    dirty_writeback_centisecs: [500, ...count], laptop_mode: [0, ...count], legacy_va_layout: [0, ...flag],
    memfd_noexec: [0, 0, 2], min_free_kbytes: [4096, ...count], mmap_rnd_bits: [28, 28, 32], mmap_rnd_compat_bits: [8, 8, 16],
    oom_dump_tasks: [1, ...flag], oom_kill_allocating_task: [0, ...flag],
    overcommit_kbytes: [0, ...count], "page-cluster": [3, 0, 31], panic_on_oom: [0, 0, 2], stat_interval: [1, ...count],
    user_reserve_kbytes: [8192, ...count], vfs_cache_pressure: [100, ...count], watermark_scale_factor: [10, 1, 3000],
    zone_reclaim_mode: [0, 0, 7],
  },
};

/** A number that a task with CAP_SYS_ADMIN may change. `state` has the values of the machine. */
const stored = (state: Map<string, number>, key: string, [initial, min, max]: readonly [number, number, number]): ProcContent => ({
  read: () => `${state.get(key) ?? initial}\n`,
  write: (task, bytes) => {
    if (!capable(task.cred, CAP.SYS_ADMIN)) return -E.EPERM;
    const value = Number(String.fromCharCode(...bytes.subarray(0, 32)).trim());
    if (!Number.isInteger(value) || value < min || value > max) return -E.EINVAL;
    state.set(key, value);
    return bytes.length;
  },
});

/** The settings of one folder of /proc/sys, as files. */
export const storedSettings = (state: Map<string, number>, folder: string): FixedTree =>
  Object.fromEntries(
    Object.entries(settings[folder] ?? {}).map(([name, setting]) => [
      name,
      typeof setting === "string" ? { read: () => `${setting}\n` } : stored(state, `${folder}/${name}`, setting),
    ]),
  );
