// The policy for tools that a coding agent starts: files, pipes, child processes and sockets of the own host;
// no network, no new namespaces, no debugging, no kernel interfaces.
import { AF, arg, CLONE, errno, killProcess, policy } from "trapgate/policy";

export const sandbox = policy({ default: errno("EPERM"), arch: ["x64", "i386"], otherArch: killProcess })
  // Programs and their memory.
  .allow("execve", "exit", "exit_group", "wait4", "waitid", "brk", "mmap", "munmap", "mremap", "madvise", "rseq", "arch_prctl")
  .allow("mprotect", "set_tid_address", "set_robust_list", "futex", "getrandom", "prlimit64", "rt_sigaction", "rt_sigprocmask")
  .allow("rt_sigreturn", "sigreturn", "getpid", "getppid", "gettid", "getuid", "geteuid", "getgid", "getegid", "sched_yield")
  // Children, in the namespaces of the parent. clone3 has its flags in memory, where no filter sees them:
  // libc falls back to clone.
  .allow("fork", "vfork")
  .allow("clone", arg(0).hasNone(CLONE.NAMESPACES))
  .on(errno("ENOSYS"), "clone3")
  // Files.
  .allow("openat", "open", "close", "read", "write", "readv", "writev", "pread64", "pwrite64", "lseek", "_llseek", "fstat", "stat")
  .allow("lstat", "newfstatat", "fstatat64", "statx", "access", "faccessat", "faccessat2", "getcwd", "chdir", "readlink", "readlinkat")
  .allow("getdents64", "mkdir", "mkdirat", "unlink", "unlinkat", "rename", "renameat2", "pipe", "pipe2", "dup", "dup2", "dup3", "fcntl")
  // Terminals, but no input for them: TIOCSTI would type into the shell that started the agent.
  .on(errno("EPERM"), "ioctl", arg(1).low.eq(0x5412))
  .allow("ioctl")
  // Sockets of this host. i386 programs call socketcall too, whose arguments are in memory: it stays denied.
  .allow("socket", arg(0).eq(AF.UNIX))
  .allow("connect", "sendmsg", "recvmsg", "shutdown", "poll", "ppoll")
  // Time.
  .allow("clock_gettime", "clock_nanosleep", "nanosleep", "gettimeofday");
