// Long calls, and what else happens meanwhile: signals, other processes, SIGKILL. It prints what must be the same here and on Linux.
// With an argument it prints the clock, too, which must be the same in every tier.
#include "busy.h"
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>

#define MIB (1l << 20)
static char *buffer;
static struct iovec v[1024];
static volatile int signals;
static int shows_clock;

static void count(int n) { (void)n, signals++; }
static void after(long usec) {
  struct itimerval t = {{0, 0}, {0, usec}};
  signals = 0;
  setitimer(ITIMER_REAL, &t, 0);
}
static void say(const char *what, long got, long all) {
  if (got < 0) printf("%s: errno %d", what, errno);
  else printf("%s: %s%s", what, got == all ? "all" : got > 0 ? "short" : "none", got == all || got % 4096 == 0 ? "" : ", torn");
  printf(", %d signals", signals);
  if (shows_clock) {
    struct timespec now;
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
    printf(", %ld bytes, %ld ns", got, now.tv_sec * 1000000000 + now.tv_nsec);
  }
  printf("\n");
  fflush(stdout);
}
static int memory_file(long length) {
  int fd = memfd_create("m", 0);
  if (fd < 0 || ftruncate(fd, length)) perror("memfd"), exit(3);
  return fd;
}

static void meanwhile(void) {
  // A child counts while its parent reads.
  volatile long *shared = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int zero = open("/dev/zero", O_RDONLY);
  pid_t child = fork();
  if (child == 0)
    for (;;) shared[0]++;
  while (shared[0] == 0) sched_yield();
  long before = shared[0];
  readv(zero, v, 1024);
  printf("meanwhile: another process %s\n", shared[0] > before + 1000 ? "runs" : "waits");
  kill(child, SIGKILL);
  waitpid(child, 0, 0);
}
static void killed(void) {
  int pipes[2];
  char byte;
  if (pipe(pipes)) exit(3);
  pid_t child = fork();
  if (child == 0) {
    int fd = memory_file(0);
    write(pipes[1], "x", 1);
    for (;;) pwritev(fd, v, 100, 0);
  }
  read(pipes[0], &byte, 1);
  usleep(3000);
  kill(child, SIGKILL);
  int status;
  waitpid(child, &status, 0);
  printf("killed: %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : -1);
}
static void turns(void) {
  // Two write at the offset that they share: neither's bytes are lost.
  enum { LENGTH = 3 << 20 };
  char name[] = "/tmp/trapgate-turns-XXXXXX";
  int fd = mkstemp(name);
  unlink(name);
  for (int n = 0; n < 2; n++)
    if (fork() == 0) {
      memset(buffer, 'a' + n, LENGTH);
      if (write(fd, buffer, LENGTH) != LENGTH) exit(5);
      exit(0);
    }
  while (wait(0) > 0)
    ;
  char *p = mmap(0, 2 * LENGTH, PROT_READ, MAP_SHARED, fd, 0);
  int changes = 0;
  for (long n = 1; n < 2 * LENGTH; n++) changes += p[n] != p[n - 1];
  printf("turns: %ld bytes, %d change\n", (long)lseek(fd, 0, SEEK_CUR), changes);
}

int main(int argc, char **argv) {
  (void)argv;
  shows_clock = argc > 1;
  setvbuf(stdout, 0, _IOLBF, 4096);
  struct sigaction action = {.sa_handler = count, .sa_flags = SA_RESTART};
  sigaction(SIGALRM, &action, 0);
  buffer = map(64 * MIB);
  for (int n = 0; n < 1024; n++) v[n] = (struct iovec){buffer, MIB};
  int zero = open("/dev/zero", O_RDONLY), null = open("/dev/null", O_WRONLY);

  // What has happened when the signal is looked at depends on the speed; whether all is done does not.
  say("read nothing", read(zero, buffer, 0), 0);
  after(2000), say("zero", readv(zero, v, 1024), 1024 * MIB);
  after(2000), say("getrandom", getrandom(buffer, 64 * MIB, 0), 64 * MIB);
  int random = open("/dev/urandom", O_RDONLY);
  after(2000), say("urandom", read(random, buffer, 64 * MIB), 64 * MIB);
  int file = memory_file(1024 * MIB);
  after(2000), say("file read", readv(file, v, 300), 300 * MIB);
  printf("offset: %ld\n", (long)lseek(file, 0, SEEK_CUR) / MIB);
  int other = memory_file(0);
  after(2000), say("file write", writev(other, v, 100), 100 * MIB);
  printf("offset: %ld\n", (long)lseek(other, 0, SEEK_CUR) / MIB);
  off_t at = 0;
  after(2000);
  long sent = sendfile(null, file, &at, 1024 * MIB);
  say("sendfile", sent, 1024 * MIB);
  printf("offset: %s\n", at == sent ? "of what is sent" : "other");
  off_t in = 0, out = 0;
  after(2000);
  long copied = copy_file_range(file, &in, other, &out, 90 * MIB, 0);
  say("copy_file_range", copied, 90 * MIB);
  printf("offsets: %s\n", in == copied && out == copied ? "of what is copied" : "other");
  after(2000), say("process_vm_readv", process_vm_readv(getpid(), v, 200, v, 200, 0), 200 * MIB);
  signals = 0;
  say("null", writev(null, v, 1024), 1024 * MIB);
  say("null of nothing", write(null, (void *)4096, 64 * MIB), 64 * MIB);
  struct iovec most[2] = {{buffer, 1l << 32}, {buffer, 1l << 32}};
  say("most", writev(null, most, 2), 0x7ffff000);
  meanwhile();
  killed();
  turns();
  return 0;
}
