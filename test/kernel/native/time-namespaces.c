// Time namespaces: offsets, who may set them, whom they reach, and the clocks, sleeps and timers inside.
#include "guest.h"
enum { NEWTIME = 0x80, NEWUSER = 0x10000000, SIGCHLD = 17, VM_ = 0x100 };
enum { REALTIME, MONOTONIC, RAW = 4, REALTIME_COARSE, MONOTONIC_COARSE, BOOTTIME };
#ifdef __x86_64__
#define GETTIME __NR_clock_gettime
#define NANOSLEEP __NR_clock_nanosleep
#define TIMERFD_SETTIME __NR_timerfd_settime
#define SETRES __NR_setresuid
#else
#define GETTIME 403
#define NANOSLEEP 407
#define TIMERFD_SETTIME 411
#define SETRES __NR_setresuid32
#endif
static void told(const char *f, const long *v) { say(f, v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9]); }
#define say(f, ...) told(f, (long[10]){__VA_ARGS__})
static long seconds(long clock) {
  int64_t ts[2] = {0, 0};
  sys2(GETTIME, clock, ts);
  return (long)ts[0];
}
static long start[12];
static void remember(void) { for (int i = 0; i < 12; i++) start[i] = seconds(i); }
/* How far each clock is from where it was, rounded to tens of seconds. */
static void shifts(const char *what) {
  say(" %s:", L(what));
  static const int clocks[] = {REALTIME, MONOTONIC, RAW, REALTIME_COARSE, MONOTONIC_COARSE, BOOTTIME};
  for (int i = 0; i < 6; i++) say(" %d", (seconds(clocks[i]) - start[clocks[i]] + 5) / 10 * 10);
  say("\n", 0);
}
static long offsets(const char *text) { return put_file("/proc/self/timens_offsets", text); }
static char content[512];
static void show(void) {
  long fd = sys3(__NR_open, "/proc/self/timens_offsets", 0, 0);
  long n = sys3(__NR_read, fd, content, sizeof content - 1);
  sys1(__NR_close, fd);
  content[n > 0 ? n : 0] = 0;
  say("%s", L(content));
}
static long link_(const char *path, char *to) {
  long n = sys3(__NR_readlink, path, to, 63);
  if (n >= 0) to[n] = 0;
  return n;
}
static int same(const char *a, const char *b) {
  while (*a && *a == *b) a++, b++;
  return *a == *b;
}
static char first[64];
static void links(const char *what) {
  char own[64], children[64];
  link_("/proc/self/ns/time", own), link_("/proc/self/ns/time_for_children", children);
  if (!first[0]) memcpy(first, own, 64);
  say(" %s %c%c%c%c", L(what), own[0], own[1], own[2], own[3]);
  say(" initial %d equal %d\n", L(same(own, first)), L(same(own, children)));
}
static void setting(void) {
  links("at first");
  say(" initial: %d\n", offsets("monotonic 1 0"));
  say(" unshare %d", sys1(__NR_unshare, NEWTIME));
  links("then");
  show();
  say(" formats: %d %d %d %d %d", offsets("monotonic 1"), offsets("what 1 0"), offsets("monotonic 1 1000000000"), offsets("monotonic 1 -1"), offsets("monotonic x 0"));
  say(" %d %d %d", offsets("monotonic 1 0\nboottime 2 0\nmonotonic 3 0"), offsets("3 1 0"), offsets(""));
  say(" ranges: %d %d %d", offsets("monotonic 9223372037 0"), offsets("monotonic 9223372036 0"), offsets("monotonic -2000000000 0"));
  say(" good: %d %d %d\n", offsets("monotonic 1000 5\nboottime 1 500000000\n"), offsets("1 2000 0"), offsets("7    3000 7"));
  show();
  shifts("not yet");
  say(" unshare again %d\n", sys1(__NR_unshare, NEWTIME));
  show();
  say(" own %d\n", offsets("boottime 5000 0"));
  int status = 0;
  long pid = sys0(__NR_fork);
  if (!pid) {
    shifts("child");
    links("child");
    say(" frozen %d\n", offsets("monotonic 1 0"));
    show();
    int64_t until[2] = {seconds(MONOTONIC), 0};
    say(" a past time %d", sys4(NANOSLEEP, MONOTONIC, 1, until, 0));
    until[0] = seconds(BOOTTIME) + 1;
    long before = seconds(MONOTONIC);
    say(" one second %d", sys4(NANOSLEEP, BOOTTIME, 1, until, 0));
    say(" took %d", L(seconds(MONOTONIC) - before <= 3));
    long fd = sys2(__NR_timerfd_create, MONOTONIC, 0);
    int64_t spec[4] = {0, 0, seconds(MONOTONIC), 1}, count = 0;
    say(" timerfd %d", sys4(TIMERFD_SETTIME, fd, 1, spec, 0));
    say(" read %d", sys3(__NR_read, fd, &count, 8));
    say(" %d\n", L(count));
    finish(0);
  }
  sys4(__NR_wait4, pid, &status, 0, 0);
  say(" end %x", L(status));
  say(" frozen for the parent too %d\n", offsets("monotonic 1 0"));
  shifts("parent");
}
static void entering(void) {
  long host = sys3(__NR_open, "/proc/self/ns/time", 0, 0);
  sys1(__NR_unshare, NEWTIME);
  say(" %d", offsets("monotonic 70 0\nboottime 90 0"));
  long fd = sys3(__NR_open, "/proc/self/ns/time_for_children", 0, 0);
  say(" type %x", sys2(__NR_ioctl, fd, 0xb703));
  say(" wrong %d enter %d", sys2(__NR_setns, fd, NEWUSER), sys2(__NR_setns, fd, NEWTIME));
  links("inside");
  shifts("inside");
  say(" frozen %d", offsets("monotonic 1 0"));
  say(" back %d", sys2(__NR_setns, host, 0));
  shifts("back");
  /* A process that shares memory stays; it would see two times otherwise. */
  sys1(__NR_unshare, NEWTIME), offsets("monotonic 70 0\nboottime 90 0");
  int status = 0;
  long pid = sys0(__NR_vfork);
  if (!pid) {
    shifts("vfork");
    finish(0);
  }
  sys4(__NR_wait4, pid, &status, 0, 0);
  static const char *again[] = {"/proc/self/exe", "inside", 0};
  pid = sys0(__NR_vfork);
  if (!pid) {
    sys3(__NR_execve, "/proc/self/exe", again, 0);
    finish(1);
  }
  sys4(__NR_wait4, pid, &status, 0, 0);
  say(" end %x\n", L(status));
}
static void powers(void) {
  sys3(SETRES, 1000, 1000, 1000);
  sys5(__NR_prctl, 4, 1, 0, 0, 0);
  say(" alone %d with users %d", sys1(__NR_unshare, NEWTIME), sys1(__NR_unshare, NEWTIME | NEWUSER));
  say(" offsets %d", offsets("monotonic 10 0"));
  show();
}
static void alone(const char *what, void (*f)(void)) {
  int status = 0;
  say("%s\n", L(what));
  long pid = sys0(__NR_fork);
  if (!pid) { f(); finish(0); }
  sys4(__NR_wait4, pid, &status, 0, 0);
  say(" end %x\n", L(status));
}
static int body(int argc, char **argv, char **envp) {
  (void)envp, (void)argv;
  if (argc > 1) {
    links("executed");
    show();
    return 3;
  }
  remember();
  alone("setting", setting);
  alone("entering", entering);
  alone("powers", powers);
  return 0;
}
