// Landlock: rulesets, what rules allow, renames and links, open files, ports, sockets and signals. man 7 landlock.
#include "guest.h"
enum { NEWNS = 0x20000, SIGCHLD = 17, SIGUSR1 = 10, O_PATH_ = 010000000, O_CREAT_ = 0100, O_TRUNC_ = 01000, O_DIR = 0200000 };
enum {
  EXECUTE = 1, WRITE = 2, READ = 4, READ_DIR = 8, REMOVE_DIR = 16, REMOVE_FILE = 32, MAKE_CHAR = 64, MAKE_DIR = 128, MAKE_REG = 256,
  MAKE_SOCK = 512, MAKE_FIFO = 1024, MAKE_BLOCK = 2048, MAKE_SYM = 4096, REFER = 8192, TRUNCATE = 16384, IOCTL = 32768, ALL = 65535
};
struct attr { uint64_t fs, net, scoped; };
struct beneath { uint64_t access; int32_t fd; } __attribute__((packed));
struct port { uint64_t access, port; };

static long open_(const char *path, long flags) { return sys3(__NR_open, path, flags, 0644); }
static long shut(long fd) { return sys1(__NR_close, fd); }
static long tryopen(const char *path, long flags) {
  long fd = open_(path, flags);
  if (fd < 0) return fd;
  shut(fd);
  return 0;
}
static long create(uint64_t fs, uint64_t net, uint64_t scoped) {
  struct attr a = {fs, net, scoped};
  return sys3(444, &a, sizeof a, 0);
}
static long allow(long set, const char *path, uint64_t access) {
  long fd = open_(path, O_PATH_), r;
  struct beneath b = {access, (int)fd};
  if (fd < 0) return fd;
  r = sys4(445, set, 1, &b, 0);
  shut(fd);
  return r;
}
static long allow_port(long set, uint64_t access, uint64_t number) {
  struct port p = {access, number};
  return sys4(445, set, 2, &p, 0);
}
static long enter(long set) {
  long r = sys2(446, set, 0);
  shut(set);
  return r;
}
static void doze(long nanoseconds) {
  long t[] = {0, nanoseconds};
  sys2(__NR_nanosleep, t, 0);
}
static void touch(const char *path) { shut(open_(path, O_CREAT_ | 1)); }
static long mkdir_(const char *path) { return sys2(__NR_mkdir, path, 0755); }
static long rename_(const char *a, const char *b) { return sys2(__NR_rename, a, b); }
static long link_(const char *a, const char *b) { return sys2(__NR_link, a, b); }

static void children(const char *name, void (*part)(void)) {
  long pid;
  say("%s:\n", name);
  pid = sys0(__NR_fork);
  if (pid == 0) {
    part();
    finish(0);
  }
  say(" end %x\n", (long)end(pid));
}

static void refusals(void) {
  struct attr a = {ALL, 3, 3};
  char big[64];
  struct beneath b = {READ, -1};
  long fd, set;
  memset(big, 0, sizeof big);
  say(" version %d size %d\n", (long)(sys3(444, 0, 0, 1) >= 6), sys3(444, 0, 8, 1));
  say(" null %d small %d flags %d page %d\n", sys3(444, 0, 24, 0), sys3(444, &a, 4, 0), sys3(444, &a, 24, 64), sys3(444, &a, 5000, 0));
  say(" none %d unknown %d %d %d\n", create(0, 0, 0), create(1ull << 40, 0, 0), create(0, 4, 0), create(0, 0, 4));
  memcpy(big, &a, sizeof a);
  say(" long zero %d", sys3(444, big, 40, 0) >= 0 ? 0 : -1L);
  big[39] = 1;
  say(" long %d\n", sys3(444, big, 40, 0));
  fd = open_("/tmp", O_PATH_);
  set = create(READ | READ_DIR, 1, 0);
  b.fd = (int)fd;
  say(" rule: flags %d type %d null %d", sys4(445, set, 1, &b, 1), sys4(445, set, 9, &b, 0), sys4(445, set, 1, 0, 0));
  say(" fd %d not one %d", sys4(445, 99, 1, &b, 0), sys4(445, 0, 1, &b, 0));
  b.access = 0;
  say(" empty %d", sys4(445, set, 1, &b, 0));
  b.access = WRITE;
  say(" unhandled %d", sys4(445, set, 1, &b, 0));
  b.access = READ, b.fd = 99;
  say(" bad dir %d", sys4(445, set, 1, &b, 0));
  b.fd = (int)set;
  say(" ruleset %d\n", sys4(445, set, 1, &b, 0));
  { int p[2];
    sys1(__NR_pipe, p);
    b.fd = p[0];
    say(" pipe %d", sys4(445, set, 1, &b, 0)); }
  touch("/tmp/plain");
  say(" dir right on file %d read on file %d", allow(set, "/tmp/plain", READ_DIR), allow(set, "/tmp/plain", READ));
  say(" port empty %d unhandled %d high %d ok %d\n", allow_port(set, 0, 1), allow_port(set, 2, 1), allow_port(set, 1, 65536), allow_port(set, 1, 80));
  say(" self: flags %d fd %d not one %d", sys2(446, set, 256), sys2(446, 99, 0), sys2(446, 0, 0));
  say(" read %d write %d\n", sys3(__NR_read, set, big, 1), sys3(__NR_write, set, big, 1));
  // 65534 without no_new_privs may not.
#ifdef __x86_64__
  sys1(__NR_setuid, 65534);
#else
  sys1(__NR_setuid32, 65534);
#endif
  say(" user %d", sys2(446, set, 0));
  sys5(__NR_prctl, 38, 1, 0, 0, 0);
  say(" with no_new_privs %d\n", sys2(446, set, 0));
}

static void tree(void) {
  mkdir_("/tmp/t"), mkdir_("/tmp/t/in"), mkdir_("/tmp/t/in/deep"), mkdir_("/tmp/t/out");
  touch("/tmp/t/in/a"), touch("/tmp/t/in/deep/b"), touch("/tmp/t/out/c");
}

static void reading(void) {
  char buffer[8];
  long set = create(ALL & ~(IOCTL | EXECUTE), 0, 0), kept;
  tree();
  kept = open_("/tmp/t/out/c", 2);
  say(" rule %d", allow(set, "/tmp/t/in", READ | READ_DIR));
  say(" more %d", allow(set, "/tmp/t/in/deep", WRITE));
  say(" enter %d\n", enter(set));
  say(" in: read %d write %d dir %d rw deep %d\n", tryopen("/tmp/t/in/a", 0), tryopen("/tmp/t/in/a", 1), tryopen("/tmp/t/in", 0), tryopen("/tmp/t/in/deep/b", 2));
  say(" trunc deep %d out: read %d dir %d path %d\n", tryopen("/tmp/t/in/deep/b", 1 | O_TRUNC_), tryopen("/tmp/t/out/c", 0), tryopen("/tmp/t/out", 0), tryopen("/tmp/t/out/c", O_PATH_));
  say(" make %d dir %d sym %d fifo %d node %d\n", tryopen("/tmp/t/in/new", O_CREAT_ | 1), mkdir_("/tmp/t/in/d"), sys2(__NR_symlink, "x", "/tmp/t/in/s"), sys3(__NR_mknod, "/tmp/t/in/f", 0010644, 0), sys3(__NR_mknod, "/tmp/t/in/n", 0020644, 0x103));
  say(" unlink %d rmdir %d rename %d link %d\n", sys1(__NR_unlink, "/tmp/t/in/a"), sys1(__NR_rmdir, "/tmp/t/in/deep"), rename_("/tmp/t/in/a", "/tmp/t/in/z"), link_("/tmp/t/in/a", "/tmp/t/in/z"));
  say(" truncate %d there %d none %d\n", sys2(__NR_truncate, "/tmp/t/in/a", 0), tryopen("/tmp/t/in/a", O_CREAT_), tryopen("/tmp/t/in/none", 0));
  say(" kept: read %d write %d truncate %d\n", sys3(__NR_read, kept, buffer, 8), sys3(__NR_write, kept, "x", 1), sys2(__NR_ftruncate, kept, 0));
  { int p[2];
    char name[] = "/proc/self/fd/9";
    sys1(__NR_pipe, p);
    sys2(__NR_dup2, p[0], 9);
    say(" pipe by name %d chdir %d chmod %d\n", tryopen(name, 0), sys1(__NR_chdir, "/tmp/t/out"), sys2(__NR_chmod, "/tmp/t/out/c", 0600)); }
  say(" mount %d umount %d chroot %d\n", sys5(__NR_mount, "x", "/tmp/t/in", "tmpfs", 0, 0), sys2(__NR_umount2, "/tmp/t", 0), sys1(__NR_chroot, "/tmp/t"));
}

static void making(void) {
  long set = create(ALL, 0, 0), fd;
  tree();
  say(" %d", allow(set, "/tmp/t/in", MAKE_REG | MAKE_DIR | WRITE | READ | REMOVE_FILE | READ_DIR));
  say(" %d", enter(set));
  say(" dir %d", mkdir_("/tmp/t/in/d"));
  say(" create %d dir %d below %d sym %d\n", tryopen("/tmp/t/in/new", O_CREAT_ | 1), mkdir_("/tmp/t/in/d"), tryopen("/tmp/t/in/d/x", O_CREAT_ | 2), sys2(__NR_symlink, "x", "/tmp/t/in/s"));
  say(" unlink %d rmdir %d trunc %d\n", sys1(__NR_unlink, "/tmp/t/in/new"), sys1(__NR_rmdir, "/tmp/t/in/d"), tryopen("/tmp/t/in/a", 2 | O_TRUNC_));
  fd = open_("/tmp/t/in/a", 2);
  say(" ftruncate %d", sys2(__NR_ftruncate, fd, 0));
  say(" same dir: rename %d", rename_("/tmp/t/in/a", "/tmp/t/in/aa"));
  say(" over %d exchange %d link %d", rename_("/tmp/t/in/aa", "/tmp/t/in/d/x"), sys5(__NR_renameat2, -100, "/tmp/t/in/aa", -100, "/tmp/t/in/deep", 2), link_("/tmp/t/in/aa", "/tmp/t/in/l"));
  say(" other: down %d out %d in %d link %d\n", rename_("/tmp/t/in/aa", "/tmp/t/in/deep/aa"), rename_("/tmp/t/in/aa", "/tmp/t/out/aa"), rename_("/tmp/t/out/c", "/tmp/t/in/c"), link_("/tmp/t/in/aa", "/tmp/t/in/deep/l"));
}

static void moving(void) {
  long set = create(READ | MAKE_REG | REMOVE_FILE | REFER, 0, 0), second;
  mkdir_("/tmp/m"), mkdir_("/tmp/m/a"), mkdir_("/tmp/m/b"), mkdir_("/tmp/m/c"), mkdir_("/tmp/m/a/sub");
  touch("/tmp/m/a/1"), touch("/tmp/m/a/2"), touch("/tmp/m/a/3"), touch("/tmp/m/b/4"), touch("/tmp/m/c/5"), touch("/tmp/m/a/sub/6");
  allow(set, "/tmp/m/a", MAKE_REG | REMOVE_FILE | REFER);
  allow(set, "/tmp/m/b", MAKE_REG | REMOVE_FILE | REFER | READ);
  allow(set, "/tmp/m/c", MAKE_REG | REMOVE_FILE);
  say(" enter %d\n", enter(set));
  say(" gains %d loses %d", rename_("/tmp/m/a/1", "/tmp/m/b/1"), rename_("/tmp/m/b/4", "/tmp/m/a/4"));
  say(" no refer %d %d within %d dir %d\n", rename_("/tmp/m/a/2", "/tmp/m/c/2"), rename_("/tmp/m/c/5", "/tmp/m/a/5"), rename_("/tmp/m/a/2", "/tmp/m/a/sub/2"), rename_("/tmp/m/a/sub", "/tmp/m/b/sub"));
  touch("/tmp/m/a/7");
  say(" link down %d gains %d loses %d", link_("/tmp/m/a/3", "/tmp/m/a/sub/3"), link_("/tmp/m/a/3", "/tmp/m/b/3"), link_("/tmp/m/b/3", "/tmp/m/a/l3"));
  say(" exchange %d %d\n", sys5(__NR_renameat2, -100, "/tmp/m/a/3", -100, "/tmp/m/a/sub/6", 2), sys5(__NR_renameat2, -100, "/tmp/m/a/3", -100, "/tmp/m/b/1", 2));
  second = create(MAKE_REG, 0, 0);
  allow(second, "/tmp/m", MAKE_REG);
  say(" second %d: move %d same %d make %d\n", enter(second), rename_("/tmp/m/a/3", "/tmp/m/a/sub/9"), rename_("/tmp/m/a/3", "/tmp/m/a/33"), tryopen("/tmp/m/b/new", O_CREAT_ | 1));
}

static void layers(void) {
  long set, n, fd;
  tree();
  set = create(READ, 0, 0), allow(set, "/tmp/t", READ), enter(set);
  set = create(READ | WRITE, 0, 0), allow(set, "/tmp/t/in", READ | WRITE), enter(set);
  set = create(WRITE, 0, 0), allow(set, "/tmp/t/in/deep", WRITE), enter(set);
  say(" in %d %d deep %d %d out %d %d\n", tryopen("/tmp/t/in/a", 0), tryopen("/tmp/t/in/a", 1), tryopen("/tmp/t/in/deep/b", 0), tryopen("/tmp/t/in/deep/b", 1), tryopen("/tmp/t/out/c", 0), tryopen("/tmp/t/out/c", 1));
  fd = create(EXECUTE, 0, 0);
  for (n = 3; n < 20; n++) if ((set = sys2(446, fd, 0)) < 0) break;
  say(" layers %d then %d", n, set);
  { char *args[] = {"x", 0};
    say(" exec %d\n", sys3(__NR_execve, "/proc/self/exe", args, 0)); }
}

// Mounts: a rule above a mount point counts below it, a rule on the hidden directory does not.
static void mounts(void) {
  long set = create(READ, 0, 0);
  mkdir_("/tmp/mp"), mkdir_("/tmp/mp/over");
  allow(set, "/tmp/mp/over", READ);
  sys5(__NR_mount, "y", "/tmp/mp/over", "tmpfs", 0, 0);
  touch("/tmp/mp/over/f");
  { long pid = sys0(__NR_fork);
    if (pid == 0) {
      enter(set);
      say(" hidden %d\n", tryopen("/tmp/mp/over/f", 0));
      finish(0);
    }
    end(pid); }
  set = create(READ, 0, 0);
  allow(set, "/tmp/mp", READ);
  enter(set);
  say(" above %d null %d\n", tryopen("/tmp/mp/over/f", 0), tryopen("/dev/null", 0));
}

static void devices(void) {
  long set = create(IOCTL, 0, 0), before = open_("/dev/null", 0), after;
  int n;
  enter(set);
  after = open_("/dev/null", 0);
  say(" before %d after %d nonblock %d cloexec %d qsize %d\n", sys3(__NR_ioctl, before, 0x541b, &n), sys3(__NR_ioctl, after, 0x541b, &n), sys3(__NR_ioctl, after, 0x5421, (n = 0, &n)), sys3(__NR_ioctl, after, 0x5451, 0), sys3(__NR_ioctl, after, 0x5401, &n));
}

struct in { uint16_t family, port; uint32_t ip; char zero[8]; };
static uint16_t swap(int p) { return (uint16_t)((p << 8 & 0xff00) | (p >> 8 & 0xff)); }
#ifdef __x86_64__
static long socket_(long a, long b, long c) { return sys3(__NR_socket, a, b, c); }
static long bind_(long s, void *a, long n) { return sys3(__NR_bind, s, a, n); }
static long connect_(long s, void *a, long n) { return sys3(__NR_connect, s, a, n); }
static long listen_(long s) { return sys2(__NR_listen, s, 4); }
#else
static long socket_(long a, long b, long c) { return sys3(__NR_socket, a, b, c); }
static long bind_(long s, void *a, long n) { return sys3(__NR_bind, s, a, n); }
static long connect_(long s, void *a, long n) { return sys3(__NR_connect, s, a, n); }
static long listen_(long s) { return sys2(__NR_listen, s, 4); }
#endif
static void ports(void) {
  struct in a = {2, swap(31313), 0x0100007f, {0}};
  long set = create(0, 3, 0), s = socket_(2, 1, 0), r;
  allow_port(set, 1, 31313), allow_port(set, 2, 31314);
  say(" enter %d bind %d", enter(set), bind_(s, &a, sizeof a));
  say(" listen %d", listen_(s));
  r = connect_(socket_(2, 1, 0), &a, sizeof a);
  a.port = swap(31314);
  say(" connect %d refused %d bind other %d", r, connect_(socket_(2, 1, 0), &a, sizeof a), bind_(socket_(2, 1, 0), &a, sizeof a));
  a.port = 0;
  say(" any %d", bind_(socket_(2, 1, 0), &a, sizeof a));
  say(" short %d udp %d", bind_(socket_(2, 1, 0), &a, 8), bind_(socket_(2, 2, 0), &a, sizeof a));
  a.family = 0;
  say(" unspec %d %d", bind_(socket_(2, 1, 0), &a, sizeof a), connect_(socket_(2, 1, 0), &a, sizeof a));
  a.family = 1;
  say(" family %d", bind_(socket_(2, 1, 0), &a, sizeof a));
  a.family = 10;
  say(" six %d\n", bind_(socket_(2, 1, 0), &a, 28));
}

struct un { uint16_t family; char path[8]; };
static void scopes(void) {
  struct un a = {1, "\0land"}, f = {1, "/tmp/so"};
  long s = socket_(1, 1, 0), d, set, pid, parent = sys0(__NR_getpid);
  bind_(s, &a, 8), listen_(s);
  a.path[1] = 'L';
  d = socket_(1, 2, 0), bind_(d, &a, 8);
  { long x = socket_(1, 1, 0); bind_(x, &f, 10), listen_(x); }
  set = create(0, 0, 3);
  pid = sys0(__NR_fork);
  if (pid == 0) {
    long mine;
    say(" enter %d", enter(set));
    a.path[1] = 'l';
    say(" stream %d named %d", connect_(socket_(1, 1, 0), &a, 8), connect_(socket_(1, 1, 0), &f, 10));
    a.path[1] = 'L';
    say(" datagram %d", connect_(socket_(1, 2, 0), &a, 8));
    a.path[2] = 'x', mine = socket_(1, 1, 0), bind_(mine, &a, 8), listen_(mine);
    say(" own %d", connect_(socket_(1, 1, 0), &a, 8));
    say(" kill parent %d self %d none %d", sys2(__NR_kill, parent, 0), sys2(__NR_kill, sys0(__NR_getpid), 0), sys2(__NR_kill, 1, 0));
    pid = sys0(__NR_fork);
    if (pid == 0) {
      long inner = create(0, 0, 2);
      enter(inner);
      a.path[2] = 'x';
      say(" nested: up %d socket up %d", sys2(__NR_kill, sys0(__NR_getppid), 0), connect_(socket_(1, 1, 0), &a, 8));
      for (;;) sys0(__NR_pause);
    }
    doze(200000000);
    say(" down %d", sys2(__NR_kill, pid, 9));
    say(" %x\n", (long)end(pid));
    finish(0);
  }
  say(" end %x\n", (long)end(pid));
}

// Tracers: only of one's own domain or below.
static void tracing(void) {
  long pid = sys0(__NR_fork), child, set;
  if (pid == 0) for (;;) sys0(__NR_pause);
  set = create(READ, 0, 0), allow(set, "/proc", READ), enter(set);
  say(" attach out %d mem %d", sys4(__NR_ptrace, 16, pid, 0, 0), sys5(__NR_kcmp, pid, sys0(__NR_getpid), 0, 0, 0));
  child = sys0(__NR_fork);
  if (child == 0) {
    set = create(READ, 0, 0), enter(set);
    for (;;) sys0(__NR_pause);
  }
  doze(100000000);
  say(" attach in %d\n", sys4(__NR_ptrace, 16, child, 0, 0));
  sys2(__NR_kill, pid, 9), sys2(__NR_kill, child, 9);
  end(pid), end(child);
}

static int body(int argc, char **argv, char **envp) {
  (void)argc, (void)argv, (void)envp;
  if (argc > 0 && argv[0][0] == 'x') return 0;
  sys1(__NR_unshare, NEWNS);
  sys5(__NR_mount, "none", "/", 0, 0x44000, 0);
  sys5(__NR_mount, "x", "/tmp", "tmpfs", 0, 0);
  children("refusals", refusals);
  children("reading", reading);
  children("making", making);
  children("moving", moving);
  children("layers", layers);
  children("mounts", mounts);
  children("devices", devices);
  children("ports", ports);
  children("scopes", scopes);
  children("tracing", tracing);
  return 0;
}
