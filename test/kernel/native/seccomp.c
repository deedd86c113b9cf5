// Seccomp through its interfaces: order of errors, actions, siginfo, precedence, threads, strict mode, who inherits.
#include "guest.h"
#define SIGSYS 31
enum { NNP = 38, GET_NNP = 39, GET = 21, SET = 22, STRICT = 1, FILTER = 2 };
enum { KILL_PROCESS = 0x80000000, KILL_THREAD = 0, TRAP = 0x30000, ERRNO = 0x50000, NOTIF = 0x7fc00000, TRACE = 0x7ff00000, LOG = 0x7ffc0000, ALLOW = 0x7fff0000 };
struct insn { uint16_t code; uint8_t jt, jf; uint32_t k; };
struct prog { uint16_t len; struct insn *filter; };
#define NR_CHECKED __NR_getpgrp

/* ret for getpgrp, ALLOW for the rest */
static struct insn on_getpgrp[] = {{0x20, 0, 0, 0}, {0x15, 0, 1, NR_CHECKED}, {6, 0, 0, 0}, {6, 0, 0, ALLOW}};
static struct prog prog = {4, on_getpgrp};
static long install(uint32_t action, unsigned flags) {
  on_getpgrp[2].k = action;
  return sys3(__NR_seccomp, 1, flags, &prog);
}
static void trapped(int sig, void *si, void *uc) {
  const int at = sizeof(long) == 8 ? 16 : 12;
  (void)uc;
  say("  SIGSYS %d: errno %d code %d syscall %d arch %x call_addr set %d\n", L(sig), L((int)word(si, 4)), L((int)word(si, 8)), L((int)word(si, at + sizeof(long)) == NR_CHECKED),
      L(word(si, at + sizeof(long) + 4) == (sizeof(long) == 8 ? 0xc000003e : 0x40000003)), L(longAt(si, at) != 0));
}
/* Runs f in a child and tells how it ended. */
static void child(const char *what, void (*f)(void)) {
  int status = 0;
  long pid = sys0(__NR_fork);
  if (!pid) { f(); finish(100); }
  sys4(__NR_wait4, pid, &status, 0, 0);
  say(" %s: %x\n", what, L(status & ~0x80));
}
static uint32_t action;
static void call_it(void) {
  sys5(__NR_prctl, NNP, 1, 0, 0, 0);
  if (install(action, 0)) finish(99);
  say("  returned %d\n", sys0(__NR_getpgrp) > 0 ? 1 : sys0(__NR_getpgrp));
}
static void trap_handled(void) {
  on(SIGSYS, trapped, SA_SIGINFO);
  action = TRAP | 7;
  sys5(__NR_prctl, NNP, 1, 0, 0, 0);
  install(action, 0);
  say("  rax is the number: %d\n", L(sys0(__NR_getpgrp) == NR_CHECKED));
  finish(1);
}
#ifdef __x86_64__
/* What rax holds again after a call by int $0x80 that was trapped: its low half. */
static void trap_compat(void) {
  static struct insn by_arch[] = {{0x20, 0, 0, 4}, {0x15, 1, 0, 0xc000003e}, {6, 0, 0, TRAP}, {6, 0, 0, ALLOW}};
  static struct prog compat = {4, by_arch};
  static const uint64_t numbers[] = {0x29a2b9c900000014, 0xffffffffffffffec, 0x80000014, 0x7e66b613f72da557};
  on(SIGSYS, trapped, SA_SIGINFO);
  sys5(__NR_prctl, NNP, 1, 0, 0, 0);
  sys3(__NR_seccomp, 1, 0, &compat);
  for (int i = 0; i < 4; i++) {
    uint64_t rax = numbers[i];
    __asm__ volatile("int $0x80" : "+a"(rax) : : "r8", "r9", "r10", "r11", "memory");
    say("  rax %x: %x\n", L(numbers[i]), L(rax));
  }
  finish(1);
}
#endif
static void trap_ignored(void) {
  struct action ign = {(void *)1, 0, 0, 0};
  sys4(__NR_rt_sigaction, SIGSYS, &ign, 0, 8);
  action = TRAP;
  call_it();
}
static void trap_blocked(void) {
  uint64_t set = 1ull << (SIGSYS - 1);
  on(SIGSYS, trapped, SA_SIGINFO);
  sys4(__NR_rt_sigprocmask, 0, &set, 0, 8);
  action = TRAP;
  call_it();
}
static void precedence(void) {
  sys5(__NR_prctl, NNP, 1, 0, 0, 0);
  install(ERRNO | 5, 0);
  say("  ERRNO 5: %d\n", sys0(__NR_getpgrp));
  install(ERRNO | 6, 0);
  say("  then ERRNO 6: %d\n", sys0(__NR_getpgrp));
  install(ALLOW, 0);
  say("  then ALLOW: %d\n", sys0(__NR_getpgrp));
  install(TRACE, 0);
  say("  then TRACE: %d\n", sys0(__NR_getpgrp));
  install(ERRNO | 0xffff, 0);
  say("  then ERRNO 65535: %d\n", sys0(__NR_getpgrp));
  say("  mode %d\n", sys5(__NR_prctl, GET, 0, 0, 0, 0));
  install(KILL_PROCESS, 0);
  sys0(__NR_getpgrp);
}
static void strict_write(void) {
  sys5(__NR_prctl, SET, STRICT, 0, 0, 0);
  sys3(__NR_write, 1, "  written\n", 10);
  sys1(__NR_exit, 4);
}
static void strict_getpid(void) { sys5(__NR_prctl, SET, STRICT, 0, 0, 0); sys0(__NR_getpid); }
static void strict_exit_group(void) { sys5(__NR_prctl, SET, STRICT, 0, 0, 0); sys1(__NR_exit_group, 0); }
static void strict_by_seccomp(void) {
  say("  flags %d, args %d\n", sys3(__NR_seccomp, 0, 1, 0), sys3(__NR_seccomp, 0, 0, &prog));
  sys3(__NR_seccomp, 0, 0, 0);
  sys1(__NR_exit, 6);
}
static void strict_rdtsc(void) {
  sys5(__NR_prctl, SET, STRICT, 0, 0, 0);
  __asm__ volatile("rdtsc" ::: "eax", "edx");
  sys1(__NR_exit, 0);
}
static void modes(void) {
  sys5(__NR_prctl, NNP, 1, 0, 0, 0);
  install(ALLOW, 0);
  say("  strict after filter: %d\n", sys5(__NR_prctl, SET, STRICT, 0, 0, 0));
}
static void inherited(void) {
  int status = 0;
  sys5(__NR_prctl, NNP, 1, 0, 0, 0);
  install(ERRNO | 9, 0);
  long pid = sys0(__NR_fork);
  if (!pid) finish(-sys0(__NR_getpgrp) + (sys5(__NR_prctl, GET_NNP, 0, 0, 0, 0) << 4));
  sys4(__NR_wait4, pid, &status, 0, 0);
  say("  child: %x\n", L(status));
}
static void unprivileged(void) {
  sys3(__NR_setresuid, 1000, 1000, 1000);
  struct prog bad = {4, (void *)16}, none = {0, on_getpgrp}, null = {4, 0};
  say("  no privilege %d, bad pointer %d, bad program %d, length %d\n", install(ALLOW, 0), sys3(__NR_seccomp, 1, 0, 16), sys3(__NR_seccomp, 1, 0, &bad), sys3(__NR_seccomp, 1, 0, &none));
  say("  nnp: bad %d %d, set %d, get %d, unset %d\n", sys5(__NR_prctl, NNP, 2, 0, 0, 0), sys5(__NR_prctl, NNP, 1, 1, 0, 0), sys5(__NR_prctl, NNP, 1, 0, 0, 0),
      sys5(__NR_prctl, GET_NNP, 0, 0, 0, 0), sys5(__NR_prctl, NNP, 0, 0, 0, 0));
  say("  bad program %d, null %d\n", sys3(__NR_seccomp, 1, 0, &bad), sys3(__NR_seccomp, 1, 0, &null));
  on_getpgrp[1].jt = 9;
  say("  jump beyond the end %d", install(ALLOW, 0));
  on_getpgrp[1].jt = 0;
  on_getpgrp[0].code = 0x28;
  say(", half-word load %d\n", install(ALLOW, 0));
  on_getpgrp[0].code = 0x20;
  say("  flags: unknown %d, wait without listener %d\n", install(ALLOW, 0x40), install(ALLOW, 0x20));
  say("  prctl: mode 3 %d, filter %d\n", sys5(__NR_prctl, SET, 3, 0, 0, 0), sys5(__NR_prctl, SET, FILTER, &prog, 0, 0));
}
static void available(void) {
  uint32_t values[] = {KILL_PROCESS, KILL_THREAD, TRAP, ERRNO, NOTIF, TRACE, LOG, ALLOW, 0x12345678};
  for (unsigned i = 0; i < sizeof values / 4; i++) say("  %x: %d\n", L(values[i]), sys3(__NR_seccomp, 2, 0, &values[i]));
  uint16_t sizes[3] = {0};
  long r = sys3(__NR_seccomp, 3, 0, sizes);
  say("  sizes %d: %d %d %d, flags %d, unknown operation %d\n", r, L(sizes[0]), L(sizes[1]), L(sizes[2]), sys3(__NR_seccomp, 3, 1, sizes), sys3(__NR_seccomp, 4, 0, 0));
}

static char stack[2][8192] __attribute__((aligned(16)));
static volatile int tid[2], go, done[2];
enum { THREAD = 0x100 | 0x200 | 0x400 | 0x800 | 0x10000 | 0x40000 | 0x100000 };
static void thread_body(int n) {
  while (!go) sys0(__NR_sched_yield);
  done[n] = (int)sys0(__NR_getpgrp);
  if (done[n] >= 0) done[n] = 1;
  for (;;) sys1(__NR_exit, 0);
}
static void start(int n) {
  long *sp = (long *)(stack[n] + sizeof stack[n]) - 4, r;
  sp[0] = n;
#ifdef __x86_64__
  __asm__ volatile("mov $56, %%eax; syscall; test %%eax, %%eax; jnz 1f; pop %%rdi; call thread_body_; 1:" : "=a"(r) : "D"((long)THREAD), "S"(sp), "d"(&tid[n]) : "rcx", "r11", "memory");
#else
  __asm__ volatile("push %%ebx; mov %%eax, %%ebx; mov $120, %%eax; int $0x80; test %%eax, %%eax; jnz 1f; pop %%eax; call thread_body_; 1: pop %%ebx" : "=a"(r) : "a"((long)THREAD), "c"(sp), "d"(&tid[n]) : "memory");
#endif
}
#ifdef __x86_64__
#define FIRST_IN_REGISTER
#else
#define FIRST_IN_REGISTER __attribute__((regparm(1)))
#endif
__attribute__((used)) FIRST_IN_REGISTER static void thread_entry(int n) __asm__("thread_body_");
FIRST_IN_REGISTER static void thread_entry(int n) { thread_body(n); }
static void wait_threads(int n) {
  for (int i = 0; i < n; i++) while (!done[i]) sys0(__NR_sched_yield);
}
static void no_tsync(void) {
  start(0);
  sys5(__NR_prctl, NNP, 1, 0, 0, 0);
  install(ERRNO | 8, 0);
  go = 1;
  wait_threads(1);
  say("  a thread born before: %d\n", L(done[0]));
}
static void tsync(void) {
  start(0);
  start(1);
  sys5(__NR_prctl, NNP, 1, 0, 0, 0);
  say("  install: %d\n", install(ERRNO | 8, 1));
  go = 1;
  wait_threads(2);
  say("  threads: %d %d\n", L(done[0]), L(done[1]));
}
static void kill_thread(void) {
  start(0);
  sys5(__NR_prctl, NNP, 1, 0, 0, 0);
  install(KILL_THREAD, 1);
  go = 1;
  for (int i = 0; i < 100; i++) sys0(__NR_sched_yield);
  long ts[2] = {0, 50000000};
  sys2(__NR_nanosleep, ts, 0);
  say("  the others live: %d\n", L(done[0]));
  finish(8);
}
static void kill_process_thread(void) {
  start(0);
  sys5(__NR_prctl, NNP, 1, 0, 0, 0);
  install(KILL_PROCESS, 1);
  go = 1;
  for (;;) sys0(__NR_sched_yield);
}

static int body(int argc, char **argv, char **envp) {
  (void)argc; (void)argv; (void)envp;
  static const struct { const char *name; uint32_t action; } actions[] = {
    {"ALLOW", ALLOW}, {"ALLOW with data", ALLOW | 5}, {"ERRNO 0", ERRNO}, {"ERRNO 13", ERRNO | 13}, {"ERRNO 5000", ERRNO | 5000}, {"LOG", LOG}, {"TRACE", TRACE},
    {"USER_NOTIF", NOTIF}, {"TRAP", TRAP}, {"KILL_THREAD", KILL_THREAD}, {"KILL_PROCESS", KILL_PROCESS}, {"unknown 0x00010000", 0x10000}, {"unknown 0x7ffb0000", 0x7ffb0000},
    {"unknown 0xffffffff", 0xffffffff},
  };
  for (unsigned i = 0; i < sizeof actions / sizeof *actions; i++) { action = actions[i].action; child(actions[i].name, call_it); }
  child("TRAP with a handler", trap_handled);
#ifdef __x86_64__
  child("TRAP of int $0x80", trap_compat);
#endif
  child("TRAP ignored", trap_ignored);
  child("TRAP blocked", trap_blocked);
  child("precedence", precedence);
  child("strict, write and exit", strict_write);
  child("strict, getpid", strict_getpid);
  child("strict, exit_group", strict_exit_group);
  child("strict by seccomp(2)", strict_by_seccomp);
  child("strict, rdtsc", strict_rdtsc);
  child("modes", modes);
  child("inherited", inherited);
  child("unprivileged", unprivileged);
  child("available", available);
  child("without TSYNC", no_tsync);
  child("with TSYNC", tsync);
  child("KILL_THREAD among threads", kill_thread);
  child("KILL_PROCESS among threads", kill_process_thread);
  return 0;
}
