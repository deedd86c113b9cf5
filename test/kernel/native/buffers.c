// io_uring: provided and registered buffers, bundles, messages, commands for sockets, tags, cancellation, clocks.
#include "uring.h"
#define REG(op, arg, n) sys4(__NR_io_uring_register, R.fd, op, arg, n)
enum { PBUF_MMAP = 1, PBUF_INC = 2, BUNDLE = 16, CLONE = 30, CLOCK = 29 };
static char space[8192] __attribute__((aligned(4096))), space2[4096] __attribute__((aligned(4096)));
static void give(struct io_uring_buf *b, int at, void *to, unsigned n, int id) {
  b[at].addr = (unsigned long)to, b[at].len = n, b[at].bid = id;
}
#define TAIL(b) (*(volatile unsigned short *)((char *)(b) + 14))
#define SOCKETPAIR(type, p) sys4(__NR_socketpair, 1, type, 0, p)
#define SEND(fd, s, n) sys6(__NR_sendto, fd, (long)(s), n, 0, 0, 0)
static long ring_of(struct io_uring_buf *at, unsigned entries, int group, int flags) {
  struct io_uring_buf_reg reg;
  memset(&reg, 0, sizeof reg);
  reg.ring_addr = (unsigned long)at, reg.ring_entries = entries, reg.bgid = group, reg.flags = flags;
  return REG(IORING_REGISTER_PBUF_RING, &reg, 1);
}
static long no_ring(int group) {
  struct io_uring_buf_reg reg;
  memset(&reg, 0, sizeof reg);
  reg.bgid = group;
  return REG(IORING_UNREGISTER_PBUF_RING, &reg, 1);
}
static struct io_uring_sqe *select(int op, long fd, unsigned n, int group, int ioprio, int user) {
  struct io_uring_sqe *s = add(&R, op, fd, 0, n, 0, user);
  s->flags = IOSQE_BUFFER_SELECT, s->buf_group = group, s->ioprio = ioprio;
  return s;
}
static void rings(void) {
  struct io_uring_buf *b = (void *)space2;
  say("rings of buffers\n");
  say(" bad flag %d", ring_of(b, 4, 1, 8));
  say(", odd %d", ring_of((void *)(space2 + 8), 4, 1, 0));
  say(", null %d", ring_of(0, 4, 1, 0));
  say(", unmapped %d", ring_of((void *)0x10000, 4, 1, 0));
  say(", 3 entries %d\n", ring_of(b, 3, 1, 0));
  say(" made %d", ring_of(b, 4, 1, 0));
  say(", again %d", ring_of(b, 4, 1, 0));
  say(", mmap of it %d\n", MMAP(4096, R.fd, 0x80010000ul));
  int p[2];
  SOCKETPAIR(1, p);
  for (int i = 0; i < 4; i++) give(b, i, space + 16 * i, 4, 10 + i);
  TAIL(b) = 4;
  SEND(p[0], "abcdefghij", 10);
  select(IORING_OP_RECV, p[1], 0, 1, 0, 1);
  ALL(1);
  select(IORING_OP_RECV, p[1], 0, 1, BUNDLE, 2);
  ALL(1);
  done(&R, "one, then a bundle");
  say(" %s %s %s\n", space, space + 16, space + 32);
  SEND(p[0], "xy", 2);
  select(IORING_OP_RECV, p[1], 0, 1, 2, 3);
  ALL(1);
  SEND(p[0], "z", 1);
  pause_ms(10);
  enter6(R.fd, 0, 0, IORING_ENTER_GETEVENTS, 0, 8);
  done(&R, "repeated until none is left");
  say(" end %d", no_ring(1));
  say(", again %d\n", no_ring(1));
  // A ring in memory of the kernel, used in pieces.
  say(" of the kernel %d", ring_of(0, 4, 2, PBUF_MMAP | PBUF_INC));
  b = (void *)MMAP(4096, R.fd, 0x80020000ul);
  memset(space, 0, 64);
  give(b, 0, space, 6, 20), give(b, 1, space + 16, 6, 21);
  TAIL(b) = 2;
  for (int i = 0; i < 3; i++) {
    SEND(p[0], "pqrst", 4);
    select(IORING_OP_RECV, p[1], 0, 2, 0, 30 + i);
    ALL(1);
  }
  select(IORING_OP_RECV, p[1], 0, 2, 0, 33);
  ALL(1);
  done(&R, "in pieces");
  say(" %s %s, end %d\n", space, space + 16, no_ring(2));
  // The length of a vector, with a provided buffer.
  add(&R, IORING_OP_PROVIDE_BUFFERS, 1, space, 64, 5, 40)->buf_group = 3;
  ALL(1);
  long v[2] = {0, 3};
  SEND(p[0], "12345", 5);
  struct io_uring_sqe *s = select(IORING_OP_READV, p[1], 1, 3, 0, 41);
  s->addr = (unsigned long)v;
  ALL(2);
  s = select(IORING_OP_READV, p[1], 2, 3, 0, 42);
  s->addr = (unsigned long)v;
  ALL(3);
  done(&R, "vectors");
  // Sent from provided buffers.
  memcpy(space, "sent", 4);
  add(&R, IORING_OP_PROVIDE_BUFFERS, 1, space, 4, 6, 43)->buf_group = 4;
  select(IORING_OP_SEND, p[1], 0, 4, 0, 44);
  ALL(2);
  done(&R, "sent from a buffer");
  sys1(__NR_close, p[0]), sys1(__NR_close, p[1]);
}
static void messages(void) {
  say("messages\n");
  int p[2];
  SOCKETPAIR(2, p);
  memset(space, 0, sizeof space);
  add(&R, IORING_OP_PROVIDE_BUFFERS, 3, space, 64, 0, 1)->buf_group = 5;
  ALL(1);
  static struct { void *name; int namelen; struct { void *base; size_t len; } *iov; size_t iovlen; void *control; size_t controllen; int flags; } m;
  m.namelen = 8, m.controllen = 16;
  SEND(p[0], "one", 3);
  struct io_uring_sqe *s = select(IORING_OP_RECVMSG, p[1], 1, 5, 2, 2);
  s->addr = (unsigned long)&m;
  ALL(1);
  SEND(p[0], "second", 6);
  pause_ms(5);
  enter6(R.fd, 0, 0, IORING_ENTER_GETEVENTS, 0, 8);
  done(&R, "repeated");
  unsigned *o = (unsigned *)space;
  say(" names %d, control %d, bytes %d, flags %x: %s\n", L(o[0]), L(o[1]), L(o[2]), L(o[3]), space + 16 + 8 + 16);
  add(&R, IORING_OP_ASYNC_CANCEL, 0, (void *)2, 0, 0, 3);
  ALL(1);
  done(&R, "cancelled");
  struct { void *base; size_t len; } v = {0, 2};
  memset(&m, 0, sizeof m);
  m.iov = (void *)&v, m.iovlen = 1;
  SEND(p[0], "third", 5);
  s = select(IORING_OP_RECVMSG, p[1], 1, 5, 0, 4);
  s->addr = (unsigned long)&m;
  ALL(1);
  done(&R, "one");
  say(" flags %x: %s\n", L(m.flags), space + 128);
  sys1(__NR_close, p[0]), sys1(__NR_close, p[1]);
}
static void tags(void) {
  say("tags\n");
  int p[2], fds[2];
  sys1(__NR_pipe, p);
  fds[0] = p[0], fds[1] = -1;
  uint64_t marks[2] = {70, 71};
  struct io_uring_rsrc_register r;
  memset(&r, 0, sizeof r);
  r.nr = 2, r.data = (unsigned long)fds, r.tags = (unsigned long)marks;
  say(" tag of nothing %d", REG(IORING_REGISTER_FILES2, &r, sizeof r));
  marks[1] = 0;
  say(", files %d\n", REG(IORING_REGISTER_FILES2, &r, sizeof r));
  add(&R, IORING_OP_READ, 0, buf, 4, 0, 1)->flags = IOSQE_FIXED_FILE;
  ALL(0);
  int none = -1;
  struct io_uring_rsrc_update u = {0, 0, (unsigned long)&none};
  say(" removed %d", REG(IORING_REGISTER_FILES_UPDATE, &u, 1));
  done(&R, "in use");
  sys3(__NR_write, p[1], "abcd", 4);
  enter6(R.fd, 0, 2, IORING_ENTER_GETEVENTS, 0, 8);
  done(&R, "after its use");
  say(" unregister %d", REG(IORING_UNREGISTER_FILES, 0, 0));
  struct { void *base; size_t len; } v[2] = {{space, 16}, {0, 0}};
  marks[0] = 72;
  r.data = (unsigned long)v;
  say(", buffers %d", REG(IORING_REGISTER_BUFFERS2, &r, sizeof r));
  struct ring other;
  setup(&other, 4, 0);
  unsigned clone[8] = {R.fd};
  say(", clone %d", sys4(__NR_io_uring_register, other.fd, CLONE, clone, 1));
  say(", again %d\n", sys4(__NR_io_uring_register, other.fd, CLONE, clone, 1));
  say(" unregister %d", REG(IORING_UNREGISTER_BUFFERS, 0, 0));
  enter6(R.fd, 0, 0, IORING_ENTER_GETEVENTS, 0, 8);
  done(&R, "cloned");
  say(" unregister %d", sys4(__NR_io_uring_register, other.fd, IORING_UNREGISTER_BUFFERS, 0, 0));
  enter6(R.fd, 0, 0, IORING_ENTER_GETEVENTS, 0, 8);
  done(&R, "gone");
  sys1(__NR_close, other.fd), sys1(__NR_close, p[0]), sys1(__NR_close, p[1]);
}
static void command(long fd, int op, int level, int name, void *value, int n, int user) {
  struct io_uring_sqe *s = add(&R, IORING_OP_URING_CMD, fd, 0, 0, 0, user);
  s->cmd_op = op, s->level = level, s->optname = name, s->optlen = n, s->optval = (unsigned long)value;
  ALL(1);
}
static void commands(void) {
  say("commands\n");
  struct { unsigned short family, port; unsigned addr; char zero[8]; } a = {2, 0, 0x100007f}, b;
  long n = sizeof a, sock = sys3(__NR_socket, 2, 2, 0);
  sys3(__NR_bind, sock, &a, sizeof a);
  sys3(__NR_getsockname, sock, &a, &n);
  sys3(__NR_connect, sock, &a, sizeof a);
  SEND(sock, "123", 3);
  int value = 0;
  command(sock, 0, 0, 0, 0, 0, 1);
  command(sock, 1, 0, 0, 0, 0, 2);
  command(sock, 2, 1, 3, &value, 4, 3);
  say(" type %d\n", L(value));
  command(sock, 2, 0, 3, &value, 4, 4);
  value = 1;
  command(sock, 3, 1, 2, &value, 4, 5);
  command(sock, 2, 1, 28, &b, sizeof b, 6);
  command(sock, 9, 0, 0, 0, 0, 7);
  command(1, 0, 0, 0, 0, 0, 8);
  done(&R, "");
  say(" peer %d\n", L(b.port == a.port));
  sys1(__NR_close, sock);
}
static void others(void) {
  say("others\n");
  // Waiting for a child; who cancels it gets a number.
  long pid = sys0(__NR_fork);
  if (pid == 0) {
    pause_ms(30);
    finish(7);
  }
  static int info[32];
  struct io_uring_sqe *s = add(&R, IORING_OP_WAITID, pid, 0, 1, (unsigned long)info, 1);
  s->file_index = 4;
  ALL(0);
  add(&R, IORING_OP_ASYNC_CANCEL, 0, (void *)1, 0, 0, 2);
  ALL(2);
  done(&R, "cancelled");
  s = add(&R, IORING_OP_WAITID, pid, 0, 1, (unsigned long)info, 3);
  s->file_index = 4;
  ALL(1);
  done(&R, "waited");
  say(" signal %d code %d\n", L(info[0]), L(info[2]));
  // A failed request without completions for successes: neither have the rest of its chain.
  for (int skip = 0; skip < 2; skip++) {
    for (int i = 0; i < 3; i++) {
      s = add(&R, i == 1 ? IORING_OP_READ : IORING_OP_NOP, i == 1 ? 99 : -1, buf, 1, 0, 10 + i);
      s->flags = (i < 2 ? IOSQE_IO_LINK : 0) | (skip == (i < 2) ? IOSQE_CQE_SKIP_SUCCESS : 0);
    }
    ALL(1);
    enter6(R.fd, 0, 0, IORING_ENTER_GETEVENTS, 0, 8);
    done(&R, "chain");
  }
  // A repeated poll ends when the ring of completions is full.
  struct ring small;
  zero(&small, sizeof small);
  small.p.cq_entries = 2;
  setup(&small, 2, 0);
  int q[2];
  sys1(__NR_pipe, q);
  add(&small, IORING_OP_POLL_ADD, q[0], 0, 1, 0, 1)->poll32_events = 1;
  submit(&small, 0);
  for (int i = 0; i < 8; i++) {
    sys3(__NR_write, q[1], "x", 1);
    sys3(__NR_read, q[0], buf, 1);
  }
  done(&small, "full");
  enter6(small.fd, 0, 0, IORING_ENTER_GETEVENTS, 0, 8);
  done(&small, "then");
  sys1(__NR_close, small.fd), sys1(__NR_close, q[0]), sys1(__NR_close, q[1]);
  // Submission ends at the first bad entry.
  add(&R, IORING_OP_READ, 0, buf, 1, 0, 20)->ioprio = 0xffff;
  add(&R, IORING_OP_NOP, -1, 0, 0, 0, 21);
  say(" bad priority: submitted %d", ALL(0));
  R.queued = 1;
  say(", the rest %d", ALL(0));
  done(&R, "");
  // Clocks and times of waits.
  unsigned clock[4] = {7};
  say(" clock %d", REG(CLOCK, clock, 0));
  clock[0] = 0;
  say(", bad %d", REG(CLOCK, clock, 0));
  long long now[2];
#ifdef __x86_64__
  sys2(__NR_clock_gettime, 7, now);
#else
  sys2(__NR_clock_gettime64, 7, now);
#endif
  struct io_uring_getevents_arg arg;
  memset(&arg, 0, sizeof arg);
  arg.ts = (unsigned long)now;
  say(", passed %d\n", enter6(R.fd, 0, 1, IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG | 32, &arg, sizeof arg));
  // A ring of one task.
  struct ring own;
  setup(&own, 4, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_R_DISABLED);
  pid = sys0(__NR_fork);
  if (pid == 0) {
    say(" enable %d", sys4(__NR_io_uring_register, own.fd, IORING_REGISTER_ENABLE_RINGS, 0, 0));
    add(&own, IORING_OP_NOP, -1, 0, 0, 0, 1);
    say(", submit %d", submit(&own, 0));
    finish(0);
  }
  end(pid);
  say(", by another %d %d\n", enter6(own.fd, 1, 0, 0, 0, 0), sys4(__NR_io_uring_register, own.fd, IORING_REGISTER_PERSONALITY, 0, 0));
  // Requests of an ended submitter: a timer goes on, a read does not.
  int p[2];
  sys1(__NR_pipe, p);
  pid = sys0(__NR_fork);
  if (pid == 0) {
    static long long ts[2] = {0, 20000000};
    add(&R, IORING_OP_TIMEOUT, -1, ts, 1, 0, 30);
    add(&R, IORING_OP_READ, p[0], buf, 4, 0, 31);
    ALL(0);
    finish(0);
  }
  end(pid);
  enter6(R.fd, 0, 1, IORING_ENTER_GETEVENTS, 0, 8);
  done(&R, "timer");
  sys3(__NR_write, p[1], "late", 4);
  enter6(R.fd, 0, 1, IORING_ENTER_GETEVENTS, 0, 8);
  done(&R, "read");
}
static int body(int argc, char **argv, char **envp) {
  say("ring %d\n", setup(&R, 8, 0));
  rings();
  messages();
  tags();
  commands();
  others();
  return 0;
}
