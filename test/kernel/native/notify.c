// Seccomp's listeners: what they receive, answer and refuse; descriptors that they give; signals and ends in between.
#include "guest.h"
enum { SIGKILL = 9, SIGUSR1 = 10, SIGCHLD = 17 };
enum { NEW_LISTENER = 8, TSYNC = 1, TSYNC_ESRCH = 16, WAIT_KILLABLE = 32 };
enum { RECV = 0xc0502100, SEND = 0xc0182101, ID_VALID = 0x40082102, OLD_ID_VALID = 0x80082102, ADDFD = 0x40182103, SET_FLAGS = 0x40082104 };
struct insn { uint16_t code; uint8_t jt, jf; uint32_t k; };
struct prog { uint16_t len; struct insn *filter; };
struct notif { uint64_t id; uint32_t pid, flags; uint32_t nr, arch; uint64_t ip, args[6]; } __attribute__((packed, aligned(4)));
struct resp { uint64_t id; int64_t val; int32_t error; uint32_t flags; } __attribute__((packed, aligned(4)));
struct addfd { uint64_t id; uint32_t flags, srcfd, newfd, newfd_flags; } __attribute__((packed, aligned(4)));
struct pollfd { int fd; short events, revents; };
#define WATCHED __NR_getpgrp

static long listen_(unsigned flags) {
  struct insn f[] = {{0x20, 0, 0, 0}, {0x15, 0, 1, WATCHED}, {6, 0, 0, 0x7fc00000}, {6, 0, 0, 0x7fff0000}};
  struct prog prog = {4, f};
  return sys3(__NR_seccomp, 1, flags, &prog);
}
static long ioctl(int fd, unsigned request, void *arg) { return sys3(__NR_ioctl, fd, request, arg); }
static short ready(int fd) {
  struct pollfd p = {fd, 1 | 4, 0};
  long n = sys3(__NR_poll, &p, 1, 0);
  return n < 0 ? n : p.revents;
}
static struct notif n;
static long receive(int fd) {
  memset(&n, 0, sizeof n);
  return ioctl(fd, RECV, &n);
}
static long answer(int fd, long val, int error, unsigned flags) {
  struct resp r = {n.id, val, error, flags};
  return ioctl(fd, SEND, &r);
}
static long add(int fd, unsigned flags, unsigned src, unsigned new, unsigned newflags) {
  struct addfd a = {n.id, flags, src, new, newflags};
  return ioctl(fd, ADDFD, &a);
}
/* What a child has to say waits until it has ended, so that lines have an order. */
static struct { long n, result[8], handled[8]; } *said;
static int handled;
static void handler(int sig, void *si, void *uc) { (void)si; (void)uc; handled = sig; }
/* Asks several times; a real answer is 1. It must not keep the listener open itself. */
static long asker(int fd, int times) {
  long own = sys1(__NR_getpgid, 0);
  said->n = 0;
  long pid = sys0(__NR_fork);
  if (pid) return pid;
  on(SIGUSR1, handler, 0);
  sys1(__NR_close, fd);
  while (times--) {
    long r = sys5(WATCHED, 1, 2, 3, 4, 5);
    said->result[said->n] = r == own ? 1 : r;
    said->handled[said->n++] = handled;
  }
  finish(5);
  return 0;
}
static int ended(long pid) {
  int status = 0;
  sys4(__NR_wait4, pid, &status, 0, 0);
  for (int i = 0; i < said->n; i++) say("  it said %d handled %d\n", said->result[i], said->handled[i]);
  said->n = 0;
  return status;
}
static void nap(long ms) {
  long t[2] = {0, ms * 1000000};
  sys2(__NR_nanosleep, t, 0);
}
/* Runs f in a child, since a chain has one listener. */
static void alone(const char *what, void (*f)(void)) {
  say("%s\n", what);
  long pid = sys0(__NR_fork);
  if (!pid) { f(); finish(0); }
  say(" %x\n", L(ended(pid)));
}

static void flags_(void) {
  say(" killable alone %d, tsync %d\n", listen_(WAIT_KILLABLE), listen_(NEW_LISTENER | TSYNC));
  say(" nobody listens: %d", listen_(0));
  say(" %d\n", sys0(WATCHED));
}
static void answers(void) {
  long fd = listen_(NEW_LISTENER);
  say(" fd %d, cloexec %d, again %d\n", L(fd >= 0), sys3(__NR_fcntl, fd, 1, 0), listen_(NEW_LISTENER));
  say(" poll %x\n", L(ready(fd)));
  long c = asker(fd, 4);
  nap(20);
  say(" poll %x\n", L(ready(fd)));
  n.flags = 1;
  say(" dirty %d, fault %d\n", ioctl(fd, RECV, &n), ioctl(fd, RECV, (void *)8));
  long r = receive(fd);
  uint64_t first = n.id;
  say(" receive %d: pid %d flags %d nr %d arch %x args %x %x %x\n", r, L(n.pid == c), L(n.flags), L(n.nr == WATCHED), L(n.arch), L(n.args[0]), L(n.args[2]), L(n.args[4]));
  say(" poll %x\n", L(ready(fd)));
  uint64_t id = n.id + 100;
  say(" valid %d, old %d, other %d\n", ioctl(fd, ID_VALID, &n.id), ioctl(fd, OLD_ID_VALID, &n.id), ioctl(fd, ID_VALID, &id));
  say(" bad flags %d, continue with a value %d %d\n", answer(fd, 0, 0, 2), answer(fd, 1, 0, 1), answer(fd, 0, 1, 1));
  n.id++;
  say(" bad id %d\n", answer(fd, 0, 0, 0));
  n.id--;
  say(" value %d\n", answer(fd, 4711, 0, 0));
  r = receive(fd);
  say(" receive %d next id %d\n", r, L(n.id == first + 1));
  say(" error %d\n", answer(fd, 7, -13, 0));
  receive(fd);
  say(" continue %d\n", answer(fd, 0, 0, 1));
  receive(fd);
  say(" flags %d, bad %d, unknown %d, read %d\n", ioctl(fd, SET_FLAGS, (void *)1), ioctl(fd, SET_FLAGS, (void *)2), ioctl(fd, 0x2105, 0), sys3(__NR_read, fd, &n, 4));
  say(" close %d\n", sys1(__NR_close, fd));
  say(" end %x\n", L(ended(c)));
}
static void descriptors(void) {
  int pipe[2];
  sys1(__NR_pipe, pipe);
  long fd = listen_(NEW_LISTENER);
  long c = asker(fd, 2);
  receive(fd);
  say(" bad: new flags %d, flags %d, newfd %d, fd %d\n", add(fd, 0, pipe[0], 0, 1), add(fd, 4, pipe[0], 0, 0), add(fd, 0, pipe[0], 9, 0), add(fd, 0, 99, 0, 0));
  struct { struct addfd a; int more[2]; } big = {{n.id, 0, pipe[0], 0, 0}, {0, 0}};
  say(" small %d, large %d", ioctl(fd, ADDFD & ~0x3fff0000 | 8 << 16, &big), ioctl(fd, ADDFD & ~0x3fff0000 | 32 << 16, &big));
  big.more[1] = 1;
  say(" dirty %d\n", ioctl(fd, ADDFD & ~0x3fff0000 | 32 << 16, &big));
  say(" lowest %d, chosen %d\n", add(fd, 0, pipe[1], 0, 0), add(fd, 1, pipe[1], 77, 02000000));
  say(" too high %d\n", add(fd, 1, pipe[1], 0x7fffffff, 0));
  say(" sent too %d\n", add(fd, 2, pipe[1], 0, 0));
  long r = add(fd, 0, pipe[1], 0, 0);
  say(" gone %d\n", L(r == -2 || r == -115));
  receive(fd);
  say(" kcmp %d\n", sys5(__NR_kcmp, sys0(__NR_getpid), c, 0, pipe[1], 77));
  answer(fd, 1, 0, 0);
  say(" end %x\n", L(ended(c)));
}
static void signals_(void) {
  long fd = listen_(NEW_LISTENER);
  long c = asker(fd, 1);
  receive(fd);
  sys2(__NR_kill, c, SIGUSR1);
  say(" end %x\n", L(ended(c)));
  say(" too late %d, valid %d\n", answer(fd, 1, 0, 0), ioctl(fd, ID_VALID, &n.id));
  c = asker(fd, 1);
  receive(fd);
  sys2(__NR_kill, c, SIGKILL);
  say(" end %x\n", L(ended(c)));
  say(" too late %d\n", answer(fd, 1, 0, 0));
}
static void killable(void) {
  long fd = listen_(NEW_LISTENER | WAIT_KILLABLE);
  long c = asker(fd, 1);
  nap(20);
  sys2(__NR_kill, c, SIGUSR1);
  say(" before it is received: end %x\n", L(ended(c)));
  say(" nothing is left: %d\n", receive(fd));
  c = asker(fd, 1);
  receive(fd);
  sys2(__NR_kill, c, SIGUSR1);
  nap(20);
  say(" after: %d\n", answer(fd, 12, 0, 0));
  say(" end %x\n", L(ended(c)));
}
static void unused(void) {
  long pid = sys2(__NR_clone, 0x400 | SIGCHLD, 0);
  if (!pid) {
    sys2(__NR_dup2, listen_(NEW_LISTENER), 100);
    finish(0);
  }
  ended(pid);
  say(" poll %x receive %d\n", L(ready(100)), receive(100));
}

#ifdef __x86_64__
/* A jump to the vsyscall page is a call of time or getcpu too. */
static void vsyscalls(void) {
  struct insn f[] = {{0x20, 0, 0, 0}, {0x15, 1, 0, 201}, {0x15, 0, 1, 309}, {6, 0, 0, 0x7fc00000}, {6, 0, 0, 0x7fff0000}};
  struct prog prog = {5, f};
  int fd = (int)sys3(__NR_seccomp, 1, NEW_LISTENER, &prog);
  long pid = sys0(__NR_fork);
  if (!pid) {
    long (*time_)(long *) = (void *)0xffffffffff600400;
    unsigned cpu = 77;
    say(" answered %d\n", time_(0));
    say(" error %d\n", time_(0));
    say(" went on %d\n", L(time_(0) > 1600000000));
    say(" went on %d, cpu %d\n", ((long (*)(unsigned *, void *, void *))0xffffffffff600800)(&cpu, 0, 0), L(cpu != 77));
    finish(3);
  }
  receive(fd);
  say(" nr %d at %x\n", L(n.nr), L(n.ip));
  answer(fd, 12345, 0, 0);
  receive(fd);
  answer(fd, 0, -5, 0);
  receive(fd);
  answer(fd, 0, 0, 1);
  receive(fd);
  say(" nr %d at %x\n", L(n.nr), L(n.ip));
  answer(fd, 0, 0, 1);
  say(" end %x\n", L(ended(pid)));
}
#endif

static int body(int argc, char **arguments, char **environment) {
  (void)argc, (void)arguments, (void)environment;
#ifdef __x86_64__
  said = (void *)sys6(__NR_mmap, 0, 4096, 3, 0x21, -1, 0);
#else
  long map[6] = {0, 4096, 3, 0x21, -1, 0};
  said = (void *)sys1(__NR_mmap, map);
#endif
  sys5(__NR_prctl, 38, 1, 0, 0, 0);
  alone("flags", flags_);
  alone("answers", answers);
  alone("descriptors", descriptors);
  alone("signals", signals_);
  alone("killable", killable);
  alone("unused", unused);
#ifdef __x86_64__
  alone("vsyscalls", vsyscalls);
#endif
  return 3;
}
