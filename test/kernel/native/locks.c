// /proc/locks: locks of ranges, of open files and of flock, leases and waiting calls, as they come and go.
#include "guest.h"
#ifdef __x86_64__
struct status { char pad[8]; uint64_t ino; char rest[250]; };
#define FSTAT(fd, b) sys2(__NR_fstat, fd, b)
#define FCNTL __NR_fcntl
#define INO(s) ((unsigned long)(s).ino)
#else
struct status { char pad[88]; uint64_t ino; char rest[250]; };
#define FSTAT(fd, b) sys2(__NR_fstat64, fd, b)
#define FCNTL __NR_fcntl64
#define INO(s) ((unsigned long)(s).ino)
#endif
#ifdef __x86_64__
struct wire { short type, whence; int pad; long long start, len; int pid, pad2; };
#else
struct wire { short type, whence; long long start, len; int pid; } __attribute__((packed, aligned(4)));
#endif
enum { GETLK = 5, SETLK = 6, SETLKW = 7, GETLK64 = 12, SETLK64, SETLKW64, OFD_SETLK = 37, SETLEASE = 1024 };
static long lock(long fd, int cmd, int type, long long start, long long len) {
  struct wire w;
  memset(&w, 0, sizeof w);
  w.type = (short)type, w.start = start, w.len = len;
#ifndef __x86_64__
  if (cmd <= SETLKW) cmd += 7;
#endif
  return sys3(FCNTL, fd, cmd, &w);
}
static char b[65536];
static long length;
static void tick(void) {
  long ten_ms[2] = {0, 10000000};
  sys2(__NR_nanosleep, ten_ms, 0);
}
/* Lines about a file, without number, device and inode; pids as me, child or other. */
static void show(const char *what, long fd, long child) {
  struct status s;
  FSTAT(fd, &s);
  char key[32];
  int k = 0;
  struct line n = {.n = 0};
  number(&n, INO(s), 10);
  key[k++] = ':';
  for (size_t i = 0; i < n.n; i++) key[k++] = n.text[i];
  key[k++] = ' ';
  long f = sys3(__NR_open, "/proc/locks", 0, 0), r;
  for (length = 0; (r = sys3(__NR_read, f, b + length, sizeof b - length - 1)) > 0;) length += r;
  sys1(__NR_close, f);
  say("%s:\n", what);
  for (long i = 0; i < length;) {
    long e = i, at = -1;
    while (e < length && b[e] != '\n') {
      int same = e + k <= length;
      for (int j = 0; same && j < k; j++) same = b[e + j] == key[j];
      if (same) at = e;
      e++;
    }
    if (at >= 0) {
      long start = i, dev = at;
      while (b[start] != ' ') start++;
      while (b[dev - 1] != ' ') dev--;
      long pid = dev - 1;
      while (b[pid - 1] != ' ') pid--;
      long value = 0;
      for (long j = pid; b[j] != ' '; j++) value = b[j] == '-' ? -1 : value < 0 ? value : value * 10 + b[j] - '0';
      b[pid] = 0, b[e] = 0;
      say(" %s%s %s\n", b + start, value < 0 ? "none" : value == sys0(__NR_getpid) ? "me" : value == child ? "child" : "other", b + at + k);
    }
    i = e + 1;
  }
}
static int body(int argc, char **argv, char **envp) {
  (void)argc, (void)argv, (void)envp;
  say("own mounts %d tmpfs", sys1(__NR_unshare, 0x20000));
  sys5(__NR_mount, 0, "/", 0, 0x44000, 0);
  say(" %d\n", sys5(__NR_mount, "none", "/tmp", "tmpfs", 0, 0));
  long a = sys3(__NR_open, "/tmp/a", 0102, 0600), c, pid;
  show("none", a, 0);
  say("lock %d\n", lock(a, SETLK, 1, 0, 10)), show("a range", a, 0);
  say("to the end %d\n", lock(a, SETLK, 0, 20, 0)), show("two", a, 0);
  say("middle %d\n", lock(a, SETLK, 2, 3, 2)), show("cut", a, 0);
  say("all %d\n", lock(a, SETLK, 2, 0, 0)), show("gone", a, 0);
  say("flock %d\n", sys2(__NR_flock, a, 2)), show("flock", a, 0);
  say("shared %d\n", sys2(__NR_flock, a, 1)), show("shared", a, 0);
  say("unlock %d\n", sys2(__NR_flock, a, 8)), show("unlocked", a, 0);
  say("open file %d\n", lock(a, OFD_SETLK, 1, 5, 5)), show("of the open file", a, 0);
  lock(a, OFD_SETLK, 2, 0, 0), show("none", a, 0);
  lock(a, SETLK, 1, 0, 0);
  pid = sys0(__NR_fork);
  if (!pid) {
    long other = sys3(__NR_open, "/tmp/a", 2, 0);
    lock(other, SETLKW, 1, 2, 2);
    sys1(__NR_pause, 0);
    finish(0);
  }
  for (int i = 0; i < 200; i++) {
    tick();
    long f = sys3(__NR_open, "/proc/locks", 0, 0), r, found = 0;
    for (length = 0; (r = sys3(__NR_read, f, b + length, sizeof b - length - 1)) > 0;) length += r;
    sys1(__NR_close, f);
    for (long j = 0; j + 2 < length; j++) found |= b[j] == '-' && b[j + 1] == '>';
    if (found) break;
  }
  show("waits", a, pid);
  say("let in %d\n", lock(a, SETLK, 2, 0, 0));
  for (int i = 0; i < 200; i++) {
    tick();
    if (lock(a, SETLK, 1, 2, 1) < 0) break;
    lock(a, SETLK, 2, 2, 1);
  }
  show("of the child", a, pid);
  struct wire w;
  memset(&w, 0, sizeof w), w.type = 1, w.start = 2, w.len = 1;
#ifdef __x86_64__
  say("asked %d", sys3(FCNTL, a, GETLK, &w));
#else
  say("asked %d", sys3(FCNTL, a, GETLK64, &w));
#endif
  say(" %d by the child %d\n", L(w.type), L(w.pid == pid));
  sys2(__NR_kill, pid, 9), end(pid);
  show("ended", a, pid);
  sys1(__NR_close, a);
  c = sys3(__NR_open, "/tmp/c", 0101, 0600), sys1(__NR_close, c), c = sys3(__NR_open, "/tmp/c", 0, 0);
  say("lease %d\n", sys3(FCNTL, c, SETLEASE, 0)), show("lease", c, 0);
  say("no lease %d\n", sys3(FCNTL, c, SETLEASE, 2)), show("no lease", c, 0);
  return 0;
}
