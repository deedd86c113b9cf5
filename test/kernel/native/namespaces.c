// User and pid namespaces: who may make them, what ids and capabilities are inside, how a pid namespace begins and ends.
#include "guest.h"
enum { SIGKILL = 9, SIGUSR1 = 10, SIGTERM = 15, SIGCHLD = 17, NEWUSER = 0x10000000, NEWPID = 0x20000000, THREAD = 0x10000, SIGHAND = 0x800, VM = 0x100 };
#ifdef __x86_64__
#define GETUID __NR_getuid
#define SETUID __NR_setuid
#define GETGID __NR_getgid
#define SETGROUPS __NR_setgroups
#define SETRESUID __NR_setresuid
#else
#define GETUID __NR_getuid32
#define SETUID __NR_setuid32
#define GETGID __NR_getgid32
#define SETGROUPS __NR_setgroups32
#define SETRESUID __NR_setresuid32
#endif
static long fork_(long flags) { return sys2(__NR_clone, flags | SIGCHLD, 0); }
static void show(const char *path) {
  static char b[256];
  memset(b, 0, sizeof b);
  long fd = sys3(__NR_open, path, 0, 0);
  sys3(__NR_read, fd, b, sizeof b - 1);
  sys1(__NR_close, fd);
  say("  %s", b);
}
static void alone(const char *what, void (*f)(void)) {
  say("%s\n", what);
  long pid = sys0(__NR_fork);
  if (!pid) { f(); finish(0); }
  say(" %x\n", L(end(pid)));
}
static uint32_t caps(void) {
  uint32_t head[2] = {0x20080522, 0}, data[6];
  sys2(__NR_capget, head, data);
  return data[0];
}
/* Dumpable, so that its files in /proc stay its own. */
static void unprivileged(void) {
  sys3(SETRESUID, 1000, 1000, 1000);
  sys5(__NR_prctl, 4, 1, 0, 0, 0);
}

static void users(void) {
  unprivileged();
  say(" caps %x pid %d", L(caps()), sys1(__NR_unshare, NEWPID));
  say(" user %d caps %x", sys1(__NR_unshare, NEWUSER), L(caps()));
  say(" uid %d gid %d pid %d\n", sys0(GETUID), sys0(GETGID), sys1(__NR_unshare, NEWPID));
  show("/proc/self/uid_map");
  show("/proc/self/setgroups");
  say(" setuid %d", sys1(SETUID, 0));
  say(" not mine %d, two %d, junk %d, none %d", put_file("/proc/self/uid_map", "0 1001 1"), put_file("/proc/self/uid_map", "0 1000 2"), put_file("/proc/self/uid_map", "x"), put_file("/proc/self/uid_map", "0 1000 0"));
  say(" map %d, again %d\n", put_file("/proc/self/uid_map", "0 1000 1\n"), put_file("/proc/self/uid_map", "0 1000 1\n"));
  show("/proc/self/uid_map");
  say(" uid %d; groups %d", sys0(GETUID), put_file("/proc/self/gid_map", "0 0 1"));
  say(" deny %d", put_file("/proc/self/setgroups", "deny"));
  say(" groups %d", put_file("/proc/self/gid_map", "5 0 1"));
  say(" allow %d gid %d\n", put_file("/proc/self/setgroups", "allow"), sys0(GETGID));
  say(" setuid: unmapped %d, own %d; setgroups %d\n", sys1(SETUID, 7), sys1(SETUID, 0), sys2(SETGROUPS, 0, 0));
  uint32_t st[40];
#ifdef __x86_64__
  sys2(__NR_stat, "/", st);
  say(" owner of /: %d\n", L(st[7]));
#else
  sys2(__NR_stat64, "/", st);
  say(" owner of /: %d\n", L(st[6]));
#endif
  say(" chroot %d, sethostname %d, time %d\n", sys1(__NR_chroot, "/"), sys2(__NR_sethostname, "x", 1), sys2(__NR_settimeofday, 0, st + 38) == -1 ? -1L : 0L);
  say(" another %d caps %x uid %d\n", sys1(__NR_unshare, NEWUSER), L(caps()), sys0(GETUID));
}
static void flags_(void) {
  say(" shared memory %d, nothing %d\n", sys2(__NR_clone, NEWUSER | 0x200 | SIGCHLD, 0), sys1(__NR_unshare, 0));
  say(" thread %d\n", sys2(__NR_clone, NEWPID | THREAD | SIGHAND | VM, 0));
}
static void quiet(int sig, void *si, void *uc) { (void)sig; (void)uc; say("  signal from %d\n", L((int)word(si, sizeof(long) == 8 ? 16 : 12))); }
static void pids(void) {
  long c = fork_(NEWPID);
  if (!c) {
    say(" inside: %d %d parent %d group %d\n", sys0(__NR_getpid), sys0(__NR_gettid), sys0(__NR_getppid), sys0(__NR_getpgrp));
    say(" outside is nobody: %d\n", sys2(__NR_kill, 12345, 0));
    long d = sys0(__NR_fork);
    if (!d) {
      long e = sys0(__NR_fork);
      if (!e) {
        long t[2] = {0, 30000000};
        sys2(__NR_nanosleep, t, 0);
        say(" orphan %d adopted by %d\n", sys0(__NR_getpid), sys0(__NR_getppid));
        say(" init is safe: %d", sys2(__NR_kill, 1, SIGKILL));
        say(" %d\n", sys2(__NR_kill, 1, SIGTERM));
        finish(9);
      }
      finish(8);
    }
    say(" child %d", d);
    say(" status %x", L(end(d)));
    int status = 0;
    long o = sys4(__NR_wait4, -1, &status, 0, 0);
    say(" orphan %d status %x\n", o, L(status));
    on(SIGUSR1, quiet, SA_SIGINFO);
    sys2(__NR_kill, 1, SIGUSR1);
    sys0(__NR_pause);
    finish(7);
  }
  long t[2] = {0, 200000000};
  sys2(__NR_nanosleep, t, 0);
  sys2(__NR_kill, c, SIGUSR1);
  say(" end %x\n", L(end(c)));
}
static void ends(void) {
  int pipe[2];
  char b;
  sys1(__NR_pipe, pipe);
  long c = fork_(NEWPID);
  if (!c) {
    if (!sys0(__NR_fork)) for (;;) sys0(__NR_pause);
    sys0(__NR_pause);
  }
  sys1(__NR_close, pipe[1]);
  long t[2] = {0, 50000000};
  sys2(__NR_nanosleep, t, 0);
  sys2(__NR_kill, c, SIGTERM);
  sys2(__NR_nanosleep, t, 0);
  sys2(__NR_kill, c, SIGKILL);
  say(" end %x", L(end(c)));
  say(" all are gone: %d\n", sys3(__NR_read, pipe[0], &b, 1));
}
static void nothing(int n, void *info, void *context) { (void)info, (void)context, say(" handler %d", L(n)); }
static void mask(int how, int sig) {
  uint64_t set = 1ull << (sig - 1);
  sys4(__NR_rt_sigprocmask, how, &set, 0, 8);
}
/* Signals that come to the init of a namespace while it blocks them. */
static void pending(int kind) {
  int pipe[2];
  char b;
  sys1(__NR_pipe, pipe);
  mask(0, SIGUSR1);
  long c = fork_(NEWPID);
  if (!c) {
    sys1(__NR_close, pipe[1]);
    sys3(__NR_read, pipe[0], &b, 1);
    if (kind == 1) on(SIGUSR1, nothing, 0);
    mask(1, SIGUSR1);
    say(" alive");
    if (kind == 2) *(volatile int *)8 = 1;
    finish(3);
  }
  sys1(__NR_close, pipe[0]);
  sys2(__NR_kill, c, SIGUSR1);
  sys1(__NR_close, pipe[1]);
  say(" end %x\n", L(end(c)));
}
static void blocked(void) { pending(0), pending(1), pending(2); }
/* A namespace in a namespace, until it is refused. */
static void nested(void) {
  long depth = 0, made;
  unprivileged();
  char line[] = "0 1000 1";
  while ((made = sys1(__NR_unshare, NEWUSER)) == 0) {
    depth++;
    put_file("/proc/self/setgroups", "deny"), put_file("/proc/self/uid_map", line), put_file("/proc/self/gid_map", "0 0 1");
    // In the first namespace its user has the number 0.
    line[2] = '0', line[3] = ' ', line[4] = '1', line[5] = 0;
  }
  say(" %d, then %d\n", depth, made);
}
/* A mount of message queues outlives its namespace, and takes no more queues. */
static void queues(void) {
  sys1(__NR_unshare, 0x20000);
  sys5(__NR_mount, 0, "/", 0, 0x44000, 0);
  say(" %d", sys2(__NR_mkdir, "queues", 0700));
  long c = sys0(__NR_fork);
  if (!c) {
    sys1(__NR_unshare, 0x8000000);
    say(" mount %d", sys5(__NR_mount, "none", "queues", "mqueue", 0, 0));
    say(" create %d", L(sys3(__NR_open, "queues/a", 0102, 0600) >= 0));
    finish(0);
  }
  say(" end %x", L(end(c)));
  say(" create %d, remove %d\n", sys3(__NR_open, "queues/b", 0102, 0600), sys1(__NR_unlink, "queues/a"));
  sys2(__NR_umount2, "queues", 2), sys1(__NR_rmdir, "queues");
}
static void unshared(void) {
  say(" unshare %d, still %d\n", sys1(__NR_unshare, NEWPID), L(sys0(__NR_getpid) > 1));
  long c = sys0(__NR_fork);
  if (!c) {
    say(" first child is %d\n", sys0(__NR_getpid));
    finish(0);
  }
  // Said when the child has had its say.
  long again = sys1(__NR_unshare, NEWPID), ended = L(end(c));
  say(" again %d", again);
  say(" end %x", ended);
  say(" after its init: %d\n", sys0(__NR_fork));
}

static int body(int argc, char **arguments, char **environment) {
  (void)argc, (void)arguments, (void)environment;
  alone("user namespaces", users);
  alone("flags", flags_);
  alone("pid namespaces", pids);
  alone("the end of a pid namespace", ends);
  alone("unshare", unshared);
  alone("blocked signals of an init", blocked);
  alone("nested user namespaces", nested);
  alone("message queues", queues);
  return 4;
}
