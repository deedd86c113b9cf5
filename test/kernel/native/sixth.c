// The fast doors of 32-bit code take the sixth argument from the stack: from wherever that is, and if it cannot be read there is no call.
#include "guest.h"

#ifdef __x86_64__
static int body(int argc, char **argv, char **envp) {
  (void)argc; (void)argv; (void)envp;
  say("not through these doors\n");
  return 0;
}
#else
#define PAGE 4096
#define FUTEX_WAIT_BITSET 9
enum { EAX = 20 + 44, EIP = 20 + 56, SI_ADDR = 12 };

static struct { long eax, ebx, ecx, edx, esi, edi; char *stack; long *back; } in __attribute__((used));
static long saved __attribute__((used)), resume __attribute__((used)), amd __attribute__((used));

static void handler(int sig, void *info, void *uc) {
  say("  signal %d code %d addr %x eax %d\n", L(sig), L((int)word(info, 8)), longAt(info, SI_ADDR), L((int)word(uc, EAX)));
  *(long *)((char *)uc + EIP) = resume;
}

/* The landing pad pops ebp, edx and ecx, and returns to what lies above them: to us, if that can be written there. */
static long door(void) {
  long r;
  __asm__ volatile(
      "push %%ebp; push %%ebx; mov %%esp, saved; movl $9f, resume\n"
      "mov in+28, %%eax; test %%eax, %%eax; jz 1f; movl $9f, (%%eax)\n"
      "1: mov in, %%eax; mov in+4, %%ebx; mov in+8, %%ecx; mov in+12, %%edx; mov in+16, %%esi; mov in+20, %%edi\n"
      "cmpl $0, amd; jne 2f\n"
      "mov in+24, %%ebp; .byte 0x0f, 0x34\n"
      "2: mov in+24, %%esp; mov %%ecx, %%ebp; .byte 0x0f, 0x05\n"
      "9: mov saved, %%esp; pop %%ebx; pop %%ebp"
      : "=a"(r) :: "ecx", "edx", "esi", "edi", "memory", "cc");
  return r;
}

static long futex = 1;
/* EINVAL if the sixth argument is 0, EAGAIN if it is anything else. */
static void call(const char *what, char *stack, long *back) {
  in.eax = __NR_futex, in.ebx = (long)&futex, in.ecx = FUTEX_WAIT_BITSET, in.edx = 2, in.esi = in.edi = 0;
  in.stack = stack, in.back = back;
  say("%s\n", what);
  say("  %d\n", door());
}
static void at(const char *what, char *stack, unsigned sixth) {
  memcpy(stack, &sixth, 4);
  call(what, stack, (long *)(stack + 12));
}

static int body(int argc, char **argv, char **envp) {
  (void)argc; (void)argv; (void)envp;
  static char other[16384];
  struct { void *sp; int flags; unsigned long size; } alternate = {other, 0, sizeof other};
  unsigned vendor, a = 0, c, d;
  __asm__ volatile("cpuid" : "+a"(a), "=b"(vendor), "=c"(c), "=d"(d));
  amd = vendor == 0x68747541;
  sys2(__NR_sigaltstack, &alternate, 0);
  for (int s = 1; s < 32; s++) on(s, handler, SA_SIGINFO | SA_ONSTACK | SA_NODEFER);
  char *p = (char *)sys5(__NR_mmap2, 0x20000000, 3 * PAGE, 3, 0x32, -1);

  for (int i = 0; i < 3; i++) {
    at("0", p + 64, 0), at("1", p + 64, 1), at("upper byte", p + 64, 0x80000000);
    at("0 at an odd address", p + 67, 0), at("1 at an odd address", p + 67, 1), at("upper byte at an odd address", p + 65, 0x01000000);
    at("across pages, in the first", p + PAGE - 2, 0x1), at("across pages, in the second", p + PAGE - 2, 0x10000);
    at("0 across pages", p + PAGE - 2, 0);
  }
  call("a page that nobody has used", p + 2 * PAGE + 64, 0);
  at("and then", p + 2 * PAGE + 64, 1);
  sys3(__NR_mprotect, p + PAGE, PAGE, 0);
  call("the second page may not be read", p + PAGE - 2, 0);
  sys3(__NR_mprotect, p + 2 * PAGE, PAGE, 1);
  call("a page that may only be read", p + 2 * PAGE + 64, 0);
  at("the first page", p + 64, 1);
  sys3(__NR_mprotect, p, PAGE, 0);
  call("it may not be read", p + 64, 0);
  sys3(__NR_mprotect, p, PAGE, 3);
  call("it may again", p + 64, (long *)(p + 76));
  sys2(__NR_munmap, p, PAGE);
  call("it is not there", p + 64, 0);
  call("page 0", (char *)64, 0);
  call("the kernel's half", (char *)-64, 0);
  say("end\n");
  return 0;
}
#endif
