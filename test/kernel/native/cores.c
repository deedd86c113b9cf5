// Core files: conditions, names, notes, threads, registers, dumped parts of the memory and limits.
#include "guest.h"
#ifdef __x86_64__
typedef uint64_t word_t;
enum { PHOFF = 32, PHNUM = 56, PHSIZE = 56, REGS = 112, R_IP = 16, R_NR = 15, R_AX = 10 };
#else
typedef uint32_t word_t;
enum { PHOFF = 28, PHNUM = 44, PHSIZE = 32, REGS = 72, R_IP = 12, R_NR = 11, R_AX = 6 };
#endif
enum { CORE = 4, FSIZE = 1, PRIVATE = 2, SHARED = 1, ANONYMOUS = 0x20 };
enum { MOST = 1 << 20 };
static char *file;
static long size;
static char data[4096] __attribute__((aligned(4096))) = "written data";
static const char constant[4096] __attribute__((aligned(4096))) = "constant";
static char stack[8192] __attribute__((aligned(16)));
extern char fault_here[];

static char *map(long length, int prot, int flags, long fd) {
#ifdef __x86_64__
  return (char *)sys6(__NR_mmap, 0, length, prot, flags, fd, 0);
#else
  long a[6] = {0, length, prot, flags, fd, 0};
  return (char *)sys1(__NR_mmap, a);
#endif
}
static void limit(int which, unsigned long soft) {
  unsigned long l[2] = {soft, ~0ul};
  sys2(__NR_setrlimit, which, l);
}
static long load(const char *name) {
  long fd = sys3(__NR_open, name, 0, 0), r;
  if (fd < 0) return size = fd;
  for (size = 0; size < MOST && (r = sys3(__NR_read, fd, file + size, MOST - size)) > 0;) size += r;
  sys1(__NR_close, fd);
  return size;
}
static word_t at(long offset) { return *(word_t *)(file + offset); }
static unsigned int at32(long offset) { return *(unsigned int *)(file + offset); }

/* The bytes of an address in the file: "out" if no segment has it, "hole" if it is not dumped. */
static const char *content(unsigned long address) {
  int n = *(unsigned short *)(file + PHNUM);
  for (int i = 0; i < n; i++) {
    long p = at(PHOFF) + i * PHSIZE;
    if (at32(p) != 1) continue;
#ifdef __x86_64__
    unsigned long offset = at(p + 8), start = at(p + 16), filesz = at(p + 32), memsz = at(p + 40);
#else
    unsigned long offset = at(p + 4), start = at(p + 8), filesz = at(p + 16), memsz = at(p + 20);
#endif
    if (address < start || address >= start + memsz) continue;
    if (address - start >= filesz) return "(not dumped)";
    return file[offset + address - start] ? file + offset + address - start : "(zeros)";
  }
  return "(no segment)";
}
static void notes(void) {
  long p = at(PHOFF);
#ifdef __x86_64__
  long from = at(p + 8), end = from + at(p + 32);
#else
  long from = at(p + 4), end = from + at(p + 16);
#endif
  say("type %d machine %d note %d align %d\n", (int)*(unsigned short *)(file + 16), (int)*(unsigned short *)(file + 18), (int)at32(p),
      (int)at32(p + PHSIZE - (sizeof(word_t) == 8 ? 8 : 4)));
  while (from < end) {
    int name = at32(from), length = at32(from + 4), type = at32(from + 8);
    char *what = file + from + 12;
    long d = from + 12 + ((name + 3) & ~3);
    say("note %s %x", what, type);
    // The size of the extended state is the processor's.
    if (type != 0x202 && type != 0x205 && type != 0x46494c45 && type != 6) say(" %d bytes", length);
    if (type == 1) {
      word_t *r = (word_t *)(file + d + REGS);
      say(" signal %d at fault %d nr %d result %d", (int)at32(d), r[R_IP] == (word_t)(long)fault_here, (int)r[R_NR],
          (int)r[R_NR] == -1 ? 0 : (int)r[R_AX]);
    }
    if (type == 3) say(" name %s", file + d + (sizeof(word_t) == 8 ? 40 : 28));
    if (type == 0x53494749) say(" signo %d code %d", (int)at32(d), (int)at32(d + 8));
    say("\n");
    from = d + ((length + 3) & ~3);
  }
}

static unsigned long *shared;
/* Maps of all kinds, at addresses that the parent reads from `shared`. */
static void maps(void) {
  char *p = map(8192, 3, PRIVATE | ANONYMOUS, -1);
  p[0] = 'p', p[1] = 0;
  char *s = map(4096, 3, SHARED | ANONYMOUS, -1);
  s[0] = 's', s[1] = 0;
  char *d = map(4096, 3, PRIVATE | ANONYMOUS, -1);
  d[0] = 'd', d[1] = 0;
  sys3(__NR_madvise, d, 4096, 16);
  char *u = map(4096, 3, PRIVATE | ANONYMOUS, -1);
  long fd = sys3(__NR_open, "mapped", 2 | 0x40 | 0x200, 0600);
  sys3(__NR_write, fd, "file bytes", 11);
  char *f = map(4096, 1, PRIVATE, fd);
  char *g = map(4096, 3, SHARED, fd);
  shared[0] = L(p), shared[1] = L(s), shared[2] = L(d), shared[3] = L(u), shared[4] = L(f), shared[5] = L(g), shared[6] = L(p) + 4096;
  data[0] = 'W';
}
static void thread(void) {
  for (;;) sys0(__NR_pause);
}
enum { CLONE = 0x100 | 0x200 | 0x400 | 0x800 | 0x10000 };
static void start(void) {
  void **top = (void **)(stack + sizeof stack) - 2;
  *top = (void *)thread;
#ifdef __x86_64__
  __asm__ volatile("syscall; test %%rax,%%rax; jnz 1f; call *(%%rsp); 1:" ::"a"(__NR_clone), "D"(CLONE), "S"(top), "d"(0) : "rcx", "r11", "memory");
#else
  __asm__ volatile("int $0x80; test %%eax,%%eax; jnz 1f; call *(%%esp); 1:" ::"a"(__NR_clone), "b"(CLONE), "c"(top), "d"(0) : "memory");
#endif
  long ten_ms[2] = {0, 10000000};
  sys2(__NR_nanosleep, ten_ms, 0);
}
static void crash(void) { __asm__ volatile(".globl fault_here\nfault_here: movl $0, 0" ::: "memory"); }

/* A child that ends with a core file, and the status of its end. */
static void child(const char *what, unsigned long most, const char *filter, int sig, int dumpable, int threads) {
  long pid = sys0(__NR_fork), status = 0;
  if (pid == 0) {
    limit(CORE, most);
    maps();
    if (filter) put_file("/proc/self/coredump_filter", filter);
    sys2(__NR_prctl, 4, dumpable);
    if (threads) start();
    if (sig) sys2(__NR_kill, sys0(__NR_getpid), sig);
    else crash();
    finish(0);
  }
  sys4(__NR_wait4, pid, &status, 0, 0);
  say("%s: signal %d core %d", what, (int)status & 0x7f, (int)status >> 7 & 1);
  load("core");
  say(size < 0 ? " no file\n" : "\n");
}
static void show(void) {
  static const char *const names[] = {"private", "shared", "excluded", "untouched", "file", "shared file", "second page"};
  for (int i = 0; i < 7; i++) say("  %s %s\n", names[i], content(shared[i]));
  say("  data %s constant %s\n", content(L(data)), content(L(constant)));
}

static int body(int argc, char **argv, char **envp) {
  sys2(__NR_mkdir, "/tmp/trapgate-cores", 0755);
  sys1(__NR_chdir, "/tmp/trapgate-cores");
  sys1(__NR_unlink, "core");
  // The buffer is in no core file.
  file = map(MOST, 3, PRIVATE | ANONYMOUS, -1);
  sys3(__NR_madvise, file, MOST, 16);
  shared = (unsigned long *)map(4096, 3, SHARED | ANONYMOUS, -1);
  child("none", 0, 0, 0, 1, 0);
  child("less than a page", 4095, 0, 0, 1, 0);
  child("not dumpable", ~0ul, 0, 0, 0, 0);
  child("whole", ~0ul, 0, 0, 1, 1);
  notes();
  show();
  child("all mappings", ~0ul, "0x7f\n", 6, 1, 0);
  show();
  child("no mappings", ~0ul, "0\n", 3, 1, 0);
  show();
  child("a page", 4096, 0, 0, 1, 0);
  say("at most a page: %d\n", size > 0 && size <= 4096);
  child("terminated", ~0ul, 0, 15, 1, 0);
  /* A link in the way is removed, a folder is not. */
  sys1(__NR_unlink, "core");
  long other = sys3(__NR_open, "other", 1 | 0x40, 0600);
  sys3(__NR_write, other, "other", 5);
  sys1(__NR_close, other);
  sys2(__NR_symlink, "other", "core");
  child("link", ~0ul, 0, 0, 1, 0);
  load("other");
  say("other has %d bytes\n", (int)size);
  sys1(__NR_unlink, "core");
  sys2(__NR_mkdir, "core", 0755);
  child("folder", ~0ul, 0, 0, 1, 0);
  sys1(__NR_rmdir, "core");
  sys2(__NR_chmod, "/tmp/trapgate-cores", 0);
  child("as root", ~0ul, 0, 11, 1, 0);
  sys1(__NR_unlink, "core");
  sys1(__NR_unlink, "other");
  sys1(__NR_unlink, "mapped");
  sys1(__NR_chdir, "/");
  say("empty %d\n", (int)sys1(__NR_rmdir, "/tmp/trapgate-cores"));
  return 0;
}
