// Opens files in the working directory and keeps them open, in several processes: `hold PROCESSES FILES`. Says how many, and why no more.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
  int processes = atoi(argv[1]), files = atoi(argv[2]), results[2], over[2], total = 0, failed = 0;
  pipe(results), pipe(over);
  for (int p = 0; p < processes; p++) {
    if (fork() == 0) {
      char name[32], b;
      int told[2] = {0, 0};
      close(over[1]);
      for (int n = 0; n < files; n++) {
        sprintf(name, "f%d-%d", p, n);
        if (open(name, O_RDWR | O_CREAT, 0600) >= 0) told[0]++;
        else told[1] = errno;
      }
      write(results[1], told, sizeof told);
      read(over[0], &b, 1);
      return 0;
    }
    int told[2];
    read(results[0], told, sizeof told);
    total += told[0];
    if (told[1]) failed = told[1];
  }
  /* The end of the pipe tells the children. */
  close(over[1]);
  while (wait(NULL) > 0);
  printf("%d %d\n", total, failed);
  return 0;
}
