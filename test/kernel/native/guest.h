// What the programs of this folder share: system calls without a C library, and printing. Built for both ABIs with -nostdlib.
#include <asm/unistd.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __x86_64__
static long sys6(long n, long a, long b, long c, long d, long e, long f) {
  register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
  __asm__ volatile("syscall" : "+a"(n), "+r"(r10), "+r"(r8), "+r"(r9) : "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
  return n;
}
#else
static long sys5_(long n, long a, long b, long c, long d, long e) {
  long first_and_fifth[2] = {a, e}, *p = first_and_fifth;
  __asm__ volatile("push %%ebx; mov (%%edi), %%ebx; mov 4(%%edi), %%edi; int $0x80; pop %%ebx"
                   : "+a"(n), "+D"(p) : "c"(b), "d"(c), "S"(d) : "memory", "cc");
  return n;
}
#endif
#ifdef __x86_64__
#define sys5(n, a, b, c, d, e) sys6(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#else
static long sys6(long n, long a, long b, long c, long d, long e, long f) {
  long all[7] = {n, a, b, c, d, e, f}, r;
  __asm__ volatile("push %%ebx; push %%ebp; mov 4(%%eax), %%ebx; mov 8(%%eax), %%ecx; mov 12(%%eax), %%edx; mov 16(%%eax), %%esi;"
                   "mov 20(%%eax), %%edi; mov 24(%%eax), %%ebp; mov (%%eax), %%eax; int $0x80; pop %%ebp; pop %%ebx"
                   : "=a"(r) : "a"(all) : "ecx", "edx", "esi", "edi", "memory");
  return r;
}
#define sys5(n, a, b, c, d, e) sys5_(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e))
#endif
#define sys4(n, a, b, c, d) sys5(n, a, b, c, d, 0)
#define sys3(n, a, b, c) sys5(n, a, b, c, 0, 0)
#define sys2(n, a, b) sys5(n, a, b, 0, 0, 0)
#define sys1(n, a) sys5(n, a, 0, 0, 0, 0)
#define sys0(n) sys5(n, 0, 0, 0, 0, 0)

/* One call of say is one write: handlers and children do not cut lines. */
struct line { char text[512]; size_t n; };
static void put(struct line *l, char c) {
  if (l->n < sizeof l->text) l->text[l->n++] = c;
}
static void text(struct line *l, const char *s) {
  while (*s) put(l, *s++);
}
static void number(struct line *l, unsigned long v, unsigned base) {
  char b[24];
  int i = sizeof b;
  do b[--i] = "0123456789abcdef"[v % base];
  while (v /= base);
  while (i < (int)sizeof b) put(l, b[i++]);
}
/* %d and %x take a long, %s a string, %c a long. */
static void say(const char *f, ...) {
  struct line l;
  va_list ap;
  l.n = 0;
  va_start(ap, f);
  for (; *f; f++) {
    if (*f != '%') {
      put(&l, *f);
      continue;
    }
    switch (*++f) {
      case 'd': {
        long v = va_arg(ap, long);
        if (v < 0) put(&l, '-');
        number(&l, v < 0 ? -v : v, 10);
        break;
      }
      case 'x': number(&l, va_arg(ap, unsigned long), 16); break;
      case 's': text(&l, va_arg(ap, const char *)); break;
      case 'c': put(&l, (char)va_arg(ap, long)); break;
    }
  }
  va_end(ap);
  sys3(__NR_write, 1, l.text, l.n);
}
#define L(x) ((long)(x))
/* say, with up to six values that are taken in the order in which they are written. */
static void say_values(const char *f, const long *v) { say(f, v[0], v[1], v[2], v[3], v[4], v[5]); }
#define said(f, ...) say_values(f, (long[6]){__VA_ARGS__})
/* A call of sockets with six arguments; `number` is its number in socketcall(2): sendto 11, recvfrom 12. */
#ifdef __x86_64__
#define sock6(number, name, ...) sys6(name, __VA_ARGS__)
#else
#define sock6(number, name, ...) sys2(__NR_socketcall, number, ((long[6]){__VA_ARGS__}))
#endif

static void finish(int code) { for (;;) sys1(__NR_exit_group, code); }
static int body(int argc, char **argv, char **envp);
__attribute__((used)) static void begin(long *sp) {
  int argc = (int)sp[0];
  char **argv = (char **)(sp + 1);
  finish(body(argc, argv, argv + argc + 1));
}
#ifdef __x86_64__
__asm__(".globl _start\n_start: xor %ebp, %ebp\n mov %rsp, %rdi\n and $-16, %rsp\n call begin\n");
#else
__asm__(".globl _start\n_start: xor %ebp, %ebp\n mov %esp, %eax\n and $-16, %esp\n sub $12, %esp\n push %eax\n call begin\n");
#endif
void *memcpy(void *d, const void *s, size_t n) {
  char *p = d;
  const char *q = s;
  while (n--) *p++ = *q++;
  return d;
}
void *memset(void *d, int c, size_t n) {
  char *p = d;
  while (n--) *p++ = (char)c;
  return d;
}

// Wait for a child: how it ended.
static int end(long pid) {
  int status = 0;
  sys4(__NR_wait4, pid, &status, 0, 0);
  return status;
}
// Write a text to a file that is there.
static long put_file(const char *path, const char *s) {
  long fd = sys3(__NR_open, path, 1, 0), n = 0, r;
  if (fd < 0) return fd;
  while (s[n]) n++;
  r = sys3(__NR_write, fd, s, n);
  sys1(__NR_close, fd);
  return r;
}

// Signals, as the kernel sees them.
struct action { void (*handler)(int, void *, void *); unsigned long flags; void (*restorer)(void); uint64_t mask; } __attribute__((packed, aligned(4)));
#define SA_NOCLDSTOP 1u
#define SA_NOCLDWAIT 2u
#define SA_SIGINFO 4u
#define SA_RESTORER 0x04000000u
#define SA_ONSTACK 0x08000000u
#define SA_RESTART 0x10000000u
#define SA_NODEFER 0x40000000u
#define SA_RESETHAND 0x80000000u
void restore(void);
#ifdef __x86_64__
__asm__("restore: mov $15, %eax\n syscall\n");
#else
__asm__("restore: mov $173, %eax\n int $0x80\n");
#endif
static long on(int sig, void (*handler)(int, void *, void *), unsigned long flags) {
  // i386: without SA_SIGINFO the frame is the old one, and the vDSO knows how to return from it.
  if (sizeof(long) == 8 || (flags & SA_SIGINFO)) flags |= SA_RESTORER;
  struct action a = {handler, flags, restore, 0};
  return sys4(__NR_rt_sigaction, sig, &a, 0, 8);
}
static uint32_t word(void *at, int offset) { return *(uint32_t *)((char *)at + offset); }
static unsigned long longAt(void *at, int offset) { return *(unsigned long *)((char *)at + offset); }
