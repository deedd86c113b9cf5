/* Threads, a handler, a read into a buffer, a child that ends, and one that executes a program. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
int shared[4];
char buffer[32];
static void *work(void *argument) {
  long n = (long)argument;
  for (int i = 0; i < 1000; i++)
    shared[n] += i;
  return argument;
}
static void handle(int signal) { shared[3] += signal; }
static void in_child(void) {
  shared[0] = 7;
  _exit(3);
}
int main(int count, char **arguments) {
  pthread_t threads[3];
  if (count > 1)
    for (volatile long i = 0;; i++)
      shared[2] = i & 0xff;
  signal(SIGUSR1, handle);
  for (long i = 0; i < 3; i++)
    pthread_create(&threads[i], 0, work, (void *)i);
  for (int i = 0; i < 3; i++)
    pthread_join(threads[i], 0);
  raise(SIGUSR1);
  int ends[2];
  if (pipe(ends) != 0 || write(ends[1], "hello", 5) != 5 || read(ends[0], buffer, 5) != 5)
    return 1;
  if (fork() == 0)
    in_child();
  int status;
  wait(&status);
  if (fork() == 0) {
    execl("/other", "other", (char *)0);
    _exit(9);
  }
  getppid();
  printf("done %d\n", shared[0]);
  return 5;
}
