// Raw and packet sockets over the loopback, in a network namespace of its own.
#include "guest.h"
enum { NEWNET = 0x40000000, INET = 2, INET6 = 10, PACKET = 17, STREAM = 1, DGRAM = 2, RAW = 3, NONBLOCK = 0x800 };
enum { ICMP = 1, UDP = 17, ICMP6 = 58, RAWIP = 255, DONTWAIT = 0x40 };
static uint8_t in[2048];
static const int shown[] = {3, 38, 39};
static long socket_(int domain, int type, int protocol) { return sys3(__NR_socket, domain, type, protocol); }
static long send_(long s, const void *p, size_t n, const void *to, int length) {
  return sock6(11, __NR_sendto, s, L(p), n, DONTWAIT, L(to), length);
}
static void hexes(const uint8_t *p, long n) { for (long i = 0; i < n; i++) say(" %x", L(p[i])); }
/* One packet with its sender; bytes from `from` to `to` without those that differ by run (the identification). */
static long got(const char *what, long s, int from, int to, int address) {
  uint8_t name[28] = {0};
  int length = sizeof name;
  long n = sock6(12, __NR_recvfrom, s, L(in), sizeof in, DONTWAIT, L(name), L(&length));
  said(what, n);
  if (n >= 0) {
    said(" from %d:", length);
    hexes(name, address);
    say(" data");
    hexes(in + from, to - from);
  }
  say("\n");
  return n;
}
static const uint8_t to4[16] = {INET, 0, 0, 0, 127, 0, 0, 1}, to6[28] = {INET6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
static void up(void) {
  uint8_t request[40] = "lo";
  request[16] = 1;
  long s = socket_(INET, DGRAM, 0);
  said("up %d\n", sys3(__NR_ioctl, s, 0x8914, request));
  sys1(__NR_close, s);
}
static void makes(void) {
  said("raw 0 %d, type 4 %d, packet stream %d\n", socket_(INET, RAW, 0), socket_(INET, 4, 0), socket_(PACKET, STREAM, 0));
  long s = socket_(INET, RAW, ICMP), x = 0;
  int length = 16, value = 0, four = 4;
  uint8_t name[28] = {0};
  x = sys3(__NR_getsockname, s, name, &length);
  said("name %d %d:", x, L(length));
  hexes(name, 8);
  say("\n");
  said("peer %d connect %d listen %d accept %d\n", sys3(__NR_getpeername, s, name, &length), sys3(__NR_connect, s, to4, 16), sys2(__NR_listen, s, 1), sys4(__NR_accept4, s, 0, 0, 0));
  for (int i = 0; i < 3; i++) {
    x = sys5(__NR_getsockopt, s, 1, shown[i], &value, &four);
    said(" option %d %d %d", L(shown[i]), x, L(value));
  }
  value = 0x1234567;
  said("\nfilter %d", sys5(__NR_setsockopt, s, 255, 1, &value, 4));
  value = 0;
  x = sys5(__NR_getsockopt, s, 255, 1, &value, &four);
  said(" %d %x header %d", x, L(value), sys5(__NR_getsockopt, s, 0, 3, &value, &four));
  said(" %d\n", L(value));
  long u = socket_(INET, RAW, UDP);
  said("filter of udp %d header of dgram %d\n", sys5(__NR_setsockopt, u, 255, 1, &value, 4), sys5(__NR_setsockopt, socket_(INET, DGRAM, 0), 0, 3, &value, 4));
  uint8_t far[16] = {INET, 0, 0, 0, 9, 9, 9, 9};
  said("bind elsewhere %d send elsewhere %d", sys3(__NR_bind, u, far, 16), send_(u, "12345678", 8, far, 16));
  said(" without %d bind %d again %d\n", send_(u, "12345678", 8, 0, 0), sys3(__NR_bind, u, to4, 16), sys3(__NR_bind, u, to4, 16));
}
static void pings(void) {
  long s = socket_(INET, RAW, ICMP), other = socket_(INET, RAW, ICMP), udp = socket_(INET, RAW, UDP);
  /* The checksum of this request is that of its bytes. */
  uint8_t request[12] = {8, 0, 0, 0, 1, 2, 0, 1, 'p', 'i', 'n', 'g'};
  unsigned sum = 0;
  for (int i = 0; i < 12; i += 2) sum += request[i] << 8 | request[i + 1];
  sum = ~(sum + (sum >> 16)) & 0xffff;
  said("wrong %d\n", send_(s, request, 12, to4, 16));
  got("request %d", s, 20, 32, 8);
  got("no reply %d", s, 0, 0, 0);
  request[2] = sum >> 8, request[3] = sum;
  said("right %d\n", send_(s, request, 12, to4, 16));
  got("request %d", s, 20, 32, 8);
  got("reply %d", s, 20, 32, 8);
  in[4] = in[5] = 0;
  got("other %d", other, 0, 4, 8);
  got("other %d", other, 20, 32, 8);
  got("other %d", other, 20, 32, 8);
  got("other %d", other, 20, 32, 8);
  got("udp %d", udp, 0, 0, 0);
  int value = 1 << 8;
  said("filtered %d %d\n", sys5(__NR_setsockopt, s, 255, 1, &value, 4), send_(s, request, 12, to4, 16));
  got("reply %d", s, 20, 32, 8);
  got("none %d", s, 0, 0, 0);
  long s6 = socket_(INET6, RAW, ICMP6);
  request[0] = 128;
  said("six %d\n", send_(s6, request, 12, to6, 28));
  got("request %d", s6, 0, 12, 24);
  got("reply %d", s6, 0, 12, 24);
  said("short six %d\n", send_(s6, request, 3, to6, 28));
}
static void datagrams(void) {
  long raw = socket_(INET, RAW, UDP), icmp = socket_(INET, RAW, ICMP), a = socket_(INET, DGRAM, 0), b = socket_(INET, DGRAM, 0);
  uint8_t at[16] = {INET, 0, 0x30, 1, 127, 0, 0, 1}, closed[16] = {INET, 0, 0x30, 9, 127, 0, 0, 1}, from[16] = {INET, 0, 0x30, 2, 127, 0, 0, 1};
  said("bind %d %d", sys3(__NR_bind, a, at, 16), sys3(__NR_bind, b, from, 16));
  said(" send %d closed %d\n", send_(b, "hello", 5, at, 16), send_(b, "closed", 6, closed, 16));
  got("plain %d", a, 0, 5, 8);
  got("heard %d", raw, 12, 33, 8);
  got("heard %d", raw, 20, 34, 8);
  got("unreachable %d", icmp, 20, 28, 8);
  uint8_t made[16] = {0x30, 2, 0x30, 1, 0, 14, 0, 0, 'm', 'a', 'd', 'e', '!', '!'};
  said("made %d short %d\n", send_(raw, made, 14, to4, 16), send_(raw, made, 3, to4, 16));
  got("to a %d", a, 0, 6, 8);
  got("copy %d", raw, 20, 34, 8);
  got("copy %d", raw, 20, 23, 8);
  uint8_t whole[34] = {0x45, 0, 0, 0, 0x12, 0x34, 0, 0, 9, 17, 0, 0, 0, 0, 0, 0, 127, 0, 0, 1};
  for (int i = 0; i < 14; i++) whole[20 + i] = made[i];
  long r = socket_(INET, RAW, RAWIP);
  said("whole %d", send_(r, whole, 34, to4, 16));
  whole[0] = 0x4f;
  said(" long header %d short %d\n", send_(r, whole, 34, to4, 16), send_(r, whole, 19, to4, 16));
  got("to a %d", a, 0, 6, 8);
  got("copy %d", raw, 0, 34, 8);
  said("shut %d", sys2(__NR_shutdown, raw, 2));
  said(" connected %d %d\n", sys3(__NR_connect, raw, to4, 16), sys2(__NR_shutdown, raw, 1));
  said("send after %d\n", send_(raw, made, 14, 0, 0));
}
static void frames(void) {
  uint8_t any[20] = {PACKET, 0, 0, 3, 1}, ip[20] = {PACKET, 0, 8, 0, 1}, none[20] = {PACKET, 0, 0, 3, 9}, own[28], to[20] = {PACKET, 0, 0x12, 0x34, 1, 0, 0, 0, 0, 0, 0, 6};
  long all = socket_(PACKET, RAW, 0x300), dgram = socket_(PACKET, DGRAM, 0x8), quiet = socket_(PACKET, RAW, 0);
  int length = 28, value = 0, four = 4;
  said("bind %d %d %d short %d\n", sys3(__NR_bind, all, any, 20), sys3(__NR_bind, dgram, ip, 20), sys3(__NR_bind, quiet, none, 20), sys3(__NR_bind, quiet, any, 16));
  long x = sys3(__NR_getsockname, all, own, &length);
  said("name %d %d:", x, L(length));
  hexes(own, 18);
  length = 28;
  x = sys3(__NR_getsockname, quiet, own, &length);
  said(" %d %d:", x, L(length));
  hexes(own, 12);
  said(" peer %d connect %d listen %d shutdown %d\n", sys3(__NR_getpeername, all, own, &length), sys3(__NR_connect, all, any, 20), sys2(__NR_listen, all, 1), sys2(__NR_shutdown, all, 2));
  long u = socket_(INET, DGRAM, 0), v = socket_(INET, DGRAM, 0);
  uint8_t at[16] = {INET, 0, 0x31, 1, 127, 0, 0, 1}, from[16] = {INET, 0, 0x31, 2, 127, 0, 0, 1};
  sys3(__NR_bind, v, at, 16), sys3(__NR_bind, u, from, 16);
  said("send %d\n", send_(u, "frame", 5, at, 16));
  got("leaves %d", all, 0, 18, 20);
  got("arrives %d", all, 34, 40, 20);
  got("data %d", dgram, 0, 4, 20);
  got("once %d", dgram, 0, 0, 0);
  got("quiet %d", quiet, 0, 0, 0);
  long sender = socket_(PACKET, RAW, 0);
  uint8_t frame[20] = {0, 0, 0, 0, 0, 0, 2, 2, 2, 2, 2, 2, 0x88, 0xb5, 1, 2, 3, 4, 5, 6};
  said("unbound %d no device %d short %d", send_(sender, frame, 20, 0, 0), send_(sender, frame, 20, none, 20), send_(sender, frame, 13, any, 20));
  said(" %d\n", send_(sender, frame, 20, any, 20));
  got("leaves %d", all, 0, 20, 20);
  got("arrives %d", all, 0, 20, 20);
  frame[0] = 2;
  send_(sender, frame, 20, any, 20);
  frame[0] = 1;
  send_(sender, frame, 20, any, 20);
  for (int i = 0; i < 6; i++) frame[i] = 255;
  send_(sender, frame, 20, any, 20);
  for (int i = 0; i < 6; i++) got("kinds %d", all, 0, 1, 20);
  said("dgram %d", send_(dgram, "data", 4, to, 20));
  to[11] = 2;
  said(" short address %d\n", send_(dgram, "data", 4, to, 20));
  got("leaves %d", all, 0, 18, 20);
  got("arrives %d", all, 0, 18, 20);
  got("leaves %d", all, 0, 6, 20);
  got("arrives %d", all, 0, 6, 20);
  value = 1;
  said("ignore %d", sys5(__NR_setsockopt, all, 263, 23, &value, 4));
  value = 2;
  said(" %d", sys5(__NR_setsockopt, all, 263, 23, &value, 4));
  send_(sender, frame, 20, any, 20);
  say("\n");
  got("arrives %d", all, 0, 1, 20);
  got("no more %d", all, 0, 0, 0);
  uint32_t statistics[2];
  int eight = 8;
  x = sys5(__NR_getsockopt, all, 263, 6, statistics, &eight);
  said("statistics %d %d %d", x, L(statistics[0]), L(statistics[1]));
  x = sys5(__NR_getsockopt, all, 263, 6, statistics, &eight);
  said(" %d %d", x, L(statistics[0]));
  for (int i = 0; i < 3; i++) {
    x = sys5(__NR_getsockopt, all, 1, shown[i], &value, &four);
    said(" option %d %d %d", L(shown[i]), x, L(value));
  }
  uint8_t member[16] = {1, 0, 0, 0, 1}, wrong[16] = {9, 0, 0, 0, 1};
  said("\nmember %d %d\n", sys5(__NR_setsockopt, all, 263, 1, member, 16), sys5(__NR_setsockopt, all, 263, 1, wrong, 16));
}
static int body(int argc, char **argv, char **envp) {
  (void)argc, (void)argv, (void)envp;
  said("unshare %d\n", sys1(__NR_unshare, NEWNET));
  makes();
  up();
  makes();
  pings();
  datagrams();
  frames();
  said("nobody %d", sys1(__NR_setuid, 65534));
  said(" raw %d packet %d\n", socket_(INET, RAW, ICMP), socket_(PACKET, RAW, 0));
  return 0;
}
