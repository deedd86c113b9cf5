// Calls that answer by a check of their own: barriers, processor times and policies, pipes' sizes, seals, pidfds, namespaces' files.
#include "guest.h"
#include <linux/fcntl.h>
#define SIGRTMIN 32
static char buffer[256];
static void barriers(void) {
  say("membarrier %x", sys3(__NR_membarrier, 0, 0, 0) & 0x3ff);
  say(" unregistered %d %d %d", sys3(__NR_membarrier, 8, 0, 0), sys3(__NR_membarrier, 32, 0, 0), sys3(__NR_membarrier, 128, 0, 0));
  say(" register %d %d", sys3(__NR_membarrier, 16, 0, 0), sys3(__NR_membarrier, 4, 0, 0));
  say(" then %d %d, flags %d, two at once %d\n", sys3(__NR_membarrier, 8, 0, 0), sys3(__NR_membarrier, 2, 0, 0), sys3(__NR_membarrier, 8, 1, 0), sys3(__NR_membarrier, 3, 0, 0));
  say(" registered %d\n", sys3(__NR_membarrier, 512, 0, 0) & ~2);
  // A child has the registrations of its parent, a program that is executed has none.
  long pid = sys0(__NR_fork);
  if (pid == 0) {
    say("child %d, registered %d\n", sys3(__NR_membarrier, 8, 0, 0), sys3(__NR_membarrier, 512, 0, 0) & ~2);
    finish(0);
  }
  end(pid);
}
static void options(void) {
  say("prctl: speculation of nothing %d, more arguments %d %d\n", sys5(__NR_prctl, 52, 9, 0, 0, 0), sys5(__NR_prctl, 52, 0, 1, 0, 0), sys5(__NR_prctl, 53, 0, 1, 1, 0));
  sys2(__NR_prctl, 29, 70000);
  long pid = sys0(__NR_fork);
  if (!pid) {
    say(" slack of a child %d", sys1(__NR_prctl, 30));
    sys2(__NR_prctl, 29, 5);
    sys2(__NR_prctl, 29, 0);
    say(" and its default %d\n", sys1(__NR_prctl, 30));
    finish(0);
  }
  end(pid);
  long tv[2] = {0, 2000};
  sys1(__NR_personality, 0x4000000);
#ifdef __x86_64__
  sys5(__NR_select, 0, 0, 0, 0, tv);
#else
  sys5(__NR__newselect, 0, 0, 0, 0, tv);
#endif
  sys1(__NR_personality, 0);
  say(" sticky timeout %d\n", tv[1]);
}
static long size(int fd, unsigned long n) { return sys3(__NR_fcntl, fd, F_SETPIPE_SZ, n); }
static void pipes(void) {
  int p[2];
  sys1(__NR_pipe, p);
  say("pipe sizes: %d %d %d %d %d, all bits %d", size(p[0], 0), size(p[0], 1), size(p[1], 4097), size(p[1], 1 << 20), size(p[0], 65536), size(p[0], ~0u));
  sys3(__NR_write, p[1], buffer, 1);
  say(" one page with a byte %d\n", size(p[0], 0));
  sys3(__NR_setresuid, 65534, 65534, 65534);
  say(" nobody: to the limit %d, beyond %d, smaller %d\n", size(p[0], 1 << 20), size(p[0], 1 << 21), size(p[0], 4096));
}
static void files(void) {
  long a = sys3(__NR_open, "/tmp/trapgate-answers", 0102, 0600), b = sys3(__NR_open, "/tmp/trapgate-answers", 0102, 0600);
  say("created %d %d\n", sys3(__NR_fcntl, a, 1028, 0), sys3(__NR_fcntl, b, 1028, 0));
  sys1(__NR_unlink, "/tmp/trapgate-answers");
  int p[2];
  sys1(__NR_pipe, p);
#ifdef __x86_64__
  say("sync_file_range: flags %d, offset %d, length %d, pipe %d, closed %d\n", sys4(__NR_sync_file_range, a, 0, 1, 8), sys4(__NR_sync_file_range, a, -1, 1, 1), sys4(__NR_sync_file_range, a, 0, -1, 1), sys4(__NR_sync_file_range, p[0], 0, 1, 1), sys4(__NR_sync_file_range, 99, 0, 1, 1));
#endif
  say("memfd flags %d %d %d %d\n", sys2(__NR_memfd_create, "m", 0x100), sys2(__NR_memfd_create, "m", -500), sys2(__NR_memfd_create, "m", ~1), sys2(__NR_memfd_create, "m", 24));
  long m = sys2(__NR_memfd_create, "m", 2);
  char name[] = "/proc/self/fd/0";
  name[14] = (char)('0' + m);
  sys3(__NR_write, m, "text", 4);
  say(" cut by open %d", L(sys3(__NR_open, name, 01002, 0) >= 0));
  sys3(__NR_write, m, "text", 4);
  sys3(__NR_fcntl, m, F_ADD_SEALS, 2);
  say(", sealed %d, for reading %d\n", sys3(__NR_open, name, 01002, 0), L(sys3(__NR_open, name, 0, 0) >= 0));
  long zero = sys3(__NR_open, "/dev/zero", 0, 0), at;
#ifdef __x86_64__
  at = sys6(__NR_mmap, 0, 4096, 1, 1, zero, 0);
#else
  long map[6] = {0, 4096, 1, 1, zero, 0};
  at = sys1(__NR_mmap, map);
#endif
  say("shared memory of /dev/zero: writable later %d\n", sys3(__NR_mprotect, at, 4096, 3));
}
struct attr { uint32_t size, policy; uint64_t flags; int32_t nice; uint32_t priority; uint64_t runtime, deadline, period; uint32_t more[2]; };
static void policies(void) {
  struct attr a = {48, 6, 0, 0, 0, 10000000, 30000000, 30000000, {0}}, b = {0};
  long pid = sys0(__NR_fork);
  int p = 0;
  unsigned long mask = 1;
  if (!pid) {
    a.deadline = 10;
    say("deadline shorter than runtime %d", sys3(__NR_sched_setattr, 0, &a, 0));
    a.deadline = 30000000;
    a.runtime = 100;
    say(", runtime too short %d\n", sys3(__NR_sched_setattr, 0, &a, 0));
    long parent = sys0(__NR_getppid);
    sys3(__NR_setresuid, 65534, 65534, 65534);
    say(" of another user: param %d, scheduler %d, affinity %d", sys2(__NR_sched_setparam, parent, &p), sys3(__NR_sched_setscheduler, parent, 0, &p), sys3(__NR_sched_setaffinity, parent, 8, &mask));
    a.runtime = 10000000;
    say(", deadline %d", sys3(__NR_sched_setattr, 0, &a, 0));
    a.policy = 0;
    a.nice = -1;
    say(", nice -1 %d", sys3(__NR_sched_setattr, 0, &a, 0));
    p = 1;
    say(", real time %d\n", sys3(__NR_sched_setscheduler, 0, 1, &p));
    finish(0);
  }
  end(pid);
  (void)b;
}
static void processes(void) {
  struct { uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls; } c = {0x1000, 8, 0, 0, 17, 0, 0, 0};
  say("clone3 with a bad pidfd %d", sys2(__NR_clone3, &c, sizeof c));
  say(", no child %d\n", sys4(__NR_wait4, -1, 0, 0, 0));
  say("process 1: signal 0 %d, policy %d, session %d, folder %d\n", sys2(__NR_kill, 1, 0), sys1(__NR_sched_getscheduler, 1) & ~0x40000000, L(sys1(__NR_getsid, 1) >= 0), L(sys3(__NR_open, "/proc/1", 0200000, 0) >= 0));
  long self = sys3(__NR_open, "/proc/self", 0200000, 0), root = sys3(__NR_open, "/", 0200000, 0);
  say("pidfd_send_signal to a folder %d, to another %d", sys4(__NR_pidfd_send_signal, self, 0, 0, 0), sys4(__NR_pidfd_send_signal, root, 0, 0, 0));
  int info[32] = {10, 0, -1};
  say(", another number %d\n", sys4(__NR_pidfd_send_signal, self, 12, info, 0));
  long pid = sys0(__NR_fork);
  if (!pid) finish(5);
  long fd = sys2(__NR_pidfd_open, pid, 0);
  uint64_t i[8] = {8};
  say("pidfd info %d", sys3(__NR_ioctl, fd, 0xc040ff0b, i));
  say(" mask %x pid %d %d", L(i[0] & 0xb), L((uint32_t)i[2] == (uint32_t)pid), L((i[3] & 0xffffffff) == (uint64_t)sys0(__NR_getpid)));
  say(", null %d, short %d\n", sys3(__NR_ioctl, fd, 0xc040ff0b, 0), sys3(__NR_ioctl, fd, 0xc004ff0b, i) < 0);
  end(pid);
  i[0] = 8;
  say(" reaped %d", sys3(__NR_ioctl, fd, 0xc040ff0b, i));
  say(" mask %x code %x", L(i[0] & 0xb), L(i[7] >> 32));
  i[0] = 0;
  say(", without its end %d\n", sys3(__NR_ioctl, fd, 0xc040ff0b, i));
  long limit[2] = {0, 0};
  uint64_t set = 1ull << (SIGRTMIN - 1);
  sys4(__NR_rt_sigprocmask, 0, &set, 0, 8);
  pid = sys0(__NR_fork);
  if (!pid) {
    sys2(__NR_setrlimit, 11, limit);
    say("no more signals: tgkill %d, kill %d, ordinary %d\n", sys3(__NR_tgkill, sys0(__NR_getpid), sys0(__NR_gettid), SIGRTMIN), sys2(__NR_kill, sys0(__NR_getpid), SIGRTMIN), sys3(__NR_tgkill, sys0(__NR_getpid), sys0(__NR_gettid), 17));
    finish(0);
  }
  end(pid);
}
static void namespaces(void) {
  long user = sys3(__NR_open, "/proc/self/ns/user", 0, 0), uts = sys3(__NR_open, "/proc/self/ns/uts", 0, 0), pid = sys3(__NR_open, "/proc/self/ns/pid", 0, 0);
  unsigned uid = 77;
  say("namespaces: owner of user %d, parent of user %d, of pid %d, of uts %d", sys2(__NR_ioctl, user, 0xb701), sys2(__NR_ioctl, user, 0xb702), sys2(__NR_ioctl, pid, 0xb702), sys2(__NR_ioctl, uts, 0xb702));
  say(" uid %d", sys3(__NR_ioctl, user, 0xb704, &uid));
  say(" = %d, of uts %d", L(uid), sys3(__NR_ioctl, uts, 0xb704, &uid));
  long owner = sys2(__NR_ioctl, uts, 0xb701);
  say(", owner of uts %d of type %x\n", L(owner >= 0), sys2(__NR_ioctl, owner, 0xb703));
}
static volatile int fired;
static void note(int sig, void *si, void *uc) { (void)si, (void)uc; fired = sig; }
static void rest(void) {
  // C libraries extend the sign of SA_RESETHAND into the upper half of a long.
  struct action a = {note, (unsigned long)(long)(int)0x84000004, restore, 0}, got;
  sys4(__NR_rt_sigaction, 10, &a, 0, 8);
  sys4(__NR_rt_sigaction, 10, 0, &got, 8);
  say("flags with an extended sign %x\n", got.flags & 0xffffffff);
  int p[2], id = -1;
  static char big[131072] __attribute__((aligned(4096)));
  struct { void *base; unsigned long length; } v = {big, sizeof big};
  sys1(__NR_pipe, p);
  say("vmsplice of more than a pipe holds %d\n", sys4(__NR_vmsplice, p[1], &v, 1, 0));
  on(14, note, 0);
  say("timer of a process's own time %d", sys3(__NR_timer_create, -6, 0, &id));
  long spec[4] = {0, 0, 0, 30000000}, ts[2] = {0, 60000000};
  say(" set %d", sys4(__NR_timer_settime, id, 0, spec, 0));
  sys2(__NR_nanosleep, ts, 0);
  say(" after a sleep %d", L(fired));
  while (!fired) __asm__ volatile("");
  sys2(__NR_clock_gettime, 2, ts);
  say(" after work %d, not too early %d\n", L(fired), L(ts[1] >= 30000000));
  say("ustat of no device %d\n", sys2(__NR_ustat, 0x7777, big));
  long fd = sys3(__NR_open, "/proc/self/smaps", 0, 0), n = sys3(__NR_read, fd, big, 4096), lines = 0;
  for (long i = 0; i < n && lines < 22; i++) {
    if (big[i] == '\n' && ++lines < 22) {
      long end = i + 1;
      while (end < n && big[end] != ':') end++;
      big[end] = 0;
      say("%s ", big + i + 1);
    }
  }
  say("\n");
}
static void memoryOf(void) {
  const char *names[] = {"environ", "auxv", "maps", "smaps", "smaps_rollup", "pagemap", "mem", "stat"};
  char path[64] = "/proc/";
  long parent = sys0(__NR_getpid), child = sys0(__NR_fork);
  if (child) {
    end(child);
    return;
  }
  say("files about the memory of another user's process:");
  sys3(__NR_setresuid, 1000, 1000, 1000);
  int n = 6;
  char digits[20];
  int k = 0;
  for (long v = parent; v; v /= 10) digits[k++] = '0' + v % 10;
  while (k) path[n++] = digits[--k];
  path[n++] = '/';
  for (int i = 0; i < 8; i++) {
    int j = 0;
    do path[n + j] = names[i][j];
    while (names[i][j++]);
    long fd = sys3(__NR_open, path, 0, 0);
    say(" %s %d", names[i], fd < 0 ? fd : 0);
    if (fd >= 0) sys1(__NR_close, fd);
  }
  say("\n");
  finish(0);
}
// A new process and a new program have the filter of core files of their parent.
static void dumped(const char *where) {
  long fd = sys3(__NR_open, "/proc/self/coredump_filter", 0, 0), n = sys3(__NR_read, fd, buffer, 200);
  buffer[n > 0 ? n : 0] = 0;
  say("%s filter %s", where, buffer);
  sys1(__NR_close, fd);
}
static void filter(char **envp) {
  put_file("/proc/self/coredump_filter", "0x1c");
  long pid = sys0(__NR_fork);
  if (pid == 0) {
    dumped("child's");
    sys3(__NR_execve, "/proc/self/exe", ((const char *const[]){"answers", "filter", 0}), envp);
    finish(9);
  }
  end(pid);
}
static int body(int argc, char **argv, char **envp) {
  (void)argv;
  if (argc > 1) {
    dumped("program's");
    return 0;
  }
  filter(envp);
  barriers();
  options();
  files();
  policies();
  processes();
  namespaces();
  rest();
  memoryOf();
  long child = sys0(__NR_fork);
  if (!child) {
    pipes();
    finish(0);
  }
  end(child);
  return 0;
}
