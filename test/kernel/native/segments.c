// Descriptors and segment bases of user code: modify_ldt, set_thread_area, arch_prctl, and what the segment registers then do.
#include "guest.h"
struct desc { unsigned entry, base, limit, flags; };
enum { SEG_32BIT = 1, DATA = 0, EXPAND_DOWN = 2, CODE = 4, CONFORMING = 6, READ_ONLY = 8, PAGES = 16, ABSENT = 32, USEABLE = 64 };
static int words[4] __attribute__((aligned(16))) = {11, 22, 33, 44};
static long ldt(unsigned entry, void *base, unsigned limit, unsigned flags) {
  struct desc d = {entry, (unsigned)(unsigned long)base, limit, flags};
  return sys3(__NR_modify_ldt, 1 + 0x10, &d, sizeof d);
}
static void *resume;
static void fault(int sig, void *si, void *uc) {
#ifdef __x86_64__
  enum { IP = 40 + 128, ERR = 40 + 152, TRAPNO = 40 + 160 };
#else
  enum { IP = 20 + 56, ERR = 20 + 52, TRAPNO = 20 + 48 };
#endif
  say("  signal %d code %x trapno %d err %x\n", L(sig), L(word(si, 8)), L(word(uc, TRAPNO)), L(word(uc, ERR)));
  *(unsigned long *)((char *)uc + IP) = (unsigned long)resume;
}
/* Loads es with a selector and reads a word through it; -1 after a fault. */
static long through(unsigned selector, unsigned long offset) {
  long value;
#ifdef __x86_64__
  __asm__ volatile("lea 9f(%%rip), %%rax; mov %%rax, %1; mov $-1, %0; mov %%fs, %%ebx; mov %w2, %%fs; mov %%fs:(%3), %k0; movslq %k0, %0\n9: mov %%ebx, %%fs"
                   : "=&r"(value), "=m"(resume) : "r"(selector), "r"(offset) : "rax", "rbx", "memory");
#else
  __asm__ volatile("movl $9f, %1; mov $-1, %0; mov %w2, %%fs; mov %%fs:(%3), %0\n9: xor %%eax, %%eax; mov %%eax, %%fs"
                   : "=&r"(value), "=m"(resume) : "r"(selector), "r"(offset) : "eax", "memory");
#endif
  return value;
}
#define LDT(n) ((n) << 3 | 7)
/* Far pointers in memory, by one instruction that is passed again and again. */
static void pointers(void) {
  struct pointer { unsigned offset; unsigned short selector; } __attribute__((packed)) p;
  for (unsigned i = 0; i < 5; i++) {
    unsigned before, offset, selector;
    p = (struct pointer){0x01020304 * (i + 1), LDT(i % 2 ? 3 : 5)};
    __asm__ volatile("mov %%fs, %0; lfs %3, %1; mov %%fs, %2; mov %0, %%fs" : "=&r"(before), "=&r"(offset), "=&r"(selector) : "m"(p));
    say(" far pointer %x:%x\n", L(selector), L(offset));
  }
}

static int body(int argc, char **argv, char **envp) {
  (void)argc; (void)argv; (void)envp;
  char b[64];
  for (int s = 7; s < 12; s += 4) on(s, fault, SA_SIGINFO | SA_NODEFER);
  say("modify_ldt\n");
  say(" read of none: %d, unknown function %d, wrong size %d, bad pointer %d\n", sys3(__NR_modify_ldt, 0, b, 64), L((int)sys3(__NR_modify_ldt, 7, b, 64)),
      L((int)sys3(__NR_modify_ldt, 1, b, 15)), L((int)sys3(__NR_modify_ldt, 1, 16, 16)));
  say(" entry out of range %d, conforming present %d\n", L((int)ldt(8192, words, 15, SEG_32BIT)), L((int)ldt(1, words, 15, SEG_32BIT | CONFORMING)));
  say(" set %d", ldt(1, words, 15, SEG_32BIT | DATA | USEABLE));
  long n = sys3(__NR_modify_ldt, 0, b, 64);
  say(", read %d, access byte %x flags %x\n", n, L((unsigned char)b[13]), L((unsigned char)b[14] >> 4));
  say(" words: %d %d\n", through(LDT(1), 0), through(LDT(1), 12));
  say(" beyond the limit: %d\n", through(LDT(1), 13));
  ldt(2, words, 15, SEG_32BIT | DATA | ABSENT);
  say(" absent: %d\n", through(LDT(2), 0));
  ldt(3, words, 15, SEG_32BIT | DATA | READ_ONLY);
  say(" read-only: %d\n", through(LDT(3), 4));
  ldt(4, words, 3, SEG_32BIT | EXPAND_DOWN);
  say(" expand-down: %d\n", through(LDT(4), 8));
  say(" expand-down, below: %d\n", through(LDT(4), 0));
  ldt(5, words, 0, SEG_32BIT | DATA | PAGES);
  say(" in pages: %d\n", through(LDT(5), 8));
  ldt(6, 0, 0xfffff, SEG_32BIT | CODE | PAGES);
  say(" code: %d\n", through(LDT(6), (unsigned long)&words[2]));
  pointers();
  ldt(7, 0, 0, SEG_32BIT | DATA);
  long rights = 0;
  __asm__("lar %1, %k0" : "+r"(rights) : "r"((int)LDT(7)));
  say(" base 0 and limit 0 is a segment: %x\n", rights);
  ldt(1, 0, 0, READ_ONLY | ABSENT);
  say(" cleared: %d\n", through(LDT(1), 0));
  say(" beyond the table: %d, null: %d\n", through(LDT(100), 0), sizeof(long) == 8 ? 0 : through(0, 0));
  long pid = sys0(__NR_fork);
  int status = 0;
  if (!pid) finish(through(LDT(3), 4) == 22 ? 30 : 31);
  sys4(__NR_wait4, pid, &status, 0, 0);
  say(" a child has its own: %x\n", L(status));
#ifdef __x86_64__
  say("arch_prctl\n");
  unsigned long base = 0, value;
  say(" set fs %d", sys2(__NR_arch_prctl, 0x1002, words));
  say(" get %d", sys2(__NR_arch_prctl, 0x1003, &base));
  __asm__ volatile("mov %%fs:4, %k0" : "=r"(value));
  say(" same %d word %d\n", L(base == (unsigned long)words), value & 0xff);
  say(" set gs %d", sys2(__NR_arch_prctl, 0x1001, &words[2]));
  __asm__ volatile("mov %%gs:0, %k0" : "=r"(value));
  say(" word %d\n", value & 0xff);
  say(" kernel address %d, bad pointer %d, unknown %d\n", sys2(__NR_arch_prctl, 0x1002, 0xffff800000000000), sys2(__NR_arch_prctl, 0x1003, 16), sys2(__NR_arch_prctl, 0x1234, 0));
  pid = sys0(__NR_fork);
  if (!pid) {
    __asm__ volatile("mov %%fs:4, %k0" : "=r"(value));
    finish((int)value);
  }
  sys4(__NR_wait4, pid, &status, 0, 0);
  say(" kept by fork: %x\n", L(status));
  __asm__ volatile("mov %%fs:4, %k0" : "=r"(value));
  say(" kept over calls: %d\n", value & 0xff);
#else
  say("set_thread_area\n");
  struct desc d = {-1, (unsigned)(unsigned long)words, 15, SEG_32BIT | DATA | USEABLE}, got = {0};
  say(" allocate %d", sys1(__NR_set_thread_area, &d));
  say(" entry %d\n", L(d.entry));
  say(" word %d\n", through(d.entry << 3 | 3, 8));
  got.entry = d.entry;
  say(" get %d", sys1(__NR_get_thread_area, &got));
  say(" base %d limit %d flags %x\n", L(got.base == d.base), L(got.limit), L(got.flags & 0x7f));
  d.entry = 20;
  say(" bad entry %d", sys1(__NR_set_thread_area, &d));
  d.entry = 12;
  d.flags = SEG_32BIT | CODE;
  say(", code %d", sys1(__NR_set_thread_area, &d));
  d.flags = DATA;
  say(", 16-bit %d, bad pointer %d\n", sys1(__NR_set_thread_area, &d), sys1(__NR_set_thread_area, 16));
  for (int i = 0; i < 3; i++) {
    d.entry = -1;
    d.flags = SEG_32BIT | USEABLE;
    long r = sys1(__NR_set_thread_area, &d);
    say(" another %d: %d\n", r, L(d.entry));
  }
  unsigned gs;
  __asm__ volatile("mov %0, %%gs" : : "r"(12 << 3 | 3));
  pid = sys0(__NR_fork);
  if (!pid) {
    int v;
    __asm__ volatile("mov %%gs:4, %0" : "=r"(v));
    finish(v);
  }
  sys4(__NR_wait4, pid, &status, 0, 0);
  __asm__ volatile("mov %%gs, %0" : "=r"(gs));
  say(" kept by fork: %x, selector %x\n", L(status), L(gs & 0xffff));
#endif
  return 0;
}
