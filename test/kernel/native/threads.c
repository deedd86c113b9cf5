// Threads: clone and clone3, thread ids, futexes, join by clear_child_tid, signals to one, the end of all.
#include "guest.h"
#define SIGUSR1 10
#define SIGCHLD 17
enum { CLONE_VM = 0x100, CLONE_FS = 0x200, CLONE_FILES = 0x400, CLONE_SIGHAND = 0x800, CLONE_PARENT = 0x8000, CLONE_THREAD = 0x10000, CLONE_SYSVSEM = 0x40000, CLONE_SETTLS = 0x80000,
  CLONE_PARENT_SETTID = 0x100000, CLONE_CHILD_CLEARTID = 0x200000, CLONE_CHILD_SETTID = 0x1000000 };
#define THREAD (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)
enum { WAIT = 0, WAKE = 1, REQUEUE = 3, CMP_REQUEUE = 4, WAKE_OP = 5, WAIT_BITSET = 9, WAKE_BITSET = 10, PRIVATE = 128 };

static char stacks[8][8192] __attribute__((aligned(16)));
static int tid_here[8], gate, other, order, results[8], self;
typedef int (*entry)(int);
struct start { entry f; int n; };

/* Runs f(n) in a new thread, on stack n; its id is written to tid_here[n], and cleared at its end. */
static long start(entry f, int n, unsigned flags) {
  long *sp = (long *)(stacks[n] + sizeof stacks[n]) - 4;
  sp[0] = (long)f;
  sp[1] = n;
  long r = THREAD | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID | flags;
#ifdef __x86_64__
  register long r10 __asm__("r10") = (long)&tid_here[n];
  __asm__ volatile("mov $56, %%eax; syscall; test %%eax, %%eax; jnz 1f; pop %%rax; pop %%rdi; call *%%rax; mov %%eax, %%edi; mov $60, %%eax; syscall; 1:"
                   : "=a"(r) : "D"(r), "S"(sp), "d"(&tid_here[n]), "r"(r10) : "rcx", "r11", "memory");
#else
  __asm__ volatile("push %%ebx; mov %%eax, %%ebx; mov $120, %%eax; int $0x80; test %%eax, %%eax; jnz 1f; pop %%eax; call *%%eax; mov %%eax, %%ebx; mov $1, %%eax; int $0x80; 1: pop %%ebx"
                   : "+a"(r) : "c"(sp), "d"(&tid_here[n]), "D"(&tid_here[n]) : "memory");
#endif
  return r;
}
static long futex(int *at, int op, int val, void *time, int *at2, int val3) {
#ifdef __x86_64__
  return sys6(__NR_futex, (long)at, op, val, (long)time, (long)at2, val3);
#else
  long r;
  long args[2] = {(long)at, val3};
  __asm__ volatile("push %%ebx; push %%ebp; mov (%%eax), %%ebx; mov 4(%%eax), %%ebp; mov $240, %%eax; int $0x80; pop %%ebp; pop %%ebx"
                   : "=a"(r) : "a"(args), "c"(op), "d"(val), "S"(time), "D"(at2) : "memory");
  return r;
#endif
}
static void join(int n) {
  int tid;
  while ((tid = *(volatile int *)&tid_here[n])) futex(&tid_here[n], WAIT, tid, 0, 0, 0);
}
static void sleep_ms(long ms) {
  long ts[2] = {ms / 1000, ms % 1000 * 1000000};
  sys2(__NR_nanosleep, ts, 0);
}

static int simple(int n) {
  results[n] = sys0(__NR_getpid) == self && sys0(__NR_gettid) != self && sys0(__NR_getppid) != self;
  return 0;
}
static int waiter(int n) {
  results[n] = (int)futex(&gate, WAIT | PRIVATE, 0, 0, 0, 0);
  __atomic_fetch_add(&order, 1, __ATOMIC_SEQ_CST);
  return 0;
}
static int bitset(int n) {
  results[n] = (int)futex(&gate, WAIT_BITSET | PRIVATE, 0, 0, 0, 1 << n);
  return 0;
}
static void handler(int sig, void *si, void *uc) {
  (void)si; (void)uc;
  say("  signal %d in %s\n", L(sig), sys0(__NR_gettid) == self ? "the leader" : "a thread");
}
static int sleeper(int n) {
  long ts[2] = {60, 0};
  results[n] = (int)sys2(__NR_nanosleep, ts, 0);
  return 0;
}
static int leaver(int n) { (void)n; sleep_ms(10); finish(42); return 0; }
static int last(int n) { (void)n; sleep_ms(30); return 7; }

/* The number of links and the size of a directory. */
static long links(const char *path, long *size) {
  uint32_t b[64];
  long r = sys5(__NR_statx, -100, path, 0, 0xfff, b);
  *size = (long)b[10];
  return r < 0 ? r : (long)b[4];
}
static char **arguments;
static int executes(int n) {
  char *args[] = {arguments[0], "executed", 0}, *env[] = {0};
  (void)n;
  sys3(__NR_execve, arguments[0], args, env);
  return 1;
}

static int body(int argc, char **argv, char **envp) {
  (void)envp;
  if (argc == 2) {
    say(" executed: leader %d\n", L(sys0(__NR_gettid) == sys0(__NR_getpid)));
    return 12;
  }
  arguments = argv;
  self = (int)sys0(__NR_getpid);

  say("start and join\n");
  for (int i = 0; i < 4; i++) if (start(simple, i, 0) <= 0) return 1;
  for (int i = 0; i < 4; i++) join(i);
  say(" own ids: %d %d %d %d\n", L(results[0]), L(results[1]), L(results[2]), L(results[3]));

  say("bad flags\n");
  say(" THREAD without SIGHAND: %d, SIGHAND without VM: %d, wrong fs: %d\n", sys5(__NR_clone, CLONE_THREAD | CLONE_VM, 0, 0, 0, 0),
      sys5(__NR_clone, CLONE_SIGHAND, 0, 0, 0, 0), sys5(__NR_clone, 0x20000 | CLONE_FS, 0, 0, 0, 0));
  uint64_t args[11] = {0};
  say(" clone3: small %d, large %d, bad pointer %d", sys2(__NR_clone3, args, 32), sys2(__NR_clone3, args, 5000), sys2(__NR_clone3, 1, 64));
  args[4] = 300;
  say(", exit signal %d", sys2(__NR_clone3, args, 88));
  args[4] = SIGCHLD; args[5] = 1;
  say(", stack without size %d", sys2(__NR_clone3, args, 88));
  args[5] = 0; args[0] = 0xff;
  say(", low flags %d\n", sys2(__NR_clone3, args, 88));
  args[0] = 0;
  long child = sys2(__NR_clone3, args, 64);
  if (!child) finish(5);
  int status = 0;
  say(" child: %d", L(sys4(__NR_wait4, child, &status, 0, 0) == child));
  say(" %x\n", L(status));

  say("futex\n");
  long zero[2] = {0, 1000000};
  say(" wrong value %d, timeout %d, misaligned %d, unmapped %d, unknown %d\n", futex(&gate, WAIT, 1, 0, 0, 0), futex(&gate, WAIT, 0, zero, 0, 0),
      futex((int *)((char *)&gate + 1), WAIT, 0, 0, 0, 0), futex((int *)16, WAIT, 0, 0, 0, 0), futex(&gate, 99, 0, 0, 0, 0));
  say(" wake nobody %d, no bits %d\n", futex(&gate, WAKE, 1, 0, 0, 0), futex(&gate, WAKE_BITSET, 1, 0, 0, 0));
  zero[1] = 2000000000;
  say(" bad time %d\n", futex(&gate, WAIT, 0, zero, 0, 0));
  long before, after, none;
  say(" links: alone %d, sysctls %d", links("/proc/self/task", &none), links("/proc/sys/kernel", &none));
  links("/proc/self/fd", &before);
  long copy = sys1(__NR_dup, 1);
  say(", files %d", links("/proc/self/fd", &after));
  sys1(__NR_close, copy);
  say(", one more %d", after - before);
  for (int i = 0; i < 3; i++) start(waiter, i, 0);
  sleep_ms(30);
  say(", four threads %d\n", links("/proc/self/task", &none));
  say(" wake two: %d", futex(&gate, WAKE | PRIVATE, 2, 0, 0, 0));
  sleep_ms(30);
  say(", running %d", L(order));
  say(", the rest %d\n", futex(&gate, WAKE | PRIVATE, 100, 0, 0, 0));
  for (int i = 0; i < 3; i++) join(i);
  for (int i = 0; i < 4; i++) start(waiter, i, 0);
  sleep_ms(30);
  say(" requeue with a wrong value %d", futex(&gate, CMP_REQUEUE | PRIVATE, 1, (void *)10, &other, 3));
  say(", right %d", futex(&gate, CMP_REQUEUE | PRIVATE, 1, (void *)2, &other, 0));
  say(", there %d", futex(&other, WAKE | PRIVATE, 100, 0, 0, 0));
  say(", here %d\n", futex(&gate, WAKE | PRIVATE, 100, 0, 0, 0));
  for (int i = 0; i < 4; i++) join(i);
  for (int i = 0; i < 3; i++) start(bitset, i, 0);
  sleep_ms(30);
  say(" by bits: %d", futex(&gate, WAKE_BITSET | PRIVATE, 100, 0, 0, 5));
  say(" %d\n", futex(&gate, WAKE_BITSET | PRIVATE, 100, 0, 0, 2));
  for (int i = 0; i < 3; i++) join(i);
  start(waiter, 0, 0);
  sleep_ms(30);
  other = 5;
  /* other += 3; wake there if it was 5: FUTEX_OP(ADD, 3, EQ, 5) */
  say(" wake op: %d", futex(&other, WAKE_OP | PRIVATE, 1, (void *)1, &gate, 1 << 28 | 0 << 24 | 3 << 12 | 0));
  say(" gate %d\n", L(gate));
  gate = 0;
  join(0);

  say("signals\n");
  on(SIGUSR1, handler, SA_SIGINFO);
  long tid = start(sleeper, 0, 0);
  sleep_ms(20);
  long sent = sys3(__NR_tgkill, self, tid, SIGUSR1);
  join(0);
  say(" tgkill %d\n", sent);
  say(" sleep ended with %d\n", L(results[0]));
  sleep_ms(30);
  say(" gone: %d\n", sys3(__NR_tgkill, self, tid, SIGUSR1));
  uint64_t set = 1 << (SIGUSR1 - 1);
  tid = start(sleeper, 1, 0);
  sleep_ms(20);
  sys4(__NR_rt_sigprocmask, 0, &set, 0, 8);
  sent = sys2(__NR_kill, self, SIGUSR1);
  join(1);
  say(" to the process, blocked by the leader: %d\n", sent);
  sys4(__NR_rt_sigprocmask, 1, &set, 0, 8);

  say("ends\n");
  if (!(child = sys0(__NR_fork))) {
    start(leaver, 2, 0);
    for (;;) sys0(__NR_pause);
  }
  sys4(__NR_wait4, child, &status, 0, 0);
  say(" exit_group in a thread: %x\n", L(status));
  if (!(child = sys0(__NR_fork))) {
    start(last, 3, 0);
    for (;;) sys1(__NR_exit, 3);
  }
  sys4(__NR_wait4, child, &status, 0, 0);
  say(" exit of the leader, then of the last thread: %x\n", L(status));
  if (!(child = sys0(__NR_fork))) {
    start(sleeper, 4, 0);
    sys2(__NR_kill, sys0(__NR_getpid), 9);
  }
  sys4(__NR_wait4, child, &status, 0, 0);
  say(" SIGKILL: %x\n", L(status));
  if (!(child = sys0(__NR_fork))) {
    start(sleeper, 5, 0);
    start(executes, 6, 0);
    for (;;) sys0(__NR_pause);
  }
  long reaped = sys4(__NR_wait4, child, &status, 0, 0);
  say(" execve in a thread: pid kept %d, %x\n", L(reaped == child), L(status));
  return 3;
}
