// Delivery: frames, masks, queues, alternate stacks, restarts, what sigreturn accepts.
#include "guest.h"
#define SIGUSR1 10
#define SIGUSR2 12
#define SIGALRM 14
#define SIGCHLD 17
#define SIGCONT 18
#define RT 34

#ifdef __x86_64__
enum { IP = 40 + 128, FLAGS = 40 + 136, CS = 40 + 144, SP = 40 + 120, AX = 40 + 104, MASK = 296, STACK = 16, STACK_FLAGS = 24, STACK_SIZE = 32, SI = 16 };
#else
enum { IP = 20 + 56, FLAGS = 20 + 64, CS = 20 + 60, SP = 20 + 28, AX = 20 + 44, MASK = 108, STACK = 8, STACK_FLAGS = 12, STACK_SIZE = 16, SI = 12 };
#endif
static int self, count;
static void info(int sig, void *si, void *uc) {
  count++;
  say("  handler %d: errno %d code %d pid %s uid %d value %d mask %x flags %x aligned %d\n", L(sig), L((int)word(si, 4)), L((int)word(si, 8)),
      (int)word(si, SI) == self ? "self" : "other", L((int)word(si, SI + 4)), L((int)word(si, SI + 8)), L(word(uc, MASK)), L(word(uc, FLAGS) & 0x400),
      L((unsigned long)uc & 7));
}
static void mask_of(const char *what) {
  uint64_t set = 0;
  sys4(__NR_rt_sigprocmask, 0, 0, &set, 8);
  say("  %s: blocked %x\n", what, L((unsigned long)set));
}
static void nested(int sig, void *si, void *uc) {
  (void)si; (void)uc;
  say("  enter %d\n", L(sig));
  mask_of("inside");
  if (count++ == 0) sys2(__NR_kill, self, SIGUSR2);
  say("  leave %d\n", L(sig));
}
static char stack[16384] __attribute__((aligned(16)));
static void onstack(int sig, void *si, void *uc) {
  char here;
  (void)si; (void)sig;
  struct { unsigned long sp; int flags; unsigned long size; } now = {0};
  say("  on the alternate stack: %d, sp in frame is ours: %d flags %d\n", L(&here > stack && &here < stack + sizeof stack),
      L(longAt(uc, STACK) == (unsigned long)stack), L(word(uc, STACK_FLAGS)));
  say("  sigaltstack inside: %d, flags %d\n", sys2(__NR_sigaltstack, 0, &now), L(now.flags));
  say("  change inside: %d\n", sys2(__NR_sigaltstack, &now, 0));
}
static void edit(int sig, void *si, void *uc) {
  (void)sig; (void)si;
  *(unsigned long *)((char *)uc + AX) = 77;
}
static void quiet(int sig, void *si, void *uc) { (void)si; (void)uc; say("  quiet %d\n", L(sig)); }

static long sleep_ms(long ms, long *left) {
  long ts[2] = {ms / 1000, ms % 1000 * 1000000};
  return sys2(__NR_nanosleep, ts, left);
}
/* A child that signals us after a while, and after another while writes. */
static int nudge_and_write(int sig, int ms, int fd) {
  int pid = (int)sys0(__NR_fork);
  if (pid) return pid;
  sleep_ms(ms, 0);
  sys2(__NR_kill, self, sig);
  sleep_ms(ms, 0);
  if (fd >= 0) sys3(__NR_write, fd, "x", 1);
  finish(0);
  return 0;
}
static int nudge(int sig, int ms) { return nudge_and_write(sig, ms, -1); }

static int body(int argc, char **argv, char **envp) {
  (void)argc; (void)argv; (void)envp;
  self = (int)sys0(__NR_getpid);
  uint64_t set, old;

  unsigned long far[2 + 2 + 8 / sizeof(long)] = {~0ul / 17 * 15 + 1, SA_RESTART, ~0ul - 2}, read[8] = {0};
  sys4(__NR_rt_sigaction, SIGUSR1, far, 0, 8);
  sys4(__NR_rt_sigaction, SIGUSR1, 0, read, 8);
  say("far handler %x flags %x restorer %x\n", read[0], read[1], read[2]);
  say("queues\n");
  on(SIGUSR1, info, SA_SIGINFO); on(RT, info, SA_SIGINFO); on(RT + 1, info, SA_SIGINFO);
  set = 1ull << (SIGUSR1 - 1) | 3ull << (RT - 1);
  say(" block: %d\n", sys4(__NR_rt_sigprocmask, 0, &set, &old, 8));
  char q[128];
  for (int i = 0; i < 128; i++) q[i] = 0;
  for (int i = 0; i < 2; i++) {
    sys2(__NR_kill, self, SIGUSR1);
    *(int *)(q + 8) = -1; *(int *)(q + SI) = self; *(int *)(q + SI + 8) = 100 + i;
    say(" queue: %d\n", sys3(__NR_rt_sigqueueinfo, self, RT + 1, q));
    say(" queue: %d\n", sys3(__NR_rt_sigqueueinfo, self, RT, q));
  }
  *(int *)(q + 8) = 0;
  say(" pretend to be kill, to oneself: %d\n", sys3(__NR_rt_sigqueueinfo, self, 0, q));
  say(" pretend to be kill, to another: %d\n", sys3(__NR_rt_sigqueueinfo, sys0(__NR_getppid), 0, q));
  set = 0;
  sys2(__NR_rt_sigpending, &set, 8);
  say(" pending %x %x\n", L((unsigned long)(set & 0xffffffff)), L((unsigned long)(set >> 32)));
  sys4(__NR_rt_sigprocmask, 2, &old, 0, 8);
  say(" handled %d\n", L(count));

  say("nesting\n");
  count = 0;
  on(SIGUSR1, nested, SA_SIGINFO); on(SIGUSR2, nested, SA_SIGINFO);
  sys2(__NR_kill, self, SIGUSR1);
  mask_of("after");
  count = 1;
  on(SIGUSR1, nested, SA_NODEFER | SA_RESETHAND);
  sys2(__NR_kill, self, SIGUSR1);
  struct action a;
  long asked = sys4(__NR_rt_sigaction, SIGUSR1, 0, &a, 8);
  say(" reset: %d, handler %x flags %x\n", asked, L(a.handler), L(a.flags));

  say("errors\n");
  say(" sigaction of 0: %d, of 9: %d, of 65: %d, size 4: %d, bad pointer: %d\n", on(0, quiet, 0), on(9, quiet, 0), on(65, quiet, 0),
      sys4(__NR_rt_sigaction, 1, 0, 0, 4), sys4(__NR_rt_sigaction, 1, 1, 0, 8));
  // The old action goes on in a missing page.
  static unsigned char pages[3 * 4096];
  unsigned char *end = (unsigned char *)(((unsigned long)pages + 2 * 4096) & ~4095UL);
  sys2(__NR_munmap, end, 4096);
  on(SIGUSR2, (void *)0x11223344, 0);
  for (int n = 1; n < (int)sizeof(struct action); n += 3) {
    for (int i = 1; i <= 32; i++) end[-i] = 0xaa;
    say(" old action in %d bytes: %d,", L(n), sys4(__NR_rt_sigaction, SIGUSR2, 0, end - n, 8));
    // Not the address of the restorer.
    for (int i = n; i > 0; i--) if (n - i < 2 * (int)sizeof(long)) say(" %x", L(end[-i]));
    say("\n");
  }
  on(SIGUSR2, quiet, 0);
  say(" kill: bad signal %d, nobody %d, probe %d, group %d\n", sys2(__NR_kill, self, 65), sys2(__NR_kill, 999999, 0), sys2(__NR_kill, self, 0), sys2(__NR_kill, -999999, 1));
  say(" tgkill: %d %d %d, tkill %d\n", sys3(__NR_tgkill, self, self, 0), sys3(__NR_tgkill, self + 1, self, 0), sys3(__NR_tgkill, 0, 1, 0), sys2(__NR_tkill, -1, 0));
  say(" sigprocmask: %d %d %d\n", sys4(__NR_rt_sigprocmask, 7, &set, 0, 8), sys4(__NR_rt_sigprocmask, 7, 0, 0, 8), sys4(__NR_rt_sigprocmask, 0, 1, 0, 8));

  say("alternate stack\n");
  struct { unsigned long sp; int flags; unsigned long size; } ss = {(unsigned long)stack, 0, sizeof stack}, got = {0};
  ss.size = 100;
  say(" small: %d\n", sys2(__NR_sigaltstack, &ss, 0));
  ss.size = sizeof stack;
  ss.flags = 5;
  say(" bad flags: %d\n", sys2(__NR_sigaltstack, &ss, 0));
  ss.flags = 0;
  say(" set: %d\n", sys2(__NR_sigaltstack, &ss, &got));
  say(" before: %d size %d\n", L(got.flags), L(got.size));
  on(SIGUSR1, onstack, SA_SIGINFO | SA_ONSTACK);
  sys2(__NR_kill, self, SIGUSR1);
  ss.flags = 1 << 31;
  say(" autodisarm: %d\n", sys2(__NR_sigaltstack, &ss, 0));
  sys2(__NR_kill, self, SIGUSR1);
  sys2(__NR_sigaltstack, 0, &got);
  say(" after: flags %x\n", L((unsigned)got.flags));
  ss.flags = 2;
  say(" disable: %d\n", sys2(__NR_sigaltstack, &ss, 0));

  say("edited frame\n");
  on(SIGUSR1, edit, SA_SIGINFO);
  say(" kill returned %d\n", sys2(__NR_kill, self, SIGUSR1));

  say("restarts\n");
  int p[2], c;
  char ch = 0;
  sys1(__NR_pipe, p);
  on(SIGUSR1, quiet, SA_RESTART);
  c = nudge_and_write(SIGUSR1, 20, p[1]);
  long got_n = sys3(__NR_read, p[0], &ch, 1);
  say(" read with SA_RESTART: %d %c\n", got_n, L(ch));
  sys4(__NR_wait4, c, 0, 0, 0);
  on(SIGUSR1, quiet, 0);
  c = nudge(SIGUSR1, 20);
  say(" read without: %d\n", sys3(__NR_read, p[0], &ch, 1));
  sys4(__NR_wait4, c, 0, 0, 0);
  long left[2] = {-1, -1};
  on(SIGUSR1, quiet, SA_RESTART);
  c = nudge(SIGUSR1, 20);
  long slept = sleep_ms(5000, left);
  sys4(__NR_wait4, c, 0, 0, 0);
  say(" nanosleep: %d, some time left: %d\n", slept, L(left[0] == 4));
  set = 0;
  c = nudge(SIGUSR1, 20);
  say(" sigsuspend: %d\n", sys2(__NR_rt_sigsuspend, &set, 8));
  sys4(__NR_wait4, c, 0, 0, 0);
  c = nudge(SIGUSR1, 20);
  say(" pause: %d\n", sys0(__NR_pause));
  sys4(__NR_wait4, c, 0, 0, 0);

  say("fetched\n");
  set = 1ull << (SIGUSR2 - 1);
  sys4(__NR_rt_sigprocmask, 0, &set, 0, 8);
  long zero[2] = {0, 0};
  say(" nothing: %d\n", sys4(__NR_rt_sigtimedwait, &set, q, zero, 8));
  sys2(__NR_kill, self, SIGUSR2);
  say(" something: %d, code %d\n", sys4(__NR_rt_sigtimedwait, &set, q, zero, 8), L((int)word(q, 8)));
  c = nudge(SIGUSR2, 20);
  say(" later: %d\n", sys4(__NR_rt_sigtimedwait, &set, q, 0, 8));
  sys4(__NR_wait4, c, 0, 0, 0);
  c = nudge(SIGUSR1, 20);
  say(" another one: %d\n", sys4(__NR_rt_sigtimedwait, &set, q, 0, 8));
  sys4(__NR_wait4, c, 0, 0, 0);

  say("timers\n");
  on(SIGALRM, quiet, 0);
  long it[4] = {0, 0, 0, 30000}, was[4];
  say(" alarm: %d\n", sys1(__NR_alarm, 100));
  asked = sys3(__NR_setitimer, 0, it, was);
  say(" setitimer: %d, before: %d\n", asked, L(was[2] == 99 || was[2] == 100));
  say(" pause: %d\n", sys0(__NR_pause));
  say(" alarm again: %d\n", sys1(__NR_alarm, 0));
  return 5;
}
