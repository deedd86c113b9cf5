// io_uring: set-up, submission, completions, links, timeouts, files, sockets, registered files and buffers.
#include "guest.h"
#include <linux/io_uring.h>
#define TMP "/tmp/uring-test"
struct ring {
  long fd;
  struct io_uring_params p;
  char *ring;
  struct io_uring_sqe *sqes;
  unsigned queued;
};
#ifdef __x86_64__
#define MMAP(n, fd, off) sys6(__NR_mmap, 0, n, 3, 0x8001, fd, off)
#else
static long mmap6(long n, long fd, long pages) {
  long a[6] = {0, n, 3, 0x8001, fd, pages}, *p = a, r = __NR_mmap2;
  __asm__ volatile("push %%ebx; push %%ebp; mov 0(%%edi), %%ebx; mov 4(%%edi), %%ecx; mov 8(%%edi), %%edx; mov 12(%%edi), %%esi;"
                   "mov 20(%%edi), %%ebp; mov 16(%%edi), %%edi; int $0x80; pop %%ebp; pop %%ebx"
                   : "+a"(r), "+D"(p) : : "ecx", "edx", "esi", "memory", "cc");
  return r;
}
#define MMAP(n, fd, off) mmap6(n, fd, (off) / 4096)
#endif
static long enter6(long fd, long n, long min, long flags, void *arg, long size) {
#ifdef __x86_64__
  return sys6(__NR_io_uring_enter, fd, n, min, flags, (long)arg, size);
#else
  long a[6] = {fd, n, min, flags, (long)arg, size}, *p = a, r = __NR_io_uring_enter;
  __asm__ volatile("push %%ebx; push %%ebp; mov 0(%%edi), %%ebx; mov 4(%%edi), %%ecx; mov 8(%%edi), %%edx; mov 12(%%edi), %%esi;"
                   "mov 20(%%edi), %%ebp; mov 16(%%edi), %%edi; int $0x80; pop %%ebp; pop %%ebx"
                   : "+a"(r), "+D"(p) : : "ecx", "edx", "esi", "memory", "cc");
  return r;
#endif
}
static struct ring R;
static void zero(void *p, size_t n) { memset(p, 0, n); }
static long setup(struct ring *r, unsigned entries, unsigned flags) {
  zero(r, sizeof *r);
  r->p.flags = flags;
  r->fd = sys2(__NR_io_uring_setup, entries, &r->p);
  if (r->fd < 0) return r->fd;
  long n = r->p.sq_off.array + 4 * r->p.sq_entries;
  r->ring = (char *)MMAP(n, r->fd, 0);
  r->sqes = (struct io_uring_sqe *)MMAP(64 * r->p.sq_entries, r->fd, 0x10000000);
  return r->fd;
}
#define AT(r, field) (*(volatile unsigned *)((r)->ring + (r)->p.field))
static struct io_uring_sqe *add(struct ring *r, int op, long fd, const void *addr, unsigned len, uint64_t off, uint64_t user) {
  unsigned tail = AT(r, sq_off.tail), i = tail & (r->p.sq_entries - 1);
  struct io_uring_sqe *s = &r->sqes[i];
  zero(s, sizeof *s);
  s->opcode = op, s->fd = fd, s->addr = (unsigned long)addr, s->len = len, s->off = off, s->user_data = user;
  ((unsigned *)(r->ring + r->p.sq_off.array))[i] = i;
  AT(r, sq_off.tail) = tail + 1;
  r->queued++;
  return s;
}
static long submit(struct ring *r, unsigned wait) {
  unsigned n = r->queued;
  r->queued = 0;
  return enter6(r->fd, n, wait, wait ? IORING_ENTER_GETEVENTS : 0, 0, 8);
}
/* All completions: user=result(flags). Sorted by nothing: the order is part of what is compared. */
static void done(struct ring *r, const char *what) {
  say(" %s:", what);
  unsigned head = AT(r, cq_off.head);
  while (head != AT(r, cq_off.tail)) {
    struct io_uring_cqe *c = (struct io_uring_cqe *)(r->ring + r->p.cq_off.cqes) + (head & (r->p.cq_entries - 1));
    say(" %d=%d", L(c->user_data), L(c->res));
    if (c->flags) say("(%x)", L(c->flags));
    head++;
  }
  AT(r, cq_off.head) = head;
  say("\n");
}
static void pause_ms(long ms) {
  long ts[2] = {ms / 1000, ms % 1000 * 1000000};
  sys2(__NR_nanosleep, ts, 0);
}
static void *bad = (void *)16;
static char buf[256], buf2[256];
#define ALL(n) submit(&R, n)

static void setups(void) {
  say("set-up\n");
  struct io_uring_params p;
  zero(&p, sizeof p);
  say(" none %d, many %d, bad %d\n", sys2(__NR_io_uring_setup, 0, &p), sys2(__NR_io_uring_setup, 40000, &p), sys2(__NR_io_uring_setup, 8, bad));
  unsigned wrong[] = {1u << 31, IORING_SETUP_SQ_AFF, IORING_SETUP_TASKRUN_FLAG, IORING_SETUP_DEFER_TASKRUN, IORING_SETUP_SQPOLL | IORING_SETUP_COOP_TASKRUN, IORING_SETUP_CQSIZE};
  for (int i = 0; i < 6; i++) {
    zero(&p, sizeof p);
    p.flags = wrong[i];
    say(" %x: %d", L(wrong[i]), sys2(__NR_io_uring_setup, 8, &p));
  }
  zero(&p, sizeof p);
  p.resv[1] = 1;
  say(" reserved %d\n", sys2(__NR_io_uring_setup, 8, &p));
  struct ring r;
  setup(&r, 5, 0);
  say(" entries %d %d, features %x, offsets", L(r.p.sq_entries), L(r.p.cq_entries), L(r.p.features & 0xffff));
  unsigned *o = (unsigned *)&r.p.sq_off;
  for (int i = 0; i < 8; i++) say(" %d", L(o[i]));
  o = (unsigned *)&r.p.cq_off;
  for (int i = 0; i < 8; i++) say(" %d", L(o[i]));
  say("\n masks %d %d entries %d %d, cloexec %d\n", L(AT(&r, sq_off.ring_mask)), L(AT(&r, cq_off.ring_mask)), L(AT(&r, sq_off.ring_entries)), L(AT(&r, cq_off.ring_entries)),
      sys3(__NR_fcntl, r.fd, 1, 0));
  say(" same memory %d, elsewhere %d, too long %d\n", L(*(unsigned *)((char *)MMAP(4096, r.fd, 0x8000000) + r.p.sq_off.ring_mask) == 7), MMAP(4096, r.fd, 0x18000000),
      MMAP(1 << 20, r.fd, 0) > -4096ul);
  say(" read %d, write %d, seek %d\n", sys3(__NR_read, r.fd, buf, 8), sys3(__NR_write, r.fd, buf, 8), sys3(__NR_lseek, r.fd, 0, 0));
  say(" enter: flags %d, closed %d, other %d, empty %d\n", enter6(r.fd, 0, 0, 1 << 30, 0, 0), enter6(99, 0, 0, 0, 0, 0), enter6(1, 0, 0, 0, 0, 0), enter6(r.fd, 4, 0, 0, 0, 0));
  sys1(__NR_close, r.fd);
}
static void simple(void) {
  say("files\n");
  add(&R, IORING_OP_NOP, -1, 0, 0, 0, 1);
  say(" submitted %d", ALL(1));
  done(&R, "nop");
  add(&R, IORING_OP_OPENAT, -100, TMP "/f", 0644, 0, 2)->open_flags = 0102;
  ALL(1);
  done(&R, "openat");
  long fd = 4;
  add(&R, IORING_OP_WRITE, fd, "hello world", 11, 0, 3);
  add(&R, IORING_OP_READ, fd, buf, 5, 6, 4);
  long v[4] = {(long)buf2, 3, (long)(buf2 + 10), 4};
  add(&R, IORING_OP_READV, fd, v, 2, 0, 5);
  say(" submitted %d", ALL(3));
  done(&R, "write, read, readv");
  say(" %s %s %s\n", buf, buf2, buf2 + 10);
  zero(buf, 64);
  add(&R, IORING_OP_READ, fd, buf, 4, -1ull, 6);
  add(&R, IORING_OP_READ, fd, buf + 8, 4, -1ull, 7);
  ALL(2);
  done(&R, "at the offset");
  say(" %s %s, offset %d\n", buf, buf + 8, sys3(__NR_lseek, fd, 0, 1));
  add(&R, IORING_OP_FSYNC, fd, 0, 0, 0, 8);
  ALL(1);
  add(&R, IORING_OP_FSYNC, fd, bad, 0, 0, 9);
  ALL(1);
  done(&R, "fsync");
  add(&R, IORING_OP_FALLOCATE, fd, (void *)100, 0, 0, 10);
  ALL(1);
  add(&R, IORING_OP_FTRUNCATE, fd, 0, 0, 20, 11);
  ALL(2);
  static char sx[256];
  add(&R, IORING_OP_STATX, -100, TMP "/f", 0x7ff, (unsigned long)sx, 12);
  ALL(3);
  done(&R, "size");
  say(" size %d\n", L(*(uint64_t *)(sx + 40)));
  add(&R, IORING_OP_MKDIRAT, -100, TMP "/d", 0755, 0, 13)->flags = IOSQE_IO_LINK;
  add(&R, IORING_OP_RENAMEAT, -100, TMP "/f", -100, (unsigned long)(TMP "/d/g"), 14)->flags = IOSQE_IO_LINK;
  add(&R, IORING_OP_SYMLINKAT, -100, "g", 0, (unsigned long)(TMP "/d/l"), 15)->flags = IOSQE_IO_LINK;
  add(&R, IORING_OP_LINKAT, -100, TMP "/d/g", -100, (unsigned long)(TMP "/d/h"), 16)->flags = IOSQE_IO_LINK;
  add(&R, IORING_OP_UNLINKAT, -100, TMP "/d/h", 0, 0, 17)->flags = IOSQE_IO_LINK;
  struct { uint64_t flags, mode, resolve; } how = {0, 0, 0};
  add(&R, IORING_OP_OPENAT2, -100, TMP "/d/l", 24, (unsigned long)&how, 18);
  ALL(6);
  done(&R, "names");
  add(&R, IORING_OP_CLOSE, 5, 0, 0, 0, 19);
  add(&R, IORING_OP_CLOSE, 5, 0, 0, 0, 20);
  add(&R, IORING_OP_CLOSE, R.fd, 0, 0, 0, 21);
  ALL(3);
  done(&R, "close");
  add(&R, IORING_OP_READ, 99, buf, 4, 0, 22);
  ALL(1);
  add(&R, IORING_OP_READ, fd, bad, 4, 0, 23);
  ALL(2);
  add(&R, 200, fd, bad, 4, 0, 24);
  add(&R, IORING_OP_NOP, 0, 0, 0, 0, 25);
  say(" submitted %d", ALL(0));
  done(&R, "wrong");
  R.queued = 1;
  say(" rest %d", ALL(1));
  done(&R, "");
  // A bad index is dropped.
  unsigned tail = AT(&R, sq_off.tail);
  ((unsigned *)(R.ring + R.p.sq_off.array))[tail & 7] = 99;
  AT(&R, sq_off.tail) = tail + 1;
  say(" bad index %d", enter6(R.fd, 1, 0, 0, 0, 0));
  say(", dropped %d\n", L(AT(&R, sq_off.dropped)));
  sys1(__NR_close, fd);
}
static void links(void) {
  say("links\n");
  long fd = sys3(__NR_open, TMP "/link", 0102, 0644);
  add(&R, IORING_OP_WRITE, fd, "abc", 3, 0, 1)->flags = IOSQE_IO_LINK;
  add(&R, IORING_OP_READ, fd, buf, 3, 0, 2)->flags = IOSQE_IO_LINK;
  add(&R, IORING_OP_NOP, 0, 0, 0, 0, 3);
  ALL(3);
  done(&R, "chain");
  add(&R, IORING_OP_READ, 99, buf, 3, 0, 4)->flags = IOSQE_IO_LINK;
  add(&R, IORING_OP_NOP, 0, 0, 0, 0, 5)->flags = IOSQE_IO_LINK;
  add(&R, IORING_OP_NOP, 0, 0, 0, 0, 6);
  add(&R, IORING_OP_NOP, 0, 0, 0, 0, 7);
  ALL(4);
  done(&R, "broken");
  add(&R, IORING_OP_READ, fd, buf, 10, 0, 8)->flags = IOSQE_IO_LINK;
  add(&R, IORING_OP_NOP, 0, 0, 0, 0, 9);
  ALL(2);
  done(&R, "short read");
  add(&R, IORING_OP_READ, 99, buf, 10, 0, 10)->flags = IOSQE_IO_HARDLINK;
  add(&R, IORING_OP_NOP, 0, 0, 0, 0, 11);
  ALL(2);
  done(&R, "hard");
  add(&R, IORING_OP_NOP, 0, 0, 0, 0, 12)->flags = IOSQE_CQE_SKIP_SUCCESS;
  add(&R, IORING_OP_READ, 99, buf, 10, 0, 13)->flags = IOSQE_CQE_SKIP_SUCCESS;
  ALL(1);
  done(&R, "quiet");
  add(&R, IORING_OP_NOP, 0, 0, 0, 0, 14)->flags = IOSQE_IO_LINK;
  add(&R, 200, 0, 0, 0, 0, 15)->flags = IOSQE_IO_LINK;
  add(&R, IORING_OP_NOP, 0, 0, 0, 0, 16);
  say(" %d", ALL(0));
  done(&R, "unknown inside");
  pause_ms(1);
  say(" rest %d\n", ALL(0));
  sys1(__NR_close, fd);
}
static void waiting(void) {
  say("waiting\n");
  int p[2];
  sys1(__NR_pipe, p);
  add(&R, IORING_OP_READ, p[0], buf, 10, 0, 1);
  say(" submitted %d", ALL(0));
  done(&R, "nothing yet");
  sys3(__NR_write, p[1], "data", 4);
  enter6(R.fd, 0, 1, IORING_ENTER_GETEVENTS, 0, 8);
  done(&R, "read");
  add(&R, IORING_OP_POLL_ADD, p[0], 0, 0, 0, 2)->poll32_events = 1;
  ALL(0);
  done(&R, "poll");
  sys3(__NR_write, p[1], "data", 4);
  enter6(R.fd, 0, 1, IORING_ENTER_GETEVENTS, 0, 8);
  done(&R, "ready");
  add(&R, IORING_OP_POLL_ADD, p[0], 0, 0, 0, 3)->poll32_events = 1;
  ALL(1);
  done(&R, "at once");
  sys3(__NR_read, p[0], buf, 10);
  add(&R, IORING_OP_POLL_ADD, p[0], 0, IORING_POLL_ADD_MULTI, 0, 4)->poll32_events = 1;
  ALL(0);
  for (int i = 0; i < 2; i++) {
    sys3(__NR_write, p[1], "m", 1);
    enter6(R.fd, 0, 1, IORING_ENTER_GETEVENTS, 0, 8);
    sys3(__NR_read, p[0], buf, 10);
  }
  done(&R, "many");
  add(&R, IORING_OP_POLL_REMOVE, -1, (void *)4, 0, 0, 5);
  add(&R, IORING_OP_POLL_REMOVE, -1, (void *)77, 0, 0, 6);
  ALL(3);
  done(&R, "removed");
  // Cancellation.
  add(&R, IORING_OP_READ, p[0], buf, 10, 0, 7);
  add(&R, IORING_OP_READ, p[0], buf, 10, 0, 7);
  ALL(0);
  add(&R, IORING_OP_ASYNC_CANCEL, -1, (void *)7, 0, 0, 8);
  ALL(2);
  done(&R, "one cancelled");
  add(&R, IORING_OP_READ, p[0], buf, 10, 0, 7);
  ALL(0);
  add(&R, IORING_OP_ASYNC_CANCEL, p[0], 0, 0, 0, 9)->cancel_flags = IORING_ASYNC_CANCEL_FD | IORING_ASYNC_CANCEL_ALL;
  ALL(3);
  done(&R, "both cancelled");
  add(&R, IORING_OP_ASYNC_CANCEL, -1, (void *)7, 0, 0, 10);
  ALL(1);
  done(&R, "none");
  // Timeouts.
  long long ts[2] = {0, 10000000}, far[2] = {100, 0};
  add(&R, IORING_OP_TIMEOUT, -1, ts, 1, 0, 11);
  ALL(1);
  done(&R, "timeout");
  add(&R, IORING_OP_TIMEOUT, -1, far, 1, 2, 12);
  add(&R, IORING_OP_NOP, 0, 0, 0, 0, 13);
  ALL(0);
  add(&R, IORING_OP_NOP, 0, 0, 0, 0, 14);
  ALL(3);
  done(&R, "counted");
  add(&R, IORING_OP_TIMEOUT, -1, far, 1, 0, 15);
  ALL(0);
  add(&R, IORING_OP_TIMEOUT_REMOVE, -1, (void *)15, 0, 0, 16);
  ALL(2);
  done(&R, "removed");
  add(&R, IORING_OP_TIMEOUT, -1, far, 1, 0, 17);
  add(&R, IORING_OP_TIMEOUT_REMOVE, -1, (void *)17, 0, (unsigned long)ts, 18)->timeout_flags = IORING_TIMEOUT_UPDATE;
  ALL(2);
  done(&R, "shortened");
  add(&R, IORING_OP_TIMEOUT, -1, far, 2, 0, 19);
  ALL(1);
  done(&R, "two times");
  add(&R, IORING_OP_TIMEOUT, -1, bad, 1, 0, 20);
  ALL(1);
  done(&R, "bad");
  add(&R, IORING_OP_READ, p[0], buf, 10, 0, 21)->flags = IOSQE_IO_LINK;
  add(&R, IORING_OP_LINK_TIMEOUT, -1, ts, 1, 0, 22);
  ALL(2);
  done(&R, "limited");
  sys3(__NR_write, p[1], "x", 1);
  add(&R, IORING_OP_READ, p[0], buf, 10, 0, 23)->flags = IOSQE_IO_LINK;
  add(&R, IORING_OP_LINK_TIMEOUT, -1, far, 1, 0, 24);
  ALL(2);
  done(&R, "in time");
  add(&R, IORING_OP_LINK_TIMEOUT, -1, far, 1, 0, 25);
  ALL(1);
  done(&R, "alone");
  // The wait itself.
  struct io_uring_getevents_arg arg;
  zero(&arg, sizeof arg);
  arg.ts = (unsigned long)ts;
  say(" timed wait %d", enter6(R.fd, 0, 1, IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG, &arg, sizeof arg));
  say(", size %d", enter6(R.fd, 0, 1, IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG, &arg, 8));
  add(&R, IORING_OP_NOP, 0, 0, 0, 0, 26)->flags = IOSQE_IO_DRAIN;
  say(", after quiet ones %d", ALL(0));
  done(&R, "");
  struct ring r;
  setup(&r, 8, 0);
  add(&r, IORING_OP_READ, p[0], buf, 10, 0, 26)->flags = IOSQE_IO_DRAIN;
  submit(&r, 0);
  add(&r, IORING_OP_NOP, 0, 0, 0, 0, 27)->flags = IOSQE_IO_DRAIN;
  add(&r, IORING_OP_NOP, 0, 0, 0, 0, 28);
  say(" drained %d", submit(&r, 0));
  done(&r, "");
  sys3(__NR_write, p[1], "x", 1);
  enter6(r.fd, 0, 3, IORING_ENTER_GETEVENTS, 0, 8);
  done(&r, "after");
  sys1(__NR_close, r.fd);
  // A file that does not wait.
  sys3(__NR_fcntl, p[0], 4, 04000);
  add(&R, IORING_OP_READ, p[0], buf, 10, 0, 29)->rw_flags = 8;
  ALL(1);
  done(&R, "not to wait");
  add(&R, IORING_OP_READ, p[0], buf, 10, 0, 29);
  ALL(0);
  done(&R, "nonblocking");
  sys3(__NR_write, p[1], "x", 1);
  enter6(R.fd, 0, 1, IORING_ENTER_GETEVENTS, 0, 8);
  done(&R, "");
  sys1(__NR_close, p[1]);
  add(&R, IORING_OP_READ, p[0], buf, 10, 0, 30);
  ALL(1);
  done(&R, "end of file");
  sys1(__NR_close, p[0]);
}
static void sockets(void) {
  say("sockets\n");
  struct { uint16_t family; char path[20]; } a = {1, "\0uring-test"};
  add(&R, IORING_OP_SOCKET, 1, 0, 0, 1, 1);
  ALL(1);
  done(&R, "socket");
  long s = 4;
  say(" bind %d", sys3(__NR_bind, s, &a, 14));
  say(" listen %d\n", sys2(__NR_listen, s, 5));
  add(&R, IORING_OP_ACCEPT, s, 0, 0, 0, 2);
  ALL(0);
  add(&R, IORING_OP_SOCKET, 1, 0, 0, 1, 3);
  ALL(1);
  done(&R, "second");
  add(&R, IORING_OP_CONNECT, 5, &a, 0, 14, 4);
  ALL(2);
  done(&R, "connect, accept");
  add(&R, IORING_OP_RECV, 6, buf, 10, 0, 5);
  ALL(0);
  add(&R, IORING_OP_SEND, 5, "over", 5, 0, 6);
  ALL(2);
  done(&R, "send, recv");
  say(" %s\n", buf);
  long v[2] = {(long)"message", 8}, m[7] = {0, 0, (long)v, 1, 0, 0, 0};
  long v2[2] = {(long)buf2, 20}, m2[7] = {0, 0, (long)v2, 1, 0, 0, 0};
  add(&R, IORING_OP_SENDMSG, 6, m, 1, 0, 7);
  add(&R, IORING_OP_RECVMSG, 5, m2, 1, 0, 8);
  ALL(2);
  done(&R, "messages");
  say(" %s\n", buf2);
  // Provided buffers, once and many times.
  static char pool[4][16];
  add(&R, IORING_OP_PROVIDE_BUFFERS, 4, pool, 16, 10, 9)->buf_group = 7;
  ALL(1);
  done(&R, "provided");
  struct io_uring_sqe *q = add(&R, IORING_OP_RECV, 6, 0, 0, 0, 10);
  q->flags = IOSQE_BUFFER_SELECT, q->buf_group = 7;
  ALL(0);
  sys3(__NR_write, 5, "first", 6);
  enter6(R.fd, 0, 1, IORING_ENTER_GETEVENTS, 0, 8);
  done(&R, "selected");
  say(" %s\n", pool[0]);
  q = add(&R, IORING_OP_RECV, 6, 0, 0, 0, 11);
  q->flags = IOSQE_BUFFER_SELECT, q->buf_group = 7, q->ioprio = IORING_RECV_MULTISHOT;
  ALL(0);
  for (int i = 0; i < 2; i++) {
    sys3(__NR_write, 5, "again", 6);
    enter6(R.fd, 0, i + 1, IORING_ENTER_GETEVENTS, 0, 8);
  }
  done(&R, "multishot");
  add(&R, IORING_OP_REMOVE_BUFFERS, 9, 0, 0, 0, 12)->buf_group = 7;
  ALL(1);
  done(&R, "removed");
  sys3(__NR_write, 5, "none", 5);
  enter6(R.fd, 0, 1, IORING_ENTER_GETEVENTS, 0, 8);
  done(&R, "no buffer");
  add(&R, IORING_OP_SHUTDOWN, 5, 0, 1, 0, 13);
  add(&R, IORING_OP_RECV, 6, buf, 10, 0, 14);
  add(&R, IORING_OP_RECV, 6, buf, 10, 0, 15);
  ALL(3);
  done(&R, "shutdown");
  for (int i = 4; i < 7; i++) sys1(__NR_close, i);
}
static void registered(void) {
  say("registered\n");
#define REG(op, arg, n) sys4(__NR_io_uring_register, R.fd, op, arg, n)
  long fd = sys3(__NR_open, TMP "/reg", 0102, 0644);
  int fds[3] = {fd, -1, fd};
  say(" none %d, files %d", REG(IORING_UNREGISTER_FILES, 0, 0), REG(IORING_REGISTER_FILES, fds, 3));
  say(", twice %d\n", REG(IORING_REGISTER_FILES, fds, 3));
  sys1(__NR_close, fd);
  add(&R, IORING_OP_WRITE, 0, "registered", 10, 0, 1)->flags = IOSQE_FIXED_FILE;
  ALL(1);
  add(&R, IORING_OP_READ, 2, buf, 10, 0, 2)->flags = IOSQE_FIXED_FILE;
  ALL(2);
  add(&R, IORING_OP_READ, 1, buf, 10, 0, 3)->flags = IOSQE_FIXED_FILE;
  add(&R, IORING_OP_READ, 9, buf, 10, 0, 4)->flags = IOSQE_FIXED_FILE;
  ALL(4);
  add(&R, IORING_OP_FTRUNCATE, 0, 0, 0, 4, 5)->flags = IOSQE_FIXED_FILE | IOSQE_IO_LINK;
  add(&R, IORING_OP_FSYNC, 0, 0, 0, 0, 6)->flags = IOSQE_FIXED_FILE;
  say(" submitted %d", ALL(6));
  done(&R, "by slot");
  struct io_uring_sqe *q = add(&R, IORING_OP_OPENAT, -100, TMP "/reg", 0, 0, 7);
  q->file_index = 2, q->open_flags = 0;
  ALL(1);
  done(&R, "opened into a slot");
  zero(buf, 64);
  add(&R, IORING_OP_READ, 1, buf, 10, 0, 8)->flags = IOSQE_FIXED_FILE;
  ALL(1);
  done(&R, "");
  say(" %s\n", buf);
  add(&R, IORING_OP_CLOSE, 0, 0, 0, 0, 9)->file_index = 2;
  add(&R, IORING_OP_CLOSE, 0, 0, 0, 0, 10)->file_index = 2;
  ALL(2);
  done(&R, "slot closed");
  int up[2] = {-1, 1};
  struct io_uring_rsrc_update u = {1, 0, (unsigned long)up};
  say(" update %d", REG(IORING_REGISTER_FILES_UPDATE, &u, 2));
  add(&R, IORING_OP_FILES_UPDATE, -1, up, 1, 2, 11);
  ALL(1);
  done(&R, "");
  say(" unregister %d, again %d\n", REG(IORING_UNREGISTER_FILES, 0, 0), REG(IORING_REGISTER_FILES, fds, 0));
  // Buffers.
  long v[4] = {(long)buf, 64, (long)buf2, 64}, badv[2] = {16, 64};
  say(" bad buffer %d, buffers %d", REG(IORING_REGISTER_BUFFERS, badv, 1), REG(IORING_REGISTER_BUFFERS, v, 2));
  fd = sys3(__NR_open, TMP "/reg", 2, 0);
  memcpy(buf, "fixed", 5);
  add(&R, IORING_OP_WRITE_FIXED, fd, buf, 5, 0, 12)->buf_index = 0;
  ALL(1);
  add(&R, IORING_OP_READ_FIXED, fd, buf2 + 8, 5, 0, 13)->buf_index = 1;
  ALL(2);
  add(&R, IORING_OP_READ_FIXED, fd, buf2 + 60, 5, 0, 14)->buf_index = 1;
  add(&R, IORING_OP_READ_FIXED, fd, buf2, 5, 0, 15)->buf_index = 5;
  ALL(4);
  int p[2];
  sys1(__NR_pipe, p);
  struct io_uring_sqe *sp = add(&R, IORING_OP_SPLICE, p[1], 0, 3, -1ull, 30);
  sp->splice_fd_in = fd, sp->splice_off_in = 1;
  ALL(5);
  sp = add(&R, IORING_OP_SPLICE, fd, 0, 3, 0, 31);
  sp->splice_fd_in = p[0], sp->splice_off_in = -1;
  ALL(6);
  sys1(__NR_close, p[0]), sys1(__NR_close, p[1]);
  done(&R, "");
  say(" unregister %d\n", REG(IORING_UNREGISTER_BUFFERS, 0, 0));
  sys1(__NR_close, fd);
  // An eventfd.
  int e = sys2(__NR_eventfd2, 0, 04000);
  uint64_t n = 0;
  say(" eventfd %d", REG(IORING_REGISTER_EVENTFD, &e, 1));
  add(&R, IORING_OP_NOP, 0, 0, 0, 0, 16);
  add(&R, IORING_OP_NOP, 0, 0, 0, 0, 17);
  ALL(2);
  say(", told %d %d", sys3(__NR_read, e, &n, 8), L(n > 0));
  done(&R, "");
  say(" unregister %d %d\n", REG(IORING_UNREGISTER_EVENTFD, 0, 0), REG(IORING_UNREGISTER_EVENTFD, 0, 0));
  sys1(__NR_close, e);
  static struct { struct io_uring_probe p; struct io_uring_probe_op ops[64]; } probe;
  say(" probe %d:", REG(IORING_REGISTER_PROBE, &probe, 50));
  for (int i = 0; i < 46; i++) say("%d", L(probe.ops[i].flags & 1));
  say(" again %d\n", REG(IORING_REGISTER_PROBE, &probe, 50));
  long who = REG(IORING_REGISTER_PERSONALITY, 0, 0);
  say(" personality %d", who);
  add(&R, IORING_OP_NOP, 0, 0, 0, 0, 18)->personality = who;
  add(&R, IORING_OP_NOP, 0, 0, 0, 0, 19)->personality = who + 5;
  ALL(1);
  done(&R, "");
  say(" unregister %d", REG(IORING_UNREGISTER_PERSONALITY, 0, who));
  say(" %d\n", REG(IORING_UNREGISTER_PERSONALITY, 0, who));
  struct io_uring_rsrc_update rf = {-1u, 0, R.fd};
  say(" ring %d", REG(IORING_REGISTER_RING_FDS, &rf, 1));
  add(&R, IORING_OP_NOP, 0, 0, 0, 0, 20);
  R.queued = 0;
  say(" at %d, enter %d", L(rf.offset), enter6(rf.offset, 1, 1, IORING_ENTER_GETEVENTS | IORING_ENTER_REGISTERED_RING, 0, 8));
  say(" wrong %d", enter6(9, 1, 1, IORING_ENTER_GETEVENTS | IORING_ENTER_REGISTERED_RING, 0, 8));
  done(&R, "");
  say(" unknown %d, not a ring %d, closed %d\n", REG(999, 0, 0), sys4(__NR_io_uring_register, 1, 0, 0, 0), sys4(__NR_io_uring_register, 99, 0, 0, 0));
}
static void overflowing(void) {
  say("overflow\n");
  struct ring r;
  zero(&r, sizeof r);
  setup(&r, 2, 0);
  for (int i = 0; i < 3; i++) {
    add(&r, IORING_OP_NOP, 0, 0, 0, 0, 2 * i);
    add(&r, IORING_OP_NOP, 0, 0, 0, 0, 2 * i + 1);
    submit(&r, 0);
  }
  say(" flags %x, lost %d", L(AT(&r, sq_off.flags)), L(AT(&r, cq_off.overflow)));
  done(&r, "first");
  say(" rest %d", enter6(r.fd, 0, 1, IORING_ENTER_GETEVENTS, 0, 8));
  done(&r, "");
  say(" flags %x\n", L(AT(&r, sq_off.flags)));
  // Messages between rings.
  add(&R, IORING_OP_MSG_RING, r.fd, 0, 55, 66, 1);
  ALL(1);
  done(&R, "sent");
  done(&r, "received");
  sys1(__NR_close, r.fd);
  // Restrictions.
  setup(&r, 4, IORING_SETUP_R_DISABLED);
  struct io_uring_restriction rs[2];
  zero(rs, sizeof rs);
  rs[0].opcode = IORING_RESTRICTION_SQE_OP, rs[0].sqe_op = IORING_OP_NOP;
  say(" disabled %d, restrict %d", enter6(r.fd, 0, 0, 0, 0, 0), sys4(__NR_io_uring_register, r.fd, IORING_REGISTER_RESTRICTIONS, rs, 1));
  say(", enable %d", sys4(__NR_io_uring_register, r.fd, IORING_REGISTER_ENABLE_RINGS, 0, 0));
  add(&r, IORING_OP_NOP, 0, 0, 0, 0, 1);
  add(&r, IORING_OP_READ, 0, buf, 1, 0, 2);
  submit(&r, 2);
  done(&r, "");
  say(" register %d\n", sys4(__NR_io_uring_register, r.fd, IORING_REGISTER_PERSONALITY, 0, 0));
  sys1(__NR_close, r.fd);
}
static void polled(void) {
  say("polled\n");
  struct ring r;
  zero(&r, sizeof r);
  zero(&r.p, sizeof r.p);
  r.p.flags = IORING_SETUP_SQPOLL;
  r.p.sq_thread_idle = 50;
  r.fd = sys2(__NR_io_uring_setup, 4, &r.p);
  r.ring = (char *)MMAP(r.p.sq_off.array + 16, r.fd, 0);
  r.sqes = (struct io_uring_sqe *)MMAP(256, r.fd, 0x10000000);
  add(&r, IORING_OP_NOP, 0, 0, 0, 0, 1);
  while (AT(&r, cq_off.head) == AT(&r, cq_off.tail)) {
    pause_ms(1);
    // The thread may have gone to sleep before, on a busy machine.
    if (AT(&r, sq_off.flags) & IORING_SQ_NEED_WAKEUP) enter6(r.fd, 0, 0, IORING_ENTER_SQ_WAKEUP, 0, 8);
  }
  done(&r, "without a call");
  while (!(AT(&r, sq_off.flags) & IORING_SQ_NEED_WAKEUP)) pause_ms(10);
  add(&r, IORING_OP_NOP, 0, 0, 0, 0, 2);
  say(" wake %d", enter6(r.fd, 1, 1, IORING_ENTER_SQ_WAKEUP | IORING_ENTER_GETEVENTS, 0, 8));
  done(&r, "");
  sys1(__NR_close, r.fd);
}
static void ending(void) {
  say("ending\n");
  int p[2];
  sys1(__NR_pipe, p);
  long pid = sys0(__NR_fork);
  if (pid == 0) {
    struct ring r;
    setup(&r, 4, 0);
    add(&r, IORING_OP_READ, p[0], buf, 10, 0, 1);
    say(" submitted %d\n", submit(&r, 0));
    finish(0);
  }
  end(pid);
  sys3(__NR_write, p[1], "kept", 4);
  say(" left %d\n", sys3(__NR_read, p[0], buf, 10));
}

static int body(int argc, char **argv, char **envp) {
  sys1(__NR_unshare, 0x20000);
  sys5(__NR_mount, 0, "/", 0, 0x44000, 0);
  sys2(__NR_mkdir, TMP, 0755);
  say("tmpfs %d\n", sys5(__NR_mount, "none", TMP, "tmpfs", 0, 0));
  setups();
  say("ring %d\n", setup(&R, 8, 0));
  simple();
  links();
  waiting();
  sockets();
  registered();
  overflowing();
  polled();
  ending();
  sys2(__NR_umount2, TMP, 2);
  sys1(__NR_rmdir, TMP);
  return 0;
}
