// The configuration that /proc/config.gz shows: options of Linux whose effect this kernel has, and the ones
// that programs ask for and that it lacks. Linux Documentation/kbuild/kconfig.rst.
import type { KernelProfile } from "../../../base/profile.ts";
import type { Feature } from "../../../core/feature.ts";

/** The options that are y, by subject. */
// biome-ignore format: table
const built = {
  processor: "64BIT X86_64 X86 MMU SMP X86_TSC X86_CPUID MODIFY_LDT_SYSCALL",
  time: "HIGH_RES_TIMERS NO_HZ_COMMON HZ_250 POSIX_TIMERS TIMERFD TIME_NS",
  tasks:
    "MULTIUSER NAMESPACES UTS_NS IPC_NS USER_NS PID_NS NET_NS CHECKPOINT_RESTORE KCMP RSEQ MEMBARRIER SCHED_AUTOGROUP PREEMPT_NONE FUTEX FUTEX_PI " +
    "CGROUPS CGROUP_PIDS CGROUP_SCHED FAIR_GROUP_SCHED MEMCG ELFCORE COREDUMP BINFMT_ELF BINFMT_SCRIPT CROSS_MEMORY_ATTACH",
  security: "SECCOMP SECCOMP_FILTER FS_POSIX_ACL",
  memory:
    "SHMEM NUMA ADVISE_SYSCALLS SECRETMEM HUGETLBFS HUGETLB_PAGE TRANSPARENT_HUGEPAGE TRANSPARENT_HUGEPAGE_NEVER",
  files:
    "EPOLL SIGNALFD EVENTFD FHANDLE FILE_LOCKING DNOTIFY FSNOTIFY INOTIFY_USER PROC_FS " +
    "PROC_SYSCTL PROC_PAGE_MONITOR SYSCTL KERNFS SYSFS TMPFS TMPFS_POSIX_ACL TMPFS_XATTR " +
    "BLOCK BLK_DEV BLK_DEV_LOOP DEVTMPFS DEVTMPFS_MOUNT TTY UNIX98_PTYS IKCONFIG IKCONFIG_PROC PRINTK",
  network: "NET UNIX INET IPV6 IP_MULTICAST TCP_CONG_CUBIC",
};
/** Options that are not set. */
const absent =
  "MODULES SWAP KSM MEMORY_FAILURE PERF_EVENTS BSD_PROCESS_ACCT QUOTA KEXEC KEXEC_FILE NETFILTER BRIDGE TUN VLAN_8021Q IP_SCTP TLS KVM " +
  "EXT4_FS XFS_FS BTRFS_FS FUSE_FS FS_VERITY FS_ENCRYPTION BLK_DEV_RAM BLK_DEV_SD PREEMPT PREEMPT_RT SECURITY_SELINUX SECURITY_APPARMOR FTRACE KASAN " +
  "CRYPTO_USER_API HWPOISON_INJECT FAULT_INJECTION";

/** The options that depend on the profile. */
const ofProfile = (profile: KernelProfile): Readonly<Record<string, boolean>> => ({
  COMPAT: profile.ia32 || profile.x32,
  IA32_EMULATION: profile.ia32,
  X86_X32_ABI: profile.x32,
  X86_VSYSCALL_EMULATION: profile.vsyscall !== "none",
  VDSO_GETRANDOM: profile.vdsoRandom,
});

const line = (name: string, value: number | boolean): string =>
  value === false ? `# CONFIG_${name} is not set\n` : `CONFIG_${name}=${value === true ? "y" : value}\n`;

/** The text of the configuration. */
export const configText = (profile: KernelProfile, features: readonly Feature[]): string => {
  const words = (text: string): string[] => text.split(" ");
  const yes = Object.values(built).flatMap((names) => words(names).map((name) => line(name, true)));
  const optional = features.flatMap(({ config = "", isIn }) => words(config).map((name) => [name, isIn?.(profile) ?? true] as const));
  const others = [...optional.filter(([name]) => name !== ""), ...Object.entries({ ...ofProfile(profile), HZ: 250 })];
  return [
    `#\n# Automatically generated file; DO NOT EDIT.\n# Linux/x86_64 ${profile.release} Kernel Configuration\n#\n`,
    ...yes,
    ...others.map(([name, value]) => line(name, value)),
    ...words(absent).map((name) => line(name, false)),
  ].join("");
};
