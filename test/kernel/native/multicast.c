// Groups of multicast datagrams, UDP-Lite and the change of a socket's family, in a network namespace of its own.
#include "guest.h"
enum { NEWNET = 0x40000000, INET = 2, INET6 = 10, STREAM = 1, DGRAM = 2, LITE = 136, DONTWAIT = 0x40 };
enum { IP = 0, IPV6 = 41, IF = 32, TTL = 33, LOOP = 34, ADD = 35, DROP = 36, UNBLOCK = 37, BLOCK = 38, ADDSRC = 39, DROPSRC = 40, JOIN = 42, LEAVE = 45, ALL = 49 };
static long socket_(int domain, int type, int protocol) { return sys3(__NR_socket, domain, type, protocol); }
static long set(long s, int level, int option, const void *p, int n) { return sys5(__NR_setsockopt, s, level, option, p, n); }
static long send_(long s, const char *text, const void *to, int length) {
  long n = 0;
  while (text[n]) n++;
  return sock6(11, __NR_sendto, s, L(text), n, DONTWAIT, L(to), length);
}
static void got(const char *who, long s) {
  char in[64];
  uint8_t from[28] = {0};
  int length = sizeof from;
  long n = sock6(12, __NR_recvfrom, s, L(in), sizeof in - 1, DONTWAIT, L(from), L(&length));
  in[n > 0 ? n : 0] = 0;
  say("%s %d %s from %d.%d.%d.%d", who, n, in, L(from[4]), L(from[5]), L(from[6]), L(from[7]));
  say("\n");
}
static void get(long s, int level, int option) {
  int value = 0, four = 4;
  long x = sys5(__NR_getsockopt, s, level, option, &value, &four);
  said(" get %d %d %x %d", option, x, L(value), L(four));
}
static const uint8_t group[4] = {239, 1, 2, 3}, second[4] = {239, 1, 2, 4}, here[4] = {127, 0, 0, 1}, there[4] = {127, 0, 0, 2}, one[4] = {9, 9, 9, 9};
static uint8_t *request(const uint8_t *a, const uint8_t *b, int index) {
  static uint8_t r[12];
  for (int i = 0; i < 4; i++) r[i] = a[i], r[4 + i] = b[i], r[8 + i] = index >> 8 * i;
  return r;
}
static const uint8_t none[4];
static void up(void) {
  uint8_t r[40] = "lo";
  r[16] = 1;
  said("up %d\n", sys3(__NR_ioctl, socket_(INET, DGRAM, 0), 0x8914, r));
}
static uint8_t big[264];
static uint8_t *wide(const uint8_t *g, const uint8_t *source, int index, int family) {
  memset(big, 0, sizeof big);
  big[0] = index;
  uint8_t *p = big + sizeof(long);
  p[0] = family;
  for (int i = 0; i < 4; i++) p[4 + i] = g[i];
  p[128] = family;
  for (int i = 0; source && i < 4; i++) p[132 + i] = source[i];
  return big;
}
enum { ONE = sizeof(long) + 128, TWO = ONE + 128 };
static void options(void) {
  long u = socket_(INET, DGRAM, 0), t = socket_(INET, STREAM, 0);
  int value = 300;
  said("ttl %d", set(u, IP, TTL, &value, 4));
  value = 5;
  said(" %d stream %d", set(u, IP, TTL, &value, 4), set(t, IP, TTL, &value, 4));
  get(u, IP, TTL);
  get(t, IP, TTL);
  value = 0;
  said("\nloop %d all %d", set(u, IP, LOOP, &value, 4), set(u, IP, ALL, &value, 4));
  value = 2;
  said(" %d", set(u, IP, ALL, &value, 4));
  get(u, IP, LOOP);
  get(u, IP, ALL);
  said("\nif %d %d %d", set(u, IP, IF, here, 4), set(u, IP, IF, request(none, here, 0), 8), set(u, IP, IF, request(none, none, 1), 12));
  get(u, IP, IF);
  said(" %d %d %d", set(u, IP, IF, one, 4), set(u, IP, IF, request(none, none, 9), 12), set(t, IP, IF, here, 4));
  said(" %d", set(u, IP, IF, here, 4));
  get(u, IP, IF);
  said("\nstream %d %d %d\n", set(t, IP, ADD, request(group, here, 0), 8), set(t, IP, JOIN, wide(group, 0, 1, INET), ONE), set(t, IP, LEAVE, wide(group, 0, 1, INET), ONE));
  said("no device %d", set(u, IP, ADD, request(group, none, 0), 8));
  said(" %d", set(u, IP, ADD, request(group, one, 0), 8));
  said(" %d", set(u, IP, ADD, request(group, none, 9), 12));
  said(" short %d", set(u, IP, ADD, request(group, here, 0), 7));
  said(" no group %d", set(u, IP, ADD, request(here, here, 0), 8));
  said(" family %d", set(u, IP, JOIN, wide(group, 0, 1, INET6), ONE));
  said(" short %d\n", set(u, IP, JOIN, wide(group, 0, 1, INET), ONE - 1));
  said("add %d", set(u, IP, ADD, request(group, here, 0), 8));
  said(" again %d", set(u, IP, ADD, request(group, none, 1), 12));
  said(" drop other %d", set(u, IP, DROP, request(second, here, 0), 8));
  said(" block %d", set(u, IP, BLOCK, request(group, here, 0x0200007f), 12));
  said(" again %d", set(u, IP, BLOCK, request(group, here, 0x0200007f), 12));
  said(" unblock %d", set(u, IP, UNBLOCK, request(group, here, 0x0200007f), 12));
  said(" again %d", set(u, IP, UNBLOCK, request(group, here, 0x0200007f), 12));
  said(" source %d", set(u, IP, ADDSRC, request(group, here, 0x0200007f), 12));
  said(" drop %d", set(u, IP, DROP, request(group, here, 0), 8));
  said(" again %d\n", set(u, IP, DROP, request(group, here, 0), 8));
  said("source %d", set(u, IP, ADDSRC, request(group, here, 0x0200007f), 12));
  said(" again %d", set(u, IP, ADDSRC, request(group, here, 0x0200007f), 12));
  said(" other %d", set(u, IP, ADDSRC, request(group, here, 0x0100007f), 12));
  said(" block %d", set(u, IP, BLOCK, request(group, here, 0x0100007f), 12));
  said(" drop %d", set(u, IP, DROPSRC, request(group, here, 0x0200007f), 12));
  said(" %d", set(u, IP, DROPSRC, request(group, here, 0x0200007f), 12));
  said(" %d", set(u, IP, DROPSRC, request(group, here, 0x0100007f), 12));
  said(" %d\n", set(u, IP, DROPSRC, request(group, here, 0x0100007f), 12));
  long n = 0;
  for (int i = 0; i < 25; i++) {
    uint8_t g[4] = {239, 2, 2, i};
    n += set(u, IP, ADD, request(g, here, 0), 8) == 0;
  }
  uint8_t last[4] = {239, 2, 2, 77};
  said("joined %d then %d\n", n, set(u, IP, ADD, request(last, here, 0), 8));
}
static void carried(void) {
  long a = socket_(INET, DGRAM, 0), b = socket_(INET, DGRAM, 0), c = socket_(INET, DGRAM, 0), s = socket_(INET, DGRAM, 0);
  uint8_t to[16] = {INET, 0, 0x33, 1, 239, 1, 2, 3}, any[16] = {INET, 0, 0x33, 1};
  int yes = 1, no = 0;
  set(a, 1, 2, &yes, 4), set(b, 1, 2, &yes, 4), set(c, 1, 2, &yes, 4);
  said("bind %d %d %d", sys3(__NR_bind, a, any, 16), sys3(__NR_bind, b, to, 16), sys3(__NR_bind, c, any, 16));
  set(c, IP, ALL, &no, 4);
  said(" no route %d", send_(s, "lost", to, 16));
  said(" if %d nobody %d\n", set(s, IP, IF, here, 4), send_(s, "nobody", to, 16));
  got("a", a);
  said("add %d", set(a, IP, ADD, request(group, here, 0), 8));
  said(" send %d\n", send_(s, "first", to, 16));
  got("a", a), got("b", b), got("c", c);
  said("block %d\n", set(a, IP, BLOCK, request(group, here, 0x0100007f), 12));
  send_(s, "second", to, 16);
  got("a", a), got("b", b), got("c", c);
  said("source %d wrong %d\n", set(c, IP, ADDSRC, request(group, here, 0x0100007f), 12), set(c, IP, ADDSRC, request(second, here, 0x0900007f), 12));
  set(s, IP, LOOP, &no, 4);
  send_(s, "third", to, 16);
  to[7] = 4;
  send_(s, "fourth", to, 16);
  got("a", a), got("b", b), got("c", c), got("c", c);
  said("drop %d\n", set(a, IP, DROP, request(group, here, 0), 8));
  to[7] = 3;
  send_(s, "fifth", to, 16);
  got("a", a), got("a", a), got("b", b), got("c", c);
  sys1(__NR_close, c);
  send_(s, "sixth", to, 16);
  got("a", a), got("b", b);
}
static void six_groups(void) {
  long u = socket_(INET6, DGRAM, 0);
  uint8_t r[20] = {0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 1};
  said("six %d", set(u, IPV6, 20, r, 20));
  said(" again %d short %d", set(u, IPV6, 20, r, 20), set(u, IPV6, 20, r, 19));
  r[16] = 9;
  said(" no device %d", set(u, IPV6, 20, r, 20));
  r[16] = 1;
  said(" leave %d again %d", set(u, IPV6, 21, r, 20), set(u, IPV6, 21, r, 20));
  r[0] = 0;
  said(" no group %d", set(u, IPV6, 20, r, 20));
  int value = 1;
  said(" if %d", set(u, IPV6, 17, &value, 4));
  value = 9;
  said(" %d\n", set(u, IPV6, 17, &value, 4));
}
static void lite(void) {
  long a = socket_(INET, DGRAM, LITE), b = socket_(INET, DGRAM, LITE), u = socket_(INET, DGRAM, 0);
  uint8_t at[16] = {INET, 0, 0x34, 1, 127, 0, 0, 1};
  said("lite %d %d %d", sys3(__NR_bind, a, at, 16), sys3(__NR_bind, b, at, 16), sys3(__NR_bind, u, at, 16));
  said(" send %d stream %d\n", send_(b, "light", at, 16), socket_(INET, STREAM, LITE));
  got("a", a), got("u", u);
  int value = 3;
  said("coverage %d %d", set(a, LITE, 10, &value, 4), set(u, LITE, 10, &value, 4));
  get(a, LITE, 10);
  get(a, 1, 38);
  value = -1;
  said(" %d\n", set(a, LITE, 11, &value, 4));
}
static void form(void) {
  long l = socket_(INET6, STREAM, 0), c = socket_(INET, STREAM, 0), k = socket_(INET6, STREAM, 0);
  uint8_t any[28] = {INET6, 0, 0x35, 1}, to[16] = {INET, 0, 0x35, 1, 127, 0, 0, 1}, own[28] = {INET6, 0, 0x35, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, name[28];
  int value = INET, other = INET6, length = 28;
  said("form %d %d", set(l, IPV6, 1, &value, 4), set(c, IPV6, 1, &value, 4));
  get(l, IPV6, 1);
  said(" bind %d listen %d connect %d", sys3(__NR_bind, l, any, 28), sys2(__NR_listen, l, 5), sys3(__NR_connect, c, to, 16));
  long a = sys4(__NR_accept4, l, 0, 0, 0);
  get(a, IPV6, 1);
  said(" wrong %d right %d", set(a, IPV6, 1, &other, 4), set(a, IPV6, 1, &value, 4));
  said(" again %d", set(a, IPV6, 1, &value, 4));
  get(a, 1, 39);
  long x = sys3(__NR_getsockname, a, name, &length);
  said(" name %d %d %d", x, L(length), L(name[0]));
  said("\nsix %d", sys3(__NR_connect, k, own, 28));
  said(" %d\n", set(k, IPV6, 1, &value, 4));
}
static int body(int argc, char **argv, char **envp) {
  (void)argc, (void)argv, (void)envp;
  said("unshare %d\n", sys1(__NR_unshare, NEWNET));
  up();
  options();
  carried();
  six_groups();
  lite();
  form();
  return 0;
}
