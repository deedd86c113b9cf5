// POSIX message queues in an IPC namespace of their own: open, priorities, waits, notification, limits, the file system.
#include "guest.h"
#ifdef __x86_64__
static long sys_socket(long d, long t, long p) { return sys3(__NR_socket, d, t, p); }
#else
static long sys_socket(long d, long t, long p) { return sys3(359, d, t, p); }
#endif
#define CREAT 0100
#define EXCL 0200
#define NONBLOCK 04000
struct attr { long flags, maxmsg, msgsize, curmsgs, r[4]; };
static char buf[9000];
static long mq_open(const char *name, long flags, long mode, struct attr *a) { return sys4(__NR_mq_open, name, flags, mode, a); }
static long mq_send(long q, const char *s, long n, long prio, void *t) { return sys5(__NR_mq_timedsend, q, s, n, prio, t); }
static void got(const char *what, long q, long n, void *t) {
  unsigned prio = 99;
  memset(buf, 0, 64);
  long r = sys5(__NR_mq_timedreceive, q, buf, n, &prio, t);
  say(" %s: %d prio %d %s\n", what, r, L(prio), buf);
}
static void attributes(const char *what, long q) {
  struct attr a;
  memset(&a, 0xee, sizeof a);
  say(" %s %d:", what, sys3(__NR_mq_getsetattr, q, 0, &a));
  say(" %x %d %d %d %d\n", a.flags, a.maxmsg, a.msgsize, a.curmsgs, a.r[0]);
}
static void pause_ms(long ms) {
  long ts[2] = {ms / 1000, ms % 1000 * 1000000};
  sys2(__NR_nanosleep, ts, 0);
}
static long seen, code, value;
static void on_signal(int sig, void *info, void *c) {
  seen = sig;
  code = (int)word(info, 8);
  value = word(info, sizeof(long) == 8 ? 24 : 20);
}
static void soon(long *ts, long ms) {
  sys2(__NR_clock_gettime, 0, ts);
  ts[1] += ms * 1000000;
  if (ts[1] >= 1000000000) ts[0]++, ts[1] -= 1000000000;
}
static int body(int argc, char **argv, char **envp) {
  say("namespace %d\n", sys1(__NR_unshare, 0x8020000));
  // Limits hold without CAP_SYS_RESOURCE only.
  uint32_t head[2] = {0x20080522, 0}, caps[6];
  sys2(__NR_capget, head, caps);
  caps[0] &= ~(1u << 24), caps[1] &= ~(1u << 24);
  say(" capset %d\n", sys2(__NR_capset, head, caps));
  struct attr a = {0, 3, 16, 0, {0}}, big = {0, 11, 16, 0, {0}}, wide = {0, 3, 8193, 0, {0}}, none = {0, 0, 16, 0, {0}};
  say(" absent %d, slash %d, empty %d, bad name %d, bad attr %d, dots %d\n", mq_open("q", 2, 0, 0), mq_open("/q", 2 | CREAT, 0600, 0), mq_open("", 2, 0, 0), mq_open((void *)16, 2, 0, 0),
      mq_open("q", 2 | CREAT, 0600, (void *)16), mq_open("..", 2 | CREAT, 0600, 0));
  say(" many %d, wide %d, none %d, access %d\n", mq_open("q", 2 | CREAT, 0600, &big), mq_open("q", 2 | CREAT, 0600, &wide), mq_open("q", 2 | CREAT, 0600, &none), mq_open("q", 3, 0600, 0));
  long q = mq_open("q", 2 | CREAT | NONBLOCK, 0640, &a), r = mq_open("q", 0, 0, 0), w = mq_open("q", 1, 0, 0), d = mq_open("default", 2 | CREAT, 0600, 0);
  say(" open %d %d %d %d, cloexec %d, exclusive %d, access %d\n", q, r, w, d, sys3(__NR_fcntl, q, 1, 0), mq_open("q", 2 | CREAT | EXCL, 0600, &a), mq_open("q", 3, 0, 0));
  attributes("made", q);
  attributes("default", d);
  say(" send: long %d, prio %d, bad %d, read-only %d, other %d, closed %d, bad time %d\n", mq_send(q, "x", 17, 0, 0), mq_send(q, "x", 1, 32768, 0), mq_send(q, (void *)16, 1, 0, 0),
      mq_send(r, "x", 1, 0, 0), mq_send(1, "x", 1, 0, 0), mq_send(99, "x", 1, 0, 0), mq_send(q, "x", 1, 0, (void *)16));
  got("empty", q, 16, 0);
  got("small", q, 15, 0);
  got("write-only", w, 16, 0);
  say(" send %d", mq_send(q, "low", 4, 1, 0));
  say(" %d", mq_send(q, "high", 5, 7, 0));
  say(" %d", mq_send(q, "also low", 9, 1, 0));
  say(" full %d\n", mq_send(q, "more", 5, 1, 0));
  attributes("full", q);
  struct { int fd; short events, revents; } p = {q, 5, 0};
  say(" poll %d", sys3(__NR_poll, &p, 1, 0));
  say(" %x\n", L(p.revents));
  got("first", q, 16, 0);
  got("second", q, 16, 0);
  say(" poll %d", sys3(__NR_poll, &p, 1, 0));
  say(" %x\n", L(p.revents));
  got("third", q, 16, 0);
  // Waits.
  long ts[2];
  soon(ts, 10);
  got("timed", r, 16, ts);
  ts[1] = 1000000000;
  got("bad time", r, 16, ts);
  long pid = sys0(__NR_fork);
  if (pid == 0) {
    got("waited", r, 16, 0);
    finish(0);
  }
  pause_ms(20);
  mq_send(q, "now", 4, 3, 0);
  end(pid);
  for (int i = 0; i < 3; i++) mq_send(q, "fill", 5, 2, 0);
  soon(ts, 10);
  say(" full and timed %d\n", mq_send(w, "x", 1, 0, ts));
  pid = sys0(__NR_fork);
  if (pid == 0) {
    long s = mq_send(w, "later", 6, 9, 0);
    finish(-s);
  }
  pause_ms(20);
  got("makes room", q, 16, 0);
  say(" sender ended %d\n", L(end(pid)));
  got("later", q, 16, 0);
  got("fill", q, 16, 0);
  got("fill", q, 16, 0);
  // Notification.
  on(10, on_signal, SA_SIGINFO);
  long ev[8] = {0};
  ev[0] = 42;
  ((int *)&ev[1])[0] = 10, ((int *)&ev[1])[1] = 0;
  say(" notify %d", sys2(__NR_mq_notify, q, ev));
  say(", twice %d", sys2(__NR_mq_notify, q, ev));
  ((int *)&ev[1])[1] = 9;
  say(", wrong %d", sys2(__NR_mq_notify, q, ev));
  ((int *)&ev[1])[0] = 99, ((int *)&ev[1])[1] = 0;
  say(" %d, other file %d, bad %d\n", sys2(__NR_mq_notify, q, ev), sys2(__NR_mq_notify, 1, 0), sys2(__NR_mq_notify, q, 16));
  mq_send(q, "told", 5, 0, 0);
  say(" signal %d code %d value %d\n", seen, code, value);
  seen = 0;
  got("told", q, 16, 0);
  mq_send(q, "not told", 9, 0, 0);
  say(" signal %d\n", seen);
  ((int *)&ev[1])[0] = 10;
  say(" notify %d", sys2(__NR_mq_notify, q, ev));
  mq_send(q, "second", 7, 0, 0);
  say(" not empty: signal %d", seen);
  say(", remove %d\n", sys2(__NR_mq_notify, q, 0));
  // A thread of the C library waits on a netlink socket for a cookie.
  char cookie[32] = "cookie", answer[40];
  long netlink = sys_socket(16, 3, 0), file_ = sys3(__NR_open, "/proc/self/exe", 0, 0);
  ev[0] = L(cookie);
  ((int *)&ev[1])[0] = (int)file_, ((int *)&ev[1])[1] = 2;
  say(" thread: file %d", sys2(__NR_mq_notify, q, ev));
  ((int *)&ev[1])[0] = 99;
  say(" absent %d", sys2(__NR_mq_notify, q, ev));
  ((int *)&ev[1])[0] = (int)netlink, ev[0] = 16;
  say(" bad cookie %d", sys2(__NR_mq_notify, q, ev));
  ev[0] = L(cookie);
  say(" notify %d twice %d", sys2(__NR_mq_notify, q, ev), sys2(__NR_mq_notify, q, ev));
  say(" remove %d", sys2(__NR_mq_notify, q, 0));
  say(" told %d", sys3(__NR_read, netlink, answer, 40));
  say(" %s %d\n", answer, L(answer[31]));
  got("left", q, 16, 0);
  got("left", q, 16, 0);
  say(" notify %d", sys2(__NR_mq_notify, q, ev));
  mq_send(q, "x", 1, 0, 0);
  say(" told %d", sys3(__NR_read, netlink, answer, 40));
  say(" %s %d\n", answer, L(answer[31]));
  // Flags.
  struct attr f = {NONBLOCK, 0, 0, 0, {0}}, odd = {1, 0, 0, 0, {0}}, old;
  say(" flags %d, odd %d, bad %d, other %d\n", sys3(__NR_mq_getsetattr, r, &f, &old), sys3(__NR_mq_getsetattr, r, &odd, 0), sys3(__NR_mq_getsetattr, r, 16, 0), sys3(__NR_mq_getsetattr, 1, 0, &old));
  attributes("nonblocking", r);
  // The file system.
  sys5(__NR_mount, 0, "/", 0, 0x44000, 0);
  sys2(__NR_mkdir, "/tmp/mqueue-test", 0755);
  say(" mount %d\n", sys5(__NR_mount, "none", "/tmp/mqueue-test", "mqueue", 0, 0));
  long file = sys3(__NR_open, "/tmp/mqueue-test/q", 0, 0);
  say(" read %d\n", sys3(__NR_read, file, buf, 200));
  buf[40] = 0;
  say(" %s\n", buf);
  sys1(__NR_close, file);
  say(" touch %d, mkdir %d, remove %d", L(sys3(__NR_open, "/tmp/mqueue-test/new", 0101, 0600) > 0), sys2(__NR_mkdir, "/tmp/mqueue-test/d", 0755), sys1(__NR_unlink, "/tmp/mqueue-test/default"));
  say(", reopen %d %d\n", L(mq_open("new", 2, 0, 0) > 0), mq_open("default", 2, 0, 0));
  sys2(__NR_umount2, "/tmp/mqueue-test", 0);
  sys1(__NR_rmdir, "/tmp/mqueue-test");
  say(" unlink %d, twice %d, slash %d\n", sys1(__NR_mq_unlink, "q"), sys1(__NR_mq_unlink, "q"), sys1(__NR_mq_unlink, "/q"));
  say(" gone %d, still %d\n", mq_open("q", 2, 0, 0), mq_send(q, "x", 1, 0, 0));
  pid = sys0(__NR_fork);
  if (pid == 0) {
    mq_open("mine", 2 | CREAT, 0600, 0);
    sys3(__NR_setresgid, 50, 50, 50);
    sys3(__NR_setresuid, 50, 50, 50);
    say(" other: %d, unlink %d, more %d\n", mq_open("mine", 2, 0, 0), sys1(__NR_mq_unlink, "mine"), L(mq_open("theirs", 2 | CREAT, 0600, 0) > 0));
    int n = 0;
    char name[] = "many-00";
    long e;
    for (;; n++) {
      name[5] = '0' + n / 10, name[6] = '0' + n % 10;
      if ((e = mq_open(name, 2 | CREAT, 0600, 0)) < 0) break;
    }
    say(" limit %d after %d\n", e, L(n));
    finish(0);
  }
  end(pid);
  return 0;
}
