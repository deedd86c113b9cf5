// Two locks in opposite order. With an argument both threads use one order, and no schedule fails.
#include <pthread.h>
static pthread_mutex_t a = PTHREAD_MUTEX_INITIALIZER, b = PTHREAD_MUTEX_INITIALIZER;
static int is_ordered;
static void *both(void *p) {
  pthread_mutex_t *first = p && !is_ordered ? &b : &a, *second = p && !is_ordered ? &a : &b;
  pthread_mutex_lock(first);
  pthread_mutex_lock(second);
  pthread_mutex_unlock(second);
  pthread_mutex_unlock(first);
  return 0;
}
int main(int argc, char **argv) {
  pthread_t one, other;
  is_ordered = argc > 1;
  pthread_create(&one, 0, both, 0);
  pthread_create(&other, 0, both, argv);
  pthread_join(one, 0);
  pthread_join(other, 0);
  return 0;
}
