// Dekker's entry: each thread writes its flag and reads the other's. x86 processors let both read 0, unless
// a fence is between (an argument).
#include <assert.h>
#include <pthread.h>
static volatile int x, y, a = -1, b = -1;
static int fences;
static void *one(void *p) { x = 1; if (fences) __sync_synchronize(); a = y; return p; }
static void *two(void *p) { y = 1; if (fences) __sync_synchronize(); b = x; return p; }
int main(int argc, char **argv) {
  pthread_t t, u; (void)argv;
  fences = argc > 1;
  pthread_create(&t, 0, one, 0); pthread_create(&u, 0, two, 0);
  pthread_join(t, 0); pthread_join(u, 0);
  assert(a == 1 || b == 1);
  return 0;
}
