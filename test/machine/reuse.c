// "leave": fills registers, stack, heap, mappings, a file in memory and a pipe with a mark. "look": counts the marks in
// the fresh memory and registers that a new program gets. "check": counts marks that it has made itself.
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MARK 0x5ec2e75ec2e7aa55ull
#define SIZE (6l << 20)

static void fill(void *at, long bytes) {
  for (long i = 0; i < bytes / 8; i++) ((volatile uint64_t *)at)[i] = MARK;
}
static long marks(const void *at, long bytes) {
  long n = 0;
  for (long i = 0; i < bytes / 8; i++) n += ((volatile const uint64_t *)at)[i] == MARK;
  return n;
}
static void *fresh(long bytes) { return mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); }

static __attribute__((noinline)) void leave(void) {
  char stack[65536];
  fill(stack, sizeof stack);
  fill(fresh(SIZE), SIZE);
  fill(malloc(1 << 16), 1 << 16);
  char *text = malloc(1 << 16);
  fill(text, 1 << 16);
  int fd = memfd_create("mark", 0), ends[2];
  for (int i = 0; i < 16; i++)
    if (write(fd, text, 1 << 16) < 0) exit(2);
  if (pipe(ends) || write(ends[1], text, 1 << 16) < 0) exit(2);
  if (write(open("/tmp/mark", O_CREAT | O_WRONLY, 0600), text, 1 << 16) < 0) exit(2);
  __asm__ volatile("movups (%0), %%xmm0; movups (%0), %%xmm7; movq (%0), %%mm0" ::"r"(text) : "xmm0", "xmm7");
}
int main(int count, char **words) {
  uint64_t vectors[4] = {0};
  __asm__ volatile("movups %%xmm5, (%0); movups %%xmm7, 16(%0)" ::"r"(vectors) : "memory");
  if (count > 1 && !strcmp(words[1], "leave")) return leave(), 0;
  if (count > 1 && !strcmp(words[1], "check")) {
    char *text = fresh(SIZE);
    fill(text, 80);
    return printf("%ld\n", marks(text, SIZE)), 0;
  }
  char stack[65536];
  char *heap = malloc(1 << 20);
  printf("%ld %ld %ld %ld %d\n", marks(fresh(4 * SIZE), 4 * SIZE), marks(heap, 1 << 20), marks(stack, sizeof stack), marks(vectors, 32),
         access("/tmp/mark", F_OK));
}
