// Small programs with and without data races, by name: those of the first table race.
#define _GNU_SOURCE
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS 3
static int counter, other, data;
int sink;
static volatile int flag;
static atomic_int number;
static int mixed;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER, second = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t recursive = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_spinlock_t spin;
static pthread_barrier_t barrier;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static sem_t semaphore;
static int ends[2];
static char text[64];
char copy[64];
static struct { unsigned a : 4, b : 4; } bits;
static char bytes[8];
static int *pointer;

typedef void *(*Body)(void *);
static void two(Body a, Body b, void *first, void *last) {
  pthread_t threads[2];
  pthread_create(&threads[0], 0, a, first);
  pthread_create(&threads[1], 0, b, last);
  pthread_join(threads[0], 0);
  pthread_join(threads[1], 0);
}
static void both(Body body) { two(body, body, (void *)0, (void *)1); }
#define BODY(name) static void *name(void *argument __attribute__((unused)))
#define LOOP for (int i = 0; i < ROUNDS; i++)

// With races.
BODY(plain) { LOOP counter++; return 0; }
BODY(half_locked) {
  LOOP {
    if (argument) pthread_mutex_lock(&mutex);
    counter++;
    if (argument) pthread_mutex_unlock(&mutex);
  }
  return 0;
}
BODY(two_locks) {
  pthread_mutex_t *own = argument ? &mutex : &second;
  LOOP { pthread_mutex_lock(own); counter++; pthread_mutex_unlock(own); }
  return 0;
}
BODY(read_locked) {
  LOOP { pthread_rwlock_rdlock(&rwlock); counter++; pthread_rwlock_unlock(&rwlock); }
  return 0;
}
BODY(atomic_and_plain) {
  LOOP if (argument) __sync_fetch_and_add(&mixed, 1); else mixed++;
  return 0;
}
BODY(volatile_flag) {
  if (argument) { while (!flag) sched_yield(); sink = data; }
  else { data = 42; flag = 1; }
  return 0;
}
BODY(copies) { if (argument) memcpy(copy, text, sizeof text); else text[5] = 'x'; return 0; }
BODY(bit_fields) { LOOP if (argument) bits.a++; else bits.b++; return 0; }
BODY(unlocked_look) {
  if (!pointer) {
    pthread_mutex_lock(&mutex);
    if (!pointer) { int *made = malloc(sizeof *made); *made = 7; pointer = made; }
    pthread_mutex_unlock(&mutex);
  }
  return 0;
}
BODY(late_unlock) {
  pthread_mutex_lock(&mutex);
  counter++;
  pthread_mutex_unlock(&mutex);
  other++;
  return 0;
}
BODY(add_to) { (*(int *)argument)++; return 0; }
static void on_stack(void) { int local = 0; two(add_to, add_to, &local, &local); sink = local; }
static void on_heap(void) { int *block = calloc(1, 4096); two(add_to, add_to, block + 300, block + 300); free(block); }
static void before_join(void) {
  pthread_t thread;
  pthread_create(&thread, 0, plain, 0);
  sink = counter;
  pthread_join(thread, 0);
}
static void after_detach(void) {
  pthread_t thread;
  pthread_create(&thread, 0, plain, 0);
  pthread_detach(thread);
  usleep(100000);
  sink = counter;
}
static void after_create(void) {
  pthread_t thread;
  pthread_create(&thread, 0, plain, 0);
  counter = 5;
  pthread_join(thread, 0);
}
BODY(barrier_missed) {
  if (argument) data++;
  pthread_barrier_wait(&barrier);
  data++;
  return 0;
}
BODY(notified_twice) {
  pthread_mutex_lock(&mutex);
  if (!argument) { flag = 1; pthread_cond_signal(&cond); }
  else while (!flag) pthread_cond_wait(&cond, &mutex);
  pthread_mutex_unlock(&mutex);
  data++;
  return 0;
}

// Without races.
BODY(locked) { LOOP { pthread_mutex_lock(&mutex); counter++; pthread_mutex_unlock(&mutex); } return 0; }
BODY(locked_twice) {
  LOOP {
    pthread_mutex_lock(&recursive);
    pthread_mutex_lock(&recursive);
    counter++;
    pthread_mutex_unlock(&recursive);
    pthread_mutex_unlock(&recursive);
  }
  return 0;
}
BODY(tried) { LOOP { while (pthread_mutex_trylock(&mutex)) sched_yield(); counter++; pthread_mutex_unlock(&mutex); } return 0; }
BODY(written_locked) { LOOP { pthread_rwlock_wrlock(&rwlock); counter++; pthread_rwlock_unlock(&rwlock); } return 0; }
BODY(spun) { LOOP { pthread_spin_lock(&spin); counter++; pthread_spin_unlock(&spin); } return 0; }
BODY(atomics) { LOOP atomic_fetch_add(&number, 1); return 0; }
BODY(published) {
  if (argument) { while (!atomic_load(&number)) sched_yield(); sink = data; }
  else { data = 42; atomic_store(&number, 1); }
  return 0;
}
BODY(signalled) {
  if (argument) {
    pthread_mutex_lock(&mutex);
    while (!flag) pthread_cond_wait(&cond, &mutex);
    pthread_mutex_unlock(&mutex);
    data++;
  } else {
    data++;
    pthread_mutex_lock(&mutex);
    flag = 1;
    pthread_cond_signal(&cond);
    pthread_mutex_unlock(&mutex);
  }
  return 0;
}
BODY(posted) { if (argument) { sem_wait(&semaphore); data++; } else { data++; sem_post(&semaphore); } return 0; }
BODY(sent) {
  char c = 0;
  if (argument) { if (read(ends[0], &c, 1) == 1) data++; }
  else { data++; if (write(ends[1], &c, 1) != 1) abort(); }
  return 0;
}
static void by_pipe(void) { if (pipe(ends)) abort(); both(sent); }
static void by_socket(void) { if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends)) abort(); both(sent); }
BODY(met) {
  if (argument) data++;
  pthread_barrier_wait(&barrier);
  if (!argument) data++;
  pthread_barrier_wait(&barrier);
  if (argument) data++;
  return 0;
}
static void prepare(void) { data = 42; }
BODY(at_once) { pthread_once(&once, prepare); return (void *)(long)data; }
BODY(neighbours) { LOOP bytes[argument ? 1 : 0]++; return 0; }
BODY(own_data) { int local[8] = {0}; LOOP local[i]++; return (void *)(long)local[1]; }
BODY(allocates) {
  for (int i = 0; i < 20; i++) {
    char *block = malloc(i % 2 ? 24 : 3000);
    memset(block, i, 24);
    free(block);
  }
  return 0;
}
BODY(allocates_much) { LOOP { char *volatile block = malloc(200000 + 100000 * i); block[0] = 1; free(block); } return 0; }
BODY(prints) { LOOP printf("%d\n", i); return 0; }
BODY(looks) { return (void *)(long)counter; }
static void by_join(void) {
  pthread_t thread;
  counter = 1;
  pthread_create(&thread, 0, plain, 0);
  pthread_join(thread, 0);
  sink = counter;
  pthread_create(&thread, 0, plain, 0);
  pthread_join(thread, 0);
  sink = counter;
}
BODY(hands_over) {
  if (!argument) {
    int *made = malloc(sizeof *made);
    *made = 7;
    pthread_mutex_lock(&mutex);
    pointer = made;
    pthread_mutex_unlock(&mutex);
  } else
    for (int *found = 0; !found; sched_yield()) {
      pthread_mutex_lock(&mutex);
      found = pointer;
      pthread_mutex_unlock(&mutex);
      if (found) { (*found)++; free(found); }
    }
  return 0;
}
static void processes(void) {
  int *shared = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  pid_t child = fork();
  if (child == 0) { *shared = 5; _exit(0); }
  waitpid(child, 0, 0);
  sink = *shared;
}
static void many_threads(void) {
  for (int round = 0; round < 3; round++) both(locked);
}

struct Case { const char *name; void (*run)(void); Body body; };
static const struct Case racy[] = {
  {"plain", 0, plain}, {"half-locked", 0, half_locked}, {"two-locks", 0, two_locks}, {"read-locked", 0, read_locked},
  {"atomic-and-plain", 0, atomic_and_plain}, {"volatile-flag", 0, volatile_flag}, {"copies", 0, copies},
  {"bit-fields", 0, bit_fields}, {"unlocked-look", 0, unlocked_look}, {"late-unlock", 0, late_unlock}, {"on-stack", on_stack, 0},
  {"on-heap", on_heap, 0}, {"before-join", before_join, 0}, {"after-detach", after_detach, 0}, {"after-create", after_create, 0},
  {"barrier-missed", 0, barrier_missed}, {"notified-twice", 0, notified_twice}, {0, 0, 0},
};
static const struct Case ordered[] = {
  {"locked", 0, locked}, {"locked-twice", 0, locked_twice}, {"tried", 0, tried}, {"written-locked", 0, written_locked},
  {"spun", 0, spun}, {"atomics", 0, atomics}, {"published", 0, published}, {"signalled", 0, signalled}, {"posted", 0, posted},
  {"by-pipe", by_pipe, 0}, {"by-socket", by_socket, 0}, {"met", 0, met}, {"at-once", 0, at_once}, {"neighbours", 0, neighbours},
  {"own-data", 0, own_data}, {"allocates", 0, allocates}, {"allocates-much", 0, allocates_much}, {"prints", 0, prints}, {"looks", 0, looks},
  {"by-join", by_join, 0}, {"hands-over", 0, hands_over}, {"processes", processes, 0}, {"many-threads", many_threads, 0}, {0, 0, 0},
};

int main(int argc, char **argv) {
  pthread_spin_init(&spin, 0);
  pthread_barrier_init(&barrier, 0, 2);
  sem_init(&semaphore, 0, 0);
  for (int table = 0; table < 2; table++)
    for (const struct Case *one = table ? ordered : racy; one->name; one++) {
      if (argc < 2) printf("%s %s\n", table ? "no" : "yes", one->name);
      else if (!strcmp(argv[1], one->name)) {
        if (one->run) one->run();
        else both(one->body);
        return 0;
      }
    }
  return argc < 2 ? 0 : 2;
}
