// What SV-COMP's rules for programs define (sv-comp.sosy-lab.org, "Definition of Verification Tasks"), for a run:
// a failed assertion writes a text; a failed assumption ends its thread's run, the other threads go on; atomic
// sections set a variable that `trapgate explore --atomic` knows. Calls of functions whose names begin with
// __VERIFIER_atomic_ are sections: the compiler's hooks tell of them (-finstrument-functions).
#define _GNU_SOURCE
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

volatile int verifier_atomic;

static void end(const char *text, size_t length) {
  if (write(2, text, length)) _exit(1);
  _exit(1);
}
void reach_error(void) { end("reach_error\n", 12); }
void __VERIFIER_error(void) { reach_error(); }

/** The thread goes no further, which explore knows by the word. A section has written nothing before its assumption. */
static void stop(void) {
  if (verifier_atomic) verifier_atomic = 0;
  for (;;) syscall(SYS_futex, &verifier_atomic, FUTEX_WAIT_PRIVATE, 0, 0, 0, 0);
}
void abort(void) { stop(); __builtin_unreachable(); }
void assume_abort_if_not(int condition) { if (!condition) stop(); }
void __VERIFIER_assume(int condition) { if (!condition) stop(); }

void __VERIFIER_atomic_begin(void) { verifier_atomic = verifier_atomic + 1; }
void __VERIFIER_atomic_end(void) { verifier_atomic = verifier_atomic - 1; }

// The table of atomic functions, which the test writes behind this file.
extern void *const verifier_sections[];
static int is_section(void *function) {
  for (int i = 0; verifier_sections[i]; i++)
    if (verifier_sections[i] == function) return 1;
  return 0;
}
void __cyg_profile_func_enter(void *function, void *site) { if (is_section(function)) __VERIFIER_atomic_begin(); }
void __cyg_profile_func_exit(void *function, void *site) { if (is_section(function)) __VERIFIER_atomic_end(); }

#ifdef CHOICES
// An unknown value: each bit is 1 if another thread has written a word of its own before, so each is tried.
static volatile int bits[CHOICES], next;
static int bit(void) {
  __VERIFIER_atomic_begin();
  int n = next;
  next = n + 1;
  if (n >= CHOICES) end("more choices\n", 13);
  int value = bits[n];
  __VERIFIER_atomic_end();
  return value;
}
// Few bits have a thread each: drawn schedules then have all values soon.
#define EACH (CHOICES <= 8)
static int chooses(void *argument) {
  long n = (long)argument;
  for (long i = n; i < (EACH ? n + 1 : CHOICES); i++) bits[i] = 1;
  return 0;
}
// Threads without libraries: each is in every run.
static char stacks[EACH ? CHOICES : 1][4096] __attribute__((aligned(16)));
__attribute__((constructor)) static void begin(void) {
  for (long i = 0; i < (EACH ? CHOICES : 1); i++)
    clone(chooses, stacks[i + 1], CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM, (void *)i);
}
// Of four values, which is not all: the test says so.
static const int values[] = {0, 1, 2, 5};
static int value(void) { int high = bit(); return values[2 * high + bit()]; }
#endif
#ifdef FIRST
// Values of one row, FIRST and STEP further each time.
static __thread int before = FIRST - STEP;
static int value(void) { return before += STEP; }
static int bit(void) { return value() & 1; }
#endif
#if WAKES
// POSIX lets a thread wake without a signal; glibc on Linux does not. So many times, as the search chooses.
static volatile int wakes;
int __real_pthread_cond_wait(pthread_cond_t *, pthread_mutex_t *);
int __wrap_pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex) {
  __VERIFIER_atomic_begin();
  int wakesNow = wakes < WAKES && bit();
  if (wakesNow) wakes = wakes + 1;
  __VERIFIER_atomic_end();
  if (!wakesNow) return __real_pthread_cond_wait(condition, mutex);
  pthread_mutex_unlock(mutex);
  return pthread_mutex_lock(mutex);
}
#endif
#if defined CHOICES || defined FIRST
_Bool __VERIFIER_nondet_bool(void) { return bit(); }
#define VALUE(type, name) type __VERIFIER_nondet_##name(void) { return (type)value(); }
VALUE(int, int) VALUE(unsigned, uint) VALUE(long, long) VALUE(unsigned long, ulong) VALUE(char, char)
VALUE(unsigned char, uchar) VALUE(short, short) VALUE(unsigned short, ushort) VALUE(void *, pointer)
#endif
