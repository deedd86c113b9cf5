// Programs of papers on partial order reduction, with known numbers of Mazurkiewicz traces: NAME N.
// Abdulla, Aronis, Jonsson, Sagonas, "Optimal Dynamic Partial Order Reduction", POPL 2014, section 8.
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define MOST 20
static int n;
static volatile int array[MOST], x, seen;
static atomic_int table[128];

/** Thread j writes array[j] from its neighbour; one thread looks for the last zero. */
static void *last_zero(void *argument) {
  long j = (long)argument;
  if (j > 0) array[j] = array[j - 1] + 1;
  else {
    int i = n;
    while (array[i] != 0) i--;
    seen = i;
  }
  return 0;
}
static void *reads(void *argument) { if (argument) return (void *)(long)x; x = 1; return 0; }
/** Each thread puts four messages into a hash table. Flanagan and Godefroid, POPL 2005. */
static void *indexes(void *argument) {
  long id = (long)argument;
  for (int m = 1; m <= 4; m++) {
    int word = m * 11 + (int)id, h = word * 7 % 128, free = 0;
    while (!atomic_compare_exchange_strong(&table[h], &free, word)) h = (h + 1) % 128, free = 0;
  }
  return 0;
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  n = atoi(argv[2]);
  void *(*body)(void *) = !strcmp(argv[1], "lastzero") ? last_zero : !strcmp(argv[1], "readers") ? reads : indexes;
  int first = body == indexes ? 1 : 0;
  pthread_t threads[MOST];
  for (long i = first; i <= n; i++) pthread_create(&threads[i], 0, body, (void *)i);
  for (int i = first; i <= n; i++) pthread_join(threads[i], 0);
  return 0;
}
