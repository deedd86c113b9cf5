// Flags of files on a tmpfs: who may set them, and what they refuse.
#include "guest.h"
enum { NEWNS = 0x20000, RDONLY = 0, WRONLY = 1, RDWR = 2, CREAT = 0x40, TRUNC = 0x200, APPEND = 0x400, NOATIME = 0x40000 };
enum { IMM = 0x10, APP = 0x20, NODUMP = 0x40, NOAT = 0x80 };
#define GET (sizeof(long) == 8 ? 0x80086601u : 0x80046601u)
#define SET (sizeof(long) == 8 ? 0x40086602u : 0x40046602u)
static long at_open(const char *p, long flags) { return sys3(__NR_open, p, flags, 0644); }
static long get(long f) {
  unsigned v = 0x5555;
  long x = sys3(__NR_ioctl, f, GET, &v);
  return x < 0 ? x : v;
}
static long set(long f, unsigned v) { return sys3(__NR_ioctl, f, SET, &v); }
static long attributes(const char *p) {
  static uint8_t b[256];
  long x = sys5(__NR_statx, -100, p, 0, 0xfff, b);
  return x < 0 ? x : (long)(word(b, 8) & 0xf0) << 8 | (word(b, 56) & 0xf0);
}
static void refused(const char *what, const char *p, const char *dir) {
  long times[4] = {1, 0, 1, 0};
  say("%s:", what);
  said(" read %d", sys1(__NR_close, at_open(p, RDONLY)));
  long w = at_open(p, WRONLY), a = at_open(p, WRONLY | APPEND), t = at_open(p, RDONLY | TRUNC), r = at_open(p, RDWR | APPEND);
  said(" write %d append %d truncate %d both %d", w < 0 ? w : 0, a < 0 ? a : 0, t < 0 ? t : 0, r < 0 ? r : 0);
  if (a >= 0) {
    said(" wrote %d flag %d cut %d", sys3(__NR_write, a, "x", 1), sys3(__NR_fcntl, a, 4, 0), sys2(__NR_ftruncate, a, 0));
    said(" keep %d more %d", sys3(__NR_fcntl, a, 4, APPEND | NOATIME), sys3(__NR_fcntl, a, 3, 0) & 0x40c03);
    sys1(__NR_close, a);
  }
  said(" size %d chmod %d chown %d", sys2(__NR_truncate, p, 0), sys2(__NR_chmod, p, 0600), sys3(__NR_chown, p, 1, 1));
  said(" touch %d times %d", sys4(__NR_utimensat, -100, p, 0, 0), sys4(__NR_utimensat, -100, p, times, 0));
  said(" link %d rename %d unlink %d", sys2(__NR_link, p, "/tmp/flags/link"), sys2(__NR_rename, p, "/tmp/flags/renamed"), sys1(__NR_unlink, p));
  said(" xattr %d remove %d access %d", sys5(__NR_setxattr, p, "user.a", "b", 1, 0), sys2(__NR_removexattr, p, "user.a"), sys2(__NR_access, p, 2));
  (void)dir;
  say("\n");
  sys1(__NR_unlink, "/tmp/flags/link");
}
static int body(int argc, char **argv, char **envp) {
  (void)argc, (void)argv, (void)envp;
  said("unshare %d private %d", sys1(__NR_unshare, NEWNS), sys5(__NR_mount, "none", "/", 0, 0x4c000, 0));
  sys2(__NR_mkdir, "/tmp/flags", 0755);
  said(" mount %d\n", sys5(__NR_mount, "none", "/tmp/flags", "tmpfs", 0, 0));
  long f = at_open("/tmp/flags/file", CREAT | RDWR), d = (sys2(__NR_mkdir, "/tmp/flags/dir", 0755), at_open("/tmp/flags/dir", RDONLY));
  said("fresh %x %x attributes %x", get(f), get(d), attributes("/tmp/flags/file"));
  said(" unknown %d %d fault %d", set(f, 1), set(f, 0x80000), sys3(__NR_ioctl, f, SET, 8));
  unsigned other = 9;
  said(" other size %d", sys3(__NR_ioctl, f, GET ^ 0xc0000, &other));
  said(" %d\n", L(other));
  said("nodump %d %x", set(f, NODUMP | NOAT), get(f));
  said(" attributes %x\n", attributes("/tmp/flags/file"));
  said("append %d", set(f, APP));
  said(" %x attributes %x", get(f), attributes("/tmp/flags/file"));
  said(" write %d cut %d\n", sys3(__NR_write, f, "abc", 3), sys2(__NR_ftruncate, f, 0));
  refused("append", "/tmp/flags/file", 0);
  said("immutable %d", set(f, IMM));
  said(" %x attributes %x\n", get(f), attributes("/tmp/flags/file"));
  refused("immutable", "/tmp/flags/file", 0);
  said("directory %d %x", set(d, NODUMP | APP), get(d));
  long n = at_open("/tmp/flags/dir/new", CREAT | RDWR);
  said(" new %x sub %d", get(n), sys2(__NR_mkdir, "/tmp/flags/dir/sub", 0755));
  said(" unlink %d rmdir %d rename %d", sys1(__NR_unlink, "/tmp/flags/dir/new"), sys1(__NR_rmdir, "/tmp/flags/dir/sub"), sys2(__NR_rename, "/tmp/flags/dir/new", "/tmp/flags/moved"));
  said(" chmod %d\n", sys2(__NR_chmod, "/tmp/flags/dir", 0700));
  said("immutable %d", set(d, IMM));
  n = at_open("/tmp/flags/dir/third", CREAT | RDWR);
  said(" new %d mkdir %d unlink %d rename %d", n, sys2(__NR_mkdir, "/tmp/flags/dir/x", 0755), sys1(__NR_unlink, "/tmp/flags/dir/new"), sys2(__NR_rename, "/tmp/flags/dir", "/tmp/flags/other"));
  said(" link %d", sys2(__NR_link, "/tmp/flags/dir/new", "/tmp/flags/dir/y"));
  n = at_open("/tmp/flags/dir/new", WRONLY);
  said(" inside %d\n", n < 0 ? n : 0);
  said("fifo %d", sys3(__NR_mknod, "/tmp/flags/fifo", 010644, 0));
  said(" %d socket %d\n", get(at_open("/tmp/flags/fifo", RDWR)), get(sys3(__NR_socket, 1, 1, 0)));
  sys2(__NR_chmod, "/tmp/flags", 0777);
  long own = 0;
  said("nobody %d", sys1(__NR_setuid, 65534));
  own = at_open("/tmp/flags/mine", CREAT | RDWR);
  said(" clear %d other's %d", set(f, 0), set(d, IMM));
  said(" own append %d nodump %d", set(own, APP), set(own, NODUMP));
  said(" %x\n", get(own));
  return 0;
}
