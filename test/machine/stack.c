// A call through four functions and a signal handler, without frame pointers: -DFP has frame pointers and no unwind tables.
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

volatile int sink;

__attribute__((noinline)) long inner(int n) {
  char room[200 + 16];
  room[n] = 1;
  long result = syscall(SYS_getppid);
  sink = room[n];
  return result;
}
__attribute__((noinline)) long middle(int n) {
  long result = inner(n + 1) + n;
  sink++;
  return result;
}
__attribute__((noinline)) void handler(int signal) {
  middle(signal);
  sink++;
}
__attribute__((noinline)) long outer(int n) {
  raise(SIGUSR1);
  sink++;
  return n;
}

int main(int argc, char **argv) {
  long first = middle(argc);
  signal(SIGUSR1, handler);
  outer(argc);
  return first == 99;
}
