// Mutexes: mutexes WHAT N. Taking a held one is an event only where the wait can be seen.
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER, other = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static int n, shared, failed;
static volatile int ready;

static void *adds(void *argument) {
  pthread_mutex_lock(&mutex);
  shared++;
  pthread_mutex_unlock(&mutex);
  return argument;
}
static void *tries(void *argument) {
  if (pthread_mutex_trylock(&mutex)) failed = 1;
  else {
    shared++;
    pthread_mutex_unlock(&mutex);
  }
  return argument;
}
static void *gives_up(void *argument) {
  struct timespec until = {0, 0};
  if (pthread_mutex_timedlock(&mutex, &until)) failed = 1;
  else {
    shared++;
    pthread_mutex_unlock(&mutex);
  }
  return argument;
}
/** The word is 2 while another thread waits. */
static void *looks(void *argument) {
  if (__atomic_load_n((int *)&mutex, __ATOMIC_SEQ_CST) == 2) failed = 1;
  return argument;
}
static void *crosses(void *argument) {
  int isFirst = argument == (void *)1;
  pthread_mutex_lock(isFirst ? &mutex : &other);
  pthread_mutex_lock(isFirst ? &other : &mutex);
  pthread_mutex_unlock(&other);
  pthread_mutex_unlock(&mutex);
  return argument;
}
/** Keeps the mutex, so the other thread waits to the end of the process. */
static void *keeps(void *argument) {
  pthread_mutex_lock(&mutex);
  if (argument == (void *)2) failed = 1;
  ready = 1;
  return argument;
}
static void *waits(void *argument) {
  pthread_mutex_lock(&mutex);
  while (!ready) pthread_cond_wait(&condition, &mutex);
  shared++;
  pthread_mutex_unlock(&mutex);
  return argument;
}
static void *signals(void *argument) {
  pthread_mutex_lock(&mutex);
  ready = 1;
  pthread_cond_signal(&condition);
  pthread_mutex_unlock(&mutex);
  return argument;
}

int main(int count, char **arguments) {
  (void)count;
  const char *what = arguments[1];
  n = atoi(arguments[2]);
  void *(*first)(void *) = adds, *(*rest)(void *) = adds;
  if (!strcmp(what, "tries")) rest = tries;
  if (!strcmp(what, "gives_up")) rest = gives_up;
  if (!strcmp(what, "looks")) rest = looks;
  if (!strcmp(what, "crosses")) first = rest = crosses;
  if (!strcmp(what, "keeps")) first = rest = keeps;
  if (!strcmp(what, "waits")) first = waits, rest = signals;
  pthread_t threads[8];
  for (long i = 0; i < n; i++) pthread_create(&threads[i], 0, i < n - 1 ? first : rest, (void *)(i + 1));
  if (first == keeps) {
    while (!ready);
    return failed;
  }
  for (int i = 0; i < n; i++) pthread_join(threads[i], 0);
  return failed;
}
