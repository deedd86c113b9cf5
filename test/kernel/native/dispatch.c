// Syscall User Dispatch, and PR_SET_MDWE.
#include "guest.h"
#define DISPATCH(mode, offset, length, selector) sys5(__NR_prctl, 59, mode, offset, length, selector)
struct info { int signo, errno_, code, pad[sizeof(long) / 8]; void *address; int number; unsigned arch; };
static char selector __attribute__((aligned(8)));
static int count __attribute__((aligned(8)));
static struct info seen;
static unsigned long result;
#ifdef __x86_64__
enum { AX = 5 + 13 };
#else
enum { AX = 5 + 11 };
#endif
static void handler(int signo, void *info, void *machine) {
  struct info *i = info;
  unsigned long *context = machine;
  selector = 0;
  count++;
  seen = *i;
  result = context[AX];
  context[AX] = 77;
}
static void again(void) { selector = 1; }
static int body(int argc, char **argv, char **envp) {
  struct action a = {handler, 4 | 0x04000000, restore, 0};
  say("handler %d\n", sys4(__NR_rt_sigaction, 31, &a, 0, 8));
  say("mode %d", DISPATCH(2, 0, 0, 0));
  say(", off with offset %d", DISPATCH(0, 1, 0, 0));
  say(" length %d", DISPATCH(0, 0, 1, 0));
  say(" selector %d", DISPATCH(0, 0, 0, &selector));
  say(", nothing %d", DISPATCH(0, 0, 0, 0));
  say(", empty %d", DISPATCH(1, 1, 0, &selector));
  say(" overflow %d", DISPATCH(1, 1, -1L, &selector));
  say(" %d\n", DISPATCH(1, -1L, 1, &selector));
  say("on %d\n", DISPATCH(1, 0, 0, &selector));
  again();
  long r = sys0(9999);
  say("result %d, calls %d, code %d errno %d number %d arch %x here %d, number kept %d\n", r, L(count), L(seen.code), L(seen.errno_), L(seen.number),
      (unsigned long)seen.arch, L((char *)seen.address > (char *)sys6 - 4096 && (char *)seen.address < (char *)sys6 + 65536), L(result));
  again();
  r = sys0(__NR_getpid);
  say("getpid %d, number %d\n", r, L(seen.number));
  // Children have none.
  again();
  selector = 0;
  long pid = sys0(__NR_fork);
  if (pid == 0) {
    selector = 1;
    finish(sys0(__NR_getppid) > 0 ? 5 : 6);
  }
  say("child %x\n", (unsigned long)end(pid));
  // Values of the byte, and a selector that is not there.
  for (int i = 0; i < 3; i++) {
    pid = sys0(__NR_fork);
    if (pid == 0) {
      DISPATCH(1, 0, 0, i == 2 ? (char *)4096 : &selector);
      selector = i == 0 ? 2 : 1;
      if (i == 1) {
        // Blocked and nobody handles it.
        selector = 0;
        uint64_t all = ~0ull;
        sys4(__NR_rt_sigprocmask, 0, &all, 0, 8);
        selector = 1;
      }
      sys0(__NR_getpid);
      finish(1);
    }
    say("end %x\n", (unsigned long)end(pid));
  }
  // A region that covers all code.
  say("all code %d", DISPATCH(1, 4096, 0x7fff0000, &selector));
  selector = 1;
  count = 0;
  sys0(__NR_getpid);
  say(", calls %d\n", L(count));
  // A tracer reads and sets it.
  pid = sys0(__NR_fork);
  if (pid == 0) {
    sys4(__NR_ptrace, 0, 0, 0, 0);
    sys2(__NR_kill, sys0(__NR_getpid), 19);
    sys0(9998);
    finish(count == 1 ? 3 : 4);
  }
  int status;
  sys4(__NR_wait4, pid, &status, 2, 0);
  uint64_t config[4] = {9, 9, 9, 9};
  say("size %d", sys4(__NR_ptrace, 0x4211, pid, 24, config));
  say(", read %d", sys4(__NR_ptrace, 0x4211, pid, 32, config));
  say(": %d %d %d %d", L(config[0]), L(config[1]), L(config[2]), L(config[3]));
  config[0] = 1, config[1] = (unsigned long)&selector, config[2] = 0, config[3] = 0;
  selector = 1;
  count = 0;
  sys4(__NR_ptrace, 5, pid, &count, *(long *)&count);
  sys4(__NR_ptrace, 5, pid, &selector, *(long *)&selector);
  selector = 0;
  say(", set %d", sys4(__NR_ptrace, 0x4210, pid, 32, config));
  say(", read %d: %d %d\n", sys4(__NR_ptrace, 0x4211, pid, 32, config), L(config[0]), L(config[1] == (unsigned long)&selector));
  sys4(__NR_ptrace, 7, pid, 0, 0);
  sys4(__NR_wait4, pid, &status, 2, 0);
  say("stopped by %x", (unsigned long)status);
  sys4(__NR_ptrace, 7, pid, 0, 31);
  say(", end %x\n", (unsigned long)end(pid));
  say("off %d\n", DISPATCH(0, 0, 0, 0));
  selector = 0;

  say("mdwe %d", sys5(__NR_prctl, 66, 0, 0, 0, 0));
  say(", bad %d", sys5(__NR_prctl, 65, 4, 0, 0, 0));
  say(" %d", sys5(__NR_prctl, 65, 2, 0, 0, 0));
  say(" %d", sys5(__NR_prctl, 65, 1, 1, 0, 0));
  say(" %d\n", sys5(__NR_prctl, 66, 1, 0, 0, 0));
  for (int inherit = 0; inherit < 2; inherit++) {
    pid = sys0(__NR_fork);
    if (pid == 0) {
      say("set %d", sys5(__NR_prctl, 65, inherit ? 1 : 3, 0, 0, 0));
      say(", again %d", sys5(__NR_prctl, 65, inherit ? 1 : 3, 0, 0, 0));
      say(", other %d", sys5(__NR_prctl, 65, inherit ? 3 : 1, 0, 0, 0));
      say(", none %d", sys5(__NR_prctl, 65, 0, 0, 0, 0));
      say(", now %d\n", sys5(__NR_prctl, 66, 0, 0, 0, 0));
      for (int generation = 0; generation < 2; generation++) {
#ifdef __x86_64__
#define MAP(prot) sys6(__NR_mmap, 0, 4096, prot, 0x22, -1, 0)
#else
#define MAP(prot) sys6(__NR_mmap2, 0, 4096, prot, 0x22, -1, 0)
#endif
        long wx = MAP(6), rx = MAP(5), rw = MAP(3);
        say(" write and execute %d, execute %d", wx < 0 && wx > -4096 ? wx : 0, rx < 0 && rx > -4096 ? rx : 0);
        say(", gain %d", sys3(__NR_mprotect, rw, 4096, 5));
        say(", keep %d", sys3(__NR_mprotect, rx, 4096, 4));
        say(", write too %d", sys3(__NR_mprotect, rx, 4096, 7));
        say(", lose %d\n", sys3(__NR_mprotect, rx, 4096, 1));
        if (generation == 0) {
          pid = sys0(__NR_fork);
          if (pid > 0) {
            end(pid);
            finish(0);
          }
          say(" child %d\n", sys5(__NR_prctl, 66, 0, 0, 0, 0));
        }
      }
      finish(0);
    }
    end(pid);
  }
  return 0;
}
