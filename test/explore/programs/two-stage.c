// Two values change under two locks, one after the other. A reader between the two stages sees one change.
#include <assert.h>
#include <pthread.h>
static pthread_mutex_t first_lock = PTHREAD_MUTEX_INITIALIZER, second_lock = PTHREAD_MUTEX_INITIALIZER;
static int first, second;
static void *write_both(void *p) {
  (void)p;
  pthread_mutex_lock(&first_lock);
  first = 1;
  pthread_mutex_unlock(&first_lock);
  pthread_mutex_lock(&second_lock);
  second = first + 1;
  pthread_mutex_unlock(&second_lock);
  return 0;
}
static void *read_both(void *p) {
  (void)p;
  pthread_mutex_lock(&first_lock);
  int a = first;
  pthread_mutex_unlock(&first_lock);
  if (a == 0) return 0;
  pthread_mutex_lock(&second_lock);
  int b = second;
  pthread_mutex_unlock(&second_lock);
  assert(b == a + 1);
  return 0;
}
int main(void) {
  pthread_t writer, reader;
  pthread_create(&writer, 0, write_both, 0);
  pthread_create(&reader, 0, read_both, 0);
  pthread_join(writer, 0);
  pthread_join(reader, 0);
  return 0;
}
