// Traps and arithmetic exceptions one by one: #DB, #BP, #OF, #BR, #MF, #XM, #AC, #SS, and what a signal's frame says of each.
#include "guest.h"

#ifdef __x86_64__
enum { IP = 40 + 128, FLAGS = 40 + 136, ERR = 40 + 152, TRAPNO = 40 + 160, SI_ADDR = 16 };
#define A "%%rax"
#define C "%%rcx"
#define SP "%%rsp"
#define PUSHF "pushfq"
#define POPF "popfq"
#else
enum { IP = 20 + 56, FLAGS = 20 + 64, ERR = 20 + 52, TRAPNO = 20 + 48, SI_ADDR = 12 };
#define A "%%eax"
#define C "%%ecx"
#define SP "%%esp"
#define PUSHF "pushfl"
#define POPF "popfl"
#endif
enum { TF = 0x100, RF = 0x10000, AC = 0x40000 };
static unsigned long start, resume, stack;
static const char *what;

static void handler(int sig, void *info, void *uc) {
  unsigned long flags = longAt(uc, FLAGS), addr = longAt(info, SI_ADDR);
  /* The code reached the handler with AC: our own accesses are aligned, but let it not leak. */
  say("%s: signal %d code %x addr %d ip %d err %x trapno %d flags %x\n", what, L(sig), L(word(info, 8)), addr ? L(addr - start) : -1,
      L(longAt(uc, IP) - start), longAt(uc, ERR), longAt(uc, TRAPNO), flags & (TF | RF | AC));
  *(unsigned long *)((char *)uc + IP) = resume;
  *(unsigned long *)((char *)uc + FLAGS) = flags & ~(unsigned long)(TF | AC);
}
static unsigned control[2];
static unsigned char data[64] __attribute__((aligned(64)));
/* Where the code begins is 8f, where it goes on 9f; the stack pointer comes back in every case. */
#ifdef __x86_64__
#define WITH_PLACES "lea 8f(%%rip), %%rax; mov %%rax, %0; lea 9f(%%rip), %%rax; mov %%rax, %1; mov %%rsp, %2\n8: "
#define CLOBBERED "rax", "rbx", "rdx", "rsi", "rdi", "memory", "cc"
#else
#define WITH_PLACES "movl $8f, %0; movl $9f, %1; movl %%esp, %2\n8: "
#define CLOBBERED "eax", "edx", "memory", "cc"
#endif
#define TRY(name, code) do { \
    void *c = data; \
    what = name; \
    __asm__ volatile(WITH_PLACES code "\n9: mov %2, " SP "; fninit\n" : "=m"(start), "=m"(resume), "+m"(stack), "+c"(c) :: CLOBBERED); \
    reset(); \
  } while (0)
static void reset(void) {
  control[0] = 0x1f80;
  __asm__ volatile("ldmxcsr %0" ::"m"(control[0]));
}
#define WITH_FLAG(bit) PUSHF "; orl $" bit ", (" SP "); " POPF "; "
/* x87: a control word with one exception unmasked, then something that raises it, then fwait. */
#define X87(name, mask, code) TRY("x87 " name, "movl $0x37f & ~" mask ", 32(" C "); fldcw 32(" C "); " code "; nop; fwait")
/* SSE: MXCSR with one exception unmasked; xmm0 and xmm1 are doubles or singles made of integers. */
#define SSE(name, mask, code) TRY("sse " name, "movl $0x1f80 & ~(" mask " << 7), 32(" C "); ldmxcsr 32(" C "); " code)
#define DOUBLE(high, x) "movl $0, 40(" C "); movl $" high ", 44(" C "); movsd 40(" C "), %%xmm" x "; "

static int body(int argc, char **argv, char **envp) {
  (void)argc; (void)argv; (void)envp;
  /* Some of them spoil the stack pointer. */
  static char alternate[16384] __attribute__((aligned(64)));
  struct { void *sp; int flags; size_t size; } ss = {alternate, 0, sizeof alternate};
  sys2(__NR_sigaltstack, &ss, 0);
  for (int s = 1; s < 32; s++) on(s, handler, SA_SIGINFO | SA_NODEFER | SA_ONSTACK);

  TRY("single step", WITH_FLAG("0x100") "nop; nop; nop");
  TRY("single step over a fault", WITH_FLAG("0x100") "ud2");
  TRY("single step over a load of ss", "mov %%ss, %%eax; " WITH_FLAG("0x100") "mov %%eax, %%ss; nop; nop");
  TRY("single step over pushf", WITH_FLAG("0x100") PUSHF "; pop " A);
  TRY("int3", "nop; int3; nop");
  TRY("int 3 in two bytes", ".byte 0xcd, 3; nop");
  TRY("int 4", ".byte 0xcd, 4; nop");
  TRY("int 5", ".byte 0xcd, 5; nop");
  TRY("int 0", ".byte 0xcd, 0; nop");
#ifndef __x86_64__
  TRY("into", "mov $0x7fffffff, %%eax; inc %%eax; into; nop");
  TRY("bound, inside", "movl $1, (%%ecx); movl $5, 4(%%ecx); mov $5, %%eax; bound %%eax, (%%ecx); int3");
  TRY("bound, outside", "movl $1, (%%ecx); movl $5, 4(%%ecx); mov $6, %%eax; bound %%eax, (%%ecx); int3");
  TRY("stack beyond a segment", "mov $0xfffffffe, %%esp; push %%eax");
  TRY("aam by zero", ".byte 0xd4, 0");
#else
  TRY("stack that is not canonical", "mov $0x800000000000, %%rsp; push %%rax");
  TRY("read of a stack that is not canonical", "mov $0x800000000000, %%rsp; mov (%%rsp), %%rax");
  TRY("jump that is not canonical", "mov $0x800000000000, %%rax; jmp *%%rax");
  TRY("division of 128 bits", "mov $1, %%edx; mov $0, %%eax; mov $1, %%ebx; div %%rbx");
#endif
  TRY("movaps misaligned", "movaps 8(" C "), %%xmm0");
  TRY("fifteen bytes", ".fill 14, 1, 0x66; nop; nop");
  TRY("sixteen bytes", ".fill 15, 1, 0x66; nop; nop");
  TRY("lock without memory", ".byte 0xf0; nop");
  TRY("ud0", ".byte 0x0f, 0xff, 0xc0");
  TRY("ud1", ".byte 0x0f, 0xb9, 0xc0");

  X87("invalid", "1", "fldz; fldz; fdivrp");
  X87("invalid, stack", "1", "fstp %%st(0)");
  X87("denormal", "2", "movl $1, (" C "); movl $0, 4(" C "); fldl (" C ")");
  X87("zero divide", "4", "fld1; fldz; fdivrp");
  X87("overflow", "8", "movl $0x7fefffff, 4(" C "); movl $0x7fffffff, (" C "); fldl (" C "); fadd %%st(0); fstps 8(" C ")");
  X87("underflow", "0x10", "movl $0x00100000, 4(" C "); movl $1, (" C "); fldl (" C "); fstps 8(" C ")");
  X87("precision", "0x20", "fldpi; fstps 8(" C ")");
  X87("seen by the next instruction", "4", "fld1; fldz; fdivrp; fld1");
  X87("seen by mmx", "4", "fld1; fldz; fdivrp; movq %%mm0, %%mm1");
  X87("not seen by fnstsw", "4", "fld1; fldz; fdivrp; fnstsw %%ax; int3");
  X87("made pending by fldcw", "0", "fld1; fldz; fdivrp; movl $0x340, 36(" C "); fldcw 36(" C ")");

  SSE("invalid", "1", DOUBLE("0x7ff00001", "0") "addsd %%xmm0, %%xmm0");
  SSE("denormal", "2", DOUBLE("0x00000001", "0") "addsd %%xmm0, %%xmm0");
  SSE("zero divide", "4", DOUBLE("0x3ff00000", "0") "xorps %%xmm1, %%xmm1; divsd %%xmm1, %%xmm0");
  SSE("overflow", "8", DOUBLE("0x7fe00000", "0") "mulsd %%xmm0, %%xmm0");
  SSE("underflow", "0x10", DOUBLE("0x00100000", "0") DOUBLE("0x3fe80000", "1") "mulsd %%xmm1, %%xmm0");
  SSE("precision", "0x20", DOUBLE("0x3ff00000", "0") DOUBLE("0x40080000", "1") "divsd %%xmm1, %%xmm0");
  SSE("two at once", "0x28", DOUBLE("0x7fe80000", "0") "mulsd %%xmm0, %%xmm0");
  SSE("flags of before", "0", "movl $0x1f81 & ~0x80, 36(" C "); ldmxcsr 36(" C "); " DOUBLE("0x3ff00000", "0") "addsd %%xmm0, %%xmm0; int3");
  TRY("ldmxcsr of reserved bits", "movl $0x10000, 36(" C "); ldmxcsr 36(" C ")");

  TRY("aligned accesses under ac", WITH_FLAG("0x40000") "mov 4(" C "), %%eax; movb 1(" C "), %%al; movw 2(" C "), %%ax; int3");
  TRY("word under ac", WITH_FLAG("0x40000") "movw 1(" C "), %%ax");
  TRY("dword under ac", WITH_FLAG("0x40000") "movl 2(" C "), %%eax");
  TRY("dword store under ac", WITH_FLAG("0x40000") "movl %%eax, 1(" C ")");
  TRY("double under ac", WITH_FLAG("0x40000") "fldl 4(" C ")");
  TRY("long double under ac", WITH_FLAG("0x40000") "fldt 8(" C "); fldt 4(" C ")");
  TRY("movups under ac", WITH_FLAG("0x40000") "movups 8(" C "), %%xmm0");
  TRY("movdqu by four under ac", WITH_FLAG("0x40000") "movdqu 4(" C "), %%xmm0");
  TRY("push under ac", WITH_FLAG("0x40000") "sub $2, " SP "; push " A);
#ifdef __x86_64__
  TRY("string under ac", WITH_FLAG("0x40000") "lea 1(%%rcx), %%rsi; mov $1, %%ecx; rep lodsl");
#endif
  TRY("page 0 misaligned under ac", WITH_FLAG("0x40000") "xor %%eax, %%eax; mov 1(" A "), %%eax");
  TRY("ac and a fault elsewhere", WITH_FLAG("0x40000") "ud2");
  say("end\n");
  return 0;
}
