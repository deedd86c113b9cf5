// Main clears a pointer that a thread has yet to read, a little before the end of the process.
#include <pthread.h>
static volatile int counter;
static int value;
static int *volatile pointer = &value;
static void *reader(void *p) {
  counter++;
  *pointer = 1;
  return p;
}
int main(void) {
  pthread_t thread;
  pthread_create(&thread, 0, reader, 0);
  for (int i = 0; i < 300; i++) counter++;
  pointer = 0;
  return 0;
}
