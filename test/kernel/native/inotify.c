// inotify: the events of ordinary file operations, their order, flags of watches, the queue, limits.
#include "guest.h"
#define TMP "/tmp/inotify-test"
static long in, root;
struct event { int32_t wd; uint32_t mask, cookie, len; };
static uint32_t firstCookie;

/* All events that wait: wd, mask, whether the cookie is that of the last one, name. */
static void events(const char *what) {
  static char b[8192] __attribute__((aligned(8)));
  uint32_t last = 0;
  say(" %s:", what);
  for (;;) {
    long n = sys3(__NR_read, in, b, sizeof b);
    if (n <= 0) break;
    for (long i = 0; i < n;) {
      struct event *e = (struct event *)(b + i);
      say(" %d=%x", L(e->wd), L(e->mask));
      if (e->cookie) say("(%s)", last == e->cookie ? "same" : "new");
      last = e->cookie;
      if (e->len) say("[%s %d]", b + i + 16, L(e->len));
      i += 16 + e->len;
    }
  }
  say("\n");
}
static long watch(const char *path, uint32_t mask) { return sys3(__NR_inotify_add_watch, in, path, mask); }
static long unwatch(long wd) { return sys2(__NR_inotify_rm_watch, in, wd); }
static long opened(const char *path, long flags) { return sys3(__NR_open, path, flags, 0644); }
static long closed(long fd) { return sys1(__NR_close, fd); }
static void make(const char *path) { closed(opened(path, 0101)); }
#define ALL 0xfff

static void names(void) {
  say("names\n");
  long d = watch(TMP, ALL);
  make(TMP "/a");
  events("created");
  long f = watch(TMP "/a", ALL);
  say(" watches %d %d\n", d, f);
  sys2(__NR_mkdir, TMP "/sub", 0755);
  events("mkdir");
  sys2(__NR_link, TMP "/a", TMP "/b");
  events("link");
  sys2(__NR_symlink, "a", TMP "/l");
  events("symlink");
  sys3(__NR_mknod, TMP "/p", 010644, 0);
  events("fifo");
  sys2(__NR_rename, TMP "/b", TMP "/c");
  events("rename");
  sys2(__NR_rename, TMP "/c", TMP "/sub/c");
  events("out");
  long s = watch(TMP "/sub", ALL);
  sys2(__NR_rename, TMP "/sub/c", TMP "/longer-than-sixteen-bytes");
  events("in");
  say(" exchange %d\n", sys5(__NR_renameat2, -100, TMP "/l", -100, TMP "/p", 2));
  events("exchanged");
  sys2(__NR_rename, TMP "/sub", TMP "/dir");
  events("directory");
  make(TMP "/victim");
  long v = watch(TMP "/victim", ALL);
  events("victim");
  sys2(__NR_rename, TMP "/p", TMP "/victim");
  events("replaced");
  sys1(__NR_unlink, TMP "/longer-than-sixteen-bytes");
  events("unlink one of two");
  sys1(__NR_rmdir, TMP "/dir");
  events("rmdir");
  long fd = opened(TMP "/a", 2);
  events("open");
  sys1(__NR_unlink, TMP "/a");
  events("unlink open");
  sys3(__NR_write, fd, "x", 1);
  events("write to it");
  closed(fd);
  events("close");
  say(" gone %d %d %d\n", unwatch(f), unwatch(s), unwatch(v));
  say(" remove %d", unwatch(d));
  events("");
  make(TMP "/a");
  events("nothing");
}
static void contents(void) {
  say("contents\n");
  char b[16];
  long d = watch(TMP, ALL), fd = opened(TMP "/a", 02), r;
  events("open");
  r = sys3(__NR_write, fd, "hello", 5);
  sys3(__NR_write, fd, "hello", 5);
  events("two writes");
  sys3(__NR_write, fd, "", 0);
  sys3(__NR_lseek, fd, 0, 0);
  events("no bytes");
  sys3(__NR_read, fd, b, 5);
  events("read");
  sys3(__NR_read, fd, b, 5);
  sys3(__NR_read, fd, b, 5);
  events("read to the end");
  sys3(__NR_read, fd, b, 5);
  events("end");
  sys2(__NR_ftruncate, fd, 3);
  events("truncate");
  long v[4] = {(long)b, 2, (long)b, 1};
  sys3(__NR_lseek, fd, 0, 0);
  sys3(__NR_readv, fd, v, 2);
  sys3(__NR_writev, fd, v, 2);
  events("vectors");
  sys2(__NR_fchmod, fd, 0600);
  events("chmod");
  sys3(__NR_fchown, fd, 1, 1);
  events("chown");
  long ts[4] = {1, 0, 2, 0}, half[4] = {1, 0x3ffffffe, 2, 0}, other[4] = {1, 0, 2, 0x3ffffffe};
  sys4(__NR_utimensat, fd, 0, ts, 0);
  events("times");
  sys4(__NR_utimensat, fd, 0, half, 0);
  events("mtime");
  sys4(__NR_utimensat, fd, 0, other, 0);
  events("atime");
  closed(fd);
  events("close");
  closed(opened(TMP "/a", 01001));
  events("truncating open");
  closed(opened(TMP "/a", 010000000));
  events("path only");
  sys3(__NR_mkdir, TMP "/e", 0755, 0);
  make(TMP "/e/x");
  events("mkdir");
  fd = opened(TMP, 0200000);
  sys3(__NR_getdents64, fd, root ? (long)b : 0, 0);
  static char big[4096];
  sys3(__NR_getdents64, fd, big, sizeof big);
  closed(fd);
  events("list");
  sys2(__NR_truncate, TMP "/a", 10);
  events("truncate by name");
  sys2(__NR_chmod, TMP "/a", 0644);
  sys2(__NR_chmod, TMP "/a", 0600);
  sys2(__NR_chmod, TMP, 0755);
  events("merged, and itself");
  long from = opened(TMP "/a", 0), to = opened(TMP "/e/x", 1);
  events("two files");
  sys4(__NR_sendfile, to, from, 0, 5);
  events("sendfile");
  closed(from), closed(to);
  events("closed");
  long pid = sys0(__NR_fork);
  if (pid == 0) {
    fd = opened(TMP "/a", 0);
    finish(0);
  }
  end(pid);
  events("end of a process");
  fd = opened(TMP "/a", 0);
  sys1(__NR_dup, fd);
  closed(fd);
  events("one of two");
  sys1(__NR_close, fd + 1);
  events("the other");
  unwatch(d);
  events("removed");
}
static void flags(void) {
  say("flags\n");
  say(" none %d, unknown %d, both %d, absent %d, long path %d, bad path %d\n", watch(TMP, 0), watch(TMP, 0x10000), watch(TMP, 0x30000001), watch(TMP "/none", 1), watch("", 1),
      sys3(__NR_inotify_add_watch, in, 16, 1));
  say(" file as directory %d, not ours %d %d, closed %d, wd %d %d\n", watch(TMP "/a", 1 | 0x1000000), sys3(__NR_inotify_add_watch, 0, TMP, 1), sys2(__NR_inotify_rm_watch, 0, 1),
      sys3(__NR_inotify_add_watch, 99, TMP, 1), unwatch(-1), unwatch(99));
  long w = watch(TMP "/a", 0x20);
  say(" again %d, new only %d, other %d\n", L(watch(TMP "/a", 0x8) == w), watch(TMP "/a", 0x10000020), L(watch(TMP "/a", 0x20000020) == w));
  closed(opened(TMP "/a", 1));
  events("added");
  say(" replaced %d\n", L(watch(TMP "/a", 0x8) == w));
  closed(opened(TMP "/a", 1));
  events("replaced");
  unwatch(w);
  events("");
  long once = watch(TMP "/a", 0x80000020);
  closed(opened(TMP "/a", 0));
  closed(opened(TMP "/a", 0));
  events("once");
  say(" gone %d\n", unwatch(once));
  sys2(__NR_symlink, "a", TMP "/link");
  long l = watch(TMP "/link", 0x800 | 0x2000000);
  sys2(__NR_rename, TMP "/link", TMP "/link2");
  events("a link itself");
  unwatch(l);
  events("");
  long d = watch(TMP, 0x2a | 0x4000000), fd = opened(TMP "/a", 1);
  sys1(__NR_unlink, TMP "/a");
  sys3(__NR_write, fd, "x", 1);
  closed(fd);
  events("unlinked excluded");
  unwatch(d);
  events("");
  make(TMP "/a");
}
static void queue(void) {
  say("queue\n");
  char b[64];
  long w = watch(TMP, 0x100 | 0x20);
  struct { int fd; short events, revents; } p = {in, 1, 0};
  int n = -1;
  say(" poll %d", sys3(__NR_poll, &p, 1, 0));
  make(TMP "/q");
  say(" %d %x", sys3(__NR_poll, &p, 1, 0), L(p.revents));
  say(" waiting %d", sys3(__NR_ioctl, in, 0x541b, &n));
  say(" %d, small %d", L(n), sys3(__NR_read, in, b, 31));
  say(" one %d", sys3(__NR_read, in, b, 32));
  say(" bad %d", sys3(__NR_read, in, 16, 64));
  say(" empty %d, write %d, seek %d\n", sys3(__NR_read, in, b, 64), sys3(__NR_write, in, b, 16), sys3(__NR_lseek, in, 0, 0));
  // A reader that waits.
  long fl = sys3(__NR_fcntl, in, 3, 0);
  sys3(__NR_fcntl, in, 4, fl & ~04000);
  long pid = sys0(__NR_fork);
  if (pid == 0) {
    long ts[2] = {0, 20000000};
    sys2(__NR_nanosleep, ts, 0);
    closed(opened(TMP "/q", 0));
    finish(0);
  }
  say(" waited %d\n", sys3(__NR_read, in, b, 64));
  end(pid);
  sys3(__NR_fcntl, in, 4, fl);
  unwatch(w);
  events("");
  say(" limits %d", put_file("/proc/sys/fs/inotify/max_queued_events", "3"));
  long small = sys1(__NR_inotify_init1, 04000), old = in;
  in = small;
  w = watch(TMP, 0x38);
  for (int i = 0; i < 3; i++) closed(opened(TMP "/q", i & 1)), closed(opened(TMP "/a", i & 1));
  events("overflow");
  closed(opened(TMP "/q", 0));
  events("after");
  say(" %d\n", put_file("/proc/sys/fs/inotify/max_queued_events", "16384"));
  closed(in);
  in = old;
  say(" flags %d\n", sys1(__NR_inotify_init1, 1));
}
static void unmounting(void) {
  say("unmounting\n");
  sys2(__NR_mkdir, TMP "/m", 0755);
  say(" mount %d", sys5(__NR_mount, "none", TMP "/m", "tmpfs", 0, 0));
  make(TMP "/m/f");
  long a = watch(TMP "/m/f", ALL), b = watch(TMP "/m", 0x20);
  say(" umount %d", sys2(__NR_umount2, TMP "/m", 0));
  events("");
  say(" gone %d %d\n", unwatch(a), unwatch(b));
  sys1(__NR_rmdir, TMP "/m");
}

static int body(int argc, char **argv, char **envp) {
  // A file system of its own, so that both kernels have the same one.
  say("unshare %d", sys1(__NR_unshare, 0x20000));
  say(" private %d", sys5(__NR_mount, 0, "/", 0, 0x44000, 0));
  sys2(__NR_mkdir, TMP, 0755);
  say(" tmpfs %d\n", sys5(__NR_mount, "none", TMP, "tmpfs", 0, 0));
  in = sys1(__NR_inotify_init1, 04000 | 02000000);
  names();
  contents();
  flags();
  queue();
  unmounting();
  sys2(__NR_umount2, TMP, 2);
  sys1(__NR_rmdir, TMP);
  return 0;
}
