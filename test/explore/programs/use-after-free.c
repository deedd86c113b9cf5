// A thread reads a block that another one frees. Without a thread (an argument): main frees it before it reads.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static int *shared;

static void *frees(void *unused) {
  free(shared);
  return unused;
}

int main(int count, char **arguments) {
  (void)arguments;
  shared = malloc(sizeof *shared);
  *shared = 5;
  char *other = realloc(NULL, 100);
  other = realloc(other, 9000);
  other[8999] = 1;
  free(other);
  if (count > 1) {
    frees(NULL);
    printf("%d\n", *shared);
    return 0;
  }
  pthread_t thread;
  pthread_create(&thread, NULL, frees, NULL);
  printf("%d\n", *shared);
  pthread_join(thread, NULL);
  return 0;
}
