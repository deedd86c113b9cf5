// Vector registers across a signal: the frame holds the XSAVE area, the handler starts with initial registers, and rt_sigreturn takes what the
// frame says: edited, without a component, without its magic numbers.
#include "guest.h"
#define SIGUSR1 10
#ifdef __x86_64__
enum { FPSTATE = 40 + 184, LEGACY = 0 };
#define EACH(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)
#define KILL(pid, result) __asm__ volatile("syscall" : "=a"(result) : "a"(__NR_kill), "D"(pid), "S"(SIGUSR1) : "rcx", "r11", "memory")
#else
enum { FPSTATE = 20 + 76, LEGACY = 112 };
#define EACH(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)
#define KILL(pid, result) __asm__ volatile("push %%ebx; mov %1, %%ebx; int $0x80; pop %%ebx" : "=a"(result) : "r"(pid), "a"(__NR_kill), "c"(SIGUSR1) : "memory")
#endif
enum { REGISTERS = sizeof(long) == 8 ? 16 : 8, SOFTWARE = 464, HEADER = 512, YMM = 576 };
static uint8_t before[16][32], after[16][32], in_handler[16][32];
static int what;

#define LOAD(n) __asm__ volatile("vmovdqu %0, %%ymm" #n : : "m"(before[n]));
#define STORE(n) __asm__ volatile("vmovdqu %%ymm" #n ", %0" : "=m"(after[n]));
#define SHOW(n) __asm__ volatile("vmovdqu %%ymm" #n ", %0" : "=m"(in_handler[n]));
#define SPOIL(n) __asm__ volatile("vpcmpeqd %ymm" #n ", %ymm" #n ", %ymm" #n);

static void handler(int sig, void *si, void *uc) {
  (void)sig; (void)si;
  EACH(SHOW)
  char *fp = (char *)longAt(uc, FPSTATE) + LEGACY;
  uint32_t size = word(fp, SOFTWARE + 16);
  int set = 0;
  for (int r = 0; r < REGISTERS; r++) for (int i = 0; i < 32; i++) set += in_handler[r][i] != 0;
  say("  flags %x, magic %x and %x, features %x, in use %x, compacted %x, aligned %x\n", L(word(uc, 0) & 1), L(word(fp, SOFTWARE)), L(word(fp, size)),
      L(word(fp, SOFTWARE + 8) & 7), L(word(fp, HEADER) & 7), L(word(fp, HEADER + 8)), L((unsigned long)fp & 63));
  say("  what follows the area counts %d bytes, the handler sees %d bytes set\n", L(word(fp, SOFTWARE + 4) - size), L(set));
  say("  ymm3 in the frame: %x %x\n", L(word(fp, 160 + 48)), L(word(fp, YMM + 48)));
  switch (what) {
    case 1: fp[YMM + 48] = 0x77; fp[160 + 49] = 0x78; break;
    case 2: fp[HEADER] &= ~4; break;
    case 3: fp[HEADER] &= ~2; break;
    case 4: fp[SOFTWARE] ^= 1; break;
    case 5: fp[size] ^= 1; break;
    case 6: *(uint32_t *)(fp + SOFTWARE + 8) &= ~4u; break;
  }
  EACH(SPOIL)
}

static void run(const char *name, int how) {
  what = how;
  say("%s\n", name);
  for (int r = 0; r < REGISTERS; r++) for (int i = 0; i < 32; i++) before[r][i] = r * 16 + i + 1;
  memset(after, 0, sizeof after);
  long pid = sys0(__NR_getpid), result;
  EACH(LOAD)
  KILL(pid, result);
  EACH(STORE)
  __asm__ volatile("vzeroupper");
  int low = 0, high = 0;
  for (int r = 0; r < REGISTERS; r++) for (int i = 0; i < 32; i++) if (before[r][i] != after[r][i]) *(i < 16 ? &low : &high) += 1;
  say("  kill gave %d; differ: %d bytes below, %d above\n", result, L(low), L(high));
}

static int body(int argc, char **argv, char **envp) {
  (void)argc; (void)argv; (void)envp;
  on(SIGUSR1, handler, SA_SIGINFO);
  run("untouched", 0);
  run("edited", 1);
  run("without AVX", 2);
  run("without SSE", 3);
  run("without the first magic number", 4);
  run("without the second one", 5);
  run("software says there is no AVX", 6);
  uint32_t a, d;
  __asm__ volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
  say("xcr0 %x\n", L(a & 7));
  static uint8_t area[4096] __attribute__((aligned(64)));
  EACH(LOAD)
  __asm__ volatile("xsave %0" : "+m"(area) : "a"(7), "d"(0) : "memory");
  EACH(SPOIL)
  __asm__ volatile("xrstor %0" : : "m"(area), "a"(6), "d"(0) : "memory");
  EACH(STORE)
  __asm__ volatile("vzeroupper");
  int differ = 0;
  for (int r = 0; r < REGISTERS; r++) for (int i = 0; i < 32; i++) differ += before[r][i] != after[r][i];
  say("xsave and xrstor: %d bytes differ, in use %x\n", L(differ), L(word(area, HEADER) & 6));
  return 0;
}
