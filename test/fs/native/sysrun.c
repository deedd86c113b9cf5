/* Runs scripts of system calls, one call a line, and prints what each returned: the native half of test/fs/support/script.ts.
 * A line of three dashes ends a script; each script has a process and a root directory of its own.
 *
 *   NR ARG...        ARG:  i123   the number 123 (decimal, may be negative)
 *                          sHEX   a NUL-terminated string, given in hex
 *                          dHEX   a buffer with these bytes; printed after the call
 *                          bN     a buffer of N zero bytes; printed after the call
 *                          rN     the result of line N (from 0)
 *                          uN     the first 32 bits of buffer N, counted over the whole script (a descriptor that pipe2 returned), plus
 *                                 an optional .1 for the second 32 bits
 * Output: the raw result (-errno on failure), then the buffers in hex, each with its trailing zero bytes left out.
 *
 * Built static, for x86-64 and with -m32 for i386. The argument is an empty directory.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char line[1 << 20];
static long results[10000];
static unsigned char *all[10000];

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

static void play(FILE *in) {
  int count = 0, buffers = 0;
  while (fgets(line, sizeof line, in)) {
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
      case 'u': a[n++] = ((int *)all[atoi(word + 1)])[strchr(word, '.') ? 1 : 0]; break;
      case 'd':
        out[outs] = all[buffers++] = unhex(word + 1, &size[outs]);
        a[n++] = (long)out[outs++];
        break;
      case 'b':
        size[outs] = atol(word + 1);
        out[outs] = all[buffers++] = calloc(1, size[outs] + 8);
        a[n++] = (long)out[outs++];
        break;
      }
    }
    long r = syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
    if (r == -1) r = -errno;
    for (int i = 0, n; nr == SYS_read && r == -EAGAIN && i < 6 && ioctl(a[0], TIOCGPTN, &n) == 0; i++) {
      usleep(10000);
      r = syscall(nr, a[0], a[1], a[2]);
      if (r == -1) r = -errno;
    }
    /* The line discipline works on another thread: give it time. */
    if (nr == SYS_write && r > 0 && isatty(a[0])) usleep(25000);
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
  }
  fflush(stdout);
}

int main(int argc, char **argv) {
  char *text = NULL;
  size_t size = 0;
  FILE *script = open_memstream(&text, &size);
  if (argc < 2) return 1;
  signal(SIGPIPE, SIG_IGN);
  for (int i = 0;; i++) {
    int more = fgets(line, sizeof line, stdin) != NULL;
    if (more && strcmp(line, "---\n")) {
      fputs(line, script);
      continue;
    }
    fclose(script);
    if (size > 0) {
      char root[4096];
      snprintf(root, sizeof root, "%s/%d", argv[1], i);
      if (mkdir(root, 0755)) return 1;
      fflush(stdout);
      pid_t pid = fork();
      if (pid == 0) {
        struct rlimit files = {1024, 1024};
        alarm(10);
        setrlimit(RLIMIT_NOFILE, &files);
        /* A script may mount: nothing of it is seen outside. */
        if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL)) _exit(1);
        setsid();
        if (chdir(root) || chroot(".")) _exit(1);
        play(fmemopen(text, size, "r"));
        _exit(0);
      }
      waitpid(pid, NULL, 0);
      puts("---");
    }
    if (!more) return 0;
    script = open_memstream(&text, &size);
  }
}
