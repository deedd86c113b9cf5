// A thread sleeps for half a millisecond and then clears a pointer, which another thread that is quick has
// used long before. On a processor that other thread can be slow, and then it reads address 0.
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

static int value = 7;
static int *volatile shared = &value;

static void *clear(void *unused) {
  usleep(500);
  shared = NULL;
  return unused;
}
static void *use(void *unused) {
  if (shared && *shared != 7) abort();
  return unused;
}
int main(void) {
  pthread_t threads[2];
  pthread_create(&threads[0], NULL, clear, NULL);
  pthread_create(&threads[1], NULL, use, NULL);
  for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
}
