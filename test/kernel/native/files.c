// Calls on files and pipes: positions, locks that would wait for each other, programs that run, pipes by their names in /proc.
#include "guest.h"
#include <linux/fcntl.h>
#define O_NONBLOCK_ 04000
static char buffer[64];
struct vec { void *base; size_t length; };
static long at2(long n, long fd, struct vec *v, long pos, long flags) {
#ifdef __x86_64__
  return sys6(n, fd, (long)v, 1, pos, 0, flags);
#else
  long r;
  // ebp holds the sixth argument.
  struct { long fd, vec, low, high, flags; } a = {fd, (long)v, pos, pos < 0 ? -1 : 0, flags};
  __asm__ volatile("push %%ebx; push %%ebp; mov 16(%%esi), %%ebp; mov (%%esi), %%ebx; mov 4(%%esi), %%ecx; mov 12(%%esi), %%edi; mov 8(%%esi), %%esi;"
                   "mov $1, %%edx; int $0x80; pop %%ebp; pop %%ebx" : "=a"(r) : "0"(n), "S"(&a) : "ecx", "edx", "edi", "memory", "cc");
  return r;
#endif
}
static void positions(void) {
  long fd = sys3(__NR_open, "/tmp/trapgate-files", 0102 | 01000, 0600), dir = sys3(__NR_open, "/", 0, 0);
  struct vec v = {buffer, 4}, bad = {buffer, ~0ul};
  say("positions\n");
  sys3(__NR_write, fd, "abcdefghijklmnop", 16);
  sys3(__NR_lseek, fd, 2, 0);
  say(" preadv2 at -1: %d", at2(__NR_preadv2, fd, &v, -1, 0));
  say(" %c, now at %d\n", L(buffer[0]), sys3(__NR_lseek, fd, 0, 1));
  say(" pwritev2 at -1: %d", at2(__NR_pwritev2, fd, &v, -1, 0));
  say(", now at %d\n", sys3(__NR_lseek, fd, 0, 1));
  say(" at -2: %d %d, preadv at -1: %d %d\n", at2(__NR_preadv2, fd, &v, -2, 0), at2(__NR_pwritev2, fd, &v, -2, 0), at2(__NR_preadv, fd, &v, -1, 0), at2(__NR_pwritev, fd, &v, -1, 0));
  say(" bad length: %d %d, bad flag %d\n", at2(__NR_preadv, fd, &bad, 0, 0), at2(__NR_pwritev, fd, &bad, 0, 0), at2(__NR_preadv2, fd, &v, 0, 0x4000));
  say(" of a folder: read %d, preadv %d, preadv2 %d %d\n", sys3(__NR_read, dir, buffer, 4), at2(__NR_preadv, dir, &v, 0, 0), at2(__NR_preadv2, dir, &v, 0, 0), at2(__NR_preadv2, dir, &v, -1, 0));
#ifdef __x86_64__
  say(" pread of a folder %d\n", sys4(__NR_pread64, dir, buffer, 4, 0));
#endif
  say(" status flags %x\n", sys2(__NR_fcntl, fd, F_GETFL) & 0100000 ? 1l : 0l);
  long out = sys3(__NR_open, "/tmp/trapgate-files2", 0102 | 01000, 0600), off = -1;
  say(" sendfile at -1 %d", sys4(__NR_sendfile, out, fd, &off, 4));
  off = 1;
  say(" at 1 %d", sys4(__NR_sendfile, out, fd, &off, 4));
  say(" = %d, from an address that is not there %d, to one that is read-only %d\n", off, sys4(__NR_sendfile, out, fd, 8, 4), sys4(__NR_sendfile, out, fd, "\0\0\0\0\0\0\0\0", 4));
  sys1(__NR_unlink, "/tmp/trapgate-files2");
  sys1(__NR_close, out);
  sys1(__NR_close, fd);
  sys1(__NR_close, dir);
}
/* The oldest call for directories, which i386 has, and the newest one, in a directory that is removed. */
static void removed(void) {
  uint8_t entry[300];
  sys2(__NR_mkdir, "/tmp/trapgate-removed", 0755);
  long d = sys3(__NR_open, "/tmp/trapgate-removed", 0, 0);
  say("removed %d entries %d", sys1(__NR_rmdir, "/tmp/trapgate-removed"), sys3(__NR_getdents64, d, entry, 300));
#ifdef __NR_readdir
  say(" entry %d", sys3(__NR_readdir, d, entry, 1));
#endif
  say("\n");
}
struct lock { short type, whence; long start, len; int pid; };
static long lock(long fd, int cmd, int type, long start) {
  struct lock l = {type, 0, start, 1, 0};
  return sys3(__NR_fcntl, fd, cmd, &l);
}
static void pause_ms(long ms) {
  long ts[2] = {0, ms * 1000000};
  sys2(__NR_nanosleep, ts, 0);
}
static void locks(void) {
  say("locks\n");
  long fd = sys3(__NR_open, "/tmp/trapgate-files", 2, 0);
  int ready[2];
  sys1(__NR_pipe, ready);
  lock(fd, F_SETLK, F_WRLCK, 0);
  long one = sys0(__NR_fork);
  if (one == 0) {
    lock(fd, F_SETLK, F_WRLCK, 1);
    sys3(__NR_write, ready[1], "x", 1);
    say(" the first waits and has %d\n", lock(fd, F_SETLKW, F_WRLCK, 0));
    finish(0);
  }
  long two = sys0(__NR_fork);
  if (two == 0) {
    lock(fd, F_SETLK, F_WRLCK, 2);
    sys3(__NR_write, ready[1], "x", 1);
    pause_ms(20);
    say(" the second waits and has %d\n", lock(fd, F_SETLKW, F_WRLCK, 1));
    finish(0);
  }
  sys3(__NR_read, ready[0], buffer, 1);
  sys3(__NR_read, ready[0], buffer, 1);
  pause_ms(100);
  say(" the third would close the circle: %d, and does not wait: %d\n", lock(fd, F_SETLKW, F_WRLCK, 2), lock(fd, F_SETLK, F_WRLCK, 2));
  lock(fd, F_SETLK, F_UNLCK, 0);
  end(one);
  end(two);
  sys1(__NR_close, fd);
}
static void programs(void) {
  int ready[2];
  sys1(__NR_pipe, ready);
  say("programs\n");
  say(" this one for writing %d", sys3(__NR_open, "/proc/self/exe", 1, 0));
  say(", cut %d", sys2(__NR_truncate, "/proc/self/exe", 10));
  say(", for reading %d\n", L(sys3(__NR_open, "/proc/self/exe", 0, 0) >= 0));
}
static void pipes(void) {
  int p[2], q;
  char name[] = "/proc/self/fd/0";
  say("pipes\n");
  sys1(__NR_pipe, p);
  sys3(__NR_write, p[1], "text", 4);
  name[14] = (char)('0' + p[0]);
  q = (int)sys3(__NR_open, name, 1, 0);
  say(" the name of its end is that of both: %d", L(q >= 0));
  sys1(__NR_close, q);
  sys1(__NR_close, p[1]);
  q = (int)sys3(__NR_open, name, 0, 0);
  say(", without a writer %d", L(q >= 0));
  say(": %d", sys3(__NR_read, q, buffer, 10));
  say(" %d", sys3(__NR_read, q, buffer, 10));
  struct { int fd; short events, revents; } f = {q, 1, 0};
  long zero[2] = {0, 0};
  sys5(__NR_ppoll, &f, 1, zero, 0, 8);
  say(" poll %x\n", L(f.revents));
  sys1(__NR_close, p[0]);
  name[14] = (char)('0' + q);
  p[0] = (int)sys3(__NR_open, name, 1 | O_NONBLOCK_, 0);
  say(" for writing, not waiting: %d\n", L(p[0] >= 0));
  sys1(__NR_close, q);
  name[14] = (char)('0' + p[0]);
  q = (int)sys3(__NR_open, name, 1, 0);
  say(" without a reader: %d\n", L(q >= 0));
}
/* The set-group-ID bit of a new file in another group's directory goes before the umask takes the bit that it depends on. */
static void groups(void) {
  uint32_t st[40];
  long pid = sys0(__NR_fork);
  if (!pid) {
    sys1(__NR_umask, 0);
    sys2(__NR_mkdir, "/tmp/trapgate-group", 0777), sys2(__NR_chmod, "/tmp/trapgate-group", 02777);
#ifdef __x86_64__
    sys2(__NR_setgroups, 0, 0), sys3(__NR_setresgid, 1000, 1000, 1000), sys3(__NR_setresuid, 1000, 1000, 1000);
#else
    sys2(__NR_setgroups32, 0, 0), sys3(__NR_setresgid32, 1000, 1000, 1000), sys3(__NR_setresuid32, 1000, 1000, 1000);
#endif
    static const int masks[] = {0, 010, 0777};
    for (int i = 0; i < 3; i++) {
      sys1(__NR_umask, masks[i]);
      sys1(__NR_close, sys3(__NR_open, "/tmp/trapgate-group/file", 0102, 02777));
#ifdef __x86_64__
      sys2(__NR_stat, "/tmp/trapgate-group/file", st);
      say(" umask %x mode %x group %d", L(masks[i]), L(st[6]), L(st[8]));
#else
      sys2(__NR_stat64, "/tmp/trapgate-group/file", st);
      say(" umask %x mode %x group %d", L(masks[i]), L(st[4]), L(st[7]));
#endif
      sys1(__NR_unlink, "/tmp/trapgate-group/file");
    }
    say("\n");
    finish(0);
  }
  sys4(__NR_wait4, pid, 0, 0, 0);
  sys1(__NR_rmdir, "/tmp/trapgate-group");
}
static int body(int argc, char **argv, char **envp) {
  positions();
  groups();
  locks();
  removed();
  programs();
  pipes();
  sys1(__NR_unlink, "/tmp/trapgate-files");
  return 0;
}
