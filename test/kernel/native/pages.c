// What a process is told of its pages: pagemap, PROCMAP_QUERY, remap_file_pages, secret and droppable memory; and the list of
// security modules.
#include "guest.h"
#ifdef __x86_64__
#define MMAP __NR_mmap
#define FTRUNCATE __NR_ftruncate
#define LSEEK(fd, at) sys3(__NR_lseek, fd, at, 0)
#define OFFSET(n) ((n) * 4096)
#else
#define FTRUNCATE __NR_ftruncate
#define LSEEK(fd, at) sys3(__NR_lseek, fd, at, 0)
#endif
#ifndef __NR_memfd_secret
#define __NR_memfd_secret 447
#endif
enum { READ = 1, WRITE = 2, SHARED = 1, PRIVATE = 2, DROPPABLE = 8, FIXED = 0x10, ANONYMOUS = 0x20, NORESERVE = 0x4000, POPULATE = 0x8000 };
static void told(const char *f, const long *v) { say(f, v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9]); }
#define say(f, ...) told(f, (long[10]){__VA_ARGS__})
static long map_(long at, long n, long prot, long flags, long fd, long page) {
  long where = at;
#ifdef __x86_64__
  return sys6(MMAP, where, n, prot, flags, fd, OFFSET(page));
#else
  long six[6] = {where, n, prot, flags, fd, page * 4096};
  return sys1(90, six);
#endif
}
static long sign(long r) { return r < 0 && r > -4096 ? r : 0; }
static void pagemap(void) {
  long p = map_(0, 8 * 4096, READ | WRITE, PRIVATE | ANONYMOUS, -1, 0), fd = sys3(__NR_open, "/proc/self/pagemap", 0, 0);
  uint64_t e[8];
  *(char *)p = 1, *(char *)(p + 2 * 4096) = 1;
  say(" opened %d", L(fd >= 0));
  long long at = (long long)(unsigned long)p / 4096 * 8;
#ifdef __x86_64__
  say(" read %d", sys4(__NR_pread64, fd, e, sizeof e, at));
#else
  say(" read %d", sys5(__NR_pread64, fd, e, sizeof e, (long)at, (long)(at >> 32)));
#endif
  for (int i = 0; i < 8; i++) say(" %d%d%d", L(e[i] >> 63 & 1), L(e[i] >> 61 & 1), L(e[i] >> 56 & 1));
  say(" numbers %d", L((e[0] & 0x7fffffffffffff) != 0));
  say(" odd size %d seek %d odd place %d\n", sys3(__NR_read, fd, e, 4), LSEEK(fd, 3), sys3(__NR_read, fd, e, 8));
  // A private copy of a file's page is the process's own.
  long file = sys2(__NR_memfd_create, "pages", 0);
  sys2(__NR_ftruncate, file, 2 * 4096);
  long q = map_(0, 2 * 4096, READ | WRITE, PRIVATE, file, 0);
  volatile char *bytes = (char *)q;
  (void)bytes[0], bytes[4096] = 1;
  at = (long long)(unsigned long)q / 4096 * 8;
#ifdef __x86_64__
  sys4(__NR_pread64, fd, e, 16, at);
#else
  sys5(__NR_pread64, fd, e, 16, (long)at, (long)(at >> 32));
#endif
  say(" of a private file: read %d%d written %d%d\n", L(e[0] >> 63 & 1), L(e[0] >> 61 & 1), L(e[1] >> 63 & 1), L(e[1] >> 61 & 1));
}
struct query {
  uint64_t size, flags, addr, start, end, vma_flags, page_size, offset, inode;
  uint32_t major, minor, name_size, id_size;
  uint64_t name, id;
} __attribute__((aligned(8)));
static struct query q;
static char name[256];
static long ask(long fd, long addr, long flags) {
  q.size = sizeof q, q.flags = (uint64_t)flags, q.addr = (unsigned long)addr;
  return sys3(__NR_ioctl, fd, 0xc0686611, &q);
}
static void queries(void) {
  long fd = sys3(__NR_open, "/proc/self/maps", 0, 0), hole = map_(0, 3 * 4096, READ, PRIVATE | ANONYMOUS, -1, 0);
  sys3(__NR_mprotect, hole, 4096, READ | WRITE), sys2(__NR_munmap, hole + 4096, 4096);
  memset(&q, 0, sizeof q);
  say(" covers %d", ask(fd, hole + 5, 0));
  say(" %d %d flags %x page %d", L((long)q.start == hole), L(q.end - q.start), L(q.vma_flags), L(q.page_size));
  say(" file %d %d name %d\n", L(q.offset), L(q.inode), L(q.name_size));
  say(" in a hole %d next %d", ask(fd, hole + 4096, 0), ask(fd, hole + 4096, 0x10));
  say(" %d with rights %d wrong rights %d writable next %d", L((long)q.start == hole + 8192), ask(fd, hole, 3), ask(fd, hole, 4), ask(fd, hole + 4096, 0x13));
  say(" file-backed %d", sign(ask(fd, 0, 0x31)));
  say(" code: %d", ask(fd, (long)queries, 0x24));
  q.name_size = sizeof name, q.name = (unsigned long)name;
  say(" named %d", ask(fd, (long)queries, 0));
  int n = 0;
  while (name[n]) n++;
  while (n && name[n - 1] != '/') n--;
  say(" length %d inode %d device %d", L(q.name_size > 5), L(q.inode != 0), L((q.major | q.minor) != 0));
  q.name_size = 3;
  say(" short %d", ask(fd, (long)queries, 0));
  q.name_size = sizeof name;
  say(" stack %d", ask(fd, (long)__builtin_frame_address(0), 0));
  say(" %s", L(name));
  q.name_size = 0;
  say(" half %d", ask(fd, hole, 0));
  q.name = 0;
  say(" unknown flag %d none %d", ask(fd, hole, 0x40), ask(fd, (long)(sizeof(long) == 8 ? 0x7ffffffff000ul : 0xfffff000ul), 0x10));
  q.size = 8;
  say(" small %d", sys3(__NR_ioctl, fd, 0xc0686611, &q));
  q.size = 5000;
  say(" large %d null %d other %d\n", sys3(__NR_ioctl, fd, 0xc0686611, &q), sys3(__NR_ioctl, fd, 0xc0686611, 0), sys3(__NR_ioctl, fd, 0xc0686612, &q));
}
static void remapped(void) {
  long fd = sys2(__NR_memfd_create, "file", 0);
  sys2(FTRUNCATE, fd, 8 * 4096);
  long p = map_(0, 8 * 4096, READ | WRITE, SHARED, fd, 0);
  for (int i = 0; i < 8; i++) *(char *)(p + i * 4096) = (char)('a' + i);
  say(" %d", sys5(__NR_remap_file_pages, p, 4096, 0, 5, 0));
  say(" %d", sys5(__NR_remap_file_pages, p + 4096, 2 * 4096, 0, 0, 0));
  for (int i = 0; i < 8; i++) say(" %c", L(*(char *)(p + i * 4096)));
  *(char *)p = 'z';
  say(" %c", L(*(char *)(p + 5 * 4096)));
  say(" prot %d size %d across %d beyond %d", sys5(__NR_remap_file_pages, p, 4096, 1, 0, 0), sys5(__NR_remap_file_pages, p, 100, 0, 0, 0), sys5(__NR_remap_file_pages, p, 8 * 4096, 0, 0, 0), sys5(__NR_remap_file_pages, p + 7 * 4096, 2 * 4096, 0, 0, 0));
  long private_ = map_(0, 4096, READ | WRITE, PRIVATE, fd, 0), anonymous = map_(0, 2 * 4096, READ | WRITE, SHARED | ANONYMOUS, -1, 0);
  *(char *)anonymous = 'x', *(char *)(anonymous + 4096) = 'y';
  say(" private %d nothing %d", sys5(__NR_remap_file_pages, private_, 4096, 0, 0, 0), sys5(__NR_remap_file_pages, 4096, 4096, 0, 0, 0));
  say(" anonymous %d", sys5(__NR_remap_file_pages, anonymous, 4096, 0, 1, 0));
  say(" %c", L(*(char *)anonymous));
  sys2(__NR_munmap, anonymous + 4096, 4096);
  say(" only page %d", sys5(__NR_remap_file_pages, anonymous, 4096, 0, 0, 0));
  say(" %c\n", L(*(char *)anonymous));
}
static void secret(void) {
  long flags = sys1(__NR_memfd_secret, 1), fd = sys1(__NR_memfd_secret, 02000000);
  char b[64] = "text", link_[64] = {0};
  say(" flags %d made %d close on exec %d", flags, L(fd >= 0), sys3(sizeof(long) == 8 ? 72 : 221, fd, 1, 0));
  say(" read %d write %d seek %d", sys3(__NR_read, fd, b, 4), sys3(__NR_write, fd, b, 4), LSEEK(fd, 0));
  say(" empty %d", sign(map_(0, 4096, READ | WRITE, SHARED, fd, 0)));
  say(" size %d again %d", sys2(FTRUNCATE, fd, 8192), sys2(FTRUNCATE, fd, 4096));
  say(" private %d", sign(map_(0, 4096, READ | WRITE, PRIVATE, fd, 0)));
  long p = map_(0, 8192, READ | WRITE, SHARED, fd, 0);
  *(char *)p = 's';
  say(" mapped %d %c", sign(p), L(*(char *)p));
  char path[] = "/proc/self/fd/0";
  path[14] = (char)('0' + fd);
  say(" link %d", sys3(__NR_readlink, path, link_, 63));
  say(" %s open %d", L(link_), sign(sys3(__NR_open, path, 2, 0)));
  struct { long base, n; } here = {L(b), 4}, there = {p, 4};
  long pid = sys0(__NR_getpid);
#ifdef __x86_64__
  say(" by another way %d", sys6(__NR_process_vm_readv, pid, L(&here), 1, L(&there), 1, 0));
#else
  say(" by another way %d", L(-14));
  (void)here, (void)there, (void)pid;
#endif
  long mem = sys3(__NR_open, "/proc/self/mem", 0, 0);
#ifdef __x86_64__
  say(" %d", sys4(__NR_pread64, mem, b, 4, p));
#else
  say(" %d", sys5(__NR_pread64, mem, b, 4, p, 0));
#endif
  int out[2];
  sys1(__NR_pipe, out);
  say(" pipe %d\n", sys3(__NR_write, out[1], p, 1));
}
static void droppable(void) {
  long p = map_(0, 8192, READ | WRITE, DROPPABLE | ANONYMOUS, -1, 0), fd = sys2(__NR_memfd_create, "file", 0);
  sys2(FTRUNCATE, fd, 4096);
  say(" %d of a file %d", sign(p), sign(map_(0, 4096, READ | WRITE, DROPPABLE, fd, 0)));
  *(char *)p = 'd';
  long pid = sys0(__NR_fork);
  if (!pid) finish(*(char *)p);
  say(" here %c there %x\n", L(*(char *)p), L(end(pid)));
}
static void modules(void) {
  uint64_t ids[64] = {0};
  uint32_t size = sizeof ids, small = 0;
  long n = sys3(461, ids, &size, 0);
  say(" some %d size %d known %d", L(n > 0), L(size == 8 * n), L(ids[0] >= 100 && ids[0] < 120));
  say(" small %d %d flags %d null %d %d\n", sys3(461, ids, &small, 0), L(small == 8 * n), sys3(461, ids, &size, 1), sys3(461, 0, &size, 0), sys3(461, ids, 0, 0));
  size = sizeof ids;
  memset(ids, 0, sizeof ids);
  say(" get: none %d size %d flags %d", sys4(459, 0, ids, &size, 0), sys4(459, 100, ids, 0, 0), sys4(459, 100, ids, &size, 2));
  say(" set: flags %d small %d large %d", sys4(460, 100, ids, 64, 1), sys4(460, 100, ids, 8, 0), sys4(460, 100, ids, 5000, 0));
  say(" length %d\n", sys4(460, 100, ids, 64, 0));
}
/* Times of a file that is mapped. They were set to the past before each step; 1: a step changed it. */
static long fd_of_times;
static void past(void) { sys4(__NR_utimensat, fd_of_times, 0, ((long[4]){1000, 0, 1000, 0}), 0); }
static void times(const char *step) {
  uint32_t x[64];
  sys5(__NR_statx, fd_of_times, "", 0x1000, 0x7ff, x);
  say(" %s: atime %d mtime %d\n", (long)step, *(long *)&x[16] != 1000, *(long *)&x[28] != 1000);
  past();
}
static void touched(void) {
  fd_of_times = sys3(__NR_open, "mapped-times", 0102, 0600);
  sys1(__NR_unlink, "mapped-times"), sys2(FTRUNCATE, fd_of_times, 3 * 4096), past();
  volatile char *p = (char *)map_(0, 3 * 4096, READ | WRITE, SHARED, fd_of_times, 0);
  times("shared mapping");
  (void)p[0], times("read");
  p[0] = 1, times("write");
  p[4096] = 1, times("write to another page");
  sys3(__NR_msync, p, 3 * 4096, 4), times("msync");
  volatile char *q = (char *)map_(0, 4096, READ | WRITE, PRIVATE, fd_of_times, 0);
  times("private mapping");
  q[0] = 2, times("write");
  map_(0, 4096, READ, SHARED, -1, 0), times("no file");
  sys2(__NR_munmap, p, 3 * 4096), sys2(__NR_munmap, q, 4096), times("munmap");
  sys1(__NR_close, fd_of_times);
}
static int body(int argc, char **argv, char **envp) {
  (void)argc, (void)argv, (void)envp;
  say("pagemap\n", 0), pagemap();
  say("queries\n", 0), queries();
  say("remap_file_pages\n", 0), remapped();
  say("secret memory\n", 0), secret();
  say("droppable memory\n", 0), droppable();
  say("security modules\n", 0), modules();
  say("times\n", 0), touched();
  say("msync of the last byte %d of the last page %d", sys3(__NR_msync, -1, 4096, 4), sys3(__NR_msync, -4096, 4096, 4));
  say(" mprotect %d munmap %d\n", sys3(__NR_mprotect, -1, 4096, 0), sys2(__NR_munmap, -1, 4096));
  return 0;
}
