// Control groups of version 2: groups, members, events, refusals. No controllers, for machines differ in them.
#include "guest.h"
enum { NEWNS = 0x20000, NEWCGROUP = 0x2000000, SIGCHLD = 17, INTO_CGROUP = 2 };
static long open_(const char *path, long flags) { return sys3(__NR_open, path, flags, 0644); }
static long mkdir_(const char *path) { return sys2(__NR_mkdir, path, 0755); }
static long rmdir_(const char *path) { return sys1(__NR_rmdir, path); }
static long tell(const char *path, const char *s) { return put_file(path, s); }
static void show(const char *path) {
  char text[256];
  long fd = open_(path, 0), n = fd < 0 ? fd : sys3(__NR_read, fd, text, sizeof text - 1);
  if (fd >= 0) sys1(__NR_close, fd);
  if (n < 0) {
    say("%s: %d\n", path, n);
    return;
  }
  text[n] = 0;
  say("%s: %s", path, text);
  if (n == 0) say("\n");
}
// The line of version 2, which is the last.
static void own(void) {
  char text[1024];
  long fd = open_("/proc/self/cgroup", 0), n = sys3(__NR_read, fd, text, sizeof text - 1), at;
  sys1(__NR_close, fd);
  text[n < 0 ? 0 : n] = 0;
  for (at = n; at > 0 && !(text[at] == '0' && text[at + 1] == ':' && text[at + 2] == ':'); at--);
  say("own %s", text + at);
}
static long child(void) {
  long pid = sys0(__NR_fork);
  if (pid == 0) for (;;) sys0(__NR_pause);
  return pid;
}
static void decimal(char *out, long v) {
  char b[16];
  int i = 16;
  do b[--i] = (char)('0' + v % 10);
  while (v /= 10);
  while (i < 16) *out++ = b[i++];
  *out = 0;
}
static long move(const char *procs, long pid) {
  char b[16];
  decimal(b, pid);
  return tell(procs, b);
}
struct pollfd { int fd; short events, revents; };
static long events(long fd, int wait) {
  struct pollfd p = {(int)fd, 2, 0};
  char b[64];
  long r = sys3(__NR_poll, &p, 1, wait);
  sys3(__NR_lseek, fd, 0, 0);
  sys3(__NR_read, fd, b, 64);
  return r < 0 ? r : r == 0 ? 0 : p.revents;
}

static int body(int argc, char **argv, char **envp) {
  long pid, fd, group;
  struct { uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup; } a;
  (void)argc, (void)argv, (void)envp;
  sys1(__NR_unshare, NEWNS);
  sys5(__NR_mount, "none", "/", 0, 0x44000, 0);
  sys5(__NR_mount, "x", "/tmp", "tmpfs", 0, 0);
  mkdir_("/tmp/c");
  say("mount %d bad option %d\n", sys5(__NR_mount, "none", "/tmp/c", "cgroup2", 0, 0), sys5(__NR_mount, "none", "/tmp/c", "cgroup2", 0, "nosuch"));
  rmdir_("/tmp/c/trapgate/in"), rmdir_("/tmp/c/trapgate");
  say("mkdir %d", mkdir_("/tmp/c/trapgate"));
  say(" again %d file %d", mkdir_("/tmp/c/trapgate"), open_("/tmp/c/trapgate/x", 0101));
  say(" fifo %d device %d", sys3(__NR_mknod, "/tmp/c/trapgate/f", 0010644, 0), sys3(__NR_mknod, "/tmp/c/trapgate/n", 0020644, 0x103));
  say(" below %d unlink %d rename %d\n", mkdir_("/tmp/c/trapgate/in"), sys1(__NR_unlink, "/tmp/c/trapgate/cgroup.procs"), sys2(__NR_symlink, "a", "/tmp/c/trapgate/s"));
  show("/tmp/c/trapgate/cgroup.type"), show("/tmp/c/trapgate/cgroup.procs"), show("/tmp/c/trapgate/cgroup.events");
  show("/tmp/c/trapgate/cgroup.max.depth"), show("/tmp/c/trapgate/cgroup.freeze"), show("/tmp/c/trapgate/cgroup.subtree_control");
  show("/tmp/c/cgroup.type"), show("/tmp/c/trapgate/cgroup.kill");
  say("procs: letters %d none %d huge %d\n", tell("/tmp/c/trapgate/cgroup.procs", "x"), tell("/tmp/c/trapgate/cgroup.procs", ""), tell("/tmp/c/trapgate/cgroup.procs", "4000000"));
  say("control %d %d", tell("/tmp/c/trapgate/cgroup.subtree_control", "nosuch"), tell("/tmp/c/trapgate/cgroup.subtree_control", "+nosuch"));
  say(" type %d kill %d %d\n", tell("/tmp/c/trapgate/cgroup.type", "domain"), tell("/tmp/c/trapgate/cgroup.kill", "x"), tell("/tmp/c/trapgate/cgroup.kill", "2"));
  fd = open_("/tmp/c/trapgate/cgroup.events", 0);
  say("events at first %x", events(fd, 0));
  pid = child();
  say(" again %x move %d", events(fd, 0), move("/tmp/c/trapgate/in/cgroup.procs", pid) > 0);
  say(" then %x", events(fd, 1000));
  say(" again %x\n", events(fd, 0));
  show("/tmp/c/trapgate/cgroup.events");
  say("rmdir %d %d", rmdir_("/tmp/c/trapgate"), rmdir_("/tmp/c/trapgate/in"));
  say(" kill %d", tell("/tmp/c/trapgate/cgroup.kill", "1"));
  say(" end %x", (long)end(pid));
  say(" events %x", events(fd, 1000));
  say(" rmdir %d", rmdir_("/tmp/c/trapgate"));
  say(" in it %d\n", rmdir_("/tmp/c/trapgate/in"));
  // A child that begins in the group, and its namespace.
  memset(&a, 0, sizeof a);
  // Another group: some kernels kill who begins in a group that was killed before.
  say("rmdir %d", rmdir_("/tmp/c/trapgate"));
  say(" mkdir %d\n", mkdir_("/tmp/c/trapgate"));
  group = open_("/tmp/c/trapgate", 0);
  a.flags = 1ull << (32 + 1), a.exit_signal = SIGCHLD, a.cgroup = (uint64_t)group;
  pid = sys2(435, &a, sizeof a);
  if (pid == 0) {
    own();
    say(" unshare %d\n", sys1(__NR_unshare, NEWCGROUP));
    own();
    mkdir_("/tmp/d");
    say(" mount %d\n", sys5(__NR_mount, "none", "/tmp/d", "cgroup2", 0, 0));
    show("/tmp/d/cgroup.type");
    finish(7);
  }
  say("into %d end %x", pid < 0 ? pid : 0, pid < 0 ? 0 : (long)end(pid));
  a.cgroup = 99;
  say(" bad fd %d", sys2(435, &a, sizeof a));
  a.cgroup = 0;
  say(" no group %d\n", sys2(435, &a, sizeof a));
  say("gone %d", rmdir_("/tmp/c/trapgate"));
  a.cgroup = (uint64_t)group;
  say(" into it %d make in it %d\n", sys2(435, &a, sizeof a), sys3(__NR_mkdirat, group, "x", 0755));
  return 0;
}
