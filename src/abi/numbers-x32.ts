// The system calls that have numbers of their own in x32: their structures hold pointers or longs. The
// numbers are 512 to 547, with bit 30 set. Source: Linux arch/x86/entry/syscalls/syscall_64.tbl, rows of ABI
// "x32". All other x32 numbers are the 64-bit ones.
import type { SyscallName } from "./numbers.ts";

/** The first number of the x32 table, without bit 30. */
export const X32_FIRST = 512;

// biome-ignore format: table
const names = [
  "rt_sigaction", "rt_sigreturn", "ioctl", "readv", "writev", "recvfrom", "sendmsg", "recvmsg", "execve", "ptrace", "rt_sigpending",
  "rt_sigtimedwait", "rt_sigqueueinfo", "sigaltstack", "timer_create", "mq_notify", "kexec_load", "waitid", "set_robust_list",
  "get_robust_list", "vmsplice", "move_pages", "preadv", "pwritev", "rt_tgsigqueueinfo", "recvmmsg", "sendmmsg", "process_vm_readv",
  "process_vm_writev", "setsockopt", "getsockopt", "io_setup", "io_submit", "execveat", "preadv2", "pwritev2",
] as const satisfies readonly SyscallName[];

/** The call's own x32 number without bit 30, or null if x32 uses the 64-bit number. */
export const x32Number = (name: SyscallName): number | null => {
  const i = (names as readonly SyscallName[]).indexOf(name);
  return i < 0 ? null : X32_FIRST + i;
};
