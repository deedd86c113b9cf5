// TCP and UDP over the loopback: names, ports, connections, ends, errors, readiness and options.
#include "guest.h"
enum { SIGPIPE = 13, SIGCHLD = 17 };
enum { INET = 2, STREAM = 1, DGRAM = 2, NONBLOCK = 04000 };
enum { PEEK = 2, TRUNC = 0x20, DONTWAIT = 0x40, WAITALL = 0x100, NOSIGNAL = 0x4000 };
enum { SOCKET = 1, IP = 0, TCP = 6 };
enum { REUSEADDR = 2, TYPE, ERROR, SNDBUF = 7, RCVBUF, KEEPALIVE, LINGER = 13, REUSEPORT = 15, RCVTIMEO = 20, ACCEPTCONN = 30, PROTOCOL = 38, DOMAIN };
struct pollfd { int fd; short events, revents; };
struct iov { void *base; size_t len; };
struct msg { void *name; int namelen; struct iov *iov; size_t iovlen; void *control; size_t controllen; int flags; };
struct sin { uint16_t family, port; uint32_t addr; uint64_t zero; };
#define LOCAL 0x0100007f

/* The values are taken in the order in which they are written; strings are given as numbers. */
static void told(const char *f, const long *v) { say(f, v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9]); }
#define say(f, ...) told(f, (long[10]){__VA_ARGS__})

static struct sin a, from;
static struct iov iov;
static struct msg m;
static char buffer[64];
static uint16_t swap(uint16_t p) { return (uint16_t)(p << 8 | p >> 8); }
static struct sin *to(uint32_t addr, int port) {
  a = (struct sin){INET, swap((uint16_t)port), addr, 0};
  return &a;
}
static long sock(int type) { return sys3(__NR_socket, INET, type, 0); }
static long bind_(long s, uint32_t addr, int port) { return sys3(__NR_bind, s, to(addr, port), 16); }
static long connect_(long s, uint32_t addr, int port) { return sys3(__NR_connect, s, to(addr, port), 16); }
static long listen_(long s, int n) { return sys2(__NR_listen, s, n); }
static long close_(long fd) { return sys1(__NR_close, fd); }
static long accept_(long s) {
  int n = sizeof from;
  memset(&from, 0, sizeof from);
  return sys4(__NR_accept4, s, &from, &n, 0);
}
static int port(long s) {
  struct sin b = {0};
  int n = sizeof b;
  sys3(__NR_getsockname, s, &b, &n);
  return swap(b.port);
}
static long sendTo(long fd, const void *p, long n, int flags, struct sin *dest) {
  iov = (struct iov){(void *)p, n};
  m = (struct msg){dest, dest ? 16 : 0, &iov, 1, 0, 0, 0};
  return sys3(__NR_sendmsg, fd, &m, flags);
}
static long send(long fd, const void *p, long n, int flags) { return sendTo(fd, p, n, flags, 0); }
static long receive(long fd, long n, int flags) {
  memset(buffer, 0, sizeof buffer);
  iov = (struct iov){buffer, n};
  m = (struct msg){&from, sizeof from, &iov, 1, 0, 0, 0};
  return sys3(__NR_recvmsg, fd, &m, flags);
}
static long ready(long fd) {
  struct pollfd p = {(int)fd, 1 | 4 | 0x2000, 0};
  sys3(__NR_poll, &p, 1, 0);
  return (unsigned short)p.revents;
}
static long waitFor(long fd, int events) {
  struct pollfd p = {(int)fd, (short)events, 0};
  sys3(__NR_poll, &p, 1, 2000);
  return (unsigned short)p.revents;
}
static long option(long fd, int level, int name) {
  int v[3] = {-1, -1, -1}, n = sizeof v;
  long r = sys5(__NR_getsockopt, fd, level, name, v, &n);
  return r < 0 ? r : v[0];
}
static long set(long fd, int level, int name, int value) { return sys5(__NR_setsockopt, fd, level, name, &value, 4); }
static volatile long signals;
static void pipes(int sig, void *si, void *uc) { (void)sig; (void)si; (void)uc; signals++; }
static long nonblock(long fd, int on) { return sys3(__NR_fcntl, fd, 4, on ? NONBLOCK : 0); }

/* A listening socket, and a connection through it. */
static long l, c, s;
static void server(void) {
  l = sock(STREAM);
  bind_(l, LOCAL, 0);
  listen_(l, 5);
}
static void connection(void) {
  server();
  c = sock(STREAM);
  connect_(c, LOCAL, port(l));
  s = accept_(l);
}
static void done(void) { close_(l), close_(c), close_(s); }

static void making(void) {
  say("making: %d %d %d\n", sys3(__NR_socket, INET, STREAM, 17), sys3(__NR_socket, INET, DGRAM, 6), sys3(__NR_socket, INET, 9, 0));
  say(" protocol %d %d %d pair %d\n", sys3(__NR_socket, INET, STREAM, -1), sys3(__NR_socket, INET, STREAM, 300), sys3(__NR_socket, INET, STREAM, 99), sys4(__NR_socketpair, INET, STREAM, 0, buffer));
  s = sock(STREAM);
  c = sock(DGRAM);
  say(" stream: type %d domain %d protocol %d listening %d error %d poll %x\n", option(s, 1, TYPE), option(s, 1, DOMAIN), option(s, 1, PROTOCOL), option(s, 1, ACCEPTCONN), option(s, 1, ERROR), ready(s));
  say(" datagram: type %d domain %d protocol %d poll %x\n", option(c, 1, TYPE), option(c, 1, DOMAIN), option(c, 1, PROTOCOL), ready(c));
  int n = sizeof from;
  from.family = 99;
  say(" name %d", sys3(__NR_getsockname, s, &from, &n));
  say(" length %d family %d port %d addr %x; peer %d %d\n", L(n), L(from.family), L(from.port), L(from.addr), sys3(__NR_getpeername, s, &from, &n), sys3(__NR_getpeername, c, &from, &n));
  say(" stream: send %d receive %d accept %d listen %d shutdown %d %d\n", send(s, "x", 1, NOSIGNAL), receive(s, 1, 0), accept_(s), 0L, sys2(__NR_shutdown, s, 2), sys2(__NR_shutdown, s, 5));
  say(" datagram: send %d receive %d accept %d listen %d shutdown %d\n", send(c, "x", 1, NOSIGNAL), receive(c, 1, DONTWAIT), accept_(c), listen_(c, 1), sys2(__NR_shutdown, c, 2));
  signals = 0;
  say(" pipe %d", send(s, "x", 1, 0));
  say(" signals %d\n", signals);
  close_(s), close_(c);
}

static void binding(int type) {
  long x = sock(type), y = sock(type);
  say("binding %d: short %d family %d elsewhere %d\n", L(type), sys3(__NR_bind, x, to(LOCAL, 0), 8), (a.family = 1, sys3(__NR_bind, x, &a, 16)), bind_(x, 0x01010108, 0));
  say(" bind %d, port %d", bind_(x, LOCAL, 0), L(port(x) > 1023));
  say(" again %d, taken %d, another loopback address %d", bind_(x, LOCAL, 0), bind_(y, LOCAL, port(x)), bind_(y, 0x0200007f, port(x)));
  close_(y);
  y = sock(type);
  say(" any %d", bind_(y, 0, port(x)));
  set(x, 1, REUSEADDR, 1), set(y, 1, REUSEADDR, 1);
  say(" both reuse %d\n", bind_(y, LOCAL, port(x)));
  if (type == STREAM) say(" listen %d, second %d\n", listen_(x, 1), listen_(y, 1));
  close_(x), close_(y);
  x = sock(type), y = sock(type);
  set(x, 1, REUSEPORT, 1);
  bind_(x, LOCAL, 0);
  say(" one shares %d", bind_(y, LOCAL, port(x)));
  set(y, 1, REUSEPORT, 1);
  say(" both %d", bind_(y, LOCAL, port(x)));
  if (type == STREAM) say(" listen %d %d", listen_(x, 1), listen_(y, 1));
  say("\n");
  close_(x), close_(y);
}
static void privileged(void) {
  long pid = sys0(__NR_fork);
  if (!pid) {
    sys3(
#ifdef __x86_64__
        __NR_setresuid
#else
        __NR_setresuid32
#endif
        , 1000, 1000, 1000);
    say("low port %d\n", bind_(sock(STREAM), LOCAL, 77));
    finish(0);
  }
  sys4(__NR_wait4, pid, 0, 0, 0);
}

static void connecting(void) {
  server();
  c = sock(STREAM);
  say("connecting: short %d family %d nowhere %d\n", sys3(__NR_connect, c, to(LOCAL, 1), 8), (a.family = 1, sys3(__NR_connect, c, &a, 16)), connect_(c, LOCAL, 1));
  say(" error %d poll %x\n", option(c, 1, ERROR), ready(c));
  say(" listening: poll %x accepting %d connect %d", ready(l), option(l, 1, ACCEPTCONN), connect_(l, LOCAL, port(l)));
  nonblock(l, 1);
  say(" nothing %d receive %d send %d\n", accept_(l), receive(l, 1, 0), send(l, "x", 1, NOSIGNAL));
  say(" connect %d, again %d, poll %x, listener %x\n", connect_(c, LOCAL, port(l)), connect_(c, LOCAL, port(l)), ready(c), ready(l));
  say(" early %d", send(c, "early", 5, 0));
  s = accept_(l);
  say(" accept %d from port %d addr %x\n", L(s >= 0), L(swap(from.port) == port(c)), L(from.addr));
  int n = sizeof from;
  sys3(__NR_getpeername, c, &from, &n);
  say(" peer %d local %d listener's flag %d\n", L(swap(from.port) == port(l)), L(port(s) == port(l)), sys3(__NR_fcntl, s, 3, 0) & NONBLOCK);
  say(" received %d %s\n", receive(s, 20, 0), L(buffer));
  say(" listen %d bind %d\n", listen_(c, 1), bind_(c, LOCAL, 0));
  done();
  c = sock(STREAM | NONBLOCK);
  say(" refused: %d", connect_(c, LOCAL, 1));
  say(" poll %x error %d", waitFor(c, 4), option(c, 1, ERROR));
  say(" again %d\n", option(c, 1, ERROR));
  server();
  long r = connect_(c, LOCAL, port(l));
  say(" not waiting %d", r);
  say(" poll %x error %d", waitFor(c, 4), option(c, 1, ERROR));
  say(" then %d, then %d\n", connect_(c, LOCAL, port(l)), connect_(c, LOCAL, port(l)));
  s = accept_(l);
  say(" any address %d", connect_(c, 0, port(l)));
  say(" unspecified %d", (a.family = 0, sys3(__NR_connect, c, &a, 16)));
  say(" poll %x read %d\n", waitFor(s, 1), sys3(__NR_read, s, buffer, 9));
  done();
}

static void streams(void) {
  connection();
  say("streams: poll %x nothing %d\n", ready(s), receive(s, 9, DONTWAIT));
  say(" sent %d %d", send(c, "hello", 5, 0), sys3(__NR_write, c, "world", 5));
  say(" poll %x peek %d %s", waitFor(s, 1), receive(s, 3, PEEK), L(buffer));
  say(" name %d flags %x", L(m.namelen), L(m.flags));
  say(" all %d %s", receive(s, 10, WAITALL), L(buffer));
  say(" with an address %d empty %d\n", sendTo(c, "x", 1, 0, to(LOCAL, 9)), send(c, "", 0, 0));
  say(" truncated %d", receive(s, 0, TRUNC | DONTWAIT));
  long pid = sys0(__NR_fork);
  if (!pid) {
    long t[2] = {0, 20000000};
    for (int i = 0; i < 3; i++) {
      sys2(__NR_nanosleep, t, 0);
      send(c, "abc", 3, 0);
    }
    finish(0);
  }
  receive(s, 1, 0);
  say(" x %s", L(buffer));
  say(" waited for all %d %s\n", receive(s, 8, WAITALL), L(buffer));
  sys4(__NR_wait4, pid, 0, 0, 0);
  receive(s, 9, 0);
  say(" half closed %d", sys2(__NR_shutdown, c, 1));
  say(" poll %x end %d twice %d;", waitFor(s, 0x2001), receive(s, 9, 0), receive(s, 9, 0));
  signals = 0;
  say(" send %d", send(c, "x", 1, 0));
  say(" signals %d poll %x, other way %d", signals, ready(c), send(s, "back", 4, 0));
  say(" %d %s\n", receive(c, 9, 0), L(buffer));
  say(" closed %d poll %x end %d\n", close_(s), waitFor(c, 0x2001), receive(c, 9, 0));
  done();
}
static void ends(void) {
  long t[2] = {0, 20000000};
  connection();
  close_(s);
  sys2(__NR_nanosleep, t, 0);
  say("ends: poll %x", ready(c));
  say(" send %d", send(c, "x", 1, 0));
  sys2(__NR_nanosleep, t, 0);
  signals = 0;
  say(" poll %x again %d", ready(c), send(c, "x", 1, 0));
  say(" signals %d receive %d error %d\n", signals, receive(c, 9, 0), option(c, 1, ERROR));
  done();
  connection();
  send(c, "unread", 6, 0);
  waitFor(s, 1);
  send(s, "left", 4, 0);
  close_(s);
  sys2(__NR_nanosleep, t, 0);
  say(" reset: poll %x", ready(c));
  say(" left %d, then %d, then %d", receive(c, 9, 0), receive(c, 9, 0), receive(c, 9, 0));
  say(" send %d connected %d\n", send(c, "x", 1, NOSIGNAL), sys3(__NR_getpeername, c, &from, (int[]){16}));
  done();
  connection();
  int linger[2] = {1, 0};
  say(" linger %d", sys5(__NR_setsockopt, s, 1, LINGER, linger, 8));
  close_(s);
  sys2(__NR_nanosleep, t, 0);
  say(" error %d poll %x receive %d\n", option(c, 1, ERROR), ready(c), receive(c, 9, 0));
  done();
  connection();
  say(" read side: %d", sys2(__NR_shutdown, s, 0));
  say(" poll %x end %d, peer %d", ready(s), receive(s, 9, 0), send(c, "still", 5, NOSIGNAL));
  sys2(__NR_nanosleep, t, 0);
  say(" %d %s\n", receive(s, 9, 0), L(buffer));
  sys2(__NR_shutdown, s, 2);
  sys2(__NR_shutdown, c, 2);
  sys2(__NR_nanosleep, t, 0);
  say(" both %x %x shutdown %d peer %d\n", ready(s), ready(c), sys2(__NR_shutdown, s, 1), sys3(__NR_getpeername, c, &from, (int[]){16}));
  done();
  server();
  int p = port(l);
  c = sock(STREAM);
  connect_(c, LOCAL, p);
  close_(l);
  sys2(__NR_nanosleep, t, 0);
  say(" never accepted: poll %x receive %d\n", ready(c), receive(c, 9, 0));
  close_(c);
  server();
  say(" listener shut %d", sys2(__NR_shutdown, l, 0));
  say(" poll %x accept %d listening %d\n", ready(l), accept_(l), option(l, 1, ACCEPTCONN));
  close_(l);
}
static void lingering(void) {
  connection();
  int p = port(l);
  close_(s);
  long t[2] = {0, 20000000};
  sys2(__NR_nanosleep, t, 0);
  close_(c), close_(l);
  sys2(__NR_nanosleep, t, 0);
  l = sock(STREAM);
  say("time wait: bind %d", bind_(l, LOCAL, p));
  set(l, 1, REUSEADDR, 1);
  say(" reuse %d listen %d\n", bind_(l, LOCAL, p), listen_(l, 1));
  close_(l);
}
static void full(void) {
  static char big[65536];
  long n = 0, r, total = 0;
  connection();
  nonblock(c, 1);
  while ((r = send(c, big, sizeof big, 0)) > 0) n++;
  long t[2] = {0, 50000000};
  sys2(__NR_nanosleep, t, 0);
  say("full: %d several %d poll %x", r, L(n > 1), ready(c));
  nonblock(s, 1);
  for (int i = 0; i < 1000; i++) {
    while ((r = sys3(__NR_read, s, big, sizeof big)) > 0) total += r;
    if (waitFor(c, 4) & 4) break;
  }
  say(" room again %x\n", ready(c));
  done();
}
static void backlog(void) {
  server();
  long x[5];
  listen_(l, 1);
  for (int i = 0; i < 2; i++) x[i] = connect_(sock(STREAM), LOCAL, port(l));
  say("backlog: %d %d", x[0], x[1]);
  long y = sock(STREAM | NONBLOCK);
  say(" full %d poll %x\n", connect_(y, LOCAL, port(l)), ready(y));
  close_(l), close_(y);
}
static void timeouts(void) {
  long tv[2] = {0, 30000}, one[2] = {9, 9};
  int n = sizeof one;
  connection();
  say("timeouts: %d", sys5(__NR_setsockopt, s, 1, RCVTIMEO, tv, sizeof tv));
  say(" %d", sys5(__NR_getsockopt, s, 1, RCVTIMEO, one, &n));
  say(" %d %d; read %d", one[0], L(one[1] >= 28000), sys3(__NR_read, s, buffer, 9));
  say(" receive %d accept", receive(s, 9, 0));
  sys5(__NR_setsockopt, l, 1, RCVTIMEO, tv, sizeof tv);
  say(" %d\n", accept_(l));
  done();
}

static void datagrams(void) {
  long x = sock(DGRAM), y = sock(DGRAM);
  bind_(x, LOCAL, 0);
  say("datagrams: without a name %d", sendTo(y, "one", 3, 0, to(LOCAL, port(x))));
  say(" poll %x", waitFor(x, 1));
  say(" received %d %s from %d length %d\n", receive(x, 9, 0), L(buffer), L(swap(from.port) == port(y)), L(m.namelen));
  say(" connect %d", connect_(y, LOCAL, port(x)));
  say(" send %d %d %d", send(y, "two", 3, 0), send(y, "", 0, 0), sys3(__NR_write, y, "four", 4));
  say(" cut %d %s flags %x", receive(x, 2, TRUNC), L(buffer), L(m.flags));
  say(" empty %d, read %d", receive(x, 9, 0), sys3(__NR_read, x, buffer, 2));
  say(" nothing %d\n", receive(x, 9, DONTWAIT));
  long z = sock(DGRAM);
  say(" a stranger %d", sendTo(z, "no", 2, 0, to(LOCAL, port(y))));
  say(" is not heard %d\n", receive(y, 9, DONTWAIT));
  say(" nobody %d", sendTo(z, "x", 1, 0, to(LOCAL, 1)));
  connect_(z, LOCAL, 1);
  say(" connected %d", send(z, "x", 1, 0));
  long t[2] = {0, 20000000};
  sys2(__NR_nanosleep, t, 0);
  say(" poll %x send %d receive %d error %d\n", ready(z), send(z, "x", 1, 0), receive(z, 1, DONTWAIT), option(z, 1, ERROR));
  a.family = 0;
  say(" unspecified %d send %d port 0 %d\n", sys3(__NR_connect, z, &a, 16), send(z, "x", 1, 0), sendTo(z, "x", 1, 0, to(LOCAL, 0)));
  static char big[70000];
  say(" large %d %d", send(y, big, 65507, 0), send(y, big, 65508, 0));
  say(" %d\n", receive(x, 9, TRUNC));
  say(" broadcast %d", sendTo(z, "x", 1, 0, to(0xffffff7f, 9)));
  say(" shutdown %d", sys2(__NR_shutdown, y, 0));
  say(" receive %d poll %x send %d;", receive(y, 9, 0), ready(y), send(y, "x", 1, 0));
  say(" %d", sys2(__NR_shutdown, y, 1));
  say(" send %d\n", send(y, "x", 1, NOSIGNAL));
  close_(x), close_(y), close_(z);
}

static void options(void) {
  long x = sock(STREAM), y = sock(DGRAM);
  static const struct { int level, name; } names[] = {{1, REUSEADDR}, {1, 5}, {1, 6}, {1, KEEPALIVE}, {1, 10}, {1, 12}, {1, REUSEPORT}, {1, 18}, {1, 29}, {1, 36}, {0, 1}, {0, 2}, {0, 10}, {0, 11}, {0, 8}, {0, 15}, {6, 1}, {6, 3}, {6, 4}, {6, 5}, {6, 6}, {6, 9}, {6, 12}, {6, 18}};
  for (int i = 0; i < (int)(sizeof names / sizeof names[0]); i++) {
    int level = names[i].level, name = names[i].name;
    say("%d/%d: %d %d", L(level), L(name), option(x, level, name), option(y, level, name));
    say(" set %d %d", set(x, level, name, 3), set(y, level, name, 3));
    say(" now %d %d, zero %d %d\n", option(x, level, name), option(y, level, name), set(x, level, name, 0), set(y, level, name, 0));
  }
  say("buffers: %d %d", set(x, 1, RCVBUF, 10000), set(x, 1, SNDBUF, 10000));
  say(" %d %d; low %d", option(x, 1, RCVBUF), option(x, 1, SNDBUF), set(x, 1, RCVBUF, 1));
  say(" %d; datagram %d %d\n", option(x, 1, RCVBUF), option(y, 1, RCVBUF), option(y, 1, SNDBUF));
  int n = 12;
  say("IP options %d", sys5(__NR_getsockopt, x, 0, 4, buffer, &n));
  say(" %d; unknown %d %d %d %d", L(n), option(x, 1, 999), option(x, 0, 999), option(x, 6, 999), option(x, 99, 1));
  say(" set %d %d %d %d", set(x, 1, 999, 1), set(x, 0, 999, 1), set(x, 6, 999, 1), set(x, 99, 1, 1));
  say(" short %d bad %d\n", sys5(__NR_setsockopt, x, 1, REUSEADDR, &n, 2), sys5(__NR_setsockopt, x, 1, REUSEADDR, 8, 4));
  n = 9;
  say("device %d", sys5(__NR_getsockopt, x, 1, 25, buffer, &n));
  say(" %d other %d", L(n), sys5(__NR_setsockopt, x, 1, 25, "nowhere", 8));
  say(" lo %d", sys5(__NR_setsockopt, x, 1, 25, "lo", 3));
  n = 16;
  say(" %d", sys5(__NR_getsockopt, x, 1, 25, buffer, &n));
  say(" %d %s none %d\n", L(n), L(buffer), sys5(__NR_setsockopt, x, 1, 25, "", 0));
  n = 9;
  memset(buffer, 0, sizeof buffer);
  say("congestion %d %d\n", sys5(__NR_getsockopt, x, 6, 13, buffer, &n), L(n > 0));
  close_(x), close_(y);
}

static int body(int argc, char **arguments, char **environment) {
  (void)argc, (void)arguments, (void)environment;
  on(SIGPIPE, pipes, SA_RESTART);
  making();
  binding(STREAM);
  binding(DGRAM);
  privileged();
  connecting();
  streams();
  ends();
  lingering();
  full();
  backlog();
  timeouts();
  datagrams();
  options();
  return 3;
}
