// Settings of the machine that change nothing here. Documentation/admin-guide/sysctl; man 5 proc_sys.
import type { StoredTable } from "./stored.ts";

const INT_MAX = 0x7fff_ffff;
const flag = [0, 1] as const;
const count = [0, INT_MAX] as const;
const any = [-INT_MAX - 1, INT_MAX] as const;

/** Namespaces of a kind by user. Linux kernel/ucount.c. */
const namespaces = [7760, ...count] as const;

/** Settings by folder. */
// biome-ignore format: table
export const generalSettings: StoredTable = {
  abi: { vsyscall32: [1, ...flag] },
  debug: { "exception-trace": [1, ...any] },
  "dev/tty": { ldisc_autoload: [1, ...flag], legacy_tiocsti: [1, ...flag] },
  fs: {
    "dentry-negative": [0, ...flag], "dentry-state": "0\t0\t45\t0\t0\t0", "dir-notify-enable": [1, ...any], "inode-nr": "0\t0", "inode-state": "0\t0\t0\t0\t0\t0\t0",
    "leases-enable": [1, ...any], "mount-max": [100000, 1, INT_MAX], overflowgid: [65534, 0, 65535], overflowuid: [65534, 0, 65535],
    suid_dumpable: [0, 0, 2],
  },
  "fs/epoll": { max_user_watches: [220000, 0, Number.MAX_SAFE_INTEGER] },
  "fs/quota": {
    allocated_dquots: "0", cache_hits: "0", drops: "0", free_dquots: "0", lookups: "0", reads: "0", syncs: "0", writes: "0",
  },
  kernel: {
    acct: [[4, 2, 30], ...any], arch: "x86_64", bootloader_type: "0", bootloader_version: "0", bpf_stats_enabled: [0, ...flag],
    core_file_note_size_limit: [4194304, 4194304, 16777216], core_pipe_limit: [0, ...count], "ctrl-alt-del": [1, ...any],
    hung_task_all_cpu_backtrace: [0, ...flag], hung_task_check_count: [4194304, ...count], hung_task_check_interval_secs: [0, ...count],
    hung_task_panic: [0, ...flag], hung_task_timeout_secs: [0, ...count], hung_task_warnings: [10, -1, INT_MAX], io_delay_type: [0, 0, 3],
    max_rcu_stall_to_panic: [0, ...any], modprobe: { word: "/sbin/modprobe", most: 256 },
    modules_disabled: [0, ...flag], nmi_watchdog: [0, ...flag, 0o444], numa_balancing: [0, 0, 3], oops_all_cpu_backtrace: [0, ...flag],
    oops_limit: [10000, ...count], panic: [0, ...any], panic_on_io_nmi: [0, ...any], panic_on_oops: [0, ...any], panic_on_rcu_stall: [0, ...flag],
    panic_on_unrecovered_nmi: [0, ...any], panic_on_warn: [0, ...flag], panic_print: [0, ...count], perf_cpu_time_max_percent: [25, 0, 100],
    perf_event_max_contexts_per_stack: [8, 0, 1000], perf_event_max_sample_rate: [100000, 1, INT_MAX], perf_event_max_stack: [127, 0, 640],
    perf_event_mlock_kb: [516, ...any], perf_event_paranoid: [3, ...any], poweroff_cmd: { word: "/sbin/poweroff", most: 256 },
    "print-fatal-signals": [0, ...any], printk: [[7, 4, 1, 7], ...any], printk_delay: [0, 0, 10000], printk_devkmsg: { word: "ratelimit", among: ["on", "off", "ratelimit"] },
    printk_ratelimit: [5, ...count], printk_ratelimit_burst: [10, ...any], sched_autogroup_enabled: [1, ...flag],
    sched_cfs_bandwidth_slice_us: [5000, 1, INT_MAX], sched_deadline_period_max_us: [4194304, ...count], sched_deadline_period_min_us: [100, ...count],
    sched_rr_timeslice_ms: [100, ...any], sched_rt_period_us: [1000000, 1, INT_MAX], sched_rt_runtime_us: [950000, -1, INT_MAX],
    soft_watchdog: [1, ...flag], softlockup_all_cpu_backtrace: [0, ...flag], softlockup_panic: [0, ...flag], split_lock_mitigate: [1, ...flag],
    sysctl_writes_strict: [1, -1, 1], sysrq: [176, ...any], task_delayacct: [0, ...flag], timer_migration: [1, ...flag], unknown_nmi_panic: [0, ...any],
    unprivileged_bpf_disabled: [2, 0, 2], warn_limit: [0, ...count], watchdog: [1, ...flag], watchdog_thresh: [10, 0, 60],
  },
  "kernel/pty": { max: [4096, ...count], reserve: [1024, ...count] },
  "kernel/usermodehelper": { bset: [[4294967295, 511], 0, 4294967295, 0o600], inheritable: [[4294967295, 511], 0, 4294967295, 0o600] },
  user: {
    max_cgroup_namespaces: namespaces, 
    max_inotify_instances: [128, ...count], max_inotify_watches: [8192, ...count], max_ipc_namespaces: namespaces, max_mnt_namespaces: namespaces,
    max_net_namespaces: namespaces, max_pid_namespaces: namespaces, max_time_namespaces: namespaces, max_user_namespaces: namespaces,
    max_uts_namespaces: namespaces,
  },
  vm: {
    admin_reserve_kbytes: [8192, ...count], compact_unevictable_allowed: [1, ...flag], compaction_proactiveness: [20, 0, 100],
    dirty_background_bytes: [0, ...count], dirty_background_ratio: [10, 0, 100], dirty_bytes: [0, ...count], dirty_expire_centisecs: [3000, ...count],
    dirty_ratio: [20, 0, 100], dirty_writeback_centisecs: [500, ...count], dirtytime_expire_seconds: [43200, ...count], extfrag_threshold: [500, 0, 1000],
    laptop_mode: [0, ...count], legacy_va_layout: [0, ...count], lowmem_reserve_ratio: [[256, 256, 32, 0, 0], ...any], memfd_noexec: [0, 0, 2],
    min_free_kbytes: [4096, ...count], min_slab_ratio: [5, 0, 100], min_unmapped_ratio: [1, 0, 100], mmap_rnd_bits: [28, 28, 32, 0o600],
    mmap_rnd_compat_bits: [8, 8, 16, 0o600], numa_stat: [1, ...flag], numa_zonelist_order: { word: "Node", most: 16 }, oom_dump_tasks: [1, ...any],
    oom_kill_allocating_task: [0, ...any], overcommit_memory: [0, 0, 2], overcommit_kbytes: [0, ...count], overcommit_ratio: [50, ...count], page_lock_unfairness: [5, ...count],
    "page-cluster": [3, 0, 31], panic_on_oom: [0, 0, 2], percpu_pagelist_high_fraction: [0, ...count], stat_interval: [1, ...any],
    swappiness: [60, 0, 200], user_reserve_kbytes: [8192, ...count], vfs_cache_pressure: [100, ...count], watermark_boost_factor: [15000, ...count],
    watermark_scale_factor: [10, 1, 3000], zone_reclaim_mode: [0, ...count],
  },
};
