// Local sockets: pairs of every type, names, connections, descriptors and credentials that travel, ends and errors.
#include "guest.h"
enum { SIGPIPE = 13, SIGCHLD = 17 };
enum { STREAM = 1, DGRAM = 2, SEQPACKET = 5, NONBLOCK = 04000 };
enum { PEEK = 2, TRUNC = 0x20, DONTWAIT = 0x40, NOSIGNAL = 0x4000 };
struct pollfd { int fd; short events, revents; };
struct iov { void *base; size_t len; };
struct msg { void *name; int namelen; struct iov *iov; size_t iovlen; void *control; size_t controllen; int flags; };
struct cmsg { size_t len; int level, type; int data[8]; };
#define HEAD (sizeof(size_t) + 8)
struct sun { uint16_t family; char path[108]; };

static int pair[2];
static long make(int type) { return sys4(__NR_socketpair, 1, type, 0, pair); }
/* i386's int 0x80 wrapper has five arguments, sendto six: what is not needed is left to sendmsg. */
static struct iov iov;
static struct msg m;
static long sendTo(int fd, const void *p, long n, int flags, struct sun *to, int length) {
  iov = (struct iov){(void *)p, n};
  m = (struct msg){to, length, &iov, 1, 0, 0, 0};
  return sys3(__NR_sendmsg, fd, &m, flags);
}
static long send(int fd, const void *p, long n, int flags) { return sendTo(fd, p, n, flags, 0, 0); }
static char buffer[64];
static long receive(int fd, long n, int flags) {
  memset(buffer, 0, sizeof buffer);
  iov = (struct iov){buffer, n};
  m = (struct msg){0, 0, &iov, 1, 0, 0, 0};
  return sys3(__NR_recvmsg, fd, &m, flags);
}
static short ready(int fd) {
  struct pollfd p = {fd, 1 | 4 | 0x2000, 0};
  sys3(__NR_poll, &p, 1, 0);
  return p.revents;
}
static long close_(int fd) { return sys1(__NR_close, fd); }
static long option(int fd, int name) {
  int v[3] = {-1, -1, -1}, n = sizeof v;
  long r = sys5(__NR_getsockopt, fd, 1, name, v, &n);
  return r < 0 ? r : v[0];
}
static volatile int signals;
static void pipes(int sig, void *si, void *uc) { (void)sig; (void)si; (void)uc; signals++; }

static void pairs(const char *what, int type) {
  say("%s: %d\n", what, make(type));
  say(" type %d domain %d listening %d\n", option(pair[0], 3), option(pair[0], 39), option(pair[0], 30));
  say(" poll %x, nothing %d\n", L(ready(pair[0])), receive(pair[1], 8, DONTWAIT));
  long a = send(pair[0], "hello", 5, 0), b = send(pair[0], "world", 5, 0);
  say(" sent %d %d, poll %x\n", a, b, L(ready(pair[1])));
  a = receive(pair[1], 3, PEEK);
  say(" peek %d %s flags %x\n", a, buffer, L(m.flags));
  a = receive(pair[1], 3, TRUNC);
  say(" part %d %s flags %x\n", a, buffer, L(m.flags));
  a = receive(pair[1], 20, 0);
  say(" rest %d %s flags %x\n", a, buffer, L(m.flags));
  send(pair[0], "four", 4, 0);
  a = sys3(__NR_read, pair[1], buffer, 3);
  say(" read %d, nothing %d\n", a, type == STREAM ? sys3(__NR_read, pair[1], buffer, 0) : 0L);
  say(" empty %d\n", send(pair[0], "", 0, 0));
  while (receive(pair[1], 9, DONTWAIT) >= 0) continue;
  say(" shutdown %d %d\n", sys2(__NR_shutdown, pair[0], 1), sys2(__NR_shutdown, pair[0], 9));
  signals = 0;
  a = send(pair[0], "x", 1, 0);
  b = send(pair[0], "x", 1, NOSIGNAL);
  say(" closed way %d %d signals %d poll %x\n", a, b, L(signals), L(ready(pair[0])));
  send(pair[1], "last", 4, 0);
  close_(pair[1]);
  say(" poll %x\n", L(ready(pair[0])));
  a = receive(pair[0], 9, DONTWAIT);
  b = receive(pair[0], 9, DONTWAIT);
  say(" left %d, end %d\n", a, b);
  close_(pair[0]);
}
/* The other end closes with something unread, or without: what is told, in which order, and once. */
static void told(const char *when) {
  long p = ready(pair[0]), r = receive(pair[0], 9, DONTWAIT);
  say(" %s: poll %x, %d %s", when, p, r, buffer);
}
static void written(void) {
  long r = send(pair[0], "x", 1, NOSIGNAL);
  say(" write %d", r);
}
static void reset(const char *what, int type) {
  say("the other end of a %s closes\n", what);
  for (int with = 0; with < 8; with++) {
    make(type);
    if (with & 1) send(pair[0], "unread", 6, 0);
    if (with & 2) send(pair[1], "last", 4, 0);
    if (with == 5) sys3(__NR_read, pair[1], buffer, 3);
    close_(pair[1]);
    say(" %d:", L(with));
    if (with & 4) written();
    told("first"), told("second"), told("third");
    written();
    say(" option %d\n", option(pair[0], 4));
    close_(pair[0]);
  }
  make(type);
  send(pair[0], "unread", 6, 0);
  close_(pair[1]);
  say(" option %d", option(pair[0], 4));
  told("first"), written(), told("second");
  say("\n");
  close_(pair[0]);
}
/* A datagram socket that has another peer, or none: what the one before has sent. */
static void leave(void) {
  struct sun none = {0, ""};
  for (int with = 0; with < 2; with++) {
    make(DGRAM);
    if (with) send(pair[1], "last", 4, 0);
    say("leave: %d", sys3(__NR_connect, pair[0], &none, 2));
    say(" poll %x", L(ready(pair[0])));
    say(" of the other %x", L(ready(pair[1])));
    say(" option %d", option(pair[1], 4));
    say(" send %d", send(pair[1], "x", 1, 0));
    told("then"), written();
    say("\n");
    close_(pair[0]), close_(pair[1]);
  }
}
static void full(void) {
  static char big[4096];
  long n = 0, r;
  make(STREAM | NONBLOCK);
  while ((r = send(pair[0], big, sizeof big, 0)) > 0) n++;
  say("full: %d, several %d\n", r, L(n > 10));
  say(" poll %x\n", L(ready(pair[0])));
  close_(pair[0]);
  close_(pair[1]);
}
static void rights(int type) {
  int fds[2];
  struct cmsg c = {HEAD + 8, 1, 1, {0}};
  sys1(__NR_pipe, fds);
  make(type);
  c.data[0] = fds[0], c.data[1] = fds[1];
  iov = (struct iov){"x", 1};
  m = (struct msg){0, 0, &iov, 1, &c, HEAD + 8, 0};
  say("rights: sent %d", sys3(__NR_sendmsg, pair[0], &m, 0));
  c.data[1] = 999;
  say(" bad %d", sys3(__NR_sendmsg, pair[0], &m, 0));
  c.data[1] = fds[1], c.len = 3;
  say(" short %d\n", sys3(__NR_sendmsg, pair[0], &m, 0));
  close_(fds[0]), close_(fds[1]);
  memset(&c, 0, sizeof c);
  iov = (struct iov){buffer, 9};
  m = (struct msg){0, 0, &iov, 1, &c, sizeof c, 0};
  long r = sys3(__NR_recvmsg, pair[1], &m, 0x40000000);
  say(" received %d control %d len %d level %d type %d flags %x\n", r, L(m.controllen - HEAD), L(c.len - HEAD), L(c.level), L(c.type), L(m.flags));
  say(" cloexec %d, write %d", sys3(__NR_fcntl, c.data[0], 1, 0), sys3(__NR_write, c.data[1], "through", 7));
  memset(buffer, 0, sizeof buffer);
  sys3(__NR_read, c.data[0], buffer, 20);
  say(" %s\n", buffer);
  fds[0] = c.data[0], fds[1] = c.data[1];
  c = (struct cmsg){HEAD + 8, 1, 1, {fds[0], fds[1]}};
  iov = (struct iov){"x", 1};
  m = (struct msg){0, 0, &iov, 1, &c, HEAD + 8, 0};
  sys3(__NR_sendmsg, pair[0], &m, 0);
  iov = (struct iov){buffer, 9};
  m = (struct msg){0, 0, &iov, 1, &c, HEAD + 4, 0};
  r = sys3(__NR_recvmsg, pair[1], &m, 0);
  say(" room for one: %d len %d flags %x\n", r, L(c.len - HEAD), L(m.flags));
  close_(pair[0]), close_(pair[1]), close_(fds[0]), close_(fds[1]), close_(c.data[0]);
}
static void credentials(void) {
  struct cmsg c;
  int one = 1;
  make(DGRAM);
  say("credentials: %d", sys5(__NR_setsockopt, pair[1], 1, 16, &one, 4));
  long child = sys0(__NR_fork);
  if (!child) {
    send(pair[0], "me", 2, 0);
    finish(0);
  }
  iov = (struct iov){buffer, 9};
  m = (struct msg){0, 0, &iov, 1, &c, sizeof c, 0};
  long r = sys3(__NR_recvmsg, pair[1], &m, 0);
  say(" %d type %d child %d uid %d\n", r, L(c.type), L(c.data[0] == child), L(c.data[1]));
  sys4(__NR_wait4, child, 0, 0, 0);
  say(" peer %d\n", L(option(pair[0], 17) == sys0(__NR_getpid)));
  close_(pair[0]), close_(pair[1]);
}
static int nameOf(struct sun *a, const char *path, int abstract) {
  int n = 0;
  a->family = 1;
  if (abstract) a->path[n++] = 0;
  while (*path) a->path[n++] = *path++;
  if (!abstract) a->path[n++] = 0;
  return n + 2;
}
static void names(const char *path, int abstract) {
  struct sun a, b;
  int length = nameOf(&a, path, abstract), n = sizeof b;
  long s = sys3(__NR_socket, 1, STREAM, 0), other = sys3(__NR_socket, 1, STREAM, 0);
  say("names: listen without one %d, refused %d", sys2(__NR_listen, s, 5), sys3(__NR_connect, other, &a, length));
  say(" bind %d", sys3(__NR_bind, s, &a, length));
  say(" twice %d, taken %d, not listening %d\n", sys3(__NR_bind, s, &a, length), sys3(__NR_bind, other, &a, length), sys3(__NR_connect, other, &a, length));
  memset(&b, 0, sizeof b);
  say(" name %d", sys3(__NR_getsockname, s, &b, &n));
  say(" length %d %s, peer %d\n", L(n - length), b.path + abstract, sys3(__NR_getpeername, s, &b, &n));
  say(" listen %d, %d; nothing %d, poll %x\n", sys2(__NR_listen, s, 1), option(s, 30), sys3(__NR_fcntl, s, 4, NONBLOCK) + sys4(__NR_accept4, s, 0, 0, 0), L(ready(s)));
  long r = sys3(__NR_connect, other, &a, length);
  say(" connect %d, again %d, poll %x\n", r, sys3(__NR_connect, other, &a, length), L(ready(s)));
  send(other, "early", 5, 0);
  n = sizeof b;
  long c = sys4(__NR_accept4, s, &b, &n, 02000000);
  say(" accept %d length %d cloexec %d", L(c >= 0), L(n), sys3(__NR_fcntl, c, 1, 0));
  r = receive(c, 20, 0);
  say(" %d %s\n", r, buffer);
  n = sizeof b;
  sys3(__NR_getpeername, other, &b, &n);
  say(" peer length %d %s, pid %d\n", L(n - length), b.path + abstract, L(option(c, 17) == sys0(__NR_getpid)));
  long d = sys3(__NR_socket, 1, DGRAM, 0);
  say(" wrong type %d, send to a stream %d\n", sys3(__NR_connect, d, &a, length), sendTo(d, "x", 1, 0, &a, length));
  close_(s), close_(c), close_(other), close_(d);
  d = sys3(__NR_socket, 1, STREAM, 0);
  say(" closed %d", sys3(__NR_connect, d, &a, length));
  if (!abstract) say(" unlink %d", sys1(__NR_unlink, path));
  say(" gone %d\n", sys3(__NR_connect, d, &a, length));
  close_(d);
}
static void errors(void) {
  int pipe[2];
  sys1(__NR_pipe, pipe);
  say("errors: family %d type %d protocol %d flags %d", sys3(__NR_socket, 99, STREAM, 0), sys3(__NR_socket, 1, 9, 0), sys3(__NR_socket, 1, STREAM, 7), sys3(__NR_socket, 1, STREAM | 0x100000, 0));
  say(" not a socket %d, bad %d\n", sys2(__NR_listen, pipe[0], 1), sys2(__NR_listen, 99, 1));
  long s = sys3(__NR_socket, 1, STREAM, 0), d = sys3(__NR_socket, 1, DGRAM, 0);
  say(" unconnected: stream %d %d datagram %d %d shutdown %d\n", send(s, "x", 1, NOSIGNAL), receive(s, 1, DONTWAIT), send(d, "x", 1, 0), receive(d, 1, DONTWAIT), sys2(__NR_shutdown, s, 2));
  say(" option %d, level %d\n", option(s, 999), sys5(__NR_getsockopt, s, 77, 1, buffer, buffer));
  say(" poll %x %x\n", L(ready(s)), L(ready(d)));
}

enum { WAITFORONE = 0x10000 };
struct mmsg { struct msg m; unsigned len; };
static struct mmsg many[4];
static struct iov vectors[4];
static char texts[4][8];
static struct mmsg *messages(long room) {
  for (int i = 0; i < 4; i++) {
    vectors[i] = (struct iov){texts[i], room};
    many[i] = (struct mmsg){{0, 0, &vectors[i], 1, 0, 0, 0}, 77};
  }
  return many;
}
static void shown(const char *what, long r) {
  say(" %s %d:", what, r);
  for (int i = 0; i < 4; i++) say(" %d %s %x,", L(many[i].len), texts[i], L(many[i].m.flags));
  say("\n");
}
static void several(const char *what, int type) {
  struct { long sec, nsec; } none = {0, 0}, while_ = {5, 0}, bad = {0, 1000000000};
  make(type);
  say("several, %s: bad descriptor %d, none %d\n", what, sys4(__NR_sendmmsg, 99, messages(3), 0, 0), sys4(__NR_sendmmsg, pair[0], messages(3), 0, 0));
  for (int i = 0; i < 4; i++) texts[i][0] = 'a' + i, texts[i][1] = 'A' + i, texts[i][2] = 0;
  shown("sent", sys4(__NR_sendmmsg, pair[0], messages(2), 3, NOSIGNAL));
  memset(texts, 0, sizeof texts);
  shown("received", sys5(__NR_recvmmsg, pair[1], messages(type == STREAM ? 2 : 7), 4, DONTWAIT, 0));
  sys4(__NR_sendmmsg, pair[0], messages(1), 2, 0);
  shown("what is there", sys5(__NR_recvmmsg, pair[1], messages(1), 4, WAITFORONE, 0));
  sys4(__NR_sendmmsg, pair[0], messages(1), 3, 0);
  shown("one, the time is over", sys5(__NR_recvmmsg, pair[1], messages(1), 4, 0, &none));
  shown("in time", sys5(__NR_recvmmsg, pair[1], messages(1), 2, 0, &while_));
  say(" some time left %d %d\n", L(while_.sec <= 5), L(while_.sec > 0));
  say(" nothing %d, no such time %d, no time %d", sys5(__NR_recvmmsg, pair[1], messages(1), 4, DONTWAIT, 0), sys5(__NR_recvmmsg, 99, messages(1), 4, 0, &bad), sys5(__NR_recvmmsg, 99, messages(1), 4, 0, 8));
  say(" not there %d", sys4(__NR_sendmmsg, pair[0], 8, 1, 0));
  messages(1)[1].m.iov = (void *)8;
  shown("the second is not there", sys4(__NR_sendmmsg, pair[0], many, 3, 0));
  receive(pair[1], 8, 0);
  // The other end comes late: the call waits for the first message, and for the second.
  long child = sys2(__NR_clone, SIGCHLD, 0);
  if (child == 0) {
    for (int i = 0; i < 2; i++) {
      struct { long sec, nsec; } nap = {0, 20000000};
      sys2(__NR_nanosleep, &nap, 0);
      send(pair[0], "late", 4, 0);
    }
    sys1(__NR_exit_group, 0);
  }
  shown("late", sys5(__NR_recvmmsg, pair[1], messages(4), 2, 0, 0));
  say(" %x\n", L(end(child)));
  close_(pair[0]);
  if (type != DGRAM) shown("end", sys5(__NR_recvmmsg, pair[1], messages(4), 2, 0, 0));
  close_(pair[1]);
}
/* What fails after the first message is told by the next call, or by SO_ERROR, once. */
static void later(const char *what, int type) {
  make(type);
  say("later, %s: option %d", what, option(pair[1], 4));
  send(pair[0], "first", 5, 0), send(pair[0], "second", 6, 0), send(pair[0], "third", 5, 0);
  messages(type == STREAM ? 5 : 8)[1].m.iov = (void *)8;
  say(" bad second %d", sys5(__NR_recvmmsg, pair[1], many, 3, 0, 0));
  say(" poll %x option %d %d\n", L(ready(pair[1])), option(pair[1], 4), option(pair[1], 4));
  messages(type == STREAM ? 1 : 8)[1].m.iov = (void *)8;
  send(pair[0], "fourth", 6, 0);
  say(" bad second %d", sys5(__NR_recvmmsg, pair[1], many, 3, 0, 0));
  say(" next %d", sys5(__NR_recvmmsg, pair[1], messages(2), 1, DONTWAIT, 0));
  say(" and %d %s\n", sys5(__NR_recvmmsg, pair[1], messages(2), 1, DONTWAIT, 0), texts[0]);
  send(pair[0], "fifth", 5, 0), send(pair[0], "sixth", 5, 0);
  messages(1)[1].m.iov = (void *)8;
  say(" bad second %d", sys5(__NR_recvmmsg, pair[1], many, 3, 0, 0));
  say(" one alone %d", receive(pair[1], 2, DONTWAIT));
  say(" sent %d, and none %d\n", send(pair[1], "x", 1, 0), sys5(__NR_recvmmsg, pair[1], messages(1), 0, 0, 0));
  while (receive(pair[1], 9, DONTWAIT) >= 0) continue;
  send(pair[0], "seventh", 7, 0);
  say(" nothing more %d", sys5(__NR_recvmmsg, pair[1], messages(7), 2, WAITFORONE, 0));
  say(" option %d\n", option(pair[1], 4));
  messages(1)[1].m.iov = (void *)8;
  say(" sending %d", sys4(__NR_sendmmsg, pair[1], many, 2, 0));
  say(" option %d\n", option(pair[1], 4));
  close_(pair[0]), close_(pair[1]);
}
static long outq(int fd) {
  int n = -1;
  long r = sys3(__NR_ioctl, fd, 0x5411, &n);
  return r < 0 ? r : n;
}
static char block[70000];
static long take(long n, int flags) {
  iov = (struct iov){block, n};
  m = (struct msg){0, 0, &iov, 1, 0, 0, 0};
  return sys3(__NR_recvmsg, pair[1], &m, flags);
}
/* The memory of one message, and how many fit. */
static void space(const char *kind, int type, int buffer) {
  static const int sizes[] = {0, 1, 192, 193, 704, 705, 1728, 1729, 3776, 3777, 5000, 7873, 16065, 20161, 32768, 36545, 65536};
  say("%s, buffer %d:", kind, L(buffer));
  for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    make(type | NONBLOCK);
    if (buffer) sys5(__NR_setsockopt, pair[0], 1, 7, &buffer, 4);
    say(" %d", send(pair[0], block, sizes[i], 0)), say("/%d", outq(pair[0]));
    close_(pair[0]), close_(pair[1]);
  }
  say("\n ");
  for (int size = 1; size <= 50000; size = size == 1 ? 1000 : size * 7) {
    long calls = 0, bytes = 0, n;
    make(type | NONBLOCK);
    if (buffer) sys5(__NR_setsockopt, pair[0], 1, 7, &buffer, 4);
    while (ready(pair[0]) & 4 && (n = send(pair[0], block, size, 0)) >= 0) calls++, bytes += n;
    say(" writable for %d calls, %d bytes;", calls, bytes);
    while ((n = send(pair[0], block, size, 0)) >= 0) calls++, bytes += n;
    say(" %d fit, %d bytes, %d, in use %d;", calls, bytes, n, outq(pair[0]));
    take(1, DONTWAIT);
    say(" after one byte %d", outq(pair[0]));
    while (take(sizeof block, DONTWAIT) > 0) continue;
    say(" at the end %d\n", outq(pair[0]));
    close_(pair[0]), close_(pair[1]);
  }
  make(type);
  for (int option_ = 7; option_ < 9; option_++)
    for (int value = 0; value < 30000; value += 20000) {
      int got = 0, length = 4;
      sys5(__NR_setsockopt, pair[0], 1, option_, &value, 4);
      sys5(__NR_getsockopt, pair[0], 1, option_, &got, &length);
      say("  option %d: %d", L(option_), L(got));
    }
  say("\n");
  close_(pair[0]), close_(pair[1]);
}
/* A writer that waits goes on when three quarters of the buffer are free. */
static void resumed(int type) {
  make(type);
  long c = sys0(__NR_fork);
  if (!c) {
    for (int i = 0; i < 100; i++) send(pair[0], block, 5000, 0);
    finish(0);
  }
  long t[2] = {0, 100000000};
  sys2(__NR_nanosleep, t, 0);
  say("resumed: %d", outq(pair[0]));
  for (int i = 0; i < 22; i++) {
    take(5000, 0);
    // The writer may take a while to fill the buffer again.
    do sys2(__NR_nanosleep, ((long[2]){0, 5000000}), 0);
    while (outq(pair[0]) < 212992 / 4);
    say(" %d", outq(pair[0]));
  }
  sys2(__NR_kill, c, 9), end(c);
  say("\n");
  close_(pair[0]), close_(pair[1]);
}
/* Options of level SOL_SOCKET that every socket has: the first value, those after 1 and -1, the errors. */
static void options(const char *kind, int family, int type) {
  static const int numbers[] = {1, 2, 5, 6, 9, 10, 11, 12, 13, 14, 15, 19, 34, 36, 40, 41, 43, 45, 46, 48, 56, 60, 69, 75};
  say("options of %s:", kind);
  for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    // Linux 6.16 refuses the second, and zero-copy sends are missing.
    if (family == 2 && (numbers[i] == 34 || numbers[i] == 60)) continue;
    int fd = (int)sys3(__NR_socket, family, type, 0), values[] = {1, -1};
    say("\n  %d: %d", L(numbers[i]), option(fd, numbers[i]));
    for (int k = 0; k < 2; k++) {
      long r = sys5(__NR_setsockopt, fd, 1, numbers[i], &values[k], 4);
      say(", set %d now %d", r, option(fd, numbers[i]));
    }
    say(" short %d", sys5(__NR_setsockopt, fd, 1, numbers[i], values, 3));
    close_(fd);
  }
  int fd = (int)sys3(__NR_socket, family, type, 0), linger[2] = {1, 7}, off[2] = {0, 3}, n = 8;
  long r = sys5(__NR_setsockopt, fd, 1, 13, linger, 8);
  sys5(__NR_getsockopt, fd, 1, 13, linger, &n);
  say("\n  linger %d: %d %d", r, L(linger[0]), L(linger[1]));
  r = sys5(__NR_setsockopt, fd, 1, 13, off, 8);
  sys5(__NR_getsockopt, fd, 1, 13, linger, &n);
  say(", off %d: %d", r, L(linger[0]));
  uint64_t cookies[2] = {0, 0};
  int other = (int)sys3(__NR_socket, family, type, 0), eight = 8;
  r = sys5(__NR_getsockopt, fd, 1, 57, &cookies[0], &eight);
  say(", cookies %d %d", r, sys5(__NR_getsockopt, other, 1, 57, &cookies[1], &eight));
  say(" differ %d\n", L(cookies[0] && cookies[0] != cookies[1]));
  close_(fd), close_(other);
  long c = sys0(__NR_fork);
  if (!c) {
    int one = 1, seven = 7, user = (int)sys3(__NR_socket, family, type, 0);
    uint32_t head[2] = {0x20080522, 0}, none[6] = {0};
    sys2(__NR_capset, head, none);
    say("  without capabilities: debug %d", sys5(__NR_setsockopt, user, 1, 1, &one, 4));
    say(" priority %d %d", sys5(__NR_setsockopt, user, 1, 12, &seven, 4), sys5(__NR_setsockopt, user, 1, 12, &one, 4));
    say(" mark %d busy polls %d %d\n", sys5(__NR_setsockopt, user, 1, 36, &one, 4), sys5(__NR_setsockopt, user, 1, 46, &one, 4), sys5(__NR_setsockopt, user, 1, 69, &one, 4));
    finish(0);
  }
  end(c);
}
/* Each socket carries the one before it: they end together. */
static void carried(void) {
  long sent = 0;
  int last[2];
  make(DGRAM);
  last[0] = pair[0], last[1] = pair[1];
  for (int n = 0; n < 12000; n++) {
    make(DGRAM);
    struct cmsg c = {HEAD + 4, 1, 1, {last[1]}};
    iov = (struct iov){"x", 1};
    m = (struct msg){0, 0, &iov, 1, &c, HEAD + 4, 0};
    sent += sys3(__NR_sendmsg, pair[0], &m, 0);
    close_(last[0]), close_(last[1]);
    last[0] = pair[0], last[1] = pair[1];
  }
  say("carried: %d, closed %d %d\n", sent, close_(last[0]), close_(last[1]));
}
static int body(int argc, char **arguments, char **environment) {
  (void)argc, (void)arguments, (void)environment;
  on(SIGPIPE, pipes, 0);
  pairs("stream", STREAM);
  pairs("datagram", DGRAM);
  pairs("seqpacket", SEQPACKET);
  reset("stream", STREAM);
  reset("datagram", DGRAM);
  reset("seqpacket", SEQPACKET);
  leave();
  full();
  rights(STREAM);
  rights(DGRAM);
  carried();
  for (int buffer = 0; buffer < 30000; buffer += 10000) {
    space("stream", STREAM, buffer);
    space("datagram", DGRAM, buffer);
    space("seqpacket", SEQPACKET, buffer);
  }
  options("a stream", 1, STREAM), options("datagrams", 1, DGRAM), options("TCP", 2, STREAM), options("UDP", 2, DGRAM);
  resumed(STREAM), resumed(DGRAM), resumed(SEQPACKET);
  credentials();
  names("/tmp/trapgate-socket", 0);
  names("trapgate-socket", 1);
  errors();
  several("stream", STREAM);
  several("datagram", DGRAM);
  several("seqpacket", SEQPACKET);
  later("stream", STREAM);
  later("datagram", DGRAM);
  later("seqpacket", SEQPACKET);
  return 2;
}
