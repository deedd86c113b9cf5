// Ping sockets, and control messages on headers of datagrams, in a network namespace of its own.
#include "guest.h"
enum { NEWNET = 0x40000000, INET = 2, INET6 = 10, DGRAM = 2, RAW = 3, ICMP = 1, UDP = 17, ICMP6 = 58, DONTWAIT = 0x40 };
static const uint8_t to4[16] = {INET, 0, 0, 0, 127, 0, 0, 1}, to6[28] = {INET6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
static uint8_t in[512], control[256];
static long socket_(int domain, int type, int protocol) { return sys3(__NR_socket, domain, type, protocol); }
static long send_(long s, const void *p, size_t n, const void *to, int length) { return sock6(11, __NR_sendto, s, L(p), n, DONTWAIT, L(to), length); }
static long option(long s, int level, int name, int value) { return sys5(__NR_setsockopt, s, level, name, &value, sizeof value); }
static void hexes(const uint8_t *p, long n) { for (long i = 0; i < n; i++) say(" %x", L(p[i])); }
/* A message from byte `from` on, its sender, and its control messages. */
static void got(const char *what, long s, int from) {
  struct { void *p; size_t n; } iov = {in, sizeof in};
  uint8_t name[28] = {0};
  struct { void *name; unsigned length; void *iov; size_t iovs; void *control; size_t controls; unsigned flags; } m = {name, sizeof name, &iov, 1, control, sizeof control, 0};
  long n = sys3(__NR_recvmsg, s, &m, DONTWAIT);
  say("%s %d", what, n);
  if (n > 0) {
    say(" from %d:", L(m.length));
    hexes(name + 4, m.length - 4);
    say(" data");
    hexes(in + from, n - from);
    say(" control %d:", L(m.controls));
    for (size_t i = 0; i + 8 + sizeof(long) <= m.controls;) {
      long length = *(long *)(control + i);
      int *head = (int *)(control + i + sizeof(long));
      say(" [%d level %d type %d", length, L(head[0]), L(head[1]));
      hexes(control + i + 8 + sizeof(long), length - 8 - (long)sizeof(long));
      say("]");
      if (length <= 0) break;
      i += (length + sizeof(long) - 1) & -sizeof(long);
    }
  }
  say("\n");
}
static void up(void) {
  uint8_t request[40] = "lo";
  request[16] = 1;
  long s = socket_(INET, DGRAM, 0);
  say("up %d\n", sys3(__NR_ioctl, s, 0x8914, request));
  sys1(__NR_close, s);
}
static const char range[] = "/proc/sys/net/ipv4/ping_group_range";
static void ranges(void) {
  static const char *const values[] = {"0 10", "5 3", "7", "x", "-1 3", "0 2147483647"};
  for (int i = 0; i < 6; i++) {
    long r = put_file(range, values[i]), fd = sys3(__NR_open, range, 0, 0), n = sys3(__NR_read, fd, in, 60);
    in[n > 0 ? n : 0] = 0;
    say("range %s: %d, is %s", values[i], r, (char *)in);
    sys1(__NR_close, fd);
  }
}
static void echo(uint8_t *p, int type) {
  static const uint8_t message[12] = {0, 0, 0, 0, 9, 9, 0, 1, 'a', 'b', 'c', 'd'};
  memcpy(p, message, 12);
  p[0] = (uint8_t)type;
}
static void pings(int domain) {
  int six_ = domain == INET6, length = 28, value = 0, four = 4;
  uint8_t p[12], name[28] = {0}, bound[28] = {0};
  const uint8_t *to = six_ ? to6 : to4;
  int size = six_ ? 28 : 16;
  long s = socket_(domain, DGRAM, six_ ? ICMP6 : ICMP), other = socket_(domain, DGRAM, six_ ? ICMP6 : ICMP);
  for (int i = 0; i < 3; i++) {
    static const int shown[] = {3, 38, 39};
    long r = sys5(__NR_getsockopt, s, 1, shown[i], &value, &four);
    say("option %d %d %d\n", L(shown[i]), r, L(value));
  }
  say("ttl %d listen %d peer %d\n", six_ ? option(s, 41, 51, 1) : option(s, 0, 12, 1), sys2(__NR_listen, s, 1), sys3(__NR_getpeername, s, name, &length));
  memcpy(bound, to, size), bound[2] = 0x12, bound[3] = 0x34;
  say("bind %d", sys3(__NR_bind, s, bound, size));
  say(" again %d", sys3(__NR_bind, s, bound, size));
  value = 0, four = 4;
  long r = sys5(__NR_getsockopt, s, 1, 2, &value, &four), third = socket_(domain, DGRAM, six_ ? ICMP6 : ICMP);
  say(" reuse %d %d", r, L(value));
  say(" third without %d", option(third, 1, 2, 0));
  say(" %d", sys3(__NR_bind, third, bound, size));
  option(third, 1, 2, 1);
  say(" with %d\n", sys3(__NR_bind, third, bound, size));
  length = 28;
  sys3(__NR_getsockname, s, name, &length);
  say("name %d:", L(length)), hexes(name, length), say("\n");
  echo(p, six_ ? 128 : 8);
  say("short %d,", send_(s, p, 7, to, size));
  p[1] = 1;
  say(" code %d,", send_(s, p, 12, to, size));
  p[1] = 0, p[0]++;
  say(" type %d,", send_(s, p, 12, to, size));
  p[0]--;
  say(" nowhere %d, family %d, empty %d\n", send_(s, p, 12, 0, 0), send_(s, p, 12, six_ ? to4 : to6, six_ ? 16 : 28), send_(s, p, 0, to, size));
  got("nothing", s, 0);
  /* The latest socket of an identifier hears. */
  send_(s, p, 12, to, size);
  got("first", s, 0);
  got("third", third, 0);
  sys1(__NR_close, third);
  say("sent %d\n", send_(s, p, 12, to, size));
  got("reply", s, 0);
  say("connect %d", sys3(__NR_connect, s, to, size));
  say(" write %d\n", sys3(__NR_write, s, p, 12));
  got("reply", s, 0);
  /* Another identifier hears nothing of it; its own is given at the first use. */
  say("other sent %d\n", send_(other, p, 12, to, size));
  got("first", s, 0);
  long n = sock6(12, __NR_recvfrom, other, L(in), sizeof in, DONTWAIT, 0, 0);
  say("other got %d type %x\n", n, L(in[0]));
  sys1(__NR_close, s), sys1(__NR_close, other);
}
static void headers(void) {
  uint8_t at[28] = {INET, 0, 0x1f, 0x90, 127, 0, 0, 1};
  long s = socket_(INET, DGRAM, 0), c = socket_(INET, DGRAM, 0), r = socket_(INET, RAW, UDP);
  sys3(__NR_bind, s, at, 16);
  say("info %d ttl %d tos %d\n", option(s, 0, 8, 1), option(s, 0, 12, 1), option(s, 0, 13, 1));
  option(r, 0, 12, 1), option(r, 0, 8, 1);
  send_(c, "one", 3, at, 16);
  sys3(__NR_read, s, in, 10);
  option(c, 0, 2, 33), option(c, 0, 1, 0x20);
  send_(c, "two", 3, at, 16);
  struct { void *p; size_t n; } iov = {in, sizeof in};
  struct { void *name; unsigned length; void *iov; size_t iovs; void *control; size_t controls; unsigned flags; } m = {0, 0, &iov, 1, control, 20, 0};
  send_(c, "cut", 3, at, 16);
  uint8_t source[16];
  int length = 16;
  sys3(__NR_getsockname, c, source, &length);
  /* The sender's port differs by run. */
  long n = sock6(12, __NR_recvfrom, r, L(in), sizeof in, DONTWAIT, 0, 0);
  say("raw %d\n", n);
  got("two", s, 0);
  n = sys3(__NR_recvmsg, s, &m, DONTWAIT);
  say("cut %d control %d flags %x\n", n, L(m.controls), L(m.flags));
  sys1(__NR_close, s);
  memset(at, 0, sizeof at);
  memcpy(at, to6, 28), at[2] = 0x1f, at[3] = 0x90;
  s = socket_(INET6, DGRAM, 0), c = socket_(INET6, DGRAM, 0);
  sys3(__NR_bind, s, at, 28);
  say("info %d hops %d class %d\n", option(s, 41, 49, 1), option(s, 41, 51, 1), option(s, 41, 66, 1));
  option(c, 41, 16, 44), option(c, 41, 67, 0x30);
  send_(c, "six", 3, at, 28);
  struct { void *p; size_t n; } iov6 = {in, sizeof in};
  struct { void *name; unsigned length; void *iov; size_t iovs; void *control; size_t controls; unsigned flags; } m6 = {0, 0, &iov6, 1, control, sizeof control, 0};
  n = sys3(__NR_recvmsg, s, &m6, DONTWAIT);
  say("six %d control %d:", n, L(m6.controls));
  hexes(control + sizeof(long) , (long)m6.controls - (long)sizeof(long));
  say("\n");
}
static int body(int argc, char **argv, char **envp) {
  (void)argc, (void)argv, (void)envp;
  say("unshare %d\n", sys1(__NR_unshare, NEWNET));
  up();
  say("nobody %d %d %d\n", socket_(INET, DGRAM, ICMP), socket_(INET6, DGRAM, ICMP6), socket_(INET, DGRAM, ICMP6));
  ranges();
  pings(INET);
  pings(INET6);
  headers();
  /* Events of devices: a socket that hears nothing. A namespace as a mount. */
  long s = socket_(16, RAW, 15);
  uint32_t address[3] = {16, 0, 1};
  say("filter %d, credentials %d,", option(s, 1, 27, 0), option(s, 1, 16, 1));
  say(" uevents %d", sys3(__NR_bind, s, address, 12));
  say(" %d\n", sock6(12, __NR_recvfrom, s, L(in), sizeof in, DONTWAIT, 0, 0));
  /* An answer of the kernel with its credentials: RTM_GETLINK of device 1. */
  static const uint32_t request[8] = {32, 18 | 1 << 16, 7, 0, 0, 1, 0, 0};
  s = socket_(16, RAW, 0);
  option(s, 1, 16, 1);
  address[2] = 0;
  say("route %d", send_(s, request, 32, address, 12));
  struct { void *p; size_t n; } iov = {in, sizeof in};
  struct { void *name; unsigned length; void *iov; size_t iovs; void *control; size_t controls; unsigned flags; } m = {0, 0, &iov, 1, control, sizeof control, 0};
  say(" got %d", L(sys3(__NR_recvmsg, s, &m, DONTWAIT) > 0));
  say(" control %d:", L(m.controls));
  hexes(control + sizeof(long), (long)m.controls - (long)sizeof(long));
  say("\n");
  long fd = sys3(__NR_open, "/tmp/trapgate-pings", 0x40 | 1, 0600);
  sys1(__NR_close, fd);
  say("own mounts %d private %d", sys1(__NR_unshare, 0x20000), sys5(__NR_mount, 0, "/", 0, 0x44000, 0));
  say(" bind %d", sys5(__NR_mount, "/proc/self/ns/net", "/tmp/trapgate-pings", 0, 4096, 0));
  say(" of mounts %d\n", sys5(__NR_mount, "/proc/self/ns/mnt", "/tmp/trapgate-pings", 0, 4096, 0));
  fd = sys3(__NR_open, "/tmp/trapgate-pings", 0, 0);
  say("unshare %d", sys1(__NR_unshare, NEWNET));
  say(" setns %d wrong %d\n", sys2(__NR_setns, fd, NEWNET), sys2(__NR_setns, fd, 0x20000));
  sys1(__NR_close, fd);
  say("umount %d unlink %d\n", sys2(__NR_umount2, "/tmp/trapgate-pings", 2), 0);
  sys1(__NR_unlink, "/tmp/trapgate-pings");
  return 0;
}
