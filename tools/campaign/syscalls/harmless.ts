// The calls that the host's kernel is asked too: what they do stays in the process and its folder, and what they return does not depend on
// the host, the time or process ids.
import type { SyscallName } from "../../../src/abi/numbers.ts";

// biome-ignore format: table
const names = [
  "dup", "dup2", "dup3", "close", "fcntl", "lseek", "read", "write", "pread64", "pwrite64", "readv", "writev", "preadv", "pwritev", "ftruncate", "truncate", "pipe",
  "pipe2", "eventfd", "eventfd2", "memfd_create", "epoll_create", "epoll_create1", "epoll_ctl", "epoll_wait", "poll", "mkdir", "mkdirat", "rmdir", "unlink", "unlinkat",
  "rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat", "readlink", "readlinkat", "chmod", "fchmod", "fchmodat", "access", "faccessat", "open",
  "openat", "creat", "umask", "getcwd", "chdir", "fchdir", "rt_sigprocmask", "rt_sigaction", "rt_sigpending", "sigaltstack", "socketpair", "socket", "bind", "listen",
  "connect", "accept", "accept4", "shutdown", "sendto", "recvfrom", "sendmsg", "recvmsg", "getsockname", "getpeername", "mprotect", "munmap", "fsync",
  "fdatasync", "getuid", "geteuid", "getgid", "getegid", "getresuid", "getresgid", "setresuid", "setresgid", "setuid", "setgid", "setreuid", "setregid", "setfsuid",
  "setfsgid", "getgroups", "sched_yield", "flock", "sendfile", "splice", "tee", "close_range", "fallocate", "msync",
] as const satisfies readonly SyscallName[];

export const harmlessCalls: ReadonlySet<SyscallName> = new Set(names);
