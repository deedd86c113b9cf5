// Waits and their ends: exclusive waiters of epoll, sleeps, locks of ended owners, the limit of processor time.
#include "guest.h"
#define SIGUSR1 10
#define SIGXCPU 24
#define EPOLLEXCLUSIVE (1u << 28)
#define EPOLLET (1u << 31)
#define WAITERS 4
struct event { uint32_t events; uint64_t data; } __attribute__((packed));
static long *shared;
static void pause_ms(long ms) {
  long ts[2] = {0, ms * 1000000};
  sys2(__NR_nanosleep, ts, 0);
}
static void waiters(const char *what, uint32_t events) {
  int p[2];
  long pid[WAITERS];
  *shared = 0;
  sys1(__NR_pipe, p);
  for (int i = 0; i < WAITERS; i++) {
    pid[i] = sys0(__NR_fork);
    if (pid[i]) continue;
    struct event e = {events, 0};
    long ep = sys1(__NR_epoll_create1, 0);
    sys4(__NR_epoll_ctl, ep, 1, p[0], &e);
    long n = sys4(__NR_epoll_wait, ep, &e, 1, 3000);
    if (n == 1) __atomic_add_fetch(shared, 1, __ATOMIC_SEQ_CST);
    finish(0);
  }
  pause_ms(150);
  say("%s:", what);
  for (int i = 0; i < WAITERS; i++) {
    char c;
    sys3(__NR_write, p[1], "x", 1);
    pause_ms(60);
    say(" %d", *shared);
    sys3(__NR_read, p[0], &c, 1);
  }
  say("\n");
  for (int i = 0; i < WAITERS; i++) end(pid[i]);
}
static long add(const char *path) {
  struct event e = {1, 0};
  long fd = sys3(__NR_open, path, 0, 0), ep = sys1(__NR_epoll_create1, 0);
  long r = sys4(__NR_epoll_ctl, ep, 1, fd, &e);
  sys1(__NR_close, fd);
  sys1(__NR_close, ep);
  return r;
}
static void quiet(int sig, void *si, void *uc) { (void)sig, (void)si, (void)uc; }
static void sleeps(void) {
  long request[2] = {0, 3000000}, rem[2] = {7, 7};
  say("sleeps\n whole %d", sys2(__NR_nanosleep, request, rem));
  say(" rem %d %d, read-only rem %d\n", rem[0], rem[1], sys4(__NR_clock_nanosleep, 1, 0, request, 8));
  long pid = sys0(__NR_fork);
  if (!pid) {
    on(SIGUSR1, quiet, 0);
    long much[2] = {30, 0};
    say(" interrupted, bad rem %d\n", sys4(__NR_clock_nanosleep, 1, 0, much, 8));
    say(" interrupted %d", sys2(__NR_nanosleep, much, rem));
    say(" rem %d\n", L(rem[0] < 30 && rem[0] > 20));
    finish(0);
  }
  pause_ms(80);
  sys2(__NR_kill, pid, SIGUSR1);
  pause_ms(80);
  sys2(__NR_kill, pid, SIGUSR1);
  end(pid);
}
static int lock_word;
static struct { void *next; long offset; void *pending; } head;
static struct { void *next; volatile unsigned *word; } *entry;
static void locks(int robust) {
  volatile unsigned *word = (volatile unsigned *)(shared + 8);
  *word = 0;
  long pid = sys0(__NR_fork);
  if (!pid) {
    // The entry of the list lies right before the word, and its lowest bit says that the lock inherits priority.
    void **mine = (void **)(shared + 7);
    *mine = &head;
    head.next = robust ? (char *)mine + 1 : (void *)&head;
    head.offset = sizeof(long);
    head.pending = 0;
    sys2(__NR_set_robust_list, &head, sizeof head);
    sys4(__NR_futex, word, 6, 0, 0);
    sys4(__NR_futex, word, 6, 0, 0);
    pause_ms(100);
    sys1(__NR_exit, 0);
  }
  pause_ms(40);
  say(robust ? "robust lock of an ended owner: %d" : "lock of an ended owner: %d", sys4(__NR_futex, word, 6, 0, 0));
  unsigned v = *word;
  say(" mine %d died %d\n", L((v & 0x3fffffff) == (unsigned)sys0(__NR_gettid)), L(v >> 30 & 1));
  end(pid);
}
static volatile int counted;
static void count(int sig, void *si, void *uc) {
  (void)sig, (void)si, (void)uc;
  counted++;
}
static void processor_time(void) {
  long limit[2] = {1, 2};
  long pid = sys0(__NR_fork);
  if (!pid) {
    sys2(__NR_setrlimit, 0, limit);
    pid = sys0(__NR_fork);
    if (!pid) {
      on(SIGXCPU, count, 0);
      while (!counted) __asm__ volatile("");
      sys2(__NR_getrlimit, 0, limit);
      say(" limit is %d %d\n", limit[0], limit[1]);
      finish(9);
    }
    say(" child: %x\n", L(end(pid)));
    limit[0] = 0;
    sys2(__NR_setrlimit, 0, limit);
    for (;;) __asm__ volatile("");
  }
  say("processor time\n");
  say(" end %x\n", L(end(pid) & ~0x80));
}
static int body(int argc, char **argv, char **envp) {
#ifdef __x86_64__
  shared = (void *)sys6(__NR_mmap, 0, 4096, 3, 0x21, -1, 0);
#else
  long map[6] = {0, 4096, 3, 0x21, -1, 0};
  shared = (void *)sys1(__NR_mmap, map);
#endif
  waiters("all are woken", 1 | EPOLLET);
  waiters("exclusive, edge", 1 | EPOLLET | EPOLLEXCLUSIVE);
  waiters("exclusive", 1 | EPOLLEXCLUSIVE);
  say("epoll_ctl: null %d zero %d full %d random %d folder %d file %d mounts %d\n", add("/dev/null"), add("/dev/zero"), add("/dev/full"), add("/dev/urandom"), add("/"), add("/proc/self/exe"), add("/proc/self/mounts"));
  sleeps();
  locks(0);
  locks(1);
  processor_time();
  return lock_word + (entry != 0);
}
