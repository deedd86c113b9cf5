// A reader sees one of two writes of a writer that no lock holds together.
#include <assert.h>
#include <pthread.h>
static volatile int first, second;
static void *set(void *p) { (void)p; first = 1; second = -1; return 0; }
static void *check(void *p) {
  (void)p;
  int a = first, b = second;
  assert((a == 0 && b == 0) || (a == 1 && b == -1));
  return 0;
}
int main(void) {
  pthread_t threads[4];
  for (int i = 0; i < 3; i++) pthread_create(&threads[i], 0, set, 0);
  pthread_create(&threads[3], 0, check, 0);
  for (int i = 0; i < 4; i++) pthread_join(threads[i], 0);
  return 0;
}
