// Operands in parts at the end of addresses of 32 bits, in 64-bit code: where the parts are, which faults, and what has been written before.
#include "guest.h"
#ifdef __x86_64__
enum { SIGSEGV = 11, PAGE = 4096, MAP = 0x32, ANYWHERE = -1 };
/* What begins again at 0 is relative to gs, so that pages of the program's own are there: low for 0 and high for 4 GiB, with a page before. */
static uint8_t *const low = (uint8_t *)0x200001000, *const high = (uint8_t *)0x300001000;
static uint64_t base, after;
static volatile uint64_t trap, where, error;
static void fault(int sig, void *si, void *uc) {
  (void)sig, (void)si;
  trap = longAt(uc, 200), error = longAt(uc, 192), where = longAt(uc, 216);
  *(uint64_t *)((char *)uc + 168) = after;
}
static long map(void *at, int prot) { return sys6(__NR_mmap, (long)at, PAGE, prot, MAP, ANYWHERE, 0); }
static void unmap(void *at) { sys2(__NR_munmap, at, PAGE); }

static uint64_t rax;
static uint32_t address;
/* One instruction on gs:(ecx), with all of the state that is saved somewhere, and eax for XSAVE. */
#define ON(name, what)                                                                        \
  static void name(void) {                                                                    \
    __asm__ volatile("wrgsbase %2\n lea 1f(%%rip), %%rax\n mov %%rax, %1\n mov $7, %%eax\n"   \
                     "xor %%edx, %%edx\n" what "\n1:\n mov %%rax, %0"                          \
                     : "=m"(rax), "=m"(after)                                                 \
                     : "r"(base), "c"(address)                                                \
                     : "rax", "rdx", "memory", "cc");                                         \
  }
ON(movTo, "mov %%rax, %%gs:(%%ecx)")
ON(movFrom, "mov %%gs:(%%ecx), %%rax")
ON(movupsTo, "movups %%xmm3, %%gs:(%%ecx)")
ON(fldt, "fninit\n fldt %%gs:(%%ecx)")
ON(fstpt, "fstpt %%gs:(%%ecx)")
ON(fbstp, "fbstp %%gs:(%%ecx)")
ON(fnstenv, "fnstenv %%gs:(%%ecx)")
ON(fnstenv16, "data16 fnstenv %%gs:(%%ecx)")
ON(fldenv, "fldenv %%gs:(%%ecx)")
ON(fldenv16, "data16 fldenv %%gs:(%%ecx)")
ON(fnsave, "fnsave %%gs:(%%ecx)")
ON(fnsave16, "data16 fnsave %%gs:(%%ecx)")
ON(frstor, "frstor %%gs:(%%ecx)")
ON(frstor16, "data16 frstor %%gs:(%%ecx)")
ON(fxsave, "fxsave %%gs:(%%ecx)")
ON(fxsave64, "fxsave64 %%gs:(%%ecx)")
ON(fxrstor, "fxrstor %%gs:(%%ecx)")
ON(fxrstor64, "fxrstor64 %%gs:(%%ecx)")
ON(xsave, "xsave %%gs:(%%ecx)")
ON(xsave64, "xsave64 %%gs:(%%ecx)")
ON(xsaveopt, "xsaveopt %%gs:(%%ecx)")
ON(xrstor, "xrstor %%gs:(%%ecx)")
ON(xrstor64, "xrstor64 %%gs:(%%ecx)")
ON(lfs16, "lfs %%gs:(%%ecx), %%ax\n mov %%fs, %%edx\n shl $32, %%rdx\n add %%rdx, %%rax")
ON(lfs32, "lfs %%gs:(%%ecx), %%eax\n mov %%fs, %%edx\n shl $32, %%rdx\n add %%rdx, %%rax")
ON(lfs64, "rex.w lfs %%gs:(%%ecx), %%eax\n mov %%fs, %%edx\n shl $32, %%rdx\n add %%rdx, %%rax")
ON(lss32, "lss %%gs:(%%ecx), %%eax")

static uint8_t image[832] __attribute__((aligned(64)));
static uint32_t sum(const uint8_t *p, long n) {
  uint32_t h = 0x811c9dc5;
  while (n--) h = (h ^ *p++) * 0x01000193;
  return h;
}
static void state(void) {
  // All of it is in use: XSAVE leaves nothing out.
  __asm__ volatile("fninit\n fldpi\n fldl2e\n fldlg2\n fld1\n fldln2\n fldpi\n fldl2t\n fldz\n");
  for (int i = 0; i < 64; i++) image[i] = 0x31 + i;
#define YMM(n) __asm__ volatile("vmovups %0, %%ymm" #n : : "m"(image[n]))
  YMM(0); YMM(1); YMM(2); YMM(3); YMM(4); YMM(5); YMM(6); YMM(7); YMM(8); YMM(9); YMM(10); YMM(11); YMM(12); YMM(13); YMM(14); YMM(15);
}
/* Some bytes of what is loaded, at both places where they might be looked for. */
static void fill(int back, int at, int bytes, uint64_t v) {
  for (int i = 0; i < bytes; i++) {
    uint64_t offset = 0x100000000 - back + at + i;
    *(uint8_t *)(base + offset) = v >> (8 * i);
    if (offset >= 0x100000000) *(uint8_t *)(base + offset - 0x100000000) = v >> (8 * i);
  }
}
enum { NOTHING, NO_BEYOND, NO_LOW, VARIANTS };
enum { STORES, LOADS, SELECTOR = 16 };
static void operand(const char *name, void (*does)(void), int size, int alignment, int how) {
  for (int missing = NOTHING; missing < VARIANTS; missing++)
    for (int back = 1; back < size; back += size > 40 ? 3 : 1) {
      // FXRSTOR reads MXCSR before the rest, XRSTOR the area's end before the rest of the header.
      if (how == LOADS && size == 512 && missing == NO_BEYOND && back > 24 && back < 32) continue;
      if (how == LOADS && size > 512 && missing == NO_LOW && back > 512 && back < 576) continue;
      base = (uint64_t)low + back % alignment, address = -back;
      map(low, 3), map(low + PAGE, 3), map(high - PAGE, 3), map(high, 3);
      memset(low, 0x22, PAGE), memset(high - PAGE, 0x11, PAGE), memset(high, 0x44, PAGE);
      if (how >= SELECTOR) fill(back, how - SELECTOR, 2, 0x2b);
      if (size >= 512) fill(back, 24, 8, 0x1f80);
      if (size > 512) fill(back, 512, 8, 7), fill(back, 520, 8, 0), fill(back, 528, 8, 0), fill(back, 536, 8, 0);
      if (missing == NO_BEYOND) unmap(high);
      if (missing == NO_LOW) unmap(low);
      trap = 0, where = 0;
      state();
      does();
      if (how == LOADS || how >= SELECTOR) {
        memset(image, 0, sizeof image);
        __asm__ volatile("xor %%edx, %%edx\n mov $7, %%eax\n xsave64 %0" : "+m"(image) : : "eax", "edx");
      }
      __asm__ volatile("fninit");
      say("%s %d.%d: %x %x at %x, rax %x;", name, L(back), L(missing), trap, trap ? error : 0, where, trap ? 0 : rax);
      // In which order XSAVE writes is its own affair, and what is loaded before a fault.
      if (!trap || (how == STORES && size <= 512))
        say(" %x %x %x", L(sum(high - PAGE, PAGE)), missing == NO_BEYOND ? 0 : L(sum(high, PAGE)), missing == NO_LOW ? 0 : L(sum(low, PAGE)));
      say(" %x\n", how == STORES || trap ? 0 : L(sum(image, sizeof image)));
    }
}
static int body(int argc, char **arguments, char **environment) {
  (void)argc, (void)arguments, (void)environment;
  on(SIGSEGV, fault, 0);
  operand("mov to", movTo, 8, 1, STORES);
  operand("mov from", movFrom, 8, 1, STORES);
  operand("movups to", movupsTo, 16, 1, STORES);
  operand("fld", fldt, 10, 1, LOADS);
  operand("fstp", fstpt, 10, 1, STORES);
  operand("fbstp", fbstp, 10, 1, STORES);
  operand("fnstenv", fnstenv, 28, 1, STORES);
  operand("fnstenv16", fnstenv16, 14, 1, STORES);
  operand("fldenv", fldenv, 28, 1, LOADS);
  operand("fldenv16", fldenv16, 14, 1, LOADS);
  operand("fnsave", fnsave, 108, 1, STORES);
  operand("fnsave16", fnsave16, 94, 1, STORES);
  operand("frstor", frstor, 108, 1, LOADS);
  operand("frstor16", frstor16, 94, 1, LOADS);
  operand("fxsave", fxsave, 512, 16, STORES);
  operand("fxsave64", fxsave64, 512, 16, STORES);
  operand("fxrstor", fxrstor, 512, 16, LOADS);
  operand("fxrstor64", fxrstor64, 512, 16, LOADS);
  operand("xsave", xsave, 832, 64, STORES);
  operand("xsave64", xsave64, 832, 64, STORES);
  operand("xsaveopt", xsaveopt, 832, 64, STORES);
  operand("xrstor", xrstor, 832, 64, LOADS);
  operand("xrstor64", xrstor64, 832, 64, LOADS);
  operand("lfs16", lfs16, 4, 1, SELECTOR + 2);
  operand("lfs32", lfs32, 6, 1, SELECTOR + 4);
  operand("lfs64", lfs64, 10, 1, SELECTOR + 8);
  operand("lss32", lss32, 6, 1, SELECTOR + 4);
  return 2;
}
#else
static int body(int argc, char **arguments, char **environment) {
  (void)argc, (void)arguments, (void)environment;
  return 2;
}
#endif
