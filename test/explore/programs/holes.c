// Orders that decide a result which no plain access of the program shows: NAME. Each program ends with 0 or 1,
// and a proof has both ends or says why it proves nothing. For proofs by --search dpor.
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096

static pthread_t thread;
static int result;
static void starts(void *(*body)(void *)) { pthread_create(&thread, 0, body, 0); }

// A library copies, fills, compares and frees.
static char from[64], to[64];
static size_t volatile length = 40;
static void *copies(void *argument) { memcpy(to, from, length); return argument; }
static int copied(void) {
  memset(from, 1, sizeof from);
  starts(copies);
  char own[64];
  memcpy(own, to, length);
  return own[5];
}
static void *fills(void *argument) { memset(to, 1, length); return argument; }
static int filled(void) {
  starts(fills);
  return ((volatile char *)to)[7];
}
static void *names(void *argument) { ((volatile char *)to)[0] = 'x'; return argument; }
static int compared(void) {
  starts(names);
  return strcmp(to, "x") == 0;
}
static char *volatile block;
static void *frees(void *argument) { free(block); return argument; }
static int freed(void) {
  block = malloc(32);
  volatile char *bytes = block;
  memset((void *)bytes, 7, 32);
  starts(frees);
  return bytes[8] != 7;
}

// The state of a library.
static void *draws(void *argument) { rand(); return argument; }
static int drawn(void) {
  int first = rand();
  srand(1);
  starts(draws);
  return rand() != first;
}
static void *splits(void *argument) {
  static char text[] = "c d";
  strtok(text, " ");
  return argument;
}
static int split(void) {
  char text[] = "a b";
  strtok(text, " ");
  starts(splits);
  char *next = strtok(0, " ");
  return next && *next == 'd';
}
static char buffer[64];
static void *prints(void *argument) { fputs("b", stderr); return argument; }
static int printed(void) {
  FILE *file = fmemopen(buffer, sizeof buffer, "w");
  stderr = file;
  starts(prints);
  fputs("a", file);
  pthread_join(thread, 0);
  fflush(file);
  return buffer[0] == 'b';
}
static void *sets(void *argument) { setenv("A", "1", 1); return argument; }
static int environment(void) {
  starts(sets);
  return getenv("A") != 0;
}
static void *makes(void *argument) {
  pthread_key_t key;
  pthread_key_create(&key, 0);
  return argument;
}
static int keys(void) {
  pthread_key_t first, key;
  pthread_key_create(&first, 0);
  starts(makes);
  pthread_key_create(&key, 0);
  return key != first + 1;
}

// Streams: what the program gives and gets, locks that are tried, and functions without a lock.
static FILE *sink;
static void *writesText(void *argument) { fputs(to, sink); return argument; }
static int formatted(void) {
  sink = fmemopen(buffer, sizeof buffer, "w");
  memcpy(to, "a", 2);
  starts(writesText);
  memset(to, 'b', 1);
  pthread_join(thread, 0);
  fflush(sink);
  return buffer[0] == 'b';
}
static FILE *source;
static void *reads(void *argument) { fgets(to, sizeof to, source); return argument; }
static int got(void) {
  source = fmemopen("x", 1, "r");
  FILE *own = fmemopen("y", 1, "r");
  starts(reads);
  fgets(to, sizeof to, own);
  pthread_join(thread, 0);
  return to[0] == 'x';
}
static void *putsUnlocked(void *argument) { fputc_unlocked('x', sink); return argument; }
static int unlocked(void) {
  sink = fmemopen(buffer, sizeof buffer, "w");
  fputc_unlocked('w', sink);
  starts(putsUnlocked);
  fputc_unlocked('x', sink);
  pthread_join(thread, 0);
  fflush(sink);
  return buffer[2] == 'x';
}
static void *locks(void *argument) { flockfile(stdin); funlockfile(stdin); return argument; }
static int tried(void) {
  starts(locks);
  return ftrylockfile(stdin) != 0;
}
static void *fails(void *argument) { fputc('x', stdin); return argument; }
static int erred(void) {
  starts(fails);
  return ferror(stdin) != 0;
}
static void *getsOne(void *argument) { getchar(); return argument; }
static int taken(void) {
  ungetc('a', stdin);
  starts(getsOne);
  return getchar() == 'a';
}
static void *closes(void *argument) { fclose(stdin); return argument; }
static int closed(void) {
  ungetc('a', stdin);
  starts(closes);
  return getchar() == 'a';
}
static void *flushes(void *argument) { fflush(sink); return argument; }
static int flushed(void) {
  sink = fmemopen(buffer, sizeof buffer, "w");
  fputs("a", sink);
  starts(flushes);
  return strcmp(buffer, "a") == 0;
}
static void *looks(void *argument) {
  if (memcmp(buffer, "a", 1) == 0) _exit(1);
  return argument;
}
static int ended(void) {
  sink = fmemopen(buffer, sizeof buffer, "w");
  fputs("a", sink);
  starts(looks);
  exit(0);
}

// Instructions with several accesses.
static void *repeats(void *argument) {
  void *at = to;
  long n = length;
  __asm__ volatile("rep stosb" : "+D"(at), "+c"(n) : "a"(1) : "memory");
  return argument;
}
static int repeated(void) {
  starts(repeats);
  return ((volatile char *)to)[9];
}
static void *moves(void *argument) {
  void *source = from, *target = to;
  __asm__ volatile("movsb" : "+S"(source), "+D"(target) : : "memory");
  return argument;
}
static int moved(void) {
  from[0] = 1;
  starts(moves);
  ((volatile char *)from)[0] = 1;
  return ((volatile char *)to)[0];
}
static char pages[3 * PAGE] __attribute__((aligned(PAGE)));
static void *crosses(void *argument) {
  *(volatile uint64_t *)(pages + PAGE - 4) = 1ull << 32;
  return argument;
}
static int crossed(void) {
  starts(crosses);
  return *(volatile int *)(pages + PAGE);
}
static void *saves(void *argument) {
  __asm__ volatile("fxsave %0" : "=m"(*(pages + PAGE)) : : "memory");
  return argument;
}
static int saved(void) {
  starts(saves);
  return *(volatile int *)(pages + PAGE + 24) != 0;
}
static void *stores(void *argument) { ((volatile char *)to)[20] = 1; return argument; }
static int gathered(void) {
  starts(stores);
  unsigned indices[4] = {1, 2, 5, 3}, values[4];
  __asm__ volatile(
      "vmovdqu %1, %%xmm1\n vpcmpeqd %%xmm2, %%xmm2, %%xmm2\n vpxor %%xmm0, %%xmm0, %%xmm0\n"
      "vpgatherdd %%xmm2, (%2,%%xmm1,4), %%xmm0\n vmovdqu %%xmm0, %0"
      : "=m"(values) : "m"(indices), "r"(to) : "xmm0", "xmm1", "xmm2", "memory");
  return values[2];
}

// Calls that touch memory, or what others see.
static volatile int id;
static char stack[PAGE];
static void *gives(void *argument) {
  int unused, flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_PARENT_SETTID;
  __asm__ volatile(
      "xor %%r8d, %%r8d\n xor %%r10d, %%r10d\n syscall\n test %%eax, %%eax\n jnz 1f\n"
      "mov %4, %%eax\n xor %%edi, %%edi\n syscall\n 1:"
      : "=a"(unused) : "a"(SYS_clone), "D"(flags), "S"(stack + PAGE), "i"(SYS_exit), "d"(&id) : "rcx", "r11", "r8", "r10", "memory");
  return argument;
}
static int given(void) {
  starts(gives);
  return id != 0;
}
static int file;
static volatile char *map;
static void mapped(int how) {
  file = memfd_create("a", 0);
  ftruncate(file, PAGE);
  map = mmap(0, PAGE, PROT_READ | PROT_WRITE, how, file, 0);
}
static void *writes(void *argument) { pwrite(file, "x", 1, 0); return argument; }
static int written(void) {
  mapped(MAP_SHARED);
  starts(writes);
  return *map == 'x';
}
static int writtenPrivate(void) {
  mapped(MAP_PRIVATE);
  starts(writes);
  return *map == 'x';
}
static void *storesMap(void *argument) { *map = 'x'; return argument; }
static int readBack(void) {
  mapped(MAP_SHARED);
  char byte = 0;
  starts(storesMap);
  pread(file, &byte, 1, 0);
  return byte == 'x';
}
static void faults(int signal) { _exit(1); }
static void *cuts(void *argument) { ftruncate(file, 0); return argument; }
static int cut(void) {
  signal(SIGBUS, faults);
  mapped(MAP_SHARED);
  starts(cuts);
  return *map == 'x';
}
static void *pokes(void *argument) { pwrite(file, "x", 1, (intptr_t)to); return argument; }
static int poked(void) {
  file = open("/proc/self/mem", O_RDWR);
  starts(pokes);
  return *(volatile char *)to == 'x';
}
static void *limits(void *argument) {
  struct rlimit none = {0, 0};
  setrlimit(RLIMIT_NOFILE, &none);
  return argument;
}
static int limited(void) {
  starts(limits);
  return open("/dev/null", O_RDONLY) < 0;
}
static void *renames(void *argument) { sethostname("x", 1); return argument; }
static int renamed(void) {
  struct utsname name;
  starts(renames);
  uname(&name);
  return name.nodename[0] == 'x' && name.nodename[1] == 0;
}
static void *nothing(void *argument) { return argument; }
static void *grows(void *argument) { syscall(SYS_brk, syscall(SYS_brk, 0) + PAGE); return argument; }
static int grown(void) {
  static volatile intptr_t end;
  free(malloc(9000));
  pthread_create(&thread, 0, nothing, 0);
  pthread_join(thread, 0);
  end = syscall(SYS_brk, 0);
  starts(grows);
  return syscall(SYS_brk, 0) != end;
}
static void *takes(void *argument) {
  char bytes[8];
  syscall(SYS_getrandom, bytes, 8, 0);
  return argument;
}
static int random_(void) {
  starts(takes);
  unsigned char byte;
  syscall(SYS_getrandom, &byte, 1, 0);
  _exit(byte);
}
static void *pins(void *argument) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(0, &set);
  sched_setaffinity(getpid(), sizeof set, &set);
  return argument;
}
static int pinned(void) {
  cpu_set_t set;
  starts(pins);
  sched_getaffinity(0, sizeof set, &set);
  return CPU_COUNT(&set) == 1;
}
static const struct { const char *name; int (*run)(void); } programs[] = {
    {"copied", copied}, {"filled", filled}, {"compared", compared}, {"freed", freed}, {"drawn", drawn}, {"split", split},
    {"printed", printed}, {"environment", environment}, {"keys", keys}, {"formatted", formatted}, {"got", got},
    {"unlocked", unlocked}, {"tried", tried}, {"erred", erred}, {"taken", taken}, {"closed", closed}, {"flushed", flushed},
    {"ended", ended}, {"repeated", repeated}, {"moved", moved},
    {"crossed", crossed}, {"saved", saved}, {"gathered", gathered}, {"given", given}, {"written", written},
    {"writtenPrivate", writtenPrivate}, {"readBack", readBack}, {"cut", cut}, {"poked", poked}, {"limited", limited},
    {"renamed", renamed}, {"grown", grown}, {"random", random_}, {"pinned", pinned},
};

int main(int argc, char **argv) {
  for (unsigned i = 0; i < sizeof programs / sizeof *programs; i++)
    if (argc > 1 && !strcmp(argv[1], programs[i].name)) _exit(programs[i].run());
  return 9;
}
