// Ways to keep the host busy with instructions: a few that take long, many that leave the fast path, code that is never the same.
#include "busy.h"
#include <sys/ptrace.h>
#include <sys/wait.h>

static void spin(void) {
  for (;;) asm volatile("");
}

// Repeated string instructions.
static void rep_stos_huge(void) {
  char *p = map(256ul << 20);
  for (;;) {
    void *to = p;
    size_t n = 256ul << 20;
    asm volatile("rep stosb" : "+D"(to), "+c"(n) : "a"(1) : "memory");
  }
}
// Pages that are only read cost no memory: an instruction over a tebibyte.
static void rep_lods_tebibyte(void) {
  char *p = map(1ul << 40);
  for (;;) {
    void *from = p;
    size_t n = 1ul << 40;
    asm volatile("rep lodsb" : "+S"(from), "+c"(n)::"rax", "memory");
  }
}
static void rep_scas_down(void) {
  char *p = map(1ul << 40);
  for (;;) {
    void *to = p + (1ul << 40) - 8;
    size_t n = 1ul << 60;
    asm volatile("std; repe scasq; cld" : "+D"(to), "+c"(n) : "a"(0) : "cc");
  }
}
static void rep_scas(void) {
  char *p = map(256ul << 20);
  for (;;) {
    void *to = p;
    size_t n = 256ul << 20;
    asm volatile("repe scasb" : "+D"(to), "+c"(n) : "a"(0) : "cc");
  }
}
static void rep_movs(void) {
  char *p = map(256ul << 20);
  for (;;) {
    void *from = p, *to = p + 1;
    size_t n = (256ul << 20) - 1;
    asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n)::"memory");
  }
}
static void rep_stos_none(void) {
  char byte;
  for (;;) {
    void *to = &byte;
    size_t n = 0;
    asm volatile("rep stosb" : "+D"(to), "+c"(n) : "a"(1) : "memory");
  }
}

// Faults and flags.
static void on_fault(int n, siginfo_t *info, void *context) {
  (void)n, (void)info;
  ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += 2;
}
static void handle(int n, void (*handler)(int, siginfo_t *, void *)) {
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
  sigaction(n, &action, 0);
}
static void fault_storm(void) {
  handle(SIGSEGV, on_fault);
  for (;;) asm volatile("movb (%0), %%al" ::"r"(0ul) : "rax");
}
static void undefined_storm(void) {
  handle(SIGILL, on_fault);
  for (;;) asm volatile("ud2");
}
static void on_trap(int n, siginfo_t *info, void *context) { (void)n, (void)info, (void)context; }
static void tf_storm(void) {
  handle(SIGTRAP, on_trap);
  asm volatile("pushfq; orq $0x100, (%%rsp); popfq" ::: "memory", "cc");
  for (;;) asm volatile("");
}
static void ac_spin(void) {
  asm volatile("pushfq; orq $0x40000, (%%rsp); popfq" ::: "memory", "cc");
  for (;;) asm volatile("");
}
static void ac_work(void) {
  static volatile uint64_t words[512];
  asm volatile("pushfq; orq $0x40000, (%%rsp); popfq" ::: "memory", "cc");
  for (;;)
    for (int n = 0; n < 512; n++) words[n] = words[n] * 3 + n;
}
static void ac_rep(void) {
  char *p = map(16ul << 20);
  asm volatile("pushfq; orq $0x40000, (%%rsp); popfq" ::: "memory", "cc");
  for (;;) {
    void *to = p;
    size_t n = 16ul << 20;
    asm volatile("rep stosb" : "+D"(to), "+c"(n) : "a"(1) : "memory");
  }
}

// Instructions that take long.
static void x87_slow(void) {
  for (;;) asm volatile("fldpi; fsin; fptan; fstp %%st(0); fld1; fpatan; f2xm1; fstp %%st(0)" ::: "st");
}
static void denormals(void) {
  for (;;) asm volatile("fldpi; fldln2; fyl2x; fstp %%st(0); fldl2t; fldl2e; fprem1; fstp %%st(0); fstp %%st(0)" ::: "st");
}
static void cpuid(void) {
  for (;;) {
    unsigned a = 0, b, c = 0, d;
    asm volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
  }
}
static void segment_loads(void) {
  for (;;) asm volatile("movl $0x2b, %%eax; mov %%eax, %%es; mov %%eax, %%ds; push %%rax; pop %%fs" ::: "rax", "memory");
}
static void fxsave(void) {
  static char image[512] __attribute__((aligned(16)));
  for (;;) asm volatile("fxsave %0; fxrstor %0" : "+m"(image));
}
static void fsave(void) {
  static char image[108];
  for (;;) asm volatile("fnsave %0; frstor %0" : "+m"(image));
}
static void divide(void) {
  for (;;) {
    uint64_t a = ~0ul, d = 12345;
    asm volatile("div %2" : "+a"(a), "+d"(d) : "r"(~0ul - 5));
  }
}
static void far_returns(void) {
  for (;;) asm volatile("movq %%cs, %%rax; pushq %%rax; leaq 1f(%%rip), %%rax; pushq %%rax; lretq; 1:" ::: "rax", "memory");
}
static void rdtsc(void) {
  for (;;) asm volatile("rdtsc" ::: "rax", "rdx");
}
static void across_pages(void) {
  char *p = map(1ul << 20);
  for (;;)
    for (int n = 1; n < 255; n++) *(volatile uint64_t *)(p + n * 4096 - 3) += n;
}
static void pages(void) {
  volatile char *p = map(64ul << 20);
  for (;;)
    for (size_t n = 0; n < 64ul << 20; n += 4096) p[n]++;
}

// Code that changes.
static void smc(void) {
  unsigned char *code = map_code(4096);
  memcpy(code, "\xb8\0\0\0\0\xc3", 6);
  for (unsigned n = 0;; n++) {
    memcpy(code + 1, &n, 4);
    if (((unsigned (*)(void))code)() != n) exit(5);
  }
}
static void smc_wild(void) {
  unsigned char *code = map_code(65536);
  uint32_t x = 1;
  memset(code, 0x90, 65536);
  for (;;) {
    for (int n = 0; n < 64; n++) {
      x = x * 1664525 + 1013904223;
      code[(x >> 8) & 0xfff] = x & 1 ? 0x90 : 0xf8;
      code[4096] = 0xc3;
    }
    ((void (*)(void))(code))();
  }
}
static void smc_itself(void) {
  // Each instruction writes the one behind it.
  unsigned char *code = map_code(65536), *p = code;
  for (int n = 0; n < 4000; n++) memcpy(p, "\xc6\x05\x00\x00\x00\x00\x90", 7), p += 7, *p++ = 0x90;
  *p = 0xc3;
  for (;;) ((void (*)(void))code)();
}
static void code_bomb(void) {
  // Blocks that are met once, and made anew.
  size_t length = 16ul << 20;
  unsigned char *code = map_code(length);
  for (unsigned round = 0;; round++) {
    unsigned char *p = code;
    while (p < code + length - 64) {
      for (int n = 0; n < 5; n++) memcpy(p, "\x81\xc0", 2), memcpy(p + 2, &round, 4), p += 6;
      memcpy(p, "\xeb\x00", 2), p += 2;
    }
    *p = 0xc3;
    ((void (*)(void))code)();
  }
}
static void branch_bomb(void) {
  // Jumps that lead everywhere: no two rounds are the same.
  enum { COUNT = 65536 };
  static void *table[COUNT];
  unsigned char *code = map_code(COUNT * 32);
  for (unsigned n = 0; n < COUNT; n++) {
    unsigned char *p = code + n * 32;
    table[n] = p;
    // imul rcx, rcx, 0x19660d; add rcx, n + 1; movzx eax, word [cx]; jmp [rbx + rax * 8]
    memcpy(p, "\x48\x69\xc9\x0d\x66\x19\x00\x48\x81\xc1", 10);
    unsigned odd = n * 2 + 1;
    memcpy(p + 10, &odd, 4);
    memcpy(p + 14, "\x0f\xb7\xc1\xff\x24\xc3", 6);
  }
  asm volatile("jmp *%1" ::"b"(table), "r"(table[0]), "c"(1ul) : "rax", "memory");
}
static void remap_code(void) {
  // What the processor has translated is void time and again.
  unsigned char *code = map_code(65536);
  memset(code, 0x90, 65536);
  code[65535] = 0xc3;
  for (;;) {
    mprotect(code, 65536, PROT_READ | PROT_WRITE);
    mprotect(code, 65536, PROT_READ | PROT_WRITE | PROT_EXEC);
    ((void (*)(void))(code + 60000))();
  }
}
static void ptrace_step(void) {
  pid_t child = fork();
  if (child == 0) {
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    spin();
  }
  for (;;) {
    if (waitpid(child, 0, 0) != child) exit(5);
    ptrace(PTRACE_SINGLESTEP, child, 0, 0);
  }
}
static void two_spin(void) {
  fork();
  spin();
}

static const struct way ways[] = {
    {"spin", spin},
    {"two-spin", two_spin},
    {"rep-stos-huge", rep_stos_huge},
    {"rep-lods-tebibyte", rep_lods_tebibyte},
    {"rep-scas-down", rep_scas_down},
    {"rep-scas", rep_scas},
    {"rep-movs", rep_movs},
    {"rep-stos-none", rep_stos_none},
    {"fault-storm", fault_storm},
    {"undefined-storm", undefined_storm},
    {"tf-storm", tf_storm},
    {"ac-spin", ac_spin},
    {"ac-work", ac_work},
    {"ac-rep", ac_rep},
    {"x87-slow", x87_slow},
    {"x87-logarithms", denormals},
    {"cpuid", cpuid},
    {"segment-loads", segment_loads},
    {"fxsave", fxsave},
    {"fsave", fsave},
    {"divide", divide},
    {"far-returns", far_returns},
    {"rdtsc", rdtsc},
    {"across-pages", across_pages},
    {"pages", pages},
    {"smc", smc},
    {"smc-wild", smc_wild},
    {"smc-itself", smc_itself},
    {"code-bomb", code_bomb},
    {"branch-bomb", branch_bomb},
    {"remap-code", remap_code},
    {"ptrace-step", ptrace_step},
};
int main(int argc, char **argv) { return busy(argc, argv, ways, sizeof ways / sizeof *ways); }
