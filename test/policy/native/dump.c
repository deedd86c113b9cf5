// Runs a program and writes the filters that it or its children install, each a count and the instructions, to the file named first.
// After so many of them everything is killed: under some filters programs go round in circles.
//   dump FILE COUNT PROG [ARG]...
// man ptrace(2), seccomp(2). x86-64 calls only.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static int out, wanted;

static long read_memory(pid_t pid, void *to, unsigned long from, size_t size) {
  struct iovec local = {to, size}, remote = {(void *)from, size};
  return process_vm_readv(pid, &local, 1, &remote, 1, 0);
}

static void write_filter(pid_t pid, unsigned long address) {
  struct sock_fprog program;
  static struct sock_filter insns[4096];
  if (read_memory(pid, &program, address, sizeof program) != sizeof program || program.len > 4096) return;
  if (read_memory(pid, insns, (unsigned long)program.filter, program.len * 8) != program.len * 8) return;
  uint32_t count = program.len;
  if (write(out, &count, 4) != 4 || write(out, insns, count * 8) != (ssize_t)count * 8) exit(2);
  if (--wanted == 0) exit(0);
}

static void at_syscall(pid_t pid) {
  struct user_regs_struct regs;
  if (ptrace(PTRACE_GETREGS, pid, 0, &regs) || (long)regs.rax != -ENOSYS) return;
  if (regs.orig_rax == SYS_seccomp && regs.rdi == SECCOMP_SET_MODE_FILTER) write_filter(pid, regs.rdx);
  if (regs.orig_rax == SYS_prctl && regs.rdi == PR_SET_SECCOMP && regs.rsi == SECCOMP_MODE_FILTER) write_filter(pid, regs.rdx);
}

int main(int argc, char **argv) {
  if (argc < 4 || (wanted = atoi(argv[2])) < 1 || (out = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)) < 0) return 2;
  pid_t child = fork();
  if (child == 0) {
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    execvp(argv[3], argv + 3);
    _exit(127);
  }
  int status, result = 0;
  waitpid(child, &status, 0);
  ptrace(PTRACE_SETOPTIONS, child, 0,
         PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL);
  ptrace(PTRACE_SYSCALL, child, 0, 0);
  for (pid_t pid; (pid = waitpid(-1, &status, __WALL)) > 0;) {
    int sig = 0;
    if (!WIFSTOPPED(status)) {
      if (pid == child) result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      continue;
    }
    if (WSTOPSIG(status) == (SIGTRAP | 0x80)) at_syscall(pid);
    else if (status >> 16 == 0 && WSTOPSIG(status) != SIGSTOP && WSTOPSIG(status) != SIGTRAP) sig = WSTOPSIG(status);
    ptrace(PTRACE_SYSCALL, pid, 0, sig);
  }
  return result;
}
