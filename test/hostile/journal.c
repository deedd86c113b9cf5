// Calls that change files in the working directory, drawn from a seed: `journal SEED CALLS`. Each is told by a line once it has returned.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static unsigned long long state;
static unsigned draw(unsigned below) {
  state = state * 6364136223846793005ULL + 1442695040888963407ULL;
  return (unsigned)(state >> 33) % below;
}
static const char *name(void) {
  static char names[4][32];
  static int turn;
  char *b = names[turn++ & 3];
  unsigned folder = draw(5);
  if (folder < 3) sprintf(b, "d%u/f%u", folder, draw(4));
  else sprintf(b, "f%u", draw(4));
  return b;
}
static const char *folder(void) {
  static char names[2][16];
  static int turn;
  char *b = names[turn++ & 1];
  sprintf(b, "d%u", draw(3));
  return b;
}
static int slots[4] = {-1, -1, -1, -1};
static char page[4096];

static void change(void) {
  int *slot = &slots[draw(4)];
  /* Within a page, as a killed host may do a part of what lies in several. */
  unsigned at = draw(2) * 4096 + draw(4000), n = draw(96) + 1;
  struct timespec times[2] = {{draw(1000), 0}, {draw(1000), 0}};
  memset(page, 'a' + draw(26), n);
  switch (draw(14)) {
    case 0: case 1: case 2:
      close(*slot);
      *slot = open(name(), O_RDWR | O_CREAT | (draw(4) ? 0 : O_TRUNC) | (draw(4) ? 0 : O_APPEND), 0600 | draw(0100));
      break;
    case 3: case 4: case 5: pwrite(*slot, page, n, at); break;
    case 6: ftruncate(*slot, draw(9000)); break;
    case 7: fchmod(*slot, 0600 | draw(0100)); break;
    case 8: futimens(*slot, times); break;
    case 9: rename(name(), name()); break;
    case 10: unlink(name()); break;
    case 11: link(name(), name()); break;
    case 12: symlink(draw(2) ? "f0" : "d1/f1", name()); break;
    default:
      switch (draw(4)) {
        case 0: rmdir(folder()); break;
        case 1: rename(folder(), folder()); break;
        case 2: truncate(name(), draw(9000)); break;
        default: mkdir(folder(), 0700 | draw(0100)); break;
      }
  }
}

int main(int argc, char **argv) {
  char line[16];
  umask(0);
  state = strtoull(argv[1], NULL, 0);
  for (int n = 0, calls = atoi(argv[2]); n < calls; n++) {
    change();
    write(1, line, sprintf(line, "%d\n", n + 1));
  }
  return 0;
}
