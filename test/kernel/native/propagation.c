// Shared subtrees and the mount API of Linux 5.2: what propagates where, detached trees, attributes, statmount and listmount.
#include "guest.h"
enum { NEWNS = 0x20000, NEWUSER = 0x10000000 };
enum { RDONLY = 1, NOSUID = 2, NODEV = 4, NOEXEC = 8, REMOUNT = 32, NOSYMFOLLOW = 256, BIND = 4096, MOVE = 8192, REC = 16384 };
enum { UNBINDABLE = 1 << 17, PRIVATE = 1 << 18, SLAVE = 1 << 19, SHARED = 1 << 20, STRICTATIME = 1 << 24, DETACH = 2, NOATIME = 1024 };
enum { OPEN_TREE = 428, MOVE_MOUNT, FSOPEN, FSCONFIG, FSMOUNT, FSPICK, MOUNT_SETATTR = 442, STATMOUNT = 457, LISTMOUNT };
static void told(const char *f, const long *v) { say(f, v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9]); }
#define say(f, ...) told(f, (long[10]){__VA_ARGS__})

#ifdef __x86_64__
#define SETRES __NR_setresuid
#define STATX 332
#else
#define SETRES __NR_setresuid32
#define STATX 383
#endif
static long mount(const char *from, const char *to, const char *type, long flags, const char *data) { return sys5(__NR_mount, from, to, type, flags, data); }
static long umount(const char *at, long flags) { return sys2(__NR_umount2, at, flags); }
static long mkdir_(const char *path) { return sys2(__NR_mkdir, path, 0755); }
static long make(const char *path) { return sys1(__NR_close, sys3(__NR_open, path, 0102, 0644)); }
static long has(const char *path) {
  long fd = sys3(__NR_open, path, 0, 0);
  return fd < 0 ? fd : sys1(__NR_close, fd);
}
static void alone(const char *what, void (*f)(void)) {
  int status = 0;
  say("%s\n", L(what));
  long pid = sys0(__NR_fork);
  if (!pid) { f(); finish(0); }
  sys4(__NR_wait4, pid, &status, 0, 0);
  say(" end %x\n", L(status));
}
static int same(const char *a, const char *b, int n) {
  for (int i = 0; i < n; i++) if (a[i] != b[i]) return 0;
  return 1;
}
/* Groups in the order in which they are met: their numbers depend on the machine. */
static long groups[64];
static int group_count;
static long group(long id) {
  for (int i = 0; i < group_count; i++) if (groups[i] == id) return i + 1;
  groups[group_count++] = id;
  return group_count;
}
static char info[65536];
static long read_info(void) {
  long fd = sys3(__NR_open, "/proc/self/mountinfo", 0, 0), n = 0, r;
  while ((r = sys3(__NR_read, fd, info + n, sizeof info - 1 - n)) > 0) n += r;
  sys1(__NR_close, fd);
  info[n] = 0;
  return n;
}
static long decimal(const char *c) {
  long n = 0;
  while (*c >= '0' && *c <= '9') n = n * 10 + (*c++ - '0');
  return n;
}
/* The mounts on the topmost /tmp with their options and peers, in the order of the list; groups are numbered as they are met. */
static void show(const char *what) {
  static char *line[400][16];
  static int columns[400], in[400];
  int lines = 0, more = 1;
  read_info();
  for (char *p = info; *p && lines < 400; lines++) {
    int n = in[lines] = 0;
    while (*p && *p != '\n') {
      if (n < 16) line[lines][n++] = p;
      while (*p && *p != ' ' && *p != '\n') p++;
      if (*p == ' ') *p++ = 0;
    }
    if (*p) *p++ = 0;
    columns[lines] = n;
  }
  for (int i = lines - 1; i >= 0; i--) if (same(line[i][4], "/tmp", 5)) { in[i] = 1; break; }
  while (more) {
    more = 0;
    for (int i = 0; i < lines; i++)
      for (int j = 0; j < lines; j++)
        if (!in[i] && in[j] && decimal(line[i][1]) == decimal(line[j][0])) in[i] = more = 1;
  }
  say(" %s:", L(what));
  for (int l = 0; l < lines; l++) {
    char **column = line[l];
    if (!in[l]) continue;
    say(" %s", L(column[4]));
    if (column[3][1]) say("<%s", L(column[3]));
    say("(%s", L(column[5]));
    for (int i = 6; i < columns[l] && column[i][0] != '-'; i++) {
      char *c = column[i];
      while (*c && *c != ':') c++;
      if (!*c) { say(" %s", L(column[i])); continue; }
      *c++ = 0;
      say(" %s:%d", L(column[i]), group(decimal(c)));
    }
    say(")", 0);
  }
  say("\n", 0);
}
static void own(void) {
  sys1(__NR_chdir, "/");
  long r = sys1(__NR_unshare, NEWNS);
  say(" %d %d", r, mount("none", "/", 0, REC | PRIVATE, 0));
  say(" %d\n", mount("x", "/tmp", "tmpfs", NOSUID, "mode=0755,size=1m"));
}

static void types(void) {
  own();
  mkdir_("/tmp/a"), mkdir_("/tmp/b"), mkdir_("/tmp/c"), mkdir_("/tmp/d");
  say(" not a mount %d two %d other flag %d", mount(0, "/tmp/a", 0, SHARED, 0), mount(0, "/tmp", 0, SHARED | SLAVE, 0), mount(0, "/tmp", 0, SHARED | NOSUID, 0));
  say(" tmpfs %d shared %d\n", mount("x", "/tmp/a", "tmpfs", 0, 0), mount(0, "/tmp/a", 0, SHARED, 0));
  show("one");
  say(" bind %d\n", mount("/tmp/a", "/tmp/b", 0, BIND, 0));
  show("peers");
  say(" bind %d slave %d", mount("/tmp/a", "/tmp/c", 0, BIND, 0), mount(0, "/tmp/c", 0, SLAVE, 0));
  say(" again %d\n", mount(0, "/tmp/c", 0, SLAVE, 0));
  show("slave");
  say(" bind of the slave %d shared %d\n", mount("/tmp/c", "/tmp/d", 0, BIND, 0), mount(0, "/tmp/c", 0, SHARED, 0));
  show("shared slave");
  mkdir_("/tmp/a/m");
  say(" in a %d", mount("x", "/tmp/a/m", "tmpfs", NODEV, 0));
  make("/tmp/a/m/file");
  say(" a %d b %d c %d d %d\n", has("/tmp/a/m/file"), has("/tmp/b/m/file"), has("/tmp/c/m/file"), has("/tmp/d/m/file"));
  show("propagated");
  say(" umount in b %d: a %d b %d c %d d %d\n", umount("/tmp/b/m", 0), has("/tmp/a/m/file"), has("/tmp/b/m/file"), has("/tmp/c/m/file"), has("/tmp/d/m/file"));
  show("unmounted");
  say(" in c %d a %d", mount("x", "/tmp/c/m", "tmpfs", NODEV, 0), has("/tmp/a/m"));
  make("/tmp/c/m/inc");
  say(" a %d d %d\n", has("/tmp/a/m/inc"), has("/tmp/d/m/inc"));
  say(" then in a %d", mount("y", "/tmp/a/m", "tmpfs", NOEXEC, 0));
  say(" c still %d\n", has("/tmp/c/m/inc"));
  show("over and below");
  say(" a busy? %d", umount("/tmp/a/m", 0));
  say(" c still %d\n", has("/tmp/c/m/inc"));
  show("after");
  say(" private %d\n", mount(0, "/tmp/a", 0, PRIVATE, 0));
  show("private a");
  say(" private %d\n", mount(0, "/tmp/b", 0, PRIVATE, 0));
  show("private b");
}
static void unbindable(void) {
  own();
  mkdir_("/tmp/a"), mkdir_("/tmp/b"), mkdir_("/tmp/c");
  mount("x", "/tmp/a", "tmpfs", 0, 0);
  mkdir_("/tmp/a/in");
  say(" in %d unbindable %d", mount("x", "/tmp/a/in", "tmpfs", 0, 0), mount(0, "/tmp/a/in", 0, UNBINDABLE, 0));
  say(" bind %d recursive %d\n", mount("/tmp/a/in", "/tmp/b", 0, BIND, 0), mount("/tmp/a", "/tmp/b", 0, BIND | REC, 0));
  show("left out");
  mount("x", "/tmp/c", "tmpfs", 0, 0), mount(0, "/tmp/c", 0, SHARED, 0);
  mkdir_("/tmp/c/x");
  say(" move into shared %d", mount("/tmp/a", "/tmp/c/x", 0, MOVE, 0));
  mkdir_("/tmp/c/y");
  say(" %d move out of shared %d\n", mount("x", "/tmp/c/y", "tmpfs", 0, 0), mount("/tmp/c/y", "/tmp/c/x", 0, MOVE, 0));
  say(" copies %d", sys1(__NR_unshare, NEWNS));
  show("copied");
  say(" pivot %d\n", sys2(__NR_pivot_root, "/tmp/c/y", "/tmp/c/y"));
}
static void across(void) {
  int up[2], down[2];
  char b;
  own();
  mkdir_("/tmp/s"), mkdir_("/tmp/p");
  mount("x", "/tmp/s", "tmpfs", 0, 0), mount(0, "/tmp/s", 0, SHARED, 0);
  mkdir_("/tmp/s/in"), mkdir_("/tmp/s/out");
  sys1(__NR_pipe, up), sys1(__NR_pipe, down);
  long pid = sys0(__NR_fork);
  if (!pid) {
    say(" apart %d", sys1(__NR_unshare, NEWNS));
    say(" here %d\n", mount("y", "/tmp/s/in", "tmpfs", 0, 0));
    make("/tmp/s/in/file");
    sys3(__NR_write, up[1], "x", 1), sys3(__NR_read, down[0], &b, 1);
    say(" from outside %d\n", has("/tmp/s/out/file"));
    sys1(__NR_chdir, "/tmp/s/out");
    sys3(__NR_write, up[1], "x", 1), sys3(__NR_read, down[0], &b, 1);
    sys1(__NR_chdir, "/");
    sys3(__NR_write, up[1], "x", 1), sys3(__NR_read, down[0], &b, 1);
    say(" unmounted %d %d\n", has("/tmp/s/in/file"), has("/tmp/s/out/file"));
    finish(0);
  }
  sys3(__NR_read, up[0], &b, 1);
  say(" seen %d back %d", has("/tmp/s/in/file"), mount("z", "/tmp/s/out", "tmpfs", 0, 0));
  make("/tmp/s/out/file");
  sys3(__NR_write, down[1], "x", 1), sys3(__NR_read, up[0], &b, 1);
  say(" in use there %d", umount("/tmp/s/out", 0));
  sys3(__NR_write, down[1], "x", 1), sys3(__NR_read, up[0], &b, 1);
  say(" unused %d the other %d\n", umount("/tmp/s/out", 0), umount("/tmp/s/in", 0));
  sys3(__NR_write, down[1], "x", 1);
  say(" end %x\n", end(pid));
  /* A less privileged namespace receives, but does not send. */
  pid = sys0(__NR_fork);
  if (!pid) {
    say(" with users %d", sys1(__NR_unshare, NEWNS | NEWUSER));
    show("slaves");
    say(" mount %d\n", mount("y", "/tmp/s/in", "tmpfs", 0, 0));
    make("/tmp/s/in/file");
    sys3(__NR_write, up[1], "x", 1), sys3(__NR_read, down[0], &b, 1);
    say(" received %d its umount %d\n", has("/tmp/s/out/file"), umount("/tmp/s/out", 0));
    finish(0);
  }
  sys3(__NR_read, up[0], &b, 1);
  say(" not seen %d", has("/tmp/s/in/file"));
  say(" sent %d", mount("z", "/tmp/s/out", "tmpfs", 0, 0));
  make("/tmp/s/out/file");
  sys3(__NR_write, down[1], "x", 1);
  say(" end %x\n", end(pid));
}

static long config(long fd, long command, const char *key, const char *value, long aux) { return sys5(FSCONFIG, fd, command, key, value, aux); }
static long move(long from, const char *a, long to, const char *b, long flags) { return sys5(MOVE_MOUNT, from, a, to, b, flags); }
static void contexts(void) {
  char text[64];
  own();
  mkdir_("/tmp/a"), mkdir_("/tmp/b");
  say(" fsopen: unknown %d flags %d null %d", sys2(FSOPEN, "nothing", 0), sys2(FSOPEN, "tmpfs", 2), sys2(FSOPEN, 0, 0));
  long fs = sys2(FSOPEN, "tmpfs", 1);
  say(" made %d", L(fs >= 0));
  say(" log %d early mount %d\n", sys3(__NR_read, fs, text, 64), sys3(FSMOUNT, fs, 0, 0));
  say(" source %d again %d unknown %d flag %d", config(fs, 1, "source", "mine", 0), config(fs, 1, "source", "mine", 0), config(fs, 1, "what", "1", 0), config(fs, 0, "source", 0, 0));
  say(" size %d ro %d rw %d mode %d", config(fs, 1, "size", "64k", 0), config(fs, 0, "ro", 0, 0), config(fs, 0, "rw", 0, 0), config(fs, 1, "mode", "0700", 0));
  say(" with value %d no value %d no key %d aux %d", config(fs, 0, "ro", "1", 0), config(fs, 1, "size", 0, 0), config(fs, 1, 0, "1", 0), config(fs, 1, "size", "64k", 5));
  say(" command %d file %d badf %d reconfigure %d\n", config(fs, 99, 0, 0, 0), config(0, 6, 0, 0, 0), config(99, 6, 0, 0, 0), config(fs, 7, 0, 0, 0));
  say(" create %d again %d option %d", config(fs, 6, 0, 0, 0), config(fs, 6, 0, 0, 0), config(fs, 1, "size", "1m", 0));
  say(" flags %d attributes %d access %d wrong file %d", sys3(FSMOUNT, fs, 2, 0), sys3(FSMOUNT, fs, 0, 0x100), sys3(FSMOUNT, fs, 0, 0x30), sys3(FSMOUNT, 0, 0, 0));
  long mnt = sys3(FSMOUNT, fs, 1, 2 | 8 | 0x10);
  say(" mount %d second %d\n", L(mnt >= 0), sys3(FSMOUNT, fs, 0, 0));
  say(" inside it: %d", sys3(__NR_mkdirat, mnt, "dir", 0755));
  say(" nowhere %d not a directory %d flags %d empty %d", move(mnt, "", -100, "/tmp/none", 4), move(mnt, "", -100, "/proc/self/exe", 4 | 0x10), move(mnt, "", -100, "/tmp/a", 0x1004), move(mnt, "", -100, "/tmp/a", 0));
  say(" move %d again %d\n", move(mnt, "", -100, "/tmp/b", 4), move(mnt, "", -100, "/tmp/a", 4));
  show("attached");
  say(" dir %d close %d still %d\n", has("/tmp/a/dir"), sys1(__NR_close, mnt), has("/tmp/a/dir"));
  long pick = sys3(FSPICK, -100, "/tmp/a", 1);
  say(" pick %d inner %d flags %d", L(pick >= 0), sys3(FSPICK, -100, "/tmp/a/dir", 0), sys3(FSPICK, -100, "/tmp/a", 16));
  say(" create %d ro %d reconfigure %d", config(pick, 6, 0, 0, 0), config(pick, 0, "ro", 0, 0), config(pick, 7, 0, 0, 0));
  say(" write %d mount %d\n", mkdir_("/tmp/a/no"), sys3(FSMOUNT, pick, 0, 0));
  say(" rw %d reconfigure %d write %d\n", config(pick, 0, "rw", 0, 0), config(pick, 7, 0, 0, 0), mkdir_("/tmp/a/yes"));
  long proc = sys2(FSOPEN, "proc", 0);
  say(" proc %d", config(proc, 6, 0, 0, 0));
  long p = sys3(FSMOUNT, proc, 0, 0);
  say(" mounted %d stat %d\n", L(p >= 0), L(sys3(__NR_openat, p, "self/stat", 0) >= 0));
  sys3(SETRES, 1000, 1000, 1000);
  say(" without power: %d %d %d", sys2(FSOPEN, "tmpfs", 0), sys3(FSPICK, -100, "/tmp/a", 0), sys3(OPEN_TREE, -100, "/tmp", 1));
  long tree = sys3(OPEN_TREE, -100, "/tmp", 0);
  say(" a look %d move %d attributes %d\n", L(tree >= 0), move(tree, "", -100, "/tmp/b", 4), sys5(MOUNT_SETATTR, tree, "", 0x1000, text, 32));
}
static void trees(void) {
  own();
  mkdir_("/tmp/a"), mkdir_("/tmp/b"), mkdir_("/tmp/c");
  mount("x", "/tmp/a", "tmpfs", 0, 0), mkdir_("/tmp/a/in"), mount("y", "/tmp/a/in", "tmpfs", 0, 0), make("/tmp/a/in/file");
  say(" flags %d recursive alone %d", sys3(OPEN_TREE, -100, "/tmp/a", 2), sys3(OPEN_TREE, -100, "/tmp/a", 0x8000));
  long one = sys3(OPEN_TREE, -100, "/tmp/a", 1), all = sys3(OPEN_TREE, -100, "/tmp/a", 0x8001);
  say(" %d %d: %d %d\n", L(one >= 0), L(all >= 0), sys3(__NR_openat, one, "in/file", 0), L(sys3(__NR_openat, all, "in/file", 0) >= 0));
  say(" umount %d still %d", umount("/tmp/a", DETACH), L(sys3(__NR_openat, all, "in/file", 0) >= 0));
  say(" chdir %d move %d", sys1(__NR_fchdir, all), move(all, "", -100, "/tmp/b", 4));
  say(" there %d here %d\n", has("/tmp/b/in/file"), has("in/file"));
  sys1(__NR_chdir, "/");
  show("tree");
  say(" part of it %d not a root %d", move(-100, "/tmp/b/in", -100, "/tmp/c", 0), move(-100, "/tmp/c/file", -100, "/tmp/c/file", 0));
  say(" into itself %d the root %d\n", move(-100, "/tmp/b", -100, "/tmp/b/in", 0), move(-100, "/", -100, "/tmp/b", 0));
  show("moved");
  say(" closed %d", sys1(__NR_close, one));
  long again = sys3(OPEN_TREE, -100, "/tmp/c", 1);
  say(" bind of file %d", mount("/tmp/c/file", "/tmp/c/file", 0, BIND, 0));
  say(" file on directory %d\n", move(-100, "/tmp/c/file", -100, "/tmp/b", 0));
  mount("q", "/tmp/b", "tmpfs", 0, 0), make("/tmp/b/top");
  say(" beneath %d top %d", move(again, "", -100, "/tmp/b", 0x204), has("/tmp/b/top"));
  say(" umount %d below %d", umount("/tmp/b", 0), has("/tmp/b/file"));
  say(" beneath what is no mount %d both %d\n", move(-100, "/tmp/c", -100, "/tmp/b/file", 0x200), move(again, "", -100, "/tmp/b", 0x304));
  show("at last");
}
struct attr { uint64_t set, clear, propagation, userns; uint64_t more; };
static long attribute(const char *path, long flags, uint64_t set, uint64_t clear, uint64_t propagation, long size) {
  struct attr a = {set, clear, propagation, 0, 0};
  return sys5(MOUNT_SETATTR, -100, path, flags, &a, size);
}
static void attributes(void) {
  own();
  mkdir_("/tmp/a"), mount("x", "/tmp/a", "tmpfs", 0, 0), mkdir_("/tmp/a/in"), mount("y", "/tmp/a/in", "tmpfs", 0, 0);
  say(" flags %d small %d large %d zeros behind %d nothing %d", attribute("/tmp/a", 0x20000, 1, 0, 0, 32), attribute("/tmp/a", 0, 1, 0, 0, 24), attribute("/tmp/a", 0, 1, 0, 0, 5000), attribute("/tmp/a", 0, 1, 0, 0, 40), attribute("/tmp/none", 0, 0, 0, 0, 32));
  say(" set %d\n", attribute("/tmp/a", 0, 2 | 4, 1, 0, 32));
  show("set");
  say(" recursive %d", attribute("/tmp/a", 0x8000, 8, 4, SHARED, 32));
  show("recursive");
  say(" unknown %d %d", attribute("/tmp/a", 0, 0x100, 0, 0, 32), attribute("/tmp/a", 0, 0, 0x100, 0, 32));
  say(" propagation %d %d not a root %d", attribute("/tmp/a", 0, 0, 0, SHARED | PRIVATE, 32), attribute("/tmp/a", 0, 0, 0, 1, 32), attribute("/proc/self", 0, 1, 0, 0, 32));
  say(" times: alone %d part %d noatime %d", attribute("/tmp/a", 0, 0x10, 0, 0, 32), attribute("/tmp/a", 0, 0x10, 0x10, 0, 32), attribute("/tmp/a", 0, 0x10, 0x70, 0, 32));
  show("noatime");
  say(" strict %d both %d", attribute("/tmp/a", 0, 0x20 | 0x80, 0x70, 0, 32), attribute("/tmp/a", 0, 0x30, 0x70, 0, 32));
  show("strict");
  long fd = sys3(__NR_open, "/tmp/a/file", 0102, 0644);
  say(" open for writing %d", attribute("/tmp/a", 0x8000, 1, 0, 0, 32));
  sys1(__NR_close, fd);
  say(" closed %d\n", attribute("/tmp/a", 0x8000, 1, 0, 0, 32));
  show("read-only");
  say(" links: %d %d", sys2(__NR_symlink, "/tmp/a", "/tmp/link"), attribute("/tmp", 0, 0x200000, 0, 0, 32));
  say(" follow %d no follow %d", has("/tmp/link"), has("/tmp/a"));
  say(" idmap %d\n", attribute("/tmp/a", 0, 0x100000, 0, 0, 32));
  say(" remounts: %d", mount(0, "/tmp/a", 0, REMOUNT | BIND | NOSYMFOLLOW | STRICTATIME, 0));
  show("mount");
  say(" %d", mount(0, "/tmp/a", 0, REMOUNT | RDONLY | NOATIME, "size=128k"));
  show("super");
  say(" in a namespace: %d", sys1(__NR_unshare, NEWNS | NEWUSER));
  say(" writable %d less %d stricter %d\n", attribute("/tmp/a", 0, 0, 1, 0, 32), attribute("/tmp/a/in", 0, 0, 8, 0, 32), attribute("/tmp/a/in", 0, 2 | 4, 0, 0, 32));
  say(" times %d\n", attribute("/tmp/a/in", 0, 0x10, 0x70, 0, 32));
}
static void set_group(void) {
  own();
  mkdir_("/tmp/a"), mkdir_("/tmp/b"), mkdir_("/tmp/c");
  mount("x", "/tmp/a", "tmpfs", 0, 0), mkdir_("/tmp/a/sub");
  say(" bind %d", mount("/tmp/a/sub", "/tmp/b", 0, BIND, 0));
  say(" private %d", move(-100, "/tmp/a", -100, "/tmp/b", 0x100));
  say(" shared %d other fs %d", mount(0, "/tmp/a", 0, SHARED, 0), move(-100, "/tmp/a", -100, "/tmp", 0x100));
  say(" join %d again %d\n", move(-100, "/tmp/a", -100, "/tmp/b", 0x100), move(-100, "/tmp/a", -100, "/tmp/b", 0x100));
  show("joined");
}

struct request { uint32_t size, spare; uint64_t id, param, ns, more; } __attribute__((aligned(8)));
static char answer[8192] __attribute__((aligned(8)));
static uint64_t word64(int at) { return *(uint64_t *)(answer + at); }
static long statmount_(uint64_t id, uint64_t mask, long size, long length) {
  struct request r = {(uint32_t)length, 0, id, mask, 0, 0};
  memset(answer, 0, 600);
  return sys4(STATMOUNT, &r, answer, size, 0);
}
static uint64_t ids[512];
static long listmount_(uint64_t id, uint64_t last, long count, long flags) {
  struct request r = {24, 0, id, last, 0, 0};
  return sys4(LISTMOUNT, &r, ids, count, flags);
}
static uint64_t unique(const char *path) {
  static uint64_t b[32];
  return sys5(STATX, -100, path, 0, 0x4000, b) < 0 ? 0 : b[18];
}
static void queries(void) {
  own();
  mkdir_("/tmp/a"), mount("src", "/tmp/a", "tmpfs", NODEV | NOATIME, "size=64k"), mkdir_("/tmp/a/in"), mount("y", "/tmp/a/in", "tmpfs", 0, 0);
  mkdir_("/tmp/b"), mount("/tmp/a/in", "/tmp/b", 0, BIND, 0), mount(0, "/tmp/a", 0, SHARED, 0), mkdir_("/tmp/a/in/dir");
  uint64_t a = unique("/tmp/a"), tmp = unique("/tmp"), in = unique("/tmp/a/in");
  say(" unique %d child %d", L(a > 0x80000000u), L(in > a));
  say(" small %d large %d id %d none %d", statmount_(a, 1, 512, 16), statmount_(a, 1, 512, 5000), statmount_(5, 1, 512, 24), statmount_(0xffffff00000000ull, 1, 512, 24));
  say(" basic %d size %d mask %x flags %x magic %x", statmount_(a, 3, 512, 24), L(*(uint32_t *)answer), L(word64(8)), L(*(uint32_t *)(answer + 32)), L(word64(24)));
  say(" parent %d attr %x propagation %x group %d", L(word64(48) == tmp), L(word64(64)), L(word64(72)), L(word64(80) != 0));
  say(" master %d\n", L(word64(88)));
  say(" texts %d mask %x", statmount_(a, 8 | 0x10 | 0x20 | 0x80 | 0x200, 1024, 32), L(word64(8)));
  char *str = answer + 512;
  say(" type %s root %s point %s options %s source %s", L(str + *(uint32_t *)(answer + 36)), L(str + *(uint32_t *)(answer + 104)), L(str + *(uint32_t *)(answer + 108)), L(str + *(uint32_t *)(answer + 4)), L(str + *(uint32_t *)(answer + 124)));
  say(" size %d\n", L(*(uint32_t *)answer));
  say(" options alone %d subtype %d mask %x", statmount_(a, 0x100, 1024, 24), L(*(uint32_t *)answer), L(word64(8)));
  say(" short: %d %d %d", statmount_(a, 0x20, 512, 24), statmount_(a, 0x20, 519, 24), statmount_(a, 3, 8, 24));
  say(" array %d number %d", statmount_(a, 0x400, 1024, 24), L(*(uint32_t *)(answer + 128)));
  uint64_t number = 0;
  long space = sys3(__NR_open, "/proc/self/ns/mnt", 0, 0), other = sys3(__NR_open, "/proc/self/ns/uts", 0, 0);
  say(" ns %d", L(statmount_(a, 0x40, 512, 24) == 0 && word64(112) != 0));
  say(" %d same %d other %d bad %d\n", sys3(__NR_ioctl, space, 0x8008b705, &number), L(number == word64(112)), sys3(__NR_ioctl, other, 0x8008b705, &number), sys3(__NR_ioctl, space, 0x8008b705, 16));
  say(" list: %d", listmount_(a, 0, 512, 0));
  say(" %d", L(ids[0] == in));
  long n = listmount_(tmp, 0, 512, 0);
  say(" tmp %d %d %d ordered %d", n, L(ids[0] == a), L(ids[1] == in), L(ids[2] > ids[1]));
  say(" after %d first two %d reverse %d", listmount_(tmp, a, 512, 0), listmount_(tmp, 0, 2, 0), listmount_(tmp, 0, 512, 1));
  say(" %d", L(ids[2] == a));
  say(" wrong flag %d id %d last %d none %d", listmount_(tmp, 0, 5, 2), listmount_(7, 0, 5, 0), listmount_(tmp, 7, 5, 0), listmount_(0xffffff00000000ull, 0, 5, 0));
  say(" root %d\n", L(listmount_(~0ull, 0, 512, 0) > 3));
  say(" chroot %d", sys1(__NR_chroot, "/tmp/a"));
  n = listmount_(~0ull, 0, 512, 0);
  say(" root %d %d above %d", n, L(ids[0] == in), statmount_(tmp, 0x10, 1024, 24));
  say(" without power %d", sys3(SETRES, 1000, 1000, 1000));
  say(" above %d list %d below %d\n", statmount_(tmp, 0x10, 1024, 24), listmount_(tmp, 0, 5, 0), statmount_(in, 0x10, 1024, 24));
}

static int body(int argc, char **arguments, char **environment) {
  (void)argc, (void)arguments, (void)environment;
  alone("types", types);
  alone("unbindable", unbindable);
  alone("across namespaces", across);
  alone("contexts", contexts);
  alone("trees", trees);
  alone("attributes", attributes);
  alone("groups", set_group);
  alone("statmount and listmount", queries);
  return 0;
}
