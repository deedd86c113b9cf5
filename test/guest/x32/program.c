// What an ordinary C program asks of the kernel, with words of 32 bits and the registers of 64: built with -mx32 and with -m64.
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

static void *value;
static void handler(int signal, siginfo_t *info, void *context) {
  ucontext_t *c = context;
  value = info->si_value.sival_ptr;
  printf("signal %d, code %d, from me %d, rip there %d, on the stack %d\n", signal, info->si_code, info->si_pid == getpid(),
         c->uc_mcontext.gregs[REG_RIP] != 0, c->uc_stack.ss_flags);
}
static void fault(int signal, siginfo_t *info, void *context) {
  ucontext_t *c = context;
  printf("signal %d at %p, code %d\n", signal, info->si_addr, info->si_code);
  c->uc_mcontext.gregs[REG_RIP] += 3;
}
static void child_ended(int signal, siginfo_t *info, void *context) {
  printf("signal %d, status %d, time %d\n", signal, info->si_status, info->si_utime + info->si_stime < 1000);
}
static void on(int signal, void (*action)(int, siginfo_t *, void *), int flags) {
  struct sigaction a = {.sa_sigaction = action, .sa_flags = SA_SIGINFO | flags}, old;
  sigaction(signal, &a, 0);
  sigaction(signal, 0, &old);
  printf("action kept %d, flags %x\n", old.sa_sigaction == action, old.sa_flags & 0xffff);
}
static void *thread(void *at) {
  *(int *)at = 7;
  return at;
}

int main(int argc, char **argv) {
  stack_t stack = {.ss_sp = malloc(65536), .ss_size = 65536};
  printf("sigaltstack %d\n", sigaltstack(&stack, 0));
  on(SIGUSR1, handler, SA_ONSTACK);
  sigqueue(getpid(), SIGUSR1, (union sigval){.sival_ptr = (void *)0x12345678});
  printf("value %p\n", value);
  on(SIGSEGV, fault, 0);
  asm volatile("movb $1, (%%rax)" ::"a"(16L));
  char *m = mmap(0, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memset(m, 1, 65536);
  m = mremap(m, 65536, 1 << 20, MREMAP_MAYMOVE);
  printf("memory %d\n", m[65535]);
  struct iovec parts[2] = {{"one ", 4}, {"two\n", 4}};
  fflush(stdout);
  writev(1, parts, 2);
  struct stat s;
  int failed = stat("/", &s);
  printf("stat %d, a folder %d\n", failed, S_ISDIR(s.st_mode));
  int pair[2], fd = 1;
  char control[CMSG_SPACE(sizeof fd)] = {0}, byte = 'x';
  struct iovec one = {&byte, 1};
  struct msghdr message = {.msg_iov = &one, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
  struct cmsghdr *c = CMSG_FIRSTHDR(&message);
  c->cmsg_level = SOL_SOCKET, c->cmsg_type = SCM_RIGHTS, c->cmsg_len = CMSG_LEN(sizeof fd);
  memcpy(CMSG_DATA(c), &fd, sizeof fd);
  printf("sendmsg %d", (int)sendmsg(pair[0], &message, 0));
  printf(", recvmsg %d", (int)recvmsg(pair[1], &message, 0));
  printf(", descriptor %d\n", *(int *)CMSG_DATA(CMSG_FIRSTHDR(&message)) > 2);
  pthread_t t;
  int x = 0, status;
  pthread_create(&t, 0, thread, &x);
  pthread_join(t, 0);
  printf("thread %d\n", x);
  on(SIGCHLD, child_ended, SA_RESTART);
  fflush(stdout);
  pid_t child = fork();
  if (!child) _exit(5);
  struct rusage usage;
  int waited = wait4(child, &status, 0, &usage) == child;
  printf("wait4 %d, status %d\n", waited, WEXITSTATUS(status));
  fflush(stdout);
  child = fork();
  if (!child) _exit(6);
  siginfo_t info;
  waited = waitid(P_PID, child, &info, WEXITED);
  printf("waitid %d: pid %d, status %d, code %d\n", waited, info.si_pid == child, info.si_status, info.si_code);
  struct timespec ts = {0, 1000000};
  int slept = nanosleep(&ts, 0);
  clock_gettime(CLOCK_MONOTONIC, &ts);
  printf("slept %d, clock %d\n", slept, ts.tv_sec > 0 || ts.tv_nsec > 0);
  if (argc == 1) {
    fflush(stdout);
    execl("/proc/self/exe", "again", "once", (char *)0);
  }
  printf("%d arguments, the last %s\n", argc, argv[argc - 1]);
  return 3;
}
