// Each kind of processor exception: which signal, which code, which address, what the frame says. Then the flow goes on behind it.
#include "guest.h"

#ifdef __x86_64__
enum { FLAGS = 40 + 136, IP = 40 + 128, ERR = 40 + 152, TRAPNO = 40 + 160, CR2 = 40 + 176, CS = 40 + 144, SI_ADDR = 16 };
#define SKIP(uc, to) (*(unsigned long *)((char *)(uc) + IP) = (unsigned long)(to))
#else
enum { FLAGS = 20 + 64, IP = 20 + 56, ERR = 20 + 52, TRAPNO = 20 + 48, CR2 = 20 + 84, CS = 20 + 60, SI_ADDR = 12 };
#define SKIP(uc, to) (*(unsigned long *)((char *)(uc) + IP) = (unsigned long)(to))
#endif
static void *resume;
static const char *what;

static void handler(int sig, void *info, void *uc) {
  unsigned long addr = longAt(info, SI_ADDR), ip = longAt(uc, IP), cr2 = longAt(uc, CR2);
  say("%s: signal %d errno %d code %x addr %s%x ip %s err %x trapno %d cr2 %x cs %x\n", what, L(sig), L((int)word(info, 4)), L(word(info, 8)),
      addr == ip && addr ? "ip " : "", L(addr == ip ? 0 : addr), ip == (unsigned long)resume ? "resume" : "other", longAt(uc, ERR),
      longAt(uc, TRAPNO), L(word(uc, TRAPNO) == 14 ? cr2 : 0), L(word(uc, CS) & 0xffff));
  SKIP(uc, resume);
}
#ifdef __x86_64__
#define TRY(name, code, ...) do { what = name; __asm__ volatile("lea 9f(%%rip), %%rax; mov %%rax, %0\n" code "\n9:" : "=m"(resume) :: "memory", "cc", "rax", "rbx", "rcx", "rdx", ##__VA_ARGS__); } while (0)
#else
#define TRY(name, code, ...) do { what = name; __asm__ volatile("movl $9f, %0\n" code "\n9:" : "=m"(resume) :: "memory", "cc", "eax", "ecx", "edx", ##__VA_ARGS__); } while (0)
#endif

static int body(int argc, char **argv, char **envp) {
  (void)argc; (void)argv; (void)envp;
  for (int s = 1; s < 32; s++) on(s, handler, SA_SIGINFO | SA_NODEFER);
  TRY("read of page 0", "xor %%ecx, %%ecx; mov 16(%%ecx), %%eax");
  TRY("write of page 0", "xor %%ecx, %%ecx; movl $1, 0x123(%%ecx)");
  TRY("write of read-only memory", "movl $1, text_word; jmp 9f; .pushsection .rodata; text_word: .long 5; .popsection");
  TRY("jump to page 0", "mov $64, %%ecx; jmp *%%" 
#ifdef __x86_64__
      "rcx"
#else
      "ecx"
#endif
  );
  TRY("ud2", "ud2");
  TRY("division by zero", "xor %%ecx, %%ecx; mov $1, %%eax; cltd; idiv %%ecx");
  TRY("division overflow", "mov $0x80000000, %%eax; cltd; mov $-1, %%ecx; idiv %%ecx");
  TRY("int3", "int3");
  TRY("int 0x21", "int $0x21");
  TRY("hlt", "hlt");
  TRY("in", "in $0x60, %%al");
  TRY("cli", "cli");
  TRY("load of a bad selector", "mov $0x8, %%ax; mov %%ax, %%ds");
  TRY("load of a far selector", "mov $0xff3, %%ax; mov %%ax, %%es");
#ifdef __x86_64__
  TRY("non-canonical read", "mov $0x1234567812345678, %%rax; mov (%%rax), %%ecx");
  TRY("kernel address read", "mov $0xffff888000000000, %%rax; mov (%%rax), %%ecx");
#else
  TRY("into", "mov $0x7fffffff, %%eax; inc %%eax; into");
#endif
  say("end\n");
  return 0;
}
