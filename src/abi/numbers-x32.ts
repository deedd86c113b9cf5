// The system calls that x32 has numbers of its own for, because their structures hold pointers or longs: with bit 30 set, 512 to 547.
// Linux arch/x86/entry/syscalls/syscall_64.tbl, rows of ABI "x32". All other numbers are the 64-bit ones.
import type { SyscallName } from "./numbers.ts";

export const X32_FIRST = 512;

// biome-ignore format: table
const names = [
  "rt_sigaction", "rt_sigreturn", "ioctl", "readv", "writev", "recvfrom", "sendmsg", "recvmsg", "execve", "ptrace", "rt_sigpending",
  "rt_sigtimedwait", "rt_sigqueueinfo", "sigaltstack", "timer_create", "mq_notify", "kexec_load", "waitid", "set_robust_list",
  "get_robust_list", "vmsplice", "move_pages", "preadv", "pwritev", "rt_tgsigqueueinfo", "recvmmsg", "sendmmsg", "process_vm_readv",
  "process_vm_writev", "setsockopt", "getsockopt", "io_setup", "io_submit", "execveat", "preadv2", "pwritev2",
] as const satisfies readonly SyscallName[];

/** The number without bit 30, or null. */
export const x32Number = (name: SyscallName): number | null => {
  const i = (names as readonly SyscallName[]).indexOf(name);
  return i < 0 ? null : X32_FIRST + i;
};
