// splice, tee and sendfile between descriptors of all kinds: each pair is refused or copies one byte.
#include "guest.h"
static const char *const names[] = {"file",    "directory", "path",    "zero",    "null",     "meminfo", "pipe read", "pipe write", "unix",
                                    "inet",    "epoll",     "eventfd", "signalfd", "timerfd", "inotify", "memfd",    "fsopen",   "appending"};
enum { COUNT = sizeof names / sizeof *names };
static int fds[COUNT];
static void make(int *f) {
  int p[2], s[2];
  uint64_t mask = 1;
  sys2(__NR_pipe2, p, 0);
  sys4(__NR_socketpair, 1, 1, 0, s);
  f[0] = (int)sys3(__NR_open, "/tmp/trapgate-splice", 2 | 0x40, 0600);
  sys3(__NR_write, f[0], "abcdef", 6);
  sys3(__NR_lseek, f[0], 0, 0);
  f[1] = (int)sys3(__NR_open, "/tmp", 0x10000, 0);
  f[2] = (int)sys3(__NR_open, "/tmp", 0x200000, 0);
  f[3] = (int)sys3(__NR_open, "/dev/zero", 2, 0);
  f[4] = (int)sys3(__NR_open, "/dev/null", 2, 0);
  f[5] = (int)sys3(__NR_open, "/proc/meminfo", 0, 0);
  f[6] = p[0], f[7] = p[1];
  f[8] = s[0];
  f[9] = (int)sys3(__NR_socket, 2, 1, 0);
  f[10] = (int)sys1(__NR_epoll_create1, 0);
  f[11] = (int)sys2(__NR_eventfd2, 0, 0);
  f[12] = (int)sys4(__NR_signalfd4, -1, &mask, 8, 0);
  f[13] = (int)sys2(__NR_timerfd_create, 0, 0);
  f[14] = (int)sys1(__NR_inotify_init1, 0);
  f[15] = (int)sys2(__NR_memfd_create, "m", 0);
  sys3(__NR_write, f[15], "abcdef", 6);
  sys3(__NR_lseek, f[15], 0, 0);
  f[16] = (int)sys2(430, "tmpfs", 0);
  f[17] = (int)sys3(__NR_open, "/tmp/trapgate-splice", 1 | 0x400, 0600);
  sys3(__NR_write, p[1], "pipe", 4);
  sys3(__NR_write, s[1], "socket", 6);
}
static void pairs(const char *what, int how) {
  int others[COUNT];
  make(others);
  for (int i = 0; i < COUNT; i++) {
    say("%s %s:", what, names[i]);
    for (int j = 0; j < COUNT; j++) {
      long r = how == 0   ? sys6(__NR_splice, fds[i], 0, others[j], 0, 1, 2)
               : how == 1 ? sys4(__NR_tee, fds[i], others[j], 1, 2)
                          : sys4(__NR_sendfile, others[j], fds[i], 0, 1);
      say(" %d", r);
    }
    say("\n");
  }
  for (int i = 0; i < COUNT; i++) sys1(__NR_close, others[i]);
}
// copy_file_range: ends of numbers and of files, and a file that may not change.
static long copied(long in, int64_t from, long out, int64_t to, long n) { return sys6(__NR_copy_file_range, in, (long)&from, out, (long)&to, n, 0); }
static void copies(void) {
  long a = sys3(__NR_open, "/tmp/trapgate-splice", 2 | 0x8000, 0), b = sys3(__NR_open, "/tmp/trapgate-copy", 2 | 0x40 | 0x8000, 0600);
  const int64_t last = 0x7fffffffffffffff;
  say("copy %d beyond %d most %d", copied(a, 0, b, 0, 6), copied(a, 100, b, 0, 6), copied(a, 0, b, 0, -1));
  say(" wraps %d %d at the end %d nothing there %d", copied(a, 1, b, last, -1), copied(a, last, b, 0, -1), copied(a, 0, b, last, 6), copied(a, 100, b, last, 6));
  say(" onto itself %d %d", copied(a, 0, a, 1, 6), copied(a, 0, a, 6, 3));
  int flags = 0x10;
  long request = sizeof(long) == 8 ? 0x40086602 : 0x40046602;
  say(" flags %d", sys3(__NR_ioctl, b, request, (long)&flags));
  say(" immutable %d", copied(a, 0, b, 0, 6));
  flags = 0;
  say(" flags %d\n", sys3(__NR_ioctl, b, request, (long)&flags));
  sys1(__NR_unlink, "/tmp/trapgate-copy");
}
static int body(int argc, char **argv, char **envp) {
  on(13, (void (*)(int, void *, void *))1, 0);
  make(fds);
  pairs("splice", 0);
  pairs("tee", 1);
  pairs("sendfile", 2);
  copies();
  sys1(__NR_unlink, "/tmp/trapgate-splice");
  return 0;
}
