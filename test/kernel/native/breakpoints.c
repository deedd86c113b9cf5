// The debug registers through ptrace: watchpoints and breakpoints of a traced child, and the values that are refused.
#include "guest.h"
#define TRACEME 0
#define PEEKUSER 3
#define POKEUSER 6
#define CONT 7
#define STEP 9
#define GETSIGINFO 0x4202
#define DR(n) ((sizeof(long) == 8 ? 848 : 252) + (n) * (long)sizeof(long))
static long peek(long pid, long offset) {
  long v = 0, r = sys4(__NR_ptrace, PEEKUSER, pid, offset, &v);
  return r < 0 ? r : v;
}
static long poke(long pid, long offset, long v) { return sys4(__NR_ptrace, POKEUSER, pid, offset, v); }
static volatile struct { char before[8], bytes[16], after[8]; } area __attribute__((aligned(16)));
__attribute__((noinline)) static void place(void) { __asm__ volatile("" ::: "memory"); }
static void tracee(void) {
  static char from[16];
  sys4(__NR_ptrace, TRACEME, 0, 0, 0);
  sys2(__NR_kill, sys0(__NR_getpid), 19);
  area.bytes[0] = 1;
  area.before[7] = 1;
  area.after[0] = 1;
  char c = area.bytes[3];
  area.bytes[3] = c + 1;
  *(volatile short *)&area.bytes[7] = 5;
  *(volatile long *)&area.bytes[8] += 1;
  void *to = (void *)area.bytes, *source = from;
  long n = 16;
  __asm__ volatile("rep movsb" : "+D"(to), "+S"(source), "+c"(n) : : "memory");
  // The kernel's own accesses do not count.
  sys3(__NR_read, -1, (char *)area.bytes, 4);
  for (int i = 0; i < 3; i++) place();
  finish(7);
}
static long stop(long pid, int how) {
  int status = 0;
  sys4(__NR_ptrace, how, pid, 0, 0);
  sys4(__NR_wait4, pid, &status, 0, 0);
  return status;
}
static void watch(const char *what, int control, void *at) {
  long pid = sys0(__NR_fork);
  if (pid == 0) tracee();
  int status = 0;
  sys4(__NR_wait4, pid, &status, 0, 0);
  say("%s: address %d, control %d", what, poke(pid, DR(0), L(at)), poke(pid, DR(7), control));
  say(" = %d %x", L(peek(pid, DR(0)) == L(at)), peek(pid, DR(7)));
  int stops = 0;
  while (((status = (int)stop(pid, CONT)) & 0xff) == 0x7f && stops < 40) {
    int info[32] = {0};
    sys4(__NR_ptrace, GETSIGINFO, pid, 0, info);
    if (stops++ < 3) say(" [%x code %d status %x bytes %d]", L(status), L(info[2]), peek(pid, DR(6)) & 0xf, L(area.bytes[0]));
    poke(pid, DR(6), 0);
  }
  say(" %d stops, end %x\n", L(stops), L(status));
}
static void refused(void) {
  long pid = sys0(__NR_fork);
  if (pid == 0) tracee();
  end(pid);
  int status = 0;
  say("initial");
  for (int n = 0; n < 8; n++) say(" %x", peek(pid, DR(n)));
  say("\n kernel address %d, top %d, odd offset %d, behind %d", poke(pid, DR(0), sizeof(long) == 8 ? -4096 : 0), poke(pid, DR(1), ~0ul >> 1), poke(pid, DR(0) + 1, 0), poke(pid, DR(8), 0));
  say(" DR4 %d DR5 %d\n", poke(pid, DR(4), 0), poke(pid, DR(5), 1));
  say(" misaligned %d then %d, length 2 %d, I/O %d, code of 4 bytes %d\n", poke(pid, DR(0), 1), poke(pid, DR(7), 0xd0001), poke(pid, DR(7), 0x50001), poke(pid, DR(7), 0x20001), poke(pid, DR(7), 0xc0001));
  say(" after that %x %x\n", peek(pid, DR(0)), peek(pid, DR(7)));
  say(" four at once %d %d %d", poke(pid, DR(1), 0x1000), poke(pid, DR(2), 0x2000), poke(pid, DR(3), 0x3000));
  say(" %d = %x\n", poke(pid, DR(7), L(0xffff5555l & 0x1111ffff)), peek(pid, DR(7)));
  say(" status %d = %x\n", poke(pid, DR(6), 0x4001), peek(pid, DR(6)));
  sys2(__NR_kill, pid, 9);
  sys4(__NR_wait4, pid, &status, 0, 0);
}
#ifdef __x86_64__
static void words(void) {
  long pid = sys0(__NR_fork);
  int status = 0;
  if (pid == 0) {
    sys4(__NR_ptrace, TRACEME, 0, 0, 0);
    sys2(__NR_kill, sys0(__NR_getpid), 19);
    sys2(__NR_arch_prctl, 0x1001, 0x1234);
    __asm__ volatile("mov $0xabcdef0000000027, %%rax; syscall" : : : "rax", "rcx", "r11", "memory");
    __asm__ volatile("mov $0xffffffc0, %%eax; syscall" : : : "rax", "rcx", "r11", "memory");
    __asm__ volatile("mov $-1, %%eax; syscall" : : : "rax", "rcx", "r11", "memory");
    __asm__ volatile("mov $0xabcdef0000000014, %%rax; int $0x80" : : : "rax", "r8", "r9", "r10", "r11", "memory");
    unsigned gs;
    unsigned long base = 0;
    __asm__ volatile("mov %%gs, %0" : "=r"(gs));
    sys2(__NR_arch_prctl, 0x1004, &base);
    say(" child: gs %x base %x\n", L(gs), base);
    finish(1);
  }
  sys4(__NR_wait4, pid, &status, 0, 0);
  say("orig_rax\n");
  for (int i = 0; i < 12; i++) {
    if ((stop(pid, 24) & 0xff) != 0x7f) return;
    if (i > 1 && i < 10) say(" %x\n", peek(pid, 120));
  }
  say("gs %x base %x, poke %d", peek(pid, 26 * 8), peek(pid, 22 * 8), poke(pid, 26 * 8, 7));
  say(": gs %x base %x, bad %d\n", peek(pid, 26 * 8), peek(pid, 22 * 8), poke(pid, 26 * 8, 4));
  stop(pid, CONT);
}
#endif
static int body(int argc, char **argv, char **envp) {
  refused();
  watch("a byte written", 0x10001, (void *)&area.bytes[0]);
  watch("a byte read or written", 0x30001, (void *)&area.bytes[3]);
  watch("four bytes written", 0xd0001, (void *)&area.bytes[8]);
  watch("two bytes, enabled globally", 0x50002, (void *)&area.bytes[8]);
  watch("eight bytes", 0x90001, (void *)&area.bytes[8]);
  watch("code", 0x1, (void *)place);
  watch("nothing enabled", 0, (void *)place);
#ifdef __x86_64__
  words();
#endif
  return 0;
}
