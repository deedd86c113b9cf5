// /proc/sys/kernel/seccomp/actions_logged: what may be written, by whom, and what is read then. It is put back at the end.
#include "guest.h"
#define FILE_NAME "/proc/sys/kernel/seccomp/actions_logged"
static char before[128];
static long length(const char *s) { long n = 0; while (s[n]) n++; return n; }
static void show(void) {
  char line[128] = {0};
  long fd = sys3(__NR_open, FILE_NAME, 0, 0);
  long n = sys3(__NR_read, fd, line, 127);
  say("  now %d: %s", n, line);
  sys1(__NR_close, fd);
}
static long set(const char *names) {
  long fd = sys3(__NR_open, FILE_NAME, 1, 0);
  if (fd < 0) return fd;
  long n = sys3(__NR_write, fd, names, length(names));
  sys1(__NR_close, fd);
  return n;
}
static void attempt(const char *names) {
  say("%s: %d\n", names, set(names));
  show();
}
static int body(int argc, char **argv, char **envp) {
  (void)argc; (void)argv; (void)envp;
  long fd = sys3(__NR_open, FILE_NAME, 0, 0);
  sys3(__NR_read, fd, before, 127);
  sys1(__NR_close, fd);
  attempt("trap errno");
  attempt("log kill_process\n");
  attempt("errno  trap");
  attempt("errno trap errno");
  attempt(" trap");
  attempt("");
  attempt("\n");
  attempt("trap\nerrno");
  attempt("allow");
  attempt("trap allow");
  attempt("bogus");
  attempt("trap bogus");
  attempt("TRAP");
  attempt("trap\terrno");
  attempt("kill_process kill_thread trap errno user_notif trace log trap trap trap");
  attempt("kill_process kill_thread trap errno user_notif trace log");
  fd = sys3(__NR_open, FILE_NAME, 1, 0);
  say("first %d", sys3(__NR_write, fd, "trap", 4));
  say(", second %d\n", sys3(__NR_write, fd, "errno", 5));
  show();
  say("at 3: %d\n", sys5(__NR_pwrite64, fd, "errno", 5, 3, 0));
  show();
  if (sys0(__NR_fork) == 0) {
    long same = sys3(__NR_open, FILE_NAME, 1, 0);
    sys1(__NR_setuid, 65534);
    say("nobody opens: %d", sys3(__NR_open, FILE_NAME, 1, 0));
    say(", writes: %d\n", sys3(__NR_write, same, "trap", 4));
    finish(0);
  }
  sys4(__NR_wait4, -1, 0, 0, 0);
  show();
  say("mode %d, back %d\n", sys2(__NR_access, FILE_NAME, 6), set(before));
  show();
  return 0;
}
