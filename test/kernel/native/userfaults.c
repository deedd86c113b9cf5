// userfaultfd: interface, ranges, missing and protected pages, threads that wait for them in user code and in system calls.
#include "guest.h"
#include <linux/ioctl.h>
#include <linux/userfaultfd.h>
#define PAGE 4096
static char source[3 * PAGE] __attribute__((aligned(4096)));
static char stack[4][16384] __attribute__((aligned(16)));
static long map(long n, long flags) {
  // mmap2 counts pages; the offset is 0.
#ifdef __x86_64__
  return sys6(__NR_mmap, 0, n, 3, flags, -1, 0);
#else
  long a[6] = {0, n, 3, flags, -1, 0};
  return sys1(__NR_mmap, a);
#endif
}
static long map_file(long n, int file) {
#ifdef __x86_64__
  return sys6(__NR_mmap, 0, n, 3, 1, file, 0);
#else
  long a[6] = {0, n, 3, 1, file, 0};
  return sys1(__NR_mmap, a);
#endif
}
#define CLONE_FLAGS 0x50f00
struct job { int (*run)(void *); void *arg; volatile int done; };
static void start(struct job *j) { j->done = j->run(j->arg); if (!j->done) j->done = 1; sys1(__NR_exit, 0); }
static void thread(int i, struct job *j) {
  long *sp = (long *)(stack[i] + sizeof stack[i] - 64);
#ifdef __x86_64__
  register long r10 __asm__("r10") = 0, r8 __asm__("r8") = 0;
  __asm__ volatile("mov %2, %%r12; mov %3, %%r13; syscall; test %%eax, %%eax; jnz 1f; mov %%r12, %%rdi; and $-16, %%rsp; call *%%r13; 1:" : : "a"(__NR_clone), "D"(CLONE_FLAGS), "r"(j), "r"(start), "S"(sp), "d"(0), "r"(r10), "r"(r8) : "rcx", "r11", "r12", "r13", "memory");
#else
  *--sp = 0, *--sp = (long)j, *--sp = (long)start;
  __asm__ volatile("push %%ebx; mov %1, %%ebx; xor %%edx, %%edx; xor %%esi, %%esi; xor %%edi, %%edi; int $0x80; test %%eax, %%eax; jnz 1f; pop %%eax; call *%%eax; 1: pop %%ebx" : : "a"(__NR_clone), "r"(CLONE_FLAGS), "c"(sp) : "edx", "esi", "edi", "memory", "cc");
#endif
}
static void pause_ms(long ms) {
  long ts[2] = {0, ms * 1000000};
  sys2(__NR_nanosleep, ts, 0);
}
static int finished(struct job *j) {
  for (int i = 0; i < 200 && !j->done; i++) pause_ms(5);
  return j->done;
}
static long ioctl(int fd, unsigned long op, void *arg) { return sys3(__NR_ioctl, fd, op, arg); }
static int open_uffd(unsigned long features) {
  int fd = sys1(__NR_userfaultfd, 04000);
  struct uffdio_api api = {UFFD_API, features, 0};
  long r = ioctl(fd, UFFDIO_API, &api);
  if (r) say(" api %d\n", r);
  return fd;
}
static long reg(int fd, void *at, long n, long mode, unsigned long *ioctls) {
  struct uffdio_register r = {{(unsigned long)at, n}, mode, 0};
  long e = ioctl(fd, UFFDIO_REGISTER, &r);
  if (ioctls) *ioctls = r.ioctls;
  return e;
}
static long copy(int fd, void *to, void *from, long n, long mode, long *done) {
  struct uffdio_copy c = {(unsigned long)to, (unsigned long)from, n, mode, 0};
  long e = ioctl(fd, UFFDIO_COPY, &c);
  if (done) *done = c.copy;
  return e;
}
static void message(const char *what, int fd, char *base) {
  struct uffd_msg m;
  long r;
  for (int i = 0; i < 200 && (r = sys3(__NR_read, fd, &m, sizeof m)) == -11; i++) pause_ms(5);
  say(" %s: %d event %x flags %x page %d\n", what, r, L(m.event), L(m.arg.pagefault.flags), L((m.arg.pagefault.address - (unsigned long)base) / PAGE));
}
static char *area;
static int reader(void *p) { return *(volatile char *)p; }
static int writer(void *p) { return *(volatile char *)p = 'w'; }
static int pipe_fd[2];
static int sender(void *p) { return sys3(__NR_write, pipe_fd[1], p, 5) + 100; }
static int receiver(void *p) { return sys3(__NR_read, pipe_fd[0], p, 100) + 300; }
static int opener(void *p) { return 200 - sys3(__NR_open, p, 0, 0); }
static long seen;
static void on_bus(int sig, void *info, void *c) {
  seen = word(info, 8);
  sys2(__NR_munmap, area, PAGE);
  // A kernel without memory failures gives a poisoned page the code of a missing one.
  sys1(__NR_exit_group, seen == 4 ? 42 : 40 + (int)seen);
}
static int body(int argc, char **argv, char **envp) {
  memset(source, 'A', PAGE), memset(source + PAGE, 'B', PAGE), memset(source + 2 * PAGE, 'C', PAGE);
  say("flags %d, before the api %d", sys1(__NR_userfaultfd, 2), reg(sys1(__NR_userfaultfd, 04000), source, PAGE, 1, 0));
  int fd = sys1(__NR_userfaultfd, 02004001);
  struct uffdio_api api = {0xab, 0, 0};
  say(", api %d", ioctl(fd, UFFDIO_API, &api));
  say(" %d", L(api.api)), api.api = UFFD_API, api.features = 1ull << 60;
  say(", feature %d", ioctl(fd, UFFDIO_API, &api));
  api.api = UFFD_API, api.features = 0;
  say(", good %d", ioctl(fd, UFFDIO_API, &api));
  say(" ioctls %d, again %d, unknown request %d, cloexec %d\n", L(api.ioctls == 0x8000000000000003ull), ioctl(fd, UFFDIO_API, &api), ioctl(fd, 0xaa77, &api), sys3(__NR_fcntl, fd, 1, 0));
  area = (char *)map(8 * PAGE, 0x22);
  unsigned long ioctls = 0;
  say("register: no mode %d, odd mode %d, odd start %d, odd length %d, nothing %d, unmapped %d", reg(fd, area, PAGE, 0, 0), reg(fd, area, PAGE, 8, 0), reg(fd, area + 1, PAGE, 1, 0), reg(fd, area, 100, 1, 0), reg(fd, area, 0, 1, 0), reg(fd, (void *)0x10000, PAGE, 1, 0));
  say(", good %d", reg(fd, area, 4 * PAGE, 1, &ioctls));
  say(" %x", ioctls & ~0x40ul);
  say(", minor of private memory %d, other instance %d\n", reg(fd, area, PAGE, 4, 0), reg(open_uffd(0), area, PAGE, 1, 0));
  long done;
  say("copy: outside %d, odd %d, mode %d, bad source ", copy(fd, area + 5 * PAGE, source, PAGE, 0, 0), copy(fd, area + 1, source, PAGE, 0, 0), copy(fd, area, source, PAGE, 8, 0));
  say("%d", copy(fd, area, (void *)(area + 4 * PAGE + 0x10000000ul), PAGE, 0, &done));
  say(", one %d", copy(fd, area, source, PAGE, 0, &done));
  say(" %d", done);
  say(", again %d", copy(fd, area, source, PAGE, 0, &done));
  say(" %d", done);
  struct uffdio_zeropage z = {{(unsigned long)area + PAGE, PAGE}, 0, 0};
  say(", zero %d", ioctl(fd, UFFDIO_ZEROPAGE, &z));
  say(" %d, content %c %d\n", L(z.zeropage), L(area[0]), L(area[PAGE]));
  // A thread waits for a page.
  struct job a = {reader, area + 2 * PAGE + 5, 0};
  thread(0, &a);
  message("a read", fd, area);
  say(" waits %d", L(!a.done));
  copy(fd, area + 2 * PAGE, source + PAGE, PAGE, 0, 0);
  say(", then %c\n", L(finished(&a)));
  struct job b = {writer, area + 3 * PAGE, 0};
  thread(1, &b);
  message("a write", fd, area);
  copy(fd, area + 3 * PAGE, source, PAGE, UFFDIO_COPY_MODE_DONTWAKE, 0);
  pause_ms(20);
  say(" not woken %d", L(!b.done));
  struct uffdio_range range = {(unsigned long)area + 3 * PAGE, PAGE};
  say(", wake %d", ioctl(fd, UFFDIO_WAKE, &range));
  say(", then %c", L(finished(&b)));
  say(" %c%c\n", L(area[3 * PAGE]), L(area[3 * PAGE + 1]));
  sys1(__NR_close, fd);
  // A system call meets the page.
  fd = open_uffd(0);
  area = (char *)map(8 * PAGE, 0x22);
  reg(fd, area, 8 * PAGE, 1, 0);
  sys1(__NR_pipe, pipe_fd);
  struct job c = {sender, area, 0};
  thread(2, &c);
  message("in write(2)", fd, area);
  copy(fd, area, source, PAGE, 0, 0);
  char buf[16] = {0};
  say(" result %d", L(finished(&c)));
  say(", read %d %s\n", sys3(__NR_read, pipe_fd[0], buf, 10), buf);
  memcpy(source, "/nothing/here", 14);
  struct job d = {opener, area + PAGE, 0};
  thread(3, &d);
  message("in open(2)", fd, area);
  copy(fd, area + PAGE, source, PAGE, 0, 0);
  say(" result %d\n", L(finished(&d)));
  // A read of a pipe that meets a page loses nothing.
  sys3(__NR_write, pipe_fd[1], "stream", 6);
  struct job h = {receiver, area + 2 * PAGE, 0};
  thread(1, &h);
  message("in read(2)", fd, area);
  copy(fd, area + 2 * PAGE, source + PAGE, PAGE, 0, 0);
  say(" result %d", L(finished(&h)));
  say(" %c%c%c\n", L(area[2 * PAGE]), L(area[2 * PAGE + 5]), L(area[2 * PAGE + 6]));
  // madvise drops a page, which is missing again; the end of the instance lets threads go on.
  area[0];
  sys3(__NR_madvise, area, PAGE, 4);
  struct job e = {reader, area, 0};
  e.arg = area + 1;
  thread(0, &e);
  message("after madvise", fd, area);
  sys1(__NR_close, fd);
  say(" after the end %d\n", L(finished(&e)));
  // Protected pages.
  fd = open_uffd(UFFD_FEATURE_PAGEFAULT_FLAG_WP);
  area = (char *)map(4 * PAGE, 0x22);
  memset(area, 'x', 2 * PAGE);
  say("protect: register %d", reg(fd, area, 4 * PAGE, 2, &ioctls));
  say(" %x", ioctls & 0x40);
  struct uffdio_writeprotect wp = {{(unsigned long)area, 2 * PAGE}, 1};
  say(", on %d", ioctl(fd, UFFDIO_WRITEPROTECT, &wp));
  struct uffdio_writeprotect both = {{(unsigned long)area, PAGE}, 3}, out = {{(unsigned long)source, PAGE}, 1};
  say(", both modes %d, outside %d, read %c\n", ioctl(fd, UFFDIO_WRITEPROTECT, &both), ioctl(fd, UFFDIO_WRITEPROTECT, &out), L(area[0]));
  struct job f = {writer, area + 7, 0};
  thread(1, &f);
  message("a protected write", fd, area);
  say(" unchanged %c", L(area[7]));
  struct uffdio_writeprotect off = {{(unsigned long)area, PAGE}, 0};
  say(", off %d", ioctl(fd, UFFDIO_WRITEPROTECT, &off));
  say(", then %c", L(finished(&f)));
  say(" %c, pages without protection %d\n", L(area[7]), L((area[3 * PAGE] = 1)));
  struct uffdio_range all = {(unsigned long)area, 4 * PAGE};
  say(" unregister %d, write %c, twice %d\n", ioctl(fd, UFFDIO_UNREGISTER, &all), L((area[PAGE] = 'y')), ioctl(fd, UFFDIO_UNREGISTER, &all));
  sys1(__NR_close, fd);
  // Shared memory: pages that the file has are not missing.
  fd = open_uffd(UFFD_FEATURE_MINOR_SHMEM | UFFD_FEATURE_MISSING_SHMEM);
  area = (char *)map(2 * PAGE, 0x21);
  area[0] = 'm';
  say("shared: register %d", reg(fd, area, 2 * PAGE, 5, &ioctls));
  say(" %x\n", ioctls & 0x80);
  sys3(__NR_madvise, area, PAGE, 4);
  struct job g = {reader, area, 0};
  thread(2, &g);
  message("minor", fd, area);
  struct uffdio_continue cont = {{(unsigned long)area, PAGE}, 0, 0};
  say(" continue %d", ioctl(fd, UFFDIO_CONTINUE, &cont));
  say(" %d, then %c", L(cont.mapped), L(finished(&g)));
  struct uffdio_continue lacking = {{(unsigned long)area + PAGE, PAGE}, 0, 0};
  say(", without a page %d", ioctl(fd, UFFDIO_CONTINUE, &lacking));
  say(", copy %d", copy(fd, area + PAGE, source + 2 * PAGE, PAGE, 0, 0));
  say(" %c\n", L(area[PAGE]));
  sys1(__NR_close, fd);
  // A child has its own memory, without the ranges.
  fd = open_uffd(0);
  area = (char *)map(PAGE, 0x22);
  reg(fd, area, PAGE, 1, 0);
  long pid = sys0(__NR_fork);
  if (pid == 0) {
    say("child reads %d\n", L(area[0]));
    finish(0);
  }
  end(pid);
  sys1(__NR_close, fd);
  on(7, on_bus, SA_SIGINFO);
  pid = sys0(__NR_fork);
  if (pid == 0) {
    fd = open_uffd(UFFD_FEATURE_SIGBUS);
    area = (char *)map(PAGE, 0x22);
    reg(fd, area, PAGE, 1, 0);
    say("with SIGBUS, in a call %d\n", sys3(__NR_write, pipe_fd[1], area, 1));
    area[0]++;
    finish(0);
  }
  say(" ended %x\n", L(end(pid)));
  pid = sys0(__NR_fork);
  if (pid == 0) {
    fd = open_uffd(UFFD_FEATURE_POISON);
    area = (char *)map(PAGE, 0x22);
    reg(fd, area, PAGE, 1, 0);
    struct uffdio_poison p = {{(unsigned long)area, PAGE}, 0, 0};
    say("poison %d", ioctl(fd, UFFDIO_POISON, &p));
    say(" %d, again %d\n", L(p.updated), ioctl(fd, UFFDIO_POISON, &p));
    sys1(__NR_close, fd);
    area[0]++;
    finish(0);
  }
  say(" ended %x\n", L(end(pid)));
  pid = sys0(__NR_fork);
  if (pid == 0) {
    sys3(__NR_setresuid, 50, 50, 50);
    say("other user: %d, user mode only %d\n", sys1(__NR_userfaultfd, 0), L(sys1(__NR_userfaultfd, 1) > 0));
    finish(0);
  }
  end(pid);
  // A memfd: its first page was written, its second one is a hole.
  int memfd = sys2(__NR_memfd_create, "m", 0);
  sys2(__NR_ftruncate, memfd, 2 * PAGE), sys3(__NR_write, memfd, "memory", 6);
  area = (char *)map_file(2 * PAGE, memfd);
  unsigned char present[2];
  say("memfd: mincore %d", sys3(__NR_mincore, area, 2 * PAGE, present));
  say(" %d%d", L(present[0] & 1), L(present[1] & 1));
  fd = open_uffd(UFFD_FEATURE_MINOR_SHMEM | UFFD_FEATURE_MISSING_SHMEM);
  say(" register %d", reg(fd, area, 2 * PAGE, 5, &ioctls));
  say(" %x\n", ioctls);
  struct job m = {reader, area, 0}, n = {reader, area + PAGE, 0};
  thread(0, &m);
  message("minor of a memfd", fd, area);
  sys3(__NR_lseek, memfd, 0, 0), sys3(__NR_write, memfd, "M", 1);
  struct uffdio_continue go = {{(unsigned long)area, PAGE}, 0, 0};
  say(" copy %d", copy(fd, area, source, PAGE, 0, 0));
  say(" continue %d", ioctl(fd, UFFDIO_CONTINUE, &go));
  say(" then %c", L(finished(&m)));
  go.range.start += PAGE;
  say(" of a hole %d\n", ioctl(fd, UFFDIO_CONTINUE, &go));
  thread(1, &n);
  message("missing of a memfd", fd, area);
  say(" copy %d", copy(fd, area + PAGE, source + PAGE, PAGE, 0, 0));
  say(" then %c", L(finished(&n)));
  char last = 0;
  sys3(__NR_lseek, memfd, PAGE, 0), sys3(__NR_read, memfd, &last, 1);
  say(" in the file %c\n", L(last));
  int dev = sys3(__NR_open, "/dev/userfaultfd", 02, 0);
  say("device %d, flags %d, other request %d\n", L(ioctl(dev, USERFAULTFD_IOC_NEW, (void *)04000) > dev), ioctl(dev, USERFAULTFD_IOC_NEW, (void *)2), ioctl(dev, 0xaa05, 0));
  return 0;
}
