// Ways to keep the host busy with system calls: much data in one, many small ones, time, signals, processes.
#include "busy.h"
#include <fcntl.h>
#include <grp.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>

#define MIB (1ul << 20)

// Much in one call.
static void read_from(const char *path, size_t length) {
  char *p = map(length);
  int fd = open(path, O_RDONLY);
  for (;;)
    if (read(fd, p, length) <= 0) perror("read"), exit(5);
}
static void read_zero_64M(void) { read_from("/dev/zero", 64 * MIB); }
static void read_zero_512M(void) { read_from("/dev/zero", 512 * MIB); }
static void read_urandom(void) { read_from("/dev/urandom", 256 * MIB); }
static void get_random(void) {
  char *p = map(256 * MIB);
  for (;;) getrandom(p, 256 * MIB, 0);
}
static void write_null(void) {
  char *p = map(1024 * MIB);
  int fd = open("/dev/null", O_WRONLY);
  for (;;)
    if (write(fd, p, 1024 * MIB) != 1024 * MIB) perror("write"), exit(5);
}
static struct iovec *vectors(size_t each) {
  char *p = map(each);
  static struct iovec v[1024];
  for (int n = 0; n < 1024; n++) v[n] = (struct iovec){p, each};
  return v;
}
static void writev_null(void) {
  struct iovec *v = vectors(2048 * MIB);
  int fd = open("/dev/null", O_WRONLY);
  for (;;) writev(fd, v, 1024);
}
static void readv_zero(void) {
  struct iovec *v = vectors(2 * MIB);
  int fd = open("/dev/zero", O_RDONLY);
  for (;;)
    if (readv(fd, v, 1024) <= 0) perror("readv"), exit(5);
}
static void vm_readv(void) {
  struct iovec *v = vectors(MIB);
  for (;;)
    if (process_vm_readv(getpid(), v, 1024, v, 1024, 0) <= 0) perror("process_vm_readv"), exit(5);
}
static int memory_file(size_t length) {
  int fd = memfd_create("m", 0);
  if (fd < 0 || ftruncate(fd, length)) perror("memfd"), exit(3);
  return fd;
}
static void memfd_write(void) {
  char *p = map(128 * MIB);
  int fd = memory_file(0);
  for (;;) pwrite(fd, p, 128 * MIB, 0);
}
static void memfd_read(void) {
  char *p = map(256 * MIB);
  int fd = memory_file(1ul << 40);
  for (;;) pread(fd, p, 256 * MIB, 0);
}
static void sendfile_huge(void) {
  int from = memory_file(1ul << 40), to = open("/dev/null", O_WRONLY);
  for (;;) {
    off_t at = 0;
    if (sendfile(to, from, &at, 0x7ffff000) <= 0) perror("sendfile"), exit(5);
  }
}
static void copy_range(void) {
  int from = memory_file(1ul << 40), to = memory_file(0);
  for (;;) {
    off_t in = 0, out = 0;
    if (copy_file_range(from, &in, to, &out, 64 * MIB, 0) <= 0) perror("copy_file_range"), exit(5);
  }
}
static void splice_loop(void) {
  int pipes[2], from = memory_file(1ul << 40), to = open("/dev/null", O_WRONLY);
  if (pipe(pipes)) exit(3);
  for (;;) {
    off_t at = 0;
    ssize_t n = splice(from, &at, pipes[1], 0, MIB, 0);
    if (n <= 0 || splice(pipes[0], 0, to, 0, n, 0) <= 0) perror("splice"), exit(5);
  }
}
static void tmp_fill(void) {
  char *p = map(64 * MIB);
  for (;;) {
    int fd = open("/tmp/fill", O_CREAT | O_TRUNC | O_RDWR, 0600);
    if (write(fd, p, 64 * MIB) <= 0) perror("write"), exit(5);
    close(fd);
  }
}
static void through(int from, int to) {
  char *p = map(MIB);
  if (fork() == 0)
    for (;;)
      if (write(to, p, MIB) <= 0) exit(5);
  for (;;)
    if (read(from, p, MIB) <= 0) exit(5);
}
static void pipe_fill(void) {
  int pipes[2];
  if (pipe(pipes)) exit(3);
  fcntl(pipes[1], F_SETPIPE_SZ, MIB);
  through(pipes[0], pipes[1]);
}
static void unix_stream(void) {
  int sockets[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, sockets)) exit(3);
  through(sockets[0], sockets[1]);
}
static void unix_datagram(void) {
  int sockets[2];
  static char bytes[60000];
  if (socketpair(AF_UNIX, SOCK_DGRAM, 0, sockets)) exit(3);
  for (;;) {
    if (send(sockets[0], bytes, sizeof bytes, 0) < 0) exit(5);
    recv(sockets[1], bytes, sizeof bytes, 0);
  }
}
static void stdout_flood(void) {
  static char bytes[MIB];
  memset(bytes, 'x', sizeof bytes);
  for (;;) write(1, bytes, sizeof bytes);
}

// Many small ones.
static void get_pid(void) {
  for (;;) syscall(SYS_getpid);
}
static void get_ppid_32(void) {
  for (;;) {
    int a = 64;
    asm volatile("int $0x80" : "+a"(a)::"memory", "r8", "r9", "r10", "r11");
  }
}
static void yield_many(void) {
  for (int n = 0; n < 6; n++) fork();
  for (;;) sched_yield();
}
static void groups(void) {
  static gid_t list[65536];
  setgroups(65536, list);
  for (;;) {
    seteuid(0);
    getgroups(65536, list);
    setgroups(65536, list);
  }
}
static void futex_requeue(void) {
  static int words[2];
  if (fork() == 0)
    for (;;) syscall(SYS_futex, &words[0], FUTEX_WAIT, 0, 0, 0, 0);
  for (;;) syscall(SYS_futex, &words[0], FUTEX_CMP_REQUEUE, 1, (void *)1000, &words[1], 0);
}
static void exceptions_to_pipe(void) {
  int pipes[2];
  char byte = 0;
  if (pipe(pipes)) exit(3);
  for (;;) {
    if (write(pipes[1], &byte, 1) != 1) exit(5);
    if (read(pipes[0], &byte, 1) != 1) exit(5);
  }
}

// Time.
static void nano_sleep(void) {
  struct timespec t = {0, 1};
  for (;;) nanosleep(&t, 0);
}
static void long_sleep(void) {
  struct timespec t = {1000000, 0};
  for (;;) nanosleep(&t, 0);
}
static void two_sleep(void) {
  fork();
  nano_sleep();
}
static void nothing(int n) { (void)n; }
static void timers(int which, int usec) {
  struct itimerval v = {{0, usec}, {0, usec}};
  signal(SIGALRM, nothing), signal(SIGPROF, nothing), signal(SIGVTALRM, nothing);
  setitimer(which, &v, 0);
}
static void spin_on(void) {
  for (;;) asm volatile("");
}
static void timer_storm(void) {
  struct sigevent e = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
  struct itimerspec v = {{0, 1000}, {0, 1000}};
  signal(SIGALRM, nothing);
  for (int n = 0; n < 100; n++) {
    timer_t t;
    if (timer_create(CLOCK_MONOTONIC, &e, &t)) exit(3);
    timer_settime(t, 0, &v, 0);
  }
}
static void timer_storm_spin(void) { timer_storm(), spin_on(); }
static void timer_storm_sleep(void) {
  timer_storm();
  for (;;) pause();
}
static void itimer_sleep(void) {
  timers(ITIMER_REAL, 1);
  for (;;) pause();
}
static void itimer_spin(void) { timers(ITIMER_REAL, 1), spin_on(); }
static void itimer_prof(void) { timers(ITIMER_PROF, 1), spin_on(); }
static void itimer_virtual(void) { timers(ITIMER_VIRTUAL, 1), spin_on(); }
static void itimer_read(void) { timers(ITIMER_REAL, 50), read_zero_64M(); }

// Signals.
static void signal_storm(void) {
  signal(SIGUSR1, nothing);
  for (;;) raise(SIGUSR1);
}
static void signal_pair(void) {
  pid_t other = getpid();
  signal(SIGUSR1, nothing);
  pid_t child = fork();
  if (child) other = child;
  for (;;) kill(other, SIGUSR1);
}
static void signals_ignored(void) {
  for (int n = 1; n < 65; n++) signal(n, SIG_IGN);
  spin_on();
}

// Processes.
static void fork_wait(void) {
  for (;;) {
    pid_t child = fork();
    if (child == 0) _exit(0);
    waitpid(child, 0, 0);
  }
}
static void vfork_wait(void) {
  for (;;) {
    if (vfork() == 0) _exit(0);
    wait(0);
  }
}
static void fork_chain(void) {
  for (;;)
    if (fork()) _exit(0);
}
static void chain(void) {
  // The first process stays.
  if (fork() == 0) fork_chain();
  for (;;) pause();
}
static void execute_self(void) {
  char *argv[] = {"/proc/self/exe", "execute-self", 0};
  execv("/proc/self/exe", argv);
}
static void execute_big(void) {
  static char *argv[24] = {"/proc/self/exe", "execute-big"};
  static char big[100000];
  extern char **environ;
  memset(big, 'x', sizeof big - 1);
  static char *env[20];
  for (int n = 0; n < 19; n++) env[n] = big;
  execve("/proc/self/exe", argv, env);
  perror("execve"), exit(5);
}

static const struct way ways[] = {
    {"read-zero-64M", read_zero_64M},
    {"read-zero-512M", read_zero_512M},
    {"read-urandom", read_urandom},
    {"getrandom", get_random},
    {"write-null", write_null},
    {"writev-null", writev_null},
    {"readv-zero", readv_zero},
    {"vm-readv", vm_readv},
    {"memfd-write", memfd_write},
    {"memfd-read", memfd_read},
    {"sendfile-huge", sendfile_huge},
    {"copy-file-range", copy_range},
    {"splice", splice_loop},
    {"tmp-fill", tmp_fill},
    {"pipe-fill", pipe_fill},
    {"unix-stream", unix_stream},
    {"unix-datagram", unix_datagram},
    {"stdout-flood", stdout_flood},
    {"getpid", get_pid},
    {"getppid-32", get_ppid_32},
    {"yield-many", yield_many},
    {"groups", groups},
    {"futex-requeue", futex_requeue},
    {"pipe-byte", exceptions_to_pipe},
    {"nanosleep", nano_sleep},
    {"long-sleep", long_sleep},
    {"two-sleep", two_sleep},
    {"timer-storm", timer_storm_spin},
    {"timer-storm-sleep", timer_storm_sleep},
    {"itimer-sleep", itimer_sleep},
    {"itimer-spin", itimer_spin},
    {"itimer-prof", itimer_prof},
    {"itimer-virtual", itimer_virtual},
    {"itimer-read", itimer_read},
    {"signal-storm", signal_storm},
    {"signal-pair", signal_pair},
    {"signals-ignored", signals_ignored},
    {"fork-wait", fork_wait},
    {"vfork-wait", vfork_wait},
    {"fork-chain", chain},
    {"execute-self", execute_self},
    {"execute-big", execute_big},
};
int main(int argc, char **argv) { return busy(argc, argv, ways, sizeof ways / sizeof *ways); }
