// A tracer reads and writes the extended state of its child: the sizes, or ENODEV on a processor without XSAVE.
#include "native/guest.h"
static uint8_t area[4096];
static int body(int argc, char **arguments, char **environment) {
  (void)argc, (void)arguments, (void)environment;
  long pid = sys0(__NR_fork);
  if (!pid) {
    sys4(__NR_ptrace, 0, 0, 0, 0);
    sys2(__NR_kill, sys0(__NR_getpid), 19);
    finish(0);
  }
  int status;
  sys4(__NR_wait4, pid, &status, 0, 0);
  struct { void *base; size_t len; } iov = {area, sizeof area};
  long got = sys4(__NR_ptrace, 0x4204, pid, 0x202, &iov);
  say("get %d, %d bytes", got, L(iov.len));
  say(", odd length %d", (iov.len = 3, sys4(__NR_ptrace, 0x4204, pid, 0x202, &iov)));
  iov.len = 576;
  say(", set %d\n", sys4(__NR_ptrace, 0x4205, pid, 0x202, &iov));
  sys2(__NR_kill, pid, 9);
  return 0;
}
