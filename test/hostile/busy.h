// What guests that keep the host busy have in common: named ways, of which `list` prints the names.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

struct way {
  const char *name;
  void (*run)(void);
};

static void *map(size_t length) {
  void *p = mmap(0, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED) perror("mmap"), exit(3);
  return p;
}
static void *map_code(size_t length) {
  void *p = map(length);
  if (mprotect(p, length, PROT_READ | PROT_WRITE | PROT_EXEC)) perror("mprotect"), exit(3);
  return p;
}

// A way that ends has failed: its status says so.
static int busy(int argc, char **argv, const struct way *ways, int count) {
  if (argc != 2) return 2;
  if (strcmp(argv[1], "list") == 0) {
    for (int n = 0; n < count; n++) puts(ways[n].name);
    return 0;
  }
  for (int n = 0; n < count; n++)
    if (strcmp(argv[1], ways[n].name) == 0) {
      ways[n].run();
      return 4;
    }
  return 2;
}
