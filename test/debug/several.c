// Two threads wait for a signal each; the first one sends both. With an argument a thread starts the program again;
// with two it sleeps often.
#include <pthread.h>
#include <signal.h>
#include <unistd.h>
static volatile int handled;
__attribute__((noinline)) void handle_one(int signo) { handled += signo; }
__attribute__((noinline)) void handle_two(int signo) { handled += signo; }
static void *wait_for(void *unused) {
  while (handled < SIGUSR1 + SIGUSR2) usleep(1000);
  return unused;
}
static void *replace(void *path) {
  execl(path, path, (char *)0);
  return path;
}
int main(int argc, char **argv) {
  pthread_t one, two;
  if (argc > 2) {
    for (int i = 0; i < 400; i++) usleep(1);
    return 0;
  }
  if (argc > 1) return pthread_create(&one, 0, replace, argv[0]) || pthread_join(one, 0) || 1;
  signal(SIGUSR1, handle_one), signal(SIGUSR2, handle_two);
  pthread_create(&one, 0, wait_for, 0), pthread_create(&two, 0, wait_for, 0);
  usleep(10);
  pthread_kill(one, SIGUSR1), pthread_kill(two, SIGUSR2);
  pthread_join(one, 0), pthread_join(two, 0);
  return handled;
}
