// Threads that print by stdio, under its lock of a file: NAME. For proofs by --search dpor.
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int n;
static void *adds(void *argument) {
  pthread_mutex_lock(&mutex);
  n++;
  pthread_mutex_unlock(&mutex);
  return argument;
}
static void *lines(void *text) { printf("%s %d\n", (char *)text, 1); return 0; }
static void *counts(void *text) {
  pthread_mutex_lock(&mutex);
  printf("%s %d\n", (char *)text, n++);
  pthread_mutex_unlock(&mutex);
  return 0;
}
static void *letters(void *text) {
  for (char *c = text; *c; c++) putchar(*c);
  return 0;
}
static void *together(void *text) {
  flockfile(stdout);
  letters(text);
  funlockfile(stdout);
  return 0;
}
static void *complains(void *text) { fprintf(stderr, "%s\n", (char *)text); return 0; }
static const struct { const char *name; void *(*body)(void *); } programs[] = {
    {"adds", adds}, {"lines", lines}, {"counts", counts}, {"letters", letters}, {"together", together}, {"complains", complains},
};

int main(int argc, char **argv) {
  void *(*body)(void *) = 0;
  for (unsigned i = 0; i < sizeof programs / sizeof *programs; i++)
    if (!strcmp(argv[1], programs[i].name)) body = programs[i].body;
  pthread_t threads[2];
  pthread_create(threads, 0, body, "ab");
  pthread_create(threads + 1, 0, body, "cd");
  for (int i = 0; i < 2; i++) pthread_join(threads[i], 0);
  if (body == adds) printf("%d\n", n);
  return 0;
}
