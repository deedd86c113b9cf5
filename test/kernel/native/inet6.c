// Internet sockets of IPv6 over the loopback device: addresses, both versions on one socket, ports, datagrams.
#include "guest.h"
enum { INET = 2, INET6 = 10, STREAM = 1, DGRAM = 2, NONBLOCK = 2048 };
struct in6 { uint16_t family, port; uint32_t flow; uint8_t ip[16]; uint32_t scope; };
struct in { uint16_t family, port; uint8_t ip[4]; char zero[8]; };
static uint16_t swap(int p) { return (uint16_t)((p << 8 & 0xff00) | (p >> 8 & 0xff)); }
static struct in6 six(int last, int p) {
  struct in6 a;
  memset(&a, 0, sizeof a);
  a.family = INET6, a.port = swap(p), a.ip[15] = (uint8_t)last;
  return a;
}
static struct in6 mapped(int last, int p) {
  struct in6 a = six(last, p);
  a.ip[10] = a.ip[11] = 255;
  if (last) a.ip[12] = 127;
  return a;
}
static struct in four(int last, int p) {
  struct in a;
  memset(&a, 0, sizeof a);
  a.family = INET, a.port = swap(p), a.ip[3] = (uint8_t)last;
  if (last) a.ip[0] = 127;
  return a;
}
static long sock(long family, long type) { return sys3(__NR_socket, family, type | NONBLOCK, 0); }
static long bind_(long s, void *a, long n) { return sys3(__NR_bind, s, a, n); }
static long connect_(long s, void *a, long n) { return sys3(__NR_connect, s, a, n); }
static long listen_(long s) { return sys2(__NR_listen, s, 4); }
static long accept_(long s, void *a, int *n) { return sys4(__NR_accept4, s, a, n, NONBLOCK); }
static long set(long s, long level, long name, int v) { return sys5(__NR_setsockopt, s, level, name, &v, 4); }
static long get(long s, long level, long name) {
  int v = -77, n = 4;
  long r = sys5(__NR_getsockopt, s, level, name, &v, &n);
  return r < 0 ? r : v;
}
static void show(const char *what, long r, void *at, int n) {
  uint8_t *b = at;
  int i;
  say("%s %d length %d:", what, r, (long)n);
  // The port that the kernel chose is left out.
  for (i = 0; i < n && i < 28; i++) if (i != 2 && i != 3) say(" %x", (unsigned long)b[i]);
  say("\n");
}
static void name(const char *what, long s, long nr) {
  struct in6 a;
  int n = sizeof a;
  long r;
  memset(&a, 0, sizeof a);
  r = sys3(nr, s, &a, &n);
  show(what, r, &a, r < 0 ? 0 : n);
}
// A client of one family against a server: what the server sees, and bytes in both ways.
static void pair(const char *what, long server, long client, void *to, long n) {
  struct in6 from;
  int size = sizeof from;
  char b[8];
  long c, end;
  memset(&from, 0, sizeof from);
  c = connect_(client, to, n);
  say("%s: connect %d", what, c);
  end = accept_(server, &from, &size);
  say(" accept %d\n", end < 0 ? end : 0);
  if (end < 0) return;
  show(" from", 0, &from, size);
  name(" peer", client, __NR_getpeername);
  name(" own", client, __NR_getsockname);
  name(" end", end, __NR_getsockname);
  say(" write %d", sys3(__NR_write, client, "hello", 5));
  say(" read %d", sys3(__NR_read, end, b, 8));
  say(" back %d", sys3(__NR_write, end, "abc", 3));
  say(" read %d\n", sys3(__NR_read, client, b, 8));
  sys1(__NR_close, end), sys1(__NR_close, client);
}

static void addresses(void) {
  struct in6 a = six(1, 0);
  struct in b = four(1, 0);
  long s = sock(INET6, STREAM);
  say("family %d protocol %d only %d hops %d\n", get(s, 1, 39), get(s, 1, 38), get(s, 41, 26), get(s, 41, 16));
  say("short %d", bind_(s, &a, 20));
  say(" family %d", bind_(s, &b, 28));
  say(" tiny %d", bind_(s, &a, 1));
  a.ip[0] = 0x20;
  say(" not ours %d", bind_(s, &a, 28));
  a.ip[0] = 0xff;
  say(" multicast %d", bind_(s, &a, 28));
  a = six(1, 0);
  say(" without scope %d", bind_(s, &a, 24));
  say(" again %d", bind_(s, &a, 28));
  say(" only6 too late %d\n", set(s, 41, 26, 1));
  name("bound", s, __NR_getsockname);
  name("no peer", s, __NR_getpeername);
  s = sock(INET6, STREAM);
  name("unbound", s, __NR_getsockname);
  a = six(1, 1);
  say("connect: short %d", connect_(s, &a, 16));
  say(" refused %d", connect_(s, &a, 28));
  b = four(1, 1);
  say(" other family %d\n", connect_(sock(INET6, STREAM), &b, 28));
  say("levels: ip tos %d ttl %d none %d\n", get(s, 0, 1), get(s, 0, 2), get(s, 99, 1));
  say("hops %d %d %d\n", set(s, 41, 16, 300), set(s, 41, 16, 5), get(s, 41, 16));
  say("raw %d", sys3(__NR_socket, INET6, 4, 0));
  say(" protocol %d\n", sys3(__NR_socket, INET6, STREAM, 17));
}

static void dual(void) {
  struct in6 any = six(0, 24601), loop = six(1, 24601), map = mapped(1, 24601);
  struct in v4 = four(1, 24601), v4any = four(0, 24601);
  long s = sock(INET6, STREAM), t;
  say("bind any %d listen %d\n", bind_(s, &any, 28), listen_(s));
  pair("six", s, sock(INET6, STREAM), &loop, 28);
  pair("any", s, sock(INET6, STREAM), &any, 28);
  pair("mapped", s, sock(INET6, STREAM), &map, 28);
  pair("four", s, sock(INET, STREAM), &v4, 16);
  t = sock(INET, STREAM);
  say("conflict: four any %d four %d", bind_(t, &v4any, 16), bind_(t, &v4, 16));
  t = sock(INET6, STREAM);
  say(" six %d mapped %d\n", bind_(t, &loop, 28), bind_(t, &map, 28));
  sys1(__NR_close, s);
  any.port = loop.port = map.port = v4.port = v4any.port = swap(24602);
  s = sock(INET6, STREAM);
  say("only6 %d", set(s, 41, 26, 1));
  say(" bind %d listen %d", bind_(s, &any, 28), listen_(s));
  t = sock(INET, STREAM);
  say(" four beside %d listen %d\n", bind_(t, &v4any, 16), listen_(t));
  pair("six", s, sock(INET6, STREAM), &loop, 28);
  pair("mapped to four", t, sock(INET6, STREAM), &map, 28);
  pair("four", t, sock(INET, STREAM), &v4, 16);
  t = sock(INET6, STREAM);
  set(t, 41, 26, 1);
  say("only6 and mapped: bind %d connect %d\n", bind_(t, &map, 28), connect_(t, &map, 28));
  sys1(__NR_close, s);
  any.port = loop.port = map.port = v4.port = swap(24603);
  s = sock(INET6, STREAM);
  say("bind mapped %d listen %d\n", bind_(s, &map, 28), listen_(s));
  pair("four to mapped", s, sock(INET, STREAM), &v4, 16);
  say("six to mapped %d\n", connect_(sock(INET6, STREAM), &loop, 28));
  t = sock(INET6, STREAM);
  loop.port = 0;
  bind_(t, &loop, 28);
  say("from six to mapped %d\n", connect_(t, &map, 28));
}

static long sendto_(long s, void *a, long n) {
#ifdef __x86_64__
  return sys6(__NR_sendto, s, L("ping"), 4, 0, L(a), n);
#else
  long args[6] = {s, L("ping"), 4, 0, L(a), n};
  return sys2(__NR_socketcall, 11, args);
#endif
}
static void from(const char *what, long s) {
  struct in6 a;
  int n = sizeof a;
  char b[8];
  long r;
  memset(&a, 0, sizeof a);
#ifdef __x86_64__
  r = sys6(__NR_recvfrom, s, L(b), 8, 0, L(&a), L(&n));
#else
  { long args[6] = {s, L(b), 8, 0, L(&a), L(&n)};
    r = sys2(__NR_socketcall, 12, args); }
#endif
  if (r < 0) say("%s %d\n", what, r);
  else show(what, r, &a, n);
}
static void datagrams(void) {
  struct in6 any = six(0, 24604), loop = six(1, 24604), map = mapped(1, 24604);
  struct in v4 = four(1, 24604);
  long s = sock(INET6, DGRAM), c = sock(INET6, DGRAM), f = sock(INET, DGRAM);
  say("bind %d send %d", bind_(s, &any, 28), sendto_(c, &loop, 28));
  say(" mapped %d", sendto_(sock(INET6, DGRAM), &map, 28));
  say(" four %d", sendto_(f, &v4, 16));
  say(" in of four %d\n", sendto_(sock(INET6, DGRAM), &v4, 16));
  from("six", s), from("mapped", s), from("four", s), from("in", s), from("none", s);
  say("short %d", sendto_(c, &loop, 20));
  say(" connect %d peer port", connect_(c, &loop, 28));
  say(" write %d", sys3(__NR_write, c, "x", 1));
  from(" got", s);
  name("own", c, __NR_getsockname);
  name("peer", c, __NR_getpeername);
  loop.family = 0;
  say("disconnect %d write %d\n", connect_(c, &loop, 28), sys3(__NR_write, c, "x", 1));
  loop = six(1, 24999);
  c = sock(INET6, DGRAM);
  say("nobody: connect %d write %d", connect_(c, &loop, 28), sys3(__NR_write, c, "x", 1));
  say(" write %d\n", sys3(__NR_write, c, "x", 1));
}

// /proc/net of a namespace of its own: columns that are the same on all machines.
static void file(const char *path, int from, int columns) {
  static char text[4096];
  long fd = sys3(__NR_open, path, 0, 0), n = 0, r, at;
  while ((r = sys3(__NR_read, fd, text + n, sizeof text - n)) > 0) n += r;
  say("%s %d\n", path, fd < 0 ? fd : 0);
  for (at = 0; at < n;) {
    long end = at, shown;
    while (end < n && text[end] != '\n') end++;
    shown = end - at > columns ? columns : end - at;
    text[at + shown] = 0;
    say("%s|%d\n", shown < from ? "" : text + at + from, columns > 150 ? end - at : 0);
    at = end + 1;
  }
  sys1(__NR_close, fd);
}
static void tables(void) {
  struct { char name[16]; uint16_t flags; char rest[30]; } lo = {"lo", 1, {0}};
  struct in6 six_ = six(1, 24605);
  struct in four_ = four(1, 24606);
  struct { uint16_t family; char path[8]; } un = {1, "\0lands"};
  long s, c, pid = sys0(__NR_fork);
  if (pid) {
    say("end %x\n", (long)end(pid));
    return;
  }
  say("unshare %d", sys1(__NR_unshare, 0x40000000));
  s = sock(INET, STREAM);
  say(" up %d\n", sys3(__NR_ioctl, s, 0x8914, &lo));
  bind_(s, &four_, 16), listen_(s);
  c = sock(INET, DGRAM), bind_(c, &four_, 16);
  c = sock(INET6, STREAM), bind_(c, &six_, 28), listen_(c);
  c = sock(INET6, DGRAM), bind_(c, &six_, 28);
  s = sock(1, STREAM), bind_(s, &un, 8), listen_(s);
  file("/proc/self/net/tcp", 0, 91), file("/proc/net/udp", 6, 91), file("/proc/net/tcp6", 0, 139), file("/proc/net/udp6", 6, 139);
  file("/proc/net/if_inet6", 0, 60), file("/proc/net/route", 0, 200);
  finish(0);
}

static int body(int argc, char **argv, char **envp) {
  (void)argc, (void)argv, (void)envp;
  addresses();
  dual();
  datagrams();
  tables();
  return 0;
}
