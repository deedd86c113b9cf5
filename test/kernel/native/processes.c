// Children: how they end, stop and go on; what wait4 and waitid say; groups, sessions, orphans; exec.
#include "guest.h"
#define SIGHUP 1
#define SIGKILL 9
#define SIGUSR1 10
#define SIGTERM 15
#define SIGCHLD 17
#define SIGCONT 18
#define SIGSTOP 19
#define SIGTSTP 20
enum { WNOHANG = 1, WUNTRACED = 2, WEXITED = 4, WCONTINUED = 8, WNOWAIT = 0x1000000 };
enum { CLONE_VFORK = 0x4000 };
static int self;
static void sleep_ms(long ms) {
  long ts[2] = {ms / 1000, ms % 1000 * 1000000};
  sys2(__NR_nanosleep, ts, 0);
}
static long w4(int pid, int options) {
  int status = -1;
  long r = sys4(__NR_wait4, pid, &status, options, 0);
  say("  wait4: %s status %x\n", r == pid ? "it" : r > 0 ? "another" : r == 0 ? "none" : r == -10 ? "ECHILD" : r == -4 ? "EINTR" : "?", L(status));
  return r;
}
static void wid(int type, int pid, int options) {
  int si[32] = {0};
  long r = sys5(__NR_waitid, type, pid, si, options, 0);
  const int at = sizeof(long) == 8 ? 4 : 3;
  say("  waitid: %d signo %d errno %d code %d pid %s uid %d status %d\n", r, L(si[0]), L(si[1]), L(si[2]), si[at] == pid ? "it" : si[at] ? "another" : "0", L(si[at + 1]), L(si[at + 2]));
}
static void handler(int sig, void *si, void *uc) { (void)sig; (void)si; (void)uc; }
/* SIGCHLD is blocked and fetched, so that none is lost in another. */
static void told(void) {
  int si[32] = {0};
  const int at = sizeof(long) == 8 ? 4 : 3;
  uint64_t set = 1ull << (SIGCHLD - 1);
  long second[2] = {1, 0}, r = sys4(__NR_rt_sigtimedwait, &set, si, second, 8);
  say("  told: %d code %d status %d\n", r, L(si[2]), L(si[at + 2]));
}
static int fork_exit(int code) {
  int pid = (int)sys0(__NR_fork);
  if (!pid) finish(code);
  return pid;
}
static void forever(void) { for (;;) sys0(__NR_pause); }

static int body(int argc, char **argv, char **envp) {
  int pid, p[2];
  char ch;
  self = (int)sys0(__NR_getpid);
  if (argc == 4) {
    struct action a;
    say("executed: %s %s %s, env %s\n", argv[1], argv[2], argv[3], envp[0] ? envp[0] : "none");
    sys4(__NR_rt_sigaction, SIGUSR1, 0, &a, 8);
    say("USR1 %x ", L(a.handler));
    sys4(__NR_rt_sigaction, SIGTERM, 0, &a, 8);
    say("TERM %x ", L(a.handler));
    uint64_t set;
    sys4(__NR_rt_sigprocmask, 0, 0, &set, 8);
    say("blocked %x fd 5: %d fd 6: %d\n", L((unsigned long)set), sys3(__NR_fcntl, 5, 1, 0), sys3(__NR_fcntl, 6, 1, 0));
    return 9;
  }

  say("ends\n");
  w4(fork_exit(0), 0);
  w4(fork_exit(3), 0);
  w4(fork_exit(0x1ff), 0);
  for (int sig = SIGHUP; sig <= SIGTERM; sig += 7) {
    if (!(pid = (int)sys0(__NR_fork))) forever();
    sys2(__NR_kill, pid, sig);
    w4(pid, 0);
  }
  if (!(pid = (int)sys0(__NR_fork))) { sys2(__NR_kill, sys0(__NR_getpid), SIGKILL); forever(); }
  w4(pid, 0);
  if (!(pid = (int)sys0(__NR_fork))) *(volatile int *)0 = 1;
  sys4(__NR_wait4, pid, &p[0], 0, 0);
  say("  segmentation fault: %x\n", L(p[0] & 0x7f));
  w4(-1, 0);
  say("  bad options: %d, nobody's child: %d\n", sys4(__NR_wait4, -1, 0, 0x100, 0), sys4(__NR_wait4, 1, 0, 0, 0));

  say("waitid\n");
  pid = fork_exit(7);
  wid(1, pid, WEXITED | WNOWAIT);
  wid(1, pid, WEXITED);
  wid(1, pid, WEXITED);
  if (!(pid = (int)sys0(__NR_fork))) forever();
  wid(1, pid, WEXITED | WNOHANG);
  sys2(__NR_kill, pid, SIGKILL);
  wid(0, pid, WEXITED);
  say("  errors: %d %d %d\n", sys5(__NR_waitid, 0, 0, 0, 0, 0), sys5(__NR_waitid, 1, 0, 0, WEXITED, 0), sys5(__NR_waitid, 9, 1, 0, WEXITED, 0));

  say("stop and continue\n");
  uint64_t set = 1ull << (SIGCHLD - 1);
  on(SIGCHLD, handler, SA_SIGINFO);
  sys4(__NR_rt_sigprocmask, 0, &set, 0, 8);
  if (!(pid = (int)sys0(__NR_fork))) forever();
  sys2(__NR_kill, pid, SIGSTOP);
  told();
  w4(pid, WUNTRACED);
  w4(pid, WUNTRACED | WNOHANG);
  sys2(__NR_kill, pid, SIGCONT);
  told();
  w4(pid, WCONTINUED);
  sys2(__NR_kill, pid, SIGSTOP);
  told();
  wid(1, pid, WUNTRACED | WNOWAIT);
  wid(1, pid, WUNTRACED);
  sys2(__NR_kill, pid, SIGCONT);
  told();
  wid(1, pid, WCONTINUED);
  sys2(__NR_kill, pid, SIGTERM);
  w4(pid, 0);
  told();
  on(SIGCHLD, handler, SA_SIGINFO | SA_NOCLDSTOP);
  if (!(pid = (int)sys0(__NR_fork))) forever();
  sys2(__NR_kill, pid, SIGSTOP);
  w4(pid, WUNTRACED);
  sys2(__NR_kill, pid, SIGKILL);
  w4(pid, 0);
  told();
  on(SIGCHLD, handler, SA_SIGINFO | SA_NOCLDWAIT);
  fork_exit(1);
  told();
  w4(-1, 0);

  say("stopped during a call\n");
  if (!(pid = (int)sys0(__NR_fork))) {
    long ts[2] = {0, 80000000};
    finish(sys2(__NR_nanosleep, ts, 0) == 0 ? 21 : 22);
  }
  sleep_ms(10);
  sys2(__NR_kill, pid, SIGSTOP);
  w4(pid, WUNTRACED);
  sleep_ms(120);
  sys2(__NR_kill, pid, SIGCONT);
  w4(pid, 0);
  sys1(__NR_pipe, p);
  if (!(pid = (int)sys0(__NR_fork))) finish(sys3(__NR_read, p[0], &ch, 1) == 1 ? 23 : 24);
  sleep_ms(10);
  sys2(__NR_kill, pid, SIGSTOP);
  w4(pid, WUNTRACED);
  sys3(__NR_write, p[1], "x", 1);
  sys2(__NR_kill, pid, SIGCONT);
  w4(pid, 0);

  say("SIGCHLD ignored\n");
  struct action ign = {(void *)1, 0, 0, 0};
  sys4(__NR_rt_sigaction, SIGCHLD, &ign, 0, 8);
  fork_exit(1);
  w4(-1, 0);
  ign.handler = 0;
  sys4(__NR_rt_sigaction, SIGCHLD, &ign, 0, 8);

  say("groups\n");
  sys1(__NR_pipe, p);
  if (!(pid = (int)sys0(__NR_fork))) {
    say("  setsid %d", L(sys0(__NR_setsid) == sys0(__NR_getpid)));
    say(" again %d, sid %d pgid %d\n", sys0(__NR_setsid), L(sys1(__NR_getsid, 0) == sys0(__NR_getpid)), L(sys1(__NR_getpgid, 0) == sys0(__NR_getpid)));
    say("  setpgid of a leader %d, to nowhere %d, negative %d\n", sys2(__NR_setpgid, 0, 0), sys2(__NR_setpgid, 0, 999999), sys2(__NR_setpgid, 0, -1));
    finish(0);
  }
  w4(pid, 0);
  if (!(pid = (int)sys0(__NR_fork))) { sys2(__NR_setpgid, 0, 0); sys3(__NR_write, p[1], "r", 1); forever(); }
  sys3(__NR_read, p[0], &ch, 1);
  say("  wait for the group: %d\n", sys4(__NR_wait4, 0, 0, WNOHANG, 0));
  say("  kill the group: %d\n", sys2(__NR_kill, -pid, SIGTERM));
  say("  wait for that group: %d\n", L(sys4(__NR_wait4, -pid, 0, 0, 0) == pid));

  say("orphans\n");
  if (!(pid = (int)sys0(__NR_fork))) {
    if (!sys0(__NR_fork)) {
      int parent = (int)sys0(__NR_getppid);
      sleep_ms(60);
      say("  parent changed: %d\n", L(sys0(__NR_getppid) != parent));
      sys3(__NR_write, p[1], "o", 1);
      finish(0);
    }
    sleep_ms(20);
    finish(0);
  }
  w4(pid, 0);
  sys3(__NR_read, p[0], &ch, 1);
  say("subreaper\n");
  say("  prctl: %d\n", sys2(__NR_prctl, 36, 1));
  if (!(pid = (int)sys0(__NR_fork))) {
    if (!sys0(__NR_fork)) { sleep_ms(40); finish(sys0(__NR_getppid) == self ? 11 : 12); }
    finish(0);
  }
  w4(pid, 0);
  int status = 0;
  sys4(__NR_wait4, -1, &status, 0, 0);
  say("  adopted child ended with %x\n", L(status));

  say("parent-death signal\n");
  if (!(pid = (int)sys0(__NR_fork))) {
    if (!sys0(__NR_fork)) { sys2(__NR_prctl, 1, SIGTERM); sys3(__NR_write, p[1], "d", 1); forever(); }
    sys3(__NR_read, p[0], &ch, 1);
    finish(0);
  }
  w4(pid, 0);
  sys4(__NR_wait4, -1, &status, 0, 0);
  say("  grandchild: %x\n", L(status));

  say("vfork\n");
  pid = (int)sys5(__NR_clone, CLONE_VFORK | SIGCHLD, 0, 0, 0, 0);
  if (!pid) { sleep_ms(20); say("  child first\n"); finish(0); }
  say("  parent second\n");
  w4(pid, 0);

  say("exit signals that are none\n");
  on(SIGUSR1, handler, SA_SIGINFO);
  for (int sig = 65; sig < 256; sig += 95) {
    pid = (int)sys5(__NR_clone, sig, 0, 0, 0, 0);
    if (!pid) finish(7);
    long r = sys4(__NR_wait4, pid, &status, 0x40000000, 0);
    say("  %d: %s %x\n", L(sig), r == pid ? "it" : "?", L(status));
  }

  say("exec\n");
  on(SIGUSR1, handler, SA_SIGINFO);
  ign.handler = (void *)1;
  sys4(__NR_rt_sigaction, SIGTERM, &ign, 0, 8);
  sys2(__NR_dup2, 1, 5);
  sys2(__NR_dup2, 1, 6);
  sys3(__NR_fcntl, 6, 2, 1);
  set = 1 << (SIGTERM - 1);
  sys4(__NR_rt_sigprocmask, 0, &set, 0, 8);
  if (!(pid = (int)sys0(__NR_fork))) {
    char *args[] = {argv[0], "one", "two", "three", 0}, *env[] = {"A=b", 0};
    say("  missing: %d, directory: %d, not executable: %d, bad argv: %d\n", sys3(__NR_execve, "/nonexistent", args, env), sys3(__NR_execve, "/", args, env),
        sys3(__NR_execve, "/dev/null", args, env), sys3(__NR_execve, argv[0], 1, env));
    sys3(__NR_execve, argv[0], args, env);
    finish(1);
  }
  w4(pid, 0);
  (void)envp;
  return 0;
}
