// A long loop of reads before the first thread, in which main waits for no task.
#include <pthread.h>
static volatile int values[8], counter;
static void *add(void *p) {
  for (int i = 0; i < 8; i++) values[i]++;
  counter++;
  return p;
}
int main(void) {
  pthread_t threads[2];
  for (int i = 0; i < 200; i++) counter = values[i % 8];
  for (int i = 0; i < 200; i++) (void)values[i % 8];
  for (int i = 0; i < 2; i++) pthread_create(&threads[i], 0, add, 0);
  counter++;
  for (int i = 0; i < 2; i++) pthread_join(threads[i], 0);
  return 0;
}
