// Restartable sequences: who may register what, what the kernel writes there, when a sequence goes on at its abort handler.
#include "guest.h"
enum { SIGALRM = 14, SIGCHLD = 17, SIGNATURE = 0x53053053, UNREGISTER = 1 };
struct rseq { uint32_t cpu_id_start, cpu_id; uint64_t rseq_cs; uint32_t flags, node_id, mm_cid, pad; };
struct rseq_cs { uint32_t version, flags; uint64_t start_ip, post_commit_offset, abort_ip; };
struct rseq area __attribute__((aligned(32))), other __attribute__((aligned(32)));
struct rseq_cs sequence __attribute__((aligned(32)));

static long reg(void *at, long size, long flags, long sig) { return sys4(__NR_rseq, at, size, flags, sig); }
static void show(const char *what) {
  say("  %s: cpu %s, start %s, in a sequence %d\n", what, (int)area.cpu_id >= 0 ? "known" : "none", area.cpu_id_start == area.cpu_id ? "the same" : "0",
      L(area.rseq_cs != 0));
}
#define CHILD(...) \
  do { \
    long pid = sys2(__NR_clone, SIGCHLD, 0); \
    if (pid == 0) { __VA_ARGS__; sys1(__NR_exit_group, 0); } \
    say("  ended with %x\n", L(end(pid))); \
  } while (0)

volatile int rang;
extern char sequence_start[], sequence_end[], sequence_abort[];
// Spins inside of a sequence until the flag is up (1) or the kernel has sent it to the abort handler (2).
long spin(void);
__asm__(
    "spin: jmp 1f\n"
    " .long 0x53053053\n"
    "sequence_abort: mov $2, %eax\n ret\n"
#ifdef __x86_64__
    "1: movq $sequence, area + 8\n"
#else
    "1: movl $sequence, area + 8\n"
#endif
    "sequence_start: cmpl $0, rang\n je sequence_start\n"
    "sequence_end: mov $1, %eax\n ret\n");
#ifdef __x86_64__
enum { IP = 40 + 128 };
#else
enum { IP = 20 + 56 };
#endif
static void ring(int sig, void *si, void *uc) {
  (void)si;
  unsigned long ip = longAt(uc, IP);
  say("  signal %d inside of the sequence: %d, still in a sequence %d\n", L(sig), L(ip >= (unsigned long)sequence_start && ip < (unsigned long)sequence_end),
      L(area.rseq_cs != 0));
  rang = 1;
}
static void alarm_in(long us) {
  long timer[4] = {0, 0, 0, us};
  rang = 0;
  sys3(__NR_setitimer, 0, timer, 0);
}
/* A preemption restarts it as well, so it may take several: how many were there? */
static int spin_until_it_rings(void) {
  int restarted = 0;
  while (!rang) restarted += spin() == 2;
  return restarted;
}
static void spoil(const char *what) {
  say(" %s\n", what);
  CHILD(on(SIGALRM, ring, SA_SIGINFO); alarm_in(20000); say("  restarted %d\n", L(spin_until_it_rings() > 0)));
}

static int body(int argc, char **argv, char **envp) {
  (void)argc; (void)argv; (void)envp;
  say("register\n");
  say("  small %d, askew %d, flags %d\n", reg(&area, 20, 0, SIGNATURE), reg((char *)&area + 4, 32, 0, SIGNATURE), reg(&area, 32, 2, SIGNATURE));
  say("  nothing to leave %d\n", reg(&area, 32, UNREGISTER, SIGNATURE));
  say("  well %d\n", reg(&area, 32, 0, SIGNATURE));
  show("then");
  say("  again %d, with another signature %d, elsewhere %d, longer %d\n", reg(&area, 32, 0, SIGNATURE), reg(&area, 32, 0, 5), reg(&other, 32, 0, SIGNATURE),
      reg(&area, 64, 0, SIGNATURE));
  say("  leave with another signature %d, elsewhere %d, another size %d\n", reg(&area, 32, UNREGISTER, 5), reg(&other, 32, UNREGISTER, SIGNATURE),
      reg(&area, 64, UNREGISTER, SIGNATURE));
  say("  leave %d\n", reg(&area, 32, UNREGISTER, SIGNATURE));
  show("then");
  say("  null %d, then well %d\n", reg(0, 32, 0, SIGNATURE), reg(&area, 32, 0, SIGNATURE));

  say("children\n");
  CHILD(show("a copy"); say("  again %d\n", reg(&area, 32, 0, SIGNATURE)));

  sequence.start_ip = (unsigned long)sequence_start;
  sequence.post_commit_offset = sequence_end - sequence_start;
  sequence.abort_ip = (unsigned long)sequence_abort;
  spoil("a signal inside of a sequence");
  say(" a signal outside\n");
  on(SIGALRM, ring, SA_SIGINFO);
  rang = 1;
  say("  through %d\n", spin());
  sys2(__NR_kill, sys0(__NR_getpid), SIGALRM);
  show("after it");
  area.rseq_cs = 0;

  sequence.abort_ip -= 1;
  spoil("no signature before the handler");
  sequence.abort_ip = (unsigned long)sequence_start;
  spoil("the handler inside");
  sequence.abort_ip = (unsigned long)sequence_abort;
  sequence.version = 1;
  spoil("another version");
  sequence.version = 0;
  sequence.flags = 1;
  spoil("flags");
  sequence.flags = 0;
  sequence.post_commit_offset = -1;
  spoil("endless");
  return 0;
}
