// 16-bit code in segments of its own: near calls, offsets and strings that wrap at 64 KiB, decimal arithmetic, a 16-bit stack, prefixes for 32
// bits, a system call, and a fault from which it goes on.
#include "guest.h"
struct desc { unsigned entry, base, limit, flags; };
enum { DATA = 0, CODE = 4, USEABLE = 64 };
#define LDT(n) ((n) << 3 | 7)

static unsigned char data[0x10000] __attribute__((aligned(4096)));
__attribute__((used)) static unsigned char stack[8192] __attribute__((aligned(16)));
static unsigned char alternate[16384] __attribute__((aligned(16)));
__attribute__((used)) static struct { unsigned offset; unsigned short selector; } far = {0, LDT(1)};
__attribute__((used)) static long saved;
__attribute__((used)) static const char greeting[] = "a system call from 16-bit code\n";
extern unsigned char small[], skipped[];

// DS, ES and SS become the 64 KiB of `data`, whose selector is in dx. Results from 0x100 on.
__asm__(
    ".code16\n"
    "small: mov %ss, %bx; movl %esp, %ebp; mov %dx, %ds; mov %dx, %es; mov %dx, %ss; movl $0x8000, %esp\n"
    "  pushw %bx; pushl %ebp\n"
    "  mov $20, %cx; call fibonacci; mov %ax, 0x100\n"
    "  mov $0x19, %al; add $0x28, %al; daa; mov %al, 0x102; mov $0x47, %al; sub $0x19, %al; das; mov %al, 0x103\n"
    "  mov $0x1234, %ax; aam; mov %ax, 0x104; aad; mov %ax, 0x106\n"
    "  cld; mov $0xfffd, %di; mov $7, %cx; mov $0x77, %al; rep stosb; mov %di, 0x108; mov %cx, 0x10a\n"
    "  pushw $0x1234; pushw $0x5678; popl %eax; movl %eax, 0x10c\n"
    "  movl $0xffff8000, %ebx; lea 0x9000(%bx), %si; mov %si, 0x110; leal 0x9000(%ebx), %esi; movl %esi, 0x114\n"
    "  movl $0x120, %esi; movl $0xdeadbeef, (%esi); mov $0x8000, %bx; mov $0x8120, %si; mov (%bx,%si), %ax; mov %ax, 0x118\n"
    "  xor %dx, %dx; mov $0x10000 - 3, %cx\n"
    "1: inc %dx; inc %cx; jcxz 2f; jmp 1b\n"
    "2: mov %dx, 0x11a; pushf; pop %ax; and $0xcd5, %ax; mov %ax, 0x11c; mov %sp, 0x11e\n"
    "  movl $4, %eax; movl $1, %ebx; movl $greeting, %ecx; movl $31, %edx; int $0x80; movl %eax, 0x124\n"
    "  xor %ax, %ax; mov %ax, %es; movb $1, %es:(0)\n"
    "skipped: popl %ebp; popw %bx; mov %bx, %ss; movl %ebp, %esp; lretl\n"
    "fibonacci: xor %ax, %ax; mov $1, %bx\n"
    "1: add %bx, %ax; xchg %ax, %bx; loop 1b; ret\n"
#ifdef __x86_64__
    ".code64\n"
    "enter: push %rbp; push %rbx; push %r12; push %r13; push %r14; push %r15; mov %rsp, saved; mov %edi, %edx; mov $stack + 8192, %esp\n"
    "  lcall *far; mov saved, %rsp; pop %r15; pop %r14; pop %r13; pop %r12; pop %rbx; pop %rbp; ret\n"
#else
    ".code32\n"
    "enter: push %ebp; push %ebx; push %esi; push %edi; push %ds; push %es; mov 28(%esp), %edx; mov %esp, saved; mov $stack + 8192, %esp\n"
    "  lcall *far; mov %cs:saved, %esp; pop %es; pop %ds; pop %edi; pop %esi; pop %ebx; pop %ebp; ret\n"
#endif
);
void enter(long dataSelector);

static long segment(unsigned entry, void *base, unsigned flags) {
  struct desc d = {entry, (unsigned)(unsigned long)base, 0xffff, flags};
  return (int)sys3(__NR_modify_ldt, 1 + 0x10, &d, sizeof d);
}
static void fault(int sig, void *si, void *uc) {
#ifdef __x86_64__
  enum { SP = 40 + 120, IP = 40 + 128, CS = 40 + 144, SS = 40 + 150, ERR = 40 + 152, TRAPNO = 40 + 160 };
#else
  enum { SP = 20 + 28, IP = 20 + 56, CS = 20 + 60, SS = 20 + 72, ERR = 20 + 52, TRAPNO = 20 + 48 };
#endif
  say("signal %d code %x trapno %d err %x cs %x ss %x sp %x, before the resumed by %d\n", L(sig), L(word(si, 8)), L(word(uc, TRAPNO)), L(word(uc, ERR)),
      L(word(uc, CS) & 0xffff), L(word(uc, SS) & 0xffff), L(word(uc, SP) & 0xffff), L(skipped - small) - L(word(uc, IP)));
  *(unsigned long *)((char *)uc + IP) = skipped - small;
}

static int body(int argc, char **argv, char **envp) {
  (void)argc; (void)argv; (void)envp;
  struct { void *at; int flags; size_t size; } where = {alternate, 0, sizeof alternate};
  say("segments %d %d, alternate stack %d\n", segment(1, small, CODE), segment(2, data, DATA | USEABLE), sys2(__NR_sigaltstack, &where, 0));
  on(11, fault, SA_SIGINFO | SA_ONSTACK);
  enter(LDT(2));
  say("results");
  for (int at = 0x100; at < 0x128; at += 2) say(" %x", L(data[at] | data[at + 1] << 8));
  say("\nwrapped %x %x %x %x\n", L(data[0xfffc]), L(data[0xfffd]), L(data[3]), L(data[4]));
  return 0;
}
