// Ends that an order decides, and what a proof does not cover: NAME. For proofs by --search dpor.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t mutex;
static sem_t semaphore;
static volatile char byte = 'a';

static void *nothing(void *argument) { return argument; }
static void *locks(void *argument) { pthread_mutex_lock(&mutex); return argument; }
static void *posts(void *argument) { sem_post(&semaphore); return argument; }
static void *stores(void *argument) { byte = 'b'; return argument; }

/** Does the thread live? */
static int looks(void) {
  pthread_t thread;
  pthread_create(&thread, 0, nothing, 0);
  return pthread_tryjoin_np(thread, 0) == EBUSY;
}
/** A robust mutex: free, held, or of a thread that has ended. */
static int robust(void) {
  pthread_t thread;
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(&mutex, &attributes);
  pthread_create(&thread, 0, locks, 0);
  int error = pthread_mutex_trylock(&mutex);
  return error == 0 ? 0 : error == EBUSY ? 1 : error == EOWNERDEAD ? 2 : 3;
}
/** The kernel reads the byte. */
static int buffer(void) {
  pthread_t thread;
  pthread_create(&thread, 0, stores, 0);
  char seen;
  int ends[2];
  pipe(ends);
  write(ends[1], (void *)&byte, 1);
  read(ends[0], &seen, 1);
  return seen == 'b';
}
static int timed(void) {
  pthread_t thread;
  sem_init(&semaphore, 0, 0);
  pthread_create(&thread, 0, posts, 0);
  struct timespec when;
  clock_gettime(CLOCK_REALTIME, &when);
  when.tv_sec += 100;
  return sem_timedwait(&semaphore, &when) != 0;
}
static int forks(void) {
  int status;
  if (fork() == 0) _exit(3);
  wait(&status);
  return 0;
}

int main(int argc, char **argv) {
  const char *name = argc > 1 ? argv[1] : "";
  if (!strcmp(name, "looks")) _exit(looks());
  if (!strcmp(name, "robust")) _exit(robust());
  if (!strcmp(name, "buffer")) _exit(buffer());
  if (!strcmp(name, "timed")) _exit(timed());
  if (!strcmp(name, "forks")) _exit(forks());
  return 9;
}
