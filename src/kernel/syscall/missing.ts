// System calls that return ENOSYS, with reasons. A test checks that these and the declarations cover every
// number of every ABI.
import type { SyscallName } from "../../abi/numbers.ts";

/** Calls that are absent for one reason. */
export interface Missing {
  readonly reason: string;
  readonly names: readonly SyscallName[];
}

/** Linux itself returns ENOSYS: the number is reserved, or 6.12 is built without the call. */
export const goneFromLinux: readonly Missing[] = [
  {
    reason: "never implemented, or removed from Linux",
    // biome-ignore format: table
    names: [
      "_sysctl", "create_module", "get_kernel_syms", "query_module", "nfsservctl", "getpmsg", "putpmsg", "afs_syscall", "tuxcall", "security",
      "vserver", "lookup_dcookie", "epoll_ctl_old", "epoll_wait_old", "break", "stty", "gtty", "ftime", "prof", "lock", "mpx", "ulimit", "profil",
      "idle", "bdflush", "uselib", "sysfs",
    ],
  },
  { reason: "only 32-bit kernels have virtual 8086 mode", names: ["vm86", "vm86old"] },
  { reason: "the 64-bit table has the number, but no call", names: ["set_thread_area", "get_thread_area"] },
];

/** Calls that this kernel does not implement. */
export const notYet: readonly Missing[] = [
  {
    reason: "no modules, no second kernel, no swap, no process accounting, no quotas",
    names: [
      "init_module",
      "finit_module",
      "delete_module",
      "kexec_load",
      "kexec_file_load",
      "swapon",
      "swapoff",
      "acct",
      "quotactl",
      "quotactl_fd",
    ],
  },
  {
    reason: "no performance counters",
    names: ["perf_event_open"],
  },
  {
    reason: "no known user",
    names: ["process_mrelease", "map_shadow_stack", "clock_adjtime64"],
  },
];

/** All calls that return ENOSYS. */
export const missing: readonly Missing[] = [...goneFromLinux, ...notYet];
