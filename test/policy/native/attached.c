// Writes the filters of a process to standard output, the newest first: each a count and the instructions.
//   attached PID
// man ptrace(2), PTRACE_SECCOMP_GET_FILTER. It needs CAP_SYS_ADMIN, and no filter of its own.
#define _GNU_SOURCE
#include <linux/filter.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
  static struct sock_filter insns[4096];
  pid_t pid = argc == 2 ? atoi(argv[1]) : 0;
  if (pid <= 0 || ptrace(PTRACE_SEIZE, pid, 0, 0) || ptrace(PTRACE_INTERRUPT, pid, 0, 0) || waitpid(pid, 0, __WALL) < 0) return 2;
  for (long n = 0; n < 100; n++) {
    long count = ptrace(PTRACE_SECCOMP_GET_FILTER, pid, n, 0);
    if (count <= 0) break;
    if (ptrace(PTRACE_SECCOMP_GET_FILTER, pid, n, insns) != count) return 3;
    uint32_t header = count;
    if (write(1, &header, 4) != 4 || write(1, insns, count * 8) != count * 8) return 4;
  }
  ptrace(PTRACE_DETACH, pid, 0, 0);
  return 0;
}
