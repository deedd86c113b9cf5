// Settings of /proc/sys: accepted numbers, permissions, effects, and the namespace that has each.
#include "guest.h"
enum { NEWNS = 0x20000, NEWNET = 0x40000000, NEWUSER = 0x10000000, INET = 2, INET6 = 10, STREAM = 1, DGRAM = 2 };
static char content[4096];
static const char *now(const char *path) {
  long fd = sys3(__NR_open, path, 0, 0), n = fd < 0 ? 0 : sys3(__NR_read, fd, content, sizeof content - 1);
  content[n > 0 ? n : 0] = 0;
  if (n <= 0) content[0] = '-', content[1] = '\n', content[2] = 0;
  sys1(__NR_close, fd);
  return content;
}
static void puts_(const char *path, const char *const *values) {
  for (; *values; values++) {
    long r = put_file(path, *values);
    say("[%s] %d, is %s", *values, r, now(path));
  }
}
#define PUT(path, ...) (say("%s\n", path), puts_(path, (const char *const[]){__VA_ARGS__, 0}))
#define FOUR "/proc/sys/net/ipv4/"
#define SIX "/proc/sys/net/ipv6/"
static void numbers(void) {
  PUT(FOUR "ip_unprivileged_port_start", "\n", " ", "0x50", "0120", "80 x", "80x", "80 90", " 81\n", "-1", "70000", "99999999999999999999", "08", "\t82\t\t", "+83", "0x");
  PUT(FOUR "tcp_rmem", "5000 6000 7000", "5001", "5001 6000", "1 2 3 4", "0 1 2", "7 x", "8 9 10\n");
  PUT(FOUR "tcp_congestion_control", "reno", "nonesuch");
  PUT(FOUR "conf/lo/rp_filter", "2", "0");
  PUT(FOUR "conf/all/tag", "-5", "5");
  PUT(FOUR "conf/lo/mc_forwarding", "1");
  PUT(FOUR "route/flush", "1");
  PUT(SIX "conf/lo/hop_limit", "0", "33", "256");
  PUT(SIX "icmp/ratelimit", "8");
  // Two writes to one open file: the second is not at the beginning.
  long fd = sys3(__NR_open, FOUR "conf/all/tag", 2, 0);
  say("first %d", sys3(__NR_write, fd, "33", 2));
  say(" second %d", sys3(__NR_write, fd, "44", 2));
  say(" is %s", now(FOUR "conf/all/tag"));
  sys1(__NR_close, fd);
}
static long bound(int type, unsigned address, int port) {
  uint8_t name[16] = {INET, 0, (uint8_t)(port >> 8), (uint8_t)port, (uint8_t)address, (uint8_t)(address >> 8), (uint8_t)(address >> 16), (uint8_t)(address >> 24)};
  long s = sys3(__NR_socket, INET, type, 0), r = sys3(__NR_bind, s, name, 16);
  if (r < 0) sys1(__NR_close, s);
  return r < 0 ? r : s;
}
static int port(long s) {
  uint8_t name[16];
  int length = 16;
  sys3(__NR_getsockname, s, name, &length);
  return name[2] << 8 | name[3];
}
static int only6(void) {
  int value = -1, length = 4;
  long s = sys3(__NR_socket, INET6, STREAM, 0);
  sys5(__NR_getsockopt, s, 41, 26, &value, &length);
  sys1(__NR_close, s);
  return value;
}
static void acts(void) {
  PUT(FOUR "ip_local_port_range", "2000", "3000 2000", "0 5", "2000 2003", "2000 70000");
  long sum = 0, s;
  for (int i = 0; i < 4; i++) sum += (s = bound(DGRAM, 0, 0)) < 0 ? s : port(s);
  say("ports %d, one more %d\n", sum, bound(DGRAM, 0, 0));
  PUT(FOUR "ip_nonlocal_bind", "1");
  say("foreign %d", L(bound(DGRAM, 0x017100cb, 4000) > 0));
  put_file(FOUR "ip_nonlocal_bind", "0");
  say(" %d\n", bound(DGRAM, 0x017100cb, 4001));
  say("only6 %d", L(only6()));
  put_file(SIX "bindv6only", "1");
  say(" %d\n", L(only6()));
  put_file(FOUR "ip_unprivileged_port_start", "80");
  long pid = sys0(__NR_fork);
  if (pid == 0) {
    sys1(__NR_setuid, 1000);
    say("port 80 %d, 79 %d\n", L(bound(STREAM, 0, 80) > 0), bound(STREAM, 0, 79));
    finish(0);
  }
  end(pid);
}
// Each network namespace has its own; an administrator of one may write them.
static void spaces(void) {
  put_file(FOUR "ip_default_ttl", "70");
  long pid = sys0(__NR_fork);
  if (pid == 0) {
    say("unshare %d, is %s", sys1(__NR_unshare, NEWNET), now(FOUR "ip_default_ttl"));
    say("write %d\n", put_file(FOUR "ip_default_ttl", "71"));
    finish(0);
  }
  end(pid);
  say("still %s", now(FOUR "ip_default_ttl"));
  pid = sys0(__NR_fork);
  if (pid == 0) {
    sys1(__NR_setuid, 1000);
    say("user %d", put_file(FOUR "ip_default_ttl", "72"));
    say(" unshare %d", sys1(__NR_unshare, NEWUSER | NEWNET));
    say(" own %d", put_file(FOUR "ip_default_ttl", "73"));
    say(" machine's %d\n", put_file("/proc/sys/vm/page-cluster", "3"));
    finish(0);
  }
  end(pid);
}
// Privilege is that of the file's mode, but for a few; the values go back at once.
static void privileges(void) {
  long pid = sys0(__NR_fork);
  if (pid == 0) {
    uint32_t header[2] = {0x20080522, 0}, none[6] = {0};
    say("capset %d\n", sys2(__NR_capset, header, none));
    say("without %d", put_file("/proc/sys/vm/page-cluster", "3"));
    say(" %d\n", put_file("/proc/sys/kernel/kptr_restrict", "0"));
    finish(0);
  }
  end(pid);
}
// Another proc shows the same.
static void again(void) {
  char first[64];
  now("/proc/sys/kernel/random/boot_id");
  memcpy(first, content, sizeof first);
  say("unshare %d", sys1(__NR_unshare, NEWNS));
  say(" private %d", sys5(__NR_mount, "none", "/", "", 0x44000, ""));
  say(" proc %d", sys5(__NR_mount, "none", "/tmp", "proc", 0, ""));
  now("/tmp/sys/kernel/random/boot_id");
  int same = 1;
  for (int i = 0; i < 36; i++) same &= first[i] == content[i];
  say(" boot id %d", L(same));
  say(" write %d", put_file("/proc/sys/vm/page-cluster", "4"));
  say(" is %s", now("/tmp/sys/vm/page-cluster"));
  put_file("/proc/sys/vm/page-cluster", "3");
  PUT("/tmp/sys/vm/page-cluster", "3");
  say("umount %d\n", sys2(__NR_umount2, "/tmp", 2));
}
static const char *const modes[] = {"vm/drop_caches", "vm/mmap_rnd_bits", "kernel/cad_pid", "kernel/dmesg_restrict", "kernel/pid_max", "kernel/printk", "vm/max_map_count",
    "net/ipv4/conf/lo/mc_forwarding", "net/ipv4/conf/default/rp_filter", "net/ipv4/route/flush", "net/ipv6/neigh/lo/locktime", "fs/dentry-state", "kernel/usermodehelper/bset"};
static int body(int argc, char **argv, char **envp) {
  (void)argc, (void)argv, (void)envp;
  for (unsigned i = 0; i < sizeof modes / sizeof *modes; i++) {
    struct { uint32_t mask, block; uint64_t attributes; uint32_t links, uid, gid; uint16_t mode, rest[113]; } st;
    char path[80] = "/proc/sys/";
    for (int j = 0; (path[10 + j] = modes[i][j]); j++);
    long r = sys5(__NR_statx, -100, path, 0, 2, &st);
    say("%s %d %x\n", path, r, L(r < 0 ? 0 : st.mode));
  }
  say("unshare %d\n", sys1(__NR_unshare, NEWNET));
  numbers();
  acts();
  spaces();
  privileges();
  again();
  return 0;
}
