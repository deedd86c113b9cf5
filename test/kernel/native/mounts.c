// Mount, network and UTS namespaces: what is mounted where, who may change it, what a namespace keeps to itself.
#include "guest.h"
enum { SIGCHLD = 17, NEWNS = 0x20000, NEWUTS = 0x4000000, NEWIPC = 0x8000000, NEWUSER = 0x10000000, NEWNET = 0x40000000, NEWCGROUP = 0x2000000 };
enum { RDONLY = 1, NOSUID = 2, NODEV = 4, NOEXEC = 8, REMOUNT = 32, BIND = 4096, MOVE = 8192, REC = 16384, PRIVATE = 1 << 18, SLAVE = 1 << 19 };
enum { CREAT = 0100, DIRECTORY = 0200000, PATH = 010000000, DETACH = 2 };
#ifdef __x86_64__
#define UMOUNT __NR_umount2
#define SETRESUID __NR_setresuid
#define SETRESGID __NR_setresgid
#else
#define UMOUNT __NR_umount2
#define SETRESUID __NR_setresuid32
#define SETRESGID __NR_setresgid32
#endif
/* The values are taken in the order in which they are written; strings are given as numbers. */
static void told(const char *f, const long *v) { say(f, v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9]); }
#define say(f, ...) told(f, (long[10]){__VA_ARGS__})

static long mount(const char *from, const char *to, const char *type, long flags, const char *data) { return sys5(__NR_mount, from, to, type, flags, data); }
static long umount(const char *at, long flags) { return sys2(UMOUNT, at, flags); }
static long open_(const char *path, long flags) {
  long fd = sys3(__NR_open, path, flags, 0644);
  if (fd < 0) return fd;
  sys1(__NR_close, fd);
  return 0;
}
static long mkdir_(const char *path) { return sys2(__NR_mkdir, path, 0755); }
static long chdir_(const char *path) { return sys1(__NR_chdir, path); }
static long unshare_(long flags) { return sys1(__NR_unshare, flags); }
static void alone(const char *what, void (*f)(void)) {
  int status = 0;
  say("%s\n", L(what));
  long pid = sys0(__NR_fork);
  if (!pid) { f(); finish(0); }
  sys4(__NR_wait4, pid, &status, 0, 0);
  say(" end %x\n", L(status));
}
/* Mounts of one's own, in a fresh /tmp. */
static void own(void) {
  chdir_("/");
  say(" unshare %d private %d", unshare_(NEWNS), mount("none", "/", 0, REC | PRIVATE, 0));
  say(" tmpfs %d\n", mount("x", "/tmp", "tmpfs", NOSUID | NODEV, "mode=0755,size=1m"));
}
/* struct stat of both ABIs has the mode where the test looks for it. */
static long mode(const char *path) {
  uint32_t st[40];
#ifdef __x86_64__
  long r = sys2(__NR_stat, path, st);
  return r < 0 ? r : (long)st[6];
#else
  long r = sys2(__NR_stat64, path, st);
  return r < 0 ? r : (long)st[4];
#endif
}
static long cwd(void) {
  static char b[256];
  memset(b, 0, sizeof b);
  sys2(__NR_getcwd, b, sizeof b);
  return L(b);
}

static void mounting(void) {
  own();
  say(" mode %x type %d data %d nowhere %d null %d\n", mode("/tmp"), mount("x", "/tmp", "nothing", 0, 0), mount("x", "/tmp", "tmpfs", 0, "what=1"), mount("x", "/tmp/none", "tmpfs", 0, 0), mount("x", "/tmp", 0, 0, 0));
  say(" a %d b %d file %d", mkdir_("/tmp/a"), mkdir_("/tmp/b"), open_("/tmp/a/file", CREAT));
  say(" bind %d seen %d", mount("/tmp/a", "/tmp/b", 0, BIND, 0), open_("/tmp/b/file", 0));
  say(" read-only %d", mount(0, "/tmp/b", 0, REMOUNT | BIND | RDONLY, 0));
  say(" write %d other side %d", open_("/tmp/b/new", CREAT), open_("/tmp/a/new", CREAT));
  say(" back %d write %d\n", mount(0, "/tmp/b", 0, REMOUNT | BIND, 0), open_("/tmp/b/more", CREAT));
  say(" not a mount: remount %d umount %d propagation %d move %d", mount(0, "/tmp/a", 0, REMOUNT | BIND | RDONLY, 0), umount("/tmp/a", 0), mount(0, "/tmp/a", 0, PRIVATE, 0), mount("/tmp/a", "/tmp/b", 0, MOVE, 0));
  say(" two kinds %d\n", mount(0, "/tmp/b", 0, PRIVATE | SLAVE, 0));
  say(" file on file %d", mount("/tmp/a/file", "/tmp/a/new", 0, BIND, 0));
  say(" file on directory %d, tmpfs on a file %d, busy %d", mount("/tmp/a/file", "/tmp/b", 0, BIND, 0), mount("x", "/tmp/a/file", "tmpfs", 0, 0), sys1(__NR_unlink, "/tmp/a/new"));
  say(" rmdir %d\n", sys1(__NR_rmdir, "/tmp/b"));
  say(" c %d below %d", mkdir_("/tmp/b/c"), mount("x", "/tmp/b/c", "tmpfs", 0, 0));
  say(" in it %d d %d", open_("/tmp/b/c/inner", CREAT), mkdir_("/tmp/d"));
  say(" plain bind %d sees %d", mount("/tmp/b", "/tmp/d", 0, BIND, 0), open_("/tmp/d/c/inner", 0));
  say(" umount %d recursive %d sees %d", umount("/tmp/d", 0), mount("/tmp/b", "/tmp/d", 0, BIND | REC, 0), open_("/tmp/d/c/inner", 0));
  say(" busy %d detach %d gone %d\n", umount("/tmp/d", 0), umount("/tmp/d", DETACH), open_("/tmp/d/c", 0));
  say(" move %d", mount("/tmp/b/c", "/tmp/d", 0, MOVE, 0));
  say(" there %d here %d", open_("/tmp/d/inner", 0), open_("/tmp/b/c/inner", 0));
  say(" over itself %d", mount("/tmp/d", "/tmp/d", 0, MOVE, 0));
  say(" flags %d unknown %d\n", umount("/tmp/d", 64), umount("/tmp/none", 0));
  say(" over the root %d", mount("x", "/", "tmpfs", 0, 0));
  say(" still seen %d, from above %d\n", open_("/tmp/a/file", 0), open_("/tmp/../tmp/a/file", 0));
  say(" umount %d\n", umount("/", DETACH));
}
static void pivot(void) {
  own();
  say(" %d %d", mkdir_("/tmp/root"), mkdir_("/tmp/other"));
  say(" not a mount %d", sys2(__NR_pivot_root, "/tmp/other", "/tmp/other"));
  say(" mount %d old %d mark %d", mount("x", "/tmp/root", "tmpfs", 0, 0), mkdir_("/tmp/root/old"), open_("/tmp/root/mark", CREAT));
  say(" outside %d root itself %d", sys2(__NR_pivot_root, "/tmp/root", "/tmp/other"), sys2(__NR_pivot_root, "/", "/tmp"));
  say(" pivot %d", sys2(__NR_pivot_root, "/tmp/root", "/tmp/root/old"));
  say(" mark %d tmp %d old %d cwd %s\n", open_("/mark", 0), open_("/tmp", 0), open_("/old/tmp/other", 0), cwd());
  say(" in place: %d %d %d", mkdir_("/next"), mount("y", "/next", "tmpfs", 0, 0), chdir_("/next"));
  say(" pivot %d cwd %s umount %d", sys2(__NR_pivot_root, ".", "."), cwd(), umount(".", DETACH));
  say(" cwd %s mark %d up %d\n", cwd(), open_("/mark", 0), open_("../mark", 0));
}
static void locked(void) {
  own();
  say(" %d %d", mkdir_("/tmp/a"), mkdir_("/tmp/b"));
  say(" cover %d file %d read-only %d", mount("x", "/tmp/a", "tmpfs", 0, 0), open_("/tmp/b/file", CREAT), mount("/tmp/b", "/tmp/b", 0, BIND, 0));
  say(" %d\n", mount(0, "/tmp/b", 0, REMOUNT | BIND | RDONLY | NOSUID, 0));
  sys3(SETRESGID, 1000, 1000, 1000);
  sys3(SETRESUID, 1000, 1000, 1000);
  sys5(__NR_prctl, 4, 1, 0, 0, 0);
  say(" without power: mount %d umount %d unshare %d pivot %d nowhere %d\n", mount("x", "/tmp", "tmpfs", 0, 0), umount("/tmp", 0), unshare_(NEWNS), sys2(__NR_pivot_root, "/", "/"), mount("x", "/nowhere", "tmpfs", 0, 0));
  say(" user alone %d: mount %d", unshare_(NEWUSER), mount("x", "/tmp", "tmpfs", 0, 0));
  say(" namespace %d", unshare_(NEWNS));
  say(" %d %d %d\n", put_file("/proc/self/setgroups", "deny"), put_file("/proc/self/uid_map", "0 1000 1"), put_file("/proc/self/gid_map", "0 1000 1"));
  say(" uncover %d writable %d without nosuid %d stricter %d", umount("/tmp/a", DETACH), mount(0, "/tmp/b", 0, REMOUNT | BIND | NOSUID, 0), mount(0, "/tmp/b", 0, REMOUNT | BIND | RDONLY, 0), mount(0, "/tmp/b", 0, REMOUNT | BIND | RDONLY | NOSUID | NODEV | NOEXEC, 0));
  say(" plain bind %d recursive %d", mount("/tmp", "/tmp/b", 0, BIND, 0), mount("/tmp", "/tmp/b", 0, BIND | REC, 0));
  say(" own tmpfs %d umount %d proc %d\n", mount("x", "/tmp/a", "tmpfs", 0, 0), umount("/tmp/a", 0), mount("x", "/tmp/a", "proc", 0, 0));
  say(" chroot %d then user %d\n", sys1(__NR_chroot, "/tmp"), unshare_(NEWUSER));
}
static void apart(void) {
  int pipe[2];
  char b;
  own();
  sys1(__NR_pipe, pipe);
  long pid = sys2(__NR_clone, NEWNS | SIGCHLD, 0);
  if (!pid) {
    say(" inside: %d", mount("x", "/tmp", "tmpfs", 0, 0));
    say(" file %d\n", open_("/tmp/inside", CREAT));
    sys1(__NR_close, pipe[1]);
    sys0(__NR_pause);
  }
  sys1(__NR_close, pipe[1]);
  sys3(__NR_read, pipe[0], &b, 1);
  say(" outside %d", open_("/tmp/inside", 0));
  static char path[32] = "/proc/";
  int n = 6, digits[10], d = 0;
  for (long p = pid; p; p /= 10) digits[d++] = (int)(p % 10);
  while (d) path[n++] = (char)('0' + digits[--d]);
  const char *tail = "/ns/mnt";
  while (*tail) path[n++] = *tail++;
  long fd = sys3(__NR_open, path, 0, 0), cgroup = sys3(__NR_open, "/proc/self/ns/uts", 0, 0);
  say(" opened %d other kind %d wrong flag %d no namespace %d", L(fd >= 0), sys2(__NR_setns, cgroup, 0), sys2(__NR_setns, fd, NEWUTS), sys2(__NR_setns, pipe[0], 0));
  say(" enter %d there %d\n", sys2(__NR_setns, fd, NEWNS), open_("/tmp/inside", 0));
  sys2(__NR_kill, pid, 9);
  sys4(__NR_wait4, pid, 0, 0, 0);
}
struct sin { uint16_t family, port; uint32_t addr; uint64_t zero; };
static void network(void) {
  struct sin a = {2, 0, 0x0100007f, 0};
  char request[40] = "lo";
  say(" unshare %d", unshare_(NEWNET | NEWUTS | NEWIPC | NEWCGROUP));
  static char tag[8];
  long tags = sys3(__NR_open, "/proc/sys/net/ipv4/conf/lo/tag", 2, 0);
  say(" tag %d wrong %d set %d", sys3(__NR_read, tags, tag, 7), put_file("/proc/sys/net/ipv4/conf/lo/tag", "x"), put_file("/proc/sys/net/ipv4/conf/lo/tag", "7"));
  sys1(__NR_close, tags), tags = sys3(__NR_open, "/proc/sys/net/ipv4/conf/lo/tag", 0, 0), sys3(__NR_read, tags, tag, 7), sys1(__NR_close, tags);
  say(" %s", L(tag));
  long s = sys3(__NR_socket, 2, 1, 0), other = sys3(__NR_socket, 2, 1, 0);
  say(" bind %d connect %d", sys3(__NR_bind, s, &a, 16), (a.port = 99, sys3(__NR_connect, s, &a, 16)));
  say(" flags %d %x", sys3(__NR_ioctl, s, 0x8913, request), L(*(uint16_t *)(request + 16)));
  *(uint16_t *)(request + 16) = 1;
  say(" up %d", sys3(__NR_ioctl, s, 0x8914, request));
  say(" flags %d %x", sys3(__NR_ioctl, s, 0x8913, request), L(*(uint16_t *)(request + 16)));
  say(" index %d %d", sys3(__NR_ioctl, s, 0x8933, request), L(*(int *)(request + 16)));
  request[0] = 'x';
  say(" other %d\n", sys3(__NR_ioctl, s, 0x8933, request));
  a.port = 0;
  say(" bind %d", sys3(__NR_bind, s, &a, 16));
  say(" listen %d", sys2(__NR_listen, s, 1));
  int n = 16;
  sys3(__NR_getsockname, s, &a, &n);
  say(" connect %d", sys3(__NR_connect, other, &a, 16));
  long before = sys3(__NR_open, "/proc/self/ns/net", 0, 0);
  say(" again %d", unshare_(NEWNET));
  tags = sys3(__NR_open, "/proc/sys/net/ipv4/conf/lo/tag", 0, 0), sys3(__NR_read, tags, tag, 7), sys1(__NR_close, tags);
  say(" its tag %s", L(tag));
  long third = sys3(__NR_socket, 2, 1, 0);
  say(" unreachable %d", sys3(__NR_connect, third, &a, 16));
  say(" back %d", sys2(__NR_setns, before, 0));
  third = sys3(__NR_socket, 2, 1, 0);
  say(" reachable %d\n", sys3(__NR_connect, third, &a, 16));
  static char name[390];
  say(" host %d %d", sys2(__NR_sethostname, "inside", 6), sys1(__NR_uname, name));
  say(" %s\n", L(name + 65));
}
static void outer(void) {
  static char before[390], after[390];
  sys1(__NR_uname, before);
  alone("network and names", network);
  sys1(__NR_uname, after);
  int same = 1;
  for (int i = 65; i < 130; i++) same &= before[i] == after[i];
  say(" the outer name is the same: %d\n", L(same));
}
struct how { uint64_t flags, mode, resolve; };
static long open2(long fd, const char *path, uint64_t flags, uint64_t resolve) {
  struct how h = {flags, 0, resolve};
  long r = sys4(437, fd, path, &h, sizeof h);
  if (r < 0) return r;
  sys1(__NR_close, r);
  return 0;
}
static void scopes(void) {
  own();
  mkdir_("/tmp/top"), mkdir_("/tmp/top/sub"), open_("/tmp/top/sub/file", CREAT), open_("/tmp/secret", CREAT);
  sys2(__NR_symlink, "/sub/file", "/tmp/top/absolute"), sys2(__NR_symlink, "../secret", "/tmp/top/up"), sys2(__NR_symlink, "sub/file", "/tmp/top/near");
  long top = sys3(__NR_open, "/tmp/top", PATH | DIRECTORY, 0);
  static const char *paths[] = {"sub/file", "near", "absolute", "up", "/sub/file", "../secret", "sub/../near", ".", "/", "..", "/proc/self/exe"};
  static const int limits[] = {1, 2, 4, 8, 16};
  for (int i = 0; i < (int)(sizeof paths / sizeof paths[0]); i++) {
    say(" %s:", L(paths[i]));
    for (int j = 0; j < 5; j++) say(" %d", open2(top, paths[i], 0, limits[j]));
    say("\n", 0);
  }
  // What is cached the kernel may have forgotten, or be changing: it opens, or says EAGAIN.
  long cached = open2(top, "near", 0, 32);
  say(" both %d unknown %d cached %d creating %d\n", open2(top, "near", 0, 24), open2(top, "near", 0, 64), L(cached == 0 || cached == -11),
      open2(top, "near", 0x200, 32));
  say(" mounts: %d", mount("x", "/tmp/top/sub", "tmpfs", 0, 0));
  say(" %d %d %d %d\n", open2(top, "sub", 0, 1), open2(top, "sub", 0, 8), open2(-100, "/tmp/secret", 0, 1), open2(-100, "/tmp/top/..", 0, 1));
}

/* A ramfs counts nothing and keeps no attributes. */
static void ram(void) {
#ifdef __x86_64__
  struct { char pad[24]; uint32_t mode; char pad2[20]; uint64_t size; uint64_t block; uint64_t blocks; char rest[100]; } st;
  struct { uint64_t type, bsize, blocks, bfree, bavail, files; char rest[100]; } fs;
#define STATUS(path) sys2(__NR_stat, path, &st)
#define STATFS(path) sys2(__NR_statfs, path, &fs)
#else
  struct { char pad[16]; uint32_t mode; char pad2[24]; uint64_t size __attribute__((packed)); uint32_t block; uint64_t blocks __attribute__((packed)); char rest[100]; } st;
  struct { uint32_t type, bsize; uint64_t blocks, bfree, bavail, files; char rest[100]; } fs;
#define STATUS(path) sys2(__NR_stat64, path, &st)
#define STATFS(path) sys3(__NR_statfs64, path, 84, &fs)
#endif
  char page[4096];
  own();
  say(" bad mode %d ramfs %d", mount("x", "/tmp", "ramfs", 0, "mode=9"), mount("x", "/tmp", "ramfs", 0, "mode=0711,what=1,nothing"));
  say(" statfs %d", STATFS("/tmp"));
  say(" type %x bytes %d blocks %d files %d\n", L(fs.type), L(fs.bsize), L(fs.blocks), L(fs.files));
  say(" make %d %d", mkdir_("/tmp/a"), open_("/tmp/a/b", CREAT));
  long fd = sys3(__NR_open, "/tmp/f", CREAT | 2, 0600);
  memset(page, 'x', sizeof page);
  for (int i = 0; i < 600; i++) sys3(__NR_write, fd, page, sizeof page);
  say(" stat %d", STATUS("/tmp/f"));
  say(" size %d blocks %d directory %d", L(st.size), L(st.blocks), STATUS("/tmp"));
  say(" mode %x size %d", L(st.mode), L(st.size));
#ifdef __x86_64__
  say(" allocate %d", sys4(__NR_fallocate, fd, 0, 0, 8192));
#else
  say(" allocate %d", -95);
#endif
  say(" attribute %d list %d nameless %d\n", sys5(__NR_fsetxattr, fd, "user.a", "1", 1, 0), sys3(__NR_flistxattr, fd, page, 10), open_("/tmp", 020200002));
}

/* Each mount is in the one before it. */
static void nested(void) {
  long made = 0;
  own();
  chdir_("/tmp");
  for (int n = 0; n < 3000; n++) made += mkdir_("d") == 0 && mount("x", "d", "tmpfs", 0, "size=4k") == 0 && chdir_("d") == 0;
  say(" nested %d", made);
  chdir_("/");
  say(" copied %d", unshare_(NEWNS));
  mkdir_("/tmp/e");
  say(" bound %d", mount("/tmp/d", "/tmp/e", 0, BIND, 0));
  say(" gone %d with the one over it %d\n", umount("/tmp/e", DETACH), umount("/tmp/d", DETACH));
}

/* umount2 of the caller's root makes it read-only, unless a file of it is open for writing. */
static void rooted(void) {
  own();
  mkdir_("/tmp/a");
  mount("x", "/tmp/a", "tmpfs", 0, 0);
  chdir_("/tmp/a");
  say(" chroot %d", sys1(__NR_chroot, "/tmp/a"));
  long fd = sys3(__NR_open, "/f", CREAT | 2, 0600);
  say(" writer %d", umount("/", 0));
  say(" remount %d", mount(0, "/", 0, REMOUNT | RDONLY, 0));
  sys1(__NR_close, fd);
  say(" expire %d", umount("/", 4));
  say(" bind %d", mount("/", "/", 0, BIND, 0));
  say(" umount %d", umount("/", 0));
  say(" %d", umount("/", 0));
  say(" %d", umount("/", 0));
  say(" open %d", sys3(__NR_open, "/f", 2, 0));
  say(" writable %d", mount(0, "/", 0, REMOUNT, 0));
  say(" open %d\n", L(sys3(__NR_open, "/f", 2, 0) >= 0));
}

static int body(int argc, char **arguments, char **environment) {
  (void)argc, (void)arguments, (void)environment;
  alone("mounting", mounting);
  alone("pivot_root", pivot);
  alone("locked mounts", locked);
  alone("ramfs", ram);
  alone("mounts in mounts", nested);
  alone("a root of its own", rooted);
  alone("namespaces apart", apart);
  outer();
  alone("openat2", scopes);
  return 5;
}
