// Sockets in flight: descriptors in messages are limited, and sockets that only their own messages hold end.
#include "guest.h"
struct iov { void *base; size_t n; };
struct msg { void *name; int namelen; struct iov *iov; size_t iovlen; void *control; size_t controllen; int flags; };
struct cmsg { size_t len; int level, type; };
static long pass(long s, const int *fds, int n) {
  char control[sizeof(struct cmsg) + 40] = {0};
  struct cmsg *c = (void *)control;
  c->len = sizeof *c + 4 * n, c->level = 1, c->type = 1;
  for (int i = 0; i < n; i++) ((int *)(c + 1))[i] = fds[i];
  struct iov iov = {"x", 1};
  struct msg m = {0, 0, &iov, 1, control, (c->len + sizeof(long) - 1) & -sizeof(long), 0};
  return sys3(__NR_sendmsg, s, &m, 0x40);
}
static int second;
static long take(long s) {
  char control[64];
  char byte;
  struct iov iov = {&byte, 1};
  struct msg m = {0, 0, &iov, 1, control, sizeof control, 0};
  long n = sys3(__NR_recvmsg, s, &m, 0x40);
  int *fds = (int *)((struct cmsg *)control + 1);
  second = n > 0 && m.controllen >= sizeof(struct cmsg) + 8 ? fds[1] : -1;
  return n <= 0 ? n : m.controllen ? fds[0] : 0;
}
static long nap(void) {
  long t[2] = {0, 20000000};
  return sys2(__NR_nanosleep, t, 0);
}
/* If the other end of a pipe whose writer is in the cycle has ended. */
static void ended(const char *what, int reader) {
  struct { int fd; short events, got; } p = {reader, 1, 0};
  for (int i = 0; i < 50; i++)
    if (sys3(__NR_poll, &p, 1, 0) == 0) nap();
    else break;
  said(" %s %x", L(what), p.got);
  sys1(__NR_close, reader);
}
/* Pairs are sent in circles of `count`, each with the writer of a pipe. Then all are closed, but one if
   `keeps`. */
static void circle(const char *what, int type, int count, int keeps) {
  int pairs[8][2], pipe[2], kept = -1;
  sys1(__NR_pipe, pipe);
  for (int i = 0; i < count; i++) sys4(__NR_socketpair, 1, type, 0, pairs[i]);
  for (int i = 0; i < count; i++) {
    int fds[2] = {pairs[(i + 1) % count][0], pipe[1]};
    long r = pass(pairs[i][1], fds, 2);
    if (r != 1) said(" pass %d", r);
  }
  sys1(__NR_close, pipe[1]);
  for (int i = 0; i < count; i++) {
    if (keeps && i == 0) kept = pairs[0][0];
    else sys1(__NR_close, pairs[i][0]);
    sys1(__NR_close, pairs[i][1]);
  }
  if (keeps) {
    struct { int fd; short events, got; } p = {pipe[0], 1, 0};
    nap(), nap();
    said(" %s alive %d", L(what), sys3(__NR_poll, &p, 1, 0));
    long next = take(kept);
    sys1(__NR_close, second);
    said(" next %d", next >= 0);
    if (count > 1) {
      long after = take(next);
      said(" after %d", after >= 0), sys1(__NR_close, after), sys1(__NR_close, second);
    }
    sys1(__NR_close, next);
    sys1(__NR_close, kept);
  }
  ended(what, pipe[0]);
}
static int body(int argc, char **argv, char **envp) {
  (void)argc, (void)argv, (void)envp;
  static const int types[] = {1, 2, 5};
  for (int t = 0; t < 3; t++) {
    said("type %d", types[t]);
    circle("self", types[t], 1, 0), circle("two", types[t], 2, 0), circle("seven", types[t], 7, 0);
    circle("kept", types[t], 1, 1), circle("kept two", types[t], 2, 1), circle("kept seven", types[t], 7, 1);
    say("\n");
  }
  /* A connection that waits in a listener, which is in flight in the connection. */
  int pipe[2];
  uint8_t name[12] = {1, 0, 0, 'f', 'l', 'i', 'g', 'h', 't', 's'};
  sys1(__NR_pipe, pipe);
  int l = sys3(__NR_socket, 1, 1, 0), c = sys3(__NR_socket, 1, 1, 0);
  said("listener %d %d", sys3(__NR_bind, l, name, 10), sys2(__NR_listen, l, 4));
  said(" %d", sys3(__NR_connect, c, name, 10));
  int fds[2] = {l, pipe[1]};
  said(" %d", pass(c, fds, 2));
  sys1(__NR_close, l), sys1(__NR_close, c), sys1(__NR_close, pipe[1]);
  ended("embryo", pipe[0]);
  /* The limit is that of open files. */
  long limit[2] = {20, 20};
  int pair[2], n = 0;
  sys4(__NR_socketpair, 1, 1, 0, pair);
  said("\nlimit %d", sys2(__NR_setrlimit, 7, limit));
  for (n = 0; n < 60 && pass(pair[0], pair, 1) == 1; n++) ;
  said(" root %d", n);
  while (take(pair[1]) > 0) sys1(__NR_close, 5), sys1(__NR_close, 6), sys1(__NR_close, 7), sys1(__NR_close, 8), sys1(__NR_close, 9);
  said(" user %d", sys3(__NR_setresuid, 54321, 54321, 54321));
  long r = 0;
  for (n = 0; n < 60 && (r = pass(pair[0], pair, 1)) == 1; n++) ;
  said(" sent %d %d", n, r), said(" plain %d", sys3(__NR_write, pair[0], "x", 1));
  long got = take(pair[1]);
  said(" took %d", got > 0), sys1(__NR_close, got);
  said(" again %d %d\n", pass(pair[0], pair, 1), pass(pair[0], pair, 1));
  return 0;
}
