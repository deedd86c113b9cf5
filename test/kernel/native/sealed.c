// mseal, process_madvise and cachestat.
#include "guest.h"
#define PAGE 4096
static long map6(long at, long n, long prot, long flags) {
#ifdef __x86_64__
  return sys6(__NR_mmap, at, n, prot, flags, -1, 0);
#else
  long a[6] = {at, n, prot, flags, -1, 0};
  return sys1(90, a);
#endif
}
static long seal(void *p, long n, long flags) { return sys3(462, p, n, flags); }
static long ok(long r) { return (unsigned long)r < -4096ul ? 1 : r; }
static int body(int argc, char **argv, char **envp) {
  char *p = (char *)map6(0, 8 * PAGE, 3, 0x22);
  p[PAGE] = 'x';
  say("mseal: flags %d, odd %d, none %d, hole %d, much %d\n", seal(p, PAGE, 1), seal(p + 1, PAGE, 0), seal(p, 0, 0), seal((void *)PAGE, PAGE, 0), seal(p, -PAGE, 0));
  say(" part %d", seal(p + PAGE, 2 * PAGE, 0));
  say(", again %d\n", seal(p + PAGE, 2 * PAGE, 0));
  say(" protect %d %d, beside %d\n", sys3(__NR_mprotect, p + PAGE, PAGE, 1), sys3(__NR_mprotect, p, 8 * PAGE, 1), sys3(__NR_mprotect, p + 4 * PAGE, PAGE, 1));
  say(" unmap %d %d, over it %d, grow %d\n", sys2(__NR_munmap, p + PAGE, PAGE), sys2(__NR_munmap, p, 8 * PAGE), map6((long)p, 2 * PAGE, 3, 0x32), sys5(__NR_mremap, p + PAGE, 2 * PAGE, 4 * PAGE, 1, 0));
  say(" forget %d, byte %d\n", sys3(__NR_madvise, p + PAGE, PAGE, 4), L(p[PAGE]));
  char *q = (char *)map6(0, 2 * PAGE, 1, 0x22);
  say(" read-only %d", seal(q, 2 * PAGE, 0));
  say(" forget %d, normal %d\n", sys3(__NR_madvise, q, PAGE, 4), sys3(__NR_madvise, q, PAGE, 0));
  long pid = sys0(__NR_fork);
  if (pid == 0) {
    say(" child: protect %d, unmap %d\n", sys3(__NR_mprotect, p + PAGE, PAGE, 1), sys2(__NR_munmap, p + PAGE, PAGE));
    finish(0);
  }
  end(pid);
  // process_madvise
  long self = sys2(__NR_pidfd_open, sys0(__NR_getpid), 0), iov[4] = {(long)p, PAGE, (long)(p + 3 * PAGE), PAGE}, odd[2] = {(long)p + 1, PAGE};
  say("process_madvise: flags %d, closed %d, other %d, bad %d\n", sys5(__NR_process_madvise, self, iov, 2, 20, 1), sys5(__NR_process_madvise, 99, iov, 2, 20, 0),
      sys5(__NR_process_madvise, 1, iov, 2, 20, 0), sys5(__NR_process_madvise, self, 16, 2, 20, 0));
  say(" cold %d, page out %d, will need %d, odd %d\n", sys5(__NR_process_madvise, self, iov, 2, 20, 0), sys5(__NR_process_madvise, self, iov, 2, 21, 0),
      sys5(__NR_process_madvise, self, iov, 2, 3, 0), sys5(__NR_process_madvise, self, odd, 1, 20, 0));
  // cachestat
  long fd = sys2(__NR_memfd_create, "cached", 0);
  uint64_t range[2] = {0, 0}, stat[5];
  static char bytes[3 * PAGE];
  sys3(__NR_write, fd, bytes, 3 * PAGE);
  say("cachestat: flags %d, closed %d, bad %d %d\n", sys4(451, fd, range, stat, 1), sys4(451, 99, range, stat, 0), sys4(451, fd, 16, stat, 0), sys4(451, fd, range, 16, 0));
  say(" all %d", sys4(451, fd, range, stat, 0));
  say(" %d %d %d\n", L(stat[0]), L(stat[2]), L(stat[3]));
  range[0] = PAGE + 1, range[1] = 10;
  say(" one %d", sys4(451, fd, range, stat, 0));
  say(" %d\n", L(stat[0]));
  return 0;
}
