/* An interpreter: computed jumps, calls by pointers, recursion, floating point, strings, memory of several kinds, code that changes, signals. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef uint32_t word;
static word stack[64], heap[4096], *pages;
static volatile sig_atomic_t caught;
static void on_signal(int n) { caught += n; }

static __attribute__((noinline)) word mix(word a, word b) { return (a << 7 | a >> 25) * 5 + (b ^ a >> 3); }
static __attribute__((noinline)) word fall(word a, word b) { return a < 2 ? a + b : fall(a / 2, b + 1) ^ fall(a / 3, b); }
static __attribute__((noinline)) word text(word a, word b) {
  char s[48], t[48];
  int n = snprintf(s, sizeof s, "%x:%u", a, b & 0xff);
  memcpy(t, s, n + 1);
  return strlen(t) * 31 + (strchr(t, ':') - t) + (strcmp(s, t) == 0);
}
static word (*volatile natives[])(word, word) = {mix, fall, text};
/* mov eax, imm32; ret: written anew now and then. */
static unsigned char *written;

static word interpret(const unsigned char *code, word rounds, word x) {
  static void *const ways[] = {&&push, &&add, &&load, &&store, &&call, &&real, &&page, &&fresh, &&divide, &&loop, &&stop};
  const unsigned char *at = code;
  word *top = stack, left = rounds;
  double real_ = 1.25;
  top[0] = x;
#define NEXT goto *ways[*at++]
  NEXT;
push: top[1] = top[0] ^ *at++; top++; NEXT;
add: top--; top[0] = top[0] * 3 + top[1]; NEXT;
load: top[0] += heap[(top[0] >> 4) % 4096]; NEXT;
store: heap[(top[0] + at[0]) % 4096] = top[0] + left; at++; NEXT;
call: top[0] = natives[*at++](top[0] & 15, left); NEXT;
real: real_ = real_ * 0.75 + top[0] * 1e-3; top[0] += (word)real_; NEXT;
page: pages[(top[0] % 64) * 1024 + 7] += top[0]; top[0] ^= pages[(left % 64) * 1024 + 7]; NEXT;
fresh:
  if (left % 512 == 0) { memcpy(written + 1, &top[0], 4); raise(SIGUSR1); madvise(pages, 16 * 4096, MADV_DONTNEED); }
  top[0] += ((word (*)(void))written)();
  NEXT;
divide: top[0] = top[0] / (left % 13 + 1) + top[0] % 17; NEXT;
loop: if (left-- > 1) { at = code; top = stack; } NEXT;
stop: return top[0] + (word)real_;
}

int main(int argc, char **argv) {
  word rounds = argc > 1 ? atoi(argv[1]) : 3000, x = 1;
  static const unsigned char programs[][24] = {
      {0, 3, 1, 2, 3, 9, 5, 4, 0, 6, 9, 10}, {0, 7, 0, 9, 1, 1, 4, 1, 8, 7, 9, 10}, {4, 2, 2, 0, 1, 1, 5, 6, 3, 4, 9, 10}, {6, 7, 4, 0, 4, 1, 8, 9, 10}};
  signal(SIGUSR1, on_signal);
  pages = mmap(0, 64 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  /* Two of them are one: not both can be at home. */
  int fd = memfd_create("page", 0);
  if (ftruncate(fd, 4096)) return 1;
  for (int n = 20; n < 22; n++) mmap(pages + n * 1024, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
  written = mmap(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memcpy(written, "\xb8\1\2\3\4\xc3", 6);
  for (int n = 0; n < 8; n++) {
    x = interpret(programs[n % 4], rounds, x + n);
    printf("%08x %d\n", x, (int)caught);
  }
  return 0;
}
