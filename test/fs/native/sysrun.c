/* Runs a script of system calls, one a line, and prints what each returned: the native half of test/fs/support/script.ts.
 *
 *   NR ARG...        ARG:  i123   the number 123 (decimal, may be negative)
 *                          sHEX   a NUL-terminated string, given in hex
 *                          dHEX   a buffer with these bytes; printed after the call
 *                          bN     a buffer of N zero bytes; printed after the call
 *                          rN     the result of line N (from 0)
 * Output: the raw result (-errno on failure), then the buffers in hex, each with its trailing zero bytes left out.
 *
 * Built static, for x86-64 and with -m32 for i386. The working directory is the place where the script plays.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static char line[1 << 20];
static long results[100000];

static unsigned char *unhex(const char *s, size_t *n) {
  size_t len = strlen(s) / 2;
  unsigned char *b = calloc(1, len + 64);
  for (size_t i = 0; i < len; i++) {
    unsigned x;
    sscanf(s + 2 * i, "%2x", &x);
    b[i] = x;
  }
  *n = len;
  return b;
}

int main(int argc, char **argv) {
  if (argc > 1 && chdir(argv[1])) return 1;
  if (argc > 2 && chroot(".")) return 1;
  int count = 0;
  while (fgets(line, sizeof line, stdin)) {
    long a[6] = {0};
    unsigned char *out[6];
    size_t size[6];
    int outs = 0, n = 0;
    char *save, *word = strtok_r(line, " \n", &save);
    if (!word) continue;
    long nr = atol(word);
    while ((word = strtok_r(NULL, " \n", &save)) && n < 6) {
      size_t len;
      switch (*word) {
      case 'i': a[n++] = (long)strtoll(word + 1, NULL, 10); break;
      case 'r': a[n++] = results[atoi(word + 1)]; break;
      case 's': a[n++] = (long)unhex(word + 1, &len); break;
      case 'd':
        out[outs] = unhex(word + 1, &size[outs]);
        a[n++] = (long)out[outs++];
        break;
      case 'b':
        size[outs] = atol(word + 1);
        out[outs] = calloc(1, size[outs] + 1);
        a[n++] = (long)out[outs++];
        break;
      }
    }
    long r = syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
    if (r == -1) r = -errno;
    results[count++] = r;
    printf("%ld", r);
    for (int i = 0; i < outs; i++) {
      putchar(' ');
      size_t end = size[i];
      while (end > 0 && out[i][end - 1] == 0) end--;
      for (size_t j = 0; j < end; j++) printf("%02x", out[i][j]);
      if (end == 0) putchar('-');
    }
    putchar('\n');
    fflush(stdout);
  }
  return 0;
}
