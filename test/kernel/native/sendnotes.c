// Control messages of a sender set fields of one datagram's header, in a network namespace of its own.
#include "guest.h"
enum { NEWNET = 0x40000000, INET = 2, INET6 = 10, STREAM = 1, DGRAM = 2, RAW = 3, DONTWAIT = 0x40, IP = 0, IPV6 = 41, UDP = 17 };
static uint8_t in[512], control[256], extra[256];
static long controls;
static long socket_(int domain, int type, int protocol) { return sys3(__NR_socket, domain, type, protocol); }
static long option(long s, int level, int name, int value) { return sys5(__NR_setsockopt, s, level, name, &value, sizeof value); }
static void hexes(const uint8_t *p, long n) { for (long i = 0; i < n; i++) say(" %x", L(p[i])); }
static const long head = 8 + sizeof(long);
/* Adds a control message. */
static void add(int level, int type, const void *data, long n) {
  *(long *)(extra + controls) = head + n;
  int *words = (int *)(extra + controls + sizeof(long));
  words[0] = level, words[1] = type;
  memcpy(extra + controls + head, data, n);
  controls += (head + n + sizeof(long) - 1) & -sizeof(long);
}
static long from;
/* Sends a byte with the control messages, and shows what arrived. */
static void sends(const char *what, long c, long s, const void *to, int length) {
  struct { const void *p; size_t n; } iov = {"x", 1};
  struct { const void *name; unsigned length; void *iov; size_t iovs; void *control; size_t controls; unsigned flags; } m = {to, length, &iov, 1, extra, controls, 0};
  say("%s %d", what, sys3(__NR_sendmsg, c, &m, DONTWAIT));
  controls = 0;
  uint8_t name[28] = {0};
  struct { void *p; size_t n; } iov2 = {in, sizeof in};
  struct { void *name; unsigned length; void *iov; size_t iovs; void *control; size_t controls; unsigned flags; } r = {name, sizeof name, &iov2, 1, control, sizeof control, 0};
  long n = sys3(__NR_recvmsg, s, &r, DONTWAIT);
  say(" got %d", n);
  if (n > 0) {
    say(" from"), hexes(name + from, from == 8 ? 16 : 4);
    for (size_t i = 0; i + head <= r.controls;) {
      long l = *(long *)(control + i);
      int *words = (int *)(control + i + sizeof(long));
      say(" [%d %d", L(words[0]), L(words[1])), hexes(control + i + head, l - head), say("]");
      if (l <= 0) break;
      i += (l + sizeof(long) - 1) & -sizeof(long);
    }
  }
  say("\n");
}
static void integer(int level, int type, int value) { add(level, type, &value, 4); }
static void up(void) {
  uint8_t request[40] = "lo";
  request[16] = 1;
  long s = socket_(INET, DGRAM, 0);
  say("up %d\n", sys3(__NR_ioctl, s, 0x8914, request));
  sys1(__NR_close, s);
}
static void four(int type, int protocol) {
  uint8_t to[16] = {INET, 0, 0x1f, 0x91, 127, 0, 0, 1}, info[12] = {0};
  long s = socket_(INET, type, protocol), c = socket_(INET, type, protocol);
  from = 4;
  sys3(__NR_bind, s, to, 16);
  option(s, IP, 8, 1), option(s, IP, 12, 1), option(s, IP, 13, 1);
  sends("none", c, s, to, 16);
  static const int ttls[] = {1, 9, 255, 0, 256, -1};
  for (int i = 0; i < 6; i++) integer(IP, 2, ttls[i]), sends("ttl", c, s, to, 16);
  static const int services[] = {0, 0x10, 255, 256, -1};
  for (int i = 0; i < 5; i++) integer(IP, 1, services[i]), sends("tos", c, s, to, 16);
  add(IP, 1, "\x20", 1), sends("tos of a byte", c, s, to, 16);
  add(IP, 1, "\x20\0", 2), sends("tos of two", c, s, to, 16);
  integer(IP, 2, 7), integer(IP, 1, 0x28), sends("both", c, s, to, 16);
  info[4] = 127, info[7] = 5, info[6] = 1;
  add(IP, 8, info, 12), sends("source", c, s, to, 16);
  info[0] = 1, add(IP, 8, info, 12), sends("device", c, s, to, 16);
  info[0] = 77, add(IP, 8, info, 12), sends("no device", c, s, to, 16);
  info[0] = 0, info[4] = 8, add(IP, 8, info, 12), sends("not own", c, s, to, 16);
  add(IP, 8, info, 11), sends("short info", c, s, to, 16);
  integer(IP, 99, 1), sends("unknown", c, s, to, 16);
  integer(IPV6, 52, 3), sends("six", c, s, to, 16);
  integer(UDP, 99, 1), sends("of UDP", c, s, to, 16);
  integer(1, 99, 1), sends("of the socket", c, s, to, 16);
  integer(77, 1, 1), sends("of no level", c, s, to, 16);
  sends("after", c, s, to, 16);
  sys1(__NR_close, s), sys1(__NR_close, c);
}
static void six(void) {
  uint8_t to[28] = {INET6, 0, 0x1f, 0x92}, mapped[28] = {INET6, 0, 0x1f, 0x92}, info[20] = {0};
  to[23] = 1, mapped[18] = mapped[19] = 255, mapped[20] = 127, mapped[23] = 1;
  uint8_t any[28] = {INET6, 0, 0x1f, 0x92};
  long s = socket_(INET6, DGRAM, 0), c = socket_(INET6, DGRAM, 0);
  from = 8;
  sys3(__NR_bind, s, any, 28);
  option(s, IPV6, 49, 1), option(s, IPV6, 51, 1), option(s, IPV6, 66, 1);
  sends("none", c, s, to, 28);
  static const int values[] = {0, 5, 255, 256, -1, -2};
  for (int i = 0; i < 6; i++) integer(IPV6, 52, values[i]), sends("hops", c, s, to, 28);
  /* -1 is 255 since 6.17, and the socket's own class before. */
  for (int i = 0; i < 6; i++) if (i != 4) integer(IPV6, 67, values[i]), sends("class", c, s, to, 28);
  add(IPV6, 52, "\5\0", 2), sends("short hops", c, s, to, 28);
  info[15] = 1, add(IPV6, 50, info, 20), sends("source", c, s, to, 28);
  info[16] = 1, add(IPV6, 50, info, 20), sends("device", c, s, to, 28);
  info[16] = 77, add(IPV6, 50, info, 20), sends("no device", c, s, to, 28);
  info[16] = 0, info[0] = 0xfd, add(IPV6, 50, info, 20), sends("not own", c, s, to, 28);
  add(IPV6, 50, info, 19), sends("short info", c, s, to, 28);
  integer(IPV6, 99, 1), sends("unknown", c, s, to, 28);
  integer(IP, 2, 9), sends("four", c, s, to, 28);
  integer(IPV6, 52, 9), sends("hops to a mapped address", c, s, mapped, 28);
  option(s, IP, 12, 1);
  integer(IP, 2, 9), sends("ttl to a mapped address", c, s, mapped, 28);
  integer(IP, 99, 9), sends("unknown to a mapped address", c, s, mapped, 28);
  sys1(__NR_close, s), sys1(__NR_close, c);
}
static int body(int argc, char **argv, char **envp) {
  (void)argc, (void)argv, (void)envp;
  say("unshare %d\n", sys1(__NR_unshare, NEWNET));
  up();
  four(DGRAM, 0);
  six();
  /* A stream takes the messages of its own level alone. */
  uint8_t at[16] = {INET, 0, 0x1f, 0x93, 127, 0, 0, 1};
  long l = socket_(INET, STREAM, 0), c = socket_(INET, STREAM, 0);
  sys3(__NR_bind, l, at, 16), sys2(__NR_listen, l, 1), sys3(__NR_connect, c, at, 16);
  integer(IP, 2, 9);
  struct { const void *p; size_t n; } iov = {"x", 1};
  struct { const void *name; unsigned length; void *iov; size_t iovs; void *control; size_t controls; unsigned flags; } m = {0, 0, &iov, 1, extra, controls, 0};
  say("stream %d", sys3(__NR_sendmsg, c, &m, DONTWAIT));
  controls = 0, integer(IP, 99, 9), m.controls = controls;
  say(" unknown %d", sys3(__NR_sendmsg, c, &m, DONTWAIT));
  controls = 0, integer(1, 99, 9), m.controls = controls;
  say(" of the socket %d\n", sys3(__NR_sendmsg, c, &m, DONTWAIT));
  return 0;
}
