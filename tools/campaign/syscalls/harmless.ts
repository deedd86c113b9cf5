// The calls that the host's kernel also executes. Their effects stay in the process and its folder. Their
// results do not depend on the host, the time or process ids.
import type { SyscallName } from "../../../src/abi/numbers.ts";

// biome-ignore format: table
const names = [
  "dup", "dup2", "dup3", "close", "pipe", "pipe2", "eventfd", "eventfd2", "epoll_create", "epoll_create1", "epoll_ctl", "mkdir", "mkdirat", "rmdir", "unlink", "unlinkat",
  "rename", "renameat", "symlink", "symlinkat", "readlink", "readlinkat", "chmod", "fchmodat", "access", "faccessat", "creat", "umask", "getcwd", "chdir", "fchdir",
  "rt_sigprocmask", "rt_sigaction", "rt_sigpending", "munmap", "fsync", "fdatasync", "getuid", "geteuid", "getgid", "getegid", "getresuid", "getresgid", "setresuid", "setresgid",
  "setuid", "setgid", "setreuid", "setregid", "setfsuid", "setfsgid", "getgroups", "sched_yield", "close_range", "shutdown", "listen", "accept", "accept4", "renameat2", "sigaltstack", "open", "openat", 
] as const satisfies readonly SyscallName[];

export const harmlessCalls: ReadonlySet<SyscallName> = new Set(names);

/**
 * Harmless calls that the host's kernel does not execute yet: a campaign found other results in the host's
 * kernel (6.18), or the results depend on the host.
 */
export const notAsked: readonly { readonly why: string; readonly names: readonly SyscallName[] }[] = [
  { why: "waits in real time, or writes back what is left of it", names: ["select", "poll", "epoll_wait"] },
  { why: "families and protocols are the host's configuration", names: ["socket", "socketpair"] },
  { why: "files end at 2^53 here, as on no host", names: ["truncate", "ftruncate", "fallocate"] },
  { why: "huge pages are the host's configuration", names: ["memfd_create"] },
  { why: "rules of 6.16 for anonymous inodes", names: ["fchmod"] },
  // biome-ignore format: table
  {
    why: "the order of checks differs where several things are wrong at once",
    names: [
      "sendmsg", "connect", "link", "linkat", "flock", "recvmsg", "sendto", "recvfrom", "bind", "read", "write", "readv", "writev", "preadv", "pwritev", "splice", "sendfile", 
      "fcntl", "msync", "mprotect", "pread64", "pwrite64", "lseek", "getsockname", "getpeername",  
    ],
  },
];
