// Many of a kind: epoll instances in one another, record locks of several owners, holes in files, descriptors in and out of order.
#include "guest.h"
#define IN 1
#define ET 0x80000000u
#define ONESHOT 0x40000000u
struct event { uint32_t events; uint64_t data; } __attribute__((packed));
static long epoll(void) { return sys1(__NR_epoll_create1, 0); }
static long control(long ep, int op, long fd, uint32_t events) {
  struct event e = {events, (uint64_t)fd};
  return sys4(__NR_epoll_ctl, ep, op, fd, &e);
}
static long add(long ep, long fd) { return control(ep, 1, fd, IN); }
static long set(long fd) {
  uint64_t one = 1;
  return sys3(__NR_write, fd, &one, 8);
}
static long unset(long fd) {
  uint64_t v;
  return sys3(__NR_read, fd, &v, 8);
}
static long counter(void) { return sys2(__NR_eventfd2, 0, 04000); }
/** What is ready, in order. */
static void ready(const char *what, long ep, long most) {
  struct event e[8];
  long n = sys4(__NR_epoll_wait, ep, e, most, 0);
  say(" %s %d:", what, n);
  for (long i = 0; i < n; i++) say(" %d=%x", (long)e[i].data, L(e[i].events));
  say("\n");
}

static void chains(void) {
  long ep[8];
  say("chains of instances\n");
  // From the outside in: the innermost is added last.
  for (int i = 0; i < 8; i++) ep[i] = epoll();
  for (int i = 0; i < 7; i++) say(" %d into %d: %d\n", L(i + 1), L(i), add(ep[i], ep[i + 1]));
  for (int i = 0; i < 8; i++) sys1(__NR_close, ep[i]);
  // From the inside out.
  for (int i = 0; i < 8; i++) ep[i] = epoll();
  for (int i = 7; i > 0; i--) say(" %d into %d: %d\n", L(i), L(i - 1), add(ep[i - 1], ep[i]));
  for (int i = 0; i < 8; i++) sys1(__NR_close, ep[i]);
  // Two chains that meet.
  for (int i = 0; i < 8; i++) ep[i] = epoll();
  for (int i = 0; i < 7; i++) if (i != 3) add(ep[i], ep[i + 1]);
  say(" joined: %d\n", add(ep[3], ep[4]));
  say(" itself: %d, a circle of two: %d, of four: %d\n", add(ep[0], ep[0]), add(ep[1], ep[0]), add(ep[3], ep[0]));
  for (int i = 0; i < 8; i++) sys1(__NR_close, ep[i]);
}
static void paths(void) {
  say("paths from a file\n");
  // n instances around a file, and m instances around each of those, as long as they let us.
  for (int depth = 1; depth <= 3; depth++) {
    static long ep[4][40];
    long files = counter(), failed = 0;
    for (int l = 0; l <= depth; l++)
      for (int i = 0; i < 40; i++) ep[l][i] = epoll();
    for (int l = 0; l < depth; l++)
      for (int i = 0; i < 40; i++)
        for (int k = 0; k < 40; k++) add(ep[l + 1][k], ep[l][i]);
    for (int i = 0; i < 40; i++) {
      long r = add(ep[0][i], files);
      if (r < 0 && !failed) {
        failed = 1;
        say(" %d levels: number %d gives %d\n", L(depth + 1), L(i), r);
      }
    }
    if (!failed) say(" %d levels: all\n", L(depth + 1));
    for (int l = 0; l <= depth; l++)
      for (int i = 0; i < 40; i++) sys1(__NR_close, ep[l][i]);
    sys1(__NR_close, files);
  }
  // The file first, then instances around it.
  long file = counter(), inner[60], n = 0, r = 0;
  for (int i = 0; i < 60; i++) add(inner[i] = epoll(), file);
  long outer[60];
  for (int i = 0; i < 60 && r == 0; i++) {
    outer[i] = epoll();
    for (int k = 0; k < 60 && r == 0; k++, n++) r = add(outer[i], inner[k]);
  }
  say(" around sixty: %d after %d\n", r, n);
}
static void events(void) {
  say("what instances report\n");
  long ep = epoll(), outer = epoll(), fd[5];
  for (int i = 0; i < 5; i++) fd[i] = counter();
  for (int i = 0; i < 5; i++) control(ep, 1, fd[i], i == 3 ? IN | ET : i == 4 ? IN | ONESHOT : IN);
  add(outer, ep);
  ready("nothing", ep, 8);
  set(fd[2]);
  set(fd[0]);
  set(fd[1]);
  ready("in order of arrival", ep, 8);
  ready("two", ep, 2);
  ready("two more", ep, 2);
  unset(fd[0]);
  ready("without the first", ep, 8);
  ready("through another", outer, 8);
  set(fd[3]);
  set(fd[4]);
  ready("edge and once", ep, 8);
  ready("no more", ep, 8);
  set(fd[3]);
  ready("another edge", ep, 8);
  control(ep, 3, fd[4], IN | ONESHOT);
  ready("armed again", ep, 8);
  unset(fd[1]);
  unset(fd[2]);
  ready("empty", ep, 8);
  ready("empty through another", outer, 8);
  set(fd[1]);
  ready("through another", outer, 8);
  long twice = sys1(__NR_dup, fd[1]);
  say(" the same: %d, a duplicate: %d\n", control(ep, 1, fd[1], IN), control(ep, 1, twice, IN));
  ready("both", ep, 8);
  sys1(__NR_close, fd[1]);
  ready("one closed", ep, 8);
  sys1(__NR_close, twice);
  ready("the other, too", ep, 8);
  say(" remove %d, again %d, change %d\n", control(ep, 2, fd[0], 0), control(ep, 2, fd[0], 0), control(ep, 3, fd[0], IN));
}

struct flock64_ { int16_t type, whence; int64_t start, len; int32_t pid; }
#ifdef __x86_64__
;
#else
__attribute__((packed, aligned(4)));
#endif
#ifdef __x86_64__
#define FCNTL __NR_fcntl
#else
#define FCNTL __NR_fcntl64
#endif
static long lock(long fd, int cmd, int type, long start, long len) {
  struct flock64_ l = {type, 0, start, len, 0};
  return sys3(FCNTL, fd, cmd, &l);
}
static void who(long fd, int type, long start, long len) {
  struct flock64_ l = {type, 0, start, len, 0};
  long r = sys3(FCNTL, fd, 36, &l);
  say(" %d+%d: %d, type %d at %d+%d, owner %d\n", start, len, r, L(l.type), L(l.start), L(l.len), L(l.pid));
}
static void locks(void) {
  long owner[3], first = sys2(__NR_memfd_create, "locks", 0);
  char path[] = "/proc/self/fd/000";
  say("locks of open file descriptions\n");
  // Leading zeros are not taken.
  int digits = first > 99 ? 3 : first > 9 ? 2 : 1;
  path[14 + digits] = 0;
  for (long i = digits, n = first; i > 0; i--, n /= 10) path[13 + i] = '0' + n % 10;
  for (int i = 0; i < 3; i++) owner[i] = sys3(__NR_open, path, 2, 0);
  uint32_t random = 1;
  for (int i = 0; i < 60; i++) {
    random = random * 1664525 + 1013904223;
    int by = (random >> 8) % 3, type = (random >> 12) % 3;
    long start = (random >> 16) % 40, len = (random >> 24) % 16;
    say(" %d by %d: %d+%d %d\n", L(type), L(by), start, len, lock(owner[by], 37, type, start, len));
  }
  for (int i = 0; i < 3; i++)
    for (long at = 0; at < 60; at += 5) {
      who(owner[i], 0, at, 3);
      who(owner[i], 1, at, 0);
    }
  sys1(__NR_close, owner[0]);
  who(owner[1], 1, 0, 0);
  sys1(__NR_close, owner[1]);
  sys1(__NR_close, owner[2]);
  who(first, 1, 0, 0);
}

static long seek(long fd, long at, int whence) {
#ifdef __x86_64__
  return sys3(__NR_lseek, fd, at, whence);
#else
  int64_t to = -1;
  long r = sys5(__NR__llseek, fd, 0, at, &to, whence);
  return r < 0 ? r : (long)to;
#endif
}
static long allocate(long fd, int how, long at, long len) {
#ifdef __x86_64__
  return sys4(__NR_fallocate, fd, how, at, len);
#else
  // Six registers are one more than guest.h passes: the upper half of the length is ours to keep zero.
  long r;
  __asm__ volatile("push %%ebp; xor %%ebp, %%ebp; xchg %%ebx, %6; int $0x80; xchg %%ebx, %6; pop %%ebp"
                   : "=a"(r) : "a"(__NR_fallocate), "c"(how), "d"(at), "S"(0), "D"(len), "r"(fd) : "memory");
  return r;
#endif
}
static void file_is(const char *what, long fd) {
  char b[256] = {0};
  sys5(__NR_statx, fd, "", 0x1000, 0xfff, b);
  say(" %s: %d blocks, data at", what, L(*(uint64_t *)(b + 48)));
  for (long at = 0, hole; (at = seek(fd, at, 3)) >= 0; at = hole) {
    hole = seek(fd, at, 4);
    say(" %x-%x", at, hole);
  }
  char byte[4] = {0};
  for (long at = 0; at < 0x14000; at += 0x1555) {
#ifdef __x86_64__
    sys4(__NR_pread64, fd, byte, 1, at);
#else
    sys5(__NR_pread64, fd, byte, 1, at, 0);
#endif
    say("%c", byte[0] ? L('x') : L('.'));
  }
  say("\n");
}
static void holes(void) {
  static char full[0x14000];
  long fd = sys2(__NR_memfd_create, "holes", 0);
  say("holes\n");
  memset(full, 1, sizeof full);
  sys3(__NR_write, fd, full, sizeof full - 100);
  file_is("full", fd);
  static const long ranges[][2] = {{0x1000, 0x1000}, {0x2800, 0x1000}, {0x5001, 0xffe}, {0x7fff, 2}, {0x8000, 0x2800}, {0x12000, 0x1f00}, {0x13000, 0x7000000}, {0x13f9c, 0x10}, {0xf000, 1}, {0, 0x7fffffff}};
  for (unsigned i = 0; i < sizeof ranges / sizeof *ranges; i++) {
    say(" punch %x+%x: %d\n", ranges[i][0], ranges[i][1], allocate(fd, 3, ranges[i][0], ranges[i][1]));
    file_is("is", fd);
  }
  say(" allocate %d\n", allocate(fd, 0, 0x3000, 0x5000));
  file_is("promised", fd);
  sys3(__NR_write, fd, full, 1);
  sys3(__NR_ftruncate, fd, 0x4800, 0);
  file_is("cut", fd);
  sys3(__NR_ftruncate, fd, 0x14000, 0);
  file_is("grown", fd);
}
static void descriptors(void) {
  say("lowest descriptors\n");
  uint64_t most[2] = {4000, 4000};
  say(" limit %d\n", sys4(__NR_prlimit64, 0, 7, most, 0));
  long fd = counter();
  for (int i = 0; i < 2100; i++) sys1(__NR_dup, fd);
  static const long close[] = {5, 31, 32, 33, 63, 64, 1023, 1024, 1025, 2047, 2048, 700};
  for (unsigned i = 0; i < sizeof close / sizeof *close; i++) sys1(__NR_close, close[i]);
  static const long from[] = {32, 33, 64, 1000, 1024, 1026, 2048, 0, 3000, 3000, 0, 0, 0, 0, 0, 0, 3999, 3999, 0};
  for (unsigned i = 0; i < sizeof from / sizeof *from; i++) say(" from %d: %d", from[i], sys3(FCNTL, fd, 0, from[i]));
  say("\n close_range %d", sys3(__NR_close_range, 40, 1500, 0));
  for (int i = 0; i < 3; i++) say(" %d", sys1(__NR_dup, fd));
  say("\n");
}
static int body(int argc, char **argv, char **envp) {
  (void)argc; (void)argv; (void)envp;
  // Descriptors that the parent left open.
  sys3(__NR_close_range, 3, ~0u, 0);
  chains();
  paths();
  events();
  locks();
  holes();
  descriptors();
  return 0;
}
