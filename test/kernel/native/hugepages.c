// Huge pages: the pool and its numbers, mappings with MAP_HUGETLB, memfds, segments and hugetlbfs, reservations, copies after
// fork(2), and the alignment that calls ask for.
#include "guest.h"
enum { NONE = 0, READ = 1, WRITE = 2, RW = 3, SHARED = 1, PRIVATE = 2, FIXED = 0x10, ANONYMOUS = 0x20, LOCKED = 0x2000, NORESERVE = 0x4000, POPULATE = 0x8000, HUGETLB = 0x40000 };
#define HUGE (2l << 20)
#ifdef __x86_64__
#define FTRUNCATE(fd, n) sys2(__NR_ftruncate, fd, n)
#define FALLOCATE(fd, mode, at, n) sys4(__NR_fallocate, fd, mode, at, n)
#define SHMGET(n, flags) sys3(__NR_shmget, 0, n, flags)
#define SHMAT(id, at) sys3(__NR_shmat, id, at, 0)
#define SHMDT(at) sys1(__NR_shmdt, at)
#define SHMCTL(id, cmd, buf) sys3(__NR_shmctl, id, cmd, buf)
#else
#define FTRUNCATE(fd, n) sys2(__NR_ftruncate, fd, n)
#define FALLOCATE(fd, mode, at, n) sys6(__NR_fallocate, fd, mode, at, 0, n, 0)
#define SHMGET(n, flags) sys3(395, 0, n, flags)
#define SHMAT(id, at) sys3(397, id, at, 0)
#define SHMDT(at) sys1(398, at)
#define SHMCTL(id, cmd, buf) sys3(396, id, cmd, buf)
#endif
static long map(long at, long n, long prot, long flags, long fd, long offset) {
#ifdef __x86_64__
  return sys6(__NR_mmap, at, n, prot, flags, fd, offset);
#else
  return sys6(__NR_mmap2, at, n, prot, flags, fd, offset / 4096);
#endif
}
static long sign(long r) { return r < 0 && r > -4096 ? r : 0; }
static char text_[1 << 16];
static long contents(const char *path) {
  long fd = sys3(__NR_open, path, 0, 0), n = 0, r;
  if (fd < 0) return fd;
  while ((r = sys3(__NR_read, fd, text_ + n, sizeof text_ - 1 - n)) > 0) n += r;
  text_[n] = 0;
  sys1(__NR_close, fd);
  return n;
}
static const char *find(const char *in, const char *what) {
  for (; *in; in++) {
    long i = 0;
    while (what[i] && in[i] == what[i]) i++;
    if (!what[i]) return in + i;
  }
  return 0;
}
static long valueAfter(const char *in, const char *what) {
  const char *p = find(in, what);
  long v = 0;
  if (!p) return -1;
  while (*p == ' ' || *p == '\t') p++;
  while (*p >= '0' && *p <= '9') v = v * 10 + *p++ - '0';
  return v;
}
#define POOL "/proc/sys/vm/nr_hugepages"
#define FOLDER "/sys/kernel/mm/hugepages/hugepages-2048kB/"
static long numberIn(const char *path) { return contents(path) < 0 ? -1 : valueAfter(text_, ""); }
static void pool(const char *when) {
  contents("/proc/meminfo");
  say(" %s: total %d free %d reserved %d surplus %d", when, valueAfter(text_, "HugePages_Total:"), valueAfter(text_, "HugePages_Free:"),
      valueAfter(text_, "HugePages_Rsvd:"), valueAfter(text_, "HugePages_Surp:"));
  say(" kB %d", valueAfter(text_, "Hugetlb:"));
  say(" / %d %d %d %d\n", numberIn(FOLDER "nr_hugepages"), numberIn(FOLDER "free_hugepages"), numberIn(FOLDER "resv_hugepages"), numberIn(FOLDER "surplus_hugepages"));
}
static long huge(long n, long flags) { return map(0, n, RW, ANONYMOUS | HUGETLB | flags, -1, 0); }
static void smaps(long at) {
  char range[40];
  struct line l = {.n = 0};
  number(&l, (unsigned long)at, 16), put(&l, '-'), put(&l, 0);
  memcpy(range, l.text, l.n);
  contents("/proc/self/smaps");
  const char *here = find(text_, range);
  if (!here) { say(" no mapping\n"); return; }
  say(" size %d page %d", valueAfter(here, "Size:"), valueAfter(here, "KernelPageSize:"));
  say(" rss %d shared %d private %d", valueAfter(here, "Rss:"), valueAfter(here, "Shared_Hugetlb:"), valueAfter(here, "Private_Hugetlb:"));
  const char *flags = find(here, "VmFlags:");
  char shown[64];
  long n = 0;
  while (n < 63 && flags[n] != '\n') shown[n] = flags[n], n++;
  shown[n] = 0;
  say(" flags%s\n", shown);
}
static void handled(int sig, void *info, void *context) {
  (void)context;
  say(" signal %d code %d", L(sig), L(((int *)info)[2]));
  finish(3);
}
// In a child: touches a byte, and says so or which signal came.
static void inChild(const char *what, long at, int write) {
  long pid = sys0(__NR_fork);
  if (pid == 0) {
    on(7, handled, SA_SIGINFO), on(11, handled, SA_SIGINFO);
    char c = write ? (*(volatile char *)at = 9) : *(volatile char *)at;
    say(" %s %d", what, L(c));
    finish(0);
  }
  say(" ended %x\n", L(end(pid)));
}
static void sizes(void) {
  say("sizes");
  pool("begin");
  say(" set %d", put_file(POOL, "3\n"));
  pool("3");
  say(" set %d", put_file(FOLDER "nr_hugepages", "5"));
  say(" odd %d", put_file(POOL, "x\n"));
  pool("5");
  say(" overcommit %d", put_file("/proc/sys/vm/nr_overcommit_hugepages", "0\n"));
  say(" size %d node %d", L(contents("/proc/meminfo") > 0 ? valueAfter(text_, "Hugepagesize:") : 0),
      numberIn("/sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages"));
}
static void mappings(void) {
  say("mappings");
  long p = huge(3 * HUGE, PRIVATE);
  say(" aligned %d", p % HUGE);
  pool("mapped");
  say(" too many %d", sign(huge(3 * HUGE, PRIVATE)));
  *(char *)(p + 5) = 1, *(char *)(p + HUGE + 5000) = 2;
  pool("touched");
  smaps(p);
  contents("/proc/self/status");
  say(" status %d", valueAfter(text_, "HugetlbPages:"));
  unsigned char core[8];
  say(" mincore %d", sys3(__NR_mincore, p + HUGE - 4096, 3 * 4096, core));
  say(" %d%d%d\n", L(core[0]), L(core[1]), L(core[2]));
  say(" small sizes: unmap %d %d protect %d", sys2(__NR_munmap, p, 4096), sys2(__NR_munmap, p + 4096, HUGE), sys3(__NR_mprotect, p, 4096, READ));
  say(" grow %d move %d", sign(sys5(__NR_mremap, p, 3 * HUGE, 4 * HUGE, 1, 0)), sign(sys5(__NR_mremap, p + 4096, HUGE, HUGE, 3, p + 64 * HUGE)));
  say(" advice:");
  static const int all[] = {0, 1, 2, 3, 4, 8, 9, 10, 11, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24};
  for (unsigned i = 0; i < sizeof all / sizeof *all; i++) say(" %d=%d", L(all[i]), sys3(__NR_madvise, p, HUGE, all[i]));
  say(" odd %d\n", sys3(__NR_madvise, p + 4096, HUGE, 4));
  pool("advised");
  say(" value %d", L(*(char *)(p + 5)));
  say(" half dropped %d", sys3(__NR_madvise, p + HUGE, HUGE / 2, 4));
  say(" value %d", L(*(char *)(p + HUGE + 5000)));
  say(" lock %d unlock %d sync %d\n", sys2(__NR_mlock, p, 3 * HUGE), sys2(__NR_munlock, p, 3 * HUGE), sys3(__NR_msync, p, 3 * HUGE, 4));
  say(" part protected %d", sys3(__NR_mprotect, p + HUGE, HUGE, READ));
  say(" part unmapped %d", sys2(__NR_munmap, p + 2 * HUGE, HUGE));
  pool("two left");
  smaps(p), smaps(p + HUGE);
  say(" read");
  inChild("only", p + HUGE, 0);
  say(" write");
  inChild("only", p + HUGE, 1);
  long q = sys5(__NR_mremap, p, HUGE, HUGE, 3, p + 64 * HUGE);
  say(" moved %d value %d", L(q == p + 64 * HUGE), L(*(char *)(q + 5)));
  say(" unmapped %d %d", sys2(__NR_munmap, q, HUGE), sys2(__NR_munmap, p + HUGE, HUGE));
  pool("end");
  say(" places: fixed %d hint", sign(map(0x20001000, HUGE, RW, PRIVATE | ANONYMOUS | HUGETLB | FIXED, -1, 0)));
  p = map(0x20001000, HUGE, RW, PRIVATE | ANONYMOUS | HUGETLB, -1, 0);
  say(" %x round", p);
  sys2(__NR_munmap, p, HUGE);
  p = huge(4096, PRIVATE);
  say(" %d", sign(p));
  smaps(p);
  say(" unmap %d %d", sys2(__NR_munmap, p, 4096), sys2(__NR_munmap, p, HUGE));
  static const int logs[] = {0, 12, 16, 20, 21, 22, 34};
  for (unsigned i = 0; i < sizeof logs / sizeof *logs; i++) say(" %d=%d", L(logs[i]), sign(p = huge(HUGE, PRIVATE | L((unsigned)logs[i] << 26)))), sys2(__NR_munmap, p, HUGE);
  say(" empty %d file %d\n", sign(huge(0, PRIVATE)), sign(map(0, HUGE, READ, PRIVATE | HUGETLB, sys3(__NR_open, "/proc/self/exe", 0, 0), 0)));
  p = huge(2 * HUGE, PRIVATE | POPULATE);
  pool("populated");
  sys2(__NR_munmap, p, 2 * HUGE);
  p = huge(2 * HUGE, PRIVATE | LOCKED);
  pool("locked");
  smaps(p);
  sys2(__NR_munmap, p, 2 * HUGE);
}
static void reservations(void) {
  say("reservations");
  long p = huge(7 * HUGE, PRIVATE | NORESERVE);
  say(" not reserved %d", sign(p));
  pool("no reserve");
  long q = huge(4 * HUGE, SHARED);
  pool("shared");
  *(char *)p = 1;
  say(" second");
  inChild("touched", p + HUGE, 1);
  say(" shared");
  inChild("touched", q, 1);
  pool("one each");
  say(" seen %d", L(*(char *)q));
  sys2(__NR_munmap, q, 4 * HUGE), sys2(__NR_munmap, p, 7 * HUGE);
  pool("unmapped");
  p = huge(5 * HUGE, PRIVATE | POPULATE), *(char *)p = 4;
  pool("all");
  say(" child reads");
  inChild("value", p, 0);
  say(" child writes");
  inChild("value", p, 1);
  // The child keeps the pages while the parent writes: the parent gets them.
  int go[2], back[2];
  char c = 1;
  sys1(__NR_pipe, go), sys1(__NR_pipe, back);
  long pid = sys0(__NR_fork);
  if (pid == 0) {
    on(7, handled, SA_SIGINFO);
    sys3(__NR_read, go[0], &c, 1);
    say(" child still has %d", L(*(char *)(p + HUGE)));
    say(" and %d", L(*(volatile char *)p));
    finish(0);
  }
  *(char *)p = 5;
  pool("parent wrote");
  sys3(__NR_write, go[1], &c, 1);
  say(" ended %x", L(end(pid)));
  say(" parent has %d\n", L(*(char *)p));
  sys2(__NR_munmap, p, 5 * HUGE);
  say(" overcommit %d", put_file("/proc/sys/vm/nr_overcommit_hugepages", "2\n"));
  p = huge(7 * HUGE, SHARED);
  say(" mapped %d", sign(p));
  pool("surplus");
  say(" more %d", sign(huge(HUGE, SHARED)));
  *(char *)p = 1;
  say(" smaller %d", put_file(POOL, "1\n"));
  pool("smaller");
  sys2(__NR_munmap, p, 7 * HUGE);
  pool("unmapped");
  put_file("/proc/sys/vm/nr_overcommit_hugepages", "0\n");
  p = huge(HUGE, PRIVATE), *(char *)p = 1;
  say(" to nothing %d", put_file(POOL, "0\n"));
  pool("in use");
  sys2(__NR_munmap, p, HUGE);
  pool("nothing");
  say(" empty %d", sign(huge(HUGE, PRIVATE)));
  say(" again %d\n", put_file(POOL, "5\n"));
}
struct stat_ { unsigned long field[32]; };
static void described(long fd) {
  struct { uint32_t mask, blksize; uint64_t attributes; uint32_t nlink, uid, gid; uint16_t mode, pad; uint64_t ino, size, blocks; char rest[256]; } x;
  long r = sys5(__NR_statx, fd, "", 0x1000, 0x7ff, &x);
  say(" [%d size %d blocks %d unit %d links %d mode %x]", r, L(x.size), L(x.blocks), L(x.blksize), L(x.nlink), L(x.mode));
}
static void memfds(void) {
  say("memfds");
  static const unsigned logs[] = {0, 12, 21, 22, 63};
  for (unsigned i = 0; i < sizeof logs / sizeof *logs; i++) {
    long fd = sys2(__NR_memfd_create, "h", L(4u | logs[i] << 26));
    say(" %d=%d", L(logs[i]), sign(fd));
    if (fd >= 0) sys1(__NR_close, fd);
  }
  long fd = sys2(__NR_memfd_create, "h", 4 | 2);
  described(fd);
  say(" write %d", sys3(__NR_write, fd, "abc", 3));
  say(" truncate %d", FTRUNCATE(fd, 4096));
  say(" %d", FTRUNCATE(fd, 2 * HUGE));
  described(fd);
  long p = map(0, 4096, RW, SHARED, fd, 0);
  say(" map %d odd %d", sign(p), sign(map(0, HUGE, RW, SHARED, fd, 4096)));
  pool("mapped");
  *(char *)(p + 7) = 77, *(char *)(p + HUGE - 1) = 78;
  static char bytes[16];
  say(" read %d", sys4(__NR_read, fd, bytes, 16, 0));
  say(" %d seek %d\n", L(bytes[7]), sys3(__NR_lseek, fd, 0, 2));
  described(fd);
  smaps(p);
  long q = map(0, 2 * HUGE, RW, PRIVATE, fd, 0);
  say(" private %d value %d", sign(q), L(*(char *)(q + 7)));
  *(char *)(q + 7) = 1;
  say(" copied %d kept %d", L(*(char *)(q + 7)), L(*(char *)(p + 7)));
  pool("private");
  sys2(__NR_munmap, q, 2 * HUGE);
  say(" longer %d", sign(q = map(0, 3 * HUGE, RW, SHARED, fd, 0)));
  described(fd);
  pool("longer");
  say(" allocate %d", FALLOCATE(fd, 0, HUGE, HUGE));
  say(" hole %d", FALLOCATE(fd, 3, 4096, HUGE - 8192));
  described(fd);
  say(" zeroed %d kept %d", L(*(char *)(p + 4096)), L(*(char *)(p + HUGE - 1)));
  say(" hole %d", FALLOCATE(fd, 3, 0, HUGE));
  pool("hole");
  say(" value %d", L(*(char *)(p + 7)));
  pool("punched");
  say(" seals %d", sys3(__NR_fcntl, fd, 1034, 0));
  say(" add %d", sys3(__NR_fcntl, fd, 1033, 2));
  say(" shrink %d\n", FTRUNCATE(fd, HUGE));
  sys2(__NR_munmap, q, 3 * HUGE), sys2(__NR_munmap, p, HUGE);
  sys1(__NR_close, fd);
  pool("closed");
  fd = sys2(__NR_memfd_create, "h", 4), FTRUNCATE(fd, 2 * HUGE), p = map(0, 2 * HUGE, RW, SHARED, fd, 0);
  *(char *)(p + HUGE) = 1;
  say(" shrink %d", FTRUNCATE(fd, HUGE));
  pool("shrunk");
  say(" beyond");
  inChild("read", p + HUGE, 0);
  say(" within");
  inChild("wrote", p, 1);
  sys2(__NR_munmap, p, 2 * HUGE), sys1(__NR_close, fd);
  pool("closed");
}
static void segments(void) {
  say("segments");
  long id = SHMGET(HUGE + 1, 0x200 | 04000 | 0600);
  say(" got %d", sign(id));
  pool("made");
  long p = SHMAT(id, 0);
  say(" aligned %d odd place %d", p % HUGE, sign(SHMAT(id, p + 64 * HUGE + 4096)));
  *(char *)(p + HUGE + 9) = 3;
  pool("touched");
  smaps(p);
  say(" lock %d", SHMCTL(id, 11, 0));
  say(" detached %d", SHMDT(p));
  p = SHMAT(id, 0);
  say(" kept %d", L(*(char *)(p + HUGE + 9)));
  say(" removed %d", SHMCTL(id, 0, 0));
  say(" detached %d", SHMDT(p));
  pool("end");
  say(" much %d size %d %d", SHMGET(9 * HUGE, 0x200 | 04000 | 0600), SHMGET(HUGE, L(0x200 | 04000 | 0600 | 22u << 26)), SHMGET(0, 0x200 | 04000));
  id = SHMGET(9 * HUGE, 0x200 | 04000 | 010000 | 0600);
  say(" not reserved %d", sign(id));
  say(" removed %d\n", SHMCTL(id, 0, 0));
  pool("end");
}
static void mounted(void) {
  say("mounted");
  say(" unshare %d", sys1(__NR_unshare, 0x20000));
  say(" private %d", sys5(__NR_mount, 0, "/", 0, 1 << 18, 0));
  sys2(__NR_mkdir, "/tmp/huge-test", 0700);
  static const char *const options[] = {0, "pagesize=2M", "pagesize=4K", "pagesize=1M", "size=3m", "size=1g,mode=0700", "uid=5,gid=6,mode=01777", "nr_inodes=2", "uid=x", "unknown"};
  for (unsigned i = 0; i < sizeof options / sizeof *options; i++) {
    long r = sys5(__NR_mount, "none", "/tmp/huge-test", "hugetlbfs", 0, options[i]);
    say(" %s=%d", L(options[i] ? options[i] : "none"), r);
    if (r < 0) continue;
    contents("/proc/self/mounts");
    const char *line = find(text_, "/tmp/huge-test ");
    char shown[100];
    long n = 0;
    while (line && n < 99 && line[n] != '\n') shown[n] = line[n], n++;
    shown[n] = 0;
    say(" (%s)", L(shown));
    sys2(__NR_umount2, "/tmp/huge-test", 0);
  }
  say("\n mount %d", sys5(__NR_mount, "none", "/tmp/huge-test", "hugetlbfs", 0, "size=4m"));
  say(" folder %d", sys2(__NR_mkdir, "/tmp/huge-test/folder", 0755));
  long fd = sys3(__NR_open, "/tmp/huge-test/folder/file", 0102, 0644);
  say(" made %d write %d", sign(fd), sys3(__NR_write, fd, "x", 1));
  long p = map(0, 2 * HUGE, RW, SHARED, fd, 0);
  say(" map %d", sign(p));
  described(fd);
  say(" more %d", sign(map(0, 3 * HUGE, RW, SHARED, fd, 0)));
  *(char *)p = 42;
  uint64_t s[32];
  memset(s, 0, sizeof s);
#ifdef __x86_64__
  uint64_t *w = s;
#else
  uint32_t *w = (uint32_t *)s;
#endif
  say(" statfs %d", sys2(__NR_statfs, "/tmp/huge-test", s));
  say(" type %x unit %d blocks %d free %d", L(w[0]), L(w[1]), L(w[2]), L(w[3]));
  pool("file");
  sys2(__NR_munmap, p, 2 * HUGE), sys1(__NR_close, fd);
  pool("closed");
  fd = sys3(__NR_open, "/tmp/huge-test/folder/file", 2, 0);
  char c = 0;
  say(" read %d", sys3(__NR_read, fd, &c, 1));
  say(" %d renamed %d", L(c), sys2(__NR_rename, "/tmp/huge-test/folder/file", "/tmp/huge-test/b"));
  say(" linked %d", sys2(__NR_link, "/tmp/huge-test/b", "/tmp/huge-test/c"));
  say(" cachestat %d", sys4(451, fd, s, s + 4, 0));
  say(" unlinked %d %d", sys1(__NR_unlink, "/tmp/huge-test/b"), sys1(__NR_unlink, "/tmp/huge-test/c"));
  pool("open");
  sys1(__NR_close, fd);
  pool("unlinked");
  say(" umount %d", sys2(__NR_umount2, "/tmp/huge-test", 0));
  say(" removed %d\n", sys1(__NR_rmdir, "/tmp/huge-test"));
}
static void unprivileged(void) {
  say("unprivileged");
  long pid = sys0(__NR_fork);
  if (pid == 0) {
    sys1(__NR_setuid, 4711);
    say(" map %d", sign(huge(HUGE, PRIVATE)));
    say(" set %d\n", put_file(POOL, "9\n"));
    finish(0);
  }
  say(" ended %x\n", L(end(pid)));
}
static int body(int argc, char **argv, char **envp) {
  (void)argc, (void)argv, (void)envp;
  sizes(), mappings(), reservations(), memfds(), segments(), unprivileged(), mounted();
  say("end %d", put_file(POOL, "0\n"));
  pool("end");
  return 0;
}
