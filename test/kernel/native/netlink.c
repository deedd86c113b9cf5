// Netlink: routing messages of the loopback device, and lists of sockets, in a network namespace of its own.
#include "guest.h"
enum { NEWNET = 0x40000000, NETLINK = 16, RAW = 3, UNIX = 1, INET = 2, INET6 = 10, STREAM = 1, DGRAM = 2 };
enum { ROUTE = 0, DIAG = 4, REQUEST = 1, ACK = 4, DUMP = 0x300 };
static uint8_t out[256], in[16384];
static uint32_t seq;
static long socket_(int domain, int type, int protocol) { return sys3(__NR_socket, domain, type, protocol); }
static uint32_t at32(const uint8_t *p) { return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24; }
static uint32_t at16(const uint8_t *p) { return p[0] | p[1] << 8; }
static void put32(uint8_t *p, uint32_t v) { for (int i = 0; i < 4; i++) p[i] = v >> 8 * i; }
static long sent(long s, int type, int flags, size_t body) {
  put32(out, 16 + body);
  out[4] = type, out[5] = type >> 8, out[6] = flags, out[7] = flags >> 8;
  put32(out + 8, ++seq);
  put32(out + 12, 0);
  return sys3(__NR_write, s, out, 16 + body);
}
static uint8_t *fresh(void) { memset(out, 0, sizeof out); return out + 16; }
/* Attributes whose types and values are the same on all kernels; `known` ends with 0xffff. */
static void attributes(const uint8_t *p, const uint8_t *end, const uint16_t *known) {
  for (; *known != 0xffff; known++)
    for (const uint8_t *a = p; a + 4 <= end && at16(a) >= 4; a += (at16(a) + 3) & ~3)
      if (at16(a + 2) == *known) {
        say(" [%d:", L(*known));
        for (unsigned i = 4; i < at16(a); i++) say(" %x", L(a[i]));
        say("]");
      }
}
/* The answer up to its end: DONE, ERROR, or one message. `fixed` bytes of a body are shown from `from` on. */
static void answer(long s, int dump, int from, int fixed, int skip, const uint16_t *known) {
  for (;;) {
    long n = sys3(__NR_read, s, in, sizeof in);
    if (n <= 0) { say(" read %d\n", n); return; }
    for (uint8_t *m = in; m + 16 <= in + n; m += (at32(m) + 3) & ~3) {
      uint32_t type = at16(m + 4);
      if (type == 3) { say(" done %d\n", L((int)at32(m + 16))); return; }
      if (type == 2) { say(" error %d\n", L((int)at32(m + 16))); return; }
      say(" type %d", L(type));
      for (int i = from; i < fixed; i++) say(" %x", L(m[16 + i]));
      attributes(m + 16 + skip, m + at32(m), known);
      say("\n");
      if (!dump) return;
    }
  }
}
static const uint16_t link[] = {3, 4, 13, 16, 1, 2, 6, 17, 27, 0xffff}, address[] = {1, 2, 3, 8, 0xffff}, rule[] = {15, 6, 0xffff}, route[] = {15, 1, 4, 7, 25, 0xffff}, none[] = {0xffff};
static void links(long s) {
  say("link\n");
  fresh();
  sent(s, 18, REQUEST | DUMP, 16);
  answer(s, 1, 0, 12, 16, link);
  uint8_t *b = fresh();
  put32(b + 4, 1);
  sent(s, 18, REQUEST, 16);
  answer(s, 0, 0, 12, 16, link);
  b = fresh();
  put32(b + 4, 77);
  sent(s, 18, REQUEST, 16);
  answer(s, 0, 0, 12, 16, link);
}
static void mtu(long s, uint32_t value) {
  uint8_t *b = fresh();
  put32(b + 4, 1);
  b[16] = 8, b[18] = 4;
  put32(b + 20, value);
  sent(s, 16, REQUEST | ACK, 24);
  answer(s, 0, 0, 0, 0, none);
}
static void up(long s, int flags) {
  uint8_t *b = fresh();
  put32(b + 4, 1);
  put32(b + 8, flags);
  put32(b + 12, 1);
  sent(s, 16, REQUEST | ACK, 16);
  answer(s, 0, 0, 0, 0, none);
}
static void dump(long s, const char *what, int type, int family, int fixed, int skip, const uint16_t *known) {
  say("%s %d\n", what, L(family));
  fresh()[0] = family;
  sent(s, type, REQUEST | DUMP, skip);
  answer(s, 1, 0, fixed, skip, known);
}
static void way(long s, uint32_t to) {
  uint8_t *b = fresh();
  b[0] = INET, b[1] = 32, b[12] = 8, b[14] = 1;
  put32(b + 16, to);
  sent(s, 26, REQUEST, 20);
  answer(s, 0, 0, 8, 12, route);
}
/* Adds (20) or removes (21) an address of a device. */
static long addressed(long s, int type, int flags, int family, int prefix, uint32_t device, const char *ip, int length) {
  uint8_t *b = fresh();
  b[0] = family, b[1] = prefix;
  put32(b + 4, device);
  b[8] = 4 + length, b[10] = 2;
  for (int i = 0; i < length; i++) b[12 + i] = ip[i];
  sent(s, type, REQUEST | ACK | flags, 12 + length);
  answer(s, 0, 0, 0, 0, none);
  return 0;
}
static void giving(long s) {
  const char *ip = "\x0a\x09\x08\x07", *other = "\x0a\x09\x08\x63", *six = "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1";
  say("given addresses\n");
  addressed(s, 20, 0x400, INET, 24, 1, ip, 4), addressed(s, 20, 0x600, INET, 24, 1, ip, 4), addressed(s, 20, 0x500, INET, 24, 1, ip, 4);
  addressed(s, 20, 0x400, INET, 33, 1, ip, 4), addressed(s, 20, 0x400, INET, 24, 77, ip, 4), addressed(s, 20, 0x400, INET, 24, 1, ip, 3);
  addressed(s, 20, 0x400, INET6, 64, 1, six, 16), addressed(s, 20, 0x600, INET6, 64, 1, six, 16);
  dump(s, "addresses", 22, INET, 4, 8, address);
  struct { uint16_t family, port; char ip[4], rest[8]; } name = {INET, 0x1234, {10, 9, 8, 7}, {0}}, to = name, mine;
  int length = sizeof mine;
  long a = socket_(INET, DGRAM | 04000, 0), b = socket_(INET, DGRAM, 0), c = socket_(INET, DGRAM, 0);
  say("bind %d", sys3(__NR_bind, a, &name, 16));
  for (int i = 0; i < 4; i++) name.ip[i] = other[i];
  say(" in its network %d connect %d", sys3(__NR_bind, b, &name, 16), sys3(__NR_connect, c, &to, 16));
  say(" name %d", sys3(__NR_getsockname, c, &mine, &length));
  say(" %d.%d.%d.%d\n", L(mine.ip[0]), L(mine.ip[1]), L(mine.ip[2]), L(mine.ip[3]));
  addressed(s, 21, 0, INET, 25, 1, ip, 4), addressed(s, 21, 0, INET, 24, 1, ip, 4), addressed(s, 21, 0, INET, 24, 1, ip, 4), addressed(s, 21, 0, INET6, 64, 1, six, 16);
  dump(s, "addresses", 22, 0, 4, 8, address);
  say("gone %d\n", sys3(__NR_bind, socket_(INET, DGRAM, 0), &to, 16));
  sys1(__NR_close, a), sys1(__NR_close, b), sys1(__NR_close, c);
}
static void routing(void) {
  long s = socket_(NETLINK, RAW, ROUTE);
  say("down: ");
  links(s);
  dump(s, "addresses", 22, INET, 4, 8, address);
  say("up:");
  up(s, 1);
  links(s);
  giving(s);
  say("mtu:");
  mtu(s, 1500);
  say("mtu of nothing:");
  mtu(s, 0x80000000);
  links(s);
  dump(s, "addresses", 22, 0, 4, 8, address);
  dump(s, "addresses", 22, INET, 4, 8, address);
  dump(s, "rules", 34, INET, 12, 12, rule);
  dump(s, "rules", 34, INET6, 12, 12, rule);
  dump(s, "neighbours", 30, 0, 12, 12, none);
  say("way:");
  way(s, 0x0100007f);
  way(s, 0x08080808);
  say("control message: %d\n", sent(s, 1, REQUEST, 0));
  sys1(__NR_close, s);
}
/* Sockets by state: the first bytes of each, its ports and queues; numbers of inodes differ. */
static void sockets(long s, int family, int protocol, uint32_t states) {
  say("sockets %d %d %x\n", L(family), L(protocol), L(states));
  uint8_t *b = fresh();
  b[0] = family, b[1] = protocol;
  put32(b + 4, states);
  sent(s, 20, REQUEST | DUMP, 56);
  for (;;) {
    long n = sys3(__NR_read, s, in, sizeof in);
    if (n <= 0) { say(" read %d\n", n); return; }
    for (uint8_t *m = in; m + 16 <= in + n; m += (at32(m) + 3) & ~3) {
      uint32_t type = at16(m + 4);
      uint8_t *d = m + 16;
      if (type == 3) { say(" done %d\n", L((int)at32(m + 16))); return; }
      if (type == 2) { say(" error %d\n", L((int)at32(d))); return; }
      // The other end of a connection before accept(2) has no inode, and the order is that of hashes.
      if (d[1] == 1 && d[5] == 0xd2) continue;
      say(" family %d state %d port %d %d to", L(d[0]), L(d[1]), L(d[4] << 8 | d[5]), L(d[6] << 8 | d[7]));
      for (int i = 8; i < 40; i++) say(" %x", L(d[i]));
      say(" queues %d %d user %d inode %d\n", L(at32(d + 56)), L(at32(d + 60)), L(at32(d + 64)), L(at32(d + 68) != 0));
    }
  }
}
static const uint16_t names[] = {0, 4, 6, 0xffff};
static void unixes(long s, uint32_t states) {
  say("unix %x\n", L(states));
  uint8_t *b = fresh();
  b[0] = UNIX;
  put32(b + 4, states);
  put32(b + 12, 0x11);
  sent(s, 20, REQUEST | DUMP, 24);
  answer(s, 1, 0, 3, 16, names);
}
#define BIND(s, a, n) sys3(__NR_bind, s, a, n)
#define LISTEN(s, n) sys2(__NR_listen, s, n)
#define CONNECT(s, a, n) sys3(__NR_connect, s, a, n)
static int lists(void) {
  long s = socket_(NETLINK, RAW, DIAG);
  struct { uint16_t family, port; uint32_t ip; uint64_t zero; } a = {INET, 0xd204, 0x0100007f, 0};
  struct { uint16_t family; char path[14]; } u = {UNIX, "\0listener"}, v = {UNIX, "\0datagrams"};
  long t = socket_(INET, STREAM, 0), d = socket_(INET, DGRAM, 0), c = socket_(INET, STREAM, 0);
  said("bind %d %d listen %d\n", BIND(t, &a, 16), BIND(d, &a, 16), LISTEN(t, 7));
  sockets(s, INET, 6, 1 << 10);
  sockets(s, INET, 17, ~0u);
  a.port = 0xd304;
  BIND(c, &a, 16);
  a.port = 0xd204;
  say("connect %d\n", CONNECT(c, &a, 16));
  sockets(s, INET, 6, 1 << 10);
  sockets(s, INET, 6, 1 << 1);
  sockets(s, INET6, 6, ~0u);
  sockets(s, INET, 99, ~0u);
  long l = socket_(UNIX, STREAM, 0), g = socket_(UNIX, DGRAM, 0), k = socket_(UNIX, STREAM, 0);
  said("unix %d %d listen %d connect %d\n", BIND(l, &u, 11), BIND(g, &v, 12), LISTEN(l, 3), CONNECT(k, &u, 11));
  unixes(s, 1 << 10);
  unixes(s, 1 << 7);
  fresh()[0] = NETLINK + 3;
  sent(s, 20, REQUEST | DUMP, 56);
  answer(s, 1, 0, 0, 0, none);
  fresh();
  sent(s, 99, REQUEST | ACK, 16);
  answer(s, 0, 0, 0, 0, none);
  return 0;
}
static int body(int argc, char **arguments, char **environment) {
  (void)argc, (void)arguments, (void)environment;
  say("unshare %d\n", sys1(__NR_unshare, NEWNET));
  say("protocol %d type %d\n", socket_(NETLINK, RAW, 99), socket_(NETLINK, STREAM, ROUTE));
  routing();
  return lists();
}
