// Tracing: every kind of stop, what the tracer reads and changes at it, how it ends.
#include "guest.h"
enum { SIGHUP = 1, SIGTRAP = 5, SIGKILL = 9, SIGUSR1 = 10, SIGUSR2 = 12, SIGCHLD = 17, SIGCONT = 18, SIGSTOP = 19 };
enum {
  TRACEME, PEEKTEXT, PEEKDATA, PEEKUSR, POKETEXT, POKEDATA, POKEUSR, CONT, KILL, SINGLESTEP, GETREGS = 12, SETREGS, ATTACH = 16, DETACH,
  SYSCALL = 24, GET_THREAD_AREA, SET_THREAD_AREA, ARCH_PRCTL = 30, SYSEMU, SETOPTIONS = 0x4200, GETEVENTMSG, GETSIGINFO, SETSIGINFO, GETREGSET, SETREGSET, SEIZE, INTERRUPT, LISTEN,
  PEEKSIGINFO, GETSIGMASK, SETSIGMASK, GET_FILTER, GET_METADATA, GET_SYSCALL_INFO, GET_RSEQ
};
enum { NT_386_TLS = 0x200 };
enum { O_GOOD = 1, O_FORK = 2, O_VFORK = 4, O_CLONE = 8, O_EXEC = 16, O_VFORKDONE = 32, O_EXIT = 64, O_SECCOMP = 128, O_EXITKILL = 0x100000, O_SUSPEND = 0x200000 };
enum { WNOHANG = 1, WALL = 0x40000000 };
#ifdef __x86_64__
enum { NREGS = 27, ORIG = 15, AX = 10, ARG1 = 14, IP = 16, FLAGS = 18 };
#else
enum { NREGS = 17, ORIG = 11, AX = 6, ARG1 = 0, IP = 12, FLAGS = 14 };
#endif
static long trace(long request, long pid, long addr, void *data) { return sys4(__NR_ptrace, request, pid, addr, data); }
static long reg(long pid, int r) {
  long regs[NREGS];
  trace(GETREGS, pid, 0, regs);
  return regs[r];
}
static void setReg(long pid, int r, long v) {
  long regs[NREGS];
  trace(GETREGS, pid, 0, regs);
  regs[r] = v;
  say("  setregs %d\n", trace(SETREGS, pid, 0, regs));
}
static int status;
static int await(long pid) {
  status = 0;
  long got = sys4(__NR_wait4, pid, &status, WALL, 0);
  if (got != pid && pid > 0) say("  wait: %d\n", got < 0 ? got : 0);
  return status;
}
static const char *call(long n) {
  return n == __NR_getpid ? "getpid" : n == __NR_getppid ? "getppid" : n == __NR_gettid ? "gettid" : n == __NR_exit_group ? "exit_group" : n == -1 ? "none" : n == __NR_kill ? "kill" : n == __NR_getpgrp ? "getpgrp" : "other";
}
static void info(long pid) {
  char si[128];
  long r = trace(GETSIGINFO, pid, 0, si);
  if (r < 0) say("  siginfo: %d\n", r);
  else say("  siginfo: signo %d errno %d code %x own pid %d\n", L((int)word(si, 0)), L((int)word(si, 4)), L(word(si, 8)), L((long)word(si, sizeof(long) == 8 ? 16 : 12) == pid));
}
static unsigned long message(long pid) {
  unsigned long m = 77;
  trace(GETEVENTMSG, pid, 0, &m);
  return m;
}
static void syscallInfo(long pid) {
  char b[96];
  for (int i = 0; i < 96; i++) b[i] = 0;
  long r = trace(GET_SYSCALL_INFO, pid, sizeof b, b);
  say("  syscall info: %d op %d arch %x", r, L(b[0]), L(word(b, 4)));
  if (b[0] == 1 || b[0] == 3) say(" %s(%x, %x)\n", call((long)*(uint64_t *)(b + 24)), L(word(b, 32)), L(word(b, 40)));
  else if (b[0] == 2) say(" error %d\n", L(b[32]));
  else say("\n");
}
static long run(void (*f)(void)) {
  long pid = sys0(__NR_fork);
  if (pid) return pid;
  f();
  finish(0);
  return 0;
}
static void raise_(int sig) { sys2(__NR_kill, sys0(__NR_getpid), sig); }
static int handled;
static void handler(int sig, void *si, void *uc) { (void)si; (void)uc; handled = sig; }

static void traceme(void) { trace(TRACEME, 0, 0, 0); }
static void signals_(void) {
  on(SIGUSR1, handler, 0);
  on(SIGUSR2, handler, 0);
  traceme();
  raise_(SIGUSR1);
  say("  child: handled %d\n", L(handled));
  raise_(SIGUSR1);
  say("  child: handled %d\n", L(handled));
  raise_(SIGUSR1);
  say("  child: handled %d\n", L(handled));
  raise_(SIGCHLD);
  raise_(SIGHUP);
  finish(3);
}
static void calls_(void) {
  traceme();
  raise_(SIGSTOP);
  long me = sys0(__NR_getpid);
  say("  child: getpid made getppid %d\n", L(sys0(__NR_getpid) != me));
  say("  child: skipped %d\n", sys0(__NR_gettid));
  say("  child: changed result %d\n", sys0(__NR_getppid));
  finish(4);
}
static int word_ = 0x1234;
static void steps_(void) {
  traceme();
  raise_(SIGSTOP);
  __asm__ volatile("nop\nnop\nnop\nnop");
  finish(0);
}
static void pauser(void) {
  on(SIGUSR1, handler, 0);
  for (;;) sys0(__NR_pause);
}
static void births(void) {
  traceme();
  raise_(SIGSTOP);
  long c = sys0(__NR_fork);
  if (!c) finish(1);
  sys4(__NR_wait4, c, 0, WALL, 0);
  c = sys2(__NR_clone, 0x100 | 0x4000 | SIGCHLD, 0);
  if (!c) finish(2);
  sys4(__NR_wait4, c, 0, WALL, 0);
  c = sys2(__NR_clone, SIGUSR1, 0);
  if (!c) finish(3);
  sys4(__NR_wait4, c, 0, WALL, 0);
  finish(5);
}
static void filtered(void) {
  struct { uint16_t code; uint8_t jt, jf; uint32_t k; } f[] = {{0x20, 0, 0, 0}, {0x15, 0, 1, __NR_getpgrp}, {6, 0, 0, 0x7ff00000 | 42}, {0x15, 0, 1, __NR_getppid}, {6, 0, 0, 0x50000 | 7}, {6, 0, 0, 0x7fff0000}};
  struct { uint16_t len; void *filter; } prog = {6, f};
  traceme();
  raise_(SIGSTOP);
  sys5(__NR_prctl, 38, 1, 0, 0, 0);
  sys3(__NR_seccomp, 1, 2, &prog);
  say("  child: getpgrp %d\n", L(sys0(__NR_getpgrp) > 0));
  say("  child: getpgrp made getppid %d\n", sys0(__NR_getpgrp));
  say("  child: skipped %d\n", sys0(__NR_getpgrp));
  say("  child: suspended %d\n", L(sys0(__NR_getppid) > 0));
  finish(6);
}
static void execs(void) {
  char *argv[] = {"x", "y", 0}, *envp[] = {0};
  traceme();
  raise_(SIGSTOP);
  sys3(__NR_execve, "/proc/self/exe", argv, envp);
  finish(99);
}

#ifdef __i386__
static unsigned values[2] = {41, 42};
/* Ends with the word at gs:0. */
static void threaded(void) {
  unsigned d[4] = {-1, (unsigned)values, 0xfffff, 1 | 1 << 4 | 1 << 6};
  sys1(__NR_set_thread_area, d);
  unsigned d2[4] = {-1, (unsigned)&values[1], 0xfffff, 1 | 1 << 4 | 1 << 6};
  sys1(__NR_set_thread_area, d2);
  __asm__ volatile("mov %0, %%gs" ::"r"(d[0] * 8 + 3));
  traceme();
  raise_(SIGSTOP);
  unsigned v;
  __asm__ volatile("mov %%gs:0, %0" : "=r"(v));
  finish(v);
}
/* Registers of a child, its gs cleared and restored, or another one. */
static void threadPointers(void) {
  for (int way = 0; way < 5; way++) {
    long c = run(threaded), regs[NREGS], other[NREGS];
    await(c);
    trace(GETREGS, c, 0, regs);
    for (int i = 0; i < NREGS; i++) other[i] = regs[i];
    other[10] = way == 3 ? regs[10] + 8 : way == 4 ? 0x7f : 0;
    if (way > 0) say("  other %d", trace(SETREGS, c, 0, other));
    if (way == 1) say(" back %d", trace(SETREGS, c, 0, regs));
    trace(CONT, c, 0, 0);
    say("  gs %d: %x\n", L(way), L(await(c)));
    if ((status & 0xff) == 0x7f) trace(CONT, c, 0, (void *)9), await(c);
  }
}
#else
static void threadPointers(void) {}
#endif
static int body(int argc, char **arguments, char **environment) {
  (void)arguments, (void)environment;
  long c, r;
  if (argc > 1) finish(8);

  say("signals\n");
  c = run(signals_);
  say(" %x\n", L(await(c)));
  info(c);
  trace(CONT, c, 0, (void *)SIGUSR1);
  say(" %x\n", L(await(c)));
  trace(CONT, c, 0, 0);
  say(" %x\n", L(await(c)));
  trace(CONT, c, 0, (void *)SIGUSR2);
  say(" ignored by default: %x\n", L(await(c)));
  say(" message of a signal: %d, bad signal %d, unknown %d\n", L(message(c)), trace(CONT, c, 0, (void *)65), trace(0x5555, c, 0, 0));
  trace(CONT, c, 0, (void *)SIGCHLD);
  say(" fatal: %x\n", L(await(c)));
  trace(CONT, c, 0, (void *)SIGHUP);
  say(" end: %x\n", L(await(c)));
  say(" gone: %d\n", trace(CONT, c, 0, 0));

  say("system calls\n");
  c = run(calls_);
  say(" %x\n", L(await(c)));
  say(" options: %d, bad %d\n", trace(SETOPTIONS, c, 0, (void *)O_GOOD), trace(SETOPTIONS, c, 0, (void *)0x800));
  int changed = 0, entries = 0;
  for (trace(SYSCALL, c, 0, 0); (await(c) & 0xff) == 0x7f; trace(SYSCALL, c, 0, 0)) {
    long nr = reg(c, ORIG);
    if (nr == __NR_write) continue;
    say(" stop %x message %d %s ax %d\n", L(status), L(message(c)), call(nr), L(nr == __NR_getpid || nr == __NR_getppid ? reg(c, AX) > 0 : nr == __NR_exit_group ? 0 : reg(c, AX)));
    if (message(c) == 1) {
      info(c);
      syscallInfo(c);
      if (nr == __NR_getpid && entries++ == 1) setReg(c, ORIG, __NR_getppid), changed = 1;
      if (nr == __NR_gettid) setReg(c, ORIG, -1), setReg(c, AX, 4711);
    } else if (nr == __NR_getppid && !changed--) syscallInfo(c), setReg(c, AX, -5);
  }
  say(" end: %x\n", L(status));

  say("emulation\n");
  c = run(calls_);
  await(c);
  trace(SETOPTIONS, c, 0, (void *)O_GOOD);
  for (int i = 0; i < 2; i++) {
    trace(SYSEMU, c, 0, 0);
    await(c);
    say(" %x %s\n", L(status), call(reg(c, ORIG)));
    setReg(c, AX, 100 + i);
  }
  trace(KILL, c, 0, 0);
  say(" end: %x\n", L(await(c)));

  say("steps\n");
  c = run(steps_);
  await(c);
  int nops = 0;
  for (int i = 0; i < 60 && (status & 0xff) == 0x7f; i++) {
    long ip = reg(c, IP), text = 0;
    trace(PEEKTEXT, c, ip, &text);
    if ((text & 0xff) == 0x90) nops++;
    trace(SINGLESTEP, c, 0, 0);
    if (await(c) != 0x57f) say(" %x\n", L(status));
    if (nops == 2 && (text & 0xff) == 0x90) {
      say(" hidden TF %d\n", L(reg(c, FLAGS) & 0x100));
      info(c);
    }
  }
  say(" nops %d\n", L(nops));
  trace(KILL, c, 0, 0);
  await(c);

  say("memory\n");
  c = run(steps_);
  await(c);
  long v = 0;
  say(" peek %d, %x\n", trace(PEEKDATA, c, (long)&word_, &v), L((int)v));
  say(" poke %d\n", trace(POKEDATA, c, (long)&word_, (void *)0x5678));
  trace(PEEKDATA, c, (long)&word_, &v);
  say(" %x, mine %x\n", L((int)v), L(word_));
  say(" peek nothing %d, to nowhere %d\n", trace(PEEKDATA, c, 8, &v), trace(PEEKDATA, c, (long)&word_, (void *)8));
  say(" user: %d %d odd %d far %d poke %d\n", trace(PEEKUSR, c, IP * sizeof(long), &v), L(v == reg(c, IP)), trace(PEEKUSR, c, 1, &v), trace(PEEKUSR, c, 5000, &v), trace(POKEUSR, c, AX * sizeof(long), (void *)99));
  say(" ax %d\n", reg(c, AX));
  long iov[2] = {(long)&v, sizeof v};
  say(" regset %d, length %d; unknown %d\n", trace(GETREGSET, c, 1, iov), iov[1], trace(GETREGSET, c, 0x999, iov));
  struct { unsigned entry, base, limit, flags; } area[3] = {{0, 0, 0, 0}}, got = {0, 0, 0, 0};
  area[0].entry = 77, area[0].base = 0x1234000, area[0].limit = 0xfffff, area[0].flags = 0x51;
  say(" thread area: negative %d far %d none %d\n", trace(GET_THREAD_AREA, c, -1, area), trace(GET_THREAD_AREA, c, 20, &got), trace(GET_THREAD_AREA, c, 12, 0));
  r = trace(GET_THREAD_AREA, c, 12, &got);
  say(" empty %d %x, set far %d none %d", r, L(got.flags), trace(SET_THREAD_AREA, c, 20, area), trace(SET_THREAD_AREA, c, 13, (void *)8));
  say(" %d\n", trace(SET_THREAD_AREA, c, 13, area));
  r = trace(GET_THREAD_AREA, c, 13, &got);
  say(" is %d entry %d base %x limit %x flags %x\n", r, L(got.entry), L(got.base), L(got.limit), L(got.flags));
  for (int i = 0; i < 3; i++) area[i] = area[0], area[i].base += i;
  iov[0] = (long)area, iov[1] = 40;
  say(" areas as a set: %d", trace(SETREGSET, c, NT_386_TLS, iov));
  iov[1] = 32;
  say(" %d", trace(SETREGSET, c, NT_386_TLS, iov));
  area[0].base = 0, iov[1] = 64;
  r = trace(GETREGSET, c, NT_386_TLS, iov);
  say(" %d %d: %x, last %d\n", r, iov[1], L(area[0].base), L(area[2].entry));
  area[1].flags = 0, iov[1] = 48;
  say(" code %d", trace(SETREGSET, c, NT_386_TLS, iov));
  v = 0;
  r = trace(ARCH_PRCTL, c, (long)&v, (void *)0x1003);
  say(" bases: fs %d %x, set", r, v);
  say(" %d", trace(ARCH_PRCTL, c, 0x5678000, (void *)0x1002));
  say(" %d bad %d", trace(ARCH_PRCTL, c, 0x9abc000, (void *)0x1001), trace(ARCH_PRCTL, c, -1, (void *)0x1002));
  for (long code = 0x1003; code < 0x1005; code++) {
    r = trace(ARCH_PRCTL, c, (long)&v, (void *)code);
    say(" get %d %x", r, v);
  }
  say(" nowhere %d other %d\n", trace(ARCH_PRCTL, c, 8, (void *)0x1003), trace(ARCH_PRCTL, c, 0, (void *)0x1011));
  uint64_t rseq[3] = {1, 2, 3};
  say(" rseq: %d to nowhere %d", trace(GET_RSEQ, c, 16, rseq), trace(GET_RSEQ, c, 24, (void *)8));
  say(", area %d size and signature %x, not written %d\n", L(rseq[0] == 0), L(rseq[1]), L(rseq[2]));
  iov[0] = (long)&v, iov[1] = sizeof v;
  uint64_t mask = 0;
  say(" mask %d", trace(GETSIGMASK, c, 8, &mask));
  mask = 1 << (SIGUSR1 - 1);
  say(" %d", trace(SETSIGMASK, c, 8, &mask));
  say(" bad size %d\n", trace(GETSIGMASK, c, 4, &mask));
  sys2(__NR_kill, c, SIGUSR1);
  say(" detach %d\n", trace(DETACH, c, 0, 0));
  say(" end: %x\n", L(await(c)));

  say("attach\n");
  c = run(pauser);
  say(" self %d, nobody %d\n", trace(ATTACH, sys0(__NR_getpid), 0, 0), trace(ATTACH, 999999, 0, 0));
  say(" not traced %d\n", trace(CONT, c, 0, 0));
  r = trace(ATTACH, c, 0, 0);
  say(" attach %d, twice %d\n", r, trace(ATTACH, c, 0, 0));
  say(" %x\n", L(await(c)));
  info(c);
  trace(CONT, c, 0, 0);
  say(" running: %d\n", trace(PEEKUSR, c, 0, &v));
  say(" interrupt: %d\n", trace(INTERRUPT, c, 0, 0));
  sys2(__NR_kill, c, SIGSTOP);
  say(" %x\n", L(await(c)));
  trace(CONT, c, 0, (void *)SIGSTOP);
  say(" group stop %x\n", L(await(c)));
  info(c);
  trace(CONT, c, 0, 0);
  sys2(__NR_kill, c, SIGUSR1);
  say(" %x\n", L(await(c)));
  say(" detach %d\n", trace(DETACH, c, 0, (void *)SIGKILL));
  say(" end %x\n", L(await(c)));

  say("seize\n");
  c = run(pauser);
  say(" bad address %d, bad option %d\n", trace(SEIZE, c, 8, 0), trace(SEIZE, c, 0, (void *)0x800));
  say(" seize %d\n", trace(SEIZE, c, 0, (void *)O_EXITKILL));
  say(" nothing: %d\n", sys4(__NR_wait4, c, &status, WNOHANG | WALL, 0));
  say(" interrupt %d", trace(INTERRUPT, c, 0, 0));
  say(" %x\n", L(await(c)));
  info(c);
  trace(CONT, c, 0, 0);
  sys2(__NR_kill, c, SIGSTOP);
  say(" %x\n", L(await(c)));
  trace(CONT, c, 0, (void *)SIGSTOP);
  say(" group stop %x\n", L(await(c)));
  info(c);
  say(" listen %d\n", trace(LISTEN, c, 0, 0));
  say(" nothing: %d, busy %d\n", sys4(__NR_wait4, c, &status, WNOHANG | WALL, 0), trace(CONT, c, 0, 0));
  sys2(__NR_kill, c, SIGCONT);
  say(" continued %x\n", L(await(c)));
  trace(CONT, c, 0, 0);
  say(" %x\n", L(await(c)));
  sys2(__NR_kill, c, SIGKILL);
  say(" end %x\n", L(await(c)));

  say("births\n");
  c = run(births);
  await(c);
  trace(SETOPTIONS, c, 0, (void *)(O_FORK | O_VFORK | O_CLONE | O_VFORKDONE | O_EXIT));
  trace(CONT, c, 0, 0);
  long born = 0;
  for (;;) {
    await(c);
    if ((status & 0xff) != 0x7f) break;
    int event = status >> 16;
    if (!event) {
      // the death of its child
      trace(CONT, c, 0, (void *)L((status >> 8) & 0xff));
      continue;
    }
    say(" event %d\n", L(event));
    if (event == 6) say("  status %x\n", message(c));
    if (event <= 3) {
      born = message(c);
      say("  child %x", L(await(born)));
      trace(CONT, born, 0, 0);
      say(" %x", L(await(born)));
      say(" status %x\n", message(born));
      trace(CONT, born, 0, 0);
      if (event == 2) {
        trace(CONT, c, 0, 0);
        await(c);
        say("  done %x same %d\n", L(status >> 16), L((long)message(c) == born));
      }
      say("  end %x\n", L(await(born)));
    }
    trace(CONT, c, 0, 0);
  }
  say(" end %x\n", L(status));

  say("filters\n");
  c = run(filtered);
  await(c);
  trace(SETOPTIONS, c, 0, (void *)O_SECCOMP);
  trace(CONT, c, 0, 0);
  await(c);
  say(" %x message %d %s\n", L(status), L(message(c)), call(reg(c, ORIG)));
  info(c);
  syscallInfo(c);
  char insns[64];
  long md[4] = {0, 0, 0, 0};
  say(" filter: %d, again %d, none %d; metadata %d flags %d\n", trace(GET_FILTER, c, 0, 0), trace(GET_FILTER, c, 0, insns), trace(GET_FILTER, c, 1, 0), trace(GET_METADATA, c, 16, md), L(word(md, 8)));
  trace(CONT, c, 0, 0);
  await(c);
  setReg(c, ORIG, __NR_getppid);
  trace(CONT, c, 0, 0);
  await(c);
  setReg(c, ORIG, -1);
  setReg(c, AX, 31);
  say(" suspend %d\n", trace(SETOPTIONS, c, 0, (void *)(O_SECCOMP | O_SUSPEND)));
  trace(CONT, c, 0, 0);
  say(" end %x\n", L(await(c)));

  say("exec\n");
  for (int option = 0; option < 2; option++) {
    c = run(execs);
    await(c);
    trace(SETOPTIONS, c, 0, (void *)L(option ? O_EXEC : 0));
    trace(CONT, c, 0, 0);
    await(c);
    say(" %x same %d\n", L(status), option ? L((long)message(c) == c) : 0L);
    info(c);
    trace(CONT, c, 0, 0);
    say(" end %x\n", L(await(c)));
  }

  say("thread pointers\n");
  threadPointers();

  say("a tracer that is not the parent\n");
  c = run(pauser);
  long tracer = sys0(__NR_fork);
  if (!tracer) {
    r = trace(ATTACH, c, 0, 0);
    await(c);
    say("  tracer: %d %x\n", r, L(status));
    trace(CONT, c, 0, 0);
    sys2(__NR_kill, c, SIGKILL);
    say("  tracer sees the end: %x\n", L(await(c)));
    say("  and nothing more: %d\n", sys4(__NR_wait4, c, 0, WALL, 0));
    finish(0);
  }
  await(tracer);
  say(" parent sees it: %x\n", L(await(c)));

  say("a tracer that ends\n");
  c = run(pauser);
  long gone = run(births);
  await(gone);
  say(" %x\n", L(status));
  tracer = sys0(__NR_fork);
  if (!tracer) {
    trace(SEIZE, c, 0, (void *)O_EXITKILL);
    finish(0);
  }
  await(tracer);
  say(" killed: %x\n", L(await(c)));
  trace(KILL, gone, 0, 0);
  await(gone);
  return 7;
}
