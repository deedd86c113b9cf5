// Processes that wait, each in a call of another kind. The first process sleeps, then ends each wait in turn.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ptrace.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int pipes[16][2], event, pair[2], locked, listener, full[2];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t barrier;

static void handler(int signal) { (void)signal; }
static long in_poll(void) { struct pollfd p = {pipes[0][0], POLLIN, 0}; return poll(&p, 1, -1) * 100 + p.revents; }
static long in_ppoll(void) { struct pollfd p = {pipes[1][0], POLLIN, 0}; struct timespec t = {5, 0}; return ppoll(&p, 1, &t, 0) * 100 + p.revents; }
static long in_select(void) { fd_set s; FD_ZERO(&s); FD_SET(pipes[2][0], &s); return select(pipes[2][0] + 1, &s, 0, 0, 0) * 10 + FD_ISSET(pipes[2][0], &s); }
static long in_epoll(void) {
  int e = epoll_create1(0);
  struct epoll_event v = {EPOLLIN | EPOLLET, {.u64 = 7}};
  epoll_ctl(e, EPOLL_CTL_ADD, pipes[3][0], &v);
  return epoll_wait(e, &v, 1, -1) * 10 + v.data.u64;
}
static long in_read(void) { char b[4] = {0}; return read(pipes[4][0], b, 4) * 1000 + b[0]; }
static long in_eventfd(void) { uint64_t n; read(event, &n, 8); return n; }
static long in_recv(void) { char b[8]; return recv(pair[0], b, 8, MSG_WAITALL); }
static long in_flock(void) { return flock(open("/tmp/lock", O_RDWR), LOCK_EX); }
static long in_setlk(void) { struct flock l = {F_WRLCK, SEEK_SET, 0, 0, 0}; return fcntl(open("/tmp/records", O_RDWR), F_SETLKW, &l); }
static long in_fifo(void) { char b[3]; int f = open("/tmp/fifo", O_RDONLY); return read(f, b, 3); }
static long in_accept(void) { return accept(listener, 0, 0) > 0; }
static long in_write(void) { static char b[8192]; return write(full[1], b, 8192); }
static long in_splice(void) { int p[2]; pipe(p); return splice(pipes[5][0], 0, p[1], 0, 100, 0); }
static long in_pause(void) { signal(SIGUSR1, handler); return pause() * 1000 - errno; }
static long in_suspend(void) { sigset_t s; sigfillset(&s); sigdelset(&s, SIGUSR2); signal(SIGUSR2, handler); return sigsuspend(&s) * 1000 - errno; }
static long in_timerfd(void) {
  int t = timerfd_create(CLOCK_MONOTONIC, 0);
  struct itimerspec when = {{0, 0}, {0, 30000000}};
  uint64_t n;
  timerfd_settime(t, 0, &when, 0);
  read(t, &n, 8);
  return n;
}
static long in_signalfd(void) {
  sigset_t s;
  struct signalfd_siginfo i;
  sigemptyset(&s);
  sigaddset(&s, SIGUSR1);
  sigprocmask(SIG_BLOCK, &s, 0);
  read(signalfd(-1, &s, 0), &i, sizeof i);
  return i.ssi_signo;
}
static long in_sleep(void) { struct timespec t = {0, 40000000}; return clock_nanosleep(CLOCK_MONOTONIC, 0, &t, 0); }
static long in_vfork(void) {
  int status;
  pid_t child = vfork();
  if (child == 0) { char b; read(pipes[6][0], &b, 1); _exit(9); }
  waitpid(child, &status, 0);
  return WEXITSTATUS(status);
}
static long in_wait(void) {
  int status;
  pid_t child = fork();
  if (child == 0) { char b; read(pipes[7][0], &b, 1); _exit(8); }
  waitpid(child, &status, 0);
  return WEXITSTATUS(status);
}
static long in_tracing(void) {
  int status;
  pid_t child = fork();
  if (child == 0) { ptrace(PTRACE_TRACEME, 0, 0, 0); raise(SIGSTOP); _exit(6); }
  waitpid(child, &status, 0);
  char b;
  read(pipes[8][0], &b, 1);
  ptrace(PTRACE_CONT, child, 0, 0);
  waitpid(child, &status, 0);
  return WEXITSTATUS(status);
}
static void *other(void *arg) {
  pthread_mutex_lock(&mutex);
  pthread_mutex_unlock(&mutex);
  pthread_barrier_wait(&barrier);
  return arg;
}
static long in_threads(void) {
  pthread_t t[2];
  void *r;
  char b;
  pthread_barrier_init(&barrier, 0, 3);
  pthread_mutex_lock(&mutex);
  for (long i = 0; i < 2; i++) pthread_create(&t[i], 0, other, (void *)i);
  read(pipes[9][0], &b, 1);
  pthread_mutex_unlock(&mutex);
  pthread_barrier_wait(&barrier);
  long sum = 40;
  for (int i = 0; i < 2; i++) pthread_join(t[i], &r), sum += (long)r;
  return sum;
}
static long in_stop(void) { raise(SIGSTOP); return 5; }

static struct { const char *name; long (*run)(void); pid_t pid; } waits[] = {
  {"poll", in_poll, 0}, {"ppoll", in_ppoll, 0}, {"select", in_select, 0}, {"epoll", in_epoll, 0}, {"read", in_read, 0},
  {"eventfd", in_eventfd, 0}, {"recv", in_recv, 0}, {"flock", in_flock, 0}, {"setlk", in_setlk, 0}, {"fifo", in_fifo, 0},
  {"accept", in_accept, 0}, {"write", in_write, 0}, {"splice", in_splice, 0}, {"pause", in_pause, 0}, {"suspend", in_suspend, 0},
  {"timerfd", in_timerfd, 0}, {"signalfd", in_signalfd, 0}, {"sleep", in_sleep, 0}, {"vfork", in_vfork, 0}, {"wait", in_wait, 0},
  {"tracing", in_tracing, 0}, {"threads", in_threads, 0}, {"stop", in_stop, 0},
};
#define COUNT (int)(sizeof waits / sizeof *waits)
static pid_t pid_of(const char *name) {
  for (int i = 0; i < COUNT; i++) if (!strcmp(waits[i].name, name)) return waits[i].pid;
  return -1;
}
static void rest(void) { struct timespec t = {0, 10000000}; nanosleep(&t, 0); }

int main(void) {
  static char b[1 << 16];
  struct sockaddr_un at = {AF_UNIX, "/tmp/socket"};
  struct flock record = {F_WRLCK, SEEK_SET, 0, 0, 0};
  uint64_t three = 3;
  mkdir("/tmp", 0777);
  for (int i = 0; i < 16; i++) pipe(pipes[i]);
  pipe(full);
  write(full[1], b, sizeof b);
  event = eventfd(0, 0);
  socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
  locked = open("/tmp/lock", O_RDWR | O_CREAT, 0600);
  flock(locked, LOCK_EX);
  int records = open("/tmp/records", O_RDWR | O_CREAT, 0600);
  fcntl(records, F_SETLK, &record);
  mkfifo("/tmp/fifo", 0600);
  listener = socket(AF_UNIX, SOCK_STREAM, 0);
  bind(listener, (struct sockaddr *)&at, sizeof at);
  listen(listener, 1);
  for (int i = 0; i < COUNT; i++) {
    pid_t pid = fork();
    if (pid == 0) {
      // The parent's own lock is not this process's.
      if (waits[i].run == in_flock) close(locked);
      long result = waits[i].run();
      printf("%s %ld\n", waits[i].name, result);
      fflush(stdout);
      _exit(0);
    }
    waits[i].pid = pid;
  }
  close(full[1]);
  rest();
  rest();
  for (int i = 0; i < 10; i++) { write(pipes[i][1], "x", 1); rest(); }
  write(event, &three, 8);
  send(pair[1], "12345678", 8, 0);
  rest();
  flock(locked, LOCK_UN);
  record.l_type = F_UNLCK;
  fcntl(records, F_SETLK, &record);
  rest();
  int fifo = open("/tmp/fifo", O_WRONLY);
  write(fifo, "abc", 3);
  connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&at, sizeof at);
  rest();
  read(full[0], b, sizeof b);
  kill(pid_of("pause"), SIGUSR1);
  kill(pid_of("suspend"), SIGUSR2);
  kill(pid_of("signalfd"), SIGUSR1);
  kill(pid_of("stop"), SIGCONT);
  int count = 0, status;
  while (wait(&status) > 0) count++;
  printf("%d ended\n", count);
  return 0;
}
