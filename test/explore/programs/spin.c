// A thread waits for the other by spinning: no schedule fails, and none is endless.
#include <pthread.h>
static volatile int flag;
static void *wait_for(void *p) { while (!flag); return p; }
static void *set(void *p) { flag = 1; return p; }
int main(void) {
  pthread_t waiting, setting;
  pthread_create(&waiting, 0, wait_for, 0);
  pthread_create(&setting, 0, set, 0);
  pthread_join(waiting, 0);
  pthread_join(setting, 0);
  return 0;
}
