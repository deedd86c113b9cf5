// Asynchronous I/O: contexts, requests, events, polls, eventfds, the ring in memory, limits and signals.
#include "guest.h"
#include <linux/aio_abi.h>
#define IN 1
#define OUT 4
static char buf[9000];
static struct io_event ev[64];
static struct iocb cb[64], *list[64];
static unsigned long setup(long n) {
  unsigned long ctx = 0;
  long r = sys2(__NR_io_setup, n, &ctx);
  return r < 0 ? (unsigned long)r : ctx;
}
static struct iocb *make(int i, int op, int fd, void *data, long n, long at) {
  memset(&cb[i], 0, sizeof cb[i]);
  cb[i].aio_data = 100 + i, cb[i].aio_lio_opcode = op, cb[i].aio_fildes = fd, cb[i].aio_buf = (unsigned long)data, cb[i].aio_nbytes = n, cb[i].aio_offset = at;
  return list[i] = &cb[i];
}
static long submit(unsigned long ctx, long n) { return sys3(__NR_io_submit, ctx, n, list); }
static long one(unsigned long ctx, int op, int fd, void *data, long n, long at) {
  make(0, op, fd, data, n, at);
  return submit(ctx, 1);
}
static void events(const char *what, unsigned long ctx, long min, long nr) {
  long ts[2] = {0, 50000000}, n = sys5(__NR_io_getevents, ctx, min, nr, ev, ts);
  say(" %s: %d", what, n);
  for (long i = 0; i < n; i++) say(" [%d %s %d %d]", L(ev[i].data), ev[i].obj == (unsigned long)&cb[ev[i].data - 100] ? "ok" : "other", L(ev[i].res), L(ev[i].res2));
  say("\n");
}
static void pause_ms(long ms) {
  long ts[2] = {0, ms * 1000000};
  sys2(__NR_nanosleep, ts, 0);
}
static long seen;
static void on_signal(int sig, void *info, void *c) { seen = sig; }
static int open_file(void) {
  int fd = sys3(__NR_open, "aio-test-file", 0102, 0600);
  sys1(__NR_unlink, "aio-test-file");
  return fd;
}
static void contexts(void) {
  say("contexts\n");
  unsigned long ctx = 5;
  say(" none %d, not zero %d, bad %d, many %d, too many %d\n", setup(0), sys2(__NR_io_setup, 1, &ctx), sys2(__NR_io_setup, 1, 16), setup(0x7fffffff), setup(70000));
  ctx = setup(1);
  say(" made %d, destroy none %d, zero %d\n", L(ctx > 4096), sys1(__NR_io_destroy, ctx + 4096), sys1(__NR_io_destroy, 0));
  unsigned *ring = (unsigned *)ctx;
  say(" ring: id %d, head %d, tail %d, magic %x, features %d %d, header %d, room %d\n", L(ring[0]), L(ring[2]), L(ring[3]), L(ring[4]), L(ring[5]), L(ring[6]), L(ring[7]), L(ring[1] >= 2));
  unsigned long other = setup(10);
  say(" second id %d\n", L(*(unsigned *)other));
  long pid = sys0(__NR_fork);
  if (pid == 0) {
    say(" child: destroy %d, submit %d\n", sys1(__NR_io_destroy, ctx), submit(ctx, 0));
    finish(0);
  }
  end(pid);
  say(" destroy %d, again %d", sys1(__NR_io_destroy, ctx), sys1(__NR_io_destroy, ctx));
  say(", first id again %d\n", L(*(unsigned *)(ctx = setup(1))));
  sys1(__NR_io_destroy, ctx), sys1(__NR_io_destroy, other);
  say(" submit to none %d, get from none %d, cancel %d\n", submit(ctx, 1), sys5(__NR_io_getevents, ctx, 0, 1, ev, 0), sys3(__NR_io_cancel, ctx, &cb[0], ev));
}
static void files(void) {
  say("files\n");
  unsigned long ctx = setup(8);
  int fd = open_file(), dir = sys3(__NR_open, ".", 0, 0), ro = sys3(__NR_open, "/proc/self/status", 0, 0);
  struct iovec_ { void *at; unsigned long n; } v[2] = {{"first ", 6}, {"second", 6}}, w[2] = {{buf, 4}, {buf + 4, 8}};
  make(0, IOCB_CMD_PWRITE, fd, "hello", 5, 0), make(1, IOCB_CMD_PWRITEV, fd, v, 2, 5), make(2, IOCB_CMD_PREAD, fd, buf, 20, 0), make(3, IOCB_CMD_PREADV, fd, w, 2, 5);
  say(" submit %d\n", submit(ctx, 4));
  events("done", ctx, 4, 8);
  say(" %s, offset %d\n", buf, sys3(__NR_lseek, fd, 0, 1));
  say(" nothing %d, negative %d, bad list %d\n", submit(ctx, 0), submit(ctx, -1), sys3(__NR_io_submit, ctx, 1, 16));
  list[0] = (void *)16;
  say(" bad request %d\n", submit(ctx, 1));
  make(0, IOCB_CMD_PWRITE, fd, "x", 1, 0), list[1] = (void *)16;
  say(" good and bad %d\n", submit(ctx, 2));
  events("of the good", ctx, 1, 8);
  say(" closed %d, read-only %d, directory %d, opcodes %d %d %d\n", one(ctx, IOCB_CMD_PREAD, 99, buf, 1, 0), one(ctx, IOCB_CMD_PWRITE, ro, buf, 1, 0), one(ctx, IOCB_CMD_PREAD, dir, buf, 1, 0),
      one(ctx, IOCB_CMD_NOOP, fd, 0, 0, 0), one(ctx, 4, fd, 0, 0, 0), one(ctx, 99, fd, 0, 0, 0));
  say(" negative offset %d, at the end %d, bad buffer %d\n", one(ctx, IOCB_CMD_PREAD, fd, buf, 1, -1), one(ctx, IOCB_CMD_PREAD, fd, buf, 10, 1000), one(ctx, IOCB_CMD_PREAD, fd, (void *)16, 10, 0));
  events("their", ctx, 2, 8);
  make(0, IOCB_CMD_PREAD, fd, buf, 1, 0)->aio_reserved2 = 1;
  say(" reserved %d", submit(ctx, 1));
  make(0, IOCB_CMD_PREAD, fd, buf, 1, 0)->aio_nbytes = 1ull << 63;
  say(", negative length %d", submit(ctx, 1));
  make(0, IOCB_CMD_PREAD, fd, buf, 1, 0)->aio_rw_flags = 1 << 20;
  say(", flags %d", submit(ctx, 1));
  make(0, IOCB_CMD_PREADV, fd, v, -1, 0);
  cb[0].aio_nbytes = 2000;
  say(", vectors %d", submit(ctx, 1));
  make(0, IOCB_CMD_PREAD, fd, buf, 1, 0)->aio_flags = IOCB_FLAG_IOPRIO, cb[0].aio_reqprio = 7 << 13;
  say(", priority %d", submit(ctx, 1));
  cb[0].aio_reqprio = 2 << 13 | 4, cb[0].aio_key = 7;
  say(" %d, key %d\n", submit(ctx, 1), L(cb[0].aio_key));
  events("with priority", ctx, 1, 8);
  say(" sync %d %d, with buffer %d, of a pipe ", one(ctx, IOCB_CMD_FSYNC, fd, 0, 0, 0), one(ctx, IOCB_CMD_FDSYNC, fd, 0, 0, 0), one(ctx, IOCB_CMD_FSYNC, fd, buf, 0, 0));
  int p[2];
  sys1(__NR_pipe, p);
  say("%d\n", one(ctx, IOCB_CMD_FSYNC, p[0], 0, 0, 0));
  events("synced", ctx, 2, 8);
  // More requests than places: the rest is refused until events are read.
  int n = 0;
  while (one(ctx, IOCB_CMD_PREAD, fd, buf, 1, 0) == 1) n++;
  say(" full: enough %d, then %d\n", L(n >= 8), one(ctx, IOCB_CMD_PREAD, fd, buf, 1, 0));
  // The program may read events itself: it moves the head.
  unsigned *ring = (unsigned *)ctx;
  struct io_event *first = (struct io_event *)(ctx + 32);
  say(" the first by hand: %d %d, all there %d\n", L(first[ring[2]].data), L(first[ring[2]].res), L((ring[3] + ring[1] - ring[2]) % ring[1] == (unsigned)n));
  ring[2] = ring[3];
  say(" again %d\n", one(ctx, IOCB_CMD_PREAD, fd, buf, 1, 0));
  events("after", ctx, 1, 64);
  say(" destroy %d\n", sys1(__NR_io_destroy, ctx));
  sys1(__NR_close, fd), sys1(__NR_close, p[0]), sys1(__NR_close, p[1]), sys1(__NR_close, dir), sys1(__NR_close, ro);
}
static void waiting(void) {
  say("waiting\n");
  unsigned long ctx = setup(8);
  int p[2];
  sys1(__NR_pipe, p);
  long none[2] = {0, 0}, soon[2] = {0, 5000000};
  say(" at once %d, soon %d, more than there are %d, negative %d, bad time %d, bad events ", sys5(__NR_io_getevents, ctx, 1, 1, ev, none), sys5(__NR_io_getevents, ctx, 1, 1, ev, soon), sys5(__NR_io_getevents, ctx, 2, 1, ev, none),
      sys5(__NR_io_getevents, ctx, -1, 1, ev, none), sys5(__NR_io_getevents, ctx, 1, 1, ev, 16));
  one(ctx, IOCB_CMD_POLL, p[1], (void *)OUT, 0, 0);
  say("%d, zero ", sys5(__NR_io_getevents, ctx, 1, 1, 16, none));
  say("%d\n", sys5(__NR_io_getevents, ctx, 0, 0, ev, 0));
  events("writable", ctx, 1, 8);
  say(" poll %d, odd events %d, with offset %d\n", one(ctx, IOCB_CMD_POLL, p[0], (void *)IN, 0, 0), one(ctx, IOCB_CMD_POLL, p[0], (void *)0x10001, 0, 0), one(ctx, IOCB_CMD_POLL, p[0], (void *)IN, 0, 1));
  make(0, IOCB_CMD_POLL, p[0], (void *)IN, 0, 0);
  events("not readable", ctx, 1, 8);
  sys3(__NR_write, p[1], "x", 1);
  events("readable", ctx, 1, 8);
  make(1, IOCB_CMD_POLL, p[0], (void *)IN, 0, 0), list[0] = list[1];
  say(" poll %d\n", submit(ctx, 1));
  events("at once", ctx, 1, 8);
  sys3(__NR_read, p[0], buf, 1);
  make(2, IOCB_CMD_POLL, p[0], (void *)IN, 0, 0), list[0] = list[2];
  say(" poll %d", submit(ctx, 1));
  say(", cancel %d, again %d, another %d, bad %d\n", sys3(__NR_io_cancel, ctx, &cb[2], ev), sys3(__NR_io_cancel, ctx, &cb[2], ev), sys3(__NR_io_cancel, ctx, &cb[3], ev), sys3(__NR_io_cancel, ctx, 16, ev));
  events("cancelled", ctx, 1, 8);
  // An eventfd counts completions.
  int e = sys2(__NR_eventfd2, 0, 0), f = open_file();
  make(0, IOCB_CMD_PWRITE, f, "abc", 3, 0)->aio_flags = IOCB_FLAG_RESFD, cb[0].aio_resfd = e;
  make(1, IOCB_CMD_PREAD, f, buf, 3, 0)->aio_flags = IOCB_FLAG_RESFD, cb[1].aio_resfd = e;
  say(" with an eventfd %d", submit(ctx, 2));
  uint64_t count = 0;
  say(", read %d", sys3(__NR_read, e, &count, 8));
  say(" %d", L(count));
  // One more than any write reaches is an error of the counter.
  count = ~1ull;
  struct { int fd; int16_t events, revents; } full = {e, 5, 0};
  say(", full %d", sys3(__NR_write, e, &count, 8));
  say(" submitted %d", submit(ctx, 2));
  say(" poll %d", sys3(__NR_poll, &full, 1, 0));
  say(" %x", L(full.revents));
  say(" read %d", sys3(__NR_read, e, &count, 8));
  say(" %d", L(count == ~0ull));
  cb[0].aio_resfd = 99;
  say(", closed %d", submit(ctx, 1));
  cb[0].aio_resfd = f;
  say(", a file %d\n", submit(ctx, 1));
  events("counted", ctx, 4, 8);
  // A child's write completes a poll for which the parent waits.
  make(3, IOCB_CMD_POLL, p[0], (void *)IN, 0, 0), list[0] = list[3];
  submit(ctx, 1);
  long pid = sys0(__NR_fork);
  if (pid == 0) {
    pause_ms(20);
    sys3(__NR_write, p[1], "y", 1);
    finish(0);
  }
  say(" forever %d", sys5(__NR_io_getevents, ctx, 1, 8, ev, 0));
  say(" [%d %d]\n", L(ev[0].data), L(ev[0].res));
  end(pid);
  // A read of a pipe waits within io_submit.
  sys3(__NR_read, p[0], buf, 1);
  pid = sys0(__NR_fork);
  if (pid == 0) {
    pause_ms(20);
    sys3(__NR_write, p[1], "late", 4);
    finish(0);
  }
  memset(buf, 0, 16);
  make(4, IOCB_CMD_PREAD, p[0], buf, 10, 3), make(5, IOCB_CMD_PWRITE, f, "z", 1, 0), list[0] = list[4], list[1] = list[5];
  say(" reads a pipe %d", submit(ctx, 2));
  say(" %s\n", buf);
  end(pid);
  events("both", ctx, 2, 8);
  // A signal ends both kinds of waits.
  on(10, on_signal, SA_SIGINFO | SA_RESTART);
  long me = sys0(__NR_getpid);
  for (int k = 0; k < 3; k++) {
    pid = sys0(__NR_fork);
    if (pid == 0) {
      pause_ms(30);
      sys2(__NR_kill, me, 10);
      finish(0);
    }
    if (k == 0) say(" interrupted: get %d\n", sys5(__NR_io_getevents, ctx, 1, 8, ev, 0));
    if (k == 1) say(" interrupted: submit %d\n", (make(6, IOCB_CMD_PREAD, p[0], buf, 10, 0), list[0] = list[6], submit(ctx, 1)));
    if (k == 2) {
      uint64_t mask = 0;
      struct { void *at; unsigned long n; } usig = {&mask, 8};
#ifdef __x86_64__
      say(" interrupted: pget %d\n", sys6(__NR_io_pgetevents, ctx, 1, 8, (long)ev, 0, (long)&usig));
#else
      say(" interrupted: pget %d\n", L(-4));
#endif
    }
    end(pid);
  }
  events("of the interrupted", ctx, 1, 8);
  // The end of a context ends its waiters and polls.
  make(7, IOCB_CMD_POLL, p[0], (void *)IN, 0, 0), list[0] = list[7];
  say(" poll %d", submit(ctx, 1));
  say(", destroy %d", sys1(__NR_io_destroy, ctx));
  say(", gone %d\n", sys5(__NR_io_getevents, ctx, 0, 1, ev, none));
}
static int body(int argc, char **argv, char **envp) {
  sys1(__NR_chdir, "/tmp");
  contexts();
  files();
  waiting();
  // execve(2) and the end leave nothing behind.
  setup(100);
  return 0;
}
