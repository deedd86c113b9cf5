// Exchanges names of the host again and again until it is told to end: `swap A B [C D …]`. It leaves them as they were.
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static volatile sig_atomic_t over;
static void end(int signal) { over = signal; }

int main(int argc, char **argv) {
  signal(SIGTERM, end);
  for (unsigned long round = 0; !over || round % 2; round++) {
    for (int n = 1; n + 1 < argc; n += 2) renameat2(AT_FDCWD, argv[n], AT_FDCWD, argv[n + 1], RENAME_EXCHANGE);
    if (round == 0) write(1, "go\n", 3);
  }
  return 0;
}
