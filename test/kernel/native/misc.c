// Calls about limits, scheduling, clocks, timers, names and descriptors of the kernel's own: results and errors.
#include "guest.h"
#define SIGALRM 14
#define SIGUSR1 10
static void limits(void) {
  unsigned long r[2] = {0};
  uint64_t r64[2] = {0}, w[2] = {100, 200};
  say("limits\n");
  say(" bad resource %d %d, bad pointer %d\n", sys2(__NR_getrlimit, 16, r), sys4(__NR_prlimit64, 0, 16, 0, r64), sys2(__NR_setrlimit, 7, 16));
  say(" set %d", sys4(__NR_prlimit64, 0, 7, w, 0));
  say(" get %d: %d %d\n", sys4(__NR_prlimit64, 0, 7, 0, r64), L(r64[0]), L(r64[1]));
#ifdef __x86_64__
  long got = sys2(__NR_getrlimit, 7, r);
#else
  long got = sys2(__NR_ugetrlimit, 7, r);
#endif
  say(" old %d: %d %d\n", got, L(r[0]), L(r[1]));
  w[0] = 300;
  say(" soft over hard %d\n", sys4(__NR_prlimit64, 0, 7, w, 0));
  w[0] = 50; w[1] = 1 << 30;
  say(" too many files %d\n", sys4(__NR_prlimit64, 0, 7, w, 0));
  w[1] = ~0ull; w[0] = ~0ull;
  say(" infinity %d", sys4(__NR_prlimit64, 0, 1, w, 0));
#ifdef __x86_64__
  got = sys2(__NR_getrlimit, 1, r);
#else
  got = sys2(__NR_getrlimit, 1, r);
#endif
  say(" %d %x, nobody %d\n", got, r[0], sys4(__NR_prlimit64, 999999, 1, 0, r64));
  char usage[200];
  say(" getrusage %d %d %d bad %d\n", sys2(__NR_getrusage, 0, usage), sys2(__NR_getrusage, -1, usage), sys2(__NR_getrusage, 1, usage), sys2(__NR_getrusage, 7, usage));
}
static void scheduling(void) {
  int p = 5;
  char attr[64] = {0};
  say("scheduling\n");
  say(" policy %d, of nobody %d, negative %d\n", sys1(__NR_sched_getscheduler, 0), sys1(__NR_sched_getscheduler, 999999), sys1(__NR_sched_getscheduler, -1));
  say(" param %d", sys2(__NR_sched_getparam, 0, &p));
  say(" = %d, null %d\n", L(p), sys2(__NR_sched_getparam, 0, 0));
  say(" max %d %d %d, min %d %d %d, bad %d\n", sys1(__NR_sched_get_priority_max, 0), sys1(__NR_sched_get_priority_max, 1), sys1(__NR_sched_get_priority_max, 2),
      sys1(__NR_sched_get_priority_min, 0), sys1(__NR_sched_get_priority_min, 1), sys1(__NR_sched_get_priority_min, 5), sys1(__NR_sched_get_priority_max, 9));
  p = 200;
  say(" set bad priority %d, bad policy %d\n", sys3(__NR_sched_setscheduler, 0, 1, &p), sys3(__NR_sched_setscheduler, 0, 17, &p));
  say(" getattr %d, small %d\n", sys4(__NR_sched_getattr, 0, attr, 48, 0), sys4(__NR_sched_getattr, 0, attr, 40, 0));
  // The usual slice depends on the kernel and on the number of processors.
  uint64_t a[7] = {48, 0, 0, 3000000}, got[7] = {0};
  say(" slice %d", sys3(__NR_sched_setattr, 0, a, 0));
  sys4(__NR_sched_getattr, 0, got, 48, 0);
  say(" %d", L(got[3]));
  a[3] = 1;
  say(", short %d", sys3(__NR_sched_setattr, 0, a, 0));
  sys4(__NR_sched_getattr, 0, got, 48, 0);
  say(" %d", L(got[3]));
  a[3] = 900000000;
  say(", long %d", sys3(__NR_sched_setattr, 0, a, 0));
  long child = sys0(__NR_fork);
  if (!child) {
    sys4(__NR_sched_getattr, 0, got, 48, 0);
    say(" %d\n", L(got[3]));
    finish(0);
  }
  end(child);
  a[3] = 0;
  sys3(__NR_sched_setattr, 0, a, 0);
  sys4(__NR_sched_getattr, 0, got, 48, 0);
  say(" usual again %d\n", got[3] >= 500000 && got[3] <= 6000000);
  // How nice the tests run is not theirs to say: only that it is a number from 1 to 40.
  say(" priority %d, bad which %d, nobody %d\n", sys2(__NR_getpriority, 0, 0) - 1 < 40u, sys2(__NR_getpriority, 5, 0), sys2(__NR_getpriority, 0, 999999));
  say(" set %d", sys3(__NR_setpriority, 0, 0, 19));
  say(", get %d\n", sys2(__NR_getpriority, 0, 0));
  say(" yield %d, affinity too small %d\n", sys0(__NR_sched_yield), sys3(__NR_sched_getaffinity, 0, 3, attr));
}
static void clocks(void) {
  long ts[2], before[2];
  say("clocks\n");
  for (int id = -1; id < 17; id++) if (id != 10) say(" %d: %d", L(id), sys2(__NR_clock_gettime, id, ts));
  say("\n");
  sys2(__NR_clock_gettime, 1, before);
  ts[0] = 0; ts[1] = 20000000;
  say(" sleep %d", sys2(__NR_nanosleep, ts, 0));
  sys2(__NR_clock_gettime, 1, ts);
  long ms = (ts[0] - before[0]) * 1000 + (ts[1] - before[1]) / 1000000;
  say(" long enough %d\n", L(ms >= 20 && ms < 2000));
  ts[0] = 0; ts[1] = 1000000000;
  say(" bad time %d", sys2(__NR_nanosleep, ts, 0));
  ts[0] = -1; ts[1] = 0;
  say(" %d, bad pointer %d\n", sys2(__NR_nanosleep, ts, 0), sys2(__NR_nanosleep, 16, 0));
  say(" clock_nanosleep: bad clock %d, thread clock %d, past %d\n", sys4(__NR_clock_nanosleep, 55, 0, before, 0), sys4(__NR_clock_nanosleep, 3, 0, before, 0), sys4(__NR_clock_nanosleep, 1, 1, before, 0));
  say(" getres %d %d", sys2(__NR_clock_getres, 1, ts), sys2(__NR_clock_getres, 77, ts));
  say(" %d, coarse %d\n", ts[1], sys2(__NR_clock_getres, 5, 0));
  static char timex[256];
  say(" clock_adjtime: monotonic %d, tai %d, none %d", sys2(__NR_clock_adjtime, 1, timex), sys2(__NR_clock_adjtime, 11, timex), sys2(__NR_clock_adjtime, 10, timex));
  say(" %d, process %d, device %d,", sys2(__NR_clock_adjtime, 16, timex), sys2(__NR_clock_adjtime, -6, timex), sys2(__NR_clock_adjtime, -5, timex));
  say(" bad pointer %d %d\n", sys2(__NR_clock_adjtime, 1, 16), sys2(__NR_clock_adjtime, 16, 16));
  say(" time %d, gettimeofday %d %d\n", L(sys1(__NR_time, 0) > 1700000000), sys2(__NR_gettimeofday, ts, 0), sys2(__NR_gettimeofday, 16, 0));
}
static void quiet(int sig, void *si, void *uc) {
  const int at = sizeof(long) == 8 ? 16 : 12;
  (void)uc;
  say("  signal %d code %d value %d overrun %d\n", L(sig), L((int)word(si, 8)), L((int)word(si, at + 8)), L((int)word(si, at + 4)));
}
static void timers(void) {
  int id = -1, id2 = -1, event[16] = {0};
  long spec[4] = {0, 0, 0, 20000000}, got[4];
  say("timers\n");
  on(SIGUSR1, quiet, SA_SIGINFO);
  event[0] = 42; event[sizeof(long) / 4] = SIGUSR1; event[sizeof(long) / 4 + 1] = 0;
  say(" create %d", sys3(__NR_timer_create, 1, event, &id));
  say(" id %d\n", L(id));
  say(" bad clock %d, bad signal", sys3(__NR_timer_create, 55, event, &id2));
  event[sizeof(long) / 4] = 100;
  say(" %d\n", sys3(__NR_timer_create, 1, event, &id2));
  say(" settime %d", sys4(__NR_timer_settime, id, 0, spec, 0));
  say(" pause %d\n", sys0(__NR_pause));
  long r = sys2(__NR_timer_gettime, id, got);
  say(" gettime %d: %d %d\n", r, got[2], got[3]);
  spec[3] = 1000000000;
  say(" bad time %d, bad id %d, overrun %d\n", sys4(__NR_timer_settime, id, 0, spec, 0), sys4(__NR_timer_settime, 99, 0, got, 0), sys1(__NR_timer_getoverrun, id));
  say(" delete %d, again %d\n", sys1(__NR_timer_delete, id), sys1(__NR_timer_delete, id));

  // Expirations while the signal is blocked are overruns of the signal that waits.
  long every[] = {0, 200000000, 0, 200000000}, half[] = {0, 500000000}, seconds[] = {2, 0};
  uint64_t blocked = 1ull << (SIGUSR1 - 1);
  int arrived[32];
  event[sizeof(long) / 4] = SIGUSR1;
  sys4(__NR_rt_sigprocmask, 0, &blocked, 0, 8);
  sys3(__NR_timer_create, 1, event, &id), sys4(__NR_timer_settime, id, 0, every, 0);
  sys2(__NR_nanosleep, half, 0);
  say(" overrun before %d,", sys1(__NR_timer_getoverrun, id));
  say(" signal %d", sys4(__NR_rt_sigtimedwait, &blocked, arrived, seconds, 8)), say(" with %d,", L(arrived[sizeof(long) == 8 ? 5 : 4]));
  say(" after %d,", sys1(__NR_timer_getoverrun, id));
  say(" next %d", sys4(__NR_rt_sigtimedwait, &blocked, arrived, seconds, 8));
  say(" with %d,", L(arrived[sizeof(long) == 8 ? 5 : 4])), say(" after %d\n", sys1(__NR_timer_getoverrun, id));
  sys1(__NR_timer_delete, id);
  sys4(__NR_rt_sigprocmask, 1, &blocked, 0, 8);

  uint64_t n = 0;
  say("timerfd\n");
  long fd = sys2(__NR_timerfd_create, 1, 04000);
  say(" bad clock %d, bad flags %d\n", sys2(__NR_timerfd_create, 2, 0), sys2(__NR_timerfd_create, 1, 5));
  say(" read before %d, small %d\n", sys3(__NR_read, fd, &n, 8), sys3(__NR_read, fd, &n, 4));
  spec[1] = 10000000; spec[3] = 10000000;
  say(" settime %d\n", sys4(__NR_timerfd_settime, fd, 0, spec, 0));
  struct { int fd; short events, revents; } poll = {(int)fd, 1, 0};
  r = sys3(__NR_poll, &poll, 1, 1000);
  say(" poll %d %x\n", r, L(poll.revents));
  long ts[2] = {0, 35000000};
  sys2(__NR_nanosleep, ts, 0);
  r = sys3(__NR_read, fd, &n, 8);
  say(" read %d, several %d\n", r, L(n >= 3));
  say(" not a timer %d, closed %d\n", sys2(__NR_timerfd_gettime, 0, got), sys2(__NR_timerfd_gettime, 99, got));

  say("signalfd\n");
  uint64_t set = 1 << (SIGUSR1 - 1);
  char info[256];
  sys4(__NR_rt_sigprocmask, 0, &set, 0, 8);
  fd = sys4(__NR_signalfd4, -1, &set, 8, 04000);
  say(" bad size %d, bad flags %d, not one %d\n", sys4(__NR_signalfd4, -1, &set, 4, 0), sys4(__NR_signalfd4, -1, &set, 8, 1), sys4(__NR_signalfd4, 0, &set, 8, 0));
  say(" empty %d\n", sys3(__NR_read, fd, info, 256));
  sys2(__NR_kill, sys0(__NR_getpid), SIGUSR1);
  poll.fd = (int)fd;
  poll.revents = 0;
  r = sys3(__NR_poll, &poll, 1, 0);
  say(" poll %d %x\n", r, L(poll.revents));
  r = sys3(__NR_read, fd, info, 256);
  say(" read %d: signal %d code %d\n", r, L(*(int *)info), L(*(int *)(info + 8)));
}
static void names(void) {
  char uts[6 * 65];
  say("names\n");
  say(" uname %d", sys1(__NR_uname, uts));
  say(" %s %s, bad %d\n", uts, uts + 4 * 65, sys1(__NR_uname, 16));
  say(" personality %x", sys1(__NR_personality, 0xffffffff));
  say(" set %x", sys1(__NR_personality, 8));
  sys1(__NR_uname, uts);
  say(" machine %s", uts + 4 * 65);
  say(" back %x\n", sys1(__NR_personality, 0));
  char name[16] = {0};
  say(" name %d", sys2(__NR_prctl, 15, "a name that is too long"));
  sys2(__NR_prctl, 16, name);
  say(" <%s>\n", name);
  say(" pdeathsig: bad %d, set %d", sys2(__NR_prctl, 1, 99), sys2(__NR_prctl, 1, 9));
  int sig = 0;
  sys2(__NR_prctl, 2, &sig);
  say(" get %d\n", L(sig));
  say(" dumpable %d, set 2 %d, set 0 %d", sys1(__NR_prctl, 3), sys2(__NR_prctl, 4, 2), sys2(__NR_prctl, 4, 0));
  say(" get %d\n", sys1(__NR_prctl, 3));
  say(" unknown option %d, subreaper %d\n", sys5(__NR_prctl, 9999, 0, 0, 0, 0), sys5(__NR_prctl, 37, &sig, 0, 0, 0));
  say(" membarrier bad %d %d, reboot %d\n", sys2(__NR_membarrier, 0, 1), sys2(__NR_membarrier, 3, 0), sys4(__NR_reboot, 0, 0, 0, 0) == 0 ? 1 : 0);
  say(" getrandom %d, bad flags %d %d\n", sys3(__NR_getrandom, name, 16, 0), sys3(__NR_getrandom, name, 16, 8), sys3(__NR_getrandom, name, 16, 6));
  say(" set_tid_address %d\n", L(sys1(__NR_set_tid_address, 0) == sys0(__NR_gettid)));
  say(" robust list: bad size %d, get %d\n", sys2(__NR_set_robust_list, 0, 5), sys3(__NR_get_robust_list, 999999, name, name));
  say(" restart_syscall %d\n", sys0(__NR_restart_syscall));
  unsigned cpu = 77;
  say(" getcpu %d %d\n", sys3(__NR_getcpu, &cpu, 0, 0), sys3(__NR_getcpu, 16, 0, 0));
  say(" pidfd: bad flags %d, nobody %d", sys2(__NR_pidfd_open, 1, 5), sys2(__NR_pidfd_open, 999999, 0));
  long fd = sys2(__NR_pidfd_open, sys0(__NR_getpid), 0);
  say(", probe %d, bad fd %d, closed %d\n", sys4(__NR_pidfd_send_signal, fd, 0, 0, 0), sys4(__NR_pidfd_send_signal, 0, 0, 0, 0), sys4(__NR_pidfd_send_signal, 99, 0, 0, 0));
}
static void told(const char *what, long fd, const char *path) {
  char b[256] = {0};
  long r = sys5(__NR_statx, fd, path, *path ? 0 : 0x1000, 0xfff, b);
  // Attributes that a file system says there can be, and those it has; whether it says when the file was made.
  say(" %s %d: %x, %x of %x, born %d\n", what, r, L(word(b, 0)), L(word(b, 8)), L(word(b, 56)), L(word(b, 80) != 0));
}
static void statxs(void) {
  int p[2];
  say("statx\n");
  sys2(__NR_pipe2, p, 0);
  told("pipe", p[0], "");
  told("memfd", sys2(__NR_memfd_create, "m", 0), "");
  told("epoll", sys1(__NR_epoll_create1, 0), "");
  told("socket", sys3(__NR_socket, 1, 1, 0), "");
  told("namespace", -100, "/proc/self/ns/uts");
  told("proc", -100, "/proc/self/stat");
  told("its root", -100, "/proc");
  told("null", -100, "/dev/null");
}
/* Three reads of the time stamp counter, one after the other. */
static void stamps(void) {
  uint32_t low[3], high[3];
  __asm__ volatile("rdtsc; mov %%eax, %0; mov %%edx, %1; rdtsc; mov %%eax, %2; mov %%edx, %3; rdtsc; mov %%eax, %4; mov %%edx, %5"
                   : "=m"(low[0]), "=m"(high[0]), "=m"(low[1]), "=m"(high[1]), "=m"(low[2]), "=m"(high[2]) : : "eax", "edx");
  for (int i = 0; i < 2; i++)
    say("later %d\n", L(high[i + 1] > high[i] || (high[i + 1] == high[i] && low[i + 1] > low[i])));
}
static int body(int argc, char **argv, char **envp) {
  (void)argc; (void)argv; (void)envp;
  limits();
  scheduling();
  clocks();
  timers();
  names();
  statxs();
  stamps();
  return 0;
}
