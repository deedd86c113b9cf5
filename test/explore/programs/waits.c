// Loops that wait, ends of the process, atomic sections: NAME N. For proofs by --search dpor.
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static volatile int flag, other, sum, section;
static atomic_int word;

static void *sets(void *argument) { flag = 1; return argument; }
static void *waits(void *argument) { while (flag == 0); return argument; }
static void *waits_for_other(void *argument) { while (other == 0); return argument; }
/** casrot of GenMC's tests: thread i changes the word from i to i + 1. */
static void *rotates(void *argument) {
  int from = (long)argument;
  atomic_compare_exchange_strong(&word, &from, from + 1);
  return 0;
}
static void *adds(void *argument) {
  section = 1;
  sum = sum + 1;
  sum = sum + 1;
  section = 0;
  return argument;
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  const char *name = argv[1];
  long n = atoi(argv[2]);
  pthread_t threads[8];
  if (!strcmp(name, "waits")) {
    pthread_create(&threads[0], 0, waits, 0);
    pthread_create(&threads[1], 0, sets, 0);
    n = 2;
  } else if (!strcmp(name, "endless")) {
    pthread_create(&threads[0], 0, waits_for_other, 0);
    n = n == 0 ? 0 : 1;
  } else
    for (long i = 0; i < n; i++) pthread_create(&threads[i], 0, strcmp(name, "rotates") ? adds : rotates, (void *)i);
  for (int i = 0; i < n; i++) pthread_join(threads[i], 0);
  return strcmp(name, "adds") ? 0 : sum != 2 * n;
}
