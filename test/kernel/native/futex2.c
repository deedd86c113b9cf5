// futex_waitv, the futex calls of 6.7 and I/O priorities.
#include "guest.h"
struct waitv { uint64_t val, uaddr; uint32_t flags, reserved; };
static uint32_t *words;
#define U32 2
#define PRIVATE 128
static long waitv(struct waitv *w, long n, long flags, void *t, long clock) { return sys5(__NR_futex_waitv, w, n, flags, t, clock); }
#ifdef __x86_64__
static long wait6(void *a, long val, long mask, long flags, void *t, long clock) { return sys6(455, (long)a, val, mask, flags, (long)t, clock); }
#else
static long wait6(void *at, long val, long mask, long flags, void *t, long clock) {
  long a[6] = {(long)at, val, mask, flags, (long)t, clock}, *p = a, r = 455;
  __asm__ volatile("push %%ebx; push %%ebp; mov 0(%%edi), %%ebx; mov 4(%%edi), %%ecx; mov 8(%%edi), %%edx; mov 12(%%edi), %%esi;"
                   "mov 20(%%edi), %%ebp; mov 16(%%edi), %%edi; int $0x80; pop %%ebp; pop %%ebx"
                   : "+a"(r), "+D"(p) : : "ecx", "edx", "esi", "memory", "cc");
  return r;
}
#endif
static long wake(void *a, long mask, long n, long flags) { return sys4(454, a, mask, n, flags); }
static void pause_ms(long ms) {
  long ts[2] = {ms / 1000, ms % 1000 * 1000000};
  sys2(__NR_nanosleep, ts, 0);
}
static void soon(long long *ts, long clock, long ms) {
  long now[2];
  sys2(__NR_clock_gettime, clock, now);
  ts[0] = now[0], ts[1] = now[1] + ms * 1000000;
  if (ts[1] >= 1000000000) ts[0]++, ts[1] -= 1000000000;
}
/* The waiters with the highest real-time priority are woken first, whenever they came. */
static void ranked(int offset) {
  static const int priorities[] = {5, 0, 20, 10, 0, 20};
  words[offset] = words[offset + 1] = words[offset + 2] = 0;
  long pids[6];
  for (int i = 0; i < 6; i++) {
    pids[i] = sys0(__NR_fork);
    if (!pids[i]) {
      if (priorities[i]) sys3(__NR_sched_setscheduler, 0, 1, &priorities[i]);
      sys6(__NR_futex, (long)&words[offset], 0, 0, 0, 0, 0);
      say(" %d", L(i));
      finish(0);
    }
    pause_ms(20);
  }
  for (int i = 0; i < 6; i++) sys6(__NR_futex, (long)&words[offset], 1, 1, 0, 0, 0), pause_ms(20);
  for (int i = 0; i < 6; i++) end(pids[i]);
  say("\n");
}
/* sched_yield(2) of a real-time task lets others of its priority run. */
static void yields(void) {
  int priority = 1, signal = 0;
  unsigned long first = 1;
  long pid = sys0(__NR_fork);
  if (!pid) {
    sys3(__NR_sched_setaffinity, 0, sizeof first, &first), sys3(__NR_sched_setscheduler, 0, 1, &priority);
    long child = sys0(__NR_fork);
    if (!child) {
      sys1(__NR_alarm, 2);
      for (;;) sys0(__NR_sched_yield);
    }
    for (int i = 0; i < 5; i++) sys0(__NR_sched_yield);
    sys2(__NR_kill, child, 15);
    sys4(__NR_wait4, child, &signal, 0, 0);
    say("yields: ended by %d\n", L(signal));
    finish(0);
  }
  end(pid);
}
static int body(int argc, char **argv, char **envp) {
#ifdef __x86_64__
  words = (uint32_t *)sys6(__NR_mmap, 0, 4096, 3, 0x21, -1, 0);
#else
  long a[6] = {0, 4096, 3, 0x21, -1, 0};
  words = (uint32_t *)sys1(90, a);
#endif
  struct waitv w[3] = {{0, (unsigned long)&words[0], U32, 0}, {0, (unsigned long)&words[1], U32, 0}, {0, (unsigned long)&words[2], U32, 0}}, b;
  long long ts[2];
  say("waitv: flags %d, none %d, many %d, null %d, clock %d\n", waitv(w, 3, 1, 0, 0), waitv(w, 0, 0, 0, 0), waitv(w, 129, 0, 0, 0), waitv(0, 1, 0, 0, 0), waitv(w, 1, 0, ts, 2));
  b = w[0], b.flags = 1;
  say(" size %d", waitv(&b, 1, 0, 0, 0));
  b = w[0], b.reserved = 1;
  say(" reserved %d", waitv(&b, 1, 0, 0, 0));
  b = w[0], b.uaddr += 2;
  say(" odd %d", waitv(&b, 1, 0, 0, 0));
  b = w[0], b.uaddr = 16;
  say(" bad %d", waitv(&b, 1, 0, 0, 0));
  b = w[0], b.val = 1;
  say(" value %d", waitv(&b, 1, 0, 0, 0));
  b = w[0], b.val = 1ull << 32;
  say(" wide %d, bad array %d\n", waitv(&b, 1, 0, 0, 0), waitv((void *)16, 1, 0, 0, 0));
  soon(ts, 1, 10);
  say(" timed %d", waitv(w, 3, 0, ts, 1));
  soon(ts, 0, 10);
  say(" real %d", waitv(w, 3, 0, ts, 0));
  ts[1] = -1;
  say(" bad time %d\n", waitv(w, 3, 0, ts, 0));
  for (int i = 0; i < 3; i++) {
    long pid = sys0(__NR_fork);
    if (pid == 0) finish(10 + waitv(w, 3, 0, 0, 0));
    pause_ms(20);
    say(" woken %d", wake(&words[i], -1u, 1, U32));
    say(" index %d\n", L(end(pid)) / 256 - 10);
  }
  say("wait: value %d, mask %d, flags %d %d, odd %d, bad %d\n", wait6(&words[0], 1, -1u, U32, 0, 0), wait6(&words[0], 0, 0, U32, 0, 0), wait6(&words[0], 0, 1, 1, 0, 0),
      wait6(&words[0], 0, 1, 256 | U32, 0, 0), wait6((char *)words + 1, 0, 1, U32, 0, 0), wait6((void *)16, 0, 1, U32, 0, 0));
  soon(ts, 1, 10);
  say(" timed %d\n", wait6(&words[0], 0, 1, U32, ts, 1));
  say("wake: mask %d, flags %d, odd %d, bad %d, none %d\n", wake(words, 0, 1, U32), wake(words, 1, 1, 3), wake((char *)words + 2, 1, 1, U32), wake((void *)16, 1, 1, U32), wake(words, 1, 1, U32));
  long pid = sys0(__NR_fork);
  if (pid == 0) finish(7 + wait6(&words[0], 0, 2, U32, 0, 0));
  pause_ms(20);
  say(" other bit %d", wake(words, 1, 9, U32));
  say(", its bit %d", wake(words, 3, 9, U32));
  say(", ended %d\n", L(end(pid)) / 256);
  // Two waiters: one is woken, one moves.
  long p1 = sys0(__NR_fork);
  if (p1 == 0) finish(1 + wait6(&words[0], 0, -1u, U32, 0, 0));
  pause_ms(20);
  long p2 = sys0(__NR_fork);
  if (p2 == 0) finish(1 + wait6(&words[0], 0, -1u, U32, 0, 0));
  pause_ms(20);
  say("requeue: flags %d, null %d, negative %d", sys4(456, w, 1, 1, 1), sys4(456, 0, 0, 1, 1), sys4(456, w, 0, -1, 1));
  b = w[0], b.val = 9;
  struct waitv two[2] = {b, w[1]};
  say(", value %d", sys4(456, two, 0, 1, 1));
  say(", both %d", sys4(456, w, 0, 1, 1));
  say(", first %d", L(end(p1)) / 256);
  say(", at the old %d", wake(&words[0], -1u, 9, U32));
  say(", at the new %d", wake(&words[1], -1u, 9, U32));
  say(", second %d\n", L(end(p2)) / 256);
  // I/O priorities.
  say("ioprio: %d %d %d\n", sys2(__NR_ioprio_get, 1, 0), sys2(__NR_ioprio_get, 2, 0), L(sys2(__NR_ioprio_get, 3, 0) > 0));
  say(" who %d, none %d, class %d, level %d %d\n", sys2(__NR_ioprio_get, 4, 0), sys2(__NR_ioprio_get, 1, 999999), sys3(__NR_ioprio_set, 1, 0, 4 << 13), sys3(__NR_ioprio_set, 1, 0, 1),
      sys3(__NR_ioprio_set, 1, 0, 2 << 13 | 8));
  say(" set %d", sys3(__NR_ioprio_set, 1, 0, 2 << 13 | 6));
  say(" %d", sys2(__NR_ioprio_get, 1, 0));
  pid = sys0(__NR_fork);
  if (pid == 0) {
    say(", child %d\n", sys2(__NR_ioprio_get, 1, 0));
    sys3(__NR_setresuid, 50, 50, 50);
    say(" other: real-time %d, parent %d\n", sys3(__NR_ioprio_set, 1, 0, 1 << 13), sys3(__NR_ioprio_set, 1, sys0(__NR_getppid), 2 << 13));
    finish(0);
  }
  end(pid);
  say("by priority:"), ranked(100);
  yields();
  return 0;
}
