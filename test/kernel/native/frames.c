// What rt_sigreturn makes of frames that user code has spoiled, and frames that do not fit. Each in a child: how does it end?
#include "guest.h"
#define SIGUSR1 10
#ifdef __x86_64__
enum { IP = 40 + 128, FLAGS = 40 + 136, CS = 40 + 144, SS = 40 + 150, SP = 40 + 120, FPSTATE = 40 + 184, MASK = 296 };
#else
enum { IP = 20 + 56, FLAGS = 20 + 64, CS = 20 + 60, SS = 20 + 72, SP = 20 + 28, FPSTATE = 20 + 76, MASK = 108 };
#endif
static void segv(int sig, void *si, void *uc) {
  say("  signal %d code %x, in its frame: cs %x ss %x\n", L(sig), L(word(si, 8)), L(word(uc, CS) & 0xffff), L(word(uc, SS) & 0xffff));
  finish(50);
}
#define SET16(at, v) (*(uint16_t *)((char *)uc + (at)) = (v))
#define SETLONG(at, v) (*(unsigned long *)((char *)uc + (at)) = (unsigned long)(v))
#define SPOILER(name, code) static void name(int sig, void *si, void *uc) { (void)sig; (void)si; code; }
SPOILER(nothing, (void)uc)
SPOILER(kernel_cs, SET16(CS, 0x10))
SPOILER(null_cs, SET16(CS, 0))
SPOILER(data_cs, SET16(CS, 0x2b))
SPOILER(far_cs, SET16(CS, 0xfff7))
SPOILER(ldt_cs, SET16(CS, 7))
SPOILER(null_ss, SET16(SS, 0))
SPOILER(code_ss, SET16(SS, 0x33))
SPOILER(ldt_ss, SET16(SS, 7))
SPOILER(absent_cs, SET16(CS, 0xf))
SPOILER(absent_cs_ldt_ss, (SET16(CS, 0xf), SET16(SS, 7)))
SPOILER(absent_ss, SET16(SS, 0x17))
SPOILER(rpl_0, SET16(CS, word(uc, CS) & 0xfffc))
SPOILER(all_flags, SETLONG(FLAGS, longAt(uc, FLAGS) | 0x3e7000))
SPOILER(direction, SETLONG(FLAGS, longAt(uc, FLAGS) | 0x400))
SPOILER(trap_flag, SETLONG(FLAGS, longAt(uc, FLAGS) | 0x100))
SPOILER(far_ip, SETLONG(IP, sizeof(long) == 8 ? 0x8000000000000000 : 0xfffffff0))
SPOILER(no_fp, SETLONG(FPSTATE, 0))
SPOILER(bad_fp, SETLONG(FPSTATE, 16))
SPOILER(bad_mxcsr, *(uint32_t *)(longAt(uc, FPSTATE) + (sizeof(long) == 8 ? 24 : 112 + 24)) = 0xffffffff)
SPOILER(mask, *(uint64_t *)((char *)uc + MASK) = ~0ull)

static void run(const char *what, void (*spoil)(int, void *, void *)) {
  int status = 0;
  long pid = sys0(__NR_fork);
  if (!pid) {
    for (int s = 4; s < 12; s++) on(s, segv, SA_SIGINFO);
    on(5, segv, SA_SIGINFO);
    on(SIGUSR1, spoil, SA_SIGINFO);
    sys2(__NR_kill, sys0(__NR_getpid), SIGUSR1);
    unsigned long flags;
    uint64_t set;
    __asm__ volatile("pushf; pop %0; cld" : "=r"(flags));
    sys4(__NR_rt_sigprocmask, 0, 0, &set, 8);
    if (spoil == mask) say("  blocked %x\n", L((unsigned long)set & 0xffffffff));
    say("  went on, flags %x\n", L(flags & 0x3f7700));
    finish(0);
  }
  sys4(__NR_wait4, pid, &status, 0, 0);
  say("%s: %x\n", what, L(status & ~0x80));
}
static void bad_stack(int keep_handler) {
  int status = 0;
  long pid = sys0(__NR_fork);
  if (!pid) {
    static char other[65536] __attribute__((aligned(16)));
    struct { unsigned long sp; int flags; unsigned long size; } ss = {(unsigned long)other, 0, sizeof other};
    if (keep_handler) { sys2(__NR_sigaltstack, &ss, 0); on(11, segv, SA_SIGINFO | SA_ONSTACK); }
    on(SIGUSR1, nothing, SA_SIGINFO);
    long self = sys0(__NR_getpid);
#ifdef __x86_64__
    __asm__ volatile("mov %%rsp, %%rbx; xor %%esp, %%esp; add $256, %%rsp; mov $62, %%eax; syscall; mov %%rbx, %%rsp" : : "D"(self), "S"(10L) : "rax", "rbx", "rcx", "r11", "memory");
#else
    __asm__ volatile("push %%ebx; mov %%eax, %%ebx; mov %%esp, %%edi; mov $256, %%esp; mov $37, %%eax; int $0x80; mov %%edi, %%esp; pop %%ebx" : : "a"(self), "c"(10) : "edi", "memory");
#endif
    finish(0);
  }
  sys4(__NR_wait4, pid, &status, 0, 0);
  say("no stack for a frame, %s: %x\n", keep_handler ? "SIGSEGV on the alternate stack" : "SIGSEGV unhandled", L(status & ~0x80));
}
static int body(int argc, char **argv, char **envp) {
  (void)argc; (void)argv; (void)envp;
  run("nothing", nothing);
  run("kernel cs", kernel_cs);
  run("null cs", null_cs);
  run("data cs", data_cs);
  run("cs beyond the table", far_cs);
  run("cs of an empty LDT", ldt_cs);
  run("null ss", null_ss);
  run("code ss", code_ss);
  run("ss of an empty LDT", ldt_ss);
  // Entries 1 and 2 of the LDT: code and data that are not present.
  struct { unsigned entry, base, limit, flags; } absent[2] = {{1, 0, 0xfffff, 0x35}, {2, 0, 0xfffff, 0x31}};
  for (int i = 0; i < 2; i++) sys3(__NR_modify_ldt, 1, &absent[i], 16);
  for (int i = 0; i < 2; i++) sys3(__NR_modify_ldt, 17, &absent[i], 16);
  run("absent cs", absent_cs);
  run("absent cs, ss of the LDT", absent_cs_ldt_ss);
  run("absent ss", absent_ss);
  run("privilege level 0", rpl_0);
  run("all flags", all_flags);
  run("direction flag", direction);
  run("trap flag", trap_flag);
  run("ip out of range", far_ip);
  run("no floating-point state", no_fp);
  run("bad floating-point state", bad_fp);
  run("bad mxcsr", bad_mxcsr);
  run("mask", mask);
  bad_stack(0);
  bad_stack(1);
  return 0;
}
